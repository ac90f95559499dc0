/*
 * The append-only, chained record of each connection (DESIGN: the connection
 * history; S2S.md fact 58).
 *
 * A row's Hash is BLAKE2b-256 over the Hash before it (32 zero bytes for the
 * first) and this row's other fields in the order of the CSV's columns, each
 * as its length in 8 bytes little-endian and its bytes.
 */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include "format/keys.h"
#include "store/store.h"

enum history_category {
	HISTORY_STATUS,	   /* Connection Status */
	HISTORY_ACCOUNT,   /* Account */
	HISTORY_CONTACT,   /* Contact */
	HISTORY_OWNER,	   /* Connection Owner */
	HISTORY_PUBLISHED, /* Published Fields */
	HISTORY_EMAIL,	   /* Email */
	HISTORY_ERROR,	   /* Error */
};

enum history_origin {
	HISTORY_NONE,
	HISTORY_MANUAL,	   /* Manually Accepted */
	HISTORY_AUTOMATIC, /* Automatically Accepted */
	HISTORY_UPDATED,   /* Updated by Connection User */
};

/* What happened; strings may be NULL for empty. */
struct history_event {
	enum history_category category;
	const char *action; /* in S2S's words, such as "Accepted" */
	const char *object, *record, *partner_record, *field;
	const char *old, *new;
	enum history_origin origin;
	const char *message;
};

/*
 * Append a row, within the caller's transaction. user: who acts. Date is now,
 * or the last row's if the clock has gone back.
 */
int history_add(struct store *st, int64_t connection, const char *user,
		const struct history_event *event, struct err *err);

/* How many rows a connection has, and the Hash of the last (zeros if none). */
int history_head(struct store *st, int64_t connection, uint64_t *rows,
		 uint8_t head[static KEYS_HASH], struct err *err);

/* A row as it stands, all 15 columns of the CSV. */
enum { HISTORY_COLUMNS = 15 };
extern const char *const history_columns[HISTORY_COLUMNS];

/* Which rows: every pointer may be NULL. since, until: dates or instants. */
struct history_filter {
	const char *connection; /* its local name */
	const char *since, *until;
	const char *category; /* its word, in any case */
};

/*
 * Each row, connection by connection by name, in order: value has
 * HISTORY_COLUMNS entries, borrowed. Stops at -1, which is returned.
 * ERR_USAGE: no such connection or category, or a date that is none.
 */
int history_each(struct store *st, const struct history_filter *filter,
		 int (*see)(void *ctx, const char *const *value,
			    struct err *err),
		 void *ctx, struct err *err);

/* The Hash of a row from the one before and the first 14 columns. */
void history_hash(uint8_t out[static KEYS_HASH],
		  const uint8_t before[static KEYS_HASH],
		  const char *const *value);

#endif
