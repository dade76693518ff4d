#include <string.h>
#include <wspair.h>

int main(void) {
  return strcmp(wspair_version(), WSPAIR_VERSION);
}
