/* An echo for one client after the other: all that a host does, on a page. The README shows its two halves.
 *
 *     echo_one --port 9001
 *
 * Without a loop of its own; echo_epoll.c has one, and thousands of clients. */

#include <string.h>

#include "options.h"
#include "tcp.h"

/* The connection, and in `buf` what came behind the request; null when that was refused. */
static wspair_conn *accept_one(int fd, uint8_t *buf, size_t room, size_t *len) {
  wspair_server_handshake *handshake;
  wspair_conn *conn = NULL;
  wspair_agreed agreed;
  wspair_slice answer;
  size_t used = *len = 0;
  if (wspair_server_handshake_new(NULL, &handshake) != WSPAIR_OK) return NULL;
  while (wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_NEED_MORE) {
    wspair_server_handshake_timeout(handshake, now_ns());
    if (!wait_for(fd, POLLIN, wspair_server_handshake_next_timeout(handshake))) continue;
    ssize_t n = recv(fd, buf, room, 0);
    *len = n > 0 ? (size_t)n : 0;
    if (n > 0) wspair_server_handshake_receive(handshake, buf, *len, &used);
    else wspair_server_handshake_eof(handshake);
  }
  if (wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_REQUEST &&
      wspair_server_handshake_accept(handshake, NULL, NULL, 0) == WSPAIR_OK) {
    wspair_server_handshake_agreed(handshake, &agreed);
    if (wspair_conn_new_server(NULL, &agreed, &conn) != WSPAIR_OK) conn = NULL;
  }
  /* A new socket takes so little whole, a yes or a no. */
  wspair_server_handshake_output(handshake, &answer);
  send(fd, answer.data, answer.len, MSG_NOSIGNAL);
  wspair_server_handshake_free(handshake);
  memmove(buf, buf + used, *len -= used);
  return conn;
}

static void echo(wspair_conn *conn, const wspair_event *events, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (events[i].kind == 0) continue; /* no message */
    if (wspair_conn_send(conn, events[i].kind, events[i].data, events[i].len) != WSPAIR_OK)
      wspair_conn_close(conn, 1011, NULL, 0);
  }
}

static void serve(int fd) {
  uint8_t buf[16384];
  wspair_event events[16];
  wspair_slice slice;
  size_t len, at = 0, count, used;
  int more = 1, ended = 0, open = 1;
  wspair_conn *conn = accept_one(fd, buf, sizeof buf, &len);
  while (conn != NULL && open) {
    while (more && !wspair_conn_is_congested(conn)) { /* a client that does not read is not read from */
      more = wspair_conn_receive(conn, buf + at, len - at, events, 16, &count, &used) == WSPAIR_MORE;
      at += used;
      echo(conn, events, count);
    }
    wspair_conn_transmit(conn, &slice, 1, &count);
    if (count > 0) {
      ssize_t n = send(fd, slice.data, slice.len, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n >= 0) wspair_conn_advance(conn, (size_t)n);
      else if (errno != EAGAIN) wspair_conn_transport_lost(conn, NULL, 0, &count);
    }
    switch (wspair_conn_transport(conn)) {
      case WSPAIR_TRANSPORT_CLOSE: open = 0; continue;
      case WSPAIR_TRANSPORT_FINISH_WRITING: if (!wspair_conn_wants_write(conn)) shutdown(fd, SHUT_WR);
    }
    int what = (more || ended ? 0 : POLLIN) | (wspair_conn_wants_write(conn) ? POLLOUT : 0);
    if (wait_for(fd, what, wspair_conn_next_timeout(conn)) & POLLIN) {
      ssize_t n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
      at = 0, len = n > 0 ? (size_t)n : 0;
      if (n == 0) ended = 1, wspair_conn_eof(conn, NULL, 0, &count);
      else if (n < 0 && errno != EAGAIN) wspair_conn_transport_lost(conn, NULL, 0, &count);
    }
    wspair_conn_timeout(conn, now_ns(), NULL, 0, &count);
    more = 1; /* the events of all of these come of the next receive */
  }
  wspair_conn_free(conn);
  shutdown(fd, SHUT_WR); /* closed with unread input it would be reset */
  uint64_t until = now_ns() + 2000000000;
  while (wait_for(fd, POLLIN, until) && recv(fd, buf, sizeof buf, 0) > 0) continue;
  close(fd);
}

int main(int argc, char **argv) {
  command command;
  int listener;
  (void)argc;
  parse(&command, argv);
  listener = listen_at(command.host, command.port);
  for (;;) {
    int fd = wait_for(listener, POLLIN, WSPAIR_NEVER) ? accept(listener, NULL, NULL) : -1;
    if (fd >= 0) serve(fd);
  }
}
