// LSTM forward: i, f, o = sigmoid, g = tanh of x W + h R + b;  c = f c + i g;  h = o tanh(c).
#pragma once

#include "gate_product.hpp"
#include "math.hpp"

namespace {

// One step: where its states are, and the gate arithmetic of cells, in two halves with a vector of
// o for each cell between them.
template <class Real>
class LstmStep {
 public:
  LstmStep(const fusedrnn::LstmForward<Real>& a, ptrdiff_t s) : a_(a), s_(s) {
    const ptrdiff_t c_ring = a.ring < 0 ? a.ring : 0, size = a.N * Hp_;
    h_prev = a.h + (s & a.ring) * size;
    h = a.h + ((s + 1) & a.ring) * size;
    c_prev = a.c + (s & c_ring) * size;
    c = a.c + ((s + 1) & c_ring) * size;
  }
  const Real *h_prev, *c_prev;
  Real *h, *c;

  // i f o, g and c from the pre-activations, `pre_row` apart; the gates are m values apart.
  void gates(const Cells& cells, const Real* pre, ptrdiff_t pre_row, Real* o) const {
    cells.m == V ? gates<true>(cells, pre, pre_row, o) : gates<false>(cells, pre, pre_row, o);
  }

  // h and y.
  void outputs(const Cells& cells, const Real* o) const {
    cells.m == V ? outputs<true>(cells, o) : outputs<false>(cells, o);
  }

 private:
  static constexpr int V = kLanes<Real>;

  template <bool kWhole>
  void gates(const Cells& cells, const Real* pre, ptrdiff_t pre_row, Real* o) const {
    const ptrdiff_t m = cells.m, tape_step = cells.tape_step(P_, a_.N);
    Real* const tape = a_.gates ? a_.gates + s_ * a_.N * P_.row() + cells.tape(P_, a_.N) : nullptr;
    for_valid_cells<kAtOnce / 4>(
        a_.schedule, s_, cells, [&](auto count, ptrdiff_t first) FUSEDRNN_INLINE_LAMBDA {
          constexpr int K = decltype(count)::value;
          Vec<Real> gate[4 * K];  // i f o of every cell, then g
          lockstep<4 * K>([&](int j) {
            const int k = j < 3 * K ? j / 3 : j - 3 * K;
            const int block = j >= 3 * K ? 2 : j % 3 == 2 ? 3 : j % 3;
            gate[j] = load_lanes<kWhole>(pre + (first + k) * pre_row + block * m, m);
          });
          activate_with<Real, 3 * K>(a_.activation, gate);
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
  void outputs(const Cells& cells, const Real* o) const {
    for_valid_cells<4>(
        a_.schedule, s_, cells, [&](auto count, ptrdiff_t first) FUSEDRNN_INLINE_LAMBDA {
          constexpr int K = decltype(count)::value;
          Vec<Real> squashed[K];
          lockstep<K>([&](int k) {
            squashed[k] = load(c + cells.slot(first + k) * Hp_ + cells.unit(first + k));
          });
          activate_with<Real, 0>(a_.activation, squashed);
          lockstep<K>([&](int k) {
            const ptrdiff_t slot = cells.slot(first + k), unit = cells.unit(first + k);
            const Vec<Real> h_new = load(o + (first + k) * V) * squashed[k];
            store(h + slot * Hp_ + unit, h_new);
            if (Real* y = y_row(a_, slot, s_, unit)) store_lanes<kWhole>(y, h_new, cells.m);
          });
        });
    for_masked_cells(a_.schedule, s_, cells, [&](ptrdiff_t k, bool emit) {
      const ptrdiff_t slot = cells.slot(k), unit = cells.unit(k), at = slot * Hp_ + unit;
      carry_state(h_prev + at, h + at, y_row(a_, slot, s_, unit), emit, cells.m);
      store(c + at, load(c_prev + at));
    });
  }

  const fusedrnn::LstmForward<Real>& a_;
  const ptrdiff_t s_;
  const Panels P_ = {a_.H, 4, 1, V};
  const ptrdiff_t Hp_ = fusedrnn::round_up(a_.H, V);
};

template <class Real>
void lstm_forward(const fusedrnn::LstmForward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real pre[kCells * kMaxVectors * V], o[kCells * V];
  const Panels P = {a.H, 4, 1, V};
  const ptrdiff_t steps = begin < end ? a.schedule.length[begin] : 0;
  const ptrdiff_t first = a.share.begin(P.count()), last = a.share.end(P.count());
  GateProduct<Real, fusedrnn::LstmForward<Real>> product(
      a, P, a.weights, 0, begin, end, (last - first) * P.offset(1, 1 + a.I + a.H));

  for (ptrdiff_t s = 0; s < steps; ++s) {
    end = a.schedule.active_end(begin, end, s);
    product.advance(s, begin, end);
    const LstmStep<Real> step(a, s);
    for_cell_blocks(
        first, last, begin, end, [&](ptrdiff_t p0, ptrdiff_t p1, ptrdiff_t n, ptrdiff_t rows) {
          product.block(step.h_prev, s, p0, p1, n, rows, pre);
          for_cells(P, p0, p1, n, rows, [&](const Cells& cells, ptrdiff_t at, ptrdiff_t row) {
            step.gates(cells, pre + at, row, o + at / 4);
          });
          for_cells(P, p0, p1, n, rows, [&](const Cells& cells, ptrdiff_t at, ptrdiff_t) {
            step.outputs(cells, o + at / 4);
          });
        });
    a.share.meet();
  }
}

}  // namespace
