// LSTM forward: i, f, o = sigmoid, g = tanh of x W + h R + b;  c = f c + i g;  h = o tanh(c).
#pragma once

#include "gemm.hpp"
#include "input_product.hpp"
#include "math.hpp"
#include "rows.hpp"

namespace {

// One vector of units of `kRows` rows, `pre_row`, `state_row` and `gates_row` apart; `pre` and the
// gates of the tape have their gates m values apart. (Or kRows vectors of units of one row.)
template <bool kWhole, int kRows, class Real>
FUSEDRNN_INLINE void lstm_cell_forward(Activation f, const Real* pre, ptrdiff_t pre_row,
                                       ptrdiff_t m, const Real* c_prev, Real* c, Real* h,
                                       ptrdiff_t state_row, Real* const* y, Real* gates,
                                       ptrdiff_t gates_row) {
  Vec<Real> gate[4 * kRows], c_new[kRows];  // i f o of every row, then g
  lockstep<4 * kRows>([&](int k) {
    const int row = k < 3 * kRows ? k / 3 : k - 3 * kRows, at = k < 3 * kRows ? k % 3 : 2;
    const int block = k >= 3 * kRows ? 2 : at == 2 ? 3 : at;
    gate[k] = load_lanes<kWhole>(pre + row * pre_row + block * m, m);
  });
  activate_with<Real, 3 * kRows>(f, gate);
  lockstep<kRows>([&](int r) {
    const Vec<Real> i = gate[3 * r], forget = gate[3 * r + 1], o = gate[3 * r + 2];
    const Vec<Real> g = gate[3 * kRows + r];
    c_new[r] = forget * load(c_prev + r * state_row) + i * g;
    store(c + r * state_row, c_new[r]);
    if (gates) {
      store_lanes<kWhole>(gates + r * gates_row, i, m);
      store_lanes<kWhole>(gates + r * gates_row + m, forget, m);
      store_lanes<kWhole>(gates + r * gates_row + 2 * m, g, m);
      store_lanes<kWhole>(gates + r * gates_row + 3 * m, o, m);
    }
  });
  activate_with<Real, 0>(f, c_new);
  lockstep<kRows>([&](int r) {
    const Vec<Real> h_new = gate[3 * r + 2] * c_new[r];
    store(h + r * state_row, h_new);
    if (y[r]) store_lanes<kWhole>(y[r], h_new, m);
  });
}

template <class Real>
void lstm_forward(const fusedrnn::LstmForward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real pre[kMaxRows * kMaxVectors * V];
  const Panels P = {a.H, 4, 1, V};
  const ptrdiff_t K = 1 + a.I + a.H, Hp = fusedrnn::round_up(a.H, V), gates_row = P.row();
  const ptrdiff_t c_ring = a.ring < 0 ? a.ring : 0;
  const ptrdiff_t steps = begin < end ? a.schedule.length[begin] : 0;
  const ptrdiff_t first = a.share.begin(P.count()), last = a.share.end(P.count());
  const bool prefetches = !stays_in_l2<Real>((last - first) * P.offset(1, K));
  InputProduct<Real, fusedrnn::LstmForward<Real>> input(a, P, a.weights, K, 0, begin, end);

  for (ptrdiff_t s = 0; s < steps; ++s) {
    end = a.schedule.active_end(begin, end, s);
    input.advance(s, end);
    const Real* h_prev = a.h + (s & a.ring) * a.N * Hp;
    Real* h = a.h + ((s + 1) & a.ring) * a.N * Hp;
    const Real* c_prev = a.c + (s & c_ring) * a.N * Hp;
    Real* c = a.c + ((s + 1) & c_ring) * a.N * Hp;

    ptrdiff_t p = first;
    if (end - begin == 1 && !a.schedule.mask)
      for (; p + 2 <= last && (p + 2) * V <= a.H; p += 2) {
        const Real* w = a.weights + P.offset(p, K);
        Segment<Real> segments[2];
        segments[0].row[0] = x_row(a, begin, s);
        segments[0].K = a.I;
        segments[0].b = w + 4 * V;
        segments[1].row[0] = h_prev + begin * Hp;
        segments[1].K = a.H;
        segments[1].b = w + (1 + a.I) * 4 * V;
        tile_pair<Real, 4>(segments + input.ahead(), 2 - input.ahead(), P.offset(1, K),
                           input.row(p, begin, s), input.panel_stride(), pre);
        const ptrdiff_t unit = p * V, at = begin * Hp + unit;
        Real* y = y_row(a, begin, s, unit);
        Real* const ys[2] = {y, y ? y + V : nullptr};
        lstm_cell_forward<true, 2>(
            a.activation, pre, 4 * V, V, c_prev + at, c + at, h + at, V, ys,
            a.gates ? a.gates + s * a.N * gates_row + P.offset(p, a.N) + begin * 4 * V : nullptr,
            P.offset(1, a.N));
      }
    for (; p < last; ++p) {
      const ptrdiff_t width = P.width(p), m = P.units_in(p), unit = p * V;
      const int C = int(width / V);
      const Real* w = a.weights + P.offset(p, K);
      NextPanel<Real> next;
      if (prefetches)
        next = {a.weights + P.offset(p + 1 < last ? p + 1 : first, K), width * K, end - begin};
      for_row_tiles(begin, end, C, [&](ptrdiff_t n, int R) {
        Segment<Real> segments[2];
        for (int r = 0; r < R; ++r) {
          segments[0].row[r] = x_row(a, n + r, s);
          segments[1].row[r] = h_prev + (n + r) * Hp;
        }
        segments[0].stride = segments[1].stride = 1;
        segments[0].K = a.I;
        segments[0].b = w + width;
        segments[1].K = a.H;
        segments[1].b = w + (1 + a.I) * width;
        next.spread(segments + input.ahead(), 2 - input.ahead(), n - begin, R);
        kTiles<Real>[R - 1][C - 1](segments + input.ahead(), 2 - input.ahead(), width,
                                   input.row(p, n, s), input.row_stride(p), pre, width);

        const auto cells = [&](auto whole, auto rows, int r) {
          constexpr int kRows = decltype(rows)::value;
          const ptrdiff_t slot = n + r, at = slot * Hp + unit;
          Real* y[kRows];
          for (int k = 0; k < kRows; ++k) y[k] = y_row(a, slot + k, s, unit);
          lstm_cell_forward<decltype(whole)::value, kRows>(
              a.activation, pre + r * width, width, m, c_prev + at, c + at, h + at, Hp, y,
              a.gates ? a.gates + s * a.N * gates_row + P.offset(p, a.N) + slot * width : nullptr,
              width);
        };
        for_rows(R, a.schedule.mask == nullptr, m == V, [&](auto whole, auto rows, int r) {
          const ptrdiff_t slot = n + r, at = slot * Hp + unit;
          const uint8_t flags = a.schedule.flags(slot, s);
          if (flags & fusedrnn::Schedule::kValid) return cells(whole, rows, r);
          carry_state(h_prev + at, h + at, y_row(a, slot, s, unit),
                      flags & fusedrnn::Schedule::kEmit, m);
          store(c + at, load(c_prev + at));
        });
      });
    }
    a.share.meet();
  }
}

}  // namespace
