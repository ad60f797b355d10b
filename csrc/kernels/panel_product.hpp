// The product of rows of a panel buffer with a plain panel buffer: how gate gradients become
// gradients of states and of inputs.
#pragma once

#include "tile.hpp"

namespace {

// Whole tiles of 3, 6 and 8. Measured on Zen 3, AVX2, the products by themselves: 64 rows as one
// group and not as 48 and 16 run 1.02 times as fast at 512 and at 1024 units.
constexpr ptrdiff_t kGroupRows = 72;

// Calls body(first, rows) over [begin, end) in groups of at most kGroupRows.
template <class Body>
FUSEDRNN_INLINE void for_row_groups(ptrdiff_t begin, ptrdiff_t end, Body body) {
  for (ptrdiff_t n = begin; n < end; n += kGroupRows)
    body(n, end - n < kGroupRows ? end - n : kGroupRows);
}

// Some rows of a panel buffer of K rows, and the gates that a product has of them: in each panel
// `gates` of them after the first `skipped`, so gates * units_in(p) values of a row.
template <class Real>
struct GateRows {
  const Real* data;
  Panels panels;
  ptrdiff_t K;
  ptrdiff_t first, rows;
  int skipped, gates;
};

struct Nothing {
  void operator()(ptrdiff_t) const {}
};

// out (a.rows, X.width(q)) = init + the product of these rows with panel q of the plain panels X of
// `weights`, which have their rows in the order in which a row of the gate panels has its values.
// A stretch of panel q at a time for all rows: R^T of 1024 units has panels of a megabyte.
// beside(r) is called before the last tile over row r.
template <class Real, class Beside = Nothing>
void panel_rows_product(const GateRows<Real>& a, const Real* weights, const Panels& X, ptrdiff_t q,
                        const Real* init, ptrdiff_t init_stride, Real* out, Beside beside = {}) {
  // Gate panels of a stretch, which with AVX2 then has 16 KiB and stays in L1 (measured on Zen 3,
  // the products by themselves, beside stretches of twice the length: 1.02 to 1.03).
  constexpr ptrdiff_t kBatch = 4;
  Segment<Real> segments[kBatch];
  const Panels P = a.panels;
  const ptrdiff_t width = X.width(q), row0 = a.first;
  const int C = int(width / X.lanes);
  const Real* b = weights + X.offset(q, a.gates * P.units);
  const bool prefetches = !stays_in_l2<Real>(a.gates * P.units * X.units);

  for (ptrdiff_t p = 0; p < P.count(); p += kBatch) {
    const ptrdiff_t count = P.count() - p < kBatch ? P.count() - p : kBatch;
    const Real* b_end = b;
    for (ptrdiff_t s = 0; s < count; ++s) {
      segments[s].stride = 1;
      segments[s].K = a.gates * P.units_in(p + s);
      segments[s].b = b_end;
      b_end += segments[s].K * width;
    }
    NextPanel<Real> next;
    if (prefetches) next = NextPanel<Real>(b_end, b_end - b, a.rows);
    for_row_tiles(0, a.rows, C, [&](ptrdiff_t n, int R) {
      for (ptrdiff_t s = 0; s < count; ++s) {
        const ptrdiff_t row = P.width(p + s);
        const Real* of_row =
            a.data + P.offset(p + s, a.K) + (row0 + n) * row + a.skipped * P.units_in(p + s);
        for (int r = 0; r < R; ++r) segments[s].row[r] = of_row + r * row;
      }
      next.spread(segments, count, n, R);
      if (p + kBatch >= P.count())
        for (int r = 0; r < R; ++r) beside(n + r);
      kTiles<Real>[R - 1][C - 1](segments, count, width, init + n* init_stride, init_stride,
                                 out + n* width, width);
    });
    b = b_end;
    init = out;
    init_stride = width;
  }
}

}  // namespace
