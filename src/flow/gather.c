/* What goes into a bundle: see gather.h. */
#include "flow/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Created records of an object so few that a member of their own would cost
 * more than their values among the updates do: it takes about 1 kB.
 */
enum { FEW = 8 };

/*
 * _pub: the published fields that have been told before. _val: which values go
 * singly. _go: which records have such values or are gone, and their numbers;
 * kind: 1 create, 2 update, 3 delete.
 */
static const char temporary[] =
	"create temp table if not exists _pub (field integer primary key);"
	"create temp table if not exists _val (_row integer, field integer, "
	"primary key (field, _row)) without rowid;"
	"create temp table if not exists _found (object integer, kind "
	"integer, wire text, _row integer, ledger integer, primary key "
	"(object, kind, wire)) without rowid;"
	"create temp table if not exists _go (number integer primary key, "
	"object integer, kind integer, wire text, _row integer);"
	"create index if not exists temp._go_row on _go (_row);"
	"delete from _pub; delete from _val; delete from _found; "
	"delete from _go;";

/* A record's name on the wire; ?2 is whether this side invited. */
#define WIRE "case when l.ours = ?2 then 'i:' else 'a:' end || l.name"

/* One statement with up to three numbers. */
static int
run(struct gather *g, const char *sql, int64_t a, int64_t b, int64_t c,
    struct err *err)
{
	return store_run(g->st, err, sql, "iii", a, b, c);
}

void
gather_release(struct gather *g)
{
	free(g->object);
	g->object = NULL;
	g->count = 0;
	agreement_release(&g->agreement);
}

static int
has_rule(struct gather *g, const struct object *object, bool *yes,
	 struct err *err)
{
	int64_t n;
	int rc = store_ask(g->st, &n, 0, err, "select 1 from _rule where "
			   "connection = ?1 and object in ('', ?2)", "is",
			   g->c->number, object->name);

	*yes = n != 0;
	return rc;
}

/* Records that have come since the rule was last applied. */
static int
sweep(struct gather *g, const struct object *object, struct err *err)
{
	char sql[2 * LIMIT_NAME + 768];
	int64_t upto;

	if (store_ask(g->st, &upto, 0, err, "select upto from _swept where "
		      "connection = ?1 and object = ?2", "ii", g->c->number,
		      object->object) < 0)
		return -1;
	/*
	 * In the order of their names, as a bundle has them. The first time an
	 * index has that order; afterwards a few are sorted.
	 */
	(void)snprintf(sql, sizeof sql, upto == 0 ?
		       LEDGER_SHARE " and ?3 = 0 order by o.\"Id\""
		       LEDGER_ONCE_MORE :
		       LEDGER_SHARE " and o._row > ?3 order by +o.\"Id\""
		       LEDGER_ONCE_MORE, object->name);
	if (run(g, sql, g->c->number, object->object, upto, err) < 0)
		return -1;
	return run(g, "insert or replace into _swept values (?1, ?2, ?3)",
		   g->c->number, object->object, g->row, err);
}

int
gather_apply_rules(struct gather *g, struct err *err)
{
	for (size_t i = 0; i < g->agreement.outs; i++) {
		const struct agreement_out *out = &g->agreement.out[i];
		bool yes = false;

		if (!out->published)
			continue;
		if (has_rule(g, out->object, &yes, err) < 0 ||
		    (yes && sweep(g, out->object, err) < 0))
			return -1;
	}
	return 0;
}

static int
mark_published(struct gather *g, struct err *err)
{
	for (size_t i = 0; i < g->agreement.outs; i++) {
		const struct agreement_out *out = &g->agreement.out[i];

		for (size_t f = 0; out->published && f < out->object->fields;
		     f++)
			if (out->field[f] && out->told[f] &&
			    store_run(g->st, err, "insert into _pub values "
				      "(?1)", "i",
				      out->object->field[f].field) < 0)
				return -1;
	}
	return 0;
}

/*
 * Fields newly published: whole, of every record that has been told. The
 * partner may have a value from when the field was published before: what was
 * emptied since is told too.
 */
static int
gather_fields(struct gather *g, const struct agreement_out *out,
	      struct err *err)
{
	const struct object *object = out->object;
	char sql[2 * LIMIT_NAME + 512];

	for (size_t f = 0; f < object->fields; f++) {
		if (!out->field[f] || out->told[f])
			continue;
		(void)snprintf(sql, sizeof sql,
			       "insert or ignore into _val select o._row, ?2 "
			       "from \"%s\" o join _ledger l on l._row = "
			       "o._row and l.connection = ?1 and l.stop = '' "
			       "where (l.ledger <= ?3 or not l.ours) and "
			       "(o.\"%s\" <> '' or exists (select 1 from "
			       "_change h where h._row = o._row and h.field = "
			       "?2))", object->name, object->field[f].name);
		if (run(g, sql, g->c->number, object->field[f].field,
			g->c->out_ledger, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * Single values that changed, records that are gone, of all objects. A cross
 * join goes from left to right: from the few that changed to the ledger.
 */
static int
gather_changes(struct gather *g, struct err *err)
{
	static const char changed[] =
		"insert or ignore into _val select h._row, h.field from "
		"_change h cross join _pub p on p.field = h.field cross join "
		"_ledger l on l._row = h._row and l.connection = ?1 and "
		"l.stop = '' and (l.ledger <= ?3 or not l.ours) where "
		"h.number > ?2 and h.origin <> ?1";
	/* References whose target is shared with this bundle. */
	static const char arrived[] =
		"insert or ignore into _val select u._row, u.field from "
		"_ledger t not indexed cross join _unsent u on u.connection = ?1 and "
		"u.target = t.name cross join _pub p on p.field = u.field "
		"cross join _ledger l on l._row = u._row and l.connection = "
		"?1 and l.stop = '' and (l.ledger <= ?2 or not l.ours) where "
		"t.ledger > ?2 and t.connection = ?1 and t.ours and t.stop = "
		"'' and ?3 = 0";
	static const char updated[] =
		"insert into _found select distinct l.object, 2, " WIRE ", "
		"l._row, l.ledger from _val v cross join _ledger l on l._row "
		"= v._row and l.connection = ?1 and l.stop = '' where ?3 = 0";
	/*
	 * Also one that was told, went, was shared once more as it came back
	 * and went again: its row has moved above the mark.
	 */
	static const char deleted[] =
		"insert into _found select l.object, 3, " WIRE ", l._row, "
		"l.ledger from _deleted d cross join _ledger l on l._row = "
		"d._row and l.connection = ?1 and l.stop = '' where d.number "
		"> ?3 and d.origin <> ?1 and (l.ledger <= ?4 or not l.ours or "
		"exists (select 1 from _deleted b where b.object = d.object "
		"and b.id = d.id and b._row <> d._row and b.number > ?3))";
	int64_t n = g->c->number, inviter = g->c->inviter;
	int64_t mark = g->c->out_ledger;

	if (run(g, changed, n, g->c->out_change, mark, err) < 0 ||
	    run(g, arrived, n, mark, 0, err) < 0 ||
	    run(g, updated, n, inviter, 0, err) < 0)
		return -1;
	return store_run(g->st, err, deleted, "iiii", n, inviter,
			 g->c->out_change, mark);
}

/* What is new since the last bundle. */
static int
gather_new(struct gather *g, struct err *err)
{
	/* The first time there is nothing but new records. */
	if (g->c->out_ledger == 0 && !g->c->in.begun)
		return 0;
	if (mark_published(g, err) < 0)
		return -1;
	for (size_t i = 0; i < g->agreement.outs; i++)
		if (g->agreement.out[i].published &&
		    gather_fields(g, &g->agreement.out[i], err) < 0)
			return -1;
	return gather_changes(g, err);
}

/*
 * All that is shared, by whichever side's names, as if none of it had been
 * told, and all that is known to be gone; what became of the partner's records
 * is told once more. Names are counted from the beginning.
 */
static int
gather_anew(struct gather *g, struct err *err)
{
	static const char gone[] =
		"insert into _found select l.object, 3, " WIRE ", l._row, "
		"l.ledger from _ledger l where l.connection = ?1 and (l.status "
		"= '" LEDGER_DELETED "' or (l.stop = '' and exists (select 1 "
		"from _deleted d where d._row = l._row))) and ?3 = 0";
	static const char stopped[] =
		"insert or replace into _receipt select l.connection, "
		"coalesce((select s.object from _subscription s where "
		"s.connection = ?1 and s.local = o.name and not s.none order "
		"by s.object limit 1), o.name), ?2 || ':' || l.name, '', case "
		"l.status when '" LEDGER_DELETED "' then 'deleted' when '"
		LEDGER_CONVERTED "' then 'converted' else 'stopped' end from "
		"_ledger l join _object o using (object) where l.connection "
		"= ?1 and l.stop <> '' and not l.ours";
	char side[2] = { connection_side(g->c, false), 0 };
	int64_t n = g->c->number;

	if (run(g, gone, n, g->c->inviter, 0, err) < 0 ||
	    run(g, "delete from _named where connection = ?1 and ours and ?2 "
		   "= 0 and ?3 = 0", n, 0, 0, err) < 0)
		return -1;
	g->c->out_ledger = INT64_MIN;
	return g->c->one_way ? 0 : store_run(g->st, err, stopped, "is", n,
					     side);
}

/* Sharing ends of what is gone, whether it is told so or was never told. */
static int
stop_gone(struct gather *g, struct err *err)
{
	static const char found[] =
		"update _ledger set status = '" LEDGER_DELETED "', stop = ?1 "
		"where stop = '' and ledger in (select ledger from _found "
		"where kind = 3)";
	static const char untold[] =
		"update _ledger not indexed set status = '" LEDGER_DELETED "', "
		"stop = ?1 where ledger > ?3 and connection = ?2 and ours and stop = '' "
		"and exists (select 1 from _deleted d where d._row = "
		"_ledger._row)";
	char now[TEXT_INSTANT + 1];

	text_instant(now, text_now());
	if (store_run(g->st, err, found, "s", now) < 0)
		return -1;
	return store_run(g->st, err, untold, "sii", now, g->c->number,
			 g->c->out_ledger);
}

int
gather_creates(const struct gather *g, const struct gather_object *o,
	       unsigned turn, const char *what, bool join, bool *ours,
	       struct store_statement **s, struct err *err)
{
	/* `a:` stands before `i:`; theirs are named where all there is goes. */
	const bool order[2] = { !g->c->inviter, g->c->inviter };
	struct buf sql = BUF_INIT;
	int rc = -1;

	if (turn >= (g->full ? 2 : 1))
		return 0;
	*ours = g->full ? order[turn] : true;
	buf_addf(&sql, "select %s from _ledger l not indexed ", what);
	if (join)
		buf_addf(&sql, "cross join \"%s\" o on o._row = l._row ",
			 o->out->object->name);
	buf_addf(&sql, "where l.ledger between ?1 and ?2 and l.connection = ?3 "
		 "and l.object = ?4 and l.ours = ?5 and l.stop = '' order by "
		 "%s", o->sorted ? "l.ledger" : "l.name");
	if (!buf_str(&sql))
		(void)err_memory(err);
	else
		rc = store_prepare(g->st, s, buf_str(&sql), err);
	buf_release(&sql);
	if (rc < 0)
		return -1;
	store_bind_int(*s, 1, o->first);
	store_bind_int(*s, 2, o->last);
	store_bind_int(*s, 3, g->c->number);
	store_bind_int(*s, 4, o->out->object->object);
	store_bind_int(*s, 5, *ours);
	return 1;
}

/* A row of the ledger that is to be told whole: into its object's count. */
static void
see_create(struct gather_object *o, int64_t ledger, const char *name,
	   char before[static LEDGER_NAME])
{
	if (o->creates++ == 0)
		o->first = ledger;
	else if (strncmp(before, name, LEDGER_NAME - 2) >= 0)
		o->sorted = false;
	o->last = ledger;
	memcpy(before, name, LEDGER_NAME - 2);
}

/* What stands above the mark, object by object. */
static int
find_creates(struct gather *g, struct gather_object *all, struct err *err)
{
	char (*before)[LEDGER_NAME] = calloc(g->agreement.outs + 1,
					     sizeof *before);
	struct store_statement *s;
	size_t at = 0;
	int got = -1;

	if (!before)
		return err_memory(err);
	if (store_prepare(g->st, &s, "select ledger, object, name from _ledger "
			  "not indexed where ledger > ?1 and connection = ?2 and stop = '' "
			  "and (ours or ?3) order by ledger", err) < 0)
		goto out;
	store_bind_int(s, 1, g->c->out_ledger);
	store_bind_int(s, 2, g->c->number);
	store_bind_int(s, 3, g->full);
	while ((got = store_step(s, err)) > 0) {
		int64_t ledger = store_int(s, 0), object = store_int(s, 1);
		size_t len, tried = 0;

		/* Nearly always the one before. */
		while (tried++ < g->agreement.outs &&
		       all[at].out->object->object != object)
			at = (at + 1) % g->agreement.outs;
		if (all[at].out->object->object == object &&
		    all[at].out->published)
			see_create(&all[at], ledger, store_text(s, 2, &len),
				   before[at]);
		else
			g->left = true;
	}
	store_finish(s);
out:
	free(before);
	return got;
}

static int
count_kind(struct gather *g, const struct object *object, int64_t kind,
	   uint64_t *count, struct err *err)
{
	int64_t some;

	if (store_ask(g->st, &some, 0, err, "select count(*) from _found "
		      "where object = ?1 and kind = ?2", "ii", object->object,
		      kind) < 0)
		return -1;
	*count = (uint64_t)some;
	return 0;
}

int
gather_value(struct gather *g, const struct object *object, int64_t row,
	     uint64_t number, const struct object_field *f, struct err *err)
{
	if (store_run(g->st, err, "insert or ignore into _go values (?1, ?2, "
		      "1, '', ?3)", "iii", (int64_t)number, object->object,
		      row) < 0)
		return -1;
	return store_run(g->st, err, "insert or ignore into _val values (?1, "
			 "?2)", "ii", row, f->field);
}

/* The few created records of an object, whose values go singly. */
static int
gather_few(struct gather *g, const struct gather_object *o, struct err *err)
{
	const struct object *object = o->out->object;
	struct store_statement *s;
	int64_t row[FEW];
	size_t rows = 0;
	bool ours;
	int got = gather_creates(g, o, 0, "l._row", false, &ours, &s, err);

	if (got < 0)
		return -1;
	while (rows < FEW && (got = store_step(s, err)) > 0)
		row[rows++] = store_int(s, 0);
	store_finish(s);
	for (size_t i = 0; got >= 0 && i < rows; i++)
		for (size_t f = 0; got >= 0 && f < object->fields; f++)
			if (o->out->field[f])
				got = gather_value(g, object, row[i],
						   o->before + i + 1,
						   &object->field[f], err);
	return got < 0 ? -1 : 0;
}

/*
 * Whether an object's own times are published: then those of its new records
 * are told by their distance from when they were modified.
 */
static bool
tells_times(const struct agreement_out *out)
{
	size_t f = objects_field(out->object, "LastModifiedDate", 16);

	return f < out->object->fields && out->field[f];
}

/* One object's records get their numbers, and the manifest its counts. */
static int
number_object(struct gather *g, struct gather_object *o, struct manifest *m,
	      uint64_t *number, struct err *err)
{
	static const char numbered[] =
		"insert into _go select ?2 + row_number() over (order by "
		"kind, wire), object, kind, wire, _row from _found where "
		"object = ?1 and ?3 = 0";
	const struct object *object = o->out->object;
	struct manifest_object *mo = &m->object[m->objects];

	mo->creates = o->creates;
	if (count_kind(g, object, 2, &mo->updates, err) < 0 ||
	    count_kind(g, object, 3, &mo->deletes, err) < 0)
		return -1;
	if (mo->creates + mo->updates + mo->deletes == 0)
		return 0;
	(void)snprintf(mo->name, sizeof mo->name, "%s", object->name);
	o->before = *number;
	o->few = !g->full && o->creates <= FEW;
	o->dated = g->full || (o->creates <= GATHER_MANY && tells_times(o->out));
	if (run(g, numbered, object->object, (int64_t)(*number + mo->creates),
		0, err) < 0 ||
	    (o->few && o->creates > 0 && gather_few(g, o, err) < 0))
		return -1;
	*number += mo->creates + mo->updates + mo->deletes;
	g->creates += mo->creates;
	g->updates += mo->updates;
	g->deletes += mo->deletes;
	g->object[g->count++] = *o;
	m->objects++;
	return 0;
}

/* Objects stand in the agreement as in the manifest: by name. */
static int
number_records(struct gather *g, struct manifest *m, struct err *err)
{
	size_t outs = g->agreement.outs;
	uint64_t number = 0;

	m->object = calloc(outs + 1, sizeof *m->object);
	g->object = calloc(outs + 1, sizeof *g->object);
	if (!m->object || !g->object)
		return err_memory(err);
	for (size_t i = 0; i < outs; i++) {
		g->object[i].out = &g->agreement.out[i];
		g->object[i].sorted = !g->full;
	}
	if (outs > 0 && find_creates(g, g->object, err) < 0)
		return -1;
	/* Those that have something move up to the front. */
	for (size_t i = 0; i < outs; i++) {
		struct gather_object o = g->object[i];

		if (number_object(g, &o, m, &number, err) < 0)
			return -1;
	}
	return 0;
}

int
gather_all(struct gather *g, struct manifest *m, struct err *err)
{
	int64_t receipts, accepted;

	if (store_ask(g->st, &g->ledger, 0, err, "select max(ledger) from "
		      "_ledger", "") < 0 ||
	    store_exec(g->st, temporary, err) < 0 ||
	    (g->full ? gather_anew(g, err) : gather_new(g, err)) < 0 ||
	    stop_gone(g, err) < 0 || number_records(g, m, err) < 0 ||
	    store_ask(g->st, &receipts, 0, err, "select 1 from _receipt "
		      "where connection = ?1", "i", g->c->number) < 0 ||
	    store_ask(g->st, &accepted, 0, err, "select 1 from _ledger not "
		      "indexed where ledger > ?2 and connection = ?1 and ours = 0 and stop "
		      "= '' limit 1", "ii", g->c->number,
		      g->c->out_ledger) < 0)
		return -1;
	receipts |= accepted;
	return g->full || m->objects > 0 || (receipts && !g->c->one_way) ||
	       g->c->published != g->c->out.published;
}

/*
 * Records to share of objects that are not published go above the new mark
 * once more.
 */
static int
keep_left(struct gather *g, struct err *err)
{
	/* One after the other, for each bundle takes as many numbers more. */
	static const char again[] =
		"update _ledger set ledger = n.next from (select ledger was, "
		LEDGER_LAST " + row_number() over (order by ledger) next from "
		"_ledger where ledger > ?1 and ledger <= ?4 and connection = "
		"?2 and object = ?3 and ours and stop = '') n where ledger = "
		"n.was";

	for (size_t i = 0; g->left && i < g->agreement.outs; i++) {
		const struct agreement_out *out = &g->agreement.out[i];

		if (!out->published &&
		    store_run(g->st, err, again, "iiii", g->c->out_ledger,
			      g->c->number, out->object->object,
			      g->ledger) < 0)
			return -1;
	}
	return 0;
}

int
gather_settle(struct gather *g, const struct manifest *m, struct err *err)
{
	if (keep_left(g, err) < 0 ||
	    run(g, "delete from _receipt where connection = ?1 and ?2 = 0 and "
		   "?3 = 0", g->c->number, 0, 0, err) < 0)
		return -1;
	g->c->out_change = g->change;
	g->c->out_ledger = g->ledger;
	if (!m->catalog_told)
		return 0;
	g->c->out.published = m->catalog;
	return agreement_set_told(g->st, g->c, &g->agreement, err);
}
