// Recurrent dropout in the backward pass: the gradients of the recurrent weights one gate at a
// time, since gate g's product had h * mask[g].
#pragma once

#include "backward.hpp"

namespace fusedrnn {

// For the gates of a recurrent kernel whose blocks of columns start at `columns`. D: the panels of
// the gate gradients, in which these gates come after `skipped` others.
template <class Real>
class DropoutGradient {
 public:
  DropoutGradient(const Kernels<Real>& k, const RecurrentTape<Real>& tape, BackwardPass<Real>& pass,
                  const Panels& D, int gates, int skipped, const GateColumns& columns)
      : schedule_(tape.order.schedule()),
        H_(tape.H),
        Hp_(round_up(H_, k.lanes)),
        rows_(pass.chunk() * schedule_.N),
        gate_{.units = H_, .gates = 1, .vectors = D.vectors, .lanes = k.lanes},
        columns_(columns),
        gates_(gates),
        skipped_(skipped),
        h_(tape.h.get()),
        mask_(tape.recurrent_mask.get()),
        masked_(gates * rows_ * Hp_) {
    const Panels of_h = unit_panels(H_, k.lanes);
    rt_ = Buffer<Real>(gates * of_h.row() * H_);
    const Matrix<const Real> recurrent_kernel = pass.recurrent_kernel();
    for (int g = 0; g < gates; ++g)
      k.pack_transposed({.gates = gate_,
                         .panels = of_h,
                         .data = rt_.get() + g * of_h.row() * H_,
                         .columns = column(g)},
                        recurrent_kernel);
  }

  // R^T of each gate, one after the other.
  const Real* rt() const { return rt_.get(); }

  // h * mask[g] of the steps [begin, end) of a chunk and the slots [n0, n1).
  void mask_states(ptrdiff_t begin, ptrdiff_t end, ptrdiff_t n0, ptrdiff_t n1) {
    const ptrdiff_t size = schedule_.N * Hp_;
    const Real* h = h_ + begin * size;
    for (ptrdiff_t step = 0; step < end - begin; ++step, h += size) {
      n1 = schedule_.active_end(n0, n1, begin + step);
      for (int g = 0; g < gates_; ++g) {
        Real* out = masked_.get() + g * rows_ * Hp_ + step * size;
        for (ptrdiff_t j = n0 * Hp_; j < n1 * Hp_; ++j) out[j] = h[j] * mask_[g * size + j];
      }
    }
  }

  // dbias: null, or where the gates' recurrent biases are.
  void add_to(BackwardPass<Real>& pass, Real* dbias) const {
    for (int g = 0; g < gates_; ++g)
      pass.add_product({.a = masked_.get() + g * rows_ * Hp_,
                        .a_stride = Hp_,
                        .a_step = 0,
                        .rows = H_,
                        .skipped_gates = skipped_ + g,
                        .panels = gate_,
                        .columns = column(g),
                        .gradient = pass.drecurrent(),
                        .dbias = dbias});
  }

 private:
  GateColumns column(int g) const { return {{columns_.start[g]}}; }

  const Schedule schedule_;
  const ptrdiff_t H_, Hp_, rows_;
  const Panels gate_;
  const GateColumns columns_;
  const int gates_, skipped_;
  const Real *h_, *mask_;
  Buffer<Real> rt_, masked_;
};

}  // namespace fusedrnn
