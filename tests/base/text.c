#include "base/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct utf8_case {
	const char *what, *bytes;
	bool valid, plain;
};

static const struct utf8_case utf8[] = {
	{ "nothing", "", true, true },
	{ "ASCII, over eight bytes", "Acme Ltd., London", true, true },
	{ "two, three and four bytes", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x91\x8d",
	  true, true },
	{ "the last code point", "\xf4\x8f\xbf\xbf", true, true },
	{ "a non-character", "\xef\xbf\xbf", true, true },
	{ "a tab", "a\tb", true, false },
	{ "DEL", "a\x7f", true, false },
	{ "a C1 control", "\xc2\x85", true, false },
	{ "a lone continuation", "\x80", false, false },
	{ "a lead without its tail", "\xc3", false, false },
	{ "a tail cut short late", "12345678\xe2\x82", false, false },
	{ "overlong NUL", "\xc0\x80", false, false },
	{ "overlong slash, two", "\xc0\xaf", false, false },
	{ "overlong slash, three", "\xe0\x80\xaf", false, false },
	{ "overlong slash, four", "\xf0\x80\x80\xaf", false, false },
	{ "a surrogate", "\xed\xa0\x80", false, false },
	{ "above U+10FFFF", "\xf4\x90\x80\x80", false, false },
	{ "five bytes", "\xf8\x88\x80\x80\x80", false, false },
	{ "FE", "\xfe", false, false },
};

Test(text, knows_utf8)
{
	for (size_t i = 0; i < sizeof utf8 / sizeof *utf8; i++) {
		const struct utf8_case *c = &utf8[i];

		cr_expect_eq(text_is_utf8(c->bytes, strlen(c->bytes)), c->valid,
			     "%s", c->what);
		cr_expect_eq(text_is_plain(c->bytes, strlen(c->bytes)),
			     c->plain, "%s", c->what);
	}
}

struct shown_case {
	const char *bytes, *shown;
};

static const struct shown_case shown[] = {
	{ "Acme", "'Acme'" },
	{ "Caf\xc3\xa9", "'Caf\xc3\xa9'" },
	{ "a\x1b[2Jb", "'a\\u{1b}[2Jb'" },
	{ "a\nb\r", "'a\\u{a}b\\u{d}'" },
	{ "\xc2\x9b", "'\\u{9b}'" },
	{ "x\xe2\x80\xaey", "'x\\u{202e}y'" },
	{ "\xef\xbb\xbf", "'\\u{feff}'" },
	{ "a\xff""b", "'a\\x{ff}b'" },
};

Test(text, shows_strangers_text_harmlessly)
{
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
		struct buf b = BUF_INIT;

		cr_expect_str_eq(SHOWN(shown[i].bytes), shown[i].shown);
		buf_add_str(&b, "'");
		text_add_shown(&b, shown[i].bytes, strlen(shown[i].bytes));
		buf_add_str(&b, "'");
		cr_expect_str_eq(buf_str(&b), shown[i].shown);
		buf_release(&b);
	}
}

Test(text, cuts_a_long_value_between_characters)
{
	char many[4 * LIMIT_SHOWN];

	for (size_t i = 0; i + 1 < sizeof many; i += 2)
		memcpy(many + i, "\xc3\xa9", 2);
	const char *s = SHOWN_N(many, sizeof many);
	cr_expect_lt(strlen(s), LIMIT_SHOWN);
	cr_expect(text_is_utf8(s, strlen(s)));
	cr_expect_str_eq(s + strlen(s) - 4, "\xe2\x80\xa6'");
}

Test(text, hex_is_lower_case_and_exact)
{
	uint8_t back[3];
	char hex[7];

	text_hex(hex, (const uint8_t *)"\x00\xaf\x10", 3);
	cr_expect_str_eq(hex, "00af10");
	cr_assert(text_unhex(back, 3, "00af10", 6));
	cr_expect_arr_eq(back, "\x00\xaf\x10", 3);
	cr_expect(!text_unhex(back, 3, "00AF10", 6));
	cr_expect(!text_unhex(back, 3, "00af1", 5));
	cr_expect(!text_unhex(back, 3, "00af1g", 6));
}

struct instant_case {
	const char *text;
	bool valid;
	int64_t ms;
};

static const struct instant_case instants[] = {
	{ "1970-01-01T00:00:00.000Z", true, 0 },
	{ "2026-11-22T06:00:00.123Z", true, INT64_C(1795327200123) },
	{ "2000-02-29T23:59:59.999Z", true, INT64_C(951868799999) },
	{ "1969-12-31T23:59:59.999Z", true, -1 },
	{ "1900-02-29T00:00:00.000Z", false, 0 },
	{ "2026-06-31T00:00:00.000Z", false, 0 },
	{ "2026-13-01T00:00:00.000Z", false, 0 },
	{ "2026-11-22T24:00:00.000Z", false, 0 },
	{ "2026-11-22T06:00:60.000Z", false, 0 },
	{ "2026-11-22 06:00:00.000Z", false, 0 },
	{ "2026-11-22T06:00:00.000z", false, 0 },
	{ "2026-11-22T06:00:00Z", false, 0 },
	{ "1699-12-31T00:00:00.000Z", false, 0 },
};

Test(text, instants_both_ways)
{
	for (size_t i = 0; i < sizeof instants / sizeof *instants; i++) {
		const struct instant_case *c = &instants[i];
		char back[TEXT_INSTANT + 1];
		int64_t ms = 42;

		cr_expect_eq(text_parse_instant(&ms, c->text, strlen(c->text)),
			     c->valid, "%s", c->text);
		if (!c->valid)
			continue;
		cr_expect_eq(ms, c->ms, "%s is %lld", c->text, (long long)ms);
		text_instant(back, c->ms);
		cr_expect_str_eq(back, c->text);
	}
}

Test(text, every_day_of_four_centuries_round_trips)
{
	for (int64_t ms = INT64_C(-8520336000000); ms < INT64_C(4102444800000);
	     ms += INT64_C(86400000)) {
		char s[TEXT_INSTANT + 1];
		int64_t back = 0;

		text_instant(s, ms);
		cr_assert(text_parse_instant(&back, s, TEXT_INSTANT), "%s", s);
		cr_assert_eq(back, ms, "%s", s);
	}
}

Test(text, is_like_a_word_that_was_meant)
{
	static const char *const pairs[][2] = {
		{ "Account", "Acount" },  { "Account", "account" },
		{ "Account", "Accuont" }, { "Account", "Accounts" },
		{ "load", "lod" },	  { "list", "lst" },
		{ "High", "Hihg" },	  { "Contact", "Cotnacts" },
		{ "", "a" },
	};
	static const char *const others[][2] = {
		{ "Account", "Contact" }, { "Case", "Account" },
		{ "add", "all" },	  { "", "ab" },
		{ "Account", "" },	  { "ab", "ba1" },
		{ "a234567890123456789012345678901234567890x",
		  "a234567890123456789012345678901234567890x" },
	};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		cr_expect(text_like(pairs[i][0], pairs[i][1]), "%s %s",
			  pairs[i][0], pairs[i][1]);
		cr_expect(text_like(pairs[i][1], pairs[i][0]), "%s %s",
			  pairs[i][1], pairs[i][0]);
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		cr_expect(!text_like(others[i][0], others[i][1]), "%s %s",
			  others[i][0], others[i][1]);
}

struct relative_case {
	const char *text;
	int64_t by; /* milliseconds */
};

static const struct relative_case relatives[] = {
	{ "+0", 0 },
	{ "+1", 1000 },
	{ "-1", -1000 },
	{ "+0.001", 1 },
	{ "-0.001", -1 },
	{ "-0.500", -500 },
	{ "+0.999", 999 },
	{ "-71998", -71998000 },
	{ "+71998.070", 71998070 },
	{ "-3599.999", -3599999 },
};

static const char *const not_relative[] = {
	"", "+", "-", "0", "-0", "+00", "+01", "1", "+1.", "+1.5", "+1.50",
	"+1.000", "+1.5000", "+.500", "+1,500", "+ 1", " +1", "+1 ", "++1",
	"+1.-50", "+1e3", "-0.000", "+99999999999", "-99999999999",
	"+999999999999", "+9999999999999999999999", "+99999999999.9999",
};

Test(text, relative_times_have_one_spelling)
{
	const int64_t base = INT64_C(1795327198000); /* 2026-11-22T05:59:58 */
	char out[TEXT_RELATIVE + 1];
	int64_t ms;

	for (size_t i = 0; i < sizeof relatives / sizeof *relatives; i++) {
		const struct relative_case *c = &relatives[i];

		text_relative(out, base + c->by, base);
		cr_expect_str_eq(out, c->text);
		cr_expect(text_parse_relative(&ms, c->text, strlen(c->text),
					      base), "%s", c->text);
		cr_expect_eq(ms, base + c->by, "%s", c->text);
	}
	for (size_t i = 0; i < sizeof not_relative / sizeof *not_relative; i++)
		cr_expect(!text_parse_relative(&ms, not_relative[i],
					       strlen(not_relative[i]), base),
			  "%s was taken", not_relative[i]);
}

Test(text, relative_times_reach_from_end_to_end)
{
	static const char first[] = "1700-01-01T00:00:00.000Z";
	static const char last[] = "4000-12-31T23:59:59.999Z";
	char out[TEXT_RELATIVE + 1];
	int64_t from, to, ms;

	cr_assert(text_parse_instant(&from, first, TEXT_INSTANT));
	cr_assert(text_parse_instant(&to, last, TEXT_INSTANT));
	text_relative(out, to, from);
	cr_expect(text_parse_relative(&ms, out, strlen(out), from), "%s", out);
	cr_expect_eq(ms, to);
	text_relative(out, from, to);
	cr_expect(text_parse_relative(&ms, out, strlen(out), to), "%s", out);
	cr_expect_eq(ms, from);
	/* One millisecond beyond either end is no instant. */
	cr_expect(!text_parse_relative(&ms, "+0.001", 6, to));
	cr_expect(!text_parse_relative(&ms, "-0.001", 6, from));
	text_relative(out, INT64_MIN, INT64_MAX);
	cr_expect_lt(strlen(out), sizeof out);
}
