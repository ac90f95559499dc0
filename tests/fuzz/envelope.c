/*
 * envelope.c: a sealed file that was edited in any way is refused, and one
 * that was not gives back what was sealed. An input picks one of a few
 * plaintexts sealed at the start (their lengths lie at the edges of chunks)
 * and edits of it; one input in 256 is itself sealed, so that most cost
 * little. To be run from the project's root, where fixtures/ lies.
 */
#include "format/envelope.h"

#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { READY = 6, EDITS = 8 };

static struct key_pair *acme, *globex;
static struct sealed {
	struct buf plain, file;
} ready[READY];

struct sink {
	struct file_sink sink;
	struct buf *buf;
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static struct key_pair *
pair_of(const char *path)
{
	struct buf text = BUF_INIT;
	struct key_pair *pair;
	struct err err = { 0 };
	bool protected;

	must(file_read(&text, path, LIMIT_SECRET_KEY, &err) == 0);
	must(key_pair_read(&pair, text.data, text.len, NULL, &protected,
			   &err) == 0);
	buf_release(&text);
	return pair;
}

static int
to_buf(struct file_sink *s, const void *data, size_t len, struct err *err)
{
	struct sink *sink = (struct sink *)s;

	buf_add(sink->buf, data, len);
	return buf_ok(sink->buf, err);
}

static void
seal(struct buf *out, const void *plain, size_t len)
{
	struct sink to = { { to_buf }, out };
	struct envelope_out *e;
	struct err err = { 0 };

	must(envelope_begin(&e, &to.sink, acme, key_pair_public(globex)->id,
			    key_pair_sealing(globex), &err) == 0);
	must(envelope_sink(e)->write(envelope_sink(e), plain, len, &err) == 0);
	must(envelope_end(e, &err) == 0);
	envelope_out_free(e);
}

static void
begin(void)
{
	static const size_t sizes[READY] = { 1, 700, LIMIT_CHUNK,
					     LIMIT_CHUNK + 1, 2 * LIMIT_CHUNK,
					     2 * LIMIT_CHUNK + 9 };
	struct err err = { 0 };

	must(keys_init(&err) == 0);
	acme = pair_of("fixtures/keys/acme.key");
	globex = pair_of("fixtures/keys/globex.key");
	for (size_t i = 0; i < READY; i++) {
		for (size_t n = 0; n < sizes[i]; n++)
			buf_add_byte(&ready[i].plain, (uint8_t)(n * 7));
		seal(&ready[i].file, ready[i].plain.data, sizes[i]);
	}
}

/* Whether a file opens to its end; what came out is the plaintext. */
static bool
opens(const struct buf *file, const struct buf *plain)
{
	struct envelope_head head;
	struct envelope_in *in = NULL;
	struct file_memory from;
	struct err err = { 0 };
	uint8_t piece[5000];
	size_t at = 0;
	ptrdiff_t got = -1;

	file_from_memory(&from, file->data, file->len);
	if (envelope_read_head(&head, &from.source, &err) == 0 &&
	    envelope_open(&in, &head, &from.source, globex,
			  key_pair_sealing(acme), &err) == 0) {
		struct file_source *s = envelope_source(in);

		while ((got = s->read(s, piece, sizeof piece, &err)) > 0) {
			must((size_t)got <= plain->len - at);
			must(memcmp(piece, plain->data + at,
				    (size_t)got) == 0);
			at += (size_t)got;
		}
	}
	envelope_in_free(in);
	must(got == 0 || (err.kind == ERR_REFUSED && err.msg[0]));
	must(got != 0 || at == plain->len);
	return got == 0;
}

static size_t
number(struct rd *r, size_t bytes)
{
	const uint8_t *at;
	size_t n = 0;

	if (!rd_take(r, bytes, &at))
		return 0;
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | at[i];
	return n;
}

/* A buffer of an earlier input, empty again: a new one would cost its pages. */
static void
renew(struct buf *b)
{
	if (b->data)
		ASAN_UNPOISON_MEMORY_REGION(b->data, b->cap);
	b->len = 0;
}

/* Nothing behind its end is to be read. */
static void
fence(const struct buf *b)
{
	if (b->data)
		ASAN_POISON_MEMORY_REGION(b->data + b->len, b->cap - b->len);
}

/* The file without or with twice a range, or with two ranges exchanged. */
static void
move(struct buf *file, unsigned how, size_t at, size_t len)
{
	static struct buf out = BUF_INIT;
	struct buf old = *file;
	size_t rest;

	if (len > file->len - at)
		len = file->len - at;
	rest = file->len - at - len;
	if (how == 2 && rest < len)
		return;
	renew(&out);
	buf_add(&out, file->data, at);
	if (how == 0)
		buf_add(&out, file->data + at + len, rest);
	if (how == 1) {
		buf_add(&out, file->data + at, len);
		buf_add(&out, file->data + at, len + rest);
	}
	if (how == 2) {
		buf_add(&out, file->data + at + len, len);
		buf_add(&out, file->data + at, len);
		buf_add(&out, file->data + at + 2 * len, rest - len);
	}
	*file = out;
	out = old;
}

static void
edit(struct buf *file, struct rd *r)
{
	for (unsigned i = 0; i < EDITS && r->left > 0 && file->len > 0; i++) {
		unsigned how = (unsigned)number(r, 1);
		/* A chunk's edge, or near the start, or anywhere. */
		size_t at = number(r, 3) % file->len, len;

		if (how & 0x80)
			at = (ENVELOPE_HEAD + at % 3 * (LIMIT_CHUNK + 17)) %
			     file->len;
		else if (how & 0x40)
			at %= file->len < 400 ? file->len : 400;
		len = how & 0x20 ? LIMIT_CHUNK + 17 : number(r, 1);
		switch (how % 6) {
		case 0:
		case 1:
		case 2:
			move(file, how % 6, at, len);
			break;
		case 3:
			file->len = at;
			break;
		case 4:
			for (size_t n = 0; n <= len % 64; n++)
				buf_add_byte(file, (uint8_t)len);
			break;
		default:
			file->data[at] ^= (uint8_t)len;
		}
		must(!file->failed);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_of(data, size);
	static struct buf file = BUF_INIT;
	struct buf own = BUF_INIT;
	const struct buf *plain, *whole;
	const uint8_t *pick;
	bool same;

	if (!acme)
		begin();
	if (!rd_take(&r, 2, &pick))
		return 0;
	renew(&file);
	plain = &ready[pick[0] % READY].plain;
	whole = &ready[pick[0] % READY].file;
	if (pick[1] == 0x5e && size % 16 == 0) {
		struct buf seen = { (uint8_t *)(uintptr_t)data, size, size,
				    false };

		seal(&own, data, size);
		must(opens(&own, &seen));
		plain = &seen;
		whole = &own;
		buf_add(&file, own.data, own.len);
		edit(&file, &r);
		fence(&file);
		same = file.len == own.len &&
		       memcmp(file.data, own.data, own.len) == 0;
		must(opens(&file, &seen) == same);
	} else {
		buf_add(&file, whole->data, whole->len);
		edit(&file, &r);
		fence(&file);
		same = file.len == whole->len &&
		       memcmp(file.data, whole->data, whole->len) == 0;
		must(opens(&file, plain) == same);
	}
	buf_release(&own);
	return 0;
}
