// dnsload: a closed-loop DNS load generator over UDP, for servers on loopback.
//
//   dnsload -s HOST -p PORT -f FILE [-t SECONDS] [-q QUERIES] [-i FIRST] [-d DUMP -e EVERY] [-w WINDOW] [-c SOCKETS]
//
// FILE has a "qname qtype" line for each query, asked in turn from a random one on; class IN, EDNS 1232, DO=1.
// Ten percent signs in a first label are replaced by a number of 40 bits in hex that no other query has: the
// sequence number FIRST, FIRST + 1, ... times an odd constant, modulo 2^40. Distinct sequence numbers therefore give
// distinct names, which a random number would not promise.
// WINDOW queries are in flight; one that is not answered within a second is lost. The run ends after SECONDS, or
// when QUERIES were answered or lost. Each EVERY-th answer is written to DUMP: two octets of length, the message.
// Prints one line of JSON; "fresh" is how many sequence numbers were used.
//
// Limits: IPv4 loopback only; single labels of up to 63 octets, written without escapes.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  BATCH = 32,
  MOST_SOCKETS = 64,
  MOST_WINDOW = 4096,  // for each socket; far below the 65,536 message ids
  IDS = 65536,
  MOST_QUERY = 600,
  MOST_ANSWER = 4096,
  EDNS_SIZE = 1232,
  FRESH_DIGITS = 10,
};

#define FRESH_MARK "%%%%%%%%%%"
#define FRESH_FACTOR UINT64_C(0x9e3779b97f4a7c15)  // odd, so that it has an inverse modulo 2^40
#define LOST_AFTER_S 1.0
#define SWEEP_EVERY_S 0.25

typedef struct {
  uint16_t len;
  uint16_t fresh_at;  // where the digits stand; 0: a name that is asked as it is
  uint8_t *wire;
} query_t;

typedef struct {
  int port, window, sockets;
  double seconds;
  uint64_t queries, first, every;
  const char *host, *file, *dump;
} options_t;

typedef struct {
  int fd, in_flight;
  uint16_t next_id;
  double *sent_at;  // by message id; 0: no such query is in flight
} lane_t;

typedef struct {
  uint64_t issued, completed, lost, octets, truncated, fresh, rcodes[16];
  float *waits_us;
  size_t waits, most_waits;
} tally_t;

static query_t *queries;
static size_t query_count;
static options_t options = {.window = 256, .sockets = 8, .seconds = 5, .host = "127.0.0.1", .every = 100};
static lane_t lanes[MOST_SOCKETS];
static struct pollfd polls[MOST_SOCKETS];
static tally_t tally;
static FILE *dump;

static uint8_t in_octets[BATCH][MOST_ANSWER], out_octets[BATCH][MOST_QUERY];
static struct iovec in_parts[BATCH], out_parts[BATCH];
static struct mmsghdr in_messages[BATCH], out_messages[BATCH];

static void give_up(const char *why) {
  perror(why);
  exit(2);
}

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static int qtype_of(const char *text) {
  static const struct {
    const char *text;
    int number;
  } types[] = {{"A", 1}, {"NS", 2}, {"CNAME", 5}, {"SOA", 6}, {"TXT", 16}, {"AAAA", 28}, {"DNSKEY", 48}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (!strcasecmp(text, types[i].text)) return types[i].number;
  fprintf(stderr, "dnsload: no type %s\n", text);
  exit(2);
}

static size_t put16(uint8_t *at, unsigned value) {
  at[0] = value >> 8;
  at[1] = value;
  return 2;
}

// RFC 1035 §4.1: one question; RFC 6891 §6.1.2: an OPT with DO.
static query_t compose(const char *name, int qtype) {
  uint8_t wire[MOST_QUERY] = {0};
  size_t n = 12;
  const char *mark = strstr(name, FRESH_MARK);
  put16(wire + 4, 1);
  put16(wire + 10, 1);
  for (const char *label = name; *label;) {
    size_t len = strcspn(label, ".");
    if (len == 0 || len > 63 || n + len > 12 + 253) {
      fprintf(stderr, "dnsload: not a name: %s\n", name);
      exit(2);
    }
    wire[n++] = len;
    memcpy(wire + n, label, len);
    n += len;
    label += len;
    if (*label == '.') label++;
  }
  wire[n++] = 0;
  n += put16(wire + n, qtype);
  n += put16(wire + n, 1);
  wire[n++] = 0;
  n += put16(wire + n, 41);
  n += put16(wire + n, EDNS_SIZE);
  wire[n++] = 0;
  wire[n++] = 0;
  n += put16(wire + n, 0x8000);
  n += put16(wire + n, 0);
  query_t query = {.len = n, .fresh_at = mark ? 13 + (mark - name) : 0, .wire = malloc(n)};
  if (!query.wire) give_up("dnsload: queries");
  memcpy(query.wire, wire, n);
  return query;
}

static void read_queries(const char *file) {
  FILE *f = fopen(file, "r");
  if (!f) give_up(file);
  char name[512], type[16];
  size_t room = 0;
  while (fscanf(f, "%511s %15s", name, type) == 2) {
    if (query_count == room) {
      room = room ? room * 2 : 4096;
      queries = realloc(queries, room * sizeof *queries);
      if (!queries) give_up("dnsload: queries");
    }
    queries[query_count++] = compose(name, qtype_of(type));
  }
  fclose(f);
  if (!query_count) {
    fprintf(stderr, "dnsload: %s holds no query\n", file);
    exit(2);
  }
}

static void write_fresh(uint8_t *wire, const query_t *query) {
  if (!query->fresh_at) return;
  uint64_t number = (options.first + tally.fresh++) * FRESH_FACTOR;
  for (int i = FRESH_DIGITS - 1; i >= 0; i--, number >>= 4) wire[query->fresh_at + i] = "0123456789abcdef"[number & 15];
}

static void open_lanes(void) {
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(options.port)};
  if (inet_pton(AF_INET, options.host, &server.sin_addr) != 1 || ntohl(server.sin_addr.s_addr) >> 24 != 127) {
    fprintf(stderr, "dnsload: %s is not a loopback address\n", options.host);
    exit(2);
  }
  for (int i = 0; i < options.sockets; i++) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), room = 4 << 20;
    if (fd < 0) give_up("dnsload: socket");
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (connect(fd, (void *)&server, sizeof server)) give_up("dnsload: connect");
    lanes[i] = (lane_t){.fd = fd, .next_id = i * 7919, .sent_at = calloc(IDS, sizeof(double))};
    if (!lanes[i].sent_at) give_up("dnsload: ids");
    polls[i] = (struct pollfd){.fd = fd, .events = POLLIN};
  }
}

static void lay_out_buffers(void) {
  for (int i = 0; i < BATCH; i++) {
    in_parts[i] = (struct iovec){.iov_base = in_octets[i], .iov_len = MOST_ANSWER};
    out_parts[i] = (struct iovec){.iov_base = out_octets[i]};
    in_messages[i].msg_hdr = (struct msghdr){.msg_iov = &in_parts[i], .msg_iovlen = 1};
    out_messages[i].msg_hdr = (struct msghdr){.msg_iov = &out_parts[i], .msg_iovlen = 1};
  }
}

static uint64_t left_to_issue(void) {
  if (!options.queries) return BATCH;
  return options.queries > tally.issued ? options.queries - tally.issued : 0;
}

// Fills the lane's window; returns when it is full, the socket is, or nothing is left to ask.
static void fill(lane_t *lane, int window, size_t *next_query, double at) {
  while (lane->in_flight < window) {
    int k = window - lane->in_flight;
    if (k > BATCH) k = BATCH;
    if ((uint64_t)k > left_to_issue()) k = left_to_issue();
    if (k == 0) return;
    for (int i = 0; i < k; i++) {
      const query_t *query = &queries[*next_query];
      *next_query = (*next_query + 1) % query_count;
      memcpy(out_octets[i], query->wire, query->len);
      write_fresh(out_octets[i], query);
      put16(out_octets[i], lane->next_id);
      out_parts[i].iov_len = query->len;
      lane->sent_at[lane->next_id++] = at;
    }
    int sent = sendmmsg(lane->fd, out_messages, k, 0);
    int done = sent < 0 ? 0 : sent;
    for (int i = done; i < k; i++) lane->sent_at[out_octets[i][0] << 8 | out_octets[i][1]] = 0;
    lane->in_flight += done;
    tally.issued += done;
    if (done < k) return;
  }
}

static void count(lane_t *lane, const uint8_t *answer, unsigned len, double at) {
  double *sent_at = &lane->sent_at[answer[0] << 8 | answer[1]];
  if (len < 12 || *sent_at == 0) return;
  if (tally.waits < tally.most_waits) tally.waits_us[tally.waits++] = (at - *sent_at) * 1e6;
  *sent_at = 0;
  lane->in_flight--;
  tally.octets += len;
  tally.rcodes[answer[3] & 15]++;
  if (answer[2] & 2) tally.truncated++;
  if (tally.completed++ % options.every == 0 && dump) {
    uint8_t head[2];
    put16(head, len);
    if (fwrite(head, 1, 2, dump) != 2 || fwrite(answer, 1, len, dump) != len) give_up(options.dump);
  }
}

static void drain(lane_t *lane, double at) {
  for (;;) {
    int n = recvmmsg(lane->fd, in_messages, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) count(lane, in_octets[i], in_messages[i].msg_len, at);
    if (n < BATCH) return;
  }
}

static void give_up_on_lost(lane_t *lane, double at) {
  for (int id = 0; lane->in_flight && id < IDS; id++) {
    if (lane->sent_at[id] == 0 || at - lane->sent_at[id] <= LOST_AFTER_S) continue;
    lane->sent_at[id] = 0;
    lane->in_flight--;
    tally.lost++;
  }
}

static double run(void) {
  int window = options.window / options.sockets;
  if (window < 1) window = 1;
  if (window > MOST_WINDOW) window = MOST_WINDOW;
  double start = now_s(), at = start, swept = start;
  size_t next_query = (uint64_t)(start * 1e9) % query_count;
  while (at < start + options.seconds) {
    if (options.queries && tally.completed + tally.lost >= options.queries) break;
    for (int i = 0; i < options.sockets; i++) fill(&lanes[i], window, &next_query, at);
    if (poll(polls, options.sockets, 50) < 0) give_up("dnsload: poll");
    at = now_s();
    for (int i = 0; i < options.sockets; i++)
      if (polls[i].revents & (POLLIN | POLLERR)) drain(&lanes[i], at);
    if (at - swept < SWEEP_EVERY_S) continue;
    swept = at;
    for (int i = 0; i < options.sockets; i++) give_up_on_lost(&lanes[i], at);
  }
  return at - start;
}

static int by_size(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void print_tally(double elapsed_s) {
  double answered = tally.completed ? tally.completed : 1;
  qsort(tally.waits_us, tally.waits, sizeof *tally.waits_us, by_size);
  printf("{\"completed\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"fresh\": %" PRIu64 ", \"seconds\": %.3f, ", tally.completed,
         tally.lost, tally.fresh, elapsed_s);
  printf("\"answer_octets\": %.0f, \"truncated\": %" PRIu64 ", \"p50_us\": %.0f, \"p99_us\": %.0f, \"rcodes\": {", tally.octets / answered,
         tally.truncated, tally.waits ? tally.waits_us[tally.waits / 2] : 0, tally.waits ? tally.waits_us[tally.waits * 99 / 100] : 0);
  const char *comma = "";
  for (int i = 0; i < 16; i++) {
    if (!tally.rcodes[i]) continue;
    printf("%s\"%d\": %" PRIu64, comma, i, tally.rcodes[i]);
    comma = ", ";
  }
  printf("}}\n");
}

static void read_options(int argc, char **argv) {
  for (int o; (o = getopt(argc, argv, "s:p:f:t:q:i:d:e:w:c:")) != -1;) switch (o) {
      case 's': options.host = optarg; break;
      case 'p': options.port = atoi(optarg); break;
      case 'f': options.file = optarg; break;
      case 't': options.seconds = atof(optarg); break;
      case 'q': options.queries = strtoull(optarg, NULL, 10); break;
      case 'i': options.first = strtoull(optarg, NULL, 10); break;
      case 'd': options.dump = optarg; break;
      case 'e': options.every = strtoull(optarg, NULL, 10); break;
      case 'w': options.window = atoi(optarg); break;
      case 'c': options.sockets = atoi(optarg); break;
      default: exit(2);
    }
  if (!options.port || !options.file || options.sockets < 1 || options.sockets > MOST_SOCKETS || !options.every) {
    fprintf(stderr, "usage: dnsload -s HOST -p PORT -f FILE [-t SECONDS] [-q QUERIES] [-i FIRST] [-d DUMP -e EVERY] [-w WINDOW] [-c SOCKETS]\n");
    exit(2);
  }
}

int main(int argc, char **argv) {
  read_options(argc, argv);
  read_queries(options.file);
  open_lanes();
  lay_out_buffers();
  if (options.dump && !(dump = fopen(options.dump, "wb"))) give_up(options.dump);
  tally.most_waits = 1 << 22;
  tally.waits_us = malloc(tally.most_waits * sizeof *tally.waits_us);
  if (!tally.waits_us) give_up("dnsload: waits");
  double elapsed_s = run();
  if (dump && fclose(dump)) give_up(options.dump);
  print_tally(elapsed_s);
  return 0;
}
