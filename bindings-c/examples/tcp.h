/* What the examples need of sockets and of the clock. */

#ifndef TCP_H
#define TCP_H

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <wspair.h>

static inline void fail(const char *what) {
  perror(what);
  exit(1);
}

static inline uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A socket that accepts and does not wait. Prints its address. */
static inline int listen_at(const char *host, const char *port) {
  struct addrinfo hints = {0}, *found;
  struct sockaddr_storage bound;
  socklen_t len = sizeof bound;
  char name[NI_MAXHOST], number[NI_MAXSERV];
  int fd, one = 1;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  if (getaddrinfo(host, port, &hints, &found) != 0) fail("getaddrinfo");
  fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, found->ai_addr, found->ai_addrlen) != 0) fail("bind");
  freeaddrinfo(found);
  if (listen(fd, 4096) != 0) fail("listen");
  getsockname(fd, (struct sockaddr *)&bound, &len);
  getnameinfo((struct sockaddr *)&bound, len, name, sizeof name, number, sizeof number,
              NI_NUMERICHOST | NI_NUMERICSERV);
  printf(
      bound.ss_family == AF_INET6 ? "listening on ws://[%s]:%s/\n" : "listening on ws://%s:%s/\n",
      name, number);
  fflush(stdout);
  return fd;
}

/* Waits until a socket can do one of these, or the deadline, WSPAIR_NEVER for none: those it can do. */
static inline int wait_for(int fd, int events, uint64_t due) {
  struct pollfd wanted = {fd, (short)events, 0};
  uint64_t now = now_ns();
  int wait = -1;
  if (due != WSPAIR_NEVER) {
    uint64_t left = due > now ? (due - now) / 1000000u + 1 : 0;
    wait = left > 3600000 ? 3600000 : (int)left;
  }
  if (poll(&wanted, 1, wait) <= 0) return 0;
  return wanted.revents & (POLLERR | POLLHUP) ? events : wanted.revents;
}

/* Connects before the deadline. The socket does not wait; less than 0 when there is none. */
static inline int connect_to(const char *host, const char *port, uint64_t due) {
  struct addrinfo hints = {0}, *found, *one;
  int fd = -1, on = 1;
  hints.ai_socktype = SOCK_STREAM;
  if (getaddrinfo(host, port, &hints, &found) != 0) return -1;
  for (one = found; one != NULL && fd < 0; one = one->ai_next) {
    int error = 0;
    socklen_t len = sizeof error;
    fd = socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    if (connect(fd, one->ai_addr, one->ai_addrlen) != 0 &&
        (errno != EINPROGRESS || !wait_for(fd, POLLOUT, due) ||
         getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0)) {
      close(fd);
      fd = -1;
    }
  }
  freeaddrinfo(found);
  if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

#endif
