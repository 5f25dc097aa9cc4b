/* Plain tables beside a replica, for tools/bench and tools/growth.
 *
 *   plain REPLICA.db OUT.db    the rows of the replica in tables of the same columns without a version, in the order of their
 *                              keys, with the indexes that the replica has on those columns
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sqlite3 *db;

static void run(const char *sql) {
    char *error;
    if (sqlite3_exec(db, sql, NULL, NULL, &error) != SQLITE_OK) { fprintf(stderr, "%s\n%s\n", error, sql); exit(1); }
}

static sqlite3_stmt *query(const char *sql) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) { fprintf(stderr, "%s\n%s\n", sqlite3_errmsg(db), sql); exit(1); }
    return statement;
}

/* Tables of rows that came from the server: those whose rows have a version. */
static const char rows_of_server[] =
    "SELECT m.name FROM ours.sqlite_schema m WHERE m.type = 'table' AND EXISTS "
    "(SELECT 1 FROM pragma_table_info(m.name, 'ours') WHERE name = 'version') AND m.name NOT IN ('membership', 'departed', 'grave') "
    "ORDER BY m.name";

static void copy(const char *table) {
    char sql[8192], names[4096] = "", columns[4096] = "", text[256];
    snprintf(sql, sizeof sql, "SELECT name, type, pk FROM pragma_table_info('%s', 'ours') WHERE name <> 'version'", table);
    sqlite3_stmt *s = query(sql);
    while (sqlite3_step(s) == SQLITE_ROW) {
        snprintf(text, sizeof text, "%s%s %s%s", *columns ? ", " : "", sqlite3_column_text(s, 0), sqlite3_column_text(s, 1),
                 sqlite3_column_int(s, 2) ? " PRIMARY KEY" : "");
        strcat(columns, text);
        strcat(strcat(names, *names ? ", " : ""), (const char *)sqlite3_column_text(s, 0));
    }
    sqlite3_finalize(s);
    snprintf(sql, sizeof sql, "CREATE TABLE main.%s (%s); INSERT INTO main.%s SELECT %s FROM ours.%s ORDER BY 1", table, columns, table, names, table);
    run(sql);
}

int main(int argc, char **argv) {
    char sql[8192];
    if (argc != 4 || strcmp(argv[1], "plain")) { fprintf(stderr, "see the comment at the top of bench-store.c\n"); return 64; }
    remove(argv[3]);
    if (sqlite3_open(argv[3], &db) != SQLITE_OK) { fprintf(stderr, "%s\n", sqlite3_errmsg(db)); return 1; }
    run("PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF");
    sqlite3_stmt *attach = query("ATTACH ? AS ours");
    sqlite3_bind_text(attach, 1, argv[2], -1, SQLITE_STATIC);
    if (sqlite3_step(attach) != SQLITE_DONE) { fprintf(stderr, "%s\n", sqlite3_errmsg(db)); return 1; }
    sqlite3_finalize(attach);
    run("BEGIN");
    sqlite3_stmt *tables = query(rows_of_server);
    while (sqlite3_step(tables) == SQLITE_ROW) copy((const char *)sqlite3_column_text(tables, 0));
    sqlite3_finalize(tables);
    sqlite3_stmt *indexes = query(
        "SELECT i.sql FROM ours.sqlite_schema i JOIN main.sqlite_schema t ON t.name = i.tbl_name "
        "WHERE i.type = 'index' AND i.sql IS NOT NULL AND i.sql NOT LIKE '%version%'");
    while (sqlite3_step(indexes) == SQLITE_ROW) {
        snprintf(sql, sizeof sql, "%s", sqlite3_column_text(indexes, 0));
        run(sql);
    }
    sqlite3_finalize(indexes);
    run("COMMIT");
    return sqlite3_close(db) != SQLITE_OK;
}
