/* Sending: every function, every refusal, and the queue as a host writes from it. */

#include <stddef.h>
#include <sys/uio.h>

#include "check.h"

static void messages(void) {
  wspair_conn *server = new_server(NULL);
  uint8_t out[512];
  GOOD(wspair_conn_send(server, WSPAIR_KIND_TEXT, u8("text"), 4));
  GOOD(wspair_conn_send(server, WSPAIR_KIND_BINARY, NULL, 0));
  GOOD(wspair_conn_send_with(server, WSPAIR_KIND_TEXT, WSPAIR_COMPRESSION_OFF, u8("off"), 3));
  GOOD(wspair_conn_ping(server, u8("a"), 1));
  GOOD(wspair_conn_pong(server, u8("b"), 1));
  GOOD(wspair_conn_send_fragment(server, WSPAIR_KIND_TEXT, u8("c"), 1, 0));
  GIVES(WSPAIR_SEND_FRAGMENT, wspair_conn_send(server, WSPAIR_KIND_TEXT, u8("x"), 1));
  GIVES(WSPAIR_SEND_FRAGMENT, wspair_conn_send_fragment(server, WSPAIR_KIND_BINARY, u8("x"), 1, 1));
  GOOD(wspair_conn_send_fragment(server, WSPAIR_KIND_TEXT, u8("d"), 1, 1));
  GOOD(wspair_conn_close(server, 4999, u8("over"), 4));
  CHECK(wspair_conn_state(server) == WSPAIR_STATE_CLOSING);
  CHECK(drain(server, out, sizeof out) == 33);
  CHECK(memcmp(out,
               "\x81\x04text\x82\0\x81\x03off\x89\x01"
               "a\x8a\x01"
               "b\x01\x01"
               "c\x80\x01"
               "d"
               "\x88\x06\x13\x87over",
               33) == 0);
  wspair_conn_free(server);
}

/* What was shown stays, however little of it is written at a time. */
static void piece_by_piece(void) {
  wspair_conn *server = new_server(NULL);
  wspair_slice slice;
  size_t count, at;
  static const char frames[] = "\x81\x03one\x81\x03two";
  GOOD(wspair_conn_send(server, WSPAIR_KIND_TEXT, u8("one"), 3));
  GOOD(wspair_conn_send(server, WSPAIR_KIND_TEXT, u8("two"), 3));
  for (at = 0; at < 10; at++) {
    GOOD(wspair_conn_transmit(server, &slice, 1, &count));
    CHECK(count == 1 && slice.len == 10 - at && slice.data[0] == (uint8_t)frames[at]);
    GOOD(wspair_conn_advance(server, 1));
  }
  GOOD(wspair_conn_transmit(server, &slice, 1, &count));
  CHECK(count == 0 && wspair_conn_buffered(server) == 0);
  GOOD(wspair_conn_advance(server, 1000));
  wspair_conn_free(server);
}

/* Asynchronous writers keep what they were shown, while everything else goes on. */
static void shown_stays(void) {
  static const uint8_t big[70000] = {'x'};
  size_t first, second;
  for (first = 0; first < 70000; first = 2 * first + 9) {
    for (second = 0; second < 70000; second = 3 * second + 7) {
      wspair_conn *server = new_server(NULL);
      wspair_slice shown[16], again[16];
      uint8_t in[160], *copy;
      seen got = {0};
      size_t count, more, at, round;
      GOOD(wspair_conn_send(server, WSPAIR_KIND_BINARY, big, first));
      GOOD(wspair_conn_transmit(server, shown, 16, &count));
      CHECK(count == 1);
      copy = malloc(shown[0].len);
      CHECK(copy != NULL);
      memcpy(copy, shown[0].data, shown[0].len);
      for (round = 0; round < 4; round++) {
        GOOD(wspair_conn_send(server, WSPAIR_KIND_BINARY, big, second));
        GOOD(wspair_conn_ping(server, big, 100));
        feed(server, in, client_frame(in, 0x89, "theirs", 6), MANY, &got);
        GOOD(wspair_conn_transmit(server, again, 16, &more));
        GOOD(wspair_conn_shrink(server));
      }
      feed(server, in, client_frame(in, 0x88, NULL, 0), MANY, &got);
      GOOD(wspair_conn_close(server, WSPAIR_NO_CODE, NULL, 0));
      GOOD(wspair_conn_transmit(server, again, 16, &more));
      CHECK(more >= 1 && again[0].data == shown[0].data && again[0].len >= shown[0].len);
      CHECK(memcmp(copy, shown[0].data, shown[0].len) == 0);
      for (at = 0, count = 0; at < more; at++) count += again[at].len;
      CHECK(count == wspair_conn_buffered(server));
      free(copy);
      wspair_conn_free(server);
    }
  }
}

/* A host that polls learns of what the engine owes before it looks at it. */
static void polled(void) {
  static const struct {
    const char *payload;
    uint8_t first, payload_len;
    size_t waits;
  } owed[] = {{"hi", 0x89, 2, 4}, {"\x03\xe8", 0x88, 2, 4}, {"", 0x83, 0, 4}, {"", 0x8a, 0, 0}};
  size_t at;
  for (at = 0; at < sizeof owed / sizeof owed[0]; at++) {
    wspair_conn *server = new_server(NULL);
    uint8_t in[64], out[64];
    size_t start;
    seen got = {0};
    CHECK(!wspair_conn_wants_write(server));
    feed(server, in, client_frame(in, owed[at].first, owed[at].payload, owed[at].payload_len), MANY,
         &got);
    CHECK(wspair_conn_wants_write(server) == (owed[at].waits > 0));
    CHECK(wspair_conn_buffered(server) == owed[at].waits);
    GIVES(owed[at].waits > 0 ? WSPAIR_SEND_PENDING : WSPAIR_OK,
          wspair_conn_frame_in_place(server, WSPAIR_KIND_BINARY, in, sizeof in, 14, &start));
    CHECK(drain(server, out, sizeof out) == owed[at].waits);
    CHECK(!wspair_conn_wants_write(server) && wspair_conn_buffered(server) == 0);
    wspair_conn_free(server);
  }
  CHECK(wspair_conn_wants_write(NULL) == 0);
}

static void is_an_iovec(void) {
  CHECK(sizeof(wspair_slice) == sizeof(struct iovec));
  CHECK(offsetof(wspair_slice, data) == offsetof(struct iovec, iov_base));
  CHECK(offsetof(wspair_slice, len) == offsetof(struct iovec, iov_len));
}

static void prepared(void) {
  wspair_prepared *news = NULL;
  wspair_conn *server = new_server(NULL), *client = new_client(NULL, 1);
  static uint8_t large[8192];
  uint8_t out[64];
  wspair_slice slices[4];
  size_t count;
  GOOD(wspair_prepared_new(WSPAIR_KIND_TEXT, u8("news"), 4, &news));
  GOOD(wspair_conn_send_prepared(server, news));
  GOOD(wspair_conn_send_prepared(client, news));
  wspair_prepared_free(news);
  CHECK(drain(server, out, sizeof out) == 6 && memcmp(out, "\x81\x04news", 6) == 0);
  CHECK(drain(client, out, sizeof out) == 10 && out[1] == 0x84);
  GOOD(wspair_prepared_new(WSPAIR_KIND_BINARY, large, sizeof large, &news));
  GOOD(wspair_conn_send_prepared(server, news));
  wspair_prepared_free(news);
  GOOD(wspair_conn_transmit(server, slices, 4, &count));
  CHECK(count == 1 && slices[0].len == sizeof large + 4);
  wspair_prepared_free(NULL);
  GIVES(WSPAIR_ERROR_UTF8, wspair_prepared_new(WSPAIR_KIND_TEXT, u8("\xff"), 1, &news));
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_prepared_new(0, u8("x"), 1, &news));
  GIVES(WSPAIR_ERROR_NULL, wspair_prepared_new(WSPAIR_KIND_TEXT, NULL, 1, &news));
  GIVES(WSPAIR_ERROR_NULL, wspair_prepared_new(WSPAIR_KIND_TEXT, u8("x"), 1, NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_send_prepared(server, NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_send_prepared(NULL, NULL));
  wspair_conn_free(server);
  wspair_conn_free(client);
}

/* A client and a server agree on what was framed outside of the queue. */
static void by_hand(void) {
  wspair_conn *server = new_server(NULL), *client = new_client(NULL, 2);
  uint8_t buf[14 + 200], header[14], drained[16];
  seen got = {0};
  size_t start, header_len;
  memset(buf + 14, 'x', 200);
  GOOD(wspair_conn_frame_in_place(client, WSPAIR_KIND_BINARY, buf, sizeof buf, 14, &start));
  CHECK(start == 6 && buf[start] == 0x82 && buf[start + 1] == 0xfe);
  feed(server, buf + start, sizeof buf - start, MANY, &got);
  CHECK(got.count == 1 && got.events[0].len == 200 && got.data[0][199] == 'x');

  GIVES(WSPAIR_SEND_NOT_AS_IT_IS,
        wspair_conn_frame_beside(client, WSPAIR_KIND_TEXT, 5, header, &header_len));
  GOOD(wspair_conn_frame_beside(server, WSPAIR_KIND_TEXT, 5, header, &header_len));
  CHECK(header_len == 2);
  feed(client, header, header_len, MANY, &got);
  feed(client, (uint8_t *)memcpy(buf, "hello", 5), 5, MANY, &got);
  CHECK(got.count == 2 && is_text(got.data[1], got.events[1].len, "hello"));

  GOOD(wspair_conn_frame_beside(server, WSPAIR_KIND_TEXT, 70000, header, &header_len));
  CHECK(header_len == 10 && header[1] == 127);
  GIVES(WSPAIR_SEND_ROOM, wspair_conn_frame_in_place(server, WSPAIR_KIND_TEXT, buf, 20, 1, &start));
  GIVES(WSPAIR_SEND_ROOM,
        wspair_conn_frame_in_place(server, WSPAIR_KIND_TEXT, buf, 20, 21, &start));
  GOOD(wspair_conn_ping(server, NULL, 0));
  GIVES(WSPAIR_SEND_PENDING,
        wspair_conn_frame_in_place(server, WSPAIR_KIND_TEXT, buf, 20, 14, &start));
  GIVES(WSPAIR_SEND_PENDING,
        wspair_conn_frame_beside(server, WSPAIR_KIND_TEXT, 5, header, &header_len));
  drain(server, drained, sizeof drained);
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_conn_frame_beside(server, 3, 5, header, &header_len));
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_conn_frame_beside(server, 1, SIZE_MAX, header, &header_len));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_frame_beside(server, 1, 5, NULL, &header_len));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_frame_beside(server, 1, 5, header, NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_frame_beside(NULL, 1, 5, header, &header_len));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_frame_in_place(server, 1, NULL, 20, 14, &start));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_frame_in_place(server, 1, buf, 20, 14, NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_frame_in_place(NULL, 1, buf, 20, 14, &start));
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_conn_frame_in_place(server, 7, buf, 20, 14, &start));
  wspair_conn_free(server);
  wspair_conn_free(client);
}

static void limits(void) {
  wspair_options options;
  wspair_config *config;
  wspair_conn *server;
  static const uint8_t data[200];
  uint8_t out[1024];
  GOOD(wspair_options_init(&options, sizeof options));
  options.max_outgoing = 300;
  options.high_water_mark = 150;
  options.split_above = 100;
  config = config_of(&options);
  server = new_server(config);
  CHECK(!wspair_conn_is_congested(server));
  GOOD(wspair_conn_send(server, WSPAIR_KIND_BINARY, data, 200));
  CHECK(wspair_conn_is_congested(server) && wspair_conn_buffered(server) == 204);
  GIVES(WSPAIR_SEND_BACKPRESSURE, wspair_conn_send(server, WSPAIR_KIND_BINARY, data, 100));
  CHECK(drain(server, out, sizeof out) == 204 && out[0] == 0x02 && out[102] == 0x80);
  wspair_conn_free(server);
  wspair_config_free(config);
}

static void misuse(void) {
  wspair_conn *server = new_server(NULL);
  wspair_slice slice;
  size_t count;
  static const uint8_t data[126];
  GIVES(WSPAIR_ERROR_UTF8, wspair_conn_send(server, WSPAIR_KIND_TEXT, u8("\xff"), 1));
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_conn_send(server, 0, u8("x"), 1));
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_conn_send_with(server, 1, 3, u8("x"), 1));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_send(server, WSPAIR_KIND_TEXT, NULL, 1));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_send(NULL, WSPAIR_KIND_TEXT, u8("x"), 1));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_send_fragment(NULL, WSPAIR_KIND_TEXT, u8("x"), 1, 1));
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_conn_send_fragment(server, 0, u8("x"), 1, 1));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_ping(NULL, NULL, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_pong(NULL, NULL, 0));
  GIVES(WSPAIR_SEND_CONTROL_TOO_LONG, wspair_conn_ping(server, data, 126));
  GIVES(WSPAIR_SEND_CONTROL_TOO_LONG, wspair_conn_pong(server, data, 126));
  GIVES(WSPAIR_SEND_CLOSE_CODE, wspair_conn_close(server, 1005, NULL, 0));
  GIVES(WSPAIR_SEND_CLOSE_CODE, wspair_conn_close(server, 1016, NULL, 0));
  GIVES(WSPAIR_SEND_CLOSE_CODE, wspair_conn_close(server, 2999, NULL, 0));
  GIVES(WSPAIR_SEND_CLOSE_CODE, wspair_conn_close(server, 66536, NULL, 0));
  GIVES(WSPAIR_SEND_CLOSE_CODE, wspair_conn_close(server, -2, NULL, 0));
  GIVES(WSPAIR_SEND_CLOSE_REASON, wspair_conn_close(server, 1000, data, 124));
  GIVES(WSPAIR_SEND_CLOSE_REASON, wspair_conn_close(server, WSPAIR_NO_CODE, u8("x"), 1));
  GIVES(WSPAIR_ERROR_UTF8, wspair_conn_close(server, 1000, u8("\xff"), 1));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_close(NULL, 1000, NULL, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_abort(NULL));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_transmit(NULL, &slice, 1, &count));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_transmit(server, NULL, 1, &count));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_transmit(server, &slice, 1, NULL));
  GOOD(wspair_conn_transmit(server, NULL, 0, &count));
  GIVES(WSPAIR_ERROR_NULL, wspair_conn_advance(NULL, 1));
  CHECK(wspair_conn_buffered(NULL) == 0 && wspair_conn_is_congested(NULL) == 0);
  CHECK(wspair_conn_buffered(server) == 0);
  wspair_conn_free(server);
}

int main(void) {
  messages();
  piece_by_piece();
  shown_stays();
  polled();
  is_an_iovec();
  prepared();
  by_hand();
  limits();
  misuse();
  return 0;
}
