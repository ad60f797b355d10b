// exp-based gate functions. Contract, tested over a dense sweep in tests/test_math.py:
//   float   sigmoid and tanh within 4 ULP for |x| <= 87
//   double  within 4 ULP for |x| <= 700
// Beyond, they saturate (sigmoid to a value below 2e-38, 1e-304); NaN gives NaN.
#pragma once

#include "../view.hpp"
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
  static constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  static constexpr int kMantissa = 23;
  static constexpr int32_t kOne = 0x3f800000;
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
  static constexpr double kMagic = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr int kMantissa = 52;
  static constexpr int64_t kOne = 0x3ff0000000000000;
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

// scale, p of x: exp(x) = scale * (1 + p), scale a power of two. |x| within the exponent range.
template <int K, class Real>
FUSEDRNN_INLINE void scaled_exp(const Vec<Real> (&x)[K], Vec<Real> (&scale)[K], Vec<Real> (&p)[K]) {
  using E = ExpConstants<Real>;
  using Ints = typename VectorOf<Real>::ints;
  constexpr int terms = int(sizeof(E::q) / sizeof(Real));
  Vec<Real> t[K], n[K], r[K];
  lockstep<K>([&](int k) { t[k] = x[k] * E::kLog2e + E::kMagic; });
  lockstep<K>([&](int k) { n[k] = t[k] - E::kMagic; });
  lockstep<K>([&](int k) { r[k] = x[k] - n[k] * E::kLn2High; });
  lockstep<K>([&](int k) { r[k] = r[k] - n[k] * E::kLn2Low; });
  lockstep<K>([&](int k) { scale[k] = (Vec<Real>)(((Ints)t[k] << E::kMantissa) + E::kOne); });
  lockstep<K>([&](int k) { p[k] = splat(E::q[terms - 1]); });
#pragma GCC unroll 16
  for (int term = terms - 2; term >= 0; --term)
    lockstep<K>([&](int k) { p[k] = p[k] * r[k] + E::q[term]; });
  lockstep<K>([&](int k) { n[k] = r[k] * r[k]; });
  lockstep<K>([&](int k) { p[k] = p[k] * n[k] + r[k]; });
}

// In place: sigmoid of the first S vectors, tanh of the other K - S.
//   sigmoid(x) = 1 / (1 + exp(-x));  tanh(x) = e / (e + 2), e = expm1(2x): no cancellation near 0.
template <class Real, int S, int K>
FUSEDRNN_INLINE void activate(Vec<Real> (&x)[K]) {
  constexpr Real sigmoid_limit = ExpConstants<Real>::kSigmoidLimit;
  constexpr Real tanh_limit = ExpConstants<Real>::kTanhLimit;
  Vec<Real> scale[K], p[K], divisor[K];
  lockstep<K>([&](int k) {
    x[k] = k < S ? -clamp(x[k], -sigmoid_limit, sigmoid_limit)
                 : Real(2) * clamp(x[k], -tanh_limit, tanh_limit);
  });
  scaled_exp<K, Real>(x, scale, p);
  lockstep<K>([&](int k) {
    x[k] = k < S ? splat(Real(1)) : scale[k] * p[k] + (scale[k] - Real(1));
    divisor[k] = k < S ? Real(1) + (scale[k] + scale[k] * p[k]) : x[k] + Real(2);
  });
  lockstep<K>([&](int k) { x[k] = divide(x[k], divisor[k]); });
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
    if (f == Activation::kSigmoid) x[k] = sigmoid<Real>(x[k]);
  }
}

// The derivative of f, from its value y.
template <class Real>
FUSEDRNN_INLINE Vec<Real> slope(Activation f, Vec<Real> y) {
  switch (f) {
    case Activation::kTanh:
      return Real(1) - y * y;
    case Activation::kRelu:
      return y > Real(0) ? splat(Real(1)) : splat(Real(0));
    case Activation::kSigmoid:
      return y - y * y;
    default:
      return splat(Real(1));
  }
}

}  // namespace
