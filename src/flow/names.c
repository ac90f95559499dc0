/* Ids and names: see names.h. */
#include "flow/names.h"

#include <stdio.h>
#include <string.h>

/* Whether an object has ids that begin as this one does. */
static int
has_prefix(struct store *st, const struct object *o, struct field id,
	   bool *has, struct err *err)
{
	char sql[LIMIT_NAME + 128];
	int64_t n;

	(void)snprintf(sql, sizeof sql, "select 1 from \"%s\" where \"Id\" >= "
		       "?1 and \"Id\" < ?1 || '~' limit 1", o->name);
	if (store_ask(st, &n, 0, err, sql, "t", id.at, (size_t)3) < 0)
		return -1;
	*has = n != 0;
	return 0;
}

int
names_of_reference(struct store *st, struct records *r,
		   struct objects *objects, const struct connection *c,
		   struct field id, char wire[static LEDGER_NAME + 1],
		   struct err *err)
{
	bool ours = false;

	if (id.len != 18)
		return 0;
	for (size_t i = 0; i < objects_count(objects); i++) {
		struct object *o = objects_at(objects, i);
		int64_t row;
		bool has;

		if (has_prefix(st, o, id, &has, err) < 0)
			return -1;
		if (!has)
			continue;
		ours = true;
		if (records_find(r, o, id.at, id.len, &row, err) < 0)
			return -1;
		if (row)
			return ledger_name_of(st, c, row, wire, err);
		/* One that is gone keeps its translation. */
		if (store_ask(st, &row, 0, err, "select _row from _deleted "
			      "where object = ?1 and id = ?2 order by number "
			      "desc limit 1", "it", o->object, id.at,
			      id.len) < 0)
			return -1;
		if (row)
			return ledger_name_of(st, c, row, wire, err);
	}
	if (ours)
		return 0;
	(void)snprintf(wire, LEDGER_NAME + 1, "x:%.18s", id.at);
	return 1;
}

int
names_to_reference(struct store *st, struct objects *objects,
		   const struct connection *c, struct field wire,
		   char id[static 19], struct err *err)
{
	struct buf text = BUF_INIT;
	struct ledger_row row;
	int64_t object;
	int got;

	if (wire.at[0] == 'x') {
		(void)snprintf(id, 19, "%.18s", wire.at + 2);
		return 1;
	}
	got = ledger_by_name(st, c, wire.at, &row, err);
	if (got <= 0)
		return got;
	if (store_ask(st, &object, 0, err, "select object from _ledger where "
		      "ledger = ?1", "i", row.ledger) < 0)
		return -1;
	if (ledger_local_id(st, objects, object, row.row, &text, err) < 0)
		got = -1;
	else
		got = text.len > 0;
	if (got > 0 && text.len == 18)
		(void)snprintf(id, 19, "%.*s", 18, (const char *)text.data);
	buf_release(&text);
	return got;
}
