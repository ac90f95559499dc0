/*
 * Tables by columns: see columns.h.
 *
 * A column's text grows by a comma and a value a record. While it has no value
 * it grows by nothing, and costs nothing: most columns of most objects are
 * empty.
 */
#include "format/columns.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct column {
	struct field name;
	struct buf text; /* once it has a value: all so far */
	bool used, was_used;
	size_t was; /* text's length before the record under way */
};

struct columns_out {
	struct column *column;
	struct buf names; /* where those of the columns lie */
	size_t count, records;
	size_t len; /* of the CSV, were it written now */
};

static void
add_value(struct buf *text, struct field f)
{
	uint8_t *to;

	if (f.len > LIMIT_MEMBER) /* then the record is refused anyway */
		f.len = LIMIT_MEMBER;
	to = buf_room(text, 2 * f.len + 3);
	if (!to)
		return;
	*to++ = ',';
	if (!field_is_plain(f)) {
		to = field_put_quoted(to, f);
	} else if (f.len > 0) {
		memcpy(to, f.at, f.len);
		to += f.len;
	}
	text->len = (size_t)(to - text->data);
}

static void
add_commas(struct buf *text, size_t n)
{
	uint8_t *to = buf_room(text, n);

	if (to && n > 0) {
		memset(to, ',', n);
		text->len += n;
	}
}

int
columns_out_new(struct columns_out **out, const struct field *name,
		size_t count, struct err *err)
{
	struct columns_out *c = calloc(1, sizeof *c);
	const char *at;

	*out = NULL;
	if (c)
		c->column = calloc(count + 1, sizeof *c->column);
	if (!c || !c->column) {
		columns_out_free(c);
		return err_memory(err);
	}
	c->count = count;
	for (size_t i = 0; i < count; i++)
		buf_add(&c->names, name[i].at, name[i].len);
	if (buf_ok(&c->names, err) < 0) {
		columns_out_free(c);
		return -1;
	}
	at = (const char *)c->names.data;
	for (size_t i = 0; i < count; at += name[i++].len)
		c->column[i].name = (struct field){ at, name[i].len };
	*out = c;
	return 0;
}

void
columns_out_free(struct columns_out *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->column && i < c->count; i++)
		buf_release(&c->column[i].text);
	free(c->column);
	buf_release(&c->names);
	free(c);
}

/* A value into its column; how much longer the CSV is with it. */
static size_t
put(struct column *c, size_t records, struct field value)
{
	size_t more = 0;

	c->was = c->text.len;
	c->was_used = c->used;
	if (!c->used && value.len == 0)
		return 0;
	if (!c->used) {
		more = c->name.len + 1; /* and LF */
		add_commas(&c->text, records);
		c->used = true;
	}
	add_value(&c->text, value);
	return more + c->text.len - c->was;
}

int
columns_out_add(struct columns_out *c, const struct field *value,
		struct err *err)
{
	size_t len = c->len, n = 0;

	if (c->records == LIMIT_RECORDS)
		return 0;
	while (n < c->count && len <= LIMIT_MEMBER) {
		struct column *column = &c->column[n];

		len += put(column, c->records, value[n]);
		if (buf_ok(&column->text, err) < 0)
			return -1;
		n++;
	}
	if (len <= LIMIT_MEMBER) {
		c->len = len;
		c->records++;
		return 1;
	}
	while (n-- > 0) {
		c->column[n].text.len = c->column[n].was;
		c->column[n].used = c->column[n].was_used;
	}
	return 0;
}

size_t
columns_out_records(const struct columns_out *c)
{
	return c->records;
}

/* What a column keeps for the next member; all together 16 MiB at most. */
static void
clear(struct columns_out *c, struct column *column)
{
	if (column->text.cap > 4 * LIMIT_MEMBER / c->count)
		buf_release(&column->text);
	buf_clear(&column->text);
	column->used = false;
}

void
columns_out_write(struct columns_out *c, struct buf *out)
{
	/* Where all is empty one column says how many records there are. */
	if (c->len == 0 && c->count > 0) {
		add_commas(&c->column->text, c->records);
		c->column->used = true;
	}
	for (size_t i = 0; i < c->count; i++) {
		struct column *column = &c->column[i];

		out->failed |= column->text.failed;
		if (column->used) {
			buf_add(out, column->name.at, column->name.len);
			buf_add(out, column->text.data, column->text.len);
			buf_add_byte(out, '\n');
		}
		clear(c, column);
	}
	c->len = c->records = 0;
}

struct columns_in {
	struct buf names;	/* all of them, one after the other */
	struct buf text, ends;	/* values, and where each ends in text */
	struct field name[LIMIT_COLUMNS];
	struct field value[LIMIT_COLUMNS];
	uint64_t line[LIMIT_COLUMNS];
	size_t count, records, told;
	struct row header, row;
};

int
columns_in_new(struct columns_in **out, struct err *err)
{
	*out = calloc(1, sizeof **out);
	return *out ? 0 : err_memory(err);
}

void
columns_in_free(struct columns_in *c)
{
	if (!c)
		return;
	buf_release(&c->names);
	buf_release(&c->text);
	buf_release(&c->ends);
	free(c);
}

/* Take in one column. */
static int
take(struct columns_in *c, const struct row *row, struct err *err)
{
	uint32_t *end;
	size_t len = 0;
	uint8_t *to;

	if (c->count == LIMIT_COLUMNS)
		return err_set(err, ERR_REFUSED, "line %llu: is one column "
			       "more than the %zu that a table may have",
			       (unsigned long long)row->line, LIMIT_COLUMNS);
	if (row->count < 2)
		return err_set(err, ERR_REFUSED, "line %llu: has no values",
			       (unsigned long long)row->line);
	c->records = row->count - 1;
	c->line[c->count] = row->line;
	/* Where the name lies is known when all names are there. */
	c->name[c->count++].len = row->field->len;
	buf_add(&c->names, row->field->at, row->field->len);
	for (size_t i = 1; i < row->count; i++)
		len += row->field[i].len;
	end = (uint32_t *)(void *)buf_room(&c->ends, c->records * sizeof *end);
	to = buf_room(&c->text, len);
	if (!end || !to)
		return err_memory(err);
	for (size_t i = 1; i < row->count; i++) {
		if (row->field[i].len > 0)
			memcpy(to, row->field[i].at, row->field[i].len);
		to += row->field[i].len;
		end[i - 1] = (uint32_t)(to - c->text.data);
	}
	c->text.len += len;
	c->ends.len += c->records * sizeof *end;
	if (len == 0 && c->line[0] != row->line)
		return err_set(err, ERR_REFUSED, "line %llu: column %s has no "
			       "value; leave it out",
			       (unsigned long long)row->line,
			       SHOWN_N(row->field->at, row->field->len));
	return 0;
}

/* Once all columns are there. */
static int
finish(struct columns_in *c, struct err *err)
{
	const char *at = (const char *)c->names.data;
	const uint32_t *end = (const uint32_t *)(const void *)c->ends.data;
	size_t twin, of;

	if (c->count == 0)
		return err_set(err, ERR_REFUSED, "line 1: is empty");
	if (c->count > 1 && end[c->records - 1] == 0)
		return err_set(err, ERR_REFUSED, "line 1: column %s has no "
			       "value; leave it out",
			       SHOWN_N(at, c->name[0].len));
	for (size_t i = 0; i < c->count; i++) {
		c->name[i].at = at;
		at += c->name[i].len;
	}
	if (!field_find_twin(&twin, &of, c->name, c->count))
		return err_memory(err);
	if (twin < c->count)
		return err_set(err, ERR_REFUSED, "line %llu: column %s comes "
			       "twice", (unsigned long long)c->line[twin],
			       SHOWN_N(c->name[twin].at, c->name[twin].len));
	c->header = (struct row){ c->name, c->count, 1, 0 };
	return 0;
}

int
columns_in_read(struct columns_in *c, const void *data, size_t len,
		struct err *err)
{
	const struct row *row;
	struct rows *rows;
	int got;

	c->count = c->records = c->told = 0;
	buf_clear(&c->names);
	buf_clear(&c->text);
	buf_clear(&c->ends);
	if (rows_open_table(&rows, data, len, err) < 0)
		return -1;
	while ((got = rows_next(rows, &row, err)) > 0)
		if (take(c, row, err) < 0) {
			got = -1;
			break;
		}
	rows_free(rows);
	if (got < 0 || buf_ok(&c->names, err) < 0)
		return -1;
	return finish(c, err);
}

const struct row *
columns_in_names(const struct columns_in *c)
{
	return &c->header;
}

uint64_t
columns_in_line(const struct columns_in *c, size_t column)
{
	return c->line[column];
}

int
columns_in_next(struct columns_in *c, const struct row **row)
{
	const uint32_t *end = (const uint32_t *)(const void *)c->ends.data;
	const char *text = c->text.data ? (const char *)c->text.data : "";

	if (c->told == c->records)
		return 0;
	for (size_t i = 0; i < c->count; i++) {
		size_t at = i * c->records + c->told;
		uint32_t begin = at > 0 ? end[at - 1] : 0;

		c->value[i] = (struct field){ text + begin, end[at] - begin };
	}
	c->told++;
	c->row = (struct row){ c->value, c->count, c->line[0], c->told };
	*row = &c->row;
	return 1;
}
