// What the forward passes of all cells share above the kernels.
#pragma once

#include <initializer_list>

#include "cut.hpp"
#include "dispatch.hpp"
#include "recurrent_arrays.hpp"
#include "weights.hpp"

namespace fusedrnn {

// What a forward pass leaves for the backward pass; unchanged by it. A cell's tape adds to it.
template <class Real>
struct RecurrentTape {
  ptrdiff_t N, T, I, H;
  const KernelTable* table;
  RowOrder order;
  Buffer<Real> h;               // [T+1][N][Hp] by slot
  Buffer<Real> gates;           // [T][panel][N][width] by slot, as the cell's kernel has it
  Buffer<Real> recurrent_mask;  // [G][N][Hp] by slot, or empty
  // Where several calls share them; else null, and the backward pass has the caller's arrays.
  std::shared_ptr<const RecurrentWeights<Real>> weights = nullptr;
};

// Owns what the kernels of one call work on, and runs them.
template <class Real>
class ForwardPass {
 public:
  // A cell of G gates; if there is a tape it keeps `tape_row` values of a row's step.
  ForwardPass(const KernelTable& table, const ForwardArrays<Real>& a, ptrdiff_t I, ptrdiff_t H,
              int G, Activation activation, bool keeps_tape, ptrdiff_t tape_row)
      : table_(table),
        a_(a),
        I_(I),
        H_(H),
        Hp_(round_up(H, kernels_of<Real>(table).lanes)),
        order_(a.N, a.T, a.lengths, a.mask, a.reverse),
        keeps_tape_(keeps_tape),
        operations_(2.0 * double(order_.work()) * G * double(H) * double(I + H)),
        h_(state(a.h0, 2)),
        gates_(keeps_tape ? a.T * a.N * tape_row : 0),
        recurrent_mask_(masks_by_slot(order_.schedule(), G, H, Hp_, a.recurrent_mask)),
        masked_(a.recurrent_mask ? G * a.N * Hp_ : 0),
        activation_(activation) {}

  // The buffer of a state that starts from `initial` (N, H) or zeros: all steps' if there is a
  // tape, else `slots` of them.
  Buffer<Real> state(const Real* initial, ptrdiff_t slots) const {
    Buffer<Real> buffer((keeps_tape_ ? a_.T + 1 : slots) * a_.N * Hp_);
    scatter_rows(order_.schedule(), H_, Hp_, initial, buffer.get());
    return buffer;
  }
  States<Real> states(const Buffer<Real>& buffer, ptrdiff_t slots) const {
    return {buffer.get(), keeps_tape_ ? a_.T + 1 : slots, a_.N * Hp_};
  }
  // The state of each row after its last step, to (N, H).
  void write_final(const States<Real>& states, Real* out) const {
    const Schedule s = order_.schedule();
    for (ptrdiff_t slot = 0; slot < s.N; ++slot)
      std::copy_n(states.at(s.length[slot]) + slot * Hp_, H_, out + s.row[slot] * H_);
  }

  RecurrentCall<Real> call() const {
    return {.N = a_.N,
            .I = I_,
            .H = H_,
            .schedule = order_.schedule(),
            .activation = activation_,
            .x = a_.x,
            .y = a_.y,
            .h = states(h_, 2),
            .gates = keeps_tape_ ? gates_.get() : nullptr,
            .recurrent_mask = recurrent_mask_.get(),
            .masked = masked_.get()};
  }

  // Runs the kernel over all slots, cut over the threads; fills y and h_n. D: the panels of the
  // widest pre-activations; panels: how many the units can be cut into; with_kernel: the panels of
  // each weight buffer that has a kernel in it.
  template <class Args>
  void run(Args args, void (*kernel)(const Args&, ptrdiff_t, ptrdiff_t), const Panels& D,
           ptrdiff_t panels, std::initializer_list<Panels> with_kernel) {
    const int threads = threads_for(operations_, a_.N * D.count());
    const double each = operations_ / double(std::max<ptrdiff_t>(order_.steps(), 1));
    Cut cut(order_, threads, panels, each);
    Interrupt interrupt(operations_, each / threads);
    StepsAhead<Real>& ahead = args.call.ahead;
    ahead.steps = steps_ahead<Real>(cut.rows(), order_.steps(), I_, D.row());
    Buffer<Real> products[2];
    size_t buffer = 0;
    for (const Panels& P : with_kernel) {
      products[buffer] = Buffer<Real>(ahead.steps * a_.N * P.row());
      ahead.products[buffer] = products[buffer].get();
      ++buffer;
    }
    parallel(threads, interrupt, [&](const Team& team) {
      cut.run(team, [&](ptrdiff_t n0, ptrdiff_t n1, const UnitSlice& units) {
        Args slice = args;
        slice.call.units = units;
        kernel(slice, n0, n1);
      });
    });
    zero_after_end(order_.schedule(), a_.T, H_, a_.y);
    write_final(args.call.h, a_.h_n);
  }

  // What is kept for the backward pass; the pass is over then.
  RecurrentTape<Real> take_tape() {
    return {.N = a_.N,
            .T = a_.T,
            .I = I_,
            .H = H_,
            .table = &table_,
            .order = std::move(order_),
            .h = std::move(h_),
            .gates = std::move(gates_),
            .recurrent_mask = std::move(recurrent_mask_)};
  }

 private:
  const KernelTable& table_;
  const ForwardArrays<Real>& a_;
  const ptrdiff_t I_, H_, Hp_;
  RowOrder order_;
  const bool keeps_tape_;
  const double operations_;
  Buffer<Real> h_, gates_, recurrent_mask_, masked_;
  const Activation activation_;
};

}  // namespace fusedrnn
