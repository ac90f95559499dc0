/*
 * What rows makes of many inputs, for rows_python.py to compare with another
 * reader. On stdin each input is its length, 4 bytes little-endian, and its
 * bytes; alternate ones are read from memory and in small pieces. On stdout
 * each row is "row LINE COUNT", then COUNT values as "LENGTH:BYTES," each,
 * then LF; and each input ends in "end" or "error KIND MESSAGE" and LF.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/rows.h"

struct pieces {
	struct file_source source;
	struct rd rest;
	size_t next; /* one byte longer each time */
};

static ptrdiff_t
read_piece(struct file_source *s, void *into, size_t n, struct err *err)
{
	struct pieces *p = (struct pieces *)s;
	const uint8_t *at;

	(void)err;
	p->next = p->next % 11 + 1;
	n = n < p->next ? n : p->next;
	n = n < p->rest.left ? n : p->rest.left;
	if (n == 0 || !rd_take(&p->rest, n, &at))
		return 0;
	memcpy(into, at, n);
	return (ptrdiff_t)n;
}

static void
print_row(const struct row *row)
{
	(void)printf("row %" PRIu64 " %zu\n", row->line, row->count);
	for (size_t i = 0; i < row->count; i++) {
		(void)printf("%zu:", row->field[i].len);
		(void)fwrite(row->field[i].at, 1, row->field[i].len, stdout);
		(void)putchar(',');
	}
	(void)putchar('\n');
}

static void
print_input(const uint8_t *data, size_t len, bool whole)
{
	struct pieces p = { { read_piece }, rd_of(data, len), 0 };
	struct rows *rows;
	const struct row *row;
	struct err err = { 0 };
	int rc = whole ? rows_open_memory(&rows, data, len, &err) :
			 rows_open(&rows, &p.source, &err);

	if (rc == 0) {
		print_row(rows_header(rows));
		while ((rc = rows_next(rows, &row, &err)) > 0)
			print_row(row);
	}
	if (rc == 0)
		(void)puts("end");
	else
		(void)printf("error %d %s\n", (int)err.kind, err.msg);
	rows_free(rows);
}

int
main(void)
{
	uint8_t head[4];
	bool whole = false;

	while (fread(head, 1, 4, stdin) == 4) {
		size_t len = (size_t)head[0] | (size_t)head[1] << 8 |
			     (size_t)head[2] << 16 | (size_t)head[3] << 24;
		uint8_t *data = malloc(len ? len : 1);

		if (!data || fread(data, 1, len, stdin) != len) {
			(void)fputs("an input is cut short\n", stderr);
			return 1;
		}
		whole = !whole;
		print_input(data, len, whole);
		free(data);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
