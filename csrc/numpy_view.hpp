// NumPy arrays -> views, with errors that name the function and the argument.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>
#include <vector>

#include "view.hpp"

namespace fusedrnn {

namespace py = pybind11;

// What runs once, or for an error only: short, and out of the way of calls.
#define FUSEDRNN_COLD __attribute__((cold, noinline))

FUSEDRNN_COLD inline std::string shape_text(const py::array& a) {
  std::string text = "(";
  for (py::ssize_t d = 0; d < a.ndim(); ++d) text += (d ? ", " : "") + std::to_string(a.shape(d));
  return text + (a.ndim() == 1 ? ",)" : ")");
}

FUSEDRNN_COLD inline std::string type_text(py::handle h) {
  if (py::isinstance<py::array>(h))
    return "dtype " + std::string(py::str(py::reinterpret_borrow<py::array>(h).dtype()));
  return std::string(py::str(py::type::handle_of(h).attr("__name__")));
}

// "function: name is a list, expected ...", and the like.
[[noreturn]] FUSEDRNN_COLD inline void wrong_type(const char* function, const char* name,
                                                  const char* is, py::handle h,
                                                  const char* expected) {
  throw py::type_error(std::string(function) + ": " + name + is + type_text(h) + ", expected " +
                       expected);
}
[[noreturn]] FUSEDRNN_COLD inline void wrong_shape(const char* function, const char* name,
                                                   const py::array& a,
                                                   const std::string& expected) {
  throw py::value_error(std::string(function) + ": " + name + " has shape " + shape_text(a) +
                        ", expected " + expected);
}
[[noreturn]] FUSEDRNN_COLD inline void wrong_shape(const char* function, const char* name,
                                                   const py::array& a, const char* meaning,
                                                   const std::vector<ptrdiff_t>& shape) {
  std::string values;
  for (const ptrdiff_t extent : shape)
    values += (values.empty() ? "" : ", ") + std::to_string(extent);
  wrong_shape(function, name, a,
              std::string(meaning) + " = (" + values + (shape.size() == 1 ? ",)" : ")"));
}
[[noreturn]] FUSEDRNN_COLD inline void wrong_value(const char* function, const char* name,
                                                   const char* what) {
  throw py::value_error(std::string(function) + ": " + name + " " + what);
}

// The bits of NumPy's flags that pybind11 has no public name for.
constexpr int kAligned = py::detail::npy_api::NPY_ARRAY_ALIGNED_;
constexpr int kWriteable = py::detail::npy_api::NPY_ARRAY_WRITEABLE_;

// The array itself if it is aligned and in C order, else a copy that is: of NumPy's own making, for
// the methods of a subclass may return anything.
template <class Value>
py::array in_c_order(const py::array& a) {
  return py::array_t<Value, py::array::c_style | py::array::forcecast | kAligned>(a);
}

// What a call works on in place: nothing that it writes may share memory with anything else.
class Overlaps {
 public:
  explicit Overlaps(const char* function) : function_(function) {}
  // None is nowhere.
  void reads(const char* name, py::handle h) { add(name, h, false); }
  void writes(const char* name, py::handle h) { add(name, h, true); }
  void refuse() const {
    for (const Extent& a : extents_)
      for (const Extent& b : extents_)
        if (&a < &b && (a.written || b.written) && a.begin < b.end && b.begin < a.end)
          wrong_value(function_, a.name, (std::string("and ") + b.name + " share memory").c_str());
  }

 private:
  struct Extent {
    const char* name;
    std::uintptr_t begin, end;
    bool written;
  };
  // From the first byte to behind the last one, whatever lies between.
  void add(const char* name, py::handle h, bool written) {
    if (h.is_none()) return;
    const auto a = py::reinterpret_borrow<py::array>(h);
    if (a.size() == 0) return;
    std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(a.data()), end = begin;
    for (py::ssize_t d = 0; d < a.ndim(); ++d)
      (a.strides(d) < 0 ? begin : end) += std::uintptr_t(a.strides(d) * (a.shape(d) - 1));
    extents_.push_back({name, begin, end + std::uintptr_t(a.itemsize()), written});
  }

  const char* function_;
  std::vector<Extent> extents_;
};

// Whether an array is read as a matrix in Fortran order.
inline bool is_fortran(const py::array& a) {
  constexpr int needed = py::array::f_style | kAligned;
  return (a.flags() & (needed | py::array::c_style)) == needed;
}

// Array arguments of one function. All must have the dtype Real.
template <class Real>
class Arguments {
 public:
  explicit Arguments(const char* function) : function_(function) {}

  // The data of a contiguous array of this shape, or null for None. A copy is made, and kept for as
  // long as this object, of an array that is not in C order.
  const Real* matrix(const char* name, py::handle h, std::vector<ptrdiff_t> shape,
                     const char* meaning) {
    if (h.is_none()) return nullptr;
    py::array a = typed(name, h);
    check_shape(name, a, shape, meaning);
    constexpr int needed = py::array::c_style | kAligned;
    if ((a.flags() & needed) != needed) {
      a = in_c_order<Real>(a);
      kept_.push_back(a);
    }
    return static_cast<const Real*>(a.data());
  }

  // A matrix in C or Fortran order; a copy is made of one that has neither.
  Matrix<const Real> weights(const char* name, const py::array& a, ptrdiff_t rows,
                             ptrdiff_t columns, const char* meaning) {
    if (is_fortran(a)) {
      check_shape(name, typed(name, a), {rows, columns}, meaning);
      return {static_cast<const Real*>(a.data()), 1, rows};
    }
    return {matrix(name, a, {rows, columns}, meaning), columns, 1};
  }

  // The data of an array that is written: it must be writeable and in C order.
  Real* output(const char* name, py::handle h, std::vector<ptrdiff_t> shape, const char* meaning) {
    py::array a = writeable(name, h, shape, meaning);
    if (!(a.flags() & py::array::c_style)) wrong_value(function_, name, "must be in C order");
    return static_cast<Real*>(a.mutable_data());
  }
  Matrix<Real> weight_gradient(const char* name, py::handle h, ptrdiff_t rows, ptrdiff_t columns,
                               const char* meaning) {
    py::array a = writeable(name, h, {rows, columns}, meaning);
    if (is_fortran(a)) return {static_cast<Real*>(a.mutable_data()), 1, rows};
    if (!(a.flags() & py::array::c_style))
      wrong_value(function_, name, "must be in C or Fortran order");
    return {static_cast<Real*>(a.mutable_data()), columns, 1};
  }

  // A sequence (N, T, features), or (T, N, features) if time_major; absent for None.
  Sequence<const Real> sequence(const char* name, py::handle h, bool time_major, ptrdiff_t N,
                                ptrdiff_t T, ptrdiff_t features, const char* meaning) {
    if (h.is_none()) return {nullptr, 0, 0};
    py::array a = typed(name, h);
    check_shape(name, a,
                time_major ? std::vector<ptrdiff_t>{T, N, features}
                           : std::vector<ptrdiff_t>{N, T, features},
                meaning);
    return view(a, time_major);
  }

  Sequence<const Real> view(py::array a, bool time_major) {
    constexpr ptrdiff_t size = sizeof(Real);
    const bool whole =
        a.strides(0) % size == 0 && a.strides(1) % size == 0 && (a.flags() & kAligned);
    if (!whole || (a.shape(2) > 1 && a.strides(2) != size)) {
      a = in_c_order<Real>(a);
      kept_.push_back(a);
    }
    return {static_cast<const Real*>(a.data()), a.strides(time_major ? 1 : 0) / size,
            a.strides(time_major ? 0 : 1) / size};
  }

  py::array typed(const char* name, py::handle h) const {
    if (!py::isinstance<py::array_t<Real>>(h))
      wrong_type(function_, name, " has ", h,
                 sizeof(Real) == 4 ? "an array of float32" : "an array of float64");
    return py::reinterpret_borrow<py::array>(h);
  }

 private:
  py::array writeable(const char* name, py::handle h, const std::vector<ptrdiff_t>& shape,
                      const char* meaning) const {
    py::array a = typed(name, h);
    check_shape(name, a, shape, meaning);
    constexpr int needed = kAligned | kWriteable;
    if ((a.flags() & needed) != needed)
      wrong_value(function_, name, "must be writeable and aligned");
    return a;
  }
  void check_shape(const char* name, const py::array& a, const std::vector<ptrdiff_t>& shape,
                   const char* meaning) const {
    bool same = a.ndim() == py::ssize_t(shape.size());
    for (size_t d = 0; same && d < shape.size(); ++d) same = a.shape(py::ssize_t(d)) == shape[d];
    if (!same) wrong_shape(function_, name, a, meaning, shape);
  }

  const char* function_;
  std::vector<py::array> kept_;
};

// x as an array of rank 3, and the weights' shapes, before the dtype is known.
inline py::array ranked(const char* function, const char* name, py::handle h, py::ssize_t rank,
                        const char* meaning) {
  if (!py::isinstance<py::array>(h))
    wrong_type(function, name, " is a ", h, "an array of float32 or float64");
  py::array a = py::reinterpret_borrow<py::array>(h);
  if (a.ndim() != rank) wrong_shape(function, name, a, meaning);
  return a;
}

// Calls body(Real()) for the dtype of `a`.
template <class Body>
auto for_dtype(const char* function, const char* name, const py::array& a, Body&& body) {
  if (py::isinstance<py::array_t<float>>(a)) return body(float());
  if (py::isinstance<py::array_t<double>>(a)) return body(double());
  wrong_type(function, name, " has ", a, "float32 or float64");
}

}  // namespace fusedrnn
