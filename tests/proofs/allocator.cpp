// An allocator to put before the C library's (LD_PRELOAD), for the proofs. Armed, it looks at what
// the libraries under test ask for: the n-th request fails, or each gets pages of its own that end
// where it ends, or begin where it begins, with no page beside them.
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace {

extern "C" void* __libc_malloc(size_t);
extern "C" void* __libc_calloc(size_t, size_t);
extern "C" void* __libc_realloc(void*, size_t);
extern "C" void* __libc_memalign(size_t, size_t);
extern "C" void __libc_free(void*);
extern "C" void free(void*);

enum Mode { kOff, kFail, kGuardEnd, kGuardBegin };
std::atomic<int> mode{kOff};
std::atomic<long> seen{0}, failing{0}, guarded{0};

constexpr size_t kPage = 4096;

// Address ranges of the libraries whose requests count.
struct Range {
  uintptr_t begin, end;
};
constexpr int kMostRanges = 64;
Range ranges[kMostRanges];
std::atomic<int> range_count{0};

bool counts(const void* caller) {
  const auto at = reinterpret_cast<uintptr_t>(caller);
  for (int k = 0; k < range_count.load(); ++k)
    if (at >= ranges[k].begin && at < ranges[k].end) return true;
  return false;
}

// Guarded blocks: a table by address, that free() asks.
struct Block {
  std::atomic<uintptr_t> at;
  uintptr_t map;
  size_t map_bytes, bytes;
};
constexpr size_t kMostBlocks = 1 << 16;
Block blocks[kMostBlocks];
std::atomic<uintptr_t> lowest{UINTPTR_MAX}, highest{0};

Block* find(const void* memory) {
  const auto at = reinterpret_cast<uintptr_t>(memory);
  if (at < lowest.load() || at > highest.load()) return nullptr;
  for (size_t k = 0, j = at / 16 * 2654435761u % kMostBlocks; k < 64; ++k)
    if (blocks[(j + k) % kMostBlocks].at.load() == at) return &blocks[(j + k) % kMostBlocks];
  return nullptr;
}

// As much of the alignment of malloc as the size itself has: a guard page is to follow at once.
size_t alignment_of(size_t bytes) {
  for (size_t a = 16; a > 1; a /= 2)
    if (bytes % a == 0) return a;
  return 1;
}

void* guard(size_t bytes, size_t alignment) {
  if (bytes == 0) return nullptr;
  const size_t room = (bytes + kPage - 1) / kPage * kPage;
  char* map = static_cast<char*>(mmap(nullptr, room + 2 * kPage, PROT_NONE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (map == MAP_FAILED) return nullptr;
  mprotect(map + kPage, room, PROT_READ | PROT_WRITE);
  memset(map + kPage, 0xFF, room);  // NaN
  char* memory = map + kPage;
  if (mode.load() == kGuardEnd) memory += (room - bytes) / alignment * alignment;
  const auto at = reinterpret_cast<uintptr_t>(memory);
  for (uintptr_t low = lowest.load(); at < low && !lowest.compare_exchange_weak(low, at);) {
  }
  for (uintptr_t high = highest.load(); at > high && !highest.compare_exchange_weak(high, at);) {
  }
  for (size_t k = 0, j = at / 16 * 2654435761u % kMostBlocks; k < 64; ++k) {
    Block& block = blocks[(j + k) % kMostBlocks];
    uintptr_t expected = 0;
    if (block.at.compare_exchange_strong(expected, 1)) {
      block.map = reinterpret_cast<uintptr_t>(map);
      block.map_bytes = room + 2 * kPage;
      block.bytes = bytes;
      block.at.store(at);
      ++guarded;
      return memory;
    }
  }
  munmap(map, room + 2 * kPage);
  return nullptr;
}

// Null: the C library is to serve it, or, if `fails`, nobody.
void* special(size_t bytes, size_t alignment, const void* caller, bool* fails) {
  const int now = mode.load();
  if (now == kOff || !counts(caller)) return nullptr;
  const long n = ++seen;
  if (now == kFail) {
    *fails = n == failing.load();
    return nullptr;
  }
  return guard(bytes, alignment ? alignment : alignment_of(bytes));
}

}  // namespace

extern "C" {

void* malloc(size_t bytes) {
  bool fails = false;
  if (void* memory = special(bytes, 0, __builtin_return_address(0), &fails)) return memory;
  if (fails) errno = ENOMEM;
  return fails ? nullptr : __libc_malloc(bytes);
}

void* calloc(size_t n, size_t size) {
  bool fails = false;
  size_t bytes;
  if (!__builtin_mul_overflow(n, size, &bytes))
    if (void* memory = special(bytes, 0, __builtin_return_address(0), &fails))
      return memset(memory, 0, bytes);
  if (fails) errno = ENOMEM;
  return fails ? nullptr : __libc_calloc(n, size);
}

void* realloc(void* old, size_t bytes) {
  if (Block* block = find(old)) {
    void* memory = __libc_malloc(bytes);
    if (!memory) return nullptr;
    memcpy(memory, old, block->bytes < bytes ? block->bytes : bytes);
    free(old);
    return memory;
  }
  bool fails = false;
  if (mode.load() == kFail) special(bytes, 0, __builtin_return_address(0), &fails);
  if (fails) errno = ENOMEM;
  return fails ? nullptr : __libc_realloc(old, bytes);
}

void* aligned_alloc(size_t alignment, size_t bytes) {
  bool fails = false;
  if (void* memory = special(bytes, alignment, __builtin_return_address(0), &fails)) return memory;
  if (fails) errno = ENOMEM;
  return fails ? nullptr : __libc_memalign(alignment, bytes);
}

void* memalign(size_t alignment, size_t bytes) {
  return aligned_alloc(alignment, bytes);
}

int posix_memalign(void** memory, size_t alignment, size_t bytes) {
  bool fails = false;
  *memory = special(bytes, alignment, __builtin_return_address(0), &fails);
  if (!*memory && !fails) *memory = __libc_memalign(alignment, bytes);
  return *memory ? 0 : ENOMEM;
}

void free(void* memory) {
  if (!memory) return;
  if (Block* block = find(memory)) {
    const uintptr_t map = block->map;
    const size_t bytes = block->map_bytes;
    block->at.store(0);
    munmap(reinterpret_cast<void*>(map), bytes);
    return;
  }
  __libc_free(memory);
}

// Requests of the program ("") or of libraries whose path has `part` count from now on; returns how
// many ranges there are.
int watch(const char* part) {
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        const char* part = static_cast<const char*>(data);
        if (*part ? !strstr(info->dlpi_name, part) : *info->dlpi_name != 0) return 0;
        for (int k = 0; k < info->dlpi_phnum; ++k)
          if (info->dlpi_phdr[k].p_type == PT_LOAD && (info->dlpi_phdr[k].p_flags & PF_X)) {
            const int at = range_count.load();
            if (at == kMostRanges) return 1;
            const uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[k].p_vaddr;
            ranges[at] = {begin, begin + info->dlpi_phdr[k].p_memsz};
            range_count.store(at + 1);
          }
        return 0;
      },
      const_cast<char*>(part));
  return range_count.load();
}

void arm(int how, long n) {
  seen = 0;
  failing = n;
  mode = how;
}

// Returns the requests since `arm`.
long disarm() {
  mode = kOff;
  return seen.load();
}

long guards() {
  return guarded.load();
}
}
