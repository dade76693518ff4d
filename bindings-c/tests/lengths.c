/* A null pointer with a length is refused, wherever the two are given; with no length it is nothing.
 * run.sh looks that every function of the header with a length is here. */

#include "check.h"

#define REFUSED(call) GIVES(WSPAIR_ERROR_NULL, call)

static const char ASKED[] =
    "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/* A field whose name, or value, is null and has a length. */
static wspair_field half(int has_name) {
  wspair_field field = field_of("X-A", "1");
  if (has_name) {
    field.value.data = NULL;
  } else {
    field.name.data = NULL;
  }
  return field;
}

static wspair_server_handshake *asked(void) {
  wspair_server_handshake *handshake;
  size_t used;
  GOOD(wspair_server_handshake_new(NULL, &handshake));
  GOOD(wspair_server_handshake_receive(handshake, u8(ASKED), sizeof ASKED - 1, &used));
  CHECK(wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_REQUEST);
  return handshake;
}

static void connections(void) {
  wspair_conn *conn = new_server(NULL);
  wspair_event events[2];
  wspair_slice slices[2];
  wspair_prepared *prepared = NULL;
  uint8_t room[16];
  size_t count, used;
  REFUSED(wspair_conn_receive(conn, NULL, 1, events, 2, &count, &used));
  REFUSED(wspair_conn_receive(conn, room, 0, NULL, 2, &count, &used));
  REFUSED(wspair_conn_receive_const(conn, NULL, 1, events, 2, &count, &used));
  REFUSED(wspair_conn_receive_const(conn, room, 0, NULL, 2, &count, &used));
  REFUSED(wspair_conn_eof(conn, NULL, 1, &count));
  REFUSED(wspair_conn_transport_lost(conn, NULL, 1, &count));
  REFUSED(wspair_conn_timeout(conn, 0, NULL, 1, &count));
  REFUSED(wspair_conn_send(conn, WSPAIR_KIND_TEXT, NULL, 1));
  REFUSED(wspair_conn_send(conn, WSPAIR_KIND_BINARY, NULL, 1));
  REFUSED(wspair_conn_send_with(conn, WSPAIR_KIND_BINARY, WSPAIR_COMPRESSION_ON, NULL, 1));
  REFUSED(wspair_conn_send_fragment(conn, WSPAIR_KIND_BINARY, NULL, 1, 1));
  REFUSED(wspair_conn_ping(conn, NULL, 1));
  REFUSED(wspair_conn_pong(conn, NULL, 1));
  REFUSED(wspair_conn_frame_in_place(conn, WSPAIR_KIND_BINARY, NULL, 15, 14, &used));
  REFUSED(wspair_conn_frame_beside(conn, WSPAIR_KIND_BINARY, 1, NULL, &used));
  REFUSED(wspair_conn_close(conn, 1000, NULL, 1));
  REFUSED(wspair_conn_explain_close(conn, NULL, 1));
  REFUSED(wspair_conn_transmit(conn, NULL, 1, &count));
  REFUSED(wspair_prepared_new(WSPAIR_KIND_TEXT, NULL, 1, &prepared));
  CHECK(prepared == NULL);

  /* Nothing came of any of it. */
  CHECK(wspair_conn_state(conn) == WSPAIR_STATE_OPEN);
  GOOD(wspair_conn_transmit(conn, slices, 2, &count));
  CHECK(count == 0);

  GOOD(wspair_conn_receive(conn, NULL, 0, events, 2, &count, &used));
  GOOD(wspair_conn_send(conn, WSPAIR_KIND_TEXT, NULL, 0));
  GOOD(wspair_conn_ping(conn, NULL, 0));
  GOOD(wspair_conn_close(conn, WSPAIR_NO_CODE, NULL, 0));
  wspair_conn_free(conn);
}

static void frames(void) {
  wspair_frame frame;
  wspair_slice reason;
  wspair_utf8 check = {{0}};
  uint8_t room[28], key[4] = {1, 2, 3, 4};
  uint16_t code;
  size_t size;
  REFUSED(wspair_frame_decode(NULL, 1, WSPAIR_ROLE_SERVER, 0, &frame, &size));
  REFUSED(wspair_mask(NULL, 1, key, 0));
  REFUSED(wspair_mask_copy(NULL, 1, room, key, 0));
  REFUSED(wspair_mask_copy(room, 1, NULL, key, 0));
  REFUSED(wspair_utf8_push(&check, NULL, 1));
  REFUSED(wspair_close_decode(NULL, 1, &code, &reason));
  REFUSED(wspair_accept_key(NULL, 1, room));
}

static void servers(void) {
  wspair_server_handshake *handshake = asked(), *none = NULL;
  wspair_field fields[2];
  wspair_slice body;
  uint16_t status;
  size_t used, count;
  int has_name;
  REFUSED(wspair_server_handshake_accept(handshake, NULL, NULL, 1));
  REFUSED(wspair_server_handshake_refuse(handshake, 404, NULL, 1, NULL, 0));
  REFUSED(wspair_server_handshake_refuse(handshake, 404, NULL, 0, NULL, 1));
  REFUSED(wspair_server_handshake_from_fields(NULL, WSPAIR_BOOTSTRAP_UPGRADE, "GET", "/", NULL, 1,
                                              &none));
  for (has_name = 0; has_name <= 1; has_name++) {
    fields[0] = field_of("X-B", "2");
    fields[1] = half(has_name);
    REFUSED(wspair_server_handshake_accept(handshake, NULL, fields, 2));
    REFUSED(wspair_server_handshake_refuse(handshake, 404, fields, 2, NULL, 0));
    REFUSED(wspair_server_handshake_from_fields(NULL, WSPAIR_BOOTSTRAP_UPGRADE, "GET", "/", fields,
                                                2, &none));
  }
  CHECK(none == NULL);
  CHECK(wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_REQUEST);
  GOOD(wspair_server_handshake_accept(handshake, NULL, NULL, 0));
  REFUSED(wspair_server_handshake_answer(handshake, &status, NULL, 1, &count, &body));
  wspair_server_handshake_free(handshake);

  GOOD(wspair_server_handshake_new(NULL, &handshake));
  REFUSED(wspair_server_handshake_receive(handshake, NULL, 1, &used));
  GOOD(wspair_server_handshake_receive(handshake, NULL, 0, &used));
  wspair_server_handshake_free(handshake);
}

static void clients(void) {
  wspair_client_handshake *handshake = NULL;
  wspair_request request;
  wspair_field field;
  size_t used, count;
  int has_name;
  GOOD(wspair_request_init(&request, sizeof request, "ws://h/"));
  request.subprotocols_len = 1;
  REFUSED(wspair_client_handshake_new(NULL, &request, &handshake));
  request.subprotocols_len = 0;
  request.fields_len = 1;
  REFUSED(wspair_client_handshake_new(NULL, &request, &handshake));
  for (has_name = 0; has_name <= 1; has_name++) {
    field = half(has_name);
    request.fields = &field;
    REFUSED(wspair_client_handshake_new(NULL, &request, &handshake));
  }
  CHECK(handshake == NULL);
  request.fields = NULL;
  request.fields_len = 0;
  GOOD(wspair_client_handshake_new(NULL, &request, &handshake));
  REFUSED(wspair_client_handshake_receive(handshake, NULL, 1, &used));
  REFUSED(wspair_client_handshake_request(handshake, WSPAIR_BOOTSTRAP_UPGRADE, NULL, 1, &count));
  REFUSED(wspair_client_handshake_verify(handshake, WSPAIR_BOOTSTRAP_UPGRADE, 101, NULL, 1));
  for (has_name = 0; has_name <= 1; has_name++) {
    field = half(has_name);
    REFUSED(wspair_client_handshake_verify(handshake, WSPAIR_BOOTSTRAP_UPGRADE, 101, &field, 1));
  }
  CHECK(wspair_client_handshake_progress(handshake) == WSPAIR_PROGRESS_NEED_MORE);
  wspair_client_handshake_free(handshake);
}

static int32_t answer_to(const wspair_options *options, const char *origin) {
  wspair_server_handshake *handshake;
  wspair_config *config = config_of(options);
  char head[512];
  size_t used;
  int32_t result;
  sprintf(head, "%.*sOrigin: %s\r\n\r\n", (int)(sizeof ASKED - 3), ASKED, origin);
  GOOD(wspair_server_handshake_new(config, &handshake));
  GOOD(wspair_server_handshake_receive(handshake, u8(head), strlen(head), &used));
  result = wspair_server_handshake_accept(handshake, NULL, NULL, 0);
  wspair_server_handshake_free(handshake);
  wspair_config_free(config);
  return result;
}

static void origins(void) {
  static const char *const list[] = {"https://good.test", NULL};
  wspair_config *config = NULL;
  wspair_options options;
  GOOD(wspair_options_init(&options, sizeof options));
  GOOD(answer_to(&options, "https://evil.test"));
  options.origins_len = 1;
  REFUSED(wspair_config_new(&options, &config));
  options.origins = list;
  options.origins_len = 2;
  REFUSED(wspair_config_new(&options, &config));
  CHECK(config == NULL);
  options.origins_len = 1;
  GOOD(answer_to(&options, "https://good.test"));
  GIVES(WSPAIR_REFUSED_ORIGIN, answer_to(&options, "https://evil.test"));
  /* An empty list, or one whose length was forgotten, lets nobody in. */
  options.origins_len = 0;
  GIVES(WSPAIR_REFUSED_ORIGIN, answer_to(&options, "https://good.test"));
}

static void pairs(void) {
  wspair_pair_options options;
  wspair_coupling *coupling;
  wspair_conn *conn = new_server(NULL);
  wspair_message message = {WSPAIR_KIND_BINARY, NULL, 1, NULL, NULL};
  wspair_event event;
  wspair_pair *pair = NULL;
  GOOD(wspair_pair_options_init(&options, sizeof options));
  options.compat_flags_len = 1;
  REFUSED(wspair_pair_new(&options, &pair));
  CHECK(pair == NULL);
  GOOD(wspair_pair_new(NULL, &pair));
  GOOD(wspair_pair_accept(pair, WSPAIR_END_FIRST, -1));
  REFUSED(wspair_pair_send(pair, WSPAIR_END_FIRST, &message));
  REFUSED(wspair_pair_close(pair, WSPAIR_END_FIRST, 1000, NULL, 1));
  REFUSED(wspair_pair_set_attachment(pair, WSPAIR_END_FIRST, NULL, 1));
  GOOD(wspair_pair_set_attachment(pair, WSPAIR_END_FIRST, NULL, 0));

  GOOD(wspair_coupling_new(pair, WSPAIR_END_SECOND, &coupling));
  memset(&event, 0, sizeof event);
  event.type = WSPAIR_EVENT_BINARY;
  REFUSED(wspair_coupling_forward(coupling, pair, conn, &event, &message));
  event.type = WSPAIR_EVENT_PEER_CLOSING;
  event.code = 1000;
  event.len = 1;
  REFUSED(wspair_coupling_forward(coupling, pair, conn, &event, NULL));
  CHECK(!wspair_pair_has_event(pair, WSPAIR_END_FIRST));
  wspair_coupling_free(coupling);
  wspair_pair_free(pair);
  wspair_conn_free(conn);
}

int main(void) {
  connections();
  frames();
  servers();
  clients();
  origins();
  pairs();
  return 0;
}
