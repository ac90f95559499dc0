/*
 * The ledger: which of their records is which of ours, its status, and how
 * much of it has been told (S2S.md facts 3 to 6; DESIGN: ledger).
 *
 * Rows are never removed. Among those without a stop date a name and a record
 * stand once a connection each.
 */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "store/connection.h"
#include "store/objects.h"

/* S2S's statuses, by their labels in the CSV. */
#define LEDGER_PENDING "Pending (sent)"
#define LEDGER_SENT "Active (sent)"
#define LEDGER_RECEIVED "Active (received)"
#define LEDGER_INACTIVE "Inactive"
#define LEDGER_DELETED "Inactive (deleted)"
#define LEDGER_CONVERTED "Inactive (converted)"

/*
 * The numbers that put a row above every mark, so that it is to be told, and
 * below all, so that it counts as told. SQLite asks for each once a statement.
 */
#define LEDGER_LAST "(select max(ledger) from _ledger)"
#define LEDGER_NEXT "(select max(ledger) + 1 from _ledger)"
#define LEDGER_FIRST "(select coalesce(min(ledger), 1) - 1 from _ledger)"

/*
 * A statement that shares records of a table: ?1 is the connection, ?2 the
 * object, o their table; before it stands from which, after it what ends it.
 * One that was shared before, and stopped or came back, is whole and pending
 * again.
 */
#define LEDGER_SHARE "insert into _ledger (connection, object, _row, id, " \
	"name, ours, status) select ?1, ?2, o._row, o.\"Id\", o.\"Id\", 1, '" \
	LEDGER_PENDING "' from \"%s\" o where not exists (select 1 from " \
	"_ledger l where l.connection = ?1 and l._row = o._row and l.stop = " \
	"'')"
#define LEDGER_ONCE_MORE " on conflict (connection, name, ours) do update " \
	"set ledger = excluded.ledger, _row = excluded._row, id = excluded.id, " \
	"partner = '', " \
	"status = '" LEDGER_PENDING "', start = '', stop = ''"

enum { LEDGER_NAME = 20 }; /* "i:" or "a:", and 18 characters */

struct ledger_row {
	int64_t ledger, row;
	bool live; /* no stop date */
	bool ours; /* this side named it */
	char id[19]; /* here, or what it was */
};

/* The row of a name on the wire. 1, 0 if there is none, -1. */
int ledger_by_name(struct store *st, const struct connection *c,
		   const char wire[static LEDGER_NAME],
		   struct ledger_row *row, struct err *err);

/*
 * The name of the record with an id here, for the wire: 1; 0 if it is not
 * shared on this connection and never was; -1. Inactive rows still translate.
 */
int ledger_name_of(struct store *st, const struct connection *c, int64_t row,
		   char wire[static LEDGER_NAME + 1], struct err *err);

/* Share one of ours: Pending, until a receipt says more. */
int ledger_share(struct store *st, const struct connection *c,
		 const struct object *o, int64_t row, const char *id,
		 struct err *err);

/*
 * A record that they share, accepted here as row and id, or linked to it once
 * more; the next bundle tells them so, unless the connection is one-way. One
 * that this side had named (its home was restored since) is Active (sent).
 */
int ledger_receive(struct store *st, const struct connection *c,
		   const struct object *o, int64_t row, const char *id,
		   const char wire[static LEDGER_NAME], struct err *err);

/* The same, if the ledger has no such name: *fresh. Else nothing is done. */
int ledger_receive_new(struct store *st, const struct connection *c,
		       const struct object *o, int64_t row, const char *id,
		       const char wire[static LEDGER_NAME], bool *fresh,
		       struct err *err);

/* Tell once more, with the next bundle, that one of theirs was accepted. */
int ledger_tell_anew(struct store *st, int64_t ledger, struct err *err);

/* The partner accepted ours: its id there. */
int ledger_accepted(struct store *st, int64_t ledger, const char *partner,
		    struct err *err);

/*
 * What became of a record of theirs here but that it was accepted, to be told
 * with the next bundle unless the connection is one-way. status: FORMAT.md,
 * "ids".
 */
int ledger_tell(struct store *st, const struct connection *c,
		const char *object, const char wire[static LEDGER_NAME],
		const char *id, const char *status, struct err *err);

/* Sharing ends, with one of the statuses above. */
int ledger_stop(struct store *st, int64_t ledger, const char *status,
		struct err *err);

/*
 * How many records of an object a side has named, and the sum of the hashes of
 * the names, told and held against the partner's (FORMAT.md, section 3).
 */
struct ledger_sum {
	uint64_t records;
	uint8_t sum[KEYS_HASH];
};
void ledger_sum_add(struct ledger_sum *sum,
		    const char wire[static LEDGER_NAME]);
void ledger_sum_remove(struct ledger_sum *sum,
		       const char wire[static LEDGER_NAME]);
int ledger_sum_read(struct ledger_sum *sum, struct store *st,
		    const struct connection *c, const char *object, bool ours,
		    struct err *err);
int ledger_sum_save(const struct ledger_sum *sum, struct store *st,
		    const struct connection *c, const char *object, bool ours,
		    struct err *err);

/*
 * Each row as the CSV has it: nine values (DESIGN: ledger). conn NULL: of all.
 */
enum { LEDGER_COLUMNS = 9 };
extern const char *const ledger_columns[LEDGER_COLUMNS];
int ledger_each(struct store *st, const char *conn,
		int (*see)(void *ctx, const char *const *value,
			   struct err *err),
		void *ctx, struct err *err);

#endif
