#include "format/rows.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/text.h"

/* A source of at most so many bytes at a time, and a cut where one is asked. */
struct drip {
	struct file_source source;
	struct rd rest;
	size_t most;
	size_t cut; /* this many bytes before the end; 0 for none */
};

static ptrdiff_t
drip_read(struct file_source *s, void *into, size_t n, struct err *err)
{
	struct drip *d = (struct drip *)s;
	const uint8_t *at;

	(void)err;
	n = n < d->most ? n : d->most;
	n = n < d->rest.left ? n : d->rest.left;
	if (d->rest.left > d->cut && n > d->rest.left - d->cut)
		n = d->rest.left - d->cut;
	if (n == 0 || !rd_take(&d->rest, n, &at))
		return 0;
	memcpy(into, at, n);
	return (ptrdiff_t)n;
}

/* Read from memory as a whole, or in drips of so many bytes. */
static int
open_in(struct rows **out, struct drip *d, const void *data, size_t len,
	size_t most, struct err *err)
{
	if (most == 0)
		return rows_open_memory(out, data, len, err);
	*d = (struct drip){ { drip_read }, rd_of(data, len), most, 0 };
	return rows_open(out, &d->source, err);
}

static void
add_row(struct buf *out, const struct row *row)
{
	buf_addf(out, "%" PRIu64 "/%" PRIu64 ":", row->line, row->number);
	for (size_t i = 0; i < row->count; i++) {
		buf_add_byte(out, '|');
		text_add_shown(out, row->field[i].at, row->field[i].len);
	}
	buf_add_byte(out, ' ');
}

/*
 * Everything that the reader says of an input, as one text: each row as
 * "LINE/NUMBER:|value|value ", then "end" or the error. Asks once more than
 * needed, for the answer must stay the same.
 */
static const char *
told(struct buf *out, const void *data, size_t len, size_t most)
{
	struct drip d;
	struct rows *rows;
	const struct row *row;
	struct err err = { 0 };
	int rc;

	buf_clear(out);
	if (open_in(&rows, &d, data, len, most, &err) < 0) {
		cr_expect_null(rows);
		cr_expect_eq(err.kind, ERR_REFUSED, "%s", err.msg);
		buf_add_str(out, err.msg);
		return buf_str(out);
	}
	add_row(out, rows_header(rows));
	while ((rc = rows_next(rows, &row, &err)) > 0)
		add_row(out, row);
	buf_add_str(out, rc == 0 ? "end" : err.msg);
	if (rc < 0)
		cr_expect_eq(err.kind, ERR_REFUSED, "%s", err.msg);
	for (int i = 0; i < 2; i++) {
		struct err again = { 0 };

		cr_expect_eq(rows_next(rows, &row, &again), rc);
		cr_expect_str_eq(again.msg, err.msg);
	}
	rows_free(rows);
	return buf_str(out);
}

struct rows_case {
	const char *what, *in;
	size_t len;
	const char *told;
};

#define IN(s) (s), sizeof(s) - 1

static const struct rows_case cases[] = {
	{ "a header and rows", IN("Id,Name\n1,Acme\n2,\n"),
	  "1/0:|Id|Name 2/1:|1|Acme 3/2:|2| end" },
	{ "a header alone", IN("Id,Name\n"), "1/0:|Id|Name end" },
	{ "a header without its line end", IN("Id"), "1/0:|Id end" },
	{ "no last line end", IN("Id,N\n1,2"), "1/0:|Id|N 2/1:|1|2 end" },
	{ "no last line end, empty value", IN("Id,N\n1,"),
	  "1/0:|Id|N 2/1:|1| end" },
	{ "no last line end, quoted", IN("\"Id\"\n\"1\""),
	  "1/0:|Id 2/1:|1 end" },
	{ "CRLF", IN("Id,N\r\n1,2\r\n3,4\r\n"),
	  "1/0:|Id|N 2/1:|1|2 3/2:|3|4 end" },
	{ "CRLF, no last line end", IN("Id\r\n1"), "1/0:|Id 2/1:|1 end" },
	{ "commas and quotes in quotes", IN("Id\n\"a,\"\"b\"\"\"\n"),
	  "1/0:|Id 2/1:|a,\"b\" end" },
	{ "all empty", IN("a,b\n,\n\"\",\"\"\n"),
	  "1/0:|a|b 2/1:|| 3/2:|| end" },
	{ "an empty value alone in its row", IN("Id\n\"\"\n\"\"\n"),
	  "1/0:|Id 2/1:| 3/2:| end" },
	{ "spaces and tabs stay", IN("Id, N \n \t1 , \n\" 2\t\",\t\n"),
	  "1/0:|Id| N  2/1:| \\u{9}1 |  3/2:| 2\\u{9}|\\u{9} end" },
	{ "line ends in quotes stay, LF counts as a line",
	  IN("\"I\nd\",N\n\"a\r\nb\n\",c\n\"\r\",d\n2,e\n"),
	  "1/0:|I\\u{a}d|N 3/1:|a\\u{d}\\u{a}b\\u{a}|c 6/2:|\\u{d}|d "
	  "7/3:|2|e end" },
	{ "text of two, three and four bytes",
	  IN("Id\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x91\x8d\n"),
	  "1/0:|Id 2/1:|\xc3\xa9\xe2\x82\xac\xf0\x9f\x91\x8d end" },
	{ "control characters other than NUL", IN("Id\n\x01\x7f\x1a\n"),
	  "1/0:|Id 2/1:|\\u{1}\\u{7f}\\u{1a} end" },
	{ "names that a longer one begins with", IN("Name,Name2,Nam\n"),
	  "1/0:|Name|Name2|Nam end" },

	{ "a mark", IN("\xef\xbb\xbf\"Id\"\n1\n"), "1/0:|Id 2/1:|1 end" },
	{ "a second mark is text", IN("\xef\xbb\xbf\xef\xbb\xbfId\n"),
	  "1/0:|\\u{feff}Id end" },
	{ "a mark later is text", IN("Id\n\xef\xbb\xbf\n"),
	  "1/0:|Id 2/1:|\\u{feff} end" },
	{ "half a mark", IN("\xef\xbb"),
	  "line 1: column 1: '\\x{ef}\\x{bb}' is not UTF-8; export the file "
	  "as UTF-8" },
	{ "UTF-16, little", IN("\xff\xfeI\0d\0\n\0"),
	  "line 1: the file is UTF-16; export it as UTF-8" },
	{ "UTF-16, big", IN("\xfe\xff\0I\0d\0\n"),
	  "line 1: the file is UTF-16; export it as UTF-8" },
	{ "UTF-16, nothing else", IN("\xff\xfe"),
	  "line 1: the file is UTF-16; export it as UTF-8" },
	{ "UTF-32, little", IN("\xff\xfe\0\0I\0\0\0"),
	  "line 1: the file is UTF-32; export it as UTF-8" },
	{ "UTF-32, big", IN("\0\0\xfe\xff\0\0\0I"),
	  "line 1: the file is UTF-32; export it as UTF-8" },

	{ "nothing", IN(""),
	  "line 1: the file is empty: it has no header" },
	{ "a mark and nothing", IN("\xef\xbb\xbf"),
	  "line 1: the file is empty: it has no header" },
	{ "a blank line first", IN("\nId\n"),
	  "line 1: is blank; remove it" },
	{ "a CRLF first", IN("\r\nId\r\n"), "line 1: is blank; remove it" },
	{ "a blank line between", IN("a,b\n1,2\n\n3,4\n"),
	  "1/0:|a|b 2/1:|1|2 line 3: is blank; remove it" },
	{ "a blank line last", IN("a,b\r\n1,2\r\n\r\n"),
	  "1/0:|a|b 2/1:|1|2 line 3: is blank; remove it" },
	{ "a blank line, one column", IN("Id\n\n1\n"),
	  "1/0:|Id line 2: is blank; remove it, or write \"\" for an empty "
	  "value" },
	{ "a name is missing", IN("Id,,N\n"), "line 1: column 2 has no name" },
	{ "the only name is missing", IN("\"\"\n"),
	  "line 1: column 1 has no name" },
	{ "a name twice", IN("b,Id,a,ID,B\n1,2,3,4,5\n"),
	  "line 1: column 4 is named 'ID', as column 2 is already (case does "
	  "not tell names apart)" },
	{ "a name three times", IN("a,a,A\n"),
	  "line 1: column 2 is named 'a', as column 1 is already (case does "
	  "not tell names apart)" },

	{ "too few values", IN("a,b\n1\n"),
	  "1/0:|a|b line 2: has 1 value, and the header 2 columns" },
	{ "too many values", IN("a\n1\n1,2,3\n"),
	  "1/0:|a 2/1:|1 line 3: has 3 values, and the header 1 column" },
	{ "too few values, file cut", IN("a,b,c\n1,2"),
	  "1/0:|a|b|c line 2: has 2 values, and the header 3 columns" },

	{ "a CR alone", IN("a,b\r1,2\r"),
	  "line 1: a CR alone ends this line; end lines in LF or CRLF, and "
	  "quote a value that holds a CR" },
	{ "a CR alone, last", IN("a\n1\r"),
	  "1/0:|a line 2: a CR alone ends this line; end lines in LF or CRLF, "
	  "and quote a value that holds a CR" },
	{ "a CR alone, then a quote", IN("a\n1\r\"2\n"),
	  "1/0:|a line 2: a CR alone ends this line; end lines in LF or CRLF, "
	  "and quote a value that holds a CR" },
	{ "a CR alone, then a stray quote", IN("a\n1\r2\"\n"),
	  "1/0:|a line 2: a CR alone ends this line; end lines in LF or CRLF, "
	  "and quote a value that holds a CR" },
	{ "a CR alone, then a row", IN("a\r\n1\r2\n3\r\n"),
	  "1/0:|a line 2: a CR alone ends this line; end lines in LF or CRLF, "
	  "and quote a value that holds a CR" },
	{ "two CR and LF", IN("a\r\n\"1\n\"\r\r\n"),
	  "1/0:|a line 3: a CR alone ends this line; end lines in LF or CRLF, "
	  "and quote a value that holds a CR" },
	{ "a CR alone in a ragged row", IN("a,b\n1\r2,3\n"),
	  "1/0:|a|b line 2: has 1 value, and the header 2 columns" },
	{ "CRLF after LF", IN("a\n\"1\n\"\r\n"),
	  "1/0:|a line 3: ends in CRLF, and the lines before it in LF; end "
	  "all lines alike" },
	{ "LF after CRLF", IN("a\r\n1\r\n2\n3\r\n"),
	  "1/0:|a 2/1:|1 line 3: ends in LF, and the lines before it in CRLF; "
	  "end all lines alike" },

	{ "a quote in an unquoted value", IN("a,b\n1,2\n3,in 5\" pipe\n"),
	  "1/0:|a|b 2/1:|1|2 line 3: column 'b': a quote follows 'in 5', "
	  "which is not in quotes; put the value in quotes, and write the "
	  "quotes that belong to it twice" },
	{ "a quote after a space", IN("a,b\n1, \"2\"\n"),
	  "1/0:|a|b line 2: column 'b': a quote follows ' ', which is not in "
	  "quotes; put the value in quotes, and write the quotes that belong "
	  "to it twice" },
	{ "text after a closing quote", IN("\"a\"b\n"),
	  "line 1: column 1: something stands between the quote after 'a' and "
	  "the next comma; write a quote that belongs to the value twice" },
	{ "a space after a closing quote", IN("a,b\n\"1\n2\" ,3\n"),
	  "1/0:|a|b line 3: column 'a': something stands between the quote "
	  "after '1\\u{a}2' and the next comma; write a quote that belongs to "
	  "the value twice" },
	{ "an open quote", IN("a,b\n\"1\n\",\"2\n3,4\n"),
	  "1/0:|a|b line 3: a quote opened here is never closed: the file is "
	  "cut short" },
	{ "an open quote, nothing in it", IN("a\n\""),
	  "1/0:|a line 2: a quote opened here is never closed: the file is "
	  "cut short" },
	{ "an open quote in the header", IN("a,\"b\n"),
	  "line 1: a quote opened here is never closed: the file is cut "
	  "short" },

	{ "NUL", IN("a,b\n1,\"2\n\"\n3,x\0y\n"),
	  "1/0:|a|b 2/1:|1|2\\u{a} line 4: column 'b': 'x\\u{0}y' holds a NUL "
	  "byte; is the file UTF-16? export it as UTF-8" },
	{ "NUL alone", IN("a\n\0"),
	  "1/0:|a line 2: column 'a': '\\u{0}' holds a NUL byte; is the file "
	  "UTF-16? export it as UTF-8" },
	{ "UTF-16 without a mark", IN("I\0d\0\n\0"),
	  "line 1: column 1: 'I\\u{0}d\\u{0}' holds a NUL byte; is the file "
	  "UTF-16? export it as UTF-8" },
	{ "Latin-1", IN("a,City\n1,Z\xfcrich\n"),
	  "1/0:|a|City line 2: column 'City': 'Z\\x{fc}rich' is not UTF-8; "
	  "export the file as UTF-8" },
	{ "Latin-1 in a name", IN("a,Z\xfcrich\n"),
	  "line 1: column 2: 'Z\\x{fc}rich' is not UTF-8; export the file as "
	  "UTF-8" },
	{ "a character cut by a comma", IN("a,b\n\xc3,\xa9\n"),
	  "1/0:|a|b line 2: column 'a': '\\x{c3}' is not UTF-8; export the "
	  "file as UTF-8" },
	{ "a character cut by quotes", IN("a\n\"\xc3\"\"\xa9\"\n"),
	  "1/0:|a line 2: column 'a': '\\x{c3}\"\\x{a9}' is not UTF-8; export "
	  "the file as UTF-8" },
	{ "a character cut by the end", IN("a\n\xe2\x82"),
	  "1/0:|a line 2: column 'a': '\\x{e2}\\x{82}' is not UTF-8; export "
	  "the file as UTF-8" },
	{ "more tails than a character has", IN("a\n\x80\x80\x80\x80\x80\n"),
	  "1/0:|a line 2: column 'a': '\\x{80}\\x{80}\\x{80}\\x{80}\\x{80}' "
	  "is not UTF-8; export the file as UTF-8" },
	{ "one tail, between ASCII", IN("Name\nx\x80y\n"),
	  "1/0:|Name line 2: column 'Name': 'x\\x{80}y' is not UTF-8; export "
	  "the file as UTF-8" },
	{ "overlong, a surrogate, too high",
	  IN("a\n\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\n"),
	  "1/0:|a line 2: column 'a': '\\x{c0}\\x{80}\\x{ed}\\x{a0}\\x{80}"
	  "\\x{f4}\\x{90}\\x{80}\\x{80}' is not UTF-8; export the file as "
	  "UTF-8" },
	{ "a value beyond the columns that is no text", IN("a\n1,\xff\n"),
	  "1/0:|a line 2: column 2: '\\x{ff}' is not UTF-8; export the file "
	  "as UTF-8" },
	{ "no text before a stray quote", IN("a,b\n\xff,x\"\n"),
	  "1/0:|a|b line 2: column 'a': '\\x{ff}' is not UTF-8; export the "
	  "file as UTF-8" },
	{ "no text before an open quote", IN("a,b\n\xff,\"x\n"),
	  "1/0:|a|b line 2: column 'a': '\\x{ff}' is not UTF-8; export the "
	  "file as UTF-8" },
};

/* Whole, and then in drips. */
static const size_t drips[] = { 0, 1, 7, 64 * KIB };

Test(rows, tells_what_a_file_says)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct rows_case *c = &cases[i];

		for (size_t k = 0; k < sizeof drips / sizeof *drips; k++)
			cr_expect_str_eq(told(&out, c->in, c->len, drips[k]),
					 c->told, "%s, %zu at a time", c->what,
					 drips[k]);
	}
	buf_release(&out);
}

Test(rows, shows_a_name_harmlessly)
{
	static const char in[] = "a\x1b[2J,\"b\n\"\n1,\xff\n";
	struct buf out = BUF_INIT;

	cr_expect_str_eq(told(&out, in, sizeof in - 1, 0),
			 "1/0:|a\\u{1b}[2J|b\\u{a} line 3: column 'b\\u{a}': "
			 "'\\x{ff}' is not UTF-8; export the file as UTF-8");
	buf_release(&out);
}

/* A small generator (splitmix64): the same values every time. */
static uint64_t seed;

static size_t
below(size_t n)
{
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (size_t)((z ^ z >> 31) % n);
}

static void
add_point(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_add_byte(out, (uint8_t)c);
	} else if (c < 0x800) {
		buf_add_byte(out, (uint8_t)(0xc0 | c >> 6));
		buf_add_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_add_byte(out, (uint8_t)(0xe0 | c >> 12));
		buf_add_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		buf_add_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
	} else {
		buf_add_byte(out, (uint8_t)(0xf0 | c >> 18));
		buf_add_byte(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		buf_add_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		buf_add_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
	}
}

/* A value of any text without NUL, rich in what CSV makes hard. */
static void
add_value(struct buf *out)
{
	static const char *hard[] = {
		",", "\"", "\r", "\n", "\r\n", " ", "\t", "\"\"", "\",\"",
		"\"\n", "\\", "'", "=1", "#N/A", "\x01", "\xef\xbb\xbf",
	};
	static const uint32_t most[] = { 0x80, 0x800, 0x10000, 0x110000 };
	size_t n = below(4) ? below(6) : below(40);

	for (size_t i = 0; i < n; i++) {
		uint32_t c;

		if (below(2)) {
			buf_add_str(out, hard[below(sizeof hard /
						    sizeof *hard)]);
			continue;
		}
		do
			c = (uint32_t)below(most[below(4)]);
		while (c == 0 || (c >= 0xd800 && c <= 0xdfff));
		add_point(out, c);
	}
}

enum { TABLE_ROWS = 6, TABLE_COLUMNS = 5 };

struct table {
	struct buf text;
	struct field cell[TABLE_ROWS][TABLE_COLUMNS];
	size_t end[TABLE_ROWS][TABLE_COLUMNS];
	size_t rows, columns;
};

static void
make_table(struct table *t)
{
	size_t at = 0;

	buf_clear(&t->text);
	t->rows = 1 + below(TABLE_ROWS);
	t->columns = 1 + below(TABLE_COLUMNS);
	for (size_t i = 0; i < t->rows; i++) {
		for (size_t k = 0; k < t->columns; k++) {
			add_value(&t->text);
			if (i == 0) /* so that no two names are the same */
				buf_addf(&t->text, "%zu", k);
			t->end[i][k] = t->text.len;
		}
	}
	(void)buf_str(&t->text); /* so that data is never NULL */
	for (size_t i = 0; i < t->rows; i++) {
		for (size_t k = 0; k < t->columns; k++) {
			t->cell[i][k] = (struct field){
				(const char *)t->text.data + at,
				t->end[i][k] - at
			};
			at = t->end[i][k];
		}
	}
}

static void
expect_row(const struct row *row, const struct field *want, size_t count)
{
	cr_assert_eq(row->count, count);
	for (size_t k = 0; k < count; k++) {
		cr_assert_eq(row->field[k].len, want[k].len);
		cr_assert_eq(memcmp(row->field[k].at, want[k].at, want[k].len),
			     0, "%s is not %s",
			     SHOWN_N(row->field[k].at, row->field[k].len),
			     SHOWN_N(want[k].at, want[k].len));
	}
}

Test(rows, what_is_written_is_read)
{
	struct table t = { .text = BUF_INIT };
	struct buf csv = BUF_INIT;
	struct err err = { 0 };

	seed = 20261122;
	for (int round = 0; round < 20000; round++) {
		enum rows_style style = (enum rows_style)(round % 3);
		struct rows *rows;
		const struct row *row;
		struct drip d;

		make_table(&t);
		buf_clear(&csv);
		for (size_t i = 0; i < t.rows; i++)
			rows_write(&csv, style, t.cell[i], t.columns);
		cr_assert_eq(buf_ok(&csv, &err), 0);
		cr_assert_eq(open_in(&rows, &d, csv.data, csv.len, below(20),
				     &err),
			     0, "%s in %s", err.msg,
			     SHOWN_N(csv.data, csv.len));
		expect_row(rows_header(rows), t.cell[0], t.columns);
		for (size_t i = 1; i < t.rows; i++) {
			cr_assert_eq(rows_next(rows, &row, &err), 1, "%s in %s",
				     err.msg, SHOWN_N(csv.data, csv.len));
			cr_assert_eq(row->number, i);
			expect_row(row, t.cell[i], t.columns);
		}
		cr_assert_eq(rows_next(rows, &row, &err), 0);
		rows_free(rows);
	}
	buf_release(&csv);
	buf_release(&t.text);
}

struct write_case {
	const char *value[3];
	size_t count;
	const char *plain, *quoted;
};

static const struct write_case writes[] = {
	{ { "Id", "Name", "" }, 3, "Id,Name,\n", "\"Id\",\"Name\",\"\"\n" },
	{ { "" }, 1, "\"\"\n", "\"\"\n" },
	{ { "", "" }, 2, ",\n", "\"\",\"\"\n" },
	{ { "a,b", "c\"d" }, 2, "\"a,b\",\"c\"\"d\"\n",
	  "\"a,b\",\"c\"\"d\"\n" },
	{ { "a\rb", "\n", " x\t" }, 3, "\"a\rb\",\"\n\", x\t\n",
	  "\"a\rb\",\"\n\",\" x\t\"\n" },
	{ { "\xef\xbb\xbfId", "a\xef\xbb\xbf" }, 2,
	  "\"\xef\xbb\xbfId\",a\xef\xbb\xbf\n",
	  "\"\xef\xbb\xbfId\",\"a\xef\xbb\xbf\"\n" },
	{ { "\"\"" }, 1, "\"\"\"\"\"\"\n", "\"\"\"\"\"\"\n" },
};

Test(rows, each_style_has_one_spelling)
{
	for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
		const struct write_case *c = &writes[i];
		struct field f[3];
		struct buf b = BUF_INIT;

		for (size_t k = 0; k < c->count; k++)
			f[k] = field_of(c->value[k]);
		rows_write(&b, ROWS_PLAIN, f, c->count);
		cr_expect_str_eq(buf_str(&b), c->plain);
		buf_clear(&b);
		rows_write(&b, ROWS_QUOTED, f, c->count);
		cr_expect_str_eq(buf_str(&b), c->quoted);
		b.len--;
		buf_add_str(&b, "\r\n");
		struct buf crlf = BUF_INIT;
		rows_write(&crlf, ROWS_CRLF, f, c->count);
		cr_expect_str_eq(buf_str(&crlf), buf_str(&b));
		buf_release(&crlf);
		buf_release(&b);
	}
}

/* What needs quotes is found wherever it stands, and nothing else has them. */
Test(rows, quotes_by_the_byte_wherever_it_stands)
{
	char value[25];

	for (size_t len = 1; len <= sizeof value; len++) {
		for (size_t at = 0; at < len; at++) {
			for (int c = 1; c < 256; c++) {
				struct buf b = BUF_INIT;
				bool quoted = c == ',' || c == '"' ||
					      c == '\r' || c == '\n';

				memset(value, 'v', sizeof value);
				value[at] = (char)c;
				rows_write(&b, ROWS_PLAIN,
					   &(struct field){ value, len }, 1);
				cr_expect_eq(b.data[0] == '"', quoted,
					     "byte %d at %zu of %zu", c, at,
					     len);
				buf_release(&b);
			}
		}
	}
}

Test(rows, a_write_that_cannot_fit_fails_the_buffer)
{
	struct field f[] = { field_of("a"), { "b", SIZE_MAX / 2 } };
	struct buf b = BUF_INIT;
	struct err err = { 0 };

	rows_write(&b, ROWS_PLAIN, f, 2);
	cr_expect_eq(buf_ok(&b, &err), -1);
	cr_expect_eq(b.len, 0);
	buf_release(&b);
}

Test(rows, compares_values_with_strings)
{
	cr_expect(field_is(field_of("Id"), "Id"));
	cr_expect(!field_is(field_of("Id"), "ID"));
	cr_expect(!field_is(field_of("Id"), "Id2"));
	cr_expect(!field_is(field_of("Id2"), "Id"));
	cr_expect(field_is((struct field){ NULL, 0 }, ""));
	cr_expect(!field_is((struct field){ "a\0b", 3 }, "a"));
}

static const char whole[] =
	"\"Id\",Name,\"Note\"\r\n"
	"1,\"Z\xc3\xbcrich, \"\"x\"\"\",\r\n"
	"\"2\",\"a\r\nb\rc\nd\",\" \"\r\n"
	",,\"\"\r\n"
	"4,\xf0\x9f\x91\x8d,last\r\n";

/*
 * A file cut anywhere is refused or gives the rows before the cut. The last
 * may be short, for a cut through a value without quotes looks like its end.
 */
Test(rows, a_cut_file_gives_no_row_that_was_not_there)
{
	struct buf out = BUF_INIT;

	for (size_t cut = 0; cut < sizeof whole; cut++) {
		char *copy = malloc(cut + 1); /* so that ASan sees its end */
		struct rows *all, *part;
		const struct row *a, *p;
		struct err err = { 0 };
		size_t ended = 0;

		cr_assert_not_null(copy);
		memcpy(copy, whole, cut);
		for (size_t k = 1; k < sizeof drips / sizeof *drips; k++) {
			struct buf other = BUF_INIT;

			cr_expect_str_eq(told(&other, copy, cut, drips[k]),
					 told(&out, copy, cut, 0),
					 "cut at %zu, %zu at a time", cut,
					 drips[k]);
			buf_release(&other);
		}
		cr_assert_eq(rows_open_memory(&all, whole, sizeof whole - 1,
					      &err), 0);
		if (rows_open_memory(&part, copy, cut, &err) == 0) {
			ended++;
			while (rows_next(part, &p, &err) > 0) {
				cr_assert_eq(rows_next(all, &a, &err), 1);
				cr_expect_eq(p->line, a->line);
				cr_assert_eq(p->count, a->count);
				for (size_t i = 0; i < p->count; i++) {
					struct field x = p->field[i];

					cr_expect_leq(x.len, a->field[i].len);
					cr_expect_eq(memcmp(x.at,
							    a->field[i].at,
							    x.len), 0,
						     "cut at %zu", cut);
				}
			}
			rows_free(part);
		}
		if (cut == sizeof whole - 1)
			cr_expect_eq(ended, 1, "the whole file is read");
		rows_free(all);
		free(copy);
	}
	buf_release(&out);
}

/* A source that gives a start and then the same text again and again. */
struct flood {
	struct file_source source;
	struct rd start, unit;
	const char *text;
	size_t times, given;
};

static ptrdiff_t
flood_read(struct file_source *s, void *into, size_t n, struct err *err)
{
	struct flood *f = (struct flood *)s;
	uint8_t *to = into;
	size_t done = 0;

	(void)err;
	while (done < n) {
		struct rd *from = f->start.left ? &f->start : &f->unit;
		const uint8_t *at;
		size_t some = n - done;

		if (from->left == 0 && f->times > 0) {
			*from = rd_of(f->text, strlen(f->text));
			f->times--;
		}
		some = some < from->left ? some : from->left;
		if (some == 0 || !rd_take(from, some, &at))
			break;
		memcpy(to + done, at, some);
		done += some;
	}
	f->given += done;
	return (ptrdiff_t)done;
}

struct flood_case {
	const char *what, *start, *text;
	size_t times, most; /* and how much of it may be read */
	const char *told;
};

#define LONG_ROW "a row may hold 8388608 bytes and this one holds more; is " \
	"a quote open?"
#define WIDE_ROW "a row may have 5000 columns and this one has more"

static char page[4001]; /* a value and its comma, once it is filled */

static const struct flood_case floods[] = {
	{ "a value of 200 MB", "a,b\n1,", "0123456789", 20000000,
	  LIMIT_ROW + 64 * KIB, "line 2: " LONG_ROW },
	{ "a value of 200 MB in quotes", "a,b\n1,\"", "0123\n56789", 20000000,
	  LIMIT_ROW + 64 * KIB, "line 2: " LONG_ROW },
	{ "a value of 200 MB of quotes", "a\n\"", "\"\"", 100000000,
	  2 * LIMIT_ROW + 64 * KIB, "line 2: " LONG_ROW },
	{ "a name of 200 MB", "a", "0123456789", 20000000,
	  LIMIT_ROW + 64 * KIB, "line 1: " LONG_ROW },
	{ "values of 200 MB", "a,b\n", page, 50000, 2 * LIMIT_ROW,
	  "line 2: " LONG_ROW },
	{ "a million values", "a,b\n", "1,", 1000000, 64 * KIB,
	  "line 2: " WIDE_ROW },
	{ "a million names", "", "a,", 1000000, 64 * KIB,
	  "line 1: " WIDE_ROW },
	{ "a million blank lines", "a\n", "\n", 1000000, 64 * KIB,
	  "line 2: is blank; remove it, or write \"\" for an empty value" },
	{ "a long value, then a stray quote", "a,b\n1,", "0123456\"9", 2000000,
	  64 * KIB,
	  "line 2: column 'b': a quote follows '0123456', which is not in "
	  "quotes; put the value in quotes, and write the quotes that belong "
	  "to it twice" },
};

#ifndef __SANITIZE_ADDRESS__ /* which has a memory of its own */
/* What this process had in memory at most; Criterion forks for each test. */
static size_t
peak(void)
{
	struct rusage usage;

	cr_assert_eq(getrusage(RUSAGE_SELF, &usage), 0);
	return (size_t)usage.ru_maxrss * KIB;
}
#endif

Test(rows, refuses_floods_as_soon_as_they_are_seen)
{
	memset(page, 'p', sizeof page - 2);
	page[sizeof page - 2] = ',';
	for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
		const struct flood_case *c = &floods[i];
		struct flood f = {
			{ flood_read }, rd_of(c->start, strlen(c->start)),
			{ NULL, 0 }, c->text, c->times, 0
		};
		struct rows *rows;
		const struct row *row;
		struct err err = { 0 };
		int rc = rows_open(&rows, &f.source, &err);

		if (rc == 0) {
			cr_expect_eq(rows_next(rows, &row, &err), -1);
			cr_expect_eq(rows_next(rows, &row, &err), -1);
		}
		cr_expect_str_eq(err.msg, c->told, "%s", c->what);
		cr_expect_eq(err.kind, ERR_REFUSED, "%s", c->what);
		cr_expect_leq(f.given, c->most, "%s: %zu were read", c->what,
			      f.given);
		rows_free(rows);
	}
#ifndef __SANITIZE_ADDRESS__
	cr_expect_lt(peak(), 48 * MIB, "%zu bytes", peak());
#endif
}

/* How the reading of a large input ends: the error or "". */
static void
verdict(struct err *err, const struct buf *csv, size_t cut)
{
	struct drip d = { { drip_read }, rd_of(csv->data, csv->len), MIB, cut };
	struct rows *rows;
	const struct row *row;

	*err = (struct err){ 0 };
	if (rows_open(&rows, &d.source, err) < 0)
		return;
	while (rows_next(rows, &row, err) > 0)
		;
	rows_free(rows);
}

struct edge_case {
	const char *open, *close;
	size_t values; /* bytes of values in the row */
	const char *told;
};

static const char stray[] = "line 2: column 'b': a quote follows ";

static const struct edge_case edges[] = {
	{ "x,", "\n1,2\n", LIMIT_ROW, "" },
	{ "x,", "\n1,2\n", LIMIT_ROW + 1, "line 2: " LONG_ROW },
	{ "x,\"", "\"\n1,2\n", LIMIT_ROW, "" },
	{ "x,\"", "\"\n1,2\n", LIMIT_ROW + 1, "line 2: " LONG_ROW },
	{ "x,\"", "\"", LIMIT_ROW, "" },
	{ "x,\"", "\"", LIMIT_ROW + 1, "line 2: " LONG_ROW },
	{ "x,", "", LIMIT_ROW, "" },
	{ "x,", "", LIMIT_ROW + 1, "line 2: " LONG_ROW },
	{ "x,", "\"", LIMIT_ROW, stray },
	{ "x,", "\"", LIMIT_ROW + 1, stray },
	{ "x,", "\"", LIMIT_ROW + 2, "line 2: " LONG_ROW },
};

/* A row of the limit, and longer ones, with a cut at each byte of the end. */
Test(rows, takes_a_row_up_to_its_limit)
{
	char *value = malloc(LIMIT_ROW + 2);
	struct buf csv = BUF_INIT;

	cr_assert_not_null(value);
	memset(value, 'v', LIMIT_ROW + 2);
	for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
		const struct edge_case *c = &edges[i];
		struct err err;

		buf_clear(&csv);
		buf_add_str(&csv, "a,b\n");
		buf_add_str(&csv, c->open);
		buf_add(&csv, value, c->values - 1);
		buf_add_str(&csv, c->close);
		for (size_t cut = 0; cut < 5; cut++) {
			verdict(&err, &csv, cut);
			if (c->told == stray)
				err.msg[sizeof stray - 1] = 0;
			cr_expect_str_eq(err.msg, c->told,
					 "edge %zu, cut %zu", i, cut);
		}
	}
	buf_release(&csv);
	free(value);
}

Test(rows, takes_columns_up_to_their_limit)
{
	struct buf csv = BUF_INIT;
	struct err err = { 0 };

	for (size_t columns = LIMIT_COLUMNS - 1; columns <= LIMIT_COLUMNS + 1;
	     columns++) {
		bool fits = columns <= LIMIT_COLUMNS;

		for (size_t k = 0; k < sizeof drips / sizeof *drips; k++) {
			struct rows *rows;
			const struct row *row;
			struct drip d;

			buf_clear(&csv);
			for (size_t i = 0; i < columns; i++)
				buf_addf(&csv, "%sc%zu", i ? "," : "", i);
			for (size_t line = 0; line < 3; line++)
				for (size_t i = 0; i < columns; i++)
					buf_addf(&csv, "%c%zu",
						 i ? ',' : '\n', i);
			cr_assert_eq(open_in(&rows, &d, csv.data, csv.len,
					     drips[k], &err), fits ? 0 : -1);
			if (!fits)
				continue;
			for (size_t line = 0; line < 3; line++) {
				cr_assert_eq(rows_next(rows, &row, &err), 1);
				cr_expect(field_is(row->field[0], "0"));
				cr_expect(field_is(row->field[4321], "4321"));
			}
			cr_expect_eq(rows_next(rows, &row, &err), 0);
			rows_free(rows);
		}
	}
	cr_expect_str_eq(err.msg, "line 1: " WIDE_ROW);
	buf_release(&csv);
}

/* A file larger than a piece, whose rows and characters straddle the cuts. */
Test(rows, reads_the_same_whatever_the_pieces)
{
	static const size_t sizes[] = { 1, 7, 1000, 16384, 16385, 65536 };
	struct buf csv = BUF_INIT, first = BUF_INIT, again = BUF_INIT;

	buf_add_str(&csv, "a,b,c\n");
	for (int i = 0; csv.len < 300000; i++)
		buf_addf(&csv, "%d,\"%s,\n\"\"%d\"\"\",%s\n", i, "\xe2\x82\xac",
			 i * i, i % 3 ? "\xf0\x9f\x91\x8d" :
					"\xc3\xa9\xc3\xa9");
	for (int bad = 0; bad < 2; bad++) {
		if (bad) /* in a row that no cut is near */
			csv.data[csv.len - 3] = 0xff;
		(void)told(&first, csv.data, csv.len, 0);
		cr_expect_eq(strcmp((char *)first.data + first.len - 3, "end")
				     == 0, !bad);
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
			cr_expect_eq(strcmp(told(&again, csv.data, csv.len,
						 sizes[i]),
					    (char *)first.data), 0,
				     "%zu at a time", sizes[i]);
	}
	buf_release(&again);
	buf_release(&first);
	buf_release(&csv);
}

/* A source that fails after so many bytes. */
struct broken {
	struct drip drip;
	size_t left;
};

static ptrdiff_t
broken_read(struct file_source *s, void *into, size_t n, struct err *err)
{
	struct broken *b = (struct broken *)s;
	ptrdiff_t got;

	if (b->left == 0)
		return err_set(err, ERR_SYSTEM, "cannot read");
	got = drip_read(s, into, n < b->left ? n : b->left, err);
	b->left -= (size_t)got;
	return got;
}

Test(rows, passes_on_that_its_source_failed)
{
	for (size_t n = 0; n < sizeof whole - 1; n++) {
		struct broken b = {
			{ { broken_read }, rd_of(whole, sizeof whole - 1), 9,
			  0 },
			n
		};
		struct rows *rows;
		const struct row *row;
		struct err err = { 0 };
		int rc = rows_open(&rows, &b.drip.source, &err);

		while (rc == 0 && rows_next(rows, &row, &err) > 0)
			;
		cr_expect_eq(err.kind, ERR_SYSTEM, "after %zu", n);
		cr_expect_str_eq(err.msg, "cannot read");
		if (rc == 0) {
			err = (struct err){ 0 };
			cr_expect_eq(rows_next(rows, &row, &err), -1);
			cr_expect_str_eq(err.msg, "cannot read");
		}
		rows_free(rows);
	}
}

#ifndef __SANITIZE_ADDRESS__ /* which takes all address space for itself */
static size_t
pages_now(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	size_t pages = 0;

	cr_assert_not_null(f);
	cr_assert_eq(fscanf(f, "%zu", &pages), 1);
	(void)fclose(f);
	return pages;
}

Test(rows, runs_out_of_memory_without_harm)
{
	struct buf csv = BUF_INIT;
	size_t read = 0, failed = 0;

	buf_add_str(&csv, "a,b\n1,");
	memset(buf_room(&csv, 6 * MIB), 'v', 6 * MIB);
	csv.len += 6 * MIB;
	buf_add_str(&csv, "\n1,2");
	for (size_t slack = 0; slack < 24 * MIB; slack += 512 * KIB) {
		size_t now = pages_now() * 4 * KIB;
		struct rlimit old, less;
		struct rows *rows = NULL;
		const struct row *row;
		struct err err = { 0 };
		int rc;

		cr_assert_eq(getrlimit(RLIMIT_AS, &old), 0);
		less = (struct rlimit){ now + slack, old.rlim_max };
		cr_assert_eq(setrlimit(RLIMIT_AS, &less), 0);
		rc = rows_open_memory(&rows, csv.data, csv.len, &err);
		while (rc == 0 && (rc = rows_next(rows, &row, &err)) > 0)
			rc = 0;
		rows_free(rows);
		cr_assert_eq(setrlimit(RLIMIT_AS, &old), 0);
		if (err.kind == ERR_NONE) {
			read++;
			continue;
		}
		failed++;
		cr_expect_eq(err.kind, ERR_SYSTEM);
		cr_expect_str_eq(err.msg, "out of memory");
	}
	cr_expect_gt(read, 0);
	cr_expect_gt(failed, 0);
	buf_release(&csv);
}
#endif

Test(rows, frees_nothing)
{
	rows_free(NULL);
}
