/* The ledger: see ledger.h. */
#include "store/ledger.h"

#include <stdio.h>
#include <string.h>

#include "format/keys.h"

const char *const ledger_columns[LEDGER_COLUMNS] = {
	"Connection", "Object", "Local Record", "Partner Record",
	"Parent Record", "Status", "Start Date", "Stop Date",
	"Related Records",
};

int
ledger_by_name(struct store *st, const struct connection *c,
	       const char wire[static LEDGER_NAME], struct ledger_row *row,
	       struct err *err)
{
	bool ours = wire[0] == connection_side(c, true);
	struct store_statement *s;
	int got;

	if (store_prepare(st, &s, "select ledger, _row, stop = '', id from "
			  "_ledger where connection = ?1 and name = ?2 and "
			  "ours = ?3", err) < 0)
		return -1;
	store_bind_int(s, 1, c->number);
	store_bind_text(s, 2, wire + 2, LEDGER_NAME - 2);
	store_bind_int(s, 3, ours);
	got = store_step(s, err);
	if (got > 0) {
		size_t len;

		*row = (struct ledger_row){
			.ledger = store_int(s, 0),
			.row = store_int(s, 1),
			.live = store_int(s, 2) != 0,
			.ours = ours,
		};
		(void)snprintf(row->id, sizeof row->id, "%s",
			       store_text(s, 3, &len));
	}
	store_finish(s);
	return got;
}

/* The name of a record's live row, or of the last one that stopped. */
static int
name_by(struct store *st, const char *sql, const struct connection *c,
	int64_t row, char wire[static LEDGER_NAME + 1], struct err *err)
{
	struct store_statement *s;
	int got;

	if (store_prepare(st, &s, sql, err) < 0)
		return -1;
	store_bind_int(s, 1, c->number);
	store_bind_int(s, 2, row);
	got = store_step(s, err);
	if (got > 0) {
		size_t len;
		const char *name = store_text(s, 0, &len);

		(void)snprintf(wire, LEDGER_NAME + 1, "%c:%.18s",
			       connection_side(c, store_int(s, 1) != 0), name);
	}
	store_finish(s);
	return got;
}

int
ledger_name_of(struct store *st, const struct connection *c, int64_t row,
	       char wire[static LEDGER_NAME + 1], struct err *err)
{
	static const char live[] =
		"select name, ours from _ledger where connection = ?1 and "
		"_row = ?2 and stop = ''";
	static const char stopped[] =
		"select name, ours from _ledger where connection = ?1 and "
		"_row = ?2 and stop <> '' order by ledger desc limit 1";
	int got = name_by(st, live, c, row, wire, err);

	return got ? got : name_by(st, stopped, c, row, wire, err);
}

static void
now(char out[static TEXT_INSTANT + 1])
{
	text_instant(out, text_now());
}

int
ledger_share(struct store *st, const struct connection *c,
	     const struct object *o, int64_t row, const char *id,
	     struct err *err)
{
	return store_run(st, err, "insert into _ledger (connection, object, "
			 "_row, id, name, ours, status) values (?1, ?2, ?3, "
			 "?4, ?4, 1, '" LEDGER_PENDING "')" LEDGER_ONCE_MORE,
			 "iiis", c->number, o->object, row, id);
}

int
ledger_receive(struct store *st, const struct connection *c,
	       const struct object *o, int64_t row, const char *id,
	       const char wire[static LEDGER_NAME], struct err *err)
{
	int64_t ours = wire[0] == connection_side(c, true);
	char date[TEXT_INSTANT + 1];

	now(date);
	return store_run(st, err, "insert into _ledger (ledger, connection, "
			 "object, _row, id, name, ours, partner, status, start) "
			 "values (iif(?6, " LEDGER_FIRST ", null), ?1, ?2, ?3, "
			 "?4, ?5, ?6, iif(?6, '', ?5), iif(?6, '" LEDGER_SENT
			 "', '" LEDGER_RECEIVED "'), ?7) on conflict "
			 "(connection, name, ours) do update set ledger = "
			 "iif(?6, ledger, " LEDGER_NEXT "), object = ?2, _row = "
			 "?3, id = ?4, status = excluded.status, start = ?7, "
			 "stop = ''", "iiistis", c->number, o->object, row, id,
			 wire + 2, (size_t)(LEDGER_NAME - 2), ours, date);
}

int
ledger_receive_new(struct store *st, const struct connection *c,
		   const struct object *o, int64_t row, const char *id,
		   const char wire[static LEDGER_NAME], bool *fresh,
		   struct err *err)
{
	char date[TEXT_INSTANT + 1];

	*fresh = false;
	if (wire[0] == connection_side(c, true))
		return 0;
	now(date);
	if (store_run(st, err, "insert into _ledger (connection, object, "
		      "_row, id, name, ours, partner, status, start) values "
		      "(?1, ?2, ?3, ?4, ?5, 0, ?5, '" LEDGER_RECEIVED "', ?6) "
		      "on conflict do nothing", "iiists", c->number,
		      o->object, row, id, wire + 2,
		      (size_t)(LEDGER_NAME - 2), date) < 0)
		return -1;
	*fresh = store_changed(st) > 0;
	return 0;
}

int
ledger_tell_anew(struct store *st, int64_t ledger, struct err *err)
{
	return store_run(st, err, "update _ledger set ledger = " LEDGER_NEXT
			 " where ledger = ?1 and not ours", "i", ledger);
}

int
ledger_accepted(struct store *st, int64_t ledger, const char *partner,
		struct err *err)
{
	char date[TEXT_INSTANT + 1];

	now(date);
	return store_run(st, err, "update _ledger set partner = ?2, status = "
			 "case when stop = '' and ours then '" LEDGER_SENT
			 "' else status end, start = case start when '' then "
			 "?3 else start end where ledger = ?1", "iss", ledger,
			 partner, date);
}

int
ledger_tell(struct store *st, const struct connection *c, const char *object,
	    const char wire[static LEDGER_NAME], const char *id,
	    const char *status, struct err *err)
{
	if (c->one_way)
		return 0;
	return store_run(st, err, "insert or replace into _receipt values "
			 "(?1, ?2, ?3, ?4, ?5)", "istss", c->number, object,
			 wire, (size_t)LEDGER_NAME, id, status);
}

int
ledger_stop(struct store *st, int64_t ledger, const char *status,
	    struct err *err)
{
	char date[TEXT_INSTANT + 1];

	now(date);
	return store_run(st, err, "update _ledger set status = ?2, stop = ?3 "
			 "where ledger = ?1 and stop = ''", "iss", ledger,
			 status, date);
}

/* sum += by * hash modulo 2^256, most significant byte first; by is 1 or -1. */
static void
add_hash(uint8_t sum[static KEYS_HASH], const uint8_t hash[static KEYS_HASH],
	 int64_t by)
{
	int carry = 0;

	for (size_t i = KEYS_HASH; i-- > 0;) {
		int n = sum[i] + carry + (by > 0 ? hash[i] : -hash[i]);

		carry = n < 0 ? -1 : n >> 8;
		sum[i] = (uint8_t)(n & 0xff);
	}
}

void
ledger_sum_add(struct ledger_sum *sum, const char wire[static LEDGER_NAME])
{
	uint8_t hash[KEYS_HASH];

	keys_hash(hash, wire, LEDGER_NAME);
	add_hash(sum->sum, hash, 1);
	sum->records++;
}

void
ledger_sum_remove(struct ledger_sum *sum, const char wire[static LEDGER_NAME])
{
	uint8_t hash[KEYS_HASH];

	keys_hash(hash, wire, LEDGER_NAME);
	add_hash(sum->sum, hash, -1);
	sum->records -= sum->records > 0;
}

int
ledger_sum_read(struct ledger_sum *sum, struct store *st,
		const struct connection *c, const char *object, bool ours,
		struct err *err)
{
	struct store_statement *s;
	const uint8_t *at;
	size_t len;
	int got;

	*sum = (struct ledger_sum){ 0 };
	if (store_prepare(st, &s, "select records, sum from _named where "
			  "connection = ?1 and object = ?2 and ours = ?3",
			  err) < 0)
		return -1;
	store_bind_int(s, 1, c->number);
	store_bind_text(s, 2, object, strlen(object));
	store_bind_int(s, 3, ours);
	got = store_step(s, err);
	if (got > 0) {
		sum->records = (uint64_t)store_int(s, 0);
		at = store_blob(s, 1, &len);
		if (len == KEYS_HASH)
			memcpy(sum->sum, at, KEYS_HASH);
	}
	store_finish(s);
	return got < 0 ? -1 : 0;
}

int
ledger_sum_save(const struct ledger_sum *sum, struct store *st,
		const struct connection *c, const char *object, bool ours,
		struct err *err)
{
	return store_run(st, err, "insert or replace into _named values (?1, "
			 "?2, ?3, ?4, ?5)", "isiib", c->number, object,
			 (int64_t)ours, (int64_t)sum->records, sum->sum,
			 sizeof sum->sum);
}

int
ledger_each(struct store *st, const char *conn,
	    int (*see)(void *ctx, const char *const *value, struct err *err),
	    void *ctx, struct err *err)
{
	static const char sql[] =
		"select c.name, o.name, l.id, l.partner, l.parent, l.status, "
		"l.start, l.stop, l.related from _ledger l join _connection c "
		"using (connection) join _object o on o.object = l.object "
		"where ?1 = '' or c.name = ?1 order by c.name, l.ledger";
	struct store_statement *s;
	int got;

	if (connection_known(st, conn, err) < 0 ||
	    store_prepare(st, &s, sql, err) < 0)
		return -1;
	store_bind_text(s, 1, conn ? conn : "", conn ? strlen(conn) : 0);
	while ((got = store_step(s, err)) > 0) {
		const char *v[LEDGER_COLUMNS];
		size_t len;

		for (int i = 0; i < LEDGER_COLUMNS; i++)
			v[i] = store_text(s, i, &len);
		if (see(ctx, v, err) < 0) {
			got = -1;
			break;
		}
	}
	store_finish(s);
	return got;
}
