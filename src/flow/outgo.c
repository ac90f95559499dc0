/* The rows of a bundle of changes: see outgo.h. */
#include "flow/outgo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/changes.h"

/* Room for a name, or for a time told by its distance from another. */
enum { SPACE = TEXT_RELATIVE + 1 };

/* The published fields of an object, by name, byte by byte. */
static size_t
sorted_fields(const struct agreement_out *out, size_t *order)
{
	size_t n = 0;

	for (size_t f = 0; f < out->object->fields; f++) {
		size_t at = n;

		if (!out->field[f])
			continue;
		while (at > 0 &&
		       strcmp(out->object->field[order[at - 1]].name,
			      out->object->field[f].name) > 0) {
			order[at] = order[at - 1];
			at--;
		}
		order[at] = f;
		n++;
	}
	return n;
}

static int
write_published(struct outgo *o, struct bundle_out *b, struct err *err)
{
	if (bundle_out_run(b, MEMBER_PUBLISHED, "", NULL, 0, err) < 0)
		return -1;
	for (size_t i = 0; i < o->g.agreement.outs; i++) {
		const struct agreement_out *out = &o->g.agreement.out[i];
		struct field row[9];
		size_t *order, n;
		int rc = 0;

		for (size_t k = 0; k < 9; k++)
			row[k] = field_of("");
		if (!out->published)
			continue;
		row[0] = field_of(out->object->name);
		order = calloc(out->object->fields, sizeof *order);
		if (!order)
			return err_memory(err);
		n = sorted_fields(out, order);
		rc = bundle_out_row(b, row, 9, err);
		for (size_t k = 0; rc == 0 && k < n; k++) {
			const struct object_field *f =
				&out->object->field[order[k]];

			row[1] = field_of(f->name);
			row[3] = field_of(value_type_word(f->type));
			rc = bundle_out_row(b, row, 9, err);
		}
		free(order);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* A record's name, counted if the bundle gives it for the first time. */
static int
write_name(struct bundle_out *b, const struct object *object,
	   struct field wire, const char *change, struct field modified,
	   struct ledger_sum *sum, struct err *err)
{
	struct field row[6] = { field_of(object->name), wire, field_of(change),
				modified, field_of(""), field_of("") };
	int64_t ms;

	if (!text_parse_instant(&ms, modified.at, modified.len))
		row[3] = field_of("");
	if (*change == 'c')
		ledger_sum_add(sum, wire.at);
	return bundle_out_row(b, row, 6, err);
}

/* An object's LastModifiedDate, its table being o; or what is always empty. */
static void
modified_column(char out[static LIMIT_NAME + 5], const struct object *object)
{
	size_t f = objects_field(object, "LastModifiedDate", 16);

	if (f < object->fields)
		(void)snprintf(out, LIMIT_NAME + 5, "o.\"%s\"",
			       object->field[f].name);
	else
		(void)snprintf(out, LIMIT_NAME + 5, "''");
}

/*
 * The names created. When they were modified in their org matters where the
 * partner may have them already, and where their times count from it.
 */
static int
name_creates(struct outgo *o, const struct gather_object *from,
	     struct ledger_sum *sum, struct bundle_out *b, struct err *err)
{
	char column[LIMIT_NAME + 5], what[LIMIT_NAME + 32];
	const struct object *object = from->out->object;
	struct store_statement *s;
	int got = 1;
	bool ours;

	modified_column(column, object);
	(void)snprintf(what, sizeof what, "l.name, l.id, %s",
		       from->dated ? column : "''");
	for (unsigned n = 0;
	     got >= 0 && (got = gather_creates(&o->g, from, n, what,
					       from->dated, &ours, &s, err)) >
				 0;
	     n++) {
		char wire[LEDGER_NAME + 1] = { connection_side(o->g.c, ours),
					       ':' };

		while ((got = store_step(s, err)) > 0) {
			struct field modified;
			size_t len;

			memcpy(wire + 2, store_text(s, 0, &len),
			       LEDGER_NAME - 2);
			names_learn(o->names, wire, store_text(s, 1, &len));
			modified.at = store_text(s, 2, &modified.len);
			if (write_name(b, object, field_of(wire), "create",
				       modified, sum, err) < 0) {
				got = -1;
				break;
			}
		}
		store_finish(s);
	}
	return got;
}

/* The names of what is updated, and of what is gone. */
static int
name_others(struct outgo *o, const struct object *object,
	    struct bundle_out *b, struct err *err)
{
	char column[LIMIT_NAME + 5], sql[2 * LIMIT_NAME + 320];
	struct store_statement *s;
	int got;

	modified_column(column, object);
	(void)snprintf(sql, sizeof sql, "select g.wire, g.kind, case kind when "
		       "2 then (select %s from \"%s\" o where o._row = "
		       "g._row) else '' end from _go g where g.object = ?1 and "
		       "kind > 1 order by g.number", column, object->name);
	if (store_prepare(o->g.st, &s, sql, err) < 0)
		return -1;
	store_bind_int(s, 1, object->object);
	while ((got = store_step(s, err)) > 0) {
		struct field wire, modified;

		wire.at = store_text(s, 0, &wire.len);
		modified.at = store_text(s, 2, &modified.len);
		if (write_name(b, object, wire, store_int(s, 1) == 2 ?
						       "update" : "delete",
			       modified, NULL, err) < 0) {
			got = -1;
			break;
		}
	}
	store_finish(s);
	return got;
}

static int
write_names(struct outgo *o, struct manifest *m, struct bundle_out *b,
	    struct err *err)
{
	bundle_out_as_of(b, m->as_of);
	if (o->g.count > 0 &&
	    bundle_out_run(b, MEMBER_NAMES, "", NULL, 0, err) < 0)
		return -1;
	for (size_t i = 0; i < o->g.count; i++) {
		const struct object *object = o->g.object[i].out->object;
		struct manifest_object *mo = &m->object[i];
		struct ledger_sum sum;

		if (ledger_sum_read(&sum, o->g.st, o->g.c, object->name, true,
				    err) < 0 ||
		    (mo->creates > 0 &&
		     name_creates(o, &o->g.object[i], &sum, b, err) < 0) ||
		    name_others(o, object, b, err) < 0 ||
		    ledger_sum_save(&sum, o->g.st, o->g.c, object->name, true,
				    err) < 0)
			return -1;
		mo->records = sum.records;
		memcpy(mo->sum, sum.sum, sizeof mo->sum);
	}
	return 0;
}

/*
 * A value on its way out: a reference becomes a name, or is foreign, or stays
 * here until its target is shared.
 */
static int
wire_value(struct outgo *o, const struct object_field *f, int64_t row,
	   struct field *value, char wire[static LEDGER_NAME + 1],
	   struct err *err)
{
	int got;

	if (f->type != VALUE_REFERENCE || value->len == 0)
		return 0;
	got = names_of_reference(o->names, *value, wire, err);
	if (got < 0)
		return -1;
	if (got > 0) {
		*value = (struct field){ wire, changes_reference_len(wire) };
		return !o->unsent ? 0 :
		       store_run(o->g.st, err, "delete from _unsent where "
				 "connection = ?1 and _row = ?2 and field = "
				 "?3", "iii", o->g.c->number, row, f->field);
	}
	o->unsent = true;
	if (store_run(o->g.st, err, "insert or replace into _unsent values (?1, "
		      "?2, ?3, ?4)", "iiit", o->g.c->number, row, f->field,
		      value->at, value->len) < 0)
		return -1;
	*value = field_of("");
	return 0;
}

/* A time, by how far it is from another of the same record. */
static void
relative_value(const struct object_field *f, struct field *value,
	       struct field base, char space[static SPACE])
{
	int64_t ms, base_ms;

	if (f->type == VALUE_DATETIME && value->len > 0 &&
	    text_parse_instant(&base_ms, base.at, base.len) &&
	    text_parse_instant(&ms, value->at, value->len) &&
	    changes_instant_relative(space, ms, base_ms))
		*value = field_of(space);
}

/* A record that is created, value by value. */
struct line {
	const struct object *object;
	size_t *order, n; /* its fields, by name */
	struct field *row;
	char (*space)[SPACE]; /* names too have room in it */
	size_t room;			 /* of a record in a member */
};

static void
line_release(struct line *l)
{
	free(l->order);
	free(l->row);
	free(l->space);
}

static int
line_begin(struct line *l, const struct agreement_out *out, struct err *err)
{
	size_t fields = out->object->fields;

	l->object = out->object;
	l->order = calloc(fields + 1, sizeof *l->order);
	l->row = calloc(fields + 1, sizeof *l->row);
	l->space = calloc(fields + 1, sizeof *l->space);
	if (!l->order || !l->row || !l->space)
		return err_memory(err);
	l->n = sorted_fields(out, l->order);
	l->room = LIMIT_MEMBER - 64;
	for (size_t i = 0; i < l->n; i++) {
		l->row[i] = field_of(l->object->field[l->order[i]].name);
		l->room -= l->row[i].len + 1;
	}
	return 0;
}

/*
 * A record that no member may have room for leaves its longest values out;
 * they go among the updates instead (FORMAT.md, "updates").
 */
static int
fit_line(struct outgo *o, struct line *l, int64_t row, uint64_t number,
	 struct err *err)
{
	size_t most = 0;

	/* At worst each byte is a quote. Nearly always that fits. */
	for (size_t i = 0; i < l->n; i++)
		most += 2 * l->row[i].len + 3;
	while (most > l->room) {
		size_t longest = 0;

		for (size_t i = 1; i < l->n; i++)
			if (l->row[i].len > l->row[longest].len)
				longest = i;
		most -= 2 * l->row[longest].len;
		l->row[longest] = field_of("");
		if (gather_value(&o->g, l->object, row, number,
				 &l->object->field[l->order[longest]], err) <
		    0)
			return -1;
	}
	return 0;
}

/* The values of one record, in l->row, as line_columns() asks for them. */
static int
take_line(struct outgo *o, struct line *l, struct store_statement *s,
	  uint64_t number, struct err *err)
{
	int64_t row = store_int(s, 0);
	struct field base;

	base.at = store_text(s, 1, &base.len);
	for (size_t i = 0; i < l->n; i++) {
		const struct object_field *f = &l->object->field[l->order[i]];

		l->row[i].at = store_text(s, (int)i + 2, &l->row[i].len);
		relative_value(f, &l->row[i], base, l->space[i]);
		if (wire_value(o, f, row, &l->row[i], l->space[i], err) < 0)
			return -1;
	}
	return fit_line(o, l, row, number, err);
}

/* A record's row, what its times count from, its values. */
static int
line_columns(struct buf *what, const struct line *l, bool dated,
	     struct err *err)
{
	char modified[LIMIT_NAME + 5];

	modified_column(modified, l->object);
	buf_addf(what, "l._row, %s", dated ? modified : "''");
	for (size_t i = 0; i < l->n; i++)
		buf_addf(what, ", o.\"%s\"",
			 l->object->field[l->order[i]].name);
	return buf_str(what) ? 0 : err_memory(err);
}

static int
write_creates(struct outgo *o, const struct gather_object *from,
	      const struct manifest_object *mo, struct bundle_out *b,
	      struct err *err)
{
	struct line l = { NULL, NULL, 0, NULL, NULL, 0 };
	struct buf what = BUF_INIT;
	struct store_statement *s;
	uint64_t count = 0;
	int got = -1;
	bool ours;

	if (line_begin(&l, from->out, err) < 0 ||
	    line_columns(&what, &l, from->dated, err) < 0)
		goto out;
	got = l.n > 0 ? bundle_out_run(b, MEMBER_CREATES, mo->name, l.row,
				       l.n, err) : 0;
	for (unsigned n = 0;
	     got >= 0 && l.n > 0 &&
	     (got = gather_creates(&o->g, from, n, buf_str(&what), true, &ours,
				   &s, err)) > 0;
	     n++) {
		while ((got = store_step(s, err)) > 0) {
			count++;
			if (take_line(o, &l, s, from->before + count, err) <
				    0 ||
			    bundle_out_row(b, l.row, l.n, err) < 0) {
				got = -1;
				break;
			}
		}
		store_finish(s);
	}
	if (got == 0 && l.n > 0 && count != mo->creates)
		got = err_set(err, ERR_SYSTEM, "%s: the ledger and its records "
			      "differ: run orgferry check", mo->name);
out:
	buf_release(&what);
	line_release(&l);
	return got;
}

/* One field's values, of the records for which they go singly. */
static int
write_field(struct outgo *o, const struct gather_object *from, size_t f,
	    struct bundle_out *b, bool *begun, struct err *err)
{
	const struct object *object = from->out->object;
	const struct object_field *field = &object->field[f];
	char column[LIMIT_NAME + 5], sql[4 * LIMIT_NAME + 320];
	struct store_statement *s;
	int got;

	modified_column(column, object);
	(void)snprintf(sql, sizeof sql, "select g.number, v._row, o.\"%s\", "
		       "iif(g.kind = 2 or ?3, %s, '') from _val v "
		       "join _go g on g._row = v._row and g.kind < 3 and "
		       "g.object = ?1 join \"%s\" o on o._row = v._row where "
		       "v.field = ?2 order by g.number", field->name, column,
		       object->name);
	if (store_prepare(o->g.st, &s, sql, err) < 0)
		return -1;
	store_bind_int(s, 1, object->object);
	store_bind_int(s, 2, field->field);
	store_bind_int(s, 3, from->dated);
	while ((got = store_step(s, err)) > 0) {
		struct field row[4] = { field_of(object->name), { 0 },
					field_of(field->name), { 0 } }, base;
		char number[24], space[SPACE];

		(void)snprintf(number, sizeof number, "%" PRId64,
			       store_int(s, 0));
		row[1] = field_of(number);
		row[3].at = store_text(s, 2, &row[3].len);
		base.at = store_text(s, 3, &base.len);
		relative_value(field, &row[3], base, space);
		if ((!*begun && bundle_out_run(b, MEMBER_UPDATES, "", NULL, 0,
					       err) < 0) ||
		    wire_value(o, field, store_int(s, 1), &row[3], space,
			       err) < 0 ||
		    bundle_out_row(b, row, 4, err) < 0) {
			got = -1;
			break;
		}
		*begun = true;
		o->values++;
	}
	store_finish(s);
	return got;
}

/* Single values of all objects, by field. */
static int
write_updates(struct outgo *o, struct bundle_out *b, struct err *err)
{
	bool begun = false;

	for (size_t i = 0; i < o->g.count; i++) {
		const struct agreement_out *out = o->g.object[i].out;
		size_t *order = calloc(out->object->fields + 1, sizeof *order);
		int rc = order ? 0 : err_memory(err);
		size_t n = order ? sorted_fields(out, order) : 0;

		for (size_t k = 0; rc == 0 && k < n; k++)
			rc = write_field(o, &o->g.object[i], order[k], b,
					 &begun, err);
		free(order);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/*
 * What became of the partner's records here. Their object is the one that this
 * side takes into the record's.
 */
static int
write_receipts(struct outgo *o, struct bundle_out *b, struct err *err)
{
	static const char sql[] =
		"select object, name, id, status from _receipt where "
		"connection = ?1 union all select coalesce((select s.object "
		"from _subscription s where s.connection = ?1 and s.local = "
		"o.name and not s.none order by s.object limit 1), o.name), "
		"?2 || ':' || l.name, l.id, 'accepted' from _ledger l not indexed join "
		"_object o using (object) where l.ledger > ?3 and l.connection "
		"= ?1 and not l.ours and l.stop = '' order by 1, 2";
	const struct connection *c = o->g.c;
	char side[2] = { connection_side(c, false), 0 };
	struct store_statement *s;
	bool begun = false;
	int got;

	if (c->one_way)
		return 0;
	if (store_prepare(o->g.st, &s, sql, err) < 0)
		return -1;
	store_bind_int(s, 1, c->number);
	store_bind_text(s, 2, side, 1);
	store_bind_int(s, 3, c->out_ledger);
	while ((got = store_step(s, err)) > 0) {
		struct field row[4];

		for (int i = 0; i < 4; i++)
			row[i].at = store_text(s, i, &row[i].len);
		if ((!begun && bundle_out_run(b, MEMBER_IDS, "", NULL, 0,
					      err) < 0) ||
		    bundle_out_row(b, row, 4, err) < 0) {
			got = -1;
			break;
		}
		begun = true;
	}
	store_finish(s);
	return got;
}

int
outgo_write(struct outgo *o, struct manifest *m, struct bundle_out *b,
	    struct err *err)
{
	int64_t unsent;

	if (store_ask(o->g.st, &unsent, 0, err, "select 1 from _unsent where "
		      "connection = ?1", "i", o->g.c->number) < 0 ||
	    (m->catalog_rows > 0 && write_published(o, b, err) < 0) ||
	    write_names(o, m, b, err) < 0)
		return -1;
	o->unsent = unsent != 0;
	for (size_t i = 0; i < o->g.count; i++)
		if (m->object[i].creates > 0 && !o->g.object[i].few &&
		    write_creates(o, &o->g.object[i], &m->object[i], b, err) <
			    0)
			return -1;
	if (write_updates(o, b, err) < 0)
		return -1;
	return write_receipts(o, b, err);
}
