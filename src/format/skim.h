/*
 * Where each raw CSV record ends and what its fingerprint is, without parsing
 * it: most records of a snapshot are byte for byte those of the one before,
 * and only the others go to rows. The hot loop of a load, on every core.
 *
 * A record ends at an LF outside quotes, or at the end of the file. On text
 * that rows accepts, both see the same records. On other text the two may
 * differ, but a record that was never accepted before has bytes never seen
 * before, so it goes to rows and is refused there.
 */
#ifndef FORMAT_SKIM_H
#define FORMAT_SKIM_H

#include "base/file.h"
#include "format/keys.h"
#include "format/rows.h"

struct skim_record {
	const uint8_t *data; /* borrowed until the next call */
	size_t len;	     /* the line end left out */
	size_t whole;	     /* with it */
	uint64_t line;	     /* where it begins; see skim_batch */
	uint8_t mark[KEYS_MARK]; /* of data; not the header's */
};

/* Records that stand one after the other. */
struct skim_batch {
	const struct skim_record *record;
	size_t count;
	uint64_t lines; /* before them: a record's line in the file is more */
};

struct skim;

/* Bytes read and skimmed at once; a piece fits the cache of a core. */
enum { SKIM_PIECE = 512 << 10 };

/*
 * Read from a source, which is only borrowed, in pieces of about so many
 * bytes; a byte order mark is passed over. *out is the caller's.
 */
int skim_open(struct skim **out, struct file_source *from, size_t piece,
	      struct err *err);
void skim_free(struct skim *s); /* NULL is fine */

/*
 * The first record, once: 1, 0 if there is nothing, -1, which is told as
 * skim_next() tells it.
 */
int skim_header(struct skim *s, struct skim_record *header, struct err *err);

/*
 * Set out to skim what follows, with this key for the marks, while the caller
 * does other things. Once, between the header and the first skim_next().
 */
int skim_begin(struct skim *s, const uint8_t key[static KEYS_MARK_KEY],
	       struct err *err);

/*
 * The next records after the header: 1, 0 at the end, -1. Fails only where
 * reading or memory fails, and ERR_REFUSED for a record longer than LIMIT_ROW.
 */
int skim_next(struct skim *s, struct skim_batch *batch, struct err *err);

/*
 * The value of the column of that number, from 0: what stands between its
 * quotes or commas. False if the record has no such column or the value holds
 * a quote, which no Id does.
 */
bool skim_column(const struct skim_record *record, size_t column,
		 struct field *out);

/*
 * For 64 bytes, a bit each, the lowest the first: which are quotes and which
 * LF. skim_masks() is the machine's fastest, the other the plain one that it
 * is tested against.
 */
struct skim_masks {
	uint64_t quotes, lines;
};
struct skim_masks skim_masks(const uint8_t at[static 64]);
struct skim_masks skim_masks_plain(const uint8_t at[static 64]);

#endif
