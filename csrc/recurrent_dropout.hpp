// Recurrent dropout above the kernels: the masks by slot, and the gradients of the recurrent
// weights, one gate at a time, since gate g's product had h * mask[g].
#pragma once

#include "backward.hpp"

namespace fusedrnn {

// [gates][N][Hp] by slot, from (gates, N, H) by row; empty where that is null.
template <class Real>
Buffer<Real> masks_by_slot(const Schedule& s, int gates, ptrdiff_t H, ptrdiff_t Hp,
                           const Real* by_row) {
  if (!by_row) return {};
  Buffer<Real> masks(gates * s.N * Hp);
  for (int g = 0; g < gates; ++g)
    scatter_rows(s, H, Hp, by_row + g * s.N * H, masks.get() + g * s.N * Hp);
  return masks;
}

// For the first `gates` gates of a recurrent kernel, whose blocks of columns start at `column`.
template <class Real>
class GatewiseGradient {
 public:
  GatewiseGradient(const Kernels<Real>& k, const Schedule& s, ptrdiff_t H, ptrdiff_t chunk,
                   int gates, const ptrdiff_t* column, const Real* mask,
                   Matrix<const Real> recurrent_kernel)
      : k_(k),
        schedule_(s),
        H_(H),
        Hp_(round_up(H, k.lanes)),
        rows_(chunk * s.N),
        gates_(gates),
        column_(column, column + gates),
        gate_{H, 1, 1, k.lanes},
        of_h_{H, 1, 4, k.lanes},
        mask_(mask),
        rt_(gates * of_h_.row() * H),
        masked_(gates * rows_ * Hp_),
        gradient_(gates * gate_.row() * (1 + H)) {
    gradient_.zero();
    for (int g = 0; g < gates; ++g)
      k.pack_transposed({gate_, of_h_, rt_.get() + g * of_h_.row() * H, {column[g]}},
                        recurrent_kernel);
  }

  const Real* rt() const { return rt_.get(); }

  // h * mask[g] of the steps [begin, end) and the slots [n0, n1); h starts at `begin`.
  void mask_states(const Real* h, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t n0, ptrdiff_t n1) {
    const ptrdiff_t size = schedule_.N * Hp_;
    for (ptrdiff_t step = 0; step < end - begin; ++step, h += size) {
      n1 = schedule_.active_end(n0, n1, begin + step);
      for (int g = 0; g < gates_; ++g) {
        Real* out = masked_.get() + g * rows_ * Hp_ + step * size;
        for (ptrdiff_t j = n0 * Hp_; j < n1 * Hp_; ++j) out[j] = h[j] * mask_[g * size + j];
      }
    }
  }

  void add_parts(std::vector<GradientPart<Real>>& parts, int skipped_gates, bool bias) const {
    for (int g = 0; g < gates_; ++g)
      parts.push_back({masked_.get() + g * rows_ * Hp_, Hp_, 0, H_, gate_, skipped_gates + g,
                       part(g), 1 + H_, 1, bias});
  }

  // dbias: null, or where the gates' recurrent biases are.
  void unpack(Real* dbias, Matrix<Real> drecurrent) const {
    for (int g = 0; g < gates_; ++g) {
      const ptrdiff_t column = column_[size_t(g)];
      if (dbias) k_.unpack({gate_, 1 + H_, 0, part(g), 1, {column}}, {dbias, 0, 1});
      k_.unpack({gate_, 1 + H_, 1, part(g), H_, {column}}, drecurrent);
    }
  }

 private:
  Real* part(int g) const { return gradient_.get() + g * gate_.row() * (1 + H_); }

  const Kernels<Real>& k_;
  const Schedule schedule_;
  const ptrdiff_t H_, Hp_, rows_;
  const int gates_;
  const std::vector<ptrdiff_t> column_;
  const Panels gate_, of_h_;
  const Real* mask_;
  Buffer<Real> rt_, masked_, gradient_;
};

}  // namespace fusedrnn
