/*
 * The sealed envelope: see envelope.h.
 *
 * Every chunk but the last holds LIMIT_CHUNK bytes, the last 1 to LIMIT_CHUNK.
 * The whole head is additional data of every chunk, so that no part of it can
 * be exchanged.
 */
#include "format/envelope.h"

#include <stdlib.h>
#include <string.h>

static const char magic[ENVELOPE_MAGIC + 1] = "orgferry sealed 0\n";

enum {
	AT_FROM = ENVELOPE_MAGIC,
	AT_TO = AT_FROM + KEYS_ID,
	AT_LOCK = AT_TO + KEYS_ID,
	AT_STREAM = AT_LOCK + KEYS_LOCK,
	CHUNK = LIMIT_CHUNK,
	SEALED = CHUNK + KEYS_CHUNK_OVER,
};
_Static_assert(AT_STREAM + KEYS_STREAM == ENVELOPE_HEAD &&
	       ENVELOPE_HEAD == 178, "FORMAT.md, \"Sealed bundle\"");

bool
envelope_is(const uint8_t start[static ENVELOPE_MAGIC])
{
	return memcmp(start, magic, ENVELOPE_MAGIC) == 0;
}

struct envelope_out {
	struct file_sink sink; /* first, so that one is the other */
	struct file_sink *under;
	struct keys_stream *stream;
	uint8_t head[ENVELOPE_HEAD];
	size_t held;
	uint8_t plain[CHUNK], sealed[SEALED];
};

static int
seal_held(struct envelope_out *out, bool final, struct err *err)
{
	keys_stream_push(out->stream, out->sealed, out->plain, out->held,
			 out->head, sizeof out->head, final);
	if (out->under->write(out->under, out->sealed,
			      out->held + KEYS_CHUNK_OVER, err) < 0)
		return -1;
	out->held = 0;
	return 0;
}

static int
envelope_write(struct file_sink *s, const void *data, size_t len,
	       struct err *err)
{
	struct envelope_out *out = (struct envelope_out *)s;
	const uint8_t *at = data;

	while (len > 0) {
		size_t n = CHUNK - out->held;

		/* A full chunk waits until it is known not to be the last. */
		if (n == 0) {
			if (seal_held(out, false, err) < 0)
				return -1;
			continue;
		}
		if (n > len)
			n = len;
		memcpy(out->plain + out->held, at, n);
		out->held += n;
		at += n;
		len -= n;
	}
	return 0;
}

int
envelope_begin(struct envelope_out **out, struct file_sink *under,
	       const struct key_pair *from, const uint8_t to[static KEYS_ID],
	       const uint8_t sealing[static KEYS_SEAL_PUBLIC], struct err *err)
{
	struct envelope_out *e = calloc(1, sizeof *e);

	*out = NULL;
	if (!e)
		return err_memory(err);
	e->sink.write = envelope_write;
	e->under = under;
	memcpy(e->head, magic, ENVELOPE_MAGIC);
	memcpy(e->head + AT_FROM, key_pair_public(from)->id, KEYS_ID);
	memcpy(e->head + AT_TO, to, KEYS_ID);
	if (keys_seal(&e->stream, e->head + AT_LOCK, e->head + AT_STREAM, from,
		      sealing, err) < 0 ||
	    under->write(under, e->head, sizeof e->head, err) < 0) {
		envelope_out_free(e);
		return -1;
	}
	*out = e;
	return 0;
}

struct file_sink *
envelope_sink(struct envelope_out *out)
{
	return &out->sink;
}

int
envelope_end(struct envelope_out *out, struct err *err)
{
	return seal_held(out, true, err);
}

void
envelope_out_free(struct envelope_out *out)
{
	if (!out)
		return;
	keys_stream_free(out->stream);
	free(out);
}

struct envelope_in {
	struct file_source source; /* first, so that one is the other */
	struct file_source *under;
	struct keys_stream *stream;
	struct envelope_head head;
	bool final;	  /* the last chunk has been opened */
	size_t at, have;  /* in plain */
	uint8_t sealed[SEALED], plain[CHUNK];
};

int
envelope_read_head(struct envelope_head *head, struct file_source *under,
		   struct err *err)
{
	int got = file_take(under, head->bytes, sizeof head->bytes, err);

	if (got < 0)
		return -1;
	if (got == 0 || !envelope_is(head->bytes))
		return err_set(err, ERR_REFUSED, "is not a sealed bundle");
	memcpy(head->from, head->bytes + AT_FROM, KEYS_ID);
	memcpy(head->to, head->bytes + AT_TO, KEYS_ID);
	return 0;
}

/* As much of a chunk as the file still has. */
static int
fill(struct envelope_in *in, size_t *len, struct err *err)
{
	*len = 0;
	while (*len < SEALED) {
		ptrdiff_t got = in->under->read(in->under, in->sealed + *len,
						SEALED - *len, err);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		*len += (size_t)got;
	}
	return 0;
}

/* Open the next chunk into plain; at the file's end, none. */
static int
next_chunk(struct envelope_in *in, struct err *err)
{
	size_t len;

	if (fill(in, &len, err) < 0)
		return -1;
	in->at = in->have = 0;
	if (len == 0 && in->final)
		return 0;
	if (in->final)
		return err_set(err, ERR_REFUSED, "something follows the end "
			       "of the sealed bundle");
	if (len == 0)
		return err_set(err, ERR_REFUSED, "the sealed bundle is cut "
			       "short: copy it again");
	if (len <= KEYS_CHUNK_OVER ||
	    !keys_stream_pull(in->stream, in->plain, &in->final, in->sealed,
			      len, in->head.bytes, sizeof in->head.bytes))
		return err_set(err, ERR_REFUSED, "a part of the sealed bundle "
			       "is not what was sealed: it was changed, or "
			       "cut short");
	if (!in->final && len != SEALED)
		return err_set(err, ERR_REFUSED, "the sealed bundle is cut "
			       "short: copy it again");
	in->have = len - KEYS_CHUNK_OVER;
	return 0;
}

static ptrdiff_t
envelope_read(struct file_source *s, void *into, size_t n, struct err *err)
{
	struct envelope_in *in = (struct envelope_in *)s;

	if (in->at == in->have && next_chunk(in, err) < 0)
		return -1;
	if (n > in->have - in->at)
		n = in->have - in->at;
	memcpy(into, in->plain + in->at, n);
	in->at += n;
	return (ptrdiff_t)n;
}

int
envelope_open(struct envelope_in **out, const struct envelope_head *head,
	      struct file_source *under, const struct key_pair *own,
	      const uint8_t from[static KEYS_SEAL_PUBLIC], struct err *err)
{
	struct envelope_in *e = calloc(1, sizeof *e);

	*out = NULL;
	if (!e)
		return err_memory(err);
	e->source.read = envelope_read;
	e->under = under;
	e->head = *head;
	if (keys_open(&e->stream, head->bytes + AT_LOCK,
		      head->bytes + AT_STREAM, own, from, err) < 0) {
		envelope_in_free(e);
		return -1;
	}
	*out = e;
	return 0;
}

struct file_source *
envelope_source(struct envelope_in *in)
{
	return &in->source;
}

void
envelope_in_free(struct envelope_in *in)
{
	if (!in)
		return;
	keys_stream_free(in->stream);
	memset(in->plain, 0, sizeof in->plain);
	free(in);
}
