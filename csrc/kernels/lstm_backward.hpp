// LSTM backward through time.
//   dh = dy + dgates(t+1) R^T;  dc = dc f(t+1) + dh o (1 - tanh(c)^2);
//   di = dc g i (1-i);  df = dc c_prev f (1-f);  dg = dc i (1-g^2);  do = dh tanh(c) o (1-o).
#pragma once

#include "backward_step.hpp"

namespace {

// One cell: its gates are m values apart, in the tape and in the gate gradients.
template <bool kWhole, class Real>
FUSEDRNN_INLINE void lstm_cell_backward(Activation activation, Vec<Real> dh, ptrdiff_t m,
                                        const Real* gates, const Real* c_prev, Vec<Real> tanh_c,
                                        Real* dc_inout, Real* dgates) {
  const Vec<Real> i = load_lanes<kWhole>(gates, m), f = load_lanes<kWhole>(gates + m, m);
  const Vec<Real> g = load_lanes<kWhole>(gates + 2 * m, m);
  const Vec<Real> o = load_lanes<kWhole>(gates + 3 * m, m);
  const Vec<Real> dc = multiply_add(dh * o, slope<Real>(activation, tanh_c), load(dc_inout));
  store(dc_inout, dc * f);
  const Vec<Real> dci = dc * i;
  store_lanes<kWhole>(dgates, dci * g * (Real(1) - i), m);
  store_lanes<kWhole>(dgates + m, dc * load(c_prev) * slope<Real>(Activation::kSigmoid, f), m);
  store_lanes<kWhole>(dgates + 2 * m, dci * slope<Real>(activation, g), m);
  store_lanes<kWhole>(dgates + 3 * m, dh * tanh_c * slope<Real>(Activation::kSigmoid, o), m);
}

template <bool kWhole, class Real>
void lstm_cells_backward(const fusedrnn::LstmBackward<Real>& a, const GateGradients<Real>& D,
                         ptrdiff_t s, const Cells& cells, RecurrentGradient<Real> recurrent) {
  const RecurrentBack<Real>& back = a.back;
  const Panels& P = D.panels;
  const ptrdiff_t Hp = fusedrnn::round_up(back.H, kLanes<Real>), unit = cells.first_unit;
  const ptrdiff_t m = cells.m, width = cells.tape_step(P, back.N);
  const Real* gates = back.gates + s * back.N * P.row() + cells.tape(P, back.N);
  const Real *c_prev = a.c + s * back.N * Hp + unit, *c = c_prev + back.N * Hp;
  Real* dgates = D.of_cells(cells, s);
  for_valid_cells<4>(
      back.schedule, s, cells, [&](auto count, ptrdiff_t first) FUSEDRNN_INLINE_LAMBDA {
        constexpr int kRows = decltype(count)::value;
        const ptrdiff_t slot = cells.slot(first);
        Vec<Real> tanh_c[kRows];
        lockstep<kRows>([&](int k) { tanh_c[k] = load(c + (slot + k) * Hp); });
        activate_with<Real, 0>(back.activation, tanh_c);
        lockstep<kRows>([&](int k) {
          const ptrdiff_t at = (slot + k) * Hp;
          const Vec<Real> dh =
              output_gradient<kWhole, Real>(back, recurrent.of(first + k), slot + k, s, unit, m);
          store(back.dh + at + unit, Vec<Real>{});
          lstm_cell_backward<kWhole>(back.activation, dh, m, gates + (first + k) * width,
                                     c_prev + at, tanh_c[k], a.dc + at + unit,
                                     dgates + (first + k) * width);
        });
      });
}

template <class Real>
void lstm_backward(const fusedrnn::LstmBackward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  const GateGradients<Real> D = {.panels = fusedrnn::gate_panels(a.back.H, 4, kLanes<Real>),
                                 .skipped = 0,
                                 .gates = 4,
                                 .rt = a.rt,
                                 .back = a.back,
                                 .state = a.c};
  run_chunk(
      D, begin, end,
      [&](ptrdiff_t s, const Cells& cells, const RecurrentGradient<Real>& recurrent) {
        const auto cells_backward = cells.m == kLanes<Real> ? &lstm_cells_backward<true, Real>
                                                            : &lstm_cells_backward<false, Real>;
        cells_backward(a, D, s, cells, recurrent);
      },
      [](ptrdiff_t) {});
}

}  // namespace
