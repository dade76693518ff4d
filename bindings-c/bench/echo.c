/* Echo over loopback: the CPU time of a server a message, and that of a whole round.
 *
 *     echo SERVER IN_FLIGHT SIZE MESSAGES
 *
 * Starts the server, connects once, keeps so many messages in flight, and answers each read at
 * once. Prints microseconds of the server's CPU, and of wall time, a message. */

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char request[] =
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static void must(int good, const char *what) {
  if (!good) {
    perror(what);
    exit(1);
  }
}

static int start(const char *program, pid_t *pid) {
  int pipes[2];
  char line[128] = {0};
  size_t at = 0;
  must(pipe(pipes) == 0, "pipe");
  *pid = fork();
  if (*pid == 0) {
    dup2(pipes[1], 1);
    execl(program, program, (char *)NULL);
    _exit(1);
  }
  close(pipes[1]);
  while (at < sizeof line - 1 && read(pipes[0], line + at, 1) == 1 && line[at] != '\n') at++;
  must(strrchr(line, ':') != NULL, program);
  return atoi(strrchr(line, ':') + 1);
}

static void send_all(int fd, const uint8_t *data, size_t len) {
  while (len > 0) {
    ssize_t sent = send(fd, data, len, 0);
    must(sent > 0, "send");
    data += sent;
    len -= (size_t)sent;
  }
}

int main(int argc, char **argv) {
  static uint8_t frames[1 << 20], buf[1 << 18];
  struct sockaddr_in address = {0};
  struct rusage usage;
  struct timespec from, to;
  size_t in_flight, size, sent, done = 0, partial = 0, frame, echo, at, head;
  size_t messages;
  double cpu, wall;
  int fd, one = 1;
  pid_t pid;
  must(argc == 5, "usage: echo SERVER IN_FLIGHT SIZE MESSAGES");
  in_flight = (size_t)atol(argv[2]);
  size = (size_t)atol(argv[3]);
  messages = (size_t)atol(argv[4]);
  must(size < 65536, "size");
  head = size < 126 ? 6 : 8;
  frame = head + size;
  echo = frame - 4;
  for (at = 0; at < in_flight; at++) {
    uint8_t *to = frames + at * frame;
    to[0] = 0x82;
    to[1] = (uint8_t)(0x80 | (size < 126 ? size : 126));
    if (size >= 126) {
      to[2] = (uint8_t)(size >> 8);
      to[3] = (uint8_t)size;
    }
    memcpy(to + head - 4, "mask", 4);
  }
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons((uint16_t)start(argv[1], &pid));
  fd = socket(AF_INET, SOCK_STREAM, 0);
  must(connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  send_all(fd, (const uint8_t *)request, sizeof request - 1);
  must(recv(fd, buf, sizeof buf, 0) > 0, "recv");

  clock_gettime(CLOCK_MONOTONIC, &from);
  send_all(fd, frames, in_flight * frame);
  sent = in_flight;
  while (done < messages) {
    ssize_t got = recv(fd, buf, sizeof buf, 0);
    size_t whole, more;
    must(got > 0, "recv");
    partial += (size_t)got;
    whole = partial / echo;
    partial %= echo;
    done += whole;
    more = sent + whole > messages ? messages - sent : whole;
    send_all(fd, frames, more * frame);
    sent += more;
  }
  clock_gettime(CLOCK_MONOTONIC, &to);
  close(fd);
  kill(pid, SIGKILL);
  must(wait4(pid, NULL, 0, &usage) == pid, "wait");
  cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
        (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  wall = (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3;
  printf("%.3f %.3f\n", cpu / (double)messages, wall / (double)messages);
  return 0;
}
