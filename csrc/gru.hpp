// The C++ API of the GRU. Gates z r n; shapes in the letters of shape.hpp.
#pragma once

#include "forward.hpp"

namespace fusedrnn {

struct GruForm {
  bool reset_after = true;   // the reset gate multiplies h R_n, else h
  bool update_keeps = true;  // h = z h_prev + (1-z) n, else h = (1-z) h_prev + z n
  bool reset_first = false;  // the caller's weights and gradients have the gates r z n, else z r n
  Activation activation = Activation::kTanh;
};

template <class Real>
class GruWeights : public RecurrentWeights<Real> {  // panels as GruForward has them
 public:
  // kernel (I, 3H), recurrent_kernel (H, 3H); bias (2, 3H) for reset after, (3H,) for reset before,
  // or null; copied.
  GruWeights(ptrdiff_t I, ptrdiff_t H, GruForm form, Matrix<const Real> kernel,
             Matrix<const Real> recurrent_kernel, const Real* bias);
  const GruForm form;
};

template <class Real>
struct GruTape : RecurrentTape<Real> {  // gates: z r n and, reset after, h R_n + b
  GruForm form;
};

// Fills y, h_n and, unless null, the tape.
template <class Real>
void gru_forward(const GruWeights<Real>& weights, const ForwardArrays<Real>& arrays,
                 GruTape<Real>* tape);

template <class Real>
void gru_backward(const GruTape<Real>& tape, const BackwardArrays<Real>& arrays);

}  // namespace fusedrnn
