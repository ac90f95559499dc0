/*
 * A growing buffer, the bounded reader, and sums that refuse to wrap.
 *
 * A buf that could not grow stays failed and takes nothing more, so a run of
 * additions is checked once, at its end, by buf_ok(). Input is never indexed:
 * an rd is a view that only the rd_ functions move, and its end must be
 * reached exactly.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct buf {
	uint8_t *data; /* NULL while nothing was added */
	size_t len, cap;
	bool failed; /* out of memory once; sticky until released */
};

#define BUF_INIT { NULL, 0, 0, false }

void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_str(struct buf *b, const char *s);
void buf_add_byte(struct buf *b, uint8_t byte);
void buf_addf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/*
 * Room for len more bytes after what is there, or NULL when memory is out. The
 * caller writes there and then moves b->len itself.
 */
uint8_t *buf_room(struct buf *b, size_t len);

/* 0 if nothing failed, else -1 and err says "out of memory". */
int buf_ok(const struct buf *b, struct err *err);

/*
 * The content as a string: ends it with a NUL that is not counted in len.
 * Owned by b. NULL when memory is out.
 */
const char *buf_str(struct buf *b);

void buf_clear(struct buf *b);	 /* keeps the memory */
void buf_release(struct buf *b); /* gives the memory back */

/* What is left of an input; only the rd_ functions move it. */
struct rd {
	const uint8_t *at;
	size_t left;
};

struct rd rd_of(const void *data, size_t len);

/* Point *out at the next n bytes, or return false and stay put. */
bool rd_take(struct rd *r, size_t n, const uint8_t **out);

/* Pass over exactly these bytes, or return false and stay put. */
bool rd_match(struct rd *r, const void *want, size_t n);
bool rd_match_str(struct rd *r, const char *want);

/* The next eight bytes as a number, little-endian. */
bool rd_u64le(struct rd *r, uint64_t *out);

/*
 * The bytes up to the next LF, which is passed over and not counted; false if
 * no LF is left.
 */
bool rd_line(struct rd *r, const uint8_t **out, size_t *len);

/* *sum += n, or false if that would wrap. */
bool sum_size(size_t *sum, size_t n);
bool sum_u64(uint64_t *sum, uint64_t n);

#endif
