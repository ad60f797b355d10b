// The C++ API of the RNN of Elman, Keras's SimpleRNN: h = f(x W + h R + b).
#pragma once

#include "forward.hpp"

namespace fusedrnn {

struct RnnForm {
  Activation activation = Activation::kTanh;
};

template <class Real>
class RnnWeights : public RecurrentWeights<Real> {
 public:
  // kernel (I, H), recurrent_kernel (H, H), bias (H,) or null; copied.
  RnnWeights(ptrdiff_t I, ptrdiff_t H, RnnForm form, Matrix<const Real> kernel,
             Matrix<const Real> recurrent_kernel, const Real* bias);
  const RnnForm form;
};

template <class Real>
struct RnnTape : RecurrentTape<Real> {  // gates: none, the states say it all
  RnnForm form;
};

// Fills y, h_n and, unless null, the tape.
template <class Real>
void rnn_forward(const RnnWeights<Real>& weights, const ForwardArrays<Real>& arrays,
                 RnnTape<Real>* tape);

template <class Real>
void rnn_backward(const RnnTape<Real>& tape, const BackwardArrays<Real>& arrays);

}  // namespace fusedrnn
