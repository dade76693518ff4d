/* A client on one socket, which waits in poll: the Autobahn suite's, or a person's.
 *
 *     client ws://127.0.0.1:9001/ --text hello --text bye
 *     client ws://127.0.0.1:9001/ AGENT */

#include <signal.h>
#include <sys/random.h>
#include <sys/uio.h>

#include "options.h"
#include "tcp.h"

enum { READ = 64 << 10, EVENTS = 64 };

typedef struct client {
  int fd;
  wspair_conn *conn;
  uint8_t buf[READ];
  /* Input that was read and not taken: buf[at] to buf[len - 1]. */
  size_t at, len;
  int more;
  /* The server's direction has ended, and ours. */
  int ended, shut;
  /* The last turn read: the next one looks at the clock first. */
  int has_read;
} client;

static int random_bytes(void *to, size_t len) {
  return getrandom(to, len, 0) == (ssize_t)len;
}

/* Bytes that the socket had; 0 at its end; less than 0 when there are none yet, with EAGAIN, or when
 * it is lost. */
static ssize_t read_some(client *client) {
  ssize_t len;
  do {
    len = read(client->fd, client->buf, sizeof client->buf);
  } while (len < 0 && errno == EINTR);
  client->at = 0;
  client->len = len > 0 ? (size_t)len : 0;
  return len;
}

static int dial(wspair_client_handshake *handshake) {
  wspair_slice host;
  uint16_t port;
  uint32_t secure;
  char name[256], number[8];
  wspair_client_handshake_address(handshake, &host, &port, &secure);
  if (secure || host.len >= sizeof name) return -1;
  memcpy(name, host.data, host.len);
  name[host.len] = '\0';
  snprintf(number, sizeof number, "%u", port);
  wspair_client_handshake_timeout(handshake, now_ns());
  return connect_to(name, number, wspair_client_handshake_next_timeout(handshake));
}

/* Writes the request and reads the answer; whether it opened. The deadline is that of dialling. */
static int shake_hands(client *client, wspair_client_handshake *handshake) {
  wspair_slice output;
  while (wspair_client_handshake_progress(handshake) == WSPAIR_PROGRESS_NEED_MORE) {
    uint64_t due = wspair_client_handshake_next_timeout(handshake);
    int can;
    wspair_client_handshake_output(handshake, &output);
    can = wait_for(client->fd, output.len > 0 ? POLLOUT : POLLIN, due);
    if (now_ns() >= due) {
      wspair_client_handshake_timeout(handshake, now_ns());
    } else if (can & POLLOUT) {
      ssize_t written = write(client->fd, output.data, output.len);
      if (written > 0) wspair_client_handshake_advance(handshake, (size_t)written);
      if (written < 0 && errno != EAGAIN && errno != EINTR) {
        wspair_client_handshake_eof(handshake);
      }
    } else if (can & POLLIN) {
      ssize_t len = read_some(client);
      if (len > 0) {
        wspair_client_handshake_receive(handshake, client->buf, client->len, &client->at);
      } else if (len == 0 || errno != EAGAIN) {
        wspair_client_handshake_eof(handshake);
      }
    }
  }
  return wspair_client_handshake_progress(handshake) == WSPAIR_PROGRESS_OPEN;
}

/* Connects, and asks for a WebSocket; 0 when there is none. */
static int open_client(client *client, const wspair_config *config, const command *command,
                       const char *url) {
  wspair_client_handshake *handshake = NULL;
  wspair_request request;
  wspair_agreed agreed;
  uint8_t seed[32];
  int32_t result;
  int opened = 0;
  memset(client, 0, sizeof *client);
  client->fd = -1;
  wspair_request_init(&request, sizeof request, url);
  request.subprotocols = &command->subprotocol;
  request.subprotocols_len = command->subprotocol != NULL;
  if (!random_bytes(request.nonce, sizeof request.nonce) || !random_bytes(seed, sizeof seed)) {
    return 0;
  }
  result = wspair_client_handshake_new(config, &request, &handshake);
  if (result != WSPAIR_OK) {
    fprintf(stderr, "%s: %s\n", url, wspair_strerror(result));
    return 0;
  }
  client->fd = dial(handshake);
  if (client->fd < 0) {
    fprintf(stderr, "%s: cannot connect\n", url);
  } else if (!shake_hands(client, handshake)) {
    result = wspair_client_handshake_error(handshake);
    fprintf(stderr, "%s: %s\n", url, wspair_strerror(result));
  } else {
    wspair_client_handshake_agreed(handshake, &agreed);
    opened = wspair_conn_new_client(config, &agreed, seed, &client->conn) == WSPAIR_OK;
    client->more = client->at < client->len;
  }
  wspair_client_handshake_free(handshake);
  return opened;
}

static void end_client(client *client) {
  wspair_conn_free(client->conn);
  if (client->fd >= 0) close(client->fd);
}

/* Writes until nothing waits, or the socket takes no more; whether all is written. A socket that is
 * broken takes everything: what the server had sent before may still be there, and reading tells
 * that it is lost. */
static int write_all(client *client) {
  wspair_slice slices[16];
  struct iovec parts[16];
  size_t count, at;
  for (;;) {
    ssize_t written;
    wspair_conn_transmit(client->conn, slices, 16, &count);
    if (count == 0) return 1;
    for (at = 0; at < count; at++) {
      parts[at].iov_base = (void *)(uintptr_t)slices[at].data;
      parts[at].iov_len = slices[at].len;
    }
    written = writev(client->fd, parts, (int)count);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) return 0;
    wspair_conn_advance(client->conn, written < 0 ? SIZE_MAX : (size_t)written);
  }
}

/* Reads from the socket: the events of what came, or of its end. */
static void receive(client *client, wspair_event *events, size_t *count) {
  int32_t result;
  size_t used;
  if (!client->more) {
    ssize_t len = read_some(client);
    if (len < 0 && errno == EAGAIN) return;
    client->ended = len <= 0;
    if (len < 0) wspair_conn_transport_lost(client->conn, events, EVENTS, count);
    if (len == 0) wspair_conn_eof(client->conn, events, EVENTS, count);
    if (client->ended) return;
  }
  result = wspair_conn_receive(client->conn, client->buf + client->at, client->len - client->at,
                               events, EVENTS, count, &used);
  client->at += used;
  client->more = result == WSPAIR_MORE;
}

/* Writes what waits, then waits for bytes or a deadline: the events of either. 0 when the socket is
 * to be dropped.
 *
 * A server that does not read stops neither reading nor the clock, but nothing more is taken from it
 * once as much waits as is congestion. What the socket holds is read before the clock is looked at,
 * so that it is no silence of the server's; then the clock comes first, so that a flood does not
 * stop it. */
static int turn(client *client, wspair_event *events, size_t *count) {
  int is_written = write_all(client);
  uint32_t transport = wspair_conn_transport(client->conn);
  uint64_t due = wspair_conn_next_timeout(client->conn);
  int can = 0, reads;
  *count = 0;
  if (transport == WSPAIR_TRANSPORT_CLOSE) return 0;
  if (is_written && transport == WSPAIR_TRANSPORT_FINISH_WRITING && !client->shut) {
    client->shut = 1;
    shutdown(client->fd, SHUT_WR);
  }
  reads = !client->ended && !wspair_conn_is_congested(client->conn);
  if (reads && client->more) {
    can = POLLIN;
  } else {
    can = wait_for(client->fd, (reads ? POLLIN : 0) | (is_written ? 0 : POLLOUT), due);
  }
  if (can & POLLIN && !(client->has_read && due <= now_ns())) {
    client->has_read = 1;
    receive(client, events, count);
  } else {
    client->has_read = 0;
    if (due <= now_ns()) wspair_conn_timeout(client->conn, now_ns(), events, EVENTS, count);
  }
  return 1;
}

/* Queues a message. Where there is no room or memory for it the other side would miss it: then the
 * connection ends. Once that is closing nothing has to be done. */
static void say(wspair_conn *conn, uint32_t kind, const void *data, size_t len) {
  int32_t result = wspair_conn_send(conn, kind, data, len);
  if (result != WSPAIR_OK && result != WSPAIR_SEND_CLOSING) {
    wspair_conn_close(conn, 1011, (const uint8_t *)"a message was lost", 18);
  }
}

/* Sends each text when the one before it came back, then closes; whether that was clean. */
static int talk(client *client, const command *command) {
  wspair_event events[EVENTS];
  size_t next = 0, count, at;
  int clean = 0, may_send = 1;
  for (;;) {
    if (may_send && next < command->texts_len) {
      const char *text = command->texts[next++];
      say(client->conn, WSPAIR_KIND_TEXT, text, strlen(text));
    } else if (may_send) {
      wspair_conn_close(client->conn, 1000, NULL, 0);
    }
    may_send = 0;
    if (!turn(client, events, &count)) return clean;
    for (at = 0; at < count; at++) {
      if (events[at].type == WSPAIR_EVENT_TEXT) {
        printf("text: %.*s\n", (int)events[at].len, (const char *)events[at].data);
        may_send = 1;
      } else if (events[at].type == WSPAIR_EVENT_CLOSED) {
        clean = (events[at].flags & WSPAIR_FLAG_CLEAN) != 0;
        printf("closed: %u %s\n", events[at].code, clean ? "clean" : "lost");
      }
    }
  }
}

/* Echoes every message until the connection ends; the number in the first text that came. */
static long echo(const wspair_config *config, const command *command, const char *url) {
  static client client;
  wspair_event events[EVENTS];
  size_t count, at;
  long first = -1;
  if (open_client(&client, config, command, url)) {
    while (turn(&client, events, &count)) {
      for (at = 0; at < count; at++) {
        const wspair_event *event = &events[at];
        if (event->type != WSPAIR_EVENT_TEXT && event->type != WSPAIR_EVENT_BINARY) continue;
        if (first < 0 && event->len > 0 && event->len < 16) {
          char text[16] = {0};
          memcpy(text, event->data, event->len);
          first = strtol(text, NULL, 10);
        }
        say(client.conn, event->kind, event->data, event->len);
      }
    }
  }
  end_client(&client);
  return first;
}

/* Runs all cases of the Autobahn suite's fuzzing server, and has it write its reports. */
static int run_cases(const wspair_config *config, const command *command) {
  const char *url = command->rest[0], *agent = command->rest[1];
  char address[512];
  long count, at;
  snprintf(address, sizeof address, "%s/getCaseCount", url);
  count = echo(config, command, address);
  /* A case ends however it ends: breaking the protocol is the point of many. */
  for (at = 1; at <= count; at++) {
    snprintf(address, sizeof address, "%s/runCase?case=%ld&agent=%s", url, at, agent);
    echo(config, command, address);
  }
  snprintf(address, sizeof address, "%s/updateReports?agent=%s", url, agent);
  echo(config, command, address);
  return count >= 0;
}

int main(int argc, char **argv) {
  static client client;
  wspair_config *config = NULL;
  command command;
  int good = 0;
  (void)argc;
  signal(SIGPIPE, SIG_IGN);
  parse(&command, argv);
  command.options.max_outgoing = SIZE_MAX;
  if (wspair_config_new(&command.options, &config) != WSPAIR_OK) wrong("bad option", "");
  if (command.rest_len == 2) {
    good = run_cases(config, &command);
  } else if (command.rest_len == 1) {
    good = open_client(&client, config, &command, command.rest[0]) && talk(&client, &command);
    end_client(&client);
  } else {
    wrong("usage", "client URL --text TEXT ... | client URL AGENT");
  }
  wspair_config_free(config);
  return good ? 0 : 1;
}
