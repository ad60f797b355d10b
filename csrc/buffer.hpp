// An owning, cache-line aligned, uninitialised array.
#pragma once

#include <cstring>
#include <utility>

#include "shape.hpp"

namespace fusedrnn {

// Memory of at least `bytes`, 64-byte aligned. What is given back is kept for the next call, up to
// 256 MiB in all: fresh pages cost a training step of the tutorial model a third of its time.
void* take_memory(size_t bytes);  // throws std::bad_alloc
void give_memory(void* memory, size_t bytes) noexcept;

template <class Real>
class Buffer {
 public:
  Buffer() = default;
  // One vector of slack: kernels may read, never write, up to a vector past a panel's last row.
  explicit Buffer(ptrdiff_t size) : size_(size), data_(static_cast<Real*>(take_memory(bytes()))) {
#ifdef FUSEDRNN_POISON  // NaN: what is read before it is written shows
    std::memset(static_cast<void*>(data_), 0xff, bytes());
#endif
  }
  Buffer(Buffer&& other) noexcept
      : size_(std::exchange(other.size_, 0)), data_(std::exchange(other.data_, nullptr)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~Buffer() {
    if (data_) give_memory(data_, bytes());
  }
  Real* get() const { return data_; }
  Buffer& zero() {
    if (size_ > 0) std::memset(static_cast<void*>(data_), 0, size_t(size_) * sizeof(Real));
    return *this;
  }

 private:
  size_t bytes() const { return size_t(round_up((size_ + 32) * ptrdiff_t(sizeof(Real)), 64)); }

  ptrdiff_t size_ = 0;
  Real* data_ = nullptr;
};

}  // namespace fusedrnn
