// GRU backward through time. With dh what reaches h, keep = z (or 1-z, where z writes):
//   dn = dh (1-keep) (1-n^2);  dz = +-dh (h_prev - n) z (1-z);  dh_prev = dh keep + ...
//   reset after:  dr = dn (h R_n + c_n) r (1-r);         ... + [dz dr dn r] R^T
//   reset before: drh = dn R_n^T;  dr = drh h_prev r (1-r);  ... + drh r + [dz dr] R_zr^T
// The panels of the gate gradients hold n z r and, reset after, n r: so what the input product
// needs and what the recurrent product needs are each one stretch.
#pragma once

#include "backward_step.hpp"

namespace {

template <bool kWhole, class Real>
FUSEDRNN_INLINE void gru_cell_backward(const fusedrnn::GruBackward<Real>& a, Vec<Real> dh,
                                       ptrdiff_t m, const Real* gates, const Real* h_prev,
                                       Real* dh_carried, Real* dgates) {
  const Vec<Real> z = load_lanes<kWhole>(gates, m), n = load_lanes<kWhole>(gates + 2 * m, m);
  const Vec<Real> keep = a.update_keeps ? z : Real(1) - z;
  const Vec<Real> dn = multiply_add(-dh, keep, dh) * slope<Real>(a.back.activation, n);
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
void gru_reset_gradient(const fusedrnn::GruBackward<Real>& a, const GateGradients<Real>& D,
                        ptrdiff_t s, ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>;
  alignas(64) const Real zeros[kMaxVectors * V] = {};
  alignas(64) Real out[kGroupRows * kMaxVectors * V];
  const RecurrentBack<Real>& back = a.back;
  const Panels& P = D.panels;
  const Panels X = fusedrnn::unit_panels(back.H, V);
  const ptrdiff_t Hp = fusedrnn::round_up(back.H, V);
  for (ptrdiff_t q = back.units.begin(X.count()); q < back.units.end(X.count()); ++q) {
    const ptrdiff_t width = X.width(q), units = X.units_in(q);
    const ptrdiff_t active = back.schedule.active_end(begin, end, s);
    for_row_groups(begin, active, [&](ptrdiff_t n, ptrdiff_t rows) {
      panel_rows_product(D.rows(s, n, rows, 0, 1), a.rt[1], X, q, zeros, 0, out);
      for (ptrdiff_t j = 0; j < units; j += V) {
        const ptrdiff_t unit = X.offset(q, 1) + j, m = units - j < V ? units - j : V;
        const Cells cells = cells_of_rows(n, rows, unit, m);
        const ptrdiff_t gate_width = D.cell_step(cells);
        const Real* r_gates = back.gates + s * back.N * P.row() + cells.tape(P, back.N) + m;
        Real* dr = D.of_cells(cells, s) + 2 * m;
        Real* rh = a.rh + (D.row(s) + n) * Hp + unit;
        for_valid_cells<1>(back.schedule, s, cells, [&](auto, ptrdiff_t k) {
          const ptrdiff_t at = cells.slot(k) * Hp + unit;
          const Vec<Real> r = load_n(r_gates + k * gate_width, m);
          const Vec<Real> mask = back.recurrent_mask
                                     ? load(back.recurrent_mask + 2 * back.N * Hp + at)
                                     : splat(Real(1));
          const Vec<Real> drh = load(out + k * width + j) * mask;
          const Vec<Real> h_prev = load(a.h + s * back.N * Hp + at);
          store_n(dr + k * gate_width, drh * h_prev * slope<Real>(Activation::kSigmoid, r), m);
          store(back.dh + at, multiply_add(drh, r, load(back.dh + at)));
          store(rh + k * Hp, r * h_prev * mask);
        });
        for_masked_cells(back.schedule, s, cells,
                         [&](ptrdiff_t k, bool) { store(rh + k * Hp, Vec<Real>{}); });
      }
    });
  }
}

template <bool kWhole, class Real>
void gru_cells_backward(const fusedrnn::GruBackward<Real>& a, const GateGradients<Real>& D,
                        ptrdiff_t s, const Cells& cells, RecurrentGradient<Real> recurrent) {
  const RecurrentBack<Real>& back = a.back;
  const Panels& P = D.panels;
  const ptrdiff_t Hp = fusedrnn::round_up(back.H, kLanes<Real>), unit = cells.first_unit;
  const ptrdiff_t m = cells.m, width = cells.tape_step(P, back.N);
  const Real* gates = back.gates + s * back.N * P.row() + cells.tape(P, back.N);
  const Real* h_prev = a.h + s * back.N * Hp + unit;
  Real* dgates = D.of_cells(cells, s);
  for_valid_cells<1>(back.schedule, s, cells, [&](auto, ptrdiff_t k) FUSEDRNN_INLINE_LAMBDA {
    const ptrdiff_t slot = cells.slot(k);
    const Vec<Real> dh = output_gradient<kWhole, Real>(back, recurrent.of(k), slot, s, unit, m);
    gru_cell_backward<kWhole>(a, dh, m, gates + k * width, h_prev + slot * Hp,
                              back.dh + slot * Hp + unit, dgates + k * width);
  });
}

template <class Real>
void gru_backward(const fusedrnn::GruBackward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  const GateGradients<Real> D = {
      .panels = fusedrnn::gate_panels(a.back.H, a.reset_after ? 4 : 3, kLanes<Real>),
      .skipped = 1,
      .gates = a.reset_after ? 3 : 2,
      .rt = a.rt[0],
      .back = a.back,
      .state = a.h};
  run_chunk(
      D, begin, end,
      [&](ptrdiff_t s, const Cells& cells, const RecurrentGradient<Real>& recurrent) {
        const auto cells_backward = cells.m == kLanes<Real> ? &gru_cells_backward<true, Real>
                                                            : &gru_cells_backward<false, Real>;
        cells_backward(a, D, s, cells, recurrent);
      },
      [&](ptrdiff_t s) {
        if (a.reset_after) return;
        gru_reset_gradient(a, D, s, begin, end);
        a.back.units.meet();
      });
}

}  // namespace
