/* The one assertion that the tests need, and helpers they share. */

#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wspair.h>

#define CHECK(what)                                                             \
  do {                                                                          \
    if (!(what)) {                                                              \
      fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what); \
      exit(1);                                                                  \
    }                                                                           \
  } while (0)

#define GIVES(expected, call)                                                          \
  do {                                                                                 \
    int32_t gave = (call);                                                             \
    if (gave != (expected)) {                                                          \
      fprintf(stderr, "%s:%d: %s gave %d, %s\n", __FILE__, __LINE__, #call, (int)gave, \
              wspair_strerror(gave));                                                  \
      exit(1);                                                                         \
    }                                                                                  \
  } while (0)

#define GOOD(call) GIVES(WSPAIR_OK, call)

#define MANY 32

/* Events of one input, with all that lay in somebody's memory copied. */
typedef struct seen {
  wspair_event events[MANY];
  uint8_t data[MANY][256];
  size_t count;
} seen;

static inline int is_text(const void *data, size_t len, const char *text) {
  return len == strlen(text) && (len == 0 || memcmp(data, text, len) == 0);
}

static inline const uint8_t *u8(const char *text) {
  return (const uint8_t *)text;
}

static inline void see(seen *to, const wspair_event *events, size_t count) {
  size_t at;
  for (at = 0; at < count; at++) {
    wspair_event *event = &to->events[to->count];
    CHECK(to->count < MANY && events[at].len <= sizeof to->data[0]);
    *event = events[at];
    if (event->len > 0) memcpy(to->data[to->count], event->data, event->len);
    event->data = to->data[to->count++];
  }
}

/* Feeds bytes as a host does: batch after batch, each looked at before the next. */
static inline void feed(wspair_conn *conn, uint8_t *bytes, size_t len, size_t cap, seen *to) {
  wspair_event events[MANY];
  size_t at = 0, count, used;
  int32_t result;
  do {
    result = wspair_conn_receive(conn, bytes + at, len - at, events, cap, &count, &used);
    CHECK(result >= 0 && count <= cap && used <= len - at);
    at += used;
    see(to, events, count);
  } while (result == WSPAIR_MORE);
  CHECK(at == len);
}

/* Takes all that waits. */
static inline size_t drain(wspair_conn *conn, uint8_t *to, size_t room) {
  wspair_slice slices[4];
  size_t len = 0, count, at;
  for (;;) {
    size_t written = 0;
    GOOD(wspair_conn_transmit(conn, slices, 4, &count));
    if (count == 0) return len;
    for (at = 0; at < count; at++) {
      CHECK(len + slices[at].len <= room);
      memcpy(to + len, slices[at].data, slices[at].len);
      len += slices[at].len;
      written += slices[at].len;
    }
    GOOD(wspair_conn_advance(conn, written));
  }
}

/* Writes a client's frame, short enough for one length byte. */
static inline size_t client_frame(uint8_t *to, uint8_t first, const void *payload, size_t len) {
  static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};
  size_t at;
  CHECK(len < 126);
  to[0] = first;
  to[1] = (uint8_t)(0x80 | len);
  memcpy(to + 2, key, 4);
  for (at = 0; at < len; at++) to[6 + at] = ((const uint8_t *)payload)[at] ^ key[at % 4];
  return 6 + len;
}

static inline wspair_conn *new_server(const wspair_config *config) {
  wspair_conn *conn = NULL;
  GOOD(wspair_conn_new_server(config, NULL, &conn));
  return conn;
}

static inline wspair_conn *new_client(const wspair_config *config, uint8_t seed_byte) {
  wspair_conn *conn = NULL;
  uint8_t seed[32];
  memset(seed, seed_byte, sizeof seed);
  GOOD(wspair_conn_new_client(config, NULL, seed, &conn));
  return conn;
}

static inline wspair_config *config_of(const wspair_options *options) {
  wspair_config *config = NULL;
  GOOD(wspair_config_new(options, &config));
  return config;
}

#endif
