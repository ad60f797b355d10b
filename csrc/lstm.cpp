#include "lstm.hpp"

#include <optional>

#include "recurrent_dropout.hpp"

namespace fusedrnn {

template <class Real>
LstmWeights<Real>::LstmWeights(ptrdiff_t I, ptrdiff_t H, Activation activation,
                               Matrix<const Real> kernel, Matrix<const Real> recurrent_kernel,
                               const Real* bias)
    : I(I), H(H), activation(activation), table(current_kernels()) {
  const Kernels<Real>& k = kernels_of<Real>(table);
  const Panels P = {H, 4, 1, k.lanes};
  const ptrdiff_t K = 1 + I + H;
  panels_ = Buffer<Real>(P.row() * K);
  const std::vector<Real> no_bias(bias ? 0 : size_t(4 * H));
  PanelRows<Real> rows = {P, K, 0, panels_.get(), 1, {0, H, 2 * H, 3 * H}};
  k.pack(rows, {bias ? bias : no_bias.data(), 4 * H, 1});
  rows.first = 1;
  rows.rows = I;
  k.pack(rows, kernel);
  rows.first = 1 + I;
  rows.rows = H;
  k.pack(rows, recurrent_kernel);
}

template <class Real>
void lstm_forward(const LstmWeights<Real>& weights, const ForwardArrays<Real>& a,
                  LstmTape<Real>* tape) {
  const Kernels<Real>& k = kernels_of<Real>(weights.table);
  const ptrdiff_t N = a.N, T = a.T, I = weights.I, H = weights.H, Hp = round_up(H, k.lanes);
  const Panels P = {H, 4, 1, k.lanes};
  RowOrder order(N, T, a.lengths, a.mask, a.reverse);
  const Schedule schedule = order.schedule();

  const ptrdiff_t ring = tape ? -1 : 1;
  Buffer<Real> h((tape ? T + 1 : 2) * N * Hp), c((tape ? T + 1 : 1) * N * Hp);
  Buffer<Real> gates(tape ? T * N * P.row() : 0);
  scatter_rows(schedule, H, Hp, a.h0, h.get());
  scatter_rows(schedule, H, Hp, a.c0, c.get());

  Buffer<Real> recurrent_mask = masks_by_slot(schedule, 4, H, Hp, a.recurrent_mask);
  Buffer<Real> masked(a.recurrent_mask ? 4 * N * Hp : 0);

  LstmForward<Real> args = {N,
                            I,
                            H,
                            schedule,
                            a.x,
                            a.y,
                            weights.panels(),
                            h.get(),
                            c.get(),
                            ring,
                            tape ? gates.get() : nullptr,
                            recurrent_mask.get(),
                            masked.get()};
  const auto forward = a.recurrent_mask ? k.lstm_forward_dropout : k.lstm_forward;
  const double operations = 2.0 * double(order.work()) * 4 * double(H) * double(I + H);
  const int threads = threads_for(operations, N * P.count());
  Cut cut(order, threads, a.recurrent_mask ? 1 : P.count(),
          operations / double(std::max<ptrdiff_t>(order.steps(), 1)));
  Buffer<Real> products;
  if (!a.recurrent_mask) {
    args.ahead.steps = steps_ahead<Real>(cut.rows(), order.steps(), I, P.row());
    products = Buffer<Real>(args.ahead.steps * N * P.row());
    args.ahead.products[0] = products.get();
  }
  args.activation = weights.activation;
  parallel(threads, [&](const Team& team) {
    cut.share(team, [&](ptrdiff_t n0, ptrdiff_t n1, const UnitShare& share) {
      LstmForward<Real> part = args;
      part.share = share;
      forward(part, n0, n1);
    });
  });

  zero_after_end(schedule, T, H, a.y);
  gather_final(schedule, H, Hp, h.get(), ring, a.h_n);
  gather_final(schedule, H, Hp, c.get(), tape ? ring : 0, a.c_n);
  if (tape)
    *tape = {N,
             T,
             I,
             H,
             weights.activation,
             &weights.table,
             std::move(order),
             std::move(h),
             std::move(c),
             std::move(gates),
             std::move(recurrent_mask)};
}

template <class Real>
void lstm_backward(const LstmTape<Real>& tape, const BackwardArrays<Real>& a) {
  const Kernels<Real>& k = kernels_of<Real>(*tape.table);
  const ptrdiff_t N = tape.N, I = tape.I, H = tape.H, Hp = round_up(H, k.lanes);
  const Panels P = {H, 4, 1, k.lanes}, of_h = {H, 1, 4, k.lanes}, of_x = {I, 1, 4, k.lanes};
  const Schedule schedule = tape.order.schedule();
  const ptrdiff_t K = 1 + I + H;
  BackwardPass<Real> pass(k, tape.order, a, I, H, P, 4);

  Buffer<Real> rt(of_h.row() * 4 * H), wt(a.dx.data ? of_x.row() * 4 * H : 0);
  k.pack_transposed({P, of_h, rt.get(), {0, H, 2 * H, 3 * H}}, a.recurrent_kernel);
  if (a.dx.data) k.pack_transposed({P, of_x, wt.get(), {0, H, 2 * H, 3 * H}}, a.kernel);

  Buffer<Real> gradient(P.row() * K), dh(N * Hp), dc(N * Hp);
  gradient.zero();
  scatter_rows(schedule, H, Hp, a.dh_n, dh.get());
  scatter_rows(schedule, H, Hp, a.dc_n, dc.get());

  PanelRows<Real> rows = {P, K, 0, gradient.get(), 1, {0, H, 2 * H, 3 * H}};
  std::optional<GatewiseGradient<Real>> dropout;
  if (tape.recurrent_mask.get())
    dropout.emplace(k, schedule, H, pass.chunk(), 4, rows.column, tape.recurrent_mask.get(),
                    a.recurrent_kernel);

  LstmBackward<Real> args = {N,
                             H,
                             schedule,
                             a.dy,
                             tape.c.get(),
                             tape.gates.get(),
                             dropout ? dropout->rt() : rt.get(),
                             pass.dgates(),
                             dh.get(),
                             dc.get(),
                             0,
                             0,
                             pass.chunk(),
                             tape.recurrent_mask.get()};
  args.activation = tape.activation;
  std::vector<GradientPart<Real>> parts = {{pass.x(), I, 0, I, P, 0, gradient.get(), K, 1, true}};
  if (dropout)
    dropout->add_parts(parts, 0, false);
  else
    parts.push_back({tape.h.get(), Hp, N * Hp, H, P, 0, gradient.get(), K, 1 + I, false});
  pass.run(args, k.lstm_backward, parts, wt.get(),
           [&](ptrdiff_t begin, ptrdiff_t end, ptrdiff_t n0, ptrdiff_t n1) {
             if (dropout) dropout->mask_states(tape.h.get() + begin * N * Hp, begin, end, n0, n1);
           });

  if (a.dbias) k.unpack(rows, {a.dbias, 4 * H, 1});
  rows.first = 1;
  rows.rows = I;
  k.unpack(rows, a.dkernel);
  rows.first = 1 + I;
  rows.rows = H;
  if (dropout)
    dropout->unpack(nullptr, a.drecurrent);
  else
    k.unpack(rows, a.drecurrent);
  zero_after_end(schedule, tape.T, I, a.dx);
  gather_rows(schedule, H, Hp, dh.get(), a.dh0);
  gather_rows(schedule, H, Hp, dc.get(), a.dc0);
}

#define FUSEDRNN_INSTANTIATE(Real)                                                 \
  template class LstmWeights<Real>;                                                \
  template void lstm_forward(const LstmWeights<Real>&, const ForwardArrays<Real>&, \
                             LstmTape<Real>*);                                     \
  template void lstm_backward(const LstmTape<Real>&, const BackwardArrays<Real>&);
FUSEDRNN_INSTANTIATE(float)
FUSEDRNN_INSTANTIATE(double)

}  // namespace fusedrnn
