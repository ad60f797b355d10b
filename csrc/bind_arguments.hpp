// The arguments of a call of a cell, checked, and its outputs, allocated.
#pragma once

#include "kernels/kernel_table.hpp"
#include "numpy_view.hpp"
#include "output_array.hpp"
#include "recurrent_arrays.hpp"

namespace fusedrnn {

// Options of a forward pass as they come from Python.
struct SequenceOptions {
  py::object lengths, mask, reverse, time_major, return_sequences;
  py::object recurrent_mask = py::none();
};

// A truth value: what has one.
inline bool flag(const char* function, const char* argument, py::handle given) {
  py::detail::make_caster<bool> truth;
  if (!truth.load(given, true)) wrong_type(function, argument, " is a ", given, "a bool");
  return py::detail::cast_op<bool>(truth);
}

[[noreturn]] FUSEDRNN_COLD inline void wrong_choice(const char* function, const char* argument,
                                                    py::handle given,
                                                    std::initializer_list<const char*> choices) {
  std::string expected;
  size_t k = 0;
  for (const char* word : choices) {
    const char* between = k == 0 ? "" : k + 1 == choices.size() ? " or " : ", ";
    expected += std::string(between) + "'" + word + "'";
    ++k;
  }
  if (!py::isinstance<py::str>(given))
    wrong_type(function, argument, " is a ", given, expected.c_str());
  throw py::value_error(std::string(function) + ": " + argument + " is " +
                        std::string(py::repr(given)) + ", expected " + expected);
}

// A word, one of two or more choices, of which the last is named after "or".
inline std::string choice(const char* function, const char* argument, py::handle given,
                          std::initializer_list<const char*> choices) {
  if (py::isinstance<py::str>(given))
    for (const char* word : choices)
      if (PyUnicode_CompareWithASCIIString(given.ptr(), word) == 0) return word;
  wrong_choice(function, argument, given, choices);
}

inline Activation activation_of(const char* function, py::handle given) {
  const std::string name =
      choice(function, "activation", given, {"tanh", "relu", "sigmoid", "linear"});
  if (name == "relu") return Activation::kRelu;
  if (name == "sigmoid") return Activation::kSigmoid;
  return name == "tanh" ? Activation::kTanh : Activation::kLinear;
}

// What the shape of a matrix of all gates is called: "(I, 4H)".
inline std::string in_gates(const char* rows, int gates) {
  return std::string("(") + rows + ", " + (gates > 1 ? std::to_string(gates) : "") + "H)";
}

// H and I from the weights; throws if they do not fit each other.
struct WeightShape {
  ptrdiff_t I, H;
  WeightShape(const char* function, const py::array& kernel, const py::array& recurrent, int gates)
      : I(kernel.shape(0)), H(recurrent.shape(0)) {
    if (H < 1 || I < 1)
      throw py::value_error(std::string(function) +
                            ": kernel and recurrent_kernel need at least "
                            "one row, came with shapes " +
                            shape_text(kernel) + " and " + shape_text(recurrent));
    if (recurrent.shape(1) != gates * H)
      wrong_shape(function, "recurrent_kernel", recurrent, in_gates("H", gates).c_str(),
                  {H, gates * H});
    if (kernel.shape(1) != gates * H)
      wrong_shape(function, "kernel", kernel, in_gates("I", gates).c_str(), {I, gates * H});
  }
};

// Makes an array for an output, and returns its data. It comes as an object, since an array_t that
// waits for its value is an array already, which costs as much to make.
template <class Real>
Real* new_array(const std::vector<ptrdiff_t>& shape, py::object& array) {
  py::array_t<Real> made = output_array<Real>(shape);
  Real* data = made.mutable_data();
  array = std::move(made);
  return data;
}

// Which steps are valid, checked, and kept for as long as this object.
class ValidSteps {
 public:
  const ptrdiff_t* lengths(const char* function, const py::object& o, ptrdiff_t N, ptrdiff_t T) {
    if (o.is_none()) return nullptr;
    auto a = py::array::ensure(o);
    if (!a || (a.dtype().kind() != 'i' && a.dtype().kind() != 'u'))
      wrong_type(function, "lengths", " has ", o, "integers");
    if (a.ndim() != 1 || a.shape(0) != N) wrong_shape(function, "lengths", a, "(N,)", {N});
    a = in_c_order<ptrdiff_t>(a);
    // A copy: another thread may write to the array once these values have been checked.
    const auto* values = static_cast<const ptrdiff_t*>(a.data());
    lengths_.assign(values, values + N);
    for (ptrdiff_t n = 0; n < N; ++n) {
      const ptrdiff_t length = lengths_[size_t(n)];
      if (length < 0 || length > T)
        throw py::value_error(std::string(function) + ": lengths has the value " +
                              std::to_string(length) + " at " + std::to_string(n) +
                              ", expected 0 to T = " + std::to_string(T));
    }
    return lengths_.data();
  }
  const uint8_t* mask(const char* function, const py::object& o, ptrdiff_t N, ptrdiff_t T) {
    if (o.is_none()) return nullptr;
    if (!py::isinstance<py::array_t<bool>>(o))
      wrong_type(function, "mask", " has ", o, "an array of bool");
    auto a = py::reinterpret_borrow<py::array>(o);
    if (a.ndim() != 2 || a.shape(0) != N || a.shape(1) != T)
      wrong_shape(function, "mask", a, "(N, T)", {N, T});
    mask_ = in_c_order<bool>(a);
    return static_cast<const uint8_t*>(mask_.data());
  }

 private:
  std::vector<ptrdiff_t> lengths_;
  py::array mask_;
};

// Checked inputs and allocated outputs of one forward pass: y, h_n and, with two states, c_n.
template <class Real>
struct ForwardCall {
  ForwardArrays<Real> arrays;
  const bool time_major;
  py::object y = py::none();
  py::object finals[2];  // h_n, c_n

  ForwardCall(const char* function, const py::array& x, ptrdiff_t I, ptrdiff_t H, int gates,
              const py::handle* states, int state_count, const SequenceOptions& o)
      : time_major(flag(function, "time_major", o.time_major)), args_(function) {
    const bool tm = time_major;
    const ptrdiff_t N = x.shape(tm ? 1 : 0), T = x.shape(tm ? 0 : 1);
    check_size(N, T, I, H);
    arrays.N = N;
    arrays.T = T;
    arrays.x = args_.sequence("x", x, tm, N, T, I, tm ? "(T, N, I)" : "(N, T, I)");
    const char* names[] = {"h0", "c0"};
    const Real** initial[] = {&arrays.h0, &arrays.c0};
    Real** final[] = {&arrays.h_n, &arrays.c_n};
    for (int k = 0; k < state_count; ++k) {
      *initial[k] = args_.matrix(names[k], states[k], {N, H}, "(N, H)");
      *final[k] = new_array<Real>({N, H}, finals[k]);
    }
    arrays.recurrent_mask =
        args_.matrix("recurrent_mask", o.recurrent_mask, {gates, N, H}, "(G, N, H)");
    arrays.reverse = flag(function, "reverse", o.reverse);
    arrays.lengths = valid_.lengths(function, o.lengths, N, T);
    arrays.mask = valid_.mask(function, o.mask, N, T);
    if (flag(function, "return_sequences", o.return_sequences)) {
      Real* out = new_array<Real>({tm ? T : N, tm ? N : T, H}, y);
      arrays.y = {out, tm ? H : T * H, tm ? N * H : H};
    }
  }

 private:
  // A broadcast x may be of any size: no product of sizes below this point overflows.
  static void check_size(ptrdiff_t N, ptrdiff_t T, ptrdiff_t I, ptrdiff_t H) {
    const double values = (double(T) + 2) * (double(N) + 1) * 16 * (double(I) + double(H) + 64);
    if (values * sizeof(Real) > 4e18) throw std::bad_alloc();
  }
  Arguments<Real> args_;
  ValidSteps valid_;
};

// What gradients of the weights look like: those of matrices in Fortran order are in it too.
struct WeightLayout {
  bool kernel_is_fortran, recurrent_is_fortran, has_bias;
};

// What the Python tape keeps of the call besides the C++ tape.
struct TapeArrays {
  py::array x;
  py::object kernel = {}, recurrent_kernel = {};  // absent where the weights were packed before
  WeightLayout layout;
  bool time_major = false;
};

// Checked inputs and allocated outputs of one backward pass.
template <class Real>
struct BackwardCall {
  BackwardArrays<Real> arrays;
  py::object dx = py::none(), dkernel, drecurrent, dbias = py::none();
  py::object dinitials[2] = {py::none(), py::none()};  // dh0, dc0

  // The sizes of the forward pass; `bias` is the shape of dbias.
  struct Sizes {
    ptrdiff_t N, T, I, H;
    int gates;
    std::vector<ptrdiff_t> bias;
  };

  // dfinals: dh_n and, with two states, dc_n.
  BackwardCall(const char* function, const TapeArrays& t, const Sizes& s, py::handle dy,
               const py::handle* dfinals, int state_count, const py::object& need_dx,
               const py::object& need_dstates, const py::object& out)
      : args_(function) {
    const bool tm = t.time_major;
    const ptrdiff_t N = s.N, T = s.T, I = s.I, H = s.H, columns = s.gates * H;
    if (t.kernel) {
      arrays.kernel = args_.weights("kernel", t.kernel, I, columns, "(I, GH)");
      arrays.recurrent_kernel =
          args_.weights("recurrent_kernel", t.recurrent_kernel, H, columns, "(H, GH)");
    }
    arrays.x = args_.sequence("x", t.x, tm, N, T, I, "as in the forward pass");
    arrays.dy = args_.sequence("dy", dy, tm, N, T, H, tm ? "(T, N, H)" : "(N, T, H)");
    const char* names[] = {"dh_n", "dc_n"};
    const Real** dfinal[] = {&arrays.dh_n, &arrays.dc_n};
    Real** dinitial[] = {&arrays.dh0, &arrays.dc0};
    const bool has_initials = flag(function, "need_dstates", need_dstates);
    for (int k = 0; k < state_count; ++k) {
      *dfinal[k] = args_.matrix(names[k], dfinals[k], {N, H}, "(N, H)");
      *dinitial[k] = has_initials ? new_array<Real>({N, H}, dinitials[k]) : nullptr;
    }
    if (out.is_none()) {
      dkernel = output_array<Real>({I, columns}, t.layout.kernel_is_fortran);
      drecurrent = output_array<Real>({H, columns}, t.layout.recurrent_is_fortran);
      if (t.layout.has_bias) dbias = output_array<Real>(s.bias);
    } else {
      if (!py::isinstance<py::tuple>(out) || py::len(out) != 3)
        throw py::type_error(std::string(function) +
                             ": out must be a tuple (dkernel, drecurrent_kernel, dbias)");
      const auto given = py::reinterpret_borrow<py::tuple>(out);
      dkernel = given[0];
      drecurrent = given[1];
      dbias = t.layout.has_bias ? py::object(given[2]) : py::none();
    }
    arrays.dkernel = args_.weight_gradient("out[0]", dkernel, I, columns, "(I, GH)");
    arrays.drecurrent = args_.weight_gradient("out[1]", drecurrent, H, columns, "(H, GH)");
    arrays.dbias =
        t.layout.has_bias ? args_.output("out[2]", dbias, s.bias, "the bias's shape") : nullptr;
    if (!out.is_none()) {
      Overlaps all(function);
      all.writes("out[0]", dkernel);
      all.writes("out[1]", drecurrent);
      all.writes("out[2]", dbias);
      all.reads("x", t.x);
      if (t.kernel) {
        all.reads("kernel", t.kernel);
        all.reads("recurrent_kernel", t.recurrent_kernel);
      }
      all.reads("dy", dy);
      for (int k = 0; k < state_count; ++k) all.reads(names[k], dfinals[k]);
      all.refuse();
    }
    arrays.dx = {nullptr, 0, 0};
    if (flag(function, "need_dx", need_dx)) {
      Real* out = new_array<Real>({tm ? T : N, tm ? N : T, I}, dx);
      arrays.dx = {out, tm ? I : T * I, tm ? N * I : I};
    }
  }

 private:
  Arguments<Real> args_;
};

}  // namespace fusedrnn
