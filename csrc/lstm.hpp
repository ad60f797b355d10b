// The C++ API of the LSTM. Gates i f g o; shapes in the letters of shape.hpp.
#pragma once

#include "forward.hpp"

namespace fusedrnn {

struct LstmForm {
  Activation activation = Activation::kTanh;
};

template <class Real>
class LstmWeights : public RecurrentWeights<Real> {
 public:
  // kernel (I, 4H), recurrent_kernel (H, 4H), bias (4H,) or null; copied.
  LstmWeights(ptrdiff_t I, ptrdiff_t H, LstmForm form, Matrix<const Real> kernel,
              Matrix<const Real> recurrent_kernel, const Real* bias);
  const LstmForm form;
};

template <class Real>
struct LstmTape : RecurrentTape<Real> {  // gates: i f g o, post-activation
  LstmForm form;
  Buffer<Real> c;  // [T+1][N][Hp] by slot
};

// Fills y, h_n, c_n and, unless null, the tape.
template <class Real>
void lstm_forward(const LstmWeights<Real>& weights, const ForwardArrays<Real>& arrays,
                  LstmTape<Real>* tape);

template <class Real>
void lstm_backward(const LstmTape<Real>& tape, const BackwardArrays<Real>& arrays);

}  // namespace fusedrnn
