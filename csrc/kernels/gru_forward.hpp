// GRU forward: z, r = sigmoid of x W + h R + b, then
//   reset after:  n = tanh(x W_n + b_n + r (h R_n + c_n));
//   reset before: n = tanh(x W_n + b_n + (r h) R_n);
//   h = z h + (1-z) n, or, where z writes, h = (1-z) h + z n.
#pragma once

#include "gate_product.hpp"
#include "math.hpp"

namespace {

template <class Real>
FUSEDRNN_INLINE Vec<Real> gru_update(Vec<Real> z, Vec<Real> n, Vec<Real> h_prev, bool keeps) {
  return keeps ? multiply_add(z, h_prev - n, n) : multiply_add(z, n - h_prev, h_prev);
}

// The gate arithmetic of one step, in two halves with the candidate's pre-activation between them.
template <class Real>
class GruGates {
 public:
  GruGates(const fusedrnn::GruForward<Real>& a, ptrdiff_t s)
      : h_prev(a.call.h.at(s)), h(a.call.h.at(s + 1)), a_(a), call_(a.call), s_(s) {}
  const Real* const h_prev;
  Real* const h;

  // Reset after: from the pre-activations of x W + b and h R + c, each of z r n m values apart, the
  // cells x_step and h_step apart, to z and the pre-activation of n in place of those in pre_h.
  void activate_gates(const Cells& cells, const Real* pre_x, ptrdiff_t x_step, Real* pre_h,
                      ptrdiff_t h_step) const {
    cells.m == V ? activate_gates<true>(cells, pre_x, x_step, pre_h, h_step)
                 : activate_gates<false>(cells, pre_x, x_step, pre_h, h_step);
  }

  // Reset before: z and r * state, into their scratch; r is `apart` values behind z.
  void reset_state(const Cells& cells, const Real* pre, ptrdiff_t pre_step, ptrdiff_t apart,
                   const Real* state) const {
    cells.m == V ? reset_state<true>(cells, pre, pre_step, apart, state)
                 : reset_state<false>(cells, pre, pre_step, apart, state);
  }

  // h and y, from z and the pre-activation of n.
  void write_outputs(const Cells& cells, const Real* z, ptrdiff_t z_step, const Real* pre,
                     ptrdiff_t pre_step) const {
    cells.m == V ? write_outputs<true>(cells, z, z_step, pre, pre_step)
                 : write_outputs<false>(cells, z, z_step, pre, pre_step);
  }

 private:
  static constexpr int V = kLanes<Real>;

  // Where the tape of the first cell is; null if there is none.
  Real* tape(const Cells& cells) const {
    return call_.gates ? call_.gates + s_ * call_.N * tape_.row() + cells.tape(tape_, call_.N)
                       : nullptr;
  }

  template <bool kWhole>
  void activate_gates(const Cells& cells, const Real* pre_x, ptrdiff_t x_step, Real* pre_h,
                      ptrdiff_t h_step) const {
    const ptrdiff_t m = cells.m, tape_step = cells.tape_step(tape_, call_.N);
    Real* const tape = this->tape(cells);
    for_valid_cells<kAtOnce / 2>(
        call_.schedule, s_, cells, [&](auto count, ptrdiff_t first) FUSEDRNN_INLINE_LAMBDA {
          constexpr int K = decltype(count)::value;
          const Real* x = pre_x + first * x_step;
          Real* hr = pre_h + first * h_step;
          const auto of_x = [&](int k, int g) {
            return load_lanes<kWhole>(x + k * x_step + g * m, m);
          };
          const auto of_h = [&](int k, int g) {
            return load_lanes<kWhole>(hr + k * h_step + g * m, m);
          };
          Vec<Real> zr[2 * K];
          lockstep<2 * K>([&](int j) { zr[j] = of_x(j / 2, j % 2) + of_h(j / 2, j % 2); });
          activate<Real, 2 * K>(zr);
          lockstep<K>([&](int k) {
            const Vec<Real> z = zr[2 * k], r = zr[2 * k + 1], hn = of_h(k, 2);
            if (tape) {
              Real* out = tape + (first + k) * tape_step;
              store_lanes<kWhole>(out, z, m);
              store_lanes<kWhole>(out + m, r, m);
              store_lanes<kWhole>(out + 3 * m, hn, m);
            }
            store_lanes<kWhole>(hr + k * h_step, z, m);
            store_lanes<kWhole>(hr + k * h_step + 2 * m, multiply_add(r, hn, of_x(k, 2)), m);
          });
        });
  }

  // Masked cells too: the candidate's tiles read r * state of every row.
  template <bool kWhole>
  void reset_state(const Cells& cells, const Real* pre, ptrdiff_t pre_step, ptrdiff_t apart,
                   const Real* state) const {
    const ptrdiff_t m = cells.m, tape_step = cells.tape_step(tape_, call_.N);
    Real* const tape = this->tape(cells);
    for_all_cells<kAtOnce / 2>(cells, [&](auto count, ptrdiff_t first) FUSEDRNN_INLINE_LAMBDA {
      constexpr int K = decltype(count)::value;
      Vec<Real> zr[2 * K];
      lockstep<2 * K>([&](int j) {
        zr[j] = load_lanes<kWhole>(pre + (first + j / 2) * pre_step + j % 2 * apart, m);
      });
      activate<Real, 2 * K>(zr);
      lockstep<K>([&](int k) {
        const ptrdiff_t at = cells.slot(first + k) * Hp_ + cells.unit(first + k);
        store(a_.z + at, zr[2 * k]);
        store(a_.reset_state + at, zr[2 * k + 1] * load(state + at));
        if (tape) {
          store_lanes<kWhole>(tape + (first + k) * tape_step, zr[2 * k], m);
          store_lanes<kWhole>(tape + (first + k) * tape_step + m, zr[2 * k + 1], m);
        }
      });
    });
  }

  template <bool kWhole>
  void write_outputs(const Cells& cells, const Real* z, ptrdiff_t z_step, const Real* pre,
                     ptrdiff_t pre_step) const {
    const ptrdiff_t m = cells.m, tape_step = cells.tape_step(tape_, call_.N);
    Real* const tape = this->tape(cells);
    for_valid_cells<4>(
        call_.schedule, s_, cells, [&](auto count, ptrdiff_t first) FUSEDRNN_INLINE_LAMBDA {
          constexpr int K = decltype(count)::value;
          Vec<Real> candidate[K];
          lockstep<K>(
              [&](int k) { candidate[k] = load_lanes<kWhole>(pre + (first + k) * pre_step, m); });
          activate_with<Real, 0>(call_.activation, candidate);
          lockstep<K>([&](int k) {
            const ptrdiff_t slot = cells.slot(first + k), unit = cells.unit(first + k);
            const Vec<Real> h_new =
                gru_update<Real>(load_lanes<kWhole>(z + (first + k) * z_step, m), candidate[k],
                                 load(h_prev + slot * Hp_ + unit), a_.update_keeps);
            store(h + slot * Hp_ + unit, h_new);
            if (Real* y = y_row(call_, slot, s_, unit)) store_lanes<kWhole>(y, h_new, m);
            if (tape) store_lanes<kWhole>(tape + (first + k) * tape_step + 2 * m, candidate[k], m);
          });
        });
    carry_masked_cells(call_, s_, cells, h_prev, h);
  }

  const fusedrnn::GruForward<Real>& a_;
  const RecurrentCall<Real>& call_;
  const ptrdiff_t s_;
  const Panels tape_ = fusedrnn::gate_panels(call_.H, a_.reset_after ? 4 : 3, V);
  const ptrdiff_t Hp_ = fusedrnn::round_up(call_.H, V);
};

// Reset after: the candidate's recurrent product is summed apart, for r scales it.
template <class Real, bool kHalf>
class GruResetAfter {
 public:
  GruResetAfter(const fusedrnn::GruForward<Real>& a, ptrdiff_t begin, ptrdiff_t end)
      : a_(a),
        call_(a.call),
        input_(call_, P_, a.weights[0], x_rows(), call_.ahead.products[0], begin, end),
        masked_(call_,
                {.panels = P_,
                 .data = a.weights[1],
                 .x_rows = 0,
                 .products = nullptr,
                 .masked = call_.masked},
                begin, end, 0),
        first_(call_.units.begin(P_.count())),
        last_(call_.units.end(P_.count())),
        prefetches_(!stays_in_l2<Real>((last_ - first_) * P_.offset(1, x_rows() + h_rows()))) {}

  // Returns false if the call is to stop.
  bool step(ptrdiff_t s, ptrdiff_t begin, ptrdiff_t end) {
    alignas(64) Real pre_x[kCells * kGates * V], pre_h[kCells * kGates * V];
    input_.advance(s, end);
    const GruGates<Real> gates(a_, s);
    mask_state(call_, kGates, begin, end, gates.h_prev);
    for_cell_blocks(
        first_, last_, begin, end, [&](ptrdiff_t p0, ptrdiff_t p1, ptrdiff_t n, ptrdiff_t rows) {
          const ptrdiff_t size = rows * kGates * V;  // of a panel
          ptrdiff_t p = p0;
          if (rows == 1 && !call_.recurrent_mask)
            p = for_row_tiles_of_panels(
                p0, p1 - (P_.units_in(p1 - 1) < V), [&](ptrdiff_t q, int panels) {
                  const auto run = panels == 3 ? &GruResetAfter::row<3> : &GruResetAfter::row<2>;
                  (this->*run)(gates.h_prev, s, q, n, pre_x + (q - p0) * size,
                               pre_h + (q - p0) * size);
                });
          for (; p < p1; ++p)
            tiles(gates.h_prev, s, p, begin, end, n, rows, pre_x + (p - p0) * size,
                  pre_h + (p - p0) * size);
          if (call_.recurrent_mask) masked_.block(nullptr, s, p0, p1, n, rows, pre_h);
          for_cells(P_, p0, p1, n, rows, [&](const Cells& cells, ptrdiff_t at, ptrdiff_t step) {
            const ptrdiff_t q = cells.first_unit / V;
            if (input_.ahead())
              gates.activate_gates(cells, input_.row(q, n, s),
                                   cells.slot_step ? step : input_.panel_stride(), pre_h + at,
                                   step);
            else
              gates.activate_gates(cells, pre_x + at, step, pre_h + at, step);
          });
          for_cells(P_, p0, p1, n, rows, [&](const Cells& cells, ptrdiff_t at, ptrdiff_t step) {
            // z and the pre-activation of n are where those of z and n were.
            gates.write_outputs(cells, pre_h + at, step, pre_h + at + 2 * cells.m, step);
          });
        });
    return call_.units.meet();
  }

 private:
  static constexpr int V = kLanes<Real>, kGates = 3;

  // Rows of the two panel buffers.
  ptrdiff_t x_rows() const { return 1 + rows_in_panels(kHalf, call_.I); }
  ptrdiff_t h_rows() const { return 1 + rows_in_panels(kHalf, call_.H); }
  const Real* of_x(ptrdiff_t p) const { return a_.weights[0] + P_.offset(p, x_rows()); }
  const Real* of_h(ptrdiff_t p) const { return a_.weights[1] + P_.offset(p, h_rows()); }

  template <int kPanels>
  void row(const Real* h_prev, ptrdiff_t s, ptrdiff_t p, ptrdiff_t n, Real* pre_x,
           Real* pre_h) const {
    const ptrdiff_t width = P_.width(p), Hp = fusedrnn::round_up(call_.H, P_.lanes);
    Segment<Real> segment;
    if (!input_.ahead()) {
      segment.row[0] = StepInputs<Real>(call_, s)(n);
      segment.K = call_.I;
      segment.b = of_x(p) + width;
      const ptrdiff_t panel = P_.offset(1, x_rows());
      row_tile<Real, kHalf, kGates, kPanels>(&segment, 1, panel, of_x(p), panel, pre_x);
    }
    segment.row[0] = h_prev + n * Hp;
    segment.K = call_.H;
    segment.b = of_h(p) + width;
    const ptrdiff_t panel = P_.offset(1, h_rows());
    row_tile<Real, kHalf, kGates, kPanels>(&segment, 1, panel, of_h(p), panel, pre_h);
  }

  // The recurrent product is left to `masked_` where there is a mask.
  void tiles(const Real* h_prev, ptrdiff_t s, ptrdiff_t p, ptrdiff_t begin, ptrdiff_t end,
             ptrdiff_t n, ptrdiff_t rows, Real* pre_x, Real* pre_h) const {
    const ptrdiff_t width = P_.width(p), Hp = fusedrnn::round_up(call_.H, P_.lanes);
    const int C = int(width / P_.lanes);
    const StepInputs<Real> inputs(call_, s);
    NextPanel<Real, kHalf> next_x, next_h;
    if (prefetches_) {
      const ptrdiff_t next = p + 1 < last_ ? p + 1 : first_;
      next_x = {of_x(next), width * x_rows(), end - begin};
      next_h = {of_h(next), width * h_rows(), end - begin};
    }
    Segment<Real> x, h;
    x.stride = h.stride = 1;
    x.K = call_.I;
    x.b = of_x(p) + width;
    h.K = call_.H;
    h.b = of_h(p) + width;
    for_row_tiles(0, rows, C, [&](ptrdiff_t k, int R) {
      for (int r = 0; r < R; ++r) {
        x.row[r] = inputs(n + k + r);
        h.row[r] = h_prev + (n + k + r) * Hp;
      }
      next_x.spread(&x, 1, n + k - begin, R);
      next_h.spread(&h, 1, n + k - begin, R);
      if (!input_.ahead())
        kTiles<Real, kHalf>[R - 1][C - 1](&x, 1, width, of_x(p), 0, pre_x + k* width, width);
      if (!call_.recurrent_mask)
        kTiles<Real, kHalf>[R - 1][C - 1](&h, 1, width, of_h(p), 0, pre_h + k* width, width);
    });
  }

  const fusedrnn::GruForward<Real>& a_;
  const RecurrentCall<Real>& call_;
  const Panels P_ = fusedrnn::gate_panels(call_.H, kGates, V);
  InputProduct<Real, kHalf> input_;
  GateProduct<Real, kHalf> masked_;  // recurrent dropout's recurrent product
  const ptrdiff_t first_, last_;
  const bool prefetches_;
};

// Reset before: z and r * state, which the candidate's product reads.
template <class Real, bool kHalf>
class GruResetBefore {
 public:
  GruResetBefore(const fusedrnn::GruForward<Real>& a, ptrdiff_t begin, ptrdiff_t end)
      : a_(a),
        call_(a.call),
        zr_product_(call_, weights(0, ZR_, call_.recurrent_mask ? call_.masked : nullptr), begin,
                    end, size()),
        n_product_(call_, weights(1, N_, nullptr), begin, end, size()) {}

  bool step(ptrdiff_t s, ptrdiff_t begin, ptrdiff_t end) {
    const GruGates<Real> gates(a_, s);
    zr_product_.advance(s, begin, end);
    n_product_.advance(s, begin, end);
    mask_state(call_, kGates, begin, end, gates.h_prev);
    reset(gates, s, begin, end);
    call_.units.meet();
    candidate(gates, s, begin, end);
    return call_.units.meet();
  }

 private:
  static constexpr int V = kLanes<Real>, kGates = 3;

  void reset(const GruGates<Real>& gates, ptrdiff_t s, ptrdiff_t begin, ptrdiff_t end) const {
    alignas(64) Real pre[kCells * kMaxVectors * V];
    const Real* state =  // that r multiplies
        call_.recurrent_mask ? call_.masked + 2 * call_.N * Hp_ : gates.h_prev;
    for_cell_blocks(call_.units.begin(ZR_.count()), call_.units.end(ZR_.count()), begin, end,
                    [&](ptrdiff_t p0, ptrdiff_t p1, ptrdiff_t n, ptrdiff_t rows) {
                      zr_product_.block(gates.h_prev, s, p0, p1, n, rows, pre);
                      for_cells(ZR_, p0, p1, n, rows,
                                [&](const Cells& cells, ptrdiff_t at, ptrdiff_t step) {
                                  const ptrdiff_t p = cells.first_unit / ZR_.full_units();
                                  gates.reset_state(cells, pre + at, step, ZR_.units_in(p), state);
                                });
                    });
  }

  void candidate(const GruGates<Real>& gates, ptrdiff_t s, ptrdiff_t begin, ptrdiff_t end) const {
    alignas(64) Real pre[kCells * kMaxVectors * V];
    for_cell_blocks(
        call_.units.begin(N_.count()), call_.units.end(N_.count()), begin, end,
        [&](ptrdiff_t p0, ptrdiff_t p1, ptrdiff_t n, ptrdiff_t rows) {
          n_product_.block(a_.reset_state, s, p0, p1, n, rows, pre);
          for_cells(N_, p0, p1, n, rows, [&](const Cells& cells, ptrdiff_t at, ptrdiff_t step) {
            const Real* z = a_.z + n * Hp_ + cells.first_unit;
            gates.write_outputs(cells, z, cells.slot_step ? Hp_ : cells.unit_step, pre + at, step);
          });
        });
  }

  GateWeights<Real, kHalf> weights(int buffer, const Panels& P, const Real* masked) const {
    return {.panels = P,
            .data = a_.weights[buffer],
            .x_rows = call_.I,
            .products = call_.ahead.products[buffer],
            .masked = masked};
  }
  ptrdiff_t size() const {
    return kGates * call_.H *
           (1 + rows_in_panels(kHalf, call_.I) + rows_in_panels(kHalf, call_.H)) /
           call_.units.threads;
  }

  const fusedrnn::GruForward<Real>& a_;
  const RecurrentCall<Real>& call_;
  const Panels ZR_ = fusedrnn::zr_panels(call_.H, V), N_ = fusedrnn::unit_panels(call_.H, V);
  const ptrdiff_t Hp_ = fusedrnn::round_up(call_.H, V);
  GateProduct<Real, kHalf> zr_product_, n_product_;
};

template <class Real, bool kHalf>
void gru_forward(const fusedrnn::GruForward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  const fusedrnn::Schedule& schedule = a.call.schedule;
  const ptrdiff_t steps = begin < end ? schedule.length[begin] : 0;
  const auto run = [&](auto form) {
    for (ptrdiff_t s = 0; s < steps; ++s) {
      end = schedule.active_end(begin, end, s);
      if (!form.step(s, begin, end)) return;
    }
  };
  a.reset_after ? run(GruResetAfter<Real, kHalf>(a, begin, end))
                : run(GruResetBefore<Real, kHalf>(a, begin, end));
}

}  // namespace
