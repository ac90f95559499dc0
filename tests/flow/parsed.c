#include "flow/parsed.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* A row of two values, of which the second grows, with a quote in it. */
static void
add(struct parsed *p, unsigned n, size_t pad, int *full)
{
	struct parsed_row row = { .line = n + 2, .known = n };
	struct skim_record raw = { .len = 0 };
	struct buf text = BUF_INIT;
	struct err err = { 0 };

	buf_addf(&text, "%u,\"a \"\"", n);
	for (size_t i = 0; i < pad; i++)
		buf_add_byte(&text, 'x');
	buf_add_byte(&text, '"');
	raw.data = text.data;
	raw.len = text.len;
	*full = parsed_add(p, &raw, &row, &err);
	cr_assert_geq(*full, 0, "%s", err.msg);
	buf_release(&text);
}

/* One batch, whose rows begin with this number; the next one's. */
static unsigned
take(struct parsed *p, unsigned n)
{
	struct parsed_batch b;
	char text[16];

	cr_assert_eq(parsed_take(p, &b), 1);
	cr_assert_null(b.fault);
	cr_assert_eq(b.columns, 2);
	for (size_t i = 0; i < b.count; i++, n++) {
		(void)snprintf(text, sizeof text, "%u", n);
		cr_assert(field_is(b.field[2 * i], text));
		cr_assert_eq(memcmp(b.field[2 * i + 1].at, "a \"", 3), 0);
		cr_assert_eq(b.row[i].known, n);
		cr_assert_eq(b.row[i].line, n + 2);
	}
	return n;
}

static void
begin(struct parsed **p, struct buf *header)
{
	struct err err = { 0 };

	buf_add_str(header, "Id,Name");
	cr_assert_eq(parsed_open(p, header, 2, &err), 0, "%s", err.msg);
}

Test(parsed, gives_rows_back_in_order)
{
	static const unsigned counts[] = { 0, 1, 1000, 20000 };

	for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
		struct buf header = BUF_INIT;
		struct parsed_batch b;
		struct err err = { 0 };
		unsigned taken = 0;
		struct parsed *p;
		int full;

		begin(&p, &header);
		for (unsigned i = 0; i < counts[c]; i++) {
			add(p, i, i % 997, &full);
			if (full)
				taken = take(p, taken);
		}
		cr_assert_eq(parsed_end(p, &err), 0);
		while (taken < counts[c])
			taken = take(p, taken);
		cr_expect_eq(taken, counts[c]);
		cr_expect_eq(parsed_take(p, &b), 0);
		parsed_free(p);
		buf_release(&header);
	}
	parsed_free(NULL);
}

/* Each is a batch, and their memory is not kept. */
Test(parsed, gives_long_rows_back)
{
	struct buf header = BUF_INIT;
	struct err err = { 0 };
	unsigned taken = 0;
	struct parsed *p;
	int full;

	begin(&p, &header);
	for (unsigned i = 0; i < 40; i++) {
		add(p, i, i % 4 * MIB, &full);
		cr_expect(full || i % 4 < 2, "%u", i);
		if (full)
			taken = take(p, taken);
	}
	cr_assert_eq(parsed_end(p, &err), 0);
	while (taken < 40)
		taken = take(p, taken);
	parsed_free(p);
	buf_release(&header);
}

Test(parsed, tells_what_is_wrong_behind_the_rows_before_it)
{
	static const struct {
		const char *bad, *says;
	} cases[] = {
		{ "1,a,b", "line " },
		{ "1,\"a", "line " },
		{ "1,a\n2,b", "its rows cannot be told apart" },
	};

	for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
		struct skim_record raw = {
			.data = (const uint8_t *)cases[c].bad,
			.len = strlen(cases[c].bad)
		};
		struct parsed_row row = { .line = 5 };
		struct buf header = BUF_INIT;
		struct parsed_batch b;
		struct err err = { 0 };
		struct parsed *p;
		int full;

		begin(&p, &header);
		for (unsigned i = 0; i < 3; i++)
			add(p, i, 1, &full);
		cr_assert_eq(parsed_add(p, &raw, &row, &err), 0);
		cr_assert_eq(parsed_end(p, &err), 0);
		cr_assert_eq(parsed_take(p, &b), 1);
		cr_expect_geq(b.count, 3);
		cr_assert_not_null(b.fault, "%s", cases[c].bad);
		cr_expect_eq(b.fault->kind, ERR_REFUSED);
		cr_expect_eq(strncmp(b.fault->msg, cases[c].says,
				     strlen(cases[c].says)), 0, "%s",
			     b.fault->msg);
		parsed_free(p);
		buf_release(&header);
	}
}
