// How the work of a call is cut over threads, and how much of it runs ahead of the recurrence.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/kernel_table.hpp"
#include "parallel.hpp"
#include "row_order.hpp"

namespace fusedrnn {

// A recurrence is cut by rows, which never wait for each other, or, where they are too few to fill
// each thread's tiles, by units, whose weights then stay in each core's own cache.
class Cut {
 public:
  // `panels` can be cut by units; a step over all rows takes `operations`.
  Cut(const RowOrder& order, int threads, ptrdiff_t panels, double operations) {
    constexpr ptrdiff_t kFewRows = 6;  // a thread
    // Where the weights do not stay in L2, each core then reads its own part of them only (measured
    // on two cores of Zen 3 at 8 and 16 rows a thread: inference 1.05, training 1.03).
    constexpr ptrdiff_t kFewRowsBeyondL2 = 20;
    constexpr double kBeyondL2 = 1 << 17;  // weights
    constexpr double kWorthMeeting = 2e5;  // operations of a slice of a step: some microseconds
    const ptrdiff_t N = order.schedule().N;
    const bool beyond = operations > kBeyondL2 * 2 * double(N);
    if (threads > 1 && N < (beyond ? kFewRowsBeyondL2 : kFewRows) * threads)
      slices_ = std::min({ptrdiff_t(threads), panels, ptrdiff_t(operations / kWorthMeeting)});
    // More pieces than threads where even those of one step would keep Ctrl-C waiting.
    constexpr double kLongest = 1e9;  // operations of a step of a piece
    const ptrdiff_t pieces = ptrdiff_t(std::min(operations / kLongest, double(N)));
    bounds_ = slices_ > 1 ? std::vector<ptrdiff_t>{0, N}
                          : order.cut(std::max(ptrdiff_t(threads), pieces));
  }

  // Rows of the largest piece.
  ptrdiff_t rows() const {
    ptrdiff_t most = 0;
    for (size_t j = 0; j + 1 < bounds_.size(); ++j)
      most = std::max(most, bounds_[j + 1] - bounds_[j]);
    return most;
  }

  // Calls work(n0, n1, units) for all slots and units on the threads of the team; returns when it
  // is done.
  template <class Work>
  void run(const Team& team, Work&& work) {
    Meeting meeting = {barrier_, team.interrupt()};
    if (slices_ > 1) {
      const ptrdiff_t slices = std::min<ptrdiff_t>(slices_, team.size());
      if (team.thread() < slices)
        work(bounds_[0], bounds_[1], UnitSlice{team.thread(), slices, &Meeting::wait, &meeting});
      return team.wait();
    }
    UnitSlice all;
    if (team.interrupt().is_long()) {
      all.wait = &Meeting::poll;
      all.meeting = &meeting;
    }
    team.for_each(ptrdiff_t(bounds_.size()) - 1, [&](ptrdiff_t piece) {
      work(bounds_[size_t(piece)], bounds_[size_t(piece) + 1], all);
    });
  }

 private:
  // What the kernels call between steps.
  struct Meeting {
    Barrier& barrier;
    Interrupt& interrupt;
    static bool poll(void* self, ptrdiff_t) {
      return !static_cast<Meeting*>(self)->interrupt.poll();
    }
    static bool wait(void* self, ptrdiff_t threads) {
      const Meeting& meeting = *static_cast<Meeting*>(self);
      meeting.interrupt.poll();
      meeting.barrier.wait(threads, meeting.interrupt);
      return !meeting.interrupt.stopped();
    }
  };

  std::vector<ptrdiff_t> bounds_;
  ptrdiff_t slices_ = 1;
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
