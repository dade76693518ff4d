/* The loop of the servers over epoll: a listener, the sockets that it accepts, a look at each of them
 * twice a second, and the end by SIGTERM or SIGINT. */

#ifndef LOOP_H
#define LOOP_H

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "tcp.h"

enum { READY = 256, SWEEP_MS = 500 };

typedef struct loop {
  int epoll, listener, signals;
  /* Once it is stopping it ends with the last of the sockets. */
  size_t sockets;
  int stopping;
} loop;

/* What a server does; `server` is what loop_run was given. */
typedef struct loop_calls {
  /* A socket was accepted: it is to be watched, or closed. */
  void (*on_connection)(void *server, int fd);
  /* A socket can do one of EPOLLIN and EPOLLOUT, or has an error. No other may be forgotten. */
  void (*on_ready)(void *server, void *socket, uint32_t events);
  /* A look at each twice a second costs less than keeping ten thousand deadlines in order. */
  void (*on_sweep)(void *server, uint64_t now);
  /* Nobody is accepted any more. */
  void (*on_stop)(void *server);
} loop_calls;

static inline void loop_begin(loop *loop, const char *host, const char *port) {
  struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
  sigset_t ending;
  memset(loop, 0, sizeof *loop);
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  sigprocmask(SIG_BLOCK, &ending, NULL);
  signal(SIGPIPE, SIG_IGN);
  loop->signals = signalfd(-1, &ending, SFD_CLOEXEC);
  loop->epoll = epoll_create1(EPOLL_CLOEXEC);
  loop->listener = listen_at(host, port);
  epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->listener, &event);
  event.data.ptr = loop;
  epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->signals, &event);
}

/* Watches a socket for input; `socket` is what on_ready is given. */
static inline void loop_watch(loop *loop, int fd, void *socket) {
  struct epoll_event event = {EPOLLIN, {.ptr = socket}};
  epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event);
  loop->sockets++;
}

/* Changes what it is watched for; `interest` is what it was. */
static inline void loop_want(loop *loop, int fd, void *socket, uint32_t *interest, uint32_t wanted) {
  struct epoll_event event = {wanted, {.ptr = socket}};
  if (*interest == wanted) return;
  *interest = wanted;
  epoll_ctl(loop->epoll, EPOLL_CTL_MOD, fd, &event);
}

/* Closes a socket, so that a descriptor is free again, which accepting may have run out of. */
static inline void loop_forget(loop *loop, int fd) {
  struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
  close(fd);
  loop->sockets--;
  if (!loop->stopping) epoll_ctl(loop->epoll, EPOLL_CTL_MOD, loop->listener, &event);
}

static inline void loop_accept(loop *loop, const loop_calls *calls, void *server) {
  struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
  int one = 1, fd;
  while ((fd = accept4(loop->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    calls->on_connection(server, fd);
  }
  /* Out of descriptors: until one is free nothing is accepted. */
  event.events = errno == EMFILE || errno == ENFILE ? 0 : EPOLLIN;
  epoll_ctl(loop->epoll, EPOLL_CTL_MOD, loop->listener, &event);
}

/* Runs until a signal came and the last socket is forgotten; a second signal ends the process. */
static inline void loop_run(loop *loop, const loop_calls *calls, void *server) {
  static struct epoll_event ready[READY];
  uint64_t swept = 0;
  while (!loop->stopping || loop->sockets > 0) {
    int at, count = epoll_wait(loop->epoll, ready, READY, loop->sockets > 0 ? SWEEP_MS : -1);
    for (at = 0; at < count; at++) {
      void *what = ready[at].data.ptr;
      struct signalfd_siginfo info;
      if (what == NULL) {
        if (!loop->stopping) loop_accept(loop, calls, server);
      } else if (what != loop) {
        calls->on_ready(server, what, ready[at].events);
      } else if (read(loop->signals, &info, sizeof info) > 0) {
        if (loop->stopping++) exit(1);
        close(loop->listener);
        calls->on_stop(server);
        /* What else is ready may be gone. */
        break;
      }
    }
    /* Not while more is ready: what a socket holds is read before its peer's time is over. */
    if (count < READY && now_ns() - swept >= SWEEP_MS * 1000000u) {
      swept = now_ns();
      calls->on_sweep(server, swept);
    }
  }
  close(loop->signals);
  close(loop->epoll);
}

#endif
