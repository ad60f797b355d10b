// The cells as calls of XLA's foreign function interface, for JAX. Built where jaxlib's headers
// are.
//
// A program of XLA has no object to keep between its calls, so there is no tape between the passes:
// the backward one runs the forward one again.
#include <pybind11/pybind11.h>

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cells.hpp"
#include "interrupt.hpp"
#include "xla/ffi/api/ffi.h"

namespace fusedrnn {
namespace {

namespace py = pybind11;
namespace ffi = xla::ffi;
using Array = ffi::AnyBuffer;
using Result = ffi::Result<ffi::AnyBuffer>;

struct Options {
  bool reverse, reset_after, update_keeps;
  int32_t activation;  // of Activation
};

template <class Cell>
typename Cell::Form form_of(const Options& o) {
  return {.activation = Activation(o.activation)};
}
template <>
GruForm form_of<GruCell>(const Options& o) {
  return {.reset_after = o.reset_after,
          .update_keeps = o.update_keeps,
          .activation = Activation(o.activation)};
}

// The memory of an array of that type and shape; an optional one is absent if it is empty.
void* checked(const char* name, const Array& a, ffi::DataType type,
              const std::vector<ptrdiff_t>& shape) {
  const Array::Dimensions given = a.dimensions();
  if (a.element_type() != type ||
      !std::equal(given.begin(), given.end(), shape.begin(), shape.end()))
    throw std::invalid_argument(std::string(name) +
                                " has another type or shape than fits the rest");
  return a.untyped_data();
}

void* checked_if_any(const char* name, const Array& a, ffi::DataType type,
                     const std::vector<ptrdiff_t>& shape) {
  return a.element_count() == 0 ? nullptr : checked(name, a, type, shape);
}

template <class Real>
constexpr ffi::DataType type_of() {
  return std::is_same_v<Real, float> ? ffi::DataType::F32 : ffi::DataType::F64;
}

// What both passes are given.
struct Inputs {
  Array x, kernel, recurrent, bias, h0, c0, mask, recurrent_mask;
};

// Sizes, packed weights and the arrays of a forward pass without its outputs.
template <class Cell, class Real>
struct Call {
  static constexpr ffi::DataType kType = type_of<Real>();
  const int64_t N, T, I, H, columns;
  const Matrix<const Real> kernel, recurrent;
  const Real* bias;
  const typename Cell::template Weights<Real> weights;
  ForwardArrays<Real> arrays;

  Call(const Inputs& in, const Options& o)
      : N(size(in.x, 0, 3)),
        T(size(in.x, 1, 3)),
        I(size(in.x, 2, 3)),
        H(size(in.recurrent, 0, 2)),
        columns(Cell::kGates * H),
        kernel{real("kernel", in.kernel, {I, columns}), columns, 1},
        recurrent{real("recurrent_kernel", in.recurrent, {H, columns}), columns, 1},
        bias(static_cast<const Real*>(
            checked_if_any("bias", in.bias, kType, Cell::bias_shape(form_of<Cell>(o), H)))),
        weights(I, H, form_of<Cell>(o), kernel, recurrent, bias) {
    arrays = {.N = N,
              .T = T,
              .x = {real("x", in.x, {N, T, I}), T * I, I},
              .mask = static_cast<const uint8_t*>(
                  checked_if_any("mask", in.mask, ffi::DataType::PRED, {N, T})),
              .reverse = o.reverse,
              .h0 = real("h0", in.h0, {N, H}),
              .c0 = Cell::kStates == 2 ? real("c0", in.c0, {N, H}) : nullptr,
              .recurrent_mask = static_cast<const Real*>(checked_if_any(
                  "recurrent_mask", in.recurrent_mask, kType, {Cell::kGates, N, H}))};
  }

  static Real* real(const char* name, const Array& a, const std::vector<ptrdiff_t>& shape) {
    return static_cast<Real*>(checked(name, a, kType, shape));
  }

 private:
  static int64_t size(const Array& a, size_t axis, size_t rank) {
    if (a.dimensions().size() != rank || a.dimensions()[axis] < 1)
      throw std::invalid_argument("an array is empty or has another rank than fits");
    return a.dimensions()[axis];
  }
};

// Runs work(real) for the type of x; what it throws becomes an error of XLA.
template <class Work>
ffi::Error run(const Array& x, Work&& work) {
  try {
    if (x.element_type() == ffi::DataType::F32)
      work(float());
    else if (x.element_type() == ffi::DataType::F64)
      work(double());
    else
      return ffi::Error::InvalidArgument("fusedrnn: x is neither float32 nor float64");
    return ffi::Error::Success();
  } catch (const Interrupted&) {
    return {ffi::ErrorCode::kCancelled, "fusedrnn: interrupted"};
  } catch (const std::bad_alloc&) {
    return {ffi::ErrorCode::kResourceExhausted, "fusedrnn: out of memory"};
  } catch (const std::exception& error) {
    return ffi::Error::InvalidArgument(std::string("fusedrnn: ") + error.what());
  }
}

template <class Cell>
ffi::Error forward(Array x, Array kernel, Array recurrent, Array bias, Array h0, Array c0,
                   Array mask, Array recurrent_mask, Result y, Result h_n, Result c_n, bool reverse,
                   bool reset_after, bool update_keeps, int32_t activation) {
  return run(x, [&](auto real) {
    using Real = decltype(real);
    Call<Cell, Real> call({.x = x,
                           .kernel = kernel,
                           .recurrent = recurrent,
                           .bias = bias,
                           .h0 = h0,
                           .c0 = c0,
                           .mask = mask,
                           .recurrent_mask = recurrent_mask},
                          {reverse, reset_after, update_keeps, activation});
    const int64_t N = call.N, T = call.T, H = call.H;
    ForwardArrays<Real>& a = call.arrays;
    a.y = {call.real("y", *y, {N, T, H}), T * H, H};
    a.h_n = call.real("h_n", *h_n, {N, H});
    if (Cell::kStates == 2) a.c_n = call.real("c_n", *c_n, {N, H});
    Cell::template forward<Real>(call.weights, a, nullptr);
  });
}

template <class Cell>
ffi::Error backward(Array x, Array kernel, Array recurrent, Array bias, Array h0, Array c0,
                    Array mask, Array recurrent_mask, Array dy, Array dh_n, Array dc_n, Result dx,
                    Result dkernel, Result drecurrent, Result dbias, Result dh0, Result dc0,
                    bool reverse, bool reset_after, bool update_keeps, int32_t activation) {
  return run(x, [&](auto real) {
    using Real = decltype(real);
    const Options options = {reverse, reset_after, update_keeps, activation};
    Call<Cell, Real> call({.x = x,
                           .kernel = kernel,
                           .recurrent = recurrent,
                           .bias = bias,
                           .h0 = h0,
                           .c0 = c0,
                           .mask = mask,
                           .recurrent_mask = recurrent_mask},
                          options);
    const int64_t N = call.N, T = call.T, I = call.I, H = call.H, columns = call.columns;
    std::vector<Real> finals(size_t(Cell::kStates * N * H));
    call.arrays.h_n = finals.data();
    if (Cell::kStates == 2) call.arrays.c_n = finals.data() + N * H;
    typename Cell::template Tape<Real> tape;
    Cell::template forward<Real>(call.weights, call.arrays, &tape);

    const bool two = Cell::kStates == 2;
    const BackwardArrays<Real> a = {
        .kernel = call.kernel,
        .recurrent_kernel = call.recurrent,
        .x = call.arrays.x,
        .dy = {call.real("dy", dy, {N, T, H}), T * H, H},
        .dh_n = call.real("dh_n", dh_n, {N, H}),
        .dc_n = two ? call.real("dc_n", dc_n, {N, H}) : nullptr,
        .dx = {call.real("dx", *dx, {N, T, I}), T * I, I},
        .dkernel = {call.real("dkernel", *dkernel, {I, columns}), columns, 1},
        .drecurrent = {call.real("drecurrent", *drecurrent, {H, columns}), columns, 1},
        .dbias = call.bias ? call.real("dbias", *dbias, Cell::bias_shape(form_of<Cell>(options), H))
                           : nullptr,
        .dh0 = call.real("dh0", *dh0, {N, H}),
        .dc0 = two ? call.real("dc0", *dc0, {N, H}) : nullptr};
    Cell::template backward<Real>(tape, a);
  });
}

template <class Binding>
auto with_options(Binding&& binding) {
  return std::move(binding)
      .template Attr<bool>("reverse")
      .template Attr<bool>("reset_after")
      .template Attr<bool>("update_keeps")
      .template Attr<int32_t>("activation");
}

auto inputs() {
  return ffi::Ffi::Bind()
      .Arg<Array>()
      .Arg<Array>()
      .Arg<Array>()
      .Arg<Array>()
      .Arg<Array>()
      .Arg<Array>()
      .Arg<Array>()
      .Arg<Array>();
}

template <class Cell>
void add(py::dict& handlers, const std::string& cell) {
  XLA_FFI_DEFINE_HANDLER(run_forward, forward<Cell>,
                         with_options(inputs().Ret<Array>().Ret<Array>().Ret<Array>()));
  XLA_FFI_DEFINE_HANDLER(run_backward, backward<Cell>,
                         with_options(inputs()
                                          .Arg<Array>()
                                          .Arg<Array>()
                                          .Arg<Array>()
                                          .Ret<Array>()
                                          .Ret<Array>()
                                          .Ret<Array>()
                                          .Ret<Array>()
                                          .Ret<Array>()
                                          .Ret<Array>()));
  handlers[py::str(cell)] = py::capsule(reinterpret_cast<void*>(run_forward));
  handlers[py::str(cell + "_backward")] = py::capsule(reinterpret_cast<void*>(run_backward));
}

}  // namespace

void bind_jax(py::module_& m) {
  m.def("jax_handlers", [] {
    py::dict handlers;
    add<LstmCell>(handlers, "lstm");
    add<GruCell>(handlers, "gru");
    add<RnnCell>(handlers, "rnn");
    return handlers;
  });
}

}  // namespace fusedrnn
