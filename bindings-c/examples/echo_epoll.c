/* An echo server over epoll: thousands of connections in one thread.
 *
 *     echo_epoll --port 9001
 *
 * SIGTERM and SIGINT close every connection with 1001; a second one ends it at once. */

#include <sys/uio.h>

#include "echo.h"
#include "loop.h"
#include "options.h"

typedef struct peer {
  echo echo;
  int fd;
  uint32_t interest;
  int shut;
  /* When it is dropped, if the client does not end before. */
  uint64_t leave_by;
  struct peer *next, **link;
} peer;

typedef struct server {
  loop loop;
  const char *subprotocol;
  wspair_config *config;
  peer *peers;
} server;

enum { READ = 64 << 10, LINGER_MS = 1000 };

static void drop(server *server, peer *peer) {
  loop_forget(&server->loop, peer->fd);
  echo_end(&peer->echo);
  *peer->link = peer->next;
  if (peer->next != NULL) peer->next->link = peer->link;
  free(peer);
}

typedef enum { WRITTEN, BLOCKED, BROKEN } outcome;

/* Writes until nothing waits, or the socket takes no more. */
static outcome write_all(peer *peer) {
  wspair_slice slices[16];
  struct iovec parts[16];
  size_t count, at;
  while ((count = echo_waiting(&peer->echo, slices, 16)) > 0) {
    ssize_t written;
    for (at = 0; at < count; at++) {
      parts[at].iov_base = (void *)(uintptr_t)slices[at].data;
      parts[at].iov_len = slices[at].len;
    }
    written = writev(peer->fd, parts, (int)count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno == EAGAIN ? BLOCKED : BROKEN;
    echo_advance(&peer->echo, (size_t)written);
  }
  return WRITTEN;
}

/* Writes, goes on with held input, and does what is due for the socket.
 *
 * To close it with input unread would reset it, and the client might lose what was written last. So
 * our direction is ended first, and the client has a moment to take all of it and to end its own. */
static void settle(server *server, peer *peer) {
  uint32_t transport;
  outcome outcome = write_all(peer);
  while (outcome != BROKEN && echo_may_go_on(&peer->echo)) {
    echo_go_on(&peer->echo);
    outcome = write_all(peer);
  }
  transport = echo_transport(&peer->echo);
  if (outcome == WRITTEN && transport != WSPAIR_TRANSPORT_OPEN && !peer->shut) {
    peer->shut = 1;
    shutdown(peer->fd, SHUT_WR);
  }
  if (transport == WSPAIR_TRANSPORT_CLOSE && peer->leave_by == 0) {
    peer->leave_by = now_ns() + LINGER_MS * 1000000u;
  }
  if (outcome == BROKEN || (peer->echo.ended && peer->shut && transport == WSPAIR_TRANSPORT_CLOSE)) {
    drop(server, peer);
    return;
  }
  loop_want(&server->loop, peer->fd, peer, &peer->interest,
            (outcome == BLOCKED ? EPOLLOUT : 0) | (echo_reads(&peer->echo) ? EPOLLIN : 0));
}

/* Reads once; 0 when the socket was reset, and is dropped. */
static int on_readable(server *server, peer *peer) {
  static uint8_t buf[READ];
  ssize_t len = read(peer->fd, buf, sizeof buf);
  if (len < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
  if (len < 0) {
    drop(server, peer);
    return 0;
  }
  if (len == 0) {
    echo_eof(&peer->echo);
  } else {
    echo_receive(&peer->echo, buf, (size_t)len);
  }
  return 1;
}

static void on_ready(void *at, void *socket, uint32_t events) {
  peer *peer = socket;
  int reads = events & (EPOLLIN | EPOLLERR | EPOLLHUP) && echo_reads(&peer->echo);
  if (!reads || on_readable(at, peer)) settle(at, peer);
}

static void on_connection(void *at, int fd) {
  server *server = at;
  peer *peer = calloc(1, sizeof *peer);
  if (peer == NULL || !echo_begin(&peer->echo, server->config, server->subprotocol, now_ns())) {
    free(peer);
    close(fd);
    return;
  }
  peer->fd = fd;
  peer->next = server->peers;
  peer->link = &server->peers;
  if (peer->next != NULL) peer->next->link = &peer->next;
  server->peers = peer;
  peer->interest = EPOLLIN;
  loop_watch(&server->loop, fd, peer);
}

/* Tells one peer the time. Whoever has run out of it is dropped at once: what its deadline was for
 * did not come. */
static void tell_time(server *server, peer *peer, uint64_t now) {
  if (peer->leave_by != 0 && peer->leave_by <= now) {
    drop(server, peer);
    return;
  }
  switch (echo_timeout(&peer->echo, now)) {
    case NOT_DUE: break;
    case TOLD: settle(server, peer); break;
    case OUT_OF_TIME:
      write_all(peer);
      drop(server, peer);
  }
}

static void on_sweep(void *at, uint64_t now) {
  server *server = at;
  peer *peer, *next;
  for (peer = server->peers; peer != NULL; peer = next) {
    next = peer->next;
    tell_time(server, peer, now);
  }
}

/* Says goodbye to everybody. */
static void on_stop(void *at) {
  server *server = at;
  peer *peer, *next;
  for (peer = server->peers; peer != NULL; peer = next) {
    next = peer->next;
    if (echo_goodbye(&peer->echo)) {
      settle(server, peer);
    } else {
      drop(server, peer);
    }
  }
}

int main(int argc, char **argv) {
  static const loop_calls calls = {on_connection, on_ready, on_sweep, on_stop};
  command command;
  server server = {0};
  (void)argc;
  parse(&command, argv);
  /* A message is read only while less than a mark of echoes waits: so it always finds room. */
  command.options.max_outgoing = SIZE_MAX;
  if (wspair_config_new(&command.options, &server.config) != WSPAIR_OK) wrong("bad option", "");
  server.subprotocol = command.subprotocol;
  loop_begin(&server.loop, command.host, command.port);
  loop_run(&server.loop, &calls, &server);
  wspair_config_free(server.config);
  return 0;
}
