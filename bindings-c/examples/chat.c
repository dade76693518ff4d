/* A chat room: what one says everybody hears, encoded once for all of them.
 *
 *     chat --port 9001
 *
 * Who does not read stops nobody. What waits for a member is bounded, by max_outgoing; the message that
 * would pass that is missed, and as a gap is no way to talk the member is told so, with 1013, and let
 * go. */

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/uio.h>

#include "echo.h"
#include "options.h"
#include "tcp.h"

typedef struct member {
  echo echo;
  int fd, shut, blocked;
  /* When the socket is dropped, if the client does not end before. */
  uint64_t leave_by;
  struct member *next;
} member;

typedef struct room {
  wspair_config *config;
  member *members;
  size_t count;
} room;

enum { READ = 16 << 10, SLICES = 16, TICK_MS = 250, LINGER_MS = 1000, WAITING = 1 << 20 };

/* There is one room, which those who speak find by themselves. */
static room here;

static void send_off(member *member, const char *why) {
  wspair_conn_close(member->echo.conn, 1013, (const uint8_t *)why, strlen(why));
}

/* To everybody, the speaker included: a message that is long waits everywhere as the same bytes. */
static void broadcast(echo *speaker, const wspair_event *message) {
  wspair_prepared *prepared;
  member *member;
  if (wspair_prepared_new(message->kind, message->data, message->len, &prepared) != WSPAIR_OK) {
    wspair_conn_close(speaker->conn, 1011, NULL, 0);
    return;
  }
  for (member = here.members; member != NULL; member = member->next) {
    switch (wspair_conn_send_prepared(member->echo.conn, prepared)) {
      case WSPAIR_SEND_BACKPRESSURE: send_off(member, "you read too slowly"); break;
      case WSPAIR_ERROR_MEMORY: send_off(member, "the room is full"); break;
      default: break; /* Said, or to one who is leaving or not yet here. */
    }
  }
  wspair_prepared_free(prepared);
}

static void welcome(int fd) {
  member *member = calloc(1, sizeof *member);
  int one = 1;
  if (member == NULL || !echo_begin(&member->echo, here.config, NULL, now_ns())) {
    free(member);
    close(fd);
    return;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  member->echo.on_message = broadcast;
  member->fd = fd;
  member->next = here.members;
  here.members = member;
  here.count++;
}

/* Writes until nothing waits, or the socket takes no more; 0 when it is broken. */
static int write_out(member *member) {
  wspair_slice slices[SLICES];
  struct iovec parts[SLICES];
  size_t count, at;
  member->blocked = 0;
  while (!member->blocked && (count = echo_waiting(&member->echo, slices, SLICES)) > 0) {
    ssize_t written;
    for (at = 0; at < count; at++) {
      parts[at].iov_base = (void *)(uintptr_t)slices[at].data;
      parts[at].iov_len = slices[at].len;
    }
    written = writev(member->fd, parts, (int)count);
    if (written >= 0) echo_advance(&member->echo, (size_t)written);
    if (written < 0 && errno != EAGAIN && errno != EINTR) return 0;
    member->blocked = written < 0 && errno == EAGAIN;
  }
  return 1;
}

/* Reads once; 0 when the socket was reset. */
static int read_in(member *member) {
  uint8_t buf[READ];
  ssize_t len = read(member->fd, buf, sizeof buf);
  if (len < 0) return errno == EAGAIN || errno == EINTR;
  if (len == 0) echo_eof(&member->echo);
  if (len > 0) echo_receive(&member->echo, buf, (size_t)len);
  return 1;
}

/* Writes, and does what is due for the socket; 0 when it is to be dropped. See echo_epoll.c for why
 * our direction is ended first. */
static int settle(member *member, uint64_t now) {
  uint32_t transport;
  if (!write_out(member)) return 0;
  while (echo_may_go_on(&member->echo)) echo_go_on(&member->echo);
  if (!write_out(member)) return 0;
  transport = echo_transport(&member->echo);
  if (transport != WSPAIR_TRANSPORT_OPEN && !member->blocked && !member->shut) {
    member->shut = 1;
    shutdown(member->fd, SHUT_WR);
  }
  if (transport != WSPAIR_TRANSPORT_CLOSE) return 1;
  if (member->leave_by == 0) member->leave_by = now + LINGER_MS * 1000000u;
  return now < member->leave_by && !(member->echo.ended && member->shut);
}

/* Settles with everybody, after what one of them said, and drops who is to be dropped. */
static void settle_all(void) {
  uint64_t now = now_ns();
  member **link = &here.members;
  while (*link != NULL) {
    member *member = *link;
    int stays = echo_timeout(&member->echo, now) != OUT_OF_TIME && settle(member, now);
    if (stays) {
      link = &member->next;
      continue;
    }
    write_out(member);
    *link = member->next;
    here.count--;
    close(member->fd);
    echo_end(&member->echo);
    free(member);
  }
}

/* Waits, and reads what came. In `waits` the listener and the signals come first, then the members in
 * their order. */
static int turn(int listener, int signals) {
  struct pollfd *waits = calloc(here.count + 2, sizeof *waits);
  member *member;
  size_t at = 2;
  int ended;
  if (waits == NULL) fail("calloc");
  waits[0].fd = listener;
  waits[1].fd = signals;
  waits[0].events = waits[1].events = POLLIN;
  for (member = here.members; member != NULL; member = member->next, at++) {
    waits[at].fd = member->fd;
    waits[at].events =
        (short)((echo_reads(&member->echo) ? POLLIN : 0) | (member->blocked ? POLLOUT : 0));
  }
  poll(waits, at, TICK_MS);
  at = 2;
  for (member = here.members; member != NULL; member = member->next, at++) {
    int came = waits[at].revents & (POLLIN | POLLERR | POLLHUP);
    if (came && echo_reads(&member->echo) && !read_in(member)) {
      /* Reset: what waits goes nowhere. */
      wspair_conn_abort(member->echo.conn);
      member->echo.ended = member->shut = 1;
      member->leave_by = 1;
    }
  }
  if (waits[0].revents & POLLIN) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) welcome(fd);
  }
  ended = waits[1].revents & POLLIN;
  free(waits);
  settle_all();
  return !ended;
}

int main(int argc, char **argv) {
  sigset_t ending;
  command command;
  member *member;
  uint64_t until;
  int listener, signals;
  (void)argc;
  parse(&command, argv);
  command.options.max_outgoing = WAITING;
  if (wspair_config_new(&command.options, &here.config) != WSPAIR_OK) wrong("bad option", "");
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  sigprocmask(SIG_BLOCK, &ending, NULL);
  signal(SIGPIPE, SIG_IGN);
  signals = signalfd(-1, &ending, SFD_CLOEXEC);
  listener = listen_at(command.host, command.port);
  while (turn(listener, signals)) {
  }

  close(listener);
  for (member = here.members; member != NULL; member = member->next) echo_goodbye(&member->echo);
  until = now_ns() + 2 * LINGER_MS * 1000000u;
  settle_all();
  while (here.count > 0 && now_ns() < until) turn(-1, -1);
  while (here.members != NULL) {
    member = here.members;
    here.members = member->next;
    close(member->fd);
    echo_end(&member->echo);
    free(member);
  }
  wspair_config_free(here.config);
  close(signals);
  return 0;
}
