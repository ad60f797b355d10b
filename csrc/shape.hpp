// The letters of every shape in this project.
//
//   T steps, N rows of the batch, I input features, H hidden units, G gates, V lanes of a vector.
//   The rightmost index is the fastest. Gate order: LSTM i f g o, GRU z r n; the RNN has one.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace fusedrnn {

inline ptrdiff_t round_up(ptrdiff_t n, ptrdiff_t multiple) {
  return (n + multiple - 1) / multiple * multiple;
}

}  // namespace fusedrnn
