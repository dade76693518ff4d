/* WebSockets over HTTP/2 (RFC 8441) on libnghttp2: an echo on any number of streams of a session.
 *
 *     h2_nghttp2 --port 9001
 *
 * Without TLS, so for clients that know beforehand. SIGTERM and SIGINT close every WebSocket with
 * 1001, every session with GOAWAY. */

#include <nghttp2/nghttp2.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "echo.h"
#include "options.h"
#include "tcp.h"

enum { MAX_STREAMS = 256, STREAM_WINDOW = 256 << 10, SESSION_WINDOW = 8 << 20 };
enum { MAX_FIELDS = 100, MAX_HEAD = 16 << 10 };
enum { READ = 64 << 10, READY = 64, SWEEP_MS = 500, DATA = 16 << 10 };
static const uint64_t SECOND = 1000000000u;

typedef struct session session;

/* A request, and the WebSocket that came of it. */
typedef struct stream {
  echo echo;
  session *session;
  int32_t id;
  /* Of the request; each name is an allocation with the value behind it, both ended by a NUL. */
  wspair_field fields[MAX_FIELDS];
  size_t count, size;
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
  int epoll, listener, signals, stopping;
  uint64_t stop_by;
  const char *subprotocol;
  wspair_config *config;
  nghttp2_session_callbacks *callbacks;
  nghttp2_option *option;
  session *sessions;
} server;

static int is(const wspair_field *field, const char *name) {
  return field->name.len == strlen(name) && memcmp(field->name.data, name, field->name.len) == 0;
}

static const char *pseudo(const stream *stream, const char *name) {
  size_t at;
  for (at = 0; at < stream->count; at++) {
    if (is(&stream->fields[at], name)) return (const char *)stream->fields[at].value.data;
  }
  return NULL;
}

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
  const char *method = pseudo(stream, ":method");
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
  const char *method = pseudo(stream, ":method"), *path = pseudo(stream, ":path");
  wspair_server_handshake *handshake = NULL;
  wspair_field answer[15];
  wspair_slice body;
  uint16_t status;
  size_t count;
  if (pseudo(stream, ":protocol") == NULL) {
    elsewhere(stream);
    return;
  }
  if (wspair_server_handshake_from_fields(server->config, WSPAIR_BOOTSTRAP_EXTENDED_CONNECT,
                                          method ? method : "", path ? path : "", stream->fields,
                                          stream->count, &handshake) != WSPAIR_OK) {
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
  wspair_field *field;
  char *text;
  (void)flags, (void)user;
  /* Trailers say nothing. */
  if (stream == NULL || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  stream->size += name_len + value_len;
  if (stream->count == MAX_FIELDS || stream->size > MAX_HEAD)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  text = malloc(name_len + value_len + 2);
  if (text == NULL) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  memcpy(text, name, name_len);
  text[name_len] = '\0';
  memcpy(text + name_len + 1, value, value_len);
  text[name_len + 1 + value_len] = '\0';
  field = &stream->fields[stream->count++];
  field->name.data = (const uint8_t *)text;
  field->name.len = name_len;
  field->value.data = (const uint8_t *)text + name_len + 1;
  field->value.len = value_len;
  return 0;
}

static void drop_fields(stream *stream) {
  while (stream->count > 0) free((void *)(uintptr_t)stream->fields[--stream->count].name.data);
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
    drop_fields(stream);
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
  drop_fields(stream);
  *stream->link = stream->next;
  if (stream->next != NULL) stream->next->link = stream->link;
  free(stream);
  return 0;
}

static void drop(session *session) {
  server *server = session->server;
  struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
  while (session->streams != NULL) on_close(session->http, session->streams->id, 0, session);
  nghttp2_session_del(session->http);
  close(session->fd);
  *session->link = session->next;
  if (session->next != NULL) session->next->link = session->link;
  free(session);
  /* A descriptor is free again, which accepting may have run out of. */
  if (!server->stopping) epoll_ctl(server->epoll, EPOLL_CTL_MOD, server->listener, &event);
}

/* Writes what the session has, as far as the socket takes it. Drops a session that is over. */
static void settle(session *session) {
  uint32_t interest;
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
  interest = EPOLLIN | (session->unsent_len > 0 ? EPOLLOUT : 0);
  if (interest != session->interest) {
    struct epoll_event event = {interest, {.ptr = session}};
    session->interest = interest;
    epoll_ctl(session->server->epoll, EPOLL_CTL_MOD, session->fd, &event);
  }
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

static void on_connection(server *server) {
  static const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, MAX_STREAMS},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, MAX_HEAD},
  };
  for (;;) {
    struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
    session *session;
    int one = 1, fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      /* Out of descriptors: until one is free nothing is accepted. */
      event.events = errno == EMFILE || errno == ENFILE ? 0 : EPOLLIN;
      epoll_ctl(server->epoll, EPOLL_CTL_MOD, server->listener, &event);
      return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    session = calloc(1, sizeof *session);
    if (session == NULL || nghttp2_session_server_new2(&session->http, server->callbacks, session,
                                                       server->option) != 0) {
      free(session);
      close(fd);
      continue;
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
    event.events = session->interest = EPOLLIN;
    event.data.ptr = session;
    epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event);
    settle(session);
  }
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

/* Accepts no more, and says goodbye to everybody: GOAWAY when the WebSockets have ended. */
static void stop(server *server) {
  session *session, *next;
  stream *stream;
  if (server->stopping++) exit(1);
  server->stop_by = now_ns() + 5 * SECOND;
  close(server->listener);
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

static void sweep(server *server) {
  uint64_t now = now_ns();
  session *session, *next;
  for (session = server->sessions; session != NULL; session = next) {
    next = session->next;
    if (server->stopping && (session->streams == NULL || now > server->stop_by)) {
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
  static struct epoll_event ready[READY];
  struct epoll_event event = {EPOLLIN, {.ptr = NULL}};
  uint64_t swept = 0;
  sigset_t ending;
  command command;
  server server = {0};
  (void)argc;
  parse(&command, argv);
  /* A message is read only while less than a mark of echoes waits: so it always finds room. */
  command.options.max_outgoing = SIZE_MAX;
  if (wspair_config_new(&command.options, &server.config) != WSPAIR_OK) wrong("bad option", "");
  server.subprotocol = command.subprotocol;
  prepare(&server);

  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  sigprocmask(SIG_BLOCK, &ending, NULL);
  server.signals = signalfd(-1, &ending, SFD_CLOEXEC);
  server.epoll = epoll_create1(EPOLL_CLOEXEC);
  server.listener = listen_at(command.host, command.port);
  epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.listener, &event);
  event.data.ptr = &server;
  epoll_ctl(server.epoll, EPOLL_CTL_ADD, server.signals, &event);

  while (!server.stopping || server.sessions != NULL) {
    int at, count = epoll_wait(server.epoll, ready, READY, server.sessions ? SWEEP_MS : -1);
    for (at = 0; at < count; at++) {
      void *what = ready[at].data.ptr;
      if (what == NULL) {
        if (!server.stopping) on_connection(&server);
      } else if (what == &server) {
        struct signalfd_siginfo info;
        if (read(server.signals, &info, sizeof info) > 0) stop(&server);
        /* What else is ready may be gone. */
        break;
      } else {
        session *session = what;
        int reads = ready[at].events & (EPOLLIN | EPOLLERR | EPOLLHUP);
        if (!reads || on_readable(session)) settle(session);
      }
    }
    if (now_ns() - swept >= SWEEP_MS * 1000000u) {
      swept = now_ns();
      sweep(&server);
    }
  }
  nghttp2_session_callbacks_del(server.callbacks);
  nghttp2_option_del(server.option);
  wspair_config_free(server.config);
  close(server.signals);
  close(server.epoll);
  return 0;
}
