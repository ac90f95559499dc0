/* Forwards and rules: see sharing.h. */
#include "store/sharing.h"

#include <stdio.h>
#include <string.h>

#define REFUSED "INVALID_PARTNER_NETWORK_STATUS"

static int
check_published(const struct connection *c, const struct agreement *a,
		const struct object *o, struct err *err)
{
	const struct agreement_out *out = agreement_out_of(a, o);

	if (out && out->published)
		return 0;
	return err_set(err, ERR_USAGE, REFUSED ": %s is not published to %s "
		       "(orgferry publish)", o->name, SHOWN(c->name));
}

/* The record of an id, in whichever object has it. */
static int
find_record(struct objects *objects, struct records *records, const char *id,
	    struct object **o, int64_t *row, struct err *err)
{
	*row = 0;
	for (size_t i = 0; i < objects_count(objects) && *row == 0; i++) {
		*o = objects_at(objects, i);
		if (records_find(records, *o, id, strlen(id), row, err) < 0)
			return -1;
	}
	if (*row)
		return 0;
	return err_set(err, ERR_USAGE, "%s: no record here has this id",
		       SHOWN(id));
}

int
sharing_forward(struct store *st, struct objects *objects,
		struct records *records, const struct connection *c,
		const struct agreement *a, const char *id,
		struct sharing_sum *sum, struct err *err)
{
	struct object *o = NULL;
	int64_t row, mine, theirs;

	if (find_record(objects, records, id, &o, &row, err) < 0 ||
	    check_published(c, a, o, err) < 0)
		return -1;
	if (store_ask(st, &mine, 0, err, "select 1 from _ledger where "
		      "connection = ?1 and _row = ?2 and ours and stop = ''",
		      "ii", c->number, row) < 0 ||
	    store_ask(st, &theirs, 0, err, "select 1 from _ledger where "
		      "connection = ?1 and _row = ?2 and not ours and stop = "
		      "''", "ii", c->number, row) < 0)
		return -1;
	if (theirs)
		return err_set(err, ERR_USAGE, REFUSED ": %s came from %s and "
			       "is never forwarded back", id, SHOWN(c->name));
	if (mine) {
		sum->already++;
		return 0;
	}
	sum->shared++;
	return ledger_share(st, c, o, row, id, err);
}

int
sharing_forward_object(struct store *st, struct objects *objects,
		       const struct connection *c, const struct agreement *a,
		       const char *object, struct sharing_sum *sum,
		       struct err *err)
{
	struct object *o = objects_named(objects, object, err);
	char sql[2 * LIMIT_NAME + 768];

	if (!o)
		return -1;
	if (check_published(c, a, o, err) < 0)
		return -1;
	(void)snprintf(sql, sizeof sql, LEDGER_SHARE " and not exists (select "
		       "1 from _ledger l where l.connection = ?1 and l._row = "
		       "o._row and l.stop <> '') order by o.\"Id\""
		       LEDGER_ONCE_MORE, o->name);
	if (store_run(st, err, sql, "ii", c->number, o->object) < 0)
		return -1;
	sum->shared += (uint64_t)store_changed(st);
	return 0;
}

int
sharing_add_rule(struct store *st, const struct connection *c,
		 const char *object, struct err *err)
{
	struct objects *objects = NULL;
	struct object *o = NULL;
	int rc = -1;

	/* A rule for a misspelled object would never share anything. */
	if (*object && objects_open(&objects, st, err) == 0)
		o = objects_named(objects, object, err);
	if (o || !*object)
		rc = store_run(st, err, "insert or ignore into _rule values "
			       "(?1, ?2)", "is", c->number,
			       o ? o->name : object);
	objects_close(objects);
	return rc;
}

int
sharing_remove_rule(struct store *st, const struct connection *c,
		    const char *object, struct err *err)
{
	if (store_run(st, err, "delete from _rule where connection = ?1 and "
		      "object = ?2", "is", c->number, object) < 0)
		return -1;
	return store_changed(st) ? 0 :
	       err_set(err, ERR_USAGE, "connection %s has no such rule (see: "
		       "orgferry rule list)", SHOWN(c->name));
}
