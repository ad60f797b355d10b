// exp-based gate functions. Contract, tested over a dense sweep in tests/kernels/test_math.py:
//   float   sigmoid and tanh within 4 ULP for |x| <= 87
//   double  within 4 ULP for |x| <= 700
// Beyond, they saturate (sigmoid to a value below 2e-38, 1e-304); NaN gives NaN.
#pragma once

#include "kernel_table.hpp"
#include "simd.hpp"

namespace {

template <class Real>
struct ExpConstants;

// q: expm1(r) = r + r^2 q(r) on |r| <= log(2)/2; Remez, weighted with r^2.
template <>
struct ExpConstants<float> {
  static constexpr float kLog2e = 1.44269504f;
  static constexpr float kLn2High = 0.693359375f;  // so short that n * kLn2High is exact
  static constexpr float kLn2Low = -2.12194440e-4f;
  // 1.5 * 2^23, which rounds to an integer what is added to it, and the bias of the exponent.
  static constexpr float kMagic = 12582912.0f + 127.0f;
  static constexpr int kMantissa = 23;
  static constexpr float kSigmoidLimit = 87.0f;
  static constexpr float kTanhLimit = 10.0f;  // tanh is 1 to the last bit from 9.02
  static constexpr float q[] = {0.5f, 0.166665181517601f, 0.04166620597243309f,
                                0.008368917740881443f, 0.0013950549764558673f};
};
template <>
struct ExpConstants<double> {
  static constexpr double kLog2e = 1.4426950408889634;
  static constexpr double kLn2High = 0.693145751953125;
  static constexpr double kLn2Low = 1.42860682030941723212e-6;
  static constexpr double kMagic = 6755399441055744.0 + 1023.0;  // 1.5 * 2^52 and the bias
  static constexpr int kMantissa = 52;
  static constexpr double kSigmoidLimit = 700.0;
  static constexpr double kTanhLimit = 20.0;  // 1 to the last bit from 19.06
  static constexpr double q[] = {
      0.49999999999999999966,     0.16666666666666683913,   0.041666666666666724588,
      0.0083333333333166854325,   0.0013888888888858419745, 0.0001984126989719302741,
      0.000024801587373766089349, 2.7557234100662814643e-6, 2.7557233347557817782e-7,
      2.5112287990496097875e-8,   2.0926945317845782456e-9};
};

// Runs body(0) ... body(K - 1), unrolled. Stage by stage over K vectors the processor always has K
// independent operations at hand: a gate function alone is a chain of 20 that wait for each other
// (measured: LSTM inference at the tutorial shape 71 -> 78 GFLOP/s).
template <int K, class Body>
FUSEDRNN_INLINE void lockstep(Body body) {
#pragma GCC unroll 16
  for (int k = 0; k < K; ++k) body(k);
}

// In place: sigmoid of the first S vectors, tanh of the other K - S, both from exp(f x), f = -1 or
// 2:
//
//   sigmoid(x) = 1 / (1 + exp(-x));  tanh(x) = e / (e + 2), e = expm1(2x): no cancellation near 0.
//
// 1. n = round(f x / log(2)). Adding the magic number 1.5 * 2^mantissa rounds to an integer, which
//    then is the last bits of the sum, and as the exponent's bias is in the magic number too, those
//    bits moved to the exponent are 2^n. (For tanh it is one more: 2^(n+1).)
// 2. r = f x - n log(2), |r| <= log(2) / 2, so exp(f x) = 2^n exp(r), expm1(r) = r + r^2 q(r).
//    What is computed is u = r / f = x - n (log(2) / f): f is a power of two times a sign, so it
//    goes into the constants at no cost, and f x itself is never formed.
// 3. p = expm1(r) / |f| = sign(f) u + |f| u^2 q(f u), and scale = |f| 2^n. Then
//      exp(-x) = scale + scale p              and the sigmoid's divisor is one more;
//      expm1(2x) = 2^n expm1(r) + 2^n - 1 = scale p + (scale / 2 - 1).
template <class Real, int S, int K>
FUSEDRNN_INLINE void activate(Vec<Real> (&x)[K]) {
  using E = ExpConstants<Real>;
  using Ints = typename VectorOf<Real>::ints;
  constexpr int terms = int(sizeof(E::q) / sizeof(Real));
  // Of u^(term + 2) in p: q[term] |f| f^term.
  const auto coefficient = [](int k, int term) {
    Real c = E::q[term];
    if (k >= S) return c * Real(2 << term);
    return term % 2 ? -c : c;
  };
  const auto magic = [](int k) { return k < S ? E::kMagic : E::kMagic + 1; };
  Vec<Real> t[K], n[K], scale[K], p[K];
  lockstep<K>([&](int k) {
    const Real limit = k < S ? E::kSigmoidLimit : E::kTanhLimit;
    x[k] = clamp(x[k], -limit, limit);
  });
  lockstep<K>([&](int k) {
    t[k] = multiply_add(x[k], splat(k < S ? -E::kLog2e : 2 * E::kLog2e), splat(Real(magic(k))));
  });
  lockstep<K>([&](int k) { n[k] = t[k] - magic(k); });
  lockstep<K>([&](int k) {
    x[k] = multiply_add(n[k], splat(k < S ? E::kLn2High : -E::kLn2High / 2), x[k]);
  });
  lockstep<K>(
      [&](int k) { x[k] = multiply_add(n[k], splat(k < S ? E::kLn2Low : -E::kLn2Low / 2), x[k]); });
  lockstep<K>([&](int k) { scale[k] = (Vec<Real>)((Ints)t[k] << E::kMantissa); });
  lockstep<K>([&](int k) { p[k] = splat(coefficient(k, terms - 1)); });
#pragma GCC unroll 16
  for (int term = terms - 2; term >= 0; --term)
    lockstep<K>([&](int k) { p[k] = multiply_add(p[k], x[k], splat(coefficient(k, term))); });
  lockstep<K>([&](int k) { n[k] = x[k] * x[k]; });
  lockstep<K>([&](int k) { p[k] = multiply_add(p[k], n[k], k < S ? -x[k] : x[k]); });
  lockstep<K>([&](int k) {
    x[k] = k < S ? splat(Real(1))
                 : multiply_add(scale[k], p[k],
                                multiply_add(scale[k], splat(Real(0.5)), splat(Real(-1))));
    p[k] = k < S ? Real(1) + multiply_add(scale[k], p[k], scale[k]) : x[k] + Real(2);
  });
  lockstep<K>([&](int k) { x[k] = divide(x[k], p[k]); });
}

template <class Real>
FUSEDRNN_INLINE Vec<Real> sigmoid(Vec<Real> x) {
  Vec<Real> v[1] = {x};
  activate<Real, 1>(v);
  return v[0];
}

template <class Real>
FUSEDRNN_INLINE Vec<Real> tanh(Vec<Real> x) {
  Vec<Real> v[1] = {x};
  activate<Real, 0>(v);
  return v[0];
}

// Apart, for it is rarely a candidate's function and each loop over cells would have its own.
template <class Real>
__attribute__((noinline)) Vec<Real> candidate_sigmoid(Vec<Real> x) {
  return sigmoid<Real>(x);
}

using fusedrnn::Activation;

// As `activate`, with f in place of tanh.
template <class Real, int S, int K>
FUSEDRNN_INLINE void activate_with(Activation f, Vec<Real> (&x)[K]) {
  if (f == Activation::kTanh) return activate<Real, S, K>(x);
  if constexpr (S > 0) {
    Vec<Real> gates[S];
    lockstep<S>([&](int k) { gates[k] = x[k]; });
    activate<Real, S>(gates);
    lockstep<S>([&](int k) { x[k] = gates[k]; });
  }
  for (int k = S; k < K; ++k) {
    if (f == Activation::kRelu) x[k] = clamp(x[k], Real(0), Real(__builtin_inff()));
    if (f == Activation::kSigmoid) x[k] = candidate_sigmoid<Real>(x[k]);
  }
}

// The derivative of f, from its value y.
template <class Real>
FUSEDRNN_INLINE Vec<Real> slope(Activation f, Vec<Real> y) {
  switch (f) {
    case Activation::kTanh:
      return multiply_add(-y, y, splat(Real(1)));
    case Activation::kRelu:
      return y <= Real(0) ? splat(Real(0)) : splat(Real(1));  // 1 at NaN, which must not vanish
    case Activation::kSigmoid:
      return multiply_add(-y, y, y);
    default:
      return splat(Real(1));
  }
}

}  // namespace
