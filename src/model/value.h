/*
 * One field's value: its type, its text in the API dialect, equality.
 *
 * Values are texts. Only booleans, dates and times are respelled, because
 * Salesforce's tools spell them in several ways; numbers and texts keep the
 * spelling they came with, and numbers are equal as numbers. Empty is null.
 */
#ifndef MODEL_VALUE_H
#define MODEL_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum value_type {
	VALUE_UNKNOWN, /* compared and kept as text */
	VALUE_ID,
	VALUE_REFERENCE,
	VALUE_TEXT,
	VALUE_TEXTAREA,
	VALUE_NUMBER,
	VALUE_CURRENCY,
	VALUE_PERCENT,
	VALUE_BOOLEAN,
	VALUE_DATE,
	VALUE_DATETIME,
	VALUE_TIME,
	VALUE_PICKLIST,
	VALUE_MULTIPICKLIST,
	VALUE_EMAIL,
	VALUE_PHONE,
	VALUE_URL,
	VALUE_BASE64,
	VALUE_TYPES,
};

/*
 * A type's word, as FORMAT.md and --type have it; "" for VALUE_UNKNOWN, both
 * ways. The words are in small letters only.
 */
const char *value_type_word(enum value_type type);
bool value_type_parse(enum value_type *out, const char *s, size_t len);

/*
 * Add the API spelling of a value to out. False, and out as it was, where the
 * text cannot be a value of the type. Taken besides the API's own spelling:
 *
 * - boolean: true and false in any case of letters, 1 and 0
 * - datetime: `T` or a blank between, no fraction or one of 1 to 9 digits (cut
 *   to milliseconds), zone Z, +hhmm, -hh:mm (brought to Z), or none (it is
 *   UTC); the years are 1700 to 4000 once it is UTC
 * - date: followed by 00:00:00 in those ways, but not with a zone other than
 *   UTC, for then it may be the day before
 * - time: 06:00:00.000Z with or without fraction and Z
 * - id and reference: 15 characters (made 18), the null id (made empty), and
 *   18 with wrong check characters (kept)
 *
 * A number, currency or percent is digits with or without a sign, a point and
 * an exponent of -400 to 400; kept as spelled. Text of every kind: kept. Empty
 * is null and a value of every type.
 */
bool value_respell(struct buf *out, enum value_type type, const char *s,
		   size_t len);

/*
 * Whether two values in the API spelling are the same: numbers as decimals of
 * any length (2.0 is 2, 1e2 is 100, -0 is 0), multi-select picklists as sets,
 * ids by their first 15 characters, all else byte for byte. What is no value
 * of its type is byte for byte too.
 */
bool value_equal(enum value_type type, const char *a, size_t a_len,
		 const char *b, size_t b_len);

/*
 * What a column of unknown type may be, narrowed by each of its values; begins
 * zeroed. Only what is certain is inferred: boolean (true/false in any case of
 * letters, but not 0/1), date, datetime; and whether all are ids, which says
 * only that they look so: 15 letters do. A type that is inferred can respell
 * every value seen.
 *
 * From the weekly export, midnight may be a date or a datetime, and 0/1 a
 * boolean or a number. Both come out as VALUE_UNKNOWN.
 */
struct value_guess {
	bool any; /* a value that is not empty was seen */
	bool not_boolean, not_date, not_datetime, not_id;
	bool other; /* one that its type may spell otherwise */
};
void value_guess_see(struct value_guess *g, const char *s, size_t len);
/* VALUE_UNKNOWN, VALUE_BOOLEAN, VALUE_DATE, VALUE_DATETIME or VALUE_ID. */
enum value_type value_guess_type(const struct value_guess *g);

#endif
