/*
 * The rows of a bundle of changes, from the store (FORMAT.md, "Rows").
 *
 * What goes out is gathered in temporary tables of the database, in the order
 * in which the bundle has it, so that memory does not grow with it.
 */
#ifndef FLOW_OUTGO_H
#define FLOW_OUTGO_H

#include "format/bundle_out.h"
#include "store/agreement.h"
#include "store/ledger.h"
#include "store/records.h"

struct outgo {
	struct store *st;
	struct objects *objects;
	struct records *records;
	struct agreement agreement;
	struct connection *c;
	bool full;	/* all there is, whatever has been told before */
	bool cut;	/* a created record has values among the updates */
	int64_t change; /* up to which number, this time */
	int64_t row;	/* up to which row */
	uint64_t creates, updates, deletes, values;
};

/* Share what the standing rules say, of what is published. */
int outgo_apply_rules(struct outgo *o, struct err *err);

/* Gather; the manifest gets its objects. 1 if there is something, 0, -1. */
int outgo_gather(struct outgo *o, struct manifest *m, struct err *err);

/* Write what was gathered: published (if told), names, values, receipts. */
int outgo_write(struct outgo *o, const struct manifest *m,
		struct bundle_out *b, struct err *err);

/* Once the bundle is made: nothing of it is to be told again. */
int outgo_settle(struct outgo *o, const struct manifest *m, struct err *err);

#endif
