// The C++ API of the LSTM. Gates i f g o; shapes in the letters of shape.hpp.
#pragma once

#include "recurrent.hpp"

namespace fusedrnn {

// Weights packed for the kernels that were current when it was made. Immutable: threads may share.
template <class Real>
class LstmWeights {
 public:
  // kernel (I, 4H), recurrent_kernel (H, 4H), bias (4H,) or null; copied.
  LstmWeights(ptrdiff_t I, ptrdiff_t H, Activation activation, Matrix<const Real> kernel,
              Matrix<const Real> recurrent_kernel, const Real* bias);
  const ptrdiff_t I, H;
  const Activation activation;
  const KernelTable& table;
  const Real* panels() const { return panels_.get(); }

 private:
  Buffer<Real> panels_;
};

// What the forward pass leaves for the backward pass; unchanged by it.
template <class Real>
struct LstmTape {
  ptrdiff_t N, T, I, H;
  Activation activation;
  const KernelTable* table;
  RowOrder order;
  Buffer<Real> h, c;            // [T+1][N][Hp]
  Buffer<Real> gates;           // [T][panel][N][width], post-activation
  Buffer<Real> recurrent_mask;  // [4][N][Hp] by slot, or empty
};

// Fills y, h_n, c_n and, unless null, the tape.
template <class Real>
void lstm_forward(const LstmWeights<Real>& weights, const ForwardArrays<Real>& arrays,
                  LstmTape<Real>* tape);

template <class Real>
void lstm_backward(const LstmTape<Real>& tape, const BackwardArrays<Real>& arrays);

}  // namespace fusedrnn
