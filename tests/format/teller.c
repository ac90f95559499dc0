/*
 * teller FILE: every value of every row of one of sample.h's bundles, a JSON
 * array a row: the group's number, the object, the record's number, then the
 * values in their order; of a part, its name and size.
 */
#include <stdio.h>
#include <string.h>

#include "format/changes.h"
#include "format/json.h"
#include "format/sample.h"

static struct bundle_peer acme;

static const struct bundle_peer *
find_acme(void *ctx, const uint8_t id[static KEYS_ID])
{
	(void)ctx;
	return memcmp(id, acme.key.id, KEYS_ID) == 0 ? &acme : NULL;
}

static int
tell(const struct change *c, struct err *err)
{
	struct js_build b = { false };
	struct buf line = BUF_INIT;
	struct js *a = js_new_array(&b);
	int rc;

	js_push(&b, a, js_new_integer(&b, (int64_t)c->group));
	if (c->part) {
		js_push(&b, a, js_new_string(&b, c->part->spelled));
		js_push(&b, a, js_new_integer(&b, (int64_t)c->part->len));
	} else {
		js_push(&b, a, js_new_string(&b, c->object ? c->object->name :
							     ""));
		js_push(&b, a, js_new_integer(&b, (int64_t)c->record));
	}
	for (size_t i = 0; c->row && i < c->row->count; i++)
		js_push(&b, a, js_new_string_n(&b, c->row->field[i].at,
					       c->row->field[i].len));
	rc = js_write_line(&line, &b, a, err);
	if (rc == 0)
		(void)fwrite(line.data, 1, line.len, stdout);
	buf_release(&line);
	return rc;
}

static int
tell_all(const char *path, const struct bundle_keys *keys, struct err *err)
{
	struct changes *changes = NULL;
	struct bundle_in *in;
	struct change c;
	int got = bundle_in_open(&in, path, keys, err);

	if (got < 0)
		return -1;
	got = changes_open(&changes, in, err);
	while (got >= 0 && (got = changes_next(changes, &c, err)) > 0)
		if (tell(&c, err) < 0)
			got = -1;
	changes_free(changes);
	bundle_in_free(in);
	return got;
}

int
main(int argc, char **argv)
{
	struct bundle_keys known = { .find = find_acme };
	struct sample_keys keys;
	struct err err = { 0 };
	int rc;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: teller FILE\n");
		return 2;
	}
	rc = sample_keys_read(&keys, &err);
	if (rc == 0) {
		acme = sample_acme(&keys);
		known.own = keys.globex;
		rc = tell_all(argv[1], &known, &err);
	}
	sample_keys_free(&keys);
	if (rc < 0)
		(void)fprintf(stderr, "teller: %s\n", err.msg);
	return rc < 0 ? 1 : 0;
}
