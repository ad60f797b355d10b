// What the LSTM and the GRU share above the kernels: the caller's side of a call, the order of the
// rows, how the work is cut.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "buffer.hpp"
#include "dispatch.hpp"
#include "parallel.hpp"

namespace fusedrnn {

// The caller's arrays of a forward pass. Arrays (N, H) are contiguous; nothing aliases.
template <class Real>
struct ForwardArrays {
  ptrdiff_t N, T;
  Sequence<const Real> x;    // (N, T, I)
  Sequence<Real> y;          // (N, T, H), filled; or absent
  const ptrdiff_t* lengths;  // (N,) each in [0, T], or null
  const bool* mask;          // (N, T), true where a step is valid, or null
  bool reverse;
  const Real *h0, *c0;                   // (N, H) or null: zeros
  Real *h_n, *c_n;                       // (N, H), filled
  const Real* recurrent_mask = nullptr;  // (G, N, H), recurrent dropout's; or null
};

template <class Real>
struct BackwardArrays {
  Matrix<const Real> kernel;            // (I, G H), as in the forward pass
  Matrix<const Real> recurrent_kernel;  // (H, G H)
  Sequence<const Real> x;               // (N, T, I), as in the forward pass
  Sequence<const Real> dy;              // (N, T, H) or absent
  const Real *dh_n, *dc_n;              // (N, H) or null
  Sequence<Real> dx;                    // (N, T, I), filled; or absent
  Matrix<Real> dkernel, drecurrent;     // (I, G H), (H, G H), filled
  Real* dbias;                          // filled, or null
  Real *dh0, *dc0;                      // (N, H), filled
};

// Owns what a Schedule points to.
class RowOrder {
 public:
  RowOrder() = default;
  RowOrder(ptrdiff_t N, ptrdiff_t T, const ptrdiff_t* lengths, const bool* mask, bool reverse)
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
          const bool valid = mask[row_[size_t(slot)] * T + s.time(slot, step)];
          seen = seen || valid;
          mask_[size_t(step * N + slot)] =
              uint8_t((valid ? Schedule::kValid : 0) | (seen ? Schedule::kEmit : 0));
        }
      }
    }
  }
  Schedule schedule() const {
    return {row_.data(), length_.data(), mask_.empty() ? nullptr : mask_.data(), N_, reverse_};
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
// The final state of each row: time slot `length` of [slots][N][Hp], modulo a ring.
template <class Real>
void gather_final(const Schedule& s, ptrdiff_t H, ptrdiff_t Hp, const Real* states, ptrdiff_t ring,
                  Real* by_row) {
  for (ptrdiff_t slot = 0; slot < s.N; ++slot)
    std::copy_n(states + ((s.length[slot] & ring) * s.N + slot) * Hp, H, by_row + s.row[slot] * H);
}

// Zeroes what follows the end of each row.
template <class Real>
void zero_after_end(const Schedule& s, ptrdiff_t T, ptrdiff_t features, Sequence<Real> y) {
  if (!y.data) return;
  for (ptrdiff_t slot = 0; slot < s.N; ++slot)
    for (ptrdiff_t t = s.length[slot]; t < T; ++t)
      std::fill_n(y.data + s.row[slot] * y.stride_n + t * y.stride_t, features, Real(0));
}

// How a recurrence is cut over threads: by rows, which never wait for each other, or, where they
// are too few to fill each thread's tiles, by units, whose weights then stay in each core's own
// cache.
class Cut {
 public:
  // `panels` can be shared out; a step over all rows takes `operations`.
  Cut(const RowOrder& order, int threads, ptrdiff_t panels, double operations) {
    constexpr ptrdiff_t kFewRows = 6;  // a thread
    // Where the weights do not stay in L2, each core then reads its own part of them only (measured
    // on two cores of Zen 3 at 8 and 16 rows a thread: inference 1.05, training 1.03).
    constexpr ptrdiff_t kFewRowsBeyondL2 = 20;
    constexpr double kBeyondL2 = 1 << 17;  // weights
    constexpr double kWorthMeeting = 2e5;  // operations of a part of a step: some microseconds
    const ptrdiff_t N = order.schedule().N;
    const bool beyond = operations > kBeyondL2 * 2 * double(N);
    if (threads > 1 && N < (beyond ? kFewRowsBeyondL2 : kFewRows) * threads)
      parts_ = std::min({ptrdiff_t(threads), panels, ptrdiff_t(operations / kWorthMeeting)});
    bounds_ = parts_ > 1 ? std::vector<ptrdiff_t>{0, N} : order.cut(threads);
  }

  // Rows of the largest piece.
  ptrdiff_t rows() const {
    ptrdiff_t most = 0;
    for (size_t j = 0; j + 1 < bounds_.size(); ++j)
      most = std::max(most, bounds_[j + 1] - bounds_[j]);
    return most;
  }

  // Calls work(n0, n1, share) for all slots and units on the threads of the team; returns when it
  // is done.
  template <class Work>
  void share(const Team& team, Work&& work) {
    if (parts_ > 1) {
      const ptrdiff_t parts = std::min<ptrdiff_t>(parts_, team.size());
      const auto wait = [](void* barrier, ptrdiff_t n) { static_cast<Barrier*>(barrier)->wait(n); };
      if (team.thread() < parts)
        work(bounds_[0], bounds_[1], UnitShare{team.thread(), parts, wait, &barrier_});
      return team.wait();
    }
    team.share(ptrdiff_t(bounds_.size()) - 1, [&](ptrdiff_t piece) {
      work(bounds_[size_t(piece)], bounds_[size_t(piece) + 1], UnitShare{});
    });
  }

 private:
  std::vector<ptrdiff_t> bounds_;
  ptrdiff_t parts_ = 1;
  Barrier barrier_;
};

// Steps whose input products are made ahead of the recurrence, where that is worth its memory: few
// rows and a kernel that is long beside them. `row` is the length of a row of pre-activations.
// Measured, times without over times with, at H 128 to 256: I 256, one row 1.6 to 2.2, two rows 1.2
// to 2.0, eight 1.0 to 1.2; I 64, one row 1.2, four 1.0; I 16, one row 1.0, two to eight 0.9
// to 1.0.
template <class Real>
ptrdiff_t steps_ahead(ptrdiff_t rows, ptrdiff_t steps, ptrdiff_t I, ptrdiff_t row) {
  if (rows == 0 || rows > 8 || I < 24 * rows || steps < 2) return 0;
  const ptrdiff_t fits = ptrdiff_t(1 << 16) / (row * ptrdiff_t(sizeof(Real)));
  return std::min(steps, std::max<ptrdiff_t>(24, fits) / rows);
}

}  // namespace fusedrnn
