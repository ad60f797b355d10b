// What the backward passes of all cells share above the kernels.
#pragma once

#include "forward.hpp"
#include "gradient_products.hpp"

namespace fusedrnn {

// The gate gradients of a chunk of steps stay in L2 between the recurrence that writes them and the
// products that read them, and a product sums over at least 256 rows.
template <class Real>
ptrdiff_t chunk_steps(ptrdiff_t N, ptrdiff_t steps, ptrdiff_t row) {
  const ptrdiff_t fits = ptrdiff_t(1 << 20) / (row * ptrdiff_t(sizeof(Real)));
  const ptrdiff_t most = std::max<ptrdiff_t>(
      1, std::min(steps, std::max<ptrdiff_t>(256, fits) / std::max<ptrdiff_t>(N, 1)));
  const ptrdiff_t chunks = std::max<ptrdiff_t>(1, (steps + most - 1) / most);
  return std::max<ptrdiff_t>(1, (steps + chunks - 1) / chunks);  // of equal length
}

// The active rows of the steps [begin, end), as stretches of a chunk's rows.
inline std::vector<Run> active_runs(const Schedule& s, ptrdiff_t begin, ptrdiff_t end) {
  std::vector<Run> runs;
  for (ptrdiff_t step = begin; step < end; ++step) {
    const ptrdiff_t count = s.active_end(0, s.N, step), first = (step - begin) * s.N;
    if (count == 0) break;
    if (!runs.empty() && runs.back().begin + runs.back().count == first)
      runs.back().count += count;
    else
      runs.push_back({first, count});
  }
  return runs;
}

// From one row of n values to the next where a weight gradient reads columns: rows 2 KiB apart
// would have each column in one or two sets of L1 (measured on Zen 3, AVX2: the weight gradients of
// 512 units 1.06 times as fast, of 1024 units 1.14).
template <class Real>
ptrdiff_t column_stride(ptrdiff_t n) {
  return n * ptrdiff_t(sizeof(Real)) % 2048 == 0 ? n + 64 / ptrdiff_t(sizeof(Real)) : n;
}

// Calls copy(slot, step, row of a chunk) for the steps [begin, end) and the slots [n0, n1).
template <class Copy>
void for_chunk_rows(const Schedule& s, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t n0, ptrdiff_t n1,
                    Copy copy) {
  for (ptrdiff_t step = begin; step < end; ++step) {
    n1 = s.active_end(n0, n1, step);
    for (ptrdiff_t slot = n0; slot < n1; ++slot) copy(slot, step, (step - begin) * s.N + slot);
  }
}

// The chunks of a backward pass, from the last to the first: the recurrence, which writes the gate
// gradients, and then the products that need them.
template <class Real>
class BackwardPass {
 public:
  // D: the panels of the gate gradients, of which the first `input_gates` gates belong to the input
  // product. input_columns: where the blocks of those gates start in the kernel.
  BackwardPass(const RecurrentTape<Real>& tape, const BackwardArrays<Real>& a, const Panels& D,
               int input_gates, const GateColumns& input_columns)
      : k_(kernels_of<Real>(*tape.table)),
        a_(a),
        tape_(tape),
        schedule_(tape.order.schedule()),
        Hp_(round_up(tape.H, k_.lanes)),
        D_(D),
        input_gates_(input_gates),
        operations_(2.0 * double(tape.order.work()) * input_gates * double(tape.H) *
                    double(tape.I + tape.H)),
        chunk_(chunk_steps<Real>(schedule_.N, tape.order.steps(), D.row())),
        x_stride_(column_stride<Real>(tape.I)),
        h_stride_(column_stride<Real>(Hp_)),
        dgates_(D.row() * dgates_rows()),
        x_(chunk_ * schedule_.N * x_stride_),
        dh_(state(a.dh_n)) {
    const Panels input_panels = {
        .units = D.units, .gates = input_gates, .vectors = D.vectors, .lanes = D.lanes};
    if (a.dx.data) wt_ = transpose(Transposes<Real>::kKernel, input_panels, input_columns);
  }

  ptrdiff_t chunk() const { return chunk_; }
  // The gradient of a final state (N, H), or zeros, by slot.
  Buffer<Real> state(const Real* gradient) const {
    Buffer<Real> buffer(schedule_.N * Hp_);
    scatter_rows(schedule_, D_.units, Hp_, gradient, buffer.get());
    return buffer;
  }
  // The gradient of an initial state, to (N, H); or null.
  void write_initial(const Buffer<Real>& buffer, Real* out) const {
    if (out) gather_rows(schedule_, D_.units, Hp_, buffer.get(), out);
  }

  RecurrentBack<Real> back(Activation activation) const {
    return {.N = schedule_.N,
            .H = D_.units,
            .schedule = schedule_,
            .activation = activation,
            .dy = a_.dy,
            .gates = tape_.gates.get(),
            .dgates = dgates_.get(),
            .dh = dh_.get(),
            .needs_dh0 = a_.dh0 != nullptr,
            .chunk = chunk_,
            .recurrent_mask = tape_.recurrent_mask.get()};
  }

  // A transpose in plain panels of a part of the weights, that of some gates of `panels`, whose
  // blocks of columns start at `columns`: from the shared weights if there are such.
  const Real* transpose(typename Transposes<Real>::Which which, const Panels& panels,
                        const GateColumns& columns) {
    const Transposes<Real>& transposes = tape_.weights ? tape_.weights->transposes : transposes_;
    return transposes.get(which, [&] {
      const bool kernel = which == Transposes<Real>::kKernel;
      return transposed_panels<Real>(k_, kernel ? this->kernel() : recurrent_kernel(),
                                     kernel ? tape_.I : tape_.H, panels, columns);
    });
  }
  Matrix<const Real> kernel() {
    return tape_.weights ? tape_.weights->unpack_kernel(unpacked_) : a_.kernel;
  }
  Matrix<const Real> recurrent_kernel() {
    return tape_.weights ? tape_.weights->unpack_recurrent(unpacked_) : a_.recurrent_kernel;
  }
  Matrix<Real> drecurrent() const { return a_.drecurrent; }

  // x against the gates of the input product, with their bias.
  void add_input_product(const Panels& panels, const GateColumns& columns) {
    add_product({.a = x_.get(),
                 .a_stride = x_stride_,
                 .a_step = 0,
                 .rows = tape_.I,
                 .skipped_gates = 0,
                 .panels = panels,
                 .columns = columns,
                 .gradient = a_.dkernel,
                 .dbias = a_.dbias});
  }
  // The states before each step against the gates after the first `skipped_gates`.
  void add_state_product(const Panels& panels, const GateColumns& columns, int skipped_gates,
                         Real* dbias) {
    const bool copied = h_stride_ != Hp_;
    if (copied) h_ = Buffer<Real>(chunk_ * schedule_.N * h_stride_);
    add_product({.a = copied ? h_.get() : tape_.h.get(),
                 .a_stride = h_stride_,
                 .a_step = copied ? 0 : schedule_.N * Hp_,
                 .rows = D_.units,
                 .skipped_gates = skipped_gates,
                 .panels = panels,
                 .columns = columns,
                 .gradient = a_.drecurrent,
                 .dbias = dbias});
  }
  void add_product(WeightProduct<Real> product) { products_.push_back(std::move(product)); }

  // Runs the recurrence and the products that were added; fills dx, dh0 and the products'
  // gradients. prepare(begin, end, n0, n1) is called for the steps and slots of a chunk once their
  // recurrence is done.
  template <class Args, class Prepare>
  void run(const Args& args, void (*recurrence)(const Args&, ptrdiff_t, ptrdiff_t),
           Prepare&& prepare) {
    const ptrdiff_t steps = tape_.order.steps();
    // Nothing is allocated inside the region, where an exception would end the process.
    std::vector<std::vector<Run>> runs;
    for (ptrdiff_t begin = 0; begin < steps; begin += chunk_)
      runs.push_back(active_runs(schedule_, begin, std::min(steps, begin + chunk_)));
    if (runs.empty()) runs.emplace_back();  // no step: the gradients are zeros
    if (runs.size() > 1)
      for (WeightProduct<Real>& p : products_) {
        p.sums = PanelBuffer<Real>(k_, p.panels, {p.dbias != nullptr, p.rows, 0}, p.columns);
        p.sums.zero();
      }
    const int threads = threads_for(2 * operations_, schedule_.N * D_.count());
    const double each = operations_ / double(std::max<ptrdiff_t>(steps, 1));
    Cut cut(tape_.order, threads, unit_panels(D_.units, k_.lanes).count(), each);
    Interrupt interrupt(2 * operations_, each / threads);
    parallel(threads, interrupt, [&](const Team& team) {
      for (size_t c = runs.size(); c-- > 0;) {
        Args of_chunk = args;
        const ptrdiff_t begin = of_chunk.back.step_begin = ptrdiff_t(c) * chunk_;
        const ptrdiff_t end = of_chunk.back.step_end = std::min(steps, begin + chunk_);
        cut.run(team, [&](ptrdiff_t n0, ptrdiff_t n1, const UnitSlice& units) {
          Args slice = of_chunk;
          slice.back.units = units;
          if (begin < end) recurrence(slice, n0, n1);
          if (units.thread > 0) return;  // one of those that share the rows
          copy_rows(begin, end, n0, n1);
          prepare(begin, end, n0, n1);
        });
        add_weight_gradients(team, k_, products_, begin, dgates_.get(), D_, dgates_rows(), runs[c]);
        if (a_.dx.data)
          write_input_gradient(team, k_,
                               {.I = tape_.I,
                                .schedule = schedule_,
                                .dgates = dgates_.get(),
                                .panels = D_,
                                .K = dgates_rows(),
                                .gates = input_gates_,
                                .step_begin = begin,
                                .wt = wt_,
                                .dx = a_.dx},
                               runs[c]);
      }
    });
    if (runs.size() > 1)
      for (const WeightProduct<Real>& p : products_) {
        p.sums.unpack_bias(p.dbias);
        p.sums.unpack_kernel(p.gradient);
      }
    zero_after_end(schedule_, tape_.T, tape_.I, a_.dx);
    write_initial(dh_, a_.dh0);
  }

 private:
  ptrdiff_t dgates_rows() const { return (chunk_ + 1) * schedule_.N; }
  // What the weight gradients read by columns, in the kernels' order.
  void copy_rows(ptrdiff_t begin, ptrdiff_t end, ptrdiff_t n0, ptrdiff_t n1) const {
    for_chunk_rows(schedule_, begin, end, n0, n1, [&](ptrdiff_t slot, ptrdiff_t step, ptrdiff_t k) {
      const Sequence<const Real>& x = a_.x;
      std::copy_n(
          x.data + schedule_.row[slot] * x.stride_n + schedule_.time(slot, step) * x.stride_t,
          tape_.I, x_.get() + k * x_stride_);
      if (h_.get())
        std::copy_n(tape_.h.get() + (step * schedule_.N + slot) * Hp_, Hp_,
                    h_.get() + k * h_stride_);
    });
  }

  const Kernels<Real>& k_;
  const BackwardArrays<Real>& a_;
  const RecurrentTape<Real>& tape_;
  const Schedule schedule_;
  const ptrdiff_t Hp_;
  const Panels D_;
  const int input_gates_;
  const double operations_;
  const ptrdiff_t chunk_, x_stride_, h_stride_;
  Buffer<Real> dgates_, x_, dh_, unpacked_;
  Buffer<Real> h_;  // the states of a chunk, where those of the tape have an unfit stride
  const Transposes<Real> transposes_;
  const Real* wt_ = nullptr;
  std::vector<WeightProduct<Real>> products_;
};

}  // namespace fusedrnn
