// The layers of a stream: what a trained layer does with one time step, or some, of several rows.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shape.hpp"

namespace fusedrnn {

// What a call of a layer works on: N rows of T steps.
template <class Real>
struct StreamCall {
  ptrdiff_t N, T;
  const Real* x;           // (N, T, inputs); or null, where there are
  const int64_t* indices;  // (N, T)
  Real* y;                 // (N, T, outputs), filled
  uint8_t* mask;           // (N, T), 0 where a step is to be skipped; or null. Masking adds to it
  const Real* before;      // of each state (N, size), one after the other
  Real* after;             // likewise, filled
};

template <class Real>
class StreamLayer {
 public:
  virtual ~StreamLayer() = default;
  virtual void run(const StreamCall<Real>& call) const = 0;
  virtual ptrdiff_t outputs() const = 0;
  virtual std::vector<ptrdiff_t> states() const { return {}; }  // sizes
  virtual bool masks() const { return false; }                  // whether it adds to the mask
};

// An array in C order, valid while the caller makes a layer.
template <class Real>
struct StreamTensor {
  const Real* data;
  std::vector<ptrdiff_t> shape;
};

// The tensor of a name; throws std::invalid_argument if there is none.
template <class Real>
using StreamTensors = std::function<StreamTensor<Real>(const std::string& name)>;

// The layer that a line of a description means; `inputs` is the size of what the line before gives,
// 0 for indices. half: weights of recurrent layers in bfloat16. Throws std::invalid_argument.
//
//   embedding KERNEL [mask]
//   masking VALUE
//   lstm FUNCTION KERNEL RECURRENT BIAS       FUNCTION: tanh, relu, sigmoid or linear
//   gru FUNCTION after|before keep|write KERNEL RECURRENT BIAS
//   rnn FUNCTION KERNEL RECURRENT BIAS
//   dense KERNEL BIAS
//   affine A B C                              (x - A) B + C
//   normalize layer|spread|rms|unit EPSILON GAMMA BETA
//   prelu ALPHA
//   activation FUNCTION NUMBERS               see the table in stream_layers.cpp
//
// Words in capitals but for FUNCTION, EPSILON, VALUE and NUMBERS are names of tensors, "-" for
// none.
template <class Real>
std::unique_ptr<StreamLayer<Real>> stream_layer(const std::vector<std::string>& words,
                                                ptrdiff_t inputs,
                                                const StreamTensors<Real>& tensors, bool half);

}  // namespace fusedrnn
