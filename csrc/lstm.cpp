#include "lstm.hpp"

#include <optional>

#include "dropout_gradient.hpp"

namespace fusedrnn {
namespace {

constexpr int kGates = 4;

GateColumns columns(ptrdiff_t H) {
  return {{0, H, 2 * H, 3 * H}};
}

}  // namespace

template <class Real>
LstmWeights<Real>::LstmWeights(ptrdiff_t I, ptrdiff_t H, LstmForm form, Matrix<const Real> kernel,
                               Matrix<const Real> recurrent_kernel, const Real* bias)
    : RecurrentWeights<Real>(I, H, kGates), form(form) {
  const Kernels<Real>& k = kernels_of<Real>(this->table);
  PanelBuffer<Real>& panels = this->panels_[0];
  panels = PanelBuffer<Real>(k, gate_panels(H, kGates, k.lanes), {1, I, H}, columns(H));
  panels.pack_bias(bias);
  panels.pack_kernel(kernel);
  panels.pack_recurrent(recurrent_kernel);
}

template <class Real>
void lstm_forward(const LstmWeights<Real>& weights, const ForwardArrays<Real>& a,
                  LstmTape<Real>* tape) {
  const Kernels<Real>& k = kernels_of<Real>(weights.table);
  const Panels& P = weights.panels().panels();
  ForwardPass<Real> pass(weights.table, a, weights.I, weights.H, kGates, weights.form.activation,
                         tape != nullptr, P.row());
  Buffer<Real> c = pass.state(a.c0, 1);
  const LstmForward<Real> args = {
      .call = pass.call(), .weights = weights.panels().get(), .c = pass.states(c, 1)};
  pass.run(args, k.lstm_forward[weights.half()], P, P.count(), {P});
  pass.write_final(args.c, a.c_n);
  if (tape) {
    static_cast<RecurrentTape<Real>&>(*tape) = pass.take_tape();
    tape->form = weights.form;
    tape->c = std::move(c);
  }
}

template <class Real>
void lstm_backward(const LstmTape<Real>& tape, const BackwardArrays<Real>& a) {
  const Kernels<Real>& k = kernels_of<Real>(*tape.table);
  const ptrdiff_t H = tape.H;
  const Panels P = gate_panels(H, kGates, k.lanes);
  BackwardPass<Real> pass(tape, a, P, kGates, columns(H));
  pass.add_input_product(P, columns(H));
  std::optional<DropoutGradient<Real>> dropout;
  const Real* rt = nullptr;
  if (tape.recurrent_mask.get()) {
    dropout.emplace(k, tape, pass, P, kGates, 0, columns(H));
    dropout->add_to(pass, nullptr);
  } else {
    rt = pass.transpose(Transposes<Real>::kRecurrent, P, columns(H));
    pass.add_state_product(P, columns(H), 0, nullptr);
  }

  Buffer<Real> dc = pass.state(a.dc_n);
  const LstmBackward<Real> args = {.back = pass.back(tape.form.activation),
                                   .c = tape.c.get(),
                                   .rt = dropout ? dropout->rt() : rt,
                                   .dc = dc.get()};
  pass.run(args, k.lstm_backward, [&](ptrdiff_t begin, ptrdiff_t end, ptrdiff_t n0, ptrdiff_t n1) {
    if (dropout) dropout->mask_states(begin, end, n0, n1);
  });
  pass.write_initial(dc, a.dc0);
}

#define FUSEDRNN_INSTANTIATE(Real)                                                 \
  template class LstmWeights<Real>;                                                \
  template void lstm_forward(const LstmWeights<Real>&, const ForwardArrays<Real>&, \
                             LstmTape<Real>*);                                     \
  template void lstm_backward(const LstmTape<Real>&, const BackwardArrays<Real>&);
FUSEDRNN_INSTANTIATE(float)
FUSEDRNN_INSTANTIATE(double)

}  // namespace fusedrnn
