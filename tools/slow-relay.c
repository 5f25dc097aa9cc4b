/* A slow link that breaks: takes connections on a port of this machine and passes bytes on to another port of it, so
   many a second each way, so much later, and closes all connections without a word every so often. What entered the
   link is counted, whether or not it came out of it; it is written to a file at the end and on SIGUSR1. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { links_max = 64, piece_bytes = 1400, pieces_max = 1024, socket_bytes = 16384 };

/* One direction of a connection: pieces that are on their way, each with the moment it is due. */
struct piece { int64_t due; int count, done; unsigned char bytes[piece_bytes]; };
struct way { int from, to, first, pieces, ended; struct piece *ring; };
struct link { int client, server; struct way up, down; };

static struct link links[links_max];
static int link_count;
static int64_t rate, delay_ns, every_ns, pause_ns;
/* Of both directions: bytes that entered the link, those of them that never left it, and bytes that may enter it now. */
static int64_t carried[2], lost[2], room[2], cuts, connections;
static volatile sig_atomic_t ends, asked;

static void on_signal(int signal) { if (signal == SIGUSR1) asked = 1; else ends = 1; }

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void write_counts(const char *path) {
    char next[4096];
    if (path == NULL) return;
    snprintf(next, sizeof next, "%s.next", path);
    FILE *file = fopen(next, "w");
    if (file == NULL) return;
    fprintf(file, "up %lld\ndown %lld\nlost %lld\ncuts %lld\nconnections %lld\n", (long long)carried[0],
        (long long)carried[1], (long long)(lost[0] + lost[1]), (long long)cuts, (long long)connections);
    if (fclose(file) == 0) rename(next, path);
}

static struct sockaddr_in here(int port) {
    struct sockaddr_in address;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/* Little is held outside the link: what waits before it has not been carried. */
static void narrow(int socket) {
    int bytes = socket_bytes;
    setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

static void abort_socket(int socket) {
    struct linger at_once = {1, 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(socket);
}

static void drop(int index, int abruptly) {
    struct link *link = &links[index];
    struct way *ways[2] = {&link->up, &link->down};
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < ways[side]->pieces; i++) {
            struct piece *piece = &ways[side]->ring[(ways[side]->first + i) % pieces_max];
            lost[side] += piece->count - piece->done;
        }
    if (abruptly) { abort_socket(link->client); abort_socket(link->server); }
    else { close(link->client); close(link->server); }
    free(link->up.ring);
    free(link->down.ring);
    links[index] = links[--link_count];
}

static void take(int listener, int port, int is_cut) {
    int client = accept(listener, NULL, NULL), on = 1;
    if (client < 0) return;
    struct sockaddr_in address = here(port);
    int server = is_cut || link_count == links_max ? -1 : socket(AF_INET, SOCK_STREAM, 0);
    if (server >= 0) narrow(server);
    if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof address) != 0) {
        if (server >= 0) close(server);
        abort_socket(client);
        return;
    }
    int ends[2] = {client, server};
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
        setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    struct link *link = &links[link_count++];
    memset(link, 0, sizeof *link);
    link->client = client;
    link->server = server;
    link->up = (struct way){client, server, 0, 0, 0, malloc(pieces_max * sizeof(struct piece))};
    link->down = (struct way){server, client, 0, 0, 0, malloc(pieces_max * sizeof(struct piece))};
    if (link->up.ring == NULL || link->down.ring == NULL) exit(71);
    connections++;
}

static int can_read(const struct way *way, int side) {
    return !way->ended && way->pieces < pieces_max && room[side] > 0;
}
static int is_due(const struct way *way, int64_t now) { return way->pieces > 0 && way->ring[way->first].due <= now; }

/* Takes a piece into the link; 0 when the connection is broken. */
static int enter(struct way *way, int side, int64_t now) {
    struct piece *piece = &way->ring[(way->first + way->pieces) % pieces_max];
    ssize_t count = read(way->from, piece->bytes, room[side] < piece_bytes ? (size_t)room[side] : piece_bytes);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    piece->due = now + delay_ns;
    piece->count = (int)count;
    piece->done = 0;
    way->ended = count == 0;
    way->pieces++;
    room[side] -= count;
    carried[side] += count;
    return 1;
}

/* Lets what is due out of the link; a piece of no bytes is the end. 0 when the connection is broken. */
static int leave(struct way *way, int64_t now) {
    while (is_due(way, now)) {
        struct piece *piece = &way->ring[way->first];
        if (piece->count == 0) {
            shutdown(way->to, SHUT_WR);
        } else {
            ssize_t count = write(way->to, piece->bytes + piece->done, (size_t)(piece->count - piece->done));
            if (count < 0) return errno == EAGAIN || errno == EINTR;
            if ((piece->done += (int)count) < piece->count) return 1;
        }
        way->first = (way->first + 1) % pieces_max;
        way->pieces--;
    }
    return 1;
}

/* Bytes for the time that passed; at most a tenth of a second of them is saved up. */
static void refill(int64_t passed) {
    static int64_t rest[2];
    int64_t most = rate / 10 > piece_bytes ? rate / 10 : piece_bytes;
    for (int side = 0; side < 2; side++) {
        if (rate == 0) { room[side] = 1 << 20; continue; }
        rest[side] += (passed > 1000000000 ? 1000000000 : passed) * rate;
        room[side] += rest[side] / 1000000000;
        rest[side] %= 1000000000;
        if (room[side] > most) room[side] = most;
    }
}

/* Waits until a socket can do what is wanted of it, or the next piece is due; then does it. */
static void turn(int listener, int port, int64_t until, int is_cut) {
    struct pollfd polled[2 * links_max + 1];
    int64_t now = now_ns(), next = until;
    int polled_count = 1;
    polled[0] = (struct pollfd){listener, POLLIN, 0};
    for (int i = 0; i < link_count; i++) {
        struct way *ways[2] = {&links[i].up, &links[i].down};
        short wanted[2] = {0, 0};
        for (int side = 0; side < 2; side++) {
            if (can_read(ways[side], side)) wanted[side] |= POLLIN;
            else if (!ways[side]->ended && now + 2000000 < next) next = now + 2000000;
            if (is_due(ways[side], now)) wanted[!side] |= POLLOUT;
            else if (ways[side]->pieces > 0 && ways[side]->ring[ways[side]->first].due < next)
                next = ways[side]->ring[ways[side]->first].due;
        }
        polled[polled_count++] = (struct pollfd){links[i].client, wanted[0], 0};
        polled[polled_count++] = (struct pollfd){links[i].server, wanted[1], 0};
    }
    int64_t wait = next > now ? next - now : 0;
    struct timespec bound = {(time_t)(wait / 1000000000), (long)(wait % 1000000000)};
    if (ppoll(polled, (nfds_t)polled_count, &bound, NULL) < 0) return;
    int64_t then = now_ns();
    /* Whoever comes first takes what room there is: it is another one each time, so that all have their share. */
    static unsigned turns;
    enum { stays, ends_well, breaks } fates[links_max];
    turns++;
    for (int k = 0; k < link_count; k++) {
        int i = (int)((turns + (unsigned)k) % (unsigned)link_count);
        struct link *link = &links[i];
        int client = polled[1 + 2 * i].revents, server = polled[2 + 2 * i].revents;
        int whole = (!(client & POLLIN) || !can_read(&link->up, 0) || enter(&link->up, 0, then)) &&
            (!(server & POLLIN) || !can_read(&link->down, 1) || enter(&link->down, 1, then)) &&
            leave(&link->up, then) && leave(&link->down, then);
        int over = link->up.ended && link->down.ended && link->up.pieces + link->down.pieces == 0;
        fates[i] = ((client | server) & POLLERR) != 0 || !whole ? breaks : over ? ends_well : stays;
    }
    for (int i = link_count - 1; i >= 0; i--) if (fates[i] != stays) drop(i, fates[i] == breaks);
    if (polled[0].revents) take(listener, port, is_cut);
}

static int64_t number(const char *text) {
    char *end;
    double value = strtod(text, &end);
    if (*end != 0 || end == text || value < 0 || value > 1e9) {
        fprintf(stderr, "slow-relay: '%s' is not a number\n", text);
        exit(64);
    }
    return (int64_t)(value * 1000);
}

int main(int count, char **arguments) {
    static const struct option options[] = {{"rate", 1, NULL, 'r'}, {"delay", 1, NULL, 'd'},
        {"cut-every", 1, NULL, 'c'}, {"pause", 1, NULL, 'p'}, {"counts", 1, NULL, 'n'}, {NULL, 0, NULL, 0}};
    const char *counts = NULL;
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
        if (option == 'r') rate = number(optarg) / 1000;
        else if (option == 'd') delay_ns = number(optarg) * 1000;
        else if (option == 'c') every_ns = number(optarg) * 1000000;
        else if (option == 'p') pause_ns = number(optarg) * 1000000;
        else if (option == 'n') counts = optarg;
        else return 64;
    }
    if (count - optind != 3) {
        fprintf(stderr, "usage: slow-relay [--rate BYTES-A-SECOND] [--delay MS-EACH-WAY] [--cut-every S] [--pause S]\n"
            "                  [--counts FILE] PORT SERVER-PORT PORT-FILE\nPORT 0 takes any free one.\n");
        return 64;
    }
    int port = atoi(arguments[optind + 1]), on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = here(atoi(arguments[optind]));
    socklen_t length = sizeof address;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    narrow(listener);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0) {
        perror("slow-relay");
        return 69;
    }
    fcntl(listener, F_SETFL, O_NONBLOCK);
    getsockname(listener, (struct sockaddr *)&address, &length);
    FILE *file = fopen(arguments[optind + 2], "w");
    if (file == NULL || fprintf(file, "%d\n", ntohs(address.sin_port)) < 0 || fclose(file) != 0) return 73;
    int64_t last = now_ns(), cut_at = every_ns > 0 ? last + every_ns : INT64_MAX, back_at = 0;
    refill(0);
    while (!ends) {
        int64_t now = now_ns();
        refill(now - last);
        last = now;
        if (now >= cut_at) {
            while (link_count > 0) drop(link_count - 1, 1);
            cuts++;
            back_at = now + pause_ns;
            cut_at = back_at + every_ns;
        }
        int64_t until = now + 1000000000;
        if (cut_at < until) until = cut_at;
        if (back_at > now && back_at < until) until = back_at;
        turn(listener, port, until, back_at > now);
        if (asked) { asked = 0; write_counts(counts); }
    }
    write_counts(counts);
}
