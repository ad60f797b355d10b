// The one register tile of the project, and the products made of it.
#pragma once

#include "kernel_table.hpp"
#include "simd.hpp"

namespace {

using fusedrnn::Panels;

// Rows of a tile with C vectors: as many as leave registers for the operands, and enough sums to
// hide the latency of a multiply-add.
constexpr int kMaxRows = 8;
constexpr int max_rows(int C) {
  constexpr int narrow[] = {8, 6, 4, 3}, wide[] = {8, 8, 8, 6};
  return kRegisters == 32 ? wide[C - 1] : narrow[C - 1];
}
constexpr int kMaxVectors = 4;

// A stretch of the summed dimension: row r of A is row[r][k * stride], row k of B is b[k *
// b_stride].
template <class Real>
struct Segment {
  const Real* row[kMaxRows];
  ptrdiff_t stride;
  ptrdiff_t K;
  const Real* b;
  const char* next = nullptr;  // prefetched, `next_step` bytes at each k
  ptrdiff_t next_step = 0;
};

// out[r][c] = init[r][c] + sum over the segments of A[r][k] B[k][c], for R rows and C vectors.
// init may be out; its row stride is 0 for a bias.
// Of wider panels, the C vectors from kColumn on; the first of them prefetch.
template <class Real, int R, int C, int kColumn = 0>
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
    for (ptrdiff_t k = 0; k < end; k += stride) {
      if (R > 2 && kColumn == 0) {
        prefetch(next);
        next += next_step;
      }
      // The shorter side stays in registers, the longer one passes through one register.
      Vec<Real> kept[R > C ? C : R];
      if constexpr (R > C) {
#pragma GCC unroll 4
        for (int c = 0; c < C; ++c) kept[c] = in_register(load(b + c * V));
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
          const Vec<Real> x = in_register(splat(a[r][k]));
#pragma GCC unroll 4
          for (int c = 0; c < C; ++c) acc[r][c] = multiply_add(x, kept[c], acc[r][c]);
        }
      } else {
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) kept[r] = splat(a[r][k]);
#pragma GCC unroll 4
        for (int c = 0; c < C; ++c) {
          const Vec<Real> w = R == 1 ? load(b + c * V) : in_register(load(b + c * V));
#pragma GCC unroll 8
          for (int r = 0; r < R; ++r) acc[r][c] = multiply_add(kept[r], w, acc[r][c]);
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

// As tile_columns for all C vectors; four and five rows of four, which do not fit into 16
// registers, in two halves.
template <class Real, int R, int C>
void tile(const Segment<Real>* segments, ptrdiff_t count, ptrdiff_t b_stride, const Real* init,
          ptrdiff_t init_stride, Real* out, ptrdiff_t out_stride) {
  if constexpr (R > max_rows(C)) {
    tile_columns<Real, R, 2, 0>(segments, count, b_stride, init, init_stride, out, out_stride);
    tile_columns<Real, R, 2, 2>(segments, count, b_stride, init, init_stride, out, out_stride);
  } else {
    tile_columns<Real, R, C>(segments, count, b_stride, init, init_stride, out, out_stride);
  }
}

// One row over kPanels full panels of C vectors, `panel` apart: a single row has only C sums in a
// tile, too few to hide the latency of a multiply-add. The same sums in the same order as tiles.
template <class Real, int C, int kPanels>
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
    for (ptrdiff_t k = 0; k < segments[s].K; ++k, b += C * V) {
      const Vec<Real> x = splat(a[k]);
#pragma GCC unroll 4
      for (int p = 0; p < kPanels; ++p)
#pragma GCC unroll 4
        for (int c = 0; c < C; ++c)
          acc[p][c] = multiply_add(x, load(b + p * panel + c * V), acc[p][c]);
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

template <class Real, int R, int C>
constexpr TileFunction<Real> tile_or_null() {
  if constexpr (R <= max_rows(C) || (C == 4 && R <= 5))
    return &tile<Real, R, C>;
  else
    return nullptr;
}

#define FUSEDRNN_TILE_ROW(R)                                                           \
  {tile_or_null<Real, R, 1>(), tile_or_null<Real, R, 2>(), tile_or_null<Real, R, 3>(), \
   tile_or_null<Real, R, 4>()}

template <class Real>
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
  if (max_rows(C) == 3) {
    for (ptrdiff_t n = begin; n < end;) {
      const ptrdiff_t left = end - n;
      const int R = int(left == 4 || left == 5 || left < 3 ? left : 3);
      body(n, R);
      n += R;
    }
    return;
  }
  ptrdiff_t tiles = (end - begin + max_rows(C) - 1) / max_rows(C);
  for (ptrdiff_t n = begin; n < end; --tiles) {
    const int R = int((end - n + tiles - 1) / tiles);
    body(n, R);
    n += R;
  }
}

// Brings what comes after a panel into L2 while the tiles over its rows run, an equal part in each.
// Weights beyond L2 otherwise stop the first tile of every panel (measured, times without over
// times with: LSTM inference at H 256 1.15, H 512 1.1 to 1.2, H 1024 1.3 to 1.5).
template <class Real>
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
    for (ptrdiff_t s = 0; s < count; ++s) K += segments[s].K;
    const ptrdiff_t step = bytes_ * R / (rows_ * (K > 0 ? K : 1));
    const char* next = data_ + bytes_ * n / rows_;
    for (ptrdiff_t s = 0; s < count; ++s) {
      segments[s].next = next;
      segments[s].next_step = step;
      next += segments[s].K * step;
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

constexpr ptrdiff_t kGroupRows = 48;  // whole tiles of 6 and 8

// Calls body(first, rows) over [begin, end) in groups of at most kGroupRows.
template <class Body>
FUSEDRNN_INLINE void for_row_groups(ptrdiff_t begin, ptrdiff_t end, Body body) {
  for (ptrdiff_t n = begin; n < end; n += kGroupRows)
    body(n, end - n < kGroupRows ? end - n : kGroupRows);
}

// out (rows, X.width(q)) = init + the product of a group of rows of a panel buffer with panel q of
// the plain panels X of `weights`.
// Row `first` of the buffer's panel p starts at panels + offset(p, K) + first * width(p);
// gates * units_in(p) of its values are used, in the order in which weights have their rows.
// A stretch of the panel at a time for all rows: R^T of 1024 units has panels of a megabyte.
template <class Real>
void panel_rows_product(const Real* panels, const Panels& P, ptrdiff_t K, ptrdiff_t first,
                        ptrdiff_t rows, int skipped_gates, int gates, const Real* weights,
                        const Panels& X, ptrdiff_t q, const Real* init, ptrdiff_t init_stride,
                        Real* out) {
  constexpr ptrdiff_t kBatch = 8;
  Segment<Real> segments[kBatch];
  const ptrdiff_t width = X.width(q);
  const int C = int(width / X.lanes);
  const Real* b = weights + X.offset(q, gates * P.units);
  const bool prefetches = !stays_in_l2<Real>(gates * P.units * X.units);

  for (ptrdiff_t p = 0; p < P.count(); p += kBatch) {
    const ptrdiff_t count = P.count() - p < kBatch ? P.count() - p : kBatch;
    const Real* b_end = b;
    for (ptrdiff_t s = 0; s < count; ++s) {
      segments[s].stride = 1;
      segments[s].K = gates * P.units_in(p + s);
      segments[s].b = b_end;
      b_end += segments[s].K * width;
    }
    NextPanel<Real> next;
    if (prefetches) next = NextPanel<Real>(b_end, b_end - b, rows);
    for_row_tiles(0, rows, C, [&](ptrdiff_t n, int R) {
      for (ptrdiff_t s = 0; s < count; ++s) {
        const ptrdiff_t row = P.width(p + s);
        const Real* a =
            panels + P.offset(p + s, K) + (first + n) * row + skipped_gates * P.units_in(p + s);
        for (int r = 0; r < R; ++r) segments[s].row[r] = a + r * row;
      }
      next.spread(segments, count, n, R);
      kTiles<Real>[R - 1][C - 1](segments, count, width, init + n* init_stride, init_stride,
                                 out + n* width, width);
    });
    b = b_end;
    init = out;
    init_stride = width;
  }
}

// Rows [m0, m1) of one panel of a weight gradient; see kernel_table.hpp.
template <class Real>
void weight_gradient(const fusedrnn::WeightGradient<Real>& g, ptrdiff_t m0, ptrdiff_t m1) {
  constexpr ptrdiff_t kBlock = 128;  // rows of B at a time: 32 KiB, so that they stay in L1
  constexpr int kRuns = 16;          // of a block: steps of a ragged batch, each of few rows
  ptrdiff_t run = 0, done = 0;       // rows of that run
  while (run < g.runs) {
    Segment<Real> segments[kRuns];
    ptrdiff_t first[kRuns], rows = 0;
    int count = 0;
    for (; run < g.runs && count < kRuns && rows < kBlock; ++count) {
      const ptrdiff_t left = g.run[run].count - done;
      segments[count].stride = g.a_stride;
      segments[count].K = left < kBlock - rows ? left : kBlock - rows;
      first[count] = g.run[run].begin + done;
      segments[count].b = g.b + first[count] * g.b_stride;
      rows += segments[count].K;
      done += segments[count].K;
      if (done == g.run[run].count) {
        ++run;
        done = 0;
      }
    }
    const ptrdiff_t row_step = g.d_stride * ptrdiff_t(sizeof(Real)) / rows;
    for_row_tiles(m0, m1, g.vectors, [&](ptrdiff_t m, int R) {
      Real* d = g.d + m * g.d_stride;
      // The sums of the tile after this one: a gradient does not stay in L2 between chunks.
      const char* next = reinterpret_cast<const char*>(d + R * g.d_stride);
      const ptrdiff_t step = R * row_step;
      for (int s = 0; s < count; ++s) {
        for (int r = 0; r < R; ++r) segments[s].row[r] = g.a + first[s] * g.a_stride + m + r;
        segments[s].next = next;
        segments[s].next_step = step;
        next += segments[s].K * step;
      }
      kTiles<Real>[R - 1][g.vectors - 1](segments, count, g.b_stride, d, g.d_stride, d, g.d_stride);
    });
  }
}

// d[c] += sum over the runs of row k of one panel, for its vectors: the gradient of a bias.
template <class Real>
void column_sums(const fusedrnn::WeightGradient<Real>& g) {
  constexpr int V = kLanes<Real>;
  for (int c = 0; c < g.vectors; ++c) {
    Vec<Real> sum[4] = {load(g.d + c * V)};
    for (ptrdiff_t run = 0; run < g.runs; ++run) {
      const Real* b = g.b + g.run[run].begin * g.b_stride + c * V;
      ptrdiff_t k = 0;
      for (; k + 4 <= g.run[run].count; k += 4)
        for (int j = 0; j < 4; ++j) sum[j] += load(b + (k + j) * g.b_stride);
      for (; k < g.run[run].count; ++k) sum[0] += load(b + k * g.b_stride);
    }
    store(g.d + c * V, (sum[0] + sum[1]) + (sum[2] + sum[3]));
  }
}

// dx of the rows [k0, k1) of the gate gradients of a chunk: their product with the packed W^T.
template <class Real>
void input_gradient(const fusedrnn::InputGradient<Real>& g, ptrdiff_t k0, ptrdiff_t k1) {
  constexpr int V = kLanes<Real>;
  alignas(64) const Real zeros[kMaxVectors * V] = {};
  alignas(64) Real out[kGroupRows * kMaxVectors * V];
  const Panels X = {g.I, 1, kMaxVectors, V};
  for (ptrdiff_t q = 0; q < X.count(); ++q) {
    const ptrdiff_t width = X.width(q), columns = X.units_in(q);
    for_row_groups(k0, k1, [&](ptrdiff_t k, ptrdiff_t rows) {
      panel_rows_product(g.dgates, g.panels, g.K, k, rows, 0, g.gates, g.wt, X, q, zeros, 0, out);
      for (ptrdiff_t r = 0; r < rows; ++r) {
        const ptrdiff_t step = g.step_begin + (k + r) / g.schedule.N;
        const ptrdiff_t slot = (k + r) % g.schedule.N;
        Real* dx = g.dx.data + g.schedule.row[slot] * g.dx.stride_n +
                   g.schedule.time(slot, step) * g.dx.stride_t + X.offset(q, 1);
        for (ptrdiff_t j = 0; j < columns; j += V)
          columns - j >= V ? store(dx + j, load(out + r * width + j))
                           : store_n(dx + j, load(out + r * width + j), columns - j);
      }
    });
  }
}

}  // namespace
