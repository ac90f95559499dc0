/*
 * Where each record of a bundle is here, by its number in the bundle, from its
 * name on until its values have come. They lie in a nameless file, so that
 * memory does not grow with the bundle.
 */
#ifndef FLOW_TARGET_H
#define FLOW_TARGET_H

#include "store/ledger.h"

enum target_state {
	TARGET_WAITS, /* nobody has accepted it: its values wait with it */
	TARGET_HERE,
	TARGET_FRESH, /* accepted now: to be inserted with its values */
	TARGET_GONE,  /* deleted, here or by the partner: it takes no values */
};

struct target {
	int64_t row;	  /* HERE and FRESH */
	int64_t modified; /* in its org, in ms; TARGET_NEVER: not said */
	char wire[LEDGER_NAME + 1];
	char id[19]; /* of FRESH, else empty */
	uint8_t state;
};
#define TARGET_NEVER INT64_MIN

struct targets;

/* folder is where the file has room. *out is the caller's. */
int targets_new(struct targets **out, const char *folder, struct err *err);
void targets_free(struct targets *all); /* NULL is fine */

/* The next record's: numbers count from 1 without a gap. */
int targets_add(struct targets *all, const struct target *t,
		struct err *err);

/* ERR_SYSTEM if no such record was added. */
int targets_get(struct targets *all, uint64_t number, struct target *t,
		struct err *err);

#endif
