// The C++ API of the LSTM. Gates i f g o; shapes in the letters of shape.hpp.
#pragma once

#include "forward.hpp"

namespace fusedrnn {

struct LstmForm {
  Activation activation = Activation::kTanh;
};

// Weights packed for the kernels that were current when it was made. Immutable: threads may share.
template <class Real>
class LstmWeights {
 public:
  // kernel (I, 4H), recurrent_kernel (H, 4H), bias (4H,) or null; copied.
  LstmWeights(ptrdiff_t I, ptrdiff_t H, LstmForm form, Matrix<const Real> kernel,
              Matrix<const Real> recurrent_kernel, const Real* bias);
  const ptrdiff_t I, H;
  const LstmForm form;
  const KernelTable& table;
  const PanelBuffer<Real>& panels() const { return panels_; }

 private:
  PanelBuffer<Real> panels_;
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
