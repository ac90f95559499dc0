/* Which columns are references: see references.h. */
#include "flow/references.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/record_id.h"

static bool
named_so(const char *name)
{
	size_t len = strlen(name);

	return (len > 2 && strcmp(name + len - 2, "Id") == 0) ||
	       (len > 3 && strcmp(name + len - 3, "__c") == 0);
}

/* Whether a value of the column is a record of the other object. */
static int
refers_to(struct store *st, const struct object *o,
	  const struct object_field *f, const struct object *other,
	  bool *refers, struct err *err)
{
	/*
	 * The index on Id answers each probe, by the 15 characters that count;
	 * the first hit ends it.
	 */
	static const char sql[] =
		"select 1 from (select substr(\"%s\", 1, 15) id from \"%s\" "
		"where \"%s\" <> '') a where exists (select 1 from \"%s\" b "
		"where b.\"Id\" >= a.id and b.\"Id\" < a.id || '~') limit 1";
	struct buf text = BUF_INIT;
	int64_t found = 0;
	int rc;

	buf_addf(&text, sql, f->name, o->name, f->name, other->name);
	rc = buf_str(&text) ? store_ask(st, &found, 0, err, buf_str(&text),
					"") : err_memory(err);
	buf_release(&text);
	*refers = found != 0;
	return rc;
}

/* What the values of a column that may be a reference have shown. */
struct shown {
	struct object_field *field;
	struct buf prefixes; /* the three letters that they begin with */
	bool other; /* one is not spelled as a reference's are */
};

static bool
has_prefix(const struct buf *prefixes, const char *id)
{
	for (size_t i = 0; i < prefixes->len; i += RECORD_ID_PREFIX)
		if (memcmp(prefixes->data + i, id, RECORD_ID_PREFIX) == 0)
			return true;
	return false;
}

static void
note(struct shown *s, const char *id, size_t len)
{
	if (len == 0)
		return;
	s->other |= len != RECORD_ID || record_id_is_null(id, len);
	if (len >= RECORD_ID_PREFIX && !has_prefix(&s->prefixes, id))
		buf_add(&s->prefixes, id, RECORD_ID_PREFIX);
}

/* Look through an object's records once, for all its columns in question. */
static int
look(struct store *st, const struct object *o, struct shown *shown,
     size_t count, struct err *err)
{
	struct store_statement *s = NULL;
	struct buf sql = BUF_INIT;
	int got = -1;

	for (size_t i = 0; i < count; i++)
		buf_addf(&sql, "%s\"%s\"", i ? ", " : "select ",
			 shown[i].field->name);
	buf_addf(&sql, " from \"%s\"", o->name);
	if (!buf_str(&sql))
		(void)err_memory(err);
	else if (store_prepare(st, &s, buf_str(&sql), err) == 0)
		while ((got = store_step(s, err)) > 0)
			for (size_t i = 0; i < count; i++) {
				size_t len;
				const char *id = store_text(s, (int)i, &len);

				note(&shown[i], id, len);
			}
	for (size_t i = 0; i < count && got == 0; i++)
		got = buf_ok(&shown[i].prefixes, err);
	store_finish(s);
	buf_release(&sql);
	return got;
}

/* Whether any value begins as the other object's ids do. */
static int
shares_prefix(struct store *st, const struct shown *shown,
	      const struct object *other, bool *shares, struct err *err)
{
	char sql[LIMIT_NAME + 64];
	struct buf id = BUF_INIT;
	int rc;

	(void)snprintf(sql, sizeof sql, "select \"Id\" from \"%s\" order by "
		       "\"Id\" limit 1", other->name);
	rc = store_ask_text(st, &id, shares, err, sql, "");
	*shares = rc == 0 && id.len >= RECORD_ID_PREFIX &&
		  has_prefix(&shown->prefixes, (const char *)id.data);
	buf_release(&id);
	return rc;
}

static int
infer_field(struct store *st, struct objects *objects,
	    struct records *records, struct object *o,
	    const struct shown *shown, struct err *err)
{
	struct object_field *f = shown->field;
	bool yes = false;

	for (size_t i = 0; i < objects_count(objects) && !yes; i++) {
		const struct object *other = objects_at(objects, i);

		if (shares_prefix(st, shown, other, &yes, err) < 0 ||
		    (yes && refers_to(st, o, f, other, &yes, err) < 0))
			return -1;
	}
	if (!yes)
		return 0;
	if (objects_set_type(objects, f, VALUE_REFERENCE, OBJECT_INFERRED,
			     err) < 0)
		return -1;
	return records_respell(records, o, f, shown->other, err);
}

static int
infer_object(struct store *st, struct objects *objects,
	     struct records *records, struct object *o, struct err *err)
{
	struct shown *shown = calloc(o->fields, sizeof *shown);
	size_t count = 0;
	int rc;

	if (!shown)
		return err_memory(err);
	for (size_t f = 0; f < o->fields; f++)
		if (f != o->id && o->field[f].type == VALUE_ID &&
		    named_so(o->field[f].name))
			shown[count++].field = &o->field[f];
	rc = count > 0 ? look(st, o, shown, count, err) : 0;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = infer_field(st, objects, records, o, &shown[i], err);
	for (size_t i = 0; i < count; i++)
		buf_release(&shown[i].prefixes);
	free(shown);
	return rc;
}

int
references_infer(struct store *st, struct objects *objects,
		 struct records *records, struct err *err)
{
	for (size_t i = 0; i < objects_count(objects); i++)
		if (infer_object(st, objects, records, objects_at(objects, i),
				 err) < 0)
			return -1;
	return 0;
}

int
references_begin_so(struct store *st, struct objects *objects,
		    const char prefix[static 3], bool *yes, struct err *err)
{
	*yes = false;
	for (size_t i = 0; i < objects_count(objects) && !*yes; i++) {
		char sql[LIMIT_NAME + 96];
		int64_t some;

		(void)snprintf(sql, sizeof sql, "select 1 from \"%s\" where "
			       "\"Id\" >= ?1 and \"Id\" < ?1 || '~' limit 1",
			       objects_at(objects, i)->name);
		if (store_ask(st, &some, 0, err, sql, "t", prefix,
			      (size_t)3) < 0)
			return -1;
		*yes = some != 0;
	}
	return 0;
}

int
references_only_ids(struct store *st, const struct object *o,
		    const struct object_field *f, bool *only, struct err *err)
{
	struct value_guess all = { .any = false };
	char sql[3 * LIMIT_NAME + 64];
	struct store_statement *s;
	int got;

	(void)snprintf(sql, sizeof sql, "select \"%s\" from \"%s\" where "
		       "\"%s\" <> ''", f->name,
		       o->name, f->name);
	if (store_prepare(st, &s, sql, err) < 0)
		return -1;
	while ((got = store_step(s, err)) > 0 && !all.not_id) {
		size_t len;
		const char *text = store_text(s, 0, &len);

		value_guess_see(&all, text, len);
	}
	store_finish(s);
	*only = got == 0;
	return got < 0 ? -1 : 0;
}
