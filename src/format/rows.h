/*
 * CSV rows in and out: the only user of libcsv.
 *
 * One dialect is read: RFC 4180 in UTF-8, with LF or CRLF but not both, one
 * byte order mark at the start at most, every row as wide as the header. What
 * is ambiguous is refused with its line, never guessed: a quote inside an
 * unquoted value, text after a closing quote, a lone CR, a blank line, NUL, an
 * open quote, a ragged row. Within quotes any CR and LF is part of the value;
 * lines are counted by LF, as an editor counts them. rows_write() is the
 * reader's exact inverse.
 */
#ifndef FORMAT_ROWS_H
#define FORMAT_ROWS_H

#include "base/file.h"
#include "format/field.h"

/* Its values are borrowed from the reader until its next call. */
struct row {
	const struct field *field;
	size_t count;	/* as many as the header has */
	uint64_t line;	/* where the row begins in the file, from 1 */
	uint64_t number; /* of the row after the header, from 1; header: 0 */
};

struct rows;

/*
 * Read from a source, which is only borrowed. The header is read here; it is
 * refused if there is none, or if a name in it is empty or comes twice (names
 * are compared without case). *out is the caller's: rows_free(). On failure,
 * which is told as by rows_next(), it is NULL.
 */
int rows_open(struct rows **out, struct file_source *from, struct err *err);

/* The same from memory, borrowed until rows_free(). */
int rows_open_memory(struct rows **out, const void *data, size_t len,
		     struct err *err);

/*
 * The same without a header: every row, the first too, is told, as wide as the
 * first, with up to LIMIT_RECORDS + 1 values. rows_header() has none. Beside
 * the longest row, 2 MiB.
 */
int rows_open_table(struct rows **out, const void *data, size_t len,
		    struct err *err);

/* The header's names, as the file spells them. Lives as long as rows. */
const struct row *rows_header(const struct rows *rows);

/*
 * The next row: 1, or 0 at the end, or -1. What is wrong with the file is
 * ERR_REFUSED and begins with "line N: "; the caller puts the file before it.
 * A source's own error is passed on as it is. After an error or the end every
 * call gives the same again, and the rows and the error do not depend on how
 * much the source gives at a time. Memory stays below 48 MiB, whatever comes.
 */
int rows_next(struct rows *rows, const struct row **row, struct err *err);

void rows_free(struct rows *rows); /* NULL is fine */

/*
 * How a writer spells. A bundle's members are ROWS_PLAIN: LF, and quotes only
 * round a value that needs them (it holds a comma, a quote, CR or LF, begins
 * with U+FEFF, which first in a file would be its byte order mark, or is empty
 * and alone in its row). ROWS_QUOTED quotes all and ends in LF, as Data Loader
 * does. ROWS_CRLF quotes all and ends in CRLF, as RFC 4180 has it.
 */
enum rows_style { ROWS_PLAIN, ROWS_QUOTED, ROWS_CRLF };

/*
 * Add one row to out. Failure shows in buf_ok(). count is at least 1, and the
 * values are UTF-8 without NUL, or no reader takes them.
 */
void rows_write(struct buf *out, enum rows_style style,
		const struct field *field, size_t count);

#endif
