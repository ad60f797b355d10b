// Rows of a batch: where their inputs and outputs are, blocks of rows and panels, and their cells.
#pragma once

#include "tile.hpp"

namespace {

using fusedrnn::RecurrentCall;

// Rows and panels whose gates follow their products together: the gates of one row are a chain of
// operations that wait for each other, and a processor looks only some rows ahead of it (measured
// on Zen 3, AVX2: the gates of a tile's three rows behind its products 230 cycles, of 24 rows 125
// a tile).
constexpr ptrdiff_t kCells = 24;  // whole tiles of 3, 4, 6 and 8

// Vectors whose gate functions are computed in lockstep: as many as stay in registers.
constexpr int kAtOnce = kRegisters == 32 ? 8 : 4;

// Calls body(p0, p1, n, rows) over the panels [first, last) and the rows [begin, end) in blocks of
// at most kCells row-panels: one panel of 24 rows, or, where the rows are few, several panels of
// all of them.
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

// A cell is a vector of m units of one row, with all its gates. Cells are what one loop of gate
// arithmetic runs over, and there are two ways through a block: the same units of `count` rows
// (slot_step 1, unit_step 0), or, for a single row, `count` vectors of its units (slot_step 0).
struct Cells {
  ptrdiff_t count, m;
  ptrdiff_t first_slot, slot_step, first_unit, unit_step;
  ptrdiff_t slot(ptrdiff_t k) const { return first_slot + k * slot_step; }
  ptrdiff_t unit(ptrdiff_t k) const { return first_unit + k * unit_step; }

  // Where the first cell is in a buffer of N rows of P, panels of one vector of units, and how far
  // behind it the next one is.
  ptrdiff_t tape(const Panels& P, ptrdiff_t N) const {
    const ptrdiff_t p = first_unit / P.lanes;
    return P.offset(p, N) + first_slot * P.width(p);
  }
  ptrdiff_t tape_step(const Panels& P, ptrdiff_t N) const {
    return slot_step ? P.width(first_unit / P.lanes) : P.offset(unit_step / P.lanes, N);
  }
};

FUSEDRNN_INLINE Cells cells_of_rows(ptrdiff_t n, ptrdiff_t rows, ptrdiff_t unit, ptrdiff_t m) {
  return {
      .count = rows, .m = m, .first_slot = n, .slot_step = 1, .first_unit = unit, .unit_step = 0};
}

// Calls body(cells, at, step) for the panels [p0, p1) of the rows [n, n + rows): in the block's
// products, [panel][row][width], the first gate of the first cell is at `at`, that of the next cell
// `step` behind it.
template <class Body>
FUSEDRNN_INLINE void for_cells(const Panels& P, ptrdiff_t p0, ptrdiff_t p1, ptrdiff_t n,
                               ptrdiff_t rows, Body body) {
  const ptrdiff_t full = P.offset(1, 1);
  // The full panels of a single row come together.
  const ptrdiff_t whole = rows > 1 ? p0 : p1 - (P.units_in(p1 - 1) < P.full_units());
  if (whole > p0)
    for (ptrdiff_t j = 0; j < P.full_units(); j += P.lanes)
      body(Cells{.count = whole - p0,
                 .m = P.lanes,
                 .first_slot = n,
                 .slot_step = 0,
                 .first_unit = p0 * P.full_units() + j,
                 .unit_step = P.full_units()},
           j, full);
  for (ptrdiff_t p = whole; p < p1; ++p)
    for (ptrdiff_t j = 0, units = P.units_in(p); j < units; j += P.lanes)
      body(
          cells_of_rows(n, rows, p * P.full_units() + j, units - j < P.lanes ? units - j : P.lanes),
          (p - p0) * rows * full + j, P.width(p));
}

template <int kValue>
struct Constant {
  static constexpr int value = kValue;
};

// Calls body(count, k) for stretches of `count` cells from the k-th on, kCount at once.
template <int kCount, class Body>
FUSEDRNN_INLINE void for_all_cells(const Cells& cells, Body body) {
  ptrdiff_t k = 0;
  for (; k + kCount <= cells.count; k += kCount) body(Constant<kCount>(), k);
  for (; k < cells.count; ++k) body(Constant<1>(), k);
}

// Likewise for the cells of which step s is valid: one at a time where there is a mask.
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

// Where the inputs of one step are, by slot. A copy of what that takes: the compiler cannot know
// that what a tile writes is no part of the call, and would read the call again for every row.
template <class Real>
class StepInputs {
 public:
  StepInputs(const RecurrentCall<Real>& a, ptrdiff_t s)
      : x_(a.x),
        row_(a.schedule.row),
        length_(a.schedule.reverse ? a.schedule.length : nullptr),
        s_(s) {}

  const Real* operator()(ptrdiff_t slot) const {
    return x_.data + row_[slot] * x_.stride_n +
           (length_ ? length_[slot] - 1 - s_ : s_) * x_.stride_t;
  }

 private:
  const fusedrnn::Sequence<const Real> x_;
  const ptrdiff_t *const row_, *const length_;  // length_: where the steps go backward in time
  const ptrdiff_t s_;
};

// Where the outputs of a slot's step go, from `unit` on; null if they are not wanted.
template <class Real>
FUSEDRNN_INLINE Real* y_row(const RecurrentCall<Real>& a, ptrdiff_t slot, ptrdiff_t s,
                            ptrdiff_t unit) {
  return a.y.data ? a.y.data + a.schedule.row[slot] * a.y.stride_n +
                        a.schedule.time(slot, s) * a.y.stride_t + unit
                  : nullptr;
}

// The masked steps of some cells: the state is carried, y is the state or zero.
template <class Real>
FUSEDRNN_INLINE void carry_masked_cells(const RecurrentCall<Real>& a, ptrdiff_t s,
                                        const Cells& cells, const Real* h_prev, Real* h) {
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, kLanes<Real>);
  for_masked_cells(a.schedule, s, cells, [&](ptrdiff_t k, bool emit) {
    const ptrdiff_t slot = cells.slot(k), unit = cells.unit(k), at = slot * Hp + unit;
    const Vec<Real> v = load(h_prev + at);
    store(h + at, v);
    if (Real* y = y_row(a, slot, s, unit)) store_n(y, emit ? v : Vec<Real>{}, cells.m);
  });
}

}  // namespace
