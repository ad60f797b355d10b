// The one register tile of the project: every product is made of it.
#pragma once

#include "kernel_table.hpp"
#include "simd.hpp"

namespace {

using fusedrnn::kMaxVectors;
using fusedrnn::Panels;
using fusedrnn::rows_in_panels;

// Rows of a tile with C vectors: as many as leave registers for the operands, and enough sums to
// hide the latency of a multiply-add.
constexpr int kMaxRows = 8;
constexpr int max_rows(int C) {
  constexpr int narrow[] = {8, 6, 4, 3}, wide[] = {8, 8, 8, 6};
  return kRegisters == 32 ? wide[C - 1] : narrow[C - 1];
}

// A stretch of the summed dimension, k < K. A tile's A has its rows in different places (the inputs
// and the states of some rows of a batch, say): value k of row r is row[r][k * stride]. Its B is a
// panel: row k starts at b + k * (the tile's b_stride), or, in a panel of bfloat16 (kHalf; A's
// stride is 1 then), together with row k + 1 at b + k / 2 * b_stride, k even.
template <class Real>
struct Segment {
  const Real* row[kMaxRows];
  ptrdiff_t stride;
  ptrdiff_t K;
  const Real* b;
  const char* next = nullptr;  // prefetched, `next_step` bytes at each row of the panel
  ptrdiff_t next_step = 0;
};

// The steps of a segment of stride 1 for which A fills vectors, where a factor can be one lane of a
// register: A is loaded once for all its lanes. Moves b and next on; returns how many steps.
template <class Real, int R, int C, bool kPrefetch>
FUSEDRNN_INLINE ptrdiff_t add_lanes(const Real* const (&a)[R], ptrdiff_t K, const Real*& b,
                                    ptrdiff_t b_stride, const char*& next, ptrdiff_t next_step,
                                    Vec<Real> (&acc)[R][C]) {
  constexpr int V = kLanes<Real>;
  ptrdiff_t k = 0;
  for (; k + V <= K; k += V) {
    Vec<Real> x[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) x[r] = load(a[r] + k);
#pragma GCC unroll 4
    for (int lane = 0; lane < V; ++lane) {
      if (kPrefetch) {
        prefetch(next);
        next += next_step;
      }
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) {
        const Vec<Real> w = load(b + c * V);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) acc[r][c] = multiply_add_lane(x[r], lane, w, acc[r][c]);
      }
      b += b_stride;
    }
  }
  return k;
}

// out[r][c] = init[r][c] + sum over the segments of A[r][k] B[k][c], for R rows and C vectors.
// init may be out; its row stride is 0 for a bias.
// Of wider panels, the C vectors from kColumn on; the first of them prefetch.
template <class Real, bool kHalf, int R, int C, int kColumn = 0>
FUSEDRNN_INLINE void tile_columns(const Segment<Real>* segments, ptrdiff_t count,
                                  ptrdiff_t b_stride, const Real* init, ptrdiff_t init_stride,
                                  Real* out, ptrdiff_t out_stride) {
  constexpr int V = kLanes<Real>;
  init += kColumn * V;
  out += kColumn * V;
  Vec<Real> acc[R][C];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) acc[r][c] = load(init + r * init_stride + c * V);

  for (ptrdiff_t s = 0; s < count; ++s) {
    const Real* a[R];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) a[r] = segments[s].row[r];
    const Real* b = segments[s].b + kColumn * V;
    const ptrdiff_t stride = segments[s].stride;
    const ptrdiff_t end = segments[s].K * stride;
    const char* next = segments[s].next;
    const ptrdiff_t next_step = segments[s].next_step;
    ptrdiff_t k = 0;
    if constexpr (kLaneFactors && !kHalf && R * (C + 1) < kRegisters)
      if (stride == 1)
        k = add_lanes<Real, R, C, (R > 2 && kColumn == 0)>(a, end, b, b_stride, next, next_step,
                                                           acc);
    for (; k < end; k += kHalf ? 2 : stride) {
      if (R > 2 && kColumn == 0) {
        prefetch(next);
        next += next_step;
      }
#pragma GCC unroll 2
      for (int part = 0; part < (kHalf ? 2 : 1); ++part) {
        if (part) {
          if (k + 1 == end) break;
          forget_loads();
        }
        // The shorter side stays in registers, the longer one passes through one register.
        Vec<Real> kept[R > C ? C : R];
        if constexpr (R > C) {
#pragma GCC unroll 4
          for (int c = 0; c < C; ++c) kept[c] = in_register(load_weights<kHalf>(b + c * V, part));
#pragma GCC unroll 8
          for (int r = 0; r < R; ++r) {
            const Vec<Real> x = in_register(splat(a[r][k + part]));
#pragma GCC unroll 4
            for (int c = 0; c < C; ++c) acc[r][c] = multiply_add(x, kept[c], acc[r][c]);
          }
        } else {
#pragma GCC unroll 8
          for (int r = 0; r < R; ++r) kept[r] = splat(a[r][k + part]);
#pragma GCC unroll 4
          for (int c = 0; c < C; ++c) {
            const Vec<Real> loaded = load_weights<kHalf>(b + c * V, part);
            const Vec<Real> w = R == 1 ? loaded : in_register(loaded);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) acc[r][c] = multiply_add(kept[r], w, acc[r][c]);
          }
        }
      }
      b += b_stride;
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) store(out + r * out_stride + c * V, acc[r][c]);
}

// As tile_columns for all C vectors. Where R rows of C vectors do not fit into the registers (four
// and five rows of four vectors into 16), the left half of the columns and then the right one.
template <class Real, bool kHalf, int R, int C>
void tile(const Segment<Real>* segments, ptrdiff_t count, ptrdiff_t b_stride, const Real* init,
          ptrdiff_t init_stride, Real* out, ptrdiff_t out_stride) {
  if constexpr (R > max_rows(C)) {
    tile_columns<Real, kHalf, R, 2, 0>(segments, count, b_stride, init, init_stride, out,
                                       out_stride);
    tile_columns<Real, kHalf, R, 2, 2>(segments, count, b_stride, init, init_stride, out,
                                       out_stride);
  } else {
    tile_columns<Real, kHalf, R, C>(segments, count, b_stride, init, init_stride, out, out_stride);
  }
}

// One row over kPanels full panels of C vectors, `panel` apart: a single row has only C sums in a
// tile, too few to hide the latency of a multiply-add. The same sums in the same order as tiles.
template <class Real, bool kHalf, int C, int kPanels>
void row_tile(const Segment<Real>* segments, ptrdiff_t count, ptrdiff_t panel, const Real* init,
              ptrdiff_t init_panel, Real* out) {
  constexpr int V = kLanes<Real>;
  Vec<Real> acc[kPanels][C];
#pragma GCC unroll 4
  for (int p = 0; p < kPanels; ++p)
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) acc[p][c] = load(init + p * init_panel + c * V);
  for (ptrdiff_t s = 0; s < count; ++s) {
    const Real *a = segments[s].row[0], *b = segments[s].b;
    ptrdiff_t k = 0;
    if constexpr (kHalf) {
      for (; k + 1 < segments[s].K; k += 2, b += C * V) {
        const Vec<Real> x = splat(a[k]), next = splat(a[k + 1]);
#pragma GCC unroll 4
        for (int p = 0; p < kPanels; ++p)
#pragma GCC unroll 4
          for (int c = 0; c < C; ++c) {
            const Vec<Real> both = load(b + p * panel + c * V), lower = lower_halves(both);
            acc[p][c] = multiply_add(x, lower, acc[p][c]);
            acc[p][c] = multiply_add(next, upper_halves(both, lower), acc[p][c]);
          }
      }
    }
    if constexpr (kLaneFactors && !kHalf)
      for (; k + V <= segments[s].K; k += V) {
        const Vec<Real> x = load(a + k);
#pragma GCC unroll 4
        for (int lane = 0; lane < V; ++lane, b += C * V)
#pragma GCC unroll 4
          for (int p = 0; p < kPanels; ++p)
#pragma GCC unroll 4
            for (int c = 0; c < C; ++c)
              acc[p][c] = multiply_add_lane(x, lane, load(b + p * panel + c * V), acc[p][c]);
      }
    for (; k < segments[s].K; ++k, b += C * V) {
      const Vec<Real> x = splat(a[k]);
#pragma GCC unroll 4
      for (int p = 0; p < kPanels; ++p)
#pragma GCC unroll 4
        for (int c = 0; c < C; ++c)
          acc[p][c] = multiply_add(x, load_weights<kHalf>(b + p * panel + c * V), acc[p][c]);
    }
  }
#pragma GCC unroll 4
  for (int p = 0; p < kPanels; ++p)
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) store(out + (p * C + c) * V, acc[p][c]);
}

// Calls body(p, panels) over [first, last) in stretches of two or three, leaving at most one;
// returns where that one is.
template <class Body>
FUSEDRNN_INLINE ptrdiff_t for_row_tiles_of_panels(ptrdiff_t first, ptrdiff_t last, Body body) {
  while (last - first > 1) {
    const int panels = last - first == 2 || last - first == 4 ? 2 : 3;
    body(first, panels);
    first += panels;
  }
  return first;
}

template <class Real>
using TileFunction = void (*)(const Segment<Real>*, ptrdiff_t, ptrdiff_t, const Real*, ptrdiff_t,
                              Real*, ptrdiff_t);

template <class Real, bool kHalf, int R, int C>
constexpr TileFunction<Real> tile_or_null() {
  if constexpr (R <= max_rows(C) || (C == 4 && R <= 5))
    return &tile<Real, kHalf, R, C>;
  else
    return nullptr;
}

#define FUSEDRNN_TILE_ROW(R)                                             \
  {tile_or_null<Real, kHalf, R, 1>(), tile_or_null<Real, kHalf, R, 2>(), \
   tile_or_null<Real, kHalf, R, 3>(), tile_or_null<Real, kHalf, R, 4>()}

template <class Real, bool kHalf = false>
constexpr TileFunction<Real> kTiles[8][kMaxVectors] = {
    FUSEDRNN_TILE_ROW(1), FUSEDRNN_TILE_ROW(2), FUSEDRNN_TILE_ROW(3), FUSEDRNN_TILE_ROW(4),
    FUSEDRNN_TILE_ROW(5), FUSEDRNN_TILE_ROW(6), FUSEDRNN_TILE_ROW(7), FUSEDRNN_TILE_ROW(8)};
#undef FUSEDRNN_TILE_ROW

// Calls body(first, rows) over [begin, end) in tiles for C vectors: of even height, but where that
// is three at the most, a tile of two has too few sums to hide the latency of a multiply-add, and a
// last one of four or five is faster (measured on Zen 3, AVX2, LSTM inference: 16 rows 1.04, 32
// rows 1.0).
template <class Body>
FUSEDRNN_INLINE void for_row_tiles(ptrdiff_t begin, ptrdiff_t end, int C, Body body) {
  const int most = max_rows(C);
  const bool even = most > 3;
  ptrdiff_t tiles = even ? (end - begin + most - 1) / most : 0;
  for (ptrdiff_t n = begin; n < end; --tiles) {
    const ptrdiff_t left = end - n;
    const int R = int(even                                 ? (left + tiles - 1) / tiles
                      : left == 4 || left == 5 || left < 3 ? left
                                                           : 3);
    body(n, R);
    n += R;
  }
}

// Brings what comes after a panel into L2 while the tiles over its rows run, an equal part in each.
// Weights beyond L2 otherwise stop the first tile of every panel (measured, times without over
// times with: LSTM inference at H 256 1.15, H 512 1.1 to 1.2, H 1024 1.3 to 1.5).
template <class Real, bool kHalf = false>
class NextPanel {
 public:
  NextPanel() = default;
  NextPanel(const Real* data, ptrdiff_t size, ptrdiff_t rows)
      : data_(reinterpret_cast<const char*>(data)),
        bytes_(size * ptrdiff_t(sizeof(Real))),
        rows_(rows) {}

  // For the tile of R rows from the n-th on.
  void spread(Segment<Real>* segments, ptrdiff_t count, ptrdiff_t n, int R) const {
    if (!data_) return;
    ptrdiff_t K = 0;
    for (ptrdiff_t s = 0; s < count; ++s) K += rows_in_panels(kHalf, segments[s].K);
    const ptrdiff_t step = bytes_ * R / (rows_ * (K > 0 ? K : 1));
    const char* next = data_ + bytes_ * n / rows_;
    for (ptrdiff_t s = 0; s < count; ++s) {
      segments[s].next = next;
      segments[s].next_step = step;
      next += rows_in_panels(kHalf, segments[s].K) * step;
    }
  }

 private:
  const char* data_ = nullptr;
  ptrdiff_t bytes_ = 0, rows_ = 1;
};

// Whether `size` weights that every step reads stay in L2 by themselves.
template <class Real>
constexpr bool stays_in_l2(ptrdiff_t size) {
  return size * ptrdiff_t(sizeof(Real)) < (ptrdiff_t(5) << 17);  // 640 KiB
}

}  // namespace
