/*
 * One value of a CSV: what it is, and how a writer spells it.
 */
#ifndef FORMAT_FIELD_H
#define FORMAT_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed from who gave it. Not NUL-ended. */
struct field {
	const char *at;
	size_t len;
};

/* A value from a string, and whether a value is that string, or another. */
struct field field_of(const char *s);
bool field_is(struct field f, const char *s);
bool field_equal(struct field a, struct field b);

/*
 * Whether a value may stand without quotes in a row that has others: it holds
 * no comma, quote, CR or LF and does not begin with U+FEFF, which first in a
 * file would be its byte order mark.
 */
bool field_is_plain(struct field f);

/* Write it in quotes, at most 2 * len + 2 bytes; returns where they end. */
uint8_t *field_put_quoted(uint8_t *to, struct field f);

/*
 * Names are not told apart by ASCII case: find the first that an earlier one
 * (*of) is already; *twin is count where each is the only one. False when
 * memory is out.
 */
bool field_find_twin(size_t *twin, size_t *of, const struct field *name,
		     size_t count);

#endif
