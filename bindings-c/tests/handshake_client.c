/* The client's side of the opening handshake, and both sides together. */

#include "check.h"

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
  GOOD(wspair_server_handshake_new(config, &server));
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
  GIVES(WSPAIR_FAILED_UNEXPECTED_EOF, wspair_client_handshake_error(client));
  wspair_client_handshake_free(client);

  client = asking(NULL, "ws://example.org/");
  GOOD(wspair_client_handshake_timeout(client, 5));
  CHECK(wspair_client_handshake_next_timeout(client) == 10000000005u);
  GOOD(wspair_client_handshake_timeout(client, 10000000005u));
  GIVES(WSPAIR_FAILED_TIMED_OUT, wspair_client_handshake_error(client));
  wspair_client_handshake_free(client);
}

/* Every rule of an answer. The accept value is the one for a nonce of sevens. */
static void failed_rules(void) {
  static const struct {
    const char *status, *fields;
    int32_t error;
  } rows[] = {
      {"HTTP/1.0 101 a\r\n", "", WSPAIR_FAILED_HTTP_VERSION},
      {"HTTP/1.1 101 a\r\n", "Connection: Upgrade\r\n", WSPAIR_FAILED_UPGRADE},
      {"HTTP/1.1 101 a\r\n", "Upgrade: websocket\r\n", WSPAIR_FAILED_CONNECTION},
      {"HTTP/1.1 101 a\r\n", "Upgrade: websocket\r\nConnection: Upgrade\r\n", WSPAIR_FAILED_ACCEPT},
      {NULL, "Sec-WebSocket-Protocol: tea\r\n", WSPAIR_FAILED_SUBPROTOCOL},
      {NULL, "", WSPAIR_FAILED_NO_SUBPROTOCOL},
      {NULL, "Sec-WebSocket-Extensions: ;\r\n", WSPAIR_FAILED_EXTENSIONS},
      {NULL, "Sec-WebSocket-Extensions: tea\r\n", WSPAIR_FAILED_EXTENSION_NOT_OFFERED},
      {NULL, "Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate\r\n",
       WSPAIR_FAILED_EXTENSION_REPEATED},
      {NULL, "Sec-WebSocket-Extensions: permessage-deflate; x\r\n",
       WSPAIR_FAILED_DEFLATE_PARAMETER},
      {NULL, "Sec-WebSocket-Extensions: permessage-deflate\r\n", WSPAIR_FAILED_DEFLATE_TERMS},
      {"HTTP/1.1 101 a\r\n", "A: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\nA: 6\r\nA: 7\r\n",
       WSPAIR_FAILED_TOO_MANY_FIELDS},
      {"HTTP/1.1 100 a\r\n\r\nHTTP/1.1 100 a\r\n\r\n", "", WSPAIR_FAILED_TOO_MANY_INTERIM},
      {"HTTP/1.1 101 a-line-that-goes-on-for-longer-than-what-was-set\r\n", "",
       WSPAIR_FAILED_HEAD_TOO_LONG},
  };
  static const char *const offered[] = {"chat"};
  wspair_options options;
  wspair_config *config;
  size_t row;
  GOOD(wspair_options_init(&options, sizeof options));
  options.deflate = 1;
  options.server_no_context_takeover = 1;
  options.max_interim = 1;
  options.max_head_fields = 6;
  options.max_head_line = 40;
  config = config_of(&options);
  for (row = 0; row < sizeof rows / sizeof rows[0]; row++) {
    wspair_client_handshake *client = NULL;
    wspair_request request;
    char answer[512], accept[29] = "";
    size_t used;
    GOOD(wspair_accept_key(u8("BwcHBwcHBwcHBwcHBwcHBw=="), 24, (uint8_t *)accept));
    if (rows[row].status != NULL) {
      snprintf(answer, sizeof answer, "%s%s\r\n", rows[row].status, rows[row].fields);
    } else {
      snprintf(answer, sizeof answer,
               "HTTP/1.1 101 a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Accept: %s\r\n%s\r\n",
               accept, rows[row].fields);
    }
    GOOD(wspair_request_init(&request, sizeof request, "ws://a/"));
    memset(request.nonce, 7, sizeof request.nonce);
    request.subprotocols = offered;
    request.subprotocols_len = 1;
    request.require_subprotocol = 1;
    GOOD(wspair_client_handshake_new(config, &request, &client));
    GOOD(wspair_client_handshake_receive(client, u8(answer), strlen(answer), &used));
    CHECK(wspair_client_handshake_progress(client) == WSPAIR_PROGRESS_FAILED);
    GIVES(rows[row].error, wspair_client_handshake_error(client));
    wspair_client_handshake_free(client);
  }
  wspair_config_free(config);
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
  wspair_client_handshake_free(NULL);
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
}

int main(void) {
  client_and_server(0);
  client_and_server(1);
  client_refused_and_failed();
  failed_rules();
  client_fields();
  invalid_requests();
  nulls();
  return 0;
}
