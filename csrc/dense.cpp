#include "dense.hpp"

#include <algorithm>
#include <vector>

#include "buffer.hpp"
#include "dispatch.hpp"
#include "parallel.hpp"

namespace fusedrnn {
namespace {

// out (rows, columns) = A b + bias, b (K, columns). Rows are shared out; each element is one sum
// over k in order.
template <class Real>
void product(ptrdiff_t rows, ptrdiff_t K, ptrdiff_t columns, const Real* a, ptrdiff_t a_row,
             ptrdiff_t a_k, Matrix<const Real> b, const Real* bias, Real* out) {
  const Kernels<Real>& k = current_kernels_of<Real>();
  const Panels P = {columns, 1, 4, k.lanes};
  Buffer<Real> packed(P.row() * (1 + K));
  const std::vector<Real> no_bias(bias ? 0 : size_t(columns));
  PanelRows<Real> panel_rows = {P, 1 + K, 0, packed.get(), 1, {0}};
  k.pack(panel_rows, {bias ? bias : no_bias.data(), columns, 1});
  panel_rows.first = 1;
  panel_rows.rows = K;
  k.pack(panel_rows, b);

  constexpr ptrdiff_t kBlock = 48;
  const ptrdiff_t blocks = (rows + kBlock - 1) / kBlock;
  const DenseProduct<Real> args = {a, a_row, a_k, K, packed.get(), columns, out, columns};
  parallel(threads_for(2.0 * double(rows) * double(K) * double(columns), blocks),
           [&](const Team& team) {
             team.share(blocks, [&](ptrdiff_t p) {
               k.dense(args, p * kBlock, std::min(rows, (p + 1) * kBlock));
             });
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
  product<Real>(I, N, O, x, 1, I, {dy, O, 1}, nullptr, dkernel);
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
