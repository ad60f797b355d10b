// The only OpenMP in the project, and what every thread of a call needs around its work.
#pragma once

#include <algorithm>
#include <atomic>

#ifdef _OPENMP
#include <omp.h>
#endif
#ifdef __SSE2__
#include <xmmintrin.h>
#endif

#include "interrupt.hpp"
#include "shape.hpp"

namespace fusedrnn {

constexpr int kMostThreads = 1024;

int num_threads();            // 1 in a child after fork: OpenMP's threads do not survive it
void set_num_threads(int n);  // 1 to kMostThreads
bool has_openmp();
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
  const int threads = std::max(1, int(std::min(most, double(num_threads()))));
  return threads > 1 && cores_are_contended() ? 1 : threads;
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

// The threads of one parallel region, inside it.
class Team {
 public:
  int size() const { return threads_; }
  int thread() const {
#ifdef _OPENMP
    if (threads_ > 1) return omp_get_thread_num();
#endif
    return 0;
  }
  // Returns when all threads have called it.
  void wait() const {
#ifdef _OPENMP
    if (threads_ > 1) {
#pragma omp barrier
    }
#endif
  }
  // Runs work(piece) for each piece on whichever thread comes first; returns when all are done, or
  // those left are skipped because the call is to stop.
  template <class Work>
  void for_each(ptrdiff_t pieces, Work&& work) const {
#ifdef _OPENMP
    if (threads_ > 1) {
#pragma omp for schedule(dynamic, 1)
      for (ptrdiff_t k = 0; k < pieces; ++k)
        if (!interrupt_.poll()) work(k);
      return;
    }
#endif
    for (ptrdiff_t k = 0; k < pieces; ++k)
      if (!interrupt_.poll()) work(k);
  }
  Interrupt& interrupt() const { return interrupt_; }

 private:
  template <class Body>
  friend void parallel(int threads, Interrupt& interrupt, Body&& body);
  Team(int threads, Interrupt& interrupt) : threads_(threads), interrupt_(interrupt) {}
  int threads_;
  Interrupt& interrupt_;
};

// Runs body(team) on each of `threads` threads: one region, denormals flushed. body must not throw.
// Throws Interrupted if the call was told to stop.
template <class Body>
void parallel(int threads, Interrupt& interrupt, Body&& body) {
#ifdef _OPENMP
  if (threads > 1) {
    ContentionWatch watch;
#pragma omp parallel num_threads(threads)
    {
      const FlushDenormals flush;
      const double before = ContentionWatch::processor_seconds();
      body(Team(omp_get_num_threads(), interrupt));
      watch.add(ContentionWatch::processor_seconds() - before);
    }
    return interrupt.throw_if_stopped();
  }
#else
  static_cast<void>(threads);
#endif
  {
    const FlushDenormals flush;
    body(Team(1, interrupt));
  }
  interrupt.throw_if_stopped();
}

}  // namespace fusedrnn
