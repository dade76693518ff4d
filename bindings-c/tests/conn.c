/* The connection: what comes in, what goes out, time, and every way to use it wrongly. */

#include "check.h"

static void echo_and_close(void) {
  wspair_conn *server = new_server(NULL);
  uint8_t in[256], out[256];
  seen got = {0};
  size_t len = client_frame(in, 0x81, "Hello", 5);
  feed(server, in, len, MANY, &got);
  CHECK(got.count == 1 && got.events[0].type == WSPAIR_EVENT_TEXT);
  CHECK(got.events[0].kind == WSPAIR_KIND_TEXT && is_text(got.data[0], 5, "Hello"));
  GOOD(wspair_conn_send(server, got.events[0].kind, got.data[0], 5));
  CHECK(wspair_conn_buffered(server) == 7);
  CHECK(drain(server, out, sizeof out) == 7 && is_text(out, 7, "\x81\x05Hello"));

  len = client_frame(in, 0x88,
                     "\x03\xe8"
                     "bye",
                     5);
  feed(server, in, len, MANY, &got);
  CHECK(got.count == 3 && got.events[1].type == WSPAIR_EVENT_PEER_CLOSING);
  CHECK(got.events[1].code == 1000 && is_text(got.data[1], got.events[1].len, "bye"));
  CHECK(got.events[2].type == WSPAIR_EVENT_CLOSED && got.events[2].error == WSPAIR_OK);
  CHECK(got.events[2].flags == WSPAIR_FLAG_CLEAN && got.events[2].code == 1000);
  CHECK(is_text(got.data[2], got.events[2].len, "bye"));
  CHECK(wspair_conn_transport(server) == WSPAIR_TRANSPORT_FINISH_WRITING);
  CHECK(drain(server, out, sizeof out) == 4 && memcmp(out, "\x88\x02\x03\xe8", 4) == 0);
  CHECK(wspair_conn_transport(server) == WSPAIR_TRANSPORT_CLOSE);
  CHECK(wspair_conn_state(server) == WSPAIR_STATE_CLOSED);

  /* Use after close. */
  GIVES(WSPAIR_SEND_CLOSING, wspair_conn_send(server, WSPAIR_KIND_TEXT, u8("x"), 1));
  GIVES(WSPAIR_SEND_CLOSING, wspair_conn_send_fragment(server, WSPAIR_KIND_TEXT, u8("x"), 1, 1));
  GIVES(WSPAIR_SEND_CLOSING, wspair_conn_ping(server, NULL, 0));
  GIVES(WSPAIR_SEND_CLOSING, wspair_conn_pong(server, NULL, 0));
  GOOD(wspair_conn_close(server, 1000, NULL, 0));
  GOOD(wspair_conn_abort(server));
  got.count = 0;
  len = client_frame(in, 0x81, "late", 4);
  feed(server, in, len, MANY, &got);
  CHECK(got.count == 0 && wspair_conn_buffered(server) == 0);
  GOOD(wspair_conn_shrink(server));
  wspair_conn_free(server);
}

/* A stream of everything, and its events; cut once at each place, and fed byte by byte. */
static void every_cut(uint32_t delivery) {
  wspair_options options;
  wspair_config *config;
  uint8_t stream[256], copy[256], out[512];
  size_t len = 0, cut, cap, at;
  GOOD(wspair_options_init(&options, sizeof options));
  options.delivery = delivery;
  config = config_of(&options);
  len += client_frame(stream + len, 0x81, "one", 3);
  len += client_frame(stream + len, 0x02, "tw", 2);
  len += client_frame(stream + len, 0x89, "ping", 4);
  len += client_frame(stream + len, 0x80, "o", 1);
  len += client_frame(stream + len, 0x81, "\xc3\xa9", 2);
  len += client_frame(stream + len, 0x8a, "pong", 4);
  len += client_frame(stream + len, 0x88,
                      "\x03\xe9"
                      "gone",
                      6);
  for (cap = 1; cap < 4; cap++) {
    for (cut = 0; cut <= len + 1; cut++) {
      wspair_conn *server = new_server(config);
      seen got = {0};
      char text[64] = "", kinds[64] = "";
      memcpy(copy, stream, len);
      if (cut > len) {
        for (at = 0; at < len; at++) feed(server, copy + at, 1, cap, &got);
      } else {
        feed(server, copy, cut, cap, &got);
        feed(server, copy + cut, len - cut, cap, &got);
      }
      for (at = 0; at < got.count; at++) {
        wspair_event *event = &got.events[at];
        strncat(text, (const char *)got.data[at], event->len);
        if (event->type == WSPAIR_EVENT_CHUNK) {
          strcat(kinds, event->flags & WSPAIR_FLAG_LAST ? "m" : "");
        } else {
          strcat(kinds, event->type <= WSPAIR_EVENT_BINARY  ? "m"
                        : event->type == WSPAIR_EVENT_PING  ? "i"
                        : event->type == WSPAIR_EVENT_PONG  ? "o"
                        : event->type == WSPAIR_EVENT_PEER_CLOSING ? "c"
                                                            : "e");
        }
      }
      CHECK(strcmp(kinds, "mimmoce") == 0);
      CHECK(strcmp(text, delivery == WSPAIR_DELIVERY_CHUNKS
                             ? "onetwpingo\xc3\xa9ponggonegone"
                             : "onepingtwo\xc3\xa9ponggonegone") == 0);
      at = drain(server, out, sizeof out);
      CHECK(at == 6 + 4 && memcmp(out, "\x8a\x04ping\x88\x02\x03\xe9", 10) == 0);
      wspair_conn_free(server);
    }
  }
  wspair_config_free(config);
}

/* Bytes that must not change are not changed, and give the same. */
static void from_const(void) {
  wspair_conn *server = new_server(NULL);
  uint8_t in[64], copy[64];
  wspair_event events[MANY];
  size_t len = client_frame(in, 0x81, "one", 3), at = 0, count, used;
  seen got = {0};
  int32_t result;
  len += client_frame(in + len, 0x82, "two", 3);
  memcpy(copy, in, len);
  do {
    result = wspair_conn_receive_const(server, in + at, len - at, events, MANY, &count, &used);
    CHECK(result >= 0);
    at += used;
    see(&got, events, count);
  } while (result == WSPAIR_MORE);
  CHECK(at == len && memcmp(in, copy, len) == 0);
  CHECK(got.count == 2 && is_text(got.data[0], 3, "one") && is_text(got.data[1], 3, "two"));
  wspair_conn_free(server);
}

/* The good message's echo goes before the Close frame that the same input causes. */
static void answer_before_close(void) {
  wspair_conn *server = new_server(NULL);
  uint8_t in[64], out[64];
  seen got = {0};
  size_t len = client_frame(in, 0x81, "ok", 2);
  len += client_frame(in + len, 0x83, "bad", 3);
  feed(server, in, len, MANY, &got);
  CHECK(got.count == 2 && got.events[1].error == WSPAIR_PROTOCOL_RESERVED_OPCODE);
  CHECK(got.events[1].code == 1006 && got.events[1].flags == 0);
  GOOD(wspair_conn_send(server, WSPAIR_KIND_TEXT, got.data[0], 2));
  GOOD(wspair_conn_explain_close(server, u8("why"), 3));
  len = drain(server, out, sizeof out);
  CHECK(len == 11 && memcmp(out, "\x81\x02ok\x88\x05\x03\xeawhy", 11) == 0);
  GOOD(wspair_conn_explain_close(server, u8("late"), 4));
  GIVES(WSPAIR_ERROR_UTF8, wspair_conn_explain_close(server, u8("\xff"), 1));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_explain_close(NULL, NULL, 0));
  wspair_conn_free(server);
}

static void broken_rules(void) {
  static const struct {
    const char *bytes;
    size_t len;
    int32_t error;
    uint16_t code;
  } rows[] = {
      {"\xc1\x80", 2, WSPAIR_PROTOCOL_RESERVED_BITS, 1002},
      {"\x83\x80", 2, WSPAIR_PROTOCOL_RESERVED_OPCODE, 1002},
      {"\x09\x80", 2, WSPAIR_PROTOCOL_FRAGMENTED_CONTROL, 1002},
      {"\x89\xfe", 2, WSPAIR_PROTOCOL_CONTROL_TOO_LONG, 1002},
      {"\x81\x00", 2, WSPAIR_PROTOCOL_UNMASKED, 1002},
      {"\x81\xfe\0\x7d", 4, WSPAIR_PROTOCOL_NON_MINIMAL_LENGTH, 1002},
      {"\x81\xff\x80\0\0\0\0\0\0\0", 10, WSPAIR_PROTOCOL_LENGTH_RANGE, 1002},
      {"\x80\x80\0\0\0\0", 6, WSPAIR_PROTOCOL_UNEXPECTED_CONTINUATION, 1002},
      {"\x01\x80\0\0\0\0\x81\x80\0\0\0\0", 12, WSPAIR_PROTOCOL_EXPECTED_CONTINUATION, 1002},
      {"\x81\x81\0\0\0\0\xff", 7, WSPAIR_PROTOCOL_TEXT_NOT_UTF8, 1007},
      {"\x88\x81\0\0\0\0\x03", 7, WSPAIR_PROTOCOL_CLOSE_BODY, 1002},
      {"\x88\x82\0\0\0\0\x03\xed", 8, WSPAIR_PROTOCOL_CLOSE_CODE, 1002},
      {"\x88\x83\0\0\0\0\x03\xe8\xff", 9, WSPAIR_PROTOCOL_CLOSE_REASON_NOT_UTF8, 1007},
      {"\x82\xfe\x01\0\0\0\0\0", 8, WSPAIR_PROTOCOL_MESSAGE_TOO_LONG, 1009},
      {"\x82\xc1\0\0\0\0", 6, WSPAIR_PROTOCOL_FRAME_TOO_LONG, 1009},
      {"\x02\x80\0\0\0\0\0\x80\0\0\0\0\0\x80\0\0\0\0", 18, WSPAIR_PROTOCOL_TOO_MANY_FRAGMENTS,
       1008},
  };
  wspair_options options;
  wspair_config *config, *short_frames;
  size_t row;
  GOOD(wspair_options_init(&options, sizeof options));
  options.max_message = 200;
  options.max_fragments = 2;
  config = config_of(&options);
  options.max_frame = 64;
  short_frames = config_of(&options);
  for (row = 0; row < sizeof rows / sizeof rows[0]; row++) {
    int is_short = rows[row].error == WSPAIR_PROTOCOL_FRAME_TOO_LONG;
    wspair_conn *server = new_server(is_short ? short_frames : config);
    uint8_t in[32], out[64];
    seen got = {0};
    size_t len;
    memcpy(in, rows[row].bytes, rows[row].len);
    feed(server, in, rows[row].len, MANY, &got);
    CHECK(got.count == 1 && got.events[0].type == WSPAIR_EVENT_CLOSED);
    GIVES(rows[row].error, got.events[0].error);
    len = drain(server, out, sizeof out);
    CHECK(len >= 4 && out[0] == 0x88 && (out[2] << 8 | out[3]) == rows[row].code);
    /* What broke a limit is told which. */
    CHECK(out[1] == len - 2 && (len > 4) == (rows[row].code == 1009 || rows[row].code == 1008));
    wspair_conn_free(server);
  }
  wspair_config_free(config);
  wspair_config_free(short_frames);
}

/* What only one side, or only compression, can break. */
static void broken_elsewhere(void) {
  wspair_agreed agreed = {{NULL, 0}, 15, 15, 0, 0};
  wspair_conn *client = new_client(NULL, 3), *server = NULL;
  uint8_t in[32];
  seen got = {0};
  memcpy(in, "\x81\x80", 2);
  feed(client, in, 2, MANY, &got);
  GIVES(WSPAIR_PROTOCOL_MASKED, got.events[0].error);
  wspair_conn_free(client);
  GOOD(wspair_conn_new_server(NULL, &agreed, &server));
  feed(server, in, client_frame(in, 0xc1, "\xff\xff\xff", 3), MANY, &got);
  GIVES(WSPAIR_PROTOCOL_DEFLATE, got.events[1].error);
  wspair_conn_free(server);
}

static void timers(void) {
  wspair_options options;
  wspair_config *config;
  wspair_conn *server;
  wspair_event events[2];
  uint8_t out[64];
  size_t count;
  const uint64_t second = 1000000000u;
  GOOD(wspair_options_init(&options, sizeof options));
  options.ping_after = 20 * second;
  options.pong_within = 5 * second;
  config = config_of(&options);
  server = new_server(config);
  CHECK(wspair_conn_next_timeout(server) == 0);
  GOOD(wspair_conn_timeout(server, second, events, 2, &count));
  CHECK(count == 0 && wspair_conn_next_timeout(server) == 21 * second);
  GOOD(wspair_conn_timeout(server, 21 * second, events, 2, &count));
  CHECK(count == 0 && drain(server, out, sizeof out) == 2 && out[0] == 0x89);
  GOOD(wspair_conn_timeout(server, 26 * second, events, 2, &count));
  CHECK(count == 1 && events[0].error == WSPAIR_LOST_PONG_TIMEOUT && events[0].code == 1006);
  CHECK(wspair_conn_transport(server) == WSPAIR_TRANSPORT_CLOSE);
  wspair_conn_free(server);

  server = new_server(NULL);
  CHECK(wspair_conn_next_timeout(server) == WSPAIR_NEVER);
  GOOD(wspair_conn_close(server, WSPAIR_NO_CODE, NULL, 0));
  GOOD(wspair_conn_timeout(server, 0, events, 2, &count));
  GIVES(WSPAIR_MORE, wspair_conn_timeout(server, 10 * second, events, 1, &count));
  CHECK(count == 1 && events[0].error == WSPAIR_LOST_CLOSE_TIMEOUT);
  GOOD(wspair_conn_timeout(server, 10 * second, events, 1, &count));
  CHECK(count == 0);
  wspair_conn_free(server);

  server = new_server(NULL);
  GOOD(wspair_conn_eof(server, events, 2, &count));
  CHECK(count == 1 && events[0].error == WSPAIR_LOST_TRANSPORT);
  wspair_conn_free(server);

  server = new_server(NULL);
  GOOD(wspair_conn_abort(server));
  GOOD(wspair_conn_eof(server, events, 2, &count));
  CHECK(count == 1 && events[0].error == WSPAIR_LOST_ABORTED);
  wspair_conn_free(server);
  wspair_config_free(config);
}

/* Null and misuse give values, at every function of this area. */
static void misuse(void) {
  wspair_conn *server = new_server(NULL), *none = NULL;
  wspair_config *config = NULL;
  wspair_options options;
  wspair_agreed agreed = {{NULL, 0}, 7, 15, 0, 0};
  wspair_event events[2];
  uint8_t buf[4] = {0}, seed[32] = {0};
  size_t count, used;
  wspair_conn_free(NULL);
  wspair_config_free(NULL);
  GIVES(WSPAIR_ERROR_NULL, wspair_options_init(NULL, sizeof options));
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_options_init(&options, sizeof options + 8));
  GIVES(WSPAIR_ERROR_NULL, wspair_config_new(NULL, &config));
  memset(&options, 0, sizeof options);
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_config_new(&options, &config));
  GOOD(wspair_options_init(&options, sizeof options));
  GIVES(WSPAIR_ERROR_NULL, wspair_config_new(&options, NULL));
  options.delivery = 9;
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_config_new(&options, &config));
  GOOD(wspair_options_init(&options, sizeof options));
  options.deflate_level = 10;
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_config_new(&options, &config));
  GOOD(wspair_options_init(&options, sizeof options));
  options.deflate_memory = 0;
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_config_new(&options, &config));
  GOOD(wspair_options_init(&options, sizeof options));
  options.client_max_window_bits = 16;
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_config_new(&options, &config));
  {
    static const char *const bad[] = {"nonsense"}, *const missing[] = {NULL},
                             *const latin[] = {"\xff"};
    GOOD(wspair_options_init(&options, sizeof options));
    options.origins_len = 1;
    options.origins = bad;
    GIVES(WSPAIR_INVALID_ORIGIN, wspair_config_new(&options, &config));
    options.origins = missing;
    GIVES(WSPAIR_ERROR_NULL, wspair_config_new(&options, &config));
    options.origins = latin;
    GIVES(WSPAIR_ERROR_UTF8, wspair_config_new(&options, &config));
  }
  CHECK(config == NULL);

  GIVES(WSPAIR_ERROR_NULL, wspair_conn_new_server(NULL, NULL, NULL));
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_conn_new_server(NULL, &agreed, &none));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_new_client(NULL, NULL, NULL, &none));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_new_client(NULL, NULL, seed, NULL));
  CHECK(none == NULL);

  GIVES(WSPAIR_ERROR_NULL, wspair_conn_receive(NULL, buf, 4, events, 2, &count, &used));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_receive(server, NULL, 4, events, 2, &count, &used));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_receive(server, buf, 4, NULL, 2, &count, &used));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_receive(server, buf, 4, events, 2, NULL, &used));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_receive(server, buf, 4, events, 2, &count, NULL));
  GIVES(WSPAIR_ERROR_ARGUMENT,
        wspair_conn_receive(server, buf, SIZE_MAX, events, 2, &count, &used));
  GIVES(WSPAIR_ERROR_ARGUMENT,
        wspair_conn_receive(server, buf, 4, events, SIZE_MAX / 8, &count, &used));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_receive_const(NULL, buf, 4, events, 2, &count, &used));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_receive_const(server, NULL, 4, events, 2, &count, &used));
  GOOD(wspair_conn_receive(server, NULL, 0, events, 2, &count, &used));
  GIVES(WSPAIR_MORE, wspair_conn_receive(server, buf, 0, NULL, 0, &count, &used));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_eof(NULL, events, 2, &count));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_eof(server, NULL, 2, &count));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_eof(server, events, 2, NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_timeout(NULL, 0, events, 2, &count));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_timeout(server, 0, events, 2, NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_shrink(NULL));
  CHECK(wspair_conn_next_timeout(NULL) == WSPAIR_NEVER);
  CHECK(wspair_conn_transport(NULL) == WSPAIR_TRANSPORT_CLOSE);
  CHECK(wspair_conn_state(NULL) == WSPAIR_STATE_CLOSED);
  CHECK(wspair_conn_state(server) == WSPAIR_STATE_OPEN);
  wspair_conn_free(server);
}

/* A text, a Close and the end of the peer's direction: all is answered, however it was cut. */
static void half_closed(void) {
  wspair_options options;
  wspair_event events[MANY];
  uint8_t in[64], out[64];
  size_t text, len, cut, count;
  uint32_t auto_close;
  GOOD(wspair_options_init(&options, sizeof options));
  text = client_frame(in, 0x81, "hi", 2);
  len = text + client_frame(in + text, 0x88, "\x03\xe8", 2);
  for (auto_close = 0; auto_close < 2; auto_close++) {
    wspair_config *config;
    options.auto_close = auto_close;
    config = config_of(&options);
    for (cut = 0; cut <= len; cut++) {
      wspair_conn *server = new_server(config);
      seen got = {0};
      len = text + client_frame(in + text, 0x88, "\x03\xe8", 2);
      client_frame(in, 0x81, "hi", 2);
      feed(server, in, cut, MANY, &got);
      feed(server, in + cut, len - cut, MANY, &got);
      GOOD(wspair_conn_eof(server, events, MANY, &count));
      see(&got, events, count);
      CHECK(got.count == 2 + auto_close && got.events[1].type == WSPAIR_EVENT_PEER_CLOSING);
      GOOD(wspair_conn_send(server, WSPAIR_KIND_TEXT, u8("re"), 2));
      if (!auto_close) {
        CHECK(wspair_conn_transport(server) == WSPAIR_TRANSPORT_OPEN);
        GOOD(wspair_conn_close(server, 1000, NULL, 0));
        feed(server, in, 0, MANY, &got);
      }
      CHECK(got.count == 3 && got.events[2].type == WSPAIR_EVENT_CLOSED);
      CHECK(got.events[2].flags == WSPAIR_FLAG_CLEAN && got.events[2].code == 1000);
      CHECK(drain(server, out, sizeof out) == 8 && memcmp(out, "\x81\x02re\x88\x02\x03\xe8", 8) == 0);
      CHECK(wspair_conn_transport(server) == WSPAIR_TRANSPORT_CLOSE);
      CHECK(wspair_conn_next_timeout(server) == WSPAIR_NEVER);
      wspair_conn_free(server);
    }
    wspair_config_free(config);
  }
}

/* Without a Close frame the output ends with the input, unless the host keeps it. */
static void ended(void) {
  wspair_options options;
  wspair_config *config;
  wspair_conn *server = new_server(NULL);
  wspair_event events[MANY];
  uint8_t out[64];
  size_t count;
  GIVES(WSPAIR_MORE, wspair_conn_eof(server, NULL, 0, &count));
  GOOD(wspair_conn_send(server, WSPAIR_KIND_TEXT, u8("re"), 2));
  GOOD(wspair_conn_eof(server, events, MANY, &count));
  CHECK(count == 1 && events[0].code == 1006 && events[0].error == WSPAIR_LOST_TRANSPORT);
  GIVES(WSPAIR_SEND_CLOSING, wspair_conn_send(server, WSPAIR_KIND_TEXT, u8("late"), 4));
  CHECK(drain(server, out, sizeof out) == 4 && memcmp(out, "\x81\x02re", 4) == 0);
  CHECK(wspair_conn_transport(server) == WSPAIR_TRANSPORT_CLOSE);
  wspair_conn_free(server);

  GOOD(wspair_options_init(&options, sizeof options));
  CHECK(options.auto_end == 1);
  options.auto_end = 0;
  config = config_of(&options);
  server = new_server(config);
  GOOD(wspair_conn_eof(server, events, MANY, &count));
  CHECK(count == 1 && wspair_conn_transport(server) == WSPAIR_TRANSPORT_OPEN);
  GOOD(wspair_conn_send(server, WSPAIR_KIND_TEXT, u8("re"), 2));
  GOOD(wspair_conn_close(server, 1000, NULL, 0));
  CHECK(drain(server, out, sizeof out) == 8);
  CHECK(wspair_conn_transport(server) == WSPAIR_TRANSPORT_CLOSE);
  wspair_conn_free(server);
  wspair_config_free(config);
}

/* What leaves the buffers of the transport is life, and then nothing is. */
static void held(void) {
  wspair_options options;
  wspair_config *config;
  wspair_conn *server;
  wspair_event events[MANY];
  uint8_t out[1100];
  size_t count, holds;
  uint64_t now;
  GOOD(wspair_options_init(&options, sizeof options));
  options.ping_after = 100;
  options.pong_within = 50;
  config = config_of(&options);
  server = new_server(config);
  memset(out, 0, sizeof out);
  GOOD(wspair_conn_send(server, WSPAIR_KIND_BINARY, out, 1000));
  holds = drain(server, out, sizeof out);
  for (now = 0; now <= 1000; now += 40) {
    holds -= 10;
    GOOD(wspair_conn_transport_holds(server, holds));
    GOOD(wspair_conn_timeout(server, now, events, MANY, &count));
    CHECK(count == 0);
  }
  GOOD(wspair_conn_timeout(server, 1150, events, MANY, &count));
  CHECK(count == 0 && drain(server, out, sizeof out) == 2);
  GOOD(wspair_conn_transport_holds(server, holds + 2));
  GOOD(wspair_conn_timeout(server, 1200, events, MANY, &count));
  CHECK(count == 1 && events[0].error == WSPAIR_LOST_PONG_TIMEOUT);
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_transport_holds(NULL, 0));
  wspair_conn_free(server);

  /* While the program does not read, the peer's silence means nothing. */
  server = new_server(config);
  GOOD(wspair_conn_timeout(server, 0, events, MANY, &count));
  GOOD(wspair_conn_hold_input(server, 1));
  CHECK(wspair_conn_next_timeout(server) == WSPAIR_NEVER);
  GOOD(wspair_conn_timeout(server, 5000, events, MANY, &count));
  GOOD(wspair_conn_hold_input(server, 0));
  GOOD(wspair_conn_timeout(server, 5000, events, MANY, &count));
  CHECK(count == 0 && wspair_conn_next_timeout(server) == 5100 && wspair_conn_buffered(server) == 0);
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_hold_input(NULL, 0));
  wspair_conn_free(server);
  wspair_config_free(config);
}

/* A transport that is gone both ways ends all at once, with the code of a Close that came. */
static void lost(void) {
  wspair_conn *server = new_server(NULL);
  wspair_options options;
  wspair_config *config;
  wspair_event events[MANY];
  uint8_t in[64];
  size_t count;
  seen got = {0};
  GOOD(wspair_conn_send(server, WSPAIR_KIND_TEXT, u8("unwritten"), 9));
  GOOD(wspair_conn_transport_lost(server, events, MANY, &count));
  CHECK(count == 1 && events[0].type == WSPAIR_EVENT_CLOSED && events[0].code == 1006);
  CHECK(events[0].error == WSPAIR_LOST_TRANSPORT && events[0].flags == 0);
  CHECK(wspair_conn_transport(server) == WSPAIR_TRANSPORT_CLOSE);
  CHECK(wspair_conn_next_timeout(server) == WSPAIR_NEVER);
  GOOD(wspair_conn_transport_lost(server, events, MANY, &count));
  CHECK(count == 0);
  wspair_conn_free(server);

  GOOD(wspair_options_init(&options, sizeof options));
  options.auto_close = 0;
  config = config_of(&options);
  server = new_server(config);
  feed(server, in, client_frame(in, 0x88, "\x03\xe8", 2), MANY, &got);
  GOOD(wspair_conn_transport_lost(server, events, MANY, &count));
  CHECK(count == 1 && events[0].code == 1000 && events[0].flags == 0);
  GIVES(WSPAIR_SEND_CLOSING, wspair_conn_send(server, WSPAIR_KIND_TEXT, u8("late"), 4));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_transport_lost(NULL, events, MANY, &count));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_transport_lost(server, events, MANY, NULL));
  wspair_conn_free(server);
  wspair_config_free(config);
}

int main(void) {
  echo_and_close();
  every_cut(WSPAIR_DELIVERY_MESSAGES);
  every_cut(WSPAIR_DELIVERY_CHUNKS);
  from_const();
  answer_before_close();
  broken_rules();
  broken_elsewhere();
  timers();
  misuse();
  half_closed();
  held();
  ended();
  lost();
  return 0;
}
