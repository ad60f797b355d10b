// Arrays for outputs.
#pragma once

#include <pybind11/numpy.h>

#include <memory>
#include <vector>

#include "buffer.hpp"

namespace fusedrnn {

namespace py = pybind11;

// An array that a call is to fill, in C or Fortran order. The memory of a large one is kept for the
// next call when it goes: where malloc gives it back to the system, fresh pages cost more than what
// fills them (measured: three times a step backward of 256 units).
template <class Real>
py::array_t<Real> output_array(const std::vector<ptrdiff_t>& shape, bool fortran = false) {
  constexpr ptrdiff_t kLarge = 1 << 16;  // bytes
  ptrdiff_t size = 1;
  for (const ptrdiff_t extent : shape) size *= extent;
  if (size * ptrdiff_t(sizeof(Real)) < kLarge) {
    if (fortran) return py::array_t<Real, py::array::f_style>(shape);
    return py::array_t<Real>(shape);
  }
  auto memory = std::make_unique<Buffer<Real>>(size);
  const py::capsule owner(memory.get(), [](void* p) { delete static_cast<Buffer<Real>*>(p); });
  const Real* data = memory.release()->get();
  constexpr auto kItem = ptrdiff_t(sizeof(Real));
  return py::array_t<Real>(
      shape, fortran ? py::detail::f_strides(shape, kItem) : py::detail::c_strides(shape, kItem),
      data, owner);
}

}  // namespace fusedrnn
