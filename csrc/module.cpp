#include <pybind11/pybind11.h>

namespace fusedrnn {
void bind_runtime(pybind11::module_&);
void bind_fingerprint(pybind11::module_&);
void bind_memory(pybind11::module_&);
void bind_lstm(pybind11::module_&);
void bind_gru(pybind11::module_&);
void bind_rnn(pybind11::module_&);
void bind_dense(pybind11::module_&);
void bind_optimizer(pybind11::module_&);
#ifdef FUSEDRNN_JAX
void bind_jax(pybind11::module_&);
#endif
}  // namespace fusedrnn

// What calls share, in buffer.cpp, dispatch.cpp, interrupt.cpp and parallel.cpp, is atomic; packed
// weights and tapes never change: the core needs no GIL.
PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
  m.doc() = "The compiled core of fusedrnn. Private: use fusedrnn.functional.";
  fusedrnn::bind_runtime(m);
  fusedrnn::bind_fingerprint(m);
  fusedrnn::bind_memory(m);
  fusedrnn::bind_lstm(m);
  fusedrnn::bind_gru(m);
  fusedrnn::bind_rnn(m);
  fusedrnn::bind_dense(m);
  fusedrnn::bind_optimizer(m);
#ifdef FUSEDRNN_JAX
  fusedrnn::bind_jax(m);
#endif
}
