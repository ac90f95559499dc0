/*
 * Forwards and standing rules: which records a connection shares (S2S.md facts
 * 34 to 39).
 */
#ifndef STORE_SHARING_H
#define STORE_SHARING_H

#include "store/agreement.h"
#include "store/ledger.h"
#include "store/records.h"

struct sharing_sum {
	uint64_t shared, already;
};

/*
 * Share records by id, or all of an object (id NULL). ERR_USAGE with S2S's code
 * INVALID_PARTNER_NETWORK_STATUS where the object is not published, or the
 * record came from this very connection; ERR_USAGE where there is none.
 */
int sharing_forward(struct store *st, struct objects *objects,
		    struct records *records, const struct connection *c,
		    const struct agreement *a, const char *id,
		    struct sharing_sum *sum, struct err *err);
int sharing_forward_object(struct store *st, struct objects *objects,
			   const struct connection *c,
			   const struct agreement *a, const char *object,
			   struct sharing_sum *sum, struct err *err);

/* Share all records of an object, now and later; of all objects: "". */
int sharing_add_rule(struct store *st, const struct connection *c,
		     const char *object, struct err *err);
int sharing_remove_rule(struct store *st, const struct connection *c,
			const char *object, struct err *err);

#endif
