/* Stands between a program and libuv, as a system would that takes its time: what uv_write is given
 * is written 50 ms later, from where it lies. Linked with -Wl,--wrap=uv_write,--wrap=uv_close. */

#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { LATER_MS = 50 };

typedef struct late {
  uv_timer_t timer;
  uv_write_t *request;
  uv_stream_t *stream;
  uv_write_cb callback;
  struct late *next, **link;
  unsigned count;
  uv_buf_t parts[];
} late;

static late *waiting;

int __real_uv_write(uv_write_t *, uv_stream_t *, const uv_buf_t *, unsigned, uv_write_cb);
int __wrap_uv_write(uv_write_t *, uv_stream_t *, const uv_buf_t *, unsigned, uv_write_cb);
void __real_uv_close(uv_handle_t *, uv_close_cb);
void __wrap_uv_close(uv_handle_t *, uv_close_cb);

static void on_closed(uv_handle_t *handle) { free(handle->data); }

static void forget(late *late) {
  *late->link = late->next;
  if (late->next != NULL) late->next->link = late->link;
  __real_uv_close((uv_handle_t *)&late->timer, on_closed);
}

static void write_now(uv_timer_t *timer) {
  late *late = timer->data;
  int error =
      __real_uv_write(late->request, late->stream, late->parts, late->count, late->callback);
  if (error < 0) late->callback(late->request, error);
  forget(late);
}

int __wrap_uv_write(uv_write_t *request, uv_stream_t *stream, const uv_buf_t *parts, unsigned count,
                    uv_write_cb callback) {
  late *late = malloc(sizeof *late + count * sizeof *parts);
  if (late == NULL) return UV_ENOMEM;
  late->request = request;
  late->stream = stream;
  late->callback = callback;
  late->count = count;
  /* Where the bytes are is kept, not the bytes. */
  memcpy(late->parts, parts, count * sizeof *parts);
  late->next = waiting;
  late->link = &waiting;
  if (waiting != NULL) waiting->link = &late->next;
  waiting = late;
  uv_timer_init(stream->loop, &late->timer);
  late->timer.data = late;
  return uv_timer_start(&late->timer, write_now, LATER_MS, 0);
}

/* A stream that is closed calls back for the writes under way, and then for itself. */
void __wrap_uv_close(uv_handle_t *handle, uv_close_cb callback) {
  late *one, *next;
  __real_uv_close(handle, callback);
  for (one = waiting; one != NULL; one = next) {
    next = one->next;
    if ((uv_handle_t *)one->stream != handle) continue;
    one->callback(one->request, UV_ECANCELED);
    forget(one);
  }
}
