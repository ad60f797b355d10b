// An owning, cache-line aligned, uninitialised array.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "shape.hpp"

namespace fusedrnn {

template <class Real>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(ptrdiff_t size) : size_(size) {
    // One vector of slack: kernels may read, never write, up to a vector past a panel's last row.
    const size_t bytes = size_t(round_up((size + 32) * ptrdiff_t(sizeof(Real)), 64));
    data_.reset(static_cast<Real*>(std::aligned_alloc(64, bytes)));
    if (!data_) throw std::bad_alloc();
  }
  Real* get() const { return data_.get(); }
  ptrdiff_t size() const { return size_; }
  Buffer& zero() {
    std::memset(static_cast<void*>(data_.get()), 0, size_t(size_) * sizeof(Real));
    return *this;
  }

 private:
  struct Free {
    void operator()(Real* p) const { std::free(p); }
  };
  std::unique_ptr<Real, Free> data_;
  ptrdiff_t size_ = 0;
};

}  // namespace fusedrnn
