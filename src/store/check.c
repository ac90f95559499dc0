/* Whether the store is whole: see check.h. */
#include "store/check.h"

#include <stdio.h>
#include <string.h>

#include "store/loaded.h"
#include "store/objects.h"

/* One question whose answer must be 0. */
static int
none_of(struct store *st, const char *sql, const char *what, struct err *err)
{
	int64_t n;

	if (store_ask(st, &n, 0, err, sql, "") < 0)
		return -1;
	return n == 0 ? 0 : err_set(err, ERR_SYSTEM, "the store is damaged: "
				    "%lld %s; take the home back from a backup",
				    (long long)n, what);
}

/* The records that marks are held against, one after the other. */
struct against {
	struct store_statement *records;
	int64_t last; /* row of a mark */
};

/* A mark is of a record that stands, or that an import removed, as it says. */
static int
check_mark(void *ctx, const struct loaded_mark *mark, struct err *err)
{
	struct against *a = ctx;
	int64_t row = 0;
	int got;

	while ((got = store_step(a->records, err)) > 0) {
		row = store_int(a->records, 0);
		if (row >= mark->row)
			break;
	}
	if (got < 0)
		return -1;
	if (got > 0 && row == mark->row && row > a->last) {
		size_t len;
		const char *id = store_text(a->records, 1, &len);

		a->last = row;
		if (len >= LOADED_ID && memcmp(id, mark->id, LOADED_ID) == 0 &&
		    mark->removed == (store_int(a->records, 2) != 0))
			return 0;
	}
	return err_set(err, ERR_SYSTEM, "the store is damaged: what was loaded "
		       "is of no record (row %lld); take the home back from a "
		       "backup", (long long)mark->row);
}

static int
check_marks(struct store *st, const struct object *o, struct err *err)
{
	struct against a = { NULL, 0 };
	struct buf sql = BUF_INIT;
	int rc = -1;

	buf_addf(&sql, "select _row, \"Id\", 0 from \"%s\" union all select "
		 "_row, id, 1 from _deleted where object = ?1 order by _row",
		 o->name);
	if (!buf_str(&sql))
		(void)err_memory(err);
	else if (store_prepare(st, &a.records, buf_str(&sql), err) == 0) {
		store_bind_int(a.records, 1, o->object);
		rc = loaded_each(st, o->object, check_mark, &a, err);
	}
	store_finish(a.records);
	buf_release(&sql);
	return rc;
}

/* How many rows of a log are of the objects from one on: of 400 at most. */
static int
count_known(struct store *st, struct objects *objects, const char *log,
	    size_t from, int64_t *known, struct err *err)
{
	struct buf sql = BUF_INIT;
	int rc;

	buf_addf(&sql, "select count(*) from %s where _row in (select _row "
		 "from _deleted where %d", log, from == 0);
	for (size_t i = from; i < objects_count(objects) && i < from + 400;
	     i++)
		buf_addf(&sql, " union all select _row from \"%s\"",
			 objects_at(objects, i)->name);
	buf_add_str(&sql, ")");
	rc = buf_str(&sql) ? store_ask(st, known, 0, err, buf_str(&sql), "") :
			     err_memory(err);
	buf_release(&sql);
	return rc;
}

/* Rows that are numbered in the logs stand in an object's table, in one. */
static int
check_rows(struct store *st, struct objects *objects, struct err *err)
{
	static const char *const logs[] = { "_change", "_base" };
	char sql[LIMIT_NAME + 96], what[64];

	for (size_t i = 0; i < objects_count(objects); i++) {
		(void)snprintf(sql, sizeof sql, "select count(*) from \"%s\" "
			       "where length(\"Id\") <> 18",
			       objects_at(objects, i)->name);
		if (none_of(st, sql, "records have no id", err) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
		int64_t known = 0, some = 0;

		for (size_t from = 0; from == 0 || from < objects_count(objects);
		     from += 400) {
			if (count_known(st, objects, logs[i], from, &some,
					err) < 0)
				return -1;
			known += some;
		}
		(void)snprintf(sql, sizeof sql, "select count(*) - %lld from "
			       "%s", (long long)known, logs[i]);
		(void)snprintf(what, sizeof what, "rows of %s are of no "
			       "record", logs[i]);
		if (none_of(st, sql, what, err) < 0)
			return -1;
	}
	return 0;
}

int
check_records(struct store *st, struct err *err)
{
	struct objects *objects;
	int rc;

	if (none_of(st, "select count(*) from _field where object not in "
		    "(select object from _object)", "fields are of no object",
		    err) < 0 ||
	    objects_open(&objects, st, err) < 0)
		return -1;
	rc = check_rows(st, objects, err);
	if (rc == 0)
		rc = loaded_check(st, err);
	for (size_t i = 0; rc == 0 && i < objects_count(objects); i++)
		rc = check_marks(st, objects_at(objects, i), err);
	objects_close(objects);
	return rc;
}
