// One step of each optimiser over the single flat parameter buffer of a model.
//
// Every array has n elements and none overlaps another; `param` and the slots (velocity, momentum,
// ...) are updated in place, `grad` is only read. `rate` is the learning rate of this step and
// `decay` the decoupled weight decay: param loses the fraction rate * decay before the update.
// The formulas are Keras's: its epsilon is the "epsilon hat" of Kingma and Ba (2015), section 2.
#pragma once

#include <cstddef>

namespace fusedrnn {

template <class Real>
struct Parameters {
  std::ptrdiff_t n;
  Real* param;
  const Real* grad;
};

// velocity = momentum * velocity - rate * grad.
template <class Real>
struct SgdStep {
  Parameters<Real> of;
  Real* velocity;  // null where momentum is 0
  double rate, decay, momentum;
  bool nesterov;
};

template <class Real>
struct RmspropStep {
  Parameters<Real> of;
  Real* velocity;    // the mean square of grad
  Real* mean_grad;   // null unless centered
  Real* increments;  // null unless momentum > 0
  double rate, decay, rho, momentum, epsilon;
};

// alpha = rate * sqrt(1 - beta_2^t) / (1 - beta_1^t).
template <class Real>
struct AdamStep {
  Parameters<Real> of;
  Real *momentum, *velocity;
  Real* velocity_max;  // null unless amsgrad
  double rate, decay, alpha, beta_1, beta_2, epsilon;
};

// Dozat (2016): the step is m_scale * momentum + g_scale * grad over sqrt(v_scale * velocity).
template <class Real>
struct NadamStep {
  Parameters<Real> of;
  Real *momentum, *velocity;
  double rate, decay, m_scale, g_scale, v_scale, beta_1, beta_2, epsilon;
};

template <class Real>
struct AdagradStep {
  Parameters<Real> of;
  Real* accumulator;  // the sum of the squares of grad
  double rate, decay, epsilon;
};

template <class Real>
void sgd(const SgdStep<Real>& step);
template <class Real>
void rmsprop(const RmspropStep<Real>& step);
template <class Real>
void adam(const AdamStep<Real>& step);
template <class Real>
void nadam(const NadamStep<Real>& step);
template <class Real>
void adagrad(const AdagradStep<Real>& step);

}  // namespace fusedrnn
