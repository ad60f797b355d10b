// out = A B + bias for a packed B.
#pragma once

#include "tile.hpp"

namespace {

template <class Real>
void dense_product(const fusedrnn::DenseProduct<Real>& a, ptrdiff_t begin, ptrdiff_t end) {
  constexpr int V = kLanes<Real>;
  alignas(64) Real out[kMaxRows * kMaxVectors * V];
  const Panels P = fusedrnn::unit_panels(a.columns, V);
  for (ptrdiff_t p = 0; p < P.count(); ++p) {
    const ptrdiff_t width = P.width(p), m = P.units_in(p);
    const int C = int(width / V);
    const Real* b = a.b + P.offset(p, 1 + a.K);
    for_row_tiles(begin, end, C, [&](ptrdiff_t n, int R) {
      Segment<Real> segment;
      for (int r = 0; r < R; ++r) segment.row[r] = a.a + (n + r) * a.a_row;
      segment.stride = a.a_k;
      segment.K = a.K;
      segment.b = b + width;
      kTiles<Real>[R - 1][C - 1](&segment, 1, width, b, 0, out, width);
      for (int r = 0; r < R; ++r)
        for (ptrdiff_t j = 0; j < m; j += V)
          store_n(a.out + (n + r) * a.out_row + P.offset(p, 1) + j, load(out + r * width + j),
                  m - j < V ? m - j : V);
    });
  }
}

}  // namespace
