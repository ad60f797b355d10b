// GRU backward through time. With dh what reaches h, keep = z (or 1-z, where z writes):
//   dn = dh (1-keep) (1-n^2);  dz = +-dh (h_prev - n) z (1-z);  dh_prev = dh keep + ...
//   reset after:  dr = dn (h R_n + c_n) r (1-r);         ... + [dz dr dn r] R^T
//   reset before: drh = dn R_n^T;  dr = drh h_prev r (1-r);  ... + drh r + [dz dr] R_zr^T
// The panels of the gate gradients hold n z r and, reset after, n r: so what the input product
// needs and what the recurrent product needs are each one stretch.
#pragma once

#include "gemm.hpp"
#include "lstm_backward.hpp"

namespace {

template <bool kWhole, class Real>
FUSEDRNN_INLINE void gru_cell_backward(const fusedrnn::GruBackward<Real>& a, Vec<Real> dh,
                                       ptrdiff_t m, const Real* gates, const Real* h_prev,
                                       Real* dh_carried, Real* dgates) {
  const Vec<Real> z = load_lanes<kWhole>(gates, m), n = load_lanes<kWhole>(gates + 2 * m, m);
  const Vec<Real> keep = a.update_keeps ? z : Real(1) - z;
  const Vec<Real> dn = (dh - dh * keep) * slope<Real>(a.activation, n);
  const Vec<Real> dkeep = dh * (load(h_prev) - n) * (z - z * z);
  store(dh_carried, dh * keep);
  store_lanes<kWhole>(dgates, dn, m);
  store_lanes<kWhole>(dgates + m, a.update_keeps ? dkeep : -dkeep, m);
  if (a.reset_after) {
    const Vec<Real> r = load_lanes<kWhole>(gates + m, m);
    const Vec<Real> hn = load_lanes<kWhole>(gates + 3 * m, m);
    store_lanes<kWhole>(dgates + 2 * m, dn * hn * (r - r * r), m);
    store_lanes<kWhole>(dgates + 3 * m, dn * r, m);
  }
}

// Reset before: the second half of a step, for rows whose dn is known for all units.
template <class Real>
FUSEDRNN_INLINE void gru_reset_gradient(const fusedrnn::GruBackward<Real>& a, ptrdiff_t s,
                                        ptrdiff_t begin, ptrdiff_t end, const Panels& D,
                                        const Panels& X, Real* out) {
  constexpr int V = kLanes<Real>;
  alignas(64) const Real zeros[kMaxVectors * V] = {};
  const ptrdiff_t K = (a.chunk + 1) * a.N, Hp = fusedrnn::round_up(a.H, V);
  const ptrdiff_t row = (s - a.step_begin) * a.N;
  for (ptrdiff_t q = a.share.begin(X.count()); q < a.share.end(X.count()); ++q) {
    const ptrdiff_t width = X.width(q);
    for_row_groups(begin, a.schedule.active_end(begin, end, s), [&](ptrdiff_t n, ptrdiff_t rows) {
      panel_rows_product(a.dgates, D, K, row + n, rows, 0, 1, a.rt[1], X, q, zeros, 0, out);
      for (ptrdiff_t t = 0; t < rows; ++t)
        for (ptrdiff_t j = 0; j < width; j += V) {
          const ptrdiff_t slot = n + t, unit = X.offset(q, 1) + j, p = unit / V;
          const ptrdiff_t m = D.units_in(p), at = slot * Hp + unit;
          Real* rh = a.rh + (row + slot) * Hp + unit;
          if (!(a.schedule.flags(slot, s) & fusedrnn::Schedule::kValid)) {
            store(rh, Vec<Real>{});
            continue;
          }
          const Vec<Real> r =
              load_n(a.gates + s * a.N * D.row() + D.offset(p, a.N) + slot * D.width(p) + m, m);
          const Vec<Real> mask =
              a.recurrent_mask ? load(a.recurrent_mask + 2 * a.N * Hp + at) : splat(Real(1));
          const Vec<Real> drh = load(out + t * width + j) * mask;
          const Vec<Real> h_prev = load(a.h + s * a.N * Hp + at);
          store_n(a.dgates + D.offset(p, K) + (row + slot) * D.width(p) + 2 * m,
                  drh * h_prev * (r - r * r), m);
          store(a.dh + at, load(a.dh + at) + drh * r);
          store(rh, r * h_prev * mask);
        }
    });
  }
}

template <class Real>
void gru_backward(const fusedrnn::GruBackward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real out[kGroupRows * kMaxVectors * V];
  const Panels D = {a.H, a.reset_after ? 4 : 3, 1, V}, X = {a.H, 1, kMaxVectors, V};
  const int recurrent_gates = a.reset_after ? 3 : 2;
  const ptrdiff_t K = (a.chunk + 1) * a.N, Hp = fusedrnn::round_up(a.H, V);
  const ptrdiff_t gates_row = D.row();

  for (ptrdiff_t s = a.step_end - 1; s >= a.step_begin - (a.step_begin == 0); --s) {
    const ptrdiff_t row = (s - a.step_begin) * a.N;
    const ptrdiff_t next_row = s + 1 == a.step_end ? a.chunk * a.N : row + a.N;
    for (ptrdiff_t q = a.share.begin(X.count()); q < a.share.end(X.count()); ++q) {
      const ptrdiff_t width = X.width(q);
      const int C = int(width / V);
      for_backward_groups(
          a.schedule, begin, end, s, [&](ptrdiff_t n, ptrdiff_t rows, bool has_next) {
            recurrent_gradient(a, D, K, next_row, has_next, n, rows, 1, recurrent_gates, a.rt[0], X,
                               q, Hp, out);
            for (ptrdiff_t r = 0; r < rows; ++r) {
              const ptrdiff_t slot = n + r, at = slot * Hp + X.offset(q, 1);
              const uint8_t flags = s < 0 ? 0 : a.schedule.flags(slot, s);
              const Real* dy = emitted_gradient(a, slot, s, flags, X.offset(q, 1));
              const Real* h_prev = a.h + s * a.N * Hp + at;
              for (int v = 0; v < C; ++v) {
                const ptrdiff_t p = q * kMaxVectors + v, m = D.units_in(p), j = v * V;
                const ptrdiff_t gate_width = D.width(p);
                const Vec<Real> dh = output_gradient(out + r * width + j, dy ? dy + j : dy, m);
                if (s < 0) {
                  store(a.dh + at + j, dh);
                  continue;
                }
                Real* dgates = a.dgates + D.offset(p, K) + (row + slot) * gate_width;
                if (!(flags & fusedrnn::Schedule::kValid)) {
                  pass_masked_step(dh, a.dh + at + j, dgates, gate_width);
                  continue;
                }
                const Real* gates =
                    a.gates + s * a.N * gates_row + D.offset(p, a.N) + slot * gate_width;
                if (m == V)
                  gru_cell_backward<true>(a, dh, V, gates, h_prev + j, a.dh + at + j, dgates);
                else
                  gru_cell_backward<false>(a, dh, m, gates, h_prev + j, a.dh + at + j, dgates);
              }
            }
          });
    }
    a.share.meet();
    if (!a.reset_after && s >= 0) {
      gru_reset_gradient(a, s, begin, end, D, X, out);
      a.share.meet();
    }
  }
  if (a.step_begin > 0) keep_first_step(a.dgates, D, a.N, a.chunk, begin, end, a.share);
}

}  // namespace
