/* Pairs and couplings: messages by pointer, each freed once, whatever becomes of it. */

#include "check.h"

static int alive;

static void free_message(void *owner) {
  alive--;
  free(owner);
}

static wspair_message message_of(uint32_t kind, const char *text) {
  wspair_message message;
  size_t len = strlen(text);
  uint8_t *data = malloc(len + 1);
  CHECK(data != NULL);
  memcpy(data, text, len + 1);
  alive++;
  message.kind = kind;
  message.data = data;
  message.len = len;
  message.owner = data;
  message.free = free_message;
  return message;
}

static int32_t say(wspair_pair *pair, uint32_t end, const char *text) {
  wspair_message message = message_of(WSPAIR_KIND_TEXT, text);
  return wspair_pair_send(pair, end, &message);
}

static wspair_pair_event poll(wspair_pair *pair, uint32_t end) {
  wspair_pair_event event;
  GOOD(wspair_pair_poll(pair, end, &event));
  return event;
}

static wspair_pair *new_pair(void) {
  wspair_pair *pair = NULL;
  GOOD(wspair_pair_new(NULL, &pair));
  return pair;
}

static wspair_pair *accepted(void) {
  wspair_pair *pair = new_pair();
  GOOD(wspair_pair_accept(pair, WSPAIR_END_FIRST, -1));
  GOOD(wspair_pair_accept(pair, WSPAIR_END_SECOND, 0));
  return pair;
}

static void messages_and_closes(void) {
  wspair_pair *pair = new_pair();
  wspair_pair_event event;
  wspair_message message = message_of(WSPAIR_KIND_TEXT, "same");
  const uint8_t *data = message.data;
  CHECK(wspair_pair_phase(pair, WSPAIR_END_FIRST) == WSPAIR_PHASE_FRESH);
  GOOD(wspair_pair_accept(pair, WSPAIR_END_FIRST, -1));
  GOOD(wspair_pair_send(pair, WSPAIR_END_FIRST, &message));
  CHECK(wspair_pair_buffered(pair, WSPAIR_END_FIRST) == 4);
  CHECK(!wspair_pair_has_event(pair, WSPAIR_END_SECOND));
  GOOD(wspair_pair_accept(pair, WSPAIR_END_SECOND, 1));
  CHECK(wspair_pair_phase(pair, WSPAIR_END_SECOND) == WSPAIR_PHASE_ACCEPTED);
  CHECK(wspair_pair_has_event(pair, WSPAIR_END_SECOND));
  event = poll(pair, WSPAIR_END_SECOND);
  /* The very pointer, not a copy. */
  CHECK(event.type == WSPAIR_PAIR_EVENT_MESSAGE && event.message.data == data);
  wspair_message_free(&event.message);
  wspair_message_free(&event.message);
  wspair_message_free(NULL);
  CHECK(alive == 0);
  GOOD(wspair_pair_close(pair, WSPAIR_END_FIRST, 3000, u8("done"), 4));
  GIVES(WSPAIR_PAIR_CLOSING, say(pair, WSPAIR_END_FIRST, "late"));
  CHECK(wspair_pair_state(pair, WSPAIR_END_FIRST) == WSPAIR_STATE_CLOSING);
  event = poll(pair, WSPAIR_END_SECOND);
  CHECK(event.type == WSPAIR_PAIR_EVENT_CLOSE && event.code == 3000);
  CHECK(event.flags == WSPAIR_FLAG_CLEAN && is_text(event.reason, event.reason_len, "done"));
  GOOD(wspair_pair_event_done(pair, WSPAIR_END_SECOND));
  /* Half-open: it may still speak. */
  GOOD(say(pair, WSPAIR_END_SECOND, "still"));
  GOOD(wspair_pair_close(pair, WSPAIR_END_SECOND, WSPAIR_NO_CODE, NULL, 0));
  event = poll(pair, WSPAIR_END_FIRST);
  wspair_message_free(&event.message);
  event = poll(pair, WSPAIR_END_FIRST);
  CHECK(event.type == WSPAIR_PAIR_EVENT_CLOSE && event.code == 1005);
  CHECK(poll(pair, WSPAIR_END_FIRST).type == WSPAIR_PAIR_EVENT_NONE);
  CHECK(wspair_pair_state(pair, WSPAIR_END_FIRST) == WSPAIR_STATE_CLOSED);
  wspair_pair_free(pair);
  CHECK(alive == 0);
}

static void failures(void) {
  wspair_pair *pair = accepted();
  wspair_pair_event event;
  GOOD(say(pair, WSPAIR_END_FIRST, "never heard"));
  GOOD(wspair_pair_fail(pair, WSPAIR_END_SECOND));
  CHECK(alive == 0);
  event = poll(pair, WSPAIR_END_SECOND);
  CHECK(event.type == WSPAIR_PAIR_EVENT_ERROR && event.error == WSPAIR_PAIR_LISTENER);
  event = poll(pair, WSPAIR_END_FIRST);
  CHECK(event.type == WSPAIR_PAIR_EVENT_CLOSE && event.code == 1006 && event.flags == 0);
  GOOD(say(pair, WSPAIR_END_FIRST, "to nobody"));
  wspair_pair_free(pair);

  pair = accepted();
  GOOD(say(pair, WSPAIR_END_FIRST, "waits"));
  GOOD(wspair_pair_abandon(pair, WSPAIR_END_FIRST));
  GOOD(say(pair, WSPAIR_END_SECOND, "ignored"));
  wspair_pair_free(pair);
  CHECK(alive == 0);
}

static void hibernatable_and_attachments(void) {
  wspair_pair *pair = new_pair();
  wspair_slice found;
  static const uint8_t large[16385];
  GOOD(wspair_pair_accept_hibernatable(pair, WSPAIR_END_FIRST));
  GIVES(WSPAIR_PAIR_ACCEPTED, wspair_pair_accept_hibernatable(pair, WSPAIR_END_FIRST));
  GIVES(WSPAIR_PAIR_PEER_TAKEN, wspair_pair_accept_hibernatable(pair, WSPAIR_END_SECOND));
  GIVES(WSPAIR_PAIR_HIBERNATABLE, wspair_pair_accept(pair, WSPAIR_END_FIRST, -1));
  CHECK(wspair_pair_phase(pair, WSPAIR_END_FIRST) == WSPAIR_PHASE_HIBERNATABLE);
  GIVES(WSPAIR_ERROR_NOT_FOUND, wspair_pair_attachment(pair, WSPAIR_END_FIRST, &found));
  GOOD(wspair_pair_set_attachment(pair, WSPAIR_END_FIRST, u8("who"), 3));
  GIVES(WSPAIR_PAIR_ATTACHMENT_TOO_LARGE,
        wspair_pair_set_attachment(pair, WSPAIR_END_FIRST, large, sizeof large));
  GOOD(wspair_pair_attachment(pair, WSPAIR_END_FIRST, &found));
  CHECK(is_text(found.data, found.len, "who"));
  wspair_pair_free(pair);
}

static void options(void) {
  static const char *const flags[] = {"pedantic_wpt", "somebody_elses_flag"};
  wspair_pair_options options;
  wspair_pair *pair = NULL;
  GOOD(wspair_pair_options_init(&options, sizeof options));
  options.max_queued = 40;
  options.high_water_mark = 36;
  options.compat_date = 20230101;
  options.compat_flags = flags;
  options.compat_flags_len = 2;
  GOOD(wspair_pair_new(&options, &pair));
  GIVES(WSPAIR_PAIR_NOT_ACCEPTED, say(pair, WSPAIR_END_FIRST, "early"));
  GIVES(WSPAIR_PAIR_NOT_ACCEPTED, wspair_pair_close(pair, WSPAIR_END_FIRST, 1000, NULL, 0));
  GOOD(wspair_pair_accept(pair, WSPAIR_END_FIRST, -1));
  /* Pedantic, as the flag says. */
  GIVES(WSPAIR_PAIR_CLOSE_CODE, wspair_pair_close(pair, WSPAIR_END_FIRST, 1001, NULL, 0));
  CHECK(!wspair_pair_is_congested(pair, WSPAIR_END_FIRST));
  GOOD(say(pair, WSPAIR_END_FIRST, "1234"));
  CHECK(wspair_pair_is_congested(pair, WSPAIR_END_FIRST));
  GIVES(WSPAIR_PAIR_FULL, say(pair, WSPAIR_END_FIRST, "1"));
  wspair_pair_free(pair);
  CHECK(alive == 0);
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_pair_options_init(&options, 1));
  GIVES(WSPAIR_ERROR_NULL, wspair_pair_options_init(NULL, sizeof options));
  memset(&options, 0, sizeof options);
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_pair_new(&options, &pair));
}

/* One end on a wire: messages, the close and its answer, and what breaks. */
static void coupled(void) {
  wspair_options options;
  wspair_config *config;
  wspair_pair *pair = new_pair();
  wspair_coupling *coupling = NULL;
  wspair_conn *server;
  wspair_event events[4];
  wspair_pair_event event;
  wspair_message message;
  uint8_t in[128], out[128];
  size_t len, count, used, at;
  uint32_t end;
  GOOD(wspair_options_init(&options, sizeof options));
  GOOD(wspair_coupling_configure(&options));
  CHECK(options.auto_close == 0 && options.delivery == WSPAIR_DELIVERY_MESSAGES);
  config = config_of(&options);
  server = new_server(config);
  GOOD(wspair_coupling_new(pair, WSPAIR_END_FIRST, &coupling));
  GIVES(WSPAIR_PAIR_SPENT, wspair_coupling_new(pair, WSPAIR_END_FIRST, &coupling));
  GIVES(WSPAIR_PAIR_SPENT, wspair_pair_accept(pair, WSPAIR_END_FIRST, -1));
  GOOD(wspair_coupling_end(coupling, &end));
  CHECK(end == WSPAIR_END_FIRST);
  GOOD(wspair_pair_accept(pair, WSPAIR_END_SECOND, -1));
  GOOD(say(pair, WSPAIR_END_SECOND, "out"));
  message = message_of(WSPAIR_KIND_BINARY, "raw");
  GOOD(wspair_pair_send(pair, WSPAIR_END_SECOND, &message));
  CHECK(wspair_coupling_wants_write(coupling, pair, server) == 1);
  GOOD(wspair_coupling_drain(coupling, pair, server));
  CHECK(wspair_coupling_wants_write(coupling, pair, server) == 1);
  CHECK(alive == 0 && drain(server, out, sizeof out) == 10);
  CHECK(memcmp(out, "\x81\x03out\x82\x03raw", 10) == 0);
  CHECK(wspair_coupling_wants_write(coupling, pair, server) == 0);

  len = client_frame(in, 0x81, "in", 2);
  len += client_frame(in + len, 0x89, "", 0);
  len += client_frame(in + len, 0x88,
                      "\x0f\xa1"
                      "bye",
                      5);
  GOOD(wspair_conn_receive(server, in, len, events, 4, &count, &used));
  CHECK(count == 3);
  for (at = 0; at < count; at++) {
    message = message_of(WSPAIR_KIND_TEXT, "in");
    GOOD(wspair_coupling_forward(coupling, pair, server, &events[at], &message));
    if (events[at].type != WSPAIR_EVENT_TEXT) wspair_message_free(&message);
  }
  event = poll(pair, WSPAIR_END_SECOND);
  CHECK(event.type == WSPAIR_PAIR_EVENT_MESSAGE &&
        is_text(event.message.data, event.message.len, "in"));
  wspair_message_free(&event.message);
  event = poll(pair, WSPAIR_END_SECOND);
  CHECK(event.type == WSPAIR_PAIR_EVENT_CLOSE && event.code == 4001);
  CHECK(is_text(event.reason, event.reason_len, "bye"));
  GOOD(wspair_coupling_drain(coupling, pair, server));
  len = drain(server, out, sizeof out);
  CHECK(len == 2 + 7 - 2 + 2 && memcmp(out,
                                       "\x8a\x00\x88\x05\x0f\xa1"
                                       "bye",
                                       9) == 0);
  GOOD(wspair_conn_timeout(server, 0, events, 4, &count));
  CHECK(count == 1 && events[0].type == WSPAIR_EVENT_CLOSED);
  GOOD(wspair_coupling_forward(coupling, pair, server, &events[0], NULL));
  wspair_coupling_free(coupling);
  wspair_pair_free(pair);
  wspair_conn_free(server);

  /* A peer that breaks a rule fails the other end. */
  pair = new_pair();
  server = new_server(config);
  GOOD(wspair_coupling_new(pair, WSPAIR_END_SECOND, &coupling));
  GOOD(wspair_pair_accept(pair, WSPAIR_END_FIRST, -1));
  GOOD(wspair_conn_receive(server, (uint8_t *)memcpy(in, "\x81\x00", 2), 2, events, 4, &count,
                           &used));
  GOOD(wspair_coupling_forward(coupling, pair, server, &events[0], NULL));
  event = poll(pair, WSPAIR_END_FIRST);
  CHECK(event.type == WSPAIR_PAIR_EVENT_ERROR && event.error == WSPAIR_PROTOCOL_UNMASKED);
  wspair_conn_free(server);

  /* Mistakes of the caller's. */
  server = new_server(config);
  GIVES(WSPAIR_ERROR_STATE, wspair_coupling_forward(coupling, pair, server, &events[0], NULL));
  events[0].type = WSPAIR_EVENT_TEXT;
  GIVES(WSPAIR_ERROR_NULL, wspair_coupling_forward(coupling, pair, server, &events[0], NULL));
  message = message_of(WSPAIR_KIND_TEXT, "\xff");
  GIVES(WSPAIR_ERROR_UTF8, wspair_coupling_forward(coupling, pair, server, &events[0], &message));
  message = message_of(WSPAIR_KIND_TEXT, "x");
  GIVES(WSPAIR_ERROR_NULL, wspair_coupling_forward(NULL, pair, server, &events[0], &message));
  events[0].type = WSPAIR_EVENT_CHUNK;
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_coupling_forward(coupling, pair, server, &events[0], NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_coupling_forward(coupling, pair, server, NULL, NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_coupling_drain(NULL, pair, server));
  CHECK(wspair_coupling_wants_write(NULL, pair, server) == 0);
  CHECK(wspair_coupling_wants_write(coupling, NULL, server) == 0);
  CHECK(wspair_coupling_wants_write(coupling, pair, NULL) == 0);
  GIVES(WSPAIR_ERROR_NULL, wspair_coupling_drain(coupling, NULL, server));
  GIVES(WSPAIR_ERROR_NULL, wspair_coupling_drain(coupling, pair, NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_coupling_end(NULL, &end));
  GIVES(WSPAIR_ERROR_NULL, wspair_coupling_end(coupling, NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_coupling_configure(NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_coupling_new(NULL, 0, &coupling));
  GIVES(WSPAIR_ERROR_NULL, wspair_coupling_new(pair, 0, NULL));
  wspair_coupling_free(coupling);
  wspair_coupling_free(NULL);
  wspair_pair_free(pair);
  wspair_conn_free(server);
  wspair_config_free(config);
  CHECK(alive == 0);
}

/* The peer ends its direction before the kept end gets to run: with a Close frame, and without. */
static void half_closed(void) {
  wspair_options options;
  wspair_config *config;
  wspair_event events[MANY];
  size_t count, used, at;
  int closes;
  GOOD(wspair_options_init(&options, sizeof options));
  GOOD(wspair_coupling_configure(&options));
  CHECK(options.auto_end == 0);
  config = config_of(&options);
  for (closes = 0; closes < 2; closes++) {
    wspair_pair *pair = new_pair();
    wspair_coupling *coupling = NULL;
    wspair_conn *server = new_server(config);
    wspair_pair_event event;
    uint8_t in[64], out[64];
    size_t len = client_frame(in, 0x81, "a", 1);
    len += client_frame(in + len, 0x81, "b", 1);
    if (closes) len += client_frame(in + len, 0x88, "\x03\xe8", 2);
    GOOD(wspair_coupling_new(pair, WSPAIR_END_FIRST, &coupling));
    GOOD(wspair_pair_accept(pair, WSPAIR_END_SECOND, -1));
    GOOD(wspair_conn_receive(server, in, len, events, MANY, &count, &used));
    CHECK(used == len && count == 2 + (size_t)closes);
    GOOD(wspair_conn_eof(server, events + count, MANY - count, &used));
    CHECK(used == 1 - (size_t)closes);
    for (at = 0; at < count + used; at++) {
      wspair_message message = message_of(WSPAIR_KIND_TEXT, at == 0 ? "a" : "b");
      GOOD(wspair_coupling_forward(coupling, pair, server, &events[at], &message));
      if (events[at].type != WSPAIR_EVENT_TEXT) wspair_message_free(&message);
    }
    GOOD(wspair_coupling_drain(coupling, pair, server));
    CHECK(wspair_conn_transport(server) == WSPAIR_TRANSPORT_OPEN);
    for (at = 0; at < 2; at++) {
      event = poll(pair, WSPAIR_END_SECOND);
      CHECK(event.type == WSPAIR_PAIR_EVENT_MESSAGE);
      GOOD(wspair_pair_send(pair, WSPAIR_END_SECOND, &event.message));
    }
    event = poll(pair, WSPAIR_END_SECOND);
    CHECK(event.type == WSPAIR_PAIR_EVENT_CLOSE && event.code == (closes ? 1000 : 1006));
    GOOD(wspair_coupling_drain(coupling, pair, server));
    len = drain(server, out, sizeof out);
    CHECK(len == (closes ? 10 : 6) && memcmp(out, "\x81\x01" "a\x81\x01" "b\x88\x02\x03\xe8", len) == 0);
    GOOD(wspair_conn_eof(server, events, MANY, &count));
    CHECK(wspair_conn_transport(server) == WSPAIR_TRANSPORT_CLOSE);
    CHECK(wspair_conn_next_timeout(server) == WSPAIR_NEVER);
    wspair_coupling_free(coupling);
    wspair_pair_free(pair);
    wspair_conn_free(server);
  }
  wspair_config_free(config);
  CHECK(alive == 0);
}

static void misuse(void) {
  wspair_pair *pair = accepted();
  wspair_pair_event event;
  wspair_message message;
  wspair_slice slice;
  static const uint8_t long_reason[124] = "x";
  GIVES(WSPAIR_ERROR_NULL, wspair_pair_new(NULL, NULL));
  wspair_pair_free(NULL);
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_pair_accept(pair, 2, -1));
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_pair_accept(pair, 0, 2));
  GIVES(WSPAIR_ERROR_NULL, wspair_pair_accept(NULL, 0, -1));
  GIVES(WSPAIR_ERROR_NULL, wspair_pair_accept_hibernatable(NULL, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_pair_send(pair, 0, NULL));
  GIVES(WSPAIR_ERROR_NULL, say(NULL, 0, "x"));
  GIVES(WSPAIR_ERROR_ARGUMENT, say(pair, 2, "x"));
  GIVES(WSPAIR_ERROR_UTF8, say(pair, 0, "\xff"));
  message = message_of(0, "x");
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_pair_send(pair, 0, &message));
  CHECK(alive == 0);
  GIVES(WSPAIR_PAIR_CLOSE_CODE, wspair_pair_close(pair, 0, 1005, NULL, 0));
  GIVES(WSPAIR_PAIR_CLOSE_CODE, wspair_pair_close(pair, 0, 70000, NULL, 0));
  GIVES(WSPAIR_PAIR_CLOSE_REASON, wspair_pair_close(pair, 0, 1000, long_reason, 124));
  GIVES(WSPAIR_PAIR_REASON_WITHOUT_CODE, wspair_pair_close(pair, 0, WSPAIR_NO_CODE, u8(""), 0));
  GIVES(WSPAIR_ERROR_UTF8, wspair_pair_close(pair, 0, 1000, u8("\xff"), 1));
  GIVES(WSPAIR_ERROR_NULL, wspair_pair_close(NULL, 0, 1000, NULL, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_pair_poll(NULL, 0, &event));
  GIVES(WSPAIR_ERROR_NULL, wspair_pair_poll(pair, 0, NULL));
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_pair_poll(pair, 9, &event));
  GIVES(WSPAIR_ERROR_NULL, wspair_pair_fail(NULL, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_pair_abandon(NULL, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_pair_event_done(NULL, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_pair_set_attachment(NULL, 0, NULL, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_pair_attachment(NULL, 0, &slice));
  CHECK(wspair_pair_has_event(NULL, 0) == 0 && wspair_pair_buffered(NULL, 0) == 0);
  CHECK(wspair_pair_is_congested(NULL, 0) == 0);
  CHECK(wspair_pair_state(NULL, 0) == WSPAIR_STATE_CLOSED);
  CHECK(wspair_pair_state(pair, 2) == WSPAIR_STATE_CLOSED);
  CHECK(wspair_pair_phase(NULL, 0) == WSPAIR_PHASE_SPENT);
  wspair_pair_free(pair);
}

int main(void) {
  messages_and_closes();
  failures();
  hibernatable_and_attachments();
  options();
  coupled();
  half_closed();
  misuse();
  return 0;
}
