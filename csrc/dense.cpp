#include "dense.hpp"

#include <algorithm>

#include "panel_buffer.hpp"
#include "parallel.hpp"

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

  constexpr ptrdiff_t kBlock = 48;
  const ptrdiff_t blocks = (rows + kBlock - 1) / kBlock;
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
      k.dense_product(args, p * kBlock, std::min(rows, (p + 1) * kBlock));
    });
  });
}

// out (I, O) = x^T dy, shared out by panels of columns and blocks of rows; each element is one sum
// over n in order.
template <class Real>
void weight_gradient(ptrdiff_t N, ptrdiff_t I, ptrdiff_t O, const Real* x, const Real* dy,
                     Real* out) {
  const Kernels<Real>& k = current_kernels_of<Real>();
  const Panels panels = unit_panels(O, k.lanes);
  PanelBuffer<Real> packed(k, panels, {0, N, 0}, {{0}}), sums(k, panels, {0, I, 0}, {{0}});
  packed.pack_kernel({dy, O, 1});
  sums.zero();

  constexpr ptrdiff_t kBlock = 48;
  const ptrdiff_t blocks = (I + kBlock - 1) / kBlock;
  const Run all = {0, N};
  const double operations = 2.0 * double(N) * double(I) * double(O);
  const ptrdiff_t pieces = panels.count() * blocks;
  Interrupt interrupt(operations, operations / double(std::max<ptrdiff_t>(pieces, 1)));
  parallel(threads_for(operations, pieces), interrupt, [&](const Team& team) {
    team.for_each(pieces, [&](ptrdiff_t piece) {
      const ptrdiff_t p = piece / blocks, m0 = piece % blocks * kBlock;
      const ptrdiff_t width = panels.width(p);
      k.weight_gradient({.a = x + m0,
                         .a_stride = I,
                         .b = packed.get() + panels.offset(p, N),
                         .b_stride = width,
                         .vectors = int(width / panels.lanes),
                         .d = sums.get() + panels.offset(p, I) + m0 * width,
                         .d_stride = width,
                         .run = &all,
                         .runs = N > 0},
                        0, std::min(kBlock, I - m0));
    });
  });
  sums.unpack_kernel({out, O, 1});
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
