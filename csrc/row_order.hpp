// The order of a call's rows, and the caller's arrays in that order: by slot, not by row.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "buffer.hpp"
#include "schedule.hpp"
#include "view.hpp"

namespace fusedrnn {

// Owns what a Schedule points to.
class RowOrder {
 public:
  RowOrder() = default;
  RowOrder(ptrdiff_t N, ptrdiff_t T, const ptrdiff_t* lengths, const uint8_t* mask, bool reverse)
      : row_(size_t(N)), length_(size_t(N), T), N_(N), reverse_(reverse) {
    std::iota(row_.begin(), row_.end(), ptrdiff_t(0));
    if (lengths) {
      std::stable_sort(row_.begin(), row_.end(),
                       [&](ptrdiff_t a, ptrdiff_t b) { return lengths[a] > lengths[b]; });
      for (size_t j = 0; j < row_.size(); ++j) length_[j] = lengths[row_[j]];
    }
    if (mask) {
      mask_.assign(size_t(T * N), 0);
      const Schedule s = schedule();
      for (ptrdiff_t slot = 0; slot < N; ++slot) {
        bool seen = false;  // before a row's first valid step its output is zero
        for (ptrdiff_t step = 0; step < length_[size_t(slot)]; ++step) {
          const bool valid = mask[row_[size_t(slot)] * T + s.time(slot, step)] != 0;
          seen = seen || valid;
          mask_[size_t(step * N + slot)] =
              uint8_t((valid ? Schedule::kValid : 0) | (seen ? Schedule::kEmit : 0));
        }
      }
    }
  }
  Schedule schedule() const {
    return {.row = row_.data(),
            .length = length_.data(),
            .mask = mask_.empty() ? nullptr : mask_.data(),
            .N = N_,
            .reverse = reverse_};
  }
  ptrdiff_t steps() const { return length_.empty() ? 0 : length_.front(); }
  // Row-steps that are computed.
  ptrdiff_t work() const { return std::accumulate(length_.begin(), length_.end(), ptrdiff_t(0)); }

  // Bounds of `pieces` stretches of slots with about equal work.
  std::vector<ptrdiff_t> cut(ptrdiff_t pieces) const {
    std::vector<ptrdiff_t> bounds = {0};
    ptrdiff_t done = 0, all = work();
    for (ptrdiff_t slot = 0; slot < N_; ++slot) {
      done += length_[size_t(slot)];
      if (done * pieces >= all * ptrdiff_t(bounds.size()) && slot + 1 < N_)
        bounds.push_back(slot + 1);
    }
    bounds.push_back(N_);
    return bounds;
  }

 private:
  std::vector<ptrdiff_t> row_, length_;
  std::vector<uint8_t> mask_;
  ptrdiff_t N_ = 0;
  bool reverse_ = false;
};

// by_slot [N][Hp] from by_row (N, H) or zeros, and back.
template <class Real>
void scatter_rows(const Schedule& s, ptrdiff_t H, ptrdiff_t Hp, const Real* by_row, Real* by_slot) {
  std::memset(static_cast<void*>(by_slot), 0, size_t(s.N * Hp) * sizeof(Real));
  if (!by_row) return;
  for (ptrdiff_t slot = 0; slot < s.N; ++slot)
    std::copy_n(by_row + s.row[slot] * H, H, by_slot + slot * Hp);
}
template <class Real>
void gather_rows(const Schedule& s, ptrdiff_t H, ptrdiff_t Hp, const Real* by_slot, Real* by_row) {
  for (ptrdiff_t slot = 0; slot < s.N; ++slot)
    std::copy_n(by_slot + slot * Hp, H, by_row + s.row[slot] * H);
}

// The masks of recurrent dropout, [gates][N][Hp] by slot from (gates, N, H) by row; empty where
// that is null.
template <class Real>
Buffer<Real> masks_by_slot(const Schedule& s, int gates, ptrdiff_t H, ptrdiff_t Hp,
                           const Real* by_row) {
  if (!by_row) return {};
  Buffer<Real> masks(gates * s.N * Hp);
  for (int g = 0; g < gates; ++g)
    scatter_rows(s, H, Hp, by_row + g * s.N * H, masks.get() + g * s.N * Hp);
  return masks;
}

// Zeroes what follows the end of each row.
template <class Real>
void zero_after_end(const Schedule& s, ptrdiff_t T, ptrdiff_t features, Sequence<Real> y) {
  if (!y.data) return;
  for (ptrdiff_t slot = 0; slot < s.N; ++slot)
    for (ptrdiff_t t = s.length[slot]; t < T; ++t)
      std::fill_n(y.data + s.row[slot] * y.stride_n + t * y.stride_t, features, Real(0));
}

}  // namespace fusedrnn
