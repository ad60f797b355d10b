// LSTM forward: i, f, o = sigmoid, g = tanh of x W + h R + b;  c = f c + i g;  h = o tanh(c).
#pragma once

#include "gemm.hpp"
#include "math.hpp"

namespace {

// One vector of units of one row; `pre` and `gates` have their gates m values apart.
template <bool kWhole, class Real>
FUSEDRNN_INLINE void lstm_cell_forward(const Real* pre, ptrdiff_t m, const Real* c_prev, Real* c,
                                       Real* h, Real* y, Real* gates) {
  const Vec<Real> i = sigmoid<Real>(load_lanes<kWhole>(pre, m));
  const Vec<Real> f = sigmoid<Real>(load_lanes<kWhole>(pre + m, m));
  const Vec<Real> g = tanh<Real>(load_lanes<kWhole>(pre + 2 * m, m));
  const Vec<Real> o = sigmoid<Real>(load_lanes<kWhole>(pre + 3 * m, m));
  const Vec<Real> c_new = f * load(c_prev) + i * g;
  const Vec<Real> h_new = o * tanh<Real>(c_new);
  store(c, c_new);
  store(h, h_new);
  if (y) store_lanes<kWhole>(y, h_new, m);
  if (gates) {
    store_lanes<kWhole>(gates, i, m);
    store_lanes<kWhole>(gates + m, f, m);
    store_lanes<kWhole>(gates + 2 * m, g, m);
    store_lanes<kWhole>(gates + 3 * m, o, m);
  }
}

// A masked step of one vector of units: the state is carried, y is the state or zero.
template <class Real>
FUSEDRNN_INLINE void carry_state(const Real* h_prev, Real* h, Real* y, bool emit, ptrdiff_t m) {
  const Vec<Real> v = load(h_prev);
  store(h, v);
  if (y) store_n(y, emit ? v : Vec<Real>{}, m);
}

template <class Real>
void lstm_forward(const fusedrnn::LstmForward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real pre[kMaxRows * kMaxVectors * V];
  const Panels P = {a.H, 4, 1, V};
  const ptrdiff_t K = 1 + a.I + a.H, Hp = fusedrnn::round_up(a.H, V), gates_row = P.row();
  const ptrdiff_t c_ring = a.ring < 0 ? a.ring : 0;
  const ptrdiff_t steps = begin < end ? a.schedule.length[begin] : 0;

  for (ptrdiff_t s = 0; s < steps; ++s) {
    end = a.schedule.active_end(begin, end, s);
    const Real* h_prev = a.h + (s & a.ring) * a.N * Hp;
    Real* h = a.h + ((s + 1) & a.ring) * a.N * Hp;
    const Real* c_prev = a.c + (s & c_ring) * a.N * Hp;
    Real* c = a.c + ((s + 1) & c_ring) * a.N * Hp;

    for (ptrdiff_t p = 0; p < P.count(); ++p) {
      const ptrdiff_t width = P.width(p), m = P.units_in(p), unit = p * V;
      const int C = int(width / V);
      const Real* w = a.weights + P.offset(p, K);
      for_row_tiles(begin, end, C, [&](ptrdiff_t n, int R) {
        Segment<Real> segments[2];
        for (int r = 0; r < R; ++r) {
          segments[0].row[r] = a.x.data + a.schedule.row[n + r] * a.x.stride_n +
                               a.schedule.time(n + r, s) * a.x.stride_t;
          segments[1].row[r] = h_prev + (n + r) * Hp;
        }
        segments[0].stride = segments[1].stride = 1;
        segments[0].K = a.I;
        segments[0].b = w + width;
        segments[1].K = a.H;
        segments[1].b = w + (1 + a.I) * width;
        kTiles<Real>[R - 1][C - 1](segments, 2, width, w, 0, pre, width);

        for (int r = 0; r < R; ++r) {
          const ptrdiff_t slot = n + r, at = slot * Hp + unit;
          Real* y = a.y.data ? a.y.data + a.schedule.row[slot] * a.y.stride_n +
                                   a.schedule.time(slot, s) * a.y.stride_t + unit
                             : nullptr;
          const uint8_t flags = a.schedule.flags(slot, s);
          if (!(flags & fusedrnn::Schedule::kValid)) {
            carry_state(h_prev + at, h + at, y, flags & fusedrnn::Schedule::kEmit, m);
            store(c + at, load(c_prev + at));
            continue;
          }
          Real* gates =
              a.gates ? a.gates + s * a.N * gates_row + P.offset(p, a.N) + slot * width : nullptr;
          if (m == V)
            lstm_cell_forward<true>(pre + r * width, V, c_prev + at, c + at, h + at, y, gates);
          else
            lstm_cell_forward<false>(pre + r * width, m, c_prev + at, c + at, h + at, y, gates);
        }
      });
    }
  }
}

}  // namespace
