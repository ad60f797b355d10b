// What a tape has of each step, in the caller's layout: for somebody who looks at it.
#pragma once

#include <limits>

#include "forward.hpp"

namespace fusedrnn {

// Fills out[g] (N, T, H) with gate g of a tape that keeps `kept` gates, the first `gates` of them,
// and then, unless c is null, out[gates] with that state [T+1][N][Hp] after each step. NaN where
// there was no step: after the end of a row, and where it is masked.
template <class Real>
void write_gates(const RecurrentTape<Real>& tape, int kept, int gates, const Real* c,
                 const Sequence<Real>* out) {
  const int lanes = kernels_of<Real>(*tape.table).lanes;
  const Panels P = gate_panels(tape.H, kept, lanes);
  const ptrdiff_t Hp = round_up(tape.H, lanes);
  const Schedule s = tape.order.schedule();
  for (ptrdiff_t slot = 0; slot < tape.N; ++slot)
    for (ptrdiff_t t = 0; t < tape.T; ++t) {
      const auto to = [&](int k) {
        return out[k].data + s.row[slot] * out[k].stride_n + t * out[k].stride_t;
      };
      const bool inside = t < s.length[slot];
      const ptrdiff_t step = inside ? s.time(slot, t) : 0;  // its own inverse
      if (!inside || !(s.flags(slot, step) & Schedule::kValid)) {
        for (int k = 0; k < gates + (c != nullptr); ++k)
          std::fill_n(to(k), tape.H, std::numeric_limits<Real>::quiet_NaN());
        continue;
      }
      for (ptrdiff_t p = 0; p < P.count(); ++p) {
        const ptrdiff_t m = P.units_in(p);
        const Real* of_step = tape.gates.get() + step * tape.N * P.row();
        const Real* from = of_step + P.offset(p, tape.N) + slot * P.width(p);
        for (int g = 0; g < gates; ++g) std::copy_n(from + g * m, m, to(g) + p * P.full_units());
      }
      if (c) std::copy_n(c + ((step + 1) * tape.N + slot) * Hp, tape.H, to(gates));
    }
}

}  // namespace fusedrnn
