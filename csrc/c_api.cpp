// The C functions of include/fusedrnn.h. No exception leaves them.
#include <cstring>
#include <exception>
#include <fstream>
#include <list>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "include/fusedrnn.h"
#include "parallel.hpp"
#include "safetensors.hpp"
#include "stream.hpp"

using fusedrnn::Safetensors;
using fusedrnn::Stream;
using fusedrnn::StreamChain;
using fusedrnn::StreamTensor;

struct fusedrnn_stream {
  std::variant<Stream<float>, Stream<double>> stream;

  template <class Real>
  fusedrnn_stream(std::shared_ptr<const StreamChain<Real>> chain, size_t batch)
      : stream(std::in_place_type<Stream<Real>>, std::move(chain), ptrdiff_t(batch)) {}
};

namespace {

// A text of fixed size: to keep the error of a call that had no memory takes none.
thread_local char last_error[1024];

void keep(const char* function, const char* what) noexcept {
  last_error[0] = 0;
  for (const char* part : {function, ": ", what})
    std::strncat(last_error, part, sizeof(last_error) - 1 - std::strlen(last_error));
  for (char* c = last_error; *c; ++c)  // a file's names may have anything in them
    if (static_cast<unsigned char>(*c) < ' ') *c = '?';
}

// What work() returns, or `failed` if it throws.
template <class Result, class Work>
Result guarded(const char* function, Result failed, Work&& work) noexcept {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    keep(function, "out of memory");
  } catch (const std::exception& error) {
    keep(function, error.what());
  } catch (...) {
    keep(function, "an unknown error");
  }
  return failed;
}

template <class Real>
Real real_of(const Stream<Real>&);

constexpr size_t kMostRows = size_t(1) << 31;

void expect(bool given, const char* name) {
  if (!given) throw std::invalid_argument(std::string(name) + " is NULL");
}
void expect_bytes(const char* name, size_t given, size_t expected) {
  if (given != expected)
    throw std::invalid_argument(std::string(name) + " has " + std::to_string(given) +
                                " bytes, expected " + std::to_string(expected));
}

template <class Real>
fusedrnn_stream* stream_of(const Safetensors& file, const std::string& description, size_t batch,
                           bool half) {
  std::list<std::vector<Real>> arrays;  // aligned copies
  const fusedrnn::StreamTensors<Real> tensors = [&](const std::string& name) -> StreamTensor<Real> {
    const Safetensors::Tensor* found = file.tensor(name);
    if (!found) throw std::invalid_argument("there is no tensor '" + name + "'");
    const char* type = sizeof(Real) == 4 ? "F32" : "F64";
    if (found->type != type)
      throw std::invalid_argument("the tensor '" + name + "' is of type " + found->type +
                                  ", expected " + type);
    arrays.emplace_back(found->bytes / sizeof(Real));
    if (found->bytes) std::memcpy(arrays.back().data(), found->data, found->bytes);
    return {arrays.back().data(), found->shape};
  };
  auto chain = std::make_shared<const StreamChain<Real>>(description, tensors, half);
  return new fusedrnn_stream(std::move(chain), batch);
}

fusedrnn_stream* load(const unsigned char* content, size_t bytes, size_t batch, unsigned flags) {
  static std::once_flag watched;
  std::call_once(watched, fusedrnn::watch_forks);
  if (batch < 1 || batch > kMostRows)
    throw std::invalid_argument("batch is " + std::to_string(batch) + ", expected 1 to " +
                                std::to_string(kMostRows));
  if (flags & ~unsigned(FUSEDRNN_BFLOAT16))
    throw std::invalid_argument("flags is " + std::to_string(flags) + ", which is not known");
  const Safetensors file(content, bytes);
  const std::string* description = file.metadata("stream");
  if (!description)
    throw std::invalid_argument(
        "the file has no model that is a stream: model.save() of this version writes one, unless a "
        "layer has no place in it, which model.stream() in Python names");
  const bool half = flags & FUSEDRNN_BFLOAT16;
  return fusedrnn::is_double(*description) ? stream_of<double>(file, *description, batch, half)
                                           : stream_of<float>(file, *description, batch, half);
}

std::vector<unsigned char> content_of(const char* path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file ? std::streamoff(file.tellg()) : -1;
  // What a folder says of its size is no file's
  if (size < 0 || size > std::streamoff(1) << 46)
    throw std::runtime_error(std::string("cannot read ") + path);
  std::vector<unsigned char> content(static_cast<size_t>(size));
  file.seekg(0);
  if (!file.read(reinterpret_cast<char*>(content.data()), size))
    throw std::runtime_error(std::string("cannot read ") + path);
  return content;
}

}  // namespace

fusedrnn_stream* fusedrnn_load(const char* path, size_t batch, unsigned flags) {
  return guarded<fusedrnn_stream*>("fusedrnn_load", nullptr, [&] {
    expect(path, "path");
    const std::vector<unsigned char> content = content_of(path);
    try {
      return load(content.data(), content.size(), batch, flags);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(std::string(path) + ": " + error.what());
    }
  });
}

fusedrnn_stream* fusedrnn_load_bytes(const void* content, size_t bytes, size_t batch,
                                     unsigned flags) {
  return guarded<fusedrnn_stream*>("fusedrnn_load_bytes", nullptr, [&] {
    expect(content, "content");
    return load(static_cast<const unsigned char*>(content), bytes, batch, flags);
  });
}

fusedrnn_stream* fusedrnn_copy(const fusedrnn_stream* stream) {
  return guarded<fusedrnn_stream*>("fusedrnn_copy", nullptr, [&] {
    expect(stream, "stream");
    return new fusedrnn_stream(*stream);
  });
}

void fusedrnn_free(fusedrnn_stream* stream) {
  delete stream;
}

fusedrnn_sizes fusedrnn_get_sizes(const fusedrnn_stream* stream) {
  if (!stream) return {};
  return std::visit(
      [](const auto& s) -> fusedrnn_sizes {
        using Real = decltype(real_of(s));
        const fusedrnn_type own = sizeof(Real) == 4 ? FUSEDRNN_FLOAT32 : FUSEDRNN_FLOAT64;
        const bool indices = s.chain().takes_indices();
        return {.batch = size_t(s.batch()),
                .inputs = indices ? 1 : size_t(s.chain().inputs()),
                .outputs = size_t(s.chain().outputs()),
                .input_type = indices ? FUSEDRNN_INT64 : own,
                .output_type = own,
                .states = size_t(s.state_size())};
      },
      stream->stream);
}

int fusedrnn_step(fusedrnn_stream* stream, const void* x, size_t x_bytes, void* y, size_t y_bytes) {
  return guarded("fusedrnn_step", -1, [&] {
    expect(stream, "stream");
    expect(x, "x");
    expect(y, "y");
    std::visit(
        [&](auto& s) {
          using Real = decltype(real_of(s));
          const bool indices = s.chain().takes_indices();
          const auto batch = size_t(s.batch());
          expect_bytes(
              "x", x_bytes,
              batch * (indices ? sizeof(int64_t) : size_t(s.chain().inputs()) * sizeof(Real)));
          expect_bytes("y", y_bytes, batch * size_t(s.chain().outputs()) * sizeof(Real));
          s.run(1, indices ? nullptr : static_cast<const Real*>(x),
                indices ? static_cast<const int64_t*>(x) : nullptr, nullptr, static_cast<Real*>(y));
        },
        stream->stream);
    return 0;
  });
}

int fusedrnn_reset(fusedrnn_stream* stream, const size_t* rows, size_t count) {
  return guarded("fusedrnn_reset", -1, [&] {
    expect(stream, "stream");
    std::visit(
        [&](auto& s) {
          if (!rows) return s.reset();
          for (size_t k = 0; k < count; ++k)
            if (rows[k] >= size_t(s.batch()))
              throw std::invalid_argument("the row " + std::to_string(rows[k]) +
                                          ", expected 0 to " + std::to_string(s.batch() - 1));
          const std::vector<ptrdiff_t> given(rows, rows + count);
          s.reset(given.data(), ptrdiff_t(count));
        },
        stream->stream);
    return 0;
  });
}

int fusedrnn_get_state(const fusedrnn_stream* stream, void* state, size_t bytes) {
  return guarded("fusedrnn_get_state", -1, [&] {
    expect(stream, "stream");
    std::visit(
        [&](const auto& s) {
          using Real = decltype(real_of(s));
          expect_bytes("state", bytes, size_t(s.state_size()) * sizeof(Real));
          if (bytes) {
            expect(state, "state");
            s.get_state(static_cast<Real*>(state));
          }
        },
        stream->stream);
    return 0;
  });
}

int fusedrnn_set_state(fusedrnn_stream* stream, const void* state, size_t bytes) {
  return guarded("fusedrnn_set_state", -1, [&] {
    expect(stream, "stream");
    std::visit(
        [&](auto& s) {
          using Real = decltype(real_of(s));
          expect_bytes("state", bytes, size_t(s.state_size()) * sizeof(Real));
          if (bytes) {
            expect(state, "state");
            s.set_state(static_cast<const Real*>(state));
          }
        },
        stream->stream);
    return 0;
  });
}

const char* fusedrnn_last_error(void) {
  return last_error;
}

const char* fusedrnn_version(void) {
  return FUSEDRNN_VERSION;
}

int fusedrnn_set_num_threads(int n) {
  return guarded("fusedrnn_set_num_threads", -1, [&] {
    if (n < 0 || n > fusedrnn::kMostThreads)
      throw std::invalid_argument("n is " + std::to_string(n) + ", expected 0 to " +
                                  std::to_string(fusedrnn::kMostThreads));
    fusedrnn::set_num_threads(n);
    return 0;
  });
}
