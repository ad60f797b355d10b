// LSTM backward through time: the gate gradients of a chunk of steps, from the last to the first.
//   dh = dy + dgates(t+1) R^T;  dc = dc f(t+1) + dh o (1 - tanh(c)^2);
//   di = dc g i (1-i);  df = dc c_prev f (1-f);  dg = dc i (1-g^2);  do = dh tanh(c) o (1-o).
#pragma once

#include "gemm.hpp"
#include "math.hpp"

namespace {

template <bool kWhole, class Real>
FUSEDRNN_INLINE void lstm_cell_backward(Activation activation, Vec<Real> dh, ptrdiff_t m,
                                        const Real* gates, const Real* c_prev, Vec<Real> tanh_c,
                                        Real* dc_inout, Real* dgates) {
  const Vec<Real> i = load_lanes<kWhole>(gates, m), f = load_lanes<kWhole>(gates + m, m);
  const Vec<Real> g = load_lanes<kWhole>(gates + 2 * m, m);
  const Vec<Real> o = load_lanes<kWhole>(gates + 3 * m, m);
  const Vec<Real> dc = load(dc_inout) + dh * o * slope<Real>(activation, tanh_c);
  store(dc_inout, dc * f);
  const Vec<Real> dci = dc * i;
  store_lanes<kWhole>(dgates, dci * g * (Real(1) - i), m);
  store_lanes<kWhole>(dgates + m, dc * load(c_prev) * (f - f * f), m);
  store_lanes<kWhole>(dgates + 2 * m, dci * slope<Real>(activation, g), m);
  store_lanes<kWhole>(dgates + 3 * m, dh * tanh_c * (o - o * o), m);
}

// The gradient that reaches the output of one vector of units: carried, recurrent and dy.
template <class Real>
FUSEDRNN_INLINE Vec<Real> output_gradient(const Real* recurrent, const Real* dy, ptrdiff_t m) {
  const Vec<Real> dh = load(recurrent);
  if (!dy) return dh;
  return dh + (m == kLanes<Real> ? load(dy) : load_n(dy, m));
}

// The gradient of a slot's output at a step, from `unit` on; null where there is none.
template <class Arguments>
FUSEDRNN_INLINE auto* emitted_gradient(const Arguments& a, ptrdiff_t slot, ptrdiff_t s,
                                       uint8_t flags, ptrdiff_t unit) {
  return a.dy.data && (flags & fusedrnn::Schedule::kEmit)
             ? a.dy.data + a.schedule.row[slot] * a.dy.stride_n +
                   a.schedule.time(slot, s) * a.dy.stride_t + unit
             : nullptr;
}

// A masked step of one vector of units: its gradient is carried, its gates have none.
template <class Real>
FUSEDRNN_INLINE void pass_masked_step(Vec<Real> dh, Real* dh_carried, Real* dgates,
                                      ptrdiff_t width) {
  store(dh_carried, dh);
  for (ptrdiff_t k = 0; k < width; k += kLanes<Real>) store(dgates + k, Vec<Real>{});
}

template <class Real>
FUSEDRNN_INLINE void activate_row(Activation f, const Real* c, int C,
                                  Vec<Real> (&out)[kMaxVectors]) {
  for (int v = 0; v < C; ++v) out[v] = load(c + v * kLanes<Real>);
  if (C == kMaxVectors && kRegisters == 32) return activate_with<Real, 0>(f, out);
  for (int v = 0; v < C; ++v) {
    Vec<Real> one[1] = {out[v]};
    activate_with<Real, 0>(f, one);
    out[v] = one[0];
  }
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
        store(out + at, load(out + at) + m * load(product + at));
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

template <class Real>
void lstm_backward(const fusedrnn::LstmBackward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real out[kGroupRows * kMaxVectors * V];
  const Panels P = {a.H, 4, 1, V}, X = {a.H, 1, kMaxVectors, V};
  const ptrdiff_t K = (a.chunk + 1) * a.N, Hp = fusedrnn::round_up(a.H, V);
  const ptrdiff_t gates_row = P.row();

  for (ptrdiff_t s = a.step_end - 1; s >= a.step_begin - (a.step_begin == 0); --s) {
    const ptrdiff_t row = (s - a.step_begin) * a.N;
    const ptrdiff_t next_row = s + 1 == a.step_end ? a.chunk * a.N : row + a.N;
    for (ptrdiff_t q = a.share.begin(X.count()); q < a.share.end(X.count()); ++q) {
      const ptrdiff_t width = X.width(q);
      const int C = int(width / V);
      for_backward_groups(
          a.schedule, begin, end, s, [&](ptrdiff_t n, ptrdiff_t rows, bool has_next) {
            recurrent_gradient(a, P, K, next_row, has_next, n, rows, 0, 4, a.rt, X, q, Hp, out);
            for (ptrdiff_t r = 0; r < rows; ++r) {
              const ptrdiff_t slot = n + r, at = slot * Hp + X.offset(q, 1);
              const uint8_t flags = s < 0 ? 0 : a.schedule.flags(slot, s);
              const Real* dy = emitted_gradient(a, slot, s, flags, X.offset(q, 1));
              const Real* c = a.c + (s + 1) * a.N * Hp + at;
              Vec<Real> tanh_c[kMaxVectors];
              if (flags & fusedrnn::Schedule::kValid) activate_row(a.activation, c, C, tanh_c);
              for (int v = 0; v < C; ++v) {
                const ptrdiff_t p = q * kMaxVectors + v, m = P.units_in(p), j = v * V;
                const ptrdiff_t gate_width = P.width(p);
                const Vec<Real> dh = output_gradient(out + r * width + j, dy ? dy + j : dy, m);
                if (s < 0) {
                  store(a.dh + at + j, dh);
                  continue;
                }
                Real* dgates = a.dgates + P.offset(p, K) + (row + slot) * gate_width;
                if (!(flags & fusedrnn::Schedule::kValid)) {
                  pass_masked_step(dh, a.dh + at + j, dgates, gate_width);
                  continue;
                }
                store(a.dh + at + j, Vec<Real>{});
                const Real* gates =
                    a.gates + s * a.N * gates_row + P.offset(p, a.N) + slot * gate_width;
                if (m == V)
                  lstm_cell_backward<true>(a.activation, dh, V, gates, c - a.N * Hp + j, tanh_c[v],
                                           a.dc + at + j, dgates);
                else
                  lstm_cell_backward<false>(a.activation, dh, m, gates, c - a.N * Hp + j, tanh_c[v],
                                            a.dc + at + j, dgates);
              }
            }
          });
    }
    a.share.meet();
  }
  if (a.step_begin > 0) keep_first_step(a.dgates, P, a.N, a.chunk, begin, end, a.share);
}

}  // namespace
