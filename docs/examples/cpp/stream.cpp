// A trained model on a stream of numbers: each line of standard input is a time step, and each line
// of standard output what the model makes of the steps so far.
//
//   stream model.safetensors < steps.txt
#include <cstdio>
#include <fusedrnn.hpp>
#include <iostream>
#include <sstream>

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: stream MODEL.safetensors < STEPS\n";
    return 2;
  }
  try {
    fusedrnn::Model model(arguments[1]);
    if (model.sizes().input_type != FUSEDRNN_FLOAT32) {
      std::cerr << "this example takes models in float32\n";
      return 2;
    }
    std::vector<float> x(model.sizes().inputs), y;
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream values(line);
      for (float& value : x)
        if (!(values >> value)) {
          std::cerr << "expected " << x.size() << " numbers in: " << line << "\n";
          return 1;
        }
      model.step(x, y);
      for (float value : y) std::printf("%.9g ", double(value));
      std::printf("\n");
    }
  } catch (const fusedrnn::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
