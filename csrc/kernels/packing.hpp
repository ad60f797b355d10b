// Between the public layout and panels.
#pragma once

#include "kernel_table.hpp"
#include "simd.hpp"

namespace {

using fusedrnn::Matrix;

// to(r, c) = from(r, c) between a matrix in C and one in Fortran order, in squares of registers.
template <class Real>
__attribute__((noinline)) void copy_transposed(Matrix<Real> to, Matrix<const Real> from,
                                               ptrdiff_t rows, ptrdiff_t columns) {
  constexpr ptrdiff_t V = kLanes<Real>;
  if (to.column != 1) return copy_transposed(to.transposed(), from.transposed(), columns, rows);
  for (ptrdiff_t r = 0; r < rows; r += V)
    for (ptrdiff_t c = 0; c < columns; c += V) {
      const ptrdiff_t m = rows - r < V ? rows - r : V, n = columns - c < V ? columns - c : V;
      Vec<Real> tile[V];
#pragma GCC unroll 16
      for (ptrdiff_t j = 0; j < V; ++j) {
        const Real* column = from.at(r, c + j).data;
        tile[j] = j >= n ? Vec<Real>{} : m < V ? load_n(column, m) : load(column);
      }
      transpose<Real>(tile);
#pragma GCC unroll 16
      for (ptrdiff_t i = 0; i < V; ++i) {
        if (i >= m) break;
        n < V ? store_n(to.at(r + i, c).data, tile[i], n) : store(to.at(r + i, c).data, tile[i]);
      }
    }
}

// to(r, c) = from(r, c)
template <class Real>
FUSEDRNN_INLINE void copy(Matrix<Real> to, Matrix<const Real> from, ptrdiff_t rows,
                          ptrdiff_t columns) {
  constexpr ptrdiff_t V = kLanes<Real>;
  if (to.column != from.column) return copy_transposed(to, from, rows, columns);
  for (ptrdiff_t r = 0; r < rows; ++r) {
    Real* out = to.data + r * to.row;
    const Real* in = from.data + r * from.row;
    for (ptrdiff_t c = 0; c < columns; c += V) {
      const ptrdiff_t n = columns - c;
      n < V ? store_n(out + c, load_n(in + c, n), n) : store(out + c, load(in + c));
    }
  }
}

// Calls body(block of the panel buffer, block of the matrix, rows, columns) for all of both: where
// the matrix has rows, a few rows at a time, since reads in order are worth a third of the time.
template <class Real, class Element, class Body>
FUSEDRNN_INLINE void for_blocks(const fusedrnn::PanelRows<Real>& a, Matrix<Element> matrix,
                                Body body) {
  const ptrdiff_t step = matrix.column == 1 ? 8 : a.rows;
  for (ptrdiff_t k = 0; k < a.rows; k += step) {
    const ptrdiff_t rows = a.rows - k < step ? a.rows - k : step;
    for (ptrdiff_t p = 0; p < a.panels.count(); ++p) {
      const ptrdiff_t width = a.panels.width(p), m = a.panels.units_in(p);
      Real* panel = a.data + a.panels.offset(p, a.K) + (a.first + k) * width;
      for (int g = 0; g < a.panels.gates; ++g)
        body(Matrix<Real>{panel + g * m, width, 1},
             matrix.at(k, a.columns.start[g] + p * a.panels.full_units()), rows, m);
    }
  }
}

template <class Real>
void pack_rows(const fusedrnn::PanelRows<Real>& a, Matrix<const Real> matrix) {
  for_blocks(a, matrix,
             [&](Matrix<Real> panel, Matrix<const Real> block, ptrdiff_t rows, ptrdiff_t columns) {
               copy<Real>(panel, block, rows, columns);
             });
  // The padding of the last panel: read by the tiles, never used, but finite.
  const ptrdiff_t p = a.panels.count() - 1, width = a.panels.width(p);
  const ptrdiff_t used = a.panels.gates * a.panels.units_in(p);
  Real* panel = a.data + a.panels.offset(p, a.K) + a.first * width;
  for (ptrdiff_t k = 0; k < a.rows; ++k)
    for (ptrdiff_t j = used; j < width; ++j) panel[k * width + j] = 0;
}

template <class Real>
void unpack_rows(const fusedrnn::PanelRows<Real>& a, Matrix<Real> matrix) {
  for_blocks(a, matrix,
             [&](Matrix<Real> panel, Matrix<Real> block, ptrdiff_t rows, ptrdiff_t columns) {
               copy<Real>(block, panel, rows, columns);
             });
}

template <class Real>
void pack_transposed(const fusedrnn::TransposedPanels<Real>& a, Matrix<const Real> matrix) {
  const ptrdiff_t K = a.gates.gates * a.gates.units;
  for (ptrdiff_t q = 0; q < a.panels.count(); ++q) {
    const ptrdiff_t width = a.panels.width(q), columns = a.panels.units_in(q);
    Matrix<Real> out = {a.data + a.panels.offset(q, K), width, 1};
    for (ptrdiff_t k = 0; k < K; ++k)
      for (ptrdiff_t j = columns; j < width; ++j) *out.at(k, j).data = 0;
    for (ptrdiff_t p = 0; p < a.gates.count(); ++p)
      for (int g = 0; g < a.gates.gates; ++g) {
        const Matrix<const Real> block =
            matrix.at(q * a.panels.full_units(), a.columns.start[g] + p * a.gates.full_units());
        copy<Real>(out, block.transposed(), a.gates.units_in(p), columns);
        out = out.at(a.gates.units_in(p), 0);
      }
  }
}

}  // namespace
