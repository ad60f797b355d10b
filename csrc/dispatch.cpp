#include "dispatch.hpp"

#include <atomic>
#include <cstdlib>
#include <stdexcept>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

extern "C" {
extern const fusedrnn::KernelTable fusedrnn_kernels_baseline;
extern const fusedrnn::KernelTable fusedrnn_kernels_avx2;
extern const fusedrnn::KernelTable fusedrnn_kernels_avx512;
}

namespace fusedrnn {
namespace {

struct Candidate {
  const KernelTable* table;
  bool (*runs_here)();
};

#if defined(__x86_64__)
// What __builtin_cpu_supports has no names for in Clang before 18.
bool has_lzcnt_movbe_f16c() {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_MOVBE) || !(c & bit_F16C)) return false;
  return __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & bit_LZCNT);
}
// Every feature of the level that the kernels are compiled for, not one bit that stands for it.
bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("popcnt") && has_lzcnt_movbe_f16c();
}
bool has_avx512() {
#ifdef FUSEDRNN_EMULATED
  return has_avx2();
#endif
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}
#endif

const Candidate kCandidates[] = {
    {&fusedrnn_kernels_baseline, [] { return true; }},
#ifdef FUSEDRNN_HAVE_AVX2
    {&fusedrnn_kernels_avx2, has_avx2},
#endif
#ifdef FUSEDRNN_HAVE_AVX512
    {&fusedrnn_kernels_avx512, has_avx512},
#endif
};

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

const KernelTable& find(const std::string& name, const std::string& who) {
  for (const Candidate& c : kCandidates)
    if (name == c.table->isa) {
      if (c.runs_here()) return *c.table;
      throw std::invalid_argument(who + ": this CPU cannot run '" + name +
                                  "', available: " + joined(available_isas()));
    }
  throw std::invalid_argument(who + ": unknown instruction set '" + name +
                              "', built: " + joined(built_isas()));
}

// The best that runs, but none above the one FUSEDRNN_ISA names.
const KernelTable& initial() {
  const char* cap = std::getenv("FUSEDRNN_ISA");
  if (cap && !*cap) cap = nullptr;
  const KernelTable* best = nullptr;
  for (const Candidate& c : kCandidates) {
    if (c.runs_here()) best = c.table;
    if (cap && std::string(cap) == c.table->isa) return *best;
  }
  if (cap) find(cap, "FUSEDRNN_ISA");
  return *best;
}

std::atomic<const KernelTable*> current{nullptr};

}  // namespace

std::vector<std::string> built_isas() {
  std::vector<std::string> names;
  for (const Candidate& c : kCandidates) names.emplace_back(c.table->isa);
  return names;
}

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (const Candidate& c : kCandidates)
    if (c.runs_here()) names.emplace_back(c.table->isa);
  return names;
}

const KernelTable& current_kernels() {
  const KernelTable* table = current.load(std::memory_order_acquire);
  if (!table) {
    table = &initial();
    current.store(table, std::memory_order_release);
  }
  return *table;
}

void set_isa(const std::string& name) {
  current.store(&find(name, "use_isa"));
}

}  // namespace fusedrnn
