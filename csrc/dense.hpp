// The C++ API of the dense layer: y = x kernel + bias, and its gradients.
#pragma once

#include "shape.hpp"

namespace fusedrnn {

// x (N, I), kernel (I, O), bias (O,) or null, y (N, O) filled; all contiguous.
template <class Real>
void dense_forward(ptrdiff_t N, ptrdiff_t I, ptrdiff_t O, const Real* x, const Real* kernel,
                   const Real* bias, Real* y);

// dy (N, O); fills dx (N, I) or null, dkernel (I, O), dbias (O,) or null.
template <class Real>
void dense_backward(ptrdiff_t N, ptrdiff_t I, ptrdiff_t O, const Real* x, const Real* kernel,
                    const Real* dy, Real* dx, Real* dkernel, Real* dbias);

}  // namespace fusedrnn
