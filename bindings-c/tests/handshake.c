/* The opening handshake: from bytes and from fields, both sides, and what each refuses. */

#include "check.h"

static const char request_head[] =
    "GET /chat?room=1 HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nOrigin: https://example.org\r\n"
    "Sec-WebSocket-Protocol: chat.v2, chat.v1\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static wspair_field field_of(const char *name, const char *value) {
  wspair_field field;
  field.name.data = u8(name);
  field.name.len = strlen(name);
  field.value.data = u8(value);
  field.value.len = strlen(value);
  return field;
}

static int slice_is(wspair_slice slice, const char *text) {
  return is_text(slice.data, slice.len, text);
}

static int starts(wspair_slice slice, const char *text) {
  return slice.len >= strlen(text) && memcmp(slice.data, text, strlen(text)) == 0;
}

static wspair_server_handshake *new_handshake(const wspair_config *config) {
  wspair_server_handshake *handshake = NULL;
  GOOD(wspair_server_handshake_new(config, &handshake));
  return handshake;
}

static wspair_server_handshake *asked(const wspair_config *config, const char *head) {
  wspair_server_handshake *handshake = new_handshake(config);
  size_t used;
  GOOD(wspair_server_handshake_receive(handshake, u8(head), strlen(head), &used));
  return handshake;
}

static void accepted_from_bytes(void) {
  wspair_server_handshake *handshake = new_handshake(NULL);
  wspair_field extra = field_of("X-Served-By", "c");
  wspair_field bad = field_of("Upgrade", "tea");
  wspair_agreed agreed;
  wspair_slice found;
  size_t at, used, len = strlen(request_head);
  /* Byte by byte, and two bytes more that are the connection's. */
  for (at = 0; at < len - 1; at++) {
    GOOD(wspair_server_handshake_receive(handshake, u8(request_head) + at, 1, &used));
    CHECK(used == 1);
    CHECK(wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_NEED_MORE);
  }
  GIVES(WSPAIR_ERROR_STATE, wspair_server_handshake_target(handshake, &found));
  GIVES(WSPAIR_ERROR_STATE, wspair_server_handshake_accept(handshake, NULL, NULL, 0));
  GIVES(WSPAIR_ERROR_STATE, wspair_server_handshake_refuse(handshake, 404, NULL, 0, NULL, 0));
  GIVES(WSPAIR_ERROR_STATE, wspair_server_handshake_agreed(handshake, &agreed));
  GOOD(wspair_server_handshake_receive(handshake, u8("\n\x89\x80"), 3, &used));
  CHECK(used == 1);
  CHECK(wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_REQUEST);
  CHECK(wspair_server_handshake_next_timeout(handshake) == WSPAIR_NEVER);
  GOOD(wspair_server_handshake_target(handshake, &found));
  CHECK(slice_is(found, "/chat?room=1"));
  GOOD(wspair_server_handshake_authority(handshake, &found));
  CHECK(slice_is(found, "example.org"));
  GOOD(wspair_server_handshake_field(handshake, "origin", &found));
  CHECK(slice_is(found, "https://example.org"));
  GIVES(WSPAIR_ERROR_NOT_FOUND, wspair_server_handshake_field(handshake, "cookie", &found));
  CHECK(found.len == 0);
  GOOD(wspair_server_handshake_subprotocol(handshake, 1, &found));
  CHECK(slice_is(found, "chat.v1"));
  GIVES(WSPAIR_ERROR_NOT_FOUND, wspair_server_handshake_subprotocol(handshake, 2, &found));

  GIVES(WSPAIR_INVALID_NOT_OFFERED, wspair_server_handshake_accept(handshake, "tea", NULL, 0));
  GIVES(WSPAIR_INVALID_FIELD_OWNED, wspair_server_handshake_accept(handshake, NULL, &bad, 1));
  GOOD(wspair_server_handshake_accept(handshake, "chat.v1", &extra, 1));
  GIVES(WSPAIR_ERROR_STATE, wspair_server_handshake_accept(handshake, NULL, NULL, 0));
  GIVES(WSPAIR_ERROR_STATE, wspair_server_handshake_refuse(handshake, 404, NULL, 0, NULL, 0));
  CHECK(wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_OPEN);
  GOOD(wspair_server_handshake_error(handshake));
  GOOD(wspair_server_handshake_agreed(handshake, &agreed));
  CHECK(slice_is(agreed.subprotocol, "chat.v1") && agreed.server_max_window_bits == 0);
  GOOD(wspair_server_handshake_output(handshake, &found));
  CHECK(starts(found, "HTTP/1.1 101 Switching Protocols\r\n"));
  CHECK(is_text(found.data + found.len - 18, 18, "X-Served-By: c\r\n\r\n"));
  used = found.len;
  GOOD(wspair_server_handshake_advance(handshake, 9));
  GOOD(wspair_server_handshake_output(handshake, &found));
  CHECK(found.len == used - 9 && starts(found, "101 "));
  GOOD(wspair_server_handshake_advance(handshake, SIZE_MAX));
  GOOD(wspair_server_handshake_output(handshake, &found));
  CHECK(found.len == 0);
  wspair_server_handshake_free(handshake);
}

static void refused(void) {
  static const char *const origins[] = {"https://example.com"};
  wspair_options options;
  wspair_config *config;
  wspair_server_handshake *handshake;
  wspair_field field = field_of("Location", "/login");
  wspair_field fields[8];
  wspair_slice found, body;
  size_t count;
  uint16_t status;

  /* By the engine: the answer is ready. */
  handshake = asked(NULL, "POST / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_REFUSED);
  GIVES(WSPAIR_REFUSED_METHOD, wspair_server_handshake_error(handshake));
  GOOD(wspair_server_handshake_output(handshake, &found));
  CHECK(starts(found, "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET\r\n"));
  wspair_server_handshake_free(handshake);

  /* By the configuration. */
  GOOD(wspair_options_init(&options, sizeof options));
  options.origins = origins;
  options.origins_len = 1;
  config = config_of(&options);
  handshake = asked(config, request_head);
  GIVES(WSPAIR_REFUSED_ORIGIN, wspair_server_handshake_accept(handshake, NULL, NULL, 0));
  CHECK(wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_REFUSED);
  GIVES(WSPAIR_REFUSED_ORIGIN, wspair_server_handshake_error(handshake));
  GOOD(wspair_server_handshake_answer(handshake, &status, fields, 8, &count, &body));
  CHECK(status == 403 && count >= 2 && body.len > 0);
  wspair_server_handshake_free(handshake);
  wspair_config_free(config);
  options.origins_len = 0;
  options.missing_origin = 0;
  config = config_of(&options);
  wspair_config_free(config);

  /* By the application. */
  handshake = asked(NULL, request_head);
  GIVES(WSPAIR_INVALID_STATUS, wspair_server_handshake_refuse(handshake, 101, NULL, 0, NULL, 0));
  GOOD(wspair_server_handshake_refuse(handshake, 302, &field, 1, u8("go"), 2));
  GIVES(WSPAIR_REFUSED_APPLICATION, wspair_server_handshake_error(handshake));
  GOOD(wspair_server_handshake_output(handshake, &found));
  CHECK(starts(found, "HTTP/1.1 302 Found\r\nLocation: /login\r\n"));
  GOOD(wspair_server_handshake_answer(handshake, &status, fields, 1, &count, &body));
  CHECK(status == 302 && count == 3 && slice_is(fields[0].value, "/login") && slice_is(body, "go"));
  wspair_server_handshake_free(handshake);

  /* By time, and by the end of the stream. */
  handshake = new_handshake(NULL);
  CHECK(wspair_server_handshake_next_timeout(handshake) == 0);
  GOOD(wspair_server_handshake_timeout(handshake, 1));
  CHECK(wspair_server_handshake_next_timeout(handshake) == 10000000001u);
  GOOD(wspair_server_handshake_timeout(handshake, 10000000001u));
  GIVES(WSPAIR_REFUSED_TIMED_OUT, wspair_server_handshake_error(handshake));
  wspair_server_handshake_free(handshake);
  handshake = new_handshake(NULL);
  GOOD(wspair_server_handshake_eof(handshake));
  GIVES(WSPAIR_REFUSED_CUT, wspair_server_handshake_error(handshake));
  wspair_server_handshake_free(handshake);
}

static void from_fields(void) {
  wspair_server_handshake *handshake = NULL;
  wspair_field request[3], answer[8];
  wspair_agreed agreed;
  wspair_slice body, output;
  uint16_t status;
  size_t count, used;
  request[0] = field_of(":protocol", "websocket");
  request[1] = field_of(":authority", "example.org");
  request[2] = field_of("sec-websocket-version", "13");
  GOOD(wspair_server_handshake_from_fields(NULL, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT, "CONNECT",
                                           "/chat", request, 3, &handshake));
  CHECK(wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_REQUEST);
  GIVES(WSPAIR_ERROR_STATE, wspair_server_handshake_receive(handshake, NULL, 0, &used));
  GIVES(WSPAIR_ERROR_STATE, wspair_server_handshake_eof(handshake));
  GIVES(WSPAIR_ERROR_STATE, wspair_server_handshake_timeout(handshake, 0));
  GIVES(WSPAIR_ERROR_STATE,
        wspair_server_handshake_answer(handshake, &status, answer, 8, &count, &body));
  GOOD(wspair_server_handshake_accept(handshake, NULL, NULL, 0));
  GOOD(wspair_server_handshake_answer(handshake, &status, answer, 8, &count, &body));
  CHECK(status == 200 && count == 0 && body.len == 0);
  GOOD(wspair_server_handshake_output(handshake, &output));
  CHECK(output.len == 0);
  GOOD(wspair_server_handshake_agreed(handshake, &agreed));
  wspair_server_handshake_free(handshake);

  request[0] = field_of(":protocol", "tea");
  GOOD(wspair_server_handshake_from_fields(NULL, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT, "CONNECT",
                                           "/chat", request, 3, &handshake));
  CHECK(wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_REFUSED);
  GIVES(WSPAIR_REFUSED_PROTOCOL, wspair_server_handshake_error(handshake));
  wspair_server_handshake_free(handshake);
  handshake = NULL;
  GIVES(WSPAIR_ERROR_ARGUMENT,
        wspair_server_handshake_from_fields(NULL, 9, "GET", "/", NULL, 0, &handshake));
  GIVES(WSPAIR_ERROR_NULL,
        wspair_server_handshake_from_fields(NULL, 1, NULL, "/", NULL, 0, &handshake));
  GIVES(WSPAIR_ERROR_NULL,
        wspair_server_handshake_from_fields(NULL, 1, "GET", NULL, NULL, 0, &handshake));
  GIVES(WSPAIR_ERROR_NULL,
        wspair_server_handshake_from_fields(NULL, 1, "GET", "/", NULL, 1, &handshake));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_from_fields(NULL, 1, "GET", "/", NULL, 0, NULL));
  CHECK(handshake == NULL);
}

static wspair_client_handshake *asking(const wspair_config *config, const char *url) {
  static const char *const subprotocols[] = {"chat.v2", "chat.v1"};
  static wspair_field fields[1];
  wspair_client_handshake *handshake = NULL;
  wspair_request request;
  fields[0] = field_of("Authorization", "Bearer token");
  GOOD(wspair_request_init(&request, sizeof request, url));
  memset(request.nonce, 7, sizeof request.nonce);
  request.subprotocols = subprotocols;
  request.subprotocols_len = 2;
  request.fields = fields;
  request.fields_len = 1;
  GOOD(wspair_client_handshake_new(config, &request, &handshake));
  return handshake;
}

/* A client and a server agree, on compression too, and messages pass. */
static void client_and_server(uint32_t deflate) {
  wspair_options options;
  wspair_config *config;
  wspair_client_handshake *client;
  wspair_server_handshake *server;
  wspair_conn *asks, *answers;
  wspair_agreed at_client, at_server;
  wspair_slice output, found;
  uint8_t seed[32] = {1}, wire[4096], text[1000];
  wspair_event events[4];
  size_t used, count;
  uint16_t status, port;
  uint32_t secure;
  GOOD(wspair_options_init(&options, sizeof options));
  options.deflate = deflate;
  config = config_of(&options);
  client = asking(config, "ws://example.org:8080/chat");
  GOOD(wspair_client_handshake_address(client, &found, &port, &secure));
  CHECK(slice_is(found, "example.org") && port == 8080 && secure == 0);
  server = new_handshake(config);
  GOOD(wspair_client_handshake_output(client, &output));
  GOOD(wspair_server_handshake_receive(server, output.data, output.len, &used));
  CHECK(used == output.len);
  GOOD(wspair_client_handshake_advance(client, used));
  GOOD(wspair_client_handshake_output(client, &output));
  CHECK(output.len == 0);
  GOOD(wspair_server_handshake_field(server, "Authorization", &found));
  CHECK(slice_is(found, "Bearer token"));
  GOOD(wspair_server_handshake_accept(server, "chat.v1", NULL, 0));
  GOOD(wspair_server_handshake_output(server, &output));
  GIVES(WSPAIR_ERROR_STATE, wspair_client_handshake_agreed(client, &at_client));
  GIVES(WSPAIR_ERROR_STATE, wspair_client_handshake_status(client, &status));
  GOOD(wspair_client_handshake_receive(client, output.data, output.len, &used));
  CHECK(used == output.len);
  CHECK(wspair_client_handshake_progress(client) == WSPAIR_PROGRESS_OPEN);
  GOOD(wspair_client_handshake_error(client));
  GOOD(wspair_client_handshake_status(client, &status));
  CHECK(status == 101);
  GOOD(wspair_client_handshake_field(client, "upgrade", &found));
  CHECK(slice_is(found, "websocket"));
  GIVES(WSPAIR_ERROR_NOT_FOUND, wspair_client_handshake_field(client, "x", &found));
  GOOD(wspair_client_handshake_agreed(client, &at_client));
  GOOD(wspair_server_handshake_agreed(server, &at_server));
  CHECK(slice_is(at_client.subprotocol, "chat.v1"));
  CHECK(at_client.server_max_window_bits == at_server.server_max_window_bits);
  CHECK((at_client.server_max_window_bits != 0) == (deflate != 0));

  GOOD(wspair_conn_new_client(config, &at_client, seed, &asks));
  GOOD(wspair_conn_new_server(config, &at_server, &answers));
  memset(text, 'x', sizeof text);
  GOOD(wspair_conn_send(asks, WSPAIR_KIND_TEXT, text, sizeof text));
  used = drain(asks, wire, sizeof wire);
  CHECK(deflate ? used < 100 : used > 1000);
  CHECK(wspair_conn_receive(answers, wire, used, events, 4, &count, &used) >= 0);
  CHECK(count == 1 && events[0].len == sizeof text);
  CHECK(memcmp(events[0].data, text, sizeof text) == 0);
  wspair_conn_free(asks);
  wspair_conn_free(answers);
  wspair_client_handshake_free(client);
  wspair_server_handshake_free(server);
  wspair_config_free(config);
}

static void client_refused_and_failed(void) {
  static const char no[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nnope rest";
  wspair_client_handshake *client = asking(NULL, "wss://example.org/");
  wspair_slice found;
  size_t used;
  uint16_t status;
  GOOD(wspair_client_handshake_receive(client, u8(no), strlen(no), &used));
  CHECK(used == strlen(no) - 5);
  CHECK(wspair_client_handshake_progress(client) == WSPAIR_PROGRESS_REFUSED);
  GIVES(WSPAIR_FAILED_STATUS, wspair_client_handshake_error(client));
  GOOD(wspair_client_handshake_status(client, &status));
  GOOD(wspair_client_handshake_body(client, &found));
  CHECK(status == 401 && slice_is(found, "nope"));
  wspair_client_handshake_free(client);

  client = asking(NULL, "ws://example.org/");
  GOOD(wspair_client_handshake_receive(client, u8("220 mail\r\n"), 10, &used));
  CHECK(wspair_client_handshake_progress(client) == WSPAIR_PROGRESS_FAILED);
  GIVES(WSPAIR_FAILED_SYNTAX, wspair_client_handshake_error(client));
  GIVES(WSPAIR_ERROR_STATE, wspair_client_handshake_body(client, &found));
  wspair_client_handshake_free(client);

  client = asking(NULL, "ws://example.org/");
  GOOD(wspair_client_handshake_eof(client));
  GIVES(WSPAIR_FAILED_CUT, wspair_client_handshake_error(client));
  wspair_client_handshake_free(client);

  client = asking(NULL, "ws://example.org/");
  GOOD(wspair_client_handshake_timeout(client, 5));
  CHECK(wspair_client_handshake_next_timeout(client) == 10000000005u);
  GOOD(wspair_client_handshake_timeout(client, 10000000005u));
  GIVES(WSPAIR_FAILED_TIMED_OUT, wspair_client_handshake_error(client));
  wspair_client_handshake_free(client);
}

static void client_fields(void) {
  wspair_client_handshake *client = asking(NULL, "wss://example.org/chat");
  wspair_field fields[16], answer = field_of("sec-websocket-protocol", "chat.v2");
  wspair_agreed agreed;
  size_t count;
  GOOD(wspair_client_handshake_request(client, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT, fields, 16,
                                       &count));
  CHECK(count == 8 && slice_is(fields[0].name, ":method") && slice_is(fields[0].value, "CONNECT"));
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_client_handshake_request(client, 0, fields, 16, &count));
  GOOD(wspair_client_handshake_verify(client, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT, 200, &answer, 1));
  GIVES(WSPAIR_ERROR_STATE,
        wspair_client_handshake_verify(client, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT, 200, NULL, 0));
  CHECK(wspair_client_handshake_progress(client) == WSPAIR_PROGRESS_OPEN);
  GOOD(wspair_client_handshake_agreed(client, &agreed));
  CHECK(slice_is(agreed.subprotocol, "chat.v2"));
  wspair_client_handshake_free(client);

  client = asking(NULL, "wss://example.org/chat");
  GIVES(WSPAIR_FAILED_STATUS,
        wspair_client_handshake_verify(client, WSPAIR_BOOTSTRAP_UPGRADE, 403, NULL, 0));
  CHECK(wspair_client_handshake_progress(client) == WSPAIR_PROGRESS_REFUSED);
  GIVES(WSPAIR_FAILED_STATUS, wspair_client_handshake_error(client));
  GIVES(WSPAIR_ERROR_STATE, wspair_client_handshake_agreed(client, &agreed));
  wspair_client_handshake_free(client);
}

static void invalid_requests(void) {
  static const struct {
    const char *url;
    int32_t error;
  } rows[] = {
      {"http://example.org/", WSPAIR_INVALID_SCHEME},
      {"ws://example.org/#a", WSPAIR_INVALID_FRAGMENT},
      {"ws://exa mple/", WSPAIR_INVALID_CHARACTER},
      {"ws:///", WSPAIR_INVALID_HOST},
      {"ws://a:99999/", WSPAIR_INVALID_PORT},
      {NULL, WSPAIR_ERROR_NULL},
      {"ws://\xff/", WSPAIR_ERROR_UTF8},
  };
  static const char *const twice[] = {"a", "a"}, *const no_token[] = {"a b"};
  wspair_field fields[3];
  wspair_client_handshake *handshake = NULL;
  wspair_request request;
  size_t row;
  for (row = 0; row < sizeof rows / sizeof rows[0]; row++) {
    GOOD(wspair_request_init(&request, sizeof request, rows[row].url));
    GIVES(rows[row].error, wspair_client_handshake_new(NULL, &request, &handshake));
  }
  GOOD(wspair_request_init(&request, sizeof request, "ws://a/"));
  request.subprotocols = twice;
  request.subprotocols_len = 2;
  GIVES(WSPAIR_INVALID_REPEATED_SUBPROTOCOL,
        wspair_client_handshake_new(NULL, &request, &handshake));
  request.subprotocols = no_token;
  request.subprotocols_len = 1;
  GIVES(WSPAIR_INVALID_SUBPROTOCOL, wspair_client_handshake_new(NULL, &request, &handshake));
  request.subprotocols_len = 0;
  request.fields = fields;
  request.fields_len = 1;
  fields[0] = field_of("a b", "");
  GIVES(WSPAIR_INVALID_FIELD_NAME, wspair_client_handshake_new(NULL, &request, &handshake));
  fields[0] = field_of("a", "b\r\nc");
  GIVES(WSPAIR_INVALID_FIELD_VALUE, wspair_client_handshake_new(NULL, &request, &handshake));
  fields[0] = field_of("upgrade", "tea");
  GIVES(WSPAIR_INVALID_FIELD_OWNED, wspair_client_handshake_new(NULL, &request, &handshake));
  CHECK(handshake == NULL);
  GIVES(WSPAIR_ERROR_NULL, wspair_request_init(NULL, sizeof request, "ws://a/"));
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_request_init(&request, 3, "ws://a/"));
  memset(&request, 0, sizeof request);
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_client_handshake_new(NULL, &request, &handshake));
  GIVES(WSPAIR_ERROR_NULL, wspair_client_handshake_new(NULL, NULL, &handshake));
}

static void nulls(void) {
  wspair_slice slice;
  wspair_agreed agreed;
  wspair_field fields[1];
  size_t n;
  uint16_t status;
  uint32_t secure;
  uint8_t accept[28];
  wspair_server_handshake_free(NULL);
  wspair_client_handshake_free(NULL);
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_new(NULL, NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_receive(NULL, NULL, 0, &n));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_eof(NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_timeout(NULL, 0));
  CHECK(wspair_server_handshake_next_timeout(NULL) == WSPAIR_NEVER);
  CHECK(wspair_server_handshake_progress(NULL) == WSPAIR_PROGRESS_REFUSED);
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_error(NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_target(NULL, &slice));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_authority(NULL, &slice));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_field(NULL, "a", &slice));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_subprotocol(NULL, 0, &slice));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_accept(NULL, NULL, NULL, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_refuse(NULL, 404, NULL, 0, NULL, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_agreed(NULL, &agreed));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_output(NULL, &slice));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_advance(NULL, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_answer(NULL, &status, fields, 1, &n, &slice));
  GIVES(WSPAIR_ERROR_NULL, wspair_client_handshake_address(NULL, &slice, &status, &secure));
  GIVES(WSPAIR_ERROR_NULL, wspair_client_handshake_output(NULL, &slice));
  GIVES(WSPAIR_ERROR_NULL, wspair_client_handshake_advance(NULL, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_client_handshake_receive(NULL, NULL, 0, &n));
  GIVES(WSPAIR_ERROR_NULL, wspair_client_handshake_eof(NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_client_handshake_timeout(NULL, 0));
  CHECK(wspair_client_handshake_next_timeout(NULL) == WSPAIR_NEVER);
  CHECK(wspair_client_handshake_progress(NULL) == WSPAIR_PROGRESS_FAILED);
  GIVES(WSPAIR_ERROR_NULL, wspair_client_handshake_error(NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_client_handshake_status(NULL, &status));
  GIVES(WSPAIR_ERROR_NULL, wspair_client_handshake_field(NULL, "a", &slice));
  GIVES(WSPAIR_ERROR_NULL, wspair_client_handshake_body(NULL, &slice));
  GIVES(WSPAIR_ERROR_NULL, wspair_client_handshake_agreed(NULL, &agreed));
  GIVES(WSPAIR_ERROR_NULL, wspair_client_handshake_request(NULL, 1, fields, 1, &n));
  GIVES(WSPAIR_ERROR_NULL, wspair_client_handshake_verify(NULL, 1, 101, NULL, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_accept_key(NULL, 1, accept));
  GIVES(WSPAIR_ERROR_NULL, wspair_accept_key(u8("a"), 1, NULL));
  GOOD(wspair_accept_key(u8("dGhlIHNhbXBsZSBub25jZQ=="), 24, accept));
  CHECK(is_text(accept, 28, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
}

int main(void) {
  accepted_from_bytes();
  refused();
  from_fields();
  client_and_server(0);
  client_and_server(1);
  client_refused_and_failed();
  client_fields();
  invalid_requests();
  nulls();
  return 0;
}
