// floor: answers every UDP query on 127.0.0.1:PORT with OCTETS octets and looks nothing up.
// What it costs is the kernel's own part, which no server gets below with these system calls.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 32, MOST = 2048 };

static uint8_t octets[BATCH][MOST];
static struct sockaddr_in peers[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];

static int listen_on(int port) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (fd < 0 || bind(fd, (void *)&at, sizeof at)) {
    perror("floor");
    exit(1);
  }
  return fd;
}

int main(int argc, char **argv) {
  int len = argc == 3 ? atoi(argv[2]) : 0;
  if (len < 12 || len > MOST) {
    fprintf(stderr, "usage: floor PORT OCTETS\n");
    return 2;
  }
  int fd = listen_on(atoi(argv[1]));
  for (int i = 0; i < BATCH; i++) {
    parts[i].iov_base = octets[i];
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1, .msg_name = &peers[i]};
  }
  for (;;) {
    for (int i = 0; i < BATCH; i++) {
      parts[i].iov_len = MOST;
      messages[i].msg_hdr.msg_namelen = sizeof peers[i];
    }
    int n = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, NULL);
    for (int i = 0; i < n; i++) {
      octets[i][2] |= 0x80;  // RFC 1035 §4.1.1: QR
      parts[i].iov_len = len;
    }
    for (int sent = 0; sent < n;) {
      int k = sendmmsg(fd, messages + sent, n - sent, 0);
      if (k <= 0) break;
      sent += k;
    }
  }
}
