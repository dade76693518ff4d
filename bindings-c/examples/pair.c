/* A pair of ends: messages pass between them in memory, then one end is handed to a socket, at
 * whose other side a client connection stands. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wspair.h>

/* Whatever fails here is a mistake of this program. */
static void good(int32_t result) {
  if (result < 0) {
    fprintf(stderr, "%s\n", wspair_strerror(result));
    exit(1);
  }
}

/* A message in memory of its own. The pair passes it on by pointer, and frees what nobody takes. */
static wspair_message message_of(uint32_t kind, const void *data, size_t len) {
  uint8_t *copy = malloc(len + 1);
  wspair_message message;
  if (copy == NULL) abort();
  memcpy(copy, data, len);
  message.kind = kind;
  message.data = copy;
  message.len = len;
  message.owner = copy;
  message.free = free;
  return message;
}

static void say(wspair_pair *pair, uint32_t end, const char *text) {
  wspair_message message = message_of(WSPAIR_KIND_TEXT, text, strlen(text));
  good(wspair_pair_send(pair, end, &message));
}

static void hear(wspair_pair *pair, uint32_t end, const char *name) {
  wspair_pair_event event;
  for (;;) {
    good(wspair_pair_poll(pair, end, &event));
    if (event.type == WSPAIR_PAIR_EVENT_NONE) return;
    if (event.type == WSPAIR_PAIR_EVENT_MESSAGE) {
      printf("%s hears: %.*s\n", name, (int)event.message.len, (const char *)event.message.data);
      wspair_message_free(&event.message);
    } else if (event.type == WSPAIR_PAIR_EVENT_CLOSE) {
      printf("%s sees the close: %u %.*s\n", name, event.code, (int)event.reason_len,
             (const char *)event.reason);
    }
  }
}

/* Moves what a connection has to write into its socket. What we send here always fits. */
static void write_out(wspair_conn *conn, int fd) {
  wspair_slice slice;
  size_t count;
  for (;;) {
    ssize_t written;
    good(wspair_conn_transmit(conn, &slice, 1, &count));
    if (count == 0) return;
    written = write(fd, slice.data, slice.len);
    if (written < 0) abort();
    good(wspair_conn_advance(conn, (size_t)written));
  }
}

static void in_memory(void) {
  wspair_pair *pair;
  good(wspair_pair_new(NULL, &pair));
  good(wspair_pair_accept(pair, WSPAIR_END_FIRST, -1));
  good(wspair_pair_accept(pair, WSPAIR_END_SECOND, -1));
  say(pair, WSPAIR_END_FIRST, "hello");
  good(wspair_pair_close(pair, WSPAIR_END_FIRST, 1000, (const uint8_t *)"bye", 3));
  hear(pair, WSPAIR_END_SECOND, "second");
  hear(pair, WSPAIR_END_FIRST, "first");
  wspair_pair_free(pair);
}

/* Feeds what a socket has to the connection over it; its events go through the coupling. */
static void read_coupled(wspair_coupling *coupling, wspair_pair *pair, wspair_conn *conn, int fd) {
  uint8_t buf[4096];
  wspair_event events[16];
  ssize_t len = read(fd, buf, sizeof buf);
  size_t at = 0, count, used, event;
  int32_t result;
  do {
    result = wspair_conn_receive(conn, buf + at, (size_t)len - at, events, 16, &count, &used);
    good(result);
    at += used;
    for (event = 0; event < count; event++) {
      wspair_message message = {0};
      if (events[event].type <= WSPAIR_EVENT_BINARY) {
        message = message_of(events[event].kind, events[event].data, events[event].len);
      }
      good(wspair_coupling_forward(coupling, pair, conn, &events[event], &message));
    }
  } while (result == WSPAIR_MORE);
}

static void on_the_network(void) {
  wspair_options options;
  wspair_config *config;
  wspair_pair *pair;
  wspair_coupling *coupling;
  wspair_conn *server, *client;
  wspair_event events[16];
  uint8_t seed[32] = {0}, buf[4096];
  size_t count, used, at;
  int fds[2];

  /* One end is the application's, the other goes to the network. */
  good(wspair_pair_new(NULL, &pair));
  good(wspair_pair_accept(pair, WSPAIR_END_SECOND, -1));
  good(wspair_coupling_new(pair, WSPAIR_END_FIRST, &coupling));
  good(wspair_options_init(&options, sizeof options));
  good(wspair_coupling_configure(&options));
  good(wspair_config_new(&options, &config));
  good(wspair_conn_new_server(config, NULL, &server));
  /* The seed has to be random where it is no example. */
  good(wspair_conn_new_client(NULL, NULL, seed, &client));
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) abort();

  say(pair, WSPAIR_END_SECOND, "hello, network");
  good(wspair_coupling_drain(coupling, pair, server));
  write_out(server, fds[0]);
  count = (size_t)read(fds[1], buf, sizeof buf);
  good(wspair_conn_receive(client, buf, count, events, 16, &count, &used));
  for (at = 0; at < count; at++) {
    printf("client hears: %.*s\n", (int)events[at].len, (const char *)events[at].data);
    good(wspair_conn_send(client, events[at].kind, events[at].data, events[at].len));
  }
  good(wspair_conn_close(client, 1000, (const uint8_t *)"enough", 6));
  write_out(client, fds[1]);
  read_coupled(coupling, pair, server, fds[0]);
  hear(pair, WSPAIR_END_SECOND, "application");
  /* The answer to the client's close is the pair's. */
  good(wspair_coupling_drain(coupling, pair, server));
  write_out(server, fds[0]);

  close(fds[0]);
  close(fds[1]);
  wspair_conn_free(client);
  wspair_conn_free(server);
  wspair_config_free(config);
  wspair_coupling_free(coupling);
  wspair_pair_free(pair);
}

int main(void) {
  in_memory();
  on_the_network();
  return 0;
}
