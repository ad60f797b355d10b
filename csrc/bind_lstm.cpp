#include "bind_cell.hpp"
#include "cells.hpp"

namespace fusedrnn {
namespace {

struct BoundLstm : LstmCell {
  static constexpr const char *kFunction = "lstm", *kBackward = "lstm_backward",
                              *kPacked = "PackedLSTM", *kStep = "LSTMStep", *kTape = "LSTMTape",
                              *kTapeNames = "ifgoc";
  static const char* bias_meaning(const Form&) { return "(4H,)"; }

  template <class Real>
  static void gates(const Tape<Real>& tape, const Sequence<Real>* out) {
    write_gates<Real>(tape, kGates, kGates, tape.c.get(), out);
  }
};

LstmForm form_of(const char* function, py::object activation) {
  return {.activation = activation_of(function, activation)};
}

}  // namespace

FUSEDRNN_COLD void bind_lstm(py::module_& m) {
  bind_cell<BoundLstm>(m, &form_of, py::arg("activation") = "tanh");
}

}  // namespace fusedrnn
