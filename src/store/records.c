/* Object tables and the change log: see records.h. */
#include "store/records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "store/loaded.h"

struct records {
	struct store *st;
	int64_t origin, number, next_row;
	bool logged; /* a change has this number */
	char now[TEXT_INSTANT + 1];
	struct records_tally tally;
	struct buf base; /* what records_read_base() lends */
	struct store_statement *log, *drop_log, *keep_base, *set_base;
	struct store_statement *drop_base, *read_base, *removed;
};

/* Statements that do not depend on the object. */
static const struct {
	size_t at;
	const char *sql;
} common[] = {
	{ offsetof(struct records, log),
	  "insert into _change values (?1, ?2, ?3, ?4, ?5) "
	  "on conflict do update set number = ?3, origin = ?4, time = ?5" },
	{ offsetof(struct records, drop_log),
	  "delete from _change where _row = ?1" },
	{ offsetof(struct records, keep_base),
	  "insert or ignore into _base values (?1, ?2, ?3)" },
	{ offsetof(struct records, set_base),
	  "insert or replace into _base values (?1, ?2, ?3)" },
	{ offsetof(struct records, drop_base),
	  "delete from _base where _row = ?1 and (?2 = 0 or field = ?2)" },
	{ offsetof(struct records, read_base),
	  "select field, value from _base where _row = ?1" },
	{ offsetof(struct records, removed),
	  "select _row from _deleted where object = ?1 and id = ?2" },
};

enum { COMMON = sizeof common / sizeof *common };

static struct store_statement **
common_at(struct records *r, size_t i)
{
	return (struct store_statement **)(void *)((char *)r + common[i].at);
}

void
records_close(struct records *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < COMMON; i++)
		store_finish(*common_at(r, i));
	buf_release(&r->base);
	free(r);
}

int
records_open(struct records **out, struct store *st, struct err *err)
{
	struct records *r = calloc(1, sizeof *r);

	*out = NULL;
	if (!r)
		return err_memory(err);
	r->st = st;
	for (size_t i = 0; i < COMMON; i++) {
		if (store_prepare(st, common_at(r, i), common[i].sql, err) <
		    0) {
			records_close(r);
			return -1;
		}
	}
	*out = r;
	return 0;
}

int
records_begin(struct records *r, int64_t origin, struct err *err)
{
	static const char ask[] = "select value from _home where key = ?1";

	if (store_ask(r->st, &r->number, 0, err, ask, "s", "change") < 0 ||
	    store_ask(r->st, &r->next_row, 1, err, ask, "s", "row") < 0)
		return -1;
	r->number++;
	r->logged = false;
	r->origin = origin;
	r->tally = (struct records_tally){ 0 };
	text_instant(r->now, text_now());
	return 0;
}

int
records_end(struct records *r, struct err *err)
{
	static const char put[] = "insert into _home values (?1, ?2) "
				  "on conflict do update set value = ?2";

	if (store_run(r->st, err, put, "si", "row", r->next_row) < 0)
		return -1;
	return r->logged ? store_run(r->st, err, put, "si", "change",
				     r->number) : 0;
}

const struct records_tally *
records_tally(const struct records *r)
{
	return &r->tally;
}

/* A statement over an object's columns; column() adds each, Id or not. */
static int
prepare(struct records *r, struct object *o,
	struct store_statement **out, const char *before, const char *each,
	bool with_id, const char *after, struct err *err)
{
	struct buf sql = BUF_INIT;
	bool first = true;
	int rc = -1;

	buf_addf(&sql, before, o->name);
	for (size_t i = 0; i < o->fields && each; i++) {
		if (i == o->id && !with_id)
			continue;
		if (!first)
			buf_add_str(&sql, ", ");
		first = false;
		/* Bound by number: field i is ?(i + 2), the row is ?1. */
		if (*each == '?')
			buf_addf(&sql, "?%zu", i + 2);
		else if (*each == '=')
			buf_addf(&sql, "\"%s\" = ?%zu", o->field[i].name,
				 i + 2);
		else
			buf_addf(&sql, "\"%s\"", o->field[i].name);
	}
	buf_add_str(&sql, after);
	if (buf_str(&sql))
		rc = store_prepare(r->st, out, buf_str(&sql), err);
	else
		(void)err_memory(err);
	buf_release(&sql);
	return rc;
}

int
records_any(struct records *r, const struct object *o, bool *any,
	    struct err *err)
{
	char sql[LIMIT_NAME + 64];
	int64_t found;

	(void)snprintf(sql, sizeof sql, "select 1 from \"%s\" limit 1",
		       o->name);
	if (store_ask(r->st, &found, 0, err, sql, "") < 0)
		return -1;
	*any = found != 0;
	return 0;
}

int
records_find_short(struct records *r, const struct object *o,
		   const char id[static LOADED_ID], int64_t *row,
		   struct err *err)
{
	char sql[LIMIT_NAME + 96];

	(void)snprintf(sql, sizeof sql, "select _row from \"%s\" where \"Id\" "
		       ">= ?1 and \"Id\" < ?1 || '~' limit 1", o->name);
	return store_ask(r->st, row, 0, err, sql, "t", id, (size_t)LOADED_ID);
}

int
records_find(struct records *r, struct object *o, const char *id,
	     size_t len, int64_t *row, struct err *err)
{
	int got;

	*row = 0;
	if (!o->find && prepare(r, o, &o->find, "select _row from \"%s\" ",
				NULL, false, "where \"Id\" = ?1", err) < 0)
		return -1;
	store_bind_text(o->find, 1, id, len);
	got = store_step(o->find, err);
	if (got > 0)
		*row = store_int(o->find, 0);
	store_reset(o->find);
	return got < 0 ? -1 : 0;
}

/* "select columns from table where _row": the table comes after. */
static int
prepare_read(struct records *r, struct object *o,
	     struct store_statement **out, struct err *err)
{
	char after[LIMIT_NAME + 64];

	(void)snprintf(after, sizeof after, " from \"%s\" where _row = ?1",
		       o->name);
	return prepare(r, o, out, "select ", "c", true, after, err);
}

int
records_read(struct records *r, struct object *o, int64_t row,
	     struct field *value, struct err *err)
{
	int got;

	if (!o->read && prepare_read(r, o, &o->read, err) < 0)
		return -1;
	store_reset(o->read);
	store_bind_int(o->read, 1, row);
	got = store_step(o->read, err);
	for (size_t i = 0; got > 0 && i < o->fields; i++)
		value[i].at = store_text(o->read, (int)i, &value[i].len);
	return got;
}

static int
prepare_insert(struct records *r, struct object *o, struct err *err)
{
	struct buf before = BUF_INIT;
	int rc = -1;

	buf_addf(&before, "insert into \"%s\" (_row", o->name);
	for (size_t i = 0; i < o->fields; i++)
		buf_addf(&before, ", \"%s\"", o->field[i].name);
	buf_add_str(&before, ") values (?1, ");
	/* Names are checked: no % in them. */
	if (buf_str(&before))
		rc = prepare(r, o, &o->insert, buf_str(&before), "?", true,
			     ")", err);
	else
		(void)err_memory(err);
	buf_release(&before);
	return rc;
}

/*
 * An import makes anew what an import had removed: what the snapshot said of
 * the old row is base and print of the new one.
 */
static int
inherit(struct records *r, const struct object *o, struct field id,
	int64_t row, struct err *err)
{
	static const char *const moves[] = {
		"update _base set _row = ?2 where _row = ?1",
		"update _deleted set edited = null where _row = ?1 and ?2",
	};
	struct loaded_mark mark;
	int64_t was = 0;
	int got, loaded = 0;

	store_bind_int(r->removed, 1, o->object);
	store_bind_text(r->removed, 2, id.at, id.len);
	while (loaded == 0 && (got = store_step(r->removed, err)) > 0) {
		was = store_int(r->removed, 0);
		loaded = loaded_find(r->st, o->object, was, &mark, err);
	}
	store_reset(r->removed);
	if (loaded < 0)
		got = -1;
	if (got > 0 && loaded_move(r->st, o->object, was, row, err) < 0)
		got = -1;
	for (size_t i = 0; got > 0 && i < sizeof moves / sizeof *moves; i++)
		if (store_run(r->st, err, moves[i], "ii", was, row) < 0)
			got = -1;
	return got < 0 ? -1 : 0;
}

int64_t
records_next_row(struct records *r)
{
	return r->next_row++;
}

int
records_insert(struct records *r, struct object *o,
	       const struct field *value, int64_t *row, struct err *err)
{
	*row = records_next_row(r);
	return records_insert_as(r, o, *row, value, err);
}

int
records_insert_as(struct records *r, struct object *o, int64_t row,
		  const struct field *value, struct err *err)
{
	if (!o->insert && prepare_insert(r, o, err) < 0)
		return -1;
	store_bind_int(o->insert, 1, row);
	for (size_t i = 0; i < o->fields; i++)
		store_bind_text(o->insert, (int)i + 2, value[i].at,
				value[i].len);
	r->tally.inserted++;
	r->logged = true;
	if (store_do(o->insert, err) < 0)
		return -1;
	return r->origin ? inherit(r, o, value[o->id], row, err) : 0;
}

static int
log_change(struct records *r, int64_t row, const struct object_field *f,
	   struct err *err)
{
	store_bind_int(r->log, 1, row);
	store_bind_int(r->log, 2, f->field);
	store_bind_int(r->log, 3, r->number);
	store_bind_int(r->log, 4, r->origin);
	store_bind_text(r->log, 5, r->now, strlen(r->now));
	r->tally.values++;
	r->logged = true;
	return store_do(r->log, err);
}

static int
put_base(struct store_statement *s, int64_t row, const struct object_field *f,
	 struct field value, struct err *err)
{
	store_bind_int(s, 1, row);
	store_bind_int(s, 2, f->field);
	store_bind_text(s, 3, value.at, value.len);
	return store_do(s, err);
}

/* Whether a load has seen the record: 1, 0, -1. */
static int
is_loaded(struct records *r, const struct object *o, int64_t row,
	  struct err *err)
{
	struct loaded_mark mark;

	return loaded_find(r->st, o->object, row, &mark, err);
}

/*
 * What the snapshot said of the fields that an import changes, or of all. The
 * caller's values may be those that records_read() lends, so the statement is
 * another one.
 */
static int
keep_bases(struct records *r, struct object *o, int64_t row,
	   const bool *changed, struct err *err)
{
	int got;

	if (!o->had && prepare_read(r, o, &o->had, err) < 0)
		return -1;
	store_bind_int(o->had, 1, row);
	got = store_step(o->had, err);
	for (size_t i = 0; got > 0 && i < o->fields; i++) {
		struct field had;

		if (i == o->id || (changed && !changed[i]))
			continue;
		had.at = store_text(o->had, (int)i, &had.len);
		if (put_base(r->keep_base, row, &o->field[i], had, err) < 0)
			got = -1;
	}
	store_reset(o->had);
	return got < 0 ? -1 : 0;
}

/* Write all values of a row, changed or not. */
static int
fill(struct records *r, struct object *o, int64_t row,
     const struct field *value, struct err *err)
{
	if (!o->update && prepare(r, o, &o->update, "update \"%s\" set ", "=",
				  false, " where _row = ?1", err) < 0)
		return -1;
	store_bind_int(o->update, 1, row);
	for (size_t i = 0; i < o->fields; i++)
		if (i != o->id)
			store_bind_text(o->update, (int)i + 2, value[i].at,
					value[i].len);
	return store_do(o->update, err);
}

int
records_update(struct records *r, struct object *o, int64_t row,
	       const struct field *value, const bool *changed,
	       struct err *err)
{
	int loaded = r->origin ? is_loaded(r, o, row, err) : 0;

	if (loaded < 0 || (loaded && keep_bases(r, o, row, changed, err) < 0))
		return -1;
	if (fill(r, o, row, value, err) < 0)
		return -1;
	r->tally.updated++;
	for (size_t i = 0; i < o->fields; i++)
		if (changed[i] && log_change(r, row, &o->field[i], err) < 0)
			return -1;
	return 0;
}

int
records_read_field(struct records *r, const struct object *o, int64_t row,
		   size_t f, struct field *value, struct err *err)
{
	char sql[2 * LIMIT_NAME + 64];
	struct store_statement *s;
	int got;

	(void)snprintf(sql, sizeof sql, "select \"%s\" from \"%s\" where _row "
		       "= ?1", o->field[f].name, o->name);
	if (store_prepare(r->st, &s, sql, err) < 0)
		return -1;
	store_bind_int(s, 1, row);
	got = store_step(s, err);
	buf_clear(&r->base);
	if (got > 0) {
		value->at = store_text(s, 0, &value->len);
		buf_add(&r->base, value->at, value->len);
		buf_add_byte(&r->base, 0);
		value->at = (const char *)r->base.data;
	}
	store_finish(s);
	return got > 0 && buf_ok(&r->base, err) < 0 ? -1 : got;
}

int
records_fill_field(struct records *r, const struct object *o, int64_t row,
		   size_t f, struct field value, struct err *err)
{
	char sql[3 * LIMIT_NAME + 96];

	(void)snprintf(sql, sizeof sql, "update \"%s\" set \"%s\" = ?2 where "
		       "_row = ?1", o->name, o->field[f].name);
	return store_run(r->st, err, sql, "it", row, value.at, value.len);
}

int
records_update_field(struct records *r, const struct object *o, int64_t row,
		     size_t f, struct field value, struct err *err)
{
	int loaded = r->origin ? is_loaded(r, o, row, err) : 0;
	char sql[3 * LIMIT_NAME + 96];

	if (loaded < 0)
		return -1;
	(void)snprintf(sql, sizeof sql, "insert or ignore into _base select "
		       "?1, ?2, \"%s\" from \"%s\" where _row = ?1",
		       o->field[f].name, o->name);
	if (loaded && store_run(r->st, err, sql, "ii", row,
				o->field[f].field) < 0)
		return -1;
	if (records_fill_field(r, o, row, f, value, err) < 0)
		return -1;
	r->tally.updated++;
	return log_change(r, row, &o->field[f], err);
}

static int
do_row(struct store_statement *s, int64_t row, struct err *err)
{
	store_bind_int(s, 1, row);
	return store_do(s, err);
}

int
records_remove(struct records *r, struct object *o, int64_t row,
	       struct err *err)
{
	int loaded = r->origin ? is_loaded(r, o, row, err) : 0;
	struct buf sql = BUF_INIT;
	int rc = -1;

	if (loaded < 0 || (loaded && keep_bases(r, o, row, NULL, err) < 0))
		return -1;
	buf_addf(&sql, "insert into _deleted (_row, object, id, number, "
		 "origin, time) select _row, %lld, \"Id\", ?2, ?3, ?4 "
		 "from \"%s\" where _row = ?1", (long long)o->object, o->name);
	if (!buf_str(&sql))
		(void)err_memory(err);
	else
		rc = store_run(r->st, err, buf_str(&sql), "iiis", row,
			       r->number, r->origin, r->now);
	buf_release(&sql);
	if (rc < 0)
		return -1;
	if (!o->remove && prepare(r, o, &o->remove, "delete from \"%s\"", NULL,
				  false, " where _row = ?1", err) < 0)
		return -1;
	r->tally.removed++;
	r->logged = true;
	if (do_row(o->remove, row, err) < 0 ||
	    do_row(r->drop_log, row, err) < 0)
		return -1;
	return loaded ? loaded_remove(r->st, o->object, row, err) :
			records_confirm_removed(r, o, row, err);
}

int
records_print_key(struct records *r, uint8_t key[static RECORDS_PRINT_KEY],
		  struct err *err)
{
	struct store_statement *s;
	const uint8_t *at;
	size_t len = 0;
	int got;

	if (store_prepare(r->st, &s, "select value from _home where key = "
			  "'print_key'", err) < 0)
		return -1;
	got = store_step(s, err);
	at = got > 0 ? store_blob(s, 0, &len) : NULL;
	if (got >= 0 && len != RECORDS_PRINT_KEY)
		got = err_set(err, ERR_SYSTEM, "the store has no fingerprint "
			      "key: take the home back from a backup");
	if (got > 0)
		memcpy(key, at, RECORDS_PRINT_KEY);
	store_finish(s);
	return got < 0 ? -1 : 0;
}

int
records_read_base(struct records *r, struct object *o, int64_t row,
		  struct field *value, bool *has, struct err *err)
{
	size_t *start = calloc(o->fields + 1, sizeof *start);
	int got;

	if (!start)
		return err_memory(err);
	memset(has, 0, o->fields * sizeof *has);
	buf_clear(&r->base);
	store_bind_int(r->read_base, 1, row);
	while ((got = store_step(r->read_base, err)) > 0) {
		int64_t field = store_int(r->read_base, 0);
		size_t i = 0, len;
		const char *text = store_text(r->read_base, 1, &len);

		while (i < o->fields && o->field[i].field != field)
			i++;
		if (i == o->fields)
			continue;
		has[i] = true;
		start[i] = r->base.len;
		value[i].len = len;
		buf_add(&r->base, text, len);
	}
	store_reset(r->read_base);
	if (got == 0)
		got = buf_ok(&r->base, err);
	/* The buffer has stopped moving: now point into it. */
	for (size_t i = 0; i < o->fields; i++)
		if (has[i])
			value[i].at = value[i].len ?
				(const char *)r->base.data + start[i] : "";
	free(start);
	return got;
}

int
records_set_base(struct records *r, int64_t row, const struct object_field *f,
		 struct field value, struct err *err)
{
	return put_base(r->set_base, row, f, value, err);
}

int
records_drop_base(struct records *r, int64_t row,
		  const struct object_field *f, struct err *err)
{
	store_bind_int(r->drop_base, 1, row);
	store_bind_int(r->drop_base, 2, f ? f->field : 0);
	return store_do(r->drop_base, err);
}

int
records_confirm_removed(struct records *r, const struct object *o, int64_t row,
			struct err *err)
{
	if (records_drop_base(r, row, NULL, err) < 0 ||
	    store_run(r->st, err, "update _deleted set edited = null where "
		      "_row = ?1 and edited is not null", "i", row) < 0)
		return -1;
	return loaded_drop(r->st, o->object, row, err);
}

int
records_mark_edited(struct records *r, int64_t row, struct err *err)
{
	r->logged = true;
	return store_run(r->st, err, "update _deleted set edited = ?2 where "
			 "_row = ?1", "ii", row, r->number);
}

/* One column's values, respelled where that differs. */
static int
respell_values(struct records *r, const char *select, const char *update,
	       const struct object_field *f, struct err *err)
{
	struct store_statement *in = NULL, *out = NULL;
	struct buf spelled = BUF_INIT;
	int got = -1;

	if (store_prepare(r->st, &in, select, err) < 0 ||
	    store_prepare(r->st, &out, update, err) < 0)
		goto out;
	while ((got = store_step(in, err)) > 0) {
		size_t len;
		const char *text = store_text(in, 1, &len);

		buf_clear(&spelled);
		if (!objects_spell(&spelled, f, (struct field){ text, len }))
			continue;
		if (buf_ok(&spelled, err) < 0) {
			got = -1;
			break;
		}
		if (spelled.len == len &&
		    (len == 0 || memcmp(spelled.data, text, len) == 0))
			continue;
		store_bind_int(out, 1, store_int(in, 0));
		store_bind_text(out, 2, spelled.data, spelled.len);
		if (store_do(out, err) < 0) {
			got = -1;
			break;
		}
	}
out:
	store_finish(in);
	store_finish(out);
	buf_release(&spelled);
	return got;
}

int
records_respell(struct records *r, struct object *o,
		const struct object_field *f, bool any, struct err *err)
{
	struct buf select = BUF_INIT, update = BUF_INIT;
	int rc = -1;

	/* Sorted, so that rows are read whole before any is written. */
	buf_addf(&select, "select _row, \"%s\" from \"%s\" where \"%s\" <> '' "
		 "order by +_row", f->name, o->name, f->name);
	buf_addf(&update, "update \"%s\" set \"%s\" = ?2 where _row = ?1",
		 o->name, f->name);
	if (!buf_str(&select) || !buf_str(&update))
		(void)err_memory(err);
	else
		rc = !any ? 0 : respell_values(r, buf_str(&select),
					       buf_str(&update), f, err);
	if (rc == 0) {
		buf_clear(&select);
		buf_addf(&select, "select _row, value from _base where field "
			 "= %lld order by +_row", (long long)f->field);
		buf_clear(&update);
		buf_addf(&update, "update _base set value = ?2 where _row = "
			 "?1 and field = %lld", (long long)f->field);
		rc = buf_str(&select) && buf_str(&update) ?
			     respell_values(r, buf_str(&select),
					    buf_str(&update), f, err) :
			     err_memory(err);
	}
	buf_release(&select);
	buf_release(&update);
	return rc;
}
