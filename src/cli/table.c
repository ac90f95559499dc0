/* A list on the screen: see table.h. */
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void
table_begin(struct table *t, const char *const *column, size_t columns)
{
	*t = (struct table){ column, columns, 0, BUF_INIT };
}

void
table_row(struct table *t, const char *const *value)
{
	for (size_t i = 0; i < t->columns; i++)
		buf_add(&t->cells, value[i], strlen(value[i]) + 1);
	t->rows++;
}

/* How many columns a text takes: its characters, roughly. */
static size_t
width_of(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((uint8_t)*s & 0xc0) != 0x80;
	return n;
}

static void
print_cell(const char *s, size_t width, bool last)
{
	printf("%s", s);
	for (size_t n = width_of(s); !last && n < width + 2; n++)
		(void)putchar(' ');
	if (last)
		(void)putchar('\n');
}

static int
print_people(const struct table *t, struct err *err)
{
	size_t *width = calloc(t->columns, sizeof *width);
	const char *at = (const char *)t->cells.data;

	if (!width)
		return err_memory(err);
	for (size_t i = 0; i < t->columns; i++)
		width[i] = width_of(t->column[i]);
	for (size_t i = 0; i < t->rows * t->columns; i++) {
		size_t w = width_of(cli_shown(at, strlen(at)));

		if (w > width[i % t->columns])
			width[i % t->columns] = w;
		at += strlen(at) + 1;
	}
	for (size_t i = 0; i < t->columns; i++)
		print_cell(t->column[i], width[i], i + 1 == t->columns);
	at = (const char *)t->cells.data;
	for (size_t i = 0; i < t->rows * t->columns; i++) {
		print_cell(cli_shown(at, strlen(at)), width[i % t->columns],
			   (i + 1) % t->columns == 0);
		at += strlen(at) + 1;
	}
	free(width);
	return 0;
}

static int
print_json(const struct table *t, struct err *err)
{
	const char *at = (const char *)t->cells.data;
	struct js_build b = { false };
	struct js *all = js_new_array(&b), *row = NULL;

	for (size_t i = 0; i < t->rows * t->columns; i++) {
		if (i % t->columns == 0) {
			row = js_new_object(&b);
			js_push(&b, all, row);
		}
		js_put(&b, row, t->column[i % t->columns],
		       js_new_string(&b, at));
		at += strlen(at) + 1;
	}
	return cli_json(&b, all, false, err);
}

int
table_end(struct table *t, struct cli *cli, int rc)
{
	if (rc == 0)
		rc = buf_ok(&t->cells, &cli->err);
	cli_only_tells();
	if (rc == 0)
		rc = cli->json ? print_json(t, &cli->err) :
				 print_people(t, &cli->err);
	buf_release(&t->cells);
	return rc;
}
