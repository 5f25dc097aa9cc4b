/* What the C clients of the bench share: time, sockets, and HTTP/1.1 replies, whole or in chunks. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static void *room(void *old, size_t bytes) {
    void *new = realloc(old, bytes);
    if (!new) die("memory");
    return new;
}

/* A port of this machine, or the path of a Unix socket. -1 when nobody listens. */
static int reach(const char *where) {
    int fd, one = 1;
    if (*where == '/') {
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        if (strlen(where) >= sizeof to.sun_path) { errno = ENAMETOOLONG; die(where); }
        strcpy(to.sun_path, where);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0) return fd;
    } else {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(where))};
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0) return fd;
    }
    if (fd >= 0) close(fd);
    return -1;
}

/* What has come of a reply. The bytes end with a zero that is not counted. */
typedef struct { char *bytes; size_t length, room; } Reply;

static void grow(Reply *reply) {
    if (reply->room - reply->length < 4096) reply->bytes = room(reply->bytes, reply->room = reply->room * 2 + 8192);
}

/* The status of a whole reply, whose body is then put at `body` and ends with a zero; 0 while some is missing. */
static int whole(Reply *reply, char **body, size_t *length) {
    reply->bytes[reply->length] = 0;
    char *head = strstr(reply->bytes, "\r\n\r\n");
    if (!head) return 0;
    char *start = head + 4, *end = reply->bytes + reply->length;
    *head = 0;
    char *counted = strcasestr(reply->bytes, "\r\ncontent-length:");
    int chunked = strcasestr(reply->bytes, "\r\ntransfer-encoding: chunked") != NULL;
    int status = atoi(reply->bytes + 9);
    size_t whole = counted ? strtoul(counted + 17, NULL, 10) : 0;
    *head = '\r';
    *body = start;
    if (!chunked) {
        *length = whole;
        return (size_t)(end - start) >= whole ? status : 0;
    }
    for (char *p = start;;) {
        char *line = strstr(p, "\r\n");
        if (!line) return 0;
        size_t size = strtoul(p, NULL, 16);
        if ((size_t)(end - line) < size + 4) return 0;
        if (size == 0) break;
        p = line + 2 + size + 2;
    }
    char *out = start;
    for (char *p = start;;) {
        size_t size = strtoul(p, NULL, 16);
        char *from = strstr(p, "\r\n") + 2;
        if (size == 0) break;
        memmove(out, from, size);
        out += size;
        p = from + size + 2;
    }
    *length = out - start;
    *out = 0;
    return status;
}

static void push_out(int fd, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) die("send");
        bytes += sent;
        length -= sent;
    }
}

/* Sends a request and waits for its reply. */
static int ask(int fd, const char *request, size_t size, Reply *reply, char **body, size_t *length) {
    int status;
    push_out(fd, request, size);
    reply->length = 0;
    do {
        grow(reply);
        ssize_t got = recv(fd, reply->bytes + reply->length, reply->room - reply->length - 1, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) { fprintf(stderr, "the other end closed the connection\n"); exit(1); }
        reply->length += got;
    } while (!(status = whole(reply, body, length)));
    return status;
}

/* The text of a field in JSON without escapes: what stands between its quotes or up to the next comma or brace. The last
 * field of that name counts. False when there is none. */
static int field(const char *json, const char *name, char *out, size_t room) {
    char wanted[80];
    const char *found = NULL;
    snprintf(wanted, sizeof wanted, "\"%s\":", name);
    for (const char *p = json; (p = strstr(p, wanted)); p++) found = p;
    if (!found) return 0;
    found += strlen(wanted);
    size_t length = *found == '"' ? strcspn(++found, "\"") : strcspn(found, ",}]");
    if (length >= room) return 0;
    memcpy(out, found, length);
    out[length] = 0;
    return 1;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A share of sorted numbers, by the nearest rank. */
__attribute__((unused)) static double rank(const double *sorted, size_t count, double share) {
    size_t place = (size_t)(share * count + 0.999999);
    return count == 0 ? 0 : sorted[place < 1 ? 0 : place > count ? count - 1 : place - 1];
}
