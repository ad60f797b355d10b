// What the backward passes of the LSTM and the GRU share above the kernels.
#pragma once

#include "recurrent.hpp"

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

// Part of the weight gradients: rows of A against some gates of the gate gradients.
template <class Real>
struct GradientPart {
  const Real* a;  // [rows][a_stride], of a chunk's rows or of all
  ptrdiff_t a_stride;
  ptrdiff_t a_step;   // from one step to the next if they are of all, else 0
  ptrdiff_t rows;     // used columns of A = rows of the gradient
  Panels panels;      // of the gradient: the gates of this part
  int skipped_gates;  // gates of the gate gradients before them
  Real* d;            // panel buffer of K rows, added to
  ptrdiff_t K, first;
  bool bias;  // row 0 of d is the gradient of the bias
};

// All parts for the chunk that begins at `step`, shared out by panels and blocks of rows; the order
// in which each element is summed does not depend on the threads.
template <class Real>
void add_weight_gradients(const Team& team, const Kernels<Real>& k,
                          const std::vector<GradientPart<Real>>& parts, ptrdiff_t step,
                          const Real* dgates, const Panels& D, ptrdiff_t dgates_rows,
                          const std::vector<Run>& runs) {
  constexpr ptrdiff_t kBlock = 48;  // rows a piece: whole tiles of 6 and 8
  for (const GradientPart<Real>& part : parts) {
    const ptrdiff_t blocks = (part.rows + kBlock - 1) / kBlock + part.bias;
    team.share(part.panels.count() * blocks, [&](ptrdiff_t piece) {
      const ptrdiff_t p = piece / blocks, block = piece % blocks - part.bias;
      WeightGradient<Real> g;
      g.a = part.a + step * part.a_step;
      g.a_stride = part.a_stride;
      g.b = dgates + D.offset(p, dgates_rows) + part.skipped_gates * D.units_in(p);
      g.b_stride = D.width(p);
      g.d_stride = part.panels.width(p);
      g.vectors = int(g.d_stride / part.panels.lanes);
      g.run = runs.data();
      g.runs = ptrdiff_t(runs.size());
      g.d = part.d + part.panels.offset(p, part.K);
      if (block < 0) return k.column_sums(g);
      g.d += part.first * g.d_stride;
      k.weight_gradient(g, block * kBlock, std::min(part.rows, (block + 1) * kBlock));
    });
  }
}

// dx of one chunk, shared out by rows.
template <class Real>
void write_input_gradient(const Team& team, const Kernels<Real>& k, const InputGradient<Real>& g,
                          const std::vector<Run>& runs) {
  constexpr ptrdiff_t kBlock = 48;
  for (const Run& run : runs)
    team.share((run.count + kBlock - 1) / kBlock, [&](ptrdiff_t piece) {
      const ptrdiff_t k0 = run.begin + piece * kBlock;
      k.input_gradient(g, k0, std::min(run.begin + run.count, k0 + kBlock));
    });
}

// x of the steps [begin, end) and the slots [n0, n1), as rows [chunk * N][I] in the kernels' order.
template <class Real>
void copy_inputs(const Schedule& s, Sequence<const Real> x, ptrdiff_t I, ptrdiff_t begin,
                 ptrdiff_t end, ptrdiff_t n0, ptrdiff_t n1, Real* out) {
  for (ptrdiff_t step = begin; step < end; ++step) {
    n1 = s.active_end(n0, n1, step);
    for (ptrdiff_t slot = n0; slot < n1; ++slot)
      std::copy_n(x.data + s.row[slot] * x.stride_n + s.time(slot, step) * x.stride_t, I,
                  out + ((step - begin) * s.N + slot) * I);
  }
}

// The chunks of a backward pass, from the last to the first: the recurrence, which writes the gate
// gradients, and then the products that need them.
template <class Real>
class BackwardPass {
 public:
  // D: the panels of the gate gradients, of which the first `input_gates` gates belong to the input
  // product.
  BackwardPass(const Kernels<Real>& k, const RowOrder& order, const BackwardArrays<Real>& a,
               ptrdiff_t I, ptrdiff_t H, const Panels& D, int input_gates)
      : k_(k),
        a_(a),
        order_(order),
        schedule_(order.schedule()),
        I_(I),
        D_(D),
        input_gates_(input_gates),
        operations_(2.0 * double(order.work()) * input_gates * double(H) * double(I + H)),
        chunk_(chunk_steps<Real>(schedule_.N, order.steps(), D.row())),
        dgates_(D.row() * dgates_rows()),
        x_(chunk_ * schedule_.N * I) {}

  ptrdiff_t chunk() const { return chunk_; }
  Real* dgates() const { return dgates_.get(); }
  const Real* x() const { return x_.get(); }  // the inputs of the current chunk

  // wt: W^T in plain panels, if dx is wanted. prepare(begin, end, n0, n1) is called for the steps
  // and slots of a chunk once their recurrence is done.
  template <class Arguments, class Prepare>
  void run(const Arguments& args, void (*recurrence)(const Arguments&, ptrdiff_t, ptrdiff_t),
           const std::vector<GradientPart<Real>>& parts, const Real* wt, Prepare&& prepare) {
    const ptrdiff_t steps = order_.steps(), H = D_.units;
    const Panels of_h = {H, 1, 4, k_.lanes};
    // Nothing is allocated inside the region, where an exception would end the process.
    std::vector<std::vector<Run>> runs;
    for (ptrdiff_t begin = 0; begin < steps; begin += chunk_)
      runs.push_back(active_runs(schedule_, begin, std::min(steps, begin + chunk_)));
    const int threads = threads_for(2 * operations_, schedule_.N * D_.count());
    Cut cut(order_, threads, of_h.count(), operations_ / double(std::max<ptrdiff_t>(steps, 1)));
    parallel(threads, [&](const Team& team) {
      for (size_t c = runs.size(); c-- > 0;) {
        Arguments step = args;
        step.step_begin = ptrdiff_t(c) * chunk_;
        step.step_end = std::min(steps, step.step_begin + chunk_);
        cut.share(team, [&](ptrdiff_t n0, ptrdiff_t n1, const UnitShare& share) {
          Arguments part = step;
          part.share = share;
          recurrence(part, n0, n1);
          if (share.part > 0) return;  // one of those that share the rows
          copy_inputs(schedule_, a_.x, I_, step.step_begin, step.step_end, n0, n1, x_.get());
          prepare(step.step_begin, step.step_end, n0, n1);
        });
        add_weight_gradients(team, k_, parts, step.step_begin, dgates_.get(), D_, dgates_rows(),
                             runs[c]);
        if (a_.dx.data)
          write_input_gradient(team, k_,
                               {I_, schedule_, dgates_.get(), D_, dgates_rows(), input_gates_,
                                step.step_begin, wt, a_.dx},
                               runs[c]);
      }
    });
  }

 private:
  ptrdiff_t dgates_rows() const { return (chunk_ + 1) * schedule_.N; }

  const Kernels<Real>& k_;
  const BackwardArrays<Real>& a_;
  const RowOrder& order_;
  const Schedule schedule_;
  const ptrdiff_t I_;
  const Panels D_;
  const int input_gates_;
  const double operations_;
  const ptrdiff_t chunk_;
  Buffer<Real> dgates_, x_;
};

}  // namespace fusedrnn
