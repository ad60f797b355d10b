// The binding of a cell, once for all of them: packed weights, a call, its tape and backward pass,
// and a single step.
//
// A cell is one of cells.hpp, and has besides
//   kFunction, kPacked, kStep, kTape, kBackward   names in Python
//   bias_meaning(form)                            what the shape of the bias is called
//   kTapeNames, a letter for each array of its tape that Python may see; gates(tape, arrays), if
//   any
#pragma once

#include <array>
#include <memory>
#include <utility>
#include <variant>

#include "bind_arguments.hpp"
#include "bind_call.hpp"
#include "bind_object.hpp"
#include "tape_gates.hpp"

namespace fusedrnn {

template <class Cell>
struct PackedWeights {
  template <class Real>
  using Shared = std::shared_ptr<const typename Cell::template Weights<Real>>;
  std::variant<Shared<float>, Shared<double>> weights;
  WeightLayout layout;
};

template <class Cell>
struct StepWeights : PackedWeights<Cell> {};

template <class Cell>
struct TapeObject {
  std::variant<typename Cell::template Tape<float>, typename Cell::template Tape<double>> tape;
  TapeArrays arrays;
};

// The type of an array argument that is one of several, by number.
template <size_t>
using ArrayArgument = py::object;

template <class Cell>
class CellBinding {
 public:
  using Form = typename Cell::Form;
  using StateHandles = std::array<py::handle, size_t(Cell::kStates)>;  // not owned

  // For the class `name`, which errors are to name.
  static PackedWeights<Cell> make_packed(const char* name, const py::object& kernel,
                                         const py::object& recurrent_kernel, const py::object& bias,
                                         const py::object& weights, const Form& form) {
    const bool half = !weights.is_none() && !choice(name, "weights", weights, {"bfloat16"}).empty();
    const py::array w = ranked(name, "kernel", kernel, 2, in_gates("I").c_str());
    const py::array r =
        ranked(name, "recurrent_kernel", recurrent_kernel, 2, in_gates("H").c_str());
    return for_dtype(name, "kernel", w, [&](auto real) {
      using Real = decltype(real);
      if (half && !std::is_same_v<Real, float>)
        throw py::type_error(std::string(name) +
                             ": weights='bfloat16' needs arrays of float32, "
                             "kernel has dtype float64");
      return PackedWeights<Cell>{pack<Real>(name, w, r, bias, form, half), layout_of(w, r, bias)};
    });
  }

  static py::tuple run_packed(const py::object& self, const py::object& x,
                              const StateHandles& states, const SequenceOptions& o,
                              const py::object& training) {
    const auto& packed = held<PackedWeights<Cell>>(Cell::kPacked, "self", self);
    const py::array xa = ranked(Cell::kPacked, "x", x, 3, kSequence);
    const bool keeps_tape = flag(Cell::kPacked, "training", training);
    return std::visit(
        [&](const auto& weights) -> py::tuple {
          using Real = real_of<decltype(*weights)>;
          if (keeps_tape && weights->half())
            throw py::value_error(std::string(Cell::kPacked) +
                                  ": training=True needs the weights themselves, which "
                                  "weights='bfloat16' has rounded");
          return forward<Real>(Cell::kPacked, xa, *weights, states, o, keeps_tape,
                               {.x = xa, .layout = packed.layout}, weights);
        },
        packed.weights);
  }

  static py::tuple run(const py::object& x, const py::object& kernel,
                       const py::object& recurrent_kernel, const py::object& bias,
                       const StateHandles& states, const Form& form, const SequenceOptions& o,
                       const py::object& training) {
    const py::array xa = ranked(Cell::kFunction, "x", x, 3, kSequence);
    const py::array w = ranked(Cell::kFunction, "kernel", kernel, 2, in_gates("I").c_str());
    const py::array r =
        ranked(Cell::kFunction, "recurrent_kernel", recurrent_kernel, 2, in_gates("H").c_str());
    const bool keeps_tape = flag(Cell::kFunction, "training", training);
    return for_dtype(Cell::kFunction, "x", xa, [&](auto real) -> py::tuple {
      using Real = decltype(real);
      const auto weights = pack<Real>(Cell::kFunction, w, r, bias, form);
      return forward<Real>(
          Cell::kFunction, xa, *weights, states, o, keeps_tape,
          {.x = xa, .kernel = w, .recurrent_kernel = r, .layout = layout_of(w, r, bias)});
    });
  }

  static py::tuple run_backward(const py::object& tape, const py::object& dy,
                                const StateHandles& dfinals, const py::object& need_dx,
                                const py::object& need_dstates, const py::object& out) {
    const auto& object = held<TapeObject<Cell>>(Cell::kBackward, "tape", tape);
    return std::visit(
        [&](const auto& t) -> py::tuple {
          using Real = real_of<decltype(t)>;
          BackwardCall<Real> call(Cell::kBackward, object.arrays,
                                  {.N = t.N,
                                   .T = t.T,
                                   .I = t.I,
                                   .H = t.H,
                                   .gates = Cell::kGates,
                                   .bias = Cell::bias_shape(t.form, t.H)},
                                  dy, dfinals.data(), Cell::kStates, need_dx, need_dstates, out);
          without_gil([&] { Cell::template backward<Real>(t, call.arrays); });
          py::tuple all(4 + Cell::kStates);
          all[0] = std::move(call.dx);
          all[1] = std::move(call.dkernel);
          all[2] = std::move(call.drecurrent);
          all[3] = std::move(call.dbias);
          for (int k = 0; k < Cell::kStates; ++k) all[4 + k] = std::move(call.dinitials[k]);
          return all;
        },
        object.tape);
  }

  // The arrays of a tape by their letters, in the layout of the sequences.
  static py::dict gates(const py::object& self) {
    const auto& object = held<TapeObject<Cell>>(Cell::kTape, "self", self);
    return std::visit(
        [&](const auto& t) {
          using Real = real_of<decltype(t)>;
          const bool tm = object.arrays.time_major;
          py::dict all;
          std::vector<Sequence<Real>> out;
          for (const char name : std::string(Cell::kTapeNames)) {
            py::object array;
            Real* data = new_array<Real>({tm ? t.T : t.N, tm ? t.N : t.T, t.H}, array);
            out.push_back({data, tm ? t.H : t.T * t.H, tm ? t.N * t.H : t.H});
            all[py::str(&name, 1)] = std::move(array);
          }
          without_gil([&] { Cell::template gates<Real>(t, out.data()); });
          return all;
        },
        object.tape);
  }

  // What a class of packed weights, `name`, says of them.
  template <class Object>
  static void describe(py::class_<Object>& type, const char* name) {
    type.def_property_readonly("weights", [name](const py::object& self) {
      return std::visit([](const auto& weights) { return type_of(*weights); },
                        held<Object>(name, "self", self).weights);
    });
    type.def_property_readonly("nbytes", [name](const py::object& self) {
      return std::visit([](const auto& weights) { return weights->bytes(); },
                        held<Object>(name, "self", self).weights);
    });
    type.def("__repr__", [name](const py::object& self) {
      return std::visit(
          [name](const auto& weights) {
            return "<" + std::string(name) + " of " + std::to_string(weights->I) + " inputs and " +
                   std::to_string(weights->H) + " units, weights in " + type_of(*weights) + ">";
          },
          held<Object>(name, "self", self).weights);
    });
  }

  // One time step for a batch: the states after it, a tuple where there are two.
  static py::object step(const py::object& self, const py::object& x, const StateHandles& states) {
    const auto& packed = held<StepWeights<Cell>>(Cell::kStep, "self", self);
    const py::array xa = ranked(Cell::kStep, "x", x, 2, "(N, I)");
    return std::visit(
        [&](const auto& weights) -> py::object {
          using Real = real_of<decltype(*weights)>;
          const ptrdiff_t N = xa.shape(0), I = weights->I, H = weights->H;
          Arguments<Real> args(Cell::kStep);
          ForwardArrays<Real> a = {
              .N = N, .T = 1, .x = {args.matrix("x", x, {N, I}, "(N, I)"), I, 0}};
          const char* names[] = {"h", "c"};
          const Real** before[] = {&a.h0, &a.c0};
          Real** after[] = {&a.h_n, &a.c_n};
          py::object finals[2];
          for (int k = 0; k < Cell::kStates; ++k) {
            *before[k] = args.matrix(names[k], states[size_t(k)], {N, H}, "(N, H)");
            *after[k] = new_array<Real>({N, H}, finals[k]);
          }
          without_gil([&] { Cell::template forward<Real>(*weights, a, nullptr); });
          if (Cell::kStates == 1) return std::move(finals[0]);
          return py::make_tuple(std::move(finals[0]), std::move(finals[1]));
        },
        packed.weights);
  }

 private:
  template <class Real>
  using Weights = typename Cell::template Weights<Real>;

  static constexpr const char* kSequence = "(N, T, I) or, time_major, (T, N, I)";

  // Real of a Weights<Real> or Tape<Real>.
  template <template <class> class Of, class Real>
  static Real real_in(const Of<Real>&);
  template <class Object>
  using real_of = decltype(real_in(std::declval<Object>()));

  template <class Object>
  static const char* type_of(const Object& weights) {
    if (weights.half()) return "bfloat16";
    return std::is_same_v<real_of<Object>, float> ? "float32" : "float64";
  }

  static std::string in_gates(const char* rows) { return fusedrnn::in_gates(rows, Cell::kGates); }

  template <class Real>
  static typename PackedWeights<Cell>::template Shared<Real> pack(const char* function,
                                                                  const py::array& kernel,
                                                                  const py::array& recurrent,
                                                                  py::handle bias, const Form& form,
                                                                  bool half = false) {
    constexpr int G = Cell::kGates;
    const WeightShape s(function, kernel, recurrent, G);
    Arguments<Real> args(function);
    const auto w = args.weights("kernel", kernel, s.I, G * s.H, in_gates("I").c_str());
    const auto r = args.weights("recurrent_kernel", recurrent, s.H, G * s.H, in_gates("H").c_str());
    const Real* b =
        args.matrix("bias", bias, Cell::bias_shape(form, s.H), Cell::bias_meaning(form));
    typename PackedWeights<Cell>::template Shared<Real> weights;
    without_gil([&] {
      const auto packed =
          std::make_shared<typename Cell::template Weights<Real>>(s.I, s.H, form, w, r, b);
      if constexpr (std::is_same_v<Real, float>)
        if (half) packed->halve();
      weights = packed;
    });
    return weights;
  }

  static WeightLayout layout_of(const py::array& kernel, const py::array& recurrent,
                                py::handle bias) {
    return {is_fortran(kernel), is_fortran(recurrent), !bias.is_none()};
  }

  // A forward pass; `kept` and `shared` are for the tape: the weights as arrays, or packed.
  template <class Real>
  static py::tuple forward(const char* function, const py::array& x, const Weights<Real>& weights,
                           const StateHandles& states, const SequenceOptions& o, bool keeps_tape,
                           TapeArrays kept, std::shared_ptr<const Weights<Real>> shared = nullptr) {
    ForwardCall<Real> call(function, x, weights.I, weights.H, Cell::kGates, states.data(),
                           Cell::kStates, o);
    typename Cell::template Tape<Real> tape;
    without_gil(
        [&] { Cell::template forward<Real>(weights, call.arrays, keeps_tape ? &tape : nullptr); });
    if (!keeps_tape) return results(call);
    tape.weights = std::move(shared);
    kept.time_major = call.time_major;
    return results(call, object_of(TapeObject<Cell>{std::move(tape), std::move(kept)}));
  }

  // (y, h_n[, c_n][, tape])
  template <class Real>
  static py::tuple results(ForwardCall<Real>& call, py::object tape = {}) {
    constexpr int kStates = Cell::kStates;
    py::tuple all(1 + kStates + (tape ? 1 : 0));
    all[0] = std::move(call.y);
    for (int k = 0; k < kStates; ++k) all[1 + k] = std::move(call.finals[k]);
    if (tape) all[1 + kStates] = std::move(tape);
    return all;
  }
};

// Binds the cell's classes and functions. form_of makes the form of the options that only this cell
// has, which `form_args` name with their defaults.
template <class Cell, size_t... S, class... Options, class... FormArgs>
FUSEDRNN_COLD void bind_cell_states(py::module_& m, std::index_sequence<S...>,
                                    typename Cell::Form (*form_of)(const char* function,
                                                                   Options...),
                                    const FormArgs&... form_args) {
  using py::arg;
  using Binding = CellBinding<Cell>;
  const py::object none = py::none();
  const char* initial[] = {"h0", "c0"};
  const char* state[] = {"h", "c"};
  const char* dfinal[] = {"dh_n", "dc_n"};

  // Only a forward pass makes one.
  py::class_<TapeObject<Cell>> tape(m, Cell::kTape,
                                    py::custom_type_setup([](PyHeapTypeObject* type) {
                                      type->ht_type.tp_flags |= Py_TPFLAGS_DISALLOW_INSTANTIATION;
                                    }));
  if constexpr (Cell::kTapeNames[0] != 0) tape.def("gates", &Binding::gates);

  py::class_<PackedWeights<Cell>> packed(m, Cell::kPacked);
  packed
      .def(
          "__init__",
          [form_of](py::detail::value_and_holder& self, py::object kernel,
                    py::object recurrent_kernel, py::object bias, Options... options,
                    py::object weights) {
            put(self, Binding::make_packed(Cell::kPacked, kernel, recurrent_kernel, bias, weights,
                                           form_of(Cell::kPacked, options...)));
          },
          py::detail::is_new_style_constructor(), arg("kernel"), arg("recurrent_kernel"),
          arg("bias") = none, py::kw_only(), form_args..., arg("weights") = none)
      .def(
          "__call__",
          [](py::object self, py::object x, ArrayArgument<S>... states, py::object lengths,
             py::object mask, py::object reverse, py::object time_major, py::object training,
             py::object return_sequences, py::object recurrent_mask) {
            return Binding::run_packed(self, x, {states...},
                                       {.lengths = lengths,
                                        .mask = mask,
                                        .reverse = reverse,
                                        .time_major = time_major,
                                        .return_sequences = return_sequences,
                                        .recurrent_mask = recurrent_mask},
                                       training);
          },
          arg("x"), (arg(initial[S]) = none)..., py::kw_only(), arg("lengths") = none,
          arg("mask") = none, arg("reverse") = false, arg("time_major") = false,
          arg("training") = false, arg("return_sequences") = true, arg("recurrent_mask") = none);
  Binding::template describe<PackedWeights<Cell>>(packed, Cell::kPacked);

  py::class_<StepWeights<Cell>> step(m, Cell::kStep);
  step.def(
          "__init__",
          [form_of](py::detail::value_and_holder& self, py::object kernel,
                    py::object recurrent_kernel, py::object bias, Options... options,
                    py::object weights) {
            put(self,
                StepWeights<Cell>{Binding::make_packed(Cell::kStep, kernel, recurrent_kernel, bias,
                                                       weights, form_of(Cell::kStep, options...))});
          },
          py::detail::is_new_style_constructor(), arg("kernel"), arg("recurrent_kernel"),
          arg("bias") = none, py::kw_only(), form_args..., arg("weights") = none)
      .def(
          "__call__",
          [](py::object self, py::object x, ArrayArgument<S>... states) {
            return Binding::step(self, x, {states...});
          },
          arg("x"), arg(state[S])...);
  Binding::template describe<StepWeights<Cell>>(step, Cell::kStep);

  m.def(
      Cell::kFunction,
      [form_of](py::object x, py::object kernel, py::object recurrent_kernel, py::object bias,
                ArrayArgument<S>... states, Options... options, py::object lengths, py::object mask,
                py::object reverse, py::object time_major, py::object training,
                py::object return_sequences, py::object recurrent_mask) {
        return Binding::run(x, kernel, recurrent_kernel, bias, {states...},
                            form_of(Cell::kFunction, options...),
                            {.lengths = lengths,
                             .mask = mask,
                             .reverse = reverse,
                             .time_major = time_major,
                             .return_sequences = return_sequences,
                             .recurrent_mask = recurrent_mask},
                            training);
      },
      arg("x"), arg("kernel"), arg("recurrent_kernel"), arg("bias") = none,
      (arg(initial[S]) = none)..., py::kw_only(), form_args..., arg("lengths") = none,
      arg("mask") = none, arg("reverse") = false, arg("time_major") = false,
      arg("training") = false, arg("return_sequences") = true, arg("recurrent_mask") = none);
  m.def(
      Cell::kBackward,
      [](py::object tape, py::object dy, ArrayArgument<S>... dfinals, py::object need_dx,
         py::object need_dstates, py::object out) {
        return Binding::run_backward(tape, dy, {dfinals...}, need_dx, need_dstates, out);
      },
      arg("tape"), arg("dy") = none, (arg(dfinal[S]) = none)..., py::kw_only(),
      arg("need_dx") = true, arg("need_dstates") = true, arg("out") = none);
}

template <class Cell, class... Options, class... FormArgs>
void bind_cell(py::module_& m, typename Cell::Form (*form_of)(const char* function, Options...),
               const FormArgs&... form_args) {
  bind_cell_states<Cell>(m, std::make_index_sequence<size_t(Cell::kStates)>(), form_of,
                         form_args...);
}

}  // namespace fusedrnn
