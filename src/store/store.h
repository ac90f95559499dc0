/*
 * The database: schema text, version, transactions, bound statements. The only
 * user of sqlite3.h.
 *
 * Values are always bound. The only names put into SQL are API names, checked
 * where they enter (store_name()), and our own, which begin with `_`.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct store;
struct store_statement;

/*
 * Make the database of a new home; it is whole on the disk when this returns.
 * A file of that name that is no finished store is made again.
 */
int store_make(const char *path, struct err *err);

/* Open one of our version; ERR_SYSTEM where it is newer or not ours. */
int store_open(struct store **out, const char *path, struct err *err);
void store_close(struct store *st); /* rolls back; NULL is fine */

int store_begin(struct store *st, struct err *err);
/*
 * On the disk when it returns 0. After -1 nothing of it is kept, unless it was
 * the very last sync that failed: then err says that this is not known.
 */
int store_commit(struct store *st, struct err *err);
void store_rollback(struct store *st); /* with nothing open, does nothing */

/* SQL without values. */
int store_exec(struct store *st, const char *sql, struct err *err);

/*
 * One statement with values, run to its end. types says what follows, a letter
 * each: `i` int64_t, `s` const char *, `t` const void * and size_t (text), `b`
 * the same (a blob).
 */
int store_run(struct store *st, struct err *err, const char *sql,
	      const char *types, ...);

/* The same for a question: its first column as a number, or `none`. */
int store_ask(struct store *st, int64_t *out, int64_t none, struct err *err,
	      const char *sql, const char *types, ...);

/* The same, as text: added to out; *found tells whether there was a row. */
int store_ask_text(struct store *st, struct buf *out, bool *found,
		   struct err *err, const char *sql, const char *types, ...);

/*
 * A statement to be run often. *out is the caller's: store_finish(), after
 * which the store keeps it for the next who asks for the same SQL.
 */
int store_prepare(struct store *st, struct store_statement **out,
		  const char *sql, struct err *err);
void store_finish(struct store_statement *s); /* NULL is fine */

/*
 * Bind before the first step; i counts from 1. Bytes are only borrowed, until
 * store_reset(). What could not be bound shows in the step.
 */
void store_bind_int(struct store_statement *s, int i, int64_t n);
void store_bind_text(struct store_statement *s, int i, const void *p,
		     size_t len);
void store_bind_blob(struct store_statement *s, int i, const void *p,
		     size_t len);
void store_bind_null(struct store_statement *s, int i);

/* 1: a row; 0: done; -1. */
int store_step(struct store_statement *s, struct err *err);
void store_reset(struct store_statement *s);

/* Step once to the end and reset: for what gives no rows. */
int store_do(struct store_statement *s, struct err *err);

/* Columns of the row, from 0; bytes live until the next step or reset. */
int64_t store_int(struct store_statement *s, int i);
const char *store_text(struct store_statement *s, int i, size_t *len);
const uint8_t *store_blob(struct store_statement *s, int i, size_t *len);

/* The rowid of the last insert; rows changed by the last statement. */
int64_t store_last_row(struct store *st);
int64_t store_changed(struct store *st);

/* Whether a name may stand in SQL between double quotes: an API name. */
bool store_name(const char *s, size_t len);

/* SQLite's own examination of every page. ERR_SYSTEM says what it found. */
int store_check(struct store *st, struct err *err);

/* SQLite's version, for --version. */
const char *store_version(void);

#endif
