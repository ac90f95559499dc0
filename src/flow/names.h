/*
 * Ids here and names on the wire, each into the other (DESIGN: references).
 */
#ifndef FLOW_NAMES_H
#define FLOW_NAMES_H

#include "store/ledger.h"
#include "store/records.h"

/*
 * An id in a reference, as it goes out: 1 and its name, or `x:` and the id
 * where the home has no object of such ids; 0 if its target is not shared on
 * this connection; -1.
 */
int names_of_reference(struct store *st, struct records *r,
		       struct objects *objects, const struct connection *c,
		       struct field id, char wire[static LEDGER_NAME + 1],
		       struct err *err);

/*
 * A reference as it came in: 1 and the local id of 18 characters; 0 if that
 * record has not come; -1. A foreign one is its id.
 */
int names_to_reference(struct store *st, struct objects *objects,
		       const struct connection *c, struct field wire,
		       char id[static 19], struct err *err);

#endif
