// How a long call stops before its end, when the user presses Ctrl-C.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

namespace fusedrnn {

// Thrown by a call that has been told to stop. What it has written so far means nothing.
struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

// `ask` says whether the thread that calls it has been told to stop. Whoever binds the core to a
// language sets it, before any call.
void set_stop_question(bool (*ask)());

// Of one call. Each of its threads polls at the places where it could stop; the thread that made
// the call asks, some ten times a second, and the others follow.
class Interrupt {
 public:
  // Of a call of `operations` floating-point operations, of which there are `each` between polls. A
  // call that is over in a tenth of a second or so never asks.
  Interrupt(double operations, double each)
      : long_(operations > 3e8),
        caller_(std::this_thread::get_id()),
        polls_(int(std::min(1e7 / std::max(each, 1.0), 1e6))) {}

  bool is_long() const { return long_; }
  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }
  // Whether the thread is to stop.
  bool poll() {
    if (!long_) return false;
    if (!stopped() && std::this_thread::get_id() == caller_ && ++polled_ > polls_) look();
    return stopped();
  }
  // Outside parallel regions.
  void throw_if_stopped() const {
    if (stopped()) throw Interrupted();
  }

 private:
  void look();

  const bool long_;
  const std::thread::id caller_;
  const int polls_;  // between looks at the clock
  int polled_ = 0;   // the caller's
  double next_ = 0;  // when to ask again; the caller's
  std::atomic<bool> stopped_{false};
};

}  // namespace fusedrnn
