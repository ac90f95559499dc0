/* A partner's values into records here: see landing.h. */
#include "flow/landing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/catalog.h"
#include "format/changes.h"
#include "store/agreement.h"
#include "store/waiting.h"

int
landing_field(struct landing *l, const char *object,
	      const struct object *local, struct field theirs,
	      struct landing_field *out, struct err *err)
{
	char name[LIMIT_NAME + 1];
	int64_t time;

	*out = (struct landing_field){ .f = SIZE_MAX };
	if (store_ask(l->st, &time, 0, err, "select 1 from _catalog where "
		      "connection = ?1 and object = ?2 and field = ?3 and "
		      "type = 'datetime'", "ist", l->c->number, object,
		      theirs.at, theirs.len) < 0)
		return -1;
	out->time = time != 0;
	/* What is each org's own never lands, whoever sends it. */
	(void)snprintf(name, sizeof name, "%.*s", (int)theirs.len, theirs.at);
	if (!local || !agreement_publishable(l->c, name))
		return 0;
	if (agreement_map(l->st, l->c, object, theirs, local, &out->f, err) <
	    0)
		return -1;
	if (out->f == local->id)
		out->f = local->fields;
	if (out->f == local->fields)
		return 0;
	return catalog_refers(l->st, l->c, &local->field[out->f], object,
			      theirs, &out->refers, err);
}

/* Room for what is spelled shorter in a bundle, whole. */
enum { SPACE = TEXT_INSTANT + 1 };

/* A time that was told relatively, or a reference without its end, whole. */
static struct field
whole(const struct target *t, const struct landing_field *how,
      struct field value, char space[static SPACE])
{
	int64_t ms;

	if (value.len == 0)
		return value;
	if (how->refers && changes_reference_read(space, value))
		return (struct field){ space, LEDGER_NAME };
	if (!how->time || t->modified == TARGET_NEVER ||
	    (value.at[0] != '+' && value.at[0] != '-') ||
	    !changes_instant_read(&ms, value.at, value.len, t->modified))
		return value;
	text_instant(space, ms);
	return field_of(space);
}

/* Values that wait are the exception: where there are none, none is sought. */
static int
drop(struct landing *l, const struct target *t, struct field theirs,
     struct err *err)
{
	return l->waiting ? waiting_drop(l->st, l->c, t->wire, theirs, err) :
			    0;
}

static int
keep(struct landing *l, const char *object, const struct target *t,
     struct field theirs, struct field value, const char *why,
     struct err *err)
{
	l->waiting = true;
	return waiting_put(l->st, l->c, object, t->wire, theirs, value, why,
			   err);
}

int
landing_keep(struct landing *l, const char *object, const struct target *t,
	     struct field theirs, const struct landing_field *how,
	     struct field value, const char *why, struct err *err)
{
	char space[SPACE];

	value = whole(t, how, value, space);
	return value.len == 0 ? drop(l, t, theirs, err) :
				keep(l, object, t, theirs, value, why, err);
}

/* As a value is to be here: what waits for it, or why it cannot be so. */
enum fit { FITS, FITS_LATER, FITS_NOT };

/*
 * Translate a name into an id, spell by the type. space has room for an id;
 * what was spelled anew lies in l->spelled, which the caller clears.
 */
static int
translate(struct landing *l, const struct object_field *f,
	  const struct landing_field *how, struct field *value,
	  char space[static 19], enum fit *fit, struct err *err)
{
	char name[CHANGES_NAME + 1];
	size_t from = l->spelled.len;
	int got;

	*fit = FITS;
	if (how->refers && changes_reference_read(name, *value)) {
		got = names_to_reference(l->names, *value, space, err);
		*fit = got ? FITS : FITS_LATER;
		*value = field_of(got ? space : "");
		return got < 0 ? -1 : 0;
	}
	if (f->type == VALUE_TEXT || f->type == VALUE_UNKNOWN)
		return 0;
	if (!value_respell(&l->spelled, f->type, value->at, value->len)) {
		*fit = FITS_NOT;
		return 0;
	}
	if (buf_ok(&l->spelled, err) < 0)
		return -1;
	/* Nearly always it is spelled so already. */
	if (l->spelled.len - from == value->len &&
	    memcmp(l->spelled.data + from, value->at, value->len) == 0)
		l->spelled.len = from;
	else
		*value = (struct field){ (char *)l->spelled.data + from,
					 l->spelled.len - from };
	return 0;
}

/* The object here that has a record of theirs, or NULL; never one of ours. */
static int
object_of(struct landing *l, int64_t row, struct object **out,
	       struct err *err)
{
	int64_t number;

	*out = NULL;
	if (store_ask(l->st, &number, 0, err, "select object from _ledger "
		      "where connection = ?1 and _row = ?2 and stop = '' and "
		      "not ours",
		      "ii", l->c->number, row) < 0)
		return -1;
	for (size_t i = 0; i < objects_count(l->objects); i++)
		if (objects_at(l->objects, i)->object == number)
			*out = objects_at(l->objects, i);
	return 0;
}

/*
 * A value of a record that was accepted into another object than theirs goes
 * into by now: there it goes on.
 */
static int
write_elsewhere(struct landing *l, const char *object,
		const struct object *local, const struct target *t,
		struct field theirs, struct field value, struct err *err)
{
	struct landing_field how;
	struct object *there;

	if (object_of(l, t->row, &there, err) < 0)
		return -1;
	if (!there || there == local)
		return 0;
	if (landing_field(l, object, there, theirs, &how, err) < 0)
		return -1;
	return landing_write(l, object, there, t, theirs, &how, value, err);
}

int
landing_write(struct landing *l, const char *object, struct object *local,
	      const struct target *t, struct field theirs,
	      const struct landing_field *how, struct field value,
	      struct err *err)
{
	char space[19], time[SPACE];
	struct field now = whole(t, how, value, time), had;
	const struct object_field *f;
	enum fit fit = FITS;
	int got;

	if (!local || how->f >= local->fields) {
		l->held += now.len > 0;
		return landing_keep(l, object, t, theirs, how, now,
				    WAITING_FIELD, err);
	}
	f = &local->field[how->f];
	buf_clear(&l->spelled);
	value = now;
	if (now.len > 0 && translate(l, f, how, &now, space, &fit, err) < 0)
		return -1;
	l->held += fit != FITS;
	if (fit == FITS ? drop(l, t, theirs, err) < 0 :
			  keep(l, object, t, theirs, value,
			       fit == FITS_LATER ? WAITING_REFERENCE :
						   WAITING_TYPE, err) < 0)
		return -1;
	if (fit == FITS_NOT)
		return 0;
	if (t->state == TARGET_FRESH)
		return now.len == 0 ? 0 :
		       records_fill_field(l->records, local, t->row, how->f,
					  now, err);
	got = records_read_field(l->records, local, t->row, how->f, &had,
				 err);
	if (got == 0)
		return write_elsewhere(l, object, local, t, theirs, value,
				       err);
	if (got < 0 || value_equal(f->type, had.at, had.len, now.at, now.len))
		return got < 0 ? -1 : 0;
	l->values++;
	return records_update_field(l->records, local, t->row, how->f, now,
				    err);
}

/* Where a value of a new record lies: not to move while it is written. */
struct place {
	struct field value;
	char space[SPACE]; /* an id, or a time made whole */
	size_t spelled;		      /* where in l->spelled; SPELLED_NOT */
};
#define SPELLED_NOT SIZE_MAX

static int
place_value(struct landing *l, const char *object, struct object *local,
	    const struct target *t, struct field theirs,
	    const struct landing_field *how, struct field value,
	    struct place *p, struct err *err)
{
	char time[SPACE], space[19];
	struct field now = whole(t, how, value, time);
	size_t from = l->spelled.len;
	enum fit fit;

	value = now;
	if (translate(l, &local->field[how->f], how, &now, space, &fit, err) <
	    0)
		return -1;
	if (fit != FITS) {
		l->held++;
		return keep(l, object, t, theirs, value,
			    fit == FITS_LATER ? WAITING_REFERENCE :
						WAITING_TYPE, err);
	}
	p->value = now;
	p->spelled = l->spelled.len > from ? from : SPELLED_NOT;
	if (now.at == time || now.at == space) {
		memcpy(p->space, now.at, now.len + 1);
		p->value.at = p->space;
	}
	return 0;
}

int
landing_insert(struct landing *l, const char *object, struct object *local,
	       const struct target *t, const struct row *header,
	       const struct landing_field *how, const struct field *value,
	       struct err *err)
{
	struct field *all = calloc(local->fields, sizeof *all);
	struct place *place = calloc(header->count + 1, sizeof *place);
	int rc = -1;

	if (!all || !place) {
		(void)err_memory(err);
		goto out;
	}
	for (size_t f = 0; f < local->fields; f++)
		all[f].at = "";
	all[local->id] = field_of(t->id);
	buf_clear(&l->spelled);
	for (size_t i = 0; i < header->count; i++) {
		struct place *p = &place[i];

		p->spelled = SPELLED_NOT;
		p->value = field_of("");
		if (value[i].len == 0)
			continue;
		if (how[i].f >= local->fields) {
			l->held++;
			if (landing_keep(l, object, t, header->field[i],
					 &how[i], value[i],
					 WAITING_FIELD, err) < 0)
				goto out;
		} else if (place_value(l, object, local, t, header->field[i],
				       &how[i], value[i], p, err) < 0) {
			goto out;
		}
	}
	for (size_t i = 0; i < header->count; i++) {
		struct place *p = &place[i];

		if (p->spelled != SPELLED_NOT)
			p->value.at = (char *)l->spelled.data + p->spelled;
		if (p->value.len > 0)
			all[how[i].f] = p->value;
	}
	rc = records_insert_as(l->records, local, t->row, all, err);
out:
	free(place);
	free(all);
	return rc;
}

/* One value that waited, of a record that may be here now. */
static int
land_value(struct landing *l, const struct target *t, const char *object,
	   struct object *local, struct field theirs, struct field value,
	   struct err *err)
{
	struct landing_field how;

	if (landing_field(l, object, local, theirs, &how, err) < 0 ||
	    waiting_drop(l->st, l->c, t->wire, theirs, err) < 0)
		return -1;
	return landing_write(l, object, local, t, theirs, &how,
			     value, err);
}

/* The object here that takes one of theirs, or NULL. */
static struct object *
local_of(const struct agreement *a, struct objects *objects,
	 const char *object)
{
	const struct agreement_in *in = agreement_in_of(a, object);

	return in ? objects_find(objects, in->local) : NULL;
}

/* A text out of a row, for as long as the buffer is not cleared. */
static struct field
copy(struct buf *space, size_t *at, struct store_statement *s, int column)
{
	struct field f;

	f.at = store_text(s, column, &f.len);
	*at = space->len;
	buf_add(space, f.at, f.len);
	buf_add_byte(space, 0);
	return f;
}

/* The first row that is due, copied, for landing it changes the table. */
static int
take_due(struct landing *l, int64_t number, struct buf *space,
	 struct field field[static 4], struct err *err)
{
	struct store_statement *s;
	size_t at[4];
	int got;

	buf_clear(space);
	if (store_prepare(l->st, &s, "select object, name, field, value from "
			  "_due where rowid = ?1", err) < 0)
		return -1;
	store_bind_int(s, 1, number);
	got = store_step(s, err);
	for (int i = 0; got > 0 && i < 4; i++)
		field[i] = copy(space, &at[i], s, i);
	store_finish(s);
	if (got <= 0 || buf_ok(space, err) < 0)
		return got <= 0 ? got : -1;
	for (int i = 0; i < 4; i++)
		field[i].at = (const char *)space->data + at[i];
	return 1;
}

/*
 * Values of records here that waited for a target or a field: those for which
 * it has come land now.
 */
int
landing_due(struct landing *l, const struct agreement *a,
	    struct objects *objects, struct err *err)
{
	static const char table[] =
		"create temp table if not exists _due (object, name, field, "
		"value); delete from _due;";
	static const char sql[] =
		"insert into _due select w.object, w.name, w.field, w.value "
		"from _waiting w where w.connection = ?1 and ((w.why = '"
		WAITING_REFERENCE "' and exists (select 1 from _ledger l where "
		"l.connection = ?1 and l.name = substr(w.value, 3) and l.ours "
		"= (substr(w.value, 1, 1) = ?2))) or (w.why = '" WAITING_FIELD
		"' and exists (select 1 from _object o join _field f using "
		"(object) where o.name = coalesce((select s.local from "
		"_subscription s where s.connection = ?1 and s.object = "
		"w.object), w.object) and f.name = coalesce((select m.local "
		"from _mapping m where m.connection = ?1 and m.object = "
		"w.object and m.field = w.field), w.field))))";
	char side[2] = { connection_side(l->c, true), 0 };
	struct buf space = BUF_INIT;
	struct field f[4];
	int got;

	if (!l->waiting)
		return 0;
	if (store_exec(l->st, table, err) < 0 ||
	    store_run(l->st, err, sql, "is", l->c->number, side) < 0)
		return -1;
	for (int64_t n = 1; (got = take_due(l, n, &space, f, err)) > 0; n++) {
		struct target t = { .state = TARGET_HERE };
		struct object *local = local_of(a, objects, f[0].at);
		struct ledger_row row;

		memcpy(t.wire, f[1].at, LEDGER_NAME);
		got = ledger_by_name(l->st, l->c, t.wire, &row, err);
		if (got < 0)
			break;
		if (got == 0 || !row.live || !local)
			continue;
		t.row = row.row;
		if (land_value(l, &t, f[0].at, local, f[2], f[3], err) < 0) {
			got = -1;
			break;
		}
	}
	buf_release(&space);
	return got < 0 ? -1 : 0;
}

/* What waited for somebody to accept a record: one value, copied. */
static int
take_waited(struct landing *l, const struct target *t, struct buf *space,
	    struct field field[static 2], struct err *err)
{
	struct store_statement *s;
	size_t at[2];
	int got;

	buf_clear(space);
	if (store_prepare(l->st, &s, "select field, value from _waiting where "
			  "connection = ?1 and name = ?2 and why = '"
			  WAITING_ACCEPT "' limit 1", err) < 0)
		return -1;
	store_bind_int(s, 1, l->c->number);
	store_bind_text(s, 2, t->wire, LEDGER_NAME);
	got = store_step(s, err);
	for (int i = 0; got > 0 && i < 2; i++)
		field[i] = copy(space, &at[i], s, i);
	store_finish(s);
	if (got <= 0 || buf_ok(space, err) < 0)
		return got <= 0 ? got : -1;
	for (int i = 0; i < 2; i++)
		field[i].at = (const char *)space->data + at[i];
	return 1;
}

int
landing_accepted(struct landing *l, const char *object, struct object *local,
		 const struct target *t, struct err *err)
{
	struct buf space = BUF_INIT;
	struct field f[2];
	int got;

	/* One at a time, first to last: writing one may add or drop another. */
	while ((got = take_waited(l, t, &space, f, err)) > 0)
		if (land_value(l, t, object, local, f[0], f[1], err) < 0) {
			got = -1;
			break;
		}
	buf_release(&space);
	return got;
}
