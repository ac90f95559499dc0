/*
 * JSON: the only user of jansson (whose names begin with json_; ours with js_).
 *
 * What is read is strict: one object, no key twice, no NUL, no number but
 * integers, a bounded count of values. What is written has one spelling, with
 * one blank of indentation a level, as `jq --indent 1 .` prints it.
 */
#ifndef FORMAT_JSON_H
#define FORMAT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct js; /* a value: an owned tree, or a part of one, which is borrowed */

enum js_type { JS_NULL, JS_BOOL, JS_INTEGER, JS_STRING, JS_ARRAY, JS_OBJECT };

/* Parse an object. *out is the caller's: js_free(). ERR_REFUSED names where. */
int js_parse(struct js **out, const void *data, size_t len, struct err *err);
void js_free(struct js *v); /* NULL is fine */

enum js_type js_type(const struct js *v);
int64_t js_integer(const struct js *v); /* of JS_INTEGER */
bool js_bool(const struct js *v);	/* of JS_BOOL */
/* Of JS_STRING: NUL-ended, no NUL within, UTF-8. */
const char *js_string(const struct js *v, size_t *len);
size_t js_count(const struct js *array);
const struct js *js_at(const struct js *array, size_t i);
const struct js *js_get(const struct js *object, const char *key);
size_t js_keys(const struct js *object);
/* The first key of an object that is none of these, or NULL. */
const char *js_stranger(const struct js *object, const char *const *keys,
			size_t count);

/*
 * Building. A value put into another belongs to it; a failure is remembered in
 * the struct and told by js_write(), which also frees the tree.
 */
struct js_build {
	bool failed;
};
struct js *js_new_object(struct js_build *b);
struct js *js_new_array(struct js_build *b);
struct js *js_new_string(struct js_build *b, const char *s);
struct js *js_new_string_n(struct js_build *b, const char *s, size_t len);
struct js *js_new_integer(struct js_build *b, int64_t n);
struct js *js_new_bool(struct js_build *b, bool v);
struct js *js_new_null(struct js_build *b);
void js_put(struct js_build *b, struct js *object, const char *key,
	    struct js *v);
void js_push(struct js_build *b, struct js *array, struct js *v);

/* Add the one spelling of v and a newline to out; frees v. */
int js_write(struct buf *out, struct js_build *b, struct js *v,
	     struct err *err);

/* The same on one line, for output that is a value a line. */
int js_write_line(struct buf *out, struct js_build *b, struct js *v,
		  struct err *err);

#endif
