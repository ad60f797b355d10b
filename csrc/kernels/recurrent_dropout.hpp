// Forward passes with recurrent dropout: gate g's recurrent product has h * mask[g], the same mask
// at all steps; what is carried (c, z h) is not masked. The panels and the gate arithmetic are
// those of the plain passes; a tile has one gate's columns of a panel.
#pragma once

#include "gru_forward.hpp"
#include "lstm_forward.hpp"

namespace {

// bias + x W + (h mask[g]) R for every gate g of the panels P, K = 1 + x_rows + H rows, where
// x_rows is I or 0. Calls body(p, n, R, pre, pre_row) for each tile: its R rows are pre_row apart.
template <class Arguments, class Real, class Body>
FUSEDRNN_INLINE void gatewise_product(const Arguments& a, ptrdiff_t s, ptrdiff_t begin,
                                      ptrdiff_t end, const Panels& P, const Real* weights,
                                      ptrdiff_t x_rows, Body body) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real pre[kMaxRows * (kMaxVectors + 1) * V];
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, V);
  for (ptrdiff_t p = 0; p < P.count(); ++p) {
    const ptrdiff_t width = P.width(p), apart = P.units_in(p);
    // The last panel's tiles write past a gate's values: the next gate's come there, and after the
    // last gate there is room for a vector.
    const ptrdiff_t pre_row = width + V;
    const int C = int((apart + V - 1) / V);
    for_row_tiles(begin, end, C, [&](ptrdiff_t n, int R) {
      Segment<Real> segments[2];
      for (int r = 0; r < R; ++r) segments[0].row[r] = x_row(a, n + r, s);
      segments[0].stride = segments[1].stride = 1;
      segments[0].K = x_rows;
      segments[1].K = a.H;
      for (int g = 0; g < P.gates; ++g) {
        const Real* w = weights + P.offset(p, 1 + x_rows + a.H) + g * apart;
        segments[0].b = w + width;
        segments[1].b = w + (1 + x_rows) * width;
        for (int r = 0; r < R; ++r) segments[1].row[r] = a.masked + (g * a.N + n + r) * Hp;
        kTiles<Real>[R - 1][C - 1](segments, 2, width, w, 0, pre + g* apart, pre_row);
      }
      body(p, n, R, pre, pre_row);
    });
  }
}

// masked[g] = h * mask[g] for the slots [begin, end).
template <class Real, class Arguments>
FUSEDRNN_INLINE void mask_state(const Arguments& a, int gates, ptrdiff_t begin, ptrdiff_t end,
                                const Real* h) {
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, kLanes<Real>);
  for (int g = 0; g < gates; ++g)
    for (ptrdiff_t k = begin * Hp; k < end * Hp; k += kLanes<Real>) {
      const ptrdiff_t at = g * a.N * Hp + k;
      store(a.masked + at, load(h + k) * load(a.recurrent_mask + at));
    }
}

template <class Real>
void lstm_forward_dropout(const fusedrnn::LstmForward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>;
  const Panels P = {a.H, 4, 1, V};
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, V), c_ring = a.ring < 0 ? a.ring : 0;
  const ptrdiff_t steps = begin < end ? a.schedule.length[begin] : 0;
  for (ptrdiff_t s = 0; s < steps; ++s) {
    end = a.schedule.active_end(begin, end, s);
    const Real* h_prev = a.h + (s & a.ring) * a.N * Hp;
    Real* h = a.h + ((s + 1) & a.ring) * a.N * Hp;
    const Real* c_prev = a.c + (s & c_ring) * a.N * Hp;
    Real* c = a.c + ((s + 1) & c_ring) * a.N * Hp;
    mask_state(a, 4, begin, end, h_prev);
    gatewise_product(
        a, s, begin, end, P, a.weights, a.I,
        [&](ptrdiff_t p, ptrdiff_t n, int R, const Real* pre, ptrdiff_t pre_row) {
          const ptrdiff_t width = P.width(p), m = P.units_in(p), unit = p * V;
          const auto cell =
              m == V ? &lstm_cell_forward<true, 1, Real> : &lstm_cell_forward<false, 1, Real>;
          for (int r = 0; r < R; ++r) {
            const ptrdiff_t slot = n + r, at = slot * Hp + unit;
            Real* y = y_row(a, slot, s, unit);
            const uint8_t flags = a.schedule.flags(slot, s);
            if (flags & fusedrnn::Schedule::kValid) {
              cell(
                  a.activation, pre + r * pre_row, pre_row, m, c_prev + at, c + at, h + at, Hp, &y,
                  a.gates ? a.gates + s * a.N * P.row() + P.offset(p, a.N) + slot * width : nullptr,
                  width);
              continue;
            }
            carry_state(h_prev + at, h + at, y, flags & fusedrnn::Schedule::kEmit, m);
            store(c + at, load(c_prev + at));
          }
        });
  }
}

template <class Real>
FUSEDRNN_INLINE void gru_dropout_reset_after(const fusedrnn::GruForward<Real>& a, ptrdiff_t s,
                                             ptrdiff_t begin, ptrdiff_t end, const Real* h_prev,
                                             Real* h) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real pre_x[kMaxRows * kMaxVectors * V];
  const Panels P = {a.H, 3, 1, V}, tape = {a.H, 4, 1, V};
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, V);
  gatewise_product(a, s, begin, end, P, a.weights[1], 0,
                   [&](ptrdiff_t p, ptrdiff_t n, int R, const Real* pre_h, ptrdiff_t pre_row) {
                     const ptrdiff_t width = P.width(p), m = P.units_in(p), unit = p * V;
                     const Real* w = a.weights[0] + P.offset(p, 1 + a.I);
                     Segment<Real> x_part;
                     for (int r = 0; r < R; ++r) x_part.row[r] = x_row(a, n + r, s);
                     x_part.stride = 1;
                     x_part.K = a.I;
                     x_part.b = w + width;
                     kTiles<Real>[R - 1][width / V - 1](&x_part, 1, width, w, 0, pre_x, pre_row);
                     const auto cell = m == V ? &gru_cell_forward<true, 1, Real>
                                              : &gru_cell_forward<false, 1, Real>;
                     for (int r = 0; r < R; ++r) {
                       const ptrdiff_t slot = n + r, at = slot * Hp + unit;
                       Real* y = y_row(a, slot, s, unit);
                       const uint8_t flags = a.schedule.flags(slot, s);
                       if (flags & fusedrnn::Schedule::kValid)
                         cell(a, pre_x + r * pre_row, pre_row, pre_h + r * pre_row, pre_row, m,
                              h_prev + at, h + at, Hp, &y,
                              a.gates ? a.gates + s * a.N * tape.row() + tape.offset(p, a.N) +
                                            slot * tape.width(p)
                                      : nullptr,
                              tape.width(p));
                       else
                         carry_state(h_prev + at, h + at, y, flags & fusedrnn::Schedule::kEmit, m);
                     }
                   });
}

template <class Real>
FUSEDRNN_INLINE void gru_dropout_reset_before(const fusedrnn::GruForward<Real>& a, ptrdiff_t s,
                                              ptrdiff_t begin, ptrdiff_t end, const Real* h_prev,
                                              Real* h) {
  constexpr int V = kLanes<Real>;
  const Panels ZR = {a.H, 2, 2, V}, tape = {a.H, 3, 1, V};
  const Real* masked_n = a.masked + 2 * a.N * fusedrnn::round_up(a.H, V);
  gatewise_product(a, s, begin, end, ZR, a.weights[0], a.I,
                   [&](ptrdiff_t p, ptrdiff_t n, int R, const Real* pre, ptrdiff_t pre_row) {
                     const ptrdiff_t apart = ZR.units_in(p);
                     for (int r = 0; r < R; ++r)
                       for (ptrdiff_t j = 0; j < apart; j += V)
                         gru_reset_state(a, tape, s, n + r, p * ZR.full_units() + j,
                                         apart - j < V ? apart - j : V, pre + r * pre_row + j,
                                         apart, masked_n);
                   });
  const GruInput<Real> input(a, {a.H, 1, 4, V}, a.weights[1], 1 + a.I + a.H, 1, begin, end);
  gru_candidate(a, input, s, begin, end, h_prev, h);
}

template <class Real>
void gru_forward_dropout(const fusedrnn::GruForward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, kLanes<Real>);
  const ptrdiff_t steps = begin < end ? a.schedule.length[begin] : 0;
  for (ptrdiff_t s = 0; s < steps; ++s) {
    end = a.schedule.active_end(begin, end, s);
    const Real* h_prev = a.h + (s & a.ring) * a.N * Hp;
    Real* h = a.h + ((s + 1) & a.ring) * a.N * Hp;
    mask_state(a, 3, begin, end, h_prev);
    if (a.reset_after)
      gru_dropout_reset_after(a, s, begin, end, h_prev, h);
    else
      gru_dropout_reset_before(a, s, begin, end, h_prev, h);
  }
}

}  // namespace
