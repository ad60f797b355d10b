#include "gru.hpp"

#include <optional>

#include "dropout_gradient.hpp"

namespace fusedrnn {
namespace {

constexpr int kGates = 3;

// Where the gates' blocks of columns start in the caller's matrices.
struct Columns {
  ptrdiff_t z, r, n;
  Columns(ptrdiff_t H, const GruForm& form)
      : z(form.reset_first ? H : 0), r(form.reset_first ? 0 : H), n(2 * H) {}

  GateColumns zrn() const { return {{z, r, n}}; }
  GateColumns zr() const { return {{z, r}}; }
  GateColumns of_n() const { return {{n}}; }
  GateColumns nzr() const { return {{n, z, r}}; }
};

}  // namespace

template <class Real>
GruWeights<Real>::GruWeights(ptrdiff_t I, ptrdiff_t H, GruForm form, Matrix<const Real> kernel,
                             Matrix<const Real> recurrent_kernel, const Real* bias)
    : RecurrentWeights<Real>(I, H, kGates), form(form) {
  const Kernels<Real>& k = kernels_of<Real>(this->table);
  const Columns columns(H, form);
  auto& panels_ = this->panels_;
  if (form.reset_after) {
    const Panels P = gate_panels(H, kGates, k.lanes);
    panels_[0] = PanelBuffer<Real>(k, P, {1, I, 0}, columns.zrn());
    panels_[0].pack_bias(bias);
    panels_[0].pack_kernel(kernel);
    panels_[1] = PanelBuffer<Real>(k, P, {1, 0, H}, columns.zrn());
    panels_[1].pack_bias(bias ? bias + kGates * H : nullptr);
    panels_[1].pack_recurrent(recurrent_kernel);
    return;
  }
  panels_[0] = PanelBuffer<Real>(k, zr_panels(H, k.lanes), {1, I, H}, columns.zr());
  panels_[1] = PanelBuffer<Real>(k, unit_panels(H, k.lanes), {1, I, H}, columns.of_n());
  for (PanelBuffer<Real>& panels : panels_) {
    panels.pack_bias(bias);
    panels.pack_kernel(kernel);
    panels.pack_recurrent(recurrent_kernel);
  }
}

template <class Real>
void gru_forward(const GruWeights<Real>& weights, const ForwardArrays<Real>& a,
                 GruTape<Real>* tape) {
  const Kernels<Real>& k = kernels_of<Real>(weights.table);
  const ptrdiff_t H = weights.H;
  const bool after = weights.form.reset_after;
  const Panels D = gate_panels(H, after ? 4 : 3, k.lanes);
  ForwardPass<Real> pass(weights.table, a, weights.I, H, kGates, weights.form.activation,
                         tape != nullptr, D.row());
  Buffer<Real> z, reset_state;
  if (!after) {
    z = Buffer<Real>(a.N * round_up(H, k.lanes));
    reset_state = Buffer<Real>(a.N * round_up(H, k.lanes));
  }
  const GruForward<Real> args = {.call = pass.call(),
                                 .reset_after = after,
                                 .update_keeps = weights.form.update_keeps,
                                 .weights = {weights.panels(0).get(), weights.panels(1).get()},
                                 .z = z.get(),
                                 .reset_state = reset_state.get()};
  const Panels &P0 = weights.panels(0).panels(), &P1 = weights.panels(1).panels();
  if (after)
    pass.run(args, k.gru_forward[weights.half()], D, D.count(), {P0});
  else  // n has the wider panels, so there are fewer of them to share out
    pass.run(args, k.gru_forward[weights.half()], D, P1.count(), {P0, P1});
  if (tape) {
    static_cast<RecurrentTape<Real>&>(*tape) = pass.take_tape();
    tape->form = weights.form;
  }
}

template <class Real>
void gru_backward(const GruTape<Real>& tape, const BackwardArrays<Real>& a) {
  const Kernels<Real>& k = kernels_of<Real>(*tape.table);
  const ptrdiff_t H = tape.H;
  const bool after = tape.form.reset_after;
  const Columns columns(H, tape.form);
  // The gate gradients are n z r and, reset after, n r. So what the input product needs, n z r, is
  // one stretch of a row, and what the recurrent product needs another: z r (n r), or z r.
  const Panels D = gate_panels(H, after ? 4 : 3, k.lanes);
  const Panels zrn = gate_panels(H, 3, k.lanes), zr = gate_panels(H, 2, k.lanes);
  const Panels n = gate_panels(H, 1, k.lanes);
  BackwardPass<Real> pass(tape, a, D, kGates, columns.nzr());

  pass.add_input_product(zrn, columns.nzr());
  Real* dbias_h = a.dbias && after ? a.dbias + kGates * H : nullptr;
  std::optional<DropoutGradient<Real>> dropout;
  const Real* rt[2] = {};
  if (tape.recurrent_mask.get()) {
    dropout.emplace(k, tape, pass, D, after ? 3 : 2, 1, columns.zrn());
    dropout->add_to(pass, dbias_h);
    rt[0] = dropout->rt();
  } else {
    const Panels& of_state = after ? zrn : zr;
    rt[0] = pass.transpose(Transposes<Real>::kRecurrent, of_state, columns.zrn());
    pass.add_state_product(of_state, columns.zrn(), 1, dbias_h);
  }
  Buffer<Real> rh;
  if (!after) {
    rt[1] = pass.transpose(Transposes<Real>::kCandidate, n, columns.of_n());
    rh = Buffer<Real>(pass.chunk() * tape.N * round_up(H, k.lanes));
    pass.add_product({.a = rh.get(),
                      .a_stride = round_up(H, k.lanes),
                      .a_step = 0,
                      .rows = H,
                      .skipped_gates = 0,
                      .panels = n,
                      .columns = columns.of_n(),
                      .gradient = a.drecurrent,
                      .dbias = nullptr});
  }

  const GruBackward<Real> args = {.back = pass.back(tape.form.activation),
                                  .reset_after = after,
                                  .update_keeps = tape.form.update_keeps,
                                  .h = tape.h.get(),
                                  .rt = {rt[0], rt[1]},
                                  .rh = rh.get()};
  pass.run(args, k.gru_backward, [&](ptrdiff_t begin, ptrdiff_t end, ptrdiff_t n0, ptrdiff_t n1) {
    if (dropout) dropout->mask_states(begin, end, n0, n1);
  });
}

#define FUSEDRNN_INSTANTIATE(Real)                                                                \
  template class GruWeights<Real>;                                                                \
  template void gru_forward(const GruWeights<Real>&, const ForwardArrays<Real>&, GruTape<Real>*); \
  template void gru_backward(const GruTape<Real>&, const BackwardArrays<Real>&);
FUSEDRNN_INSTANTIATE(float)
FUSEDRNN_INSTANTIATE(double)

}  // namespace fusedrnn
