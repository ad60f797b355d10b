#include "rnn.hpp"

#include <optional>

#include "dropout_gradient.hpp"

namespace fusedrnn {

template <class Real>
RnnWeights<Real>::RnnWeights(ptrdiff_t I, ptrdiff_t H, RnnForm form, Matrix<const Real> kernel,
                             Matrix<const Real> recurrent_kernel, const Real* bias)
    : I(I), H(H), form(form), table(current_kernels()) {
  const Kernels<Real>& k = kernels_of<Real>(table);
  panels_ = PanelBuffer<Real>(k, unit_panels(H, k.lanes), {1, I, H}, {{0}});
  panels_.pack_bias(bias);
  panels_.pack_kernel(kernel);
  panels_.pack_recurrent(recurrent_kernel);
}

template <class Real>
void rnn_forward(const RnnWeights<Real>& weights, const ForwardArrays<Real>& a,
                 RnnTape<Real>* tape) {
  const Kernels<Real>& k = kernels_of<Real>(weights.table);
  const Panels& P = weights.panels().panels();
  ForwardPass<Real> pass(weights.table, a, weights.I, weights.H, 1, weights.form.activation,
                         tape != nullptr, 0);
  const RnnForward<Real> args = {.call = pass.call(), .weights = weights.panels().get()};
  pass.run(args, k.rnn_forward, P, P.count(), {P});
  if (tape) {
    static_cast<RecurrentTape<Real>&>(*tape) = pass.take_tape();
    tape->form = weights.form;
  }
}

template <class Real>
void rnn_backward(const RnnTape<Real>& tape, const BackwardArrays<Real>& a) {
  const Kernels<Real>& k = kernels_of<Real>(*tape.table);
  const ptrdiff_t I = tape.I, H = tape.H;
  const Panels P = unit_panels(H, k.lanes);
  BackwardPass<Real> pass(tape, a, P, 1, {{0}});
  PanelBuffer<Real> gradient(k, P, {1, I, H}, {{0}});
  gradient.zero();
  std::vector<WeightProduct<Real>> products = {pass.input_product(gradient)};

  Buffer<Real> rt;
  std::optional<DropoutGradient<Real>> dropout;
  if (tape.recurrent_mask.get()) {
    dropout.emplace(k, tape, pass.chunk(), P, 1, 0, GateColumns{{0}}, false, a.recurrent_kernel);
    dropout->add_to(products);
  } else {
    rt = transposed_panels(k, a.recurrent_kernel, H, P, {{0}});
    products.push_back(pass.state_product(gradient, 0, false));
  }

  const RnnBackward<Real> args = {.back = pass.back(tape.form.activation),
                                  .h = tape.h.get(),
                                  .rt = dropout ? dropout->rt() : rt.get()};
  pass.run(args, k.rnn_backward, products,
           [&](ptrdiff_t begin, ptrdiff_t end, ptrdiff_t n0, ptrdiff_t n1) {
             if (dropout) dropout->mask_states(begin, end, n0, n1);
           });

  gradient.unpack_bias(a.dbias);
  gradient.unpack_kernel(a.dkernel);
  dropout ? dropout->unpack(nullptr, a.drecurrent) : gradient.unpack_recurrent(a.drecurrent);
}

#define FUSEDRNN_INSTANTIATE(Real)                                                                \
  template class RnnWeights<Real>;                                                                \
  template void rnn_forward(const RnnWeights<Real>&, const ForwardArrays<Real>&, RnnTape<Real>*); \
  template void rnn_backward(const RnnTape<Real>&, const BackwardArrays<Real>&);
FUSEDRNN_INSTANTIATE(float)
FUSEDRNN_INSTANTIATE(double)

}  // namespace fusedrnn
