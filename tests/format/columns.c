/* Tables by columns: written, read again, refused. */
#include "format/columns.h"

#include <criterion/criterion.h>
#include <string.h>

static struct columns_out *
begin(const char *const *name, size_t count)
{
	struct columns_out *c;
	struct field f[8];
	struct err err = { 0 };

	for (size_t i = 0; i < count; i++)
		f[i] = field_of(name[i]);
	cr_assert_eq(columns_out_new(&c, f, count, &err), 0);
	return c;
}

static int
add(struct columns_out *c, const char *a, const char *b, const char *d)
{
	struct err err = { 0 };

	return columns_out_add(c, (struct field[]){ field_of(a), field_of(b),
						    field_of(d) }, &err);
}

static const char *const three[] = { "A", "B", "C" };

Test(columns, are_written_where_they_have_a_value)
{
	struct columns_out *c = begin(three, 3);
	struct buf out = BUF_INIT;

	cr_expect_eq(add(c, "1", "", ""), 1);
	cr_expect_eq(add(c, "", "", "x,\"y\"\n"), 1);
	cr_expect_eq(add(c, "3", "", "\xef\xbb\xbfz"), 1);
	cr_expect_eq(columns_out_records(c), 3);
	columns_out_write(c, &out);
	cr_expect_str_eq(buf_str(&out), "A,1,,3\nC,,\"x,\"\"y\"\"\n\","
					"\"\xef\xbb\xbfz\"\n");
	/* The next member knows nothing of it. */
	cr_expect_eq(columns_out_records(c), 0);
	cr_expect_eq(add(c, "", "2", ""), 1);
	buf_clear(&out);
	columns_out_write(c, &out);
	cr_expect_str_eq(buf_str(&out), "B,2\n");
	/* Where no column has a value, one tells how many records. */
	cr_expect_eq(add(c, "", "", ""), 1);
	cr_expect_eq(add(c, "", "", ""), 1);
	buf_clear(&out);
	columns_out_write(c, &out);
	cr_expect_str_eq(buf_str(&out), "A,,\n");
	columns_out_free(c);
	buf_release(&out);
}

/* Records of this size until there is no room: how long the member is then. */
static size_t
fill(size_t size, size_t *records)
{
	struct columns_out *c = begin(three, 3);
	char *wide = calloc(1, size + 1);
	struct buf out = BUF_INIT;
	size_t len;

	cr_assert_not_null(wide);
	memset(wide, 'w', size);
	while (add(c, wide, "", columns_out_records(c) % 2 ? "" : "1") == 1)
		;
	*records = columns_out_records(c);
	columns_out_write(c, &out);
	len = out.len;
	cr_expect_eq(out.data[len - 1], '\n');
	columns_out_free(c);
	buf_release(&out);
	free(wide);
	return len;
}

Test(columns, end_at_either_limit)
{
	size_t records, len = fill(1, &records);

	cr_expect_eq(records, LIMIT_RECORDS);
	for (size_t size = 100; size < 108; size++) {
		len = fill(size, &records);
		cr_expect_leq(len, LIMIT_MEMBER);
		cr_expect_gt(len + size + 3, LIMIT_MEMBER);
		cr_expect_lt(records, LIMIT_RECORDS);
	}
	/* A record alone: two names, two commas, two LF, and one more byte. */
	len = fill(LIMIT_MEMBER - 7, &records);
	cr_expect_eq(len, LIMIT_MEMBER);
	cr_expect_eq(records, 1);
	(void)fill(LIMIT_MEMBER - 6, &records);
	cr_expect_eq(records, 0);
}

Test(columns, a_record_that_does_not_fit_leaves_nothing)
{
	struct columns_out *c = begin(three, 3);
	char *wide = calloc(1, LIMIT_MEMBER + 1);
	struct buf out = BUF_INIT;

	cr_assert_not_null(wide);
	memset(wide, 'w', LIMIT_MEMBER);
	cr_expect_eq(add(c, "1", "", ""), 1);
	cr_expect_eq(add(c, "2", "b", wide), 0);
	cr_expect_eq(add(c, "3", "", ""), 1);
	columns_out_write(c, &out);
	cr_expect_str_eq(buf_str(&out), "A,1,3\n");
	columns_out_free(c);
	buf_release(&out);
	free(wide);
}

Test(columns, are_read_record_by_record)
{
	static const char text[] = "A,1,,\"3\n\"\nB,,x,\n";
	static const char *const want[3][2] = { { "1", "" },
						{ "", "x" },
						{ "3\n", "" } };
	struct columns_in *c;
	const struct row *row;
	struct err err = { 0 };

	cr_assert_eq(columns_in_new(&c, &err), 0);
	/* Twice, for a member leaves nothing to the next. */
	for (int again = 0; again < 2; again++) {
		cr_assert_eq(columns_in_read(c, text, sizeof text - 1, &err),
			     0, "%s", err.msg);
		cr_expect_eq(columns_in_names(c)->count, 2);
		cr_expect(field_is(columns_in_names(c)->field[1], "B"));
		cr_expect_eq(columns_in_line(c, 1), 3);
		for (int i = 0; i < 3; i++) {
			cr_assert_eq(columns_in_next(c, &row), 1);
			cr_expect_eq(row->count, 2);
			cr_expect(field_is(row->field[0], want[i][0]));
			cr_expect(field_is(row->field[1], want[i][1]));
		}
		cr_expect_eq(columns_in_next(c, &row), 0);
	}
	columns_in_free(c);
}

struct refused_case {
	const char *text, *why;
};

static const struct refused_case refused[] = {
	{ "", "line 1: is empty" },
	{ "A\n", "line 1: has no values" },
	{ "A,1\nB,1,2\n", "line 2: has 3 values, and the first row 2 values" },
	{ "A,1,2\nB,1\n", "line 2: has 2 values, and the first row 3 values" },
	{ "A,1\nB,\n", "line 2: column 'B' has no value" },
	{ "A,\nB,1\n", "line 1: column 'A' has no value" },
	{ "A,\nB,\n", "column 'B' has no value" },
	{ "A,1\nB,2\na,3\n", "line 3: column 'a' comes twice" },
	{ "A,1\n\nB,2\n", "line 2: is blank" },
	{ "A,1\nB,2\r\n", "line 2: ends in CRLF" },
	{ "A,\"1\nB,2\n", "never closed" },
	{ "A,\xff\n", "line 1: value 2: " },
};

Test(columns, are_refused_where_a_rule_is_broken)
{
	struct columns_in *c;
	struct err err = { 0 };

	cr_assert_eq(columns_in_new(&c, &err), 0);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		const struct refused_case *r = &refused[i];

		cr_expect_eq(columns_in_read(c, r->text, strlen(r->text),
					     &err), -1, "%s", r->text);
		cr_expect_eq(err.kind, ERR_REFUSED);
		cr_expect_not_null(strstr(err.msg, r->why), "%s: %s", r->text,
				   err.msg);
	}
	columns_in_free(c);
}

/* So many values in one row, so many rows of one value. */
static int
read_shape(size_t rows, size_t values, struct err *err)
{
	struct columns_in *c;
	struct buf text = BUF_INIT;
	int rc;

	for (size_t i = 0; i < rows; i++) {
		buf_addf(&text, "F%zu", i);
		for (size_t k = 0; k < values; k++)
			buf_add(&text, ",1", 2);
		buf_add_byte(&text, '\n');
	}
	cr_assert_eq(columns_in_new(&c, err), 0);
	rc = columns_in_read(c, text.data, text.len, err);
	columns_in_free(c);
	buf_release(&text);
	return rc;
}

Test(columns, have_the_limits_of_the_format)
{
	struct err err = { 0 };

	cr_expect_eq(read_shape(2, LIMIT_RECORDS, &err), 0, "%s", err.msg);
	cr_expect_eq(read_shape(2, LIMIT_RECORDS + 1, &err), -1);
	cr_expect_not_null(strstr(err.msg, "line 1: a row may have 65537"),
			   "%s", err.msg);
	cr_expect_eq(read_shape(LIMIT_COLUMNS, 1, &err), 0, "%s", err.msg);
	cr_expect_eq(read_shape(LIMIT_COLUMNS + 1, 1, &err), -1);
	cr_expect_not_null(strstr(err.msg, "line 5001: is one column more"),
			   "%s", err.msg);
}
