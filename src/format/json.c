/* JSON by jansson: see json.h. A struct js is a json_t by another name. */
#include "format/json.h"

#include <jansson.h>
#include <string.h>

#include "base/text.h"

static json_t *
in(struct js *v)
{
	return (json_t *)v;
}

static const json_t *
in_const(const struct js *v)
{
	return (const json_t *)v;
}

/* No more values than commas, brackets and braces, so count those first. */
static int
check_count(const uint8_t *s, size_t len, struct err *err)
{
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += s[i] == ',' || s[i] == '[' || s[i] == '{';
	if (n > LIMIT_JSON_VALUES)
		return err_set(err, ERR_REFUSED, "has more than %zu values",
			       LIMIT_JSON_VALUES);
	return 0;
}

int
js_parse(struct js **out, const void *data, size_t len, struct err *err)
{
	json_error_t why;
	json_t *v;

	*out = NULL;
	if (check_count(data, len, err) < 0)
		return -1;
	v = json_loadb(data, len, JSON_REJECT_DUPLICATES, &why);
	if (!v && json_error_code(&why) == json_error_out_of_memory)
		return err_memory(err);
	if (!v)
		return err_set(err, ERR_REFUSED, "line %d: is not JSON: %s",
			       why.line, SHOWN(why.text));
	if (!json_is_object(v)) {
		json_decref(v);
		return err_set(err, ERR_REFUSED, "is not a JSON object");
	}
	*out = (struct js *)v;
	return 0;
}

void
js_free(struct js *v)
{
	json_decref(in(v));
}

enum js_type
js_type(const struct js *v)
{
	switch (json_typeof(in_const(v))) {
	case JSON_OBJECT:
		return JS_OBJECT;
	case JSON_ARRAY:
		return JS_ARRAY;
	case JSON_STRING:
		return JS_STRING;
	case JSON_INTEGER:
		return JS_INTEGER;
	case JSON_TRUE:
	case JSON_FALSE:
		return JS_BOOL;
	case JSON_REAL: /* nobody asks for one, so it suits nobody */
	case JSON_NULL:
		break;
	}
	return JS_NULL;
}

int64_t
js_integer(const struct js *v)
{
	return json_integer_value(in_const(v));
}

bool
js_bool(const struct js *v)
{
	return json_is_true(in_const(v));
}

const char *
js_string(const struct js *v, size_t *len)
{
	*len = json_string_length(in_const(v));
	return json_string_value(in_const(v));
}

size_t
js_count(const struct js *array)
{
	return json_array_size(in_const(array));
}

const struct js *
js_at(const struct js *array, size_t i)
{
	return (const struct js *)json_array_get(in_const(array), i);
}

const struct js *
js_get(const struct js *object, const char *key)
{
	return (const struct js *)json_object_get(in_const(object), key);
}

size_t
js_keys(const struct js *object)
{
	return json_object_size(in_const(object));
}

const char *
js_stranger(const struct js *object, const char *const *keys, size_t count)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)object, key, v) {
		size_t i = 0;

		while (i < count && strcmp(key, keys[i]) != 0)
			i++;
		if (i == count)
			return key;
	}
	return NULL;
}

static struct js *
made(struct js_build *b, json_t *v)
{
	if (!v)
		b->failed = true;
	return (struct js *)v;
}

struct js *
js_new_object(struct js_build *b)
{
	return made(b, json_object());
}

struct js *
js_new_array(struct js_build *b)
{
	return made(b, json_array());
}

struct js *
js_new_string(struct js_build *b, const char *s)
{
	return made(b, json_string(s));
}

struct js *
js_new_string_n(struct js_build *b, const char *s, size_t len)
{
	return made(b, json_stringn(s, len));
}

struct js *
js_new_integer(struct js_build *b, int64_t n)
{
	return made(b, json_integer(n));
}

struct js *
js_new_bool(struct js_build *b, bool v)
{
	return made(b, json_boolean(v));
}

struct js *
js_new_null(struct js_build *b)
{
	return made(b, json_null());
}

void
js_put(struct js_build *b, struct js *object, const char *key, struct js *v)
{
	/* jansson takes v over, and frees it where it fails. */
	if (json_object_set_new(in(object), key, in(v)) < 0)
		b->failed = true;
}

void
js_push(struct js_build *b, struct js *array, struct js *v)
{
	if (json_array_append_new(in(array), in(v)) < 0)
		b->failed = true;
}

static int
to_buf(const char *data, size_t len, void *out)
{
	buf_add(out, data, len);
	return 0;
}

static int
dump(struct buf *out, struct js_build *b, struct js *v, size_t flags,
     struct err *err)
{
	if (b->failed || json_dump_callback(in(v), to_buf, out, flags) < 0)
		out->failed = true;
	buf_add_byte(out, '\n');
	js_free(v);
	return buf_ok(out, err);
}

int
js_write(struct buf *out, struct js_build *b, struct js *v, struct err *err)
{
	return dump(out, b, v, JSON_INDENT(1), err);
}

int
js_write_line(struct buf *out, struct js_build *b, struct js *v,
	      struct err *err)
{
	return dump(out, b, v, JSON_COMPACT, err);
}
