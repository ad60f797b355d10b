#include <string>

#include "bind_call.hpp"
#include "numpy_view.hpp"
#include "optimizer.hpp"

namespace fusedrnn {
namespace {

template <class Real>
using Array = py::array_t<Real, py::array::c_style>;

// The arrays of one step, each checked against `param`; none may share memory with another.
template <class Real>
class Slots {
 public:
  Slots(const char* function, const Array<Real>& param)
      : function_(function), param_(param), all_(function) {}

  Parameters<Real> parameters(const py::object& grad) {
    if (param_.ndim() != 1)
      throw py::value_error(std::string(function_) + ": param has " +
                            std::to_string(param_.ndim()) + " axes, expected 1");
    all_.reads("grad", grad);
    return {.n = param_.size(),
            .param = required("param", param_),
            .grad = checked("grad", grad).data()};
  }
  // Throws for a read-only array.
  Real* required(const char* argument, const py::object& slot) {
    Array<Real> array = checked(argument, slot);
    all_.writes(argument, slot);
    return array.mutable_data();
  }
  Real* optional(const char* argument, const py::object& slot) {
    return slot.is_none() ? nullptr : required(argument, slot);
  }

  template <class Step>
  void run(void (*function)(const Step&), const Step& step) const {
    all_.refuse();
    without_gil([&] { function(step); });
  }

 private:
  Array<Real> checked(const char* argument, const py::object& slot) const {
    if (!py::isinstance<Array<Real>>(slot))
      throw py::type_error(std::string(function_) + ": " + argument +
                           " must be a C-contiguous array of the dtype of param");
    auto array = py::reinterpret_borrow<Array<Real>>(slot);
    if (array.ndim() != 1 || array.size() != param_.size())
      throw py::value_error(std::string(function_) + ": " + argument + " has " +
                            std::to_string(array.size()) + " elements, expected " +
                            std::to_string(param_.size()) + " as param");
    if (!(array.flags() & kAligned)) wrong_value(function_, argument, "must be aligned");
    return array;
  }

  const char* function_;
  const Array<Real>& param_;
  Overlaps all_;
};

template <class Real>
FUSEDRNN_COLD void bind(py::module_& m) {
  using py::arg;
  m.def(
      "sgd",
      [](Array<Real> param, py::object grad, py::object velocity, double rate, double decay,
         double momentum, bool nesterov) {
        if (momentum != 0 && velocity.is_none())
          throw py::value_error("sgd: momentum needs velocity");
        Slots<Real> slots("sgd", param);
        slots.template run<SgdStep<Real>>(&sgd<Real>,
                                          {.of = slots.parameters(grad),
                                           .velocity = slots.optional("velocity", velocity),
                                           .rate = rate,
                                           .decay = decay,
                                           .momentum = momentum,
                                           .nesterov = nesterov});
      },
      arg("param").noconvert(), arg("grad"), py::kw_only(), arg("velocity"), arg("rate"),
      arg("decay"), arg("momentum"), arg("nesterov"));
  m.def(
      "rmsprop",
      [](Array<Real> param, py::object grad, py::object velocity, py::object mean_grad,
         py::object increments, double rate, double decay, double rho, double momentum,
         double epsilon) {
        if (momentum != 0 && increments.is_none())
          throw py::value_error("rmsprop: momentum needs increments");
        Slots<Real> slots("rmsprop", param);
        slots.template run<RmspropStep<Real>>(
            &rmsprop<Real>, {.of = slots.parameters(grad),
                             .velocity = slots.required("velocity", velocity),
                             .mean_grad = slots.optional("mean_grad", mean_grad),
                             .increments = slots.optional("increments", increments),
                             .rate = rate,
                             .decay = decay,
                             .rho = rho,
                             .momentum = momentum,
                             .epsilon = epsilon});
      },
      arg("param").noconvert(), arg("grad"), py::kw_only(), arg("velocity"), arg("mean_grad"),
      arg("increments"), arg("rate"), arg("decay"), arg("rho"), arg("momentum"), arg("epsilon"));
  m.def(
      "adam",
      [](Array<Real> param, py::object grad, py::object momentum, py::object velocity,
         py::object velocity_max, double rate, double decay, double alpha, double beta_1,
         double beta_2, double epsilon) {
        Slots<Real> slots("adam", param);
        slots.template run<AdamStep<Real>>(
            &adam<Real>, {.of = slots.parameters(grad),
                          .momentum = slots.required("momentum", momentum),
                          .velocity = slots.required("velocity", velocity),
                          .velocity_max = slots.optional("velocity_max", velocity_max),
                          .rate = rate,
                          .decay = decay,
                          .alpha = alpha,
                          .beta_1 = beta_1,
                          .beta_2 = beta_2,
                          .epsilon = epsilon});
      },
      arg("param").noconvert(), arg("grad"), py::kw_only(), arg("momentum"), arg("velocity"),
      arg("velocity_max"), arg("rate"), arg("decay"), arg("alpha"), arg("beta_1"), arg("beta_2"),
      arg("epsilon"));
  m.def(
      "nadam",
      [](Array<Real> param, py::object grad, py::object momentum, py::object velocity, double rate,
         double decay, double m_scale, double g_scale, double v_scale, double beta_1, double beta_2,
         double epsilon) {
        Slots<Real> slots("nadam", param);
        slots.template run<NadamStep<Real>>(&nadam<Real>,
                                            {.of = slots.parameters(grad),
                                             .momentum = slots.required("momentum", momentum),
                                             .velocity = slots.required("velocity", velocity),
                                             .rate = rate,
                                             .decay = decay,
                                             .m_scale = m_scale,
                                             .g_scale = g_scale,
                                             .v_scale = v_scale,
                                             .beta_1 = beta_1,
                                             .beta_2 = beta_2,
                                             .epsilon = epsilon});
      },
      arg("param").noconvert(), arg("grad"), py::kw_only(), arg("momentum"), arg("velocity"),
      arg("rate"), arg("decay"), arg("m_scale"), arg("g_scale"), arg("v_scale"), arg("beta_1"),
      arg("beta_2"), arg("epsilon"));
  m.def(
      "adagrad",
      [](Array<Real> param, py::object grad, py::object accumulator, double rate, double decay,
         double epsilon) {
        Slots<Real> slots("adagrad", param);
        slots.template run<AdagradStep<Real>>(
            &adagrad<Real>, {.of = slots.parameters(grad),
                             .accumulator = slots.required("accumulator", accumulator),
                             .rate = rate,
                             .decay = decay,
                             .epsilon = epsilon});
      },
      arg("param").noconvert(), arg("grad"), py::kw_only(), arg("accumulator"), arg("rate"),
      arg("decay"), arg("epsilon"));
}

}  // namespace

// Arrays are flat, C-contiguous and of one dtype, float32 or float64; see optimizer.hpp.
FUSEDRNN_COLD void bind_optimizer(py::module_& m) {
  bind<float>(m);
  bind<double>(m);
}

}  // namespace fusedrnn
