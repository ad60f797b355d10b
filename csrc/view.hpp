// Plain views of the caller's arrays. They own nothing; the last axis is contiguous.
#pragma once

#include "shape.hpp"

namespace fusedrnn {

// A sequence (N, T, features), batch- or time-major or a window view: strides in elements.
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

// Of the candidate (and, in the LSTM, of the cell state); the gates have the logistic function.
enum class Activation { kTanh, kRelu, kSigmoid, kLinear };

// Which rows run at which step. Rows sit in slots ordered by falling length, so that the rows still
// running at a step are a prefix and finished ones cost nothing.
struct Schedule {
  const ptrdiff_t* row;     // [N] slot -> row of the caller's arrays
  const ptrdiff_t* length;  // [N] by slot, falling
  const uint8_t* mask;      // [T][N] by step and slot, of the bits below, or null: all of them
  ptrdiff_t N;
  bool reverse;  // step s of a row reads and writes time length - 1 - s

  static constexpr uint8_t kValid = 1;  // the step changes the state
  static constexpr uint8_t kEmit = 2;   // the state is written to y, else zero

  ptrdiff_t time(ptrdiff_t slot, ptrdiff_t step) const {
    return reverse ? length[slot] - 1 - step : step;
  }
  uint8_t flags(ptrdiff_t slot, ptrdiff_t step) const {
    return mask ? mask[step * N + slot] : uint8_t(kValid | kEmit);
  }
  // Rows of [begin, end) that still run at `step`: the end of that prefix.
  ptrdiff_t active_end(ptrdiff_t begin, ptrdiff_t end, ptrdiff_t step) const {
    while (end > begin && length[end - 1] <= step) --end;
    return end;
  }
};

// The units that one of several threads computes, of all rows of a call. They meet after each step:
// the next one needs the whole state.
struct UnitShare {
  ptrdiff_t part = 0, parts = 1;
  void (*wait)(void* barrier, ptrdiff_t parts) = nullptr;
  void* barrier = nullptr;

  ptrdiff_t begin(ptrdiff_t panels) const { return panels * part / parts; }
  ptrdiff_t end(ptrdiff_t panels) const { return panels * (part + 1) / parts; }
  void meet() const {
    if (wait) wait(barrier, parts);
  }
};

// Working memory for the input products of `steps` steps ahead of the recurrence; 0: none.
template <class Real>
struct StepsAhead {
  ptrdiff_t steps = 0;
  Real* products[2] = {};  // for each panel buffer with a kernel in it: steps * N rows
};

}  // namespace fusedrnn
