#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>

#include "optimizer.hpp"

namespace py = pybind11;

namespace fusedrnn {
namespace {

template <class Real>
using Array = py::array_t<Real, py::array::c_style>;

// The data of a slot, checked against `param`; null for None.
template <class Real>
Real* data(const char* function, const char* argument, const py::object& slot,
           const Array<Real>& param) {
  if (slot.is_none()) return nullptr;
  if (!py::isinstance<Array<Real>>(slot))
    throw py::type_error(std::string(function) + ": " + argument +
                         " must be a C-contiguous array of the dtype of param");
  auto array = py::reinterpret_borrow<Array<Real>>(slot);
  if (array.ndim() != 1 || array.size() != param.size())
    throw py::value_error(std::string(function) + ": " + argument + " has " +
                          std::to_string(array.size()) + " elements, expected " +
                          std::to_string(param.size()) + " as param");
  return array.mutable_data();  // throws for a read-only array
}

template <class Real>
void bind(py::module_& m) {
  m.def(
      "sgd",
      [](Array<Real> param, Array<Real> grad, const py::object& velocity, double rate, double decay,
         double momentum, bool nesterov) {
        if (momentum != 0 && velocity.is_none())
          throw py::value_error("sgd: momentum needs velocity");
        Real *p = param.mutable_data(), *g = data<Real>("sgd", "grad", grad, param),
             *v = data<Real>("sgd", "velocity", velocity, param);
        py::gil_scoped_release nogil;
        sgd<Real>(param.size(), p, g, v, rate, decay, momentum, nesterov);
      },
      py::arg("param").noconvert(), py::arg("grad").noconvert(), py::arg("velocity"),
      py::arg("rate"), py::arg("decay"), py::arg("momentum"), py::arg("nesterov"));
  m.def(
      "rmsprop",
      [](Array<Real> param, Array<Real> grad, const py::object& velocity,
         const py::object& mean_grad, const py::object& increments, double rate, double decay,
         double rho, double momentum, double epsilon) {
        if (velocity.is_none()) throw py::type_error("rmsprop: velocity must be an array");
        Real *p = param.mutable_data(), *g = data<Real>("rmsprop", "grad", grad, param),
             *v = data<Real>("rmsprop", "velocity", velocity, param),
             *a = data<Real>("rmsprop", "mean_grad", mean_grad, param),
             *s = data<Real>("rmsprop", "increments", increments, param);
        py::gil_scoped_release nogil;
        rmsprop<Real>(param.size(), p, g, v, a, s, rate, decay, rho, momentum, epsilon);
      },
      py::arg("param").noconvert(), py::arg("grad").noconvert(), py::arg("velocity"),
      py::arg("mean_grad"), py::arg("increments"), py::arg("rate"), py::arg("decay"),
      py::arg("rho"), py::arg("momentum"), py::arg("epsilon"));
  m.def(
      "adam",
      [](Array<Real> param, Array<Real> grad, Array<Real> momentum, Array<Real> velocity,
         const py::object& velocity_max, double rate, double decay, double alpha, double beta_1,
         double beta_2, double epsilon) {
        Real *p = param.mutable_data(), *g = data<Real>("adam", "grad", grad, param),
             *s = data<Real>("adam", "momentum", momentum, param),
             *v = data<Real>("adam", "velocity", velocity, param),
             *w = data<Real>("adam", "velocity_max", velocity_max, param);
        py::gil_scoped_release nogil;
        adam<Real>(param.size(), p, g, s, v, w, rate, decay, alpha, beta_1, beta_2, epsilon);
      },
      py::arg("param").noconvert(), py::arg("grad").noconvert(), py::arg("momentum").noconvert(),
      py::arg("velocity").noconvert(), py::arg("velocity_max"), py::arg("rate"), py::arg("decay"),
      py::arg("alpha"), py::arg("beta_1"), py::arg("beta_2"), py::arg("epsilon"));
  m.def(
      "nadam",
      [](Array<Real> param, Array<Real> grad, Array<Real> momentum, Array<Real> velocity,
         double rate, double decay, double m_scale, double g_scale, double v_scale, double beta_1,
         double beta_2, double epsilon) {
        Real *p = param.mutable_data(), *g = data<Real>("nadam", "grad", grad, param),
             *s = data<Real>("nadam", "momentum", momentum, param),
             *v = data<Real>("nadam", "velocity", velocity, param);
        py::gil_scoped_release nogil;
        nadam<Real>(param.size(), p, g, s, v, rate, decay, m_scale, g_scale, v_scale, beta_1,
                    beta_2, epsilon);
      },
      py::arg("param").noconvert(), py::arg("grad").noconvert(), py::arg("momentum").noconvert(),
      py::arg("velocity").noconvert(), py::arg("rate"), py::arg("decay"), py::arg("m_scale"),
      py::arg("g_scale"), py::arg("v_scale"), py::arg("beta_1"), py::arg("beta_2"),
      py::arg("epsilon"));
  m.def(
      "adagrad",
      [](Array<Real> param, Array<Real> grad, Array<Real> accumulator, double rate, double decay,
         double epsilon) {
        Real *p = param.mutable_data(), *g = data<Real>("adagrad", "grad", grad, param),
             *a = data<Real>("adagrad", "accumulator", accumulator, param);
        py::gil_scoped_release nogil;
        adagrad<Real>(param.size(), p, g, a, rate, decay, epsilon);
      },
      py::arg("param").noconvert(), py::arg("grad").noconvert(), py::arg("accumulator").noconvert(),
      py::arg("rate"), py::arg("decay"), py::arg("epsilon"));
}

}  // namespace

// Arrays are flat, C-contiguous and of one dtype, float32 or float64; see optimizer.hpp.
void bind_optimizer(py::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace fusedrnn
