#include "stream.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace fusedrnn {
namespace {

using Words = std::vector<std::string>;

std::vector<Words> lines_of(const std::string& description) {
  std::vector<Words> lines(1, Words(1));
  for (const char c : description) {
    if (c == '\n')
      lines.emplace_back(1);
    else if (c == ' ')
      lines.back().emplace_back();
    else
      lines.back().back() += c;
  }
  if (lines.back() == Words(1)) lines.pop_back();
  return lines;
}

std::invalid_argument error_at(size_t line, const std::string& what) {
  return std::invalid_argument("line " + std::to_string(line + 1) + " of the description: " + what);
}

ptrdiff_t size_of(const std::string& text) {
  if (text.empty() || text.size() > 9 || text[0] == '0' ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    throw error_at(1, "'" + text + "', expected a size");
  return std::stol(text);
}

// a b values, if there can be an array of so many.
ptrdiff_t values(ptrdiff_t a, ptrdiff_t b) {
  if (double(a) * double(b) > 1e17) throw std::bad_alloc();
  return a * b;
}

}  // namespace

bool is_double(const std::string& description) {
  const std::string start = kStreamHeader + std::string(" "),
                    first =
                        description.substr(0, std::min(description.find('\n'), start.size() + 8));
  if (first == start + "float32") return false;
  if (first == start + "float64") return true;
  throw std::invalid_argument("the description begins with '" + first + "', expected '" + start +
                              "float32' or '" + start + "float64': it is of another version");
}

template <class Real>
StreamChain<Real>::StreamChain(const std::string& description, const StreamTensors<Real>& tensors,
                               bool half) {
  if (is_double(description) != std::is_same_v<Real, double>)
    throw std::invalid_argument("the description is of another type");
  if (half && !std::is_same_v<Real, float>)
    throw std::invalid_argument("weights in bfloat16 need a model in float32");
  const std::vector<Words> lines = lines_of(description);
  if (lines.size() < 3 || lines[1].size() != 2 || lines[1][0] != "input")
    throw error_at(1, "expected 'input SIZE' or 'input indices', and layers after it");
  inputs_ = lines[1][1] == "indices" ? 0 : size_of(lines[1][1]);
  outputs_ = inputs_;
  for (size_t k = 2; k < lines.size(); ++k) {
    try {
      layers_.push_back(stream_layer<Real>(lines[k], outputs_, tensors, half));
    } catch (const std::invalid_argument& error) {
      throw error_at(k, error.what());
    }
    const StreamLayer<Real>& layer = *layers_.back();
    outputs_ = layer.outputs();
    widest_ = std::max(widest_, outputs_);
    masks_ = masks_ || layer.masks();
    for (const ptrdiff_t size : layer.states()) states_.push_back(size);
  }
}

// Of the one thread that uses a stream.
template <class Real>
class Stream<Real>::Turn {
 public:
  explicit Turn(const Stream& stream) : stream_(stream) {
    if (stream.busy_.exchange(true, std::memory_order_acquire))
      throw std::runtime_error(
          "stream: another thread is using it; give each thread a copy of its own");
  }
  Turn(const Turn&) = delete;
  ~Turn() { stream_.busy_.store(false, std::memory_order_release); }

 private:
  const Stream& stream_;
};

template <class Real>
Stream<Real>::Stream(Chain chain, ptrdiff_t batch)
    : chain_(std::move(chain)),
      batch_(batch),
      size_(values(
          batch, std::accumulate(chain_->states().begin(), chain_->states().end(), ptrdiff_t(0)))),
      states_(size_),
      next_(size_) {
  states_.zero();
}

template <class Real>
Stream<Real>::Stream(const Stream& other) : Stream(other.chain_, other.batch_) {
  other.get_state(states_.get());
}

template <class Real>
void Stream<Real>::run(ptrdiff_t T, const Real* x, const int64_t* indices, const uint8_t* mask,
                       Real* y) {
  if (T == 0) return;
  const ptrdiff_t widest = std::max(chain_->widest(), chain_->inputs());
  values(values(batch_, T), widest);
  const Turn turn(*this);
  const ptrdiff_t steps = batch_ * T;
  const auto& layers = chain_->layers();
  Buffer<Real> between[2];
  for (size_t k = 0; k < std::min<size_t>(layers.size() - 1, 2); ++k)
    between[k] = Buffer<Real>(steps * chain_->widest());
  Buffer<uint8_t> valid;
  if (mask || chain_->masks()) {
    valid = Buffer<uint8_t>(steps);
    if (mask)
      std::copy_n(mask, steps, valid.get());
    else
      std::fill_n(valid.get(), steps, uint8_t(1));
  }
  StreamCall<Real> call = {.N = batch_,
                           .T = T,
                           .x = x,
                           .indices = indices,
                           .y = nullptr,
                           .mask = valid.get(),
                           .before = states_.get(),
                           .after = next_.get()};
  for (size_t k = 0; k < layers.size(); ++k) {
    call.y = k + 1 == layers.size() ? y : between[k % 2].get();
    layers[k]->run(call);
    call.x = call.y;
    for (const ptrdiff_t size : layers[k]->states()) {
      call.before += batch_ * size;
      call.after += batch_ * size;
    }
  }
  std::swap(states_, next_);
}

template <class Real>
void Stream<Real>::reset() {
  const Turn turn(*this);
  states_.zero();
}

template <class Real>
void Stream<Real>::reset(const ptrdiff_t* rows, ptrdiff_t count) {
  const Turn turn(*this);
  Real* state = states_.get();
  for (const ptrdiff_t size : chain_->states()) {
    for (ptrdiff_t k = 0; k < count; ++k) std::fill_n(state + rows[k] * size, size, Real(0));
    state += batch_ * size;
  }
}

template <class Real>
void Stream<Real>::get_state(Real* out) const {
  const Turn turn(*this);
  std::copy_n(states_.get(), size_, out);
}

template <class Real>
void Stream<Real>::set_state(const Real* state) {
  const Turn turn(*this);
  std::copy_n(state, size_, states_.get());
}

#define FUSEDRNN_INSTANTIATE(Real)  \
  template class StreamChain<Real>; \
  template class Stream<Real>;
FUSEDRNN_INSTANTIATE(float)
FUSEDRNN_INSTANTIATE(double)

}  // namespace fusedrnn
