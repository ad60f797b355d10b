#include "safetensors.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace fusedrnn {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw std::invalid_argument("the safetensors file " + what);
}

// A reader of the JSON that a header consists of: objects of texts, of lists of whole numbers, and
// of such objects. Whatever else there is in JSON is refused.
class Json {
 public:
  Json(const unsigned char* begin, const unsigned char* end) : at_(begin), end_(end) {}

  // Calls member(name) at each member's value, which it must read.
  template <class Member>
  void object(Member&& member) {
    expect('{');
    if (next() == '}') return void(++at_);
    do {
      const std::string name = text();
      expect(':');
      member(name);
    } while (another('}'));
  }
  template <class Item>
  void list(Item&& item) {
    expect('[');
    if (next() == ']') return void(++at_);
    do item();
    while (another(']'));
  }
  std::string text() {
    expect('"');
    std::string found;
    for (;;) {
      if (at_ == end_) refuse("has a header that ends in a text");
      const unsigned char c = *at_++;
      if (c == '"') return found;
      if (c == '\\')
        escape(found);
      else
        found += char(c);
    }
  }
  uint64_t number() {
    next();
    if (at_ == end_ || *at_ < '0' || *at_ > '9')
      refuse("has something other than a size in a list");
    uint64_t value = 0;
    for (; at_ != end_ && *at_ >= '0' && *at_ <= '9'; ++at_) {
      if (value > (uint64_t(1) << 62) / 10) refuse("has a number that is too large");
      value = value * 10 + (*at_ - '0');
    }
    return value;
  }
  void end() {
    if (next() != 0) refuse("has more after the header's JSON");
  }

 private:
  // The next character that is no space, 0 at the end.
  unsigned char next() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
    return at_ == end_ ? 0 : *at_;
  }
  void expect(char c) {
    if (next() != c) refuse(std::string("has a header in which '") + c + "' is missing");
    ++at_;
  }
  bool another(char close) {
    if (next() == ',') return ++at_;
    expect(close);
    return false;
  }
  uint32_t code_unit() {
    uint32_t code = 0;
    for (int k = 0; k < 4; ++k, ++at_) {
      const unsigned char c = at_ == end_ ? 0 : *at_;
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) refuse("has a header with a broken \\u");
      code = code * 16 + uint32_t(digit);
    }
    return code;
  }
  void escape(std::string& to) {
    constexpr const char *kNames = "\"\\/bfnrt", *kMeanings = "\"\\/\b\f\n\r\t";
    const unsigned char c = at_ == end_ ? 0 : *at_++;
    for (const char* name = kNames; *name; ++name)
      if (*name == c) return to.push_back(kMeanings[name - kNames]);
    if (c != 'u') refuse("has a header with an unknown escape");
    uint32_t code = code_unit();
    if (code >= 0xd800 && code < 0xdc00 && end_ - at_ >= 6 && at_[0] == '\\' && at_[1] == 'u') {
      at_ += 2;
      code = 0x10000 + ((code & 0x3ff) << 10) + (code_unit() & 0x3ff);
    }
    if (code < 0x80) return to.push_back(char(code));  // else UTF-8
    const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    constexpr unsigned char kFirst[] = {0, 0xc0, 0xe0, 0xf0};
    to.push_back(char(kFirst[more] | code >> 6 * more));
    for (int k = more - 1; k >= 0; --k) to.push_back(char(0x80 | (code >> 6 * k & 0x3f)));
  }

  const unsigned char *at_, *const end_;
};

// Bytes of an array; more than `most`: too many.
uint64_t bytes_of(const std::string& type, const std::vector<ptrdiff_t>& shape, uint64_t most) {
  uint64_t bytes = type == "F32" || type == "I32" ? 4 : type == "F64" || type == "I64" ? 8 : 0;
  if (bytes == 0) refuse("has a tensor of type '" + type + "', expected F32, F64, I32 or I64");
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  for (const ptrdiff_t extent : shape) {
    if (uint64_t(extent) > most / bytes) return most + 1;
    bytes *= uint64_t(extent);
  }
  return bytes;
}

}  // namespace

Safetensors::Safetensors(const unsigned char* content, size_t bytes) {
  uint64_t header = 0;
  if (bytes < 8) refuse("is too short");
  for (int k = 7; k >= 0; --k) header = header << 8 | content[k];
  if (header > bytes - 8) refuse("is too short for its header");
  const unsigned char* const body = content + 8 + header;
  const uint64_t size = bytes - 8 - header;

  struct Place {
    uint64_t begin, end;
  };
  std::vector<Place> places;
  Json json(content + 8, body);
  json.object([&](const std::string& name) {
    if (name == "__metadata__") {
      return json.object([&](const std::string& key) {
        if (!metadata_.emplace(key, json.text()).second) refuse("has '" + key + "' twice");
      });
    }
    Tensor tensor = {};
    std::vector<uint64_t> offsets;
    json.object([&](const std::string& key) {
      if (key == "dtype")
        tensor.type = json.text();
      else if (key == "shape")
        json.list([&] { tensor.shape.push_back(ptrdiff_t(json.number())); });
      else if (key == "data_offsets")
        json.list([&] { offsets.push_back(json.number()); });
      else
        refuse("has '" + key + "' in the tensor '" + name + "'");
    });
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > size ||
        offsets[1] - offsets[0] != bytes_of(tensor.type, tensor.shape, size))
      refuse("does not have the tensor '" + name + "' where it says");
    tensor.data = body + offsets[0];
    tensor.bytes = size_t(offsets[1] - offsets[0]);
    places.push_back({offsets[0], offsets[1]});
    if (!tensors_.emplace(name, std::move(tensor)).second) refuse("has '" + name + "' twice");
  });
  json.end();
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  uint64_t end = 0;
  for (const Place& place : places) {
    if (place.begin != end) refuse("has tensors with a gap between them, or over each other");
    end = place.end;
  }
  if (end != size) refuse("is of another length than its tensors");
}

const Safetensors::Tensor* Safetensors::tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

const std::string* Safetensors::metadata(const std::string& key) const {
  const auto found = metadata_.find(key);
  return found == metadata_.end() ? nullptr : &found->second;
}

}  // namespace fusedrnn
