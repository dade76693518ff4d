/* Every number of the header has its name and its words. run.sh lists the numbers in enums.h: RESULT
 * for each result, NAME for each value of another enum. */

#include "check.h"

#define NAME(function, value)
#define RESULT(value) {value, #value},
static const struct {
  int32_t value;
  const char *name;
} results[] = {
#include "enums.h"
};
#undef RESULT
#undef NAME

enum { RESULTS = sizeof results / sizeof results[0] };

static void results_have_names_and_words(void) {
  int32_t number;
  int at, other, known = 0;
  for (at = 0; at < RESULTS; at++) {
    const char *words = wspair_strerror(results[at].value);
    CHECK(strcmp(wspair_result_name(results[at].value), results[at].name) == 0);
    CHECK(words[0] != '\0' && strchr(words, '\n') == NULL && words[strlen(words) - 1] != '.');
    for (other = 0; other < at; other++) CHECK(results[at].value != results[other].value);
  }
  for (number = -2000; number <= 2000; number++) {
    int is_known = strcmp(wspair_strerror(number), "unknown result") != 0;
    CHECK(is_known == (strcmp(wspair_result_name(number), "unknown") != 0));
    known += is_known;
  }
  CHECK(known == RESULTS);
  CHECK(strcmp(wspair_strerror(WSPAIR_SEND_CLOSING), "connection is closing") == 0);
  CHECK(strcmp(wspair_strerror(12345), "unknown result") == 0);
}

static void values_have_names(void) {
  int count = 0;
#define RESULT(value)
#define NAME(function, value)                                  \
  CHECK(strcmp(function(value), "unknown") != 0 && ++count);   \
  CHECK(strcmp(function(0xffffffffu), "unknown") == 0);
#include "enums.h"
#undef NAME
  CHECK(count > 40);
  CHECK(strcmp(wspair_kind_name(WSPAIR_KIND_TEXT), "text") == 0);
  CHECK(strcmp(wspair_transport_name(WSPAIR_TRANSPORT_FINISH_WRITING), "finish writing") == 0);
  CHECK(strcmp(wspair_opcode_name(3), "unknown") == 0);
}

static void versions_are_one(void) {
  unsigned major, minor, patch;
  CHECK(strcmp(wspair_version(), WSPAIR_VERSION) == 0);
  CHECK(sscanf(WSPAIR_VERSION, "%u.%u.%u", &major, &minor, &patch) == 3);
  CHECK(WSPAIR_VERSION_NUM == (major << 16 | minor << 8 | patch));
}

#if WSPAIR_VERSION_NUM < 0x000100
#error "versions compare in the preprocessor"
#endif

int main(void) {
  results_have_names_and_words();
  values_have_names();
  versions_are_one();
  return 0;
}
