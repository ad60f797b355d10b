// LSTM forward: i, f, o = sigmoid, g = tanh of x W + h R + b;  c = f c + i g;  h = o tanh(c).
#pragma once

#include "gate_product.hpp"
#include "math.hpp"

namespace {

// The gate arithmetic of one step, in two halves with a vector of o for each cell between them.
template <class Real>
class LstmGates {
 public:
  LstmGates(const fusedrnn::LstmForward<Real>& a, ptrdiff_t s)
      : h_prev(a.call.h.at(s)),
        c_prev(a.c.at(s)),
        h(a.call.h.at(s + 1)),
        c(a.c.at(s + 1)),
        call_(a.call),
        s_(s) {}
  const Real *const h_prev, *const c_prev;
  Real *const h, *const c;

  // i f o, g and c from the pre-activations, those of the next cell `pre_step` behind; the gates
  // are m values apart.
  void activate_gates(const Cells& cells, const Real* pre, ptrdiff_t pre_step, Real* o) const {
    cells.m == V ? activate_gates<true>(cells, pre, pre_step, o)
                 : activate_gates<false>(cells, pre, pre_step, o);
  }

  // h and y.
  void write_outputs(const Cells& cells, const Real* o) const {
    cells.m == V ? write_outputs<true>(cells, o) : write_outputs<false>(cells, o);
  }

 private:
  static constexpr int V = kLanes<Real>;

  template <bool kWhole>
  void activate_gates(const Cells& cells, const Real* pre, ptrdiff_t pre_step, Real* o) const {
    const ptrdiff_t m = cells.m, tape_step = cells.tape_step(P_, call_.N);
    Real* const tape =
        call_.gates ? call_.gates + s_ * call_.N * P_.row() + cells.tape(P_, call_.N) : nullptr;
    for_valid_cells<kAtOnce / 4>(
        call_.schedule, s_, cells, [&](auto count, ptrdiff_t first) FUSEDRNN_INLINE_LAMBDA {
          constexpr int K = decltype(count)::value;
          Vec<Real> gate[4 * K];  // i f o of every cell, then g
          lockstep<4 * K>([&](int j) {
            const int k = j < 3 * K ? j / 3 : j - 3 * K;
            const int block = j >= 3 * K ? 2 : j % 3 == 2 ? 3 : j % 3;
            gate[j] = load_lanes<kWhole>(pre + (first + k) * pre_step + block * m, m);
          });
          activate_with<Real, 3 * K>(call_.activation, gate);
          lockstep<K>([&](int k) {
            const ptrdiff_t at = cells.slot(first + k) * Hp_ + cells.unit(first + k);
            const Vec<Real> i = gate[3 * k], f = gate[3 * k + 1], g = gate[3 * K + k];
            store(c + at, multiply_add(f, load(c_prev + at), i * g));
            store(o + (first + k) * V, gate[3 * k + 2]);
            if (tape) {
              Real* out = tape + (first + k) * tape_step;
              store_lanes<kWhole>(out, i, m);
              store_lanes<kWhole>(out + m, f, m);
              store_lanes<kWhole>(out + 2 * m, g, m);
              store_lanes<kWhole>(out + 3 * m, gate[3 * k + 2], m);
            }
          });
        });
  }

  template <bool kWhole>
  void write_outputs(const Cells& cells, const Real* o) const {
    for_valid_cells<4>(
        call_.schedule, s_, cells, [&](auto count, ptrdiff_t first) FUSEDRNN_INLINE_LAMBDA {
          constexpr int K = decltype(count)::value;
          Vec<Real> squashed[K];
          lockstep<K>([&](int k) {
            squashed[k] = load(c + cells.slot(first + k) * Hp_ + cells.unit(first + k));
          });
          activate_with<Real, 0>(call_.activation, squashed);
          lockstep<K>([&](int k) {
            const ptrdiff_t slot = cells.slot(first + k), unit = cells.unit(first + k);
            const Vec<Real> h_new = load(o + (first + k) * V) * squashed[k];
            store(h + slot * Hp_ + unit, h_new);
            if (Real* y = y_row(call_, slot, s_, unit)) store_lanes<kWhole>(y, h_new, cells.m);
          });
        });
    carry_masked_cells(call_, s_, cells, h_prev, h);
    for_masked_cells(call_.schedule, s_, cells, [&](ptrdiff_t k, bool) {
      const ptrdiff_t at = cells.slot(k) * Hp_ + cells.unit(k);
      store(c + at, load(c_prev + at));
    });
  }

  const RecurrentCall<Real>& call_;
  const ptrdiff_t s_;
  const Panels P_ = fusedrnn::gate_panels(call_.H, 4, V);
  const ptrdiff_t Hp_ = fusedrnn::round_up(call_.H, V);
};

template <class Real, bool kHalf>
void lstm_forward(const fusedrnn::LstmForward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>, kGates = 4;
  alignas(64) Real pre[kCells * kGates * V], o[kCells * V];
  const RecurrentCall<Real>& call = a.call;
  const Panels P = fusedrnn::gate_panels(call.H, kGates, V);
  const ptrdiff_t steps = begin < end ? call.schedule.length[begin] : 0;
  const ptrdiff_t first = call.units.begin(P.count()), last = call.units.end(P.count());
  const GateWeights<Real, kHalf> weights = {.panels = P,
                                            .data = a.weights,
                                            .x_rows = call.I,
                                            .products = call.ahead.products[0],
                                            .masked = call.recurrent_mask ? call.masked : nullptr};
  GateProduct<Real, kHalf> product(call, weights, begin, end,
                                   (last - first) * P.offset(1, weights.K(call.H)));

  for (ptrdiff_t s = 0; s < steps; ++s) {
    end = call.schedule.active_end(begin, end, s);
    product.advance(s, begin, end);
    const LstmGates<Real> gates(a, s);
    mask_state(call, kGates, begin, end, gates.h_prev);
    for_cell_blocks(
        first, last, begin, end, [&](ptrdiff_t p0, ptrdiff_t p1, ptrdiff_t n, ptrdiff_t rows) {
          product.block(gates.h_prev, s, p0, p1, n, rows, pre);
          // A cell's gates are kGates vectors of `pre`, its o is one vector of `o`.
          for_cells(P, p0, p1, n, rows, [&](const Cells& cells, ptrdiff_t at, ptrdiff_t step) {
            gates.activate_gates(cells, pre + at, step, o + at / kGates);
          });
          for_cells(P, p0, p1, n, rows, [&](const Cells& cells, ptrdiff_t at, ptrdiff_t) {
            gates.write_outputs(cells, o + at / kGates);
          });
        });
    if (!call.units.meet()) return;
  }
}

}  // namespace
