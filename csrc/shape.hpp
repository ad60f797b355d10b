// The letters of every shape in this project, and how units and gates are laid out in panels.
//
//   T steps, N rows of the batch, I input features, H hidden units, G gates, V lanes of a vector.
//   The rightmost index is the fastest. Gate order: LSTM i f g o, GRU z r n.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace fusedrnn {

// The columns of a matrix with G blocks of `units` columns, cut into panels of U vectors of units.
//
// One row of a panel with m units holds m values of gate 0, m of gate 1, ... and is padded to whole
// vectors. So one register tile over a panel ends with all gates of the same units, and the last
// panel wastes less than a vector a row rather than G of them (H 50: 13 vectors, not 16).
// A buffer of K rows is [panel][K][width(panel)].
struct Panels {
  ptrdiff_t units;
  int gates;
  int vectors;  // U: vectors of units in a full panel
  int lanes;

  ptrdiff_t full_units() const { return ptrdiff_t(vectors) * lanes; }
  ptrdiff_t count() const { return (units + full_units() - 1) / full_units(); }
  ptrdiff_t units_in(ptrdiff_t p) const {
    const ptrdiff_t left = units - p * full_units();
    return left < full_units() ? left : full_units();
  }
  ptrdiff_t width(ptrdiff_t p) const { return (gates * units_in(p) + lanes - 1) / lanes * lanes; }
  // Start of panel p in a buffer of K rows.
  ptrdiff_t offset(ptrdiff_t p, ptrdiff_t K) const { return p * gates * full_units() * K; }
  // Length of one row over all panels; a buffer of K rows has K * row() elements.
  ptrdiff_t row() const { return count() == 0 ? 0 : offset(count() - 1, 1) + width(count() - 1); }
};

inline ptrdiff_t round_up(ptrdiff_t n, ptrdiff_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

}  // namespace fusedrnn
