/* Frames only, without a connection and without an allocation: prints the frames of a client's
 * stream that is read from standard input.
 *
 *     printf '\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58' | parser */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <wspair.h>

static const char *name_of(uint8_t opcode) {
  switch (opcode) {
    case WSPAIR_OPCODE_CONTINUATION: return "continuation";
    case WSPAIR_OPCODE_TEXT: return "text";
    case WSPAIR_OPCODE_BINARY: return "binary";
    case WSPAIR_OPCODE_CLOSE: return "close";
    case WSPAIR_OPCODE_PING: return "ping";
    default: return "pong";
  }
}

int main(void) {
  uint8_t buf[4096];
  size_t len = 0, size;
  wspair_frame frame;
  /* How much of the frame's payload was read, and whether we are inside one. */
  uint64_t read = 0;
  int inside = 0;

  for (;;) {
    size_t got = fread(buf + len, 1, sizeof buf - len, stdin), at = 0;
    if (got == 0) break;
    len += got;
    while (at < len || (inside && frame.len == read)) {
      if (!inside) {
        int32_t result =
            wspair_frame_decode(buf + at, len - at, WSPAIR_ROLE_SERVER, 0, &frame, &size);
        if (result == WSPAIR_MORE) break;
        if (result != WSPAIR_OK) {
          fprintf(stderr, "%s\n", wspair_strerror(result));
          return 1;
        }
        at += size;
        inside = 1;
        read = 0;
        printf("%s%s, %" PRIu64 " bytes: ", name_of(frame.opcode), frame.fin ? "" : " (to go on)",
               frame.len);
      }
      size = len - at;
      if (size > frame.len - read) size = (size_t)(frame.len - read);
      wspair_mask(buf + at, size, frame.mask, (size_t)(read % 4));
      fwrite(buf + at, 1, size, stdout);
      at += size;
      read += size;
      if (read == frame.len) {
        printf("\n");
        inside = 0;
      }
    }
    memmove(buf, buf + at, len - at);
    len -= at;
  }
  if (inside || len > 0) {
    fprintf(stderr, "the stream ends inside a frame\n");
    return 1;
  }
  return 0;
}
