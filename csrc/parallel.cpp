#include "parallel.hpp"

#ifdef __linux__
#include <link.h>
#endif
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <thread>

namespace fusedrnn {
namespace {

std::atomic<int> chosen{0};  // 0: not yet asked
std::atomic<bool> forked{false};

int default_threads() {
#ifdef _OPENMP
  const int n = omp_get_max_threads();  // not positive where OMP_NUM_THREADS is beyond an int
  return n < 1 ? kMostThreads : std::min(n, kMostThreads);
#else
  return 1;
#endif
}

#if defined(_OPENMP) && defined(__linux__)
constexpr char kPool[] = "libgomp";

// Whether the process is a child by fork of one that has the library of OpenMP's threads, which it
// then has too, as if its threads were alive: a region would wait for them for ever. Where nothing
// can be known it is so.
bool forked_from_openmp() {
  char line[4096];
  unsigned flags = 0;
  int parent = 0;
  FILE* file = std::fopen("/proc/self/stat", "re");
  if (!file) return false;
  if (std::fgets(line, sizeof line, file)) {
    const char* end = std::strrchr(line, ')');  // of the name
    if (!end || std::sscanf(end + 1, " %*c %d %*d %*d %*d %*d %u", &parent, &flags) != 2) flags = 0;
  }
  std::fclose(file);
  constexpr unsigned kForkedNoExec = 0x40;  // PF_FORKNOEXEC of Linux
  if (!(flags & kForkedNoExec)) return false;
  std::snprintf(line, sizeof line, "/proc/%d/maps", parent);
  file = std::fopen(line, "re");
  if (!file) return true;
  bool found = false;
  while (!found && std::fgets(line, sizeof line, file)) found = std::strstr(line, kPool) != nullptr;
  std::fclose(file);
  return found;
}

// Whether the library was here before this one, in the order in which they were loaded.
bool openmp_came_first() {
  int state = 0;  // 1: the library came, 2: this one came after it
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        int& state = *static_cast<int*>(data);
        if (std::strstr(info->dlpi_name, kPool)) state = 1;
        const auto self = reinterpret_cast<ElfW(Addr)>(&watch_forks);
        for (int k = 0; k < info->dlpi_phnum; ++k) {
          const ElfW(Addr) begin = info->dlpi_addr + info->dlpi_phdr[k].p_vaddr;
          if (info->dlpi_phdr[k].p_type == PT_LOAD && self >= begin &&
              self < begin + info->dlpi_phdr[k].p_memsz) {
            state = state == 1 ? 2 : 0;
            return 1;
          }
        }
        return 0;
      },
      &state);
  return state == 2;
}
#endif

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
  return seconds_of(CLOCK_MONOTONIC);
}

bool cores_are_contended() {
  return seconds_now() < held_until.load(std::memory_order_relaxed);
}

double ContentionWatch::processor_seconds() {
  return seconds_of(CLOCK_THREAD_CPUTIME_ID);
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

bool has_openmp() {
#ifdef _OPENMP
  return true;
#else
  return false;
#endif
}

void watch_forks() {
#ifdef _OPENMP
  pthread_atfork(nullptr, nullptr, [] { forked.store(true); });
#ifdef __linux__
  if (openmp_came_first() && forked_from_openmp()) forked.store(true);
#endif
#endif
}

int num_threads() {
  if (forked.load(std::memory_order_relaxed)) return 1;
  int n = chosen.load(std::memory_order_relaxed);
  if (n == 0) {
    chosen.compare_exchange_strong(n, default_threads());
    n = chosen.load();
  }
  return n;
}

void set_num_threads(int n) {
  chosen.store(has_openmp() ? n : 1);
}

}  // namespace fusedrnn
