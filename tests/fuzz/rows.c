/*
 * Any bytes: rows refuses them or reads them, and what it read it writes, in
 * each style, so that it reads the same again. libFuzzer writes what it finds
 * into the first folder it is given, so let that be one of the build:
 *
 *	mkdir -p build/fuzz/corpus
 *	build/fuzz/rows -max_len=400 build/fuzz/corpus fixtures/fuzz/rows
 */
#include "format/rows.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
must_equal(const struct row *a, const struct row *b)
{
	must(a->count == b->count && a->number == b->number);
	for (size_t i = 0; i < a->count; i++)
		must(a->field[i].len == b->field[i].len &&
		     memcmp(a->field[i].at, b->field[i].at,
			    a->field[i].len) == 0);
}

/* Write all of an input anew; false if it is refused. */
static bool
write_anew(struct buf *out, enum rows_style style, const uint8_t *data,
	   size_t size)
{
	struct rows *rows;
	const struct row *row;
	struct err err = { 0 };
	int rc = rows_open_memory(&rows, data, size, &err);

	if (rc == 0) {
		row = rows_header(rows);
		rows_write(out, style, row->field, row->count);
		while ((rc = rows_next(rows, &row, &err)) > 0)
			rows_write(out, style, row->field, row->count);
		rows_free(rows);
	}
	must(rc == 0 || (err.kind == ERR_REFUSED &&
			 strncmp(err.msg, "line ", 5) == 0));
	must(buf_ok(out, &err) == 0);
	return rc == 0;
}

static void
must_read_the_same(const uint8_t *data, size_t size, const struct buf *again)
{
	struct rows *a, *b;
	const struct row *x, *y;
	struct err err = { 0 };
	int more;

	must(rows_open_memory(&a, data, size, &err) == 0);
	must(rows_open_memory(&b, again->data, again->len, &err) == 0);
	must_equal(rows_header(a), rows_header(b));
	while ((more = rows_next(a, &x, &err)) > 0) {
		must(rows_next(b, &y, &err) == 1);
		must_equal(x, y);
	}
	must(more == 0 && rows_next(b, &y, &err) == 0);
	rows_free(a);
	rows_free(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum rows_style styles[] = { ROWS_PLAIN, ROWS_QUOTED,
						  ROWS_CRLF };

	for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
		struct buf again = BUF_INIT;
		bool read = write_anew(&again, styles[i], data, size);

		if (read)
			must_read_the_same(data, size, &again);
		buf_release(&again);
		if (!read)
			break;
	}
	return 0;
}
