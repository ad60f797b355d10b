#include "parallel.hpp"

#ifndef _WIN32
#include <pthread.h>
#include <time.h>
#endif

#include <atomic>
#include <chrono>
#include <thread>

namespace fusedrnn {
namespace {

// What was set, and the pool's own number then.
std::atomic<int> chosen{0}, most_then{0};
std::atomic<bool> forked{false};

int most_threads() {
  const int n = threadpool().most_threads();  // not positive where OMP_NUM_THREADS is beyond an int
  return n < 1 ? kMostThreads : std::min(n, kMostThreads);
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

void Barrier::wait(ptrdiff_t threads, const Interrupt& interrupt) {
  constexpr int kSpins = 500;
  const unsigned round = round_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
    return;
  }
  for (int spins = 0; round_.load(std::memory_order_acquire) == round; ++spins) {
    if (interrupt.stopped()) return;
    spins < kSpins ? pause() : std::this_thread::yield();
  }
}

double seconds_now() {
  using Seconds = std::chrono::duration<double>;
  return Seconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

bool cores_are_contended() {
  return seconds_now() < held_until.load(std::memory_order_relaxed);
}

double ContentionWatch::processor_seconds() {
#ifdef _WIN32  // counts a thread's time in steps of 16 ms: no region is seen to wait
  return seconds_now();
#else
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
#endif
}

ContentionWatch::ContentionWatch() : least_(1e300), start_(seconds_now()) {}

void ContentionWatch::add(double seconds) {
  double least = least_.load();
  while (seconds < least && !least_.compare_exchange_weak(least, seconds)) {
  }
}

ContentionWatch::~ContentionWatch() {
  constexpr double kSlice = 1e-3;  // seconds, less than a slice of a scheduler
  // Not at once: threads that slept may be woken on one core and be parted some milliseconds later.
  constexpr int kInARow = 3;
  const double now = seconds_now(), took = now - start_;
  if (took - least_.load() < std::max(took / 2, kSlice)) {
    in_a_row.store(0);
    hold.store(kShortestHold);
  } else if (in_a_row.fetch_add(1) + 1 >= kInARow) {
    held_until.store(now + hold.load());
    hold.store(std::min(2 * hold.load(), kLongestHold));
  }
}

void watch_forks() {
#ifndef _WIN32
  pthread_atfork(nullptr, nullptr, [] { forked.store(true); });
#endif
  if (inherited_threadpool()) forked.store(true);
}

int num_threads() {
  if (forked.load(std::memory_order_relaxed) || !has_threadpool()) return 1;
  const int most = most_threads(), n = chosen.load(std::memory_order_relaxed);
  if (n == 0) return most;
  return most < most_then.load(std::memory_order_relaxed) ? std::min(n, most) : n;
}

void set_num_threads(int n) {
  most_then.store(most_threads());
  chosen.store(n);
}

int chosen_threads() {
  return chosen.load(std::memory_order_relaxed);
}

}  // namespace fusedrnn
