/* The baseline of tools/bench: inserts the rows of a dump into the replica's schema from C, or times a command.
 *
 *   load SCHEMA.sql INDEXES.sql DUMP... -- OUT.db   rows are read and split before the clock starts; WAL, NORMAL,
 *                                                   5,000 rows a transaction, indexes last, checkpoint included
 *   schema REPLICA.db SCHEMA.sql INDEXES.sql        writes a replica's tables, and apart the indexes of its bulk tables
 *   time COUNT COMMAND [ARGUMENT...]                median wall time of COUNT runs in milliseconds
 *   peak COMMAND [ARGUMENT...]                      largest resident memory of one run in KiB
 *   exec FILE.db SQL                                runs SQL on a file that nobody else writes
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static char *slurp(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file) { perror(path); exit(1); }
    fseek(file, 0, SEEK_END);
    *length = ftell(file);
    rewind(file);
    char *bytes = malloc(*length + 1);
    if (fread(bytes, 1, *length, file) != *length) exit(1);
    bytes[*length] = 0;
    fclose(file);
    return bytes;
}

typedef struct { char kind; sqlite3_int64 number; const char *text; int length; } Field;
typedef struct { int entity, count; Field *fields; } Row;

static const char *names[] = {"partner", "cycle", "customer", "freezes", "budget", "usage", "contact", "discount", "manager", "label",
                              "conflict", "coupon", "product", "region", "resource", "bill_record"};

/* Splits one JSON array of integers, nulls and strings in place. */
static void split(char *line, Row *row) {
    Field fields[64];
    int count = 0;
    char *p = line + 1;
    for (;;) {
        Field *f = &fields[count++];
        if (*p == 'n') { f->kind = 'n'; p += 4; }
        else if (*p == '"') {
            char *out = ++p;
            f->kind = 't'; f->text = p;
            while (*p != '"') {
                if (*p == '\\') { p++; *out++ = *p == 'n' ? '\n' : *p == 't' ? '\t' : *p; p++; } else *out++ = *p++;
            }
            f->length = out - f->text; p++;
        } else { f->kind = 'i'; f->number = strtoll(p, &p, 10); }
        if (*p == ']') break;
        p++;
    }
    row->entity = fields[0].number;
    row->count = count - 1;
    row->fields = malloc(sizeof(Field) * row->count);
    memcpy(row->fields, fields + 1, sizeof(Field) * row->count);
}

static void check(int result, sqlite3 *db) {
    if (result != SQLITE_OK && result != SQLITE_DONE && result != SQLITE_ROW) { fprintf(stderr, "%s\n", sqlite3_errmsg(db)); exit(1); }
}

static int load(int argc, char **argv) {
    size_t length, rows = 0, room = 1 << 16;
    char *schema = slurp(argv[2], &length), *indexes = slurp(argv[3], &length);
    Row *all = malloc(sizeof(Row) * room);
    int arg = 4;
    for (; strcmp(argv[arg], "--"); arg++) {
        char *bytes = slurp(argv[arg], &length);
        for (char *line = bytes; *line;) {
            char *end = strchr(line, '\n');
            *end = 0;
            if (rows == room) all = realloc(all, sizeof(Row) * (room *= 2));
            split(line, &all[rows++]);
            line = end + 1;
        }
    }
    double start = now();
    sqlite3 *db;
    check(sqlite3_open(argv[arg + 1], &db), db);
    check(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=2000", 0, 0, 0), db);
    check(sqlite3_exec(db, schema, 0, 0, 0), db);
    sqlite3_stmt *inserts[16] = {0};
    for (size_t i = 0; i < rows; i++) {
        Row *row = &all[i];
        sqlite3_stmt *s = inserts[row->entity];
        if (!s) {
            char sql[512];
            int at = sprintf(sql, "INSERT INTO %s VALUES (?", names[row->entity]);
            for (int c = 1; c < row->count; c++) at += sprintf(sql + at, ",?");
            sprintf(sql + at, ")");
            check(sqlite3_prepare_v2(db, sql, -1, &inserts[row->entity], 0), db);
            s = inserts[row->entity];
        }
        if (i % 5000 == 0) check(sqlite3_exec(db, i ? "COMMIT; BEGIN" : "BEGIN", 0, 0, 0), db);
        for (int c = 0; c < row->count; c++) {
            Field *f = &row->fields[c];
            if (f->kind == 'i') sqlite3_bind_int64(s, c + 1, f->number);
            else if (f->kind == 't') sqlite3_bind_text(s, c + 1, f->text, f->length, SQLITE_STATIC);
            else sqlite3_bind_null(s, c + 1);
        }
        check(sqlite3_step(s), db);
        sqlite3_reset(s);
    }
    check(sqlite3_exec(db, "COMMIT", 0, 0, 0), db);
    check(sqlite3_exec(db, indexes, 0, 0, 0), db);
    for (int i = 0; i < 16; i++) sqlite3_finalize(inserts[i]);
    sqlite3_close(db);
    printf("%.3f\n", now() - start);
    return 0;
}

static int schema(char **argv) {
    sqlite3 *db;
    sqlite3_stmt *s;
    FILE *tables = fopen(argv[3], "w"), *indexes = fopen(argv[4], "w");
    check(sqlite3_open_v2(argv[2], &db, SQLITE_OPEN_READWRITE, 0), db);
    check(sqlite3_prepare_v2(db, "SELECT name GLOB 'bill_record_c*', sql FROM sqlite_schema WHERE sql IS NOT NULL AND type <> 'view'", -1, &s, 0), db);
    while (sqlite3_step(s) == SQLITE_ROW) fprintf(sqlite3_column_int(s, 0) ? indexes : tables, "%s;\n", sqlite3_column_text(s, 1));
    sqlite3_finalize(s);
    sqlite3_close(db);
    return fclose(tables) || fclose(indexes);
}

static int compare(const void *a, const void *b) { return *(double *)a < *(double *)b ? -1 : 1; }

static int times(int argc, char **argv) {
    int count = atoi(argv[2]);
    double *took = malloc(sizeof(double) * count);
    for (int i = 0; i < count; i++) {
        double start = now();
        pid_t child = fork();
        if (child == 0) {
            int null = open("/dev/null", O_WRONLY);
            dup2(null, 1);
            dup2(null, 2);
            execvp(argv[3], argv + 3);
            _exit(127);
        }
        int status;
        waitpid(child, &status, 0);
        if (status != 0) { fprintf(stderr, "the command failed\n"); return 1; }
        took[i] = (now() - start) * 1000;
    }
    qsort(took, count, sizeof(double), compare);
    printf("%.2f %.2f %.2f\n", took[0], took[count / 2], took[count - 1]);
    return 0;
}

static int peak(char **argv) {
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        dup2(null, 2);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    int status;
    struct rusage use;
    wait4(child, &status, 0, &use);
    if (status != 0) { fprintf(stderr, "the command failed\n"); return 1; }
    printf("%ld\n", use.ru_maxrss);
    return 0;
}

static int execute(char **argv) {
    sqlite3 *db;
    check(sqlite3_open_v2(argv[2], &db, SQLITE_OPEN_READWRITE, 0), db);
    check(sqlite3_exec(db, argv[3], 0, 0, 0), db);
    return sqlite3_close(db);
}

int main(int argc, char **argv) {
    if (argc > 5 && !strcmp(argv[1], "load")) return load(argc, argv);
    if (argc == 5 && !strcmp(argv[1], "schema")) return schema(argv);
    if (argc > 3 && !strcmp(argv[1], "time")) return times(argc, argv);
    if (argc > 2 && !strcmp(argv[1], "peak")) return peak(argv);
    if (argc == 4 && !strcmp(argv[1], "exec")) return execute(argv);
    fprintf(stderr, "see the comment at the top of bench-baseline.c\n");
    return 64;
}
