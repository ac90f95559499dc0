/* The rows of a bundle of changes: see outgo.h. */
#include "flow/outgo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/record_id.h"
#include "flow/names.h"

/*
 * _pub: the published fields that have been told before. _val: which values go
 * as updates. _go: which records, with their numbers in the bundle; kind: 1
 * create, 2 update, 3 delete.
 */
static const char temporary[] =
	"create temp table if not exists _pub (field integer primary key);"
	"create temp table if not exists _val (_row integer, field integer, "
	"primary key (field, _row)) without rowid;"
	"create temp table if not exists _found (object integer, kind "
	"integer, wire text, _row integer, ledger integer, primary key "
	"(object, kind, wire)) without rowid;"
	"create temp table if not exists _go (object integer, number integer, "
	"kind integer, wire text, _row integer, ledger integer, primary key "
	"(object, number)) without rowid;"
	"create index if not exists temp._go_row on _go (_row);"
	"delete from _pub; delete from _val; delete from _found; "
	"delete from _go;";

/* One statement with up to three numbers. */
static int
run(struct outgo *o, const char *sql, int64_t a, int64_t b, int64_t c,
    struct err *err)
{
	return store_run(o->st, err, sql, "iii", a, b, c);
}

static bool
has_rule(struct outgo *o, const struct object *object, bool *yes,
	 struct err *err)
{
	int64_t n;
	int rc = store_ask(o->st, &n, 0, err, "select 1 from _rule where "
			   "connection = ?1 and object in ('', ?2)", "is",
			   o->c->number, object->name);

	*yes = n != 0;
	return rc == 0;
}

/* Records that have come since the rule was last applied. */
static int
sweep(struct outgo *o, const struct object *object, struct err *err)
{
	char sql[2 * LIMIT_NAME + 640];
	int64_t upto;

	if (store_ask(o->st, &upto, 0, err, "select upto from _swept where "
		      "connection = ?1 and object = ?2", "ii", o->c->number,
		      object->object) < 0)
		return -1;
	(void)snprintf(sql, sizeof sql,
		       "insert into _ledger (connection, object, _row, name, "
		       "ours, status) select ?1, ?2, o._row, o.\"Id\", 1, '"
		       LEDGER_PENDING "' from \"%s\" o where o._row > ?3 and "
		       "not exists (select 1 from _ledger l where "
		       "l.connection = ?1 and l._row = o._row)" LEDGER_ONCE_MORE,
		       object->name);
	if (run(o, sql, o->c->number, object->object, upto, err) < 0)
		return -1;
	return run(o, "insert or replace into _swept values (?1, ?2, ?3)",
		   o->c->number, object->object, o->row, err);
}

int
outgo_apply_rules(struct outgo *o, struct err *err)
{
	for (size_t i = 0; i < o->agreement.outs; i++) {
		const struct agreement_out *out = &o->agreement.out[i];
		bool yes = false;

		if (!out->published)
			continue;
		if (!has_rule(o, out->object, &yes, err) ||
		    (yes && sweep(o, out->object, err) < 0))
			return -1;
	}
	return 0;
}

static int
mark_published(struct outgo *o, struct err *err)
{
	for (size_t i = 0; i < o->agreement.outs; i++) {
		const struct agreement_out *out = &o->agreement.out[i];

		for (size_t f = 0; out->published && f < out->object->fields;
		     f++)
			if (out->field[f] && out->told[f] &&
			    store_run(o->st, err, "insert into _pub values "
				      "(?1)", "i",
				      out->object->field[f].field) < 0)
				return -1;
	}
	return 0;
}

/* Newly shared records of an object, and whole fields newly published. */
static int
gather_object(struct outgo *o, const struct agreement_out *out,
	      struct err *err)
{
	const struct object *object = out->object;
	char sql[2 * LIMIT_NAME + 640];
	char side = connection_side(o->c, true);

	(void)snprintf(sql, sizeof sql,
		       "insert into _found select ?2, 1, '%c:' || l.name, "
		       "l._row, l.ledger from _ledger l join \"%s\" o on "
		       "o._row = l._row where l.connection = ?1 and l.object "
		       "= ?2 and l.ours and l.told = ?3 and l.stop = ''",
		       side, object->name);
	if (run(o, sql, o->c->number, object->object, 0, err) < 0)
		return -1;
	for (size_t f = 0; f < object->fields; f++) {
		if (!out->field[f] || out->told[f])
			continue;
		(void)snprintf(sql, sizeof sql,
			       "insert or ignore into _val select o._row, ?2 "
			       "from \"%s\" o join _ledger l on l._row = "
			       "o._row and l.connection = ?1 and l.stop = '' "
			       "where l.told = ?3 and o.\"%s\" <> ''",
			       object->name, object->field[f].name);
		if (run(o, sql, o->c->number, object->field[f].field, 1,
			err) < 0)
			return -1;
	}
	return 0;
}

/*
 * Single values that changed, records that are gone, of all objects. A cross
 * join goes from left to right: from the few that changed to the ledger.
 */
static int
gather_changes(struct outgo *o, struct err *err)
{
	static const char changed[] =
		"insert or ignore into _val select h._row, h.field from "
		"_change h cross join _pub p on p.field = h.field cross join "
		"_ledger l on "
		"l._row = h._row and l.connection = ?1 and l.stop = '' and "
		"l.told where h.number > ?2 and h.origin <> ?1 and ?3 = 0";
	/* References whose target is shared with this bundle. */
	static const char arrived[] =
		"insert or ignore into _val select u._row, u.field from "
		"_unsent u join _pub p on p.field = u.field join _ledger l on "
		"l._row = u._row and l.connection = ?1 and l.stop = '' and "
		"l.told where u.connection = ?1 and exists (select 1 from "
		"_found f where f.kind = 1 and substr(f.wire, 3) = u.target) "
		"and ?2 = ?2 and ?3 = 0";
	static const char updated[] =
		"insert into _found select distinct l.object, 2, case when "
		"l.ours = ?2 then 'i:' else 'a:' end || l.name, l._row, "
		"l.ledger from _val v cross join _ledger l on l._row = v._row and "
		"l.connection = ?1 and l.stop = '' where ?3 = 0";
	static const char deleted[] =
		"insert into _found select l.object, 3, case when l.ours = ?2 "
		"then 'i:' else 'a:' end || l.name, l._row, l.ledger from "
		"_deleted d cross join _ledger l on l._row = d._row and "
		"l.connection = ?1 and l.stop = '' and l.told where d.number "
		"> ?3 and d.origin <> ?1";
	static const char numbered[] =
		"insert into _go select object, row_number() over (partition "
		"by object order by kind, wire), kind, wire, _row, ledger "
		"from _found where ?1 = ?1 and ?2 = ?2 and ?3 = 0";
	int64_t n = o->c->number, inviter = o->c->inviter;

	if (run(o, changed, n, o->c->out_change, 0, err) < 0 ||
	    run(o, arrived, n, 0, 0, err) < 0 ||
	    run(o, updated, n, inviter, 0, err) < 0 ||
	    run(o, deleted, n, inviter, o->c->out_change, err) < 0)
		return -1;
	return run(o, numbered, 0, 0, 0, err);
}

static struct object *
object_by_number(struct outgo *o, int64_t number)
{
	for (size_t i = 0; i < o->agreement.outs; i++)
		if (o->agreement.out[i].object->object == number)
			return o->agreement.out[i].object;
	return NULL;
}

/* The names that this bundle gives for the first time, into the sum. */
static int
count_names(struct outgo *o, const struct object *object,
	    struct manifest_object *m, struct err *err)
{
	struct store_statement *s;
	struct ledger_sum sum;
	int got;

	if (ledger_sum_read(&sum, o->st, o->c, object->name, true, err) < 0 ||
	    store_prepare(o->st, &s, "select wire from _go where object = ?1 "
			  "and kind = 1", err) < 0)
		return -1;
	store_bind_int(s, 1, object->object);
	while ((got = store_step(s, err)) > 0) {
		size_t len;

		ledger_sum_add(&sum, store_text(s, 0, &len));
	}
	store_finish(s);
	m->records = sum.records;
	memcpy(m->sum, sum.sum, sizeof m->sum);
	return got < 0 ? -1 : ledger_sum_save(&sum, o->st, o->c, object->name,
					      true, err);
}

static int
by_name(const void *a, const void *b)
{
	const struct manifest_object *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int
count_objects(struct outgo *o, struct manifest *m, struct err *err)
{
	struct store_statement *s;
	int got;

	if (store_prepare(o->st, &s, "select object, sum(kind = 1), sum(kind "
			  "= 2), sum(kind = 3) from _go group by object",
			  err) < 0)
		return -1;
	m->object = calloc(o->agreement.outs + 1, sizeof *m->object);
	if (!m->object) {
		store_finish(s);
		return err_memory(err);
	}
	while ((got = store_step(s, err)) > 0) {
		const struct object *object =
			object_by_number(o, store_int(s, 0));
		struct manifest_object *mo = &m->object[m->objects];

		if (!object)
			continue;
		(void)snprintf(mo->name, sizeof mo->name, "%s", object->name);
		mo->creates = (uint64_t)store_int(s, 1);
		mo->updates = (uint64_t)store_int(s, 2);
		mo->deletes = (uint64_t)store_int(s, 3);
		o->creates += mo->creates;
		o->updates += mo->updates;
		o->deletes += mo->deletes;
		m->objects++;
		if (count_names(o, object, mo, err) < 0) {
			got = -1;
			break;
		}
	}
	store_finish(s);
	if (got == 0 && m->objects > 1)
		qsort(m->object, m->objects, sizeof *m->object, by_name);
	return got;
}

int
outgo_gather(struct outgo *o, struct manifest *m, struct err *err)
{
	int64_t receipts;

	if (store_exec(o->st, temporary, err) < 0 ||
	    mark_published(o, err) < 0)
		return -1;
	for (size_t i = 0; i < o->agreement.outs; i++)
		if (o->agreement.out[i].published &&
		    gather_object(o, &o->agreement.out[i], err) < 0)
			return -1;
	if (gather_changes(o, err) < 0 || count_objects(o, m, err) < 0 ||
	    store_ask(o->st, &receipts, 0, err, "select count(*) from _receipt "
		      "where connection = ?1", "i", o->c->number) < 0)
		return -1;
	return m->objects > 0 || receipts > 0 ||
	       o->c->published != o->c->out.published;
}

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
	for (size_t i = 0; i < o->agreement.outs; i++) {
		const struct agreement_out *out = &o->agreement.out[i];
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

static int
write_names(struct outgo *o, const struct object *object,
	    struct bundle_out *b, struct err *err)
{
	static const char *const kinds[] = { "", "create", "update",
					     "delete" };
	size_t modified = objects_field(object, "LastModifiedDate", 16);
	char sql[2 * LIMIT_NAME + 320];
	struct store_statement *s;
	int got;

	(void)snprintf(sql, sizeof sql, "select g.wire, g.kind, %s%s%s from "
		       "_go g left join \"%s\" o on o._row = g._row where "
		       "g.object = ?1 order by g.number",
		       modified < object->fields ? "coalesce(o.\"" : "'",
		       modified < object->fields ?
			       object->field[modified].name : "",
		       modified < object->fields ? "\", '')" : "'",
		       object->name);
	if (store_prepare(o->st, &s, sql, err) < 0)
		return -1;
	store_bind_int(s, 1, object->object);
	while ((got = store_step(s, err)) > 0) {
		struct field row[6] = { field_of(object->name), { 0 },
					field_of(kinds[store_int(s, 1)]),
					{ 0 }, field_of(""), field_of("") };
		int64_t ms;

		row[1].at = store_text(s, 0, &row[1].len);
		row[3].at = store_text(s, 2, &row[3].len);
		if (!text_parse_instant(&ms, row[3].at, row[3].len))
			row[3] = field_of("");
		if (bundle_out_row(b, row, 6, err) < 0) {
			got = -1;
			break;
		}
	}
	store_finish(s);
	return got;
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
	got = names_of_reference(o->st, o->records, o->objects, o->c,
				 *value, wire, err);
	if (got < 0)
		return -1;
	if (got > 0) {
		*value = (struct field){ wire, LEDGER_NAME };
		return store_run(o->st, err, "delete from _unsent where "
				 "connection = ?1 and _row = ?2 and field = "
				 "?3", "iii", o->c->number, row, f->field);
	}
	if (store_run(o->st, err, "insert or replace into _unsent values (?1, "
		      "?2, ?3, ?4)", "iiit", o->c->number, row, f->field,
		      value->at, value->len) < 0)
		return -1;
	*value = field_of("");
	return 0;
}

static int
write_creates(struct outgo *o, const struct agreement_out *out,
	      struct bundle_out *b, struct err *err)
{
	const struct object *object = out->object;
	size_t *order = calloc(object->fields, sizeof *order), n;
	struct field *row = calloc(object->fields + 1, sizeof *row);
	char (*wire)[LEDGER_NAME + 1] = calloc(object->fields + 1,
					       sizeof *wire);
	struct store_statement *s = NULL;
	struct buf sql = BUF_INIT;
	int got = -1;

	if (!order || !row || !wire) {
		(void)err_memory(err);
		goto out;
	}
	n = sorted_fields(out, order);
	if (n == 0) {
		got = 0;
		goto out;
	}
	buf_add_str(&sql, "select g._row");
	for (size_t i = 0; i < n; i++) {
		buf_addf(&sql, ", o.\"%s\"", object->field[order[i]].name);
		row[i] = field_of(object->field[order[i]].name);
	}
	buf_addf(&sql, " from _go g join \"%s\" o on o._row = g._row where "
		 "g.object = ?1 and g.kind = 1 order by g.number",
		 object->name);
	if (!buf_str(&sql)) {
		(void)err_memory(err);
		goto out;
	}
	if (bundle_out_run(b, MEMBER_CREATES, object->name, row, n, err) < 0 ||
	    store_prepare(o->st, &s, buf_str(&sql), err) < 0)
		goto out;
	store_bind_int(s, 1, object->object);
	while ((got = store_step(s, err)) > 0) {
		for (size_t i = 0; got > 0 && i < n; i++) {
			row[i].at = store_text(s, (int)i + 1, &row[i].len);
			if (wire_value(o, &object->field[order[i]],
				       store_int(s, 0), &row[i], wire[i],
				       err) < 0)
				got = -1;
		}
		if (got < 0 || bundle_out_row(b, row, n, err) < 0) {
			got = -1;
			break;
		}
	}
out:
	store_finish(s);
	buf_release(&sql);
	free(order);
	free(row);
	free(wire);
	return got;
}

/*
 * One field's values, of the records that have a change of it. before: the
 * records of the objects before this one.
 */
static int
write_field(struct outgo *o, const struct object *object, size_t f,
	    uint64_t before, struct bundle_out *b, bool *begun,
	    struct err *err)
{
	const struct object_field *field = &object->field[f];
	char sql[3 * LIMIT_NAME + 320], wire[LEDGER_NAME + 1], number[24];
	struct store_statement *s;
	int got;

	(void)snprintf(sql, sizeof sql, "select g.number, v._row, o.\"%s\" "
		       "from _val v join _go g on g._row = v._row and g.kind "
		       "= 2 and g.object = ?1 join \"%s\" o on o._row = "
		       "v._row where v.field = ?2 order by g.number",
		       field->name, object->name);
	if (store_prepare(o->st, &s, sql, err) < 0)
		return -1;
	store_bind_int(s, 1, object->object);
	store_bind_int(s, 2, field->field);
	while ((got = store_step(s, err)) > 0) {
		struct field row[4] = { field_of(object->name), { 0 },
					field_of(field->name), { 0 } };

		(void)snprintf(number, sizeof number, "%llu",
			       (unsigned long long)before +
				       (unsigned long long)store_int(s, 0));
		row[1] = field_of(number);
		row[3].at = store_text(s, 2, &row[3].len);
		if ((!*begun && bundle_out_run(b, MEMBER_UPDATES, "", NULL, 0,
					       err) < 0) ||
		    wire_value(o, field, store_int(s, 1), &row[3], wire, err) <
			    0 ||
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

static int
write_updates(struct outgo *o, const struct agreement_out *out,
	      uint64_t before, struct bundle_out *b, bool *begun,
	      struct err *err)
{
	size_t *order = calloc(out->object->fields, sizeof *order), n;
	int rc = 0;

	if (!order)
		return err_memory(err);
	n = sorted_fields(out, order);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = write_field(o, out->object, order[i], before, b, begun,
				 err);
	free(order);
	return rc;
}

static int
write_receipts(struct outgo *o, struct bundle_out *b, struct err *err)
{
	struct store_statement *s;
	bool begun = false;
	int got;

	if (store_prepare(o->st, &s, "select object, name, id, status from "
			  "_receipt where connection = ?1 order by object, "
			  "name", err) < 0)
		return -1;
	store_bind_int(s, 1, o->c->number);
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

/* One group of all objects that the manifest names, in their order. */
static int
each_object(struct outgo *o, const struct manifest *m, struct bundle_out *b,
	    enum member_group group, struct err *err)
{
	uint64_t before = 0;
	bool begun = false;

	for (size_t i = 0; i < m->objects; i++) {
		const struct manifest_object *mo = &m->object[i];
		const struct agreement_out *out = agreement_out_of(
			&o->agreement, objects_find(o->objects, mo->name));
		int rc = 0;

		if (!out)
			continue;
		if (group == MEMBER_NAMES)
			rc = write_names(o, out->object, b, err);
		else if (group == MEMBER_CREATES && mo->creates > 0)
			rc = write_creates(o, out, b, err);
		else if (group == MEMBER_UPDATES && mo->updates > 0)
			rc = write_updates(o, out, before, b, &begun, err);
		if (rc < 0)
			return -1;
		before += mo->creates + mo->updates + mo->deletes;
	}
	return 0;
}

int
outgo_write(struct outgo *o, const struct manifest *m, struct bundle_out *b,
	    struct err *err)
{
	bundle_out_as_of(b, m->as_of);
	if ((m->catalog_rows > 0 && write_published(o, b, err) < 0) ||
	    (m->objects > 0 &&
	     bundle_out_run(b, MEMBER_NAMES, "", NULL, 0, err) < 0) ||
	    each_object(o, m, b, MEMBER_NAMES, err) < 0 ||
	    each_object(o, m, b, MEMBER_CREATES, err) < 0 ||
	    each_object(o, m, b, MEMBER_UPDATES, err) < 0)
		return -1;
	return write_receipts(o, b, err);
}

int
outgo_settle(struct outgo *o, const struct manifest *m, struct err *err)
{
	static const char told[] =
		"update _ledger set told = 1 where ledger in (select ledger "
		"from _go where kind = 1) and ?1 = ?1 and ?2 = ?2 and ?3 = 0";
	char stopped[256], now[TEXT_INSTANT + 1];

	text_instant(now, text_now());
	(void)snprintf(stopped, sizeof stopped, "update _ledger set status = "
		       "'" LEDGER_DELETED "', stop = '%s' where ledger in "
		       "(select ledger from _go where kind = 3) and ?1 = ?1 "
		       "and ?2 = ?2 and ?3 = 0", now);
	if (run(o, told, 0, 0, 0, err) < 0 ||
	    run(o, stopped, 0, 0, 0, err) < 0 ||
	    store_run(o->st, err, "delete from _receipt where connection = "
		      "?1", "i", o->c->number) < 0)
		return -1;
	o->c->out_change = o->change;
	o->c->out_row = o->row;
	if (!m->catalog_told)
		return 0;
	o->c->out.published = m->catalog;
	return agreement_set_told(o->st, o->c, &o->agreement, err);
}
