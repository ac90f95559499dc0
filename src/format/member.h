/*
 * The members of a bundle: their names, their order, their columns (FORMAT.md,
 * "Members"). A name is made from what it says and compared; it is never a
 * path.
 */
#ifndef FORMAT_MEMBER_H
#define FORMAT_MEMBER_H

#include <stdbool.h>
#include <stddef.h>

#include "format/archive.h"
#include "format/keys.h"
#include "format/rows.h"

/* In the order in which they stand in the archive. */
enum member_group {
	MEMBER_SENDER,	  /* sender.pub */
	MEMBER_PUBLISHED, /* published/N.csv.gz */
	MEMBER_NAMES,	  /* changes/names-N.csv.gz */
	MEMBER_CREATES,	  /* changes/OBJECT.creates-N.csv.gz */
	MEMBER_UPDATES,	  /* changes/updates-N.csv.gz */
	MEMBER_IDS,	  /* receipts/ids-N.csv.gz */
	MEMBER_REFUSED,	  /* receipts/refused-N.csv.gz */
	MEMBER_INDEX,	  /* files/index-N.csv.gz */
	MEMBER_PART,	  /* files/HASH.N, listed by the index before it */
	MEMBER_GROUPS,
};

struct member_name {
	enum member_group group;
	char object[LIMIT_NAME + 1];	/* of MEMBER_CREATES, else empty */
	uint8_t hash[KEYS_HASH];	/* of MEMBER_PART: of the whole body */
	unsigned number;		/* from 1; 0 for sender.pub */
};

/* Spell a name. */
void member_spell(char out[static ARCHIVE_NAME], const struct member_name *m);

/* Read one; false unless spelling it again gives the same. */
bool member_parse(struct member_name *out, const char *name);

/* Whether the group has members an object. */
bool member_by_object(enum member_group group);

/* Whether its CSV has a row a column (columns.h), not a row a record. */
bool member_by_columns(enum member_group group);

/*
 * The columns of a group's CSV. NULL for MEMBER_CREATES, whose columns are the
 * object's published fields, and for what is no CSV.
 */
const char *const *member_columns(enum member_group group, size_t *count);

/*
 * Whether a member's header line has its group's columns; not for one by
 * columns. ERR_REFUSED names the column.
 */
int member_check_columns(enum member_group group, const struct row *header,
			 struct err *err);

/*
 * Whether s is an API name: a letter, then letters, digits and underscores, at
 * most LIMIT_NAME.
 */
bool member_api_name(const char *s, size_t len);

#endif
