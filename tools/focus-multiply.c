/* Makes a large FOCUS 1.0 file out of a small one, and holds a replica to the sums of a file. Streams: what is kept is
   a record, and an id and a name for each sub-account of the source. */
#define _GNU_SOURCE
#include <ctype.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { fields_max = 512, record_max = 1 << 20, places = 18, kept_places = 8 };
typedef __int128 exact;

static const char *path;
static long line = 1, record_line = 1;

static void refuse(int code, const char *form, ...) {
    va_list arguments;
    va_start(arguments, form);
    fprintf(stderr, "focus-multiply: ");
    vfprintf(stderr, form, arguments);
    fputc('\n', stderr);
    exit(code);
}

/* One record as it stands in the file: its fields with their quotes. */
static char text[record_max + 1];
static char *field[fields_max];
static size_t length[fields_max];
static int fields;

static int next_record(FILE *file) {
    int byte, quoted = 0;
    size_t used = 0;
    while ((byte = getc_unlocked(file)) == '\n' || byte == '\r') line += byte == '\n';
    if (byte == EOF) return 0;
    record_line = line;
    fields = 0;
    field[0] = text;
    for (;; byte = getc_unlocked(file)) {
        if (used == record_max) refuse(65, "%s: the record at line %ld is too large", path, record_line);
        if (byte == EOF || (!quoted && (byte == '\n' || byte == ',' || byte == '\r'))) {
            if (byte == EOF && quoted) refuse(65, "%s: a quote of line %ld is never closed", path, record_line);
            if (byte == '\r') continue;
            length[fields] = (size_t)(text + used - field[fields]);
            text[used++] = 0;
            if (++fields == fields_max) refuse(65, "%s: too many fields at line %ld", path, record_line);
            field[fields] = text + used;
            if (byte == ',') continue;
            if (byte == '\n') line++;
            return 1;
        }
        if (byte == '"') quoted = !quoted;
        if (byte == '\n') line++;
        text[used++] = (char)byte;
    }
}

/* A field without its quotes, valid until the next call. */
static const char *plain(int index) {
    static char value[record_max + 1];
    const char *from = field[index];
    char *to = value;
    if (*from != '"') return from;
    for (from++; *from; from++) {
        if (*from == '"' && *++from != '"') break;
        *to++ = *from;
    }
    *to = 0;
    return value;
}

static int is_absent(const char *value) { return *value == 0 || strcmp(value, "NULL") == 0; }

/* A value between quotes, with the number of a copy behind it from the second on. */
static void put_quoted(FILE *out, const char *value, long copy) {
    putc_unlocked('"', out);
    for (; *value; value++) {
        if (*value == '"') putc_unlocked('"', out);
        putc_unlocked(*value, out);
    }
    if (copy > 0) fprintf(out, "-%ld", copy + 1);
    putc_unlocked('"', out);
}

/* Columns by name. */
static int column_id, column_account, column_name, column_resource, column_billed, column_list, column_time[4];
static const char *const times[4] = {"BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd"};
static int columns;

static int column(const char *name, int is_needed) {
    for (int i = 0; i < fields; i++)
        if (strcmp(plain(i), name) == 0) return i;
    if (is_needed) refuse(65, "%s: the column %s is missing; it is no FOCUS 1.0 file", path, name);
    return -1;
}

static void read_header(FILE *file) {
    line = 1;
    if (getc(file) != 0xEF || getc(file) != 0xBB || getc(file) != 0xBF) rewind(file);
    if (!next_record(file)) refuse(65, "%s: it is empty", path);
    columns = fields;
    column_id = column("Id", 0);
    column_account = column("SubAccountId", 1);
    column_name = column("SubAccountName", 0);
    column_resource = column("ResourceId", 0);
    column_billed = column("BilledCost", 1);
    column_list = column("ListCost", 1);
    for (int i = 0; i < 4; i++) column_time[i] = column(times[i], i == 0);
}

static int next_line(FILE *file) {
    if (!next_record(file)) return 0;
    if (fields != columns)
        refuse(65, "%s: line %ld has %d fields, the header %d", path, record_line, fields, columns);
    return 1;
}

/* Exact sums in units of 10^-18, and the same of amounts rounded half to even at 10^-8. */
static struct { exact whole, kept; } billed, list;
static long rounded;

static exact amount(const char *value) {
    const char *at = value;
    exact units = 0;
    int decimals = -1, digits = 0, isNegative = *at == '-';
    if (*at == '-' || *at == '+') at++;
    for (; *at; at++) {
        if (*at == '.' && decimals < 0) { decimals = 0; continue; }
        if (!isdigit((unsigned char)*at) || (decimals >= 0 && ++decimals > places) || ++digits > 32) {
            digits = 0;
            break;
        }
        units = units * 10 + (*at - '0');
    }
    if (digits == 0) refuse(65, "%s: line %ld: '%s' is not a plain decimal amount", path, record_line, value);
    for (int i = decimals < 0 ? 0 : decimals; i < places; i++)
        if (__builtin_mul_overflow(units, (exact)10, &units))
            refuse(65, "%s: line %ld: the amount is too large", path, record_line);
    return isNegative ? -units : units;
}

static exact kept(exact units) {
    const exact step = 10000000000;
    exact size = units < 0 ? -units : units, down = size / step, rest = size % step;
    if (rest * 2 > step || (rest * 2 == step && down % 2 == 1)) down++;
    return (units < 0 ? -down : down) * step;
}

static void add_amounts(void) {
    exact values[2] = {amount(plain(column_billed)), 0};
    values[1] = amount(plain(column_list));
    for (int i = 0; i < 2; i++) {
        exact near = kept(values[i]);
        exact *whole = i == 0 ? &billed.whole : &list.whole, *sum = i == 0 ? &billed.kept : &list.kept;
        rounded += near != values[i];
        if (__builtin_add_overflow(*whole, values[i], whole) || __builtin_add_overflow(*sum, near, sum))
            refuse(65, "%s: the sums are too large", path);
    }
}

/* Exact text with so many decimals; what is below them must be nothing. */
static const char *decimal(exact units, int decimals) {
    static char texts[8][64];
    static int turn;
    char *end = texts[turn = (turn + 1) % 8] + 63, *at = end;
    exact size = units < 0 ? -units : units;
    *at = 0;
    for (int i = places; i > decimals; i--) size /= 10;
    for (int i = 0; i <= decimals || size > 0; i++, size /= 10) {
        if (i == decimals && decimals > 0) *--at = '.';
        *--at = (char)('0' + (int)(size % 10));
    }
    if (units < 0) *--at = '-';
    return at;
}

static void print_sums(long lines) {
    printf("lines         %ld\n", lines);
    printf("BilledCost    %s exact, %s kept\n", decimal(billed.whole, places), decimal(billed.kept, kept_places));
    printf("ListCost      %s exact, %s kept\n", decimal(list.whole, places), decimal(list.kept, kept_places));
    printf("rounded       %ld values half to even at 10^-8; kept minus exact: BilledCost %s, ListCost %s\n", rounded,
        decimal(billed.kept - billed.whole, places), decimal(list.kept - list.whole, places));
}

/* The source's sub-accounts in order of their first line. */
static struct account { char *id, *name; } *accounts;
static long account_count, account_room;

static long account_of(void) {
    static long last;
    const char *id = plain(column_account);
    if (last < account_count && strcmp(accounts[last].id, id) == 0) return last;
    for (last = 0; last < account_count; last++)
        if (strcmp(accounts[last].id, id) == 0) return last;
    if (account_count == account_room) {
        account_room = account_room * 2 + 64;
        accounts = realloc(accounts, (size_t)account_room * sizeof *accounts);
        if (accounts == NULL) refuse(71, "no memory is left");
    }
    accounts[account_count].id = strdup(id);
    const char *name = column_name < 0 ? "" : plain(column_name);
    accounts[account_count].name = is_absent(name) ? NULL : strdup(name);
    return last = account_count++;
}

/* A time so many months earlier, its day no later than the month's last. */
static void put_time(FILE *out, const char *value, int back) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day, used = 0;
    if (sscanf(value, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || used != 10 || month < 1 || month > 12)
        refuse(65, "%s: line %ld: '%s' does not begin with YYYY-MM-DD", path, record_line, value);
    int count = year * 12 + month - 1 - back;
    year = count / 12;
    month = count % 12;
    int last = days[month] + (month == 1 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
    fprintf(out, "\"%04d-%02d-%02d%s\"", year, month + 1, day < last ? day : last, value + used);
}

static int is_time(int index) {
    for (int i = 0; i < 4; i++)
        if (index == column_time[i]) return 1;
    return 0;
}

static void put_line(FILE *out, long number, const struct account *account, long copy, int back) {
    for (int i = 0; i < fields; i++) {
        if (i > 0) putc_unlocked(',', out);
        if (i == column_id) fprintf(out, "%ld", number);
        else if (i == column_account) put_quoted(out, account->id, copy);
        else if (i == column_name && account->name != NULL) put_quoted(out, account->name, copy);
        else if (i == column_resource && copy > 0 && !is_absent(plain(i))) put_quoted(out, plain(i), copy);
        else if (is_time(i) && back > 0 && !is_absent(plain(i))) put_time(out, plain(i), back);
        else fwrite_unlocked(field[i], 1, length[i], out);
    }
    putc_unlocked('\n', out);
}

/* Round after round through the source: each round is another copy of its sub-accounts, until there are `customers`;
   then the same copies a month earlier, for `months` months, and again from the first. */
static void multiply(const char *to, long rows, long customers, int months) {
    FILE *file = fopen(path, "r"), *out;
    if (file == NULL) refuse(66, "cannot read %s", path);
    long source_lines = 0, written = 0;
    for (read_header(file); next_line(file); source_lines++) account_of();
    if (source_lines == 0) refuse(65, "%s has no line", path);
    if (customers == 0) customers = account_count;
    long copies = (customers + account_count - 1) / account_count;
    if ((out = fopen(to, "w")) == NULL) refuse(73, "cannot write %s", to);
    for (long round = 0; written < rows; round++) {
        rewind(file);
        read_header(file);
        for (int i = 0; i < fields && round == 0; i++) {
            if (i > 0) putc(',', out);
            fwrite(field[i], 1, length[i], out);
        }
        if (round == 0) putc('\n', out);
        while (written < rows && next_line(file)) {
            long customer = (account_of() + round % copies * account_count) % customers;
            add_amounts();
            put_line(out, ++written, &accounts[customer % account_count], customer / account_count,
                (int)(round / copies % months));
        }
        if (ferror(file)) refuse(66, "cannot read %s", path);
    }
    if (fflush(out) != 0 || fclose(out) != 0) refuse(73, "cannot write %s", to);
    fclose(file);
    print_sums(written);
}

/* The sum of a column of all bill records, in units of 10^-18. Whole and fraction are summed apart: SQLite's sum of
   integers fails past 2^63. */
static exact stored_sum(sqlite3 *database, const char *name, long *count) {
    char sql[256];
    sqlite3_stmt *statement;
    snprintf(sql, sizeof sql, "SELECT sum(%s / 100000000), sum(%s %% 100000000), count(*) FROM bill_record", name,
        name);
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK || sqlite3_step(statement) != SQLITE_ROW)
        refuse(65, "it is no replica: %s", sqlite3_errmsg(database));
    exact sum = (exact)sqlite3_column_int64(statement, 0) * 100000000 + sqlite3_column_int64(statement, 1);
    *count = (long)sqlite3_column_int64(statement, 2);
    sqlite3_finalize(statement);
    return sum * 10000000000;
}

/* What an import said of a column: kept minus exact. */
static void check_report(const char *report, const char *name, exact difference, int *differ) {
    char said[128], key[64];
    snprintf(key, sizeof key, "%s ", name);
    const char *wanted = decimal(difference, places), *at = strstr(report, "kept minus exact: ");
    at = at == NULL ? NULL : strstr(at, key);
    if (at == NULL || sscanf(at + strlen(key), "%100[-0-9.]", said) != 1)
        refuse(65, "the report says nothing of %s", name);
    int is_same = strcmp(said, wanted) == 0;
    printf("%-13s kept minus exact: the file's %s, the import's %s: %s\n", name, wanted, said,
        is_same ? "equal" : "DIFFERENT");
    *differ |= !is_same;
}

static int check(const char *replica, const char *report) {
    sqlite3 *database;
    FILE *file = fopen(path, "r");
    long lines = 0, count = 0;
    int differ = 0;
    if (file == NULL) refuse(66, "cannot read %s", path);
    for (read_header(file); next_line(file); lines++) add_amounts();
    print_sums(lines);
    if (sqlite3_open_v2(replica, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        refuse(66, "cannot read %s", replica);
    for (int i = 0; i < 2; i++) {
        exact kept_sum = i == 0 ? billed.kept : list.kept;
        exact stored = stored_sum(database, i == 0 ? "payment_amount" : "official_amount", &count);
        printf("%-13s the file's %s, the replica's %s: %s\n", i == 0 ? "BilledCost" : "ListCost",
            decimal(kept_sum, kept_places), decimal(stored, kept_places), kept_sum == stored ? "equal" : "DIFFERENT");
        differ |= kept_sum != stored;
    }
    printf("records       the file's %ld, the replica's %ld: %s\n", lines, count,
        lines == count ? "equal" : "DIFFERENT");
    differ |= lines != count;
    sqlite3_close(database);
    if (report != NULL) {
        static char said[record_max];
        FILE *from = fopen(report, "r");
        if (from == NULL) refuse(66, "cannot read %s", report);
        said[fread(said, 1, sizeof said - 1, from)] = 0;
        fclose(from);
        check_report(said, "BilledCost", billed.kept - billed.whole, &differ);
        check_report(said, "ListCost", list.kept - list.whole, &differ);
    }
    return differ;
}

/* multiply FILE OUT ROWS CUSTOMERS MONTHS, or check FILE REPLICA [REPORT]; `tools/focus-multiply` says what they do. */
int main(int count, char **arguments) {
    if (count >= 3) path = arguments[2];
    if (count == 7 && strcmp(arguments[1], "multiply") == 0) {
        multiply(arguments[3], atol(arguments[4]), atol(arguments[5]), atoi(arguments[6]));
        return 0;
    }
    if ((count == 4 || count == 5) && strcmp(arguments[1], "check") == 0)
        return check(arguments[3], count == 5 ? arguments[4] : NULL);
    return 64;
}
