#include <cstdint>
#include <utility>
#include <vector>

#include "numpy_view.hpp"

namespace fusedrnn {
namespace {

// The memory of another library's tensor as an array that holds `owner`: strides are in values.
// What the tensor's own conversion does besides, a caller of many short calls has to leave out.
py::array memory(std::uintptr_t address, const py::tuple& shape, const py::tuple& strides,
                 const py::dtype& dtype, const py::object& owner) {
  if (shape.size() != strides.size())
    throw py::value_error("memory: shape and strides are of different lengths");
  std::vector<py::ssize_t> lengths(shape.size()), steps(shape.size());
  py::ssize_t size = 1;
  for (size_t d = 0; d < shape.size(); ++d) {
    lengths[d] = shape[d].cast<py::ssize_t>();
    steps[d] = strides[d].cast<py::ssize_t>() * dtype.itemsize();
    size *= lengths[d];
  }
  if (size == 0) return py::array(dtype, std::move(lengths));
  if (!address) throw py::value_error("memory: there is none");
  return py::array(dtype, std::move(lengths), std::move(steps),
                   reinterpret_cast<const void*>(address), owner);
}

}  // namespace

FUSEDRNN_COLD void bind_memory(py::module_& m) {
  m.def("memory", &memory, py::arg("address"), py::arg("shape"), py::arg("strides"),
        py::arg("dtype"), py::arg("owner"));
}

}  // namespace fusedrnn
