/*
 * The rows of a partner's bundle, written into the store (DESIGN: what happens
 * at import), within the caller's transaction.
 *
 * No value that arrives is dropped: what cannot land lies in _waiting with its
 * reason, and lands when that is gone.
 */
#ifndef FLOW_APPLY_H
#define FLOW_APPLY_H

#include "format/changes.h"
#include "store/agreement.h"
#include "store/home.h"
#include "store/ledger.h"
#include "store/records.h"

struct apply_sum {
	uint64_t created, updated, values, deleted;
	uint64_t waiting; /* records that wait to be accepted */
	uint64_t held;	  /* values that wait for something else */
	uint64_t receipts;
	uint64_t ended; /* records that a full bundle did not name */
};

/* Ends what is said of a row of bundles that is out of order for good. */
#define APPLY_ANEW "ask the partner for everything anew (export --full), and " \
	"take that in with import --new-epoch"

struct apply;

/* c is the connection; both are borrowed. */
int apply_new(struct apply **out, struct home *home, struct connection *c,
	      struct err *err);
void apply_free(struct apply *a); /* NULL is fine */

/*
 * All rows of a bundle, to its end. Sums of names must be the manifest's.
 * asked: a person wants everything anew.
 */
int apply_bundle(struct apply *a, struct bundle_in *in, bool asked,
		 struct apply_sum *sum, struct err *err);

/* Accept what waits: one record by its name on the wire, or all. */
int apply_waiting(struct apply *a, const char *name, struct apply_sum *sum,
		  struct err *err);

/* After a new word on what is taken: what need not wait any more. */
int apply_willing(struct apply *a, struct apply_sum *sum, struct err *err);

#endif
