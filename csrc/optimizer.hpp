// One step of each optimiser over the single flat parameter buffer of a model.
//
// Every array has n elements and none overlaps another; `param` and the slots (velocity, momentum,
// ...) are updated in place, `grad` is only read. `rate` is the learning rate of this step and
// `decay` the decoupled weight decay: param loses the fraction rate * decay before the update.
// The formulas are Keras's: its epsilon is the "epsilon hat" of Kingma and Ba (2015), section 2.
#pragma once

#include <cstddef>

namespace fusedrnn {

// velocity = momentum * velocity - rate * grad; with momentum 0, velocity may be null.
template <class Real>
void sgd(std::ptrdiff_t n, Real* param, const Real* grad, Real* velocity, double rate, double decay,
         double momentum, bool nesterov);

// velocity, the mean square of grad; mean_grad (null unless centered); increments (null unless
// momentum > 0).
template <class Real>
void rmsprop(std::ptrdiff_t n, Real* param, const Real* grad, Real* velocity, Real* mean_grad,
             Real* increments, double rate, double decay, double rho, double momentum,
             double epsilon);

// alpha = rate * sqrt(1 - beta_2^t) / (1 - beta_1^t); velocity_max is null unless amsgrad.
template <class Real>
void adam(std::ptrdiff_t n, Real* param, const Real* grad, Real* momentum, Real* velocity,
          Real* velocity_max, double rate, double decay, double alpha, double beta_1, double beta_2,
          double epsilon);

// Dozat (2016): the step is m_scale * momentum + g_scale * grad over sqrt(v_scale * velocity).
template <class Real>
void nadam(std::ptrdiff_t n, Real* param, const Real* grad, Real* momentum, Real* velocity,
           double rate, double decay, double m_scale, double g_scale, double v_scale, double beta_1,
           double beta_2, double epsilon);

// accumulator, the sum of the squares of grad.
template <class Real>
void adagrad(std::ptrdiff_t n, Real* param, const Real* grad, Real* accumulator, double rate,
             double decay, double epsilon);

}  // namespace fusedrnn
