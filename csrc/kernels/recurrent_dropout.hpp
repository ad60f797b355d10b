// Forward passes with recurrent dropout: gate g's recurrent product has h * mask[g], the same mask
// at all steps; what is carried (c, z h) is not masked. The panels and the gate arithmetic are
// those of the plain passes; a tile has one gate's columns of a panel.
#pragma once

#include "gru_forward.hpp"
#include "lstm_forward.hpp"

namespace {

// bias + x W + (h mask[g]) R for every gate g of the panels P, K = 1 + x_rows + H rows, where
// x_rows is I or 0. Calls body(p, cells, pre, pre_row) for the rows of a panel, pre_row apart.
template <class Arguments, class Real, class Body>
FUSEDRNN_INLINE void gatewise_product(const Arguments& a, ptrdiff_t s, ptrdiff_t begin,
                                      ptrdiff_t end, const Panels& P, const Real* weights,
                                      ptrdiff_t x_rows, Body body) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real pre[kCells * (kMaxVectors + 1) * V];
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, V);
  for_cell_blocks(
      0, P.count(), begin, end, [&](ptrdiff_t p0, ptrdiff_t p1, ptrdiff_t n, ptrdiff_t rows) {
        for (ptrdiff_t p = p0; p < p1; ++p) {
          const ptrdiff_t width = P.width(p), apart = P.units_in(p);
          // The last panel's tiles write past a gate's values: the next gate's come there, and
          // after the last gate there is room for a vector.
          const ptrdiff_t pre_row = width + V;
          const int C = int((apart + V - 1) / V);
          for_row_tiles(0, rows, C, [&](ptrdiff_t k, int R) {
            Segment<Real> segments[2];
            for (int r = 0; r < R; ++r) segments[0].row[r] = x_row(a, n + k + r, s);
            segments[0].stride = segments[1].stride = 1;
            segments[0].K = x_rows;
            segments[1].K = a.H;
            for (int g = 0; g < P.gates; ++g) {
              const Real* w = weights + P.offset(p, 1 + x_rows + a.H) + g * apart;
              segments[0].b = w + width;
              segments[1].b = w + (1 + x_rows) * width;
              for (int r = 0; r < R; ++r)
                segments[1].row[r] = a.masked + (g * a.N + n + k + r) * Hp;
              kTiles<Real>[R - 1][C - 1](segments, 2, width, w, 0, pre + k* pre_row + g* apart,
                                         pre_row);
            }
          });
          for (ptrdiff_t j = 0; j < apart; j += V)
            body(p, Cells{rows, apart - j < V ? apart - j : V, n, 1, p * P.full_units() + j, 0},
                 pre + j, pre_row);
        }
      });
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
  alignas(64) Real o[kCells * kLanes<Real>];
  const Panels P = {a.H, 4, 1, kLanes<Real>};
  const ptrdiff_t steps = begin < end ? a.schedule.length[begin] : 0;
  for (ptrdiff_t s = 0; s < steps; ++s) {
    end = a.schedule.active_end(begin, end, s);
    const LstmStep<Real> step(a, s);
    mask_state(a, 4, begin, end, step.h_prev);
    gatewise_product(a, s, begin, end, P, a.weights, a.I,
                     [&](ptrdiff_t, const Cells& cells, const Real* pre, ptrdiff_t pre_row) {
                       step.gates(cells, pre, pre_row, o);
                       step.outputs(cells, o);
                     });
  }
}

template <class Real>
FUSEDRNN_INLINE void gru_dropout_reset_after(const fusedrnn::GruForward<Real>& a,
                                             const GruStep<Real>& step, ptrdiff_t s,
                                             ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real pre_x[kCells * 3 * V];
  const Panels P = {a.H, 3, 1, V};
  gatewise_product(a, s, begin, end, P, a.weights[1], 0,
                   [&](ptrdiff_t p, const Cells& cells, Real* pre_h, ptrdiff_t pre_row) {
                     const ptrdiff_t n = cells.first_slot;
                     const ptrdiff_t width = P.width(p);
                     const Real* w = a.weights[0] + P.offset(p, 1 + a.I);
                     const int C = int(width / V);
                     for_row_tiles(0, cells.count, C, [&](ptrdiff_t k, int R) {
                       Segment<Real> x_part;
                       for (int r = 0; r < R; ++r) x_part.row[r] = x_row(a, n + k + r, s);
                       x_part.stride = 1;
                       x_part.K = a.I;
                       x_part.b = w + width;
                       kTiles<Real>[R - 1][C - 1](&x_part, 1, width, w, 0, pre_x + k* width, width);
                     });
                     step.gates(cells, pre_x, width, pre_h, pre_row);
                     step.outputs(cells, pre_h, pre_row, pre_h + 2 * cells.m, pre_row);
                   });
}

template <class Real>
FUSEDRNN_INLINE void gru_dropout_reset_before(const fusedrnn::GruForward<Real>& a,
                                              const GruStep<Real>& step, ptrdiff_t s,
                                              ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>;
  const Panels ZR = {a.H, 2, 2, V};
  const Real* masked_n = a.masked + 2 * a.N * fusedrnn::round_up(a.H, V);
  gatewise_product(a, s, begin, end, ZR, a.weights[0], a.I,
                   [&](ptrdiff_t p, const Cells& cells, const Real* pre, ptrdiff_t pre_row) {
                     step.reset(cells, pre, pre_row, ZR.units_in(p), masked_n);
                   });
  GruGateProduct<Real> product(a, {a.H, 1, 4, V}, a.weights[1], 1, begin, end, 0);
  product.advance(s, begin, end);
  gru_candidate(a, product, s, begin, end);
}

template <class Real>
void gru_forward_dropout(const fusedrnn::GruForward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  const ptrdiff_t steps = begin < end ? a.schedule.length[begin] : 0;
  for (ptrdiff_t s = 0; s < steps; ++s) {
    end = a.schedule.active_end(begin, end, s);
    const GruStep<Real> step(a, s);
    mask_state(a, 3, begin, end, step.h_prev);
    if (a.reset_after)
      gru_dropout_reset_after(a, step, s, begin, end);
    else
      gru_dropout_reset_before(a, step, s, begin, end);
  }
}

}  // namespace
