/* Asks a daemon or a server as a program would, for tools/bench, tools/busy-load and tools/growth.
 *
 *   append COUNT BYTES FILE              appends BYTES to a file and waits for fdatasync; median in milliseconds
 *   overwrite COUNT BYTES FILE           the same over bytes that the file has already
 *   edits SOCKET KEYS COUNT GAP OUT      has COUNT edits accepted one by one over one connection, GAP milliseconds
 *                                        between; a line each into OUT: when it began, how long it took, in seconds, -
 *   lookups NAMES COUNT GAP OUT COMMAND  runs a command COUNT times, each with another line of NAMES as its last
 *                                        argument; the same lines, with its processor time; one that fails ends with what
 *                                        it said
 *   loading SOCKET OUT                   waits until a daemon has loaded all; writes when into OUT
 *   ready SOCKET COMMAND...              starts a daemon and ends it; milliseconds until it told its status
 *   wire PORT TOKEN                      the bulk of a first load: records, bytes, bytes in gzip
 *   poll PORT TOKEN COUNT                COUNT looks at a feed with nothing in it: bytes up, down, median milliseconds
 */
#define _GNU_SOURCE
#include "bench-http.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char **lines(const char *path, size_t *count) {
    FILE *file = fopen(path, "r");
    char **all = NULL, *line = NULL;
    size_t size = 0;
    if (!file) die(path);
    for (*count = 0; getline(&line, &size, file) > 0; ++*count) {
        line[strcspn(line, "\n")] = 0;
        all = room(all, sizeof(char *) * (*count + 1));
        all[*count] = strdup(line);
    }
    fclose(file);
    if (*count == 0) { fprintf(stderr, "%s is empty\n", path); exit(1); }
    return all;
}

static void rest(double seconds) {
    if (seconds > 0) usleep((useconds_t)(seconds * 1e6));
}

static int append(char **argv) {
    size_t count = atoi(argv[2]), bytes = atoi(argv[3]);
    char *block = room(NULL, bytes);
    double *took = room(NULL, sizeof(double) * count);
    int fd = open(argv[4], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || lseek(fd, 0, SEEK_END) < 0) die(argv[4]);
    memset(block, 'x', bytes);
    if (!strcmp(argv[1], "overwrite")) {
        for (size_t i = 0; i < count; i++) if (write(fd, block, bytes) != (ssize_t)bytes) die(argv[4]);
        if (fdatasync(fd) || lseek(fd, -(off_t)(count * bytes), SEEK_END) < 0) die(argv[4]);
    }
    for (size_t i = 0; i < count; i++) {
        double begin = now();
        if (write(fd, block, bytes) != (ssize_t)bytes || fdatasync(fd)) die(argv[4]);
        took[i] = (now() - begin) * 1000;
    }
    qsort(took, count, sizeof *took, by_size);
    printf("%.4f\n", took[count / 2]);
    return 0;
}

static int edits(char **argv) {
    size_t known, length, count = atoi(argv[4]);
    char **keys = lines(argv[3], &known), *body;
    FILE *out = fopen(argv[6], "w");
    Reply reply = {0};
    int fd = reach(argv[2]);
    if (fd < 0) die(argv[2]);
    if (!out) die(argv[6]);
    for (size_t i = 0; i < count; i++) {
        char json[512], request[1024];
        int size = snprintf(json, sizeof json,
            "{\"dryRun\":false,\"edit\":{\"base\":\"0\",\"customer\":\"%s\",\"deviceTime\":\"0\",\"kind\":\"set-label\","
            "\"label\":\"visit %zu\",\"number\":\"0\",\"schema\":1}}", keys[i % known], i);
        int all = snprintf(request, sizeof request,
            "POST /v1/edits HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", size, json);
        double begin = now();
        int status = ask(fd, request, all, &reply, &body, &length);
        fprintf(out, "%.6f %.6f -%s\n", begin, now() - begin, status / 100 == 2 ? "" : " refused");
        if (status / 100 != 2) fprintf(stderr, "an edit was refused: %d %.*s\n", status, (int)length, body);
        rest(atof(argv[5]) / 1000 - (now() - begin));
    }
    return fclose(out);
}

static int lookups(int argc, char **argv) {
    size_t known, count = atoi(argv[3]);
    char **names = lines(argv[2], &known), error[512];
    char **command = room(NULL, sizeof(char *) * (argc + 2));
    FILE *out = fopen(argv[5], "w");
    if (!out) die(argv[5]);
    memcpy(command, argv + 6, sizeof(char *) * (argc - 6));
    command[argc - 5] = NULL;
    for (size_t i = 0; i < count; i++) {
        int told[2], status;
        command[argc - 6] = names[i % known];
        if (pipe2(told, O_CLOEXEC)) die("pipe");
        double begin = now();
        pid_t child = fork();
        if (child == 0) {
            dup2(open("/dev/null", O_WRONLY), 1);
            dup2(told[1], 2);
            execvp(command[0], command);
            _exit(127);
        }
        close(told[1]);
        struct rusage use;
        wait4(child, &status, 0, &use);
        double took = now() - begin, cpu = use.ru_utime.tv_sec + use.ru_stime.tv_sec + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
        ssize_t got = read(told[0], error, sizeof error - 1);
        error[got > 0 ? strcspn((error[got] = 0, error), "\n") : 0] = 0;
        close(told[0]);
        fprintf(out, "%.6f %.6f %.6f%s%s\n", begin, took, cpu, status ? " failed: " : "", status ? error : "");
        rest(atof(argv[4]) / 1000 - took);
    }
    return fclose(out);
}

static const char status_request[] = "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n";

static int loading(char **argv) {
    char *body, phase[32], done[32];
    size_t length;
    Reply reply = {0};
    FILE *out = fopen(argv[3], "w");
    int fd = reach(argv[2]);
    if (fd < 0) die(argv[2]);
    if (!out) die(argv[3]);
    for (;; rest(0.02)) {
        if (ask(fd, status_request, sizeof status_request - 1, &reply, &body, &length) != 200) continue;
        if (!field(body, "phase", phase, sizeof phase) || !strcmp(phase, "starting")) continue;
        if (!field(body, "loadRowsDone", done, sizeof done) && strstr(body, "lastCheckpointAt")) break;
    }
    fprintf(out, "%.6f\n", now());
    return fclose(out);
}

static int ready(char **argv) {
    char *body;
    size_t length;
    Reply reply = {0};
    double begin = now();
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        dup2(null, 2);
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    for (;;) {
        int fd = reach(argv[2]);
        if (fd >= 0) {
            int status = ask(fd, status_request, sizeof status_request - 1, &reply, &body, &length);
            close(fd);
            if (status == 200) break;
        }
        if (now() - begin > 60 || waitpid(child, NULL, WNOHANG)) { fprintf(stderr, "the daemon did not start\n"); return 1; }
        usleep(500);
    }
    printf("%.2f\n", (now() - begin) * 1000);
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    return 0;
}

static int get(int fd, const char *token, const char *target, const char *more, Reply *reply, char **body, size_t *length) {
    char request[2048];
    int size = snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n", target, token, more);
    int status = ask(fd, request, size, reply, body, length);
    if (status != 200) { fprintf(stderr, "%s: %d\n%s\n", target, status, *body); exit(1); }
    return size;
}

static const char begin_load[] = "POST /sync/v1/snapshot";

static int wire(char **argv) {
    char *body, cursor[300], target[512], more[8], marked[400];
    size_t length, raw = 0, packed = 0, records = 0;
    Reply reply = {0};
    int fd = reach(argv[2]), is_bulk = 0;
    if (fd < 0) die(argv[2]);
    get(fd, argv[3], begin_load, "Content-Length: 0\r\n", &reply, &body, &length);
    if (!field(body, "cursor", cursor, sizeof cursor) || !field(body, "bulk", marked, sizeof marked)) return 1;
    for (;;) {
        is_bulk = is_bulk || !strcmp(cursor, marked);
        snprintf(target, sizeof target, "GET /sync/v1/snapshot/rows?rows=packed&cursor=%s", cursor);
        get(fd, argv[3], target, "", &reply, &body, &length);
        if (is_bulk) {
            raw += length;
            for (char *line = strstr(body, "\n["); line; line = strstr(line + 1, "\n[")) records += !strncmp(line, "\n[15,", 5);
        }
        char *last = body + length - 1;
        while (last > body && last[-1] != '\n') last--;
        if (!field(last, "cursor", cursor, sizeof cursor) || !field(last, "more", more, sizeof more)) return 1;
        int is_last = strcmp(more, "true");
        if (is_bulk) {
            get(fd, argv[3], target, "Accept-Encoding: gzip\r\n", &reply, &body, &length);
            if (!memcmp(body, "\x1f\x8b", 2)) packed += length;
        }
        if (is_last) break;
    }
    printf("%zu %zu %zu\n", records, raw, packed);
    return 0;
}

static int poll_feed(char **argv) {
    char *body, cursor[300], target[512];
    size_t length, count = atoi(argv[4]), down = 0;
    double *took = room(NULL, sizeof(double) * count);
    Reply reply = {0};
    int fd = reach(argv[2]), up = 0;
    if (fd < 0) die(argv[2]);
    get(fd, argv[3], begin_load, "Content-Length: 0\r\n", &reply, &body, &length);
    if (!field(body, "feed", cursor, sizeof cursor)) return 1;
    /* The pin may stand before the head. */
    for (size_t i = 0; i < 8 + count; i++) {
        snprintf(target, sizeof target, "GET /sync/v1/changes?rows=packed&cursor=%s", cursor);
        double begin = now();
        up = get(fd, argv[3], target, "", &reply, &body, &length);
        if (i >= 8) { took[i - 8] = (now() - begin) * 1000; down = reply.length; }
        char *last = body + length - 1;
        while (last > body && last[-1] != '\n') last--;
        if (!field(last, "cursor", cursor, sizeof cursor)) return 1;
        if (i >= 8 && strstr(body, "\n[")) { fprintf(stderr, "the feed was not at rest\n"); return 1; }
    }
    qsort(took, count, sizeof *took, by_size);
    printf("%d %zu %.3f\n", up, down, took[count / 2]);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 5 && (!strcmp(argv[1], "append") || !strcmp(argv[1], "overwrite"))) return append(argv);
    if (argc == 7 && !strcmp(argv[1], "edits")) return edits(argv);
    if (argc > 6 && !strcmp(argv[1], "lookups")) return lookups(argc, argv);
    if (argc == 4 && !strcmp(argv[1], "loading")) return loading(argv);
    if (argc > 3 && !strcmp(argv[1], "ready")) return ready(argv);
    if (argc == 4 && !strcmp(argv[1], "wire")) return wire(argv);
    if (argc == 5 && !strcmp(argv[1], "poll")) return poll_feed(argv);
    fprintf(stderr, "see the comment at the top of bench-client.c\n");
    return 64;
}
