// Compiled once per instruction set, as FUSEDRNN_ISA; see README.md in this folder for the rules.
// The table at the end is the only symbol that the object exports.
#include "dense_product.hpp"
#include "fingerprint.hpp"
#include "gradient_products.hpp"
#include "gru_backward.hpp"
#include "gru_forward.hpp"
#include "kernel_table.hpp"
#include "lstm_backward.hpp"
#include "lstm_forward.hpp"
#include "math.hpp"
#include "packing.hpp"
#include "rnn_backward.hpp"
#include "rnn_forward.hpp"

#define FUSEDRNN_STRING_(x) #x
#define FUSEDRNN_STRING(x) FUSEDRNN_STRING_(x)
#define FUSEDRNN_JOIN_(a, b) a##b
#define FUSEDRNN_JOIN(a, b) FUSEDRNN_JOIN_(a, b)

namespace {

template <class Real, Vec<Real> (*kFunction)(Vec<Real>)>
void elementwise(const Real* x, Real* out, ptrdiff_t n) {
  for (ptrdiff_t j = 0; j < n; j += kLanes<Real>) {
    const ptrdiff_t m = n - j < kLanes<Real> ? n - j : kLanes<Real>;
    store_n(out + j, kFunction(load_n(x + j, m)), m);
  }
}

// Multiply-adds that depend on nothing but themselves, as many at once as hide their latency (four
// pipes of four cycles ask for 16) or there are registers for: the peak.
template <class Real>
Real multiply_adds(ptrdiff_t rounds) {
  constexpr int kChains = kRegisters == 32 ? 24 : 12;
  static_assert(fusedrnn::kPeakRound % kChains == 0);
  const Vec<Real> x = splat(Real(1e-9)), y = splat(Real(0.999));
  Vec<Real> sum[kChains];  // all different, or the compiler keeps one
#pragma GCC unroll 24
  for (int j = 0; j < kChains; ++j) sum[j] = splat(Real(j));
  for (ptrdiff_t k = 0; k < rounds * (fusedrnn::kPeakRound / kChains); ++k) {
#pragma GCC unroll 24
    for (int j = 0; j < kChains; ++j)  // NEON overwrites the addend, and would copy x for each sum
      sum[j] = kLaneFactors ? multiply_add(x, y, sum[j]) : multiply_add(sum[j], y, x);
  }
  Real total = 0;
#pragma GCC unroll 24
  for (int j = 0; j < kChains; ++j) total += sum[j][0];
  return total;
}

// Weights in bfloat16 are of float only.
template <class Real>
constexpr bool kHalf = sizeof(Real) == sizeof(float);

template <class Real>
constexpr fusedrnn::Kernels<Real> kKernels = {
    .lanes = kLanes<Real>,
    .lstm_forward = {&lstm_forward<Real, false>, &lstm_forward<Real, kHalf<Real>>},
    .lstm_backward = &lstm_backward<Real>,
    .gru_forward = {&gru_forward<Real, false>, &gru_forward<Real, kHalf<Real>>},
    .gru_backward = &gru_backward<Real>,
    .rnn_forward = {&rnn_forward<Real, false>, &rnn_forward<Real, kHalf<Real>>},
    .rnn_backward = &rnn_backward<Real>,
    .weight_gradient = &weight_gradient<Real>,
    .outer_product = &outer_product<Real>,
    .column_sums = &column_sums<Real>,
    .input_gradient = &input_gradient<Real>,
    .dense_product = &dense_product<Real>,
    .pack_rows = &pack_rows<Real>,
    .unpack_rows = &unpack_rows<Real>,
    .pack_transposed = &pack_transposed<Real>,
    .sigmoid = &elementwise<Real, &sigmoid<Real>>,
    .tanh = &elementwise<Real, &tanh<Real>>,
    .multiply_add = &multiply_adds<Real>};

}  // namespace

extern "C" __attribute__((visibility("hidden")))
const fusedrnn::KernelTable FUSEDRNN_JOIN(fusedrnn_kernels_, FUSEDRNN_ISA) = {
    .isa = FUSEDRNN_STRING(FUSEDRNN_ISA),
    .fingerprint = &fingerprint,
    .f32 = kKernels<float>,
    .f64 = kKernels<double>};
