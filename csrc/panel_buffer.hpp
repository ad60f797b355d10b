// Owning panel buffers: weights packed for the kernels, and gradients unpacked from them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "buffer.hpp"
#include "dispatch.hpp"

namespace fusedrnn {

// The rows of a panel buffer: how many it has of a bias (0 or 1), a kernel (0 or I) and a recurrent
// kernel (0 or H), in this order.
struct WeightRows {
  ptrdiff_t bias, kernel, recurrent;
  ptrdiff_t count() const { return bias + kernel + recurrent; }
};

// The bits of the bfloat16 nearest to x, ties to even. Infinity and NaN stay what they are.
inline uint32_t to_bfloat16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  if (x != x) return bits >> 16 | 0x40;  // quiet, or its last bits might be all that it has
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

template <class Real>
class PanelBuffer {
 public:
  PanelBuffer() = default;
  // columns: where in the matrices the block of each of the panels' gates starts.
  PanelBuffer(const Kernels<Real>& k, const Panels& panels, const WeightRows& rows,
              const GateColumns& columns)
      : k_(&k),
        panels_(panels),
        rows_(rows),
        columns_(columns),
        data_(panels.row() * rows.count()) {}

  Real* get() const { return data_.get(); }
  const Panels& panels() const { return panels_; }
  ptrdiff_t K() const { return rows_.count(); }
  ptrdiff_t first_kernel() const { return rows_.bias; }  // rows
  ptrdiff_t first_recurrent() const { return rows_.bias + rows_.kernel; }
  PanelBuffer& zero() {
    data_.zero();
    return *this;
  }

  // bias (G H,), or null: zeros.
  void pack_bias(const Real* bias) {
    if (bias) return k_->pack_rows(section(0, rows_.bias), {bias, 0, 1});
    for (ptrdiff_t p = 0; p < panels_.count(); ++p)
      std::fill_n(get() + panels_.offset(p, K()), panels_.width(p), Real(0));
  }
  void pack_kernel(Matrix<const Real> kernel) {
    k_->pack_rows(section(first_kernel(), rows_.kernel), kernel);
  }
  void pack_recurrent(Matrix<const Real> recurrent_kernel) {
    k_->pack_rows(section(first_recurrent(), rows_.recurrent), recurrent_kernel);
  }

  // The same weights in bfloat16, two rows in one; the bias stays as it is.
  PanelBuffer halved() const {
    const WeightRows rows = {rows_.bias, rows_in_panels(true, rows_.kernel),
                             rows_in_panels(true, rows_.recurrent)};
    PanelBuffer half(*k_, panels_, rows, columns_);
    for (ptrdiff_t p = 0; p < panels_.count(); ++p) {
      const ptrdiff_t width = panels_.width(p);
      const Real* from = get() + panels_.offset(p, K());
      Real* to = half.get() + panels_.offset(p, half.K());
      to = std::copy_n(from, rows_.bias * width, to);
      from += rows_.bias * width;
      for (ptrdiff_t left : {rows_.kernel, rows_.recurrent})
        for (; left > 0; left -= 2, to += width) {
          const bool pair = left > 1;
          for (ptrdiff_t j = 0; j < width; ++j) {
            const uint32_t upper = pair ? to_bfloat16(from[width + j]) : 0;
            const uint32_t both = to_bfloat16(from[j]) | upper << 16;
            std::memcpy(to + j, &both, sizeof(both));
          }
          from += pair ? 2 * width : width;
        }
    }
    return half;
  }
  ptrdiff_t bytes() const { return get() ? panels_.row() * K() * ptrdiff_t(sizeof(Real)) : 0; }

  // Null pointers are left alone, and rows that it has none of.
  void unpack_bias(Real* bias) const {
    if (bias) k_->unpack_rows(section(0, rows_.bias), {bias, 0, 1});
  }
  void unpack_kernel(Matrix<Real> kernel) const {
    if (rows_.kernel) k_->unpack_rows(section(first_kernel(), rows_.kernel), kernel);
  }
  void unpack_recurrent(Matrix<Real> recurrent_kernel) const {
    if (rows_.recurrent)
      k_->unpack_rows(section(first_recurrent(), rows_.recurrent), recurrent_kernel);
  }

 private:
  PanelRows<Real> section(ptrdiff_t first, ptrdiff_t rows) const {
    return {.panels = panels_,
            .data = get(),
            .K = K(),
            .first = first,
            .rows = rows,
            .columns = columns_};
  }

  const Kernels<Real>* k_ = nullptr;
  Panels panels_ = {};
  WeightRows rows_ = {};
  GateColumns columns_ = {};
  Buffer<Real> data_;
};

// The transpose of a matrix (rows, G H) in plain panels of `rows` units: K = gates.gates * H rows
// in the order of the gate panels, whose gates' blocks of columns start at `columns`.
template <class Real>
Buffer<Real> transposed_panels(const Kernels<Real>& k, Matrix<const Real> matrix, ptrdiff_t rows,
                               const Panels& gates, const GateColumns& columns) {
  const Panels panels = unit_panels(rows, k.lanes);
  Buffer<Real> data(panels.row() * gates.gates * gates.units);
  k.pack_transposed({.gates = gates, .panels = panels, .data = data.get(), .columns = columns},
                    matrix);
  return data;
}

}  // namespace fusedrnn
