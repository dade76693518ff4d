/* What connections in several threads share: a configuration with its stock of compressors, and a
 * prepared message. `make tsan` runs this with a library that ThreadSanitizer watches. */

#include <pthread.h>

#include "check.h"

#define THREADS 4
#define ROUNDS 50

static wspair_config *config;
static wspair_prepared *news;
static const char text[] = "the same for all, the same for all, the same for all, the same for all";

/* The thread's own connections, over and over. */
static void *talk(void *seed_byte) {
  uint8_t seed[32], wire[1024];
  wspair_agreed agreed;
  int round;
  memset(seed, *(const uint8_t *)seed_byte, sizeof seed);
  memset(&agreed, 0, sizeof agreed);
  agreed.server_max_window_bits = agreed.client_max_window_bits = 12;
  for (round = 0; round < ROUNDS; round++) {
    wspair_conn *server = NULL, *client = NULL;
    seen got = {.count = 0};
    size_t len, at;
    GOOD(wspair_conn_new_server(config, &agreed, &server));
    GOOD(wspair_conn_new_client(config, &agreed, seed, &client));
    GOOD(wspair_conn_send_prepared(server, news));
    GOOD(wspair_conn_send(server, WSPAIR_KIND_TEXT, u8(text), sizeof text - 1));
    GOOD(wspair_conn_send_prepared(server, news));
    len = drain(server, wire, sizeof wire);
    feed(client, wire, len, MANY, &got);
    CHECK(got.count == 3);
    for (at = 0; at < 3; at++) CHECK(is_text(got.events[at].data, got.events[at].len, text));
    wspair_conn_free(server);
    wspair_conn_free(client);
  }
  return NULL;
}

int main(void) {
  static uint8_t seeds[THREADS];
  pthread_t threads[THREADS];
  wspair_options options;
  size_t at;
  GOOD(wspair_options_init(&options, sizeof options));
  options.deflate_stock = 2;
  options.deflate_threshold = 0;
  config = config_of(&options);
  GOOD(wspair_prepared_new(WSPAIR_KIND_TEXT, u8(text), sizeof text - 1, &news));
  for (at = 0; at < THREADS; at++) {
    seeds[at] = (uint8_t)at;
    CHECK(pthread_create(&threads[at], NULL, talk, &seeds[at]) == 0);
  }
  for (at = 0; at < THREADS; at++) CHECK(pthread_join(threads[at], NULL) == 0);
  wspair_prepared_free(news);
  wspair_config_free(config);
  return 0;
}
