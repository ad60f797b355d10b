// The pre-activations bias + x W + h R of a block of rows and panels, where one tile sums both
// products.
#pragma once

#include "input_product.hpp"

namespace {

// A packed buffer of weights, and what goes with it.
template <class Real, bool kHalf>
struct GateWeights {
  Panels panels;
  const Real* data;  // K rows: bias, kernel, recurrent kernel
  ptrdiff_t x_rows;  // I, or 0: without a kernel
  Real* products;    // the buffer's of StepsAhead; or null
  // Recurrent dropout: [gates][N][Hp] by slot, the state times each gate's mask; or null.
  const Real* masked;

  ptrdiff_t K(ptrdiff_t H) const {
    return 1 + rows_in_panels(kHalf, x_rows) + rows_in_panels(kHalf, H);
  }
};

// Its members stay in registers only as long as no function sees it that is not inlined (measured:
// 2 % of the instructions of a call of one row), hence the copy for `masked_block`.
template <class Real, bool kHalf>
class GateProduct {
 public:
  // For a slice of rows [begin, end); `l2_size` weights are read in each step by this thread.
  GateProduct(const RecurrentCall<Real>& call, const GateWeights<Real, kHalf>& weights,
              ptrdiff_t begin, ptrdiff_t end, ptrdiff_t l2_size)
      : call_(call),
        P_(weights.panels),
        weights_(weights),
        K_(weights.K(call.H)),
        prefetches_(!stays_in_l2<Real>(l2_size)),
        input_(call, P_, weights.data, K_, weights.products, begin, end) {}

  // Call at each step, with the rows [begin, end) that still run.
  FUSEDRNN_INLINE void advance(ptrdiff_t s, ptrdiff_t begin, ptrdiff_t end) {
    begin_ = begin;
    end_ = end;
    input_.advance(s, end);
  }

  // pre, laid out as `for_cells` has it: of each panel of [p0, p1) the rows [n, n + rows), from
  // the state [N][Hp] by slot, or, with recurrent dropout, from the masked ones in its place.
  FUSEDRNN_INLINE void block(const Real* state, ptrdiff_t s, ptrdiff_t p0, ptrdiff_t p1,
                             ptrdiff_t n, ptrdiff_t rows, Real* pre) const {
    if (weights_.masked) return GateProduct(*this).masked_block(s, p0, p1, n, rows, pre);
    constexpr int V = kLanes<Real>;
    const StepInputs<Real> x(call_, s);
    const ptrdiff_t Hp = fusedrnn::round_up(call_.H, V);
    const int skipped = input_.ahead();
    ptrdiff_t p = p0;
    if (rows == 1) {
      const ptrdiff_t whole = p1 - (P_.units_in(p1 - 1) < P_.full_units());
      p = for_row_tiles_of_panels(p0, whole, [&](ptrdiff_t q, int panels) {
        Segment<Real> segments[2];
        segments[0].row[0] = x(n);
        segments[1].row[0] = state + n * Hp;
        set_weights(segments, q, 0);
        const auto tile = panels == 3 ? &row_tile<Real, kHalf, kMaxVectors, 3>
                                      : &row_tile<Real, kHalf, kMaxVectors, 2>;
        tile(segments + skipped, 2 - skipped, P_.offset(1, K_), input_.row(q, n, s),
             input_.panel_stride(), pre + (q - p0) * P_.offset(1, 1));
      });
    }
    for (; p < p1; ++p) {
      const ptrdiff_t width = P_.width(p);
      const int C = int(width / V);
      Real* out = pre + (p - p0) * rows * P_.offset(1, 1);
      NextPanel<Real, kHalf> next;
      if (prefetches_) next = {weights_.data + P_.offset(after(p), K_), width * K_, end_ - begin_};
      Segment<Real> segments[2];
      set_weights(segments, p, 0);
      for_row_tiles(0, rows, C, [&](ptrdiff_t k, int R) {
        for (int r = 0; r < R; ++r) {
          segments[0].row[r] = x(n + k + r);
          segments[1].row[r] = state + (n + k + r) * Hp;
        }
        next.spread(segments + skipped, 2 - skipped, n + k - begin_, R);
        kTiles<Real, kHalf>[R - 1][C - 1](segments + skipped, 2 - skipped, width,
                                          input_.row(p, n + k, s), input_.row_stride(p),
                                          out + k* width, width);
      });
    }
  }

 private:
  // Gate g's product has the state times mask[g]: a tile has one gate's columns of a panel.
  void masked_block(ptrdiff_t s, ptrdiff_t p0, ptrdiff_t p1, ptrdiff_t n, ptrdiff_t rows,
                    Real* pre) const {
    constexpr int V = kLanes<Real>;
    alignas(64) Real tail[kMaxRows * kMaxVectors * V];
    const StepInputs<Real> x(call_, s);
    const ptrdiff_t Hp = fusedrnn::round_up(call_.H, V);
    const int skipped = input_.ahead() || weights_.x_rows == 0;
    for (ptrdiff_t p = p0; p < p1; ++p) {
      const ptrdiff_t width = P_.width(p), units = P_.units_in(p);
      const int C = int((units + V - 1) / V);
      const bool whole = units == C * V;  // else a tile is wider than its gate
      for (int g = 0; g < P_.gates; ++g) {
        Real* out = pre + (p - p0) * rows * P_.offset(1, 1) + g * units;
        Segment<Real> segments[2];
        set_weights(segments, p, g * units);
        for_row_tiles(0, rows, C, [&](ptrdiff_t k, int R) {
          for (int r = 0; r < R; ++r) {
            segments[0].row[r] = x(n + k + r);
            segments[1].row[r] = weights_.masked + (g * call_.N + n + k + r) * Hp;
          }
          kTiles<Real, kHalf>[R - 1][C - 1](
              segments + skipped, 2 - skipped, width, input_.row(p, n + k, s) + g* units,
              input_.row_stride(p), whole ? out + k* width : tail, whole ? width : C* V);
          if (whole) return;
          for (int r = 0; r < R; ++r)
            for (ptrdiff_t j = 0; j < units; j += V)
              store_n(out + (k + r) * width + j, load(tail + (r * C * V + j)),
                      units - j < V ? units - j : V);
        });
      }
    }
  }

  // Of panel p, the columns from `column` on.
  void set_weights(Segment<Real>* segments, ptrdiff_t p, ptrdiff_t column) const {
    const ptrdiff_t width = P_.width(p);
    const Real* w = weights_.data + P_.offset(p, K_) + width + column;
    segments[0].stride = segments[1].stride = 1;
    segments[0].K = weights_.x_rows;
    segments[0].b = w;
    segments[1].K = call_.H;
    segments[1].b = w + rows_in_panels(kHalf, weights_.x_rows) * width;
  }
  // The panel that is read after p, in this step or the next.
  ptrdiff_t after(ptrdiff_t p) const {
    return p + 1 < call_.units.end(P_.count()) ? p + 1 : call_.units.begin(P_.count());
  }

  const RecurrentCall<Real>& call_;
  const Panels P_;
  const GateWeights<Real, kHalf> weights_;
  const ptrdiff_t K_;
  const bool prefetches_;
  InputProduct<Real, kHalf> input_;
  ptrdiff_t begin_ = 0, end_ = 0;
};

// Recurrent dropout: masked[g] = h * mask[g] of `gates` gates for the slots [begin, end), if there
// is a mask. The same mask at all steps; what is carried (c, z h) is not masked. Threads that share
// the units mask some of them each, and meet, for each product needs all.
template <class Real>
FUSEDRNN_INLINE void mask_state(const RecurrentCall<Real>& a, int gates, ptrdiff_t begin,
                                ptrdiff_t end, const Real* h) {
  if (!a.recurrent_mask) return;
  constexpr int V = kLanes<Real>;
  const ptrdiff_t Hp = fusedrnn::round_up(a.H, V);
  const ptrdiff_t first = a.units.begin(Hp / V) * V, last = a.units.end(Hp / V) * V;
  for (int g = 0; g < gates; ++g)
    for (ptrdiff_t n = begin; n < end; ++n)
      for (ptrdiff_t j = first; j < last; j += V) {
        const ptrdiff_t at = (g * a.N + n) * Hp + j;
        store(a.masked + at, load(h + n * Hp + j) * load(a.recurrent_mask + at));
      }
  a.units.meet();
}

}  // namespace
