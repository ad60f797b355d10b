#include "buffer.hpp"

#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

namespace fusedrnn {
namespace {

constexpr size_t kMostKept = size_t(256) << 20;
constexpr size_t kMostBlocks = 64;

struct Block {
  void* memory;
  size_t bytes;
};

// Never destroyed: tapes may outlive static destructors. Guarded by try_lock, so that a child
// forked while another thread held the lock still gets memory, if not from here.
struct Kept {
  std::mutex mutex;
  std::vector<Block> blocks;  // oldest first
  size_t bytes = 0;
};

Kept& kept() {
  static Kept& k = *new Kept;
  return k;
}

// A few small blocks a thread, without the lock: a streaming step takes four.
struct Small {
  static constexpr size_t kBytes = 4096;
  void* blocks[8];
  int count = 0;
  ~Small() {
    while (count > 0) std::free(blocks[--count]);
  }
};
thread_local Small small;

// Blocks come in eighths of a power of two, so that changing shapes find them again.
size_t block_size(size_t bytes) {
  size_t step = 64;
  while (step * 16 < bytes) step *= 2;
  return (bytes + step - 1) / step * step;
}

}  // namespace

void* take_memory(size_t bytes) {
  if (bytes <= Small::kBytes) {
    if (small.count > 0) return small.blocks[--small.count];
    void* memory = std::aligned_alloc(64, Small::kBytes);
    if (!memory) throw std::bad_alloc();
    return memory;
  }
  bytes = block_size(bytes);
  Kept& k = kept();
  if (std::unique_lock<std::mutex> lock(k.mutex, std::try_to_lock); lock) {
    for (size_t j = k.blocks.size(); j-- > 0;)
      if (k.blocks[j].bytes == bytes) {
        void* memory = k.blocks[j].memory;
        k.blocks.erase(k.blocks.begin() + ptrdiff_t(j));
        k.bytes -= bytes;
        return memory;
      }
  }
  void* memory = std::aligned_alloc(64, bytes);
  if (!memory) throw std::bad_alloc();
  return memory;
}

void give_memory(void* memory, size_t bytes) {
  if (bytes <= Small::kBytes) {
    if (small.count < 8)
      small.blocks[small.count++] = memory;
    else
      std::free(memory);
    return;
  }
  bytes = block_size(bytes);
  Kept& k = kept();
  std::unique_lock<std::mutex> lock(k.mutex, std::try_to_lock);
  if (!lock || bytes > kMostKept) return std::free(memory);
  k.blocks.push_back({memory, bytes});
  k.bytes += bytes;
  while (k.bytes > kMostKept || k.blocks.size() > kMostBlocks) {
    std::free(k.blocks.front().memory);
    k.bytes -= k.blocks.front().bytes;
    k.blocks.erase(k.blocks.begin());
  }
}

}  // namespace fusedrnn
