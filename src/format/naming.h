/*
 * How a bundle spells the records that it names (FORMAT.md, section 5): words
 * only where they change, names by where they differ from the one before, times
 * by their seconds from the snapshot.
 */
#ifndef FORMAT_NAMING_H
#define FORMAT_NAMING_H

#include "base/err.h"
#include "base/limits.h"
#include "base/text.h"
#include "format/field.h"

/* A record's name: `i:` or `a:`, and the 18 characters of its id. */
enum { NAMING_NAME = 20, NAMING_SHORT = 17 };

/* The columns, in their order. */
enum naming_column {
	NAMING_OBJECT,
	NAMING_RECORD,
	NAMING_CHANGE,
	NAMING_MODIFIED,
	NAMING_ORIGIN_ORG,
	NAMING_ORIGIN_RECORD,
	NAMING_COLUMNS,
};

struct naming {
	bool dated; /* as_of is known */
	int64_t as_of;
	char object[LIMIT_NAME + 1], change[8]; /* of the record before */
	char name[NAMING_NAME];			/* likewise */
	bool begun;		       /* the member has a record before */
	char modified[TEXT_INSTANT + 1]; /* of this one */
};

/* For a bundle whose snapshot is of this instant; empty: not known. */
void naming_begin(struct naming *n, const char *as_of);

/* A member begins, in which nothing is said yet. */
void naming_restart(struct naming *n);

/*
 * The cells of a record. They point into n or into what was said, and live
 * until the next call. ERR_SYSTEM where it is none that a bundle could have.
 */
int naming_spell(struct naming *n, const struct field *said,
		 struct field *cell, struct err *err);

/* And back. ERR_REFUSED, and *column is the one that is wrong. */
int naming_read(struct naming *n, const struct field *cell,
		struct field *said, size_t *column, struct err *err);

/* Whether this is a name; and an id, of 18 characters. */
bool naming_is_name(struct field f);
bool naming_is_id(struct field f);

#endif
