#include "bind_cell.hpp"
#include "rnn.hpp"

namespace fusedrnn {
namespace {

struct RnnCell {
  static constexpr const char *kFunction = "rnn", *kBackward = "rnn_backward",
                              *kPacked = "PackedRNN", *kStep = "RNNStep", *kTape = "RNNTape",
                              *kTapeNames = "";
  static constexpr int kGates = 1, kStates = 1;
  using Form = RnnForm;
  template <class Real>
  using Weights = RnnWeights<Real>;
  template <class Real>
  using Tape = RnnTape<Real>;

  static std::vector<ptrdiff_t> bias_shape(const Form&, ptrdiff_t H) { return {H}; }
  static const char* bias_meaning(const Form&) { return "(H,)"; }

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

RnnForm form_of(const char* function, py::object activation) {
  return {.activation = activation_of(function, activation)};
}

}  // namespace

void bind_rnn(py::module_& m) {
  bind_cell<RnnCell>(m, &form_of, py::arg("activation") = "tanh");
}

}  // namespace fusedrnn
