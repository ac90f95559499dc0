/*
 * CSV rows: see rows.h.
 *
 * libcsv pushes and its callbacks cannot stop it; our callers pull. So a
 * piece of the input is pushed at a time, the rows that end in it wait in a
 * queue, and what was refused in it is told once they are taken. All checks
 * hang on values and rows, never on where a piece happens to end, so that the
 * same file gives the same rows and the same error however it is read.
 *
 * What libcsv would let pass is caught here: it trims spaces (never_space()),
 * drops blank rows (CSV_REPALL_NL), takes CR, LF and CRLF for one another,
 * ragged rows, NUL, bytes that are no text, and values without end.
 */
#include "format/rows.h"

#include <csv.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/*
 * What is pushed at once. A row that grows past its ceiling is seen within
 * this many bytes; larger pieces leave the processor's cache and are slower.
 */
#define PIECE (16 * KIB)

enum state {
	IN_ROW,
	AFTER_CR, /* the row is whole, and its CR wants an LF */
	ENDED,
	FAILED, /* err says why */
};

enum line_end { END_UNKNOWN, END_LF, END_CRLF };

struct rows {
	struct csv_parser parser;
	struct file_source *from; /* NULL: rest is all there is */
	uint8_t *piece;		  /* what is read from it */
	struct rd rest;		  /* read and not yet pushed */
	size_t size;		  /* of a piece, at the most */

	/* The queue: rows, their values, the bytes of those. */
	struct row *queue;
	struct field *cell;
	struct buf text;
	size_t queued, taken;

	/* The row under way: values from cell[first], bytes from begin. */
	size_t first, count, begin;
	uint64_t line, number;
	bool doubtful;	     /* look whether its values are text */
	bool doubtful_piece; /* and those of the rows that follow it */

	bool table;	   /* no header: the first row is as any other */
	size_t most;	   /* values a row */
	size_t width;	   /* of the first row; 0: not read yet */
	struct row header; /* count is 0 until it was read */
	struct field *names;
	enum line_end end;
	enum state state;
	struct err err;
};

static void
refuse(struct rows *r, uint64_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void
refuse(struct rows *r, uint64_t line, const char *fmt, ...)
{
	char why[LIMIT_MESSAGE];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	(void)err_set(&r->err, ERR_REFUSED, "line %" PRIu64 ": %s", line, why);
	r->state = FAILED;
}

static void
fail_memory(struct rows *r)
{
	(void)err_memory(&r->err);
	r->state = FAILED;
}

static uint64_t
count_lf(const void *s, size_t len)
{
	const uint8_t *at = s;
	uint64_t n = 0;

	while (len > 0) {
		const uint8_t *lf = memchr(at, '\n', len);

		if (!lf)
			break;
		n++;
		len -= (size_t)(lf + 1 - at);
		at = lf + 1;
	}
	return n;
}

static size_t
row_len(const struct rows *r)
{
	return r->text.len - r->begin;
}

/* The line that value i of the row under way begins in; i may be its count. */
static uint64_t
line_of(const struct rows *r, size_t i)
{
	const uint8_t *row = r->text.data + r->begin;
	size_t len = row_len(r);

	if (i < r->count)
		len = (size_t)(r->cell[r->first + i].at - (const char *)row);
	return r->line + (len > 0 ? count_lf(row, len) : 0);
}

/* A column for a message: by its name, where it has one. */
#define COLUMN_SHOWN (LIMIT_SHOWN + sizeof "column ")
#define COLUMN(r, i) show_column((char[COLUMN_SHOWN]){ 0 }, (r), (i))

static const char *
show_column(char dst[static COLUMN_SHOWN], const struct rows *r, size_t i)
{
	if (i < r->header.count)
		(void)snprintf(dst, COLUMN_SHOWN, "column %s",
			       SHOWN_N(r->names[i].at, r->names[i].len));
	else
		(void)snprintf(dst, COLUMN_SHOWN, "%s %zu",
			       r->table ? "value" : "column", i + 1);
	return dst;
}

/* Whether every value that the row under way has so far is text. */
static bool
check_text(struct rows *r)
{
	const struct field *f = r->cell + r->first;

	if (!r->doubtful)
		return true;
	for (size_t i = 0; i < r->count; i++) {
		bool nul = f[i].len > 0 && memchr(f[i].at, 0, f[i].len);

		if (!nul && text_is_utf8(f[i].at, f[i].len))
			continue;
		refuse(r, line_of(r, i), nul ? "%s: %s holds a NUL byte; is "
		       "the file UTF-16? export it as UTF-8" :
		       "%s: %s is not UTF-8; export the file as UTF-8",
		       COLUMN(r, i), SHOWN_N(f[i].at, f[i].len));
		return false;
	}
	return true;
}

/*
 * Whether nothing earlier is wrong in what leads up to a fault in the middle
 * of a row. Refuses it if so: the first fault is the one to tell.
 */
static bool
check_before(struct rows *r)
{
	if (r->state == AFTER_CR) {
		refuse(r, line_of(r, r->count), "a CR alone ends this line; "
		       "end lines in LF or CRLF, and quote a value that "
		       "holds a CR");
		return false;
	}
	return check_text(r);
}

static void
refuse_long(struct rows *r)
{
	if (check_before(r))
		refuse(r, r->line, "a row may hold %zu bytes and this one "
		       "holds more; is a quote open?", LIMIT_ROW);
}

/* Whether each column has a name of its own. */
static bool
check_names(struct rows *r)
{
	size_t count = r->header.count, twin, of;

	for (size_t i = 0; i < count; i++) {
		if (r->names[i].len == 0) {
			refuse(r, 1, "column %zu has no name", i + 1);
			return false;
		}
	}
	if (!field_find_twin(&twin, &of, r->names, count)) {
		fail_memory(r);
		return false;
	}
	if (twin == count)
		return true;
	refuse(r, 1, "column %zu is named %s, as column %zu is already (case "
	       "does not tell names apart)", twin + 1,
	       SHOWN_N(r->names[twin].at, r->names[twin].len), of + 1);
	return false;
}

/* Keep the row under way as the header. */
static void
take_header(struct rows *r)
{
	const struct field *f = r->cell + r->first;
	struct field *names;
	char *at;

	names = malloc(r->count * sizeof *names + row_len(r));
	if (!names) {
		fail_memory(r);
		return;
	}
	at = (char *)(names + r->count);
	for (size_t i = 0; i < r->count; i++) {
		names[i] = (struct field){ at, f[i].len };
		if (f[i].len > 0)
			memcpy(at, f[i].at, f[i].len);
		at += f[i].len;
	}
	r->names = names;
	r->header = (struct row){ names, r->count, r->line, r->number };
	if (!check_names(r))
		r->header.count = 0;
}

/* The row under way is sound and over: queue it, and begin the next. */
static void
end_row(struct rows *r, enum line_end end)
{
	uint64_t last = line_of(r, r->count);

	if (r->end == END_UNKNOWN)
		r->end = end;
	if (r->end != end) {
		refuse(r, last, "ends in %s, and the lines before it in %s; "
		       "end all lines alike", end == END_LF ? "LF" : "CRLF",
		       end == END_LF ? "CRLF" : "LF");
		return;
	}
	r->state = IN_ROW;
	if (r->width == 0)
		r->width = r->count;
	if (r->header.count > 0 || r->table)
		r->queue[r->queued++] = (struct row){
			r->cell + r->first, r->count, r->line, r->number
		};
	else
		take_header(r);
	r->number++;
	r->line = last + 1;
	r->first += r->count;
	r->count = 0;
	r->begin = r->text.len;
	r->doubtful = r->doubtful_piece;
}

static void
on_field(void *s, size_t len, void *arg)
{
	struct rows *r = arg;
	uint8_t *at = r->text.data + r->text.len;

	if (r->state != IN_ROW) {
		if (r->state == AFTER_CR)
			(void)check_before(r);
		return;
	}
	if (len > LIMIT_ROW - row_len(r)) {
		refuse_long(r);
		return;
	}
	if (r->count == r->most) {
		if (check_before(r))
			refuse(r, r->line, "a row may have %zu %s and this "
			       "one has more", r->most,
			       r->table ? "values" : "columns");
		return;
	}
	if (len > 0)
		memcpy(at, s, len);
	r->text.len += len;
	r->cell[r->first + r->count++] = (struct field){ (char *)at, len };
}

/* A line end outside quotes, which is c; or the end of the file, which is -1 */
static void
on_row(int c, void *arg)
{
	struct rows *r = arg;

	if (r->state == AFTER_CR && c == '\n') {
		end_row(r, END_CRLF);
		return;
	}
	if (r->state != IN_ROW) {
		if (r->state == AFTER_CR)
			(void)check_before(r);
		return;
	}
	if (r->count == 0) {
		refuse(r, r->line, r->header.count == 1 ? "is blank; remove "
		       "it, or write \"\" for an empty value" :
		       "is blank; remove it");
		return;
	}
	if (!check_text(r))
		return;
	if (r->width > 0 && r->count != r->width)
		refuse(r, r->line, "has %zu value%s, and the %s %zu %s%s",
		       r->count, r->count == 1 ? "" : "s",
		       r->table ? "first row" : "header", r->width,
		       r->table ? "value" : "column",
		       r->width == 1 ? "" : "s");
	else if (c == '\r')
		r->state = AFTER_CR;
	else
		end_row(r, c == '\n' ? END_LF : r->end);
}

/* libcsv's own idea of a space would trim values. */
static int
never_space(unsigned char c)
{
	(void)c;
	return 0;
}

/*
 * Make room for the values that n more bytes can end. The queue is empty by
 * now: the row under way moves to the front.
 */
static bool
make_room(struct rows *r, size_t n)
{
	const uint8_t *was = r->text.data;
	size_t len = row_len(r);
	bool move = r->first > 0;

	r->queued = r->taken = 0;
	if (move) {
		memmove(r->cell, r->cell + r->first,
			r->count * sizeof *r->cell);
		memmove(r->text.data, r->text.data + r->begin, len);
		r->text.len = len;
		r->first = r->begin = 0;
	}
	if (!buf_room(&r->text, r->parser.entry_pos + n)) {
		fail_memory(r);
		return false;
	}
	if (move || r->text.data != was) {
		char *at = (char *)r->text.data;

		for (size_t i = 0; i < r->count; at += r->cell[i++].len)
			r->cell[i].at = at;
	}
	return true;
}

/*
 * Whether the value under way makes its row too long. One byte of what libcsv
 * holds may be the quote that will end it; on_field() sees the exact length.
 */
static bool
is_long(const struct rows *r)
{
	return r->parser.entry_pos > LIMIT_ROW - row_len(r) + 1;
}

/* libcsv stopped at a byte that may not stand where it stands. */
static void
refuse_quote(struct rows *r)
{
	const char *s = (const char *)r->parser.entry_buf;
	size_t len = r->parser.entry_pos;
	uint64_t line;

	if (is_long(r)) {
		refuse_long(r);
		return;
	}
	if (!check_before(r))
		return;
	line = line_of(r, r->count) + count_lf(s, len);
	if (r->parser.quoted) /* its closing quote is the last of s */
		refuse(r, line, "%s: something stands between the quote after "
		       "%s and the next comma; write a quote that belongs to "
		       "the value twice", COLUMN(r, r->count),
		       SHOWN_N(s, len - 1));
	else
		refuse(r, line, "%s: a quote follows %s, which is not in "
		       "quotes; put the value in quotes, and write the quotes "
		       "that belong to it twice", COLUMN(r, r->count),
		       SHOWN_N(s, len));
}

static bool
is_tail(uint8_t byte) /* of a character of more bytes than one */
{
	return (byte & 0xc0) == 0x80;
}

static void
push(struct rows *r, const uint8_t *at, size_t n)
{
	size_t taken, head = 0, tail = 0;

	/*
	 * A piece that is text has only values that are, for what is taken
	 * from between them is ASCII. A character at either end may be cut
	 * through: it is left out, and its row is looked at value by value.
	 */
	while (head < n && head < 3 && is_tail(at[head]))
		head++;
	while (tail < n - head && tail < 3 && is_tail(at[n - 1 - tail]))
		tail++;
	if (tail < n - head && at[n - 1 - tail] >= 0xc0)
		tail++;
	r->doubtful_piece = memchr(at, 0, n) ||
			    !text_is_utf8(at + head, n - head - tail);
	r->doubtful |= r->doubtful_piece || head > 0;
	/* Left alone, it would grow by 128 bytes and copy all each time. */
	csv_set_blk_size(&r->parser, n + csv_get_buffer_size(&r->parser));
	taken = csv_parse(&r->parser, at, n, on_field, on_row, r);
	r->doubtful |= tail > 0;
	if (r->state == FAILED)
		return;
	if (taken < n && csv_error(&r->parser) != CSV_EPARSE)
		fail_memory(r);
	else if (taken < n)
		refuse_quote(r);
	else if (is_long(r))
		refuse_long(r);
}

/* The input is at its end: so must be the last row. */
static void
finish(struct rows *r)
{
	int rc = csv_fini(&r->parser, on_field, on_row, r);

	if (r->state == FAILED)
		return;
	if (rc == 0 && r->state == IN_ROW)
		r->state = ENDED;
	else if (check_before(r))
		refuse(r, line_of(r, r->count), "a quote opened here is never "
		       "closed: the file is cut short");
}

/* Read and push once. */
static void
advance(struct rows *r)
{
	const uint8_t *at;
	size_t n;

	if (r->rest.left == 0 && r->from) {
		ptrdiff_t got = r->from->read(r->from, r->piece, r->size,
					      &r->err);

		if (got < 0) {
			r->state = FAILED;
			return;
		}
		r->rest = rd_of(r->piece, (size_t)got);
	}
	n = r->rest.left < r->size ? r->rest.left : r->size;
	if (!make_room(r, n))
		return;
	if (n > 0 && rd_take(&r->rest, n, &at))
		push(r, at, n);
	else
		finish(r);
}

/* What the first bytes say of the encoding; UTF-8's own mark is passed over. */
static void
pass_mark(struct rows *r)
{
	static const struct {
		const char *name, *mark;
		size_t len;
	} others[] = {
		{ "UTF-32", "\xff\xfe\0\0", 4 },
		{ "UTF-32", "\0\0\xfe\xff", 4 },
		{ "UTF-16", "\xff\xfe", 2 },
		{ "UTF-16", "\xfe\xff", 2 },
	};
	size_t n = 0;

	while (r->from && n < 4) {
		ptrdiff_t got = r->from->read(r->from, r->piece + n,
					      r->size - n, &r->err);

		if (got < 0) {
			r->state = FAILED;
			return;
		}
		if (got == 0)
			break;
		n += (size_t)got;
		r->rest = rd_of(r->piece, n);
	}
	if (rd_match_str(&r->rest, "\xef\xbb\xbf"))
		return;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (rd_match(&r->rest, others[i].mark, others[i].len)) {
			refuse(r, 1, "the file is %s; export it as UTF-8",
			       others[i].name);
			return;
		}
	}
}

/*
 * A reader with its tables. Each value takes a byte of the piece that it ends
 * in, and each row two, except the last of a file; what a row brings from the
 * pieces before is at most what a row may have, and nothing if there is one
 * piece.
 */
static struct rows *
rows_new(struct file_source *from, struct rd rest, bool table)
{
	struct rows *r = calloc(1, sizeof *r);
	size_t carried = table ? LIMIT_RECORDS + 1 : LIMIT_COLUMNS;

	if (!r)
		return NULL;
	r->table = table;
	r->most = carried;
	r->from = from;
	r->rest = rest;
	r->size = PIECE;
	if (!from && rest.left < PIECE) {
		r->size = rest.left;
		carried = 0;
	}
	r->line = 1;
	if (csv_init(&r->parser, CSV_STRICT | CSV_STRICT_FINI |
				 CSV_REPALL_NL) != 0) {
		free(r);
		return NULL;
	}
	csv_set_space_func(&r->parser, never_space);
	if (from)
		r->piece = malloc(r->size);
	r->cell = malloc((r->size + carried + 1) * sizeof *r->cell);
	r->queue = malloc((r->size / 2 + 2) * sizeof *r->queue);
	if ((from && !r->piece) || !r->cell || !r->queue) {
		rows_free(r);
		return NULL;
	}
	return r;
}

int
rows_open_table(struct rows **out, const void *data, size_t len,
		struct err *err)
{
	*out = rows_new(NULL, rd_of(data, len), true);
	return *out ? 0 : err_memory(err);
}

static int
open_rows(struct rows **out, struct file_source *from, struct rd rest,
	  struct err *err)
{
	struct rows *r = rows_new(from, rest, false);

	*out = NULL;
	if (!r)
		return err_memory(err);
	pass_mark(r);
	while (r->header.count == 0 && r->state < ENDED)
		advance(r);
	if (r->header.count > 0) {
		*out = r;
		return 0;
	}
	if (r->state == ENDED)
		refuse(r, 1, "the file is empty: it has no header");
	*err = r->err;
	rows_free(r);
	return -1;
}

int
rows_open(struct rows **out, struct file_source *from, struct err *err)
{
	return open_rows(out, from, rd_of(NULL, 0), err);
}

int
rows_open_memory(struct rows **out, const void *data, size_t len,
		 struct err *err)
{
	return open_rows(out, NULL, rd_of(data, len), err);
}

const struct row *
rows_header(const struct rows *rows)
{
	return &rows->header;
}

int
rows_next(struct rows *r, const struct row **row, struct err *err)
{
	while (r->taken == r->queued) {
		if (r->state == ENDED)
			return 0;
		if (r->state == FAILED) {
			*err = r->err;
			return -1;
		}
		advance(r);
	}
	*row = &r->queue[r->taken++];
	return 1;
}

void
rows_free(struct rows *r)
{
	if (!r)
		return;
	csv_free(&r->parser);
	buf_release(&r->text);
	free(r->piece);
	free(r->cell);
	free(r->queue);
	free(r->names);
	free(r);
}

void
rows_write(struct buf *out, enum rows_style style, const struct field *field,
	   size_t count)
{
	size_t room = 1;
	uint8_t *to;

	for (size_t i = 0; i < count; i++) {
		/* at worst all quotes, two round it, and what follows it */
		if (!sum_size(&room, field[i].len) ||
		    !sum_size(&room, field[i].len) || !sum_size(&room, 3)) {
			out->failed = true;
			return;
		}
	}
	to = buf_room(out, room);
	if (!to)
		return;
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			*to++ = ',';
		if (style != ROWS_PLAIN || (count == 1 && field[i].len == 0) ||
		    !field_is_plain(field[i])) {
			to = field_put_quoted(to, field[i]);
		} else if (field[i].len > 0) {
			memcpy(to, field[i].at, field[i].len);
			to += field[i].len;
		}
	}
	if (style == ROWS_CRLF)
		*to++ = '\r';
	*to++ = '\n';
	out->len = (size_t)(to - out->data);
}
