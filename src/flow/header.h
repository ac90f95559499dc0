/*
 * The columns of a file: which field each is, and what type its values show.
 */
#ifndef FLOW_HEADER_H
#define FLOW_HEADER_H

#include "store/records.h"

/* A column of the file, and the field it is. */
struct column {
	size_t field; /* of the object; or HEADER_NONE: set aside */
	bool guessing;
	bool late; /* it was there, and only now shows its type */
	bool ids;  /* of ids, none of which was known to be a record here */
	char seen[3]; /* how the last of those began that was looked at */
	struct value_guess guess;
};
#define HEADER_NONE SIZE_MAX

struct header {
	struct column *column;
	size_t count, id, stamp; /* the last two may be HEADER_NONE */
};

#define HEADER_INIT { NULL, 0, HEADER_NONE, HEADER_NONE }

/* What it takes to map them; all borrowed. */
struct header_for {
	struct store *st;
	struct objects *objects;
	struct records *records;
	struct object *o;
	const char *const *types; /* --type Object.Field=TYPE */
	size_t type_count;
	const char *path;  /* of the file, for the notes */
	struct buf *notes; /* for a person: columns set aside */
};

/*
 * Which field each column of a header is; fields that the object lacks are
 * made. fresh: the object has never been loaded, so that its types are guessed.
 */
int header_map(struct header *c, const struct header_for *in,
		const struct row *header, bool fresh, struct err *err);
void header_release(struct header *c);

/* Which fields are columns now; written only where that changed. */
int header_place(const struct header *c, const struct header_for *in,
		  struct err *err);

/*
 * What the columns' values have shown of their types. others: the object had
 * records that they were not seen of. *learned: one may be a reference.
 */
int header_settle(struct header *c, const struct header_for *in, bool others,
		   bool *learned, struct err *err);

#endif
