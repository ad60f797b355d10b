/* stream.cpp in C: a step of two streams at a time, whose lines take turns. */
#include <fusedrnn.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 2 };

int main(int count, char** arguments) {
  fusedrnn_stream* model = count == 2 ? fusedrnn_load(arguments[1], BATCH, 0) : NULL;
  if (!model) {
    fprintf(stderr, "%s\n", count == 2 ? fusedrnn_last_error() : "usage: stream_c MODEL < STEPS");
    return 1;
  }
  const fusedrnn_sizes sizes = fusedrnn_get_sizes(model);
  const size_t takes = BATCH * sizes.inputs, gives = BATCH * sizes.outputs;
  float* x = malloc(takes * sizeof(float));
  float* y = malloc(gives * sizeof(float));
  size_t read = 0;
  while (x && y && scanf("%f", &x[read]) == 1) {
    if (++read < takes) continue;
    read = 0;
    if (fusedrnn_step(model, x, takes * sizeof(float), y, gives * sizeof(float))) {
      fprintf(stderr, "%s\n", fusedrnn_last_error());
      return 1;
    }
    for (size_t k = 0; k < gives; ++k)
      printf("%.9g%c", (double)y[k], (k + 1) % sizes.outputs ? ' ' : '\n');
  }
  free(x);
  free(y);
  fusedrnn_free(model);
  return 0;
}
