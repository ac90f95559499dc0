#include "model/value.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct respell_case {
	enum value_type type;
	const char *s;
	const char *api; /* NULL: cannot be a value of the type */
};

static const struct respell_case respelled[] = {
	{ VALUE_BOOLEAN, "true", "true" },
	{ VALUE_BOOLEAN, "false", "false" },
	{ VALUE_BOOLEAN, "TRUE", "true" },
	{ VALUE_BOOLEAN, "FALSE", "false" },
	{ VALUE_BOOLEAN, "True", "true" },
	{ VALUE_BOOLEAN, "False", "false" },
	{ VALUE_BOOLEAN, "1", "true" },
	{ VALUE_BOOLEAN, "0", "false" },
	{ VALUE_BOOLEAN, "", "" },
	{ VALUE_BOOLEAN, "2", NULL },
	{ VALUE_BOOLEAN, "01", NULL },
	{ VALUE_BOOLEAN, "yes", NULL },
	{ VALUE_BOOLEAN, "tru", NULL },
	{ VALUE_BOOLEAN, "truee", NULL },
	{ VALUE_BOOLEAN, " true", NULL },
	{ VALUE_BOOLEAN, "\x54\x12\x55\x45", NULL },

	{ VALUE_DATE, "2026-11-22", "2026-11-22" },
	{ VALUE_DATE, "2026-11-22 00:00:00", "2026-11-22" },
	{ VALUE_DATE, "2026-11-22T00:00:00", "2026-11-22" },
	{ VALUE_DATE, "2026-11-22T00:00:00.000Z", "2026-11-22" },
	{ VALUE_DATE, "2026-11-22 00:00:00.0", "2026-11-22" },
	{ VALUE_DATE, "2026-11-22T00:00:00.000+0000", "2026-11-22" },
	{ VALUE_DATE, "2026-11-22T00:00:00-00:00", "2026-11-22" },
	{ VALUE_DATE, "2026-11-22T00:00:00+0100", NULL },
	{ VALUE_DATE, "2026-11-22T00:00:00-08:00", NULL },
	{ VALUE_DATE, "2026-11-22 00:00:01", NULL },
	{ VALUE_DATE, "2026-11-22 00:01:00", NULL },
	{ VALUE_DATE, "2026-11-22 01:00:00", NULL },
	{ VALUE_DATE, "2026-11-22 00:00:00.001", NULL },
	{ VALUE_DATE, "2000-02-29", "2000-02-29" },
	{ VALUE_DATE, "2024-02-29", "2024-02-29" },
	{ VALUE_DATE, "1900-02-29", NULL },
	{ VALUE_DATE, "2023-02-29", NULL },
	{ VALUE_DATE, "2024-02-30", NULL },
	{ VALUE_DATE, "2026-01-31", "2026-01-31" },
	{ VALUE_DATE, "2026-04-31", NULL },
	{ VALUE_DATE, "2026-06-31", NULL },
	{ VALUE_DATE, "2026-09-31", NULL },
	{ VALUE_DATE, "2026-11-31", NULL },
	{ VALUE_DATE, "2026-12-32", NULL },
	{ VALUE_DATE, "2026-00-10", NULL },
	{ VALUE_DATE, "2026-13-10", NULL },
	{ VALUE_DATE, "2026-10-00", NULL },
	{ VALUE_DATE, "1700-01-01", "1700-01-01" },
	{ VALUE_DATE, "4000-12-31", "4000-12-31" },
	{ VALUE_DATE, "1699-12-31", NULL },
	{ VALUE_DATE, "4001-01-01", NULL },
	{ VALUE_DATE, "2026-1-1", NULL },
	{ VALUE_DATE, "20261122", NULL },
	{ VALUE_DATE, "11/22/2026", NULL },
	{ VALUE_DATE, "2026-11-22 ", NULL },
	{ VALUE_DATE, " 2026-11-22", NULL },
	{ VALUE_DATE, "2026-11-2", NULL },
	{ VALUE_DATE, "2026/11/22", NULL },
	{ VALUE_DATE, "+026-11-22", NULL },

	{ VALUE_DATETIME, "2026-11-22T06:00:00.000Z",
	  "2026-11-22T06:00:00.000Z" },
	{ VALUE_DATETIME, "2026-11-22 06:00:00", "2026-11-22T06:00:00.000Z" },
	{ VALUE_DATETIME, "2026-11-22T06:00:00", "2026-11-22T06:00:00.000Z" },
	{ VALUE_DATETIME, "2026-11-22 06:00:00Z", "2026-11-22T06:00:00.000Z" },
	{ VALUE_DATETIME, "2026-11-22T06:00:00.000+0000",
	  "2026-11-22T06:00:00.000Z" },
	{ VALUE_DATETIME, "2026-11-22T06:00:00.5Z",
	  "2026-11-22T06:00:00.500Z" },
	{ VALUE_DATETIME, "2026-11-22T06:00:00.05",
	  "2026-11-22T06:00:00.050Z" },
	{ VALUE_DATETIME, "2026-11-22T06:00:00.123456789Z",
	  "2026-11-22T06:00:00.123Z" },
	{ VALUE_DATETIME, "2026-11-22T06:00:00.999999Z",
	  "2026-11-22T06:00:00.999Z" },
	{ VALUE_DATETIME, "2026-11-22T06:00:00.1234567890Z", NULL },
	{ VALUE_DATETIME, "2026-11-22T06:00:00.Z", NULL },
	{ VALUE_DATETIME, "2026-11-22T06:00:00.", NULL },
	{ VALUE_DATETIME, "2026-11-22T06:00:00+05:30",
	  "2026-11-22T00:30:00.000Z" },
	{ VALUE_DATETIME, "2026-11-22T06:00:00.250-0800",
	  "2026-11-22T14:00:00.250Z" },
	{ VALUE_DATETIME, "2026-11-22T06:00:00+0600",
	  "2026-11-22T00:00:00.000Z" },
	{ VALUE_DATETIME, "2026-11-22T06:00:00+0601",
	  "2026-11-21T23:59:00.000Z" },
	{ VALUE_DATETIME, "2026-12-31T23:30:00-01:00",
	  "2027-01-01T00:30:00.000Z" },
	{ VALUE_DATETIME, "2026-12-31T23:00:00-00:59",
	  "2026-12-31T23:59:00.000Z" },
	{ VALUE_DATETIME, "2027-01-01T00:30:00+01:00",
	  "2026-12-31T23:30:00.000Z" },
	{ VALUE_DATETIME, "2024-03-01T00:00:00+00:01",
	  "2024-02-29T23:59:00.000Z" },
	{ VALUE_DATETIME, "1900-02-28T23:59:59-00:01",
	  "1900-03-01T00:00:59.000Z" },
	{ VALUE_DATETIME, "2026-11-22T00:00:00+23:59",
	  "2026-11-21T00:01:00.000Z" },
	{ VALUE_DATETIME, "1700-01-01T00:00:00Z", "1700-01-01T00:00:00.000Z" },
	{ VALUE_DATETIME, "1700-01-01T00:59:00+01:00", NULL },
	{ VALUE_DATETIME, "4000-12-31T23:00:00-01:00", NULL },
	{ VALUE_DATETIME, "4000-12-31T23:59:59.999Z",
	  "4000-12-31T23:59:59.999Z" },
	{ VALUE_DATETIME, "2026-11-22T24:00:00Z", NULL },
	{ VALUE_DATETIME, "2026-11-22T06:60:00Z", NULL },
	{ VALUE_DATETIME, "2026-11-22T06:00:60Z", NULL },
	{ VALUE_DATETIME, "2026-11-22T06:00Z", NULL },
	{ VALUE_DATETIME, "2026-11-22T06:00:00z", NULL },
	{ VALUE_DATETIME, "2026-11-22t06:00:00Z", NULL },
	{ VALUE_DATETIME, "2026-11-22T06:00:00+24:00", NULL },
	{ VALUE_DATETIME, "2026-11-22T06:00:00+01:60", NULL },
	{ VALUE_DATETIME, "2026-11-22T06:00:00+01", NULL },
	{ VALUE_DATETIME, "2026-11-22T06:00:00+01:", NULL },
	{ VALUE_DATETIME, "2026-11-22T06:00:00+01:00:00", NULL },
	{ VALUE_DATETIME, "2026-11-22T06:00:00 Z", NULL },
	{ VALUE_DATETIME, "2026-11-22T06:00:00ZZ", NULL },
	{ VALUE_DATETIME, "2026-11-22  06:00:00", NULL },
	{ VALUE_DATETIME, "2026-02-30 06:00:00", NULL },
	{ VALUE_DATETIME, "2026-11-22", NULL },
	{ VALUE_DATETIME, "02/24/26 02:18 AM", NULL },

	{ VALUE_TIME, "06:00:00.000Z", "06:00:00.000Z" },
	{ VALUE_TIME, "06:00:00Z", "06:00:00.000Z" },
	{ VALUE_TIME, "06:00:00", "06:00:00.000Z" },
	{ VALUE_TIME, "23:59:59.9999", "23:59:59.999Z" },
	{ VALUE_TIME, "00:00:00.05Z", "00:00:00.050Z" },
	{ VALUE_TIME, "24:00:00", NULL },
	{ VALUE_TIME, "6:00:00", NULL },
	{ VALUE_TIME, "06:00", NULL },
	{ VALUE_TIME, "06:00:00+0100", NULL },
	{ VALUE_TIME, "06:00:00ZZ", NULL },
	{ VALUE_TIME, "06:00:00.", NULL },

	{ VALUE_ID, "001M000000qfPyS", "001M000000qfPySIAU" },
	{ VALUE_ID, "001M000000qfPySIAU", "001M000000qfPySIAU" },
	{ VALUE_REFERENCE, "001M000000qfPyS", "001M000000qfPySIAU" },
	{ VALUE_REFERENCE, "000000000000000AAA", "" },
	{ VALUE_REFERENCE, "000000000000000", "" },
	{ VALUE_REFERENCE, "123456789012345678", "123456789012345678" },
	{ VALUE_REFERENCE, "001M000000qfPySI", NULL },
	{ VALUE_REFERENCE, "Acme", NULL },
	{ VALUE_ID, "001M000000qfP-S", NULL },

	{ VALUE_NUMBER, "2.0", "2.0" },
	{ VALUE_NUMBER, "-0", "-0" },
	{ VALUE_NUMBER, "+12", "+12" },
	{ VALUE_NUMBER, ".5", ".5" },
	{ VALUE_NUMBER, "5.", "5." },
	{ VALUE_NUMBER, "1E10", "1E10" },
	{ VALUE_NUMBER, "1.5e-07", "1.5e-07" },
	{ VALUE_NUMBER, "1e+400", "1e+400" },
	{ VALUE_NUMBER, "1e-0000400", "1e-0000400" },
	{ VALUE_NUMBER, "1e401", NULL },
	{ VALUE_NUMBER, "1e-401", NULL },
	{ VALUE_NUMBER, "1e99999999999999999999", NULL },
	{ VALUE_CURRENCY, "139000000", "139000000" },
	{ VALUE_PERCENT, "00012.5000", "00012.5000" },
	{ VALUE_NUMBER, ".", NULL },
	{ VALUE_NUMBER, "-", NULL },
	{ VALUE_NUMBER, "+-1", NULL },
	{ VALUE_NUMBER, "--1", NULL },
	{ VALUE_NUMBER, "1.2.3", NULL },
	{ VALUE_NUMBER, "1,000", NULL },
	{ VALUE_NUMBER, "1 000", NULL },
	{ VALUE_NUMBER, " 1", NULL },
	{ VALUE_NUMBER, "1 ", NULL },
	{ VALUE_NUMBER, "1e", NULL },
	{ VALUE_NUMBER, "1e+", NULL },
	{ VALUE_NUMBER, "1e1.5", NULL },
	{ VALUE_NUMBER, "1e-+5", NULL },
	{ VALUE_NUMBER, "e5", NULL },
	{ VALUE_NUMBER, ".e5", NULL },
	{ VALUE_NUMBER, "0x10", NULL },
	{ VALUE_NUMBER, "1f", NULL },
	{ VALUE_NUMBER, "NaN", NULL },
	{ VALUE_NUMBER, "Infinity", NULL },
	{ VALUE_NUMBER, "\xd9\xa1", NULL },

	{ VALUE_UNKNOWN, "TRUE", "TRUE" },
	{ VALUE_UNKNOWN, "000000000000000AAA", "000000000000000AAA" },
	{ VALUE_TEXT, "2026-11-22 00:00:00", "2026-11-22 00:00:00" },
	{ VALUE_TEXT, " a\r\n", " a\r\n" },
	{ VALUE_TEXTAREA, "a\nb", "a\nb" },
	{ VALUE_PICKLIST, "A", "A" },
	{ VALUE_MULTIPICKLIST, "b;a;b", "b;a;b" },
	{ VALUE_EMAIL, "a@b.example", "a@b.example" },
	{ VALUE_PHONE, "1", "1" },
	{ VALUE_URL, "HTTP://A", "HTTP://A" },
	{ VALUE_BASE64, "AA==", "AA==" },
};

Test(value, respells)
{
	for (size_t i = 0; i < sizeof respelled / sizeof *respelled; i++) {
		const struct respell_case *c = &respelled[i];
		const char *word = value_type_word(c->type);
		struct buf out = BUF_INIT;
		char want[64];

		buf_add_str(&out, "|");
		cr_expect_eq(value_respell(&out, c->type, c->s, strlen(c->s)),
			     c->api != NULL, "%s %s", word, c->s);
		(void)snprintf(want, sizeof want, "|%s", c->api ? c->api : "");
		cr_expect_str_eq(buf_str(&out), want, "%s %s", word, c->s);
		buf_release(&out);
	}
}

Test(value, empty_is_a_value_of_every_type)
{
	struct buf out = BUF_INIT;

	for (unsigned t = 0; t < VALUE_TYPES; t++) {
		cr_expect(value_respell(&out, (enum value_type)t, NULL, 0));
		cr_expect(value_equal((enum value_type)t, NULL, 0, "", 0));
		cr_expect(!value_equal((enum value_type)t, NULL, 0, "0", 1));
	}
	cr_expect_eq(out.len, 0);
	buf_release(&out);
}

Test(value, a_nul_is_kept_in_text_and_refused_elsewhere)
{
	struct buf out = BUF_INIT;

	cr_expect(value_respell(&out, VALUE_TEXT, "a\0b", 3));
	cr_expect_arr_eq(out.data, "a\0b", 3);
	buf_clear(&out);
	cr_expect(!value_respell(&out, VALUE_NUMBER, "1\0", 2));
	cr_expect(!value_respell(&out, VALUE_BOOLEAN, "true\0", 5));
	cr_expect(!value_respell(&out, VALUE_DATE, "2026-11-22\0", 11));
	cr_expect(!value_respell(&out, VALUE_TIME, "06:00:00\0", 9));
	buf_release(&out);
}

Test(value, nothing_is_read_past_the_end)
{
	for (size_t i = 0; i < sizeof respelled / sizeof *respelled; i++) {
		const struct respell_case *c = &respelled[i];

		for (size_t len = 0; len <= strlen(c->s); len++) {
			struct value_guess g = { 0 };
			struct buf out = BUF_INIT;
			char *s = malloc(len ? len : 1);

			cr_assert(s);
			memcpy(s, c->s, len);
			(void)value_respell(&out, c->type, s, len);
			(void)value_equal(c->type, s, len, c->s, strlen(c->s));
			value_guess_see(&g, s, len);
			free(s);
			buf_release(&out);
		}
	}
}

struct equal_case {
	enum value_type type;
	const char *a, *b;
	bool equal;
};

static const struct equal_case equals[] = {
	{ VALUE_NUMBER, "2.0", "2", true },
	{ VALUE_NUMBER, "2.0", "2.", true },
	{ VALUE_NUMBER, "2", "+2", true },
	{ VALUE_NUMBER, "2", "-2", false },
	{ VALUE_NUMBER, "1e2", "100", true },
	{ VALUE_NUMBER, "1E+2", "100.000", true },
	{ VALUE_NUMBER, "1e2", "10", false },
	{ VALUE_NUMBER, "-0", "0", true },
	{ VALUE_NUMBER, "-0.000e7", "+.0", true },
	{ VALUE_NUMBER, "0", "0e400", true },
	{ VALUE_NUMBER, "0", "1e-400", false },
	{ VALUE_NUMBER, "0.1", ".1", true },
	{ VALUE_NUMBER, "0.1", "1e-1", true },
	{ VALUE_NUMBER, "0.01", ".1", false },
	{ VALUE_NUMBER, "007", "7", true },
	{ VALUE_NUMBER, "10", "1", false },
	{ VALUE_NUMBER, "12.34", "1234e-2", true },
	{ VALUE_NUMBER, "12.34", "123.4e-1", true },
	{ VALUE_NUMBER, "12.34", "12.340", true },
	{ VALUE_NUMBER, "12.34", "12.341", false },
	{ VALUE_NUMBER, "12.34", "12.3", false },
	{ VALUE_NUMBER, "100200.00300", "1002000030e-4", true },
	{ VALUE_NUMBER, "100200.00300", "1002000030e-3", false },
	{ VALUE_NUMBER, "100200.00300", "100200003e-3", true },
	{ VALUE_NUMBER, "1e400", "10e399", true },
	{ VALUE_NUMBER, "1e-400", "0.1e-399", true },
	{ VALUE_NUMBER, "9007199254740993", "9007199254740992", false },
	{ VALUE_NUMBER, "0.30000000000000004", "0.3", false },
	{ VALUE_NUMBER, "x", "x", true },
	{ VALUE_NUMBER, "x", "X", false },
	{ VALUE_NUMBER, "1e999", "10e998", false },
	{ VALUE_NUMBER, "1", "1x", false },
	{ VALUE_CURRENCY, "500000.0", "500000", true },
	{ VALUE_PERCENT, "18.20", "18.2", true },
	{ VALUE_TEXT, "2.0", "2", false },
	{ VALUE_UNKNOWN, "2.0", "2", false },

	{ VALUE_MULTIPICKLIST, "a;b", "b;a", true },
	{ VALUE_MULTIPICKLIST, "a;b;a", "b;a", true },
	{ VALUE_MULTIPICKLIST, "a;b", "a", false },
	{ VALUE_MULTIPICKLIST, "a", "a;b", false },
	{ VALUE_MULTIPICKLIST, "a;b", "a;c", false },
	{ VALUE_MULTIPICKLIST, "a;bc", "ab;c", false },
	{ VALUE_MULTIPICKLIST, "a;b", "a;B", false },
	{ VALUE_MULTIPICKLIST, ";a;;b;", "a;b", true },
	{ VALUE_MULTIPICKLIST, "a; b", "a;b", false },
	{ VALUE_PICKLIST, "a;b", "b;a", false },

	{ VALUE_ID, "001M000000qfPySIAU", "001M000000qfPyS", true },
	{ VALUE_REFERENCE, "001M000000qfPySIAU", "001M000000qfPySXXX", true },
	{ VALUE_REFERENCE, "001M000000qfPySIAU", "001M000000qfPysIAU", false },
	{ VALUE_REFERENCE, "001M000000qfPySIAU", "001M000000qfPyTIAU", false },
	{ VALUE_REFERENCE, "001M000000qfPyS-AU", "001M000000qfPyS", false },
	{ VALUE_TEXT, "001M000000qfPySIAU", "001M000000qfPyS", false },

	{ VALUE_BOOLEAN, "true", "true", true },
	{ VALUE_BOOLEAN, "true", "false", false },
	{ VALUE_DATE, "2026-11-22", "2026-11-23", false },
	{ VALUE_TEXT, "a", "a ", false },
	{ VALUE_EMAIL, "A@b.example", "a@b.example", false },
};

Test(value, equality)
{
	for (size_t i = 0; i < sizeof equals / sizeof *equals; i++) {
		const struct equal_case *c = &equals[i];

		cr_expect_eq(value_equal(c->type, c->a, strlen(c->a), c->b,
					 strlen(c->b)),
			     c->equal, "%s: %s, %s", value_type_word(c->type),
			     c->a, c->b);
		cr_expect_eq(value_equal(c->type, c->b, strlen(c->b), c->a,
					 strlen(c->a)),
			     c->equal, "%s: %s, %s", value_type_word(c->type),
			     c->b, c->a);
	}
}

/* 10^2999 + 1 and its neighbours, with the point 300 digits from the end. */
Test(value, numbers_of_any_length)
{
	char a[3000], b[3001 + 4];

	memset(a, '0', sizeof a);
	a[0] = a[2999] = '1';
	memcpy(b, a, 2700);
	b[2700] = '.';
	memcpy(b + 2701, a + 2700, 300);
	memcpy(b + 3001, "e300", 4);
	cr_expect(value_equal(VALUE_NUMBER, a, 3000, b, 3005));
	cr_expect(!value_equal(VALUE_NUMBER, a, 3000, b, 3001));
	cr_expect(!value_equal(VALUE_NUMBER, a, 3000, a, 2999));
	b[3000] = '2';
	cr_expect(!value_equal(VALUE_NUMBER, a, 3000, b, 3005));
	b[3000] = '1';
	b[2] = '1';
	cr_expect(!value_equal(VALUE_NUMBER, a, 3000, b, 3005));
}

/* A hundred may be chosen; what has more than 256 is told apart as text. */
Test(value, sets_of_many)
{
	struct buf up = BUF_INIT, down = BUF_INIT;

	for (int n = 0; n < 256; n++) {
		buf_addf(&up, "%s%d", n ? ";" : "", n);
		buf_addf(&down, "%s%d", n ? ";" : "", 255 - n);
	}
	cr_expect(value_equal(VALUE_MULTIPICKLIST, buf_str(&up), up.len,
			      buf_str(&down), down.len));
	buf_add_str(&up, ";x");
	buf_add_str(&down, ";x");
	cr_expect(!value_equal(VALUE_MULTIPICKLIST, buf_str(&up), up.len,
			       buf_str(&down), down.len));
	cr_expect(value_equal(VALUE_MULTIPICKLIST, buf_str(&up), up.len,
			      buf_str(&up), up.len));
	buf_release(&up);
	buf_release(&down);
}

/* xorshift64*, so that a failure comes again. */
static uint64_t seed;

static unsigned
below(unsigned n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (unsigned)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

/*
 * A text that is often a value: one of the table, with up to two characters
 * replaced, doubled or dropped.
 */
static size_t
make_text(char s[static 64])
{
	static const char some[] = "0123456789-+.:eETZ ;aA";
	const struct respell_case *c =
		&respelled[below(sizeof respelled / sizeof *respelled)];
	size_t len = strlen(c->s);

	memcpy(s, c->s, len);
	for (unsigned n = below(3); n > 0 && len > 0; n--) {
		size_t at = below((unsigned)len);

		switch (below(3)) {
		case 0:
			s[at] = some[below(sizeof some - 1)];
			break;
		case 1:
			memmove(s + at + 1, s + at, len - at);
			len++;
			break;
		default:
			memmove(s + at, s + at + 1, len - at - 1);
			len--;
		}
	}
	return len;
}

Test(value, respelling_twice_changes_nothing)
{
	seed = 20261122;
	for (int i = 0; i < 200000; i++) {
		enum value_type t = (enum value_type)below(VALUE_TYPES);
		struct buf once = BUF_INIT, twice = BUF_INIT;
		char s[64];
		size_t len = make_text(s);

		if (value_respell(&once, t, s, len)) {
			cr_assert(value_respell(&twice, t,
						(const char *)once.data,
						once.len),
				  "%s %.*s", value_type_word(t), (int)len, s);
			cr_assert_eq(once.len, twice.len, "%s %.*s",
				     value_type_word(t), (int)len, s);
			if (once.len > 0)
				cr_assert_arr_eq(once.data, twice.data,
						 once.len);
		} else {
			cr_assert_eq(once.len, 0);
		}
		buf_release(&once);
		buf_release(&twice);
	}
}

Test(value, equality_is_reflexive_and_symmetric)
{
	seed = 4;
	for (int i = 0; i < 200000; i++) {
		enum value_type t = (enum value_type)below(VALUE_TYPES);
		char a[64], b[64];
		size_t a_len = make_text(a), b_len = make_text(b);

		cr_assert(value_equal(t, a, a_len, a, a_len));
		cr_assert_eq(value_equal(t, a, a_len, b, b_len),
			     value_equal(t, b, b_len, a, a_len), "%.*s, %.*s",
			     (int)a_len, a, (int)b_len, b);
	}
}

/* Whatever number it is, moving the point and adding zeros keeps it. */
Test(value, a_number_respelled_is_the_same_number)
{
	seed = 7;
	for (int i = 0; i < 50000; i++) {
		unsigned n = 1 + below(20), point = below(n + 1);
		int power = (int)below(600) - 300, moved = (int)below(100) - 50;
		char digits[21], a[256], b[256], c[256];
		int a_len, b_len, c_len;

		for (unsigned d = 0; d < n; d++)
			digits[d] = (char)('0' + below(10));
		digits[n] = 0;
		digits[below(n)] = (char)('1' + below(9));
		a_len = snprintf(a, sizeof a, "-%s.e%d", digits, power);
		b_len = snprintf(b, sizeof b, "-%.*s.%s%.*sE%+d", (int)point,
				 digits, digits + point, (int)below(9),
				 "000000000", power + (int)(n - point));
		cr_assert(value_equal(VALUE_NUMBER, a, (size_t)a_len, b,
				      (size_t)b_len),
			  "%s, %s", a, b);
		c_len = snprintf(c, sizeof c, "-0%s%.*se%d", digits,
				 moved > 0 ? moved : 0,
				 "00000000000000000000000000000000000000000000"
				 "000000",
				 power - (moved > 0 ? moved : 0));
		cr_assert(value_equal(VALUE_PERCENT, c, (size_t)c_len, b,
				      (size_t)b_len),
			  "%s, %s", c, b);
		cr_assert(!value_equal(VALUE_PERCENT, c + 1, (size_t)c_len - 1,
				       b, (size_t)b_len),
			  "%s, %s", c + 1, b);
		c_len = snprintf(c, sizeof c, "-%s1e%d", digits, power - 1);
		cr_assert(!value_equal(VALUE_NUMBER, c, (size_t)c_len, b,
				       (size_t)b_len),
			  "%s, %s", c, b);
	}
}

/* By way of milliseconds since 1970, which value.c does not count. */
Test(value, zones_agree_with_the_count_of_milliseconds)
{
	seed = 1970;
	for (int i = 0; i < 100000; i++) {
		int64_t ms = (int64_t)below(60000000) * 1000003 -
			     INT64_C(8000000000000);
		int zone = (int)below(2879) - 1439, away = abs(zone);
		char local[TEXT_INSTANT + 1], utc[TEXT_INSTANT + 1], s[64];
		struct buf out = BUF_INIT;
		int len;

		text_instant(local, ms);
		text_instant(utc, ms - (int64_t)zone * 60000);
		local[TEXT_INSTANT - 1] = 0;
		local[10] = below(2) ? 'T' : ' ';
		len = snprintf(s, sizeof s, "%s%.*s%c%02d%s%02d", local,
			       (int)below(7), "987654", zone < 0 ? '-' : '+',
			       away / 60, below(2) ? ":" : "", away % 60);
		cr_assert(value_respell(&out, VALUE_DATETIME, s, (size_t)len),
			  "%s", s);
		cr_assert_str_eq(buf_str(&out), utc, "%s", s);
		buf_release(&out);
	}
}

Test(value, every_day_is_a_date_and_no_other_is)
{
	int64_t ms = 0;
	unsigned count = 0;
	char s[TEXT_INSTANT + 1];

	cr_assert(text_parse_instant(&ms, "1700-01-01T00:00:00.000Z", 24));
	for (unsigned y = 1699; y <= 4001; y++)
		for (unsigned m = 0; m <= 13; m++)
			for (unsigned d = 0; d <= 32; d++) {
				char date[32];
				int len = snprintf(date, sizeof date,
						   "%04u-%02u-%02u", y, m, d);
				struct buf out = BUF_INIT;

				if (!value_respell(&out, VALUE_DATE, date,
						   (size_t)len))
					continue;
				text_instant(s, ms);
				cr_assert_arr_eq(s, date, 10, "%s", date);
				ms += INT64_C(86400000);
				count++;
				buf_release(&out);
			}
	text_instant(s, ms - INT64_C(86400000));
	cr_expect_str_eq(s, "4000-12-31T00:00:00.000Z");
	cr_expect_eq(count, 840423, "%u", count);
}

#define SEEN 4

struct guess_case {
	const char *seen[SEEN];
	enum value_type type;
};

static const struct guess_case guesses[] = {
	{ { "" }, VALUE_UNKNOWN },
	{ { "true", "", "False" }, VALUE_BOOLEAN },
	{ { "TRUE" }, VALUE_BOOLEAN },
	{ { "true", "1" }, VALUE_UNKNOWN },
	{ { "1", "true" }, VALUE_UNKNOWN },
	{ { "true", "maybe" }, VALUE_UNKNOWN },
	{ { "0", "1", "", "0" }, VALUE_UNKNOWN },
	{ { "0", "2" }, VALUE_UNKNOWN },
	{ { "2026-11-22" }, VALUE_DATE },
	{ { "2026-11-22", "2026-11-31" }, VALUE_UNKNOWN },
	{ { "2026-11-22", "2026-11-22 00:00:00" }, VALUE_DATE },
	{ { "2026-11-22", "2026-11-22 00:00:01" }, VALUE_UNKNOWN },
	{ { "2026-11-22 00:00:00", "" }, VALUE_UNKNOWN },
	{ { "2026-11-22 00:00:00", "2026-11-22 00:00:01" }, VALUE_DATETIME },
	{ { "2026-11-22 06:00:00" }, VALUE_DATETIME },
	{ { "2026-11-22 06:00:00", "soon" }, VALUE_UNKNOWN },
	{ { "2026-11-22 06:00:00", "2026-11-22T00:00:00.000Z" },
	  VALUE_DATETIME },
	{ { "2026-11-22T00:00:00.000Z" }, VALUE_DATETIME },
	{ { "2026-11-22T06:00:00.000+0000", "2026-11-22T06:00:00Z" },
	  VALUE_DATETIME },
	{ { "2026-11-22T06:00:00" }, VALUE_UNKNOWN },
	{ { "2026-11-22 06:00:00Z" }, VALUE_UNKNOWN },
	{ { "2026-11-22 06:00:00.000" }, VALUE_UNKNOWN },
	{ { "1700-01-01T00:00:00+01:00" }, VALUE_UNKNOWN },
	{ { "2026-11-22", "2026-11-22T06:00:00.000Z" }, VALUE_UNKNOWN },
	{ { "001M000000qfPySIAU", "001M000000qfPyS", "" }, VALUE_ID },
	{ { "123456789012345678" }, VALUE_ID },
	{ { "001M000000qfPySIAU", "000000000000000AAA" }, VALUE_ID },
	{ { "000000000000000AAA" }, VALUE_ID },
	{ { "000000000000000AAA", "Acme" }, VALUE_UNKNOWN },
	{ { "000000000000000" }, VALUE_ID },
	{ { "001M000000qfPySIAU", "true" }, VALUE_UNKNOWN },
	{ { "Acme" }, VALUE_UNKNOWN },
	{ { "2.0" }, VALUE_UNKNOWN },
	{ { "#N/A" }, VALUE_UNKNOWN },
};

Test(value, guesses_only_what_is_certain)
{
	for (size_t i = 0; i < sizeof guesses / sizeof *guesses; i++) {
		const struct guess_case *c = &guesses[i];

		for (int backwards = 0; backwards < 2; backwards++) {
			struct value_guess g = { 0 };
			bool any = false;

			for (int n = 0; n < SEEN; n++) {
				const char *s =
					c->seen[backwards ? SEEN - 1 - n : n];

				if (!s)
					continue;
				value_guess_see(&g, s, strlen(s));
				any |= *s != 0;
			}
			cr_expect_eq(value_guess_type(&g), c->type, "%s: %s",
				     c->seen[0],
				     value_type_word(value_guess_type(&g)));
			cr_expect_eq(g.any, any, "%s", c->seen[0]);
		}
	}
}

Test(value, a_guess_can_respell_what_it_saw)
{
	unsigned guessed[VALUE_TYPES] = { 0 }, alike = 0;

	seed = 99;
	for (int i = 0; i < 200000; i++) {
		struct value_guess g = { 0 };
		char a[64], b[64];
		size_t a_len = make_text(a), b_len = make_text(b);
		struct buf out = BUF_INIT;
		enum value_type t;
		bool as_it_was;

		value_guess_see(&g, a, a_len);
		value_guess_see(&g, b, b_len);
		t = value_guess_type(&g);
		guessed[t]++;
		cr_assert(value_respell(&out, t, a, a_len), "%s %.*s",
			  value_type_word(t), (int)a_len, a);
		as_it_was = out.len == a_len && (a_len == 0 ||
			memcmp(out.data, a, a_len) == 0);
		buf_clear(&out);
		cr_assert(value_respell(&out, t, b, b_len), "%s %.*s",
			  value_type_word(t), (int)b_len, b);
		as_it_was &= out.len == b_len && (b_len == 0 ||
			memcmp(out.data, b, b_len) == 0);
		cr_assert(as_it_was || g.other, "%s %.*s %.*s",
			  value_type_word(t), (int)a_len, a, (int)b_len, b);
		alike += t != VALUE_UNKNOWN && !g.other;
		buf_release(&out);
	}
	cr_expect_gt(alike, 100);
	cr_expect_gt(guessed[VALUE_BOOLEAN], 100);
	cr_expect_gt(guessed[VALUE_DATE], 100);
	cr_expect_gt(guessed[VALUE_DATETIME], 100);
	cr_expect_gt(guessed[VALUE_ID], 100);
}

Test(value, words_both_ways)
{
	for (unsigned t = 0; t < VALUE_TYPES; t++) {
		const char *word = value_type_word((enum value_type)t);
		enum value_type back = VALUE_TYPES;

		cr_assert_not_null(word);
		cr_expect(value_type_parse(&back, word, strlen(word)));
		cr_expect_eq(back, t, "%s", word);
	}
	cr_expect_str_eq(value_type_word(VALUE_UNKNOWN), "");
	cr_expect_str_eq(value_type_word(VALUE_MULTIPICKLIST), "multipicklist");

	enum value_type out = VALUE_TIME;

	cr_expect(!value_type_parse(&out, "Date", 4));
	cr_expect(!value_type_parse(&out, "dat", 3));
	cr_expect(!value_type_parse(&out, "datex", 5));
	cr_expect(!value_type_parse(&out, "date\0", 5));
	cr_expect_eq(out, VALUE_TIME, "as it was");
}
