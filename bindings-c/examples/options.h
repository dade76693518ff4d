/* The command lines of the examples. */

#ifndef OPTIONS_H
#define OPTIONS_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wspair.h>

#define MOST 64

/* What they can be told; each leaves what it has no use for. */
typedef struct command {
  const char *host;
  const char *port;
  const char *subprotocol;
  /* A file of certificates to trust. */
  const char *ca;
  const char *origins[MOST];
  const char *texts[MOST];
  size_t texts_len;
  /* Whatever is not an option. */
  const char *rest[MOST];
  size_t rest_len;
  wspair_options options;
} command;

static inline void wrong(const char *what, const char *which) {
  fprintf(stderr, "%s: %s\n", what, which);
  exit(2);
}

static inline void wrong_value(const char *name, const char *value, const char *what) {
  fprintf(stderr, "%s %s: %s\n", name, value, what);
  exit(2);
}

/* Digits only: strtoull would take a sign. */
static inline size_t number(const char *name, const char *text, size_t most) {
  unsigned long long value;
  errno = 0;
  value = strtoull(text, NULL, 10);
  if (*text == '\0' || text[strspn(text, "0123456789")] != '\0') {
    wrong_value(name, text, "not a number");
  }
  if (errno != 0 || value > most) wrong_value(name, text, "out of range");
  return (size_t)value;
}

static inline uint64_t nanoseconds(const char *name, const char *seconds) {
  char *end;
  double value = strtod(seconds, &end);
  if (*seconds == '\0' || *end != '\0' || !(value >= 0 && value < 1e9)) {
    wrong_value(name, seconds, "not a time in seconds");
  }
  return (uint64_t)(value * 1e9);
}

static inline void parse(command *to, char **args) {
  memset(to, 0, sizeof *to);
  to->host = "127.0.0.1";
  to->port = "0";
  wspair_options_init(&to->options, sizeof to->options);
  for (args++; *args != NULL; args++) {
    const char *name = *args, *value;
    if (strncmp(name, "--", 2) != 0) {
      if (to->rest_len == MOST) wrong("too many", name);
      to->rest[to->rest_len++] = name;
      continue;
    }
    if (strcmp(name, "--deflate") == 0) {
      to->options.deflate = 1;
      to->options.deflate_stock = 16;
      continue;
    }
    value = args[1];
    if (value == NULL) wrong("needs a value", name);
    args++;
    if (strcmp(name, "--host") == 0) {
      to->host = value;
    } else if (strcmp(name, "--port") == 0) {
      number(name, value, 65535);
      to->port = value;
    } else if (strcmp(name, "--max-message") == 0) {
      to->options.max_message = number(name, value, SIZE_MAX);
    } else if (strcmp(name, "--max-fragments") == 0) {
      to->options.max_fragments = (uint32_t)number(name, value, UINT32_MAX);
    } else if (strcmp(name, "--handshake-within") == 0) {
      to->options.handshake_within = nanoseconds(name, value);
    } else if (strcmp(name, "--close-within") == 0) {
      to->options.close_within = nanoseconds(name, value);
    } else if (strcmp(name, "--ping-after") == 0) {
      to->options.ping_after = nanoseconds(name, value);
    } else if (strcmp(name, "--pong-within") == 0) {
      to->options.pong_within = nanoseconds(name, value);
    } else if (strcmp(name, "--ca") == 0) {
      to->ca = value;
    } else if (strcmp(name, "--subprotocol") == 0) {
      to->subprotocol = value;
    } else if (strcmp(name, "--origin") == 0) {
      if (to->options.origins_len == MOST) wrong("too many", name);
      to->origins[to->options.origins_len++] = value;
      to->options.origins = to->origins;
    } else if (strcmp(name, "--text") == 0) {
      if (to->texts_len == MOST) wrong("too many", name);
      to->texts[to->texts_len++] = value;
    } else {
      wrong("no such option", name);
    }
  }
}

#endif
