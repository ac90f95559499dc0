/* gzip by zlib: see gzip.h. */
#include "format/gzip.h"

#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

/*
 * The header that zlib writes at levels 2 to 8 on Unix: no flags, no time, no
 * name. RFC 1952, section 2.3.
 */
static const uint8_t header[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };

enum {
	WINDOW = 15 + 16, /* the largest window, in gzip's wrapping */
	MEMORY = 8,	  /* its tables stay in a cache: faster than 9 */
	LEVEL = 6,
};

int
gzip_deflate(struct buf *out, const void *data, size_t len, struct err *err)
{
	z_stream z;
	uLong most;
	int rc = -1;

	memset(&z, 0, sizeof z);
	if (deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW, MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return err_memory(err);
	most = deflateBound(&z, (uLong)len);
	buf_clear(out);
	z.next_out = buf_room(out, most);
	if (!z.next_out) {
		(void)err_memory(err);
		goto out;
	}
	z.avail_out = (uInt)most;
	z.next_in = data;
	z.avail_in = (uInt)len;
	if (deflate(&z, Z_FINISH) != Z_STREAM_END) {
		(void)err_set(err, ERR_SYSTEM, "zlib could not deflate");
		goto out;
	}
	out->len = z.total_out;
	rc = 0;
out:
	(void)deflateEnd(&z);
	return rc;
}

int
gzip_inflate(struct buf *out, size_t size, const void *stored, size_t len,
	     struct err *err)
{
	struct rd rd = rd_of(stored, len);
	z_stream z;
	uint8_t past;
	int got;

	if (!rd_match(&rd, header, sizeof header))
		return err_set(err, ERR_REFUSED, "its gzip header is not the "
			       "ten bytes it must be");
	memset(&z, 0, sizeof z);
	if (inflateInit2(&z, WINDOW) != Z_OK)
		return err_memory(err);
	buf_clear(out);
	z.next_out = buf_room(out, size + 1);
	if (!z.next_out) {
		(void)inflateEnd(&z);
		return err_memory(err);
	}
	z.avail_out = (uInt)size;
	z.next_in = stored;
	z.avail_in = (uInt)len;
	got = inflate(&z, Z_FINISH);
	if (got == Z_BUF_ERROR && z.avail_out == 0 && z.avail_in > 0) {
		/* A full buffer: only the trailer may be left. */
		z.next_out = &past;
		z.avail_out = 1;
		got = inflate(&z, Z_FINISH);
		if (z.avail_out == 0)
			got = Z_BUF_ERROR;
	}
	out->len = z.total_out;
	(void)inflateEnd(&z);
	if (got == Z_MEM_ERROR)
		return err_memory(err);
	if (got != Z_STREAM_END && out->len > size)
		return err_set(err, ERR_REFUSED, "inflates to more than the "
			       "%zu bytes that were signed", size);
	if (got != Z_STREAM_END)
		return err_set(err, ERR_REFUSED, "is not a whole gzip stream");
	if (z.avail_in > 0)
		return err_set(err, ERR_REFUSED, "%u bytes follow its gzip "
			       "stream", z.avail_in);
	if (out->len != size)
		return err_set(err, ERR_REFUSED, "inflates to %zu bytes where "
			       "%zu were signed", out->len, size);
	return 0;
}
