/*
 * Ids here and names on the wire, each into the other (DESIGN: references).
 *
 * Both are looked up in the ledger, for as long as one command runs; those
 * found last, and those just learnt, are kept in memory.
 */
#ifndef FLOW_NAMES_H
#define FLOW_NAMES_H

#include "store/ledger.h"
#include "store/records.h"

struct names;

/* All but out is borrowed. *out is the caller's: names_close(). */
int names_open(struct names **out, struct store *st, struct records *r,
	       struct objects *objects, const struct connection *c,
	       struct err *err);
void names_close(struct names *n); /* NULL is fine */

/*
 * An id in a reference, as it goes out: 1 and its name, or `x:` and the id
 * where the home has no object of such ids; 0 if its target is not shared on
 * this connection; -1.
 */
int names_of_reference(struct names *n, struct field id,
		       char wire[static LEDGER_NAME + 1], struct err *err);

/*
 * A reference as it came in: 1 and the local id of 18 characters; 0 if that
 * record has not come; -1. A foreign one is its id.
 */
int names_to_reference(struct names *n, struct field wire,
		       char id[static 19], struct err *err);

/* What the ledger has just been told: the record of a name has an id here. */
void names_learn(struct names *n, const char wire[static LEDGER_NAME],
		 const char id[static 18]);

#endif
