/*
 * Values: see value.h. Nothing here allocates but the buf that is added to,
 * and nothing knows more of a text than its bytes.
 */
#include "model/value.h"

#include <string.h>

#include "base/text.h"
#include "model/record_id.h"

/* A date and a time as they are written, before the zone is taken away. */
struct moment {
	unsigned year, month, day, hour, minute, second, ms;
	int zone;      /* minutes east of UTC */
	bool zoned;    /* a zone is written */
	bool blank;    /* a blank is between date and time, not a T */
	bool fraction; /* a fraction of the second is written */
};

enum { FIRST_YEAR = 1700, LAST_YEAR = 4000 }; /* Salesforce has no others */

static bool
take_digit(struct rd *r, unsigned *out)
{
	const uint8_t *at;

	if (r->left == 0 || r->at[0] < '0' || r->at[0] > '9')
		return false;
	*out = r->at[0] - (unsigned)'0';
	return rd_take(r, 1, &at);
}

/* Exactly n digits, of a number from least to most. */
static bool
take_number(struct rd *r, unsigned n, unsigned least, unsigned most,
	    unsigned *out)
{
	const uint8_t *at;
	unsigned number = 0;

	if (!rd_take(r, n, &at))
		return false;
	for (; n > 0; n--, at++) {
		if (*at < '0' || *at > '9')
			return false;
		number = number * 10 + *at - '0';
	}
	*out = number;
	return number >= least && number <= most;
}

static unsigned
days_in(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30,
					      31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

static bool
take_date(struct rd *r, struct moment *m)
{
	return take_number(r, 4, FIRST_YEAR, LAST_YEAR, &m->year) &&
	       rd_match(r, "-", 1) && take_number(r, 2, 1, 12, &m->month) &&
	       rd_match(r, "-", 1) &&
	       take_number(r, 2, 1, days_in(m->year, m->month), &m->day);
}

/* The fraction of a second: 1 to 9 digits, of which the first three count. */
static bool
take_fraction(struct rd *r, struct moment *m)
{
	unsigned digit, n = 0;

	for (; n < 9 && take_digit(r, &digit); n++)
		if (n < 3)
			m->ms = m->ms * 10 + digit;
	for (unsigned i = n; i < 3; i++)
		m->ms *= 10;
	m->fraction = true;
	return n > 0;
}

static bool
take_clock(struct rd *r, struct moment *m)
{
	return take_number(r, 2, 0, 23, &m->hour) && rd_match(r, ":", 1) &&
	       take_number(r, 2, 0, 59, &m->minute) && rd_match(r, ":", 1) &&
	       take_number(r, 2, 0, 59, &m->second) &&
	       (!rd_match(r, ".", 1) || take_fraction(r, m));
}

/* Z, +hhmm, +hh:mm; or nothing, which is UTC. */
static bool
take_zone(struct rd *r, struct moment *m)
{
	unsigned hours, minutes;
	int sign = 1;

	if (r->left == 0)
		return true;
	m->zoned = true;
	if (rd_match(r, "Z", 1))
		return true;
	if (rd_match(r, "-", 1))
		sign = -1;
	else if (!rd_match(r, "+", 1))
		return false;
	if (!take_number(r, 2, 0, 23, &hours))
		return false;
	(void)rd_match(r, ":", 1);
	if (!take_number(r, 2, 0, 59, &minutes))
		return false;
	m->zone = sign * (int)(hours * 60 + minutes);
	return true;
}

static bool
read_moment(struct moment *m, const char *s, size_t len)
{
	struct rd r = rd_of(s, len);

	*m = (struct moment){ 0 };
	if (!take_date(&r, m))
		return false;
	m->blank = rd_match(&r, " ", 1);
	return (m->blank || rd_match(&r, "T", 1)) && take_clock(&r, m) &&
	       take_zone(&r, m) && r.left == 0;
}

static void
day_before(struct moment *m)
{
	if (--m->day > 0)
		return;
	if (--m->month == 0) {
		m->month = 12;
		m->year--;
	}
	m->day = days_in(m->year, m->month);
}

static void
day_after(struct moment *m)
{
	if (++m->day <= days_in(m->year, m->month))
		return;
	m->day = 1;
	if (++m->month > 12) {
		m->month = 1;
		m->year++;
	}
}

/* Bring it to UTC: a zone is less than a day. False outside the years. */
static bool
to_utc(struct moment *m)
{
	enum { DAY = 24 * 60 };
	int minutes = (int)(m->hour * 60 + m->minute) - m->zone;

	if (minutes < 0) {
		day_before(m);
		minutes += DAY;
	} else if (minutes >= DAY) {
		day_after(m);
		minutes -= DAY;
	}
	m->hour = (unsigned)minutes / 60;
	m->minute = (unsigned)minutes % 60;
	m->zone = 0;
	return m->year >= FIRST_YEAR && m->year <= LAST_YEAR;
}

/* Over the `d`s before `end`, the last digits of a number. */
static void
put_number(char *end, unsigned n, unsigned number)
{
	for (; n > 0; n--, number /= 10)
		*--end = (char)('0' + number % 10);
}

enum { DATE_LEN = 10, CLOCK_LEN = 13 };

static void
put_date(char at[static DATE_LEN], const struct moment *m)
{
	memcpy(at, "dddd-dd-dd", DATE_LEN);
	put_number(at + 4, 4, m->year);
	put_number(at + 7, 2, m->month);
	put_number(at + 10, 2, m->day);
}

static void
put_clock(char at[static CLOCK_LEN], const struct moment *m)
{
	memcpy(at, "dd:dd:dd.dddZ", CLOCK_LEN);
	put_number(at + 2, 2, m->hour);
	put_number(at + 5, 2, m->minute);
	put_number(at + 8, 2, m->second);
	put_number(at + 12, 3, m->ms);
}

static bool
respell_datetime(struct buf *out, const char *s, size_t len)
{
	char api[DATE_LEN + 1 + CLOCK_LEN];
	struct moment m;

	if (!read_moment(&m, s, len) || !to_utc(&m))
		return false;
	put_date(api, &m);
	api[DATE_LEN] = 'T';
	put_clock(api + DATE_LEN + 1, &m);
	buf_add(out, api, sizeof api);
	return true;
}

static bool
is_midnight(const struct moment *m)
{
	return (m->hour | m->minute | m->second | m->ms) == 0;
}

static bool
is_date(const char *s, size_t len)
{
	struct rd r = rd_of(s, len);
	struct moment m = { 0 };

	return take_date(&r, &m) && r.left == 0;
}

static bool
respell_date(struct buf *out, const char *s, size_t len)
{
	struct moment m;

	if (!is_date(s, len) &&
	    !(read_moment(&m, s, len) && is_midnight(&m) && m.zone == 0))
		return false;
	buf_add(out, s, DATE_LEN);
	return true;
}

static bool
respell_time(struct buf *out, const char *s, size_t len)
{
	struct rd r = rd_of(s, len);
	struct moment m = { 0 };
	char api[CLOCK_LEN];

	if (!take_clock(&r, &m))
		return false;
	(void)rd_match(&r, "Z", 1);
	if (r.left > 0)
		return false;
	put_clock(api, &m);
	buf_add(out, api, sizeof api);
	return true;
}

/* Whether s is this word, which is in small letters, in any case. */
static bool
is_word(const char *s, size_t len, const char *word)
{
	for (; len > 0; s++, word++, len--)
		if (*word == 0 || (*s | 0x20) != *word)
			return false;
	return *word == 0;
}

static bool
respell_boolean(struct buf *out, const char *s, size_t len)
{
	if (is_word(s, len, "true") || (len == 1 && s[0] == '1'))
		buf_add_str(out, "true");
	else if (is_word(s, len, "false") || (len == 1 && s[0] == '0'))
		buf_add_str(out, "false");
	else
		return false;
	return true;
}

static bool
respell_id(struct buf *out, const char *s, size_t len)
{
	char id[RECORD_ID + 1];

	if (record_id_is_null(s, len))
		return true;
	if (record_id_full(id, s, len) == RECORD_ID_NONE)
		return false;
	buf_add(out, id, RECORD_ID);
	return true;
}

static bool
equal_id(const char *a, size_t a_len, const char *b, size_t b_len)
{
	char id[RECORD_ID + 1];

	return record_id_full(id, a, a_len) != RECORD_ID_NONE &&
	       record_id_full(id, b, b_len) != RECORD_ID_NONE &&
	       memcmp(a, b, RECORD_ID_SHORT) == 0;
}

/*
 * A number as 0.DIGITS times ten to the power, DIGITS without zeros at either
 * end, so that equal numbers have equal parts, however long they are.
 */
struct decimal {
	const uint8_t *first, *end; /* DIGITS with their point; NULL in zero */
	ptrdiff_t power;
	bool negative;
};

enum { MOST_EXPONENT = 400 }; /* a double ends at 308, and at -324 */

/* The exponent after its `e`. */
static bool
take_exponent(struct rd *r, ptrdiff_t *out)
{
	bool negative = rd_match(r, "-", 1);
	unsigned digit;

	if (!negative)
		(void)rd_match(r, "+", 1);
	if (r->left == 0)
		return false;
	for (*out = 0; take_digit(r, &digit) && *out <= MOST_EXPONENT;)
		*out = *out * 10 + (ptrdiff_t)digit;
	if (r->left > 0 || *out > MOST_EXPONENT)
		return false;
	if (negative)
		*out = -*out;
	return true;
}

static bool
read_decimal(struct decimal *d, const char *s, size_t len)
{
	struct rd r = rd_of(s, len);
	ptrdiff_t digits = 0, whole = -1, zeros = 0, exponent = 0;
	unsigned digit;

	*d = (struct decimal){ 0 };
	d->negative = rd_match(&r, "-", 1);
	if (!d->negative)
		(void)rd_match(&r, "+", 1);
	for (;;) {
		const uint8_t *at = r.at;

		if (take_digit(&r, &digit)) {
			if (digit != 0) {
				d->first = d->first ? d->first : at;
				d->end = r.at;
			}
			zeros += !d->first;
			digits++;
		} else if (whole < 0 && rd_match(&r, ".", 1)) {
			whole = digits;
		} else {
			break;
		}
	}
	if (digits == 0)
		return false;
	if ((rd_match(&r, "e", 1) || rd_match(&r, "E", 1)) &&
	    !take_exponent(&r, &exponent))
		return false;
	if (r.left > 0)
		return false;
	d->power = (whole < 0 ? digits : whole) - zeros + exponent;
	return true;
}

/* Both without zeros at their ends, and with a point anywhere. */
static bool
equal_digits(const struct decimal *a, const struct decimal *b)
{
	const uint8_t *p = a->first, *q = b->first;

	for (;;) {
		if (p < a->end && *p == '.')
			p++;
		if (q < b->end && *q == '.')
			q++;
		if (p == a->end || q == b->end)
			return p == a->end && q == b->end;
		if (*p++ != *q++)
			return false;
	}
}

static bool
equal_number(const char *a, size_t a_len, const char *b, size_t b_len)
{
	struct decimal x, y;

	if (!read_decimal(&x, a, a_len) || !read_decimal(&y, b, b_len))
		return false;
	if (!x.first || !y.first)
		return !x.first && !y.first;
	return x.negative == y.negative && x.power == y.power &&
	       equal_digits(&x, &y);
}

static bool
keep_number(struct buf *out, const char *s, size_t len)
{
	struct decimal d;

	if (!read_decimal(&d, s, len))
		return false;
	buf_add(out, s, len);
	return true;
}

/*
 * The members of a set. Salesforce lets a person choose a hundred; a value of
 * more is not worth a search that grows with their square.
 */
struct set {
	struct member {
		const char *s;
		size_t len;
	} member[256];
	size_t count;
};

static bool
read_set(struct set *set, const char *s, size_t len)
{
	set->count = 0;
	while (len > 0) {
		const char *semicolon = memchr(s, ';', len);
		size_t n = semicolon ? (size_t)(semicolon - s) : len;

		if (set->count == sizeof set->member / sizeof *set->member)
			return false;
		if (n > 0)
			set->member[set->count++] = (struct member){ s, n };
		n += semicolon ? 1 : 0;
		s += n;
		len -= n;
	}
	return true;
}

static bool
is_subset(const struct set *a, const struct set *b)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct member *m = &a->member[i];
		size_t j = 0;

		while (j < b->count &&
		       (b->member[j].len != m->len ||
			memcmp(b->member[j].s, m->s, m->len) != 0))
			j++;
		if (j == b->count)
			return false;
	}
	return true;
}

static bool
equal_set(const char *a, size_t a_len, const char *b, size_t b_len)
{
	struct set x, y;

	return read_set(&x, a, a_len) && read_set(&y, b, b_len) &&
	       is_subset(&x, &y) && is_subset(&y, &x);
}

/*
 * The types. Without respell a text is kept as it is; without equal two are
 * the same byte for byte only.
 */
static const struct kind {
	const char *word;
	bool (*respell)(struct buf *out, const char *s, size_t len);
	bool (*equal)(const char *a, size_t a_len, const char *b, size_t b_len);
} kinds[VALUE_TYPES] = {
	[VALUE_UNKNOWN] = { "", NULL, NULL },
	[VALUE_ID] = { "id", respell_id, equal_id },
	[VALUE_REFERENCE] = { "reference", respell_id, equal_id },
	[VALUE_TEXT] = { "text", NULL, NULL },
	[VALUE_TEXTAREA] = { "textarea", NULL, NULL },
	[VALUE_NUMBER] = { "number", keep_number, equal_number },
	[VALUE_CURRENCY] = { "currency", keep_number, equal_number },
	[VALUE_PERCENT] = { "percent", keep_number, equal_number },
	[VALUE_BOOLEAN] = { "boolean", respell_boolean, NULL },
	[VALUE_DATE] = { "date", respell_date, NULL },
	[VALUE_DATETIME] = { "datetime", respell_datetime, NULL },
	[VALUE_TIME] = { "time", respell_time, NULL },
	[VALUE_PICKLIST] = { "picklist", NULL, NULL },
	[VALUE_MULTIPICKLIST] = { "multipicklist", NULL, equal_set },
	[VALUE_EMAIL] = { "email", NULL, NULL },
	[VALUE_PHONE] = { "phone", NULL, NULL },
	[VALUE_URL] = { "url", NULL, NULL },
	[VALUE_BASE64] = { "base64", NULL, NULL },
};

const char *
value_type_word(enum value_type type)
{
	return kinds[type].word;
}

bool
value_type_parse(enum value_type *out, const char *s, size_t len)
{
	for (unsigned i = 0; i < VALUE_TYPES; i++) {
		if (strlen(kinds[i].word) != len ||
		    (len > 0 && memcmp(kinds[i].word, s, len) != 0))
			continue;
		*out = (enum value_type)i;
		return true;
	}
	return false;
}

bool
value_respell(struct buf *out, enum value_type type, const char *s, size_t len)
{
	if (len == 0)
		return true;
	if (kinds[type].respell)
		return kinds[type].respell(out, s, len);
	buf_add(out, s, len);
	return true;
}

bool
value_equal(enum value_type type, const char *a, size_t a_len, const char *b,
	    size_t b_len)
{
	if (a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0))
		return true;
	if (a_len == 0 || b_len == 0 || !kinds[type].equal)
		return false;
	return kinds[type].equal(a, a_len, b, b_len);
}

/* What one text may be; the length alone rules out nearly everything. */
enum {
	MAY_BOOLEAN = 1 << 0,
	MAY_DATE = 1 << 1,
	MAY_DATETIME = 1 << 2,
	MAY_ID = 1 << 3,
	IS_OTHER = 1 << 4, /* not certain to be the API's spelling */
};

static unsigned
may_be_word(const char *s, size_t len, const char *word)
{
	if (!is_word(s, len, word))
		return 0;
	return MAY_BOOLEAN | (memcmp(s, word, len) == 0 ? 0 : IS_OTHER);
}

/* Whether a moment has the API's very shape: 2026-11-22T06:00:00.000Z. */
static bool
is_instant(const char *s, size_t len)
{
	return len == TEXT_INSTANT && s[10] == 'T' && s[19] == '.' &&
	       s[len - 1] == 'Z';
}

static unsigned
may_be_moment(const char *s, size_t len)
{
	struct moment m;
	unsigned midnight;

	if (!read_moment(&m, s, len))
		return 0;
	midnight = is_midnight(&m) ? MAY_DATE : 0;
	if (m.blank && !m.zoned && !m.fraction)
		return MAY_DATETIME | IS_OTHER | midnight;
	if (m.blank || !m.zoned || !to_utc(&m))
		return 0;
	return MAY_DATETIME | (is_instant(s, len) ? 0 : IS_OTHER);
}

static unsigned
may_be(const char *s, size_t len)
{
	char id[RECORD_ID + 1];

	switch (len) {
	case 4:
		return may_be_word(s, len, "true");
	case 5:
		return may_be_word(s, len, "false");
	case DATE_LEN:
		return is_date(s, len) ? MAY_DATE : 0;
	case RECORD_ID:
		if (record_id_is_null(s, len))
			return MAY_ID | IS_OTHER;
		/* fallthrough */
	case RECORD_ID_SHORT:
		if (record_id_full(id, s, len) == RECORD_ID_NONE)
			return 0;
		return MAY_ID | (len == RECORD_ID ? 0 : IS_OTHER);
	default:
		return len > DATE_LEN ? may_be_moment(s, len) : 0;
	}
}

static bool
nothing_left(const struct value_guess *g)
{
	return g->not_boolean && g->not_date && g->not_datetime && g->not_id;
}

void
value_guess_see(struct value_guess *g, const char *s, size_t len)
{
	unsigned may;

	if (len == 0 || nothing_left(g))
		return;
	may = may_be(s, len);
	g->any = true;
	g->not_boolean |= !(may & MAY_BOOLEAN);
	g->not_date |= !(may & MAY_DATE);
	g->not_datetime |= !(may & MAY_DATETIME);
	g->not_id |= !(may & MAY_ID);
	g->other |= (may & IS_OTHER) != 0;
}

/* Only weekly midnights were seen. */
static bool
is_midnights(const struct value_guess *g)
{
	return !g->not_date && !g->not_datetime;
}

enum value_type
value_guess_type(const struct value_guess *g)
{
	if (!g->any || is_midnights(g))
		return VALUE_UNKNOWN;
	if (!g->not_boolean)
		return VALUE_BOOLEAN;
	if (!g->not_date)
		return VALUE_DATE;
	if (!g->not_datetime)
		return VALUE_DATETIME;
	if (!g->not_id)
		return VALUE_ID;
	return VALUE_UNKNOWN;
}
