#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>

#include "bind_call.hpp"
#include "dispatch.hpp"
#include "numpy_view.hpp"
#include "parallel.hpp"

namespace fusedrnn {
namespace {

// f of each element of a contiguous array, by the current kernels.
template <class Function>
py::object elementwise(const char* name, py::handle x, Function pick) {
  const py::array a = ranked(name, "x", x, 1, "(n,)");
  return for_dtype(name, "x", a, [&](auto real) -> py::object {
    using Real = decltype(real);
    Arguments<Real> args(name);
    const Real* in = args.matrix("x", x, {a.shape(0)}, "(n,)");
    const ptrdiff_t n = a.shape(0);
    py::array_t<Real> out(std::vector<ptrdiff_t>{n});
    Real* to = out.mutable_data();
    without_gil([&] {
      const auto function = pick(current_kernels_of<Real>());
      constexpr ptrdiff_t kBlock = 1 << 16;
      Interrupt interrupt(30.0 * double(n), 30.0 * double(kBlock));
      for (ptrdiff_t j = 0; j < n && !interrupt.poll(); j += kBlock)
        function(in + j, to + j, std::min(kBlock, n - j));
      interrupt.throw_if_stopped();
    });
    return std::move(out);
  });
}

// GFLOP/s of one core in multiply-adds that only wait for themselves, the best of twenty tries:
// what the kernels are measured against.
template <class Real>
double fma_peak() {
  using Clock = std::chrono::steady_clock;
  const Kernels<Real>& k = current_kernels_of<Real>();
  constexpr ptrdiff_t kRounds = 10000;
  volatile Real sink = 0;
  double best = 1e30;
  for (int repeat = 0; repeat < 20; ++repeat) {
    const auto start = Clock::now();
    sink = sink + k.multiply_add(kRounds);
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return 2e-9 * kPeakRound * double(kRounds) * k.lanes / best;
}

}  // namespace

FUSEDRNN_COLD void bind_runtime(py::module_& m) {
  watch_forks();
  set_stop_question(&signal_raised);
  m.attr("version") = FUSEDRNN_VERSION;
  m.attr("compiler") =
#if defined(__clang__)
      __VERSION__;  // begins with its name
#else
      "GCC " __VERSION__;
#endif
  m.attr("openmp") = has_openmp();
  m.def("built_isas", &built_isas);
  m.def("available_isas", &available_isas);
  m.def("isa", [] { return std::string(current_kernels().isa); });
  m.def("set_isa", &set_isa, py::arg("name"));
  m.def("num_threads", &num_threads);
  m.attr("most_threads") = kMostThreads;
  m.def("set_num_threads", &set_num_threads, py::arg("n"));
  m.def("chosen_threads", &chosen_threads);
  m.def("threadpool", [] { return std::pair(threadpool_path(), threadpool_is_own()); });
  m.def(
      "fma_peak",
      [](const std::string& dtype) {
        if (dtype != "float32" && dtype != "float64")
          throw py::value_error("fma_peak: dtype is '" + dtype + "', expected float32 or float64");
        double peak = 0;
        without_gil([&] { peak = dtype == "float32" ? fma_peak<float>() : fma_peak<double>(); });
        return peak;
      },
      py::arg("dtype"));
  m.def(
      "sigmoid",
      [](py::object x) {
        return elementwise("sigmoid", x, [](const auto& k) { return k.sigmoid; });
      },
      py::arg("x"));
  m.def(
      "tanh",
      [](py::object x) { return elementwise("tanh", x, [](const auto& k) { return k.tanh; }); },
      py::arg("x"));
}

}  // namespace fusedrnn
