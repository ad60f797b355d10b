// The products of a backward pass after the recurrence, shared out over threads: the gradients of
// the weights and of the inputs.
#pragma once

#include <algorithm>
#include <vector>

#include "panel_buffer.hpp"
#include "parallel.hpp"

namespace fusedrnn {

constexpr ptrdiff_t kRowBlock = 48;  // rows of a gradient at a time: whole tiles of 6 and 8
constexpr ptrdiff_t kFewRows = 8;    // summed rows up to which a gradient is written without panels

// A product that adds to the weight gradients: A^T times some gates of the gate gradients.
template <class Real>
struct WeightProduct {
  const Real* a;  // [rows of a chunk or of all steps][a_stride]
  ptrdiff_t a_stride;
  ptrdiff_t a_step;   // from one step to the next if it has all steps, else 0
  ptrdiff_t rows;     // used columns of A = rows of the gradient
  int skipped_gates;  // gates of the gate gradients before those of the product
  Panels panels;      // of these
  GateColumns columns;
  Matrix<Real> gradient;
  Real* dbias;                  // null, or the gradient of the bias: sums of the same gates
  PanelBuffer<Real> sums = {};  // over chunks, where there are several
};

// Rows of one panel of a product, in `data`.
template <class Real>
PanelRows<Real> of_panel(const WeightProduct<Real>& product, ptrdiff_t p, Real* data,
                         ptrdiff_t rows) {
  const Panels& P = product.panels;
  return {.panels = {P.units_in(p), P.gates, P.vectors, P.lanes},
          .data = data,
          .K = rows,
          .first = 0,
          .rows = rows,
          .columns = product.columns};
}

// Rows [m0, m1) and panel p of a product that is not summed over chunks.
template <class Real>
void write_weight_gradient(const Kernels<Real>& k, const WeightProduct<Real>& product,
                           WeightGradient<Real> g, ptrdiff_t p, ptrdiff_t m0, ptrdiff_t m1,
                           ptrdiff_t summed_rows) {
  const Panels& P = product.panels;
  const ptrdiff_t units = P.units_in(p);
  const Matrix<Real> out = product.gradient.at(m0, p * P.full_units());
  if (summed_rows <= kFewRows) {
    const bool fortran = out.row == 1;
    for (int gate = 0; gate < P.gates; ++gate) {
      OuterProduct<Real> o = {.along = g.a,
                              .along_stride = g.a_stride,
                              .length = m1 - m0,
                              .across = g.b + gate * units,
                              .across_stride = g.b_stride,
                              .count = units,
                              .out = out.at(0, product.columns.start[gate]).data,
                              .out_stride = fortran ? out.column : out.row,
                              .run = g.run,
                              .runs = g.runs};
      if (!fortran) {
        std::swap(o.along, o.across);
        std::swap(o.along_stride, o.across_stride);
        std::swap(o.length, o.count);
      }
      k.outer_product(o);
    }
    return;
  }
  alignas(64) Real sums[(kRowBlock + 1) * kMostPanelWidth<Real>];  // and slack: buffer.hpp
  std::fill_n(sums, (m1 - m0) * g.d_stride, Real(0));
  g.d = sums;
  k.weight_gradient(g, 0, m1 - m0);
  k.unpack_rows(of_panel(product, p, sums, m1 - m0), out);
}

// All products for the chunk that begins at `step`, shared out by panels and blocks of rows; the
// order in which each element is summed does not depend on the threads. Products of one chunk are
// written to the gradients, others are added to their sums.
template <class Real>
void add_weight_gradients(const Team& team, const Kernels<Real>& k,
                          const std::vector<WeightProduct<Real>>& products, ptrdiff_t step,
                          const Real* dgates, const Panels& D, ptrdiff_t dgates_rows,
                          const std::vector<Run>& runs) {
  ptrdiff_t summed_rows = 0;
  for (const Run& run : runs) summed_rows += run.count;
  for (const WeightProduct<Real>& product : products) {
    const Panels& P = product.panels;
    const bool bias = product.dbias != nullptr;
    const ptrdiff_t blocks = (product.rows + kRowBlock - 1) / kRowBlock + bias;
    team.for_each(P.count() * blocks, [&](ptrdiff_t piece) {
      const ptrdiff_t p = piece / blocks, block = piece % blocks - bias;
      const ptrdiff_t m0 = std::max<ptrdiff_t>(block, 0) * kRowBlock;
      const ptrdiff_t m1 = std::min(product.rows, m0 + kRowBlock);
      WeightGradient<Real> g = {
          .a = product.a + step * product.a_step + m0,
          .a_stride = product.a_stride,
          .b = dgates + D.offset(p, dgates_rows) + product.skipped_gates * D.units_in(p),
          .b_stride = D.width(p),
          .vectors = int(P.width(p) / P.lanes),
          .d = nullptr,
          .d_stride = P.width(p),
          .run = runs.data(),
          .runs = ptrdiff_t(runs.size())};
      const PanelBuffer<Real>& sums = product.sums;
      if (sums.get()) g.d = sums.get() + P.offset(p, sums.K());
      if (block < 0) {
        alignas(64) Real row[kMostPanelWidth<Real>] = {};
        if (!g.d) g.d = row;
        k.column_sums(g);
        if (g.d == row)
          k.unpack_rows(of_panel(product, p, row, 1), {product.dbias + p * P.full_units(), 0, 1});
      } else if (g.d) {
        g.d += (sums.first_kernel() + m0) * g.d_stride;
        k.weight_gradient(g, 0, m1 - m0);
      } else {
        write_weight_gradient(k, product, g, p, m0, m1, summed_rows);
      }
    });
  }
}

// dx of one chunk, shared out by rows.
template <class Real>
void write_input_gradient(const Team& team, const Kernels<Real>& k, const InputGradient<Real>& g,
                          const std::vector<Run>& runs) {
  constexpr ptrdiff_t kBlock = 64;  // one group of rows of the kernel; equal shares of 256 rows
  for (const Run& run : runs)
    team.for_each((run.count + kBlock - 1) / kBlock, [&](ptrdiff_t piece) {
      const ptrdiff_t k0 = run.begin + piece * kBlock;
      k.input_gradient(g, k0, std::min(run.begin + run.count, k0 + kBlock));
    });
}

}  // namespace fusedrnn
