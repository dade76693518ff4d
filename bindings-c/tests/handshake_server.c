/* The server's side of the opening handshake: from bytes and from fields, and what it refuses. */

#include "check.h"

static const char request_head[] =
    "GET /chat?room=1 HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nOrigin: https://example.org\r\n"
    "Sec-WebSocket-Protocol: chat.v2, chat.v1\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

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
  GIVES(WSPAIR_REFUSED_UNEXPECTED_EOF, wspair_server_handshake_error(handshake));
  wspair_server_handshake_free(handshake);
}

/* Every rule of a request, each broken by one change to a good one. */
static void refused_rules(void) {
  static const struct {
    const char *old, *changed;
    int32_t error;
    uint16_t status;
  } rows[] = {
      {"Host: example.org", "Host : example.org", WSPAIR_REFUSED_SYNTAX, 400},
      {"HTTP/1.1", "HTTP/1.7", WSPAIR_REFUSED_HTTP_VERSION, 505},
      {"HTTP/1.1", "HTTP/1.0", WSPAIR_REFUSED_HTTP10, 400},
      {"GET", "PUT", WSPAIR_REFUSED_METHOD, 405},
      {"/chat?room=1", "chat", WSPAIR_REFUSED_TARGET, 400},
      {"Host: example.org", "Host: exa mple", WSPAIR_REFUSED_HOST, 400},
      {"Host: example.org", "Host: a\r\nContent-Length: 3", WSPAIR_REFUSED_BODY, 400},
      {"Upgrade: websocket", "Upgrade: tea", WSPAIR_REFUSED_UPGRADE, 426},
      {"Connection: Upgrade", "Connection: close", WSPAIR_REFUSED_CONNECTION, 400},
      {"Version: 13", "Version: x", WSPAIR_REFUSED_VERSION_SYNTAX, 400},
      {"Version: 13", "Version: 8", WSPAIR_REFUSED_VERSION, 426},
      {"dGhl", "dG", WSPAIR_REFUSED_KEY, 400},
      {"Origin: https", "Origin: a\r\nOrigin: https", WSPAIR_REFUSED_ORIGIN_SYNTAX, 400},
      {"chat.v2, chat.v1", "a, a", WSPAIR_REFUSED_SUBPROTOCOLS, 400},
      {"Host: example.org", "Host: a\r\nSec-WebSocket-Extensions: ;", WSPAIR_REFUSED_EXTENSIONS,
       400},
      {"/chat?room=1", "/a-target-that-is-too-long", WSPAIR_REFUSED_LINE_TOO_LONG, 414},
      {"Origin: https", "X: 1\r\nX: 2\r\nOrigin: https", WSPAIR_REFUSED_TOO_MANY_FIELDS, 431},
      {"example.org", "a-name-that-makes-the-head-too-long-for-what-was-set-as-a-limit.example.org",
       WSPAIR_REFUSED_HEAD_TOO_LONG, 431},
  };
  wspair_options options;
  wspair_config *config;
  size_t row;
  GOOD(wspair_options_init(&options, sizeof options));
  options.max_head = 260;
  options.max_head_line = 30;
  options.max_head_fields = 8;
  config = config_of(&options);
  for (row = 0; row < sizeof rows / sizeof rows[0]; row++) {
    char head[512] = "";
    const char *at = strstr(request_head, rows[row].old);
    wspair_server_handshake *handshake;
    wspair_slice body;
    size_t count;
    uint16_t status;
    CHECK(at != NULL);
    memcpy(head, request_head, (size_t)(at - request_head));
    strcat(head, rows[row].changed);
    strcat(head, at + strlen(rows[row].old));
    handshake = asked(config, head);
    CHECK(wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_REFUSED);
    GIVES(rows[row].error, wspair_server_handshake_error(handshake));
    GOOD(wspair_server_handshake_answer(handshake, &status, NULL, 0, &count, &body));
    CHECK(status == rows[row].status);
    wspair_server_handshake_free(handshake);
  }
  wspair_config_free(config);
}

static void from_fields(void) {
  wspair_server_handshake *handshake = NULL;
  wspair_field request[7], answer[8], extra[3];
  wspair_agreed agreed;
  wspair_slice body, output;
  uint16_t status;
  size_t count, used;
  request[0] = field_of(":protocol", "websocket");
  request[1] = field_of(":authority", "example.org");
  request[2] = field_of(":scheme", "https");
  request[3] = field_of("sec-websocket-version", "13");
  GOOD(wspair_server_handshake_from_fields(NULL, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT, "CONNECT",
                                           "/chat", request, 4, &handshake));
  CHECK(!wspair_server_handshake_is_malformed(handshake));
  CHECK(wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_REQUEST);
  GIVES(WSPAIR_ERROR_STATE, wspair_server_handshake_receive(handshake, NULL, 0, &used));
  GIVES(WSPAIR_ERROR_STATE, wspair_server_handshake_eof(handshake));
  GIVES(WSPAIR_ERROR_STATE, wspair_server_handshake_timeout(handshake, 0));
  GIVES(WSPAIR_ERROR_STATE,
        wspair_server_handshake_answer(handshake, &status, answer, 8, &count, &body));
  extra[0] = field_of("X-A", " 1 ");
  extra[1] = field_of("Keep-Alive", "5");
  extra[2] = field_of("\xff", "1");
  GIVES(WSPAIR_INVALID_FIELD_NAME, wspair_server_handshake_accept(handshake, NULL, extra, 3));
  GOOD(wspair_server_handshake_accept(handshake, NULL, extra, 2));
  GOOD(wspair_server_handshake_answer(handshake, &status, answer, 8, &count, &body));
  CHECK(status == 200 && count == 1 && body.len == 0);
  CHECK(slice_is(answer[0].name, "x-a") && slice_is(answer[0].value, "1"));
  GOOD(wspair_server_handshake_output(handshake, &output));
  CHECK(output.len == 0);
  GOOD(wspair_server_handshake_agreed(handshake, &agreed));
  wspair_server_handshake_free(handshake);

  request[0] = field_of(":protocol", "tea");
  GOOD(wspair_server_handshake_from_fields(NULL, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT, "CONNECT",
                                           "/chat", request, 4, &handshake));
  CHECK(wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_REFUSED);
  GIVES(WSPAIR_REFUSED_PROTOCOL, wspair_server_handshake_error(handshake));
  CHECK(!wspair_server_handshake_is_malformed(handshake));
  wspair_server_handshake_free(handshake);

  request[0] = field_of(":protocol", "websocket");
  GOOD(wspair_server_handshake_from_fields(NULL, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT, "CONNECT",
                                           "/\xff", request, 4, &handshake));
  GIVES(WSPAIR_REFUSED_TARGET, wspair_server_handshake_error(handshake));
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

static const struct {
  const char *name, *value;
  int32_t error;
} malformed_rows[] = {
    {"te", "gzip", WSPAIR_REFUSED_CONNECTION_FIELD},
    {"connection", "upgrade", WSPAIR_REFUSED_CONNECTION_FIELD},
    {"X-A", "1", WSPAIR_REFUSED_FIELD_SYNTAX},
    {"\xff", "1", WSPAIR_REFUSED_FIELD_SYNTAX},
    {"x", " 1", WSPAIR_REFUSED_FIELD_SYNTAX},
    {":protocol", "websocket", WSPAIR_REFUSED_PSEUDO_FIELD},
    {":path", "/", WSPAIR_REFUSED_PSEUDO_FIELD},
    {"host", "evil.example", WSPAIR_REFUSED_AUTHORITY},
};

static void malformed(void) {
  wspair_server_handshake *handshake = NULL;
  wspair_field request[5];
  size_t row;
  request[0] = field_of(":protocol", "websocket");
  request[1] = field_of(":authority", "example.org");
  request[2] = field_of(":scheme", "https");
  request[3] = field_of("sec-websocket-version", "13");
  for (row = 0; row < sizeof malformed_rows / sizeof malformed_rows[0]; row++) {
    request[4] = field_of(malformed_rows[row].name, malformed_rows[row].value);
    GOOD(wspair_server_handshake_from_fields(NULL, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT, "CONNECT",
                                             "/chat", request, 5, &handshake));
    GIVES(malformed_rows[row].error, wspair_server_handshake_error(handshake));
    CHECK(wspair_server_handshake_is_malformed(handshake) == 1);
    wspair_server_handshake_free(handshake);
  }
  request[2] = field_of("x", "1");
  GOOD(wspair_server_handshake_from_fields(NULL, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT, "CONNECT",
                                           "/chat", request, 4, &handshake));
  GIVES(WSPAIR_REFUSED_SCHEME, wspair_server_handshake_error(handshake));
  CHECK(wspair_server_handshake_is_malformed(handshake) == 1);
  wspair_server_handshake_free(handshake);
}

static void a_stream_that_ended(void) {
  wspair_server_handshake *handshake = NULL;
  wspair_field request[4];
  wspair_slice body;
  uint16_t status;
  size_t count;
  int answered;
  request[0] = field_of(":protocol", "websocket");
  request[1] = field_of(":authority", "example.org");
  request[2] = field_of(":scheme", "https");
  request[3] = field_of("sec-websocket-version", "13");
  for (answered = 0; answered <= 1; answered++) {
    GOOD(wspair_server_handshake_from_fields(NULL, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT, "CONNECT",
                                             "/chat", request, 4, &handshake));
    if (answered) GOOD(wspair_server_handshake_accept(handshake, NULL, NULL, 0));
    GOOD(wspair_server_handshake_stream_ended(handshake));
    GIVES(answered ? WSPAIR_OK : WSPAIR_REFUSED_STREAM_ENDED,
          wspair_server_handshake_error(handshake));
    GOOD(wspair_server_handshake_answer(handshake, &status, NULL, 0, &count, &body));
    CHECK(status == (answered ? 200 : 400));
    CHECK(!wspair_server_handshake_is_malformed(handshake));
    wspair_server_handshake_free(handshake);
  }
  GOOD(wspair_server_handshake_new(NULL, &handshake));
  GIVES(WSPAIR_ERROR_STATE, wspair_server_handshake_stream_ended(handshake));
  wspair_server_handshake_free(handshake);
}

static void nulls(void) {
  wspair_slice slice;
  wspair_agreed agreed;
  wspair_field fields[1];
  size_t n;
  uint16_t status;
  uint8_t accept[28];
  wspair_server_handshake_free(NULL);
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_new(NULL, NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_receive(NULL, NULL, 0, &n));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_eof(NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_server_handshake_stream_ended(NULL));
  CHECK(wspair_server_handshake_is_malformed(NULL) == 0);
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
  GIVES(WSPAIR_ERROR_NULL, wspair_accept_key(NULL, 1, accept));
  GIVES(WSPAIR_ERROR_NULL, wspair_accept_key(u8("a"), 1, NULL));
  GOOD(wspair_accept_key(u8("dGhlIHNhbXBsZSBub25jZQ=="), 24, accept));
  CHECK(is_text(accept, 28, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
}

int main(void) {
  accepted_from_bytes();
  refused();
  refused_rules();
  from_fields();
  malformed();
  a_stream_that_ended();
  nulls();
  return 0;
}
