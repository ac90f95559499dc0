/*
 * Ids and names: see names.h.
 *
 * What is kept lies in two arrays of buckets, each a line of the processor's
 * cache. A record that this side named by the id that it has, as nearly all
 * are, needs 16 bytes: that is for what goes out. For what comes in, a name and
 * an id. A newer one takes the place of an older in its bucket.
 */
#include "flow/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "format/keys.h"

enum {
	ID = 18,
	SHORT = 15, /* of an id; the other three follow from them */
	OWN = 4, OWN_BUCKETS = 1 << 18,	  /* 16 MiB, touched as they fill */
	PAIR = 2, PAIR_BUCKETS = 1 << 18, /* likewise */
	PREFIXES = 256, /* key prefixes of references, of which few occur */
};

struct own {
	char id[SHORT];
	char full; /* 1: there is one here */
};

struct pair {
	char side, name[SHORT]; /* side: 0: there is none here */
	char id[SHORT + 1];
};

/* Which objects have ids that begin so. */
struct prefix {
	char text[3];
	bool asked, ours;
	struct object *only; /* or NULL: several, or none but deleted */
};

struct names {
	struct store *st;
	struct records *records;
	struct objects *objects;
	const struct connection *c;
	uint64_t seed;
	struct prefix prefix[PREFIXES];
	struct own (*own)[OWN];
	struct pair (*pair)[PAIR];
	unsigned turn; /* whose place is taken next, in any bucket */
};

int
names_open(struct names **out, struct store *st, struct records *r,
	   struct objects *objects, const struct connection *c,
	   struct err *err)
{
	struct names *n = calloc(1, sizeof *n);

	*out = n;
	if (n) {
		n->own = calloc(OWN_BUCKETS, sizeof *n->own);
		n->pair = calloc(PAIR_BUCKETS, sizeof *n->pair);
	}
	if (!n || !n->own || !n->pair) {
		names_close(n);
		*out = NULL;
		return err_memory(err);
	}
	n->st = st;
	n->records = r;
	n->objects = objects;
	n->c = c;
	keys_random(&n->seed, sizeof n->seed);
	return 0;
}

void
names_close(struct names *n)
{
	if (n) {
		free(n->own);
		free(n->pair);
	}
	free(n);
}

/* The bucket of fifteen characters. */
static size_t
bucket(const struct names *n, const char *text)
{
	uint64_t a, b;

	memcpy(&a, text, 8);
	memcpy(&b, text + SHORT - 8, 8);
	a = (a ^ n->seed) * UINT64_C(0x9e3779b97f4a7c15);
	a ^= (a >> 32) ^ b;
	/* What tells ids apart are their last characters, b's highest bits. */
	a = (a ^ (a >> 31)) * UINT64_C(0xbf58476d1ce4e5b9);
	return (size_t)(a >> 40);
}

/* Whether the last three characters are those that follow from the others. */
static bool
is_regular(const char *id)
{
	char check[3];

	text_id_check(check, id);
	return memcmp(check, id + SHORT, sizeof check) == 0;
}

static bool
is_own(struct names *n, const char *id)
{
	const struct own *o = n->own[bucket(n, id) % OWN_BUCKETS];

	for (unsigned i = 0; i < OWN; i++)
		if (o[i].full && memcmp(o[i].id, id, SHORT) == 0)
			return is_regular(id);
	return false;
}

static void
learn_own(struct names *n, const char *id)
{
	struct own *o = n->own[bucket(n, id) % OWN_BUCKETS];
	unsigned i = 0;

	while (i < OWN && o[i].full)
		i++;
	if (i == OWN)
		i = n->turn++ % OWN;
	memcpy(o[i].id, id, SHORT);
	o[i].full = 1;
}

static struct pair *
find_pair(struct names *n, const char *wire)
{
	struct pair *p = n->pair[bucket(n, wire + 2) % PAIR_BUCKETS];

	for (unsigned i = 0; i < PAIR; i++)
		if (p[i].side == wire[0] &&
		    memcmp(p[i].name, wire + 2, SHORT) == 0)
			return is_regular(wire + 2) ? &p[i] : NULL;
	return NULL;
}

static void
learn_pair(struct names *n, const char *wire, const char *id)
{
	struct pair *p = n->pair[bucket(n, wire + 2) % PAIR_BUCKETS];
	unsigned i = 0;

	while (i < PAIR && p[i].side)
		i++;
	if (i == PAIR)
		i = n->turn++ % PAIR;
	p[i].side = wire[0];
	memcpy(p[i].name, wire + 2, SHORT);
	memcpy(p[i].id, id, SHORT);
}

void
names_learn(struct names *n, const char wire[static LEDGER_NAME],
	    const char id[static ID])
{
	bool own = wire[0] == connection_side(n->c, true);

	if (!is_regular(wire + 2) || !is_regular(id))
		return;
	if (own && memcmp(wire + 2, id, ID) == 0)
		learn_own(n, id);
	else if (!own)
		learn_pair(n, wire, id);
}

/* Whether an object has, or had, ids that begin as this one does. */
static int
has_prefix(struct names *n, const struct object *o, const char *id, bool *now,
	   bool *ever, struct err *err)
{
	char sql[LIMIT_NAME + 128];
	int64_t some;

	(void)snprintf(sql, sizeof sql, "select 1 from \"%s\" where \"Id\" >= "
		       "?1 and \"Id\" < ?1 || '~' limit 1", o->name);
	if (store_ask(n->st, &some, 0, err, sql, "t", id, (size_t)3) < 0)
		return -1;
	*now = *ever = some != 0;
	if (*now)
		return 0;
	if (store_ask(n->st, &some, 0, err, "select 1 from _deleted where "
		      "object = ?1 and id >= ?2 and id < ?2 || '~' limit 1",
		      "it", o->object, id, (size_t)3) < 0)
		return -1;
	*ever = some != 0;
	return 0;
}

/* What is known of an id's prefix, asked for once where there is room. */
static int
find_prefix(struct names *n, const char *id, struct prefix *spare,
	    struct prefix **out, struct err *err)
{
	unsigned at = ((unsigned)id[0] * 31 + (unsigned)id[1]) * 31 +
		      (unsigned)id[2];
	struct prefix *p = &n->prefix[at % PREFIXES];
	size_t holders = 0;

	if (p->asked && memcmp(p->text, id, sizeof p->text) != 0)
		p = spare; /* its place is another's */
	*out = p;
	if (p->asked)
		return 0;
	*p = (struct prefix){ .asked = true };
	memcpy(p->text, id, sizeof p->text);
	for (size_t i = 0; i < objects_count(n->objects); i++) {
		struct object *o = objects_at(n->objects, i);
		bool now, ever;

		if (has_prefix(n, o, id, &now, &ever, err) < 0)
			return -1;
		p->ours |= ever;
		if (ever && holders++ == 0)
			p->only = o;
	}
	if (holders > 1)
		p->only = NULL;
	return 0;
}

/* The row of an id in one object, also of one that is gone; 0: none. */
static int
find_row(struct names *n, struct object *o, struct field id, int64_t *row,
	 struct err *err)
{
	if (records_find(n->records, o, id.at, id.len, row, err) < 0)
		return -1;
	if (*row)
		return 0;
	/* One that is gone keeps its translation. */
	return store_ask(n->st, row, 0, err, "select _row from _deleted where "
			 "object = ?1 and id = ?2 order by number desc limit "
			 "1", "it", o->object, id.at, id.len);
}

int
names_of_reference(struct names *n, struct field id,
		   char wire[static LEDGER_NAME + 1], struct err *err)
{
	struct prefix spare = { .asked = false }, *prefix;
	int64_t row = 0;
	int got;

	if (id.len != ID)
		return 0;
	if (is_own(n, id.at)) {
		wire[0] = connection_side(n->c, true);
		wire[1] = ':';
		memcpy(wire + 2, id.at, ID);
		wire[LEDGER_NAME] = 0;
		return 1;
	}
	if (find_prefix(n, id.at, &spare, &prefix, err) < 0)
		return -1;
	if (!prefix->ours) {
		(void)snprintf(wire, LEDGER_NAME + 1, "x:%.18s", id.at);
		return 1;
	}
	if (prefix->only) {
		if (find_row(n, prefix->only, id, &row, err) < 0)
			return -1;
	} else {
		for (size_t i = 0; row == 0 && i < objects_count(n->objects);
		     i++)
			if (find_row(n, objects_at(n->objects, i), id, &row,
				     err) < 0)
				return -1;
	}
	got = row ? ledger_name_of(n->st, n->c, row, wire, err) : 0;
	if (got > 0)
		names_learn(n, wire, id.at);
	return got;
}

int
names_to_reference(struct names *n, struct field wire, char id[static 19],
		   struct err *err)
{
	struct ledger_row row;
	const struct pair *p;
	int got;

	id[ID] = 0;
	if (wire.at[0] == 'x') {
		memcpy(id, wire.at + 2, ID);
		return 1;
	}
	p = find_pair(n, wire.at);
	if (p) {
		memcpy(id, p->id, SHORT);
		text_id_check(id + SHORT, id);
		return 1;
	}
	got = ledger_by_name(n->st, n->c, wire.at, &row, err);
	if (got <= 0)
		return got;
	memcpy(id, row.id, ID);
	names_learn(n, wire.at, row.id);
	return 1;
}
