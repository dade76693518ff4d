/* An echo's side of one client, without I/O: a handshake until the answer to it is written, and a
 * connection if that is a yes. Each echo server moves its bytes in its own way; a server of another
 * kind has another use for the messages. */

#ifndef ECHO_H
#define ECHO_H

#include <stdlib.h>
#include <string.h>
#include <wspair.h>

typedef struct echo {
  /* What is done with a message: from the beginning on it is sent back. */
  void (*on_message)(struct echo *echo, const wspair_event *message);
  wspair_server_handshake *handshake;
  wspair_conn *conn;
  const wspair_config *config;
  const char *subprotocol;
  /* Input that waits until the client has read some of its echoes. */
  uint8_t *held;
  size_t held_len;
  int more;
  /* The client's direction has ended. */
  int ended;
} echo;

/* Queues an echo. Where there is no memory for it the client would miss it: then the connection ends.
 * Once that is closing nothing has to be done. */
static inline void echo_say(echo *echo, const wspair_event *message) {
  int32_t result = wspair_conn_send(echo->conn, message->kind, message->data, message->len);
  if (result != WSPAIR_OK && result != WSPAIR_SEND_CLOSING) {
    wspair_conn_close(echo->conn, 1011, NULL, 0);
  }
}

/* `config` and `subprotocol`, which may be null, are kept. 0 when there is no memory. */
static inline int echo_begin(echo *echo, const wspair_config *config, const char *subprotocol,
                             uint64_t now) {
  memset(echo, 0, sizeof *echo);
  echo->on_message = echo_say;
  echo->config = config;
  echo->subprotocol = subprotocol;
  if (wspair_server_handshake_new(config, &echo->handshake) != WSPAIR_OK) return 0;
  wspair_server_handshake_timeout(echo->handshake, now);
  return 1;
}

static inline void echo_end(echo *echo) {
  wspair_server_handshake_free(echo->handshake);
  wspair_conn_free(echo->conn);
  free(echo->held);
}

/* Takes the messages that are in the input, as long as the client keeps up; holds the rest. */
static inline void echo_feed(echo *echo, uint8_t *input, size_t len) {
  wspair_event events[64];
  size_t at = 0, count, used, event;
  do {
    int32_t result = wspair_conn_receive(echo->conn, input + at, len - at, events, 64, &count, &used);
    echo->more = result == WSPAIR_MORE;
    at += used;
    for (event = 0; event < count; event++) {
      if (events[event].type > WSPAIR_EVENT_BINARY) continue;
      echo->on_message(echo, &events[event]);
    }
  } while (echo->more && !wspair_conn_is_congested(echo->conn));
  echo->held_len = len - at;
  if (echo->held_len > 0) {
    echo->held = malloc(echo->held_len);
    if (echo->held != NULL) {
      memcpy(echo->held, input + at, echo->held_len);
    } else {
      wspair_conn_abort(echo->conn);
      echo->more = 0;
    }
  }
}

/* Says yes to a request, with the subprotocol if the client offers it. */
static inline void echo_accept(echo *echo) {
  const char *chosen = NULL;
  wspair_slice name;
  wspair_agreed agreed;
  size_t index;
  for (index = 0; echo->subprotocol != NULL; index++) {
    if (wspair_server_handshake_subprotocol(echo->handshake, index, &name) != WSPAIR_OK) break;
    if (name.len == strlen(echo->subprotocol) &&
        memcmp(name.data, echo->subprotocol, name.len) == 0) {
      chosen = echo->subprotocol;
    }
  }
  if (wspair_server_handshake_accept(echo->handshake, chosen, NULL, 0) != WSPAIR_OK) return;
  wspair_server_handshake_agreed(echo->handshake, &agreed);
  if (wspair_conn_new_server(echo->config, &agreed, &echo->conn) != WSPAIR_OK) echo->conn = NULL;
}

/* Takes what was read. What comes behind a request that is refused is nobody's. */
static inline void echo_receive(echo *echo, uint8_t *input, size_t len) {
  size_t used = 0;
  if (echo->conn == NULL) {
    wspair_server_handshake_receive(echo->handshake, input, len, &used);
    if (wspair_server_handshake_progress(echo->handshake) != WSPAIR_PROGRESS_REQUEST) return;
    echo_accept(echo);
  }
  if (echo->conn != NULL) echo_feed(echo, input + used, len - used);
}

/* The client's direction has ended: what it was sent before still goes out. */
static inline void echo_eof(echo *echo) {
  wspair_event event;
  size_t count;
  echo->ended = 1;
  if (echo->conn != NULL) {
    wspair_conn_eof(echo->conn, &event, 1, &count);
  } else {
    wspair_server_handshake_eof(echo->handshake);
  }
}

/* Whether there is input to go on with, and the client has read enough for that. */
static inline int echo_may_go_on(const echo *echo) {
  return echo->more && !wspair_conn_is_congested(echo->conn);
}

static inline void echo_go_on(echo *echo) {
  uint8_t *held = echo->held;
  echo->held = NULL;
  echo_feed(echo, held, echo->held_len);
  free(held);
}

/* Whether more is to be read from the client. */
static inline int echo_reads(const echo *echo) { return !echo->more && !echo->ended; }

/* What is to be written next: the answer to the request, then what the connection has. It stays
 * where it is until echo_advance passes it. */
static inline size_t echo_waiting(echo *echo, wspair_slice *slices, size_t cap) {
  size_t count = 0;
  if (echo->handshake != NULL) {
    wspair_server_handshake_output(echo->handshake, slices);
    if (slices[0].len > 0) return 1;
    if (echo->conn == NULL) return 0;
    wspair_server_handshake_free(echo->handshake);
    echo->handshake = NULL;
  }
  wspair_conn_transmit(echo->conn, slices, cap, &count);
  return count;
}

static inline void echo_advance(echo *echo, size_t written) {
  if (echo->handshake != NULL) {
    wspair_server_handshake_advance(echo->handshake, written);
  } else {
    wspair_conn_advance(echo->conn, written);
  }
}

/* What is due for the socket, once what waits is written. A request that is refused, or whose
 * connection found no memory, ends it. */
static inline uint32_t echo_transport(const echo *echo) {
  if (echo->conn != NULL) return wspair_conn_transport(echo->conn);
  return wspair_server_handshake_progress(echo->handshake) == WSPAIR_PROGRESS_NEED_MORE
             ? WSPAIR_TRANSPORT_OPEN
             : WSPAIR_TRANSPORT_CLOSE;
}

static inline uint64_t echo_next_timeout(const echo *echo) {
  uint64_t opens = wspair_server_handshake_next_timeout(echo->handshake);
  uint64_t goes_on = wspair_conn_next_timeout(echo->conn);
  return opens < goes_on ? opens : goes_on;
}

/* What came of the time: the client has run out of it when it is to be dropped, with one last write
 * that does not wait. */
typedef enum echo_time { NOT_DUE, TOLD, OUT_OF_TIME } echo_time;

static inline echo_time echo_timeout(echo *echo, uint64_t now) {
  wspair_event event;
  size_t count;
  if (wspair_server_handshake_next_timeout(echo->handshake) <= now) {
    wspair_server_handshake_timeout(echo->handshake, now);
    return TOLD;
  }
  if (wspair_conn_next_timeout(echo->conn) > now) return NOT_DUE;
  wspair_conn_timeout(echo->conn, now, &event, 1, &count);
  return wspair_conn_transport(echo->conn) == WSPAIR_TRANSPORT_CLOSE ? OUT_OF_TIME : TOLD;
}

/* The server ends: says goodbye; 0 when there is nobody yet to say it to. */
static inline int echo_goodbye(echo *echo) {
  static const char bye[] = "server is shutting down";
  if (echo->conn == NULL) return 0;
  wspair_conn_close(echo->conn, 1001, (const uint8_t *)bye, sizeof bye - 1);
  return 1;
}

#endif
