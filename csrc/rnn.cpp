#include "rnn.hpp"

#include <optional>

#include "dropout_gradient.hpp"

namespace fusedrnn {

template <class Real>
RnnWeights<Real>::RnnWeights(ptrdiff_t I, ptrdiff_t H, RnnForm form, Matrix<const Real> kernel,
                             Matrix<const Real> recurrent_kernel, const Real* bias)
    : RecurrentWeights<Real>(I, H, 1), form(form) {
  const Kernels<Real>& k = kernels_of<Real>(this->table);
  PanelBuffer<Real>& panels = this->panels_[0];
  panels = PanelBuffer<Real>(k, unit_panels(H, k.lanes), {1, I, H}, {{0}});
  panels.pack_bias(bias);
  panels.pack_kernel(kernel);
  panels.pack_recurrent(recurrent_kernel);
}

template <class Real>
void rnn_forward(const RnnWeights<Real>& weights, const ForwardArrays<Real>& a,
                 RnnTape<Real>* tape) {
  const Kernels<Real>& k = kernels_of<Real>(weights.table);
  const Panels& P = weights.panels().panels();
  ForwardPass<Real> pass(weights.table, a, weights.I, weights.H, 1, weights.form.activation,
                         tape != nullptr, 0);
  const RnnForward<Real> args = {.call = pass.call(), .weights = weights.panels().get()};
  pass.run(args, k.rnn_forward[weights.half()], P, P.count(), {P});
  if (tape) {
    static_cast<RecurrentTape<Real>&>(*tape) = pass.take_tape();
    tape->form = weights.form;
  }
}

template <class Real>
void rnn_backward(const RnnTape<Real>& tape, const BackwardArrays<Real>& a) {
  const Kernels<Real>& k = kernels_of<Real>(*tape.table);
  const Panels P = unit_panels(tape.H, k.lanes);
  BackwardPass<Real> pass(tape, a, P, 1, {{0}});
  pass.add_input_product(P, {{0}});
  std::optional<DropoutGradient<Real>> dropout;
  const Real* rt = nullptr;
  if (tape.recurrent_mask.get()) {
    dropout.emplace(k, tape, pass, P, 1, 0, GateColumns{{0}});
    dropout->add_to(pass, nullptr);
  } else {
    rt = pass.transpose(Transposes<Real>::kRecurrent, P, {{0}});
    pass.add_state_product(P, {{0}}, 0, nullptr);
  }

  const RnnBackward<Real> args = {.back = pass.back(tape.form.activation),
                                  .h = tape.h.get(),
                                  .rt = dropout ? dropout->rt() : rt};
  pass.run(args, k.rnn_backward, [&](ptrdiff_t begin, ptrdiff_t end, ptrdiff_t n0, ptrdiff_t n1) {
    if (dropout) dropout->mask_states(begin, end, n0, n1);
  });
}

#define FUSEDRNN_INSTANTIATE(Real)                                                                \
  template class RnnWeights<Real>;                                                                \
  template void rnn_forward(const RnnWeights<Real>&, const ForwardArrays<Real>&, RnnTape<Real>*); \
  template void rnn_backward(const RnnTape<Real>&, const BackwardArrays<Real>&);
FUSEDRNN_INSTANTIATE(float)
FUSEDRNN_INSTANTIATE(double)

}  // namespace fusedrnn
