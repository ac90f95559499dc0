/*
 * The database: see store.h.
 *
 * Rollback journal, EXTRA: what was committed survives a power cut, and the
 * one that takes the journal's name away with it (SQLite's "synchronous"
 * pragma says when FULL would not).
 */
#include "store/store.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "format/member.h"
#include "store/journal.h"
#include "store/tables.h"

enum {
	APPLICATION = 0x6f726766, /* "orgf", for file(1) and for us */
	VERSION = 1,
};

/* Statements kept for their next use: in sets, by their SQL's hash. */
enum { SETS = 64, KEPT = 4 };

struct store {
	sqlite3 *db;
	char *path;
	struct store_statement *kept[SETS][KEPT];
	unsigned turn; /* whose place is taken next, in any set */
};

struct store_statement {
	struct store *store;
	sqlite3_stmt *stmt;
	size_t set; /* where it is kept */
	int rc; /* of the first binding that failed */
};

/* What SQLite says of the last call, as an error of ours. */
static int
failed(struct store *st, struct err *err)
{
	int rc = st->db ? sqlite3_extended_errcode(st->db) : SQLITE_NOMEM;

	if ((rc & 0xff) == SQLITE_NOMEM)
		return err_memory(err);
	if ((rc & 0xff) == SQLITE_FULL)
		return err_set(err, ERR_SYSTEM, "%s: the disk is full; nothing "
			       "was changed", SHOWN(st->path));
	if ((rc & 0xff) == SQLITE_BUSY)
		return err_set(err, ERR_SYSTEM, "%s: another program is using "
			       "it; close it and try again", SHOWN(st->path));
	if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
		/* A failing read too is called malformed by SQLite. */
		return err_set(err, ERR_SYSTEM, "%s: is damaged or cannot be "
			       "read (%s); if the system's log tells of no disk "
			       "error, take the home back from a backup",
			       SHOWN(st->path), sqlite3_errmsg(st->db));
	if ((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN) {
		errno = sqlite3_system_errno(st->db);
		if (errno != 0)
			return err_sys(err, "%s: %s (SQLite error %d)",
				       SHOWN(st->path), sqlite3_errmsg(st->db),
				       rc);
	}
	return err_set(err, ERR_SYSTEM, "%s: %s (SQLite error %d)",
		       SHOWN(st->path), sqlite3_errmsg(st->db), rc);
}

int
store_exec(struct store *st, const char *sql, struct err *err)
{
	return sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK ?
		       0 : failed(st, err);
}

/*
 * The path with every link in it followed but a last one, as SQLite wants it
 * to be sure that the store itself is none.
 */
static char *
real_path(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) :
			       strdup(".");
	char *real = folder ? realpath(folder, NULL) : NULL;
	char *whole = real ? file_join(real, slash ? slash + 1 : path) : NULL;

	free(real);
	free(folder);
	return whole;
}

static int
connect(struct store **out, const char *path, int flags, struct err *err)
{
	/*
	 * 32 MiB of pages in memory. One process at a time has the lock, so
	 * SQLite need not take its own at every turn; and one thread, so it
	 * needs no mutex, nor to count its memory under one.
	 */
	static const char settings[] =
		"pragma journal_mode = delete;"
		"pragma synchronous = extra;"
		"pragma locking_mode = exclusive;"
		"pragma cache_size = -32768;"
		"pragma cell_size_check = on;"
		"pragma trusted_schema = off;"
		"pragma foreign_keys = on;";
	struct store *st = calloc(1, sizeof *st);
	char *real = NULL;
	int rc = -1;

	*out = NULL;
	if (!st)
		return err_memory(err);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* once, or refused */
	st->path = strdup(path);
	real = real_path(path);
	if (!st->path || (!real && errno == ENOMEM))
		(void)err_memory(err);
	else if (!real)
		(void)err_sys(err, "%s: cannot find its folder", SHOWN(path));
	else if (sqlite3_open_v2(real, &st->db, flags | SQLITE_OPEN_NOFOLLOW |
				 SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
				 journal_vfs()) != SQLITE_OK ||
		 sqlite3_db_config(st->db, SQLITE_DBCONFIG_DEFENSIVE, 1,
				   NULL) != SQLITE_OK)
		(void)failed(st, err);
	else
		rc = store_exec(st, settings, err);
	free(real);
	if (rc < 0)
		store_close(st);
	else
		*out = st;
	return rc;
}

int
store_make(const char *path, struct err *err)
{
	struct store *st;
	char version[128];
	int rc = -1;

	/* What an earlier try left; a finished store is never made again. */
	if (unlink(path) < 0 && errno != ENOENT)
		return err_sys(err, "%s: cannot make it anew", SHOWN(path));
	if (connect(&st, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		    err) < 0)
		return -1;
	(void)snprintf(version, sizeof version,
		       "pragma application_id = %d; pragma user_version = %d;",
		       APPLICATION, VERSION);
	if (store_begin(st, err) == 0 && store_exec(st, tables_sql, err) == 0 &&
	    store_exec(st, version, err) == 0)
		rc = store_commit(st, err);
	store_close(st);
	return rc;
}

int
store_open(struct store **out, const char *path, struct err *err)
{
	int64_t application, version;
	struct stat had;

	*out = NULL;
	if (lstat(path, &had) < 0)
		return err_sys(err, "%s: cannot open", SHOWN(path));
	if (!S_ISREG(had.st_mode))
		return err_set(err, ERR_SYSTEM, "%s: is %s; the store of a home "
			       "is a file in it", SHOWN(path),
			       S_ISLNK(had.st_mode) ? "a symbolic link" :
						      "no plain file");
	if (connect(out, path, SQLITE_OPEN_READWRITE, err) < 0)
		return -1;
	if (store_ask(*out, &application, 0, err, "pragma application_id",
		      "") < 0 ||
	    store_ask(*out, &version, 0, err, "pragma user_version", "") < 0)
		goto fail;
	if (application != APPLICATION) {
		(void)err_set(err, ERR_SYSTEM, "%s: is not the store of an "
			      "orgferry home", SHOWN(path));
		goto fail;
	}
	if (version != VERSION) {
		(void)err_set(err, ERR_SYSTEM, "%s: is of version %lld, and "
			      "this orgferry knows %d; use the newer one",
			      SHOWN(path), (long long)version, VERSION);
		goto fail;
	}
	return 0;
fail:
	store_close(*out);
	*out = NULL;
	return -1;
}

static void
discard(struct store_statement *s)
{
	if (!s)
		return;
	(void)sqlite3_finalize(s->stmt);
	free(s);
}

void
store_close(struct store *st)
{
	if (!st)
		return;
	for (size_t i = 0; i < SETS * KEPT; i++)
		discard(st->kept[i / KEPT][i % KEPT]);
	(void)sqlite3_close_v2(st->db);
	free(st->path);
	free(st);
}

int
store_begin(struct store *st, struct err *err)
{
	return store_exec(st, "begin immediate", err);
}

int
store_commit(struct store *st, struct err *err)
{
	int rc = store_exec(st, "commit", err);
	char said[LIMIT_MESSAGE];

	if (rc < 0 && (sqlite3_extended_errcode(st->db) & 0xff) ==
			      SQLITE_IOERR) {
		/* The sync that failed may have been the last one. */
		memcpy(said, err->msg, sizeof said);
		(void)err_set(err, ERR_SYSTEM, "%.900s; the same command again "
			      "will tell whether this was kept", said);
	}
	if (rc < 0)
		store_rollback(st);
	return rc;
}

void
store_rollback(struct store *st)
{
	/* A full disk may have rolled back by itself already. */
	if (st && !sqlite3_get_autocommit(st->db))
		(void)sqlite3_exec(st->db, "rollback", NULL, NULL, NULL);
}

/* The set of a statement. Its text is always read whole, so eight at a time. */
static size_t
set_of(const char *sql)
{
	size_t len = strlen(sql);
	uint64_t h = len, piece = 0;

	for (; len >= sizeof piece; sql += sizeof piece, len -= sizeof piece) {
		memcpy(&piece, sql, sizeof piece);
		h = (h ^ piece) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	piece = 0;
	memcpy(&piece, sql, len);
	h = (h ^ piece) * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(h >> 32) % SETS;
}

int
store_prepare(struct store *st, struct store_statement **out, const char *sql,
	      struct err *err)
{
	size_t set = set_of(sql);
	struct store_statement *s;

	*out = NULL;
	for (size_t i = 0; i < KEPT; i++) {
		s = st->kept[set][i];
		if (!s || strcmp(sqlite3_sql(s->stmt), sql) != 0)
			continue;
		st->kept[set][i] = NULL;
		*out = s;
		return 0;
	}
	s = calloc(1, sizeof *s);
	if (!s)
		return err_memory(err);
	s->store = st;
	s->set = set;
	if (sqlite3_prepare_v3(st->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
			       &s->stmt, NULL) != SQLITE_OK) {
		free(s);
		return failed(st, err);
	}
	*out = s;
	return 0;
}

void
store_finish(struct store_statement *s)
{
	struct store_statement **kept;
	size_t i = 0;

	if (!s)
		return;
	store_reset(s);
	(void)sqlite3_clear_bindings(s->stmt);
	kept = s->store->kept[s->set];
	while (i < KEPT && kept[i])
		i++;
	if (i == KEPT) {
		i = s->store->turn++ % KEPT;
		discard(kept[i]);
	}
	kept[i] = s;
}

static void
bound(struct store_statement *s, int rc)
{
	if (rc != SQLITE_OK && s->rc == SQLITE_OK)
		s->rc = rc;
}

void
store_bind_int(struct store_statement *s, int i, int64_t n)
{
	bound(s, sqlite3_bind_int64(s->stmt, i, n));
}

void
store_bind_text(struct store_statement *s, int i, const void *p, size_t len)
{
	/* No length is empty text, never NULL. */
	bound(s, sqlite3_bind_text64(s->stmt, i, len ? p : "", len,
				     SQLITE_STATIC, SQLITE_UTF8));
}

void
store_bind_blob(struct store_statement *s, int i, const void *p, size_t len)
{
	bound(s, sqlite3_bind_blob64(s->stmt, i, len ? p : "", len,
				     SQLITE_STATIC));
}

void
store_bind_null(struct store_statement *s, int i)
{
	bound(s, sqlite3_bind_null(s->stmt, i));
}

int
store_step(struct store_statement *s, struct err *err)
{
	int rc;

	if (s->rc != SQLITE_OK)
		return s->rc == SQLITE_NOMEM ?
			       err_memory(err) :
			       err_set(err, ERR_SYSTEM, "%s: a value could "
				       "not be bound (SQLite error %d)",
				       SHOWN(s->store->path), s->rc);
	rc = sqlite3_step(s->stmt);
	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : failed(s->store, err);
}

void
store_reset(struct store_statement *s)
{
	(void)sqlite3_reset(s->stmt);
	s->rc = SQLITE_OK;
}

int
store_do(struct store_statement *s, struct err *err)
{
	int rc = store_step(s, err);

	store_reset(s);
	return rc < 0 ? -1 : 0;
}

int64_t
store_int(struct store_statement *s, int i)
{
	return sqlite3_column_int64(s->stmt, i);
}

const char *
store_text(struct store_statement *s, int i, size_t *len)
{
	const void *p = sqlite3_column_text(s->stmt, i);

	*len = p ? (size_t)sqlite3_column_bytes(s->stmt, i) : 0;
	return p ? p : "";
}

const uint8_t *
store_blob(struct store_statement *s, int i, size_t *len)
{
	const void *p = sqlite3_column_blob(s->stmt, i);

	*len = p ? (size_t)sqlite3_column_bytes(s->stmt, i) : 0;
	return p;
}

/* Bind what types says, a letter each. */
static void
bind_all(struct store_statement *s, const char *types, va_list ap)
{
	for (int i = 1; *types; types++, i++) {
		const void *p;

		switch (*types) {
		case 'i':
			store_bind_int(s, i, va_arg(ap, int64_t));
			break;
		case 's':
			p = va_arg(ap, const char *);
			store_bind_text(s, i, p, strlen(p));
			break;
		case 't':
			p = va_arg(ap, const void *);
			store_bind_text(s, i, p, va_arg(ap, size_t));
			break;
		case 'b':
			p = va_arg(ap, const void *);
			store_bind_blob(s, i, p, va_arg(ap, size_t));
			break;
		}
	}
}

/*
 * One step of a statement with its values: as store_step(), and *s is the
 * caller's to finish; it is NULL where it could not be prepared.
 */
static int
ask(struct store *st, struct store_statement **s, struct err *err,
    const char *sql, const char *types, va_list ap)
{
	if (store_prepare(st, s, sql, err) < 0)
		return -1;
	bind_all(*s, types, ap);
	return store_step(*s, err);
}

static bool
is_null(struct store_statement *s)
{
	return sqlite3_column_type(s->stmt, 0) == SQLITE_NULL;
}

int
store_run(struct store *st, struct err *err, const char *sql,
	  const char *types, ...)
{
	struct store_statement *s;
	va_list ap;
	int got;

	va_start(ap, types);
	got = ask(st, &s, err, sql, types, ap);
	va_end(ap);
	store_finish(s);
	return got < 0 ? -1 : 0;
}

int
store_ask(struct store *st, int64_t *out, int64_t none, struct err *err,
	  const char *sql, const char *types, ...)
{
	struct store_statement *s;
	va_list ap;
	int got;

	va_start(ap, types);
	got = ask(st, &s, err, sql, types, ap);
	va_end(ap);
	*out = got > 0 && !is_null(s) ? store_int(s, 0) : none;
	store_finish(s);
	return got < 0 ? -1 : 0;
}

int
store_ask_text(struct store *st, struct buf *out, bool *found, struct err *err,
	       const char *sql, const char *types, ...)
{
	struct store_statement *s;
	const char *text;
	size_t len;
	va_list ap;
	int got;

	va_start(ap, types);
	got = ask(st, &s, err, sql, types, ap);
	va_end(ap);
	*found = got > 0 && !is_null(s);
	if (*found) {
		text = store_text(s, 0, &len);
		buf_add(out, text, len);
	}
	store_finish(s);
	return got < 0 ? -1 : buf_ok(out, err);
}

int64_t
store_last_row(struct store *st)
{
	return sqlite3_last_insert_rowid(st->db);
}

int64_t
store_changed(struct store *st)
{
	return sqlite3_changes64(st->db);
}

bool
store_name(const char *s, size_t len)
{
	/* Names that begin like this are SQLite's own. */
	return member_api_name(s, len) &&
	       !(len > 6 && strncasecmp(s, "sqlite_", 7) == 0);
}

int
store_check(struct store *st, struct err *err)
{
	struct buf said = BUF_INIT;
	bool found;
	int rc = store_ask_text(st, &said, &found, err,
				"pragma integrity_check(1)", "");

	if (rc == 0 && !(said.len == 2 && memcmp(said.data, "ok", 2) == 0))
		rc = err_set(err, ERR_SYSTEM, "%s: is damaged: %s",
			     SHOWN(st->path), SHOWN_N(said.data, said.len));
	buf_release(&said);
	return rc;
}

const char *
store_version(void)
{
	return sqlite3_libversion();
}
