/*
 * Record ids: 15 characters that tell case apart, or 18 that need not
 * (FILES: three check characters, each over the capitals of five).
 */
#ifndef MODEL_RECORD_ID_H
#define MODEL_RECORD_ID_H

#include <stdbool.h>
#include <stddef.h>

enum { RECORD_ID = 18, RECORD_ID_SHORT = 15, RECORD_ID_PREFIX = 3 };

enum record_id_state {
	RECORD_ID_OK,
	RECORD_ID_CHECK, /* well formed, but its check characters are wrong */
	RECORD_ID_NONE,	 /* not an id */
};

/*
 * The 18 characters of an id of 15 or 18, NUL-ended. One of 18 is kept as it
 * is, also where its check characters are wrong: made-up data has such. What
 * is not an id gives the empty string.
 */
enum record_id_state record_id_full(char out[static RECORD_ID + 1],
				    const char *s, size_t len);

/*
 * Whether this is `000000000000000AAA`, which is how some files say null, or
 * the 15 zeros that it is short for.
 */
bool record_id_is_null(const char *s, size_t len);

#endif
