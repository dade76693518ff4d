/* Loads a library and finds a function in it. What its host would define is linked in beside this,
 * and everything else has to come from the C library: LIBRARY FUNCTION. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
  void *library = argc == 3 ? dlopen(argv[1], RTLD_NOW) : NULL;
  if (library == NULL || dlsym(library, argv[2]) == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  puts("loads");
  return 0;
}
