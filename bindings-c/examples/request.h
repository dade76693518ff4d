/* The fields of a request that another HTTP stack parses, copied as they come. */

#ifndef REQUEST_H
#define REQUEST_H

#include <stdlib.h>
#include <string.h>
#include <wspair.h>

enum { MAX_FIELDS = 100, MAX_HEAD = 16 << 10 };

typedef struct request {
  /* Each name is an allocation with the value behind it, both ended by a NUL. */
  wspair_field fields[MAX_FIELDS];
  size_t count, size;
} request;

/* 0 when it is too much, or there is no memory. */
static inline int request_add(request *request, const uint8_t *name, size_t name_len,
                              const uint8_t *value, size_t value_len) {
  wspair_field *field = &request->fields[request->count];
  char *text;
  request->size += name_len + value_len;
  if (request->count == MAX_FIELDS || request->size > MAX_HEAD) return 0;
  text = malloc(name_len + value_len + 2);
  if (text == NULL) return 0;
  memcpy(text, name, name_len);
  text[name_len] = '\0';
  memcpy(text + name_len + 1, value, value_len);
  text[name_len + 1 + value_len] = '\0';
  field->name.data = (const uint8_t *)text;
  field->name.len = name_len;
  field->value.data = (const uint8_t *)text + name_len + 1;
  field->value.len = value_len;
  request->count++;
  return 1;
}

/* The value of the first field of that name, or null. */
static inline const char *request_field(const request *request, const char *name) {
  size_t at;
  for (at = 0; at < request->count; at++) {
    const wspair_field *field = &request->fields[at];
    if (field->name.len == strlen(name) && memcmp(field->name.data, name, field->name.len) == 0)
      return (const char *)field->value.data;
  }
  return NULL;
}

static inline void request_end(request *request) {
  while (request->count > 0)
    free((void *)(uintptr_t)request->fields[--request->count].name.data);
}

#endif
