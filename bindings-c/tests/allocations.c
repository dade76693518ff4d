/* The steady state does not allocate: messages in and out, text and binary. What the queue needs
 * for more than some 8 KiB at once it gives back when it is empty: long messages are framed in
 * place. */

#include "check.h"

static unsigned long calls;
static int failing;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
int __real_posix_memalign(void **to, size_t alignment, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
int __wrap_posix_memalign(void **to, size_t alignment, size_t size);
void __wrap_free(void *old);

void *__wrap_malloc(size_t size) {
  calls++;
  return failing ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
  calls++;
  return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
  calls++;
  return __real_realloc(old, size);
}

int __wrap_posix_memalign(void **to, size_t alignment, size_t size) {
  calls++;
  return __real_posix_memalign(to, alignment, size);
}

void __wrap_free(void *old) {
  calls += old != NULL;
  __real_free(old);
}

/* One message each way, and a ping: the client sends, the server echoes, the client hears it. */
static void round_trip(wspair_conn *client, wspair_conn *server, uint32_t kind, size_t len) {
  static uint8_t message[4096], wire[4096 + 64];
  wspair_event event[4];
  size_t size, count, used;
  memset(message, 'm', len);
  GOOD(wspair_conn_send(client, kind, message, len));
  size = drain(client, wire, sizeof wire);
  GOOD(wspair_conn_receive(server, wire, size, event, 4, &count, &used));
  CHECK(count == 1 && event[0].len == len);
  GOOD(wspair_conn_send(server, event[0].kind, event[0].data, event[0].len));
  GOOD(wspair_conn_ping(server, NULL, 0));
  size = drain(server, wire, sizeof wire);
  GOOD(wspair_conn_receive(client, wire, size, event, 4, &count, &used));
  CHECK(count == 2 && event[0].len == len && used == size);
  size = drain(client, wire, sizeof wire);
  GOOD(wspair_conn_receive(server, wire, size, event, 4, &count, &used));
  CHECK(count == 1 && event[0].type == WSPAIR_EVENT_PONG);
}

/* The same without the queue, for messages of any length. */
static void in_place(wspair_conn *client, wspair_conn *server) {
  static uint8_t buf[14 + 200000];
  wspair_event event;
  size_t start, count, used;
  GOOD(wspair_conn_frame_in_place(client, WSPAIR_KIND_BINARY, buf, sizeof buf, 14, &start));
  CHECK(wspair_conn_receive(server, buf + start, sizeof buf - start, &event, 1, &count, &used) >= 0);
  CHECK(count == 1 && event.len == 200000 && event.data == buf + 14);
}

/* No memory for a handle is a result. */
static void without_memory(void) {
  wspair_options options;
  wspair_config *config;
  wspair_conn *conn = NULL;
  int32_t result;
  GOOD(wspair_options_init(&options, sizeof options));
  config = config_of(&options);
  failing = 1;
  result = wspair_conn_new_server(config, NULL, &conn);
  failing = 0;
  GIVES(WSPAIR_ERROR_MEMORY, result);
  CHECK(conn == NULL);
  wspair_config_free(config);
}

int main(void) {
  static const size_t sizes[] = {0, 16, 125, 126, 1024, 4096};
  wspair_conn *client = new_client(NULL, 1), *server = new_server(NULL);
  unsigned long before = calls;
  size_t size, round;
  CHECK(calls > 0);
  for (round = 0; round < 100; round++) {
    /* What the first rounds need is kept. */
    if (round == 3) before = calls;
    for (size = 0; size < sizeof sizes / sizeof sizes[0]; size++) {
      round_trip(client, server, WSPAIR_KIND_TEXT, sizes[size]);
      round_trip(client, server, WSPAIR_KIND_BINARY, sizes[size]);
    }
    in_place(client, server);
  }
  if (calls != before) {
    fprintf(stderr, "%lu calls of the allocator\n", calls - before);
    return 1;
  }
  wspair_conn_free(client);
  wspair_conn_free(server);
  without_memory();
  return 0;
}
