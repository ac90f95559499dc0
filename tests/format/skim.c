#include "format/skim.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A source of so many bytes at a time. */
struct drip {
	struct file_source source;
	struct rd rest;
	size_t most;
};

static ptrdiff_t
drip_read(struct file_source *s, void *into, size_t n, struct err *err)
{
	struct drip *d = (struct drip *)s;
	const uint8_t *at;

	(void)err;
	n = n < d->most ? n : d->most;
	n = n < d->rest.left ? n : d->rest.left;
	if (n == 0 || !rd_take(&d->rest, n, &at))
		return 0;
	memcpy(into, at, n);
	return (ptrdiff_t)n;
}

static struct drip
drip_of(const void *data, size_t len, size_t most)
{
	return (struct drip){ { drip_read }, rd_of(data, len), most };
}

static const uint8_t key[KEYS_MARK_KEY] = "thirty-two bytes that stay here";

/* One record after the other, its line that of the file. */
struct feed {
	struct skim *skim;
	struct skim_batch batch;
	size_t at;
	bool begun;
};

static struct feed
feed_of(struct drip *d, size_t piece)
{
	struct feed f = { .at = 0 };
	struct err err = { 0 };

	cr_assert_eq(skim_open(&f.skim, &d->source, piece, &err), 0);
	return f;
}

static int
feed_next(struct feed *f, struct skim_record *out, struct err *err)
{
	bool begun = f->begun;
	int got;

	f->begun = true;
	if (!begun) {
		got = skim_header(f->skim, out, err);
		return got > 0 && skim_begin(f->skim, key, err) < 0 ? -1 : got;
	}
	if (f->at == f->batch.count) {
		f->batch.count = f->at = 0;
		got = skim_next(f->skim, &f->batch, err);
		if (got <= 0)
			return got;
	}
	*out = f->batch.record[f->at++];
	out->line += f->batch.lines;
	return 1;
}

static void
expect_mark(const struct skim_record *record)
{
	uint8_t mark[KEYS_MARK];

	keys_mark(mark, record->data, record->len, key);
	cr_expect_eq(memcmp(mark, record->mark, KEYS_MARK), 0);
}

/* xorshift: the same numbers every time. */
static uint32_t state = 20261122;

static size_t
below(size_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

enum { MOST_COLUMNS = 5 };

/* A CSV that rows accepts: any values, quotes where they may be, any ends. */
static void
make_csv(struct buf *out, size_t columns)
{
	static const char *const values[] = {
		"", "", "a", "Acme", " ", "a,b", "\"", "\"\"", "x\"y", "\n",
		"l1\nl2", "l1\r\nl2", "\r", ",", "\",\"", "\n\"\n", "\xc3\xa9",
	};
	const char *end = below(2) ? "\n" : "\r\n";
	size_t rows = 1 + below(5);

	if (below(4) == 0)
		buf_add_str(out, "\xef\xbb\xbf");
	for (size_t r = 0; r < rows; r++) {
		for (size_t c = 0; c < columns; c++) {
			const char *v = values[below(sizeof values /
						     sizeof *values)];
			char name[] = { (char)('a' + c), 0 };
			bool quote;

			v = r == 0 ? name : v;
			quote = strpbrk(v, ",\"\r\n") || below(3) == 0 ||
				(columns == 1 && !*v);
			buf_add_str(out, c ? "," : "");
			buf_add_str(out, quote ? "\"" : "");
			for (const char *p = v; *p; p++) {
				buf_add_byte(out, (uint8_t)*p);
				if (*p == '"')
					buf_add_byte(out, '"');
			}
			buf_add_str(out, quote ? "\"" : "");
		}
		if (r + 1 < rows || below(3) > 0)
			buf_add_str(out, end);
	}
	cr_assert_not_null(buf_str(out));
}

static void
expect_same_values(const struct skim_record *record, const struct row *row)
{
	struct field got;

	for (size_t c = 0; c < row->count; c++) {
		const struct field *want = &row->field[c];

		if (want->len > 0 && memchr(want->at, '"', want->len)) {
			cr_expect_not(skim_column(record, c, &got));
			continue;
		}
		cr_assert(skim_column(record, c, &got));
		cr_expect_eq(got.len, want->len);
		cr_expect(want->len == 0 ||
			  memcmp(got.at, want->at, want->len) == 0);
	}
	cr_expect_not(skim_column(record, row->count, &got));
}

static void
expect_rows_agree(const struct buf *text, size_t most, size_t piece)
{
	struct drip d = drip_of(text->data, text->len, most);
	struct feed feed = feed_of(&d, piece);
	size_t seen = text->data[0] == 0xef ? 3 : 0;
	struct skim_record record;
	struct err err = { 0 };
	const struct row *row;
	struct rows *rows;
	int got;

	cr_assert_eq(rows_open_memory(&rows, text->data, text->len, &err), 0,
		     "%s", err.msg);
	row = rows_header(rows);
	do {
		cr_assert_eq(feed_next(&feed, &record, &err), 1);
		if (row->number > 0)
			expect_mark(&record);
		cr_expect_eq(record.line, row->line);
		cr_expect_eq(memcmp(record.data, text->data + seen,
				    record.whole), 0);
		cr_expect_leq(record.len, record.whole);
		seen += record.whole;
		expect_same_values(&record, row);
	} while ((got = rows_next(rows, &row, &err)) > 0);
	cr_expect_eq(got, 0, "%s", err.msg);
	cr_expect_eq(feed_next(&feed, &record, &err), 0);
	cr_expect_eq(feed_next(&feed, &record, &err), 0, "the end stays");
	cr_expect_eq(seen, text->len);
	skim_free(feed.skim);
	rows_free(rows);
}

Test(skim, agrees_with_rows_on_what_rows_accepts)
{
	static const size_t most[] = { 1, 2, 3, 7, 1 << 20 };
	static const size_t piece[] = { 1, 5, 20, 64, 300, SKIM_PIECE };

	for (int i = 0; i < 3000; i++) {
		struct buf text = BUF_INIT;

		make_csv(&text, 1 + below(MOST_COLUMNS));
		expect_rows_agree(&text, most[below(5)], piece[below(6)]);
		buf_release(&text);
	}
}

Test(skim, finds_a_value_from_outside)
{
	static const struct {
		const char *record;
		size_t column;
		const char *value; /* NULL: none */
	} cases[] = {
		{ "a,b,c", 0, "a" },
		{ "a,b,c", 2, "c" },
		{ "a,b,c", 3, NULL },
		{ "", 0, "" },
		{ "", 1, NULL },
		{ ",", 0, "" },
		{ ",", 1, "" },
		{ ",", 2, NULL },
		{ "\"\"", 0, "" },
		{ "\"\",x", 1, "x" },
		{ "\"a,b\",c", 0, "a,b" },
		{ "\"a,b\",c", 1, "c" },
		{ "\"a\nb\",c", 1, "c" },
		{ "\"a\"\"b\",c", 0, NULL },
		{ "\"a\"\"b\",c", 1, "c" },
		{ "\"a\"\",\",c", 1, "c" },
		{ "\"\"\"\",c", 0, NULL },
		{ "\"\"\"\",c", 1, "c" },
		{ "\"open", 0, NULL },
		{ "\"open,x", 1, NULL },
		{ "\"", 0, NULL },
		{ "a\"b,c", 0, NULL },
		{ "a\"b,c", 1, "c" },
		{ "\"a\"b,c", 0, NULL },
		{ "\"a\"b,c", 1, "c" },
		{ "x,\"001\"", 1, "001" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = strlen(cases[i].record);
		/* On the heap, so that a byte too far is seen. */
		uint8_t *text = malloc(len ? len : 1);
		struct skim_record record = { .data = text, .len = len };
		struct field got;
		bool found;

		cr_assert_not_null(text);
		memcpy(text, cases[i].record, len);
		found = skim_column(&record, cases[i].column, &got);
		cr_expect_eq(found, cases[i].value != NULL, "%s, column %zu",
			     cases[i].record, cases[i].column);
		cr_expect(!found || !cases[i].value ||
			  field_is(got, cases[i].value), "%s, column %zu",
			  cases[i].record, cases[i].column);
		free(text);
	}
}

Test(skim, tells_lines_and_line_ends)
{
	static const char text[] = "\xef\xbb\xbfId\r\n\"a\nb\"\r\n\n"
				   "\xef\xbb\xbf" "c\r";
	static const struct {
		uint64_t line;
		size_t len, whole;
	} want[] = { { 1, 2, 4 }, { 2, 5, 7 }, { 4, 0, 1 }, { 5, 5, 5 } };
	struct drip d = drip_of(text, sizeof text - 1, 2);
	struct feed feed = feed_of(&d, 3);
	struct skim_record record;
	struct err err = { 0 };

	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		cr_assert_eq(feed_next(&feed, &record, &err), 1);
		cr_expect_eq(record.line, want[i].line, "%zu", i);
		cr_expect_eq(record.len, want[i].len, "%zu", i);
		cr_expect_eq(record.whole, want[i].whole, "%zu", i);
	}
	cr_expect_eq(feed_next(&feed, &record, &err), 0);
	skim_free(feed.skim);
}

Test(skim, is_at_the_end_of_nothing)
{
	static const char *const texts[] = { "", "\xef\xbb\xbf" };

	for (size_t i = 0; i < 2; i++) {
		struct drip d = drip_of(texts[i], strlen(texts[i]), 1);
		struct feed feed = feed_of(&d, SKIM_PIECE);
		struct skim_record record;
		struct err err = { 0 };

		cr_expect_eq(feed_next(&feed, &record, &err), 0);
		skim_free(feed.skim);
	}
	skim_free(NULL);
}

Test(skim, refuses_a_row_without_end)
{
	size_t len = LIMIT_ROW + MIB;
	char *text = malloc(len);
	struct skim_record record;
	struct err err = { 0 };
	struct feed feed;
	struct drip d;

	cr_assert_not_null(text);
	memset(text, 'x', len);
	memcpy(text, "Id\n\"", 4);
	d = drip_of(text, len, 1 << 16);
	feed = feed_of(&d, SKIM_PIECE);
	cr_assert_eq(feed_next(&feed, &record, &err), 1);
	cr_expect_eq(feed_next(&feed, &record, &err), -1);
	cr_expect_eq(err.kind, ERR_REFUSED);
	cr_expect_eq(strncmp(err.msg, "line 2: ", 8), 0, "%s", err.msg);
	skim_free(feed.skim);

	/* And one that ends, behind others. */
	memcpy(text, "Id\n1\n2\n", 7);
	text[LIMIT_ROW + 8] = '\n';
	d = drip_of(text, len, 1 << 16);
	feed = feed_of(&d, SKIM_PIECE);
	for (size_t i = 0; i < 3; i++)
		if (feed_next(&feed, &record, &err) < 0)
			break;
	cr_expect_eq(feed_next(&feed, &record, &err), -1);
	cr_expect_eq(strncmp(err.msg, "line 4: ", 8), 0, "%s", err.msg);
	skim_free(feed.skim);
	free(text);
}

Test(skim, tells_quotes_and_lines_as_the_plain_one_does)
{
	static const char bytes[] = "\"\n,a\r\0\xff\x8a\xa2";
	uint8_t block[64];

	for (int i = 0; i < 2000; i++) {
		struct skim_masks fast, plain;

		for (size_t b = 0; b < sizeof block; b++)
			block[b] = i < 256 ? (uint8_t)i :
					     (uint8_t)bytes[below(9)];
		fast = skim_masks(block);
		plain = skim_masks_plain(block);
		cr_expect_eq(fast.quotes, plain.quotes);
		cr_expect_eq(fast.lines, plain.lines);
	}
}
