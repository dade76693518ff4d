/* An echo server over io_uring: the kernel reads into memory of ours, and writes what was shown
 * from where it lies, while the connection goes on.
 *
 *     echo_uring --port 9001
 *
 * SIGTERM and SIGINT close every connection with 1001; a second one ends it at once. */

#include <liburing.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/uio.h>

#include "echo.h"
#include "options.h"
#include "tcp.h"

enum { READ = 64 << 10, SLICES = 16, SWEEP_MS = 100, LINGER_MS = 1000 };

/* What a completion belongs to: a peer's reading or writing, or one of the server's own. */
typedef enum { READING, WRITING, ACCEPTING, SIGNALLED, TICKING } kind;

typedef struct operation {
  kind kind;
  int under_way;
  struct peer *peer;
} operation;

typedef struct peer {
  echo echo;
  int fd;
  operation reading, writing;
  struct iovec parts[SLICES];
  struct msghdr message;
  int shut, dropped;
  /* When it is dropped, if the client does not end before. */
  uint64_t leave_by;
  struct peer *next, **link;
  uint8_t input[READ];
} peer;

typedef struct server {
  struct io_uring ring;
  int listener, signals, stopping;
  operation accepting, signalled, ticking;
  struct signalfd_siginfo signal;
  struct __kernel_timespec tick;
  const char *subprotocol;
  wspair_config *config;
  peer *peers;
} server;

/* An entry to be filled. It goes to the kernel with the others of this turn. */
static struct io_uring_sqe *entry(server *server) {
  struct io_uring_sqe *entry = io_uring_get_sqe(&server->ring);
  while (entry == NULL) {
    io_uring_submit(&server->ring);
    entry = io_uring_get_sqe(&server->ring);
  }
  return entry;
}

static void begin(struct io_uring_sqe *entry, operation *operation) {
  operation->under_way = 1;
  io_uring_sqe_set_data(entry, operation);
}

/* Lets go of the socket, which ends what is under way on it; the memory goes when that is over. */
static void drop(peer *peer) {
  if (!peer->dropped) shutdown(peer->fd, SHUT_RDWR);
  peer->dropped = 1;
}

static void free_peer(peer *peer) {
  close(peer->fd);
  echo_end(&peer->echo);
  *peer->link = peer->next;
  if (peer->next != NULL) peer->next->link = peer->link;
  free(peer);
}

static void read_more(server *server, peer *peer) {
  struct io_uring_sqe *sqe;
  if (peer->reading.under_way || !echo_reads(&peer->echo)) return;
  sqe = entry(server);
  io_uring_prep_recv(sqe, peer->fd, peer->input, sizeof peer->input, 0);
  begin(sqe, &peer->reading);
}

/* Gives the kernel what is shown, one write at a time. */
static void write_shown(server *server, peer *peer) {
  wspair_slice slices[SLICES];
  struct io_uring_sqe *sqe;
  size_t count, at;
  if (peer->writing.under_way) return;
  count = echo_waiting(&peer->echo, slices, SLICES);
  if (count == 0) return;
  for (at = 0; at < count; at++) {
    peer->parts[at].iov_base = (void *)(uintptr_t)slices[at].data;
    peer->parts[at].iov_len = slices[at].len;
  }
  peer->message.msg_iov = peer->parts;
  peer->message.msg_iovlen = count;
  sqe = entry(server);
  io_uring_prep_sendmsg(sqe, peer->fd, &peer->message, MSG_NOSIGNAL);
  begin(sqe, &peer->writing);
}

/* After whatever happened: writes, goes on with held input, and does what is due for the socket.
 *
 * To close it with input unread would reset it, and the client might lose what was written last. So
 * our direction is ended first, and the client has a moment to take all of it and to end its own. */
static void settle(server *server, peer *peer) {
  uint32_t transport;
  if (!peer->dropped) {
    write_shown(server, peer);
    while (echo_may_go_on(&peer->echo)) {
      echo_go_on(&peer->echo);
      write_shown(server, peer);
    }
    transport = echo_transport(&peer->echo);
    if (!peer->writing.under_way && transport != WSPAIR_TRANSPORT_OPEN && !peer->shut) {
      peer->shut = 1;
      shutdown(peer->fd, SHUT_WR);
    }
    if (transport == WSPAIR_TRANSPORT_CLOSE && peer->leave_by == 0) {
      peer->leave_by = now_ns() + LINGER_MS * 1000000u;
    }
    if (transport == WSPAIR_TRANSPORT_CLOSE && peer->shut && peer->echo.ended) drop(peer);
    read_more(server, peer);
  }
  if (peer->dropped && !peer->reading.under_way && !peer->writing.under_way) free_peer(peer);
}

static void on_read(server *server, peer *peer, int len) {
  if (len > 0 && !peer->dropped) {
    echo_receive(&peer->echo, peer->input, (size_t)len);
  } else if (len == 0 && !peer->dropped) {
    echo_eof(&peer->echo);
  } else if (len < 0) {
    drop(peer);
  }
  settle(server, peer);
}

static void on_written(server *server, peer *peer, int len) {
  if (len < 0) {
    drop(peer);
  } else {
    echo_advance(&peer->echo, (size_t)len);
  }
  settle(server, peer);
}

static void accept_next(server *server) {
  struct io_uring_sqe *sqe = entry(server);
  io_uring_prep_accept(sqe, server->listener, NULL, NULL, SOCK_CLOEXEC);
  begin(sqe, &server->accepting);
}

static void on_connection(server *server, int fd) {
  peer *peer = fd < 0 ? NULL : calloc(1, sizeof *peer);
  int one = 1;
  if (server->stopping) {
    free(peer);
    if (fd >= 0) close(fd);
    return;
  }
  if (peer != NULL && echo_begin(&peer->echo, server->config, server->subprotocol, now_ns())) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    peer->fd = fd;
    peer->reading.kind = READING;
    peer->writing.kind = WRITING;
    peer->reading.peer = peer->writing.peer = peer;
    peer->next = server->peers;
    peer->link = &server->peers;
    if (peer->next != NULL) peer->next->link = &peer->next;
    server->peers = peer;
    settle(server, peer);
  } else {
    free(peer);
    if (fd >= 0) close(fd);
  }
  /* Out of descriptors: the next tick tries again. */
  if (fd >= 0) accept_next(server);
}

/* Tells one peer the time. */
static void tell_time(server *server, peer *peer, uint64_t now) {
  echo_time time = echo_timeout(&peer->echo, now);
  if (time == OUT_OF_TIME) {
    write_shown(server, peer);
    io_uring_submit(&server->ring);
  }
  if (time == OUT_OF_TIME || (peer->leave_by != 0 && peer->leave_by <= now)) drop(peer);
  if (time != NOT_DUE || peer->dropped) settle(server, peer);
}

/* A look at each now and then costs less than keeping ten thousand deadlines in order. */
static void tick(server *server) {
  struct io_uring_sqe *sqe = entry(server);
  uint64_t now = now_ns();
  peer *peer, *next;
  io_uring_prep_timeout(sqe, &server->tick, 0, 0);
  begin(sqe, &server->ticking);
  for (peer = server->peers; peer != NULL; peer = next) {
    next = peer->next;
    if (!peer->dropped) tell_time(server, peer, now);
  }
  if (!server->accepting.under_way && !server->stopping) accept_next(server);
}

static void wait_for_signal(server *server) {
  struct io_uring_sqe *sqe = entry(server);
  io_uring_prep_read(sqe, server->signals, &server->signal, sizeof server->signal, 0);
  begin(sqe, &server->signalled);
}

/* Accepts no more, and says goodbye to everybody. */
static void stop(server *server) {
  peer *peer, *next;
  if (server->stopping++) exit(1);
  shutdown(server->listener, SHUT_RDWR);
  wait_for_signal(server);
  for (peer = server->peers; peer != NULL; peer = next) {
    next = peer->next;
    if (!echo_goodbye(&peer->echo)) drop(peer);
    settle(server, peer);
  }
}

static void on_completion(server *server, operation *operation, int result) {
  operation->under_way = 0;
  switch (operation->kind) {
    case READING: on_read(server, operation->peer, result); break;
    case WRITING: on_written(server, operation->peer, result); break;
    case ACCEPTING: on_connection(server, result); break;
    case SIGNALLED: stop(server); break;
    case TICKING: tick(server); break;
  }
}

int main(int argc, char **argv) {
  static server server;
  command command;
  sigset_t ending;
  (void)argc;
  parse(&command, argv);
  /* A message is read only while less than a mark of echoes waits: so it always finds room. */
  command.options.max_outgoing = SIZE_MAX;
  if (wspair_config_new(&command.options, &server.config) != WSPAIR_OK) wrong("bad option", "");
  server.subprotocol = command.subprotocol;
  server.tick.tv_nsec = SWEEP_MS * 1000000;
  server.accepting.kind = ACCEPTING;
  server.signalled.kind = SIGNALLED;
  server.ticking.kind = TICKING;

  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  sigprocmask(SIG_BLOCK, &ending, NULL);
  server.signals = signalfd(-1, &ending, SFD_CLOEXEC);
  errno = -io_uring_queue_init(1024, &server.ring, 0);
  if (errno != 0) fail("io_uring");
  server.listener = listen_at(command.host, command.port);
  /* The ring waits for connections, where a socket that does not would give an error at once. */
  fcntl(server.listener, F_SETFL, 0);
  accept_next(&server);
  wait_for_signal(&server);
  tick(&server);

  while (!server.stopping || server.peers != NULL) {
    struct io_uring_cqe *cqe;
    unsigned head, count = 0;
    int error = io_uring_submit_and_wait(&server.ring, 1);
    if (error < 0 && error != -EINTR) break;
    io_uring_for_each_cqe(&server.ring, head, cqe) {
      on_completion(&server, io_uring_cqe_get_data(cqe), cqe->res);
      count++;
    }
    io_uring_cq_advance(&server.ring, count);
  }
  io_uring_queue_exit(&server.ring);
  close(server.listener);
  close(server.signals);
  wspair_config_free(server.config);
  return 0;
}
