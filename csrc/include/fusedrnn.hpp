// fusedrnn.h for C++17: a stream as a value, errors as exceptions.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "fusedrnn.h"

namespace fusedrnn {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A trained model as a function of one time step, for `batch` streams with their states. A copy has
// states of its own and shares the weights. One thread at a time.
class Model {
 public:
  explicit Model(const std::string& path, size_t batch = 1, unsigned flags = 0)
      : Model(fusedrnn_load(path.c_str(), batch, flags)) {}
  Model(const void* content, size_t bytes, size_t batch = 1, unsigned flags = 0)
      : Model(fusedrnn_load_bytes(content, bytes, batch, flags)) {}
  Model(const Model& other) : Model(fusedrnn_copy(other.stream_.get())) {}
  Model(Model&&) = default;
  Model& operator=(Model other) noexcept {
    stream_ = std::move(other.stream_);
    return *this;
  }

  fusedrnn_sizes sizes() const { return fusedrnn_get_sizes(stream_.get()); }

  // x (batch, inputs) of the input's type, y (batch, outputs) of the output's, filled.
  template <class In, class Out>
  void step(const In* x, size_t x_size, Out* y, size_t y_size) {
    const fusedrnn_sizes own = sizes();
    if (type_of(In()) != own.input_type || type_of(Out()) != own.output_type)
      throw Error("step: x or y has another type than the model");
    check(fusedrnn_step(stream_.get(), x, x_size * sizeof(In), y, y_size * sizeof(Out)));
  }
  template <class In, class Out>
  void step(const std::vector<In>& x, std::vector<Out>& y) {
    y.resize(sizes().batch * sizes().outputs);
    step(x.data(), x.size(), y.data(), y.size());
  }

  void reset() { check(fusedrnn_reset(stream_.get(), nullptr, 0)); }
  void reset(const std::vector<size_t>& rows) {
    if (!rows.empty()) check(fusedrnn_reset(stream_.get(), rows.data(), rows.size()));
  }

  // Real: the output's type.
  template <class Real>
  std::vector<Real> state() const {
    if (type_of(Real()) != sizes().output_type) throw Error("state: of another type");
    std::vector<Real> state(sizes().states);
    check(fusedrnn_get_state(stream_.get(), state.data(), state.size() * sizeof(Real)));
    return state;
  }
  template <class Real>
  void set_state(const std::vector<Real>& state) {
    if (type_of(Real()) != sizes().output_type) throw Error("set_state: of another type");
    check(fusedrnn_set_state(stream_.get(), state.data(), state.size() * sizeof(Real)));
  }

 private:
  struct Free {
    void operator()(fusedrnn_stream* stream) const { fusedrnn_free(stream); }
  };
  explicit Model(fusedrnn_stream* stream) : stream_(stream) {
    if (!stream) throw Error(fusedrnn_last_error());
  }
  static void check(int result) {
    if (result) throw Error(fusedrnn_last_error());
  }
  static fusedrnn_type type_of(float) { return FUSEDRNN_FLOAT32; }
  static fusedrnn_type type_of(double) { return FUSEDRNN_FLOAT64; }
  static fusedrnn_type type_of(int64_t) { return FUSEDRNN_INT64; }

  std::unique_ptr<fusedrnn_stream, Free> stream_;
};

}  // namespace fusedrnn
