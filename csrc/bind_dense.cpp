#include "bind_arguments.hpp"
#include "bind_call.hpp"
#include "dense.hpp"
#include "numpy_view.hpp"
#include "output_array.hpp"

namespace fusedrnn {
namespace {

template <class Real>
py::object forward(const py::array& x, py::handle kernel, py::handle bias) {
  Arguments<Real> args("dense");
  const py::array k = ranked("dense", "kernel", kernel, 2, "(I, O)");
  const ptrdiff_t N = x.shape(0), I = k.shape(0), O = k.shape(1);
  if (I < 1 || O < 1) wrong_shape("dense", "kernel", k, "no empty axis");
  const Real* xp = args.matrix("x", x, {N, I}, "(N, I)");
  const Real* kp = args.matrix("kernel", kernel, {I, O}, "(I, O)");
  const Real* bp = args.matrix("bias", bias, {O}, "(O,)");
  py::array_t<Real> y = output_array<Real>({N, O});
  Real* yp = y.mutable_data();
  without_gil([&] { dense_forward<Real>(N, I, O, xp, kp, bp, yp); });
  return std::move(y);
}

template <class Real>
py::tuple backward(const py::array& x, py::handle kernel, py::handle dy, const py::object& need_dx,
                   const py::object& out) {
  Arguments<Real> args("dense_backward");
  const py::array k = ranked("dense_backward", "kernel", kernel, 2, "(I, O)");
  const ptrdiff_t N = x.shape(0), I = k.shape(0), O = k.shape(1);
  if (I < 1 || O < 1) wrong_shape("dense_backward", "kernel", k, "no empty axis");
  const Real* xp = args.matrix("x", x, {N, I}, "(N, I)");
  const Real* kp = args.matrix("kernel", kernel, {I, O}, "(I, O)");
  const Real* dyp = args.matrix("dy", dy, {N, O}, "(N, O)");
  if (!dyp) throw py::type_error("dense_backward: dy is None, expected an array (N, O)");
  py::object dkernel, dbias;
  if (out.is_none()) {
    dkernel = output_array<Real>({I, O});
    dbias = output_array<Real>({O});
  } else {
    if (!py::isinstance<py::tuple>(out) || py::len(out) != 2)
      throw py::type_error("dense_backward: out must be a tuple (dkernel, dbias)");
    dkernel = py::reinterpret_borrow<py::tuple>(out)[0];
    dbias = py::reinterpret_borrow<py::tuple>(out)[1];
  }
  Real* dkp = args.output("out[0]", dkernel, {I, O}, "(I, O)");
  Real* dbp = dbias.is_none() ? nullptr : args.output("out[1]", dbias, {O}, "(O,)");
  if (!out.is_none()) {
    Overlaps all("dense_backward");
    all.writes("out[0]", dkernel);
    all.writes("out[1]", dbias);
    all.reads("x", x);
    all.reads("kernel", kernel);
    all.reads("dy", dy);
    all.refuse();
  }
  py::object dx = py::none();
  Real* dxp = nullptr;
  if (flag("dense_backward", "need_dx", need_dx)) {
    py::array_t<Real> a = output_array<Real>({N, I});
    dxp = a.mutable_data();
    dx = std::move(a);
  }
  without_gil([&] { dense_backward<Real>(N, I, O, xp, kp, dyp, dxp, dkp, dbp); });
  return py::make_tuple(dx, dkernel, dbias);
}

}  // namespace

FUSEDRNN_COLD void bind_dense(py::module_& m) {
  using py::arg;
  m.def(
      "dense",
      [](py::object x, py::object kernel, py::object bias) {
        const py::array a = ranked("dense", "x", x, 2, "(N, I)");
        return for_dtype("dense", "x", a,
                         [&](auto real) { return forward<decltype(real)>(a, kernel, bias); });
      },
      arg("x"), arg("kernel"), arg("bias") = py::none());
  m.def(
      "dense_backward",
      [](py::object x, py::object kernel, py::object dy, py::object need_dx, py::object out) {
        const py::array a = ranked("dense_backward", "x", x, 2, "(N, I)");
        return for_dtype("dense_backward", "x", a, [&](auto real) {
          return backward<decltype(real)>(a, kernel, dy, need_dx, out);
        });
      },
      arg("x"), arg("kernel"), arg("dy"), py::kw_only(), arg("need_dx") = true,
      arg("out") = py::none());
}

}  // namespace fusedrnn
