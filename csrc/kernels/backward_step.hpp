// What the backward passes of all cells share: a step of a slice, from the gradient that flows back
// from the step after it to the cells whose gate gradients a cell's own file computes.
#pragma once

#include "math.hpp"
#include "panel_product.hpp"
#include "rows.hpp"

namespace {

using fusedrnn::RecurrentBack;

// The gate gradients of a chunk of steps, and what of them the recurrent product has.
template <class Real>
struct GateGradients {
  Panels panels;
  int skipped, gates;  // `gates` gates after the first `skipped`
  const Real* rt;      // their R^T, in plain panels
  const RecurrentBack<Real>& back;
  const Real* state;  // [T][N][Hp] by slot: what the cells of a step read of the tape's states

  ptrdiff_t K() const { return (back.chunk + 1) * back.N; }
  // The first row of a step of the chunk, or of the step after it.
  ptrdiff_t row(ptrdiff_t s) const {
    return (s == back.step_end ? back.chunk : s - back.step_begin) * back.N;
  }
  // Where the gate gradients of cells go at step s: of the first gate of the first of them.
  Real* of_cells(const Cells& cells, ptrdiff_t s) const {
    const ptrdiff_t p = cells.first_unit / panels.full_units();
    return back.dgates + panels.offset(p, K()) + (row(s) + cells.first_slot) * panels.width(p) +
           cells.first_unit % panels.full_units();
  }
  // From one cell to the next, which is of the next row.
  ptrdiff_t cell_step(const Cells& cells) const {
    return panels.width(cells.first_unit / panels.full_units());
  }
  // The rows [n, n + count) of step s, `used` of their gates after the first `skip`.
  GateRows<Real> rows(ptrdiff_t s, ptrdiff_t n, ptrdiff_t count, int skip, int used) const {
    return {.data = back.dgates,
            .panels = panels,
            .K = K(),
            .first = row(s) + n,
            .rows = count,
            .skipped = skip,
            .gates = used};
  }
};

// The gradient of a slot's output at a step, from `unit` on; null where there is none.
template <class Real>
FUSEDRNN_INLINE const Real* dy_row(const RecurrentBack<Real>& a, ptrdiff_t slot, ptrdiff_t s,
                                   ptrdiff_t unit) {
  return a.dy.data ? a.dy.data + a.schedule.row[slot] * a.dy.stride_n +
                         a.schedule.time(slot, s) * a.dy.stride_t + unit
                   : nullptr;
}

// What reaches the output of one vector of units: the carried and recurrent gradient, and dy.
template <bool kWhole, class Real>
FUSEDRNN_INLINE Vec<Real> output_gradient(const RecurrentBack<Real>& a, const Real* recurrent,
                                          ptrdiff_t slot, ptrdiff_t s, ptrdiff_t unit,
                                          ptrdiff_t m) {
  const Real* dy = dy_row(a, slot, s, unit);
  return dy ? load(recurrent) + load_lanes<kWhole>(dy, m) : load(recurrent);
}

// The recurrent gradient of a group of rows in one panel of units, as a step has it.
template <class Real>
struct RecurrentGradient {
  const Real* first;  // of the first cell
  ptrdiff_t step;     // to the next cell's

  const Real* of(ptrdiff_t k) const { return first + k * step; }
};

// The cells of which the step is masked: their gradient is carried, their gates have none.
template <class Real>
FUSEDRNN_INLINE void pass_masked_cells(const GateGradients<Real>& D, const Cells& cells,
                                       ptrdiff_t s, const RecurrentGradient<Real>& recurrent) {
  const RecurrentBack<Real>& a = D.back;
  const ptrdiff_t unit = cells.first_unit, Hp = fusedrnn::round_up(a.H, kLanes<Real>);
  const ptrdiff_t apart = D.panels.units_in(unit / D.panels.full_units());
  for_masked_cells(a.schedule, s, cells, [&](ptrdiff_t k, bool emit) {
    const ptrdiff_t slot = cells.slot(k);
    store(a.dh + slot * Hp + unit,
          emit ? output_gradient<false, Real>(a, recurrent.of(k), slot, s, unit, cells.m)
               : load(recurrent.of(k)));
    Real* dgates = D.of_cells(cells, s) + k * D.cell_step(cells);
    for (int g = 0; g < D.panels.gates; ++g) store_n(dgates + g * apart, Vec<Real>{}, cells.m);
  });
}

// out += mask[g] (dgates(s + 1) R_g^T) for every gate g of the recurrent product: recurrent
// dropout, where each gate's product had the state times its own mask.
template <class Real>
void add_masked_gradients(const GateGradients<Real>& D, ptrdiff_t s, ptrdiff_t n, ptrdiff_t rows,
                          const Panels& X, ptrdiff_t q, Real* out) {
  constexpr int V = kLanes<Real>;
  alignas(64) const Real zeros[kMaxVectors * V] = {};
  alignas(64) Real product[kGroupRows * kMaxVectors * V];
  const ptrdiff_t width = X.width(q), Hp = fusedrnn::round_up(D.back.H, V);
  for (int g = 0; g < D.gates; ++g) {
    panel_rows_product(D.rows(s + 1, n, rows, D.skipped + g, 1), D.rt + g * X.row() * D.back.H, X,
                       q, zeros, 0, product);
    for (ptrdiff_t r = 0; r < rows; ++r)
      for (ptrdiff_t j = 0; j < width; j += V) {
        const ptrdiff_t at = r * width + j;
        const Real* mask = D.back.recurrent_mask + (g * D.back.N + n + r) * Hp + X.offset(q, 1);
        store(out + at, multiply_add(load(mask + j), load(product + at), load(out + at)));
      }
  }
}

// Asks for what the cells of a slot will read in panel q at step s, those of its lines that lie
// rows apart: no processor guesses these. A few for each tile: of hundreds at once most are
// dropped, and the tape, which is read in order, comes by itself (measured on Zen 3, AVX2, LSTM and
// GRU backward passes: 1.03 to 1.06 at 128 units, 1.02 to 1.04 at 256; the RNN where all of it is
// in L2 anyway .97, whence the condition of the caller).
template <class Real>
FUSEDRNN_INLINE void prefetch_cells(const GateGradients<Real>& D, ptrdiff_t s, ptrdiff_t slot,
                                    const Panels& X, ptrdiff_t q) {
  constexpr ptrdiff_t kLine = 64 / sizeof(Real);
  const RecurrentBack<Real>& a = D.back;
  const ptrdiff_t unit = X.offset(q, 1), width = X.width(q);
  const Real* dy = dy_row(a, slot, s, unit);
  const Real* state = D.state + (s * a.N + slot) * fusedrnn::round_up(a.H, X.lanes) + unit;
  for (ptrdiff_t j = 0; j < width; j += kLine) {
    if (dy) prefetch(dy + j);
    prefetch(state + j);
  }
}

// out = carried dh + dgates(s + 1) R^T for the columns of panel q, a group of rows from n.
template <class Real>
FUSEDRNN_INLINE void recurrent_gradient(const GateGradients<Real>& D, ptrdiff_t s, bool has_next,
                                        ptrdiff_t n, ptrdiff_t rows, const Panels& X, ptrdiff_t q,
                                        Real* out) {
  const ptrdiff_t width = X.width(q), Hp = fusedrnn::round_up(D.back.H, X.lanes);
  const Real* carried = D.back.dh + n * Hp + X.offset(q, 1);
  if (has_next && !D.back.recurrent_mask) {
    const bool prefetches = s >= 0 && !stays_in_l2<Real>(D.back.schedule.length[0] * D.back.N * Hp);
    return panel_rows_product(D.rows(s + 1, n, rows, D.skipped, D.gates), D.rt, X, q, carried, Hp,
                              out, [&](ptrdiff_t r) {
                                if (prefetches) prefetch_cells(D, s, n + r, X, q);
                              });
  }
  for (ptrdiff_t r = 0; r < rows; ++r)
    for (ptrdiff_t j = 0; j < width; j += X.lanes)
      store(out + r * width + j, load(carried + r * Hp + j));
  if (has_next) add_masked_gradients(D, s, n, rows, X, q, out);
}

// Calls body(n, rows, has_next) over groups of the rows that run at `step`, those that also run at
// the next first. Step -1 stands for the initial state, which every row has.
template <class Body>
FUSEDRNN_INLINE void for_backward_groups(const fusedrnn::Schedule& s, ptrdiff_t begin,
                                         ptrdiff_t end, ptrdiff_t step, Body body) {
  const ptrdiff_t next = s.active_end(begin, end, step + 1);
  const ptrdiff_t active = s.active_end(begin, end, step);
  for_row_groups(begin, next, [&](ptrdiff_t n, ptrdiff_t rows) { body(n, rows, true); });
  for_row_groups(next, active, [&](ptrdiff_t n, ptrdiff_t rows) { body(n, rows, false); });
}

// A step of a slice: the gradient that flows back from the step after it, and then, for each vector
// of units of a group of rows, body(cells, recurrent). Step -1 stands for the initial state.
template <class Real, class Body>
FUSEDRNN_INLINE void backward_step(const GateGradients<Real>& D, ptrdiff_t s, ptrdiff_t begin,
                                   ptrdiff_t end, Body body) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real out[kGroupRows * kMaxVectors * V];
  const RecurrentBack<Real>& a = D.back;
  const Panels X = fusedrnn::unit_panels(a.H, V);
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, V);
  for (ptrdiff_t q = a.units.begin(X.count()); q < a.units.end(X.count()); ++q) {
    const ptrdiff_t width = X.width(q), units = X.units_in(q);
    for_backward_groups(a.schedule, begin, end, s, [&](ptrdiff_t n, ptrdiff_t rows, bool has_next) {
      recurrent_gradient(D, s, has_next, n, rows, X, q, out);
      for (ptrdiff_t j = 0; j < units; j += V) {
        const ptrdiff_t unit = X.offset(q, 1) + j;
        if (s < 0) {
          for (ptrdiff_t r = 0; r < rows; ++r)
            store(a.dh + (n + r) * Hp + unit, load(out + r * width + j));
          continue;
        }
        body(cells_of_rows(n, rows, unit, units - j < V ? units - j : V),
             RecurrentGradient<Real>{out + j, width});
      }
    });
  }
}

// Copies the gate gradients of a chunk's first step behind its last one, where the chunk before it
// finds those of its next step.
template <class Real>
FUSEDRNN_INLINE void keep_first_step(const GateGradients<Real>& D, ptrdiff_t begin, ptrdiff_t end) {
  const Panels& P = D.panels;
  const RecurrentBack<Real>& a = D.back;
  for (ptrdiff_t p = a.units.begin(P.count()); p < a.units.end(P.count()); ++p) {
    const ptrdiff_t width = P.width(p);
    Real* panel = a.dgates + P.offset(p, D.K());
    for (ptrdiff_t k = begin * width; k < end * width; k += kLanes<Real>)
      store(panel + a.chunk * a.N * width + k, load(panel + k));
  }
}

// The steps of a chunk for the slots [begin, end), from the last to the first: cells_backward(s,
// cells, recurrent) computes the gate gradients of cells, and finish(s) what a step ends with.
template <class Real, class CellsBackward, class Finish>
FUSEDRNN_INLINE void run_chunk(const GateGradients<Real>& D, ptrdiff_t begin, ptrdiff_t end,
                               CellsBackward cells_backward, Finish finish) {
  const RecurrentBack<Real>& a = D.back;
  const ptrdiff_t last = a.step_begin == 0 && a.needs_dh0 ? -1 : a.step_begin;
  for (ptrdiff_t s = a.step_end - 1; s >= last; --s) {
    backward_step(D, s, begin, end,
                  [&](const Cells& cells, const RecurrentGradient<Real>& recurrent) {
                    cells_backward(s, cells, recurrent);
                    pass_masked_cells(D, cells, s, recurrent);
                  });
    if (!a.units.meet()) return;
    if (s >= 0) finish(s);
  }
  if (a.step_begin > 0) keep_first_step(D, begin, end);
}

}  // namespace
