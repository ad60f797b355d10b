#include <new>
#include <utility>
#include <vector>

#include "bind_call.hpp"
#include "dispatch.hpp"
#include "numpy_view.hpp"

namespace fusedrnn {
namespace {

// 256 bytes that change with any byte of the arrays, in memory order where they are contiguous, in
// C order where not. They are the same for every instruction set; two are to be compared for arrays
// of the same sizes only: the end of an array counts as if zeros followed.
py::bytes fingerprint(const py::iterable& arrays) {
  std::vector<py::array> held;
  for (const py::handle& h : arrays) {
    if (!py::isinstance<py::array>(h))
      throw py::type_error("fingerprint: arrays holds a " + type_text(h) +
                           ", expected NumPy arrays");
    py::array a = py::reinterpret_borrow<py::array>(h);
    if (!(a.flags() & (py::array::c_style | py::array::f_style))) {
      a = py::array::ensure(a, py::array::c_style);
      if (!a) throw std::bad_alloc();
    }
    held.push_back(std::move(a));
  }
  uint32_t state[kFingerprintWords];
  for (uint32_t k = 0; k < kFingerprintWords; ++k) state[k] = (k + 1) * 0x9E3779B9u;
  // Their sizes are asked for with the GIL: an array's item size counts a reference to its type.
  std::vector<std::pair<const unsigned char*, py::ssize_t>> places;
  for (const py::array& a : held)
    places.emplace_back(static_cast<const unsigned char*>(a.data()), a.nbytes());
  without_gil([&] {
    for (const auto& [data, bytes] : places) current_kernels().fingerprint(data, bytes, state);
  });
  return py::bytes(reinterpret_cast<const char*>(state), sizeof state);
}

}  // namespace

FUSEDRNN_COLD void bind_fingerprint(py::module_& m) {
  m.def("fingerprint", &fingerprint, py::arg("arrays"));
}

}  // namespace fusedrnn
