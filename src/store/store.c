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
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum {
	APPLICATION = 0x6f726766, /* "orgf", for file(1) and for us */
	VERSION = 1,
};

/*
 * What every home has. Beside these stands one table per Salesforce object,
 * named as the object, with a TEXT column per field and `_row` (records.c).
 */
static const char schema[] =
	"-- The home's own facts: the org's name and id, counters, the time\n"
	"-- of the snapshot last loaded, the key of its rows' fingerprints.\n"
	"create table _home (\n"
	"  key text primary key,\n"
	"  value any not null\n"
	") strict, without rowid;\n"
	"\n"
	"-- Objects that have a table. header: the first line of the file\n"
	"-- last loaded, as it was; its rows' fingerprints hold with it.\n"
	"create table _object (\n"
	"  object integer primary key,\n"
	"  name text not null unique collate nocase,\n"
	"  prefix text,\n"
	"  header blob\n"
	") strict;\n"
	"\n"
	"-- Their fields. typed: who says the type, weakest first.\n"
	"-- position: of the column in the file last loaded; null: not in it.\n"
	"create table _field (\n"
	"  field integer primary key,\n"
	"  object integer not null references _object,\n"
	"  name text not null collate nocase,\n"
	"  type text not null default '',\n"
	"  typed text not null default 'inferred' check\n"
	"    (typed in ('inferred', 'table', 'metadata', 'option')),\n"
	"  refers text not null default '',\n"
	"  position integer,\n"
	"  unique (object, name)\n"
	") strict;\n"
	"\n"
	"-- The fingerprint of each row last loaded. An import never\n"
	"-- touches it.\n"
	"create table _loaded (\n"
	"  _row integer primary key,\n"
	"  object integer not null references _object,\n"
	"  print blob not null\n"
	") strict;\n"
	"\n"
	"-- The change log: per record and field the newest change alone.\n"
	"-- number: of the transaction that made it; origin: 0 for a load,\n"
	"-- else the connection. A new record needs no row: _row only grows.\n"
	"create table _change (\n"
	"  _row integer not null,\n"
	"  field integer not null references _field,\n"
	"  number integer not null,\n"
	"  origin integer not null,\n"
	"  time text not null,\n"
	"  primary key (_row, field)\n"
	") strict, without rowid;\n"
	"create index _change_number on _change (number);\n"
	"\n"
	"-- Records that are gone. edited: the number of the load that found\n"
	"-- the org still changing what an import had removed: a conflict.\n"
	"create table _deleted (\n"
	"  _row integer primary key,\n"
	"  object integer not null references _object,\n"
	"  id text not null,\n"
	"  number integer not null,\n"
	"  origin integer not null,\n"
	"  time text not null,\n"
	"  edited integer\n"
	") strict;\n"
	"create index _deleted_number on _deleted (number);\n"
	"create index _deleted_id on _deleted (object, id);\n"
	"\n"
	"-- What the last snapshot said of a field that an import has since\n"
	"-- overwritten; of a record that one deleted, every field (and _loaded\n"
	"-- keeps its row).\n"
	"create table _base (\n"
	"  _row integer not null,\n"
	"  field integer not null references _field,\n"
	"  value text not null,\n"
	"  primary key (_row, field)\n"
	") strict, without rowid;\n"
	"\n"
	"-- People who may work here, and what they may do.\n"
	"create table _user (\n"
	"  name text primary key collate nocase,\n"
	"  mail text not null default '',\n"
	"  manages integer not null default 0,\n"
	"  forwards integer not null default 0,\n"
	"  accepts integer not null default 0,\n"
	"  active integer not null default 1\n"
	") strict, without rowid;\n"
	"\n"
	"-- Connections. status: S2S's values. inviter: 1 if this org invited.\n"
	"-- partner_*: what the partner said of itself; confirmed: a person has\n"
	"-- compared its fingerprint. out_*: our direction: its epoch, the last\n"
	"-- bundle's sequence and manifest hash, up to which row and change it\n"
	"-- went, the as-of time and the revision of what is published that it\n"
	"-- told. in_*: theirs: the last bundle applied.\n"
	"create table _connection (\n"
	"  connection integer primary key,\n"
	"  key blob not null unique,\n"
	"  name text not null unique collate nocase,\n"
	"  inviter integer not null,\n"
	"  status text not null,\n"
	"  type text not null default 'Standard',\n"
	"  policy text not null default 'newest',\n"
	"  one_way integer not null default 0,\n"
	"  revision integer not null default 1,\n"
	"  invitation blob,\n"
	"  created text not null,\n"
	"  responded text,\n"
	"  contact_name text not null default '',\n"
	"  contact_mail text not null default '',\n"
	"  account text not null default '',\n"
	"  owner text not null default '',\n"
	"  partner_name text not null default '',\n"
	"  partner_org text not null default '',\n"
	"  partner_sandbox integer not null default 0,\n"
	"  partner_key blob,\n"
	"  partner_sealing blob,\n"
	"  confirmed integer not null default 0,\n"
	"  publish_all integer not null default 0,\n"
	"  subscribe_all integer not null default 0,\n"
	"  accept_all integer not null default 0,\n"
	"  delete_all integer not null default 0,\n"
	"  published integer not null default 0,\n"
	"  out_epoch blob,\n"
	"  out_sequence integer not null default 0,\n"
	"  out_hash blob,\n"
	"  out_row integer not null default 0,\n"
	"  out_change integer not null default 0,\n"
	"  out_as_of text not null default '',\n"
	"  out_published integer not null default 0,\n"
	"  in_epoch blob,\n"
	"  in_sequence integer not null default 0,\n"
	"  in_hash blob,\n"
	"  in_as_of text not null default '',\n"
	"  in_published integer not null default 0\n"
	") strict;\n"
	"\n"
	"-- What this side publishes: an object's row has field ''. excepted: 1\n"
	"-- if taken out of --all for good. told: since which revision.\n"
	"create table _publication (\n"
	"  connection integer not null references _connection,\n"
	"  object text not null collate nocase,\n"
	"  field text not null collate nocase,\n"
	"  excepted integer not null default 0,\n"
	"  primary key (connection, object, field)\n"
	") strict, without rowid;\n"
	"\n"
	"-- What of it has been sent already, so that what is new goes whole.\n"
	"create table _told (\n"
	"  connection integer not null references _connection,\n"
	"  object text not null collate nocase,\n"
	"  field text not null collate nocase,\n"
	"  primary key (connection, object, field)\n"
	") strict, without rowid;\n"
	"\n"
	"-- What the partner publishes, as its newest bundle said.\n"
	"create table _catalog (\n"
	"  connection integer not null references _connection,\n"
	"  object text not null collate nocase,\n"
	"  field text not null collate nocase,\n"
	"  label text not null default '',\n"
	"  type text not null default '',\n"
	"  length text not null default '',\n"
	"  digits text not null default '',\n"
	"  scale text not null default '',\n"
	"  refers text not null default '',\n"
	"  choices text not null default '',\n"
	"  primary key (connection, object, field)\n"
	") strict, without rowid;\n"
	"\n"
	"-- What this side takes: their object into which of ours; none: never.\n"
	"create table _subscription (\n"
	"  connection integer not null references _connection,\n"
	"  object text not null collate nocase,\n"
	"  local text not null collate nocase,\n"
	"  none integer not null default 0,\n"
	"  accept integer not null default 0,\n"
	"  deletes integer not null default 0,\n"
	"  owner text not null default '',\n"
	"  primary key (connection, object)\n"
	") strict, without rowid;\n"
	"\n"
	"-- Their field into which of ours, where that was said by a person.\n"
	"create table _mapping (\n"
	"  connection integer not null references _connection,\n"
	"  object text not null collate nocase,\n"
	"  field text not null collate nocase,\n"
	"  local text not null collate nocase,\n"
	"  primary key (connection, object, field)\n"
	") strict, without rowid;\n"
	"\n"
	"-- Standing rules: all records of an object, or of all (object '').\n"
	"create table _rule (\n"
	"  connection integer not null references _connection,\n"
	"  object text not null collate nocase,\n"
	"  primary key (connection, object)\n"
	") strict, without rowid;\n"
	"\n"
	"-- The ledger: which of our records is which of theirs. name: the word\n"
	"-- on the wire, without its side; ours: 1 if this side named it. partner:\n"
	"-- its id over there, once known. _row stays when the record is gone.\n"
	"-- told: it has gone out whole. stop: Inactive since.\n"
	"create table _ledger (\n"
	"  ledger integer primary key,\n"
	"  connection integer not null references _connection,\n"
	"  object integer not null references _object,\n"
	"  _row integer not null,\n"
	"  name text not null,\n"
	"  ours integer not null,\n"
	"  partner text not null default '',\n"
	"  status text not null,\n"
	"  told integer not null default 0,\n"
	"  parent text not null default '',\n"
	"  related text not null default '',\n"
	"  start text not null default '',\n"
	"  stop text not null default ''\n"
	") strict;\n"
	"create unique index _ledger_name on _ledger (connection, name, ours);\n"
	"create unique index _ledger_row on _ledger (connection, _row)\n"
	"  where stop = '';\n"
	"\n"
	"-- What came from a partner and has not landed: whole records (field '')\n"
	"-- that nobody has accepted, and values without a place. why: one word.\n"
	"create table _waiting (\n"
	"  connection integer not null references _connection,\n"
	"  object text not null collate nocase,\n"
	"  name text not null,\n"
	"  field text not null collate nocase,\n"
	"  value text not null,\n"
	"  why text not null,\n"
	"  since text not null,\n"
	"  primary key (connection, name, field)\n"
	") strict, without rowid;\n"
	"create index _waiting_value on _waiting (connection, value)\n"
	"  where why = 'reference';\n"
	"\n"
	"-- References that could not be sent, for their target is not shared.\n"
	"create table _unsent (\n"
	"  connection integer not null references _connection,\n"
	"  _row integer not null,\n"
	"  field integer not null references _field,\n"
	"  target text not null,\n"
	"  primary key (connection, _row, field)\n"
	") strict, without rowid;\n"
	"create index _unsent_target on _unsent (connection, target);\n"
	"\n"
	"-- What is to be told with the next bundle of the partner's records.\n"
	"create table _receipt (\n"
	"  connection integer not null references _connection,\n"
	"  object text not null,\n"
	"  name text not null,\n"
	"  id text not null,\n"
	"  status text not null,\n"
	"  primary key (connection, name)\n"
	") strict, without rowid;\n"
	"\n"
	"-- Every bundle made or taken in. A refused one is in transfers.log.\n"
	"create table _transfer (\n"
	"  transfer integer primary key,\n"
	"  connection integer references _connection,\n"
	"  direction text not null,\n"
	"  kind text not null,\n"
	"  epoch blob,\n"
	"  sequence integer not null,\n"
	"  hash blob not null,\n"
	"  file text not null,\n"
	"  bytes integer not null,\n"
	"  time text not null,\n"
	"  records integer not null default 0\n"
	") strict;\n"
	"\n"
	"-- The connection history: append-only, one chain a connection.\n"
	"-- name: the connection's at that time, for the hash covers it.\n"
	"create table _history (\n"
	"  connection integer not null references _connection,\n"
	"  sequence integer not null,\n"
	"  date text not null,\n"
	"  user text not null,\n"
	"  name text not null,\n"
	"  category text not null,\n"
	"  action text not null,\n"
	"  object text not null,\n"
	"  record text not null,\n"
	"  partner_record text not null,\n"
	"  field text not null,\n"
	"  old text not null,\n"
	"  new text not null,\n"
	"  origin text not null,\n"
	"  message text not null,\n"
	"  hash blob not null,\n"
	"  primary key (connection, sequence)\n"
	") strict, without rowid;\n"
	"create trigger _history_stays before update on _history begin\n"
	"  select raise(abort, 'the history is append-only');\n"
	"end;\n"
	"create trigger _history_grows before insert on _history\n"
	"  when new.sequence is not 1 + (select coalesce(max(sequence), 0)\n"
	"    from _history where connection = new.connection) begin\n"
	"  select raise(abort, 'the history is append-only');\n"
	"end;\n"
	"create trigger _history_is_kept before delete on _history begin\n"
	"  select raise(abort, 'the history is append-only');\n"
	"end;\n";

struct store {
	sqlite3 *db;
	char *path;
};

struct store_statement {
	struct store *store;
	sqlite3_stmt *stmt;
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
		return err_set(err, ERR_SYSTEM, "%s: is damaged (%s); take "
			       "the home back from a backup", SHOWN(st->path),
			       sqlite3_errmsg(st->db));
	return err_set(err, ERR_SYSTEM, "%s: %s (SQLite error %d)",
		       SHOWN(st->path), sqlite3_errmsg(st->db), rc);
}

int
store_exec(struct store *st, const char *sql, struct err *err)
{
	return sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK ?
		       0 : failed(st, err);
}

static int
connect(struct store **out, const char *path, int flags, struct err *err)
{
	/*
	 * 32 MiB of pages in memory. One process at a time has the lock, so
	 * SQLite need not take its own at every turn.
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

	*out = NULL;
	if (!st)
		return err_memory(err);
	st->path = strdup(path);
	if (!st->path) {
		store_close(st);
		return err_memory(err);
	}
	if (sqlite3_open_v2(path, &st->db, flags | SQLITE_OPEN_NOFOLLOW |
				    SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK ||
	    sqlite3_db_config(st->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) !=
		    SQLITE_OK ||
	    store_exec(st, settings, err) < 0) {
		(void)failed(st, err);
		store_close(st);
		return -1;
	}
	*out = st;
	return 0;
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
	if (store_begin(st, err) == 0 && store_exec(st, schema, err) == 0 &&
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
	if (stat(path, &had) < 0)
		return err_sys(err, "%s: cannot open", SHOWN(path));
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

void
store_close(struct store *st)
{
	if (!st)
		return;
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

int
store_prepare(struct store *st, struct store_statement **out, const char *sql,
	      struct err *err)
{
	struct store_statement *s = calloc(1, sizeof *s);

	*out = NULL;
	if (!s)
		return err_memory(err);
	s->store = st;
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
	if (!s)
		return;
	(void)sqlite3_finalize(s->stmt);
	free(s);
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

int
store_run(struct store *st, struct err *err, const char *sql,
	  const char *types, ...)
{
	struct store_statement *s;
	va_list ap;
	int rc;

	if (store_prepare(st, &s, sql, err) < 0)
		return -1;
	va_start(ap, types);
	bind_all(s, types, ap);
	va_end(ap);
	rc = store_do(s, err);
	store_finish(s);
	return rc;
}

int
store_ask(struct store *st, int64_t *out, int64_t none, struct err *err,
	  const char *sql, const char *types, ...)
{
	struct store_statement *s;
	va_list ap;
	int got;

	*out = none;
	if (store_prepare(st, &s, sql, err) < 0)
		return -1;
	va_start(ap, types);
	bind_all(s, types, ap);
	va_end(ap);
	got = store_step(s, err);
	if (got > 0 && sqlite3_column_type(s->stmt, 0) != SQLITE_NULL)
		*out = store_int(s, 0);
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

	*found = false;
	if (store_prepare(st, &s, sql, err) < 0)
		return -1;
	va_start(ap, types);
	bind_all(s, types, ap);
	va_end(ap);
	got = store_step(s, err);
	if (got > 0 && sqlite3_column_type(s->stmt, 0) != SQLITE_NULL) {
		*found = true;
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
	if (len < 1 || len > LIMIT_NAME)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			continue;
		if (i == 0 || !((c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return true;
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
