/* fusedrnn without Python: a trained model as a function of one time step.
 *
 * A model comes from a .safetensors file that model.save("model.safetensors") wrote in Python. All
 * functions may be called from any thread; one stream is used by one thread at a time, and a call
 * meanwhile is an error. A function that fails says so by what it returns, and why by
 * fusedrnn_last_error. C++ has all of this in fusedrnn.hpp. */
#ifndef FUSEDRNN_H
#define FUSEDRNN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32)
#define FUSEDRNN_API
#else
#define FUSEDRNN_API __attribute__((visibility("default")))
#endif

/* A model and the states of some streams, which take their steps together. */
typedef struct fusedrnn_stream fusedrnn_stream;

typedef enum { FUSEDRNN_FLOAT32 = 0, FUSEDRNN_FLOAT64 = 1, FUSEDRNN_INT64 = 2 } fusedrnn_type;

enum {
  FUSEDRNN_BFLOAT16 = 1 /* weights of recurrent layers rounded to bfloat16, in half the memory */
};

typedef struct {
  size_t batch;              /* streams */
  size_t inputs, outputs;    /* values of a step and of what it gives; 1 input for indices */
  fusedrnn_type input_type;  /* INT64: the model begins with an embedding, and takes indices */
  fusedrnn_type output_type; /* FLOAT32 or FLOAT64, of states too */
  size_t states;             /* values of all states of all streams */
} fusedrnn_sizes;

/* The model of a file, or of its content in memory, for `batch` streams whose states are zero.
 * flags: 0 or FUSEDRNN_BFLOAT16. NULL: an error. */
FUSEDRNN_API fusedrnn_stream* fusedrnn_load(const char* path, size_t batch, unsigned flags);
FUSEDRNN_API fusedrnn_stream* fusedrnn_load_bytes(const void* content, size_t bytes, size_t batch,
                                                  unsigned flags);
/* Another stream with states of its own, as these are now, that shares the weights. NULL: an error.
 */
FUSEDRNN_API fusedrnn_stream* fusedrnn_copy(const fusedrnn_stream* stream);
FUSEDRNN_API void fusedrnn_free(fusedrnn_stream* stream); /* NULL: nothing */

FUSEDRNN_API fusedrnn_sizes fusedrnn_get_sizes(const fusedrnn_stream* stream);

/* What follows returns 0, or -1 for an error, and then leaves all states as they were. Bytes are of
 * whole arrays: others than expected are an error. */

/* One step: x (batch, inputs) of input_type, y (batch, outputs) of output_type, filled. */
FUSEDRNN_API int fusedrnn_step(fusedrnn_stream* stream, const void* x, size_t x_bytes, void* y,
                               size_t y_bytes);
/* States to zero: of those `count` rows, or, where `rows` is NULL, of all. */
FUSEDRNN_API int fusedrnn_reset(fusedrnn_stream* stream, const size_t* rows, size_t count);
/* All states, of output_type: for each layer h and, of an LSTM, c, each (batch, units). */
FUSEDRNN_API int fusedrnn_get_state(const fusedrnn_stream* stream, void* state, size_t bytes);
FUSEDRNN_API int fusedrnn_set_state(fusedrnn_stream* stream, const void* state, size_t bytes);

/* Why the last call of this thread that failed did, in one line; valid until its next one. Never
 * NULL. */
FUSEDRNN_API const char* fusedrnn_last_error(void);
FUSEDRNN_API const char* fusedrnn_version(void);
/* Most threads of a large step, of all streams: 1 to 1024; 0: as many as OpenMP has. -1: an error.
 */
FUSEDRNN_API int fusedrnn_set_num_threads(int n);

#ifdef __cplusplus
}
#endif

#endif
