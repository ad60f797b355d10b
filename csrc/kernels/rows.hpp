// Rows: where their inputs and outputs are; blocks of rows and panels, and the cells of one.
#pragma once

#include "gemm.hpp"

namespace {

// Rows and panels whose gates follow their products together: the gates of one row are a chain of
// operations that wait for each other, and a processor looks only some rows ahead of it (measured
// on Zen 3, AVX2: the gates of a tile's three rows behind its products 230 cycles, of 24 rows 125
// a tile).
constexpr ptrdiff_t kCells = 24;  // whole tiles of 3, 4, 6 and 8

// Vectors whose gate functions are computed in lockstep: as many as stay in registers.
constexpr int kAtOnce = kRegisters == 32 ? 8 : 4;

// Calls body(p0, p1, n, rows) over the panels [first, last) and the rows [begin, end) in blocks of
// at most kCells cells; the panels of a block are many where the rows are few.
template <class Body>
FUSEDRNN_INLINE void for_cell_blocks(ptrdiff_t first, ptrdiff_t last, ptrdiff_t begin,
                                     ptrdiff_t end, Body body) {
  const ptrdiff_t rows = end - begin < kCells ? end - begin : kCells;
  if (rows == 0) return;
  const ptrdiff_t panels = kCells / rows;
  for (ptrdiff_t p = first; p < last; p += panels)
    for (ptrdiff_t n = begin; n < end; n += rows)
      body(p, last - p < panels ? last : p + panels, n, end - n < rows ? end - n : rows);
}

// Vectors of m units whose gates are computed by one loop: of several rows, or of one row.
struct Cells {
  ptrdiff_t count, m;
  ptrdiff_t first_slot, slot_step, first_unit, unit_step;
  ptrdiff_t slot(ptrdiff_t k) const { return first_slot + k * slot_step; }
  ptrdiff_t unit(ptrdiff_t k) const { return first_unit + k * unit_step; }

  // Where the first cell is among N rows of P, panels of one vector of units, and the next behind
  // it.
  ptrdiff_t tape(const Panels& P, ptrdiff_t N) const {
    const ptrdiff_t p = first_unit / P.lanes;
    return P.offset(p, N) + first_slot * P.width(p);
  }
  ptrdiff_t tape_step(const Panels& P, ptrdiff_t N) const {
    return slot_step ? P.width(first_unit / P.lanes) : P.offset(unit_step / P.lanes, N);
  }
};

// Calls body(cells, at, row) for the panels [p0, p1) of the rows [n, n + rows): the first gate of
// the first cell is at `at` in a block of products, the next cell's `row` behind it.
template <class Body>
FUSEDRNN_INLINE void for_cells(const Panels& P, ptrdiff_t p0, ptrdiff_t p1, ptrdiff_t n,
                               ptrdiff_t rows, Body body) {
  const ptrdiff_t full = P.offset(1, 1);
  // The full panels of a single row come together.
  const ptrdiff_t whole = rows > 1 ? p0 : p1 - (P.units_in(p1 - 1) < P.full_units());
  if (whole > p0)
    for (ptrdiff_t j = 0; j < P.full_units(); j += P.lanes)
      body(Cells{whole - p0, P.lanes, n, 0, p0 * P.full_units() + j, P.full_units()}, j, full);
  for (ptrdiff_t p = whole; p < p1; ++p)
    for (ptrdiff_t j = 0, units = P.units_in(p); j < units; j += P.lanes)
      body(Cells{rows, units - j < P.lanes ? units - j : P.lanes, n, 1, p * P.full_units() + j, 0},
           (p - p0) * rows * full + j, P.width(p));
}

template <int kValue>
struct Constant {
  static constexpr int value = kValue;
};

// Calls body(count, k) for the cells k of which step s is valid, kCount at once where none is
// masked.
template <int kCount, class Body>
FUSEDRNN_INLINE void for_valid_cells(const fusedrnn::Schedule& schedule, ptrdiff_t s,
                                     const Cells& cells, Body body) {
  ptrdiff_t k = 0;
  if (!schedule.mask)
    for (; k + kCount <= cells.count; k += kCount) body(Constant<kCount>(), k);
  for (; k < cells.count; ++k)
    if (schedule.flags(cells.slot(k), s) & fusedrnn::Schedule::kValid) body(Constant<1>(), k);
}

// Calls body(k, emit) for the other cells; where `emit` is false y is zero.
template <class Body>
FUSEDRNN_INLINE void for_masked_cells(const fusedrnn::Schedule& schedule, ptrdiff_t s,
                                      const Cells& cells, Body body) {
  if (!schedule.mask) return;
  for (ptrdiff_t k = 0; k < cells.count; ++k) {
    const uint8_t flags = schedule.flags(cells.slot(k), s);
    if (!(flags & fusedrnn::Schedule::kValid)) body(k, flags & fusedrnn::Schedule::kEmit);
  }
}

// A masked step of one vector of units: the state is carried, y is the state or zero.
template <class Real>
FUSEDRNN_INLINE void carry_state(const Real* h_prev, Real* h, Real* y, bool emit, ptrdiff_t m) {
  const Vec<Real> v = load(h_prev);
  store(h, v);
  if (y) store_n(y, emit ? v : Vec<Real>{}, m);
}

// Where the outputs of a slot's step go, from `unit` on; null if they are not wanted.
template <class Arguments>
FUSEDRNN_INLINE auto* y_row(const Arguments& a, ptrdiff_t slot, ptrdiff_t s, ptrdiff_t unit) {
  return a.y.data ? a.y.data + a.schedule.row[slot] * a.y.stride_n +
                        a.schedule.time(slot, s) * a.y.stride_t + unit
                  : nullptr;
}

template <class Arguments>
FUSEDRNN_INLINE auto* x_row(const Arguments& a, ptrdiff_t slot, ptrdiff_t s) {
  return a.x.data + a.schedule.row[slot] * a.x.stride_n + a.schedule.time(slot, s) * a.x.stride_t;
}

}  // namespace
