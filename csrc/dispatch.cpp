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
// Not __builtin_cpu_supports: Clang before 18 has no names for some features, and clang-cl does not
// link what it calls.
bool has_all(unsigned found, unsigned wanted) {
  return (found & wanted) == wanted;
}
// Whether the system keeps these parts of the registers (bits of XCR0) for each thread.
bool keeps_registers(unsigned wanted) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE)) return false;
  asm volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
  return has_all(a, wanted);
}
// Every feature of the level that the kernels are compiled for, not one bit that stands for it.
bool has_avx2() {
  unsigned a, b, c, d;
  constexpr unsigned kFirst = bit_SSE3 | bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT |
                              bit_CMPXCHG16B | bit_AVX | bit_FMA | bit_MOVBE | bit_F16C;
  constexpr unsigned kSeventh = bit_AVX2 | bit_BMI | bit_BMI2;
  constexpr unsigned kExtended = bit_LAHF_LM | bit_LZCNT;
  constexpr unsigned kSseAndAvx = 0x6;
  return __get_cpuid(1, &a, &b, &c, &d) && has_all(c, kFirst) &&
         __get_cpuid_count(7, 0, &a, &b, &c, &d) && has_all(b, kSeventh) &&
         __get_cpuid(0x80000001, &a, &b, &c, &d) && has_all(c, kExtended) &&
         keeps_registers(kSseAndAvx);
}
bool has_avx512() {
#ifdef FUSEDRNN_EMULATED
  return has_avx2();
#else
  unsigned a, b, c, d;
  constexpr unsigned kSeventh =
      bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL;
#ifdef __APPLE__  // keeps them from a thread's first use on, and does not say so before
  constexpr unsigned kMasksAndVectors = 0;
#else
  constexpr unsigned kMasksAndVectors = 0xe0;
#endif
  return has_avx2() && __get_cpuid_count(7, 0, &a, &b, &c, &d) && has_all(b, kSeventh) &&
         keeps_registers(kMasksAndVectors);
#endif
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
