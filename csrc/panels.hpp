// How units and gates are laid out for the register tile: the one description that the host, which
// packs, and the kernels, which read, share.
#pragma once

#include "shape.hpp"

namespace fusedrnn {

// Vectors of the widest register tile, hence of the widest panel.
constexpr int kMaxVectors = 4;
// Values in a row of that panel, where vectors have 64 bytes.
template <class Real>
constexpr ptrdiff_t kMostPanelWidth = kMaxVectors * 64 / sizeof(Real);

// The columns of a matrix with G blocks of `units` columns, cut into panels of U vectors of units.
//
// One row of a panel with m units holds m values of gate 0, m of gate 1, ... and is padded to whole
// vectors. So a register tile over a panel ends with all gates of the same units, and the last
// panel wastes less than a vector a row, not G of them (H 50: 13 vectors of 16 lanes, not 16).
// A buffer of K rows is [panel][K][width(panel)]. With G = 2 gates a and b, 10 units, 4 lanes and
// U = 1 it has three panels, one after the other in memory, each with K rows of
//
//   panel 0                  panel 1                  panel 2
//   a0 a1 a2 a3 b0 b1 b2 b3  a4 a5 a6 a7 b4 b5 b6 b7  a8 a9 b8 b9
//   `-- vector' `- vector -'                          `- vector -'
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

// Weights of type bfloat16 (kHalf) lie two in a value of a float buffer: one of an even row of
// their matrix in its lower half, that of the next row, or zero, in its upper one. So widening is a
// shift or a mask, and the last row of a matrix may be half a row of the buffer.
constexpr ptrdiff_t rows_in_panels(bool kHalf, ptrdiff_t rows) {
  return kHalf ? (rows + 1) / 2 : rows;
}

// All gates of one vector of units: what ends a tile in one place for the gate arithmetic.
inline Panels gate_panels(ptrdiff_t H, int gates, int lanes) {
  return {H, gates, 1, lanes};
}
// As many vectors of units as a tile has: a matrix of plain columns, or one gate by itself.
inline Panels unit_panels(ptrdiff_t units, int lanes) {
  return {units, 1, kMaxVectors, lanes};
}
// z and r of two vectors of units: the GRU with the reset gate before, whose n comes later.
inline Panels zr_panels(ptrdiff_t H, int lanes) {
  return {H, 2, kMaxVectors / 2, lanes};
}

}  // namespace fusedrnn
