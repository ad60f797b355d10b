// The rows of a tile: where their inputs and outputs are, how many are computed at once.
#pragma once

#include "gemm.hpp"

namespace {

// Rows whose gates are computed at once: as many as leave the chains in registers.
constexpr int kRowsAtOnce = kRegisters == 32 ? 2 : 1;

// A masked step of one vector of units: the state is carried, y is the state or zero.
template <class Real>
FUSEDRNN_INLINE void carry_state(const Real* h_prev, Real* h, Real* y, bool emit, ptrdiff_t m) {
  const Vec<Real> v = load(h_prev);
  store(h, v);
  if (y) store_n(y, emit ? v : Vec<Real>{}, m);
}

template <int kValue>
struct Constant {
  static constexpr int value = kValue;
};

// Calls body(whole, rows, r) for the rows of a tile, several at once where none is masked.
template <class Body>
FUSEDRNN_INLINE void for_rows(int R, bool several, bool whole, Body body) {
  int r = 0;
  if (several)
    for (; r + kRowsAtOnce <= R; r += kRowsAtOnce)
      whole ? body(Constant<1>(), Constant<kRowsAtOnce>(), r)
            : body(Constant<0>(), Constant<kRowsAtOnce>(), r);
  for (; r < R; ++r)
    whole ? body(Constant<1>(), Constant<1>(), r) : body(Constant<0>(), Constant<1>(), r);
}

// Where the outputs of a slot's step go, from `unit` on; null if they are not wanted.
template <class Arguments>
FUSEDRNN_INLINE auto* y_row(const Arguments& a, ptrdiff_t slot, ptrdiff_t s, ptrdiff_t unit) {
  return a.y.data ? a.y.data + a.schedule.row[slot] * a.y.stride_n +
                        a.schedule.time(slot, s) * a.y.stride_t + unit
                  : nullptr;
}

template <class Arguments>
FUSEDRNN_INLINE auto* x_row(const Arguments& a, ptrdiff_t slot, ptrdiff_t s) {
  return a.x.data + a.schedule.row[slot] * a.x.stride_n + a.schedule.time(slot, s) * a.x.stride_t;
}

}  // namespace
