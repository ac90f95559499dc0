/* A partner's records, named anew: see anew.h. */
#include "flow/anew.h"

#include <stdio.h>
#include <string.h>

#include "model/record_id.h"

int
anew_begin(struct anew *n, struct err *err)
{
	if (!n->full)
		return 0;
	if (store_exec(n->st, "create temp table if not exists _said (name "
		       "text primary key) without rowid; delete from _said;",
		       err) < 0 ||
	    store_run(n->st, err, "delete from _catalog where connection = "
		      "?1", "i", n->c->number) < 0)
		return -1;
	return store_run(n->st, err, "delete from _named where connection = "
			 "?1 and not ours", "i", n->c->number);
}

/* A name of a full bundle; its values come whole, and none waits from before. */
static int
note(struct anew *n, const char *wire, struct err *err)
{
	if (store_run(n->st, err, "insert or ignore into _said values (?1)",
		      "t", wire, (size_t)LEDGER_NAME) < 0)
		return -1;
	return store_run(n->st, err, "delete from _waiting where connection = "
			 "?1 and name = ?2", "it", n->c->number, wire,
			 (size_t)LEDGER_NAME);
}

/*
 * Whether a name of this side's that the ledger does not know may be linked to
 * the record of that id: this home was restored from before it was shared.
 * Only where a person asked for everything anew, and of what we publish: else
 * a partner could lay hold of any record whose id it knows.
 */
static bool
may_be_ours(const struct anew *n, const struct object *local, const char *wire)
{
	const struct agreement_out *out;

	if (!(n->full || n->person) || wire[0] != connection_side(n->c, true))
		return false;
	/* An object that came with this bundle is not in the agreement yet. */
	out = agreement_out_of(n->agreement, local);
	return out ? out->published : n->c->publish_all;
}

/*
 * The row of the record that a name had, whatever number it has by now; 0 if
 * none stands here, or another name has it.
 */
static int
standing(struct anew *n, struct object *local, const char *wire,
	 const struct ledger_row *had, int64_t *row, struct err *err)
{
	char sql[2 * LIMIT_NAME + 256];
	int64_t taken = 0;
	int rc = 0;

	*row = 0;
	if (had) {
		(void)snprintf(sql, sizeof sql, "select coalesce((select _row "
			       "from \"%s\" where _row = ?1), (select o._row "
			       "from _deleted d join \"%s\" o on o.\"Id\" = "
			       "d.id where d._row = ?1 and d.object = ?2), 0)",
			       local->name, local->name);
		rc = store_ask(n->st, row, 0, err, sql, "ii", had->row,
			       local->object);
	} else if (may_be_ours(n, local, wire)) {
		rc = records_find(n->records, local, wire + 2, LEDGER_NAME - 2,
				  row, err);
	}
	if (rc == 0 && *row)
		rc = store_ask(n->st, &taken, 0, err, "select 1 from _ledger "
			       "where connection = ?1 and _row = ?2 and stop "
			       "= ''", "ii", n->c->number, *row);
	if (taken)
		*row = 0;
	return rc;
}

/* Whether this org, not an import from the partner, has deleted it. */
static int
deleted_here(struct anew *n, const struct object *local, const char *wire,
	     const struct ledger_row *had, bool *yes, struct err *err)
{
	int64_t found = 0;
	int rc = 0;

	if (had)
		rc = store_ask(n->st, &found, 0, err, "select 1 from _deleted "
			       "where _row = ?1 and origin <> ?2", "ii",
			       had->row, n->c->number);
	else if (local && may_be_ours(n, local, wire))
		rc = store_ask(n->st, &found, 0, err, "select 1 from _deleted "
			       "where object = ?1 and id = ?2 and origin <> "
			       "?3", "iti", local->object, wire + 2,
			       (size_t)(LEDGER_NAME - 2), n->c->number);
	*yes = found != 0;
	return rc;
}

int
anew_find(struct anew *n, struct object *local, const char *object,
	  const char wire[static LEDGER_NAME], struct ledger_row *row,
	  struct err *err)
{
	int got = ledger_by_name(n->st, n->c, wire, row, err);
	const struct ledger_row *had = got > 0 ? row : NULL;
	int64_t here = 0;
	bool gone = false;

	if (got < 0 || (n->full && note(n, wire, err) < 0))
		return -1;
	if (had && had->live)
		return n->full && ledger_tell_anew(n->st, had->ledger, err) <
					    0 ? -1 : ANEW_HERE;
	if (local && standing(n, local, wire, had, &here, err) < 0)
		return -1;
	if (here) {
		char id[19];

		(void)snprintf(id, sizeof id, "%.18s",
			       had ? had->id : wire + 2);
		if (ledger_receive(n->st, n->c, local, here, id, wire, err) <
		    0)
			return -1;
		got = ledger_by_name(n->st, n->c, wire, row, err);
		return got > 0 ? ANEW_HERE : -1;
	}
	if (n->full && deleted_here(n, local, wire, had, &gone, err) < 0)
		return -1;
	if (!gone)
		return ANEW_NEW;
	return ledger_tell(n->st, n->c, object, wire, "", "deleted", err) < 0 ?
		       -1 : ANEW_GONE;
}

int
anew_id(struct anew *n, const struct object *local,
	const char wire[static LEDGER_NAME], char id[static 19],
	struct err *err)
{
	char sql[LIMIT_NAME + 96];
	int64_t taken;

	if (!may_be_ours(n, local, wire))
		return 0;
	/* Fifteen characters tell ids apart, however the rest is spelled. */
	(void)snprintf(sql, sizeof sql, "select 1 from \"%s\" where \"Id\" "
		       ">= ?1 and \"Id\" < ?1 || '~'", local->name);
	if (store_ask(n->st, &taken, 0, err, sql, "t", wire + 2,
		      (size_t)RECORD_ID_SHORT) < 0)
		return -1;
	(void)snprintf(id, 19, "%.18s", wire + 2);
	return taken == 0;
}

int
anew_end(struct anew *n, uint64_t *ended, struct err *err)
{
	char side[2] = { connection_side(n->c, false), 0 };
	char now[TEXT_INSTANT + 1];

	*ended = 0;
	if (!n->full)
		return 0;
	text_instant(now, text_now());
	if (store_run(n->st, err, "update _ledger set status = '"
		      LEDGER_INACTIVE "', stop = ?3 where connection = ?1 and "
		      "not ours and stop = '' and ?2 || ':' || name not in "
		      "(select name from _said)", "iss", n->c->number, side,
		      now) < 0)
		return -1;
	*ended = (uint64_t)store_changed(n->st);
	/* Values that wait for a place in a record of ours may still find it. */
	return store_run(n->st, err, "delete from _waiting where connection = "
			 "?1 and (substr(name, 1, 1) = ?2 or why in ('"
			 WAITING_ACCEPT "', '" WAITING_OBJECT "')) and name "
			 "not in (select name from _said)", "is", n->c->number,
			 side);
}
