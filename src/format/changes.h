/*
 * The rows of a bundle, one by one, in the order in which they stand (FORMAT.md,
 * "Rows"): what is published, the records named, their values, the receipts,
 * the parts of files. Every rule that needs no home is checked here, so that
 * import and inspect meet no row that FORMAT.md does not allow.
 */
#ifndef FORMAT_CHANGES_H
#define FORMAT_CHANGES_H

#include "format/bundle_in.h"
#include "format/rows.h"

/* A record's name: `i:` or `a:`, and the 18 characters of its id. */
enum { CHANGES_NAME = 20 };

/*
 * One row, or one record of a table by columns. However the member spells it,
 * the row here is whole. MEMBER_NAMES: Object, Name, Change, Modified (an
 * instant or empty), Origin Org, Origin Record. MEMBER_UPDATES: Record, Field,
 * Value. A value of a datetime field is as it stands in the member.
 */
struct change {
	enum member_group group;
	/* Of changes/: the object, and the record's number in the bundle. */
	const struct manifest_object *object;
	uint64_t record;
	/* MEMBER_CREATES: the fields' names, in the order of the row. */
	const struct row *columns;
	bool begins; /* a member: its columns may be others than before */
	const struct row *row;		   /* all but MEMBER_PART */
	const struct bundle_member *part; /* MEMBER_PART */
};

struct changes;

/* Read the rows of a bundle, which is borrowed. *out is the caller's. */
int changes_open(struct changes **out, struct bundle_in *from,
		 struct err *err);
void changes_free(struct changes *c); /* NULL is fine */

/*
 * The next row: 1; 0 when all have come, the counts are the manifest's and the
 * file has ended; or -1. What a change points to lives until the next call.
 */
int changes_next(struct changes *c, struct change *change, struct err *err);

/* Whether a field is a record's name. */
bool changes_is_name(struct field f);

/*
 * A reference: a name, or `x:` and a foreign id. Read, whole; false if it is
 * none. And how much of a whole one a value need have.
 */
bool changes_reference_read(char out[static CHANGES_NAME + 1], struct field f);
size_t changes_reference_len(const char whole[static CHANGES_NAME]);

/*
 * A time by its seconds from another, as a value of a datetime field may be
 * told (FORMAT.md, section 5); false where it is none.
 */
bool changes_instant_relative(char out[static TEXT_RELATIVE + 1], int64_t ms,
			      int64_t base_ms);
bool changes_instant_read(int64_t *ms, const char *at, size_t len,
			  int64_t base_ms);

#endif
