// Loads each file that is named on standard input as a stream, and takes steps with it; for each a
// line: what the last value of the steps was, or why the file was refused.
#include <cstdio>
#include <fstream>
#include <fusedrnn.hpp>
#include <iostream>
#include <iterator>

template <class In, class Out>
Out last_of(fusedrnn::Model& model) {
  std::vector<In> x(model.sizes().batch * model.sizes().inputs, In(1));
  std::vector<Out> y;
  for (int step = 0; step < 3; ++step) model.step(x, y);
  model.set_state(fusedrnn::Model(model).state<Out>());
  model.reset({0});
  return y.back();
}

int main() {
  for (std::string path; std::getline(std::cin, path);) {
    std::ifstream file(path, std::ios::binary);
    // A buffer of just this size, so that a sanitizer sees who reads beyond it
    const std::vector<char> content{std::istreambuf_iterator<char>(file), {}};
    try {
      fusedrnn::Model model(content.data(), content.size(), 2);
      const fusedrnn_sizes sizes = model.sizes();
      const bool indices = sizes.input_type == FUSEDRNN_INT64;
      if (sizes.inputs * sizes.outputs > 1000000) {
        std::puts("large");
      } else if (sizes.output_type == FUSEDRNN_FLOAT32) {
        std::printf("%.9g\n", indices ? double(last_of<int64_t, float>(model))
                                      : double(last_of<float, float>(model)));
      } else {
        std::printf("%.17g\n",
                    indices ? last_of<int64_t, double>(model) : last_of<double, double>(model));
      }
    } catch (const fusedrnn::Error& error) {
      std::printf("refused %s\n", error.what());
    }
    std::fflush(stdout);
  }
}
