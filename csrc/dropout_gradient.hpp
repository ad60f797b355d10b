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
  DropoutGradient(const Kernels<Real>& k, const RecurrentTape<Real>& tape, ptrdiff_t chunk,
                  const Panels& D, int gates, int skipped, const GateColumns& columns, bool bias,
                  Matrix<const Real> recurrent_kernel)
      : schedule_(tape.order.schedule()),
        H_(tape.H),
        Hp_(round_up(H_, k.lanes)),
        rows_(chunk * schedule_.N),
        gates_(gates),
        skipped_(skipped),
        bias_(bias),
        h_(tape.h.get()),
        mask_(tape.recurrent_mask.get()),
        masked_(gates * rows_ * Hp_) {
    const Panels of_h = unit_panels(H_, k.lanes);
    const Panels gate = {.units = H_, .gates = 1, .vectors = D.vectors, .lanes = k.lanes};
    rt_ = Buffer<Real>(gates * of_h.row() * H_);
    for (int g = 0; g < gates; ++g) {
      const GateColumns column = {{columns.start[g]}};
      k.pack_transposed({.gates = gate,
                         .panels = of_h,
                         .data = rt_.get() + g * of_h.row() * H_,
                         .columns = column},
                        recurrent_kernel);
      gradients_[g] = PanelBuffer<Real>(k, gate, {bias, 0, H_}, column);
      gradients_[g].zero();
    }
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

  void add_to(std::vector<WeightProduct<Real>>& products) {
    for (int g = 0; g < gates_; ++g)
      products.push_back({.a = masked_.get() + g * rows_ * Hp_,
                          .a_stride = Hp_,
                          .a_step = 0,
                          .rows = H_,
                          .skipped_gates = skipped_ + g,
                          .gradient = &gradients_[g],
                          .first = gradients_[g].first_recurrent(),
                          .bias = bias_});
  }

  // dbias: null, or where the gates' recurrent biases are.
  void unpack(Real* dbias, Matrix<Real> drecurrent) const {
    for (int g = 0; g < gates_; ++g) {
      gradients_[g].unpack_bias(dbias);
      gradients_[g].unpack_recurrent(drecurrent);
    }
  }

 private:
  const Schedule schedule_;
  const ptrdiff_t H_, Hp_, rows_;
  const int gates_, skipped_;
  const bool bias_;
  const Real *h_, *mask_;
  Buffer<Real> rt_, masked_;
  PanelBuffer<Real> gradients_[4];
};

}  // namespace fusedrnn
