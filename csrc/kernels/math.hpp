// exp-based gate functions. Contract, tested over a dense sweep in tests/test_math.py:
//   float   sigmoid and tanh within 4 ULP for |x| <= 87
//   double  within 4 ULP for |x| <= 700
// Beyond, they saturate (sigmoid to a value below 2e-38, 1e-304); NaN gives NaN.
#pragma once

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

// exp(x) = scale * (1 + p), scale a power of two. |x| must be below the exponent range.
template <class Real>
struct ScaledExp {
  Vec<Real> scale, p;
};

template <class Real>
FUSEDRNN_INLINE ScaledExp<Real> scaled_exp(Vec<Real> x) {
  using K = ExpConstants<Real>;
  using Ints = typename VectorOf<Real>::ints;
  const Vec<Real> t = x * K::kLog2e + K::kMagic;
  const Vec<Real> n = t - K::kMagic;
  const Vec<Real> r = (x - n * K::kLn2High) - n * K::kLn2Low;
  constexpr int terms = int(sizeof(K::q) / sizeof(Real));
  Vec<Real> q = splat(K::q[terms - 1]);
#pragma GCC unroll 16
  for (int k = terms - 2; k >= 0; --k) q = q * r + K::q[k];
  const Ints scale = ((Ints)t << K::kMantissa) + K::kOne;
  return {(Vec<Real>)scale, r + (r * r) * q};
}

// 1 / (1 + exp(-x))
template <class Real>
FUSEDRNN_INLINE Vec<Real> sigmoid(Vec<Real> x) {
  constexpr Real limit = ExpConstants<Real>::kSigmoidLimit;
  const ScaledExp<Real> e = scaled_exp<Real>(-clamp(x, -limit, limit));
  return divide(splat(Real(1)), Real(1) + (e.scale + e.scale * e.p));
}

// expm1(2x) / (expm1(2x) + 2): no cancellation near 0.
template <class Real>
FUSEDRNN_INLINE Vec<Real> tanh(Vec<Real> x) {
  constexpr Real limit = ExpConstants<Real>::kTanhLimit;
  const ScaledExp<Real> e = scaled_exp<Real>(Real(2) * clamp(x, -limit, limit));
  const Vec<Real> expm1 = e.scale * e.p + (e.scale - Real(1));
  return divide(expm1, expm1 + Real(2));
}

}  // namespace
