/* sql DATABASE ROWS: SQLite creates tables, then inserts, selects, updates and deletes rows; each is timed, and leaves a line to compare. */
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "sqlite3.h"

static sqlite3 *db;

static void check(int code) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
  exit(1);
}

static void run(const char *sql) { check(sqlite3_exec(db, sql, 0, 0, 0)); }

static sqlite3_stmt *prepared(const char *sql) {
  sqlite3_stmt *statement;
  check(sqlite3_prepare_v2(db, sql, -1, &statement, 0));
  return statement;
}

static long number(const char *sql) {
  sqlite3_stmt *statement = prepared(sql);
  check(sqlite3_step(statement));
  long result = (long)sqlite3_column_int64(statement, 0);
  check(sqlite3_finalize(statement));
  return result;
}

/* Keys in an order that is not theirs: 7919 is prime, so each comes up once where the rows are not a multiple of it. */
static long key(long i, long rows) { return i * 7919 % rows + 1; }

static void create(long tables) {
  char sql[200];
  for (long i = 0; i < tables; i++) {
    snprintf(sql, sizeof sql, "CREATE TABLE other%ld(a INTEGER PRIMARY KEY, b TEXT); CREATE INDEX by%ld ON other%ld(b)", i, i, i);
    run(sql);
  }
}

static void insert(long rows) {
  sqlite3_stmt *statement = prepared("INSERT INTO t VALUES(?1, ?2, ?3)");
  char text[64];
  for (long i = 0; i < rows; i++) {
    snprintf(text, sizeof text, "row number %ld, with some text behind it", i);
    sqlite3_bind_int64(statement, 1, key(i, rows)), sqlite3_bind_int64(statement, 2, i * 31 % 1000);
    sqlite3_bind_text(statement, 3, text, -1, SQLITE_TRANSIENT);
    check(sqlite3_step(statement));
    check(sqlite3_reset(statement));
  }
  check(sqlite3_finalize(statement));
}

static long select_rows(long rows) {
  sqlite3_stmt *statement = prepared("SELECT b, length(c) FROM t WHERE a = ?1");
  long sum = 0;
  for (long i = 0; i < rows; i++) {
    sqlite3_bind_int64(statement, 1, key(i, rows));
    check(sqlite3_step(statement));
    sum += (long)sqlite3_column_int64(statement, 0) + (long)sqlite3_column_int64(statement, 1);
    check(sqlite3_reset(statement));
  }
  check(sqlite3_finalize(statement));
  return sum + number("SELECT count(*) FROM t WHERE b BETWEEN 100 AND 199");
}

static void each(const char *sql, long rows, long step) {
  sqlite3_stmt *statement = prepared(sql);
  for (long i = 0; i < rows; i += step) {
    sqlite3_bind_int64(statement, 1, key(i, rows));
    check(sqlite3_step(statement));
    check(sqlite3_reset(statement));
  }
  check(sqlite3_finalize(statement));
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  long rows = strtol(argv[2], 0, 10), sum;
  check(sqlite3_open(argv[1], &db));
  run("CREATE TABLE t(a INTEGER PRIMARY KEY, b INTEGER, c TEXT); CREATE INDEX tb ON t(b)");
  begin(), run("BEGIN"), create(rows / 500), run("COMMIT"), spent("create");
  begin(), run("BEGIN"), insert(rows), run("COMMIT"), spent("insert");
  begin(), sum = select_rows(rows), spent("select");
  begin(), run("BEGIN"), each("UPDATE t SET b = b + 1, c = c || '!' WHERE a = ?1", rows, 1), run("COMMIT"), spent("update");
  begin(), run("BEGIN"), each("DELETE FROM t WHERE a = ?1", rows, 2), run("COMMIT"), spent("delete");
  printf("sum %ld, left %ld, their sum %ld\n", sum, number("SELECT count(*) FROM t"), number("SELECT sum(b) + sum(length(c)) FROM t"));
  /* The database stays open: what it holds is there when all memory is compared with its mirror. */
  return 0;
}
