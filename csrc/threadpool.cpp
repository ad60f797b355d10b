#include "threadpool.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif
#if defined(__linux__)
#include <link.h>
#elif defined(__APPLE__)
#include <mach-o/dyld.h>
#endif
#if defined(__linux__) || defined(__APPLE__)
#include <dlfcn.h>
#define FUSEDRNN_FINDS_RUNTIMES
#endif

#include <atomic>
#include <cstdio>
#include <cstring>
#include <vector>

namespace fusedrnn {
namespace {

#ifdef _OPENMP
void run(void (*body)(void*), void* data, unsigned threads, unsigned) {
#pragma omp parallel num_threads(int(threads))
  body(data);
}

void barrier() {
#pragma omp barrier
}

// Functions of ours, and not the runtime's own: those are found in the libraries, where their names
// may lead to another runtime.
int thread() {
  return omp_get_thread_num();
}
int threads() {
  return omp_get_num_threads();
}
int most_threads() {
  return omp_get_max_threads();
}
#else
void run(void (*body)(void*), void* data, unsigned, unsigned) {
  body(data);
}
void barrier() {}
int thread() {
  return 0;
}
int threads() {
  return 1;
}
int most_threads() {
  return 1;
}
#endif

constexpr Threadpool kOwn = {.run = run,
                             .barrier = barrier,
                             .thread = thread,
                             .threads = threads,
                             .most_threads = most_threads};

#ifdef FUSEDRNN_FINDS_RUNTIMES

constexpr const char* kRuntimes[] = {"libgomp", "libomp", "libiomp5"};

const char* base_name(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash ? slash + 1 : path;
}

bool starts_with(const char* text, const char* start) {
  return std::strncmp(text, start, std::strlen(start)) == 0;
}

bool is_runtime(const char* path) {
  for (const char* name : kRuntimes)
    if (starts_with(base_name(path), name)) return true;
  return false;
}

// Loaded so far (ever, on Linux), and their files in that order.
#ifdef __linux__
unsigned long long loaded_libraries() {
  unsigned long long loaded = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        *static_cast<unsigned long long*>(data) = info->dlpi_adds;
        return 1;
      },
      &loaded);
  return loaded;
}
template <class Visit>
void for_each_library(Visit visit) {
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        (*static_cast<Visit*>(data))(info->dlpi_name);
        return 0;
      },
      &visit);
}
#else
unsigned long long loaded_libraries() {
  return _dyld_image_count();
}
template <class Visit>
void for_each_library(Visit visit) {
  for (uint32_t k = 0; k < _dyld_image_count(); ++k)
    if (const char* path = _dyld_get_image_name(k)) visit(path);
}
#endif

// Whose runtime comes first: PyTorch's, then in the order in which they were loaded.
std::vector<std::string> candidates() {
  std::vector<std::string> found;
  for_each_library([&](const char* path) {
    if (starts_with(base_name(path), "libtorch_cpu."))
      found.insert(found.begin(), path);
    else if (is_runtime(path))
      found.push_back(path);
  });
  return found;
}

template <class Function>
bool find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
  return function != nullptr;
}

// The library of a function: its file, and where it begins.
Dl_info library_of(void* function) {
  Dl_info info = {};
  if (function) dladdr(function, &info);
  return info;
}
#ifdef _OPENMP
Dl_info own_library() {
  return library_of(reinterpret_cast<void*>(&omp_get_max_threads));
}
#else
Dl_info own_library() {
  return {};
}
#endif

Threadpool choose() {
  const Dl_info own = own_library();
  for (const std::string& path : candidates()) {
    // Kept for good: nobody may unload what we call. A library's search takes in those that it
    // needs, so PyTorch's finds its runtime.
    void* library = dlopen(path.c_str(), RTLD_LAZY | RTLD_NOLOAD);
    Threadpool pool = {};
    if (!library) continue;
    if (find(library, "GOMP_parallel", pool.run) && find(library, "GOMP_barrier", pool.barrier) &&
        find(library, "omp_get_thread_num", pool.thread) &&
        find(library, "omp_get_num_threads", pool.threads) &&
        find(library, "omp_get_max_threads", pool.most_threads)) {
      const Dl_info found = library_of(reinterpret_cast<void*>(pool.run));
      if (found.dli_fbase != own.dli_fbase) return pool;
      // Ours, which PyTorch has too; else another that comes later is used by somebody else.
      if (!is_runtime(path.c_str())) return kOwn;
    }
    dlclose(library);
  }
  return kOwn;
}

// What was chosen stays in memory, for a region may still run on it.
struct Choice {
  Threadpool pool;
  const Choice* before;
};

// No lock, which a fork could leave held: of two threads that look at once both find the same.
std::atomic<const Choice*> chosen{nullptr};
std::atomic<unsigned long long> looked_at{0};  // libraries, when it was last looked

#endif

}  // namespace

#ifdef FUSEDRNN_FINDS_RUNTIMES

const Threadpool& threadpool() {
  const unsigned long long loaded = loaded_libraries();
  const Choice* choice = chosen.load(std::memory_order_acquire);
  if (choice && looked_at.load(std::memory_order_relaxed) == loaded) return choice->pool;
  const Threadpool pool = choose();
  if (!choice || choice->pool.run != pool.run) {
    auto* made = new Choice{pool, choice};
    while (!chosen.compare_exchange_weak(made->before, made, std::memory_order_acq_rel)) {
    }
    choice = made;
  }
  looked_at.store(loaded, std::memory_order_relaxed);
  return choice->pool;
}

std::string threadpool_path() {
  const Threadpool& pool = threadpool();
  const Dl_info info =
      pool.run == kOwn.run ? own_library() : library_of(reinterpret_cast<void*>(pool.run));
  return info.dli_fname ? info.dli_fname : "";
}

#else

const Threadpool& threadpool() {
  return kOwn;
}

std::string threadpool_path() {
  return "";
}

#endif

bool threadpool_is_own() {
  return threadpool().run == kOwn.run;
}

bool has_openmp() {
#ifdef _OPENMP
  return true;
#else
  return false;
#endif
}

bool has_threadpool() {
  return has_openmp() || !threadpool_is_own();
}

#ifdef __linux__
namespace {

// Where nothing can be known it is so.
bool forked_from_one_with_a_runtime() {
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
  while (!found && std::fgets(line, sizeof line, file)) found = is_runtime(line);
  std::fclose(file);
  return found;
}

// Whether a runtime was here before this library, in the order in which they were loaded.
bool runtime_came_first() {
  int state = 0;  // 1: a runtime came, 2: this library came after it
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        int& state = *static_cast<int*>(data);
        if (is_runtime(info->dlpi_name)) state = 1;
        const auto self = reinterpret_cast<ElfW(Addr)>(&has_openmp);
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

}  // namespace

bool inherited_threadpool() {
  return runtime_came_first() && forked_from_one_with_a_runtime();
}
#else
bool inherited_threadpool() {
  return false;
}
#endif

}  // namespace fusedrnn
