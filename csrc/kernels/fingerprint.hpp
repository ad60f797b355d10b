// A fingerprint of memory: what tells whether any byte of some weights has changed.
#pragma once

#include "kernel_table.hpp"
#include "simd.hpp"

namespace {

typedef uint32_t Words __attribute__((vector_size(kVectorBytes)));
typedef uint32_t AnyBytes __attribute__((vector_size(kVectorBytes), aligned(1), may_alias));

// The state is four rows of 16 words, whatever the vector: a block of as many words of memory goes
// in as row <- rotate((row ^ memory) + next row, 13) * odd, row after row. Given the memory each
// step has an inverse, so that one word that differs always ends in another state. The rotation is
// there since a product hands nothing down from the highest bit, which is a float's sign; the next
// row, since a column of weights may lie in one lane alone.
FUSEDRNN_INLINE void absorb(Words* state, const AnyBytes* block) {
  constexpr int kVectors = fusedrnn::kFingerprintWords * 4 / kVectorBytes, kRow = kVectors / 4;
#pragma GCC unroll 16
  for (int k = 0; k < kVectors; ++k) {
    const Words mixed = (state[k] ^ block[k]) + state[(k + kRow) % kVectors];
    state[k] = (mixed << 13 | mixed >> 19) * 0x9E3779B1u;
  }
}

void fingerprint(const unsigned char* memory, ptrdiff_t bytes, uint32_t* state) {
  constexpr ptrdiff_t kBlock = fusedrnn::kFingerprintWords * 4;
  Words words[kBlock / kVectorBytes];
  __builtin_memcpy(words, state, kBlock);
  for (; bytes >= kBlock; memory += kBlock, bytes -= kBlock)
    absorb(words, reinterpret_cast<const AnyBytes*>(memory));
  if (bytes) {
    AnyBytes last[kBlock / kVectorBytes] = {};
    __builtin_memcpy(last, memory, size_t(bytes));
    absorb(words, last);
  }
  __builtin_memcpy(state, words, kBlock);
}

}  // namespace
