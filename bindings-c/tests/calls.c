/* Random sequences of calls, of every area: whatever is called when, there is a result, and nothing
 * is touched that should not be. A sequence is read from bytes, so a fuzzer can make them:
 *
 *     calls              some thousands of sequences
 *     calls FILE...      the sequences of these files
 *     clang -fsanitize=fuzzer,address -DFUZZER calls.c libwspair.a ... */

#include "check.h"

typedef struct script {
  const uint8_t *at;
  size_t left;
} script;

static uint8_t next(script *script) {
  if (script->left == 0) return 0;
  script->left--;
  return *script->at++;
}

/* Every result is one that has words. */
static void known(int32_t result) {
  CHECK(strcmp(wspair_strerror(result), "unknown result") != 0);
  CHECK(result != WSPAIR_ERROR_PANIC);
}

static uint32_t touched;

static void touch(const uint8_t *data, size_t len) {
  size_t at;
  for (at = 0; at < len; at++) touched += data[at];
}

/* Two connections, and what is under way between them. */

#define HELD 64

typedef struct side {
  wspair_conn *conn;
  uint8_t wire[1 << 16];
  size_t wire_len;
  int ends;
  /* What an asynchronous host holds on to: slices that were shown and not advanced past, and what
   * was in them. */
  wspair_slice held[HELD];
  size_t held_count;
  uint8_t was[1 << 16];
} side;

/* Whatever was called, what is held has not changed; where it lies no more, a sanitizer tells. */
static void still_held(const side *side) {
  size_t at, len = 0;
  for (at = 0; at < side->held_count; at++) {
    CHECK(memcmp(side->held[at].data, side->was + len, side->held[at].len) == 0);
    len += side->held[at].len;
  }
}

/* Holds on to more of what is shown. What is held is shown again, where it was. */
static void hold(side *side, size_t cap) {
  wspair_slice slices[16];
  size_t count, at, held = 0, begin = 0, len = 0;
  known(wspair_conn_transmit(side->conn, slices, cap, &count));
  CHECK(count <= cap);
  for (at = 0; at < side->held_count; at++) len += side->held[at].len;
  for (at = 0; at < count; at++) {
    const uint8_t *data = slices[at].data;
    size_t left = slices[at].len;
    CHECK(left > 0);
    while (left > 0 && held < side->held_count) {
      size_t both = side->held[held].len - begin;
      if (both > left) both = left;
      CHECK(side->held[held].data + begin == data);
      data += both;
      left -= both;
      begin += both;
      if (begin == side->held[held].len) begin = 0, held++;
    }
    if (left == 0) continue;
    if (side->held_count == HELD || len + left > sizeof side->was) return;
    memcpy(side->was + len, data, left);
    len += left;
    side->held[side->held_count].data = data;
    side->held[side->held_count++].len = left;
    held++;
  }
}

/* Some of what is held was written. */
static void written(side *side, size_t most) {
  size_t n = 0, len = 0, at, gone = 0;
  for (at = 0; at < side->held_count; at++) len += side->held[at].len;
  if (most > len) most = len;
  if (most > sizeof side->wire - side->wire_len) most = sizeof side->wire - side->wire_len;
  memcpy(side->wire + side->wire_len, side->was, most);
  side->wire_len += most;
  known(wspair_conn_advance(side->conn, most));
  while (n < most) {
    wspair_slice *first = &side->held[gone];
    size_t part = first->len < most - n ? first->len : most - n;
    first->data += part;
    first->len -= part;
    n += part;
    if (first->len == 0) gone++;
  }
  side->held_count -= gone;
  memmove(side->held, side->held + gone, side->held_count * sizeof side->held[0]);
  memmove(side->was, side->was + most, len - most);
}

static void look(side *side, const wspair_event *events, size_t count, size_t cap) {
  size_t at;
  CHECK(count <= cap);
  for (at = 0; at < count; at++) {
    CHECK(side->ends == 0);
    touch(events[at].data, events[at].len);
    side->ends += events[at].type == WSPAIR_EVENT_CLOSED;
    if (events[at].type <= WSPAIR_EVENT_BINARY && events[at].len < 64) {
      known(wspair_conn_send(side->conn, events[at].kind, events[at].data, events[at].len));
    }
  }
}

static void step_conn(side *sides, script *script) {
  static uint8_t message[256 * 20] = "a message";
  uint8_t what = next(script), much = next(script), header[14], buf[14 + 64] = {0};
  side *own = &sides[what >> 7], *other = &sides[!(what >> 7)];
  wspair_event events[4];
  size_t cap = 1 + much % 4, count = 0, used = 0, n;
  int32_t result;
  switch (what % 22) {
    case 0: known(wspair_conn_send(own->conn, 1 + much % 3, message, much)); break;
    case 1:
      known(wspair_conn_send_fragment(own->conn, 1 + much % 2, message, much, much & 4));
      break;
    case 2: known(wspair_conn_ping(own->conn, message, much)); break;
    case 3: known(wspair_conn_pong(own->conn, message, much)); break;
    case 4: known(wspair_conn_close(own->conn, 900 + 20 * much, message, much % 16)); break;
    case 5: known(wspair_conn_shrink(own->conn)); break;
    case 6: known(wspair_conn_frame_beside(own->conn, 2, much, header, &n)); break;
    case 7: known(wspair_conn_send_with(own->conn, 2, much % 4, message, sizeof message)); break;
    case 8: {
      result = wspair_conn_frame_in_place(own->conn, 2, buf, sizeof buf, much % 20, &n);
      known(result);
      if (result == WSPAIR_OK && own->wire_len + sizeof buf - n <= sizeof own->wire) {
        memcpy(own->wire + own->wire_len, buf + n, sizeof buf - n);
        own->wire_len += sizeof buf - n;
      }
      break;
    }
    case 9: hold(own, much % 17); break;
    case 10: written(own, much); break;
    case 11:
      hold(own, 16);
      written(own, SIZE_MAX);
      break;
    case 12:
    case 13:
    case 14: {
      /* From the other's wire to us, in one of two ways, and perhaps not all of it. */
      size_t len = other->wire_len;
      uint8_t *copy = malloc(len + 1);
      CHECK(copy != NULL);
      if (len > much) len = much;
      memcpy(copy, other->wire, len);
      result = what & 32
                   ? wspair_conn_receive(own->conn, copy, len, events, cap, &count, &used)
                   : wspair_conn_receive_const(own->conn, copy, len, events, cap, &count, &used);
      known(result);
      CHECK(used <= len && (result == WSPAIR_MORE || used == len));
      look(own, events, count, cap);
      free(copy);
      memmove(other->wire, other->wire + used, other->wire_len - used);
      other->wire_len -= used;
      break;
    }
    case 15:
      known(wspair_conn_timeout(own->conn, (uint64_t)much << 26, events, cap, &count));
      look(own, events, count, cap);
      break;
    case 16:
      if (much > 8) break;
      known(much < 6 ? wspair_conn_eof(own->conn, events, cap, &count)
                     : wspair_conn_transport_lost(own->conn, events, cap, &count));
      look(own, events, count, cap);
      break;
    case 17:
      if (much < 4) known(wspair_conn_abort(own->conn));
      if (much & 4) known(wspair_conn_transport_holds(own->conn, much));
      if (much & 8) known(wspair_conn_hold_input(own->conn, much & 16));
      break;
    case 18:
      /* Noise on the wire. */
      if (much < 16 && other->wire_len > 0) other->wire[0] ^= (uint8_t)(1 << much % 8);
      break;
    case 19:
      known(wspair_conn_send(own->conn, WSPAIR_KIND_BINARY, message, (size_t)20 * much));
      break;
    case 20: {
      wspair_prepared *prepared;
      GOOD(wspair_prepared_new(WSPAIR_KIND_BINARY, message, (size_t)20 * much, &prepared));
      known(wspair_conn_send_prepared(own->conn, prepared));
      wspair_prepared_free(prepared);
      break;
    }
    default:
      CHECK(wspair_conn_state(own->conn) >= 1 && wspair_conn_transport(own->conn) <= 2);
      touched += (uint32_t)wspair_conn_next_timeout(own->conn);
      touched += wspair_conn_is_congested(own->conn);
      CHECK(wspair_conn_wants_write(own->conn) == (wspair_conn_buffered(own->conn) > 0));
  }
  still_held(own);
  still_held(other);
}

static void connections(script *script) {
  static side sides[2];
  wspair_options options;
  wspair_config *config;
  wspair_agreed agreed = {{NULL, 0}, 0, 0, 0, 0};
  uint8_t flags = next(script), seed[32] = {flags};
  GOOD(wspair_options_init(&options, sizeof options));
  options.delivery = flags & 1;
  options.auto_pong = flags & 2;
  options.auto_close = flags & 4;
  options.max_message = 1000;
  options.max_outgoing = flags & 128 ? 2000 : 40000;
  options.share_from = 1000;
  options.split_above = flags & 8 ? 50 : SIZE_MAX;
  options.ping_after = flags & 16 ? 1000000000u : WSPAIR_NEVER;
  if (flags & 32) {
    agreed.server_max_window_bits = 9;
    agreed.client_max_window_bits = 15;
    agreed.server_no_context_takeover = flags & 64;
  }
  config = config_of(&options);
  memset(sides, 0, sizeof sides);
  GOOD(wspair_conn_new_client(config, &agreed, seed, &sides[0].conn));
  GOOD(wspair_conn_new_server(config, &agreed, &sides[1].conn));
  wspair_config_free(config);
  while (script->left > 0) step_conn(sides, script);
  wspair_conn_free(sides[0].conn);
  wspair_conn_free(sides[1].conn);
}

/* A pair, one end perhaps on a wire. */

static int alive;

static void free_message(void *owner) {
  alive--;
  free(owner);
}

static wspair_message message_of(size_t len) {
  wspair_message message;
  uint8_t *data = malloc(len + 1);
  CHECK(data != NULL);
  memset(data, len & 64 ? 0xff : 'm', len + 1);
  alive++;
  message.kind = 1 + len % 2;
  message.data = data;
  message.len = len;
  message.owner = data;
  message.free = free_message;
  return message;
}

static void pairs(script *script) {
  wspair_pair *pair;
  wspair_coupling *coupling = NULL;
  wspair_conn *conn = new_server(NULL);
  wspair_pair_event event;
  wspair_message message;
  wspair_event forwarded = {0};
  wspair_slice slice;
  uint8_t out[256] = {0};
  GOOD(wspair_pair_new(NULL, &pair));
  while (script->left > 0) {
    uint8_t what = next(script), much = next(script);
    uint32_t end = what >> 7;
    switch (what % 14) {
      case 0: known(wspair_pair_accept(pair, end, (int32_t)(much % 4) - 1)); break;
      case 1:
        if (much < 16) known(wspair_pair_accept_hibernatable(pair, end));
        break;
      case 2:
      case 3:
        message = message_of(much);
        known(wspair_pair_send(pair, end, &message));
        break;
      case 4: known(wspair_pair_close(pair, end, 900 + 20 * much, u8("reason"), much % 7)); break;
      case 5:
      case 6:
        GOOD(wspair_pair_poll(pair, end, &event));
        if (event.reason_len > 0) touch(event.reason, event.reason_len);
        touch(event.message.data, event.message.len);
        wspair_message_free(&event.message);
        break;
      case 7:
        if (much < 8) known(wspair_pair_fail(pair, end));
        break;
      case 8:
        if (much < 8) known(wspair_pair_abandon(pair, end));
        break;
      case 9:
        if (coupling == NULL && much < 64) known(wspair_coupling_new(pair, end, &coupling));
        break;
      case 10:
        if (coupling == NULL) break;
        message = message_of(much);
        forwarded.type = 1 + much % 8;
        forwarded.data = message.data;
        forwarded.len = forwarded.type == WSPAIR_EVENT_PEER_CLOSING ? 0 : message.len;
        known(wspair_coupling_forward(coupling, pair, conn, &forwarded, &message));
        if (forwarded.type > WSPAIR_EVENT_BINARY) wspair_message_free(&message);
        break;
      case 11:
        known(wspair_coupling_drain(coupling, pair, conn));
        if (much & 1) GOOD(wspair_conn_advance(conn, SIZE_MAX));
        touched += wspair_coupling_wants_write(coupling, pair, conn);
        break;
      case 12:
        known(wspair_pair_set_attachment(pair, end, out, much));
        known(wspair_pair_attachment(pair, end, &slice));
        touch(slice.data, slice.len);
        break;
      default:
        CHECK(wspair_pair_state(pair, end) <= 3 && wspair_pair_phase(pair, end) <= 3);
        known(wspair_pair_event_done(pair, end));
        touched += wspair_pair_has_event(pair, end) + wspair_pair_is_congested(pair, end);
        touched += (uint32_t)wspair_pair_buffered(pair, end);
    }
  }
  wspair_coupling_free(coupling);
  wspair_pair_free(pair);
  wspair_conn_free(conn);
  CHECK(alive == 0);
}

/* Handshakes, fed with heads that are almost right. */
static void handshakes(script *script) {
  static const char right[] =
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  wspair_server_handshake *server;
  wspair_client_handshake *client;
  wspair_request request;
  wspair_slice slice, body;
  wspair_field fields[4];
  wspair_agreed agreed;
  char head[sizeof right];
  size_t at = 0, used, count;
  uint16_t status;
  uint8_t wrong = next(script), place = next(script);
  memcpy(head, right, sizeof right);
  if (wrong & 1) head[place % (sizeof right - 1)] ^= (char)(wrong >> 1);
  GOOD(wspair_server_handshake_new(NULL, &server));
  GOOD(wspair_request_init(&request, sizeof request, "ws://a/"));
  GOOD(wspair_client_handshake_new(NULL, &request, &client));
  while (script->left > 0) {
    uint8_t what = next(script), much = next(script);
    size_t len = sizeof right - 1 - at;
    if (len > much) len = much;
    switch (what % 8) {
      case 0:
      case 1:
      case 2:
        known(wspair_server_handshake_receive(server, u8(head) + at, len, &used));
        CHECK(used <= len);
        at += used;
        break;
      case 3:
        known(wspair_server_handshake_accept(server, much & 1 ? "chat" : NULL, NULL, 0));
        break;
      case 4:
        known(wspair_server_handshake_refuse(server, (uint16_t)(much * 4), NULL, 0, NULL, 0));
        break;
      case 5:
        known(wspair_server_handshake_timeout(server, (uint64_t)much << 30));
        known(wspair_client_handshake_timeout(client, (uint64_t)much << 28));
        if (much < 4) known(wspair_server_handshake_eof(server));
        break;
      case 6:
        known(wspair_server_handshake_error(server));
        if (wspair_server_handshake_target(server, &slice) == WSPAIR_OK)
          touch(slice.data, slice.len);
        if (wspair_server_handshake_field(server, "host", &slice) == WSPAIR_OK)
          touch(slice.data, slice.len);
        if (wspair_server_handshake_agreed(server, &agreed) == WSPAIR_OK)
          touched += agreed.server_max_window_bits;
        if (wspair_server_handshake_answer(server, &status, fields, 4, &count, &body) ==
            WSPAIR_OK) {
          touch(body.data, body.len);
          for (used = 0; used < count && used < 4; used++)
            touch(fields[used].value.data, fields[used].value.len);
        }
        break;
      default:
        GOOD(wspair_server_handshake_output(server, &slice));
        if (slice.len > much) slice.len = much;
        known(wspair_client_handshake_receive(client, slice.data, slice.len, &used));
        GOOD(wspair_server_handshake_advance(server, slice.len));
        known(wspair_client_handshake_error(client));
        if (wspair_client_handshake_body(client, &slice) == WSPAIR_OK) touch(slice.data, slice.len);
    }
    CHECK(wspair_server_handshake_progress(server) <= WSPAIR_PROGRESS_REFUSED);
    CHECK(wspair_client_handshake_progress(client) <= WSPAIR_PROGRESS_FAILED);
  }
  wspair_server_handshake_free(server);
  wspair_client_handshake_free(client);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  script script = {data, size};
  switch (next(&script) % 4) {
    case 0: pairs(&script); break;
    case 1: handshakes(&script); break;
    default: connections(&script);
  }
  return 0;
}

#ifndef FUZZER
int main(int argc, char **argv) {
  static uint8_t bytes[1 << 16];
  const char *times = getenv("CALLS");
  long count = times != NULL ? strtol(times, NULL, 10) : 5000, round;
  uint64_t random = 88172645463325252u;
  int file;
  for (file = 1; file < argc; file++) {
    FILE *from = fopen(argv[file], "rb");
    CHECK(from != NULL);
    LLVMFuzzerTestOneInput(bytes, fread(bytes, 1, sizeof bytes, from));
    fclose(from);
  }
  for (round = 0; argc == 1 && round < count; round++) {
    size_t at;
    for (at = 0; at < 600; at++) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      bytes[at] = (uint8_t)(random >> 24);
    }
    LLVMFuzzerTestOneInput(bytes, 1 + (size_t)(random % 600));
  }
  return 0;
}
#endif
