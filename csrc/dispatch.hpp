// Which kernel table runs: the best that the build and the CPU have, capped by FUSEDRNN_ISA.
#pragma once

#include <string>
#include <vector>

#include "kernels/kernel_table.hpp"

namespace fusedrnn {

// Names of the instruction sets in this build, and of those that this CPU can run, weakest first.
std::vector<std::string> built_isas();
std::vector<std::string> available_isas();

const KernelTable& current_kernels();

// Throws std::invalid_argument if `name` is unknown or cannot run here.
void set_isa(const std::string& name);

template <class Real>
inline const Kernels<Real>& current_kernels_of() {
  return kernels_of<Real>(current_kernels());
}

}  // namespace fusedrnn
