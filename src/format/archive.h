/*
 * The one spelling of a ustar archive, written and read (FORMAT.md, "Archive").
 *
 * A header is a function of a member's name and size, so it is not parsed but
 * made again and compared byte for byte. Any tar reads the archive, and GNU
 * tar can make it. Names are compared, never used as paths.
 */
#ifndef FORMAT_ARCHIVE_H
#define FORMAT_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/file.h"

enum {
	ARCHIVE_BLOCK = 512,
	ARCHIVE_NAME = 100, /* a name's bytes at most, its NUL included */
	ARCHIVE_END = 2 * ARCHIVE_BLOCK,
};

/* The header of a member. name is shorter than ARCHIVE_NAME. */
void archive_header(uint8_t out[static ARCHIVE_BLOCK], const char *name,
		    size_t size);

/* A member whole: header, body, zeros to the next block. */
int archive_put(struct file_sink *to, const char *name, const void *body,
		size_t size, struct err *err);

/* The end of the archive: two blocks of zeros. */
int archive_end(struct file_sink *to, struct err *err);

/*
 * The next member's header: 1; or 0 at the end, which is checked: two blocks
 * of zeros, then the source's own end; or -1. A size above most is refused.
 */
int archive_next(struct file_source *from, char name[static ARCHIVE_NAME],
		 size_t *size, size_t most, struct err *err);

/* The body of the member just announced into `into`, padding checked. */
int archive_body(struct file_source *from, void *into, size_t size,
		 struct err *err);

#endif
