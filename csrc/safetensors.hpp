// Reads .safetensors: a JSON header and plain arrays behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fusedrnn {

// The content of a file, which must outlive it. Every tensor lies within it, and none over another.
class Safetensors {
 public:
  struct Tensor {
    std::string type;  // "F32", ...
    std::vector<ptrdiff_t> shape;
    const unsigned char* data;  // not aligned
    size_t bytes;
  };

  // Throws std::invalid_argument where the content is anything else.
  Safetensors(const unsigned char* content, size_t bytes);

  // Null if there is none.
  const Tensor* tensor(const std::string& name) const;
  const std::string* metadata(const std::string& key) const;

 private:
  std::map<std::string, Tensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace fusedrnn
