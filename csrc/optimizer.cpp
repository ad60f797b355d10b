#include "optimizer.hpp"

#include <cmath>

// Plain loops that the compiler vectorises; __restrict because no two arrays overlap. Coefficients
// are formed in double and rounded once: 1 - 0.999f is 1.3e-5 away from 0.001.
namespace fusedrnn {

template <class Real>
void sgd(std::ptrdiff_t n, Real* __restrict param, const Real* __restrict grad,
         Real* __restrict velocity, double rate, double decay, double momentum, bool nesterov) {
  const Real keep = Real(1 - rate * decay), lr = Real(rate), mu = Real(momentum);
  if (momentum == 0) {
    for (std::ptrdiff_t j = 0; j < n; ++j) param[j] = keep * param[j] - lr * grad[j];
    return;
  }
  for (std::ptrdiff_t j = 0; j < n; ++j) {
    velocity[j] = mu * velocity[j] - lr * grad[j];
    param[j] = keep * param[j] + (nesterov ? mu * velocity[j] - lr * grad[j] : velocity[j]);
  }
}

template <class Real>
void rmsprop(std::ptrdiff_t n, Real* __restrict param, const Real* __restrict grad,
             Real* __restrict velocity, Real* __restrict mean_grad, Real* __restrict increments,
             double rate, double decay, double rho, double momentum, double epsilon) {
  const Real keep = Real(1 - rate * decay), lr = Real(rate), mu = Real(momentum);
  const Real old = Real(rho), fresh = Real(1 - rho), eps = Real(epsilon);
  for (std::ptrdiff_t j = 0; j < n; ++j) {
    velocity[j] = old * velocity[j] + fresh * grad[j] * grad[j];
    Real variance = velocity[j];
    if (mean_grad) {
      mean_grad[j] = old * mean_grad[j] + fresh * grad[j];
      variance -= mean_grad[j] * mean_grad[j];
    }
    Real increment = lr * grad[j] / std::sqrt(variance + eps);
    if (increments) increment = increments[j] = mu * increments[j] + increment;
    param[j] = keep * param[j] - increment;
  }
}

template <class Real>
void adam(std::ptrdiff_t n, Real* __restrict param, const Real* __restrict grad,
          Real* __restrict momentum, Real* __restrict velocity, Real* __restrict velocity_max,
          double rate, double decay, double alpha, double beta_1, double beta_2, double epsilon) {
  const Real keep = Real(1 - rate * decay), step = Real(alpha), eps = Real(epsilon);
  const Real fresh_1 = Real(1 - beta_1), fresh_2 = Real(1 - beta_2);
  for (std::ptrdiff_t j = 0; j < n; ++j) {
    momentum[j] += fresh_1 * (grad[j] - momentum[j]);
    velocity[j] += fresh_2 * (grad[j] * grad[j] - velocity[j]);
    Real v = velocity[j];
    if (velocity_max) v = velocity_max[j] = v > velocity_max[j] ? v : velocity_max[j];
    param[j] = keep * param[j] - step * momentum[j] / (std::sqrt(v) + eps);
  }
}

template <class Real>
void nadam(std::ptrdiff_t n, Real* __restrict param, const Real* __restrict grad,
           Real* __restrict momentum, Real* __restrict velocity, double rate, double decay,
           double m_scale, double g_scale, double v_scale, double beta_1, double beta_2,
           double epsilon) {
  const Real keep = Real(1 - rate * decay), eps = Real(epsilon), scale = Real(v_scale);
  const Real m_step = Real(rate * m_scale), g_step = Real(rate * g_scale);
  const Real fresh_1 = Real(1 - beta_1), fresh_2 = Real(1 - beta_2);
  for (std::ptrdiff_t j = 0; j < n; ++j) {
    momentum[j] += fresh_1 * (grad[j] - momentum[j]);
    velocity[j] += fresh_2 * (grad[j] * grad[j] - velocity[j]);
    param[j] = keep * param[j] -
               (m_step * momentum[j] + g_step * grad[j]) / (std::sqrt(scale * velocity[j]) + eps);
  }
}

template <class Real>
void adagrad(std::ptrdiff_t n, Real* __restrict param, const Real* __restrict grad,
             Real* __restrict accumulator, double rate, double decay, double epsilon) {
  const Real keep = Real(1 - rate * decay), lr = Real(rate), eps = Real(epsilon);
  for (std::ptrdiff_t j = 0; j < n; ++j) {
    accumulator[j] += grad[j] * grad[j];
    param[j] = keep * param[j] - lr * grad[j] / std::sqrt(accumulator[j] + eps);
  }
}

#define FUSEDRNN_OPTIMIZERS(Real)                                                                \
  template void sgd(std::ptrdiff_t, Real*, const Real*, Real*, double, double, double, bool);    \
  template void rmsprop(std::ptrdiff_t, Real*, const Real*, Real*, Real*, Real*, double, double, \
                        double, double, double);                                                 \
  template void adam(std::ptrdiff_t, Real*, const Real*, Real*, Real*, Real*, double, double,    \
                     double, double, double, double);                                            \
  template void nadam(std::ptrdiff_t, Real*, const Real*, Real*, Real*, double, double, double,  \
                      double, double, double, double, double);                                   \
  template void adagrad(std::ptrdiff_t, Real*, const Real*, Real*, double, double, double);
FUSEDRNN_OPTIMIZERS(float)
FUSEDRNN_OPTIMIZERS(double)

}  // namespace fusedrnn
