/* Every allocation fails in turn, alone or with all behind it. Then a call gives WSPAIR_ERROR_MEMORY,
 * after which nothing has changed and it may be made again, or a handshake or a connection ends with
 * a cause of its own; nothing else happens, least of all to the process.
 *
 * The allocator is put between by the linker: see run.sh. */

#include "check.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
int __real_posix_memalign(void **at, size_t align, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
int __wrap_posix_memalign(void **at, size_t align, size_t size);

/* Allocations that work before one fails, or, less than 0, all do; whether those behind fail too. */
static long left = -1;
static int for_good;
/* How many failed in this run. */
static int failed;

static int fails(void) {
  if (left < 0) return 0;
  if (left > 0) {
    left--;
    return 0;
  }
  if (!for_good) left = -1;
  failed++;
  return 1;
}

void *__wrap_malloc(size_t size) {
  return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size) {
  return fails() ? NULL : __real_realloc(at, size);
}

int __wrap_posix_memalign(void **at, size_t align, size_t size) {
  return fails() ? 12 : __real_posix_memalign(at, align, size);
}

/* Makes a call until there is memory for it, which there is from the second time on. */
#define MADE(expected, call)                           \
  do {                                                 \
    int32_t made = (call);                             \
    if (made == WSPAIR_ERROR_MEMORY) {                 \
      CHECK(failed > 0);                               \
      left = -1;                                       \
      made = (call);                                   \
    }                                                  \
    GIVES(expected, made);                             \
  } while (0)

enum { LONG = 40000 };

static const char ASKED[] =
    "GET /chat?q=what? HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\n"
    "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://good.test\r\n"
    "Sec-WebSocket-Protocol: a, b, c\r\nCookie: a=b\r\nX: 1\r\nX: 2\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-other; a=b\r\n\r\n";

static uint8_t text[LONG];

static wspair_config *config_for(uint32_t deflate, uint32_t takeover) {
  static const char *const origins[] = {"https://good.test", "https://other.test:8443"};
  wspair_config *config = NULL;
  wspair_options options;
  GOOD(wspair_options_init(&options, sizeof options));
  options.origins = origins;
  options.origins_len = 2;
  options.deflate = deflate;
  options.server_no_context_takeover = options.client_no_context_takeover = !takeover;
  options.split_above = 30000;
  MADE(WSPAIR_OK, wspair_config_new(&options, &config));
  return config;
}

/* A server's handshake from bytes, in two pieces; 0 when it was refused for want of memory. */
static int serve(const wspair_config *config, wspair_agreed *agreed) {
  wspair_server_handshake *handshake = NULL;
  wspair_field extra, field;
  wspair_slice slice;
  size_t used, at;
  int accepted = 0;
  MADE(WSPAIR_OK, wspair_server_handshake_new(NULL, &handshake));
  wspair_server_handshake_free(handshake);
  MADE(WSPAIR_OK, wspair_server_handshake_new(config, &handshake));
  for (at = 0; at < sizeof ASKED - 1; at += 300) {
    size_t len = sizeof ASKED - 1 - at < 300 ? sizeof ASKED - 1 - at : 300;
    GOOD(wspair_server_handshake_receive(handshake, u8(ASKED) + at, len, &used));
  }
  GOOD(wspair_server_handshake_timeout(handshake, 1));
  if (wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_REFUSED) {
    CHECK(failed > 0);
    GIVES(WSPAIR_REFUSED_MEMORY, wspair_server_handshake_error(handshake));
    GOOD(wspair_server_handshake_output(handshake, &slice));
    CHECK(starts(slice, "HTTP/1.1 503 "));
  } else {
    CHECK(wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_REQUEST);
    GOOD(wspair_server_handshake_target(handshake, &slice));
    CHECK(slice_is(slice, "/chat?q=what?"));
    GOOD(wspair_server_handshake_subprotocol(handshake, 1, &slice));
    CHECK(slice_is(slice, "b"));
    GOOD(wspair_server_handshake_field(handshake, "x", &slice));
    CHECK(slice_is(slice, "1"));
    CHECK(wspair_server_handshake_field_count(handshake) == 11);
    GOOD(wspair_server_handshake_field_at(handshake, 9, &field));
    CHECK(slice_is(field.name, "X") && slice_is(field.value, "2"));
    extra = field_of("Set-Cookie", "a=b");
    MADE(WSPAIR_OK, wspair_server_handshake_accept(handshake, "b", &extra, 1));
    GOOD(wspair_server_handshake_output(handshake, &slice));
    CHECK(starts(slice, "HTTP/1.1 101 "));
    GOOD(wspair_server_handshake_agreed(handshake, agreed));
    CHECK(slice_is(agreed->subprotocol, "b"));
    agreed->subprotocol.len = 0;
    accepted = 1;
  }
  wspair_server_handshake_free(handshake);
  return accepted;
}

/* Refusals, and a request in fields. */
static void refuse(const wspair_config *config) {
  wspair_server_handshake *handshake = NULL;
  wspair_field fields[5], shown[8];
  wspair_slice body;
  uint16_t status;
  size_t count;
  fields[0] = field_of(":protocol", "websocket");
  fields[1] = field_of(":scheme", "https");
  fields[2] = field_of(":authority", "example.org");
  fields[3] = field_of("sec-websocket-version", "13");
  fields[4] = field_of("sec-websocket-protocol", "a");
  MADE(WSPAIR_OK, wspair_server_handshake_from_fields(config, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT,
                                                      "CONNECT", "/", fields, 5, &handshake));
  MADE(WSPAIR_OK, wspair_server_handshake_refuse(handshake, 404, fields, 0, u8("no"), 2));
  GOOD(wspair_server_handshake_answer(handshake, &status, shown, 8, &count, &body));
  CHECK(status == 404 && count == 1 && slice_is(body, "no"));
  wspair_server_handshake_free(handshake);

  MADE(WSPAIR_OK, wspair_server_handshake_from_fields(config, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT,
                                                      "CONNECT", "/", fields, 5, &handshake));
  MADE(WSPAIR_OK, wspair_server_handshake_stream_ended(handshake));
  GIVES(WSPAIR_REFUSED_STREAM_ENDED, wspair_server_handshake_error(handshake));
  wspair_server_handshake_free(handshake);

  fields[4] = field_of("origin", "https://evil.test");
  MADE(WSPAIR_OK, wspair_server_handshake_from_fields(config, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT,
                                                      "CONNECT", "/", fields, 5, &handshake));
  MADE(WSPAIR_REFUSED_ORIGIN, wspair_server_handshake_accept(handshake, NULL, NULL, 0));
  wspair_server_handshake_free(handshake);
}

static void ask(const wspair_config *config) {
  static const char *const subprotocols[] = {"a", "b"};
  static const char answer[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nX: 1\r\nX: 2\r\n\r\nno";
  wspair_client_handshake *handshake = NULL;
  wspair_request request;
  wspair_field field, seen, shown[16];
  wspair_slice slice;
  size_t used, count;
  uint16_t status;
  GOOD(wspair_request_init(&request, sizeof request, "wss://user:pass@example.org:8443/p?q=what?"));
  field = field_of("X-A", "1");
  request.subprotocols = subprotocols;
  request.subprotocols_len = 2;
  request.fields = &field;
  request.fields_len = 1;
  MADE(WSPAIR_OK, wspair_client_handshake_new(config, &request, &handshake));
  GOOD(wspair_client_handshake_output(handshake, &slice));
  CHECK(starts(slice, "GET /p?q=what? HTTP/1.1\r\nHost: example.org:8443\r\n"));
  MADE(WSPAIR_OK, wspair_client_handshake_request(handshake, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT,
                                                  shown, 16, &count));
  CHECK(slice_is(shown[0].name, ":method"));
  GOOD(wspair_client_handshake_receive(handshake, u8(answer), sizeof answer - 1, &used));
  if (wspair_client_handshake_progress(handshake) == WSPAIR_PROGRESS_FAILED) {
    CHECK(failed > 0);
    GIVES(WSPAIR_FAILED_MEMORY, wspair_client_handshake_error(handshake));
  } else {
    GOOD(wspair_client_handshake_status(handshake, &status));
    GOOD(wspair_client_handshake_body(handshake, &slice));
    CHECK(status == 404 && (slice_is(slice, "no") || failed > 0));
    CHECK(wspair_client_handshake_field_count(handshake) == 3);
    GOOD(wspair_client_handshake_field_at(handshake, 2, &seen));
    CHECK(slice_is(seen.value, "2"));
  }
  wspair_client_handshake_free(handshake);

  MADE(WSPAIR_OK, wspair_client_handshake_new(config, &request, &handshake));
  field = field_of("sec-websocket-protocol", "b");
  MADE(WSPAIR_OK, wspair_client_handshake_verify(handshake, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT, 200,
                                                 &field, 1));
  wspair_client_handshake_free(handshake);
}

/* What a connection was told and has to tell. */
typedef struct wire {
  wspair_conn *conn;
  size_t messages, bytes, closed;
  int32_t error;
  int is_const;
} wire;

/* Moves what waits from one to the other. */
static void carry(wire *from, wire *to) {
  static uint8_t moved[3 * LONG];
  wspair_slice slices[4];
  wspair_event events[8];
  size_t count, at;
  for (;;) {
    size_t len = 0, done = 0, used;
    int32_t result;
    GOOD(wspair_conn_transmit(from->conn, slices, 4, &count));
    for (at = 0; at < count && len + slices[at].len <= sizeof moved; at++) {
      memcpy(moved + len, slices[at].data, slices[at].len);
      len += slices[at].len;
    }
    if (len == 0) return;
    GOOD(wspair_conn_advance(from->conn, len));
    do {
      if (to->is_const) {
        result =
            wspair_conn_receive_const(to->conn, moved + done, len - done, events, 8, &count, &used);
      } else {
        result = wspair_conn_receive(to->conn, moved + done, len - done, events, 8, &count, &used);
      }
      CHECK(result >= 0);
      done += used;
      for (at = 0; at < count; at++) {
        if (events[at].type == WSPAIR_EVENT_TEXT || events[at].type == WSPAIR_EVENT_BINARY) {
          to->messages++;
          to->bytes += events[at].len;
        } else if (events[at].type == WSPAIR_EVENT_CLOSED) {
          to->closed++;
          to->error = events[at].error;
        }
      }
    } while (result == WSPAIR_MORE);
  }
}

/* Messages of every kind, in both directions, and the closing handshake. */
static void talk(const wspair_config *config, const wspair_agreed *agreed) {
  static const uint8_t seed[32] = {1};
  wire server = {NULL, 0, 0, 0, 0, 1}, client = {NULL, 0, 0, 0, 0, 0};
  wspair_prepared *prepared = NULL;
  wspair_slice shown;
  size_t sent = 0, bytes = 0, count, round;
  MADE(WSPAIR_OK, wspair_conn_new_server(config, agreed, &server.conn));
  MADE(WSPAIR_OK, wspair_conn_new_client(config, agreed, seed, &client.conn));
  MADE(WSPAIR_OK, wspair_prepared_new(WSPAIR_KIND_TEXT, text, 9000, &prepared));
  for (round = 0; round < 2 && client.closed + server.closed == 0; round++) {
    wire *one = round == 0 ? &server : &client, *other = round == 0 ? &client : &server;
    size_t at;
    sent = bytes = 0;
    MADE(WSPAIR_OK, wspair_conn_send(one->conn, WSPAIR_KIND_TEXT, u8("short"), 5));
    /* Split, and compressed where that was agreed on. */
    MADE(WSPAIR_OK, wspair_conn_send(one->conn, WSPAIR_KIND_TEXT, text, LONG));
    GOOD(wspair_conn_transmit(one->conn, &shown, 1, &count));
    for (at = 0; at < 20; at++) {
      MADE(WSPAIR_OK, wspair_conn_send_with(one->conn, WSPAIR_KIND_BINARY, WSPAIR_COMPRESSION_OFF,
                                            text, 7000));
    }
    MADE(WSPAIR_OK, wspair_conn_send_fragment(one->conn, WSPAIR_KIND_TEXT, text, 9000, 0));
    MADE(WSPAIR_OK, wspair_conn_ping(one->conn, u8("there?"), 6));
    MADE(WSPAIR_OK, wspair_conn_send_fragment(one->conn, WSPAIR_KIND_TEXT, text, 9000, 1));
    /* Compressed for the first time it takes an object of its own: see the header. */
    if (agreed->server_max_window_bits == 0) {
      MADE(WSPAIR_OK, wspair_conn_send_prepared(one->conn, prepared));
      sent++;
      bytes += 9000;
    }
    sent += 23;
    bytes += 5 + LONG + 20 * 7000 + 18000;
    carry(one, other);
    if (other->closed == 0) {
      CHECK(other->messages == sent && other->bytes == bytes);
      carry(other, one);
      GOOD(wspair_conn_shrink(one->conn));
    }
  }
  if (client.closed + server.closed == 0) {
    MADE(WSPAIR_OK, wspair_conn_close(client.conn, 1000, u8("enough"), 6));
    carry(&client, &server);
    carry(&server, &client);
  }
  if (server.closed > 0 && server.error != WSPAIR_OK) {
    GIVES(WSPAIR_LOST_MEMORY, server.error);
  }
  if (client.closed > 0 && client.error != WSPAIR_OK) {
    GIVES(WSPAIR_LOST_MEMORY, client.error);
  }
  CHECK(failed > 0 || (client.closed == 1 && server.closed == 1 && client.error == WSPAIR_OK &&
                       server.error == WSPAIR_OK));
  wspair_prepared_free(prepared);
  wspair_conn_free(client.conn);
  wspair_conn_free(server.conn);
}

static int freed;

static void count_free(void *owner) {
  (void)owner;
  freed++;
}

static wspair_message message_of(const char *data) {
  wspair_message message = {WSPAIR_KIND_TEXT, NULL, 0, NULL, count_free};
  message.data = u8(data);
  message.len = strlen(data);
  return message;
}

/* Ends in memory, and one of them on a wire. Every message is freed once, whatever came of it. */
static void pair_up(void) {
  static const char *const flags[] = {"websocket_close_reason_byte_limit", "no_such_flag"};
  wspair_pair_options options;
  wspair_options wire_options;
  wspair_config *config = NULL;
  wspair_coupling *coupling = NULL;
  wspair_pair *pair = NULL;
  wspair_pair_event polled;
  wspair_event event;
  wspair_conn *conn = NULL;
  wspair_message message;
  wspair_slice shown[16];
  size_t count;
  int at, more, given = 0;
  int32_t result;
  freed = 0;
  GOOD(wspair_pair_options_init(&options, sizeof options));
  options.compat_flags = flags;
  options.compat_flags_len = 2;
  MADE(WSPAIR_OK, wspair_pair_new(&options, &pair));
  GOOD(wspair_pair_accept(pair, WSPAIR_END_FIRST, -1));
  MADE(WSPAIR_OK, wspair_coupling_new(pair, WSPAIR_END_SECOND, &coupling));
  GOOD(wspair_options_init(&wire_options, sizeof wire_options));
  GOOD(wspair_coupling_configure(&wire_options));
  MADE(WSPAIR_OK, wspair_config_new(&wire_options, &config));
  MADE(WSPAIR_OK, wspair_conn_new_server(NULL, NULL, &conn));
  wspair_conn_free(conn);
  MADE(WSPAIR_OK, wspair_conn_new_server(config, NULL, &conn));
  for (at = 0; at < 10; at++) {
    message = message_of("out");
    result = wspair_pair_send(pair, WSPAIR_END_FIRST, &message);
    CHECK(result == WSPAIR_OK || (result == WSPAIR_ERROR_MEMORY && failed > 0));
    memset(&event, 0, sizeof event);
    event.type = WSPAIR_EVENT_TEXT;
    message = message_of("in");
    result = wspair_coupling_forward(coupling, pair, conn, &event, &message);
    CHECK(result == WSPAIR_OK || (result == WSPAIR_ERROR_MEMORY && failed > 0));
    given += 2;
  }
  MADE(WSPAIR_OK, wspair_pair_set_attachment(pair, WSPAIR_END_FIRST, u8("kept"), 4));
  MADE(WSPAIR_OK, wspair_pair_close(pair, WSPAIR_END_FIRST, 1000, u8("bye"), 3));
  for (more = 0; more < 4; more++) {
    result = wspair_coupling_drain(coupling, pair, conn);
    CHECK(result == WSPAIR_OK || result == WSPAIR_MORE);
    GOOD(wspair_conn_transmit(conn, shown, 16, &count));
    GOOD(wspair_conn_advance(conn, (size_t)-1));
    if (result == WSPAIR_OK) break;
    CHECK(failed > 0);
    left = -1;
  }
  event.type = WSPAIR_EVENT_PEER_CLOSING;
  event.code = 1000;
  event.data = u8("bye");
  event.len = 3;
  GOOD(wspair_coupling_forward(coupling, pair, conn, &event, NULL));
  do {
    GOOD(wspair_pair_poll(pair, WSPAIR_END_FIRST, &polled));
    wspair_message_free(&polled.message);
  } while (polled.type != WSPAIR_PAIR_EVENT_NONE);
  wspair_conn_free(conn);
  wspair_config_free(config);
  wspair_coupling_free(coupling);
  wspair_pair_free(pair);
  CHECK(freed == given);
}

static void scenario(void) {
  uint32_t deflate, takeover;
  for (deflate = 0; deflate <= 1; deflate++) {
    for (takeover = 0; takeover <= deflate; takeover++) {
      wspair_config *config = config_for(deflate, takeover);
      wspair_agreed agreed = {{NULL, 0}, 0, 0, 0, 0};
      if (serve(config, &agreed)) talk(config, &agreed);
      ask(config);
      refuse(config);
      wspair_config_free(config);
    }
  }
  pair_up();
}

int main(void) {
  const char *step_text = getenv("MEMORY_STEP");
  long step = step_text != NULL ? atol(step_text) : 1;
  long n, most = 0;
  size_t at;
  for (at = 0; at < LONG; at++) text[at] = (uint8_t)('a' + at * at % 23);
  for (for_good = 0; for_good <= 1; for_good++) {
    for (n = 0; n == 0 || failed > 0; n += step) {
      left = n;
      failed = 0;
      scenario();
      left = -1;
    }
    if (n > most) most = n;
  }
  printf("memory: each of %ld allocations failed, alone and with all behind it\n", most - step);
  return 0;
}
