// Between the public layout and panels.
#pragma once

#include "kernel_table.hpp"
#include "simd.hpp"

namespace {

// Calls body(panel row, matrix row, n) for each stretch of n contiguous values.
template <class Real, class Body>
FUSEDRNN_INLINE void for_stretches(const fusedrnn::PanelRows<Real>& a, Body body) {
  constexpr int V = kLanes<Real>;
  for (ptrdiff_t p = 0; p < a.panels.count(); ++p) {
    const ptrdiff_t width = a.panels.width(p), m = a.panels.units_in(p);
    Real* panel = a.data + a.panels.offset(p, a.K) + a.first * width;
    for (ptrdiff_t k = 0; k < a.rows; ++k, panel += width)
      for (int g = 0; g < a.panels.gates; ++g)
        for (ptrdiff_t j = 0; j < m; j += V)
          body(panel + g * m + j, k * a.ld + a.column[g] + p * a.panels.full_units() + j,
               m - j < V ? m - j : V);
  }
}

template <class Real>
void pack(const fusedrnn::PanelRows<Real>& a, const Real* matrix) {
  for_stretches(a, [&](Real* panel, ptrdiff_t at, ptrdiff_t n) {
    n == kLanes<Real> ? store(panel, load(matrix + at)) : store_n(panel, load_n(matrix + at, n), n);
  });
  // The padding of the last panel: read by the tiles, never used, but finite.
  const ptrdiff_t p = a.panels.count() - 1, width = a.panels.width(p);
  const ptrdiff_t used = a.panels.gates * a.panels.units_in(p);
  Real* panel = a.data + a.panels.offset(p, a.K) + a.first * width;
  for (ptrdiff_t k = 0; k < a.rows; ++k)
    for (ptrdiff_t j = used; j < width; ++j) panel[k * width + j] = 0;
}

template <class Real>
void unpack(const fusedrnn::PanelRows<Real>& a, Real* matrix) {
  for_stretches(a, [&](Real* panel, ptrdiff_t at, ptrdiff_t n) {
    n == kLanes<Real> ? store(matrix + at, load(panel)) : store_n(matrix + at, load_n(panel, n), n);
  });
}

template <class Real>
void pack_transposed(const fusedrnn::TransposedPanels<Real>& a, const Real* matrix) {
  const ptrdiff_t K = a.gates.gates * a.gates.units;
  for (ptrdiff_t q = 0; q < a.panels.count(); ++q) {
    const ptrdiff_t width = a.panels.width(q), columns = a.panels.units_in(q);
    const Real* rows = matrix + q * a.panels.full_units() * a.ld;
    Real* out = a.data + a.panels.offset(q, K);
    for (ptrdiff_t p = 0; p < a.gates.count(); ++p)
      for (int g = 0; g < a.gates.gates; ++g) {
        const Real* block = rows + a.column[g] + p * a.gates.full_units();
        for (ptrdiff_t unit = 0; unit < a.gates.units_in(p); ++unit, out += width) {
          for (ptrdiff_t j = 0; j < columns; ++j) out[j] = block[j * a.ld + unit];
          for (ptrdiff_t j = columns; j < width; ++j) out[j] = 0;
        }
      }
  }
}

}  // namespace
