// GRU forward: z, r = sigmoid of x W + h R + b, then
//   reset after:  n = tanh(x W_n + b_n + r (h R_n + c_n));
//   reset before: n = tanh(x W_n + b_n + (r h) R_n);
//   h = z h + (1-z) n, or, where z writes, h = (1-z) h + z n.
#pragma once

#include "gemm.hpp"
#include "lstm_forward.hpp"
#include "math.hpp"

namespace {

template <class Real>
FUSEDRNN_INLINE Vec<Real> gru_update(Vec<Real> z, Vec<Real> n, Vec<Real> h_prev, bool keeps) {
  return keeps ? n + z * (h_prev - n) : h_prev + z * (n - h_prev);
}

// Reset after, one vector of units; pre_x and pre_h have z r n, m values apart.
template <bool kWhole, class Real>
FUSEDRNN_INLINE void gru_cell_forward(const Real* pre_x, const Real* pre_h, ptrdiff_t m,
                                      bool update_keeps, const Real* h_prev, Real* h, Real* y,
                                      Real* gates) {
  const auto gate = [m](const Real* p, int g) { return load_lanes<kWhole>(p + g * m, m); };
  const Vec<Real> z = sigmoid<Real>(gate(pre_x, 0) + gate(pre_h, 0));
  const Vec<Real> r = sigmoid<Real>(gate(pre_x, 1) + gate(pre_h, 1));
  const Vec<Real> hn = gate(pre_h, 2);
  const Vec<Real> n = tanh<Real>(gate(pre_x, 2) + r * hn);
  const Vec<Real> h_new = gru_update<Real>(z, n, load(h_prev), update_keeps);
  store(h, h_new);
  if (y) store_lanes<kWhole>(y, h_new, m);
  if (gates) {
    store_lanes<kWhole>(gates, z, m);
    store_lanes<kWhole>(gates + m, r, m);
    store_lanes<kWhole>(gates + 2 * m, n, m);
    store_lanes<kWhole>(gates + 3 * m, hn, m);
  }
}

template <class Real>
FUSEDRNN_INLINE const Real* x_row(const fusedrnn::GruForward<Real>& a, ptrdiff_t slot,
                                  ptrdiff_t s) {
  return a.x.data + a.schedule.row[slot] * a.x.stride_n + a.schedule.time(slot, s) * a.x.stride_t;
}

template <class Real>
FUSEDRNN_INLINE Real* y_row(const fusedrnn::GruForward<Real>& a, ptrdiff_t slot, ptrdiff_t s) {
  if (!a.y.data) return nullptr;
  return a.y.data + a.schedule.row[slot] * a.y.stride_n + a.schedule.time(slot, s) * a.y.stride_t;
}

template <class Real>
FUSEDRNN_INLINE void gru_step_reset_after(const fusedrnn::GruForward<Real>& a, ptrdiff_t s,
                                          ptrdiff_t begin, ptrdiff_t end, const Real* h_prev,
                                          Real* h) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real pre[2][kMaxRows * 3 * V];
  const Panels P = {a.H, 3, 1, V}, tape = {a.H, 4, 1, V};
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, V);
  for (ptrdiff_t p = 0; p < P.count(); ++p) {
    const ptrdiff_t width = P.width(p), m = P.units_in(p), unit = p * V;
    const int C = int(width / V);
    const Real* wx = a.weights[0] + P.offset(p, 1 + a.I);
    const Real* wh = a.weights[1] + P.offset(p, 1 + a.H);
    for_row_tiles(begin, end, C, [&](ptrdiff_t n, int R) {
      Segment<Real> x_part, h_part;
      for (int r = 0; r < R; ++r) {
        x_part.row[r] = x_row(a, n + r, s);
        h_part.row[r] = h_prev + (n + r) * Hp;
      }
      x_part.stride = h_part.stride = 1;
      x_part.K = a.I;
      x_part.b = wx + width;
      h_part.K = a.H;
      h_part.b = wh + width;
      kTiles<Real>[R - 1][C - 1](&x_part, 1, width, wx, 0, pre[0], width);
      kTiles<Real>[R - 1][C - 1](&h_part, 1, width, wh, 0, pre[1], width);
      for (int r = 0; r < R; ++r) {
        const ptrdiff_t slot = n + r, at = slot * Hp + unit;
        Real* y = y_row(a, slot, s);
        if (y) y += unit;
        const uint8_t flags = a.schedule.flags(slot, s);
        if (!(flags & fusedrnn::Schedule::kValid)) {
          carry_state(h_prev + at, h + at, y, flags & fusedrnn::Schedule::kEmit, m);
          continue;
        }
        Real* gates =
            a.gates ? a.gates + s * a.N * tape.row() + tape.offset(p, a.N) + slot * tape.width(p)
                    : nullptr;
        const Real *px = pre[0] + r * width, *ph = pre[1] + r * width;
        if (m == V)
          gru_cell_forward<true>(px, ph, V, a.update_keeps, h_prev + at, h + at, y, gates);
        else
          gru_cell_forward<false>(px, ph, m, a.update_keeps, h_prev + at, h + at, y, gates);
      }
    });
  }
}

// The panels of the reset-before form hold 2 (z r) or 4 (n) vectors of units; calls
// body(slot, unit, m, values) for each vector of units of each row, its gates `apart` apart.
template <class Real, class Body>
FUSEDRNN_INLINE void gru_product(const fusedrnn::GruForward<Real>& a, ptrdiff_t s, ptrdiff_t begin,
                                 ptrdiff_t end, const Panels& P, const Real* weights,
                                 const Real* state, Body body) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real pre[kMaxRows * kMaxVectors * V];
  const ptrdiff_t K = 1 + a.I + a.H, Hp = fusedrnn::round_up(a.H, V);
  for (ptrdiff_t p = 0; p < P.count(); ++p) {
    const ptrdiff_t width = P.width(p), apart = P.units_in(p);
    const int C = int(width / V);
    const Real* w = weights + P.offset(p, K);
    for_row_tiles(begin, end, C, [&](ptrdiff_t n, int R) {
      Segment<Real> segments[2];
      for (int r = 0; r < R; ++r) {
        segments[0].row[r] = x_row(a, n + r, s);
        segments[1].row[r] = state + (n + r) * Hp;
      }
      segments[0].stride = segments[1].stride = 1;
      segments[0].K = a.I;
      segments[0].b = w + width;
      segments[1].K = a.H;
      segments[1].b = w + (1 + a.I) * width;
      kTiles<Real>[R - 1][C - 1](segments, 2, width, w, 0, pre, width);
      for (int r = 0; r < R; ++r)
        for (ptrdiff_t j = 0; j < apart; j += V)
          body(n + r, p * P.full_units() + j, apart - j < V ? apart - j : V, pre + r * width + j,
               apart);
    });
  }
}

template <class Real>
FUSEDRNN_INLINE void gru_step_reset_before(const fusedrnn::GruForward<Real>& a, ptrdiff_t s,
                                           ptrdiff_t begin, ptrdiff_t end, const Real* h_prev,
                                           Real* h) {
  constexpr int V = kLanes<Real>;
  const Panels ZR = {a.H, 2, 2, V}, N = {a.H, 1, 4, V}, tape = {a.H, 3, 1, V};
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, V);
  Real *z_step = a.scratch, *rh_step = a.scratch + a.N * Hp;
  const auto tape_row = [&](ptrdiff_t slot, ptrdiff_t unit) {
    return a.gates + s * a.N * tape.row() + tape.offset(unit / V, a.N) +
           slot * tape.width(unit / V);
  };

  gru_product(a, s, begin, end, ZR, a.weights[0], h_prev,
              [&](ptrdiff_t slot, ptrdiff_t unit, ptrdiff_t m, const Real* pre, ptrdiff_t apart) {
                const ptrdiff_t at = slot * Hp + unit;
                const Vec<Real> z = sigmoid<Real>(m == V ? load(pre) : load_n(pre, m));
                const Vec<Real> r =
                    sigmoid<Real>(m == V ? load(pre + apart) : load_n(pre + apart, m));
                store(z_step + at, z);
                store(rh_step + at, r * load(h_prev + at));
                if (a.gates) {
                  store_n(tape_row(slot, unit), z, m);
                  store_n(tape_row(slot, unit) + m, r, m);
                }
              });
  gru_product(a, s, begin, end, N, a.weights[1], rh_step,
              [&](ptrdiff_t slot, ptrdiff_t unit, ptrdiff_t m, const Real* pre, ptrdiff_t) {
                const ptrdiff_t at = slot * Hp + unit;
                Real* y = y_row(a, slot, s);
                if (y) y += unit;
                const uint8_t flags = a.schedule.flags(slot, s);
                if (!(flags & fusedrnn::Schedule::kValid)) {
                  carry_state(h_prev + at, h + at, y, flags & fusedrnn::Schedule::kEmit, m);
                  return;
                }
                const Vec<Real> n = tanh<Real>(m == V ? load(pre) : load_n(pre, m));
                const Vec<Real> h_new =
                    gru_update<Real>(load(z_step + at), n, load(h_prev + at), a.update_keeps);
                store(h + at, h_new);
                if (y) store_n(y, h_new, m);
                if (a.gates) store_n(tape_row(slot, unit) + 2 * m, n, m);
              });
}

template <class Real>
void gru_forward(const fusedrnn::GruForward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, kLanes<Real>);
  const ptrdiff_t steps = begin < end ? a.schedule.length[begin] : 0;
  for (ptrdiff_t s = 0; s < steps; ++s) {
    end = a.schedule.active_end(begin, end, s);
    const Real* h_prev = a.h + (s & a.ring) * a.N * Hp;
    Real* h = a.h + ((s + 1) & a.ring) * a.N * Hp;
    if (a.reset_after)
      gru_step_reset_after(a, s, begin, end, h_prev, h);
    else
      gru_step_reset_before(a, s, begin, end, h_prev, h);
  }
}

}  // namespace
