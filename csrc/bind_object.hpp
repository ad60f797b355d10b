// Values of the core inside Python objects: made so that no want of memory ends the process, and
// taken out so that no object comes without one.
#pragma once

#include <pybind11/critical_section.h>
#include <pybind11/pybind11.h>

#include <string>
#include <utility>

#include "numpy_view.hpp"

namespace fusedrnn {

inline py::detail::value_and_holder place_in(py::handle object, const std::type_info& type) {
  return reinterpret_cast<py::detail::instance*>(object.ptr())
      ->get_value_and_holder(py::detail::get_type_info(type));
}

// Puts the value into an object that has none yet. pybind11 itself registers an object where no
// exception may pass, or forgets that it has given the value away.
template <class T>
void put(py::detail::value_and_holder place, T value) {
  // Two threads in one __init__: without the GIL, which the weights were packed without, too.
  const py::scoped_critical_section alone(reinterpret_cast<PyObject*>(place.inst));
  if (place.holder_constructed()) return;
  T* kept = new T(std::move(value));
  place.value_ptr() = kept;
  try {
    place.type->init_instance(place.inst, nullptr);
  } catch (...) {
    place.value_ptr() = nullptr;
    delete kept;
    throw;
  }
}

// A new object with the value.
template <class T>
py::object object_of(T value) {
  auto* type = reinterpret_cast<PyTypeObject*>(py::type::of<T>().ptr());
  auto object = py::reinterpret_steal<py::object>(py::detail::make_new_instance(type));
  put(place_in(object, typeid(T)), std::move(value));
  return object;
}

[[noreturn]] FUSEDRNN_COLD inline void not_held(const char* function, const char* name,
                                                py::handle h, py::handle type) {
  if (PyObject_IsInstance(h.ptr(), type.ptr()) == 1)
    throw py::type_error(std::string(function) + ": " + name + " is a " + type_text(h) +
                         " whose __init__ never ran");
  const std::string expected = py::str(type.attr("__name__"));
  wrong_type(function, name, " is a ", h, ("a " + expected).c_str());
}

// The object that Python passes as one of the core's, T. Its class may have been told to make it
// without its __init__.
template <class T>
const T& held(const char* function, const char* name, py::handle h) {
  if (py::isinstance<T>(h)) {
    const py::detail::value_and_holder place = place_in(h, typeid(T));
    if (place.holder_constructed()) return *place.value_ptr<T>();
  }
  not_held(function, name, h, py::type::of<T>());
}

}  // namespace fusedrnn
