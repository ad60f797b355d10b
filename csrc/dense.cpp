#include "dense.hpp"

#include <algorithm>

#include "gradient_products.hpp"

namespace fusedrnn {
namespace {

// out (rows, columns) = A b + bias, b (K, columns). Rows are shared out; each element is one sum
// over k in order.
template <class Real>
void product(ptrdiff_t rows, ptrdiff_t K, ptrdiff_t columns, const Real* a, ptrdiff_t a_row,
             ptrdiff_t a_k, Matrix<const Real> b, const Real* bias, Real* out) {
  const Kernels<Real>& k = current_kernels_of<Real>();
  PanelBuffer<Real> packed(k, unit_panels(columns, k.lanes), {1, K, 0}, {{0}});
  packed.pack_bias(bias);
  packed.pack_kernel(b);

  const ptrdiff_t blocks = (rows + kRowBlock - 1) / kRowBlock;
  const DenseProduct<Real> args = {.a = a,
                                   .a_row = a_row,
                                   .a_k = a_k,
                                   .K = K,
                                   .b = packed.get(),
                                   .columns = columns,
                                   .out = out,
                                   .out_row = columns};
  const double operations = 2.0 * double(rows) * double(K) * double(columns);
  Interrupt interrupt(operations, operations / double(std::max<ptrdiff_t>(blocks, 1)));
  parallel(threads_for(operations, blocks), interrupt, [&](const Team& team) {
    team.for_each(blocks, [&](ptrdiff_t p) {
      k.dense_product(args, p * kRowBlock, std::min(rows, (p + 1) * kRowBlock));
    });
  });
}

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
void dense_forward(ptrdiff_t N, ptrdiff_t I, ptrdiff_t O, const Real* x, const Real* kernel,
                   const Real* bias, Real* y) {
  product<Real>(N, I, O, x, I, 1, {kernel, O, 1}, bias, y);
}

template <class Real>
void dense_backward(ptrdiff_t N, ptrdiff_t I, ptrdiff_t O, const Real* x, const Real* kernel,
                    const Real* dy, Real* dx, Real* dkernel, Real* dbias) {
  if (dx) product<Real>(N, O, I, dy, O, 1, {kernel, 1, O}, nullptr, dx);
  weight_gradient<Real>(N, I, O, x, dy, dkernel);
  if (!dbias) return;
  std::fill_n(dbias, O, Real(0));
  for (ptrdiff_t n = 0; n < N; ++n)
    for (ptrdiff_t j = 0; j < O; ++j) dbias[j] += dy[n * O + j];
}

#define FUSEDRNN_INSTANTIATE(Real)                                                        \
  template void dense_forward(ptrdiff_t, ptrdiff_t, ptrdiff_t, const Real*, const Real*,  \
                              const Real*, Real*);                                        \
  template void dense_backward(ptrdiff_t, ptrdiff_t, ptrdiff_t, const Real*, const Real*, \
                               const Real*, Real*, Real*, Real*);
FUSEDRNN_INSTANTIATE(float)
FUSEDRNN_INSTANTIATE(double)

}  // namespace fusedrnn
