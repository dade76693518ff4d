/* A library that every Windows since 8 has, and Wine since 8.5: Rust asks it for random numbers. */
#include <windows.h>

#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T length) {
  return RtlGenRandom(to, (ULONG)length);
}
