/* What went wrong: see err.h. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct err *err, enum err_kind kind, const char *fmt,
		 va_list ap) __attribute__((format(printf, 3, 0)));

static void
fill(struct err *err, enum err_kind kind, const char *fmt, va_list ap)
{
	err->kind = kind;
	(void)vsnprintf(err->msg, sizeof err->msg, fmt, ap);
}

int
err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, kind, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_sys(struct err *err, const char *fmt, ...)
{
	int why = errno;
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	fill(err, ERR_SYSTEM, fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	(void)snprintf(err->msg + len, sizeof err->msg - len, ": %s",
		       strerror(why));
	return -1;
}

int
err_memory(struct err *err)
{
	return err_set(err, ERR_SYSTEM, "out of memory");
}

int
err_at(struct err *err, const char *fmt, ...)
{
	char said[LIMIT_MESSAGE];
	va_list ap;
	size_t len;

	memcpy(said, err->msg, sizeof said);
	va_start(ap, fmt);
	fill(err, err->kind, fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	(void)snprintf(err->msg + len, sizeof err->msg - len, ": %s", said);
	return -1;
}
