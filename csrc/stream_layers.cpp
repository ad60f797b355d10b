#include "stream_layers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <locale>
#include <map>
#include <sstream>
#include <stdexcept>

#include "cells.hpp"
#include "dense.hpp"

namespace fusedrnn {
namespace {

// Recurrent layers --------------------------------------------------------------------------------

template <class Real, class Cell>
class RecurrentLayer final : public StreamLayer<Real> {
 public:
  template <class... Arguments>
  explicit RecurrentLayer(bool half, Arguments&&... arguments)
      : weights_(std::forward<Arguments>(arguments)...) {
    if constexpr (std::is_same_v<Real, float>)
      if (half) weights_.halve();
  }
  ptrdiff_t outputs() const override { return weights_.H; }
  std::vector<ptrdiff_t> states() const override {
    return std::vector<ptrdiff_t>(size_t(kStates), weights_.H);
  }
  void run(const StreamCall<Real>& call) const override {
    const ptrdiff_t N = call.N, T = call.T, I = weights_.I, H = weights_.H;
    ForwardArrays<Real> a = {.N = N, .T = T, .x = {call.x, T * I, I}};
    const auto from = [&](const Real* states) {
      a.h0 = states;
      if (kStates > 1) a.c0 = states + N * H;
    };
    from(call.before);
    a.h_n = call.after;
    if (kStates > 1) a.c_n = call.after + N * H;
    if (!call.mask) {
      a.y = {call.y, T * H, H};
      return forward(a);
    }
    // Step by step, so that one that is skipped gives what the one before gave, also where that was
    // in another call: the state.
    std::vector<uint8_t> valid(static_cast<size_t>(N));
    Buffer<Real> last(kStates * N * H);
    a.T = 1;
    a.mask = valid.data();
    for (ptrdiff_t t = 0; t < T; ++t) {
      for (ptrdiff_t n = 0; n < N; ++n) valid[size_t(n)] = call.mask[n * T + t];
      a.x.data = call.x + t * I;
      forward(a);
      for (ptrdiff_t n = 0; n < N; ++n) std::copy_n(a.h_n + n * H, H, call.y + (n * T + t) * H);
      std::copy_n(call.after, kStates * N * H, last.get());
      from(last.get());
    }
  }

 private:
  static constexpr int kStates = Cell::kStates;
  void forward(const ForwardArrays<Real>& arrays) const {
    Cell::template forward<Real>(weights_, arrays, nullptr);
  }

  typename Cell::template Weights<Real> weights_;
};

// The others --------------------------------------------------------------------------------------

template <class Real>
class EmbeddingLayer final : public StreamLayer<Real> {
 public:
  EmbeddingLayer(StreamTensor<Real> kernel, bool masks)
      : rows_(kernel.shape[0]), size_(kernel.shape[1]), masks_(masks), kernel_(rows_ * size_) {
    std::copy_n(kernel.data, rows_ * size_, kernel_.get());
  }
  ptrdiff_t outputs() const override { return size_; }
  bool masks() const override { return masks_; }
  void run(const StreamCall<Real>& call) const override {
    for (ptrdiff_t k = 0; k < call.N * call.T; ++k) {
      const int64_t index = call.indices[k];
      if (index < 0 || index >= rows_)
        throw std::invalid_argument("x has the index " + std::to_string(index) +
                                    ", expected 0 to " + std::to_string(rows_ - 1));
      std::copy_n(kernel_.get() + index * size_, size_, call.y + k * size_);
      if (masks_ && index == 0) call.mask[k] = 0;
    }
  }

 private:
  const ptrdiff_t rows_, size_;
  const bool masks_;
  Buffer<Real> kernel_;
};

template <class Real>
class DenseLayer final : public StreamLayer<Real> {
 public:
  template <class... Arguments>
  explicit DenseLayer(Arguments&&... arguments) : weights_(arguments...) {}
  ptrdiff_t outputs() const override { return weights_.O; }
  void run(const StreamCall<Real>& call) const override {
    dense_forward(weights_, call.N * call.T, call.x, call.y);
  }

 private:
  const DenseWeights<Real> weights_;
};

// A layer that gives as many values as it takes: rows(x, y, count, size, call).
template <class Real, class Rows>
class SameSizeLayer final : public StreamLayer<Real> {
 public:
  SameSizeLayer(ptrdiff_t size, Rows rows, bool masks)
      : size_(size), rows_(std::move(rows)), masks_(masks) {}
  ptrdiff_t outputs() const override { return size_; }
  bool masks() const override { return masks_; }
  void run(const StreamCall<Real>& call) const override {
    rows_(call.x, call.y, call.N * call.T, size_, call);
  }

 private:
  const ptrdiff_t size_;
  const Rows rows_;
  const bool masks_;
};

template <class Real, class Rows>
std::unique_ptr<StreamLayer<Real>> same_size(ptrdiff_t size, Rows rows, bool masks = false) {
  return std::make_unique<SameSizeLayer<Real, Rows>>(size, std::move(rows), masks);
}

// Activations -------------------------------------------------------------------------------------

// y (rows, size) from x, with the numbers of the description.
template <class Real>
using Function = std::function<void(const Kernels<Real>&, const Real* x, Real* y, ptrdiff_t rows,
                                    ptrdiff_t size, const std::vector<Real>& numbers)>;

template <class Real>
struct Entry {
  size_t numbers;  // how many it takes
  Function<Real> function;
};

// f(value, numbers) of each value.
template <class Real, class F>
Function<Real> each(F f) {
  return [f](const Kernels<Real>&, const Real* x, Real* y, ptrdiff_t rows, ptrdiff_t size,
             const std::vector<Real>& numbers) {
    const Real* p = numbers.data();
    for (ptrdiff_t j = 0; j < rows * size; ++j) y[j] = f(x[j], p);
  };
}

// x held to [low, high]; NaN stays NaN.
template <class Real>
Real clip(Real x, Real low, Real high) {
  return x < low ? low : x > high ? high : x;
}
template <class Real>
Real softplus(Real x) {
  return std::max(x, Real(0)) + std::log1p(std::exp(-std::abs(x)));
}

template <class Real>
Function<Real> softmax(bool logarithm) {
  return [logarithm](const Kernels<Real>&, const Real* x, Real* y, ptrdiff_t rows, ptrdiff_t size,
                     const std::vector<Real>&) {
    for (; rows > 0; --rows, x += size, y += size) {
      const Real most = *std::max_element(x, x + size);
      Real sum = 0;
      for (ptrdiff_t j = 0; j < size; ++j) {
        y[j] = std::exp(x[j] - most);
        sum += y[j];
      }
      const Real log_sum = std::log(sum);
      for (ptrdiff_t j = 0; j < size; ++j) y[j] = logarithm ? x[j] - most - log_sum : y[j] / sum;
    }
  };
}

template <class Real>
const std::map<std::string, Entry<Real>>& functions() {
  using P = const Real*;
  static const std::map<std::string, Entry<Real>> table = {
      {"tanh",
       {0, [](const Kernels<Real>& k, P x, Real* y, ptrdiff_t rows, ptrdiff_t size,
              const auto&) { k.tanh(x, y, rows * size); }}},
      {"sigmoid",
       {0, [](const Kernels<Real>& k, P x, Real* y, ptrdiff_t rows, ptrdiff_t size,
              const auto&) { k.sigmoid(x, y, rows * size); }}},
      {"silu",
       {0,
        [](const Kernels<Real>& k, P x, Real* y, ptrdiff_t rows, ptrdiff_t size, const auto&) {
          k.sigmoid(x, y, rows * size);
          for (ptrdiff_t j = 0; j < rows * size; ++j) y[j] *= x[j];
        }}},
      {"softmax", {0, softmax<Real>(false)}},
      {"log_softmax", {0, softmax<Real>(true)}},
      {"relu", {0, each<Real>([](Real x, P) { return x < 0 ? Real(0) : x; })}},
      // slope below the threshold, most, threshold
      {"any_relu", {3, each<Real>([](Real x, P p) {
                      if (x > p[2]) return clip(x, Real(0), p[1]);
                      if (p[0] != 0) return p[0] * (x - p[2]);
                      return p[2] == 0 && x != x ? x : Real(0);  // NaN as NumPy has it in the layer
                    })}},
      {"leaky_relu", {1, each<Real>([](Real x, P p) { return x > 0 ? x : p[0] * x; })}},
      {"threshold", {1, each<Real>([](Real x, P p) { return x * Real(x > p[0]); })}},
      // x times a slope, plus a shift, held to [0, 1]
      {"hard_sigmoid",
       {2, each<Real>([](Real x, P p) { return clip(x * p[0] + p[1], Real(0), Real(1)); })}},
      {"elu", {1, each<Real>([](Real x, P p) { return x > 0 ? x : p[0] * std::expm1(x); })}},
      {"selu", {0, each<Real>([](Real x, P) {
                  constexpr Real scale = Real(1.0507009873554805), alpha = Real(1.6732632423543772);
                  return scale * (x > 0 ? x : alpha * std::expm1(x));
                })}},
      {"softplus", {0, each<Real>([](Real x, P) { return softplus(x); })}},
      {"softsign", {0, each<Real>([](Real x, P) { return x / (1 + std::abs(x)); })}},
      {"exponential", {0, each<Real>([](Real x, P) { return std::exp(x); })}},
      {"gelu", {0, each<Real>([](Real x, P) {
                  return x * (Real(0.5) * std::erfc(-x / Real(1.4142135623730951)));
                })}},
      {"mish", {0, each<Real>([](Real x, P) { return x * std::tanh(softplus(x)); })}},
  };
  return table;
}

// A line of a description -------------------------------------------------------------------------

template <class Real>
class Line {
 public:
  Line(const std::vector<std::string>& words, ptrdiff_t inputs, const StreamTensors<Real>& tensors)
      : words_(words), inputs_(inputs), tensors_(tensors) {}

  const std::string& word() {
    if (at_ == words_.size()) throw std::invalid_argument("the line ends too early");
    return words_[at_++];
  }
  // Whether the next word is the first of two.
  bool first_of(const char* first, const char* second) {
    const std::string& found = word();
    if (found != first && found != second)
      throw std::invalid_argument("'" + found + "', expected " + first + " or " + second);
    return found == first;
  }
  bool more() const { return at_ < words_.size(); }
  void end() const {
    if (more()) throw std::invalid_argument("'" + words_[at_] + "' is too much");
  }
  Real number() {
    const std::string& text = word();
    if (text == "inf") return std::numeric_limits<Real>::infinity();
    std::istringstream stream(text);
    stream.imbue(std::locale::classic());
    double value;
    if (!(stream >> value) || !stream.eof())
      throw std::invalid_argument("'" + text + "', expected a number");
    return Real(value);
  }
  Activation activation() {
    const std::string& name = word();
    if (name == "tanh") return Activation::kTanh;
    if (name == "relu") return Activation::kRelu;
    if (name == "sigmoid") return Activation::kSigmoid;
    if (name == "linear") return Activation::kLinear;
    throw std::invalid_argument("the activation '" + name + "'");
  }
  // A matrix with at least one row and one column; with `rows` rows unless that is 0.
  StreamTensor<Real> matrix(ptrdiff_t rows) {
    const std::string& name = word();
    StreamTensor<Real> found = tensors_(name);
    const auto& shape = found.shape;
    if (shape.size() != 2 || shape[0] < 1 || shape[1] < 1 || (rows && shape[0] != rows))
      refuse(name, found, "a matrix" + (rows ? " of " + std::to_string(rows) + " rows" : ""));
    return found;
  }
  // So many values, in whatever shape; null for "-".
  const Real* values(ptrdiff_t count) {
    const std::string& name = word();
    if (name == "-") return nullptr;
    const StreamTensor<Real> found = tensors_(name);
    ptrdiff_t size = 1;
    for (const ptrdiff_t extent : found.shape)
      size = extent > 0 && size <= count / extent ? size * extent : 0;
    if (size != count) refuse(name, found, std::to_string(count) + " values");
    return found.data;
  }
  // Likewise, kept; empty for "-".
  std::vector<Real> kept(ptrdiff_t count) {
    const Real* data = values(count);
    return data ? std::vector<Real>(data, data + count) : std::vector<Real>();
  }
  ptrdiff_t inputs() const {
    if (inputs_ == 0) throw std::invalid_argument("takes numbers, not indices");
    return inputs_;
  }

  // Calls make(I, H, kernel, recurrent kernel, bias) for the rest of the line of a cell.
  template <class Make>
  auto cell(int gates, int biases, Make&& make) {
    const StreamTensor<Real> kernel = matrix(inputs());
    const StreamTensor<Real> recurrent = matrix(0);
    const std::string& name = words_[at_ - 1];
    const ptrdiff_t I = kernel.shape[0], H = recurrent.shape[0], width = recurrent.shape[1];
    if (width % gates != 0 || width / gates != H || kernel.shape[1] != width)
      refuse(name, recurrent, "a matrix that fits its kernel");
    const Real* bias = values(biases * width);
    end();
    return make(I, H, Matrix<const Real>{kernel.data, width, 1},
                Matrix<const Real>{recurrent.data, width, 1}, bias);
  }

 private:
  [[noreturn]] static void refuse(const std::string& name, const StreamTensor<Real>& found,
                                  const std::string& expected) {
    std::string shape;
    for (const ptrdiff_t extent : found.shape)
      shape += (shape.empty() ? "" : ", ") + std::to_string(extent);
    throw std::invalid_argument("the tensor '" + name + "' of shape (" + shape + "), expected " +
                                expected);
  }

  const std::vector<std::string>& words_;
  const ptrdiff_t inputs_;
  const StreamTensors<Real>& tensors_;
  size_t at_ = 0;
};

template <class Real>
std::unique_ptr<StreamLayer<Real>> affine(Line<Real>& line) {
  const ptrdiff_t size = line.inputs();
  auto a = line.kept(size), b = line.kept(size), c = line.kept(size);
  return same_size<Real>(size,
                         [a = std::move(a), b = std::move(b), c = std::move(c)](
                             const Real* x, Real* y, ptrdiff_t rows, ptrdiff_t n, const auto&) {
                           for (; rows > 0; --rows, x += n, y += n)
                             for (ptrdiff_t j = 0; j < n; ++j) {
                               Real value = x[j];
                               if (!a.empty()) value -= a[size_t(j)];
                               if (!b.empty()) value *= b[size_t(j)];
                               if (!c.empty()) value += c[size_t(j)];
                               y[j] = value;
                             }
                         });
}

// (x - mean) / spread, x / spread, x / root mean square or x / norm; times gamma, plus beta.
template <class Real>
std::unique_ptr<StreamLayer<Real>> normalize(Line<Real>& line) {
  const std::string kind = line.word();
  const bool layer = kind == "layer", spread = kind == "spread", unit = kind == "unit";
  if (!layer && !spread && !unit && kind != "rms")
    throw std::invalid_argument("'" + kind + "', expected layer, spread, rms or unit");
  const Real epsilon = line.number();
  const ptrdiff_t size = line.inputs();
  auto gamma = line.kept(size), beta = line.kept(size);
  return same_size<Real>(
      size, [=](const Real* x, Real* y, ptrdiff_t rows, ptrdiff_t n, const auto&) {
        for (; rows > 0; --rows, x += n, y += n) {
          double sum = 0, squares = 0;
          if (layer || spread)
            for (ptrdiff_t j = 0; j < n; ++j) sum += double(x[j]);
          const Real mean = Real(sum / double(n)), taken = layer ? mean : Real(0);
          for (ptrdiff_t j = 0; j < n; ++j) {
            const double centred = double(x[j] - mean);
            squares += centred * centred;
          }
          const Real inverse = unit ? 1 / std::max(Real(std::sqrt(squares)), epsilon)
                                    : 1 / std::sqrt(Real(squares / double(n)) + epsilon);
          for (ptrdiff_t j = 0; j < n; ++j) {
            Real value = (x[j] - taken) * inverse;
            if (!gamma.empty()) value *= gamma[size_t(j)];
            if (!beta.empty()) value += beta[size_t(j)];
            y[j] = value;
          }
        }
      });
}

template <class Real>
std::unique_ptr<StreamLayer<Real>> activation(Line<Real>& line) {
  const std::string name = line.word();
  const auto found = functions<Real>().find(name);
  if (found == functions<Real>().end())
    throw std::invalid_argument("the activation '" + name + "'");
  std::vector<Real> numbers;
  for (size_t k = 0; k < found->second.numbers; ++k) numbers.push_back(line.number());
  const Kernels<Real>& kernels = current_kernels_of<Real>();
  return same_size<Real>(line.inputs(),
                         [&kernels, &function = found->second.function, numbers](
                             const Real* x, Real* y, ptrdiff_t rows, ptrdiff_t size, const auto&) {
                           function(kernels, x, y, rows, size, numbers);
                         });
}

template <class Real>
std::unique_ptr<StreamLayer<Real>> prelu(Line<Real>& line) {
  const ptrdiff_t size = line.inputs();
  auto alpha = line.kept(size);
  if (alpha.empty()) throw std::invalid_argument("'-', expected a tensor");
  return same_size<Real>(size, [alpha = std::move(alpha)](const Real* x, Real* y, ptrdiff_t rows,
                                                          ptrdiff_t n, const auto&) {
    for (; rows > 0; --rows, x += n, y += n)
      for (ptrdiff_t j = 0; j < n; ++j) y[j] = x[j] < 0 ? alpha[size_t(j)] * x[j] : x[j];
  });
}

template <class Real>
std::unique_ptr<StreamLayer<Real>> masking(Line<Real>& line) {
  const Real padding = line.number();
  return same_size<Real>(
      line.inputs(),
      [padding](const Real* x, Real* y, ptrdiff_t rows, ptrdiff_t size,
                const StreamCall<Real>& call) {
        for (ptrdiff_t k = 0; k < rows; ++k, x += size, y += size) {
          const bool valid = !std::all_of(x, x + size, [&](Real v) { return v == padding; });
          if (!valid) call.mask[k] = 0;
          for (ptrdiff_t j = 0; j < size; ++j) y[j] = x[j] * Real(valid);
        }
      },
      true);
}

template <class Real>
std::unique_ptr<StreamLayer<Real>> embedding(Line<Real>& line, ptrdiff_t inputs) {
  if (inputs != 0) throw std::invalid_argument("takes indices, not numbers");
  const StreamTensor<Real> kernel = line.matrix(0);
  const bool masks = line.more();
  if (masks) line.first_of("mask", "mask");
  return std::make_unique<EmbeddingLayer<Real>>(kernel, masks);
}

}  // namespace

template <class Real>
std::unique_ptr<StreamLayer<Real>> stream_layer(const std::vector<std::string>& words,
                                                ptrdiff_t inputs,
                                                const StreamTensors<Real>& tensors, bool half) {
  Line<Real> line(words, inputs, tensors);
  const std::string kind = line.word();
  std::unique_ptr<StreamLayer<Real>> layer;
  if (kind == "lstm") {
    const LstmForm form = {.activation = line.activation()};
    line.cell(LstmCell::kGates, 1, [&](ptrdiff_t I, ptrdiff_t H, const auto&... weights) {
      layer = std::make_unique<RecurrentLayer<Real, LstmCell>>(half, I, H, form, weights...);
    });
  } else if (kind == "gru") {
    GruForm form = {.activation = line.activation()};
    form.reset_after = line.first_of("after", "before");
    form.update_keeps = line.first_of("keep", "write");
    line.cell(GruCell::kGates, form.reset_after ? 2 : 1,
              [&](ptrdiff_t I, ptrdiff_t H, const auto&... weights) {
                layer =
                    std::make_unique<RecurrentLayer<Real, GruCell>>(half, I, H, form, weights...);
              });
  } else if (kind == "rnn") {
    const RnnForm form = {.activation = line.activation()};
    line.cell(RnnCell::kGates, 1, [&](ptrdiff_t I, ptrdiff_t H, const auto&... weights) {
      layer = std::make_unique<RecurrentLayer<Real, RnnCell>>(half, I, H, form, weights...);
    });
  } else if (kind == "dense") {
    const StreamTensor<Real> kernel = line.matrix(line.inputs());
    const ptrdiff_t O = kernel.shape[1];
    layer = std::make_unique<DenseLayer<Real>>(
        kernel.shape[0], O, Matrix<const Real>{kernel.data, O, 1}, line.values(O));
  } else if (kind == "affine") {
    layer = affine(line);
  } else if (kind == "normalize") {
    layer = normalize(line);
  } else if (kind == "activation") {
    layer = activation(line);
  } else if (kind == "prelu") {
    layer = prelu(line);
  } else if (kind == "masking") {
    layer = masking(line);
  } else if (kind == "embedding") {
    layer = embedding(line, inputs);
  } else {
    throw std::invalid_argument("the layer '" + kind + "', which this version does not know");
  }
  line.end();
  return layer;
}

#define FUSEDRNN_INSTANTIATE(Real)                          \
  template std::unique_ptr<StreamLayer<Real>> stream_layer( \
      const std::vector<std::string>&, ptrdiff_t, const StreamTensors<Real>&, bool);
FUSEDRNN_INSTANTIATE(float)
FUSEDRNN_INSTANTIATE(double)

}  // namespace fusedrnn
