#include "parallel.hpp"

#include <pthread.h>

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
