/* An echo server over libuv, which writes without a copy: what was shown stays where it is until
 * libuv says that it is written, whatever is received, sent and closed meanwhile.
 *
 *     echo_uv --port 9001
 *
 * SIGTERM and SIGINT close every connection with 1001; a second one ends it at once. */

#include <signal.h>
#include <uv.h>

#include "echo.h"
#include "options.h"

enum { READ = 64 << 10, SLICES = 16, LINGER_MS = 1000 };

typedef struct server {
  uv_loop_t *loop;
  uv_tcp_t listener;
  uv_signal_t signals[2];
  int stopping;
  const char *subprotocol;
  wspair_config *config;
  struct peer *peers;
} server;

typedef struct peer {
  echo echo;
  server *server;
  uv_tcp_t tcp;
  uv_timer_t timer;
  uv_write_t write;
  uv_shutdown_t shutdown;
  /* Bytes of the write under way; 0 when there is none. */
  size_t writing;
  int reading, shut;
  /* When it is dropped, if the client does not end before. */
  uint64_t leave_by;
  /* libuv's handles that are not closed yet. */
  int handles;
  struct peer *next, **link;
} peer;

static void settle(peer *peer);

static void fail(const char *what, int error) {
  fprintf(stderr, "%s: %s\n", what, uv_strerror(error));
  exit(1);
}

/* The end. */

/* A write that was under way is over when this is called: only now its bytes may go. */
static void on_closed(uv_handle_t *handle) {
  peer *peer = handle->data;
  if (--peer->handles > 0) return;
  echo_end(&peer->echo);
  free(peer);
}

static int is_dropped(const peer *peer) { return uv_is_closing((const uv_handle_t *)&peer->tcp); }

static void drop(peer *peer) {
  if (is_dropped(peer)) return;
  *peer->link = peer->next;
  if (peer->next != NULL) peer->next->link = peer->link;
  uv_close((uv_handle_t *)&peer->tcp, on_closed);
  uv_close((uv_handle_t *)&peer->timer, on_closed);
}

static void on_shut(uv_shutdown_t *request, int status) {
  peer *peer = request->data;
  if (status < 0) drop(peer);
}

/* Input. */

static void on_allocate(uv_handle_t *handle, size_t wanted, uv_buf_t *buf) {
  static char input[READ];
  (void)handle;
  (void)wanted;
  *buf = uv_buf_init(input, sizeof input);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf) {
  peer *peer = stream->data;
  if (len > 0) {
    echo_receive(&peer->echo, (uint8_t *)buf->base, (size_t)len);
  } else if (len == UV_EOF) {
    echo_eof(&peer->echo);
  } else if (len < 0) {
    drop(peer);
  }
  settle(peer);
}

static void read_or_not(peer *peer) {
  int wanted = echo_reads(&peer->echo);
  if (wanted == peer->reading) return;
  peer->reading = wanted;
  if (wanted) {
    uv_read_start((uv_stream_t *)&peer->tcp, on_allocate, on_read);
  } else {
    uv_read_stop((uv_stream_t *)&peer->tcp);
  }
}

/* Output. */

static void on_written(uv_write_t *request, int status) {
  peer *peer = request->data;
  size_t written = peer->writing;
  peer->writing = 0;
  if (status < 0) {
    drop(peer);
  } else if (!is_dropped(peer)) {
    echo_advance(&peer->echo, written);
    settle(peer);
  }
}

/* Gives libuv what is shown, one write at a time. */
static void write_shown(peer *peer) {
  wspair_slice slices[SLICES];
  uv_buf_t parts[SLICES];
  size_t count, at;
  if (peer->writing > 0) return;
  count = echo_waiting(&peer->echo, slices, SLICES);
  if (count == 0) return;
  for (at = 0; at < count; at++) {
    parts[at] = uv_buf_init((char *)(uintptr_t)slices[at].data, (unsigned)slices[at].len);
    peer->writing += slices[at].len;
  }
  peer->write.data = peer;
  if (uv_write(&peer->write, (uv_stream_t *)&peer->tcp, parts, (unsigned)count, on_written) < 0) {
    drop(peer);
  }
}

/* Time. */

static void on_timer(uv_timer_t *timer) {
  peer *peer = timer->data;
  uint64_t now = uv_hrtime();
  if (peer->leave_by != 0 && peer->leave_by <= now) {
    drop(peer);
  } else if (echo_timeout(&peer->echo, now) == OUT_OF_TIME) {
    write_shown(peer);
    drop(peer);
  } else {
    settle(peer);
  }
}

static void set_timer(peer *peer) {
  uint64_t now = uv_hrtime(), due = echo_next_timeout(&peer->echo);
  if (peer->leave_by != 0 && peer->leave_by < due) due = peer->leave_by;
  if (due == WSPAIR_NEVER) {
    uv_timer_stop(&peer->timer);
  } else {
    /* libuv counts from the loop's own time, which may lag behind. */
    uv_update_time(peer->server->loop);
    uv_timer_start(&peer->timer, on_timer, due > now ? (due - now) / 1000000u + 1 : 0, 0);
  }
}

/* After whatever happened: writes, goes on with held input, and does what is due for the socket.
 *
 * To close it with input unread would reset it, and the client might lose what was written last. So
 * our direction is ended first, and the client has a moment to take all of it and to end its own. */
static void settle(peer *peer) {
  uint32_t transport;
  if (is_dropped(peer)) return;
  write_shown(peer);
  while (!is_dropped(peer) && echo_may_go_on(&peer->echo)) {
    echo_go_on(&peer->echo);
    write_shown(peer);
  }
  if (is_dropped(peer)) return;
  transport = echo_transport(&peer->echo);
  if (peer->writing == 0 && transport != WSPAIR_TRANSPORT_OPEN && !peer->shut) {
    peer->shut = 1;
    peer->shutdown.data = peer;
    uv_shutdown(&peer->shutdown, (uv_stream_t *)&peer->tcp, on_shut);
  }
  if (transport == WSPAIR_TRANSPORT_CLOSE && peer->leave_by == 0) {
    peer->leave_by = uv_hrtime() + LINGER_MS * 1000000u;
  }
  if (transport == WSPAIR_TRANSPORT_CLOSE && peer->shut && peer->echo.ended) {
    drop(peer);
    return;
  }
  read_or_not(peer);
  set_timer(peer);
}

/* The server. */

static void on_connection(uv_stream_t *listener, int status) {
  server *server = listener->data;
  peer *peer = status < 0 ? NULL : calloc(1, sizeof *peer);
  if (peer == NULL) return; /* It has gone again, or there is no room for it. */
  if (!echo_begin(&peer->echo, server->config, server->subprotocol, uv_hrtime())) {
    free(peer);
    return;
  }
  peer->server = server;
  peer->handles = 2;
  peer->tcp.data = peer->timer.data = peer;
  uv_tcp_init(server->loop, &peer->tcp);
  uv_timer_init(server->loop, &peer->timer);
  peer->next = server->peers;
  peer->link = &server->peers;
  if (peer->next != NULL) peer->next->link = &peer->next;
  server->peers = peer;
  if (uv_accept(listener, (uv_stream_t *)&peer->tcp) < 0) {
    drop(peer);
  } else {
    uv_tcp_nodelay(&peer->tcp, 1);
    settle(peer);
  }
}

/* Accepts no more, and says goodbye to everybody. The loop ends with the last of them. */
static void on_signal(uv_signal_t *signal, int number) {
  server *server = signal->data;
  peer *peer, *next;
  (void)number;
  if (server->stopping++) exit(1);
  uv_close((uv_handle_t *)&server->listener, NULL);
  for (peer = server->peers; peer != NULL; peer = next) {
    next = peer->next;
    if (echo_goodbye(&peer->echo)) {
      settle(peer);
    } else {
      drop(peer);
    }
  }
}

static void listen_at(server *server, const command *command) {
  struct sockaddr_storage address;
  struct sockaddr *any = (struct sockaddr *)&address;
  int length = sizeof address, port = (int)number("--port", command->port, 65535), error;
  char host[INET6_ADDRSTRLEN];
  const int has_colon = strchr(command->host, ':') != NULL;
  error = has_colon ? uv_ip6_addr(command->host, port, (struct sockaddr_in6 *)any)
                    : uv_ip4_addr(command->host, port, (struct sockaddr_in *)any);
  if (error < 0) fail(command->host, error);
  uv_tcp_init(server->loop, &server->listener);
  server->listener.data = server;
  if ((error = uv_tcp_bind(&server->listener, any, 0)) < 0) fail("bind", error);
  error = uv_listen((uv_stream_t *)&server->listener, 4096, on_connection);
  if (error < 0) fail("listen", error);
  uv_tcp_getsockname(&server->listener, any, &length);
  if (has_colon) {
    uv_ip6_name((struct sockaddr_in6 *)any, host, sizeof host);
    port = ntohs(((struct sockaddr_in6 *)any)->sin6_port);
  } else {
    uv_ip4_name((struct sockaddr_in *)any, host, sizeof host);
    port = ntohs(((struct sockaddr_in *)any)->sin_port);
  }
  printf(has_colon ? "listening on ws://[%s]:%d/\n" : "listening on ws://%s:%d/\n", host, port);
  fflush(stdout);
}

int main(int argc, char **argv) {
  static const int ending[] = {SIGTERM, SIGINT};
  server server = {0};
  command command;
  int at;
  (void)argc;
  signal(SIGPIPE, SIG_IGN);
  parse(&command, argv);
  /* A message is read only while less than a mark of echoes waits: so it always finds room. */
  command.options.max_outgoing = SIZE_MAX;
  if (wspair_config_new(&command.options, &server.config) != WSPAIR_OK) wrong("bad option", "");
  server.subprotocol = command.subprotocol;
  server.loop = uv_default_loop();
  listen_at(&server, &command);
  for (at = 0; at < 2; at++) {
    uv_signal_init(server.loop, &server.signals[at]);
    server.signals[at].data = &server;
    uv_signal_start(&server.signals[at], on_signal, ending[at]);
    uv_unref((uv_handle_t *)&server.signals[at]);
  }
  uv_run(server.loop, UV_RUN_DEFAULT);
  for (at = 0; at < 2; at++) uv_close((uv_handle_t *)&server.signals[at], NULL);
  uv_run(server.loop, UV_RUN_DEFAULT);
  uv_loop_close(server.loop);
  wspair_config_free(server.config);
  return 0;
}
