// LSTM backward through time: the gate gradients of a chunk of steps, from the last to the first.
//   dh = dy + dgates(t+1) R^T;  dc = dc f(t+1) + dh o (1 - tanh(c)^2);
//   di = dc g i (1-i);  df = dc c_prev f (1-f);  dg = dc i (1-g^2);  do = dh tanh(c) o (1-o).
#pragma once

#include "math.hpp"
#include "rows.hpp"

namespace {

template <bool kWhole, class Real>
FUSEDRNN_INLINE void lstm_cell_backward(Activation activation, Vec<Real> dh, ptrdiff_t m,
                                        const Real* gates, const Real* c_prev, Vec<Real> tanh_c,
                                        Real* dc_inout, Real* dgates) {
  const Vec<Real> i = load_lanes<kWhole>(gates, m), f = load_lanes<kWhole>(gates + m, m);
  const Vec<Real> g = load_lanes<kWhole>(gates + 2 * m, m);
  const Vec<Real> o = load_lanes<kWhole>(gates + 3 * m, m);
  const Vec<Real> dc = multiply_add(dh * o, slope<Real>(activation, tanh_c), load(dc_inout));
  store(dc_inout, dc * f);
  const Vec<Real> dci = dc * i;
  store_lanes<kWhole>(dgates, dci * g * (Real(1) - i), m);
  store_lanes<kWhole>(dgates + m, dc * load(c_prev) * slope<Real>(Activation::kSigmoid, f), m);
  store_lanes<kWhole>(dgates + 2 * m, dci * slope<Real>(activation, g), m);
  store_lanes<kWhole>(dgates + 3 * m, dh * tanh_c * slope<Real>(Activation::kSigmoid, o), m);
}

// The gradient of a slot's output at a step, from `unit` on; null where there is none.
template <class Arguments>
FUSEDRNN_INLINE auto* dy_row(const Arguments& a, ptrdiff_t slot, ptrdiff_t s, ptrdiff_t unit) {
  return a.dy.data ? a.dy.data + a.schedule.row[slot] * a.dy.stride_n +
                         a.schedule.time(slot, s) * a.dy.stride_t + unit
                   : nullptr;
}

// What reaches the output of one vector of units: the carried and recurrent gradient, and dy.
template <bool kWhole, class Real, class Arguments>
FUSEDRNN_INLINE Vec<Real> output_gradient(const Arguments& a, const Real* recurrent, ptrdiff_t slot,
                                          ptrdiff_t s, ptrdiff_t unit, ptrdiff_t m) {
  const Real* dy = dy_row(a, slot, s, unit);
  return dy ? load(recurrent) + load_lanes<kWhole>(dy, m) : load(recurrent);
}

// The cells of which the step is masked: their gradient is carried, their gates have none.
template <class Real, class Arguments>
FUSEDRNN_INLINE void pass_masked_cells(const Arguments& a, const Cells& cells, ptrdiff_t s,
                                       const Real* recurrent, ptrdiff_t recurrent_row, Real* dh,
                                       ptrdiff_t Hp, Real* dgates, ptrdiff_t width) {
  const ptrdiff_t unit = cells.first_unit;
  for_masked_cells(a.schedule, s, cells, [&](ptrdiff_t k, bool emit) {
    const ptrdiff_t slot = cells.slot(k);
    const Real* row = recurrent + k * recurrent_row;
    store(dh + slot * Hp + unit,
          emit ? output_gradient<false, Real>(a, row, slot, s, unit, cells.m) : load(row));
    for (ptrdiff_t j = 0; j < width; j += kLanes<Real>) store(dgates + k * width + j, Vec<Real>{});
  });
}

// out += mask[g] (dgates(step + 1) R_g^T) for every gate: recurrent dropout's recurrent_gradient.
template <class Real>
void add_masked_gradients(const Real* dgates, const Panels& D, ptrdiff_t K, ptrdiff_t next_row,
                          ptrdiff_t N, ptrdiff_t n, ptrdiff_t rows, int skipped_gates, int gates,
                          const Real* rt, const Real* mask, const Panels& X, ptrdiff_t q,
                          ptrdiff_t Hp, Real* out) {
  constexpr int V = kLanes<Real>;
  alignas(64) const Real zeros[kMaxVectors * V] = {};
  alignas(64) Real product[kGroupRows * kMaxVectors * V];
  const ptrdiff_t width = X.width(q);
  for (int g = 0; g < gates; ++g) {
    panel_rows_product(dgates, D, K, next_row + n, rows, skipped_gates + g, 1,
                       rt + g * X.row() * D.units, X, q, zeros, 0, product);
    for (ptrdiff_t r = 0; r < rows; ++r)
      for (ptrdiff_t j = 0; j < width; j += V) {
        const ptrdiff_t at = r * width + j;
        const Vec<Real> m = load(mask + (g * N + n + r) * Hp + X.offset(q, 1) + j);
        store(out + at, multiply_add(m, load(product + at), load(out + at)));
      }
  }
}

// out = carried dh (N rows of Hp) + dgates(step + 1) R^T for the columns of panel q, a group of
// rows from n.
template <class Real, class Arguments>
FUSEDRNN_INLINE void recurrent_gradient(const Arguments& a, const Panels& D, ptrdiff_t K,
                                        ptrdiff_t next_row, bool has_next, ptrdiff_t n,
                                        ptrdiff_t rows, int skipped_gates, int gates,
                                        const Real* rt, const Panels& X, ptrdiff_t q, ptrdiff_t Hp,
                                        Real* out) {
  const ptrdiff_t width = X.width(q);

  const Real* carried = a.dh + n * Hp + X.offset(q, 1);
  if (has_next && !a.recurrent_mask)
    return panel_rows_product<Real>(a.dgates, D, K, next_row + n, rows, skipped_gates, gates, rt, X,
                                    q, carried, Hp, out);
  for (ptrdiff_t r = 0; r < rows; ++r)
    for (ptrdiff_t j = 0; j < width; j += X.lanes)
      store(out + r * width + j, load(carried + r * Hp + j));
  if (has_next)
    add_masked_gradients<Real>(a.dgates, D, K, next_row, a.N, n, rows, skipped_gates, gates, rt,
                               a.recurrent_mask, X, q, Hp, out);
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

// Copies the gate gradients of a chunk's first step behind its last one, where the chunk before it
// finds those of its next step.
template <class Real>
FUSEDRNN_INLINE void keep_first_step(Real* dgates, const Panels& P, ptrdiff_t N, ptrdiff_t chunk,
                                     ptrdiff_t begin, ptrdiff_t end,
                                     const fusedrnn::UnitShare& share) {
  for (ptrdiff_t p = share.begin(P.count()); p < share.end(P.count()); ++p) {
    const ptrdiff_t width = P.width(p);
    Real* panel = dgates + P.offset(p, (chunk + 1) * N);
    for (ptrdiff_t k = begin * width; k < end * width; k += kLanes<Real>)
      store(panel + chunk * N * width + k, load(panel + k));
  }
}

// A step of a slice: the gradient that flows back from the step after it, and then, for each vector
// of units of a group of rows, body(cells, recurrent, recurrent_row, dgates): the first cell's
// gradient and where its gate gradients go. Step -1 stands for the initial state. D: the panels of
// the gate gradients; the recurrent product has `gates` of them.
template <class Real, class Arguments, class Body>
FUSEDRNN_INLINE void backward_step(const Arguments& a, const Panels& D, int skipped_gates,
                                   int gates, const Real* rt, ptrdiff_t s, ptrdiff_t begin,
                                   ptrdiff_t end, Body body) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real out[kGroupRows * kMaxVectors * V];
  const Panels X = {a.H, 1, kMaxVectors, V};
  const ptrdiff_t K = (a.chunk + 1) * a.N, Hp = fusedrnn::round_up(a.H, V);
  const ptrdiff_t row = (s - a.step_begin) * a.N;
  const ptrdiff_t next_row = s + 1 == a.step_end ? a.chunk * a.N : row + a.N;
  for (ptrdiff_t q = a.share.begin(X.count()); q < a.share.end(X.count()); ++q) {
    const ptrdiff_t width = X.width(q), units = X.units_in(q);
    for_backward_groups(a.schedule, begin, end, s, [&](ptrdiff_t n, ptrdiff_t rows, bool has_next) {
      recurrent_gradient(a, D, K, next_row, has_next, n, rows, skipped_gates, gates, rt, X, q, Hp,
                         out);
      for (ptrdiff_t j = 0; j < units; j += V) {
        const ptrdiff_t unit = X.offset(q, 1) + j, p = unit / V;
        if (s < 0) {
          for (ptrdiff_t r = 0; r < rows; ++r)
            store(a.dh + (n + r) * Hp + unit, load(out + r * width + j));
          continue;
        }
        const Cells cells = {rows, D.units_in(p), n, 1, unit, 0};
        body(cells, out + j, width, a.dgates + D.offset(p, K) + (row + n) * D.width(p));
      }
    });
  }
}

template <bool kWhole, class Real>
void lstm_cells_backward(const fusedrnn::LstmBackward<Real>& a, ptrdiff_t s, const Cells& cells,
                         const Real* recurrent, ptrdiff_t recurrent_row, Real* dgates) {
  const Panels P = {a.H, 4, 1, kLanes<Real>};
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, kLanes<Real>), unit = cells.first_unit;
  const ptrdiff_t m = cells.m, width = cells.tape_step(P, a.N);
  const Real* gates = a.gates + s * a.N * P.row() + cells.tape(P, a.N);
  const Real *c_prev = a.c + s * a.N * Hp + unit, *c = c_prev + a.N * Hp;
  for_valid_cells<4>(a.schedule, s, cells, [&](auto count, ptrdiff_t first) FUSEDRNN_INLINE_LAMBDA {
    constexpr int kRows = decltype(count)::value;
    const ptrdiff_t slot = cells.slot(first);
    Vec<Real> tanh_c[kRows];
    lockstep<kRows>([&](int k) { tanh_c[k] = load(c + (slot + k) * Hp); });
    activate_with<Real, 0>(a.activation, tanh_c);
    lockstep<kRows>([&](int k) {
      const ptrdiff_t at = (slot + k) * Hp;
      const Vec<Real> dh = output_gradient<kWhole, Real>(a, recurrent + (first + k) * recurrent_row,
                                                         slot + k, s, unit, m);
      store(a.dh + at + unit, Vec<Real>{});
      lstm_cell_backward<kWhole>(a.activation, dh, m, gates + (first + k) * width, c_prev + at,
                                 tanh_c[k], a.dc + at + unit, dgates + (first + k) * width);
    });
  });
  pass_masked_cells(a, cells, s, recurrent, recurrent_row, a.dh, Hp, dgates, width);
}

template <class Real>
void lstm_backward(const fusedrnn::LstmBackward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  const Panels P = {a.H, 4, 1, kLanes<Real>};
  for (ptrdiff_t s = a.step_end - 1; s >= a.step_begin - (a.step_begin == 0); --s) {
    backward_step(a, P, 0, 4, a.rt, s, begin, end,
                  [&](const Cells& cells, const Real* recurrent, ptrdiff_t row, Real* dgates) {
                    const auto cells_backward = cells.m == kLanes<Real>
                                                    ? &lstm_cells_backward<true, Real>
                                                    : &lstm_cells_backward<false, Real>;
                    cells_backward(a, s, cells, recurrent, row, dgates);
                  });
    a.share.meet();
  }
  if (a.step_begin > 0) keep_first_step(a.dgates, P, a.N, a.chunk, begin, end, a.share);
}

}  // namespace
