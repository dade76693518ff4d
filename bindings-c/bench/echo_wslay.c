/* The peer of echo_epoll: the same over wslay's event interface, as its users write it. Each
 * readiness is read to the end of what is there, and answered. No limits, timers or goodbye. */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wslay/wslay.h>
#include <wspair.h>

typedef struct peer {
  int fd, open;
  wslay_event_context_ptr ctx;
} peer;

static ssize_t on_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags,
                       void *user) {
  ssize_t got = recv(((peer *)user)->fd, buf, len, 0);
  (void)flags;
  if (got > 0) return got;
  wslay_event_set_error(
      ctx, got < 0 && errno == EAGAIN ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
  return -1;
}

static ssize_t on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags,
                       void *user) {
  int more = flags & WSLAY_MSG_MORE ? MSG_MORE : 0;
  ssize_t sent = send(((peer *)user)->fd, data, len, MSG_NOSIGNAL | more);
  if (sent >= 0) return sent;
  wslay_event_set_error(ctx, errno == EAGAIN ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
  return -1;
}

static void on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *arg,
                       void *user) {
  (void)user;
  if (!wslay_is_ctrl_frame(arg->opcode)) {
    struct wslay_event_msg message = {arg->opcode, arg->msg, arg->msg_length};
    wslay_event_queue_msg(ctx, &message);
  }
}

/* The request comes in one piece, from a client of ours. */
static int answer(peer *peer) {
  static struct wslay_event_callbacks calls = {on_recv, on_send, NULL,      NULL,
                                               NULL,    NULL,    on_message};
  char head[4096], accept[29] = {0}, out[256], *key;
  ssize_t len = recv(peer->fd, head, sizeof head - 1, 0);
  if (len <= 0) return 0;
  head[len] = '\0';
  key = strstr(head, "Sec-WebSocket-Key: ");
  if (key == NULL) return 0;
  wspair_accept_key((uint8_t *)key + 19, 24, (uint8_t *)accept);
  len = snprintf(out, sizeof out,
                 "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                 accept);
  peer->open = 1;
  return send(peer->fd, out, (size_t)len, 0) == len &&
         wslay_event_context_server_init(&peer->ctx, &calls, peer) == 0;
}

int main(void) {
  struct sockaddr_in address = {0};
  socklen_t len = sizeof address;
  struct epoll_event event = {EPOLLIN, {.ptr = NULL}}, ready[64];
  int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  int epoll = epoll_create1(0);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(listener, 128) != 0) {
    return 1;
  }
  getsockname(listener, (struct sockaddr *)&address, &len);
  printf("listening on ws://127.0.0.1:%d/\n", ntohs(address.sin_port));
  fflush(stdout);
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int at, count = epoll_wait(epoll, ready, 64, -1);
    for (at = 0; at < count; at++) {
      peer *peer = ready[at].data.ptr;
      if (peer == NULL) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        peer = calloc(1, sizeof *peer);
        if (peer == NULL) return 1;
        peer->fd = fd;
        event.events = EPOLLIN;
        event.data.ptr = peer;
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
      } else if (peer->open ? wslay_event_recv(peer->ctx) != 0 || wslay_event_send(peer->ctx) != 0
                            : !answer(peer)) {
        close(peer->fd);
        if (peer->ctx != NULL) wslay_event_context_free(peer->ctx);
        free(peer);
      } else {
        event.events = EPOLLIN;
        if (peer->open && wslay_event_want_write(peer->ctx)) event.events |= EPOLLOUT;
        event.data.ptr = peer;
        epoll_ctl(epoll, EPOLL_CTL_MOD, peer->fd, &event);
      }
    }
  }
}
