// What a kernel object offers: the table of its functions and their argument structs.
//
// Every tensor is described by shape, in the letters of shape.hpp, and by who fills it. "By slot"
// means rows in the order of the Schedule. Hp is H rounded up to whole vectors. Nothing aliases
// unless said.
#pragma once

#include "../view.hpp"

namespace fusedrnn {

struct Run {
  ptrdiff_t begin, count;
};

// Copies blocks of a matrix (rows, G * H) in the public layout to or from rows of a panel buffer.
template <class Real>
struct PanelRows {
  Panels panels;
  ptrdiff_t K;      // rows of the panel buffer
  ptrdiff_t first;  // row of the buffer that is row 0 of the matrix
  Real* data;       // the panel buffer
  ptrdiff_t rows;
  ptrdiff_t column[4];  // where in the matrix the block of each of the panels' gates starts
};

// Copies the transpose of a matrix (columns, G * H) to a plain panel buffer: row k of the buffer is
// column k of the matrix, in the order in which the gate panels have their values.
template <class Real>
struct TransposedPanels {
  Panels gates;   // order of the rows
  Panels panels;  // of the result: one gate, `columns` units
  Real* data;     // K = gates.gates * gates.units rows
  ptrdiff_t column[4];
};

// One call runs all steps for the slots [begin, end).
template <class Real>
struct LstmForward {
  ptrdiff_t N, I, H;
  Schedule schedule;
  Sequence<const Real> x;  // (N, T, I), by row
  Sequence<Real> y;        // (N, T, H), by row, filled; or absent
  const Real* weights;     // panels of i f g o, K = 1 + I + H rows: bias, kernel, recurrent kernel
  Real* h;                 // [slots][N][Hp], by slot; slot 0 holds h0; the rest is filled
  Real* c;                 // likewise
  ptrdiff_t ring;          // -1: T+1 time slots are kept (a tape); 1: h has two, c one
  Real* gates;             // [T][panel][N][width] post-activation i f g o, filled; or null
  const Real* recurrent_mask = nullptr;  // for lstm_forward_dropout: [4][N][Hp] by slot
  Real* masked = nullptr;                // likewise, scratch: h times its gate's mask
  StepsAhead<Real> ahead = {};
  UnitShare share = {};
  Activation activation = Activation::kTanh;
};

template <class Real>
struct LstmBackward {
  ptrdiff_t N, H;
  Schedule schedule;
  Sequence<const Real> dy;  // (N, T, H), by row; or absent
  const Real* c;            // as the forward pass left it (ring -1)
  const Real* gates;
  const Real* rt;  // plain panels of R^T, K = 4H rows in the order of the gate panels;
                   // with a recurrent mask, those of each gate's R^T, K = H rows
  Real* dgates;    // panels of i f g o, K = (chunk + 1) * N rows, filled for the chunk;
                   // the last N rows hold the step after it
  Real* dh;        // [N][Hp] in: dh_n; out: what is still to flow into dh0
  Real* dc;        // [N][Hp] in: dc_n; out, after step 0: dc0
  ptrdiff_t step_begin, step_end, chunk;
  const Real* recurrent_mask = nullptr;  // [4][N][Hp] by slot, or null
  UnitShare share = {};
  Activation activation = Activation::kTanh;
};

template <class Real>
struct GruForward {
  ptrdiff_t N, I, H;
  Schedule schedule;
  bool reset_after;
  bool update_keeps;  // h = z h_prev + (1-z) n; else h = (1-z) h_prev + z n
  Sequence<const Real> x;
  Sequence<Real> y;
  // reset after: panels of z r n, K = 1 + I rows (bias, kernel) and K = 1 + H rows.
  // reset before: panels of two vectors of z r and of four vectors of n, K = 1 + I + H rows each.
  const Real* weights[2];
  Real* h;  // as for the LSTM
  ptrdiff_t ring;
  Real* gates;    // [T][panel][N][width] of z r n and, reset after, h R_n + b; or null
  Real* scratch;  // reset before: [2][N][Hp], z and r * h_prev of the step
  const Real* recurrent_mask = nullptr;  // for gru_forward_dropout: [3][N][Hp] by slot
  Real* masked = nullptr;                // as for the LSTM
  StepsAhead<Real> ahead = {};
  UnitShare share = {};
  Activation activation = Activation::kTanh;
};

template <class Real>
struct GruBackward {
  ptrdiff_t N, H;
  Schedule schedule;
  bool reset_after;
  bool update_keeps;
  Sequence<const Real> dy;
  const Real* h;
  const Real* gates;
  // reset after: R^T of z r n. Reset before: R^T of z r, and of n. As for the LSTM.
  const Real* rt[2];
  Real* dgates;  // panels of n z r and, reset after, n times r; as for the LSTM
  Real* dh;      // [N][Hp] as for the LSTM
  Real* rh;      // reset before: [chunk * N][Hp], r * h_prev (times its mask), filled
  ptrdiff_t step_begin, step_end, chunk;
  const Real* recurrent_mask = nullptr;  // [3][N][Hp] by slot, or null
  UnitShare share = {};
  Activation activation = Activation::kTanh;
};

// One panel of d += A^T B, summed over the runs of rows in a fixed order.
template <class Real>
struct WeightGradient {
  const Real* a;  // [rows][a_stride]
  ptrdiff_t a_stride;
  const Real* b;  // [rows][b_stride], `vectors` vectors of each row are used
  ptrdiff_t b_stride;
  int vectors;
  Real* d;  // [m][d_stride], added to
  ptrdiff_t d_stride;
  const Run* run;
  ptrdiff_t runs;
};

template <class Real>
struct InputGradient {
  ptrdiff_t I;
  Schedule schedule;
  const Real* dgates;
  Panels panels;         // of dgates
  ptrdiff_t K;           // rows of dgates
  int gates;             // leading gates of a panel that the input product has
  ptrdiff_t step_begin;  // the step of the first N rows
  const Real* wt;        // plain panels of W^T, gates * H rows
  Sequence<Real> dx;     // (N, T, I), by row
};

// out = A B + bias for rows [begin, end).
template <class Real>
struct DenseProduct {
  const Real* a;         // [rows] of K values
  ptrdiff_t a_row, a_k;  // strides
  ptrdiff_t K;
  const Real* b;  // plain panels, 1 + K rows: bias, matrix
  ptrdiff_t columns;
  Real* out;
  ptrdiff_t out_row;
};

constexpr int kPeakChains = 12;

template <class Real>
struct Kernels {
  int lanes;
  void (*lstm_forward)(const LstmForward<Real>&, ptrdiff_t begin, ptrdiff_t end);
  void (*lstm_forward_dropout)(const LstmForward<Real>&, ptrdiff_t begin, ptrdiff_t end);
  void (*lstm_backward)(const LstmBackward<Real>&, ptrdiff_t begin, ptrdiff_t end);
  void (*gru_forward)(const GruForward<Real>&, ptrdiff_t begin, ptrdiff_t end);
  void (*gru_forward_dropout)(const GruForward<Real>&, ptrdiff_t begin, ptrdiff_t end);
  void (*gru_backward)(const GruBackward<Real>&, ptrdiff_t begin, ptrdiff_t end);
  void (*weight_gradient)(const WeightGradient<Real>&, ptrdiff_t m0, ptrdiff_t m1);
  void (*column_sums)(const WeightGradient<Real>&);
  void (*input_gradient)(const InputGradient<Real>&, ptrdiff_t k0, ptrdiff_t k1);
  void (*dense)(const DenseProduct<Real>&, ptrdiff_t begin, ptrdiff_t end);
  void (*pack)(const PanelRows<Real>&, Matrix<const Real>);
  void (*unpack)(const PanelRows<Real>&, Matrix<Real>);
  void (*pack_transposed)(const TransposedPanels<Real>&, Matrix<const Real>);
  // Elementwise, for the tests of the accuracy contract: out[j] = f(x[j]), j < n.
  void (*sigmoid)(const Real* x, Real* out, ptrdiff_t n);
  void (*tanh)(const Real* x, Real* out, ptrdiff_t n);
  // For the benchmark: `rounds` rounds of kPeakChains independent vector multiply-adds.
  Real (*multiply_add)(ptrdiff_t rounds);
};

struct KernelTable {
  const char* isa;
  Kernels<float> f32;
  Kernels<double> f64;
};

template <class Real>
inline const Kernels<Real>& kernels_of(const KernelTable& table);
template <>
inline const Kernels<float>& kernels_of<float>(const KernelTable& table) {
  return table.f32;
}
template <>
inline const Kernels<double>& kernels_of<double>(const KernelTable& table) {
  return table.f64;
}

}  // namespace fusedrnn
