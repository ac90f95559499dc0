/*
 * The records of one object that a load may meet again: by id, the row and the
 * fingerprint of what was last loaded. Some 60 bytes a record.
 */
#ifndef FLOW_KNOWN_H
#define FLOW_KNOWN_H

#include "store/records.h"

struct known_record {
	char id[15]; /* the other three follow from them */
	uint8_t loaded : 1; /* a load has seen it: print holds */
	uint8_t removed : 1; /* by an import, and not confirmed yet */
	uint8_t added : 1; /* by this load */
	int64_t row;
	uint8_t print[RECORDS_PRINT];
	uint64_t line; /* where this snapshot has it; 0: not yet */
};

struct known {
	struct known_record *record;
	size_t count, room;
	uint32_t *slot; /* index of a record and one; 0: none */
	size_t slots;	/* a power of two */
	uint64_t seed;
};

#define KNOWN_INIT { NULL, 0, 0, NULL, 0, 0 }

/* Read all that the store has of an object. */
int known_read(struct known *k, struct records *r, struct object *o,
	       struct err *err);
void known_release(struct known *k);

/* The record of an id, of which 15 characters count, or NULL. */
struct known_record *known_find(const struct known *k, const char *id);

/* A record that is not there yet. NULL: out of memory. */
struct known_record *known_add(struct known *k, const char *id);

#endif
