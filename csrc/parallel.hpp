// The parallel regions of the project, and what every thread of a call needs around its work.
#pragma once

#include <algorithm>
#include <atomic>

#ifdef __SSE2__
#include <xmmintrin.h>
#endif

#include "interrupt.hpp"
#include "shape.hpp"
#include "threadpool.hpp"

namespace fusedrnn {

constexpr int kMostThreads = 1024;

// Most threads of a call: 1 in a child after fork, whose parent's threads do not survive it; what
// was set; else the pool's own number. What was set is cut by a limit put on the pool later
// (threadpoolctl's, PyTorch's).
int num_threads();
// 1 to kMostThreads; 0: the pool's own number again.
void set_num_threads(int n);
int chosen_threads();  // what was set, or 0
// Call once, before any thread: from then on forks are noticed.
void watch_forks();

double seconds_now();  // of a clock that never goes back

// Whether regions have lately waited for a thread of their own that had no core, because another
// process keeps it busy: then one thread is faster than two that wait for each other, a scheduler's
// slice at a time (measured with a busy loop on one of two cores: up to 3.4 times one thread).
// Asked again after 50 ms, up to a second while it stays so.
bool cores_are_contended();

// Watches one region for that, from its construction on.
class ContentionWatch {
 public:
  ContentionWatch();
  ~ContentionWatch();
  // By each thread of the region, with the processor time that it had.
  void add(double seconds);
  static double processor_seconds();  // of this thread, so far

 private:
  std::atomic<double> least_;
  double start_;
};

// Denormals flushed to zero while it lives, as they were afterwards.
class FlushDenormals {
 public:
#if defined(__SSE2__)
  FlushDenormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040); }  // FTZ, DAZ
  ~FlushDenormals() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#elif defined(__aarch64__)
  FlushDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    asm volatile("msr fpcr, %0" ::"r"(saved_ | (uint64_t(1) << 24)));
  }
  ~FlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(saved_)); }

 private:
  uint64_t saved_;
#else
  FlushDenormals() {}
#endif
};

// Threads worth starting for `operations` floating-point operations in `pieces` pieces: one for
// each 30 microseconds of work or so (measured on two cores of Zen 3: two threads are 1.6 times as
// fast as one at 6.5e6 operations, where OpenMP's still spin from the call before). While another
// process keeps a core busy, `cores_are_contended` keeps calls serial.
inline int threads_for(double operations, ptrdiff_t pieces) {
  constexpr double kWorth = 3e6;
  const double most = std::min(operations / kWorth, double(pieces));
  if (most < 2 || cores_are_contended()) return 1;
  return int(std::min(most, double(num_threads())));
}

// Where some threads of a region wait for each other, thousands of times in a call: it spins for
// the microseconds that threads of equal work differ by, and then yields, for the thread waited for
// may have no core. Nobody waits once the call is to stop.
class Barrier {
 public:
  void wait(ptrdiff_t threads, const Interrupt& interrupt);

 private:
  alignas(64) std::atomic<ptrdiff_t> arrived_{0};
  alignas(64) std::atomic<unsigned> round_{0};
};

// The threads of one parallel region, inside it: each has a Team of its own.
class Team {
 public:
  int size() const { return threads_; }
  int thread() const { return thread_; }
  // Returns when all threads have called it.
  void wait() const {
    if (threads_ > 1) pool_->barrier();
  }
  // Runs work(piece) for each piece on whichever thread comes first; returns when all are done, or
  // those left are skipped because the call is to stop.
  template <class Work>
  void for_each(ptrdiff_t pieces, Work&& work) const {
    if (threads_ == 1) {
      for (ptrdiff_t k = 0; k < pieces; ++k)
        if (!interrupt_.poll()) work(k);
      return;
    }
    for (ptrdiff_t k; (k = next_->fetch_add(1, std::memory_order_relaxed) - taken_) < pieces;)
      if (!interrupt_.poll()) work(k);
    taken_ += pieces + threads_;  // each thread asked once in vain
    pool_->barrier();
  }
  Interrupt& interrupt() const { return interrupt_; }

 private:
  template <class Body>
  friend void parallel(int threads, Interrupt& interrupt, Body&& body);
  explicit Team(Interrupt& interrupt) : interrupt_(interrupt) {}
  Team(const Threadpool& pool, std::atomic<ptrdiff_t>& next, Interrupt& interrupt)
      : pool_(&pool),
        threads_(pool.threads()),
        thread_(pool.thread()),
        next_(&next),
        interrupt_(interrupt) {}
  const Threadpool* pool_ = nullptr;
  int threads_ = 1, thread_ = 0;
  std::atomic<ptrdiff_t>* next_ = nullptr;  // piece of any thread, over all loops of the region
  mutable ptrdiff_t taken_ = 0;             // by the loops before
  Interrupt& interrupt_;
};

// Runs body(team) on each of `threads` threads: one region, denormals flushed. body must not throw.
// Throws Interrupted if the call was told to stop.
template <class Body>
void parallel(int threads, Interrupt& interrupt, Body&& body) {
  if (threads > 1) {
    const Threadpool& pool = threadpool();
    std::atomic<ptrdiff_t> next{0};
    ContentionWatch watch;
    auto work = [&] {
      const FlushDenormals flush;
      const double before = ContentionWatch::processor_seconds();
      body(Team(pool, next, interrupt));
      watch.add(ContentionWatch::processor_seconds() - before);
    };
    using Work = decltype(work);
    pool.run([](void* data) { (*static_cast<Work*>(data))(); }, &work, unsigned(threads), 0);
  } else {
    const FlushDenormals flush;
    body(Team(interrupt));
  }
  interrupt.throw_if_stopped();
}

}  // namespace fusedrnn
