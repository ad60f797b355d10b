// GRU backward through time. With dh what reaches h, keep = z (or 1-z, where z writes):
//   dn = dh (1-keep) (1-n^2);  dz = +-dh (h_prev - n) z (1-z);  dh_prev = dh keep + ...
//   reset after:  dr = dn (h R_n + c_n) r (1-r);         ... + [dz dr dn r] R^T
//   reset before: drh = dn R_n^T;  dr = drh h_prev r (1-r);  ... + drh r + [dz dr] R_zr^T
// The panels of the gate gradients hold n z r and, reset after, n r: so what the input product
// needs and what the recurrent product needs are each one stretch.
#pragma once

#include "lstm_backward.hpp"

namespace {

template <bool kWhole, class Real>
FUSEDRNN_INLINE void gru_cell_backward(const fusedrnn::GruBackward<Real>& a, Vec<Real> dh,
                                       ptrdiff_t m, const Real* gates, const Real* h_prev,
                                       Real* dh_carried, Real* dgates) {
  const Vec<Real> z = load_lanes<kWhole>(gates, m), n = load_lanes<kWhole>(gates + 2 * m, m);
  const Vec<Real> keep = a.update_keeps ? z : Real(1) - z;
  const Vec<Real> dn = multiply_add(-dh, keep, dh) * slope<Real>(a.activation, n);
  const Vec<Real> dkeep = dh * (load(h_prev) - n) * slope<Real>(Activation::kSigmoid, z);
  store(dh_carried, dh * keep);
  store_lanes<kWhole>(dgates, dn, m);
  store_lanes<kWhole>(dgates + m, a.update_keeps ? dkeep : -dkeep, m);
  if (a.reset_after) {
    const Vec<Real> r = load_lanes<kWhole>(gates + m, m);
    const Vec<Real> hn = load_lanes<kWhole>(gates + 3 * m, m);
    store_lanes<kWhole>(dgates + 2 * m, dn * hn * slope<Real>(Activation::kSigmoid, r), m);
    store_lanes<kWhole>(dgates + 3 * m, dn * r, m);
  }
}

// Reset before: the second half of a step, for rows whose dn is known for all units.
template <class Real>
void gru_reset_gradient(const fusedrnn::GruBackward<Real>& a, ptrdiff_t s, ptrdiff_t begin,
                        ptrdiff_t end, const Panels& D) {
  constexpr int V = kLanes<Real>;
  alignas(64) const Real zeros[kMaxVectors * V] = {};
  alignas(64) Real out[kGroupRows * kMaxVectors * V];
  const Panels X = {a.H, 1, kMaxVectors, V};
  const ptrdiff_t K = (a.chunk + 1) * a.N, Hp = fusedrnn::round_up(a.H, V);
  const ptrdiff_t row = (s - a.step_begin) * a.N;
  for (ptrdiff_t q = a.share.begin(X.count()); q < a.share.end(X.count()); ++q) {
    const ptrdiff_t width = X.width(q), units = X.units_in(q);
    for_row_groups(begin, a.schedule.active_end(begin, end, s), [&](ptrdiff_t n, ptrdiff_t rows) {
      panel_rows_product(a.dgates, D, K, row + n, rows, 0, 1, a.rt[1], X, q, zeros, 0, out);
      for (ptrdiff_t j = 0; j < units; j += V) {
        const ptrdiff_t unit = X.offset(q, 1) + j, p = unit / V;
        const Cells cells = {rows, D.units_in(p), n, 1, unit, 0};
        const ptrdiff_t m = cells.m, gate_width = D.width(p);
        const Real* r_gates = a.gates + s * a.N * D.row() + cells.tape(D, a.N) + m;
        Real* dr = a.dgates + D.offset(p, K) + (row + n) * gate_width + 2 * m;
        Real* rh = a.rh + (row + n) * Hp + unit;
        for_valid_cells<1>(a.schedule, s, cells, [&](auto, ptrdiff_t k) {
          const ptrdiff_t at = cells.slot(k) * Hp + unit;
          const Vec<Real> r = load_n(r_gates + k * gate_width, m);
          const Vec<Real> mask =
              a.recurrent_mask ? load(a.recurrent_mask + 2 * a.N * Hp + at) : splat(Real(1));
          const Vec<Real> drh = load(out + k * width + j) * mask;
          const Vec<Real> h_prev = load(a.h + s * a.N * Hp + at);
          store_n(dr + k * gate_width, drh * h_prev * slope<Real>(Activation::kSigmoid, r), m);
          store(a.dh + at, multiply_add(drh, r, load(a.dh + at)));
          store(rh + k * Hp, r * h_prev * mask);
        });
        for_masked_cells(a.schedule, s, cells,
                         [&](ptrdiff_t k, bool) { store(rh + k * Hp, Vec<Real>{}); });
      }
    });
  }
}

template <bool kWhole, class Real>
void gru_cells_backward(const fusedrnn::GruBackward<Real>& a, ptrdiff_t s, const Cells& cells,
                        const Real* recurrent, ptrdiff_t recurrent_row, Real* dgates) {
  const Panels D = {a.H, a.reset_after ? 4 : 3, 1, kLanes<Real>};
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, kLanes<Real>), unit = cells.first_unit;
  const ptrdiff_t m = cells.m, width = cells.tape_step(D, a.N);
  const Real* gates = a.gates + s * a.N * D.row() + cells.tape(D, a.N);
  const Real* h_prev = a.h + s * a.N * Hp + unit;
  for_valid_cells<1>(a.schedule, s, cells, [&](auto, ptrdiff_t k) FUSEDRNN_INLINE_LAMBDA {
    const ptrdiff_t slot = cells.slot(k);
    const Vec<Real> dh =
        output_gradient<kWhole, Real>(a, recurrent + k * recurrent_row, slot, s, unit, m);
    gru_cell_backward<kWhole>(a, dh, m, gates + k * width, h_prev + slot * Hp,
                              a.dh + slot * Hp + unit, dgates + k * width);
  });
  pass_masked_cells(a, cells, s, recurrent, recurrent_row, a.dh, Hp, dgates, width);
}

template <class Real>
void gru_backward(const fusedrnn::GruBackward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  const Panels D = {a.H, a.reset_after ? 4 : 3, 1, kLanes<Real>};
  for (ptrdiff_t s = a.step_end - 1; s >= a.step_begin - (a.step_begin == 0); --s) {
    backward_step(a, D, 1, a.reset_after ? 3 : 2, a.rt[0], s, begin, end,
                  [&](const Cells& cells, const Real* recurrent, ptrdiff_t row, Real* dgates) {
                    const auto cells_backward = cells.m == kLanes<Real>
                                                    ? &gru_cells_backward<true, Real>
                                                    : &gru_cells_backward<false, Real>;
                    cells_backward(a, s, cells, recurrent, row, dgates);
                  });
    a.share.meet();
    if (!a.reset_after && s >= 0) {
      gru_reset_gradient(a, s, begin, end, D);
      a.share.meet();
    }
  }
  if (a.step_begin > 0) keep_first_step(a.dgates, D, a.N, a.chunk, begin, end, a.share);
}

}  // namespace
