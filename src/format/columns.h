/*
 * A table by columns (FORMAT.md, "Tables by columns"): the CSV has one row a
 * column, its name and then one value a record, so that like values stand side
 * by side. A column without a value is left out.
 */
#ifndef FORMAT_COLUMNS_H
#define FORMAT_COLUMNS_H

#include "format/rows.h"

/* A member being filled, record by record. */
struct columns_out;

/* Begin with these columns, in this order. *out is the caller's. */
int columns_out_new(struct columns_out **out, const struct field *name,
		    size_t count, struct err *err);
void columns_out_free(struct columns_out *c); /* NULL is fine */

/*
 * One more record, a value for each column: 1; 0 and nothing done where the
 * member would pass LIMIT_MEMBER or LIMIT_RECORDS; or -1.
 */
int columns_out_add(struct columns_out *c, const struct field *value,
		    struct err *err);

/* How many records it has. */
size_t columns_out_records(const struct columns_out *c);

/* Add the member's CSV to out, and begin the next with the same columns. */
void columns_out_write(struct columns_out *c, struct buf *out);

/*
 * A member being read. It is split into values whole, before the first record
 * is told: its bytes, and 4 bytes for each value, below 40 MiB whatever comes.
 */
struct columns_in;

int columns_in_new(struct columns_in **out, struct err *err);
void columns_in_free(struct columns_in *c); /* NULL is fine */

/*
 * Take in the next member. ERR_REFUSED begins with "line N: ": rows of unlike
 * length, no record, a column that comes twice or has no value (unless it is
 * the only one).
 */
int columns_in_read(struct columns_in *c, const void *data, size_t len,
		    struct err *err);

/* Its columns' names, and the line that a column stands in. */
const struct row *columns_in_names(const struct columns_in *c);
uint64_t columns_in_line(const struct columns_in *c, size_t column);

/*
 * The next record, a value for each column: 1, or 0 after the last. It lives
 * until the next call.
 */
int columns_in_next(struct columns_in *c, const struct row **row);

#endif
