/*
 * Where a raw CSV record ends and what its Id is, without parsing it: most
 * records of a snapshot are byte for byte those of the one before, and only
 * the others go to rows.
 *
 * A record ends at an LF outside quotes, or at the end of the file. On text
 * that rows accepts, both see the same records. On other text the two may
 * differ, but a record that was never accepted before has bytes never seen
 * before, so it goes to rows and is refused there.
 */
#ifndef FORMAT_SKIM_H
#define FORMAT_SKIM_H

#include "base/file.h"
#include "format/rows.h"

struct skim_record {
	const uint8_t *data; /* borrowed until the next call */
	size_t len;	     /* the line end left out */
	size_t whole;	     /* with it */
	uint64_t line;	     /* where it begins in the file, from 1 */
};

struct skim;

/*
 * Read from a source, which is only borrowed; a byte order mark is passed
 * over. *out is the caller's. Fails only where reading or memory fails, and
 * ERR_REFUSED for a record longer than LIMIT_ROW.
 */
int skim_open(struct skim **out, struct file_source *from, struct err *err);
void skim_free(struct skim *s); /* NULL is fine */

/* The next record, the header first: 1, 0 at the end, -1. */
int skim_next(struct skim *s, struct skim_record *record, struct err *err);

/*
 * The value of the column of that number, from 0: what stands between its
 * quotes or commas. False if the record has no such column or the value holds
 * a quote, which no Id does.
 */
bool skim_column(const struct skim_record *record, size_t column,
		 struct field *out);

#endif
