// RNN backward through time: dh = dy + da(t+1) R^T;  da = dh f'(a), from h = f(a).
#pragma once

#include "backward_step.hpp"

namespace {

template <bool kWhole, class Real>
void rnn_cells_backward(const fusedrnn::RnnBackward<Real>& a, const GateGradients<Real>& D,
                        ptrdiff_t s, const Cells& cells, RecurrentGradient<Real> recurrent) {
  const RecurrentBack<Real>& back = a.back;
  const ptrdiff_t Hp = fusedrnn::round_up(back.H, kLanes<Real>), unit = cells.first_unit;
  const ptrdiff_t width = D.cell_step(cells);
  const Real* h = a.h + (s + 1) * back.N * Hp + unit;
  Real* da = D.of_cells(cells, s);
  for_valid_cells<4>(
      back.schedule, s, cells, [&](auto count, ptrdiff_t first) FUSEDRNN_INLINE_LAMBDA {
        lockstep<decltype(count)::value>([&](int k) {
          const ptrdiff_t slot = cells.slot(first + k);
          const Vec<Real> dh =
              output_gradient<kWhole, Real>(back, recurrent.of(first + k), slot, s, unit, cells.m);
          store(back.dh + slot * Hp + unit, Vec<Real>{});
          store_lanes<kWhole>(da + (first + k) * width,
                              dh * slope<Real>(back.activation, load(h + slot * Hp)), cells.m);
        });
      });
}

template <class Real>
void rnn_backward(const fusedrnn::RnnBackward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  const ptrdiff_t Hp = fusedrnn::round_up(a.back.H, kLanes<Real>);
  const GateGradients<Real> D = {.panels = fusedrnn::unit_panels(a.back.H, kLanes<Real>),
                                 .skipped = 0,
                                 .gates = 1,
                                 .rt = a.rt,
                                 .back = a.back,
                                 .state = a.h + a.back.N * Hp};
  run_chunk(
      D, begin, end,
      [&](ptrdiff_t s, const Cells& cells, const RecurrentGradient<Real>& recurrent) {
        const auto cells_backward = cells.m == kLanes<Real> ? &rnn_cells_backward<true, Real>
                                                            : &rnn_cells_backward<false, Real>;
        cells_backward(a, D, s, cells, recurrent);
      },
      [](ptrdiff_t) {});
}

}  // namespace
