#include "gru.hpp"

#include <optional>

#include "recurrent_dropout.hpp"

namespace fusedrnn {

template <class Real>
GruWeights<Real>::GruWeights(ptrdiff_t I, ptrdiff_t H, GruForm form, Matrix<const Real> kernel,
                             Matrix<const Real> recurrent_kernel, const Real* bias)
    : I(I), H(H), form(form), table(current_kernels()) {
  const Kernels<Real>& k = kernels_of<Real>(table);
  const std::vector<Real> no_bias(bias ? 0 : size_t(6 * H));
  if (!bias) bias = no_bias.data();
  const ptrdiff_t z = form.reset_first ? H : 0, r = H - z;
  if (form.reset_after) {
    const Panels P = {H, 3, 1, k.lanes};
    const Matrix<const Real> matrices[2] = {kernel, recurrent_kernel};
    for (int part = 0; part < 2; ++part) {
      const ptrdiff_t rows = part == 0 ? I : H;
      panels_[part] = Buffer<Real>(P.row() * (1 + rows));
      PanelRows<Real> to = {P, 1 + rows, 0, panels_[part].get(), 1, {z, r, 2 * H}};
      k.pack(to, {bias + part * 3 * H, 3 * H, 1});
      to.first = 1;
      to.rows = rows;
      k.pack(to, matrices[part]);
    }
    return;
  }
  const Panels parts[2] = {{H, 2, 2, k.lanes}, {H, 1, 4, k.lanes}};
  for (int part = 0; part < 2; ++part) {
    const Panels& P = parts[part];
    const ptrdiff_t K = 1 + I + H;
    panels_[part] = Buffer<Real>(P.row() * K);
    PanelRows<Real> to = {P, K, 0, panels_[part].get(), 1, {part == 0 ? z : 2 * H, r}};
    k.pack(to, {bias, 3 * H, 1});
    to.first = 1;
    to.rows = I;
    k.pack(to, kernel);
    to.first = 1 + I;
    to.rows = H;
    k.pack(to, recurrent_kernel);
  }
}

template <class Real>
void gru_forward(const GruWeights<Real>& weights, const ForwardArrays<Real>& a,
                 GruTape<Real>* tape) {
  const Kernels<Real>& k = kernels_of<Real>(weights.table);
  const ptrdiff_t N = a.N, T = a.T, I = weights.I, H = weights.H, Hp = round_up(H, k.lanes);
  const Panels D = {H, weights.form.reset_after ? 4 : 3, 1, k.lanes};
  RowOrder order(N, T, a.lengths, a.mask, a.reverse);
  const Schedule schedule = order.schedule();

  const ptrdiff_t ring = tape ? -1 : 1;
  Buffer<Real> h((tape ? T + 1 : 2) * N * Hp), gates(tape ? T * N * D.row() : 0);
  Buffer<Real> scratch(weights.form.reset_after ? 0 : 2 * N * Hp);
  scatter_rows(schedule, H, Hp, a.h0, h.get());
  Buffer<Real> recurrent_mask = masks_by_slot(schedule, 3, H, Hp, a.recurrent_mask);
  Buffer<Real> masked(a.recurrent_mask ? 3 * N * Hp : 0);

  GruForward<Real> args = {N,
                           I,
                           H,
                           schedule,
                           weights.form.reset_after,
                           weights.form.update_keeps,
                           a.x,
                           a.y,
                           {weights.panels(0), weights.panels(1)},
                           h.get(),
                           ring,
                           tape ? gates.get() : nullptr,
                           scratch.get(),
                           recurrent_mask.get(),
                           masked.get()};
  const auto forward = a.recurrent_mask ? k.gru_forward_dropout : k.gru_forward;
  const double operations = 2.0 * double(order.work()) * 3 * double(H) * double(I + H);
  const Panels of_n = {H, 1, 4, k.lanes};
  const int threads = threads_for(operations, N * D.count());
  Cut cut(order, threads,
          a.recurrent_mask           ? 1
          : weights.form.reset_after ? D.count()
                                     : of_n.count(),
          operations / double(std::max<ptrdiff_t>(order.steps(), 1)));
  Buffer<Real> products[2];
  if (!a.recurrent_mask) {
    args.ahead.steps = steps_ahead<Real>(cut.rows(), order.steps(), I, D.row());
    const bool after = weights.form.reset_after;
    for (int part = 0; part < (after ? 1 : 2); ++part) {
      const Panels P = after       ? Panels{H, 3, 1, k.lanes}
                       : part == 0 ? Panels{H, 2, 2, k.lanes}
                                   : of_n;
      products[part] = Buffer<Real>(args.ahead.steps * N * P.row());
      args.ahead.products[part] = products[part].get();
    }
  }
  args.activation = weights.form.activation;
  parallel(threads, [&](const Team& team) {
    cut.share(team, [&](ptrdiff_t n0, ptrdiff_t n1, const UnitShare& share) {
      GruForward<Real> part = args;
      part.share = share;
      forward(part, n0, n1);
    });
  });

  zero_after_end(schedule, T, H, a.y);
  gather_final(schedule, H, Hp, h.get(), ring, a.h_n);
  if (tape)
    *tape = {N,
             T,
             I,
             H,
             weights.form,
             &weights.table,
             std::move(order),
             std::move(h),
             std::move(gates),
             std::move(recurrent_mask)};
}

template <class Real>
void gru_backward(const GruTape<Real>& tape, const BackwardArrays<Real>& a) {
  const Kernels<Real>& k = kernels_of<Real>(*tape.table);
  const ptrdiff_t N = tape.N, I = tape.I, H = tape.H, Hp = round_up(H, k.lanes);
  const bool after = tape.form.reset_after;
  const ptrdiff_t z = tape.form.reset_first ? H : 0, r = H - z;  // columns of the gates
  const Panels D = {H, after ? 4 : 3, 1, k.lanes};
  const Panels of_h = {H, 1, 4, k.lanes}, of_x = {I, 1, 4, k.lanes};
  const Panels nzr = {H, 3, 1, k.lanes}, zr = {H, 2, 1, k.lanes}, n = {H, 1, 1, k.lanes};
  const Schedule schedule = tape.order.schedule();
  BackwardPass<Real> pass(k, tape.order, a, I, H, D, 3);

  Buffer<Real> rt[2], wt;
  if (after) {
    rt[0] = Buffer<Real>(of_h.row() * 3 * H);
    k.pack_transposed({nzr, of_h, rt[0].get(), {z, r, 2 * H}}, a.recurrent_kernel);
  } else {
    rt[0] = Buffer<Real>(of_h.row() * 2 * H);
    rt[1] = Buffer<Real>(of_h.row() * H);
    k.pack_transposed({zr, of_h, rt[0].get(), {z, r}}, a.recurrent_kernel);
    k.pack_transposed({n, of_h, rt[1].get(), {2 * H}}, a.recurrent_kernel);
  }
  if (a.dx.data) {
    wt = Buffer<Real>(of_x.row() * 3 * H);
    k.pack_transposed({nzr, of_x, wt.get(), {2 * H, z, r}}, a.kernel);
  }

  Buffer<Real> dh(N * Hp), rh(after ? 0 : pass.chunk() * N * Hp);
  // n z r of the input product; z r n, or z r, of the recurrent product; n of the reset-before one.
  Buffer<Real> of_input(nzr.row() * (1 + I));
  Buffer<Real> of_state((after ? nzr : zr).row() * (1 + H)), of_reset(after ? 0 : n.row() * H);
  of_input.zero();
  of_state.zero();
  of_reset.zero();
  scatter_rows(schedule, H, Hp, a.dh_n, dh.get());
  const PanelRows<Real> recurrent = {after ? nzr : zr, 1 + H, 1, of_state.get(), H, {z, r, 2 * H}};
  std::optional<GatewiseGradient<Real>> dropout;
  if (tape.recurrent_mask.get())
    dropout.emplace(k, schedule, H, pass.chunk(), after ? 3 : 2, recurrent.column,
                    tape.recurrent_mask.get(), a.recurrent_kernel);

  GruBackward<Real> args = {N,
                            H,
                            schedule,
                            after,
                            tape.form.update_keeps,
                            a.dy,
                            tape.h.get(),
                            tape.gates.get(),
                            {dropout ? dropout->rt() : rt[0].get(), rt[1].get()},
                            pass.dgates(),
                            dh.get(),
                            rh.get(),
                            0,
                            0,
                            pass.chunk(),
                            tape.recurrent_mask.get()};
  args.activation = tape.form.activation;
  std::vector<GradientPart<Real>> parts = {
      {pass.x(), I, 0, I, nzr, 0, of_input.get(), 1 + I, 1, true}};
  if (dropout)
    dropout->add_parts(parts, 1, after);
  else
    parts.push_back(
        {tape.h.get(), Hp, N * Hp, H, after ? nzr : zr, 1, of_state.get(), 1 + H, 1, after});
  if (!after) parts.push_back({rh.get(), Hp, 0, H, n, 0, of_reset.get(), H, 0, false});
  pass.run(args, k.gru_backward, parts, wt.get(),
           [&](ptrdiff_t begin, ptrdiff_t end, ptrdiff_t n0, ptrdiff_t n1) {
             if (dropout) dropout->mask_states(tape.h.get() + begin * N * Hp, begin, end, n0, n1);
           });

  PanelRows<Real> rows = {nzr, 1 + I, 0, of_input.get(), 1, {2 * H, z, r}};
  if (a.dbias) k.unpack(rows, {a.dbias, 3 * H, 1});
  rows.first = 1;
  rows.rows = I;
  k.unpack(rows, a.dkernel);
  Real* dbias_h = a.dbias && after ? a.dbias + 3 * H : nullptr;
  if (dropout) {
    dropout->unpack(dbias_h, a.drecurrent);
  } else {
    k.unpack(recurrent, a.drecurrent);
    rows = recurrent;
    rows.first = 0;
    rows.rows = 1;
    if (dbias_h) k.unpack(rows, {dbias_h, 3 * H, 1});
  }
  if (!after) k.unpack({n, H, 0, of_reset.get(), H, {2 * H}}, a.drecurrent);
  zero_after_end(schedule, tape.T, I, a.dx);
  gather_rows(schedule, H, Hp, dh.get(), a.dh0);
}

#define FUSEDRNN_INSTANTIATE(Real)                                                                \
  template class GruWeights<Real>;                                                                \
  template void gru_forward(const GruWeights<Real>&, const ForwardArrays<Real>&, GruTape<Real>*); \
  template void gru_backward(const GruTape<Real>&, const BackwardArrays<Real>&);
FUSEDRNN_INSTANTIATE(float)
FUSEDRNN_INSTANTIATE(double)

}  // namespace fusedrnn
