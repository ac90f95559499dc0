/*
 * archive.c on any bytes. What it takes to the end must be the one spelling,
 * shown by writing it again. The first byte picks: the bytes as they are, or
 * an archive made of them, names and bodies, which must be taken, with bytes
 * exchanged, which must not.
 */
#include "format/archive.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 4096 };

struct sink {
	struct file_sink sink;
	struct buf buf;
};

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static int
to_buf(struct file_sink *s, const void *data, size_t len, struct err *err)
{
	struct sink *sink = (struct sink *)s;

	buf_add(&sink->buf, data, len);
	return buf_ok(&sink->buf, err);
}

/* Whether all is taken; what is taken is written again. */
static bool
read_all(const uint8_t *data, size_t size, struct file_sink *again)
{
	struct file_memory from;
	struct err err = { 0 };
	char name[ARCHIVE_NAME];
	uint8_t body[MOST];
	size_t len;
	int got;

	file_from_memory(&from, data, size);
	while ((got = archive_next(&from.source, name, &len, MOST, &err)) > 0) {
		must(len <= MOST && memchr(name, 0, sizeof name) && name[0]);
		if (archive_body(&from.source, body, len, &err) < 0) {
			got = -1;
			break;
		}
		must(archive_put(again, name, body, len, &err) == 0);
	}
	must(got == 0 || (err.kind == ERR_REFUSED && err.msg[0]));
	if (got == 0)
		must(archive_end(again, &err) == 0);
	return got == 0;
}

/* Members of the input: a name's length, a body's, and both. */
static void
make(struct sink *out, const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	struct rd r = rd_of(data, size);
	const uint8_t *head, *at, *body;

	while (rd_take(&r, 2, &head)) {
		size_t len = head[0] % (ARCHIVE_NAME - 1) + 1u;
		size_t body_len = head[1] * 3u;
		char name[ARCHIVE_NAME] = "";

		if (!rd_take(&r, len, &at) || memchr(at, 0, len))
			break;
		memcpy(name, at, len);
		if (body_len > r.left)
			body_len = r.left;
		must(rd_take(&r, body_len, &body));
		must(archive_put(&out->sink, name, body, body_len, &err) == 0);
	}
	must(archive_end(&out->sink, &err) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sink made = { { to_buf }, BUF_INIT };
	struct sink again = { { to_buf }, BUF_INIT };
	struct sink third = { { to_buf }, BUF_INIT };
	size_t at;

	if (size < 4)
		return 0;
	if (data[0] & 1)
		buf_add(&made.buf, data + 4, size - 4);
	else
		make(&made, data + 4, size - 4);
	if (read_all(made.buf.data, made.buf.len, &again.sink))
		must(again.buf.len == made.buf.len &&
		     memcmp(again.buf.data, made.buf.data,
			    again.buf.len) == 0);
	else
		must(data[0] & 1);
	/* One byte exchanged: another archive, or none, but never the same. */
	if (!(data[0] & 1) && data[3]) {
		at = (data[1] * 256u + data[2]) % made.buf.len;
		made.buf.data[at] ^= data[3];
		if (read_all(made.buf.data, made.buf.len, &third.sink))
			must(third.buf.len == made.buf.len &&
			     memcmp(third.buf.data, made.buf.data,
				    third.buf.len) == 0);
	}
	buf_release(&made.buf);
	buf_release(&again.buf);
	buf_release(&third.buf);
	return 0;
}
