#include "bind_cell.hpp"
#include "cells.hpp"

namespace fusedrnn {
namespace {

struct BoundGru : GruCell {
  static constexpr const char *kFunction = "gru", *kBackward = "gru_backward",
                              *kPacked = "PackedGRU", *kStep = "GRUStep", *kTape = "GRUTape",
                              *kTapeNames = "zrn";
  static const char* bias_meaning(const Form& form) {
    return form.reset_after ? "(2, 3H) with reset_after=True" : "(3H,) with reset_after=False";
  }

  template <class Real>
  static void gates(const Tape<Real>& tape, const Sequence<Real>* out) {
    write_gates<Real>(tape, tape.form.reset_after ? 4 : 3, kGates, nullptr, out);
  }
};

GruForm form_of(const char* function, py::object reset_after, py::object update_gate,
                py::object gate_order, py::object activation) {
  return {.reset_after = flag(function, "reset_after", reset_after),
          .update_keeps = choice(function, "update_gate", update_gate, {"keep", "write"}) == "keep",
          .reset_first = choice(function, "gate_order", gate_order, {"zrn", "rzn"}) == "rzn",
          .activation = activation_of(function, activation)};
}

}  // namespace

FUSEDRNN_COLD void bind_gru(py::module_& m) {
  using py::arg;
  bind_cell<BoundGru>(m, &form_of, arg("reset_after") = true, arg("update_gate") = "keep",
                      arg("gate_order") = "zrn", arg("activation") = "tanh");
}

}  // namespace fusedrnn
