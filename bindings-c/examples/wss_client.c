/* A client over TLS: OpenSSL with memory BIOs, so that neither it nor the engine touches the socket.
 *
 *     wss_client wss://localhost:9443/ --ca ca.pem --text hello --text bye
 *
 * Bytes go from the socket to OpenSSL, from there, in clear, to the engine, and back by the same way.
 * --ca names a file of certificates to trust; without it those of the system are trusted. */

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/random.h>

#include "options.h"
#include "tcp.h"

/* How much may wait in clear or encrypted, so that what the server does not read stays the engine's to
 * count. */
enum { CHUNK = 16 << 10, EVENTS = 64 };

typedef struct client {
  int fd;
  SSL *ssl;
  /* What comes from the socket, and what goes there. */
  BIO *in, *out;
  char encrypted[CHUNK];
  size_t at, len;
  wspair_client_handshake *handshake;
  wspair_conn *conn;
  wspair_config *config;
  /* The server's direction has ended, and ours. */
  int ended, shut;
  const command *command;
  size_t next_text;
  int clean;
} client;

static void tls_fail(const char *what) {
  fprintf(stderr, "%s: ", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

static SSL_CTX *tls_context(const char *ca) {
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  if (context == NULL) tls_fail("TLS");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  /* Of what waits as much is taken as fits. */
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
  if (ca != NULL ? !SSL_CTX_load_verify_locations(context, ca, NULL)
                 : !SSL_CTX_set_default_verify_paths(context)) {
    tls_fail("certificates");
  }
  return context;
}

/* A name goes out in clear, so that the server finds its certificate, which has to be for it. */
static void tls_begin(client *client, SSL_CTX *context, const char *host) {
  client->ssl = SSL_new(context);
  client->in = BIO_new(BIO_s_mem());
  client->out = BIO_new(BIO_s_mem());
  if (client->ssl == NULL || client->in == NULL || client->out == NULL) tls_fail("TLS");
  SSL_set_bio(client->ssl, client->in, client->out);
  SSL_set_connect_state(client->ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(client->ssl), host)) return;
  if (!SSL_set_tlsext_host_name(client->ssl, host) || !SSL_set1_host(client->ssl, host)) {
    tls_fail(host);
  }
}

/* Sends the next text, or closes behind the last. */
static void say(client *client) {
  int32_t result;
  if (client->next_text < client->command->texts_len) {
    const char *text = client->command->texts[client->next_text++];
    result = wspair_conn_send(client->conn, WSPAIR_KIND_TEXT, (const uint8_t *)text, strlen(text));
  } else {
    result = wspair_conn_close(client->conn, 1000, NULL, 0);
  }
  if (result != WSPAIR_OK && result != WSPAIR_SEND_CLOSING) {
    wrong("send", wspair_strerror(result));
  }
}

static void hear(client *client, const wspair_event *events, size_t count) {
  size_t at;
  for (at = 0; at < count; at++) {
    if (events[at].type == WSPAIR_EVENT_TEXT) {
      printf("text: %.*s\n", (int)events[at].len, (const char *)events[at].data);
      say(client);
    } else if (events[at].type == WSPAIR_EVENT_CLOSED) {
      client->clean = (events[at].flags & WSPAIR_FLAG_CLEAN) != 0;
      printf("closed: %u %s\n", events[at].code, wspair_result_name(events[at].error));
    }
  }
}

/* The connection follows as soon as the answer says yes. */
static void open_connection(client *client) {
  wspair_agreed agreed;
  uint8_t seed[32];
  wspair_client_handshake_agreed(client->handshake, &agreed);
  if (getrandom(seed, sizeof seed, 0) != (ssize_t)sizeof seed ||
      wspair_conn_new_client(client->config, &agreed, seed, &client->conn) != WSPAIR_OK) {
    wrong("no connection", "");
  }
  wspair_client_handshake_free(client->handshake);
  client->handshake = NULL;
  say(client);
}

/* Takes what came, in clear. */
static void take(client *client, uint8_t *input, size_t len) {
  wspair_event events[EVENTS];
  size_t at = 0, used, count;
  int32_t result = WSPAIR_OK;
  if (client->conn == NULL) {
    wspair_client_handshake_receive(client->handshake, input, len, &at);
    if (wspair_client_handshake_progress(client->handshake) != WSPAIR_PROGRESS_OPEN) return;
    open_connection(client);
  }
  do {
    result = wspair_conn_receive(client->conn, input + at, len - at, events, EVENTS, &count, &used);
    at += used;
    hear(client, events, count);
  } while (result == WSPAIR_MORE);
}

static void end_input(client *client) {
  wspair_event events[EVENTS];
  size_t count;
  client->ended = 1;
  if (client->conn == NULL) {
    wspair_client_handshake_eof(client->handshake);
  } else {
    wspair_conn_eof(client->conn, events, EVENTS, &count);
    hear(client, events, count);
  }
}

/* Writes encrypted bytes as far as the socket takes them; whether all are written. */
static int write_some(client *client) {
  for (;;) {
    ssize_t written;
    if (client->at == client->len) {
      int len = BIO_read(client->out, client->encrypted, sizeof client->encrypted);
      if (len <= 0) return 1;
      client->at = 0;
      client->len = (size_t)len;
    }
    written = write(client->fd, client->encrypted + client->at, client->len - client->at);
    if (written < 0 && errno == EAGAIN) return 0;
    /* A socket that is broken takes everything: reading tells what became of it. */
    client->at = written < 0 ? client->len : client->at + (size_t)written;
  }
}

/* Decrypts what came from the socket. */
static void decrypt(client *client) {
  static uint8_t input[CHUNK];
  size_t len;
  while (!client->ended) {
    if (SSL_read_ex(client->ssl, input, sizeof input, &len)) {
      take(client, input, len);
      continue;
    }
    switch (SSL_get_error(client->ssl, 0)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE: return;
      case SSL_ERROR_ZERO_RETURN: end_input(client); return;
      default:
        /* The server is told why. */
        write_some(client);
        tls_fail("TLS");
    }
  }
}

static wspair_slice waiting(client *client) {
  wspair_slice slice = {NULL, 0};
  size_t count;
  if (client->conn == NULL) {
    wspair_client_handshake_output(client->handshake, &slice);
  } else {
    wspair_conn_transmit(client->conn, &slice, 1, &count);
    if (count == 0) slice.len = 0;
  }
  return slice;
}

/* Encrypts what waits, up to a chunk; behind the last of it, when the engine is done with writing, the
 * end. Whether to go on once the chunk is written. */
static int encrypt(client *client) {
  wspair_slice slice;
  size_t len;
  while (BIO_pending(client->out) < CHUNK && (slice = waiting(client)).len > 0) {
    /* OpenSSL wants the same bytes again when it could not take them: here they stay. */
    if (!SSL_write_ex(client->ssl, slice.data, slice.len, &len)) return 0;
    if (client->conn == NULL) {
      wspair_client_handshake_advance(client->handshake, len);
    } else {
      wspair_conn_advance(client->conn, len);
    }
  }
  if (waiting(client).len > 0) return 1;
  if (!client->shut && client->conn != NULL &&
      wspair_conn_transport(client->conn) != WSPAIR_TRANSPORT_OPEN) {
    client->shut = 1;
    SSL_shutdown(client->ssl);
  }
  return 0;
}

static void read_some(client *client) {
  char input[CHUNK];
  ssize_t len = read(client->fd, input, sizeof input);
  if (len > 0) {
    BIO_write(client->in, input, (int)len);
    decrypt(client);
  } else if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
    /* Without the end that TLS has: the WebSocket has one of its own to tell a cut by. */
    end_input(client);
  }
}

static uint64_t next_timeout(const client *client) {
  return client->conn != NULL ? wspair_conn_next_timeout(client->conn)
                              : wspair_client_handshake_next_timeout(client->handshake);
}

static void tell_time(client *client) {
  wspair_event events[EVENTS];
  size_t count;
  if (client->conn == NULL) {
    wspair_client_handshake_timeout(client->handshake, now_ns());
  } else {
    wspair_conn_timeout(client->conn, now_ns(), events, EVENTS, &count);
    hear(client, events, count);
  }
}

/* Whether there is something to go on for. */
static int goes_on(const client *client) {
  return client->conn != NULL
             ? wspair_conn_transport(client->conn) != WSPAIR_TRANSPORT_CLOSE
             : wspair_client_handshake_progress(client->handshake) == WSPAIR_PROGRESS_NEED_MORE;
}

static int write_all(client *client) {
  int more, is_written;
  do {
    more = encrypt(client);
    is_written = write_some(client);
  } while (more && is_written);
  return is_written;
}

static void run(client *client) {
  while (goes_on(client)) {
    int is_written, can;
    SSL_do_handshake(client->ssl);
    is_written = write_all(client);
    if (!goes_on(client)) break;
    can = wait_for(client->fd, (client->ended ? 0 : POLLIN) | (is_written ? 0 : POLLOUT),
                   next_timeout(client));
    if (can & POLLIN) read_some(client);
    if (next_timeout(client) <= now_ns()) tell_time(client);
  }
  write_all(client);
}

int main(int argc, char **argv) {
  static client client;
  SSL_CTX *context;
  command command;
  wspair_request request;
  wspair_slice host;
  uint16_t port;
  uint32_t secure;
  int32_t result;
  char name[256], number_of_port[8];
  (void)argc;
  signal(SIGPIPE, SIG_IGN);
  parse(&command, argv);
  if (command.rest_len != 1) wrong("usage", "wss_client URL [--ca FILE] --text TEXT ...");
  client.command = &command;
  wspair_request_init(&request, sizeof request, command.rest[0]);
  if (getrandom(request.nonce, sizeof request.nonce, 0) != (ssize_t)sizeof request.nonce) {
    fail("getrandom");
  }
  if (wspair_config_new(&command.options, &client.config) != WSPAIR_OK) wrong("bad option", "");
  result = wspair_client_handshake_new(client.config, &request, &client.handshake);
  if (result != WSPAIR_OK) wrong(command.rest[0], wspair_strerror(result));
  wspair_client_handshake_address(client.handshake, &host, &port, &secure);
  if (!secure || host.len >= sizeof name) wrong("not a wss address", command.rest[0]);
  memcpy(name, host.data, host.len);
  name[host.len] = '\0';
  snprintf(number_of_port, sizeof number_of_port, "%u", port);

  context = tls_context(command.ca);
  tls_begin(&client, context, name);
  wspair_client_handshake_timeout(client.handshake, now_ns());
  client.fd =
      connect_to(name, number_of_port, wspair_client_handshake_next_timeout(client.handshake));
  if (client.fd < 0) fail(command.rest[0]);
  run(&client);
  if (client.conn == NULL) {
    result = wspair_client_handshake_error(client.handshake);
    fprintf(stderr, "%s: %s\n", command.rest[0], wspair_strerror(result));
  }
  close(client.fd);
  wspair_client_handshake_free(client.handshake);
  wspair_conn_free(client.conn);
  wspair_config_free(client.config);
  SSL_free(client.ssl);
  SSL_CTX_free(context);
  return client.clean ? 0 : 1;
}
