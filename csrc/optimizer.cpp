#include "optimizer.hpp"

#include <cmath>

// Plain loops that the compiler vectorises; __restrict because no two arrays overlap. Coefficients
// are formed in double and rounded once: 1 - 0.999f is 1.3e-5 away from 0.001.
namespace fusedrnn {

template <class Real>
void sgd(const SgdStep<Real>& s) {
  Real* __restrict param = s.of.param, * __restrict velocity = s.velocity;
  const Real* __restrict grad = s.of.grad;
  const Real keep = Real(1 - s.rate * s.decay), lr = Real(s.rate), mu = Real(s.momentum);
  const std::ptrdiff_t n = s.of.n;
  if (s.momentum == 0) {
    for (std::ptrdiff_t j = 0; j < n; ++j) param[j] = keep * param[j] - lr * grad[j];
    return;
  }
  for (std::ptrdiff_t j = 0; j < n; ++j) {
    velocity[j] = mu * velocity[j] - lr * grad[j];
    param[j] = keep * param[j] + (s.nesterov ? mu * velocity[j] - lr * grad[j] : velocity[j]);
  }
}

template <class Real>
void rmsprop(const RmspropStep<Real>& s) {
  Real* __restrict param = s.of.param, * __restrict velocity = s.velocity;
  Real* __restrict mean_grad = s.mean_grad, * __restrict increments = s.increments;
  const Real* __restrict grad = s.of.grad;
  const Real keep = Real(1 - s.rate * s.decay), lr = Real(s.rate), mu = Real(s.momentum);
  const Real old = Real(s.rho), fresh = Real(1 - s.rho), eps = Real(s.epsilon);
  const std::ptrdiff_t n = s.of.n;
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
void adam(const AdamStep<Real>& s) {
  Real* __restrict param = s.of.param, * __restrict momentum = s.momentum;
  Real* __restrict velocity = s.velocity, * __restrict velocity_max = s.velocity_max;
  const Real* __restrict grad = s.of.grad;
  const Real keep = Real(1 - s.rate * s.decay), step = Real(s.alpha), eps = Real(s.epsilon);
  const Real fresh_1 = Real(1 - s.beta_1), fresh_2 = Real(1 - s.beta_2);
  const std::ptrdiff_t n = s.of.n;
  for (std::ptrdiff_t j = 0; j < n; ++j) {
    momentum[j] += fresh_1 * (grad[j] - momentum[j]);
    velocity[j] += fresh_2 * (grad[j] * grad[j] - velocity[j]);
    Real v = velocity[j];
    if (velocity_max) v = velocity_max[j] = v > velocity_max[j] ? v : velocity_max[j];
    param[j] = keep * param[j] - step * momentum[j] / (std::sqrt(v) + eps);
  }
}

template <class Real>
void nadam(const NadamStep<Real>& s) {
  Real* __restrict param = s.of.param, * __restrict momentum = s.momentum;
  Real* __restrict velocity = s.velocity;
  const Real* __restrict grad = s.of.grad;
  const Real keep = Real(1 - s.rate * s.decay), eps = Real(s.epsilon), scale = Real(s.v_scale);
  const Real m_step = Real(s.rate * s.m_scale), g_step = Real(s.rate * s.g_scale);
  const Real fresh_1 = Real(1 - s.beta_1), fresh_2 = Real(1 - s.beta_2);
  const std::ptrdiff_t n = s.of.n;
  for (std::ptrdiff_t j = 0; j < n; ++j) {
    momentum[j] += fresh_1 * (grad[j] - momentum[j]);
    velocity[j] += fresh_2 * (grad[j] * grad[j] - velocity[j]);
    param[j] = keep * param[j] -
               (m_step * momentum[j] + g_step * grad[j]) / (std::sqrt(scale * velocity[j]) + eps);
  }
}

template <class Real>
void adagrad(const AdagradStep<Real>& s) {
  Real* __restrict param = s.of.param, * __restrict accumulator = s.accumulator;
  const Real* __restrict grad = s.of.grad;
  const Real keep = Real(1 - s.rate * s.decay), lr = Real(s.rate), eps = Real(s.epsilon);
  const std::ptrdiff_t n = s.of.n;
  for (std::ptrdiff_t j = 0; j < n; ++j) {
    accumulator[j] += grad[j] * grad[j];
    param[j] = keep * param[j] - lr * grad[j] / std::sqrt(accumulator[j] + eps);
  }
}

#define FUSEDRNN_INSTANTIATE(Real)                 \
  template void sgd(const SgdStep<Real>&);         \
  template void rmsprop(const RmspropStep<Real>&); \
  template void adam(const AdamStep<Real>&);       \
  template void nadam(const NadamStep<Real>&);     \
  template void adagrad(const AdagradStep<Real>&);
FUSEDRNN_INSTANTIATE(float)
FUSEDRNN_INSTANTIATE(double)

}  // namespace fusedrnn
