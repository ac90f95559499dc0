/*
 * The keys of a home's partners, as a bundle is read with: to import it, or
 * only to look at it.
 */
#ifndef FLOW_PARTNERS_H
#define FLOW_PARTNERS_H

#include "format/bundle_in.h"
#include "store/connection.h"
#include "store/home.h"

struct partner;

struct partners {
	struct partner *partner;
	size_t count;
	struct bundle_peer own; /* to be told from a stranger's */
	struct bundle_keys keys; /* of them all, and to open with the home's */
};

/*
 * Those whose key a person has confirmed. *p must stay where it is while
 * p->keys is used, and is the caller's: partners_release(), also after -1.
 */
int partners_read(struct partners *p, struct home *home, struct err *err);
void partners_release(struct partners *p); /* a zeroed one is fine */

/* The connection whose partner has the key, or NULL: the home's own. */
const char *partners_name(const struct partners *p,
			  const uint8_t id[static KEYS_ID]);

#endif
