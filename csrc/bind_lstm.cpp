#include <memory>
#include <variant>

#include "bind_recurrent.hpp"
#include "lstm.hpp"

namespace fusedrnn {
namespace {

template <class Real>
using SharedWeights = std::shared_ptr<const LstmWeights<Real>>;

struct PackedLstm {
  std::variant<SharedWeights<float>, SharedWeights<double>> weights;
};

struct LstmTapeObject {
  std::variant<LstmTape<float>, LstmTape<double>> tape;
  TapeArrays arrays;
};

template <class Real>
SharedWeights<Real> pack(const char* function, const py::array& kernel, const py::array& recurrent,
                         py::handle bias, const std::string& activation) {
  const Activation f = activation_of(function, activation);
  const WeightShape s(function, kernel, recurrent, 4);
  Arguments<Real> args(function);
  const auto w = args.weights("kernel", kernel, s.I, 4 * s.H, "(I, 4H)");
  const auto r = args.weights("recurrent_kernel", recurrent, s.H, 4 * s.H, "(H, 4H)");
  const Real* b = args.matrix("bias", bias, {4 * s.H}, "(4H,)");
  py::gil_scoped_release nogil;
  return std::make_shared<LstmWeights<Real>>(s.I, s.H, f, w, r, b);
}

PackedLstm pack_any(py::object kernel, py::object recurrent_kernel, py::object bias,
                    const std::string& activation) {
  const py::array w = ranked("PackedLSTM", "kernel", kernel, 2, "(I, 4H)");
  const py::array r = ranked("PackedLSTM", "recurrent_kernel", recurrent_kernel, 2, "(H, 4H)");
  return for_dtype("PackedLSTM", "kernel", w, [&](auto real) {
    return PackedLstm{pack<decltype(real)>("PackedLSTM", w, r, bias, activation)};
  });
}

py::tuple run_packed(const PackedLstm& packed, py::object x, py::object h0, py::object c0,
                     SequenceOptions o) {
  const py::array xa = ranked("PackedLSTM", "x", x, 3, "(N, T, I) or, time_major, (T, N, I)");
  return std::visit(
      [&](const auto& weights) -> py::tuple {
        using Real = std::decay_t<decltype(*weights->panels())>;
        ForwardCall<Real> call("PackedLSTM", xa, weights->I, weights->H, h0, c0, true, o);
        {
          py::gil_scoped_release nogil;
          lstm_forward<Real>(*weights, call.arrays, nullptr);
        }
        return py::make_tuple(std::move(call.y), std::move(call.h_n), std::move(call.c_n));
      },
      packed.weights);
}

py::tuple lstm(py::object x, py::object kernel, py::object recurrent_kernel, py::object bias,
               py::object h0, py::object c0, const std::string& activation, SequenceOptions o,
               bool training) {
  const py::array xa = ranked("lstm", "x", x, 3, "(N, T, I) or, time_major, (T, N, I)");
  const py::array w = ranked("lstm", "kernel", kernel, 2, "(I, 4H)");
  const py::array r = ranked("lstm", "recurrent_kernel", recurrent_kernel, 2, "(H, 4H)");
  return for_dtype("lstm", "x", xa, [&](auto real) -> py::tuple {
    using Real = decltype(real);
    const SharedWeights<Real> weights = pack<Real>("lstm", w, r, bias, activation);
    ForwardCall<Real> call("lstm", xa, weights->I, weights->H, h0, c0, true, o);
    if (!training) {
      {
        py::gil_scoped_release nogil;
        lstm_forward<Real>(*weights, call.arrays, nullptr);
      }
      return py::make_tuple(std::move(call.y), std::move(call.h_n), std::move(call.c_n));
    }
    LstmTape<Real> tape;
    {
      py::gil_scoped_release nogil;
      lstm_forward<Real>(*weights, call.arrays, &tape);
    }
    auto object = std::make_unique<LstmTapeObject>(
        LstmTapeObject{std::move(tape), {xa, w, r, !bias.is_none(), o.time_major}});
    return py::make_tuple(std::move(call.y), std::move(call.h_n), std::move(call.c_n),
                          std::move(object));
  });
}

py::tuple lstm_backward_any(const LstmTapeObject& object, py::object dy, py::object dh_n,
                            py::object dc_n, bool need_dx, py::object out) {
  return std::visit(
      [&](const auto& t) -> py::tuple {
        using Real = std::decay_t<decltype(*t.h.get())>;
        BackwardCall<Real> call("lstm_backward", object.arrays, t.N, t.T, t.I, t.H, 4, {4 * t.H},
                                dy, dh_n, dc_n, true, need_dx, out);
        {
          py::gil_scoped_release nogil;
          lstm_backward<Real>(t, call.arrays);
        }
        return py::make_tuple(std::move(call.dx), std::move(call.dkernel),
                              std::move(call.drecurrent), std::move(call.dbias),
                              std::move(call.dh0), std::move(call.dc0));
      },
      object.tape);
}

// One time step for a batch, weights packed once.
py::tuple step(const PackedLstm& packed, py::object x, py::object h, py::object c) {
  const py::array xa = ranked("LSTMStep", "x", x, 2, "(N, I)");
  return std::visit(
      [&](const auto& weights) -> py::tuple {
        using Real = std::decay_t<decltype(*weights->panels())>;
        const ptrdiff_t N = xa.shape(0), H = weights->H;
        Arguments<Real> args("LSTMStep");
        py::array_t<Real> h_n({N, H}), c_n({N, H});
        const ForwardArrays<Real> a = {
            N,
            1,
            {args.matrix("x", x, {N, weights->I}, "(N, I)"), weights->I, 0},
            {nullptr, 0, 0},
            nullptr,
            nullptr,
            false,
            args.matrix("h", h, {N, H}, "(N, H)"),
            args.matrix("c", c, {N, H}, "(N, H)"),
            h_n.mutable_data(),
            c_n.mutable_data()};
        {
          py::gil_scoped_release nogil;
          lstm_forward<Real>(*weights, a, nullptr);
        }
        return py::make_tuple(std::move(h_n), std::move(c_n));
      },
      packed.weights);
}

}  // namespace

void bind_lstm(py::module_& m) {
  using py::arg;
  const py::object none = py::none();
  py::class_<LstmTapeObject>(m, "LSTMTape");

  py::class_<PackedLstm>(m, "PackedLSTM")
      .def(py::init(&pack_any), arg("kernel"), arg("recurrent_kernel"), arg("bias") = none,
           py::kw_only(), arg("activation") = "tanh")
      .def(
          "__call__",
          [](const PackedLstm& self, py::object x, py::object h0, py::object c0, py::object lengths,
             py::object mask, bool reverse, bool time_major, bool return_sequences) {
            return run_packed(self, x, h0, c0,
                              {lengths, mask, reverse, time_major, return_sequences});
          },
          arg("x"), arg("h0") = none, arg("c0") = none, py::kw_only(), arg("lengths") = none,
          arg("mask") = none, arg("reverse") = false, arg("time_major") = false,
          arg("return_sequences") = true);

  struct LstmStep : PackedLstm {};
  py::class_<LstmStep>(m, "LSTMStep")
      .def(py::init([](py::object kernel, py::object recurrent_kernel, py::object bias,
                       const std::string& activation) {
             return LstmStep{pack_any(kernel, recurrent_kernel, bias, activation)};
           }),
           arg("kernel"), arg("recurrent_kernel"), arg("bias") = none, py::kw_only(),
           arg("activation") = "tanh")
      .def(
          "__call__",
          [](const LstmStep& self, py::object x, py::object h, py::object c) {
            return step(self, x, h, c);
          },
          arg("x"), arg("h"), arg("c"));

  m.def(
      "lstm",
      [](py::object x, py::object kernel, py::object recurrent_kernel, py::object bias,
         py::object h0, py::object c0, const std::string& activation, py::object lengths,
         py::object mask, bool reverse, bool time_major, bool training, bool return_sequences,
         py::object recurrent_mask) {
        return lstm(x, kernel, recurrent_kernel, bias, h0, c0, activation,
                    {lengths, mask, reverse, time_major, return_sequences, recurrent_mask},
                    training);
      },
      arg("x"), arg("kernel"), arg("recurrent_kernel"), arg("bias") = none, arg("h0") = none,
      arg("c0") = none, py::kw_only(), arg("activation") = "tanh", arg("lengths") = none,
      arg("mask") = none, arg("reverse") = false, arg("time_major") = false,
      arg("training") = false, arg("return_sequences") = true, arg("recurrent_mask") = none);
  m.def("lstm_backward", &lstm_backward_any, arg("tape"), arg("dy") = none, arg("dh_n") = none,
        arg("dc_n") = none, py::kw_only(), arg("need_dx") = true, arg("out") = none);
}

}  // namespace fusedrnn
