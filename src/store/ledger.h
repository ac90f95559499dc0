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

/* Ends an insert of records to share: one that was shared before, and stopped
 * or came back, is whole and pending again. */
#define LEDGER_ONCE_MORE " on conflict (connection, name, ours) do update " \
	"set _row = excluded._row, told = 0, partner = '', status = '" \
	LEDGER_PENDING "', start = '', stop = ''"

enum { LEDGER_NAME = 20 }; /* "i:" or "a:", and 18 characters */

struct ledger_row {
	int64_t ledger, row;
	bool live; /* no stop date */
	bool ours; /* this side named it */
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
 * A record that they share, accepted here as row, or linked to it once more.
 * One that this side had named (its home was restored since) is Active (sent).
 */
int ledger_receive(struct store *st, const struct connection *c,
		   const struct object *o, int64_t row,
		   const char wire[static LEDGER_NAME], struct err *err);

/* The partner accepted ours: its id there. */
int ledger_accepted(struct store *st, int64_t ledger, const char *partner,
		    struct err *err);

/*
 * What became of a record of theirs here, to be told with the next bundle; on a
 * one-way connection nothing ever goes back. status: FORMAT.md, "ids".
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
 * The local id of a record of an object by its number, added to id: its own,
 * or the one that it had before it was deleted; nothing where there is none.
 */
int ledger_local_id(struct store *st, struct objects *objects, int64_t object,
		    int64_t row, struct buf *id, struct err *err);

/*
 * Each row as the CSV has it: nine values (DESIGN: ledger). conn NULL: of all.
 */
enum { LEDGER_COLUMNS = 9 };
extern const char *const ledger_columns[LEDGER_COLUMNS];
int ledger_each(struct store *st, struct objects *objects, const char *conn,
		int (*see)(void *ctx, const char *const *value,
			   struct err *err),
		void *ctx, struct err *err);

#endif
