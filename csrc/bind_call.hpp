// A call of the core from Python: without the GIL, open to Ctrl-C, and safe at the interpreter's
// end.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <exception>
#include <thread>

#include "interrupt.hpp"

namespace fusedrnn {

namespace py = pybind11;

// Takes the GIL back. Once the interpreter is ending, a daemon thread never gets it, and Python up
// to 3.13 ends the thread instead by unwinding its stack, which no destructor of an object that
// needs the GIL would survive: so it waits here for the end of the process, as of Python 3.14.
inline void take_gil(PyThreadState* state) {
  try {
    PyEval_RestoreThread(state);
  } catch (...) {  // glibc's forced unwinding
    for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
  }
}

// Whether Python has a signal for this thread whose handler raised, as that of Ctrl-C does; the
// exception is then set. For set_stop_question: the caller is inside without_gil.
inline bool signal_raised() {
  PyThreadState* state = PyGILState_GetThisThreadState();
  if (!state) return false;
  take_gil(state);
  const bool raised = PyErr_CheckSignals() != 0;
  PyEval_SaveThread();
  return raised;
}

// Runs work(), which touches no Python object, without the GIL; what it throws comes out with it.
template <class Work>
void without_gil(Work&& work) {
  std::exception_ptr thrown;
  bool interrupted = false;
  PyThreadState* state = PyEval_SaveThread();
  try {
    work();
  } catch (const Interrupted&) {
    interrupted = true;
  } catch (...) {
    thrown = std::current_exception();
  }
  take_gil(state);
  if (interrupted) throw py::error_already_set();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace fusedrnn
