/*
 * Provisional ids for records that a partner sent: the object's key prefix,
 * `zzZ`, which no org mints, five characters drawn for each import, a counter
 * of four (DESIGN: ids).
 */
#ifndef FLOW_MINT_H
#define FLOW_MINT_H

#include "store/objects.h"

struct mint {
	char drawn[5];
	uint32_t counter;
	int64_t object; /* of the last id, 0: none; its prefix, which is free */
	char prefix[4];
};

void mint_begin(struct mint *m);

/* A new id of 18 characters for an object; hint: an id of the partner's. */
int mint_id(struct mint *m, struct store *st, const struct object *o,
	    const char *hint, char id[static 19], struct err *err);

#endif
