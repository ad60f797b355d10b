// The caller's side of a call of any cell: its arrays, in the public layout. Nothing aliases.
#pragma once

#include "view.hpp"

namespace fusedrnn {

// Arrays (N, H) are contiguous; c is the LSTM's.
template <class Real>
struct ForwardArrays {
  ptrdiff_t N, T;
  Sequence<const Real> x;              // (N, T, I)
  Sequence<Real> y = {};               // (N, T, H), filled; or absent
  const ptrdiff_t* lengths = nullptr;  // (N,) each in [0, T], or null
  const uint8_t* mask = nullptr;       // (N, T), not 0 where a step is valid, or null
  bool reverse = false;
  const Real *h0 = nullptr, *c0 = nullptr;  // (N, H) or null: zeros
  Real *h_n = nullptr, *c_n = nullptr;      // (N, H), filled
  const Real* recurrent_mask = nullptr;     // (G, N, H), recurrent dropout's; or null
};

template <class Real>
struct BackwardArrays {
  Matrix<const Real> kernel;            // (I, G H), as in the forward pass
  Matrix<const Real> recurrent_kernel;  // (H, G H)
  Sequence<const Real> x;               // (N, T, I), as in the forward pass
  Sequence<const Real> dy;              // (N, T, H) or absent
  const Real *dh_n, *dc_n;              // (N, H) or null
  Sequence<Real> dx;                    // (N, T, I), filled; or absent
  Matrix<Real> dkernel, drecurrent;     // (I, G H), (H, G H), filled
  Real* dbias;                          // filled, or null
  Real *dh0, *dc0;                      // (N, H), filled; or null, together
};

}  // namespace fusedrnn
