#include "bind_cell.hpp"
#include "cells.hpp"

namespace fusedrnn {
namespace {

struct BoundRnn : RnnCell {
  static constexpr const char *kFunction = "rnn", *kBackward = "rnn_backward",
                              *kPacked = "PackedRNN", *kStep = "RNNStep", *kTape = "RNNTape",
                              *kTapeNames = "";
  static const char* bias_meaning(const Form&) { return "(H,)"; }
};

RnnForm form_of(const char* function, py::object activation) {
  return {.activation = activation_of(function, activation)};
}

}  // namespace

FUSEDRNN_COLD void bind_rnn(py::module_& m) {
  bind_cell<BoundRnn>(m, &form_of, py::arg("activation") = "tanh");
}

}  // namespace fusedrnn
