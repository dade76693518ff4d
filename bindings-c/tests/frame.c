/* Frames without a connection: every row of a header, masks, text in pieces, Close bodies. */

#include "check.h"

static void headers(void) {
  static const uint64_t lengths[] = {0, 1, 125, 126, 65535, 65536, (uint64_t)INT64_MAX};
  wspair_frame frame = {0}, read;
  uint8_t bytes[WSPAIR_MAX_HEADER];
  size_t row, size, taken, len;
  for (row = 0; row < sizeof lengths / sizeof lengths[0]; row++) {
    frame.opcode = WSPAIR_OPCODE_BINARY;
    frame.fin = 1;
    frame.masked = row % 2;
    memcpy(frame.mask, "mask", 4);
    frame.len = lengths[row];
    GOOD(wspair_frame_encode(&frame, bytes, &size));
    for (len = 0; len < size; len++) {
      GIVES(WSPAIR_MORE,
            wspair_frame_decode(bytes, len, frame.masked ? WSPAIR_ROLE_SERVER : WSPAIR_ROLE_CLIENT,
                                0, &read, &taken));
      CHECK(taken >= 1 && len + taken <= size);
    }
    GOOD(wspair_frame_decode(bytes, size, frame.masked ? WSPAIR_ROLE_SERVER : WSPAIR_ROLE_CLIENT, 0,
                             &read, &taken));
    CHECK(taken == size && read.len == frame.len && read.opcode == frame.opcode && read.fin == 1);
    CHECK(read.masked == frame.masked && (!read.masked || memcmp(read.mask, "mask", 4) == 0));
  }
  GOOD(wspair_frame_decode(u8("\xc1\x00"), 2, WSPAIR_ROLE_CLIENT, 1, &read, &taken));
  CHECK(read.rsv1 == 1);
  GIVES(WSPAIR_PROTOCOL_RESERVED_BITS,
        wspair_frame_decode(u8("\xc1\x00"), 2, WSPAIR_ROLE_CLIENT, 0, &read, &taken));
  GIVES(WSPAIR_PROTOCOL_MASKED,
        wspair_frame_decode(u8("\x81\x80"), 2, WSPAIR_ROLE_CLIENT, 0, &read, &taken));
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_frame_decode(u8("\x81\x00"), 2, 0, 0, &read, &taken));
  GIVES(WSPAIR_ERROR_NULL, wspair_frame_decode(NULL, 2, 1, 0, &read, &taken));
  GIVES(WSPAIR_ERROR_NULL, wspair_frame_decode(u8("\x81\x00"), 2, 1, 0, NULL, &taken));
  GIVES(WSPAIR_ERROR_NULL, wspair_frame_decode(u8("\x81\x00"), 2, 1, 0, &read, NULL));
  frame.opcode = 3;
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_frame_encode(&frame, bytes, &size));
  frame.opcode = 1;
  frame.len = UINT64_MAX;
  GIVES(WSPAIR_ERROR_ARGUMENT, wspair_frame_encode(&frame, bytes, &size));
  GIVES(WSPAIR_ERROR_NULL, wspair_frame_encode(NULL, bytes, &size));
  frame.len = 1;
  GIVES(WSPAIR_ERROR_NULL, wspair_frame_encode(&frame, NULL, &size));
  GIVES(WSPAIR_ERROR_NULL, wspair_frame_encode(&frame, bytes, NULL));
}

static void masks(void) {
  static const uint8_t key[4] = {1, 2, 3, 4};
  uint8_t data[200], copy[200], plain[200];
  size_t len, offset, at;
  for (len = 0; len < 100; len++) {
    for (offset = 0; offset < 5; offset++) {
      for (at = 0; at < len; at++) plain[at] = data[at] = (uint8_t)(at * 7);
      GOOD(wspair_mask_copy(data, len, copy, key, offset));
      GOOD(wspair_mask(data, len, key, offset));
      for (at = 0; at < len; at++) {
        CHECK(data[at] == (plain[at] ^ key[(at + offset) % 4]) && copy[at] == data[at]);
      }
    }
  }
  GIVES(WSPAIR_ERROR_NULL, wspair_mask(NULL, 1, key, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_mask(data, 1, NULL, 0));
  GOOD(wspair_mask(NULL, 0, key, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_mask_copy(NULL, 1, copy, key, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_mask_copy(data, 1, NULL, key, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_mask_copy(data, 1, copy, NULL, 0));
}

static void text(void) {
  wspair_utf8 check = {{0}}, garbage;
  GOOD(wspair_utf8_push(&check, u8("\xf0\x9f"), 2));
  GIVES(WSPAIR_ERROR_UTF8, wspair_utf8_end(&check));
  GOOD(wspair_utf8_push(&check, u8("\x98\x80"), 2));
  GOOD(wspair_utf8_end(&check));
  GIVES(WSPAIR_ERROR_UTF8, wspair_utf8_push(&check, u8("\xc0"), 1));
  GIVES(WSPAIR_ERROR_NULL, wspair_utf8_push(NULL, NULL, 0));
  GIVES(WSPAIR_ERROR_NULL, wspair_utf8_push(&check, NULL, 1));
  GIVES(WSPAIR_ERROR_NULL, wspair_utf8_end(NULL));
  /* What was never zeroed gives a value too, whichever. */
  memset(&garbage, 0xff, sizeof garbage);
  fprintf(stderr, "(a panic, on purpose)\n");
  CHECK(wspair_utf8_push(&garbage, u8("\x80"), 1) < 0);
}

static void closes(void) {
  wspair_slice reason;
  uint16_t code;
  GOOD(wspair_close_decode(u8("\x03\xe8"
                              "bye"),
                           5, &code, &reason));
  CHECK(code == 1000 && is_text(reason.data, reason.len, "bye"));
  GOOD(wspair_close_decode(NULL, 0, &code, &reason));
  CHECK(code == 1005 && reason.len == 0);
  GIVES(WSPAIR_PROTOCOL_CLOSE_BODY, wspair_close_decode(u8("\x03"), 1, &code, &reason));
  GIVES(WSPAIR_PROTOCOL_CLOSE_CODE, wspair_close_decode(u8("\x03\xed"), 2, &code, &reason));
  GIVES(WSPAIR_PROTOCOL_CLOSE_REASON_NOT_UTF8,
        wspair_close_decode(u8("\x03\xe8\xff"), 3, &code, &reason));
  GIVES(WSPAIR_ERROR_NULL, wspair_close_decode(NULL, 2, &code, &reason));
  GIVES(WSPAIR_ERROR_NULL, wspair_close_decode(NULL, 0, NULL, &reason));
  GIVES(WSPAIR_ERROR_NULL, wspair_close_decode(NULL, 0, &code, NULL));
}

int main(void) {
  headers();
  masks();
  text();
  closes();
  return 0;
}
