/* The server that the README shows, from outside. */

#define _GNU_SOURCE
#define main echo_one
#include "../examples/echo_one.c"
#undef main

#include <pthread.h>

#include "check.h"

static void *serving(void *fd) {
  serve(*(int *)fd);
  return NULL;
}

/* What the server sends until it ends its direction, after a client sent all of this and, if it is
 * told to, reads only then. */
static size_t talk(const void *input, size_t len, int ends, uint8_t *output, size_t room) {
  pthread_t thread;
  int ends_of[2];
  size_t sent = 0, got = 0;
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_of) == 0);
  CHECK(pthread_create(&thread, NULL, serving, &ends_of[1]) == 0);
  while (sent < len) {
    ssize_t n = send(ends_of[0], (const uint8_t *)input + sent, len - sent, MSG_NOSIGNAL);
    CHECK(n > 0);
    sent += (size_t)n;
  }
  if (ends) shutdown(ends_of[0], SHUT_WR);
  for (;;) {
    ssize_t n = recv(ends_of[0], output + got, room - got, 0);
    CHECK(n >= 0 && got < room);
    if (n == 0) break;
    got += (size_t)n;
  }
  close(ends_of[0]);
  CHECK(pthread_join(thread, NULL) == 0);
  return got;
}

static size_t head(uint8_t *to) {
  static const char request[] =
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  memcpy(to, request, sizeof request - 1);
  return sizeof request - 1;
}

/* The frames behind the answer. */
static size_t frames(const uint8_t *output, size_t len) {
  size_t at;
  CHECK(len > 12 && memcmp(output, "HTTP/1.1 101", 12) == 0);
  for (at = 0; memcmp(output + at, "\r\n\r\n", 4) != 0; at++) CHECK(at + 4 < len);
  return at + 4;
}

int main(void) {
  static uint8_t input[1 << 16], output[1 << 16];
  size_t len = head(input), got, at, count;

  /* Messages that come with the request, a fragmented one, and the close. */
  len += client_frame(input + len, 0x81, "one", 3);
  len += client_frame(input + len, 0x02, "tw", 2);
  len += client_frame(input + len, 0x80, "o", 1);
  len += client_frame(input + len, 0x88, "\x03\xe8", 2);
  got = talk(input, len, 0, output, sizeof output);
  at = frames(output, got);
  CHECK(got - at == 14 && memcmp(output + at, "\x81\x03one\x82\x03two\x88\x02\x03\xe8", 14) == 0);

  /* A client that only ends its direction has its echoes all the same. */
  len = head(input);
  for (count = 0; count < 1000; count++) len += client_frame(input + len, 0x82, "0123456789", 10);
  got = talk(input, len, 1, output, sizeof output);
  CHECK(got - frames(output, got) == 1000 * 12);

  /* A broken rule, and no WebSocket at all. */
  len = head(input);
  len += client_frame(input + len, 0x83, "", 0);
  got = talk(input, len, 1, output, sizeof output);
  at = frames(output, got);
  CHECK(output[at] == 0x88 && memcmp(output + at + 2, "\x03\xea", 2) == 0);
  got = talk("GET / HTTP/1.1\r\n\r\n", 18, 0, output, sizeof output);
  CHECK(got > 12 && memcmp(output, "HTTP/1.1 400", 12) == 0);
  return 0;
}
