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

// One step: where its states are, and the gate arithmetic of cells, in two halves with the
// candidate's pre-activation between them.
template <class Real>
class GruStep {
 public:
  GruStep(const fusedrnn::GruForward<Real>& a, ptrdiff_t s)
      : h_prev(a.h + (s & a.ring) * a.N * fusedrnn::round_up(a.H, V)),
        h(a.h + ((s + 1) & a.ring) * a.N * fusedrnn::round_up(a.H, V)),
        a_(a),
        s_(s) {}
  const Real* const h_prev;
  Real* const h;

  // Reset after: from the pre-activations of x W + b and h R + c, each of z r n m values apart, the
  // cells x_row and h_row apart, to z and the pre-activation of n in place of those in pre_h.
  void gates(const Cells& cells, const Real* pre_x, ptrdiff_t x_row, Real* pre_h,
             ptrdiff_t h_row) const {
    cells.m == V ? gates<true>(cells, pre_x, x_row, pre_h, h_row)
                 : gates<false>(cells, pre_x, x_row, pre_h, h_row);
  }

  // Reset before: z and r * state, into the scratch; r is `apart` values behind z.
  void reset(const Cells& cells, const Real* pre, ptrdiff_t pre_row, ptrdiff_t apart,
             const Real* state) const {
    cells.m == V ? reset<true>(cells, pre, pre_row, apart, state)
                 : reset<false>(cells, pre, pre_row, apart, state);
  }

  // h and y, from z and the pre-activation of n.
  void outputs(const Cells& cells, const Real* z, ptrdiff_t z_row, const Real* pre,
               ptrdiff_t pre_row) const {
    cells.m == V ? outputs<true>(cells, z, z_row, pre, pre_row)
                 : outputs<false>(cells, z, z_row, pre, pre_row);
  }

 private:
  static constexpr int V = kLanes<Real>;

  // Where the tape of the first cell is; null if there is none.
  Real* tape(const Cells& cells) const {
    return a_.gates ? a_.gates + s_ * a_.N * tape_.row() + cells.tape(tape_, a_.N) : nullptr;
  }

  template <bool kWhole>
  void gates(const Cells& cells, const Real* pre_x, ptrdiff_t x_row, Real* pre_h,
             ptrdiff_t h_row) const {
    const ptrdiff_t m = cells.m, tape_step = cells.tape_step(tape_, a_.N);
    Real* const tape = this->tape(cells);
    for_valid_cells<kAtOnce / 2>(
        a_.schedule, s_, cells, [&](auto count, ptrdiff_t first) FUSEDRNN_INLINE_LAMBDA {
          constexpr int K = decltype(count)::value;
          const Real* x = pre_x + first * x_row;
          Real* hr = pre_h + first * h_row;
          const auto of_x = [&](int k, int g) {
            return load_lanes<kWhole>(x + k * x_row + g * m, m);
          };
          const auto of_h = [&](int k, int g) {
            return load_lanes<kWhole>(hr + k * h_row + g * m, m);
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
            store_lanes<kWhole>(hr + k * h_row, z, m);
            store_lanes<kWhole>(hr + k * h_row + 2 * m, multiply_add(r, hn, of_x(k, 2)), m);
          });
        });
  }

  template <bool kWhole>
  void reset(const Cells& cells, const Real* pre, ptrdiff_t pre_row, ptrdiff_t apart,
             const Real* state) const {
    const ptrdiff_t m = cells.m, tape_step = cells.tape_step(tape_, a_.N);
    Real* const tape = this->tape(cells);
    for_valid_cells<kAtOnce / 2>(
        {}, s_, cells, [&](auto count, ptrdiff_t first) FUSEDRNN_INLINE_LAMBDA {
          constexpr int K = decltype(count)::value;
          Vec<Real> zr[2 * K];
          lockstep<2 * K>([&](int j) {
            zr[j] = load_lanes<kWhole>(pre + (first + j / 2) * pre_row + j % 2 * apart, m);
          });
          activate<Real, 2 * K>(zr);
          lockstep<K>([&](int k) {
            const ptrdiff_t at = cells.slot(first + k) * Hp_ + cells.unit(first + k);
            store(a_.scratch + at, zr[2 * k]);
            store(a_.scratch + a_.N * Hp_ + at, zr[2 * k + 1] * load(state + at));
            if (tape) {
              store_lanes<kWhole>(tape + (first + k) * tape_step, zr[2 * k], m);
              store_lanes<kWhole>(tape + (first + k) * tape_step + m, zr[2 * k + 1], m);
            }
          });
        });
  }

  template <bool kWhole>
  void outputs(const Cells& cells, const Real* z, ptrdiff_t z_row, const Real* pre,
               ptrdiff_t pre_row) const {
    const ptrdiff_t m = cells.m, tape_step = cells.tape_step(tape_, a_.N);
    Real* const tape = this->tape(cells);
    for_valid_cells<4>(
        a_.schedule, s_, cells, [&](auto count, ptrdiff_t first) FUSEDRNN_INLINE_LAMBDA {
          constexpr int K = decltype(count)::value;
          Vec<Real> candidate[K];
          lockstep<K>(
              [&](int k) { candidate[k] = load_lanes<kWhole>(pre + (first + k) * pre_row, m); });
          activate_with<Real, 0>(a_.activation, candidate);
          lockstep<K>([&](int k) {
            const ptrdiff_t slot = cells.slot(first + k), unit = cells.unit(first + k);
            const Vec<Real> h_new =
                gru_update<Real>(load_lanes<kWhole>(z + (first + k) * z_row, m), candidate[k],
                                 load(h_prev + slot * Hp_ + unit), a_.update_keeps);
            store(h + slot * Hp_ + unit, h_new);
            if (Real* y = y_row(a_, slot, s_, unit)) store_lanes<kWhole>(y, h_new, m);
            if (tape) store_lanes<kWhole>(tape + (first + k) * tape_step + 2 * m, candidate[k], m);
          });
        });
    for_masked_cells(a_.schedule, s_, cells, [&](ptrdiff_t k, bool emit) {
      const ptrdiff_t slot = cells.slot(k), unit = cells.unit(k), at = slot * Hp_ + unit;
      carry_state(h_prev + at, h + at, y_row(a_, slot, s_, unit), emit, m);
    });
  }

  const fusedrnn::GruForward<Real>& a_;
  const ptrdiff_t s_;
  const Panels tape_ = {a_.H, a_.reset_after ? 4 : 3, 1, V};
  const ptrdiff_t Hp_ = fusedrnn::round_up(a_.H, V);
};

// Reset after: the candidate's recurrent product is summed apart, for r scales it.
template <class Real>
class GruProducts {
 public:
  GruProducts(const fusedrnn::GruForward<Real>& a, ptrdiff_t begin, ptrdiff_t end)
      : a_(a),
        input_(a, P_, a.weights[0], 1 + a.I, 0, begin, end),
        first_(a.share.begin(P_.count())),
        last_(a.share.end(P_.count())),
        prefetches_(!stays_in_l2<Real>((last_ - first_) * P_.offset(1, 2 + a.I + a.H))) {}

  void step(ptrdiff_t s, ptrdiff_t begin, ptrdiff_t end) {
    constexpr int V = kLanes<Real>;
    alignas(64) Real pre_x[kCells * 3 * V], pre_h[kCells * 3 * V];
    input_.advance(s, end);
    const GruStep<Real> step(a_, s);
    for_cell_blocks(
        first_, last_, begin, end, [&](ptrdiff_t p0, ptrdiff_t p1, ptrdiff_t n, ptrdiff_t rows) {
          const ptrdiff_t size = rows * 3 * V;  // of a panel
          ptrdiff_t p = p0;
          if (rows == 1)
            p = for_row_tiles_of_panels(
                p0, p1 - (P_.units_in(p1 - 1) < V), [&](ptrdiff_t q, int panels) {
                  const auto run = panels == 3 ? &GruProducts::row<3> : &GruProducts::row<2>;
                  (this->*run)(step.h_prev, s, q, n, pre_x + (q - p0) * size,
                               pre_h + (q - p0) * size);
                });
          for (; p < p1; ++p)
            tiles(step.h_prev, s, p, begin, end, n, rows, pre_x + (p - p0) * size,
                  pre_h + (p - p0) * size);
          for_cells(P_, p0, p1, n, rows, [&](const Cells& cells, ptrdiff_t at, ptrdiff_t row) {
            const ptrdiff_t q = cells.first_unit / V;
            if (input_.ahead())
              step.gates(cells, input_.row(q, n, s), cells.slot_step ? row : input_.panel_stride(),
                         pre_h + at, row);
            else
              step.gates(cells, pre_x + at, row, pre_h + at, row);
          });
          for_cells(P_, p0, p1, n, rows, [&](const Cells& cells, ptrdiff_t at, ptrdiff_t row) {
            step.outputs(cells, pre_h + at, row, pre_h + at + 2 * cells.m, row);
          });
        });
  }

 private:
  const Real* of_x(ptrdiff_t p) const { return a_.weights[0] + P_.offset(p, 1 + a_.I); }
  const Real* of_h(ptrdiff_t p) const { return a_.weights[1] + P_.offset(p, 1 + a_.H); }

  template <int kPanels>
  void row(const Real* h_prev, ptrdiff_t s, ptrdiff_t p, ptrdiff_t n, Real* pre_x,
           Real* pre_h) const {
    const ptrdiff_t width = P_.width(p), Hp = fusedrnn::round_up(a_.H, P_.lanes);
    Segment<Real> part;
    if (!input_.ahead()) {
      part.row[0] = x_row(a_, n, s);
      part.K = a_.I;
      part.b = of_x(p) + width;
      const ptrdiff_t panel = P_.offset(1, 1 + a_.I);
      row_tile<Real, 3, kPanels>(&part, 1, panel, of_x(p), panel, pre_x);
    }
    part.row[0] = h_prev + n * Hp;
    part.K = a_.H;
    part.b = of_h(p) + width;
    const ptrdiff_t panel = P_.offset(1, 1 + a_.H);
    row_tile<Real, 3, kPanels>(&part, 1, panel, of_h(p), panel, pre_h);
  }

  void tiles(const Real* h_prev, ptrdiff_t s, ptrdiff_t p, ptrdiff_t begin, ptrdiff_t end,
             ptrdiff_t n, ptrdiff_t rows, Real* pre_x, Real* pre_h) const {
    const ptrdiff_t width = P_.width(p), Hp = fusedrnn::round_up(a_.H, P_.lanes);
    const int C = int(width / P_.lanes);
    NextPanel<Real> next_x, next_h;
    if (prefetches_) {
      const ptrdiff_t next = p + 1 < last_ ? p + 1 : first_;
      next_x = {of_x(next), width * (1 + a_.I), end - begin};
      next_h = {of_h(next), width * (1 + a_.H), end - begin};
    }
    for_row_tiles(0, rows, C, [&](ptrdiff_t k, int R) {
      Segment<Real> x_part, h_part;
      for (int r = 0; r < R; ++r) {
        x_part.row[r] = x_row(a_, n + k + r, s);
        h_part.row[r] = h_prev + (n + k + r) * Hp;
      }
      x_part.stride = h_part.stride = 1;
      x_part.K = a_.I;
      x_part.b = of_x(p) + width;
      h_part.K = a_.H;
      h_part.b = of_h(p) + width;
      next_x.spread(&x_part, 1, n + k - begin, R);
      next_h.spread(&h_part, 1, n + k - begin, R);
      if (!input_.ahead())
        kTiles<Real>[R - 1][C - 1](&x_part, 1, width, of_x(p), 0, pre_x + k* width, width);
      kTiles<Real>[R - 1][C - 1](&h_part, 1, width, of_h(p), 0, pre_h + k* width, width);
    });
  }

  const fusedrnn::GruForward<Real>& a_;
  const Panels P_ = {a_.H, 3, 1, kLanes<Real>};
  InputProduct<Real, fusedrnn::GruForward<Real>> input_;
  const ptrdiff_t first_, last_;
  const bool prefetches_;
};

template <class Real>
using GruGateProduct = GateProduct<Real, fusedrnn::GruForward<Real>>;

// Reset before, the candidate from r * state, and the new state. Not inline: it has two callers,
// and its body is inlined only where there is one copy of it.
template <class Real>
void gru_candidate(const fusedrnn::GruForward<Real>& a, const GruGateProduct<Real>& product,
                   ptrdiff_t s, ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real pre[kCells * kMaxVectors * V];
  const Panels N = {a.H, 1, 4, V};
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, V);
  const Real* reset_state = a.scratch + a.N * Hp;
  const GruStep<Real> step(a, s);
  for_cell_blocks(
      a.share.begin(N.count()), a.share.end(N.count()), begin, end,
      [&](ptrdiff_t p0, ptrdiff_t p1, ptrdiff_t n, ptrdiff_t rows) {
        product.block(reset_state, s, p0, p1, n, rows, pre);
        for_cells(N, p0, p1, n, rows, [&](const Cells& cells, ptrdiff_t at, ptrdiff_t row) {
          const Real* z = a.scratch + n * Hp + cells.first_unit;
          step.outputs(cells, z, cells.slot_step ? Hp : cells.unit_step, pre + at, row);
        });
      });
}

template <class Real>
void gru_reset_state(const fusedrnn::GruForward<Real>& a, const GruGateProduct<Real>& product,
                     ptrdiff_t s, ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real pre[kCells * kMaxVectors * V];
  const Panels ZR = {a.H, 2, 2, V};
  const GruStep<Real> step(a, s);
  for_cell_blocks(a.share.begin(ZR.count()), a.share.end(ZR.count()), begin, end,
                  [&](ptrdiff_t p0, ptrdiff_t p1, ptrdiff_t n, ptrdiff_t rows) {
                    product.block(step.h_prev, s, p0, p1, n, rows, pre);
                    for_cells(
                        ZR, p0, p1, n, rows, [&](const Cells& cells, ptrdiff_t at, ptrdiff_t row) {
                          step.reset(cells, pre + at, row,
                                     ZR.units_in(cells.first_unit / ZR.full_units()), step.h_prev);
                        });
                  });
}

template <class Real>
void gru_forward(const fusedrnn::GruForward<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  const ptrdiff_t steps = begin < end ? a.schedule.length[begin] : 0;
  if (a.reset_after) {
    GruProducts<Real> products(a, begin, end);
    for (ptrdiff_t s = 0; s < steps; ++s) {
      end = a.schedule.active_end(begin, end, s);
      products.step(s, begin, end);
      a.share.meet();
    }
    return;
  }
  constexpr int V = kLanes<Real>;
  const Panels ZR = {a.H, 2, 2, V}, N = {a.H, 1, 4, V};
  const ptrdiff_t size = 3 * a.H * (1 + a.I + a.H) / a.share.parts;
  GruGateProduct<Real> zr_product(a, ZR, a.weights[0], 0, begin, end, size);
  GruGateProduct<Real> n_product(a, N, a.weights[1], 1, begin, end, size);
  for (ptrdiff_t s = 0; s < steps; ++s) {
    end = a.schedule.active_end(begin, end, s);
    zr_product.advance(s, begin, end);
    n_product.advance(s, begin, end);
    gru_reset_state(a, zr_product, s, begin, end);
    a.share.meet();
    gru_candidate(a, n_product, s, begin, end);
    a.share.meet();
  }
}

}  // namespace
