// Which rows run at which step.
#pragma once

#include "shape.hpp"

namespace fusedrnn {

// Rows sit in slots ordered by falling length, so that the rows still running at a step are a
// prefix and finished ones cost nothing. RowOrder owns what this points to.
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

}  // namespace fusedrnn
