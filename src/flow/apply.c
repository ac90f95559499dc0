/* A partner's rows into the store: see apply.h. */
#include "flow/apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "flow/anew.h"
#include "flow/catalog.h"
#include "flow/landing.h"
#include "flow/mint.h"
#include "store/waiting.h"

/* One of their objects, while its rows come. */
struct incoming {
	const struct manifest_object *from;
	const struct agreement_in *in;
	struct object *local; /* or NULL: not taken */
	bool valued;	      /* its creates come with a run of values */
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
	struct landing landing;
	struct incoming *object; /* as many as the manifest has */
	size_t count;
	bool asked; /* a person wants everything anew */
	struct targets *targets;
	char *spool; /* where they have room */
	struct apply_sum *sum;
	/* The columns of the creates that come now, and how they are taken. */
	struct landing_field *how;
	size_t columns;
	/* And the field of the update before. */
	struct incoming *last;
	char last_field[LIMIT_NAME + 1];
	struct landing_field last_how;
};

void
apply_free(struct apply *a)
{
	if (!a)
		return;
	free(a->object);
	free(a->how);
	free(a->spool);
	targets_free(a->targets);
	names_close(a->landing.names);
	buf_release(&a->landing.spelled);
	records_close(a->records);
	agreement_release(&a->agreement);
	objects_close(a->objects);
	free(a);
}

int
apply_new(struct apply **out, struct home *home, struct connection *c,
	  struct err *err)
{
	struct apply *a = calloc(1, sizeof *a);
	struct store *st = home_store(home);
	int64_t waiting;

	*out = NULL;
	if (!a)
		return err_memory(err);
	a->st = st;
	a->c = c;
	mint_begin(&a->mint);
	a->anew = (struct anew){ .st = st, .c = c,
				 .agreement = &a->agreement };
	a->landing = (struct landing){ .st = st, .c = c };
	a->spool = home_path(home, "org.db");
	if (!a->spool)
		(void)err_memory(err);
	if (!a->spool || objects_open(&a->objects, st, err) < 0 ||
	    records_open(&a->records, st, err) < 0 ||
	    records_begin(a->records, c->number, err) < 0 ||
	    names_open(&a->landing.names, st, a->records, a->objects, c,
		       err) < 0 ||
	    store_ask(st, &waiting, 0, err, "select 1 from _waiting where "
		      "connection = ?1", "i", c->number) < 0) {
		apply_free(a);
		return -1;
	}
	a->anew.records = a->landing.records = a->records;
	a->landing.objects = a->objects;
	a->landing.waiting = waiting != 0;
	*out = a;
	return 0;
}

/* What has been counted while values landed, and ends the writing. */
static int
end(struct apply *a, struct err *err)
{
	a->sum->values = a->landing.values;
	a->sum->held = a->landing.held;
	return records_end(a->records, err);
}

/* Whether the bundle has a run of values for an object's creates. */
static bool
has_values(const struct manifest *m, const char *object)
{
	for (size_t i = 0; i < m->members; i++) {
		struct member_name name;

		if (member_parse(&name, m->member[i].name) &&
		    name.group == MEMBER_CREATES && name.number == 1 &&
		    strcmp(name.object, object) == 0)
			return true;
	}
	return false;
}

/* Once the catalog is known: where each of the bundle's objects goes. */
static int
begin_objects(struct apply *a, const struct manifest *m, struct err *err)
{
	if (agreement_read(&a->agreement, a->st, a->objects, a->c, err) < 0 ||
	    targets_new(&a->targets, a->spool, err) < 0)
		return -1;
	a->object = calloc(m->objects + 1, sizeof *a->object);
	if (!a->object)
		return err_memory(err);
	a->count = m->objects;
	for (size_t i = 0; i < m->objects; i++) {
		struct incoming *o = &a->object[i];
		const struct manifest_object *from = &m->object[i];

		o->from = from;
		o->valued = from->creates > 0 && has_values(m, from->name);
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

/* An id for a new record: a replica keeps the partner's where it is free. */
static int
find_id(struct apply *a, struct object *local, struct target *t,
	struct err *err)
{
	int64_t taken = 1;

	if (a->c->replication &&
	    records_find(a->records, local, t->wire + 2, LEDGER_NAME - 2,
			 &taken, err) < 0)
		return -1;
	if (taken)
		return mint_id(&a->mint, a->st, local, t->wire + 2, t->id,
			       err);
	memcpy(t->id, t->wire + 2, LEDGER_NAME - 2);
	return 0;
}

/*
 * A new record here: its row, its id and its place in the ledger, so that
 * references find it before it has a value.
 */
static int
accept_record(struct apply *a, struct object *local, struct target *t,
	      struct err *err)
{
	int got = anew_id(&a->anew, local, t->wire, t->id, err);

	if (got == 0)
		got = find_id(a, local, t, err);
	if (got < 0)
		return -1;
	t->state = TARGET_FRESH;
	t->row = records_next_row(a->records);
	if (ledger_receive(a->st, a->c, local, t->row, t->id, t->wire, err) <
	    0)
		return -1;
	names_learn(a->landing.names, t->wire, t->id);
	a->sum->created++;
	return 0;
}

/* The record itself, for values that come one by one. */
static int
insert_empty(struct apply *a, struct object *local, struct target *t,
	     struct err *err)
{
	static const struct row none = { NULL, 0, 0, 0 };
	static const struct landing_field nothing = { SIZE_MAX, false, false };
	static const struct field empty = { "", 0 };

	return landing_insert(&a->landing, "", local, t, &none, &nothing,
			      &empty, err);
}

/*
 * Nearly always a created record was never heard of: taken as such, where its
 * values will come with it and the ledger has no such name. 1, 0, -1.
 */
static int
try_fresh(struct apply *a, struct incoming *o, struct target *t,
	  struct err *err)
{
	bool fresh;

	if (!o->local || !o->in->accept || !o->valued || a->anew.full ||
	    a->landing.waiting)
		return 0;
	if (find_id(a, o->local, t, err) < 0)
		return -1;
	t->row = records_next_row(a->records);
	if (ledger_receive_new(a->st, a->c, o->local, t->row, t->id, t->wire,
			       &fresh, err) < 0)
		return -1;
	if (!fresh)
		return 0;
	t->state = TARGET_FRESH;
	names_learn(a->landing.names, t->wire, t->id);
	a->sum->created++;
	return 1;
}

/* What waits of a record: itself and its values. */
static int
forget_waiting(struct apply *a, const char *wire, struct err *err)
{
	return store_run(a->st, err, "delete from _waiting where connection = "
			 "?1 and name = ?2", "it", a->c->number, wire,
			 (size_t)LEDGER_NAME);
}

/*
 * By the name of a record of this org's that it does not share a partner could
 * lay hold of any whose id it knows. A person who asked for everything anew,
 * for this home was restored, wants just that.
 */
static int
check_side(struct apply *a, const char *object, const char *wire,
	   struct err *err)
{
	struct ledger_row row;
	int got;

	if (wire[0] != connection_side(a->c, true) ||
	    (a->anew.full && a->asked))
		return 0;
	got = ledger_by_name(a->st, a->c, wire, &row, err);
	if (got < 0 || (got > 0 && row.live))
		return got < 0 ? -1 : 0;
	return err_set(err, ERR_REFUSED, "%s: %.20s is this org's own record, "
		       "and comes as a new one of the partner's; only what "
		       "export --full wrote may say so, taken in with "
		       "--new-epoch", object, wire);
}

static int
take_create(struct apply *a, struct incoming *o, struct target *t,
	    struct err *err)
{
	struct ledger_row row;
	int got;

	if (check_side(a, o->from->name, t->wire, err) < 0)
		return -1;
	ledger_sum_add(&o->sum, t->wire);
	o->summed = true;
	got = try_fresh(a, o, t, err);
	if (got != 0)
		return got < 0 ? -1 : 0;
	got = anew_find(&a->anew, o->local, o->from->name, t->wire, &row, err);
	if (got < 0)
		return -1;
	if (got == ANEW_GONE) {
		t->state = TARGET_GONE;
	} else if (got == ANEW_HERE) {
		t->state = TARGET_HERE; /* shared once more: whole again */
		t->row = row.row;
	} else if (!o->local || !o->in->accept) {
		a->sum->waiting++;
		/* What it had before it was gone does not come again. */
		if (a->landing.waiting &&
		    forget_waiting(a, t->wire, err) < 0)
			return -1;
		a->landing.waiting = true;
		return waiting_put(a->st, a->c, o->from->name, t->wire,
				   field_of(""), field_of(""),
				   o->in && o->in->subscribed ? WAITING_ACCEPT :
								WAITING_OBJECT,
				   err);
	} else if (accept_record(a, o->local, t, err) < 0) {
		return -1;
	}
	return t->state == TARGET_FRESH && !o->valued ?
		       insert_empty(a, o->local, t, err) : 0;
}

static int
take_delete(struct apply *a, struct incoming *o, const char *wire,
	    struct err *err)
{
	struct ledger_row row;
	struct field had;
	int got = ledger_by_name(a->st, a->c, wire, &row, err);

	if (got < 0 || (a->landing.waiting &&
			forget_waiting(a, wire, err) < 0))
		return -1;
	if (got == 0 || !row.live)
		return 0;
	a->sum->deleted++;
	if (o->local && o->in->deletes) {
		got = records_read_field(a->records, o->local, row.row,
					 o->local->id, &had, err);
		if (got < 0 ||
		    (got > 0 && records_remove(a->records, o->local, row.row,
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
	struct target t = { .modified = TARGET_NEVER };
	struct ledger_row row;
	int64_t ms;
	int got;

	memcpy(t.wire, f[1].at, LEDGER_NAME);
	if (*f[2].at == 'd') {
		t.state = TARGET_GONE;
		return take_delete(a, o, t.wire, err) < 0 ?
			       -1 : targets_add(a->targets, &t, err);
	}
	if (text_parse_instant(&ms, f[3].at, f[3].len))
		t.modified = ms;
	if (*f[2].at == 'c') {
		if (take_create(a, o, &t, err) < 0)
			return -1;
	} else {
		got = ledger_by_name(a->st, a->c, t.wire, &row, err);
		if (got < 0)
			return -1;
		if (got > 0 && row.live) {
			t.state = TARGET_HERE;
			t.row = row.row;
			a->sum->updated++;
		}
	}
	return targets_add(a->targets, &t, err);
}

/* How the columns of a member's creates are taken. */
static int
take_columns(struct apply *a, const struct incoming *o,
	     const struct row *columns, struct err *err)
{
	free(a->how);
	a->how = calloc(columns->count + 1, sizeof *a->how);
	if (!a->how)
		return err_memory(err);
	for (size_t i = 0; i < columns->count; i++)
		if (landing_field(&a->landing, o->from->name, o->local,
				  columns->field[i], &a->how[i], err) < 0)
			return -1;
	return 0;
}

/* Fields that the member leaves out, for they are empty in all its records. */
static int
clear_others(struct apply *a, const struct incoming *o,
	     const struct target *t, const struct row *columns,
	     struct err *err)
{
	struct store_statement *s;
	int got;

	if (store_prepare(a->st, &s, "select field from _catalog where "
			  "connection = ?1 and object = ?2 and field <> ''",
			  err) < 0)
		return -1;
	store_bind_int(s, 1, a->c->number);
	store_bind_text(s, 2, o->from->name, strlen(o->from->name));
	while ((got = store_step(s, err)) > 0) {
		struct landing_field how;
		struct field theirs;
		size_t i = 0;

		theirs.at = store_text(s, 0, &theirs.len);
		while (i < columns->count &&
		       (columns->field[i].len != theirs.len ||
			strncasecmp(columns->field[i].at, theirs.at,
				    theirs.len) != 0))
			i++;
		if (i == columns->count &&
		    (landing_field(&a->landing, o->from->name, o->local,
				   theirs, &how, err) < 0 ||
		     landing_write(&a->landing, o->from->name, o->local, t,
				   theirs, &how, field_of(""), err) < 0)) {
			got = -1;
			break;
		}
	}
	store_finish(s);
	return got;
}

/* A create's values: into its record, or waiting with it. */
static int
take_values(struct apply *a, struct incoming *o, const struct change *c,
	    struct err *err)
{
	const struct field *value = c->row->field;
	const char *object = o->from->name;
	struct target t;

	if ((c->begins && take_columns(a, o, c->columns, err) < 0) ||
	    targets_get(a->targets, c->record, &t, err) < 0)
		return -1;
	if (t.state == TARGET_GONE)
		return 0;
	if (t.state == TARGET_FRESH)
		return landing_insert(&a->landing, object, o->local, &t,
				      c->columns, a->how, value, err);
	for (size_t i = 0; i < c->columns->count; i++) {
		struct field theirs = c->columns->field[i];

		if (t.state == TARGET_HERE ?
			    landing_write(&a->landing, object, o->local, &t,
					  theirs, &a->how[i], value[i], err) < 0 :
			    landing_keep(&a->landing, object, &t, theirs,
					 &a->how[i], value[i],
					 WAITING_ACCEPT, err) < 0)
			return -1;
	}
	return t.state == TARGET_HERE ?
		       clear_others(a, o, &t, c->columns, err) : 0;
}

static int
take_update(struct apply *a, struct incoming *o, const struct change *c,
	    struct err *err)
{
	const struct field *f = c->row->field;
	const char *object = o->from->name;
	struct target t;

	/* They come by field. */
	if (a->last != o || !field_is(f[1], a->last_field)) {
		a->last = o;
		(void)snprintf(a->last_field, sizeof a->last_field, "%.*s",
			       (int)f[1].len, f[1].at);
		if (landing_field(&a->landing, object, o->local, f[1],
				  &a->last_how, err) < 0)
			return -1;
	}
	if (targets_get(a->targets, c->record, &t, err) < 0)
		return -1;
	if (t.state == TARGET_GONE)
		return 0;
	/* One that waits: its values grow up to date in the waiting. */
	return t.state == TARGET_WAITS ?
		       landing_keep(&a->landing, object, &t, f[1],
				    &a->last_how, f[2],
				    WAITING_ACCEPT, err) :
		       landing_write(&a->landing, object, o->local, &t, f[1],
				     &a->last_how, f[2], err);
}

/* What became of ours over there. */
static int
take_receipt(struct apply *a, const struct field *f, struct err *err)
{
	struct ledger_row row;
	char id[19];
	int got = ledger_by_name(a->st, a->c, f[1].at, &row, err);

	/* Of what the partner named itself there is nothing to tell us. */
	if (got <= 0 || !row.ours)
		return got < 0 ? -1 : 0;
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
apply_bundle(struct apply *a, struct bundle_in *in, bool asked,
	     struct apply_sum *sum, struct err *err)
{
	const struct manifest *m = bundle_in_manifest(in);
	struct changes *changes;
	struct change c;
	bool begun = false;
	int got = -1;

	*sum = (struct apply_sum){ 0 };
	a->sum = sum;
	a->anew.full = m->start == MANIFEST_START_FULL;
	a->asked = asked;
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
	    landing_due(&a->landing, &a->agreement, a->objects, err) < 0)
		return -1;
	return end(a, err);
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
	const struct agreement_in *in = agreement_in_of(&a->agreement, object);
	struct target t = { .state = TARGET_HERE, .modified = TARGET_NEVER };
	struct object *local;
	struct ledger_row row;
	int got;

	memcpy(t.wire, wire, LEDGER_NAME);
	if (how == ACCEPT_WILLING && (!in || !in->accept))
		return 0;
	if (!in || !in->subscribed)
		return how != ACCEPT_ONE ? 0 :
		       err_set(err, ERR_USAGE, "%s: is not subscribed to "
			       "(orgferry subscribe)", object);
	local = objects_find(a->objects, in->local);
	if (!local && objects_add(a->objects, in->local, &local, err) < 0)
		return -1;
	a->anew.person = true;
	got = anew_find(&a->anew, local, object, t.wire, &row, err);
	if (got == ANEW_HERE)
		t.row = row.row;
	if (got < 0 ||
	    catalog_grow(a->st, a->c, a->objects, in->name, local, err) < 0 ||
	    (got == ANEW_NEW && (accept_record(a, local, &t, err) < 0 ||
				 insert_empty(a, local, &t, err) < 0)) ||
	    waiting_drop(a->st, a->c, t.wire, field_of(""), err) < 0)
		return -1;
	return landing_accepted(&a->landing, object, local, &t, err);
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
	if (got < 0 || landing_due(&a->landing, &a->agreement, a->objects, err) < 0)
		return -1;
	return end(a, err);
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
