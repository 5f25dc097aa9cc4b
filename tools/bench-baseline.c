/* The baseline of tools/bench: inserts the rows of a dump into the replica's schema from C, or times a command.
 *
 *   load SCHEMA.sql INDEXES.sql DUMP... -- OUT.db   rows are read and split before the clock starts; WAL, NORMAL,
 *                                                   5,000 rows a transaction, indexes last, checkpoint included
 *   apply REPLICA-COPY.db DUMP...                   writes the rows of dumps over those that are there, all columns of each
 *                                                   that is newer; WAL, NORMAL, one transaction; rows are read and split
 *                                                   before the clock starts; prints the seconds up to its commit
 *   schema REPLICA.db SCHEMA.sql INDEXES.sql        writes a replica's tables, and apart the indexes of its bulk tables
 *   time COUNT COMMAND [ARGUMENT...]                median wall time of COUNT runs in milliseconds
 *   peak COMMAND [ARGUMENT...]                      largest resident memory of one run in KiB
 *   exec FILE.db SQL                                runs SQL on a file that nobody else writes
 *   export REPLICA.db OUT.csv                       writes bill records as `fieldbook export bills` does, byte for byte;
 *                                                   prints the seconds it took
 */
#define _GNU_SOURCE
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

/* Reads and splits the rows of a dump behind those that are there. */
static void read_rows(const char *path, Row **all, size_t *rows, size_t *room) {
    size_t length;
    char *bytes = slurp(path, &length);
    for (char *line = bytes; *line;) {
        char *end = strchr(line, '\n');
        *end = 0;
        if (*rows == *room) *all = realloc(*all, sizeof(Row) * (*room = *room ? *room * 2 : 1 << 16));
        split(line, &(*all)[(*rows)++]);
        line = end + 1;
    }
}

static void bind(sqlite3_stmt *s, const Row *row) {
    for (int c = 0; c < row->count; c++) {
        Field *f = &row->fields[c];
        if (f->kind == 'i') sqlite3_bind_int64(s, c + 1, f->number);
        else if (f->kind == 't') sqlite3_bind_text(s, c + 1, f->text, f->length, SQLITE_STATIC);
        else sqlite3_bind_null(s, c + 1);
    }
}

static int load(int argc, char **argv) {
    size_t length, rows = 0, room = 0;
    char *schema = slurp(argv[2], &length), *indexes = slurp(argv[3], &length);
    Row *all = 0;
    int arg = 4;
    for (; strcmp(argv[arg], "--"); arg++) read_rows(argv[arg], &all, &rows, &room);
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
        bind(s, row);
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

/* The statement that writes a row of a table, or writes over an older one. */
static sqlite3_stmt *upsert(sqlite3 *db, const char *table, int count) {
    char sql[8192], query[64];
    sqlite3_stmt *columns, *s;
    snprintf(query, sizeof query, "SELECT * FROM %s", table);
    check(sqlite3_prepare_v2(db, query, -1, &columns, 0), db);
    int at = sprintf(sql, "INSERT INTO %s VALUES (?", table);
    for (int c = 1; c < count; c++) at += sprintf(sql + at, ",?");
    at += sprintf(sql + at, ") ON CONFLICT (key) DO UPDATE SET");
    for (int c = 1; c < count; c++) {
        const char *name = sqlite3_column_name(columns, c);
        at += sprintf(sql + at, "%s %s = excluded.%s", c > 1 ? "," : "", name, name);
    }
    sprintf(sql + at, " WHERE excluded.version > version");
    sqlite3_finalize(columns);
    check(sqlite3_prepare_v2(db, sql, -1, &s, 0), db);
    return s;
}

static int apply(int argc, char **argv) {
    size_t rows = 0, room = 0;
    Row *all = 0;
    for (int arg = 3; arg < argc; arg++) read_rows(argv[arg], &all, &rows, &room);
    double start = now();
    sqlite3 *db;
    sqlite3_stmt *upserts[16] = {0};
    check(sqlite3_open_v2(argv[2], &db, SQLITE_OPEN_READWRITE, 0), db);
    check(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=2000; BEGIN IMMEDIATE", 0, 0, 0), db);
    for (size_t i = 0; i < rows; i++) {
        sqlite3_stmt **s = &upserts[all[i].entity];
        if (!*s) *s = upsert(db, names[all[i].entity], all[i].count);
        bind(*s, &all[i]);
        check(sqlite3_step(*s), db);
        sqlite3_reset(*s);
    }
    check(sqlite3_exec(db, "COMMIT", 0, 0, 0), db);
    printf("%.3f\n", now() - start);
    for (int i = 0; i < 16; i++) sqlite3_finalize(upserts[i]);
    return sqlite3_close(db);
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

/* The columns of `fieldbook export bills`: t text, i integer, m money, s seconds since 1970, c a constant. */
static const struct { const char *name; char form; const char *value; } columns[] = {
    {"bill_id", 't', "r.bill_id"}, {"trade_id", 't', "r.trade_id"}, {"customer_id", 't', "c.customer_id"},
    {"source_id", 't', "c.source_id"}, {"account_name", 't', "c.account_name"}, {"customer", 't', "c.name"},
    {"cycle", 't', "cy.cycle"}, {"status", 't', "cy.status"}, {"as_of", 's', "cy.as_of"}, {"bill_type", 'i', "r.bill_type"},
    {"class", 't', "CASE WHEN r.bill_type IN (1, 2, 3, 5, 8, 12, 14, 15, 17, 18, 23, 25, 103) THEN 'expenditure' "
                   "WHEN r.bill_type IN (4, 20, 24, 100) THEN 'refund' WHEN r.bill_type IN (9, 16, 101, 102) THEN 'adjustment' END"},
    {"charging_mode", 'i', "r.charging_mode"}, {"service_code", 't', "p.service_code"}, {"service", 't', "p.service_name"},
    {"product_id", 't', "p.product_id"}, {"product", 't', "p.name"}, {"resource_type", 't', "p.resource_type_code"},
    {"region_code", 't', "g.code"}, {"region", 't', "g.name"}, {"resource_id", 't', "s.resource_id"}, {"resource", 't', "s.name"},
    {"trade_time", 's', "r.trade_time"}, {"consume_time", 's', "r.consume_time"}, {"usage_type", 't', "r.usage_type"},
    {"usage_amount", 't', "r.usage_amount"}, {"usage_unit", 't', "r.usage_unit"}, {"currency", 't', "r.currency"},
    {"official", 'm', "r.official_amount"}, {"official_basis", 'c', "list price"}, {"discount", 'm', "r.discount_amount"},
    {"payment", 'm', "r.payment_amount"}, {"payment_basis", 'c', "settlement price"}, {"cash", 'm', "r.cash_amount"},
    {"credit", 'm', "r.credit_amount"}, {"coupon", 'm', "r.coupon_amount"}, {"flexi", 'm', "r.flexi_amount"},
    {"stored_value", 'm', "r.stored_value_amount"}, {"debt", 'm', "r.debt_amount"}, {"writeoff", 'm', "r.writeoff_amount"},
    {"period_type", 'i', "r.period_type"}, {"period_count", 'i', "r.period_count"}};
enum { column_count = sizeof columns / sizeof *columns };

static void cell(FILE *out, const unsigned char *text, size_t length) {
    if (!memchr(text, ',', length) && !memchr(text, '"', length) && !memchr(text, '\n', length) && !memchr(text, '\r', length)) {
        fwrite_unlocked(text, 1, length, out);
        return;
    }
    putc_unlocked('"', out);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"') putc_unlocked('"', out);
        putc_unlocked(text[i], out);
    }
    putc_unlocked('"', out);
}

static void number(FILE *out, char form, sqlite3_int64 value) {
    char text[48];
    int length;
    if (form == 's') {
        time_t seconds = value;
        struct tm t;
        gmtime_r(&seconds, &t);
        length = (int)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &t);
    } else if (form == 'm') {
        unsigned long long all = value < 0 ? -(unsigned long long)value : (unsigned long long)value;
        length = snprintf(text, sizeof text, "%s%llu.%08llu", value < 0 ? "-" : "", all / 100000000, all % 100000000);
    } else {
        length = snprintf(text, sizeof text, "%lld", value);
    }
    fwrite_unlocked(text, 1, length, out);
}

static int export(char **argv) {
    double start = now();
    char query[8192] = "SELECT ";
    sqlite3 *db;
    sqlite3_stmt *s;
    FILE *out = fopen(argv[3], "w");
    if (!out) { perror(argv[3]); return 1; }
    setvbuf(out, malloc(65536), _IOFBF, 65536);
    for (int i = 0; i < column_count; i++) {
        fprintf(out, "%s%s", i ? "," : "", columns[i].name);
        strcat(strcat(query, i ? ", " : ""), columns[i].form == 'c' ? "NULL" : columns[i].value);
    }
    fputs("\r\n", out);
    strcat(query, " FROM bill_record r LEFT JOIN customer c ON c.key = r.customer LEFT JOIN cycle cy ON cy.key = r.cycle "
                  "LEFT JOIN product p ON p.key = r.product LEFT JOIN region g ON g.key = r.region "
                  "LEFT JOIN resource s ON s.key = r.resource ORDER BY r.key");
    check(sqlite3_open_v2(argv[2], &db, SQLITE_OPEN_READONLY, 0), db);
    check(sqlite3_prepare_v2(db, query, -1, &s, 0), db);
    while (sqlite3_step(s) == SQLITE_ROW) {
        for (int i = 0; i < column_count; i++) {
            if (i) putc_unlocked(',', out);
            if (columns[i].form == 'c') fputs(columns[i].value, out);
            else if (sqlite3_column_type(s, i) == SQLITE_NULL) continue;
            else if (columns[i].form == 't') cell(out, sqlite3_column_text(s, i), sqlite3_column_bytes(s, i));
            else number(out, columns[i].form, sqlite3_column_int64(s, i));
        }
        fputs("\r\n", out);
    }
    sqlite3_finalize(s);
    sqlite3_close(db);
    if (fflush(out) || fsync(fileno(out)) || fclose(out)) return 1;
    printf("%.3f\n", now() - start);
    return 0;
}

int main(int argc, char **argv) {
    if (argc > 5 && !strcmp(argv[1], "load")) return load(argc, argv);
    if (argc > 3 && !strcmp(argv[1], "apply")) return apply(argc, argv);
    if (argc == 5 && !strcmp(argv[1], "schema")) return schema(argv);
    if (argc > 3 && !strcmp(argv[1], "time")) return times(argc, argv);
    if (argc > 2 && !strcmp(argv[1], "peak")) return peak(argv);
    if (argc == 4 && !strcmp(argv[1], "exec")) return execute(argv);
    if (argc == 4 && !strcmp(argv[1], "export")) return export(argv);
    fprintf(stderr, "see the comment at the top of bench-baseline.c\n");
    return 64;
}
