// Vectors of the instruction set this file is compiled for, on GCC/Clang vector extensions.
// Intrinsics appear here only, where they measure better than what the compiler makes.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if defined(__AVX__) || defined(__AVX512F__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define FUSEDRNN_INLINE inline __attribute__((always_inline))
#define FUSEDRNN_INLINE_LAMBDA __attribute__((always_inline))

namespace {

// FUSEDRNN_EMULATED: 512 bits as two halves, for tests on a CPU without AVX-512.
#if defined(__AVX512F__) || defined(FUSEDRNN_EMULATED)
constexpr int kVectorBytes = 64;
constexpr int kRegisters = 32;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
constexpr int kRegisters = 16;
#elif defined(__aarch64__)
constexpr int kVectorBytes = 16;
constexpr int kRegisters = 32;
#else
constexpr int kVectorBytes = 16;
constexpr int kRegisters = 16;
#endif

// GCC and Clang let a vector alias its element type, and no other: so a store of values leaves what
// is known of sizes and pointers as it is (measured: may_alias costs the tutorial shape 5 %).
template <class Real>
struct VectorOf;
template <>
struct VectorOf<float> {
  typedef float type __attribute__((vector_size(kVectorBytes)));
  typedef float loose __attribute__((vector_size(kVectorBytes), aligned(4)));
  typedef int32_t ints __attribute__((vector_size(kVectorBytes)));
};
template <>
struct VectorOf<double> {
  typedef double type __attribute__((vector_size(kVectorBytes)));
  typedef double loose __attribute__((vector_size(kVectorBytes), aligned(8)));
  typedef int64_t ints __attribute__((vector_size(kVectorBytes)));
};

template <class Real>
using Vec = typename VectorOf<Real>::type;

template <class Real>
constexpr int kLanes = kVectorBytes / int(sizeof(Real));

template <class Real>
FUSEDRNN_INLINE Vec<Real> load(const Real* p) {
  return *reinterpret_cast<const typename VectorOf<Real>::loose*>(p);
}
// The values of type bfloat16 that are the lower and the upper halves of those in v, as float.
FUSEDRNN_INLINE Vec<float> lower_halves(Vec<float> v) {
  return (Vec<float>)((VectorOf<float>::ints)v << 16);
}
// With the former at hand, whose zeros save the register of a mask.
FUSEDRNN_INLINE Vec<float> upper_halves(Vec<float> v, Vec<float> lower) {
#if defined(__AVX2__) && !defined(__AVX512F__) && !defined(FUSEDRNN_EMULATED)
  return (Vec<float>)_mm256_blend_epi16((__m256i)lower, (__m256i)v, 0xaa);
#else
  (void)lower;
  return (Vec<float>)((VectorOf<float>::ints)v & -65536);
#endif
}
// Weights of a panel, of row `part` of those in it; see rows_in_panels in ../panels.hpp. The mask
// is read each time where registers are few: one less for sums would cost more.
constexpr VectorOf<float>::ints kUpperHalf = VectorOf<float>::ints{} - 65536;
template <bool kHalf, class Real>
FUSEDRNN_INLINE Vec<Real> load_weights(const Real* p, int part = 0) {
  if constexpr (!kHalf) {
    return load(p);
  } else {
    using Ints = VectorOf<float>::ints;
    if (part == 0) return lower_halves(load(p));
    const Ints mask =
        kRegisters == 32 ? kUpperHalf : *const_cast<const volatile Ints*>(&kUpperHalf);
    return (Vec<float>)((Ints)load(p) & mask);
  }
}
// v, in a register from here on: without this GCC makes a load the operand of each multiply-add
// that uses it, and loading twice what comes from L2 costs a two-row tile a third of its speed.
template <class Vector>
FUSEDRNN_INLINE Vector in_register(Vector v) {
#if defined(__SSE2__) && !defined(FUSEDRNN_EMULATED)
  asm("" : "+v"(v));
#endif
  return v;
}
template <class Real>
FUSEDRNN_INLINE void store(Real* p, Vec<Real> v) {
  *reinterpret_cast<typename VectorOf<Real>::loose*>(p) = v;
}
// Into L2.
FUSEDRNN_INLINE void prefetch(const void* p) {
  __builtin_prefetch(p, 0, 2);
}
template <class Real>
FUSEDRNN_INLINE Vec<Real> splat(Real x) {
  return x - Vec<Real>{};
}

// a b + c, rounded once where the instruction set has it, and always so: see CMakeLists.txt.
#if defined(__AVX512F__)
FUSEDRNN_INLINE Vec<float> multiply_add(Vec<float> a, Vec<float> b, Vec<float> c) {
  return (Vec<float>)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
FUSEDRNN_INLINE Vec<double> multiply_add(Vec<double> a, Vec<double> b, Vec<double> c) {
  return (Vec<double>)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
}
#elif defined(FUSEDRNN_EMULATED)
FUSEDRNN_INLINE Vec<float> multiply_add(Vec<float> a, Vec<float> b, Vec<float> c) {
  for (int j = 0; j < 16; ++j) c[j] = __builtin_fmaf(a[j], b[j], c[j]);
  return c;
}
FUSEDRNN_INLINE Vec<double> multiply_add(Vec<double> a, Vec<double> b, Vec<double> c) {
  for (int j = 0; j < 8; ++j) c[j] = __builtin_fma(a[j], b[j], c[j]);
  return c;
}
#elif defined(__FMA__)
FUSEDRNN_INLINE Vec<float> multiply_add(Vec<float> a, Vec<float> b, Vec<float> c) {
  return (Vec<float>)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
FUSEDRNN_INLINE Vec<double> multiply_add(Vec<double> a, Vec<double> b, Vec<double> c) {
  return (Vec<double>)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
#elif defined(__aarch64__)
FUSEDRNN_INLINE Vec<float> multiply_add(Vec<float> a, Vec<float> b, Vec<float> c) {
  return (Vec<float>)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
FUSEDRNN_INLINE Vec<double> multiply_add(Vec<double> a, Vec<double> b, Vec<double> c) {
  return (Vec<double>)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
}
#else
template <class Vector>
FUSEDRNN_INLINE Vector multiply_add(Vector a, Vector b, Vector c) {
  return a * b + c;
}
#endif

// What was loaded before is loaded again after this, if it is needed again: or the compiler keeps
// it in more registers than there are, which is in memory.
FUSEDRNN_INLINE void forget_loads() {
  asm volatile("" ::: "memory");
}

// The same with one lane of a, on processors that multiply by one. GCC 12 makes the intrinsic's
// lane a vector first, in a register and an instruction of its own, where several use it.
#if defined(__aarch64__)
constexpr bool kLaneFactors = true;
FUSEDRNN_INLINE Vec<float> multiply_add_lane(Vec<float> a, int lane, Vec<float> b, Vec<float> c) {
  asm("fmla %0.4s, %1.4s, %2.s[%3]" : "+w"(c) : "w"(b), "w"(a), "i"(lane));
  return c;
}
FUSEDRNN_INLINE Vec<double> multiply_add_lane(Vec<double> a, int lane, Vec<double> b,
                                              Vec<double> c) {
  asm("fmla %0.2d, %1.2d, %2.d[%3]" : "+w"(c) : "w"(b), "w"(a), "i"(lane));
  return c;
}
#else
constexpr bool kLaneFactors = false;
template <class Vector>
FUSEDRNN_INLINE Vector multiply_add_lane(Vector a, int lane, Vector b, Vector c) {
  return multiply_add(splat(a[lane]), b, c);
}
#endif

// The first n lanes only; the others read as zero and are not written. 0 < n <= lanes.
#if defined(__AVX512F__)
FUSEDRNN_INLINE Vec<float> load_n(const float* p, ptrdiff_t n) {
  return (Vec<float>)_mm512_maskz_loadu_ps(__mmask16((1u << n) - 1u), p);
}
FUSEDRNN_INLINE Vec<double> load_n(const double* p, ptrdiff_t n) {
  return (Vec<double>)_mm512_maskz_loadu_pd(__mmask8((1u << n) - 1u), p);
}
FUSEDRNN_INLINE void store_n(float* p, Vec<float> v, ptrdiff_t n) {
  _mm512_mask_storeu_ps(p, __mmask16((1u << n) - 1u), (__m512)v);
}
FUSEDRNN_INLINE void store_n(double* p, Vec<double> v, ptrdiff_t n) {
  _mm512_mask_storeu_pd(p, __mmask8((1u << n) - 1u), (__m512d)v);
}
#elif defined(__AVX2__) && !defined(FUSEDRNN_EMULATED)
// Bits of n lanes: what lies 8 - n values into this.
constexpr int32_t kLaneMask[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};

FUSEDRNN_INLINE __m256i lane_mask(ptrdiff_t n) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kLaneMask + 8 - n));
}
FUSEDRNN_INLINE Vec<float> load_n(const float* p, ptrdiff_t n) {
  return (Vec<float>)_mm256_maskload_ps(p, lane_mask(n));
}
FUSEDRNN_INLINE Vec<double> load_n(const double* p, ptrdiff_t n) {
  return (Vec<double>)_mm256_maskload_pd(p, lane_mask(2 * n));
}
// Halves, not a masked store: AMD executes that one lane at a time.
FUSEDRNN_INLINE void store_n(double* p, Vec<double> v, ptrdiff_t n) {
  if (n == 4) return store(p, v);
  __m128d low = _mm256_castpd256_pd128((__m256d)v);
  if (n & 2) {
    _mm_storeu_pd(p, low);
    p += 2;
    low = _mm256_extractf128_pd((__m256d)v, 1);
  }
  if (n & 1) _mm_store_sd(p, low);
}
FUSEDRNN_INLINE void store_n(float* p, Vec<float> v, ptrdiff_t n) {
  if (n == 8) return store(p, v);
  __m128 low = _mm256_castps256_ps128((__m256)v);
  if (n & 4) {
    _mm_storeu_ps(p, low);
    p += 4;
    low = _mm256_extractf128_ps((__m256)v, 1);
  }
  if (n & 2) {
    _mm_storel_pi(reinterpret_cast<__m64*>(p), low);
    p += 2;
    low = _mm_movehl_ps(low, low);
  }
  if (n & 1) _mm_store_ss(p, low);
}
#elif defined(__aarch64__)
FUSEDRNN_INLINE Vec<float> load_n(const float* p, ptrdiff_t n) {
  if (n == 4) return load(p);
  float32x4_t v = vdupq_n_f32(0);
  if (n == 1) return (Vec<float>)vld1q_lane_f32(p, v, 0);
  v = vcombine_f32(vld1_f32(p), vget_low_f32(v));
  return (Vec<float>)(n == 2 ? v : vld1q_lane_f32(p + 2, v, 2));
}
FUSEDRNN_INLINE Vec<double> load_n(const double* p, ptrdiff_t n) {
  return n == 2 ? load(p) : (Vec<double>)vld1q_lane_f64(p, vdupq_n_f64(0), 0);
}
FUSEDRNN_INLINE void store_n(float* p, Vec<float> v, ptrdiff_t n) {
  if (n == 4) return store(p, v);
  if (n == 1) return vst1q_lane_f32(p, (float32x4_t)v, 0);
  vst1_f32(p, vget_low_f32((float32x4_t)v));
  if (n == 3) vst1q_lane_f32(p + 2, (float32x4_t)v, 2);
}
FUSEDRNN_INLINE void store_n(double* p, Vec<double> v, ptrdiff_t n) {
  n == 2 ? store(p, v) : vst1q_lane_f64(p, (float64x2_t)v, 0);
}
#else
template <class Real>
FUSEDRNN_INLINE Vec<Real> load_n(const Real* p, ptrdiff_t n) {
  Vec<Real> v{};
  for (ptrdiff_t j = 0; j < n; ++j) v[j] = p[j];
  return v;
}
template <class Real>
FUSEDRNN_INLINE void store_n(Real* p, Vec<Real> v, ptrdiff_t n) {
  for (ptrdiff_t j = 0; j < n; ++j) p[j] = v[j];
}
#endif

// load_n and store_n where the count is known at compile time to be a whole vector or not.
template <bool kWhole, class Real>
FUSEDRNN_INLINE Vec<Real> load_lanes(const Real* p, ptrdiff_t n) {
  return kWhole ? load(p) : load_n(p, n);
}
template <bool kWhole, class Real>
FUSEDRNN_INLINE void store_lanes(Real* p, Vec<Real> v, ptrdiff_t n) {
  kWhole ? store(p, v) : store_n(p, v, n);
}

// The values of a and b in turn, of their first halves (kHigh = 0) or second ones (1).
template <int kHigh, class Vector>
FUSEDRNN_INLINE Vector interleave(Vector a, Vector b) {
  constexpr int V = sizeof(a) / sizeof(a[0]), h = kHigh * V / 2;
  if constexpr (V == 16)
    return __builtin_shufflevector(a, b, h, h + 16, h + 1, h + 17, h + 2, h + 18, h + 3, h + 19,
                                   h + 4, h + 20, h + 5, h + 21, h + 6, h + 22, h + 7, h + 23);
  else if constexpr (V == 8)
    return __builtin_shufflevector(a, b, h, h + 8, h + 1, h + 9, h + 2, h + 10, h + 3, h + 11);
  else if constexpr (V == 4)
    return __builtin_shufflevector(a, b, h, h + 4, h + 1, h + 5);
  else
    return __builtin_shufflevector(a, b, h, h + 2);
}

// The transpose of the square whose rows are tile[0 .. lanes): as many perfect shuffles of its
// values as the number of lanes has bits.
template <class Real>
FUSEDRNN_INLINE void transpose(Vec<Real>* tile) {
  constexpr int V = kLanes<Real>;
  Vec<Real> next[V];
#pragma GCC unroll 4
  for (int bit = 1; bit < V; bit *= 2) {
#pragma GCC unroll 8
    for (int j = 0; j < V / 2; ++j) {
      next[2 * j] = interleave<0>(tile[j], tile[j + V / 2]);
      next[2 * j + 1] = interleave<1>(tile[j], tile[j + V / 2]);
    }
#pragma GCC unroll 16
    for (int j = 0; j < V; ++j) tile[j] = next[j];
  }
}

// x held to [low, high]; NaN stays NaN (the operand order matters).
FUSEDRNN_INLINE Vec<float> clamp(Vec<float> x, float low, float high) {
#if defined(__AVX512F__)
  return (Vec<float>)_mm512_min_ps(_mm512_set1_ps(high),
                                   _mm512_max_ps(_mm512_set1_ps(low), (__m512)x));
#elif defined(__AVX__) && !defined(FUSEDRNN_EMULATED)
  return (Vec<float>)_mm256_min_ps(_mm256_set1_ps(high),
                                   _mm256_max_ps(_mm256_set1_ps(low), (__m256)x));
#elif defined(__SSE2__) && !defined(FUSEDRNN_EMULATED)
  return (Vec<float>)_mm_min_ps(_mm_set1_ps(high), _mm_max_ps(_mm_set1_ps(low), (__m128)x));
#elif defined(__aarch64__)
  const float32x4_t most = (float32x4_t)splat(high), least = (float32x4_t)splat(low);
  return (Vec<float>)vminq_f32(most, vmaxq_f32(least, (float32x4_t)x));
#else
  const Vec<float> lo = splat(low), hi = splat(high);
  x = lo > x ? lo : x;
  return hi < x ? hi : x;
#endif
}
FUSEDRNN_INLINE Vec<double> clamp(Vec<double> x, double low, double high) {
#if defined(__AVX512F__)
  return (Vec<double>)_mm512_min_pd(_mm512_set1_pd(high),
                                    _mm512_max_pd(_mm512_set1_pd(low), (__m512d)x));
#elif defined(__AVX__) && !defined(FUSEDRNN_EMULATED)
  return (Vec<double>)_mm256_min_pd(_mm256_set1_pd(high),
                                    _mm256_max_pd(_mm256_set1_pd(low), (__m256d)x));
#elif defined(__SSE2__) && !defined(FUSEDRNN_EMULATED)
  return (Vec<double>)_mm_min_pd(_mm_set1_pd(high), _mm_max_pd(_mm_set1_pd(low), (__m128d)x));
#elif defined(__aarch64__)
  const float64x2_t most = (float64x2_t)splat(high), least = (float64x2_t)splat(low);
  return (Vec<double>)vminq_f64(most, vmaxq_f64(least, (float64x2_t)x));
#else
  const Vec<double> lo = splat(low), hi = splat(high);
  x = lo > x ? lo : x;
  return hi < x ? hi : x;
#endif
}

// a / d for finite d of normal size. 512 bits: an estimate of 14 bits and Newton steps, within an
// ULP, in multiplications; the division holds the divider for 16 cycles.
FUSEDRNN_INLINE Vec<float> divide(Vec<float> a, Vec<float> d) {
#if defined(__AVX512F__)
  const Vec<float> r = (Vec<float>)_mm512_rcp14_ps((__m512)d);
  const Vec<float> q = a * r;
  return multiply_add(q, multiply_add(-d, r, splat(1.0f)), q);
#else
  return a / d;
#endif
}
FUSEDRNN_INLINE Vec<double> divide(Vec<double> a, Vec<double> d) {
#if defined(__AVX512F__)
  Vec<double> r = (Vec<double>)_mm512_rcp14_pd((__m512d)d);
  r = multiply_add(r, multiply_add(-d, r, splat(1.0)), r);
  r = multiply_add(r, multiply_add(-d, r, splat(1.0)), r);
  const Vec<double> q = a * r;
  return multiply_add(r, multiply_add(-d, q, a), q);
#else
  return a / d;
#endif
}

}  // namespace
