#include <memory>
#include <variant>

#include "bind_recurrent.hpp"
#include "gru.hpp"

namespace fusedrnn {
namespace {

template <class Real>
using SharedWeights = std::shared_ptr<const GruWeights<Real>>;

struct PackedGru {
  std::variant<SharedWeights<float>, SharedWeights<double>> weights;
};

struct GruTapeObject {
  std::variant<GruTape<float>, GruTape<double>> tape;
  TapeArrays arrays;
};

template <class Real>
SharedWeights<Real> pack(const char* function, const py::array& kernel, const py::array& recurrent,
                         py::handle bias, GruForm form) {
  const WeightShape s(function, kernel, recurrent, 3);
  Arguments<Real> args(function);
  const auto w = args.weights("kernel", kernel, s.I, 3 * s.H, "(I, 3H)");
  const auto r = args.weights("recurrent_kernel", recurrent, s.H, 3 * s.H, "(H, 3H)");
  const Real* b = form.reset_after
                      ? args.matrix("bias", bias, {2, 3 * s.H}, "(2, 3H) with reset_after=True")
                      : args.matrix("bias", bias, {3 * s.H}, "(3H,) with reset_after=False");
  py::gil_scoped_release nogil;
  return std::make_shared<GruWeights<Real>>(s.I, s.H, form, w, r, b);
}

GruForm form_of(const char* function, bool reset_after, const std::string& update_gate,
                const std::string& gate_order, const std::string& activation) {
  if (update_gate != "keep" && update_gate != "write")
    throw py::value_error(std::string(function) + ": update_gate is '" + update_gate +
                          "', expected 'keep' or 'write'");
  if (gate_order != "zrn" && gate_order != "rzn")
    throw py::value_error(std::string(function) + ": gate_order is '" + gate_order +
                          "', expected 'zrn' or 'rzn'");
  return {reset_after, update_gate == "keep", activation_of(function, activation),
          gate_order == "rzn"};
}

PackedGru pack_any(py::object kernel, py::object recurrent_kernel, py::object bias,
                   bool reset_after, const std::string& update_gate, const std::string& gate_order,
                   const std::string& activation) {
  const GruForm form = form_of("PackedGRU", reset_after, update_gate, gate_order, activation);
  const py::array w = ranked("PackedGRU", "kernel", kernel, 2, "(I, 3H)");
  const py::array r = ranked("PackedGRU", "recurrent_kernel", recurrent_kernel, 2, "(H, 3H)");
  return for_dtype("PackedGRU", "kernel", w, [&](auto real) {
    return PackedGru{pack<decltype(real)>("PackedGRU", w, r, bias, form)};
  });
}

py::tuple run_packed(const PackedGru& packed, py::object x, py::object h0, SequenceOptions o) {
  const py::array xa = ranked("PackedGRU", "x", x, 3, "(N, T, I) or, time_major, (T, N, I)");
  return std::visit(
      [&](const auto& weights) -> py::tuple {
        using Real = std::decay_t<decltype(*weights->panels(0))>;
        ForwardCall<Real> call("PackedGRU", xa, weights->I, weights->H, h0, py::none(), false, o);
        {
          py::gil_scoped_release nogil;
          gru_forward<Real>(*weights, call.arrays, nullptr);
        }
        return py::make_tuple(std::move(call.y), std::move(call.h_n));
      },
      packed.weights);
}

py::tuple gru(py::object x, py::object kernel, py::object recurrent_kernel, py::object bias,
              py::object h0, GruForm form, SequenceOptions o, bool training) {
  const py::array xa = ranked("gru", "x", x, 3, "(N, T, I) or, time_major, (T, N, I)");
  const py::array w = ranked("gru", "kernel", kernel, 2, "(I, 3H)");
  const py::array r = ranked("gru", "recurrent_kernel", recurrent_kernel, 2, "(H, 3H)");
  return for_dtype("gru", "x", xa, [&](auto real) -> py::tuple {
    using Real = decltype(real);
    const SharedWeights<Real> weights = pack<Real>("gru", w, r, bias, form);
    ForwardCall<Real> call("gru", xa, weights->I, weights->H, h0, py::none(), false, o);
    if (!training) {
      {
        py::gil_scoped_release nogil;
        gru_forward<Real>(*weights, call.arrays, nullptr);
      }
      return py::make_tuple(std::move(call.y), std::move(call.h_n));
    }
    GruTape<Real> tape;
    {
      py::gil_scoped_release nogil;
      gru_forward<Real>(*weights, call.arrays, &tape);
    }
    auto object = std::make_unique<GruTapeObject>(
        GruTapeObject{std::move(tape), {xa, w, r, !bias.is_none(), o.time_major}});
    return py::make_tuple(std::move(call.y), std::move(call.h_n), std::move(object));
  });
}

py::tuple gru_backward_any(const GruTapeObject& object, py::object dy, py::object dh_n,
                           bool need_dx, py::object out) {
  return std::visit(
      [&](const auto& t) -> py::tuple {
        using Real = std::decay_t<decltype(*t.h.get())>;
        const std::vector<ptrdiff_t> bias_shape = t.form.reset_after
                                                      ? std::vector<ptrdiff_t>{2, 3 * t.H}
                                                      : std::vector<ptrdiff_t>{3 * t.H};
        BackwardCall<Real> call("gru_backward", object.arrays, t.N, t.T, t.I, t.H, 3, bias_shape,
                                dy, dh_n, py::none(), false, need_dx, out);
        {
          py::gil_scoped_release nogil;
          gru_backward<Real>(t, call.arrays);
        }
        return py::make_tuple(std::move(call.dx), std::move(call.dkernel),
                              std::move(call.drecurrent), std::move(call.dbias),
                              std::move(call.dh0));
      },
      object.tape);
}

// One time step for a batch, weights packed once.
py::object step(const PackedGru& packed, py::object x, py::object h) {
  const py::array xa = ranked("GRUStep", "x", x, 2, "(N, I)");
  return std::visit(
      [&](const auto& weights) -> py::object {
        using Real = std::decay_t<decltype(*weights->panels(0))>;
        const ptrdiff_t N = xa.shape(0), H = weights->H;
        Arguments<Real> args("GRUStep");
        py::array_t<Real> h_n({N, H});
        const ForwardArrays<Real> a = {
            N,
            1,
            {args.matrix("x", x, {N, weights->I}, "(N, I)"), weights->I, 0},
            {nullptr, 0, 0},
            nullptr,
            nullptr,
            false,
            args.matrix("h", h, {N, H}, "(N, H)"),
            nullptr,
            h_n.mutable_data(),
            nullptr};
        {
          py::gil_scoped_release nogil;
          gru_forward<Real>(*weights, a, nullptr);
        }
        return std::move(h_n);
      },
      packed.weights);
}

}  // namespace

void bind_gru(py::module_& m) {
  using py::arg;
  const py::object none = py::none();
  py::class_<GruTapeObject>(m, "GRUTape");

  py::class_<PackedGru>(m, "PackedGRU")
      .def(py::init(&pack_any), arg("kernel"), arg("recurrent_kernel"), arg("bias") = none,
           py::kw_only(), arg("reset_after") = true, arg("update_gate") = "keep",
           arg("gate_order") = "zrn", arg("activation") = "tanh")
      .def(
          "__call__",
          [](const PackedGru& self, py::object x, py::object h0, py::object lengths,
             py::object mask, bool reverse, bool time_major, bool return_sequences) {
            return run_packed(self, x, h0, {lengths, mask, reverse, time_major, return_sequences});
          },
          arg("x"), arg("h0") = none, py::kw_only(), arg("lengths") = none, arg("mask") = none,
          arg("reverse") = false, arg("time_major") = false, arg("return_sequences") = true);

  struct GruStep : PackedGru {};
  py::class_<GruStep>(m, "GRUStep")
      .def(py::init([](py::object kernel, py::object recurrent_kernel, py::object bias,
                       bool reset_after, const std::string& update_gate,
                       const std::string& gate_order, const std::string& activation) {
             return GruStep{pack_any(kernel, recurrent_kernel, bias, reset_after, update_gate,
                                     gate_order, activation)};
           }),
           arg("kernel"), arg("recurrent_kernel"), arg("bias") = none, py::kw_only(),
           arg("reset_after") = true, arg("update_gate") = "keep", arg("gate_order") = "zrn",
           arg("activation") = "tanh")
      .def(
          "__call__",
          [](const GruStep& self, py::object x, py::object h) { return step(self, x, h); },
          arg("x"), arg("h"));

  m.def(
      "gru",
      [](py::object x, py::object kernel, py::object recurrent_kernel, py::object bias,
         py::object h0, bool reset_after, const std::string& update_gate,
         const std::string& gate_order, const std::string& activation, py::object lengths,
         py::object mask, bool reverse, bool time_major, bool training, bool return_sequences,
         py::object recurrent_mask) {
        return gru(x, kernel, recurrent_kernel, bias, h0,
                   form_of("gru", reset_after, update_gate, gate_order, activation),
                   {lengths, mask, reverse, time_major, return_sequences, recurrent_mask},
                   training);
      },
      arg("x"), arg("kernel"), arg("recurrent_kernel"), arg("bias") = none, arg("h0") = none,
      py::kw_only(), arg("reset_after") = true, arg("update_gate") = "keep",
      arg("gate_order") = "zrn", arg("activation") = "tanh", arg("lengths") = none,
      arg("mask") = none, arg("reverse") = false, arg("time_major") = false,
      arg("training") = false, arg("return_sequences") = true, arg("recurrent_mask") = none);
  m.def("gru_backward", &gru_backward_any, arg("tape"), arg("dy") = none, arg("dh_n") = none,
        py::kw_only(), arg("need_dx") = true, arg("out") = none);
}

}  // namespace fusedrnn
