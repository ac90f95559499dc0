/*
 * Raw CSV records: see skim.h.
 *
 * The caller's thread reads pieces and cuts them where a record ends; threads
 * of a pool find the records of a piece and mark them; the caller gets them
 * back in order. To cut a piece, only the number of its quotes has to be known:
 * odd since the last cut, and its end stands within quotes.
 */
#include "format/skim.h"

#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/pool.h"

enum {
	BLOCK = 64, /* bytes looked at as one */
	DEPTH = 6,  /* pieces under way; the caller's is one of them */
	LARGE = 4,  /* so many times the size, and a piece's room is not kept */
};

/* A piece of the file: whole records, and room for a block too far. */
struct piece {
	uint8_t *data;
	size_t start, len, room;
	const uint8_t *key;
	uint64_t lines; /* that end in it; if too_long: which is */
	struct skim_record *record;
	size_t count, records;
	bool no_memory, too_long;
};

struct skim {
	struct file_source *from;
	size_t size; /* of a piece */
	struct pool *pool;
	struct piece piece[DEPTH];
	size_t cut; /* pieces so far */
	struct piece *first; /* that the header is in; then NULL */
	struct buf rest; /* read behind the last cut: of the next piece */
	uint64_t lines;	 /* in what was handed out */
	size_t held;	 /* bytes under way */
	struct piece *taken; /* the caller's, or NULL */
	bool ended;
	uint8_t key[KEYS_MARK_KEY];
};

int
skim_open(struct skim **out, struct file_source *from, size_t piece,
	  struct err *err)
{
	struct skim *s = calloc(1, sizeof *s);

	*out = NULL;
	if (!s)
		return err_memory(err);
	s->from = from;
	s->size = piece;
	*out = s;
	return 0;
}

void
skim_free(struct skim *s)
{
	if (!s)
		return;
	pool_free(s->pool);
	for (size_t i = 0; i < DEPTH; i++) {
		free(s->piece[i].data);
		free(s->piece[i].record);
	}
	buf_release(&s->rest);
	free(s);
}

struct skim_masks
skim_masks_plain(const uint8_t at[static 64])
{
	struct skim_masks m = { 0, 0 };

	for (unsigned i = 0; i < BLOCK; i++) {
		m.quotes |= (uint64_t)(at[i] == '"') << i;
		m.lines |= (uint64_t)(at[i] == '\n') << i;
	}
	return m;
}

#ifdef __SSE2__
static inline uint64_t
bits_of(__m128i bytes, unsigned shift)
{
	return (uint64_t)(uint32_t)_mm_movemask_epi8(bytes) << shift;
}

static inline struct skim_masks
masks(const uint8_t *at)
{
	const __m128i quote = _mm_set1_epi8('"'), lf = _mm_set1_epi8('\n');
	struct skim_masks m = { 0, 0 };

	for (unsigned i = 0; i < BLOCK; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)
					    (at + i));

		m.quotes |= bits_of(_mm_cmpeq_epi8(v, quote), i);
		m.lines |= bits_of(_mm_cmpeq_epi8(v, lf), i);
	}
	return m;
}
#else
#define masks skim_masks_plain
#endif

struct skim_masks
skim_masks(const uint8_t at[static 64])
{
	return masks(at);
}

/* Each bit: whether the bits up to it, itself included, are odd in number. */
static inline uint64_t
odd_so_far(uint64_t bits)
{
	for (unsigned by = 1; by < BLOCK; by *= 2)
		bits ^= bits << by;
	return bits;
}

/* Whether a text has an odd number of quotes. */
static bool
odd_quotes(const uint8_t *p, size_t len)
{
	typedef uint8_t vector __attribute__((vector_size(16)));
	vector odd = { 0 }, v;
	uint8_t sum = 0;

	for (; len >= sizeof v; p += sizeof v, len -= sizeof v) {
		memcpy(&v, p, sizeof v);
		odd ^= (vector)(v == '"');
	}
	for (unsigned i = 0; i < sizeof v; i++)
		sum ^= odd[i];
	for (; len > 0; p++, len--)
		sum ^= *p == '"';
	return sum & 1;
}

/* Room for one record more. */
static int
more_records(struct piece *p)
{
	size_t room = p->records ? p->records * 2 : 1024;
	struct skim_record *grown = realloc(p->record, room * sizeof *grown);

	if (!grown)
		return -1;
	p->record = grown;
	p->records = room;
	return 0;
}

/* How long a record is, with its line end and without. */
static void
set_end(struct skim_record *r, size_t whole)
{
	r->len = r->whole = whole;
	if (whole > 0 && r->data[r->len - 1] == '\n') {
		r->len--;
		if (r->len > 0 && r->data[r->len - 1] == '\r')
			r->len--;
	}
}

/* One record of a piece, which begins at `at` and ends before `end`. */
static int
add_record(struct piece *p, size_t at, size_t end, uint64_t line)
{
	struct skim_record *r;

	if (end - at > LIMIT_ROW)
		p->too_long = true;
	if (p->count == p->records && more_records(p) < 0)
		return -1;
	r = &p->record[p->count++];
	r->data = p->data + at;
	r->line = line;
	set_end(r, end - at);
	keys_mark(r->mark, r->data, r->len, p->key);
	return p->too_long ? -1 : 0;
}

/*
 * The job of a thread: find the records of a piece, block by block. An LF is
 * within quotes if the quotes before it are odd in number.
 */
static void
skim_piece(void *job)
{
	struct piece *p = job;
	uint64_t line = 1, lines = 0, within = 0;
	size_t start = p->start;

	p->count = 0;
	p->no_memory = p->too_long = false;
	memset(p->data + p->len, 0, BLOCK);
	for (size_t at = start; at < p->len; at += BLOCK) {
		struct skim_masks m = masks(p->data + at);

		within ^= odd_so_far(m.quotes);
		for (; m.lines; m.lines &= m.lines - 1) {
			unsigned bit = (unsigned)__builtin_ctzll(m.lines);
			size_t end = at + bit + 1;

			lines++;
			if (within >> bit & 1)
				continue;
			if (add_record(p, start, end, line) < 0)
				goto fail;
			start = end;
			line = lines + 1;
		}
		within = (uint64_t)0 - (within >> 63);
	}
	if (start < p->len && add_record(p, start, p->len, line) < 0)
		goto fail;
	p->lines = lines;
	return;
fail:
	p->no_memory = !p->too_long;
	p->lines = line;
}

static int
piece_room(struct piece *p, size_t room, struct err *err)
{
	uint8_t *grown;

	if (room <= p->room)
		return 0;
	grown = realloc(p->data, room + BLOCK);
	if (!grown)
		return err_memory(err);
	p->data = grown;
	p->room = room;
	return 0;
}

/* Read until a piece has so many bytes, or the source is at its end. */
static int
read_upto(struct skim *s, struct piece *p, size_t len, struct err *err)
{
	if (piece_room(p, len, err) < 0)
		return -1;
	while (p->len < len && !s->ended) {
		ptrdiff_t got = s->from->read(s->from, p->data + p->len,
					      len - p->len, err);

		if (got < 0)
			return -1;
		p->len += (size_t)got;
		s->ended = got == 0;
	}
	return 0;
}

/*
 * Behind the last LF of a text that is outside quotes, and not before `from`;
 * 0 if there is none. open: whether the text's end is within quotes.
 */
static size_t
last_end(const uint8_t *text, size_t from, size_t len, bool open)
{
	for (; len > from; len--) {
		if (text[len - 1] == '\n' && !open)
			return len;
		open ^= text[len - 1] == '"';
	}
	return 0;
}

static int
too_long(uint64_t line, struct err *err)
{
	return err_set(err, ERR_REFUSED, "line %llu: a row of more than %zu "
		       "bytes; is a quote left open?",
		       (unsigned long long)line, LIMIT_ROW);
}

/*
 * Fill a piece with whole records, and put what was read of the next one
 * aside: each piece begins outside quotes.
 */
static int
cut_piece(struct skim *s, struct piece *p, struct err *err)
{
	bool open = false;
	size_t seen = 0, end;

	if (piece_room(p, s->rest.len + s->size, err) < 0)
		return -1;
	if (s->rest.len > 0)
		memcpy(p->data, s->rest.data, s->rest.len);
	p->len = s->rest.len;
	p->start = 0;
	buf_clear(&s->rest);
	do {
		if (read_upto(s, p, p->len + s->size, err) < 0)
			return -1;
		open ^= odd_quotes(p->data + seen, p->len - seen);
		end = s->ended ? p->len :
				 last_end(p->data, seen, p->len, open);
		seen = p->len;
	} while (end == 0 && !s->ended && p->len <= LIMIT_ROW);
	/* All of it one record, and longer than any may be: see add_record. */
	if (end == 0)
		end = p->len;
	buf_add(&s->rest, p->data + end, p->len - end);
	p->len = end;
	s->cut++;
	return buf_ok(&s->rest, err);
}

int
skim_header(struct skim *s, struct skim_record *header, struct err *err)
{
	struct piece *p = &s->piece[0];
	size_t end;
	bool open = false;

	if (cut_piece(s, p, err) < 0)
		return -1;
	if (p->len >= 3 && memcmp(p->data, "\xef\xbb\xbf", 3) == 0)
		p->start = 3;
	*header = (struct skim_record){ .data = p->data + p->start, .line = 1 };
	for (end = p->start; end < p->len; end++) {
		open ^= p->data[end] == '"';
		s->lines += p->data[end] == '\n';
		if (p->data[end] == '\n' && !open) {
			end++;
			break;
		}
	}
	set_end(header, end - p->start);
	p->start = end;
	if (header->whole > LIMIT_ROW)
		return too_long(1, err);
	s->first = p;
	return header->whole > 0;
}

/*
 * Keep the threads busy: cut pieces until as many as may be are under way, or
 * as many bytes, where rows are long. The caller has let go of what it had.
 */
static int
give_pieces(struct skim *s, struct err *err)
{
	while (!pool_full(s->pool) && s->held < DEPTH * s->size) {
		struct piece *p = s->first;

		if (!p && s->ended)
			return 0;
		if (!p) {
			p = &s->piece[s->cut % DEPTH];
			if (cut_piece(s, p, err) < 0)
				return -1;
		}
		s->first = NULL;
		p->key = s->key;
		s->held += p->len;
		pool_give(s->pool, p);
	}
	return 0;
}

/* What the caller had; a long row's room is not kept. */
static void
let_go(struct skim *s)
{
	struct piece *p = s->taken;

	s->taken = NULL;
	if (!p || p->room <= LARGE * s->size)
		return;
	free(p->data);
	p->data = NULL;
	p->room = 0;
}

int
skim_begin(struct skim *s, const uint8_t key[static KEYS_MARK_KEY],
	   struct err *err)
{
	memcpy(s->key, key, sizeof s->key);
	if (pool_new(&s->pool, DEPTH, skim_piece, err) < 0)
		return -1;
	return give_pieces(s, err);
}

int
skim_next(struct skim *s, struct skim_batch *batch, struct err *err)
{
	struct piece *p;

	do {
		let_go(s);
		if (give_pieces(s, err) < 0)
			return -1;
		p = pool_take(s->pool);
		if (!p)
			return 0;
		s->held -= p->len;
		s->taken = p;
		if (p->no_memory)
			return err_memory(err);
		if (p->too_long)
			return too_long(s->lines + p->lines, err);
		batch->record = p->record;
		batch->count = p->count;
		batch->lines = s->lines;
		s->lines += p->lines;
	} while (p->count == 0);
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
