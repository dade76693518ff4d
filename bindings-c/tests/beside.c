/* Two static libraries in Rust work in one program, each with its own panics: see run.sh. */

#include "check.h"

#ifdef OTHER
size_t other_len(const uint8_t *text, size_t len);
#else
static size_t other_len(const uint8_t *text, size_t len) {
  return text[0] == '!' ? 0 : len;
}
#endif

int main(void) {
  wspair_conn *conn = new_server(NULL);
  GOOD(wspair_conn_send(conn, WSPAIR_KIND_TEXT, u8("abc"), 3));
  CHECK(wspair_conn_buffered(conn) == 5);
  CHECK(other_len(u8("abc"), 3) == 3);
  CHECK(other_len(u8("!"), 1) == 0);
  wspair_conn_free(conn);
  return 0;
}
