/*
 * Members deflated and inflated: the only user of libdeflate, which writes,
 * and of zlib, which reads what strangers send (FORMAT.md, "Members").
 *
 * A member is one gzip stream whose ten header bytes are fixed, whose content
 * is exactly as long as was signed, and after whose trailer nothing comes. Any
 * gzip tool reads it.
 */
#ifndef FORMAT_GZIP_H
#define FORMAT_GZIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* How hard to try: a day's changes are made small, a whole org is made soon. */
enum gzip_effort { GZIP_SMALL, GZIP_SOON };

/* Deflate data into out, which is cleared. At most LIMIT_STORED comes out. */
int gzip_deflate(struct buf *out, const void *data, size_t len,
		 enum gzip_effort effort, struct err *err);

/*
 * Inflate what was stored into out, which is cleared: exactly size bytes come
 * out, or it is refused. Never writes more, whatever the stream would give.
 */
int gzip_inflate(struct buf *out, size_t size, const void *stored, size_t len,
		 struct err *err);

#endif
