// GRU forward: z, r = sigmoid of x W + h R + b, then
//   reset after:  n = tanh(x W_n + b_n + r (h R_n + c_n));
//   reset before: n = tanh(x W_n + b_n + (r h) R_n);
//   h = z h + (1-z) n, or, where z writes, h = (1-z) h + z n.
#pragma once

#include "gemm.hpp"
#include "input_product.hpp"
#include "math.hpp"
#include "rows.hpp"

namespace {

template <class Real>
FUSEDRNN_INLINE Vec<Real> gru_update(Vec<Real> z, Vec<Real> n, Vec<Real> h_prev, bool keeps) {
  return keeps ? n + z * (h_prev - n) : h_prev + z * (n - h_prev);
}

// Reset after, one vector of units of `kRows` rows, `x_row`, `h_row`, `state_row`, `gates_row`
// apart; pre_x and pre_h have z r n, m values apart, and so has the tape, with h R_n + c_n behind
// them.
template <bool kWhole, int kRows, class Real>
FUSEDRNN_INLINE void gru_cell_forward(const fusedrnn::GruForward<Real>& a, const Real* pre_x,
                                      ptrdiff_t x_row, const Real* pre_h, ptrdiff_t h_row,
                                      ptrdiff_t m, const Real* h_prev, Real* h, ptrdiff_t state_row,
                                      Real* const* y, Real* gates, ptrdiff_t gates_row) {
  const auto of_x = [&](int r, int g) { return load_lanes<kWhole>(pre_x + r * x_row + g * m, m); };
  const auto of_h = [&](int r, int g) { return load_lanes<kWhole>(pre_h + r * h_row + g * m, m); };
  Vec<Real> zr[2 * kRows], n[kRows], hn[kRows];
  lockstep<2 * kRows>([&](int k) { zr[k] = of_x(k / 2, k % 2) + of_h(k / 2, k % 2); });
  activate<Real, 2 * kRows>(zr);
  lockstep<kRows>([&](int r) { hn[r] = of_h(r, 2); });
  lockstep<kRows>([&](int r) { n[r] = of_x(r, 2) + zr[2 * r + 1] * hn[r]; });
  activate_with<Real, 0>(a.activation, n);
  lockstep<kRows>([&](int r) {
    const Vec<Real> h_new =
        gru_update<Real>(zr[2 * r], n[r], load(h_prev + r * state_row), a.update_keeps);
    store(h + r * state_row, h_new);
    if (y[r]) store_lanes<kWhole>(y[r], h_new, m);
    if (gates) {
      Real* out = gates + r * gates_row;
      store_lanes<kWhole>(out, zr[2 * r], m);
      store_lanes<kWhole>(out + m, zr[2 * r + 1], m);
      store_lanes<kWhole>(out + 2 * m, n[r], m);
      store_lanes<kWhole>(out + 3 * m, hn[r], m);
    }
  });
}

template <class Real>
using GruInput = InputProduct<Real, fusedrnn::GruForward<Real>>;

template <class Real>
FUSEDRNN_INLINE void gru_step_reset_after(const fusedrnn::GruForward<Real>& a,
                                          const GruInput<Real>& input, ptrdiff_t s, ptrdiff_t begin,
                                          ptrdiff_t end, const Real* h_prev, Real* h) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real pre[2][kMaxRows * 3 * V];
  const Panels P = {a.H, 3, 1, V}, tape = {a.H, 4, 1, V};
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, V);
  ptrdiff_t first = a.share.begin(P.count());
  const ptrdiff_t last = a.share.end(P.count());
  const bool prefetches = !stays_in_l2<Real>((last - first) * P.offset(1, 2 + a.I + a.H));
  if (end - begin == 1 && !a.schedule.mask)
    for (; first + 2 <= last && (first + 2) * V <= a.H; first += 2) {
      const ptrdiff_t unit = first * V, at = begin * Hp + unit;
      const Real* w[2] = {a.weights[0] + P.offset(first, 1 + a.I),
                          a.weights[1] + P.offset(first, 1 + a.H)};
      Segment<Real> part;
      if (!input.ahead()) {
        part.row[0] = x_row(a, begin, s);
        part.K = a.I;
        part.b = w[0] + 3 * V;
        tile_pair<Real, 3>(&part, 1, P.offset(1, 1 + a.I), w[0], P.offset(1, 1 + a.I), pre[0]);
      }
      part.row[0] = h_prev + begin * Hp;
      part.K = a.H;
      part.b = w[1] + 3 * V;
      tile_pair<Real, 3>(&part, 1, P.offset(1, 1 + a.H), w[1], P.offset(1, 1 + a.H), pre[1]);
      Real* y = y_row(a, begin, s, unit);
      Real* const ys[2] = {y, y ? y + V : nullptr};
      gru_cell_forward<true, 2>(
          a, input.ahead() ? input.row(first, begin, s) : pre[0],
          input.ahead() ? input.panel_stride() : 3 * V, pre[1], 3 * V, V, h_prev + at, h + at, V,
          ys,
          a.gates ? a.gates + s * a.N * tape.row() + tape.offset(first, a.N) + begin * 4 * V
                  : nullptr,
          tape.offset(1, a.N));
    }
  for (ptrdiff_t p = first; p < last; ++p) {
    const ptrdiff_t width = P.width(p), m = P.units_in(p), unit = p * V;
    const int C = int(width / V);
    const Real* wx = a.weights[0] + P.offset(p, 1 + a.I);
    const Real* wh = a.weights[1] + P.offset(p, 1 + a.H);
    NextPanel<Real> next_x, next_h;
    if (prefetches) {
      const ptrdiff_t next = p + 1 < last ? p + 1 : a.share.begin(P.count());
      next_x = {a.weights[0] + P.offset(next, 1 + a.I), width * (1 + a.I), end - begin};
      next_h = {a.weights[1] + P.offset(next, 1 + a.H), width * (1 + a.H), end - begin};
    }
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
      next_x.spread(&x_part, 1, n - begin, R);
      next_h.spread(&h_part, 1, n - begin, R);
      if (!input.ahead()) kTiles<Real>[R - 1][C - 1](&x_part, 1, width, wx, 0, pre[0], width);
      const Real* pre_x = input.ahead() ? input.row(p, n, s) : pre[0];
      kTiles<Real>[R - 1][C - 1](&h_part, 1, width, wh, 0, pre[1], width);
      const auto cells = [&](auto whole, auto rows, int r) {
        constexpr int kRows = decltype(rows)::value;
        const ptrdiff_t slot = n + r, at = slot * Hp + unit;
        Real* y[kRows];
        for (int k = 0; k < kRows; ++k) y[k] = y_row(a, slot + k, s, unit);
        const ptrdiff_t tape_width = tape.width(p);
        gru_cell_forward<decltype(whole)::value, kRows>(
            a, pre_x + r * width, width, pre[1] + r * width, width, m, h_prev + at, h + at, Hp, y,
            a.gates ? a.gates + s * a.N * tape.row() + tape.offset(p, a.N) + slot * tape_width
                    : nullptr,
            tape_width);
      };
      for_rows(R, a.schedule.mask == nullptr, m == V, [&](auto whole, auto rows, int r) {
        const ptrdiff_t slot = n + r, at = slot * Hp + unit;
        const uint8_t flags = a.schedule.flags(slot, s);
        if (flags & fusedrnn::Schedule::kValid) return cells(whole, rows, r);
        carry_state(h_prev + at, h + at, y_row(a, slot, s, unit), flags & fusedrnn::Schedule::kEmit,
                    m);
      });
    });
  }
}

// The panels of the reset-before form hold 2 (z r) or 4 (n) vectors of units; calls
// body(slot, unit, m, values) for each vector of units of each row, its gates `apart` apart.
template <class Real, class Body>
FUSEDRNN_INLINE void gru_product(const fusedrnn::GruForward<Real>& a, const GruInput<Real>& input,
                                 ptrdiff_t s, ptrdiff_t begin, ptrdiff_t end, const Panels& P,
                                 const Real* weights, const Real* state, Body body) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real pre[kMaxRows * kMaxVectors * V];
  const ptrdiff_t K = 1 + a.I + a.H, Hp = fusedrnn::round_up(a.H, V);
  const bool prefetches = !stays_in_l2<Real>(3 * a.H * K / a.share.parts);  // with the other gates
  for (ptrdiff_t p = a.share.begin(P.count()); p < a.share.end(P.count()); ++p) {
    const ptrdiff_t width = P.width(p), apart = P.units_in(p);
    const int C = int(width / V);
    const Real* w = weights + P.offset(p, K);
    NextPanel<Real> next;
    if (prefetches) next = {w + P.offset(1, K), width * K, end - begin};
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
      next.spread(segments + input.ahead(), 2 - input.ahead(), n - begin, R);
      kTiles<Real>[R - 1][C - 1](segments + input.ahead(), 2 - input.ahead(), width,
                                 input.row(p, n, s), input.row_stride(p), pre, width);
      for (int r = 0; r < R; ++r)
        for (ptrdiff_t j = 0; j < apart; j += V)
          body(n + r, p * P.full_units() + j, apart - j < V ? apart - j : V, pre + r * width + j,
               apart);
    });
  }
}

template <class Real>
FUSEDRNN_INLINE Real* tape_row(const fusedrnn::GruForward<Real>& a, const Panels& tape, ptrdiff_t s,
                               ptrdiff_t slot, ptrdiff_t unit) {
  const ptrdiff_t p = unit / kLanes<Real>;
  return a.gates + s * a.N * tape.row() + tape.offset(p, a.N) + slot * tape.width(p);
}

// Reset before, the first half of a step: z and r * state of one vector of units.
template <class Real>
FUSEDRNN_INLINE void gru_reset_state(const fusedrnn::GruForward<Real>& a, const Panels& tape,
                                     ptrdiff_t s, ptrdiff_t slot, ptrdiff_t unit, ptrdiff_t m,
                                     const Real* pre, ptrdiff_t apart, const Real* state) {
  constexpr int V = kLanes<Real>;
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, V), at = slot * Hp + unit;
  Vec<Real> zr[2] = {m == V ? load(pre) : load_n(pre, m),
                     m == V ? load(pre + apart) : load_n(pre + apart, m)};
  activate<Real, 2>(zr);
  const Vec<Real> z = zr[0], r = zr[1];
  store(a.scratch + at, z);
  store(a.scratch + a.N * Hp + at, r * load(state + at));
  if (a.gates) {
    Real* gates = tape_row(a, tape, s, slot, unit);
    store_n(gates, z, m);
    store_n(gates + m, r, m);
  }
}

// The second half: the candidate from r * state, and the new state. Not inline: it has two callers,
// and its body is inlined only where there is one copy of it.
template <class Real>
void gru_candidate(const fusedrnn::GruForward<Real>& a, const GruInput<Real>& input, ptrdiff_t s,
                   ptrdiff_t begin, ptrdiff_t end, const Real* h_prev, Real* h) {
  constexpr int V = kLanes<Real>;
  const Panels N = {a.H, 1, 4, V}, tape = {a.H, 3, 1, V};
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, V);
  const Real *z_step = a.scratch, *rh_step = a.scratch + a.N * Hp;
  gru_product(a, input, s, begin, end, N, a.weights[1], rh_step,
              [&](ptrdiff_t slot, ptrdiff_t unit, ptrdiff_t m, const Real* pre, ptrdiff_t) {
                const ptrdiff_t at = slot * Hp + unit;
                Real* y = y_row(a, slot, s, unit);
                const uint8_t flags = a.schedule.flags(slot, s);
                if (!(flags & fusedrnn::Schedule::kValid)) {
                  carry_state(h_prev + at, h + at, y, flags & fusedrnn::Schedule::kEmit, m);
                  return;
                }
                Vec<Real> n[1] = {m == V ? load(pre) : load_n(pre, m)};
                activate_with<Real, 0>(a.activation, n);

                const Vec<Real> h_new =
                    gru_update<Real>(load(z_step + at), n[0], load(h_prev + at), a.update_keeps);
                store(h + at, h_new);
                if (y) store_n(y, h_new, m);
                if (a.gates) store_n(tape_row(a, tape, s, slot, unit) + 2 * m, n[0], m);
              });
}

template <class Real>
FUSEDRNN_INLINE void gru_step_reset_before(const fusedrnn::GruForward<Real>& a,
                                           const GruInput<Real>& zr_input,
                                           const GruInput<Real>& n_input, ptrdiff_t s,
                                           ptrdiff_t begin, ptrdiff_t end, const Real* h_prev,
                                           Real* h) {
  const Panels ZR = {a.H, 2, 2, kLanes<Real>}, tape = {a.H, 3, 1, kLanes<Real>};
  gru_product(a, zr_input, s, begin, end, ZR, a.weights[0], h_prev,
              [&](ptrdiff_t slot, ptrdiff_t unit, ptrdiff_t m, const Real* pre, ptrdiff_t apart) {
                gru_reset_state(a, tape, s, slot, unit, m, pre, apart, h_prev);
              });
  a.share.meet();
  gru_candidate(a, n_input, s, begin, end, h_prev, h);
}

template <class Real>
void gru_forward(const fusedrnn::GruForward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>;
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, V);
  const ptrdiff_t steps = begin < end ? a.schedule.length[begin] : 0;
  const Panels first = {a.H, a.reset_after ? 3 : 2, a.reset_after ? 1 : 2, V}, N = {a.H, 1, 4, V};
  const ptrdiff_t K = 1 + a.I + (a.reset_after ? 0 : a.H);
  GruInput<Real> input(a, first, a.weights[0], K, 0, begin, end);
  GruInput<Real> n_input(a, N, a.weights[1], K, 1, begin, end);
  for (ptrdiff_t s = 0; s < steps; ++s) {
    end = a.schedule.active_end(begin, end, s);
    input.advance(s, end);
    const Real* h_prev = a.h + (s & a.ring) * a.N * Hp;
    Real* h = a.h + ((s + 1) & a.ring) * a.N * Hp;
    if (a.reset_after) {
      gru_step_reset_after(a, input, s, begin, end, h_prev, h);
    } else {
      n_input.advance(s, end);
      gru_step_reset_before(a, input, n_input, s, begin, end, h_prev, h);
    }
    a.share.meet();
  }
}

}  // namespace
