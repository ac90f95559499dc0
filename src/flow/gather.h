/*
 * What goes into a bundle of changes (DESIGN: what happens at export): of all
 * that is shared, what the partner has not been told.
 *
 * New records stand in the ledger above the connection's mark; single values
 * and deletes are found in the change log and noted in temporary tables of the
 * database, so that memory does not grow with the bundle.
 */
#ifndef FLOW_GATHER_H
#define FLOW_GATHER_H

#include "format/manifest.h"
#include "store/agreement.h"
#include "store/ledger.h"
#include "store/records.h"

/* Records above which a bundle is to be made soon rather than small. */
enum { GATHER_MANY = 50000 };

/* One object of the bundle; they stand as in the manifest. */
struct gather_object {
	const struct agreement_out *out;
	uint64_t before; /* how many records have numbers below its first */
	bool few;	 /* creates so few that their values go as updates */
	bool dated;	 /* its creates say when they were modified */
	/* Creates: where in the ledger, and whether they stand by name there. */
	uint64_t creates;
	int64_t first, last;
	bool sorted;
};

struct gather {
	struct store *st;
	struct objects *objects;
	struct records *records;
	struct connection *c;
	struct agreement agreement; /* the caller reads it */
	bool full;	/* all there is, whatever has been told before */
	int64_t change; /* up to which number, this time */
	int64_t row;	/* up to which row */
	int64_t ledger; /* and up to which of the ledger's */
	bool left;	/* some above its mark cannot go: not published */
	struct gather_object *object;
	size_t count;
	uint64_t creates, updates, deletes;
};

/* Share what the standing rules say, of what is published. */
int gather_apply_rules(struct gather *g, struct err *err);

/* Gather; the manifest gets its objects. 1 if there is something, 0, -1. */
int gather_all(struct gather *g, struct manifest *m, struct err *err);

/*
 * A record whose value goes by itself though the record is created here: its
 * number in the bundle.
 */
int gather_value(struct gather *g, const struct object *object, int64_t row,
		 uint64_t number, const struct object_field *f,
		 struct err *err);

/* Once the bundle is made: nothing of it is to be told again. */
int gather_settle(struct gather *g, const struct manifest *m,
		  struct err *err);

void gather_release(struct gather *g);

/*
 * The records to create, in their order, one side after the other as turn
 * counts from 0: 1 and a query, prepared and bound, of `what` of the ledger's
 * row l and, if join, of the record o; 0 when there is no other side; -1.
 */
int gather_creates(const struct gather *g, const struct gather_object *o,
		   unsigned turn, const char *what, bool join, bool *ours,
		   struct store_statement **s, struct err *err);

#endif
