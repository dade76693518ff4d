/* What the header says where the writer of a first program would have to guess. */

#include "check.h"

static const uint64_t second = 1000000000;

/* A server is fed, and answers, before the 101 is written; that goes first. */
static void fed_before_the_answer_is_written(void) {
  uint8_t input[512] =
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  size_t head = strlen((char *)input), len = head + client_frame(input + head, 0x81, "early", 5), used;
  wspair_server_handshake *handshake;
  wspair_slice answer;
  wspair_agreed agreed;
  wspair_conn *server;
  uint8_t output[64];
  seen got;
  GOOD(wspair_server_handshake_new(NULL, &handshake));
  CHECK(wspair_server_handshake_next_timeout(handshake) == 0);
  GOOD(wspair_server_handshake_receive(handshake, input, len, &used));
  CHECK(used == head && wspair_server_handshake_next_timeout(handshake) == WSPAIR_NEVER);
  GOOD(wspair_server_handshake_accept(handshake, NULL, NULL, 0));
  GOOD(wspair_server_handshake_agreed(handshake, &agreed));
  GOOD(wspair_conn_new_server(NULL, &agreed, &server));
  got.count = 0;
  feed(server, input + used, len - used, MANY, &got);
  CHECK(got.count == 1 && got.events[0].type == WSPAIR_EVENT_TEXT);
  GOOD(wspair_conn_send(server, WSPAIR_KIND_TEXT, got.events[0].data, got.events[0].len));
  GOOD(wspair_server_handshake_output(handshake, &answer));
  CHECK(starts(answer, "HTTP/1.1 101 "));
  wspair_server_handshake_free(handshake);
  CHECK(drain(server, output, sizeof output) == 7);
  wspair_conn_free(server);
}

/* Nothing more is taken behind a refusal. Without room for a body it ends with the head. */
static void refusals_want_no_more(void) {
  static const char refusal[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\nno, n";
  wspair_server_handshake *server;
  wspair_client_handshake *client;
  wspair_options options;
  wspair_config *config;
  wspair_request request;
  uint16_t status;
  size_t used;
  GOOD(wspair_server_handshake_new(NULL, &server));
  GOOD(wspair_server_handshake_receive(server, u8("GET / HTTP/1.1\r\n\r\nmore"), 22, &used));
  CHECK(used == 18 && wspair_server_handshake_progress(server) == WSPAIR_PROGRESS_REFUSED);
  GOOD(wspair_server_handshake_receive(server, u8("and more"), 8, &used));
  CHECK(used == 0);
  wspair_server_handshake_free(server);

  GOOD(wspair_options_init(&options, sizeof options));
  options.max_body = 0;
  config = config_of(&options);
  GOOD(wspair_request_init(&request, sizeof request, "ws://a/"));
  GOOD(wspair_client_handshake_new(config, &request, &client));
  CHECK(wspair_client_handshake_next_timeout(client) == 0);
  GOOD(wspair_client_handshake_receive(client, u8(refusal), sizeof refusal - 6, &used));
  CHECK(wspair_client_handshake_progress(client) == WSPAIR_PROGRESS_REFUSED);
  GOOD(wspair_client_handshake_status(client, &status));
  CHECK(status == 401);
  wspair_client_handshake_free(client);
  wspair_config_free(config);
}

/* What is due gives its own time until it was acted on. Without room no event is lost. */
static void what_is_due_stays_due(void) {
  wspair_options options;
  wspair_config *config;
  wspair_conn *server;
  wspair_event event;
  uint8_t output[64];
  size_t count;
  GOOD(wspair_options_init(&options, sizeof options));
  options.close_within = second;
  config = config_of(&options);
  server = new_server(config);
  GOOD(wspair_conn_timeout(server, second, &event, 1, &count));
  GOOD(wspair_conn_close(server, 1000, NULL, 0));
  /* Nothing of it was written: it counts from when it was queued. */
  GOOD(wspair_conn_timeout(server, second, &event, 1, &count));
  CHECK(wspair_conn_next_timeout(server) == 2 * second);
  CHECK(wspair_conn_next_timeout(server) == 2 * second);
  GIVES(WSPAIR_MORE, wspair_conn_timeout(server, 3 * second, NULL, 0, &count));
  CHECK(count == 0 && wspair_conn_next_timeout(server) <= 3 * second);
  CHECK(wspair_conn_timeout(server, 3 * second, &event, 1, &count) >= 0);
  CHECK(count == 1 && event.type == WSPAIR_EVENT_CLOSED && event.error == WSPAIR_LOST_CLOSE_TIMEOUT);
  CHECK(drain(server, output, sizeof output) == 4);
  wspair_conn_free(server);

  server = new_server(config);
  GIVES(WSPAIR_MORE, wspair_conn_eof(server, NULL, 0, &count));
  CHECK(wspair_conn_eof(server, &event, 1, &count) >= 0);
  CHECK(count == 1 && event.type == WSPAIR_EVENT_CLOSED && event.code == 1006);
  wspair_conn_free(server);

  server = new_server(config);
  GOOD(wspair_conn_abort(server));
  CHECK(wspair_conn_next_timeout(server) == 0);
  CHECK(wspair_conn_timeout(server, second, &event, 1, &count) >= 0);
  CHECK(count == 1 && event.error == WSPAIR_LOST_ABORTED);
  wspair_conn_free(server);
  wspair_config_free(config);
}

/* After the closing handshake the server ends the transport, and what comes behind it is nothing. */
static void the_server_ends_the_transport(void) {
  wspair_conn *client = new_client(NULL, 1), *server = new_server(NULL);
  uint8_t wire[64];
  size_t len, count;
  wspair_slice slice;
  seen got;
  got.count = 0;
  GOOD(wspair_conn_close(client, 1000, NULL, 0));
  /* The peer's messages go on coming. */
  GOOD(wspair_conn_send(server, WSPAIR_KIND_TEXT, u8("late"), 4));
  len = drain(server, wire, sizeof wire);
  feed(client, wire, len, MANY, &got);
  CHECK(got.count == 1 && got.events[0].type == WSPAIR_EVENT_TEXT);
  len = drain(client, wire, sizeof wire);
  len += client_frame(wire + len, 0x81, "behind", 6);
  got.count = 0;
  feed(server, wire, len, MANY, &got);
  CHECK(got.count == 2 && got.events[1].type == WSPAIR_EVENT_CLOSED);
  /* Without room nothing is shown, though it waits. */
  GOOD(wspair_conn_transmit(server, NULL, 0, &count));
  CHECK(count == 0 && wspair_conn_wants_write(server) == 1);
  GOOD(wspair_conn_transmit(server, &slice, 1, &count));
  CHECK(count == 1);
  len = drain(server, wire, sizeof wire);
  CHECK(wspair_conn_transport(server) == WSPAIR_TRANSPORT_CLOSE);
  got.count = 0;
  feed(client, wire, len, MANY, &got);
  CHECK(got.count == 2 && (got.events[1].flags & WSPAIR_FLAG_CLEAN) != 0);
  CHECK(wspair_conn_transport(client) == WSPAIR_TRANSPORT_OPEN);
  wspair_conn_free(client);
  wspair_conn_free(server);
}

/* A message that ends without bytes ends all the same, and an empty one is one chunk. */
static void chunks_without_bytes_end_messages(void) {
  wspair_options options;
  wspair_config *config;
  wspair_conn *server;
  uint8_t wire[64];
  size_t len;
  seen got;
  GOOD(wspair_options_init(&options, sizeof options));
  options.delivery = WSPAIR_DELIVERY_CHUNKS;
  config = config_of(&options);
  server = new_server(config);
  len = client_frame(wire, 0x82, "", 0);
  len += client_frame(wire + len, 0x02, "ab", 2);
  len += client_frame(wire + len, 0x80, "", 0);
  got.count = 0;
  feed(server, wire, len, MANY, &got);
  CHECK(got.count == 3);
  CHECK(got.events[0].len == 0 && got.events[0].flags == (WSPAIR_FLAG_FIRST | WSPAIR_FLAG_LAST));
  CHECK(got.events[1].len == 2 && got.events[1].flags == WSPAIR_FLAG_FIRST);
  CHECK(got.events[2].len == 0 && got.events[2].flags == WSPAIR_FLAG_LAST);
  wspair_conn_free(server);
  wspair_config_free(config);
}

/* A ping of keepalive has no payload. */
static void keepalive_asks_with_nothing(void) {
  wspair_options options;
  wspair_config *config;
  wspair_conn *server;
  wspair_event event;
  uint8_t output[64];
  size_t count;
  GOOD(wspair_options_init(&options, sizeof options));
  options.ping_after = second;
  config = config_of(&options);
  server = new_server(config);
  GOOD(wspair_conn_timeout(server, 0, &event, 1, &count));
  GOOD(wspair_conn_timeout(server, 2 * second, &event, 1, &count));
  CHECK(drain(server, output, sizeof output) == 2 && output[0] == 0x89 && output[1] == 0);
  wspair_conn_free(server);
  wspair_config_free(config);
}

int main(void) {
  fed_before_the_answer_is_written();
  refusals_want_no_more();
  what_is_due_stays_due();
  the_server_ends_the_transport();
  chunks_without_bytes_end_messages();
  keepalive_asks_with_nothing();
  return 0;
}
