/*
 * Text from strangers: whether it is UTF-8, how it is shown, hex, and dates.
 *
 * Everything that came out of a file goes to a person through text_show() or
 * text_add_shown(), so that no name can drive a terminal or fake a line.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Whether s is UTF-8 as RFC 3629 has it: no overlong forms, no surrogates,
 * nothing above U+10FFFF. NUL counts as valid here.
 */
bool text_is_utf8(const void *s, size_t len);

/* The same, and no control character (C0, DEL, C1). For names. */
bool text_is_plain(const void *s, size_t len);

/*
 * Add s so that a terminal shows it and does nothing else: control and bidi
 * characters, U+FEFF and bytes that are not UTF-8 as \u{..} and \x{..}.
 */
void text_add_shown(struct buf *out, const void *s, size_t len);

/*
 * A value for a message: in single quotes, escaped as above, cut to
 * LIMIT_SHOWN with an ellipsis. Returns dst.
 */
const char *text_show(char dst[static LIMIT_SHOWN], const void *s, size_t len);
#define SHOWN(s) text_show((char[LIMIT_SHOWN]){ 0 }, (s), strlen(s))
#define SHOWN_N(s, n) text_show((char[LIMIT_SHOWN]){ 0 }, (s), (n))

/*
 * Whether a word may be another mistyped: up to two letters, or one of a short
 * word, missing, too many, other, or two exchanged, whatever their case.
 */
bool text_like(const char *a, const char *b);

/* Lower-case hex: 2 * len characters and a NUL. */
void text_hex(char *dst, const uint8_t *src, size_t len);

/* Exactly 2 * len lower-case hex digits into len bytes. */
bool text_unhex(uint8_t *dst, size_t len, const char *src, size_t srclen);

/*
 * A count as decimal digits in their one spelling: no sign, no leading zero,
 * below 2^53.
 */
bool text_parse_count(uint64_t *n, const char *s, size_t len);

/*
 * An instant as Salesforce's API writes it, in UTC: 2026-11-22T06:00:00.000Z.
 * Milliseconds since 1970 each way. Years 1700 to 4000, as Salesforce has.
 */
#define TEXT_INSTANT 24
void text_instant(char dst[static TEXT_INSTANT + 1], int64_t ms);
bool text_parse_instant(int64_t *ms, const char *s, size_t len);

/*
 * An instant by its seconds before (-) or after (+) another: +0, -86400,
 * +7.250. Milliseconds, three digits, stand only where there are some, so it
 * has one spelling. At most TEXT_RELATIVE characters.
 */
#define TEXT_RELATIVE 23
void text_relative(char dst[static TEXT_RELATIVE + 1], int64_t ms,
		   int64_t base);
bool text_parse_relative(int64_t *ms, const char *s, size_t len,
			 int64_t base);

/* The three check characters of a record id's fifteen. */
void text_id_check(char out[static 3], const char s[static 15]);

/* The clock: milliseconds since 1970. */
int64_t text_now(void);

#endif
