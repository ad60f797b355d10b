// The input product of several steps ahead of the recurrence, where a step's few rows do not fill a
// tile: the kernel is then read once for several steps. `steps_ahead` in ../cut.hpp says when.
#pragma once

#include "rows.hpp"

namespace {

// Where the pre-activations of the rows [begin, ...) of a slice start from at each step: the bias,
// or bias + x W made ahead, for the panels P of which `weights` has K rows that begin with bias,
// kernel. products: as in StepsAhead, or null.
template <class Real, bool kHalf>
class InputProduct {
 public:
  InputProduct(const RecurrentCall<Real>& call, const Panels& P, const Real* weights, ptrdiff_t K,
               Real* products, ptrdiff_t begin, ptrdiff_t end)
      : call_(call),
        P_(P),
        weights_(weights),
        K_(K),
        begin_(begin),
        capacity_(call.ahead.steps * (end - begin)),
        out_(call.ahead.steps && products ? products + call.ahead.steps * begin * P.row()
                                          : nullptr) {}

  bool ahead() const { return out_ != nullptr; }

  // Call at each step, with the end of the rows that still run.
  FUSEDRNN_INLINE void advance(ptrdiff_t s, ptrdiff_t end) {
    if (!ahead() || s < last_) return;
    // As far as all these rows run.
    const ptrdiff_t runs = call_.schedule.length[end - 1] - s;
    first_ = s;
    last_ = s + (runs < call_.ahead.steps ? runs : call_.ahead.steps);
    rows_ = end - begin_;
    InputProduct(*this).multiply();  // a copy: see GateProduct
  }

  const Real* row(ptrdiff_t p, ptrdiff_t slot, ptrdiff_t s) const {
    const ptrdiff_t k = (s - first_) * rows_ + slot - begin_;
    return ahead() ? out_ + P_.offset(p, capacity_) + k * P_.width(p) : weights_ + P_.offset(p, K_);
  }
  ptrdiff_t row_stride(ptrdiff_t p) const { return ahead() ? P_.width(p) : 0; }
  // From one full panel to the next.
  ptrdiff_t panel_stride() const { return P_.offset(1, ahead() ? capacity_ : K_); }

 private:
  // The products of the steps [first_, last_).
  __attribute__((noinline)) void multiply() const {
    for (ptrdiff_t p = call_.units.begin(P_.count()); p < call_.units.end(P_.count()); ++p) {
      const ptrdiff_t width = P_.width(p);
      const int C = int(width / kLanes<Real>);
      const Real* w = weights_ + P_.offset(p, K_);
      for_row_tiles(0, (last_ - first_) * rows_, C, [&](ptrdiff_t k, int R) {
        Segment<Real> x;
        for (int r = 0; r < R; ++r)
          x.row[r] = StepInputs<Real>(call_, first_ + (k + r) / rows_)(begin_ + (k + r) % rows_);
        x.stride = 1;
        x.K = call_.I;
        x.b = w + width;
        kTiles<Real, kHalf>[R - 1][C - 1](&x, 1, width, w, 0,
                                          out_ + P_.offset(p, capacity_) + k* width, width);
      });
    }
  }

  const RecurrentCall<Real>& call_;
  const Panels P_;
  const Real* weights_;
  const ptrdiff_t K_, begin_, capacity_;
  Real* out_;
  ptrdiff_t first_ = 0, last_ = 0, rows_ = 0;
};

}  // namespace
