/* What fusedrnn.h promises, on a model in float32 of 3 inputs with an LSTM, on one in float64, and
 * on one that takes indices. Says which promise is broken, and ends with 1. */
#include <fusedrnn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(what)                                            \
  if (!(what)) {                                               \
    fprintf(stderr, "%s: %s\n", #what, fusedrnn_last_error()); \
    return 1;                                                  \
  }
#define REFUSED(call, why) CHECK((call) && strstr(fusedrnn_last_error(), why))

int main(int count, char** paths) {
  (void)count;
  CHECK(strlen(fusedrnn_last_error()) == 0);
  REFUSED(!fusedrnn_load(NULL, 1, 0), "fusedrnn_load: path is NULL");
  REFUSED(!fusedrnn_load(paths[1], 0, 0), "batch is 0");
  REFUSED(!fusedrnn_load(paths[1], (size_t)-1, 0), ", expected 1 to 2147483648");
  REFUSED(!fusedrnn_load(paths[1], 1, 8), "flags is 8");
  REFUSED(!fusedrnn_load(paths[2], 1, FUSEDRNN_BFLOAT16), "need a model in float32");
  REFUSED(!fusedrnn_load_bytes(NULL, 3, 1, 0), "content is NULL");
  REFUSED(!fusedrnn_load_bytes("abc", 3, 1, 0), "is too short");
  REFUSED(!fusedrnn_copy(NULL), "stream is NULL");
  CHECK(fusedrnn_get_sizes(NULL).batch == 0);
  fusedrnn_free(NULL);

  fusedrnn_stream* s = fusedrnn_load(paths[1], 2, 0);
  CHECK(s);
  const fusedrnn_sizes n = fusedrnn_get_sizes(s);
  CHECK(n.batch == 2 && n.inputs == 3 && n.input_type == FUSEDRNN_FLOAT32);
  CHECK(n.output_type == FUSEDRNN_FLOAT32 && n.states && n.states % 2 == 0);
  const float x[6] = {1, 2, 3, 4, 5, 6};
  const size_t bytes = 2 * n.outputs * sizeof(float), state_bytes = n.states * sizeof(float);
  float *y = malloc(bytes), *again = malloc(bytes), *state = malloc(state_bytes);
  CHECK(y && again && state);
  REFUSED(fusedrnn_step(NULL, x, sizeof x, y, bytes), "stream is NULL");
  REFUSED(fusedrnn_step(s, NULL, sizeof x, y, bytes), "x is NULL");
  REFUSED(fusedrnn_step(s, x, sizeof x, NULL, bytes), "y is NULL");
  REFUSED(fusedrnn_step(s, x, sizeof x - 4, y, bytes), "x has 20 bytes, expected 24");
  REFUSED(fusedrnn_step(s, x, sizeof x, y, bytes + 1), "y has");
  CHECK(!fusedrnn_step(s, x, sizeof x, y, bytes));

  /* A state that is put back, and a copy, go on alike. */
  REFUSED(fusedrnn_get_state(s, state, state_bytes + 1), "state has");
  REFUSED(fusedrnn_get_state(s, NULL, state_bytes), "state is NULL");
  CHECK(!fusedrnn_get_state(s, state, state_bytes));
  fusedrnn_stream* copy = fusedrnn_copy(s);
  CHECK(copy);
  CHECK(!fusedrnn_step(s, x, sizeof x, y, bytes));
  CHECK(!fusedrnn_step(copy, x, sizeof x, again, bytes) && !memcmp(y, again, bytes));
  REFUSED(fusedrnn_set_state(s, state, 0), "state has 0 bytes");
  CHECK(!fusedrnn_set_state(s, state, state_bytes));
  CHECK(!fusedrnn_step(s, x, sizeof x, again, bytes) && !memcmp(y, again, bytes));

  /* The second row begins again, the first goes on. */
  const size_t rows[1] = {1}, beyond[1] = {2};
  REFUSED(fusedrnn_reset(s, beyond, 1), "the row 2, expected 0 to 1");
  CHECK(!fusedrnn_reset(s, rows, 1) && !fusedrnn_step(s, x, sizeof x, y, bytes));
  CHECK(!fusedrnn_step(copy, x, sizeof x, again, bytes) && !memcmp(y, again, bytes / 2));
  CHECK(memcmp((char*)y + bytes / 2, (char*)again + bytes / 2, bytes / 2));
  CHECK(!fusedrnn_reset(s, NULL, 0) && !fusedrnn_reset(copy, NULL, 0));
  CHECK(!fusedrnn_step(s, x, sizeof x, y, bytes));
  CHECK(!fusedrnn_step(copy, x, sizeof x, again, bytes) && !memcmp(y, again, bytes));

  /* Rounded weights give another answer. */
  fusedrnn_stream* half = fusedrnn_load(paths[1], 2, FUSEDRNN_BFLOAT16);
  CHECK(half && !fusedrnn_step(half, x, sizeof x, again, bytes) && memcmp(y, again, bytes));

  fusedrnn_stream* wide = fusedrnn_load(paths[2], 1, 0);
  CHECK(wide && fusedrnn_get_sizes(wide).input_type == FUSEDRNN_FLOAT64);
  REFUSED(fusedrnn_step(wide, x, 12, y, 8), "x has 12 bytes, expected 24");
  fusedrnn_stream* words = fusedrnn_load(paths[3], 1, 0);
  CHECK(words && fusedrnn_get_sizes(words).input_type == FUSEDRNN_INT64);
  const int64_t word[1] = {1}, unknown[1] = {1000000};
  const size_t word_bytes = fusedrnn_get_sizes(words).outputs * sizeof(float);
  CHECK(word_bytes <= bytes && !fusedrnn_step(words, word, 8, y, word_bytes));
  REFUSED(fusedrnn_step(words, unknown, 8, y, word_bytes), "the index 1000000");

  REFUSED(fusedrnn_set_num_threads(-1), "n is -1");
  CHECK(!fusedrnn_set_num_threads(1) && !fusedrnn_set_num_threads(0));
  CHECK(strlen(fusedrnn_version()) >= 5);
  fusedrnn_free(s);
  fusedrnn_free(copy);
  fusedrnn_free(half);
  fusedrnn_free(wide);
  fusedrnn_free(words);
  free(y);
  free(again);
  free(state);
  return 0;
}
