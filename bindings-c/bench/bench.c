/* The library beside wslay, on the same bytes.
 *
 *     bench                         a table of nanoseconds of CPU a message, and ratios
 *     bench CASE WHO SIZE COUNT     only that, to count instructions
 *
 * receive: messages come by reads of 64 KiB, copied from a template as a socket would write them,
 * and each is at hand in one piece in the end. wslay reads by its frame interface, and texts, which
 * have to be checked, by its event interface. frame: the message lies where it is framed; wslay has
 * no such way, its callback puts the frame together. queue: through the queue of each. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wslay/wslay.h>
#include <wspair.h>

enum { READ = 64 << 10, ROUNDS = 7 };

static uint8_t input[READ + 64], frames[(1 << 20) + READ], payload[1 << 20], out[(1 << 20) + 64];
static size_t frames_len, message_len;
static uint64_t seen;

static void must(int good, const char *what) {
  if (!good) {
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
  }
}

/* As many frames as fit one read, or one that takes several. */
static void make_frames(int opcode, int masked, size_t size) {
  wspair_frame frame = {size, (uint8_t)opcode, 1, 0, (uint8_t)masked, {0x37, 0xfa, 0x21, 0x3d}};
  size_t head;
  message_len = size;
  frames_len = 0;
  memset(payload, 'x', sizeof payload);
  do {
    must(wspair_frame_encode(&frame, frames + frames_len, &head) == WSPAIR_OK, "encode");
    frames_len += head;
    memcpy(frames + frames_len, payload, size);
    if (masked) wspair_mask(frames + frames_len, size, frame.mask, 0);
    frames_len += size;
  } while (frames_len + size + 14 <= READ);
}

/* Small copies: long ones are single instructions that callgrind counts by the byte. */
static void fill_input(const uint8_t *from, size_t len) {
  size_t at;
  for (at = 0; at < len; at += 1024) {
    memcpy(input + at, from + at, len - at < 1024 ? len - at : 1024);
  }
}

/* wspair */

static wspair_conn *ours(int server) {
  static const uint8_t seed[32] = {1};
  wspair_conn *conn = NULL;
  must((server ? wspair_conn_new_server(NULL, NULL, &conn)
               : wspair_conn_new_client(NULL, NULL, seed, &conn)) == WSPAIR_OK,
       "new");
  return conn;
}

static void receive_ours(wspair_conn *conn, uint64_t count) {
  static wspair_event events[512];
  uint64_t end = seen + count;
  while (seen < end) {
    size_t from = 0;
    while (from < frames_len) {
      size_t len = frames_len - from < READ ? frames_len - from : READ, at = 0, got, used, event;
      int32_t result;
      fill_input(frames + from, len);
      do {
        result = wspair_conn_receive(conn, input + at, len - at, events, 512, &got, &used);
        at += used;
        for (event = 0; event < got; event++) seen += events[event].len == message_len;
      } while (result == WSPAIR_MORE);
      from += len;
    }
  }
}

static void frame_ours(wspair_conn *conn, size_t size, uint64_t count) {
  size_t start;
  while (count-- > 0) {
    must(wspair_conn_frame_in_place(conn, WSPAIR_KIND_BINARY, out, 14 + size, 14, &start) ==
             WSPAIR_OK,
         "frame");
  }
}

static void queue_ours(wspair_conn *conn, size_t size, uint64_t count) {
  wspair_slice slices[16];
  while (count-- > 0) {
    size_t shown, at, len = 0;
    must(wspair_conn_send(conn, WSPAIR_KIND_BINARY, payload, size) == WSPAIR_OK, "send");
    wspair_conn_transmit(conn, slices, 16, &shown);
    for (at = 0; at < shown; at++) {
      memcpy(out + len, slices[at].data, slices[at].len);
      len += slices[at].len;
    }
    wspair_conn_advance(conn, len);
  }
}

static void header_ours(wspair_conn *conn, size_t size, uint64_t count) {
  uint8_t header[14];
  size_t len;
  while (count-- > 0) {
    must(wspair_conn_frame_beside(conn, WSPAIR_KIND_BINARY, size, header, &len) == WSPAIR_OK,
         "header");
  }
}

/* wslay */

static size_t given, written;

static ssize_t give(uint8_t *to, size_t len) {
  size_t left = frames_len - given;
  if (left == 0) return -1;
  if (len > left) len = left;
  memcpy(to, frames + given, len);
  given += len;
  return (ssize_t)len;
}

static ssize_t frame_give(uint8_t *to, size_t len, int flags, void *user) {
  (void)flags, (void)user;
  return give(to, len);
}

static ssize_t event_give(wslay_event_context_ptr ctx, uint8_t *to, size_t len, int flags,
                          void *user) {
  ssize_t got = give(to, len);
  (void)flags, (void)user;
  if (got < 0) wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
  return got;
}

static ssize_t frame_take(const uint8_t *data, size_t len, int flags, void *user) {
  (void)flags, (void)user;
  memcpy(out + written, data, len);
  written += len;
  return (ssize_t)len;
}

static ssize_t event_take(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags,
                          void *user) {
  (void)ctx;
  return frame_take(data, len, flags, user);
}

static int frame_mask(uint8_t *key, size_t len, void *user) {
  static uint32_t number = 1;
  (void)user;
  number = number * 1664525u + 1013904223u;
  memcpy(key, &number, len);
  return 0;
}

static int event_mask(wslay_event_context_ptr ctx, uint8_t *key, size_t len, void *user) {
  (void)ctx;
  return frame_mask(key, len, user);
}

static void on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *arg,
                       void *user) {
  (void)ctx, (void)user;
  seen += arg->msg_length == message_len;
}

static wslay_frame_context_ptr theirs_frames(void) {
  struct wslay_frame_callbacks calls = {frame_take, frame_give, frame_mask};
  wslay_frame_context_ptr ctx;
  must(wslay_frame_context_init(&ctx, &calls, NULL) == 0, "wslay");
  return ctx;
}

static wslay_event_context_ptr theirs_events(int server) {
  struct wslay_event_callbacks calls = {event_give, event_take, event_mask, NULL,
                                        NULL,       NULL,       on_message};
  wslay_event_context_ptr ctx;
  must((server ? wslay_event_context_server_init(&ctx, &calls, NULL)
               : wslay_event_context_client_init(&ctx, &calls, NULL)) == 0,
       "wslay");
  return ctx;
}

static void receive_frames(wslay_frame_context_ptr ctx, uint64_t count) {
  uint64_t end = seen + count;
  struct wslay_frame_iocb frame;
  while (seen < end) {
    size_t had = 0;
    given = 0;
    for (;;) {
      ssize_t got;
      memset(&frame, 0, sizeof frame);
      got = wslay_frame_recv(ctx, &frame);
      if (got < 0) break;
      /* A message that comes in pieces is put together. */
      if ((uint64_t)got < frame.payload_length) memcpy(out + had, frame.data, (size_t)got);
      had += (size_t)got;
      if (had == frame.payload_length) {
        seen++;
        had = 0;
      }
    }
  }
}

static void receive_events(wslay_event_context_ptr ctx, uint64_t count) {
  uint64_t end = seen + count;
  while (seen < end) {
    given = 0;
    must(wslay_event_recv(ctx) == 0, "wslay_event_recv");
  }
}

static void frame_theirs(wslay_frame_context_ptr ctx, int masked, size_t size, uint64_t count) {
  while (count-- > 0) {
    struct wslay_frame_iocb frame = {0};
    written = 0;
    frame.fin = 1;
    frame.opcode = WSLAY_BINARY_FRAME;
    frame.mask = (uint8_t)masked;
    frame.payload_length = size;
    frame.data = payload;
    frame.data_length = size;
    while (frame.data_length > 0 || frame.payload_length == 0) {
      ssize_t sent = wslay_frame_send(ctx, &frame);
      must(sent >= 0, "wslay_frame_send");
      frame.data += sent;
      frame.data_length -= (size_t)sent;
      if (frame.payload_length == 0) break;
    }
  }
}

static void queue_theirs(wslay_event_context_ptr ctx, size_t size, uint64_t count) {
  while (count-- > 0) {
    struct wslay_event_msg message = {WSLAY_BINARY_FRAME, payload, size};
    written = 0;
    must(wslay_event_queue_msg(ctx, &message) == 0 && wslay_event_send(ctx) == 0, "wslay send");
  }
}

/* What is compared. */

typedef struct bench {
  const char *name;
  int opcode, masked, events;
  char what; /* receive, frame into the caller's buffer, queue, header only */
  double goals[6];
} bench;

static const size_t sizes[] = {16, 125, 1024, 16384, 65536, 1048576};

static const bench benches[] = {
    {"receive-binary", 2, 1, 0, 'r', {0.35, 0.15, 0.08, 0.08, 0.08, 0.08}},
    {"receive-text", 1, 1, 1, 'r', {0.12, 0, 0.04, 0.04, 0.04, 0.04}},
    {"receive-unmasked", 2, 0, 0, 'r', {0.40, 0.40, 0.40, 0, 0.80, 0.80}},
    {"frame", 2, 0, 0, 'f', {0.30, 0.30, 0.30, 0.30, 0.60, 0}},
    {"frame-masked", 2, 1, 0, 'f', {0.20, 0.20, 0.10, 0.10, 0.10, 0.10}},
    {"queue", 2, 0, 1, 'q', {0}},
    {"queue-masked", 2, 1, 1, 'q', {0}},
    {"header", 2, 0, 0, 'h', {0}},
};

/* CPU time of `count` messages, in nanoseconds. */
static double run(const bench *bench, int theirs, size_t size, uint64_t count) {
  /* A server takes what is masked, and a client sends it. */
  int server = bench->what == 'r' ? bench->masked : !bench->masked;
  wslay_frame_context_ptr frames_ctx = theirs_frames();
  wslay_event_context_ptr events_ctx = theirs_events(server);
  wspair_conn *conn = ours(server);
  struct timespec from, to;
  if (bench->what == 'r') make_frames(bench->opcode, bench->masked, size);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
  if (!theirs) {
    if (bench->what == 'r') receive_ours(conn, count);
    if (bench->what == 'f') frame_ours(conn, size, count);
    if (bench->what == 'q') queue_ours(conn, size, count);
    if (bench->what == 'h') header_ours(conn, size, count);
  } else if (bench->what == 'r') {
    if (bench->events) receive_events(events_ctx, count);
    if (!bench->events) receive_frames(frames_ctx, count);
  } else if (bench->what == 'f') {
    frame_theirs(frames_ctx, bench->masked, size, count);
  } else if (bench->what == 'q') {
    queue_theirs(events_ctx, size, count);
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
  wslay_frame_context_free(frames_ctx);
  wslay_event_context_free(events_ctx);
  wspair_conn_free(conn);
  return (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
}

static int by_size(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return difference < 0 ? -1 : difference > 0;
}

static void table(void) {
  size_t row, at, round;
  printf("%-18s %9s %10s %10s %7s %7s\n", "", "bytes", "wspair ns", "wslay ns", "ratio", "goal");
  for (row = 0; row < sizeof benches / sizeof benches[0]; row++) {
    const bench *bench = &benches[row];
    for (at = 0; at < 6; at++) {
      size_t size = sizes[at];
      uint64_t count = (4u << 20) / (size + 80) + 8;
      if (bench->what == 'h') count = 40000;
      double us[ROUNDS], them[ROUNDS], ratio[ROUNDS];
      for (round = 0; round < ROUNDS; round++) {
        us[round] = run(bench, 0, size, count) / (double)count;
        them[round] = bench->what == 'h' ? 0 : run(bench, 1, size, count) / (double)count;
        ratio[round] = bench->what == 'h' ? 0 : us[round] / them[round];
      }
      qsort(us, ROUNDS, sizeof us[0], by_size);
      qsort(them, ROUNDS, sizeof us[0], by_size);
      qsort(ratio, ROUNDS, sizeof us[0], by_size);
      if (bench->what == 'h') {
        printf("%-18s %9zu %10.1f\n", bench->name, size, us[ROUNDS / 2]);
        continue;
      }
      printf("%-18s %9zu %10.1f %10.1f %7.3f", bench->name, size, us[ROUNDS / 2], them[ROUNDS / 2],
             ratio[ROUNDS / 2]);
      if (bench->goals[at] > 0) {
        printf(" %7.2f%s", bench->goals[at], ratio[ROUNDS / 2] > bench->goals[at] ? " missed" : "");
      }
      printf("\n");
    }
  }
}

int main(int argc, char **argv) {
  size_t row;
  if (argc != 5) {
    table();
    return 0;
  }
  for (row = 0; row < sizeof benches / sizeof benches[0]; row++) {
    if (strcmp(benches[row].name, argv[1]) == 0) {
      run(&benches[row], strcmp(argv[2], "wslay") == 0, (size_t)atol(argv[3]),
          (uint64_t)atol(argv[4]));
      return 0;
    }
  }
  fprintf(stderr, "bench: no such case: %s\n", argv[1]);
  return 2;
}
