/*
 * The records of one object that a load may meet again: what a load last saw
 * of each, and where this one has it. Some 70 bytes a record.
 *
 * A snapshot mostly has its rows in the order of the one before, which is that
 * of their rows in the store. So a record is first looked for where the last
 * one was found, by its fingerprint alone, and only then by its Id.
 */
#ifndef FLOW_KNOWN_H
#define FLOW_KNOWN_H

#include "store/records.h"

struct known_record {
	int64_t row;
	int64_t stamp;
	uint8_t print[LOADED_PRINT];
	uint64_t line; /* where this snapshot has it; 0: not yet */
	char id[LOADED_ID]; /* the other three follow from them */
	uint8_t loaded : 1; /* a load has seen it: print and stamp hold */
	uint8_t odd : 1;     /* as in struct loaded_mark, also these: */
	uint8_t removed : 1;
	uint8_t paged : 1;
	uint8_t added : 1;   /* by this load */
	uint8_t changed : 1; /* what was loaded is to be written */
	uint8_t gone : 1;    /* it was dropped */
};

struct known {
	struct known_record *record;
	size_t count, room;
	size_t read;	/* so many the store had, in the order of rows */
	size_t next[2]; /* where one is expected: see known_next() */
	bool others;	/* the object had records before this load */
	bool lost;	/* the last one was not where it was expected */
	/*
	 * A slot: the index of a record and one, or 0; above so many bits a tag
	 * of its id, for a record that is not it is better not looked at.
	 */
	uint32_t *slot;
	size_t slots;	/* a power of two; 0 until the first is looked up */
	unsigned bits;
	uint64_t seed;
};

#define KNOWN_INIT { NULL, 0, 0, 0, { 0, 0 }, false, false, NULL, 0, 0, 0 }

/* Read what was loaded of an object. */
int known_read(struct known *k, struct store *st, struct records *r,
	       const struct object *o, struct err *err);
void known_release(struct known *k);

/*
 * The record of this fingerprint, if it is one that is expected next and has
 * no line yet; else NULL, and it is to be met by its Id.
 */
struct known_record *known_next(struct known *k,
				const uint8_t print[static LOADED_PRINT]);

/*
 * Some ids that will be asked for soon; NULL is none. Where rows come in no order each costs a walk
 * to far memory; together they are faster there.
 */
enum { KNOWN_SOON = 32 };
void known_soon(const struct known *k, const char *const *id, size_t count);

/* As known_next(), of one that has this id and is expected nowhere. */
struct known_record *known_again(struct known *k, const char *id,
				 const uint8_t print[static LOADED_PRINT]);

/*
 * The record of an id, of which 15 characters count; one that no load has seen
 * is looked for in the store, and one that is nowhere is added. Valid until
 * the next is met.
 */
int known_meet(struct known *k, struct records *r, const struct object *o,
	       const char *id, struct known_record **record, struct err *err);

/* Write what has changed of what was loaded. The last that is done with it. */
int known_write(struct known *k, struct store *st, const struct object *o,
		struct err *err);

#endif
