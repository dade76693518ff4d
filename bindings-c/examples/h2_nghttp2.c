/* WebSockets over HTTP/2 (RFC 8441) on libnghttp2: an echo on any number of streams of a session.
 *
 *     h2_nghttp2 --port 9001
 *
 * Without TLS, so for clients that know beforehand. SIGTERM and SIGINT close every WebSocket with
 * 1001, every session with GOAWAY. */

#include <nghttp2/nghttp2.h>

#include "echo.h"
#include "loop.h"
#include "options.h"
#include "request.h"

enum { MAX_STREAMS = 256, STREAM_WINDOW = 256 << 10, SESSION_WINDOW = 8 << 20 };
enum { READ = 64 << 10, DATA = 16 << 10 };
static const uint64_t SECOND = 1000000000u;

typedef struct session session;

/* A request, and the WebSocket that came of it. */
typedef struct stream {
  echo echo;
  session *session;
  int32_t id;
  request request;
  /* Bytes whose window the client has yet to get back. */
  size_t unread;
  /* What the answer has to say where it is no. */
  const uint8_t *body;
  size_t body_len;
  /* Our direction has ended; when the stream is reset, if the client's has not. */
  int finished;
  uint64_t leave_by;
  struct stream *next, **link;
} stream;

struct session {
  nghttp2_session *http;
  struct server *server;
  stream *streams;
  int fd;
  uint32_t interest;
  /* What the socket did not take yet. */
  const uint8_t *unsent;
  size_t unsent_len;
  uint64_t heard, asked;
  session *next, **link;
};

typedef struct server {
  loop loop;
  uint64_t stop_by;
  const char *subprotocol;
  wspair_config *config;
  nghttp2_session_callbacks *callbacks;
  nghttp2_option *option;
  session *sessions;
} server;

/* Gives the client its window back, once what it sent was taken; that of the session it has at
 * once, so that who is not read stops nobody else. */
static void give_back(stream *stream) {
  if (stream->echo.more || stream->unread == 0) return;
  nghttp2_session_consume_stream(stream->session->http, stream->id, stream->unread);
  stream->unread = 0;
}

/* Has nghttp2 ask for what there is to send. */
static void wake(stream *stream) {
  if (stream->echo.conn != NULL && !stream->finished)
    nghttp2_session_resume_data(stream->session->http, stream->id);
}

/* Called for the next DATA frame. */
static ssize_t on_data_wanted(nghttp2_session *http, int32_t id, uint8_t *buf, size_t len,
                              uint32_t *flags, nghttp2_data_source *source, void *user) {
  stream *stream = source->ptr;
  size_t written = 0, count;
  wspair_slice slice;
  (void)http, (void)id, (void)user;
  if (stream->echo.conn == NULL) {
    written = stream->body_len < len ? stream->body_len : len;
    memcpy(buf, stream->body, written);
    stream->body += written;
    stream->body_len -= written;
    if (stream->body_len == 0) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)written;
  }
  while (written < len) {
    count = echo_waiting(&stream->echo, &slice, 1);
    if (count == 0 && echo_may_go_on(&stream->echo)) {
      echo_go_on(&stream->echo);
      continue;
    }
    if (count == 0) break;
    if (slice.len > len - written) slice.len = len - written;
    memcpy(buf + written, slice.data, slice.len);
    echo_advance(&stream->echo, slice.len);
    written += slice.len;
  }
  give_back(stream);
  if (echo_transport(&stream->echo) != WSPAIR_TRANSPORT_OPEN &&
      echo_waiting(&stream->echo, &slice, 1) == 0) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    stream->finished = 1;
    stream->leave_by = now_ns() + 2 * SECOND;
  } else if (written == 0) {
    return NGHTTP2_ERR_DEFERRED;
  }
  return (ssize_t)written;
}

static nghttp2_nv field(const char *name, const uint8_t *value, size_t len) {
  nghttp2_nv nv = {(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), len,
                   NGHTTP2_NV_FLAG_NONE};
  return nv;
}

/* Sends an answer: what the handshake says, or a status of our own. */
static void respond(stream *stream, uint16_t status, const wspair_field *list, size_t count,
                    int has_data) {
  nghttp2_data_provider provider = {{.ptr = stream}, on_data_wanted};
  nghttp2_nv fields[16];
  char digits[6];
  size_t at, len = (size_t)snprintf(digits, sizeof digits, "%u", status);
  fields[0] = field(":status", (const uint8_t *)digits, len);
  for (at = 0; at < count && at < 15; at++) {
    /* nghttp2 only reads them. */
    fields[at + 1].name = (uint8_t *)(uintptr_t)list[at].name.data;
    fields[at + 1].namelen = list[at].name.len;
    fields[at + 1].value = (uint8_t *)(uintptr_t)list[at].value.data;
    fields[at + 1].valuelen = list[at].value.len;
    fields[at + 1].flags = NGHTTP2_NV_FLAG_NONE;
  }
  nghttp2_submit_response(stream->session->http, stream->id, fields, at + 1,
                          has_data ? &provider : NULL);
  /* A client that is told no has nothing more to say. */
  if (stream->echo.conn == NULL) stream->leave_by = now_ns() + 2 * SECOND;
}

/* Answers what asks for no WebSocket. A CONNECT without :protocol asks for a proxy. */
static void elsewhere(stream *stream) {
  static const char methods[] = "GET, HEAD, POST";
  const char *method = request_field(&stream->request, ":method");
  if (method != NULL && strcmp(method, "CONNECT") == 0) {
    wspair_field allow = {{(const uint8_t *)"allow", 5},
                          {(const uint8_t *)methods, sizeof methods - 1}};
    respond(stream, 405, &allow, 1, 0);
  } else {
    respond(stream, 404, NULL, 0, 0);
  }
}

/* All fields of a request have come. */
static void on_request(stream *stream, int end_stream) {
  server *server = stream->session->server;
  const char *method = request_field(&stream->request, ":method");
  const char *path = request_field(&stream->request, ":path");
  wspair_server_handshake *handshake = NULL;
  wspair_field answer[15];
  wspair_slice body;
  uint16_t status;
  size_t count;
  if (request_field(&stream->request, ":protocol") == NULL) {
    elsewhere(stream);
    return;
  }
  if (wspair_server_handshake_from_fields(server->config, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT,
                                          method ? method : "", path ? path : "",
                                          stream->request.fields, stream->request.count,
                                          &handshake) != WSPAIR_OK) {
    nghttp2_submit_rst_stream(stream->session->http, NGHTTP2_FLAG_NONE, stream->id,
                              NGHTTP2_INTERNAL_ERROR);
    return;
  }
  stream->echo.handshake = handshake;
  if (wspair_server_handshake_is_malformed(handshake)) {
    nghttp2_submit_rst_stream(stream->session->http, NGHTTP2_FLAG_NONE, stream->id,
                              NGHTTP2_PROTOCOL_ERROR);
    return;
  }
  if (end_stream) wspair_server_handshake_stream_ended(handshake);
  if (wspair_server_handshake_progress(handshake) == WSPAIR_PROGRESS_REQUEST)
    echo_accept(&stream->echo);
  if (wspair_server_handshake_answer(handshake, &status, answer, 15, &count, &body) != WSPAIR_OK)
    return;
  stream->body = body.data;
  stream->body_len = body.len;
  respond(stream, status, answer, count, stream->echo.conn != NULL || body.len > 0);
  if (stream->echo.conn == NULL) return;
  wspair_server_handshake_free(handshake);
  stream->echo.handshake = NULL;
}

static int on_begin_headers(nghttp2_session *http, const nghttp2_frame *frame, void *user) {
  session *session = user;
  stream *stream;
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  stream = calloc(1, sizeof *stream);
  if (stream == NULL) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  stream->session = session;
  stream->id = frame->hd.stream_id;
  stream->echo.on_message = echo_say;
  stream->echo.config = session->server->config;
  stream->echo.subprotocol = session->server->subprotocol;
  stream->next = session->streams;
  stream->link = &session->streams;
  if (stream->next != NULL) stream->next->link = &stream->next;
  session->streams = stream;
  nghttp2_session_set_stream_user_data(http, stream->id, stream);
  return 0;
}

static int on_header(nghttp2_session *http, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user) {
  stream *stream = nghttp2_session_get_stream_user_data(http, frame->hd.stream_id);
  (void)flags, (void)user;
  /* Trailers say nothing. */
  if (stream == NULL || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  if (!request_add(&stream->request, name, name_len, value, value_len))
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  return 0;
}

static int on_frame(nghttp2_session *http, const nghttp2_frame *frame, void *user) {
  session *session = user;
  stream *stream = nghttp2_session_get_stream_user_data(http, frame->hd.stream_id);
  int ended = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
  if (frame->hd.type == NGHTTP2_PING) session->asked = 0;
  if (stream == NULL || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
    return 0;
  if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    on_request(stream, ended != 0);
    request_end(&stream->request);
  } else if (ended && stream->echo.conn != NULL) {
    echo_eof(&stream->echo);
    wake(stream);
  }
  return 0;
}

static int on_data(nghttp2_session *http, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *user) {
  static uint8_t scratch[DATA];
  stream *stream = nghttp2_session_get_stream_user_data(http, id);
  uint8_t *held;
  (void)flags, (void)user;
  nghttp2_session_consume_connection(http, len);
  if (stream == NULL || stream->echo.conn == NULL) return 0;
  stream->unread += len;
  if (stream->echo.more) {
    /* What is held waits for the client to read; no more comes than its window. */
    held = realloc(stream->echo.held, stream->echo.held_len + len);
    if (held == NULL) return NGHTTP2_ERR_CALLBACK_FAILURE;
    memcpy(held + stream->echo.held_len, data, len);
    stream->echo.held = held;
    stream->echo.held_len += len;
  } else {
    /* Where they lie the bytes are nghttp2's, and unmasking would change them. A frame is no longer
     * than our settings allow, which is what they are unless said otherwise. */
    if (len > sizeof scratch) return NGHTTP2_ERR_CALLBACK_FAILURE;
    memcpy(scratch, data, len);
    echo_receive(&stream->echo, scratch, len);
    give_back(stream);
  }
  wake(stream);
  return 0;
}

/* A stream is over: both directions have ended, or it was reset, or its session is gone. */
static int on_close(nghttp2_session *http, int32_t id, uint32_t code, void *user) {
  stream *stream = nghttp2_session_get_stream_user_data(http, id);
  (void)code, (void)user;
  if (stream == NULL) return 0;
  nghttp2_session_set_stream_user_data(http, id, NULL);
  echo_end(&stream->echo);
  request_end(&stream->request);
  *stream->link = stream->next;
  if (stream->next != NULL) stream->next->link = stream->link;
  free(stream);
  return 0;
}

static void drop(session *session) {
  while (session->streams != NULL) on_close(session->http, session->streams->id, 0, session);
  nghttp2_session_del(session->http);
  loop_forget(&session->server->loop, session->fd);
  *session->link = session->next;
  if (session->next != NULL) session->next->link = session->link;
  free(session);
}

/* Writes what the session has, as far as the socket takes it. Drops a session that is over. */
static void settle(session *session) {
  for (;;) {
    ssize_t len;
    if (session->unsent_len == 0) {
      len = nghttp2_session_mem_send(session->http, &session->unsent);
      if (len < 0) break;
      session->unsent_len = (size_t)len;
      if (len == 0) break;
    }
    len = send(session->fd, session->unsent, session->unsent_len, MSG_NOSIGNAL);
    if (len < 0 && errno == EINTR) continue;
    if (len < 0 && errno == EAGAIN) break;
    if (len < 0) {
      drop(session);
      return;
    }
    session->unsent += len;
    session->unsent_len -= (size_t)len;
  }
  if (session->unsent_len == 0 && !nghttp2_session_want_read(session->http) &&
      !nghttp2_session_want_write(session->http)) {
    drop(session);
    return;
  }
  loop_want(&session->server->loop, session->fd, session, &session->interest,
            EPOLLIN | (session->unsent_len > 0 ? EPOLLOUT : 0));
}

/* 0 when the session is over, and dropped. */
static int on_readable(session *session) {
  static uint8_t buf[READ];
  ssize_t len = read(session->fd, buf, sizeof buf);
  if (len < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
  session->heard = now_ns();
  if (len > 0 && nghttp2_session_mem_recv(session->http, buf, (size_t)len) >= 0) return 1;
  drop(session);
  return 0;
}

static void on_ready(void *at, void *socket, uint32_t events) {
  session *session = socket;
  (void)at;
  if (!(events & (EPOLLIN | EPOLLERR | EPOLLHUP)) || on_readable(session)) settle(session);
}

static void on_connection(void *at, int fd) {
  static const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MAX_STREAMS},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, MAX_HEAD},
  };
  server *server = at;
  session *session = calloc(1, sizeof *session);
  if (session == NULL || nghttp2_session_server_new2(&session->http, server->callbacks, session,
                                                     server->option) != 0) {
    free(session);
    close(fd);
    return;
  }
  session->server = server;
  session->fd = fd;
  session->heard = now_ns();
  nghttp2_submit_settings(session->http, NGHTTP2_FLAG_NONE, settings,
                          sizeof settings / sizeof *settings);
  nghttp2_session_set_local_window_size(session->http, NGHTTP2_FLAG_NONE, 0, SESSION_WINDOW);
  session->next = server->sessions;
  session->link = &server->sessions;
  if (session->next != NULL) session->next->link = &session->next;
  server->sessions = session;
  session->interest = EPOLLIN;
  loop_watch(&server->loop, fd, session);
  settle(session);
}

/* Tells the WebSockets of a session the time, and asks a silent peer whether it is there: without
 * it all of them are gone. */
static void tell_time(session *session, uint64_t now) {
  stream *stream;
  for (stream = session->streams; stream != NULL; stream = stream->next) {
    uint32_t code = NGHTTP2_CANCEL;
    int over = 0;
    if (stream->leave_by != 0 && stream->leave_by <= now) {
      over = 1;
      code = NGHTTP2_NO_ERROR;
    } else if (stream->echo.conn != NULL && !stream->finished) {
      over = echo_timeout(&stream->echo, now) == OUT_OF_TIME;
      wake(stream);
    }
    if (over) nghttp2_submit_rst_stream(session->http, NGHTTP2_FLAG_NONE, stream->id, code);
  }
  if (session->asked != 0 && now - session->asked > 20 * SECOND) {
    drop(session);
    return;
  }
  if (session->asked == 0 && now - session->heard > 30 * SECOND) {
    session->asked = now;
    nghttp2_submit_ping(session->http, NGHTTP2_FLAG_NONE, NULL);
  }
  settle(session);
}

/* Says goodbye to everybody: GOAWAY when the WebSockets have ended. */
static void on_stop(void *at) {
  server *server = at;
  session *session, *next;
  stream *stream;
  server->stop_by = now_ns() + 5 * SECOND;
  for (session = server->sessions; session != NULL; session = next) {
    next = session->next;
    for (stream = session->streams; stream != NULL; stream = stream->next) {
      if (echo_goodbye(&stream->echo)) wake(stream);
    }
    nghttp2_submit_goaway(session->http, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(session->http), NGHTTP2_NO_ERROR,
                          NULL, 0);
    settle(session);
  }
}

static void on_sweep(void *at, uint64_t now) {
  server *server = at;
  session *session, *next;
  for (session = server->sessions; session != NULL; session = next) {
    next = session->next;
    if (server->loop.stopping && (session->streams == NULL || now > server->stop_by)) {
      drop(session);
    } else {
      tell_time(session, now);
    }
  }
}

static void prepare(server *server) {
  nghttp2_session_callbacks_new(&server->callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(server->callbacks, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(server->callbacks, on_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(server->callbacks, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(server->callbacks, on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(server->callbacks, on_close);
  nghttp2_option_new(&server->option);
  /* Windows are given back by hand: see give_back. */
  nghttp2_option_set_no_auto_window_update(server->option, 1);
}

int main(int argc, char **argv) {
  static const loop_calls calls = {on_connection, on_ready, on_sweep, on_stop};
  command command;
  server server = {0};
  (void)argc;
  parse(&command, argv);
  /* A message is read only while less than a mark of echoes waits: so it always finds room. */
  command.options.max_outgoing = SIZE_MAX;
  if (wspair_config_new(&command.options, &server.config) != WSPAIR_OK) wrong("bad option", "");
  server.subprotocol = command.subprotocol;
  prepare(&server);
  loop_begin(&server.loop, command.host, command.port);
  loop_run(&server.loop, &calls, &server);
  nghttp2_session_callbacks_del(server.callbacks);
  nghttp2_option_del(server.option);
  wspair_config_free(server.config);
  return 0;
}
