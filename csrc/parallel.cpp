#include "parallel.hpp"

#include <pthread.h>

#include <atomic>

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

}  // namespace

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
