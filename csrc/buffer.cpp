#include "buffer.hpp"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#ifdef _WIN32
#include <malloc.h>
#endif

// What is kept lies in arrays of fixed size that are never destroyed: giving memory back allocates
// nothing, for it may be the want of memory that ends a call, and tapes may outlive the destructors
// of static objects.
namespace fusedrnn {
namespace {

constexpr size_t kMostKept = size_t(256) << 20;
constexpr size_t kMostBlocks = 64;

struct Block {
  void* memory;
  size_t bytes;
};

// Whoever does not get the lock at once does without: so does a child that was forked while another
// thread had it.
struct Kept {
  std::atomic_flag locked = ATOMIC_FLAG_INIT;
  Block blocks[kMostBlocks];  // oldest first
  size_t count = 0, bytes = 0;

  bool try_lock() { return !locked.test_and_set(std::memory_order_acquire); }
  void unlock() { locked.clear(std::memory_order_release); }

  Block take(size_t k) {
    const Block block = blocks[k];
    for (--count; k < count; ++k) blocks[k] = blocks[k + 1];
    bytes -= block.bytes;
    return block;
  }
};
Kept kept;

// Small blocks, all of one size, without that lock: a streaming step takes four. Each thread begins
// at another place, which its stack tells.
constexpr size_t kSmallBytes = 4096, kSmallBlocks = 128, kTries = 8;
struct Small {
  std::atomic<void*> blocks[kSmallBlocks] = {};
};
Small small;

size_t first_place() {
  char here;
  const auto address = reinterpret_cast<std::uintptr_t>(&here);
  return size_t((address >> 16) * 0x9E3779B97F4A7C15u >> 32) / kTries * kTries;
}

#ifdef _WIN32  // has no aligned_alloc
void* allocate(size_t bytes) {
  return _aligned_malloc(bytes, 64);
}
void release(void* memory) {
  _aligned_free(memory);
}
#else
void* allocate(size_t bytes) {
  return std::aligned_alloc(64, bytes);
}
void release(void* memory) {
  std::free(memory);
}
#endif

void* fresh(size_t bytes) {
  void* memory = allocate(bytes);
  if (!memory) throw std::bad_alloc();
  return memory;
}

// Blocks come in eighths of a power of two, so that changing shapes find them again.
size_t block_size(size_t bytes) {
  size_t step = 64;
  while (step * 16 < bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

}  // namespace

void* take_memory(size_t bytes) {
  if (bytes <= kSmallBytes) {
    const size_t first = first_place();
    for (size_t k = 0; k < kTries; ++k) {
      std::atomic<void*>& place = small.blocks[(first + k) % kSmallBlocks];
      if (place.load(std::memory_order_relaxed))
        if (void* memory = place.exchange(nullptr, std::memory_order_acquire)) return memory;
    }
    return fresh(kSmallBytes);
  }
  bytes = block_size(bytes);
  if (kept.try_lock()) {
    void* memory = nullptr;
    for (size_t k = kept.count; !memory && k-- > 0;)
      if (kept.blocks[k].bytes == bytes) memory = kept.take(k).memory;
    kept.unlock();
    if (memory) return memory;
  }
  return fresh(bytes);
}

void give_memory(void* memory, size_t bytes) noexcept {
  if (bytes <= kSmallBytes) {
    const size_t first = first_place();
    for (size_t k = 0; k < kTries; ++k) {
      void* expected = nullptr;
      if (small.blocks[(first + k) % kSmallBlocks].compare_exchange_strong(
              expected, memory, std::memory_order_release, std::memory_order_relaxed))
        return;
    }
    return release(memory);
  }
  bytes = block_size(bytes);
  if (bytes > kMostKept || !kept.try_lock()) return release(memory);
  Block leaves[kMostBlocks];
  size_t left = 0;
  while (kept.count == kMostBlocks || kept.bytes + bytes > kMostKept) leaves[left++] = kept.take(0);
  kept.blocks[kept.count++] = {memory, bytes};
  kept.bytes += bytes;
  kept.unlock();
  while (left > 0) release(leaves[--left].memory);
}

}  // namespace fusedrnn
