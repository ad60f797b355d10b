// The cells as types, for code that serves any of them: their numbers, the types of their C++ APIs
// and the two passes.
#pragma once

#include <vector>

#include "gru.hpp"
#include "lstm.hpp"
#include "rnn.hpp"

namespace fusedrnn {

struct LstmCell {
  static constexpr int kGates = 4, kStates = 2;
  using Form = LstmForm;
  template <class Real>
  using Weights = LstmWeights<Real>;
  template <class Real>
  using Tape = LstmTape<Real>;

  static std::vector<ptrdiff_t> bias_shape(const Form&, ptrdiff_t H) { return {4 * H}; }
  template <class Real>
  static void forward(const Weights<Real>& weights, const ForwardArrays<Real>& arrays,
                      Tape<Real>* tape) {
    lstm_forward<Real>(weights, arrays, tape);
  }
  template <class Real>
  static void backward(const Tape<Real>& tape, const BackwardArrays<Real>& arrays) {
    lstm_backward<Real>(tape, arrays);
  }
};

struct GruCell {
  static constexpr int kGates = 3, kStates = 1;
  using Form = GruForm;
  template <class Real>
  using Weights = GruWeights<Real>;
  template <class Real>
  using Tape = GruTape<Real>;

  static std::vector<ptrdiff_t> bias_shape(const Form& form, ptrdiff_t H) {
    return form.reset_after ? std::vector<ptrdiff_t>{2, 3 * H} : std::vector<ptrdiff_t>{3 * H};
  }
  template <class Real>
  static void forward(const Weights<Real>& weights, const ForwardArrays<Real>& arrays,
                      Tape<Real>* tape) {
    gru_forward<Real>(weights, arrays, tape);
  }
  template <class Real>
  static void backward(const Tape<Real>& tape, const BackwardArrays<Real>& arrays) {
    gru_backward<Real>(tape, arrays);
  }
};

struct RnnCell {
  static constexpr int kGates = 1, kStates = 1;
  using Form = RnnForm;
  template <class Real>
  using Weights = RnnWeights<Real>;
  template <class Real>
  using Tape = RnnTape<Real>;

  static std::vector<ptrdiff_t> bias_shape(const Form&, ptrdiff_t H) { return {H}; }
  template <class Real>
  static void forward(const Weights<Real>& weights, const ForwardArrays<Real>& arrays,
                      Tape<Real>* tape) {
    rnn_forward<Real>(weights, arrays, tape);
  }
  template <class Real>
  static void backward(const Tape<Real>& tape, const BackwardArrays<Real>& arrays) {
    rnn_backward<Real>(tape, arrays);
  }
};

}  // namespace fusedrnn
