/* A partner's rows into the store: see apply.h. */
#include "flow/apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/anew.h"
#include "flow/catalog.h"
#include "flow/mint.h"
#include "flow/names.h"
#include "store/waiting.h"

/* A record of the bundle, by its number. */
struct target {
	char wire[LEDGER_NAME];
	int64_t row;	/* 0: it has not landed, and waits */
	int64_t ledger; /* 0: none */
	bool gone;	/* deleted here: its values are not wanted */
};

/* One of their objects, while its rows come. */
struct incoming {
	const struct manifest_object *from;
	const struct agreement_in *in;
	struct object *local; /* or NULL: not taken */
	struct ledger_sum sum;
	bool summed;
};

struct apply {
	struct store *st;
	struct connection *c;
	struct objects *objects;
	struct records *records;
	struct agreement agreement;
	struct mint mint;
	struct anew anew;
	struct incoming *object; /* as many as the manifest has */
	size_t count;
	struct target *target; /* the bundle's records, by their numbers */
	struct apply_sum *sum;
	struct buf spelled;
};

static void
free_incoming(struct apply *a)
{
	free(a->target);
	free(a->object);
	a->target = NULL;
	a->object = NULL;
	a->count = 0;
}

void
apply_free(struct apply *a)
{
	if (!a)
		return;
	free_incoming(a);
	records_close(a->records);
	agreement_release(&a->agreement);
	objects_close(a->objects);
	buf_release(&a->spelled);
	free(a);
}

int
apply_new(struct apply **out, struct home *home, struct connection *c,
	  struct err *err)
{
	struct apply *a = calloc(1, sizeof *a);

	*out = NULL;
	if (!a)
		return err_memory(err);
	a->st = home_store(home);
	a->c = c;
	mint_begin(&a->mint);
	a->anew = (struct anew){ .st = a->st, .c = c,
				 .agreement = &a->agreement };
	if (objects_open(&a->objects, a->st, err) < 0 ||
	    records_open(&a->records, a->st, err) < 0 ||
	    records_begin(a->records, c->number, err) < 0) {
		apply_free(a);
		return -1;
	}
	a->anew.records = a->records;
	*out = a;
	return 0;
}

/* Once the catalog is known: where each of the bundle's objects goes. */
static int
begin_objects(struct apply *a, const struct manifest *m, struct err *err)
{
	uint64_t records = 0;

	if (agreement_read(&a->agreement, a->st, a->objects, a->c, err) < 0)
		return -1;
	a->object = calloc(m->objects + 1, sizeof *a->object);
	if (!a->object)
		return err_memory(err);
	a->count = m->objects;
	for (size_t i = 0; i < m->objects; i++)
		records += m->object[i].creates + m->object[i].updates +
			   m->object[i].deletes;
	if (records < SIZE_MAX / sizeof *a->target)
		a->target = calloc((size_t)records + 1, sizeof *a->target);
	if (!a->target)
		return err_memory(err);
	for (size_t i = 0; i < m->objects; i++) {
		struct incoming *o = &a->object[i];
		const struct manifest_object *from = &m->object[i];

		o->from = from;
		o->in = agreement_in_of(&a->agreement, from->name);
		if (o->in && o->in->subscribed)
			o->local = objects_find(a->objects, o->in->local);
		if (o->in && o->in->subscribed && o->in->accept && !o->local &&
		    objects_add(a->objects, o->in->local, &o->local, err) < 0)
			return -1;
		if (o->local && catalog_grow(a->st, a->c, a->objects, o->in->name,
					    o->local, err) < 0)
			return -1;
		if (ledger_sum_read(&o->sum, a->st, a->c, from->name, false,
				    err) < 0)
			return -1;
	}
	return 0;
}

/* A new record here: its id and its ledger row, before any value. */
static int
accept_record(struct apply *a, struct object *local, const char *object,
	      const char *wire, int64_t *row, struct err *err)
{
	struct field *value = calloc(local->fields, sizeof *value);
	char id[19] = "";
	int rc = -1, got = anew_id(&a->anew, local, wire, id, err);

	if (!value)
		return err_memory(err);
	for (size_t f = 0; f < local->fields; f++)
		value[f] = field_of("");
	if (got == 0)
		got = mint_id(&a->mint, a->st, local, wire + 2, id, err);
	if (got >= 0) {
		value[local->id] = field_of(id);
		if (records_insert(a->records, local, value, row, err) == 0 &&
		    ledger_receive(a->st, a->c, local, *row, wire, err) == 0)
			rc = ledger_tell(a->st, a->c, object, wire, id, "accepted",
					 err);
	}
	free(value);
	a->sum->created++;
	return rc;
}

static int
take_create(struct apply *a, struct incoming *o, struct target *t,
	    struct err *err)
{
	struct ledger_row row;
	int got = anew_find(&a->anew, o->local, o->from->name, t->wire, &row,
			    err);

	if (got < 0)
		return -1;
	ledger_sum_add(&o->sum, t->wire);
	o->summed = true;
	t->gone = got == ANEW_GONE;
	if (got == ANEW_HERE) {
		t->row = row.row; /* shared once more: whole again */
		t->ledger = row.ledger;
	}
	if (got != ANEW_NEW)
		return 0;
	if (!o->local || !o->in->accept) {
		a->sum->waiting++;
		return waiting_put(a->st, a->c, o->from->name, t->wire, field_of(""),
				   field_of(""),
				   o->in && o->in->subscribed ? WAITING_ACCEPT :
								WAITING_OBJECT,
				   err);
	}
	return accept_record(a, o->local, o->from->name, t->wire, &t->row,
			     err);
}

static int
take_delete(struct apply *a, struct incoming *o, const char *wire,
	    struct err *err)
{
	struct ledger_row row;
	int64_t there = 0;
	char sql[LIMIT_NAME + 64];
	int got = ledger_by_name(a->st, a->c, wire, &row, err);

	if (got < 0 || store_run(a->st, err, "delete from _waiting where "
				 "connection = ?1 and name = ?2", "it",
				 a->c->number, wire,
				 (size_t)LEDGER_NAME) < 0)
		return -1;
	if (got == 0 || !row.live)
		return 0;
	a->sum->deleted++;
	if (o->local && o->in->deletes) {
		(void)snprintf(sql, sizeof sql, "select 1 from \"%s\" where "
			       "_row = ?1", o->local->name);
		if (store_ask(a->st, &there, 0, err, sql, "i", row.row) < 0 ||
		    (there && records_remove(a->records, o->local, row.row,
					     err) < 0))
			return -1;
	}
	return ledger_stop(a->st, row.ledger, LEDGER_DELETED, err);
}

static int
take_name(struct apply *a, struct incoming *o, const struct change *c,
	  struct err *err)
{
	const struct field *f = c->row->field;
	struct ledger_row row;
	struct target *t;
	int got;

	if (*f[2].at == 'd')
		return take_delete(a, o, f[1].at, err);
	t = &a->target[c->record - 1];
	memcpy(t->wire, f[1].at, LEDGER_NAME);
	if (*f[2].at == 'c')
		return take_create(a, o, t, err);
	got = ledger_by_name(a->st, a->c, t->wire, &row, err);
	if (got > 0 && row.live) {
		t->row = row.row;
		t->ledger = row.ledger;
	}
	return got < 0 ? -1 : 0;
}

/*
 * A value as it is to be here: 1 and *out, which points into a->spelled or at
 * the value; 0 if it waits; -1.
 */
static int
local_value(struct apply *a, const struct object_field *f,
	    const char *object, const char *wire, struct field theirs,
	    struct field value, struct field *out, char id[static 19],
	    struct err *err)
{
	bool reference = false;
	int got;

	*out = value;
	if (value.len == 0)
		return waiting_drop(a->st, a->c, wire, theirs, err) < 0 ? -1 : 1;
	if (changes_is_reference(value) &&
	    catalog_refers(a->st, a->c, f, object, theirs, &reference, err) < 0)
		return -1;
	if (reference) {
		got = names_to_reference(a->st, a->objects, a->c, value, id,
					 err);
		if (got == 0) {
			a->sum->held++;
			*out = field_of("");
			return waiting_put(a->st, a->c, object, wire, theirs, value,
					   WAITING_REFERENCE, err) < 0 ? -1 : 1;
		}
		*out = field_of(id);
		return got < 0 || waiting_drop(a->st, a->c, wire, theirs, err) < 0 ? -1 :
									   1;
	}
	buf_clear(&a->spelled);
	if (value_respell(&a->spelled, f->type, value.at, value.len)) {
		*out = (struct field){ a->spelled.data ?
				       (const char *)a->spelled.data : "",
				       a->spelled.len };
		return buf_ok(&a->spelled, err) < 0 ||
				       waiting_drop(a->st, a->c, wire, theirs, err) < 0 ?
			       -1 : 1;
	}
	a->sum->held++;
	return waiting_put(a->st, a->c, object, wire, theirs, value, WAITING_TYPE, err);
}

/* One value of a record that is here; written and logged if it changes. */
static int
write_value(struct apply *a, struct incoming *o, const struct target *t,
	    struct field theirs, struct field value, struct err *err)
{
	struct object *local = o->local;
	struct field *had, now;
	bool *changed;
	char id[19];
	size_t f;
	int got;

	if (local && agreement_map(a->st, a->c, o->from->name, theirs, local,
				   &f, err) < 0)
		return -1;
	if (!local || f == local->fields || f == local->id) {
		a->sum->held += value.len > 0;
		return value.len == 0 ?
			       waiting_drop(a->st, a->c, t->wire, theirs, err) :
			       waiting_put(a->st, a->c, o->from->name, t->wire, theirs,
					   value, WAITING_FIELD, err);
	}
	got = local_value(a, &local->field[f], o->from->name, t->wire, theirs,
			  value, &now, id, err);
	if (got <= 0)
		return got;
	had = calloc(local->fields, sizeof *had);
	changed = calloc(local->fields, sizeof *changed);
	got = -1;
	if (!had || !changed) {
		(void)err_memory(err);
	} else if ((got = records_read(a->records, local, t->row, had, err)) >
		   0) {
		if (!(had[f].len == now.len &&
		      memcmp(had[f].at, now.at, now.len) == 0) &&
		    !value_equal(local->field[f].type, had[f].at, had[f].len,
				 now.at, now.len)) {
			had[f] = now;
			changed[f] = true;
			a->sum->values++;
			got = records_update(a->records, local, t->row,
						    had, changed, err);
		}
	}
	free(had);
	free(changed);
	return got < 0 ? -1 : 0;
}

/* All values of a record that is new here: no change to log. */
static int
fill_record(struct apply *a, struct incoming *o, const struct target *t,
	    const struct change *c, struct err *err)
{
	struct object *local = o->local;
	struct field *value = calloc(local->fields, sizeof *value);
	struct buf all = BUF_INIT;
	size_t *start = calloc(local->fields, sizeof *start);
	int rc = -1;

	if (!value || !start) {
		(void)err_memory(err);
		goto out;
	}
	for (size_t f = 0; f < local->fields; f++)
		value[f].len = 0;
	for (size_t i = 0; i < c->row->count; i++) {
		struct field theirs = c->columns->field[i], now;
		char id[19];
		size_t f;
		int got;

		if (c->row->field[i].len == 0)
			continue;
		if (agreement_map(a->st, a->c, o->from->name, theirs, local,
				  &f, err) < 0)
			goto out;
		if (f == local->fields || f == local->id) {
			a->sum->held++;
			if (waiting_put(a->st, a->c, o->from->name, t->wire, theirs,
					c->row->field[i], WAITING_FIELD, err) < 0)
				goto out;
			continue;
		}
		got = local_value(a, &local->field[f], o->from->name, t->wire,
				  theirs, c->row->field[i], &now, id, err);
		if (got < 0)
			goto out;
		if (got == 0)
			continue;
		start[f] = all.len;
		value[f].len = now.len;
		buf_add(&all, now.at, now.len);
	}
	if (buf_ok(&all, err) < 0)
		goto out;
	for (size_t f = 0; f < local->fields; f++)
		value[f].at = value[f].len ? (const char *)all.data + start[f] :
					     "";
	rc = records_fill(a->records, local, t->row, value, err);
out:
	buf_release(&all);
	free(start);
	free(value);
	return rc;
}

/* A create's values: into its record, or waiting with it. */
static int
take_values(struct apply *a, struct incoming *o, const struct change *c,
	    struct err *err)
{
	struct target *t = &a->target[c->record - 1];

	if (t->gone)
		return 0;
	if (t->row && !t->ledger)
		return fill_record(a, o, t, c, err);
	for (size_t i = 0; i < c->row->count; i++) {
		struct field theirs = c->columns->field[i];
		struct field value = c->row->field[i];
		int rc = 0;

		if (t->row)
			rc = write_value(a, o, t, theirs, value, err);
		else if (value.len > 0)
			rc = waiting_put(a->st, a->c, o->from->name, t->wire, theirs,
					 value, WAITING_ACCEPT, err);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int
take_update(struct apply *a, struct incoming *o, const struct change *c,
	    struct err *err)
{
	struct target *t = &a->target[c->record - 1];
	const struct field *f = c->row->field;

	if (t->gone)
		return 0;
	if (t->row)
		return write_value(a, o, t, f[1], f[2], err);
	/* It waits: its values grow up to date in the waiting. */
	return f[2].len == 0 ? waiting_drop(a->st, a->c, t->wire, f[1], err) :
			       waiting_put(a->st, a->c, o->from->name, t->wire, f[1],
					   f[2], WAITING_ACCEPT, err);
}

/* What became of ours over there. */
static int
take_receipt(struct apply *a, const struct field *f, struct err *err)
{
	struct ledger_row row;
	char id[19];
	int got = ledger_by_name(a->st, a->c, f[1].at, &row, err);

	if (got <= 0)
		return got;
	a->sum->receipts++;
	if (field_is(f[3], "accepted")) {
		(void)snprintf(id, sizeof id, "%.18s", f[2].at);
		return ledger_accepted(a->st, row.ledger, id, err);
	}
	return ledger_stop(a->st, row.ledger,
			   field_is(f[3], "deleted")   ? LEDGER_DELETED :
			   field_is(f[3], "converted") ? LEDGER_CONVERTED :
							 LEDGER_INACTIVE,
			   err);
}

/*
 * Values of records here that waited for a target or a field: those for which
 * it has come land now.
 */
static int
land_waiting(struct apply *a, struct err *err)
{
	static const char sql[] =
		"select w.object, w.name, w.field, w.value from _waiting w "
		"where w.connection = ?1 and ((w.why = '" WAITING_REFERENCE "' "
		"and exists (select 1 from _ledger l where l.connection = ?1 "
		"and l.name = substr(w.value, 3) and l.ours = (substr(w.value, "
		"1, 1) = ?2))) or (w.why = '" WAITING_FIELD "' and exists (select "
		"1 from _object o join _field f using (object) where o.name = "
		"coalesce((select s.local from _subscription s where "
		"s.connection = ?1 and s.object = w.object), w.object) and "
		"f.name = coalesce((select m.local from _mapping m where "
		"m.connection = ?1 and m.object = w.object and m.field = "
		"w.field), w.field))))";
	char side[2] = { connection_side(a->c, true), 0 };
	struct store_statement *s;
	struct buf list = BUF_INIT;
	struct rd rd;
	int got;

	if (store_prepare(a->st, &s, sql, err) < 0)
		return -1;
	store_bind_int(s, 1, a->c->number);
	store_bind_text(s, 2, side, 1);
	/* Read whole first: landing them changes the table. */
	while ((got = store_step(s, err)) > 0) {
		for (int i = 0; i < 4; i++) {
			size_t len;
			const char *text = store_text(s, i, &len);

			buf_add(&list, text, len);
			buf_add_byte(&list, '\n');
		}
	}
	store_finish(s);
	if (got == 0)
		got = buf_ok(&list, err);
	rd = rd_of(list.data, list.len);
	while (got == 0 && rd.left > 0) {
		struct manifest_object from = { { 0 }, 0, 0, 0, 0, { 0 } };
		struct incoming o = { .from = &from };
		struct target t = { { 0 }, 0, 0, false };
		struct ledger_row row;
		const uint8_t *at[4];
		size_t len[4];

		for (int i = 0; i < 4; i++)
			(void)rd_line(&rd, &at[i], &len[i]);
		(void)snprintf(from.name, sizeof from.name, "%.*s",
			       (int)len[0], (const char *)at[0]);
		memcpy(t.wire, at[1], LEDGER_NAME);
		o.in = agreement_in_of(&a->agreement, from.name);
		if (o.in)
			o.local = objects_find(a->objects, o.in->local);
		got = ledger_by_name(a->st, a->c, t.wire, &row, err);
		if (got < 0)
			break;
		if (got == 0 || !row.live || !o.local) {
			got = 0;
			continue;
		}
		got = 0;
		t.row = row.row;
		if (store_run(a->st, err, "delete from _waiting where "
			      "connection = ?1 and name = ?2 and field = ?3",
			      "itt", a->c->number, t.wire, sizeof t.wire,
			      at[2], len[2]) < 0 ||
		    write_value(a, &o, &t,
				(struct field){ (const char *)at[2], len[2] },
				(struct field){ (const char *)at[3], len[3] },
				err) < 0)
			got = -1;
	}
	buf_release(&list);
	return got < 0 ? -1 : 0;
}

static int
take(struct apply *a, const struct manifest *m, const struct change *c,
     struct err *err)
{
	struct incoming *o = c->object ? &a->object[c->object - m->object] :
					 NULL;

	switch (c->group) {
	case MEMBER_PUBLISHED:
		return catalog_take(a->st, a->c, c->row->field, err);
	case MEMBER_NAMES:
		return take_name(a, o, c, err);
	case MEMBER_CREATES:
		return take_values(a, o, c, err);
	case MEMBER_UPDATES:
		return take_update(a, o, c, err);
	case MEMBER_IDS:
		return take_receipt(a, c->row->field, err);
	default:
		return 0;
	}
}

/* The names told so far, counted on both sides. */
static int
check_sums(struct apply *a, struct err *err)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct incoming *o = &a->object[i];

		if (o->sum.records != o->from->records ||
		    memcmp(o->sum.sum, o->from->sum, KEYS_HASH) != 0)
			return err_set(err, ERR_ORDER, "%s: the partner has "
				       "named %llu records so far, and %llu "
				       "have come: one of the two homes was "
				       "restored; " APPLY_ANEW,
				       o->from->name,
				       (unsigned long long)o->from->records,
				       (unsigned long long)o->sum.records);
		if (o->summed &&
		    ledger_sum_save(&o->sum, a->st, a->c, o->from->name, false,
				    err) < 0)
			return -1;
	}
	return 0;
}

int
apply_bundle(struct apply *a, struct bundle_in *in, struct apply_sum *sum,
	     struct err *err)
{
	const struct manifest *m = bundle_in_manifest(in);
	struct changes *changes;
	struct change c;
	bool begun = false;
	int got = -1;

	*sum = (struct apply_sum){ 0 };
	a->sum = sum;
	a->anew.full = m->start == MANIFEST_START_FULL;
	if (anew_begin(&a->anew, err) < 0)
		return -1;
	if (m->catalog_told &&
	    store_run(a->st, err, "delete from _catalog where connection = ?1",
		      "i", a->c->number) < 0)
		return -1;
	if (changes_open(&changes, in, err) < 0)
		return -1;
	while ((got = changes_next(changes, &c, err)) > 0) {
		if (!begun && c.group != MEMBER_PUBLISHED) {
			begun = true;
			if (begin_objects(a, m, err) < 0) {
				got = -1;
				break;
			}
		}
		if (take(a, m, &c, err) < 0) {
			got = -1;
			break;
		}
	}
	changes_free(changes);
	if (got < 0 || (!begun && begin_objects(a, m, err) < 0) ||
	    check_sums(a, err) < 0 ||
	    anew_end(&a->anew, &sum->ended, err) < 0 ||
	    land_waiting(a, err) < 0)
		return -1;
	sum->updated = records_tally(a->records)->updated;
	return records_end(a->records, err);
}

enum accepting {
	ACCEPT_ONE,
	ACCEPT_ALL,	/* but of an object that is not taken */
	ACCEPT_WILLING, /* all of objects whose records nobody need accept */
};

/* A record that waits, by name: made here, then its values as they came. */
static int
accept_one(struct apply *a, const char *object, const char *wire,
	   enum accepting how, struct err *err)
{
	struct manifest_object from = { { 0 }, 0, 0, 0, 0, { 0 } };
	struct incoming o = { .from = &from };
	struct target t = { { 0 }, 0, 0, false };
	struct ledger_row row;
	struct store_statement *s;
	int got;

	(void)snprintf(from.name, sizeof from.name, "%s", object);
	memcpy(t.wire, wire, sizeof t.wire);
	o.in = agreement_in_of(&a->agreement, from.name);
	if (how == ACCEPT_WILLING && (!o.in || !o.in->accept))
		return 0;
	if (!o.in || !o.in->subscribed)
		return how != ACCEPT_ONE ? 0 :
		       err_set(err, ERR_USAGE, "%s: is not subscribed to "
			       "(orgferry subscribe)", from.name);
	o.local = objects_find(a->objects, o.in->local);
	if (!o.local && objects_add(a->objects, o.in->local, &o.local, err) <
				0)
		return -1;
	a->anew.person = true;
	got = anew_find(&a->anew, o.local, from.name, t.wire, &row, err);
	if (got == ANEW_HERE)
		t.row = row.row;
	if (got < 0 ||
	    catalog_grow(a->st, a->c, a->objects, o.in->name, o.local, err) <
		    0 ||
	    (got == ANEW_NEW &&
	     accept_record(a, o.local, from.name, t.wire, &t.row, err) < 0) ||
	    waiting_drop(a->st, a->c, t.wire, field_of(""), err) < 0)
		return -1;
	/* One at a time, first to last: writing one may add or drop another. */
	do {
		struct buf field = BUF_INIT, value = BUF_INIT;

		if (store_prepare(a->st, &s, "select field, value from "
				  "_waiting where connection = ?1 and name = "
				  "?2 and why = '" WAITING_ACCEPT "' limit 1",
				  err) < 0)
			return -1;
		store_bind_int(s, 1, a->c->number);
		store_bind_text(s, 2, t.wire, sizeof t.wire);
		got = store_step(s, err);
		if (got > 0) {
			size_t len;
			const char *text = store_text(s, 0, &len);

			buf_add(&field, text, len);
			text = store_text(s, 1, &len);
			buf_add(&value, text, len);
		}
		store_finish(s);
		if (got > 0 &&
		    (buf_ok(&field, err) < 0 || buf_ok(&value, err) < 0 ||
		     waiting_drop(a->st, a->c, t.wire,
				  (struct field){ (const char *)field.data,
						  field.len }, err) < 0 ||
		     write_value(a, &o, &t,
				 (struct field){ (const char *)field.data,
						 field.len },
				 (struct field){ (const char *)value.data,
						 value.len }, err) < 0))
			got = -1;
		buf_release(&field);
		buf_release(&value);
	} while (got > 0);
	return got;
}

static int
accept_waiting(struct apply *a, const char *name, enum accepting how,
	       struct apply_sum *sum, struct err *err)
{
	struct store_statement *s;
	struct buf list = BUF_INIT;
	struct rd rd;
	int got;

	*sum = (struct apply_sum){ 0 };
	a->sum = sum;
	if (agreement_read(&a->agreement, a->st, a->objects, a->c, err) < 0 ||
	    store_prepare(a->st, &s, "select object, name from _waiting where "
			  "connection = ?1 and field = '' and (?2 = '' or name "
			  "= ?2 or substr(name, 3) = ?2) order by object, "
			  "name", err) < 0)
		return -1;
	store_bind_int(s, 1, a->c->number);
	store_bind_text(s, 2, name ? name : "", name ? strlen(name) : 0);
	while ((got = store_step(s, err)) > 0) {
		size_t len;
		const char *object = store_text(s, 0, &len);

		buf_add(&list, object, len + 1);
		buf_add(&list, store_text(s, 1, &len), LEDGER_NAME);
	}
	store_finish(s);
	if (got == 0)
		got = buf_ok(&list, err);
	rd = rd_of(list.data, list.len);
	if (got == 0 && rd.left == 0 && name)
		got = err_set(err, ERR_USAGE, "%s: no such record waits "
			      "(see: orgferry inbox)", SHOWN(name));
	while (got == 0 && rd.left > 0) {
		const uint8_t *object, *wire;

		object = rd.at;
		(void)rd_take(&rd, strlen((const char *)object) + 1, &wire);
		(void)rd_take(&rd, LEDGER_NAME, &wire);
		got = accept_one(a, (const char *)object, (const char *)wire,
				 how, err);
	}
	buf_release(&list);
	if (got < 0 || land_waiting(a, err) < 0)
		return -1;
	return records_end(a->records, err);
}

int
apply_waiting(struct apply *a, const char *name, struct apply_sum *sum,
	      struct err *err)
{
	return accept_waiting(a, name, name ? ACCEPT_ONE : ACCEPT_ALL, sum,
			      err);
}

int
apply_willing(struct apply *a, struct apply_sum *sum, struct err *err)
{
	return accept_waiting(a, NULL, ACCEPT_WILLING, sum, err);
}
