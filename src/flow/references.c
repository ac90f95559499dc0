/* Which columns are references: see references.h. */
#include "flow/references.h"

#include <stdio.h>
#include <string.h>

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

/* Whether any value begins as the other object's ids do. */
static int
shares_prefix(struct store *st, const struct object *o,
	      const struct object_field *f, const struct object *other,
	      bool *shares, struct err *err)
{
	static const char sql[] =
		"select 1 from \"%s\" where substr(\"%s\", 1, 3) = (select "
		"substr(\"Id\", 1, 3) from \"%s\" order by \"Id\" limit 1) "
		"limit 1";
	struct buf text = BUF_INIT;
	int64_t found = 0;
	int rc;

	buf_addf(&text, sql, o->name, f->name, other->name);
	rc = buf_str(&text) ? store_ask(st, &found, 0, err, buf_str(&text),
					"") : err_memory(err);
	buf_release(&text);
	*shares = found != 0;
	return rc;
}

static int
infer_field(struct store *st, struct objects *objects,
	    struct records *records, struct object *o, struct object_field *f,
	    struct err *err)
{
	bool yes = false;

	for (size_t i = 0; i < objects_count(objects) && !yes; i++) {
		const struct object *other = objects_at(objects, i);

		if (shares_prefix(st, o, f, other, &yes, err) < 0 ||
		    (yes && refers_to(st, o, f, other, &yes, err) < 0))
			return -1;
	}
	if (!yes)
		return 0;
	if (objects_set_type(objects, f, VALUE_REFERENCE, OBJECT_INFERRED,
			     err) < 0)
		return -1;
	return records_respell(records, o, f, err);
}

int
references_infer(struct store *st, struct objects *objects,
		 struct records *records, struct err *err)
{
	for (size_t i = 0; i < objects_count(objects); i++) {
		struct object *o = objects_at(objects, i);

		for (size_t f = 0; f < o->fields; f++)
			if (f != o->id && o->field[f].type == VALUE_ID &&
			    named_so(o->field[f].name) &&
			    infer_field(st, objects, records, o, &o->field[f],
					err) < 0)
				return -1;
	}
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
