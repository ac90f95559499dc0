/*
 * What a load saw last: of each record its row, its Id, the fingerprint of its
 * bytes and its time stamp (DESIGN: the home and its store).
 *
 * A load reads all of an object's marks, and on most days nearly all of them
 * stay. So they lie in pages, many in a row of the database and in the order
 * of their records' rows, and beside them, one by one, what is newer than the
 * pages. When that has grown to a share of the whole, the pages are written
 * anew. An import asks for single marks, and moves or flags them; it never
 * changes what they say.
 */
#ifndef STORE_LOADED_H
#define STORE_LOADED_H

#include "store/store.h"

enum { LOADED_PRINT = 16, LOADED_ID = 15 };

/* A record without a time stamp. */
#define LOADED_NO_STAMP INT64_MIN

struct loaded_mark {
	int64_t row;
	int64_t stamp; /* its SystemModstamp, milliseconds as in text.h */
	uint8_t print[LOADED_PRINT];
	char id[LOADED_ID]; /* the other three follow from them */
	bool odd;	    /* but for these: they are wrong in the file */
	bool removed;	    /* by an import, and no load has confirmed it */
	bool paged;	    /* the pages have its row: told by reading */
};

/* Every mark of an object in the order of rows. Stops at -1, returned. */
int loaded_each(struct store *st, int64_t object,
		int (*see)(void *ctx, const struct loaded_mark *mark,
			   struct err *err),
		void *ctx, struct err *err);

/* How many records have one, of an object or (object 0) of all. */
int loaded_count(struct store *st, int64_t object, int64_t *count,
		 struct err *err);

/* How many of an object lie beside the pages, or hide one of theirs. */
int loaded_newer(struct store *st, int64_t object, int64_t *count,
		 struct err *err);

/* One row's mark: 1, 0 if it has none, -1. */
int loaded_find(struct store *st, int64_t object, int64_t row,
		struct loaded_mark *mark, struct err *err);

/* A new or newer mark; `paged` must be what it was when it was read. */
int loaded_put(struct store *st, int64_t object,
	       const struct loaded_mark *mark, struct err *err);

/* No mark any more. That there was none is fine. */
int loaded_drop(struct store *st, int64_t object, int64_t row,
		struct err *err);

/* An import removed the record. */
int loaded_remove(struct store *st, int64_t object, int64_t row,
		  struct err *err);

/* An import made a removed record anew, in another row. */
int loaded_move(struct store *st, int64_t object, int64_t from, int64_t to,
		struct err *err);

/* Whether the pages agree with what is said of them. */
int loaded_check(struct store *st, struct err *err);

/*
 * All of an object's marks anew, in pages: begin drops what there is, add
 * wants them in the order of rows, end writes the last page.
 */
struct loaded_pages {
	struct store *st;
	int64_t object, last;
	struct buf page;
};
int loaded_pages_begin(struct loaded_pages *p, struct store *st,
		       int64_t object, struct err *err);
int loaded_pages_add(struct loaded_pages *p, const struct loaded_mark *mark,
		     struct err *err);
int loaded_pages_end(struct loaded_pages *p, struct err *err);
void loaded_pages_release(struct loaded_pages *p);

#endif
