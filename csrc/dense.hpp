// The C++ API of the dense layer: y = x kernel + bias, and its gradients.
#pragma once

#include "panel_buffer.hpp"

namespace fusedrnn {

// Packed for the kernels that were current when it was. Immutable: threads may share.
template <class Real>
struct DenseWeights {
  // kernel (I, O), bias (O,) or null; copied.
  DenseWeights(ptrdiff_t I, ptrdiff_t O, Matrix<const Real> kernel, const Real* bias);
  const ptrdiff_t I, O;
  const Kernels<Real>& kernels;
  PanelBuffer<Real> panels;
};

// x (N, I), y (N, O) filled; contiguous.
template <class Real>
void dense_forward(const DenseWeights<Real>& weights, ptrdiff_t N, const Real* x, Real* y);

// x (N, I), kernel (I, O), bias (O,) or null, y (N, O) filled; all contiguous.
template <class Real>
void dense_forward(ptrdiff_t N, ptrdiff_t I, ptrdiff_t O, const Real* x, const Real* kernel,
                   const Real* bias, Real* y);

// dy (N, O); fills dx (N, I) or null, dkernel (I, O), dbias (O,) or null.
template <class Real>
void dense_backward(ptrdiff_t N, ptrdiff_t I, ptrdiff_t O, const Real* x, const Real* kernel,
                    const Real* dy, Real* dx, Real* dkernel, Real* dbias);

}  // namespace fusedrnn
