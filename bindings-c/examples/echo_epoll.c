/* An echo server over epoll: thousands of connections in one thread.
 *
 *     echo_epoll --port 9001
 *
 * SIGTERM and SIGINT close every connection with 1001; a second one ends it at once. */

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/uio.h>

#include "options.h"
#include "tcp.h"

/* One client: a handshake until the answer to it is written, and a connection if that is a yes. */
typedef struct peer {
  int fd;
  uint32_t interest;
  wspair_server_handshake *handshake;
  wspair_conn *conn;
  /* Input that waits until the client has read some of its echoes. */
  uint8_t *held;
  size_t held_len;
  int more;
  /* The client's direction has ended, and ours. */
  int ended, shut;
  /* When it is dropped, if the client does not end before. */
  uint64_t leave_by;
  struct peer *next, **link;
} peer;

typedef struct server {
  int epoll, listener, signals;
  int stopping;
  const char *subprotocol;
  wspair_config *config;
  peer *peers;
} server;

enum { READ = 64 << 10, EVENTS = 64, READY = 256, SWEEP_MS = 500, LINGER_MS = 1000 };

static void drop(server *server, peer *peer) {
  close(peer->fd);
  wspair_server_handshake_free(peer->handshake);
  wspair_conn_free(peer->conn);
  free(peer->held);
  *peer->link = peer->next;
  if (peer->next != NULL) peer->next->link = peer->link;
  free(peer);
  /* A descriptor is free again, which accepting may have run out of. */
  if (!server->stopping) {
    struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
    epoll_ctl(server->epoll, EPOLL_CTL_MOD, server->listener, &event);
  }
}

static void echo(peer *peer, const wspair_event *events, size_t count) {
  size_t at;
  for (at = 0; at < count; at++) {
    const wspair_event *event = &events[at];
    if (event->type == WSPAIR_EVENT_TEXT || event->type == WSPAIR_EVENT_BINARY) {
      /* Fails only once the connection ended. */
      wspair_conn_send(peer->conn, event->kind, event->data, event->len);
    }
  }
}

/* Echoes what is in the input, as long as the client keeps up; holds the rest. */
static void feed(peer *peer, uint8_t *input, size_t len) {
  wspair_event events[EVENTS];
  size_t at = 0, count, used;
  do {
    int32_t result =
        wspair_conn_receive(peer->conn, input + at, len - at, events, EVENTS, &count, &used);
    peer->more = result == WSPAIR_MORE;
    at += used;
    echo(peer, events, count);
  } while (peer->more && !wspair_conn_is_congested(peer->conn));
  peer->held_len = len - at;
  if (peer->held_len > 0) {
    peer->held = malloc(peer->held_len);
    if (peer->held != NULL) {
      memcpy(peer->held, input + at, peer->held_len);
    } else {
      wspair_conn_abort(peer->conn);
      peer->more = 0;
    }
  }
}

static void feed_held(peer *peer) {
  uint8_t *held = peer->held;
  peer->held = NULL;
  feed(peer, held, peer->held_len);
  free(held);
}

/* Reads a request, and answers it. The rest of the input is the connection's; behind a refusal it is
 * nobody's. */
static void shake_hands(server *server, peer *peer, uint8_t *input, size_t len) {
  size_t used = 0, index;
  wspair_slice name;
  wspair_agreed agreed;
  const char *chosen = NULL;
  wspair_server_handshake_receive(peer->handshake, input, len, &used);
  if (wspair_server_handshake_progress(peer->handshake) != WSPAIR_PROGRESS_REQUEST) return;
  for (index = 0; server->subprotocol != NULL; index++) {
    if (wspair_server_handshake_subprotocol(peer->handshake, index, &name) != WSPAIR_OK) break;
    if (name.len == strlen(server->subprotocol) &&
        memcmp(name.data, server->subprotocol, name.len) == 0) {
      chosen = server->subprotocol;
    }
  }
  if (wspair_server_handshake_accept(peer->handshake, chosen, NULL, 0) != WSPAIR_OK) return;
  wspair_server_handshake_agreed(peer->handshake, &agreed);
  if (wspair_conn_new_server(server->config, &agreed, &peer->conn) == WSPAIR_OK) {
    feed(peer, input + used, len - used);
  }
}

/* The client's direction has ended: what it was sent before still goes out. */
static void on_end(peer *peer) {
  wspair_event event;
  size_t count;
  peer->ended = 1;
  if (peer->conn != NULL) {
    wspair_conn_eof(peer->conn, &event, 1, &count);
  } else {
    wspair_server_handshake_eof(peer->handshake);
  }
}

/* What is to be written next: the answer to the request, then what the connection has. */
static size_t waiting(peer *peer, wspair_slice *slices, size_t cap) {
  size_t count = 0;
  if (peer->handshake != NULL) {
    wspair_server_handshake_output(peer->handshake, slices);
    if (slices[0].len > 0) return 1;
    if (peer->conn == NULL) return 0;
    wspair_server_handshake_free(peer->handshake);
    peer->handshake = NULL;
  }
  wspair_conn_transmit(peer->conn, slices, cap, &count);
  return count;
}

typedef enum { WRITTEN, BLOCKED, BROKEN } outcome;

/* Writes until nothing waits, or the socket takes no more. */
static outcome write_all(peer *peer) {
  wspair_slice slices[16];
  struct iovec parts[16];
  size_t count, at;
  while ((count = waiting(peer, slices, 16)) > 0) {
    ssize_t written;
    for (at = 0; at < count; at++) {
      parts[at].iov_base = (void *)(uintptr_t)slices[at].data;
      parts[at].iov_len = slices[at].len;
    }
    written = writev(peer->fd, parts, (int)count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno == EAGAIN ? BLOCKED : BROKEN;
    if (peer->handshake != NULL) {
      wspair_server_handshake_advance(peer->handshake, (size_t)written);
    } else {
      wspair_conn_advance(peer->conn, (size_t)written);
    }
  }
  return WRITTEN;
}

/* What is due for the socket: a request that is refused, or whose connection found no memory, ends
 * it. */
static uint32_t transport_of(const peer *peer) {
  if (peer->conn != NULL) return wspair_conn_transport(peer->conn);
  return wspair_server_handshake_progress(peer->handshake) == WSPAIR_PROGRESS_NEED_MORE
             ? WSPAIR_TRANSPORT_OPEN
             : WSPAIR_TRANSPORT_CLOSE;
}

/* Writes, goes on with held input, and does what is due for the socket.
 *
 * To close it with input unread would reset it, and the client might lose what was written last. So
 * our direction is ended first, and the client has a moment to take all of it and to end its own. */
static void settle(server *server, peer *peer) {
  uint32_t transport, interest;
  outcome outcome = write_all(peer);
  while (outcome != BROKEN && peer->more && !wspair_conn_is_congested(peer->conn)) {
    feed_held(peer);
    outcome = write_all(peer);
  }
  transport = transport_of(peer);
  if (outcome == WRITTEN && transport != WSPAIR_TRANSPORT_OPEN && !peer->shut) {
    peer->shut = 1;
    shutdown(peer->fd, SHUT_WR);
  }
  if (transport == WSPAIR_TRANSPORT_CLOSE && peer->leave_by == 0) {
    peer->leave_by = now_ns() + LINGER_MS * 1000000u;
  }
  if (outcome == BROKEN || (peer->ended && peer->shut && transport == WSPAIR_TRANSPORT_CLOSE)) {
    drop(server, peer);
    return;
  }
  interest = (outcome == BLOCKED ? EPOLLOUT : 0) | (!peer->more && !peer->ended ? EPOLLIN : 0);
  if (interest != peer->interest) {
    struct epoll_event event = {interest, {.ptr = peer}};
    peer->interest = interest;
    epoll_ctl(server->epoll, EPOLL_CTL_MOD, peer->fd, &event);
  }
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
    on_end(peer);
  } else if (peer->conn != NULL) {
    feed(peer, buf, (size_t)len);
  } else {
    shake_hands(server, peer, buf, (size_t)len);
  }
  return 1;
}

static void on_connection(server *server) {
  for (;;) {
    struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
    peer *peer;
    int one = 1, fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      /* Out of descriptors: until one is free nothing is accepted. */
      event.events = errno == EMFILE || errno == ENFILE ? 0 : EPOLLIN;
      epoll_ctl(server->epoll, EPOLL_CTL_MOD, server->listener, &event);
      return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    peer = calloc(1, sizeof *peer);
    if (peer == NULL ||
        wspair_server_handshake_new(server->config, &peer->handshake) != WSPAIR_OK) {
      free(peer);
      close(fd);
      continue;
    }
    peer->fd = fd;
    peer->next = server->peers;
    peer->link = &server->peers;
    if (peer->next != NULL) peer->next->link = &peer->next;
    server->peers = peer;
    wspair_server_handshake_timeout(peer->handshake, now_ns());
    event.events = peer->interest = EPOLLIN;
    event.data.ptr = peer;
    epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event);
  }
}

/* Tells one peer the time. Whoever has run out of it is dropped at once: what its deadline was for
 * did not come. */
static void tell_time(server *server, peer *peer, uint64_t now) {
  wspair_event event;
  size_t count;
  if (peer->leave_by != 0 && peer->leave_by <= now) {
    drop(server, peer);
  } else if (wspair_server_handshake_next_timeout(peer->handshake) <= now) {
    wspair_server_handshake_timeout(peer->handshake, now);
    settle(server, peer);
  } else if (wspair_conn_next_timeout(peer->conn) <= now) {
    wspair_conn_timeout(peer->conn, now, &event, 1, &count);
    if (wspair_conn_transport(peer->conn) == WSPAIR_TRANSPORT_CLOSE) {
      write_all(peer);
      drop(server, peer);
    } else {
      settle(server, peer);
    }
  }
}

/* A look at each twice a second costs less than keeping ten thousand deadlines in order. */
static void sweep(server *server) {
  uint64_t now = now_ns();
  peer *peer, *next;
  for (peer = server->peers; peer != NULL; peer = next) {
    next = peer->next;
    tell_time(server, peer, now);
  }
}

/* Accepts no more, and says goodbye to everybody. */
static void stop(server *server) {
  static const char bye[] = "server is shutting down";
  peer *peer, *next;
  if (server->stopping++) exit(1);
  close(server->listener);
  for (peer = server->peers; peer != NULL; peer = next) {
    next = peer->next;
    if (peer->conn == NULL) {
      drop(server, peer);
    } else {
      wspair_conn_close(peer->conn, 1001, (const uint8_t *)bye, sizeof bye - 1);
      settle(server, peer);
    }
  }
}

int main(int argc, char **argv) {
  static struct epoll_event ready[READY];
  struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
  uint64_t swept = 0;
  sigset_t ending;
  command command;
  server server = {0};
  (void)argc;
  parse(&command, argv);
  /* A message is read only while less than a mark of echoes waits: so it always finds room. */
  command.options.max_outgoing = SIZE_MAX;
  if (wspair_config_new(&command.options, &server.config) != WSPAIR_OK) wrong("bad option", "");
  server.subprotocol = command.subprotocol;

  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  sigprocmask(SIG_BLOCK, &ending, NULL);
  signal(SIGPIPE, SIG_IGN);
  server.signals = signalfd(-1, &ending, SFD_CLOEXEC);
  server.epoll = epoll_create1(EPOLL_CLOEXEC);
  server.listener = listen_at(command.host, command.port);
  epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listener, &event);
  event.data.ptr = &server;
  epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.signals, &event);

  while (!server.stopping || server.peers != NULL) {
    int at, count = epoll_wait(server.epoll, ready, READY, server.peers ? SWEEP_MS : -1);
    for (at = 0; at < count; at++) {
      void *what = ready[at].data.ptr;
      if (what == NULL) {
        if (!server.stopping) on_connection(&server);
      } else if (what == &server) {
        struct signalfd_siginfo info;
        if (read(server.signals, &info, sizeof info) > 0) stop(&server);
        /* What else is ready may be gone. */
        break;
      } else {
        peer *peer = what;
        int reads = ready[at].events & (EPOLLIN | EPOLLERR | EPOLLHUP) && !peer->more;
        if (!reads || peer->ended || on_readable(&server, peer)) settle(&server, peer);
      }
    }
    /* Not while more is ready: what a socket holds is read before its peer's time is over. */
    if (count < READY && now_ns() - swept >= SWEEP_MS * 1000000u) {
      swept = now_ns();
      sweep(&server);
    }
  }
  wspair_config_free(server.config);
  close(server.signals);
  close(server.epoll);
  return 0;
}
