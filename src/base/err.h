/*
 * What went wrong, where, and which exit status it earns.
 *
 * An error travels in the caller's struct. Library code fills it and returns
 * -1; only src/cli prints it and exits. A message is one whole line without a
 * newline: the file, the place in it, the rule that was broken, the value
 * seen, and what to do where that is not plain.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/limits.h"

/* The kinds are the exit statuses of DESIGN: refused is 3, and so on. */
enum err_kind {
	ERR_NONE = 0,
	ERR_USAGE = 2,	 /* the command line is wrong */
	ERR_REFUSED = 3, /* not authentic, not for us, malformed */
	ERR_ORDER = 4,	 /* a gap, a replay of other content, an old epoch */
	ERR_SYSTEM = 5,	 /* disk, memory, store: could not */
};

struct err {
	enum err_kind kind;
	char msg[LIMIT_MESSAGE];
};

/* Fill err and return -1, so that failing reads `return err_set(...)`. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a failed system call: kind ERR_SYSTEM, and errno in words. */
int err_sys(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Out of memory: kind ERR_SYSTEM. Returns -1. */
int err_memory(struct err *err);

/*
 * Put a place before what err already says: "PLACE: what it said". For the
 * caller who knows the file when the callee knew only the rule. Returns -1.
 */
int err_at(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
