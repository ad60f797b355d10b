// A trained model as a function of one time step: its layers in a chain, their weights packed once,
// and the states of a batch of streams.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "buffer.hpp"
#include "stream_layers.hpp"

namespace fusedrnn {

// The layers. Immutable: streams may share them.
template <class Real>
class StreamChain {
 public:
  // description: a line a layer, as in stream_layers.hpp, after stream_header and then
  //
  //   input SIZE      or: input indices
  //
  // Throws std::invalid_argument.
  StreamChain(const std::string& description, const StreamTensors<Real>& tensors, bool half);

  bool takes_indices() const { return inputs_ == 0; }
  ptrdiff_t inputs() const { return inputs_; }  // 0 for indices
  ptrdiff_t outputs() const { return outputs_; }
  ptrdiff_t widest() const { return widest_; }
  bool masks() const { return masks_; }
  const std::vector<ptrdiff_t>& states() const { return states_; }  // sizes, of all layers
  const std::vector<std::unique_ptr<StreamLayer<Real>>>& layers() const { return layers_; }

 private:
  ptrdiff_t inputs_ = 0, outputs_ = 0, widest_ = 0;
  bool masks_ = false;
  std::vector<ptrdiff_t> states_;
  std::vector<std::unique_ptr<StreamLayer<Real>>> layers_;
};

// The first line of every description, before its type: "float32" or "float64".
constexpr const char* kStreamHeader = "fusedrnn stream 1";
// The type that a description is of: whether it is float64. Throws std::invalid_argument.
bool is_double(const std::string& description);

// Used by one thread at a time: a call while another runs throws std::runtime_error.
template <class Real>
class Stream {
 public:
  using Chain = std::shared_ptr<const StreamChain<Real>>;
  // All states zero.
  Stream(Chain chain, ptrdiff_t batch);
  Stream(const Stream& other);  // shares the chain; has its own states

  const StreamChain<Real>& chain() const { return *chain_; }
  ptrdiff_t batch() const { return batch_; }
  ptrdiff_t state_size() const { return size_; }  // of all states, of all streams

  // T steps: x (batch, T, inputs), or indices (batch, T) where the chain takes these; mask (batch,
  // T), 0 where a stream has no step there and keeps its state, or null; y (batch, T, outputs),
  // filled. When it throws, no state has changed.
  void run(ptrdiff_t T, const Real* x, const int64_t* indices, const uint8_t* mask, Real* y);

  // To zero: of all streams, or of those `rows`, which must be below batch.
  void reset();
  void reset(const ptrdiff_t* rows, ptrdiff_t count);

  // In a child of fork: the thread that was using it is not there.
  void renew() { busy_.store(false); }

  // state_size() values: each state (batch, size) after the other.
  void get_state(Real* out) const;
  void set_state(const Real* state);

 private:
  class Turn;
  const Chain chain_;
  const ptrdiff_t batch_;
  const ptrdiff_t size_;
  Buffer<Real> states_, next_;  // before and after a call
  mutable std::atomic<bool> busy_{false};
};

}  // namespace fusedrnn
