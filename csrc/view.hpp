// Plain views of the caller's arrays. They own nothing.
#pragma once

#include "shape.hpp"

namespace fusedrnn {

// A sequence (N, T, features), batch- or time-major or a window view: strides in elements; the last
// axis is contiguous.
template <class Real>
struct Sequence {
  Real* data;  // null: absent
  ptrdiff_t stride_n;
  ptrdiff_t stride_t;
};

// A matrix in C or Fortran order: one of its strides, in elements, is 1.
template <class Real>
struct Matrix {
  Real* data;
  ptrdiff_t row, column;  // strides

  Matrix at(ptrdiff_t r, ptrdiff_t c) const { return {data + r * row + c * column, row, column}; }
  Matrix transposed() const { return {data, column, row}; }
  operator Matrix<const Real>() const { return {data, row, column}; }
};

}  // namespace fusedrnn
