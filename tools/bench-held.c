/* Many clients at once on one thread, for tools/bench and tools/growth.
 *
 *   idle PORT PATH COUNT       COUNT connections, each after one answered GET of a file; says "held", waits for the end of
 *                              its input
 *   hold PORT CLIENTS COUNT    COUNT requests for changes that wait, the same; who is answered asks again
 *   live PORT CLIENTS COUNT WRITER REPLICA KEYS RATE WRITES
 *                              the same, and then WRITES labels, RATE a second, to the customers of KEYS in turn by the
 *                              token WRITER; tells how long they took to be with all clients concerned
 *
 * A line of CLIENTS is a token, how many of COUNT ask with it (a server holds eight at most), and the keys of the customers
 * that it sees, with commas, or *.
 */
#define _GNU_SOURCE
#include "bench-http.h"
#include <fcntl.h>
#include <sys/epoll.h>

enum { keys_max = 64, settle_seconds = 10 };

typedef struct {
    int fd;
    const char *token;
    /* Null: all of them. */
    const long *keys;
    int key_count;
    char cursor[300];
    Reply reply;
} Client;

/* A client has all of the feed up to a sequence. */
typedef struct { int client; long sequence; double at; } Arrival;
typedef struct { long key, version; double due, sent, answered, last; int concerned, reached; } Write;

static int poller, answers;
static Client *clients;
static size_t client_count, arrival_count, arrival_room;
static Arrival *arrivals;

static void watch(int fd, int number) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) die("epoll");
}

static void ask_again(Client *client) {
    char request[800];
    int size = snprintf(request, sizeof request,
        "GET /sync/v1/changes?rows=packed&wait=300&cursor=%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
        client->cursor, client->token);
    push_out(client->fd, request, size);
}

/* Takes what has come for a client; asks again when that was a whole page. */
static void take(int number) {
    Client *client = &clients[number];
    char *body, sequence[32];
    size_t length;
    grow(&client->reply);
    ssize_t got = recv(client->fd, client->reply.bytes + client->reply.length, client->reply.room - client->reply.length - 1, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) { fprintf(stderr, "the server closed a held connection\n"); exit(1); }
    client->reply.length += got;
    int status = whole(&client->reply, &body, &length);
    if (!status) return;
    if (status != 200) { fprintf(stderr, "a held request was answered %d\n%s\n", status, body); exit(1); }
    answers++;
    /* The last line has the cursor that goes on. */
    char *last = body + length - 1;
    while (last > body && last[-1] != '\n') last--;
    if (!field(last, "cursor", client->cursor, sizeof client->cursor) || !field(last, "sequence", sequence, sizeof sequence)) exit(1);
    if (arrival_count == arrival_room) arrivals = room(arrivals, sizeof(Arrival) * (arrival_room = arrival_room * 2 + 4096));
    arrivals[arrival_count++] = (Arrival){number, atol(sequence), now()};
    free(client->reply.bytes);
    client->reply = (Reply){0};
    ask_again(client);
}

static void turn(double until) {
    struct epoll_event events[256];
    double left = until - now();
    int count = epoll_wait(poller, events, 256, left <= 0 ? 0 : (int)(left * 1000));
    for (int i = 0; i < count; i++) take(events[i].data.u32);
}

/* Where the feed of a token stands, by a greeting to a load. */
static void begin(const char *port, Client *client) {
    char request[512], *body;
    size_t length;
    Reply reply = {0};
    int fd = reach(port);
    if (fd < 0) die("connect");
    int size = snprintf(request, sizeof request,
        "POST /sync/v1/snapshot HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n\r\n", client->token);
    int status = ask(fd, request, size, &reply, &body, &length);
    if (status != 200 || !field(body, "feed", client->cursor, sizeof client->cursor)) {
        fprintf(stderr, "no load can be begun: %d %s\n", status, body);
        exit(1);
    }
    close(fd);
    free(reply.bytes);
}

static int read_keys(char *text, long *keys) {
    int count = 0;
    for (char *word = strtok(text, ","); word && count < keys_max; word = strtok(NULL, ",")) keys[count++] = atol(word);
    return count;
}

static void open_all(const char *port, const char *file, size_t count) {
    FILE *in = fopen(file, "r");
    if (!in) die(file);
    clients = room(NULL, sizeof(Client) * count);
    memset(clients, 0, sizeof(Client) * count);
    while (client_count < count) {
        char token[256], keys[2048];
        int asking;
        if (fscanf(in, "%255s %d %2047s", token, &asking, keys) != 3) { fprintf(stderr, "%s has too few tokens\n", file); exit(1); }
        Client like = {.token = strdup(token)};
        if (strcmp(keys, "*")) {
            long *own = room(NULL, sizeof(long) * keys_max);
            like.key_count = read_keys(keys, own);
            like.keys = own;
        }
        begin(port, &like);
        for (int i = 0; i < asking && client_count < count; i++) {
            Client *client = &clients[client_count];
            *client = like;
            if ((client->fd = reach(port)) < 0) die("connect");
            watch(client->fd, client_count++);
            ask_again(client);
            if (client_count % 64 == 0) turn(0);
        }
    }
    fclose(in);
}

static void say_held(void) {
    puts("held");
    fflush(stdout);
}

static int is_over(void) {
    char byte;
    return read(0, &byte, 1) == 0;
}

static int hold(char **argv) {
    open_all(argv[2], argv[3], atoi(argv[4]));
    fcntl(0, F_SETFL, O_NONBLOCK);
    say_held();
    while (!is_over()) turn(now() + 0.2);
    return 0;
}

static int idle(char **argv) {
    size_t length;
    char request[512], *body;
    int size = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", argv[3]);
    Reply reply = {0};
    for (int i = 0; i < atoi(argv[4]); i++) {
        int fd = reach(argv[2]);
        if (fd < 0) die("connect");
        if (ask(fd, request, size, &reply, &body, &length) != 200) { fprintf(stderr, "%s\n", reply.bytes); return 1; }
    }
    say_held();
    while (!is_over()) ;
    return 0;
}

static int concerns(const Client *client, long key) {
    if (!client->keys) return 1;
    for (int i = 0; i < client->key_count; i++) if (client->keys[i] == key) return 1;
    return 0;
}

/* Each client's arrivals are in order of time and of sequence, and so are the writes. */
static void settle(Write *writes, size_t count) {
    for (size_t i = 0; i < client_count; i++)
        for (size_t w = 0; w < count; w++) writes[w].concerned += concerns(&clients[i], writes[w].key);
    size_t *next = room(NULL, sizeof(size_t) * client_count);
    memset(next, 0, sizeof(size_t) * client_count);
    for (size_t a = 0; a < arrival_count; a++) {
        size_t *w = &next[arrivals[a].client];
        for (; *w < count && writes[*w].version && writes[*w].version <= arrivals[a].sequence; ++*w) {
            if (!concerns(&clients[arrivals[a].client], writes[*w].key)) continue;
            writes[*w].reached++;
            if (arrivals[a].at > writes[*w].last) writes[*w].last = arrivals[a].at;
        }
    }
    free(next);
}

static void tell(const char *name, double *took, size_t count) {
    qsort(took, count, sizeof *took, by_size);
    printf("%s %.2f %.2f %.2f %.2f\n", name, rank(took, count, 0.5), rank(took, count, 0.95), rank(took, count, 0.99),
           count ? took[count - 1] : 0);
}

static void write_one(int fd, const char *token, const char *replica, size_t number, long *version, Write *write) {
    static Reply reply;
    char json[600], request[1200], *body, code[32] = "", text[32];
    size_t length;
    int size = snprintf(json, sizeof json,
        "{\"replica\":\"%s\",\"incarnation\":\"1\",\"edits\":[{\"number\":\"%zu\",\"kind\":\"set-label\",\"customer\":\"%ld\","
        "\"base\":\"%ld\",\"deviceTime\":\"1\",\"schema\":1,\"label\":\"visit %zu of %.8s\"}]}", replica, number, write->key, *version, number, replica);
    int all = snprintf(request, sizeof request,
        "POST /sync/v1/push HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
        "Content-Length: %d\r\n\r\n%s", token, size, json);
    write->sent = now();
    int status = ask(fd, request, all, &reply, &body, &length);
    write->answered = now();
    if (status != 200 || !field(body, "code", code, sizeof code) || !field(body, "version", text, sizeof text) ||
        (strcmp(code, "applied") && strcmp(code, "merged"))) {
        fprintf(stderr, "a label was not written: %d %s\n", status, body);
        exit(1);
    }
    write->version = *version = atol(text);
}

static int live(char **argv) {
    long keys[keys_max], versions[keys_max] = {0};
    size_t count = atoi(argv[9]);
    double rate = atof(argv[8]);
    Write *writes = room(NULL, sizeof(Write) * count);
    memset(writes, 0, sizeof(Write) * count);
    open_all(argv[2], argv[3], atoi(argv[4]));
    int key_count = read_keys(argv[7], keys), fd = reach(argv[2]);
    if (fd < 0) die("connect");
    /* Once each, so that the base of what is measured is known. */
    for (int k = 0; k < key_count; k++) {
        Write first = {.key = keys[k]};
        write_one(fd, argv[5], argv[6], k + 1, &versions[k], &first);
    }
    /* Until nothing has come for a second: all of them are held again. */
    for (double quiet = now() + 1; now() < quiet;) {
        int before = answers;
        turn(quiet);
        if (answers != before) quiet = now() + 1;
    }
    say_held();
    /* Waits for a line: who measures has read the server's counters. */
    while (getchar() != '\n') ;
    arrival_count = 0, answers = 0;
    double start = now();
    for (size_t w = 0; w < count; w++) {
        writes[w].due = start + w / rate;
        writes[w].key = keys[w % key_count];
        while (now() < writes[w].due) turn(writes[w].due);
        write_one(fd, argv[5], argv[6], key_count + w + 1, &versions[w % key_count], &writes[w]);
    }
    double written = now(), end = written + settle_seconds;
    size_t missing, concerned = 0, late = 0;
    do {
        turn(now() + 0.1);
        for (size_t w = 0; w < count; w++) writes[w].reached = writes[w].concerned = 0;
        settle(writes, count);
        missing = concerned = 0;
        for (size_t w = 0; w < count; w++) missing += writes[w].concerned - writes[w].reached, concerned += writes[w].concerned;
    } while (missing && now() < end);
    double *sent = room(NULL, sizeof(double) * count), *commit = room(NULL, sizeof(double) * count);
    for (size_t w = 0; w < count; w++) {
        sent[w] = (writes[w].last - writes[w].due) * 1000;
        commit[w] = (writes[w].last - writes[w].answered) * 1000;
        late += writes[w].sent > writes[w].due + 0.005;
    }
    printf("writes %zu\nseconds %.2f\nconcerned %.1f\nanswers %d\nmissing %zu\nlate %zu\n", count, written - start,
           (double)concerned / count, answers, missing, late);
    tell("sent", sent, count);
    tell("commit", commit, count);
    fflush(stdout);
    while (!is_over()) ;
    return missing ? 1 : 0;
}

int main(int argc, char **argv) {
    if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0) die("epoll");
    if (argc == 5 && !strcmp(argv[1], "idle")) return idle(argv);
    if (argc == 5 && !strcmp(argv[1], "hold")) return hold(argv);
    if (argc == 10 && !strcmp(argv[1], "live")) return live(argv);
    fprintf(stderr, "see the comment at the top of bench-held.c\n");
    return 64;
}
