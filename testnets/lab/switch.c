/*
 * A switch between the ports of a segment: a frame goes to the port that its destination names, or to all, later and slower as
 * set, or not at all. The host at port N has the hardware address xx:xx:xx:xx:xx:N; the interface here is called pN.
 *
 * usage: switch N...
 * Each line on stdin is "DELAY_US LOSS_PPM BYTES_PER_S GROUP...": one way, of all frames, of each port in each direction (0: no
 * limit), and a number for each port, in the order of the arguments: frames pass only within a group. It is answered with "ok".
 * The switch ends with its stdin.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORTS 64
#define VNET 10               /* header before each frame, for segments that are not cut yet */
#define QUEUE 200000          /* a slow port lets frames wait this long, then drops them, us */
#define HELD (256LL << 20)    /* and all ports together hold no more than this, bytes */

struct frame { struct frame *next; long long due; int length; unsigned char data[]; };
struct port { int number, group; long long up, down; struct frame *first, *last; };

static struct port ports[PORTS];
static struct pollfd fds[PORTS + 1];
static int count;
static long long delay, loss, rate, held;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int open_port(int number) {
  char name[IFNAMSIZ];
  int one = 1, large = 8 << 20;
  snprintf(name, sizeof name, "p%d", number);
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));
  if (fd < 0) die("socket");
  if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one)) die("PACKET_VNET_HDR");
  if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one)) die("PACKET_IGNORE_OUTGOING");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof large);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &large, sizeof large);
  struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = if_nametoindex(name)};
  if (at.sll_ifindex == 0 || bind(fd, (void *)&at, sizeof at)) die(name);
  return fd;
}

/* @returns when a frame has passed a wire that is busy until *busy, or -1 if too many wait already */
static long long serialize(long long *busy, long long t, int length) {
  if (rate == 0) return t;
  if (*busy < t) *busy = t;
  if (*busy - t > QUEUE) return -1;
  *busy += length * 1000000LL / rate;
  return *busy;
}

static void enqueue(struct port *to, const unsigned char *data, int length, long long due) {
  if ((due = serialize(&to->down, due, length)) < 0 || held + length > HELD) return;
  struct frame *frame = malloc(sizeof *frame + length);
  if (frame == NULL) return;
  /* nothing overtakes, also when the delay was shortened */
  if (to->first != NULL && to->last->due > due) due = to->last->due;
  *frame = (struct frame){.due = due, .length = length};
  memcpy(frame->data, data, length);
  if (to->first == NULL) to->first = frame; else to->last->next = frame;
  to->last = frame;
  held += length;
}

static void take(struct port *from, const unsigned char *data, int length, long long t) {
  const unsigned char *to = data + VNET;
  if (loss > 0 && drand48() * 1e6 < loss) return;
  if ((t = serialize(&from->up, t, length)) < 0) return;
  for (struct port *p = ports; p < ports + count; p++) {
    if (p == from || p->group != from->group) continue;
    if ((to[0] & 1) || to[5] == p->number) enqueue(p, data, length, t + delay);
  }
}

static void deliver(int i, long long t) {
  struct port *p = &ports[i];
  for (struct frame *frame; (frame = p->first) != NULL && frame->due <= t; free(frame)) {
    /* a port that cannot take more drops, as a real one does */
    (void)!send(fds[i].fd, frame->data, frame->length, 0);
    p->first = frame->next;
    held -= frame->length;
  }
}

static void settings(void) {
  static char line[4096];
  static size_t filled;
  ssize_t length = read(0, line + filled, sizeof line - 1 - filled);
  if (length <= 0) exit(0);
  line[filled += length] = 0;
  for (char *end; (end = strchr(line, '\n')) != NULL;) {
    char *at = line;
    delay = strtoll(at, &at, 10);
    loss = strtoll(at, &at, 10);
    rate = strtoll(at, &at, 10);
    for (int i = 0; i < count; i++) {
      ports[i].group = strtol(at, &at, 10);
      ports[i].up = ports[i].down = 0;
    }
    memmove(line, end + 1, strlen(end + 1) + 1);
    filled = strlen(line);
    if (write(1, "ok\n", 3) != 3) exit(1);
  }
}

static struct timespec *until_due(struct timespec *wait) {
  long long due = -1, t = now();
  for (int i = 0; i < count; i++)
    if (ports[i].first != NULL && (due < 0 || ports[i].first->due < due)) due = ports[i].first->due;
  if (due < 0) return NULL;
  if ((due -= t) < 0) due = 0;
  *wait = (struct timespec){.tv_sec = due / 1000000, .tv_nsec = due % 1000000 * 1000};
  return wait;
}

int main(int argc, char **argv) {
  static unsigned char data[80000];
  struct timespec wait;
  if (argc > PORTS + 1) return fprintf(stderr, "at most %d ports\n", PORTS), 1;
  for (count = 0; count < argc - 1; count++) {
    ports[count].number = atoi(argv[count + 1]);
    fds[count] = (struct pollfd){.fd = open_port(ports[count].number), .events = POLLIN};
  }
  fds[count] = (struct pollfd){.fd = 0, .events = POLLIN};
  for (;;) {
    if (ppoll(fds, count + 1, until_due(&wait), NULL) < 0 && errno != EINTR) die("ppoll");
    if (fds[count].revents) settings();
    for (int i = 0; i < count; i++) {
      /* a few at a time, so that a busy port does not make the others late */
      for (int k = 0; k < 64 && (fds[i].revents & POLLIN); k++) {
        int length = recv(fds[i].fd, data, sizeof data, 0);
        if (length < VNET + ETH_HLEN) break;
        take(&ports[i], data, length, now());
      }
    }
    for (int i = 0; i < count; i++) deliver(i, now());
  }
}
