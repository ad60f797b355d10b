// RNN forward (Elman): h = f(x W + h R + b).
#pragma once

#include "gate_product.hpp"
#include "math.hpp"

namespace {

// h and y of cells from their pre-activations, those of the next cell `pre_step` behind.
template <bool kWhole, class Real>
void rnn_outputs(const RecurrentCall<Real>& a, ptrdiff_t s, const Cells& cells, const Real* pre,
                 ptrdiff_t pre_step) {
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, kLanes<Real>);
  Real* const h = a.h.at(s + 1);
  for_valid_cells<4>(a.schedule, s, cells, [&](auto count, ptrdiff_t first) FUSEDRNN_INLINE_LAMBDA {
    constexpr int K = decltype(count)::value;
    Vec<Real> h_new[K];
    lockstep<K>(
        [&](int k) { h_new[k] = load_lanes<kWhole>(pre + (first + k) * pre_step, cells.m); });
    activate_with<Real, 0>(a.activation, h_new);
    lockstep<K>([&](int k) {
      const ptrdiff_t slot = cells.slot(first + k), unit = cells.unit(first + k);
      store(h + slot * Hp + unit, h_new[k]);
      if (Real* y = y_row(a, slot, s, unit)) store_lanes<kWhole>(y, h_new[k], cells.m);
    });
  });
  carry_masked_cells(a, s, cells, static_cast<const Real*>(a.h.at(s)), h);
}

template <class Real, bool kHalf>
void rnn_forward(const fusedrnn::RnnForward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real pre[kCells * kMaxVectors * V];
  const RecurrentCall<Real>& call = a.call;
  const Panels P = fusedrnn::unit_panels(call.H, V);
  const ptrdiff_t steps = begin < end ? call.schedule.length[begin] : 0;
  const ptrdiff_t first = call.units.begin(P.count()), last = call.units.end(P.count());
  const GateWeights<Real, kHalf> weights = {.panels = P,
                                            .data = a.weights,
                                            .x_rows = call.I,
                                            .products = call.ahead.products[0],
                                            .masked = nullptr};  // a masked state is a state
  GateProduct<Real, kHalf> product(call, weights, begin, end,
                                   (last - first) * P.offset(1, weights.K(call.H)));

  for (ptrdiff_t s = 0; s < steps; ++s) {
    end = call.schedule.active_end(begin, end, s);
    product.advance(s, begin, end);
    mask_state(call, 1, begin, end, call.h.at(s));
    const Real* state = call.recurrent_mask ? call.masked : call.h.at(s);
    for_cell_blocks(
        first, last, begin, end, [&](ptrdiff_t p0, ptrdiff_t p1, ptrdiff_t n, ptrdiff_t rows) {
          product.block(state, s, p0, p1, n, rows, pre);
          for_cells(P, p0, p1, n, rows, [&](const Cells& cells, ptrdiff_t at, ptrdiff_t step) {
            cells.m == V ? rnn_outputs<true>(call, s, cells, pre + at, step)
                         : rnn_outputs<false>(call, s, cells, pre + at, step);
          });
        });
    if (!call.units.meet()) return;
  }
}

}  // namespace
