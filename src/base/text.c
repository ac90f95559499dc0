/* Text from strangers: see text.h. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/*
 * One character of at most left bytes at s: its length and its code point, or
 * 0 if these bytes are not UTF-8 (RFC 3629, section 4).
 */
static size_t
decode(const uint8_t *s, size_t left, uint32_t *point)
{
	static const struct {
		uint8_t mask, lead, len;
		uint32_t least;
	} forms[] = {
		{ 0x80, 0x00, 1, 0 },
		{ 0xe0, 0xc0, 2, 0x80 },
		{ 0xf0, 0xe0, 3, 0x800 },
		{ 0xf8, 0xf0, 4, 0x10000 },
	};

	for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
		uint32_t c;

		if ((s[0] & forms[f].mask) != forms[f].lead)
			continue;
		if (forms[f].len > left)
			return 0;
		c = s[0] & (uint8_t)~forms[f].mask;
		for (size_t i = 1; i < forms[f].len; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (s[i] & 0x3f);
		}
		if (c < forms[f].least || c > 0x10ffff ||
		    (c >= 0xd800 && c <= 0xdfff))
			return 0;
		*point = c;
		return forms[f].len;
	}
	return 0;
}

/* Whether eight bytes at once are ASCII: most text is, and goes fast. */
static bool
ascii8(const uint8_t *s)
{
	uint64_t w;

	memcpy(&w, s, sizeof w);
	return (w & UINT64_C(0x8080808080808080)) == 0;
}

bool
text_is_utf8(const void *s, size_t len)
{
	const uint8_t *at = s;
	uint32_t c;
	size_t n;

	while (len > 0) {
		if (len >= 8 && ascii8(at))
			n = 8;
		else
			n = decode(at, len, &c);
		if (n == 0)
			return false;
		at += n;
		len -= n;
	}
	return true;
}

static bool
is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

bool
text_is_plain(const void *s, size_t len)
{
	const uint8_t *at = s;
	uint32_t c;
	size_t n;

	for (; len > 0; at += n, len -= n) {
		n = decode(at, len, &c);
		if (n == 0 || is_control(c))
			return false;
	}
	return true;
}

/* What would turn or hide the text around it: Trojan Source's characters. */
static bool
is_sly(uint32_t c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	       c == 0x200e || c == 0x200f || c == 0x061c || c == 0xfeff ||
	       c == 0x2028 || c == 0x2029;
}

void
text_add_shown(struct buf *out, const void *s, size_t len)
{
	const uint8_t *at = s;

	while (len > 0) {
		uint32_t c;
		size_t n = decode(at, len, &c);

		if (n == 0) {
			buf_addf(out, "\\x{%02x}", at[0]);
			n = 1;
		} else if (is_control(c) || is_sly(c)) {
			buf_addf(out, "\\u{%x}", (unsigned)c);
		} else {
			buf_add(out, at, n);
		}
		at += n;
		len -= n;
	}
}

const char *
text_show(char dst[static LIMIT_SHOWN], const void *s, size_t len)
{
	static const char more[] = "\xe2\x80\xa6'"; /* an ellipsis */
	const uint8_t *at = s;
	size_t used = 0;

	dst[used++] = '\'';
	while (len > 0) {
		char one[16];
		uint32_t c;
		size_t n = decode(at, len, &c), w;

		if (n == 0)
			(void)snprintf(one, sizeof one, "\\x{%02x}", at[0]);
		else if (is_control(c) || is_sly(c))
			(void)snprintf(one, sizeof one, "\\u{%x}", (unsigned)c);
		else
			(void)snprintf(one, sizeof one, "%.*s", (int)n,
				       (const char *)at);
		w = strlen(one);
		if (used + w + sizeof more > LIMIT_SHOWN) {
			memcpy(dst + used, more, sizeof more);
			return dst;
		}
		memcpy(dst + used, one, w);
		used += w;
		n = n ? n : 1;
		at += n;
		len -= n;
	}
	dst[used++] = '\'';
	dst[used] = 0;
	return dst;
}

void
text_hex(char *dst, const uint8_t *src, size_t len)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*dst++ = digit[src[i] >> 4];
		*dst++ = digit[src[i] & 15];
	}
	*dst = 0;
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool
text_unhex(uint8_t *dst, size_t len, const char *src, size_t srclen)
{
	if (srclen != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int hi = nibble(src[2 * i]), lo = nibble(src[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		dst[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

bool
text_parse_count(uint64_t *n, const char *s, size_t len)
{
	uint64_t out = 0;

	if (len < 1 || len > 16 || (s[0] == '0' && len > 1))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		out = out * 10 + (uint64_t)(s[i] - '0');
	}
	if (out >> 53 != 0)
		return false;
	*n = out;
	return true;
}

/*
 * Days since 1970-01-01 of a date in the Gregorian calendar, and back. A year
 * here begins in March, so that a leap day is its last day.
 */
static int64_t
days_of(int64_t y, int64_t m, int64_t d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = y / 400; /* years are positive: 1700 at the least */
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void
date_of(int64_t days, int64_t *y, int64_t *m, int64_t *d)
{
	int64_t era, doe, yoe, doy, mp;

	days += 719468;
	era = days / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = yoe + era * 400 + (*m <= 2);
}

enum { DAY_MS = 24 * 60 * 60 * 1000 };

/* The first and the last instant that there is. */
#define FIRST_MS (days_of(1700, 1, 1) * DAY_MS)
#define LAST_MS (days_of(4001, 1, 1) * DAY_MS - 1)

/* A number whose last digit stands before end; zeros are there already. */
static void
put_digits(char *end, int64_t n)
{
	for (; n > 0; n /= 10)
		*--end = (char)('0' + n % 10);
}

void
text_instant(char dst[static TEXT_INSTANT + 1], int64_t ms)
{
	int64_t days, left, y, m, d;

	if (ms < FIRST_MS)
		ms = FIRST_MS;
	if (ms > LAST_MS)
		ms = LAST_MS;
	left = ms % DAY_MS;
	if (left < 0)
		left += DAY_MS;
	days = (ms - left) / DAY_MS;
	date_of(days, &y, &m, &d);
	memcpy(dst, "0000-00-00T00:00:00.000Z", TEXT_INSTANT + 1);
	put_digits(dst + 4, y);
	put_digits(dst + 7, m);
	put_digits(dst + 10, d);
	put_digits(dst + 13, left / 3600000);
	put_digits(dst + 16, left / 60000 % 60);
	put_digits(dst + 19, left / 1000 % 60);
	put_digits(dst + 23, left % 1000);
}

bool
text_parse_instant(int64_t *ms, const char *s, size_t len)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	int64_t part[7] = { 0 }, days, y, m, d;
	size_t p = 0;

	if (len != TEXT_INSTANT)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (shape[i] == 'd') {
			if (s[i] < '0' || s[i] > '9')
				return false;
			part[p] = part[p] * 10 + (s[i] - '0');
		} else if (s[i] != shape[i]) {
			return false;
		} else {
			p++;
		}
	}
	if (part[0] < 1700 || part[0] > 4000 || part[1] < 1 || part[1] > 12 ||
	    part[2] < 1 || part[3] > 23 || part[4] > 59 || part[5] > 59)
		return false;
	days = days_of(part[0], part[1], part[2]);
	date_of(days, &y, &m, &d);
	if (m != part[1] || d != part[2]) /* the 31st of June */
		return false;
	*ms = ((days * 24 + part[3]) * 60 + part[4]) * 60000 +
	      part[5] * 1000 + part[6];
	return true;
}

void
text_relative(char dst[static TEXT_RELATIVE + 1], int64_t ms, int64_t base)
{
	uint64_t left = ms < base ? (uint64_t)base - (uint64_t)ms :
				    (uint64_t)ms - (uint64_t)base;
	char digits[TEXT_RELATIVE + 1], *at = digits + sizeof digits;
	unsigned milli = (unsigned)(left % 1000);

	*--at = 0;
	if (milli > 0) {
		for (int i = 0; i < 3; i++, milli /= 10)
			*--at = (char)('0' + milli % 10);
		*--at = '.';
	}
	left /= 1000;
	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	*--at = ms < base ? '-' : '+';
	memcpy(dst, at, (size_t)(digits + sizeof digits - at));
}

bool
text_parse_relative(int64_t *ms, const char *s, size_t len, int64_t base)
{
	char again[TEXT_RELATIVE + 1];
	int64_t n = 0;
	size_t i = 1, digits = 0;

	if (len < 2 || len > 16 || (s[0] != '+' && s[0] != '-'))
		return false;
	for (; i < len && s[i] >= '0' && s[i] <= '9'; i++, digits++)
		n = n * 10 + (s[i] - '0');
	if (digits < 1 || digits > 11 || (i < len && (s[i] != '.' ||
						      len != i + 4)))
		return false;
	if (i == len)
		n *= 1000;
	for (i++; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		n = n * 10 + (s[i] - '0');
	}
	n = s[0] == '-' ? base - n : base + n;
	if (n < FIRST_MS || n > LAST_MS)
		return false;
	text_relative(again, n, base);
	*ms = n;
	return strlen(again) == len && memcmp(again, s, len) == 0;
}

void
text_id_check(char out[static 3], const char s[static 15])
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

	for (unsigned group = 0; group < 3; group++) {
		unsigned capitals = 0;

		for (unsigned i = 0; i < 5; i++) {
			char c = s[5 * group + i];

			capitals |= (unsigned)(c >= 'A' && c <= 'Z') << i;
		}
		out[group] = digit[capitals];
	}
}

int64_t
text_now(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return 0;
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool
text_like(const char *a, const char *b)
{
	enum { MOST = 40 };
	unsigned d[MOST + 1][MOST + 1];
	size_t m = strlen(a), n = strlen(b);

	if (m > MOST || n > MOST)
		return false;
	for (size_t i = 0; i <= m; i++)
		d[i][0] = (unsigned)i;
	for (size_t j = 0; j <= n; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= m; i++)
		for (size_t j = 1; j <= n; j++) {
			unsigned best = d[i - 1][j - 1] +
				(strncasecmp(a + i - 1, b + j - 1, 1) != 0);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && d[i - 2][j - 2] + 1 < best &&
			    strncasecmp(a + i - 1, b + j - 2, 1) == 0 &&
			    strncasecmp(a + i - 2, b + j - 1, 1) == 0)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[m][n] <= (m < 4 || n < 4 ? 1 : 2);
}
