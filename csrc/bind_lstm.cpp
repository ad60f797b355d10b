#include "bind_cell.hpp"
#include "lstm.hpp"

namespace fusedrnn {
namespace {

struct LstmCell {
  static constexpr const char *kFunction = "lstm", *kBackward = "lstm_backward",
                              *kPacked = "PackedLSTM", *kStep = "LSTMStep", *kTape = "LSTMTape",
                              *kTapeNames = "ifgoc";
  static constexpr int kGates = 4, kStates = 2;
  using Form = LstmForm;
  template <class Real>
  using Weights = LstmWeights<Real>;
  template <class Real>
  using Tape = LstmTape<Real>;

  static std::vector<ptrdiff_t> bias_shape(const Form&, ptrdiff_t H) { return {4 * H}; }
  static const char* bias_meaning(const Form&) { return "(4H,)"; }

  template <class Real>
  static void forward(const Weights<Real>& weights, const ForwardArrays<Real>& arrays,
                      Tape<Real>* tape) {
    lstm_forward<Real>(weights, arrays, tape);
  }
  template <class Real>
  static void backward(const Tape<Real>& tape, const BackwardArrays<Real>& arrays) {
    lstm_backward<Real>(tape, arrays);
  }
  template <class Real>
  static void gates(const Tape<Real>& tape, const Sequence<Real>* out) {
    write_gates<Real>(tape, kGates, kGates, tape.c.get(), out);
  }
};

LstmForm form_of(const char* function, py::object activation) {
  return {.activation = activation_of(function, activation)};
}

}  // namespace

void bind_lstm(py::module_& m) {
  bind_cell<LstmCell>(m, &form_of, py::arg("activation") = "tanh");
}

}  // namespace fusedrnn
