/* An echo server over epoll: thousands of connections in one thread.
 *
 *     echo_epoll --port 9001
 *
 * SIGTERM and SIGINT close every connection with 1001; a second one ends it at once. */

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "options.h"

/* One client: a handshake until it is open, then a connection. */
typedef struct peer {
  int fd;
  uint32_t interest;
  wspair_server_handshake *handshake;
  wspair_conn *conn;
  /* Input that waits until the client has read some of its echoes. */
  uint8_t *held;
  size_t held_len;
  int more, ended, shut;
  struct peer *next, **link;
} peer;

typedef struct server {
  int epoll, listener, signals;
  int stopping;
  const char *subprotocol;
  wspair_config *config;
  peer *peers;
} server;

enum { READ = 64 << 10, EVENTS = 64, SWEEP_MS = 500 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

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
    uint8_t *held = malloc(peer->held_len);
    if (held == NULL) fail("malloc");
    memcpy(held, input + at, peer->held_len);
    free(peer->held);
    peer->held = held;
  }
}

static void feed_held(peer *peer) {
  uint8_t *held = peer->held;
  peer->held = NULL;
  feed(peer, held, peer->held_len);
  free(held);
}

static void transport_ended(peer *peer) {
  wspair_event event;
  size_t count;
  peer->ended = 1;
  if (peer->conn != NULL) wspair_conn_eof(peer->conn, &event, 1, &count);
}

/* Reads a request, and answers it. The rest of the input is the connection's. */
static void shake_hands(server *server, peer *peer, uint8_t *input, size_t len) {
  size_t used = 0, index;
  wspair_slice name;
  wspair_agreed agreed;
  const char *chosen = NULL;
  if (len > 0) {
    wspair_server_handshake_receive(peer->handshake, input, len, &used);
  } else {
    wspair_server_handshake_eof(peer->handshake);
  }
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

/* Writes until nothing waits, or the socket takes no more; 0 when it is broken. */
static int write_all(peer *peer) {
  wspair_slice slices[16];
  struct iovec parts[16];
  for (;;) {
    size_t count = 0, at;
    ssize_t written;
    if (peer->handshake != NULL) {
      wspair_server_handshake_output(peer->handshake, slices);
      count = slices[0].len > 0;
    } else {
      wspair_conn_transmit(peer->conn, slices, 16, &count);
    }
    if (count == 0) return 1;
    for (at = 0; at < count; at++) {
      parts[at].iov_base = (void *)(uintptr_t)slices[at].data;
      parts[at].iov_len = slices[at].len;
    }
    written = writev(peer->fd, parts, (int)count);
    if (written < 0) return errno == EAGAIN || errno == EINTR;
    if (peer->handshake != NULL) {
      wspair_server_handshake_advance(peer->handshake, (size_t)written);
    } else {
      wspair_conn_advance(peer->conn, (size_t)written);
    }
  }
}

/* Whether the answer to the request is written. Then the handshake is over; a connection follows,
 * if it was accepted. */
static int is_answered(peer *peer) {
  wspair_slice output;
  if (peer->handshake == NULL) return 1;
  wspair_server_handshake_output(peer->handshake, &output);
  if (output.len > 0 ||
      wspair_server_handshake_progress(peer->handshake) == WSPAIR_PROGRESS_NEED_MORE) {
    return 0;
  }
  wspair_server_handshake_free(peer->handshake);
  peer->handshake = NULL;
  return 1;
}

/* Writes, goes on with held input, and tells epoll what to wait for; drops what is over. */
static void settle(server *server, peer *peer) {
  struct epoll_event event;
  uint32_t duty, interest = 0;
  for (;;) {
    if (!write_all(peer) || (is_answered(peer) && peer->conn == NULL)) {
      drop(server, peer);
      return;
    }
    if (peer->handshake != NULL || !peer->more || wspair_conn_is_congested(peer->conn)) break;
    feed_held(peer);
  }
  duty = peer->handshake != NULL ? WSPAIR_TRANSPORT_OPEN : wspair_conn_transport(peer->conn);
  if (duty == WSPAIR_TRANSPORT_CLOSE) {
    drop(server, peer);
    return;
  }
  if (wspair_conn_buffered(peer->conn) > 0 ||
      (peer->handshake != NULL &&
       wspair_server_handshake_progress(peer->handshake) != WSPAIR_PROGRESS_NEED_MORE)) {
    interest |= EPOLLOUT;
  } else if (duty == WSPAIR_TRANSPORT_FINISH_WRITING && !peer->shut) {
    peer->shut = 1;
    shutdown(peer->fd, SHUT_WR);
  }
  if (!peer->more && !peer->ended) interest |= EPOLLIN;
  if (interest != peer->interest) {
    event.events = peer->interest = interest;
    event.data.ptr = peer;
    epoll_ctl(server->epoll, EPOLL_CTL_MOD, peer->fd, &event);
  }
}

static void on_readable(server *server, peer *peer) {
  static uint8_t buf[READ];
  ssize_t len = read(peer->fd, buf, sizeof buf);
  if (len < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (len <= 0) len = 0;
  if (peer->conn == NULL) {
    shake_hands(server, peer, buf, (size_t)len);
    if (len == 0) peer->ended = 1;
  } else if (len > 0) {
    feed(peer, buf, (size_t)len);
  } else {
    transport_ended(peer);
  }
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
    if (peer == NULL) fail("calloc");
    peer->fd = fd;
    peer->next = server->peers;
    peer->link = &server->peers;
    if (peer->next != NULL) peer->next->link = &peer->next;
    server->peers = peer;
    wspair_server_handshake_new(server->config, &peer->handshake);
    wspair_server_handshake_timeout(peer->handshake, now_ns());
    event.events = peer->interest = EPOLLIN;
    event.data.ptr = peer;
    epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event);
  }
}

/* Tells the time to all for whom it matters. A look at each twice a second costs less than keeping
 * ten thousand deadlines in order. */
static void sweep(server *server) {
  uint64_t now = now_ns();
  peer *peer, *next;
  for (peer = server->peers; peer != NULL; peer = next) {
    wspair_event event;
    size_t count;
    next = peer->next;
    if (wspair_server_handshake_next_timeout(peer->handshake) <= now) {
      wspair_server_handshake_timeout(peer->handshake, now);
      settle(server, peer);
    } else if (wspair_conn_next_timeout(peer->conn) <= now) {
      wspair_conn_timeout(peer->conn, now, &event, 1, &count);
      settle(server, peer);
    }
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

static void listen_at(server *server, const command *command) {
  struct addrinfo hints = {0}, *found;
  struct sockaddr_storage bound;
  socklen_t len = sizeof bound;
  char host[NI_MAXHOST], port[NI_MAXSERV];
  int one = 1;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  if (getaddrinfo(command->host, command->port, &hints, &found) != 0) fail("getaddrinfo");
  server->listener = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(server->listener, found->ai_addr, found->ai_addrlen) != 0) fail("bind");
  freeaddrinfo(found);
  if (listen(server->listener, 4096) != 0) fail("listen");
  getsockname(server->listener, (struct sockaddr *)&bound, &len);
  getnameinfo((struct sockaddr *)&bound, len, host, sizeof host, port, sizeof port,
              NI_NUMERICHOST | NI_NUMERICSERV);
  printf(
      bound.ss_family == AF_INET6 ? "listening on ws://[%s]:%s/\n" : "listening on ws://%s:%s/\n",
      host, port);
  fflush(stdout);
}

int main(int argc, char **argv) {
  static struct epoll_event ready[256];
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
  listen_at(&server, &command);
  epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listener, &event);
  event.data.ptr = &server;
  epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.signals, &event);

  while (!server.stopping || server.peers != NULL) {
    int at, count = epoll_wait(server.epoll, ready, 256, server.peers ? SWEEP_MS : -1);
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
        if (ready[at].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
          if (!peer->more && !peer->ended) on_readable(&server, peer);
        }
        settle(&server, peer);
      }
    }
    if (now_ns() - swept >= SWEEP_MS * 1000000u) {
      swept = now_ns();
      sweep(&server);
    }
  }
  wspair_config_free(server.config);
  close(server.signals);
  close(server.epoll);
  return 0;
}
