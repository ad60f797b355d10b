// bias + x W + h R of a block of rows and panels, where one tile sums both products.
#pragma once

#include "input_product.hpp"

namespace {

// The panels of one weight buffer, K = 1 + I + H rows: bias, kernel, recurrent kernel.
template <class Real, class Arguments>
class GateProduct {
 public:
  // For a slice of rows [begin, end); `l2_size` weights are read in each step by this thread.
  GateProduct(const Arguments& a, const Panels& P, const Real* weights, int buffer, ptrdiff_t begin,
              ptrdiff_t end, ptrdiff_t l2_size)
      : a_(a),
        P_(P),
        weights_(weights),
        K_(1 + a.I + a.H),
        prefetches_(!stays_in_l2<Real>(l2_size)),
        input_(a, P, weights, K_, buffer, begin, end) {}

  // Call at each step, with the rows [begin, end) that still run.
  void advance(ptrdiff_t s, ptrdiff_t begin, ptrdiff_t end) {
    begin_ = begin;
    end_ = end;
    input_.advance(s, end);
  }

  // pre, laid out as `for_cells` has it: of each panel of [p0, p1) the rows [n, n + rows).
  void block(const Real* state, ptrdiff_t s, ptrdiff_t p0, ptrdiff_t p1, ptrdiff_t n,
             ptrdiff_t rows, Real* pre) const {
    constexpr int V = kLanes<Real>;
    const ptrdiff_t Hp = fusedrnn::round_up(a_.H, V);
    const int skipped = input_.ahead();
    ptrdiff_t p = p0;
    if (rows == 1) {
      const ptrdiff_t whole = p1 - (P_.units_in(p1 - 1) < P_.full_units());
      p = for_row_tiles_of_panels(p0, whole, [&](ptrdiff_t q, int panels) {
        Segment<Real> segments[2];
        segments[0].row[0] = x_row(a_, n, s);
        segments[1].row[0] = state + n * Hp;
        set_panel(segments, q);
        const auto tile =
            panels == 3 ? &row_tile<Real, kMaxVectors, 3> : &row_tile<Real, kMaxVectors, 2>;
        tile(segments + skipped, 2 - skipped, P_.offset(1, K_), input_.row(q, n, s),
             input_.panel_stride(), pre + (q - p0) * P_.offset(1, 1));
      });
    }
    for (; p < p1; ++p) {
      const ptrdiff_t width = P_.width(p);
      const int C = int(width / V);
      Real* out = pre + (p - p0) * rows * P_.offset(1, 1);
      NextPanel<Real> next;
      if (prefetches_) next = {weights_ + P_.offset(after(p), K_), width * K_, end_ - begin_};
      for_row_tiles(0, rows, C, [&](ptrdiff_t k, int R) {
        Segment<Real> segments[2];
        for (int r = 0; r < R; ++r) {
          segments[0].row[r] = x_row(a_, n + k + r, s);
          segments[1].row[r] = state + (n + k + r) * Hp;
        }
        set_panel(segments, p);
        next.spread(segments + skipped, 2 - skipped, n + k - begin_, R);
        kTiles<Real>[R - 1][C - 1](segments + skipped, 2 - skipped, width, input_.row(p, n + k, s),
                                   input_.row_stride(p), out + k* width, width);
      });
    }
  }

 private:
  void set_panel(Segment<Real>* segments, ptrdiff_t p) const {
    const ptrdiff_t width = P_.width(p);
    const Real* w = weights_ + P_.offset(p, K_) + width;
    segments[0].stride = segments[1].stride = 1;
    segments[0].K = a_.I;
    segments[0].b = w;
    segments[1].K = a_.H;
    segments[1].b = w + a_.I * width;
  }
  // The panel that is read after p, in this step or the next.
  ptrdiff_t after(ptrdiff_t p) const {
    return p + 1 < a_.share.end(P_.count()) ? p + 1 : a_.share.begin(P_.count());
  }

  const Arguments& a_;
  const Panels P_;
  const Real* weights_;
  const ptrdiff_t K_;
  const bool prefetches_;
  InputProduct<Real, Arguments> input_;
  ptrdiff_t begin_ = 0, end_ = 0;
};

}  // namespace
