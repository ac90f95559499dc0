/* Raw rows parsed in threads: see parsed.h. */
#include "flow/parsed.h"

#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

enum {
	BYTES = 256 << 10, /* of a batch; a longer row makes it longer */
	UNDER_WAY = 3,
	BATCHES = UNDER_WAY + 2, /* one being filled, one the caller's */
	LARGE = 4, /* so many times the bytes, and the memory is not kept */
};

struct batch {
	struct buf text; /* the header, and raw rows under it */
	struct parsed_row *row;
	size_t count, room;
	/* What the thread makes of it. */
	size_t columns, parsed;
	struct field *field;
	size_t fields; /* room for so many */
	struct buf values;
	bool failed;
	struct err fault;
};

struct parsed {
	const struct buf *header;
	size_t columns;
	struct pool *pool;
	struct batch batch[BATCHES];
	size_t given;
	size_t held; /* bytes under way */
	struct batch *alone; /* parsed at the end, without threads */
	struct batch *taken; /* the caller's, or NULL */
};

int
parsed_open(struct parsed **out, const struct buf *header, size_t columns,
	    struct err *err)
{
	struct parsed *p = calloc(1, sizeof *p);

	*out = NULL;
	if (!p)
		return err_memory(err);
	p->header = header;
	p->columns = columns;
	*out = p;
	return 0;
}

void
parsed_free(struct parsed *p)
{
	if (!p)
		return;
	pool_free(p->pool);
	for (size_t i = 0; i < BATCHES; i++) {
		buf_release(&p->batch[i].text);
		buf_release(&p->batch[i].values);
		free(p->batch[i].row);
		free(p->batch[i].field);
	}
	free(p);
}

/* Room for what a batch's rows can have at the most. */
static int
make_room(struct batch *b)
{
	size_t fields = b->count * b->columns;

	buf_clear(&b->values);
	if (!buf_room(&b->values, b->text.len + 1))
		return err_memory(&b->fault);
	if (fields > b->fields) {
		free(b->field);
		b->field = calloc(fields, sizeof *b->field);
		b->fields = b->field ? fields : 0;
	}
	return fields <= b->fields ? 0 : err_memory(&b->fault);
}

/* Values do not outlast the next row, so they are copied; the room holds. */
static void
keep_row(struct batch *b, const struct row *row)
{
	struct field *to = b->field + b->parsed++ * b->columns;

	for (size_t i = 0; i < b->columns; i++) {
		to[i].at = (const char *)b->values.data + b->values.len;
		to[i].len = row->field[i].len;
		buf_add(&b->values, row->field[i].at, row->field[i].len);
	}
}

/* The job of a thread. */
static void
parse(void *job)
{
	struct batch *b = job;
	struct rows *rows = NULL;
	const struct row *row;
	int got = -1;

	b->parsed = 0;
	b->failed = true;
	if (make_room(b) < 0 || rows_open_memory(&rows, b->text.data,
						 b->text.len, &b->fault) < 0)
		return;
	while ((got = rows_next(rows, &row, &b->fault)) > 0 &&
	       b->parsed < b->count)
		keep_row(b, row);
	rows_free(rows);
	b->failed = got != 0 || b->parsed != b->count;
	if (b->failed && got >= 0)
		(void)err_set(&b->fault, ERR_REFUSED, "its rows cannot be "
			      "told apart");
}

static int
more_rows(struct batch *b)
{
	size_t room = b->room ? b->room * 2 : 256;
	struct parsed_row *grown = realloc(b->row, room * sizeof *grown);

	if (!grown)
		return -1;
	b->row = grown;
	b->room = room;
	return 0;
}

/* What was filled goes to the threads; the next one is empty. */
static void
give(struct parsed *p)
{
	struct batch *next;

	p->held += p->batch[p->given % BATCHES].text.len;
	pool_give(p->pool, &p->batch[p->given++ % BATCHES]);
	next = &p->batch[p->given % BATCHES];
	next->count = 0;
	buf_clear(&next->text);
}

int
parsed_add(struct parsed *p, const struct skim_record *raw,
	   const struct parsed_row *row, struct err *err)
{
	struct batch *b = &p->batch[p->given % BATCHES];

	if (b->count == b->room && more_rows(b) < 0)
		return err_memory(err);
	if (b->count == 0) {
		b->columns = p->columns;
		buf_add(&b->text, p->header->data, p->header->len);
		buf_add_byte(&b->text, '\n');
	}
	b->row[b->count++] = *row;
	buf_add(&b->text, raw->data, raw->len);
	buf_add_byte(&b->text, '\n');
	if (b->text.len < BYTES)
		return 0;
	if (buf_ok(&b->text, err) < 0 ||
	    (!p->pool && pool_new(&p->pool, UNDER_WAY, parse, err) < 0))
		return -1;
	give(p);
	return pool_full(p->pool) || p->held > UNDER_WAY * BYTES * 2;
}

int
parsed_end(struct parsed *p, struct err *err)
{
	struct batch *b = &p->batch[p->given % BATCHES];

	if (b->count == 0)
		return 0;
	if (buf_ok(&b->text, err) < 0)
		return -1;
	if (p->pool) {
		give(p);
	} else {
		parse(b);
		p->alone = b;
	}
	return 0;
}

/* What the caller had; a long row's memory is not kept. */
static void
let_go(struct parsed *p)
{
	struct batch *b = p->taken;

	p->taken = NULL;
	if (!b || b->text.cap <= LARGE * BYTES)
		return;
	buf_release(&b->text);
	buf_release(&b->values);
}

int
parsed_take(struct parsed *p, struct parsed_batch *out)
{
	struct batch *b = p->alone;

	let_go(p);
	if (p->pool) {
		b = pool_take(p->pool);
		p->held -= b ? b->text.len : 0;
	}
	p->alone = NULL;
	p->taken = b;
	if (!b)
		return 0;
	*out = (struct parsed_batch){ b->row, b->field, b->parsed, b->columns,
				      b->failed ? &b->fault : NULL };
	return 1;
}
