/* Provisional ids: see mint.h. */
#include "flow/mint.h"

#include <stdio.h>
#include <string.h>

#include "format/keys.h"
#include "model/record_id.h"
#include "model/schema.h"

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz";

void
mint_begin(struct mint *m)
{
	uint8_t random[sizeof m->drawn];

	keys_random(random, sizeof random);
	for (size_t i = 0; i < sizeof m->drawn; i++)
		m->drawn[i] = digits[random[i] % 62];
	m->counter = 0;
	m->object = 0;
}

/* Whether no other object has ids or a prefix that begins so. */
static int
is_free(struct store *st, const struct object *o, const char *prefix,
	bool *free, struct err *err)
{
	int64_t n;

	*free = false;
	if (store_ask(st, &n, 0, err, "select 1 from _object where prefix = "
		      "?1 and object <> ?2", "si", prefix, o->object) < 0)
		return -1;
	*free = n == 0;
	return 0;
}

/* The prefix of ours with the highest number, or -1. */
static int
last_prefix(struct store *st, int64_t *last, struct err *err)
{
	return store_ask(st, last, -1, err, "select max((instr(?1, substr("
			 "prefix, 2, 1)) - 1) * 62 + instr(?1, substr(prefix, "
			 "3, 1)) - 1) from _object where prefix >= 'z' and "
			 "prefix < '{'", "s", digits);
}

/*
 * A prefix of ours that nobody has: z00, z01, ... after the last one that is
 * taken, for there may be thousands; else one that was left free.
 */
static int
next_prefix(struct store *st, const struct object *o, char prefix[static 4],
	    struct err *err)
{
	int64_t last;

	if (last_prefix(st, &last, err) < 0)
		return -1;
	for (unsigned n = 0; n < 62 * 62; n++) {
		unsigned i = (unsigned)(last + 1 + n) % (62 * 62);
		bool free;

		(void)snprintf(prefix, 4, "z%c%c", digits[i / 62],
			       digits[i % 62]);
		if (is_free(st, o, prefix, &free, err) < 0)
			return -1;
		if (free)
			return 0;
	}
	return err_set(err, ERR_SYSTEM, "%s: no key prefix is left for its "
		       "new records", o->name);
}

/*
 * An object's key prefix: of its own records, else the built-in table's, else
 * the partner's where it is free here, else the next free one. Kept.
 */
static int
find_prefix(struct store *st, const struct object *o, const char *hint,
	    char prefix[static 4], struct err *err)
{
	char sql[LIMIT_NAME + 96];
	struct buf text = BUF_INIT;
	const char *known = schema_prefix(o->name);
	bool found;
	int rc = store_ask_text(st, &text, &found, err, "select prefix from "
				"_object where object = ?1", "i", o->object);

	if (rc == 0 && !found) {
		(void)snprintf(sql, sizeof sql, "select substr(\"Id\", 1, 3) "
			       "from \"%s\" where \"Id\" <> '' limit 1",
			       o->name);
		rc = store_ask_text(st, &text, &found, err, sql, "");
	}
	if (rc == 0 && !found) {
		bool free = known != NULL;

		(void)snprintf(prefix, 4, "%.3s", known ? known : hint);
		if (!known)
			rc = is_free(st, o, prefix, &free, err);
		if (rc == 0 && !free)
			rc = next_prefix(st, o, prefix, err);
	} else if (rc == 0) {
		(void)snprintf(prefix, 4, "%.3s", (const char *)text.data);
	}
	buf_release(&text);
	return rc < 0 ? -1 : store_run(st, err, "update _object set prefix = "
				       "?2 where object = ?1", "is",
				       o->object, prefix);
}

/*
 * Whether nobody has an id of this prefix and draw. Asked once for all ids of
 * an object: the counter tells them apart.
 */
static int
draw_is_free(struct mint *m, struct store *st, const struct object *o,
	     bool *free, struct err *err)
{
	char sql[LIMIT_NAME + 96], begin[12];
	int64_t taken;

	(void)snprintf(begin, sizeof begin, "%szzZ%.5s", m->prefix, m->drawn);
	(void)snprintf(sql, sizeof sql, "select 1 from \"%s\" where \"Id\" >= "
		       "?1 and \"Id\" < ?1 || '~' limit 1", o->name);
	if (store_ask(st, &taken, 0, err, sql, "s", begin) < 0)
		return -1;
	*free = !taken;
	return 0;
}

/* The ids of another object from now on, or of a new draw. */
static int
turn_to(struct mint *m, struct store *st, const struct object *o,
	const char *hint, struct err *err)
{
	bool free = false;

	if (find_prefix(st, o, hint, m->prefix, err) < 0 ||
	    draw_is_free(m, st, o, &free, err) < 0)
		return -1;
	while (!free) {
		mint_begin(m);
		if (draw_is_free(m, st, o, &free, err) < 0)
			return -1;
	}
	m->object = o->object;
	return 0;
}

int
mint_id(struct mint *m, struct store *st, const struct object *o,
	const char *hint, char id[static 19], struct err *err)
{
	char s[RECORD_ID_SHORT + 1];
	uint32_t n;

	/* Four characters are 14 million; then draw anew. */
	if (m->counter == 62u * 62 * 62 * 62)
		mint_begin(m);
	if (m->object != o->object && turn_to(m, st, o, hint, err) < 0)
		return -1;
	n = m->counter++;
	(void)snprintf(s, sizeof s, "%szzZ%.5s%c%c%c%c", m->prefix, m->drawn,
		       digits[n / 238328], digits[n / 3844 % 62],
		       digits[n / 62 % 62], digits[n % 62]);
	(void)record_id_full(id, s, RECORD_ID_SHORT);
	return 0;
}
