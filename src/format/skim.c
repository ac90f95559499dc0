/* Raw CSV records: see skim.h. */
#include "format/skim.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 256 << 10 }; /* read at once */

struct skim {
	struct file_source *from;
	struct buf buf;
	size_t at; /* in buf: where the next record begins */
	uint64_t line;
	bool ended, begun;
};

int
skim_open(struct skim **out, struct file_source *from, struct err *err)
{
	struct skim *s = calloc(1, sizeof *s);

	*out = NULL;
	if (!s)
		return err_memory(err);
	s->from = from;
	s->line = 1;
	*out = s;
	return 0;
}

void
skim_free(struct skim *s)
{
	if (!s)
		return;
	buf_release(&s->buf);
	free(s);
}

/* Read more behind what is there, moving that to the front first. */
static int
read_more(struct skim *s, struct err *err)
{
	uint8_t *room;
	ptrdiff_t got;

	if (s->at > 0) {
		memmove(s->buf.data, s->buf.data + s->at, s->buf.len - s->at);
		s->buf.len -= s->at;
		s->at = 0;
	}
	room = buf_room(&s->buf, PIECE);
	if (!room)
		return err_memory(err);
	got = s->from->read(s->from, room, PIECE, err);
	if (got < 0)
		return -1;
	s->buf.len += (size_t)got;
	s->ended = got == 0;
	return 0;
}

/* How many of these bytes are quotes. */
static size_t
count_quotes(const uint8_t *p, size_t len)
{
	const uint8_t *end = p + len;
	size_t n = 0;

	while (p < end && (p = memchr(p, '"', (size_t)(end - p)))) {
		n++;
		p++;
	}
	return n;
}

static uint64_t
count_lines(const uint8_t *p, size_t len)
{
	const uint8_t *end = p + len;
	uint64_t n = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		n++;
		p++;
	}
	return n;
}

/* One BOM at the very start. */
static int
begin(struct skim *s, struct err *err)
{
	s->begun = true;
	while (s->buf.len < 3 && !s->ended)
		if (read_more(s, err) < 0)
			return -1;
	if (s->buf.len >= 3 && memcmp(s->buf.data, "\xef\xbb\xbf", 3) == 0)
		s->at = 3;
	return 0;
}

int
skim_next(struct skim *s, struct skim_record *record, struct err *err)
{
	size_t seen = 0; /* bytes of this record looked at */
	bool open = false;

	if (!s->begun && begin(s, err) < 0)
		return -1;
	for (;;) {
		const uint8_t *from = s->buf.data + s->at + seen, *lf;
		size_t left = s->buf.len - s->at - seen;

		lf = left ? memchr(from, '\n', left) : NULL;
		left = lf ? (size_t)(lf - from) + 1 : left;
		open ^= count_quotes(from, left) & 1;
		seen += left;
		if (lf && !open)
			break;
		if (seen > LIMIT_ROW)
			return err_set(err, ERR_REFUSED, "line %llu: a row of "
				       "more than %zu bytes; is a quote left "
				       "open?", (unsigned long long)s->line,
				       LIMIT_ROW);
		if (lf)
			continue;
		if (s->ended)
			break;
		if (read_more(s, err) < 0)
			return -1;
	}
	record->data = s->buf.data + s->at;
	record->whole = record->len = seen;
	record->line = s->line;
	if (seen == 0)
		return 0;
	if (record->data[record->len - 1] == '\n') {
		record->len--;
		if (record->len > 0 && record->data[record->len - 1] == '\r')
			record->len--;
	}
	s->line += count_lines(record->data, seen);
	s->at += seen;
	return 1;
}

/* The end of the value that begins at p: its comma, or the record's end. */
static const uint8_t *
value_end(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *comma;

	while (p < end && *p == '"') { /* once, or again after a pair */
		p = memchr(p + 1, '"', (size_t)(end - p - 1));
		if (!p)
			return end;
		p++;
	}
	comma = p < end ? memchr(p, ',', (size_t)(end - p)) : NULL;
	return comma ? comma : end;
}

bool
skim_column(const struct skim_record *record, size_t column, struct field *out)
{
	const uint8_t *p = record->data, *end = p + record->len, *stop;

	for (;; column--) {
		stop = value_end(p, end);
		if (column == 0)
			break;
		if (stop == end)
			return false;
		p = stop + 1;
	}
	if (p < stop && *p == '"') {
		p++;
		if (p == stop || stop[-1] != '"')
			return false;
		stop--;
	}
	if (p < stop && memchr(p, '"', (size_t)(stop - p)))
		return false;
	*out = (struct field){ (const char *)p, (size_t)(stop - p) };
	return true;
}
