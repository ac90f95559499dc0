/* A growing buffer, the bounded reader, checked sums: see buf.h. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint8_t *
buf_room(struct buf *b, size_t len)
{
	size_t need = b->len, cap = b->cap ? b->cap : 64;
	uint8_t *data;

	if (b->failed || !sum_size(&need, len)) {
		b->failed = true;
		return NULL;
	}
	if (need <= b->cap && b->data)
		return b->data + b->len;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	data = realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return NULL;
	}
	b->data = data;
	b->cap = cap;
	return b->data + b->len;
}

void
buf_add(struct buf *b, const void *data, size_t len)
{
	uint8_t *at = buf_room(b, len);

	if (!at || len == 0)
		return;
	memcpy(at, data, len);
	b->len += len;
}

void
buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_add_byte(struct buf *b, uint8_t byte)
{
	buf_add(b, &byte, 1);
}

void
buf_addv(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	uint8_t *at;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	at = n < 0 ? NULL : buf_room(b, (size_t)n + 1);
	if (at) {
		(void)vsnprintf((char *)at, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	} else {
		b->failed = true;
	}
	va_end(again);
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_addv(b, fmt, ap);
	va_end(ap);
}

int
buf_ok(const struct buf *b, struct err *err)
{
	return b->failed ? err_memory(err) : 0;
}

const char *
buf_str(struct buf *b)
{
	uint8_t *at = buf_room(b, 1);

	if (!at)
		return NULL;
	*at = 0;
	return (const char *)b->data;
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
}

void
buf_release(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

struct rd
rd_of(const void *data, size_t len)
{
	return (struct rd){ data, len };
}

bool
rd_take(struct rd *r, size_t n, const uint8_t **out)
{
	if (n > r->left)
		return false;
	*out = r->at;
	if (n > 0)
		r->at += n;
	r->left -= n;
	return true;
}

bool
rd_match(struct rd *r, const void *want, size_t n)
{
	const uint8_t *at;

	if (n > r->left || (n > 0 && memcmp(r->at, want, n) != 0))
		return false;
	return rd_take(r, n, &at);
}

bool
rd_match_str(struct rd *r, const char *want)
{
	return rd_match(r, want, strlen(want));
}

bool
rd_u64le(struct rd *r, uint64_t *out)
{
	const uint8_t *at;

	if (!rd_take(r, 8, &at))
		return false;
	*out = 0;
	for (unsigned i = 0; i < 8; i++)
		*out |= (uint64_t)at[i] << (8 * i);
	return true;
}

bool
rd_line(struct rd *r, const uint8_t **out, size_t *len)
{
	const uint8_t *lf = r->left ? memchr(r->at, '\n', r->left) : NULL;

	if (!lf)
		return false;
	*len = (size_t)(lf - r->at);
	*out = r->at;
	r->at += *len + 1;
	r->left -= *len + 1;
	return true;
}

bool
sum_size(size_t *sum, size_t n)
{
	return !__builtin_add_overflow(*sum, n, sum);
}

bool
sum_u64(uint64_t *sum, uint64_t n)
{
	return !__builtin_add_overflow(*sum, n, sum);
}
