/* Loads a library and finds a function in it. What its host would define is there beside this,
 * and everything else has to come from the system: LIBRARY FUNCTION. */
#include <stdio.h>

#ifdef _WIN32
#include <windows.h>
#define FIND(library, function) ((void *)GetProcAddress((HMODULE)(library), function))
#define LOAD(library) ((void *)LoadLibraryA(library))
#define COMPLAIN() fprintf(stderr, "error %lu\n", GetLastError())
#else
#include <dlfcn.h>
#define FIND(library, function) dlsym(library, function)
#define LOAD(library) dlopen(library, RTLD_NOW)
#define COMPLAIN() fprintf(stderr, "%s\n", dlerror())
#endif

int main(int argc, char **argv) {
  void *library = argc == 3 ? LOAD(argv[1]) : NULL;
  if (library == NULL || FIND(library, argv[2]) == NULL) {
    COMPLAIN();
    return 1;
  }
  puts("loads");
  return 0;
}
