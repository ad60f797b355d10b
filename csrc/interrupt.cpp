#include "interrupt.hpp"

#include "parallel.hpp"

namespace fusedrnn {
namespace {

std::atomic<bool (*)()> stop_question{nullptr};

}  // namespace

void set_stop_question(bool (*ask)()) {
  stop_question.store(ask);
}

void Interrupt::look() {
  constexpr double kPause = 0.1;  // seconds
  polled_ = 0;
  const double now = seconds_now();
  if (next_ == 0) next_ = now + kPause;
  if (now < next_) return;
  next_ = now + kPause;
  const auto ask = stop_question.load();
  if (ask && ask()) stopped_.store(true);
}

}  // namespace fusedrnn
