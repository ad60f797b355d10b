// What the packed weights of all cells share.
#pragma once

#include <atomic>
#include <memory>

#include "panel_buffer.hpp"

namespace fusedrnn {

// Transposes of one set of weights, each made when a backward pass first asks for it. Threads may
// share them: of two that ask at once each makes it, and one of both is kept. No lock, which a fork
// could leave held.
template <class Real>
class Transposes {
 public:
  // Of the kernel; of the recurrent kernel; of its part for n, of a GRU with the reset gate before.
  enum Which { kKernel, kRecurrent, kCandidate };
  Transposes() = default;
  Transposes(const Transposes&) = delete;
  ~Transposes() {
    for (auto& kept : kept_) delete kept.load();
  }
  template <class Make>
  const Real* get(Which which, Make&& make) const {
    Buffer<Real>* found = kept_[which].load(std::memory_order_acquire);
    if (!found) {
      auto made = std::make_unique<Buffer<Real>>(make());
      if (kept_[which].compare_exchange_strong(found, made.get(), std::memory_order_acq_rel))
        found = made.release();
    }
    return found->get();
  }

 private:
  mutable std::atomic<Buffer<Real>*> kept_[3] = {};
};

// Weights packed for the kernels that were current when they were. Immutable once they are shared:
// threads may share.
template <class Real>
class RecurrentWeights {
 public:
  const ptrdiff_t I, H;
  const int gates;
  const KernelTable& table;
  const Transposes<Real> transposes;

  const PanelBuffer<Real>& panels(int k = 0) const { return panels_[k]; }

  // Rounds kernel and recurrent kernel to bfloat16, which takes half the memory. For inference:
  // they cannot be unpacked any more.
  void halve() {
    for (PanelBuffer<Real>& panels : panels_)
      if (panels.get()) panels = panels.halved();
    half_ = true;
  }
  bool half() const { return half_; }
  ptrdiff_t bytes() const { return panels_[0].bytes() + panels_[1].bytes(); }

  // The matrices that were packed, (I, G H) and (H, G H) in C order, in memory of `buffer`.
  Matrix<const Real> unpack_kernel(Buffer<Real>& buffer) const {
    const Matrix<Real> out = matrix(I, buffer);
    for (const PanelBuffer<Real>& panels : panels_) panels.unpack_kernel(out);
    return out;
  }
  Matrix<const Real> unpack_recurrent(Buffer<Real>& buffer) const {
    const Matrix<Real> out = matrix(H, buffer);
    for (const PanelBuffer<Real>& panels : panels_) panels.unpack_recurrent(out);
    return out;
  }

 protected:
  RecurrentWeights(ptrdiff_t I, ptrdiff_t H, int gates)
      : I(I), H(H), gates(gates), table(current_kernels()) {}
  PanelBuffer<Real> panels_[2];  // the second is a GRU's

 private:
  bool half_ = false;

  Matrix<Real> matrix(ptrdiff_t rows, Buffer<Real>& buffer) const {
    buffer = Buffer<Real>(rows * gates * H);
    return {buffer.get(), gates * H, 1};
  }
};

}  // namespace fusedrnn
