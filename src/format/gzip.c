/* gzip: see gzip.h. */
#include "format/gzip.h"

#include <libdeflate.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

/* No flags, no time, no name, made on Unix. RFC 1952, section 2.3. */
static const uint8_t header[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };

enum {
	WINDOW = 15 + 16, /* the largest window, in gzip's wrapping */
	TRAILER = 8,	  /* CRC-32 and length, least significant byte first */
};

/*
 * libdeflate's levels: 12 looks for the smallest spelling at 5 MB/s, 4 makes
 * less than zlib's default would, at twice the speed of its fastest.
 */
static const int level[] = { [GZIP_SMALL] = 12, [GZIP_SOON] = 4 };

static void
add_number(struct buf *out, uint32_t n)
{
	for (int i = 0; i < 4; i++, n >>= 8)
		buf_add_byte(out, (uint8_t)(n & 0xff));
}

int
gzip_deflate(struct buf *out, const void *data, size_t len,
	     enum gzip_effort effort, struct err *err)
{
	struct libdeflate_compressor *z =
		libdeflate_alloc_compressor(level[effort]);
	size_t most, got;
	uint8_t *room;

	if (!z)
		return err_memory(err);
	most = libdeflate_deflate_compress_bound(z, len);
	buf_clear(out);
	buf_add(out, header, sizeof header);
	room = buf_room(out, most + TRAILER);
	got = room ? libdeflate_deflate_compress(z, data, len, room, most) : 0;
	libdeflate_free_compressor(z);
	if (!room)
		return err_memory(err);
	if (got == 0)
		return err_set(err, ERR_SYSTEM, "libdeflate could not deflate");
	out->len += got;
	add_number(out, libdeflate_crc32(0, data, len));
	add_number(out, (uint32_t)len);
	return buf_ok(out, err);
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
