#include "parallel.hpp"

#include <pthread.h>
#include <time.h>

#include <atomic>
#include <thread>

namespace fusedrnn {
namespace {

std::atomic<int> chosen{0};  // 0: not yet asked
std::atomic<bool> forked{false};

int default_threads() {
#ifdef _OPENMP
  pthread_atfork(nullptr, nullptr, [] { forked.store(true); });
  return omp_get_max_threads();
#else
  return 1;
#endif
}

double seconds_of(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

constexpr double kShortestHold = 0.05, kLongestHold = 1.0;  // seconds on one thread
std::atomic<double> held_until{0}, hold{kShortestHold};
std::atomic<int> in_a_row{0};  // regions that waited

// Tells the core that this is a spinning loop.
inline void pause() {
#if defined(__SSE2__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

void Barrier::wait(ptrdiff_t threads) {
  constexpr int kSpins = 500;
  const unsigned round = round_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
    return;
  }
  for (int spins = 0; round_.load(std::memory_order_acquire) == round; ++spins)
    spins < kSpins ? pause() : std::this_thread::yield();
}

bool cores_are_contended() {
  return seconds_of(CLOCK_MONOTONIC) < held_until.load(std::memory_order_relaxed);
}

double ContentionWatch::processor_seconds() {
  return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

ContentionWatch::ContentionWatch() : least_(1e300), start_(seconds_of(CLOCK_MONOTONIC)) {}

void ContentionWatch::add(double seconds) {
  double least = least_.load();
  while (seconds < least && !least_.compare_exchange_weak(least, seconds)) {
  }
}

ContentionWatch::~ContentionWatch() {
  constexpr double kSlice = 1e-3;  // seconds, less than a slice of a scheduler
  // Not at once: threads that slept may be woken on one core and be parted some milliseconds later.
  constexpr int kInARow = 3;
  const double now = seconds_of(CLOCK_MONOTONIC), took = now - start_;
  if (took - least_.load() < std::max(took / 2, kSlice)) {
    in_a_row.store(0);
    hold.store(kShortestHold);
  } else if (in_a_row.fetch_add(1) + 1 >= kInARow) {
    held_until.store(now + hold.load());
    hold.store(std::min(2 * hold.load(), kLongestHold));
  }
}

bool has_openmp() {
#ifdef _OPENMP
  return true;
#else
  return false;
#endif
}

int num_threads() {
  if (forked.load(std::memory_order_relaxed)) return 1;
  int n = chosen.load(std::memory_order_relaxed);
  if (n == 0) {
    static const int initial = default_threads();
    chosen.compare_exchange_strong(n, initial);
    n = chosen.load();
  }
  return n;
}

void set_num_threads(int n) {
  num_threads();  // the fork handler is in place before any thread
  chosen.store(has_openmp() ? n : 1);
}

}  // namespace fusedrnn
