#include "dense.hpp"

#include <algorithm>

#include "gradient_products.hpp"

namespace fusedrnn {
namespace {

// out (I, O) = x^T dy, as the weight gradients of recurrent layers; each element is one sum over n
// in order.
template <class Real>
void weight_gradient(ptrdiff_t N, ptrdiff_t I, ptrdiff_t O, const Real* x, const Real* dy,
                     Real* out) {
  const Kernels<Real>& k = current_kernels_of<Real>();
  const Panels panels = unit_panels(O, k.lanes);
  PanelBuffer<Real> packed(k, panels, {0, N, 0}, {{0}});
  packed.pack_kernel({dy, O, 1});

  std::vector<WeightProduct<Real>> products;
  products.push_back({.a = x,
                      .a_stride = I,
                      .a_step = 0,
                      .rows = I,
                      .skipped_gates = 0,
                      .panels = panels,
                      .columns = {{0}},
                      .gradient = {out, O, 1},
                      .dbias = nullptr,
                      .sums = {}});
  const std::vector<Run> runs = {{0, N}};
  const double operations = 2.0 * double(N) * double(I) * double(O);
  const ptrdiff_t pieces = panels.count() * ((I + kRowBlock - 1) / kRowBlock);
  Interrupt interrupt(operations, operations / double(std::max<ptrdiff_t>(pieces, 1)));
  parallel(threads_for(operations, pieces), interrupt, [&](const Team& team) {
    add_weight_gradients(team, k, products, 0, packed.get(), panels, N, runs);
  });
}

}  // namespace

template <class Real>
DenseWeights<Real>::DenseWeights(ptrdiff_t I, ptrdiff_t O, Matrix<const Real> kernel,
                                 const Real* bias)
    : I(I),
      O(O),
      kernels(current_kernels_of<Real>()),
      panels(kernels, unit_panels(O, kernels.lanes), {1, I, 0}, {{0}}) {
  panels.pack_bias(bias);
  panels.pack_kernel(kernel);
}

// Rows are shared out; each element is one sum over I in order.
template <class Real>
void dense_forward(const DenseWeights<Real>& weights, ptrdiff_t N, const Real* x, Real* y) {
  const ptrdiff_t I = weights.I, O = weights.O;
  const DenseProduct<Real> args = {.a = x,
                                   .a_row = I,
                                   .a_k = 1,
                                   .K = I,
                                   .b = weights.panels.get(),
                                   .columns = O,
                                   .out = y,
                                   .out_row = O};
  const ptrdiff_t blocks = (N + kRowBlock - 1) / kRowBlock;
  const double operations = 2.0 * double(N) * double(I) * double(O);
  Interrupt interrupt(operations, operations / double(std::max<ptrdiff_t>(blocks, 1)));
  parallel(threads_for(operations, blocks), interrupt, [&](const Team& team) {
    team.for_each(blocks, [&](ptrdiff_t p) {
      weights.kernels.dense_product(args, p * kRowBlock, std::min(N, (p + 1) * kRowBlock));
    });
  });
}

template <class Real>
void dense_forward(ptrdiff_t N, ptrdiff_t I, ptrdiff_t O, const Real* x, const Real* kernel,
                   const Real* bias, Real* y) {
  dense_forward(DenseWeights<Real>(I, O, {kernel, O, 1}, bias), N, x, y);
}

template <class Real>
void dense_backward(ptrdiff_t N, ptrdiff_t I, ptrdiff_t O, const Real* x, const Real* kernel,
                    const Real* dy, Real* dx, Real* dkernel, Real* dbias) {
  if (dx) dense_forward(DenseWeights<Real>(O, I, {kernel, 1, O}, nullptr), N, dy, dx);
  weight_gradient<Real>(N, I, O, x, dy, dkernel);
  if (!dbias) return;
  std::fill_n(dbias, O, Real(0));
  for (ptrdiff_t n = 0; n < N; ++n)
    for (ptrdiff_t j = 0; j < O; ++j) dbias[j] += dy[n * O + j];
}

#define FUSEDRNN_INSTANTIATE(Real)                                                        \
  template struct DenseWeights<Real>;                                                     \
  template void dense_forward(const DenseWeights<Real>&, ptrdiff_t, const Real*, Real*);  \
  template void dense_forward(ptrdiff_t, ptrdiff_t, ptrdiff_t, const Real*, const Real*,  \
                              const Real*, Real*);                                        \
  template void dense_backward(ptrdiff_t, ptrdiff_t, ptrdiff_t, const Real*, const Real*, \
                               const Real*, Real*, Real*, Real*);
FUSEDRNN_INSTANTIATE(float)
FUSEDRNN_INSTANTIATE(double)

}  // namespace fusedrnn
