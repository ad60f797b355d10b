// What a kernel object offers: the table of its functions and their argument structs.
//
// Every tensor is described by shape, in the letters of ../shape.hpp, and by who fills it. "By
// slot" means rows in the order of the Schedule. Hp is H rounded up to whole vectors. Nothing
// aliases unless said.
#pragma once

#include "../panels.hpp"
#include "../schedule.hpp"
#include "../view.hpp"

namespace fusedrnn {

// Of the candidate (and, in the LSTM, of the cell state); the gates have the logistic function.
enum class Activation { kTanh, kRelu, kSigmoid, kLinear };

// A stretch of rows.
struct Run {
  ptrdiff_t begin, count;
};

// Layout ------------------------------------------------------------------------------------------

// Where in a matrix (rows, G * H) the block of columns of each of a panel's gates starts.
struct GateColumns {
  ptrdiff_t start[4];
};

// Copies rows of a matrix (rows, G * H) in the public layout to or from rows of a panel buffer.
template <class Real>
struct PanelRows {
  Panels panels;
  Real* data;       // the panel buffer
  ptrdiff_t K;      // rows of the panel buffer
  ptrdiff_t first;  // row of the buffer that is row 0 of the matrix
  ptrdiff_t rows;
  GateColumns columns;
};

// Copies the transpose of a matrix (columns, G * H) to a plain panel buffer: row k of the buffer is
// column k of the matrix, in the order in which the gate panels have their values.
template <class Real>
struct TransposedPanels {
  Panels gates;   // order of the rows
  Panels panels;  // of the result: one gate, `columns` units
  Real* data;     // K = gates.gates * gates.units rows
  GateColumns columns;
};

// Recurrences -------------------------------------------------------------------------------------

// The states that a pass keeps: all of them, T+1, which is a tape, or the last two, or one.
template <class Real>
struct States {
  Real* data;       // [slots][N][Hp] by slot; the first holds the initial state
  ptrdiff_t slots;  // step s starts from slot s, modulo their number
  ptrdiff_t size;   // N * Hp

  Real* at(ptrdiff_t step) const { return data + (slots > 2 ? step : step & (slots - 1)) * size; }
};

// The units that one of several threads computes, of all rows of a call. They meet after each step:
// the next one needs the whole state. A thread that has all units meets itself in a long call.
struct UnitSlice {
  ptrdiff_t thread = 0, threads = 1;
  bool (*wait)(void* meeting, ptrdiff_t threads) = nullptr;
  void* meeting = nullptr;

  ptrdiff_t begin(ptrdiff_t panels) const { return panels * thread / threads; }
  ptrdiff_t end(ptrdiff_t panels) const { return panels * (thread + 1) / threads; }
  // Returns when all have called it; false: the call is to stop.
  bool meet() const { return !wait || wait(meeting, threads); }
};

// Working memory for the input products of `steps` steps ahead of the recurrence; 0: none.
template <class Real>
struct StepsAhead {
  ptrdiff_t steps = 0;
  Real* products[2] = {};  // for each panel buffer with a kernel in it: steps * N rows
};

// What the forward pass of every cell is told. One call runs all steps for the slots [begin, end).
template <class Real>
struct RecurrentCall {
  ptrdiff_t N, I, H;
  Schedule schedule;
  Activation activation;
  Sequence<const Real> x;      // (N, T, I), by row
  Sequence<Real> y;            // (N, T, H), by row, filled; or absent
  States<Real> h;              // the first slot holds h0; the rest is filled
  Real* gates;                 // the tape: [T][panel][N][width] by slot, filled; or null
  const Real* recurrent_mask;  // recurrent dropout's: [G][N][Hp] by slot; or null
  Real* masked;                // where there is one: likewise, scratch: h times its gate's mask
  StepsAhead<Real> ahead = {};
  UnitSlice units = {};
};

template <class Real>
struct LstmForward {
  RecurrentCall<Real> call;  // gates: post-activation i f g o
  const Real* weights;  // panels of i f g o, K = 1 + I + H rows: bias, kernel, recurrent kernel
  States<Real> c;       // as h
};

template <class Real>
struct GruForward {
  RecurrentCall<Real> call;  // gates: post-activation z r n and, reset after, h R_n + b
  bool reset_after;
  bool update_keeps;  // h = z h_prev + (1-z) n; else h = (1-z) h_prev + z n
  // reset after: panels of z r n, K = 1 + I rows (bias, kernel) and K = 1 + H rows.
  // reset before: panels of two vectors of z r and of four vectors of n, K = 1 + I + H rows each.
  const Real* weights[2];
  Real *z, *reset_state;  // reset before: [N][Hp] by slot, z and r * h_prev of the step, scratch
};

template <class Real>
struct RnnForward {
  RecurrentCall<Real> call;  // gates: none
  const Real* weights;       // plain panels, K = 1 + I + H rows: bias, kernel, recurrent kernel
};

// What the backward pass of every cell is told. One call runs the steps [step_begin, step_end), a
// chunk, from the last to the first.
template <class Real>
struct RecurrentBack {
  ptrdiff_t N, H;
  Schedule schedule;
  Activation activation;
  Sequence<const Real> dy;     // (N, T, H), by row; or absent
  const Real* gates;           // the tape, as the forward pass left it
  Real* dgates;                // panels of K = (chunk + 1) * N rows, filled for the chunk;
                               // the last N rows hold the step after it
  Real* dh;                    // [N][Hp] in: dh_n; out: what is still to flow into dh0
  bool needs_dh0;              // or the last of dh is left as it is, a product less
  ptrdiff_t chunk;             // steps that there is room for
  const Real* recurrent_mask;  // [G][N][Hp] by slot, or null
  ptrdiff_t step_begin = 0, step_end = 0;
  UnitSlice units = {};
};

template <class Real>
struct LstmBackward {
  RecurrentBack<Real> back;  // dgates: panels of i f g o
  const Real* c;             // [T+1][N][Hp] by slot, as the forward pass left it
  const Real* rt;            // plain panels of R^T, K = 4H rows in the order of the gate panels;
                             // with a recurrent mask, those of each gate's R^T, K = H rows
  Real* dc;                  // [N][Hp] in: dc_n; out, after step 0: dc0
};

template <class Real>
struct GruBackward {
  RecurrentBack<Real> back;  // dgates: panels of n z r and, reset after, n times r
  bool reset_after;
  bool update_keeps;
  const Real* h;  // [T+1][N][Hp] by slot, as the forward pass left it
  // reset after: R^T of z r n. Reset before: R^T of z r, and of n. As for the LSTM.
  const Real* rt[2];
  Real* rh;  // reset before: [chunk * N][Hp], r * h_prev (times its mask), filled
};

template <class Real>
struct RnnBackward {
  RecurrentBack<Real> back;  // dgates: plain panels, of the pre-activations
  const Real* h;             // as for the GRU
  const Real* rt;            // plain panels of R^T, K = H rows
};

// Products ----------------------------------------------------------------------------------------

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

// Products of vectors, summed over the rows of some runs: out[c][j] = sum of across[k][c]
// along[k][j].
template <class Real>
struct OuterProduct {
  const Real* along;
  ptrdiff_t along_stride, length;
  const Real* across;
  ptrdiff_t across_stride, count;
  Real* out;  // [count][out_stride], filled
  ptrdiff_t out_stride;
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

// The table ---------------------------------------------------------------------------------------

constexpr int kPeakRound = 24;
constexpr int kFingerprintWords = 64;

template <class Real>
struct Kernels {
  int lanes;
  // Forward passes: with weights of type Real, and, of float only, in bfloat16, where the panels of
  // a matrix have `rows_in_panels` rows.
  void (*lstm_forward[2])(const LstmForward<Real>&, ptrdiff_t begin, ptrdiff_t end);
  void (*lstm_backward)(const LstmBackward<Real>&, ptrdiff_t begin, ptrdiff_t end);
  void (*gru_forward[2])(const GruForward<Real>&, ptrdiff_t begin, ptrdiff_t end);
  void (*gru_backward)(const GruBackward<Real>&, ptrdiff_t begin, ptrdiff_t end);
  void (*rnn_forward[2])(const RnnForward<Real>&, ptrdiff_t begin, ptrdiff_t end);
  void (*rnn_backward)(const RnnBackward<Real>&, ptrdiff_t begin, ptrdiff_t end);
  void (*weight_gradient)(const WeightGradient<Real>&, ptrdiff_t m0, ptrdiff_t m1);
  void (*outer_product)(const OuterProduct<Real>&);
  void (*column_sums)(const WeightGradient<Real>&);
  void (*input_gradient)(const InputGradient<Real>&, ptrdiff_t k0, ptrdiff_t k1);
  void (*dense_product)(const DenseProduct<Real>&, ptrdiff_t begin, ptrdiff_t end);
  void (*pack_rows)(const PanelRows<Real>&, Matrix<const Real>);
  void (*unpack_rows)(const PanelRows<Real>&, Matrix<Real>);
  void (*pack_transposed)(const TransposedPanels<Real>&, Matrix<const Real>);
  // Elementwise, for the tests of the accuracy contract: out[j] = f(x[j]), j < n.
  void (*sigmoid)(const Real* x, Real* out, ptrdiff_t n);
  void (*tanh)(const Real* x, Real* out, ptrdiff_t n);
  // For the benchmark: `rounds` rounds of kPeakRound vector multiply-adds.
  Real (*multiply_add)(ptrdiff_t rounds);
};

struct KernelTable {
  const char* isa;
  // Goes on from the state of kFingerprintWords words over so many bytes of memory.
  void (*fingerprint)(const unsigned char* memory, ptrdiff_t bytes, uint32_t* state);
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
