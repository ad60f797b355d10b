// The products of the backward pass after the recurrence: gradients of the weights, of the biases
// and of the inputs.
#pragma once

#include "panel_product.hpp"

namespace {

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

// C columns and W vectors of an outer product, or the first n elements of one vector.
template <class Real, int C, int W>
FUSEDRNN_INLINE void outer_tile(const fusedrnn::OuterProduct<Real>& o, ptrdiff_t c, ptrdiff_t j,
                                ptrdiff_t n = kLanes<Real>) {
  constexpr ptrdiff_t V = kLanes<Real>;
  Vec<Real> sum[C][W] = {};
  for (ptrdiff_t run = 0; run < o.runs; ++run) {
    const Real* along = o.along + o.run[run].begin * o.along_stride + j;
    const Real* across = o.across + o.run[run].begin * o.across_stride + c;
    for (ptrdiff_t k = 0; k < o.run[run].count; ++k) {
#pragma GCC unroll 4
      for (int w = 0; w < W; ++w) {
        const Vec<Real> v = n < V ? load_n(along, n) : load(along + w * V);
#pragma GCC unroll 4
        for (int i = 0; i < C; ++i) sum[i][w] = multiply_add(splat(across[i]), v, sum[i][w]);
      }
      along += o.along_stride;
      across += o.across_stride;
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < C; ++i) {
    Real* out = o.out + (c + i) * o.out_stride + j;
#pragma GCC unroll 4
    for (int w = 0; w < W; ++w) n < V ? store_n(out, sum[i][w], n) : store(out + w * V, sum[i][w]);
  }
}

template <class Real, int C>
FUSEDRNN_INLINE void outer_columns(const fusedrnn::OuterProduct<Real>& o, ptrdiff_t c) {
  constexpr ptrdiff_t V = kLanes<Real>;
  ptrdiff_t j = 0;
  for (; j + 2 * V <= o.length; j += 2 * V) outer_tile<Real, C, 2>(o, c, j);
  for (; j + V <= o.length; j += V) outer_tile<Real, C, 1>(o, c, j);
  if (j < o.length) outer_tile<Real, C, 1>(o, c, j, o.length - j);
}

// A weight gradient of so few rows that to write it is all the work: straight to where it goes. The
// sums run in the order of `weight_gradient`.
template <class Real>
void outer_product(const fusedrnn::OuterProduct<Real>& o) {
  ptrdiff_t c = 0;
  for (; c + 4 <= o.count; c += 4) outer_columns<Real, 4>(o, c);
  for (; c < o.count; ++c) outer_columns<Real, 1>(o, c);
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
  const Panels X = fusedrnn::unit_panels(g.I, V);
  for (ptrdiff_t q = 0; q < X.count(); ++q) {
    const ptrdiff_t width = X.width(q), columns = X.units_in(q);
    for_row_groups(k0, k1, [&](ptrdiff_t k, ptrdiff_t rows) {
      const GateRows<Real> of_group = {.data = g.dgates,
                                       .panels = g.panels,
                                       .K = g.K,
                                       .first = k,
                                       .rows = rows,
                                       .skipped = 0,
                                       .gates = g.gates};
      panel_rows_product(of_group, g.wt, X, q, zeros, 0, out);
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
