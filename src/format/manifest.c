/*
 * The manifest: see manifest.h.
 *
 * One description serves both ways. walk_manifest() visits every key in its
 * order; a walk either takes values out of JSON or puts them into it, so what
 * is read and what is written cannot drift apart.
 */
#include "format/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/json.h"

static const char *const kinds[] = { "invitation", "answer", "notice",
				     "changes" };
static const char *const types[] = { "standard", "replication" };
static const char *const answers[] = { "Rejected", "Accepted" };
static const char *const policies[] = { "newest", "inviter", "accepter",
					"hold" };
static const char *const notices[] = { "cancel", "deactivate", "suspend",
				       "resume", "policy", "rotate" };
static const char *const starts[] = { "", "first", "follows", "full" };

#define WORDS(a) a, sizeof a / sizeof *a

const char *
manifest_kind_word(enum manifest_kind kind)
{
	return kinds[kind];
}

const char *
manifest_policy_word(enum manifest_policy policy)
{
	return policies[policy];
}

const char *
manifest_notice_word(enum manifest_notice_kind kind)
{
	return notices[kind];
}

const char *
manifest_start_word(enum manifest_start start)
{
	return starts[start];
}

/* One object of the JSON, being read or being written. */
struct walk {
	const struct js *from; /* reading: the object; NULL: writing */
	struct js *to;	       /* writing */
	struct js_build *build;
	struct err *err;
	const char *where; /* the object's key, for messages */
	bool *failed;	   /* one for all walks of a manifest */
	const char *seen[24];
	size_t count;
};

static void
refuse(struct walk *w, const char *key, const char *rule)
{
	if (!*w->failed)
		(void)err_set(w->err, ERR_REFUSED, "key \"%s%s%s\": %s",
			      w->where, *w->where ? "." : "", key, rule);
	*w->failed = true;
}

/*
 * Reading: the value of a key, which must be there and of the type; NULL if it
 * is not, or is null where that is allowed.
 */
static const struct js *
take(struct walk *w, const char *key, enum js_type type, bool null_allowed)
{
	static const char *const want[] = {
		"must be null",	     "must be true or false",
		"must be an integer", "must be a string",
		"must be an array",  "must be an object",
	};
	const struct js *v;

	if (*w->failed)
		return NULL;
	w->seen[w->count++] = key;
	v = js_get(w->from, key);
	if (!v)
		refuse(w, key, "is missing");
	else if (js_type(v) == type)
		return v;
	else if (js_type(v) != JS_NULL || !null_allowed)
		refuse(w, key, want[type]);
	return NULL;
}

static void
put(struct walk *w, const char *key, struct js *v)
{
	js_put(w->build, w->to, key, v);
}

/* Reading: no key but those that were visited. */
static void
no_strangers(struct walk *w)
{
	const char *key;

	if (*w->failed || !w->from || js_keys(w->from) == w->count)
		return;
	key = js_stranger(w->from, w->seen, w->count);
	if (!key)
		return;
	*w->failed = true;
	(void)err_set(w->err, ERR_REFUSED, "key %s: is not known here; this "
		      "bundle needs a newer orgferry", SHOWN(key));
}

static void
walk_integer(struct walk *w, const char *key, uint64_t *n)
{
	const struct js *v;

	if (!w->from) {
		put(w, key, js_new_integer(w->build, (int64_t)*n));
		return;
	}
	v = take(w, key, JS_INTEGER, false);
	if (!v)
		return;
	if (js_integer(v) < 0 || (uint64_t)js_integer(v) > MANIFEST_MOST)
		refuse(w, key, "must be from 0 to 9007199254740991");
	else
		*n = (uint64_t)js_integer(v);
}

static void
walk_size(struct walk *w, const char *key, size_t *n)
{
	uint64_t wide = *n;

	walk_integer(w, key, &wide);
	*n = (size_t)wide; /* its ceiling is checked with its rule */
}

static void
walk_bool(struct walk *w, const char *key, bool *b)
{
	const struct js *v;

	if (!w->from) {
		put(w, key, js_new_bool(w->build, *b));
		return;
	}
	v = take(w, key, JS_BOOL, false);
	if (v)
		*b = js_bool(v);
}

/* A string of the manifest's into size bytes, a NUL at its end. */
static bool
copy_string(struct walk *w, const char *key, const struct js *v, char *to,
	    size_t size)
{
	size_t len;
	const char *s = js_string(v, &len);

	if (len >= size)
		refuse(w, key, "is too long");
	else if (!text_is_plain(s, len))
		refuse(w, key, "has a control character");
	else
		memcpy(to, s, len + 1);
	return !*w->failed;
}

/* Text; empty is written as null where that is allowed. */
static void
walk_text(struct walk *w, const char *key, char *s, size_t size,
	  bool null_allowed)
{
	const struct js *v;

	if (!w->from) {
		put(w, key, *s == 0 && null_allowed ?
				    js_new_null(w->build) :
				    js_new_string(w->build, s));
		return;
	}
	v = take(w, key, JS_STRING, null_allowed);
	if (v && copy_string(w, key, v, s, size) && null_allowed && !*s)
		refuse(w, key, "must not be empty");
}

static void
walk_hex(struct walk *w, const char *key, uint8_t *bytes, size_t len)
{
	char hex[2 * 32 + 1];
	const struct js *v;
	const char *s;
	size_t n;

	if (!w->from) {
		text_hex(hex, bytes, len);
		put(w, key, js_new_string(w->build, hex));
		return;
	}
	v = take(w, key, JS_STRING, false);
	if (!v)
		return;
	s = js_string(v, &n);
	if (!text_unhex(bytes, len, s, n))
		refuse(w, key, len == 32 ?
			       "must be 64 lower-case hex digits" :
			       "must be 32 lower-case hex digits");
}

/* One of a closed set of words. */
static void
walk_word(struct walk *w, const char *key, const char *const *words,
	  size_t count, unsigned *chosen)
{
	const struct js *v;
	const char *s;
	size_t len;

	if (!w->from) {
		put(w, key, js_new_string(w->build, words[*chosen]));
		return;
	}
	v = take(w, key, JS_STRING, false);
	if (!v)
		return;
	s = js_string(v, &len);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i], s) == 0) {
			*chosen = (unsigned)i;
			return;
		}
	}
	refuse(w, key, "is a word not known here");
}

static void
walk_key_id(struct walk *w, const char *key, uint8_t id[static KEYS_ID])
{
	char text[KEYS_ID_TEXT + 1];
	const struct js *v;
	const char *s;
	size_t len;

	if (!w->from) {
		keys_id_text(text, id);
		put(w, key, js_new_string(w->build, text));
		return;
	}
	v = take(w, key, JS_STRING, false);
	if (!v)
		return;
	s = js_string(v, &len);
	if (!keys_id_parse(id, s, len))
		refuse(w, key, "must be 16 upper-case hex digits");
}

static void
walk_org_id(struct walk *w, const char *key, char id[static 19],
	    bool null_allowed)
{
	walk_text(w, key, id, 19, null_allowed);
	if (!w->from || *w->failed || (*id == 0 && null_allowed))
		return;
	if (strlen(id) != 18 || strspn(id, "0123456789"
				       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz") != 18)
		refuse(w, key, "must be an id of 18 characters");
}

static void
walk_instant(struct walk *w, const char *key, char *s, bool null_allowed)
{
	int64_t ms;

	walk_text(w, key, s, TEXT_INSTANT + 1, null_allowed);
	if (w->from && !*w->failed && !(*s == 0 && null_allowed) &&
	    !text_parse_instant(&ms, s, strlen(s)))
		refuse(w, key, "must be a time like 2026-11-22T06:00:00.000Z");
}

/*
 * An object within: its walk in *in. True if there is one to visit; false if
 * it is null, which happens where `there` says so and null is allowed.
 */
static bool
enter(struct walk *w, struct walk *in, const char *key, bool null_allowed,
      bool there)
{
	*in = *w;
	in->where = key;
	in->count = 0;
	if (w->from) {
		in->from = take(w, key, JS_OBJECT, null_allowed);
		return in->from != NULL;
	}
	if (!there) {
		put(w, key, js_new_null(w->build));
		return false;
	}
	in->to = js_new_object(w->build);
	put(w, key, in->to);
	return in->to != NULL;
}

/*
 * An array within. Reading: makes *items, *count of them, each of `size` zero
 * bytes. Returns whether there is something to visit.
 */
static const struct js *
enter_array(struct walk *w, const char *key, size_t most, size_t size,
	    void **items, size_t *count)
{
	const struct js *array = take(w, key, JS_ARRAY, false);

	if (!array || js_count(array) == 0)
		return NULL;
	if (js_count(array) > most) {
		refuse(w, key, "has too many entries");
		return NULL;
	}
	*items = calloc(js_count(array), size);
	if (!*items) {
		*w->failed = true;
		(void)err_memory(w->err);
		return NULL;
	}
	*count = js_count(array);
	return array;
}

/* The i-th object of an array. */
static bool
enter_item(struct walk *w, struct walk *in, const char *key,
	   const struct js *array, struct js *to, size_t i)
{
	*in = *w;
	in->where = key;
	in->count = 0;
	if (w->from) {
		in->from = js_at(array, i);
		if (js_type(in->from) != JS_OBJECT)
			refuse(w, key, "must hold objects alone");
		return !*w->failed;
	}
	in->to = js_new_object(w->build);
	js_push(w->build, to, in->to);
	return in->to != NULL;
}

static void
walk_from(struct walk *w, struct manifest *m)
{
	struct manifest_org *org = &m->from;
	struct walk in;

	if (!enter(w, &in, "from", false, true))
		return;
	walk_org_id(&in, "org", org->id, false);
	walk_text(&in, "name", org->name, sizeof org->name, false);
	walk_bool(&in, "sandbox", &org->sandbox);
	walk_key_id(&in, "key", org->key);
	if (m->kind == MANIFEST_INVITATION || m->kind == MANIFEST_ANSWER)
		walk_hex(&in, "sealing", org->sealing, KEYS_SEAL_PUBLIC);
	no_strangers(&in);
}

static void
walk_to(struct walk *w, struct manifest *m)
{
	struct walk in;

	if (!enter(w, &in, "to", true, m->addressed))
		return;
	m->addressed = true;
	walk_org_id(&in, "org", m->to.id, true);
	walk_key_id(&in, "key", m->to.key);
	no_strangers(&in);
}

static void
walk_contact(struct walk *w, struct manifest *m)
{
	struct walk in;

	if (!enter(w, &in, "contact", false, true))
		return;
	walk_text(&in, "name", m->contact_name, sizeof m->contact_name, false);
	walk_text(&in, "mail", m->contact_mail, sizeof m->contact_mail, false);
	no_strangers(&in);
}

static void
walk_place(struct walk *w, const char *key, bool *there,
	   struct manifest_place *place)
{
	struct walk in;

	if (!enter(w, &in, key, true, *there))
		return;
	*there = true;
	walk_hex(&in, "epoch", place->epoch, MANIFEST_EPOCH);
	walk_integer(&in, "sequence", &place->sequence);
	no_strangers(&in);
}

static void
walk_previous(struct walk *w, struct manifest *m)
{
	const char *key = "previous";

	if (w->from) {
		const struct js *v = js_get(w->from, key);

		m->has_previous = v && js_type(v) == JS_STRING;
	}
	if (m->has_previous)
		walk_hex(w, key, m->previous, KEYS_HASH);
	else if (w->from)
		(void)take(w, key, JS_STRING, true);
	else
		put(w, key, js_new_null(w->build));
}

/* null, "first", "full", or the place that is followed. */
static void
walk_start(struct walk *w, struct manifest *m)
{
	const char *key = "start";
	bool there = m->start == MANIFEST_START_FOLLOWS;
	unsigned word = m->start;

	if (w->from) {
		const struct js *v = js_get(w->from, key);

		if (v && js_type(v) == JS_STRING) {
			walk_word(w, key, WORDS(starts), &word);
			m->start = (enum manifest_start)word;
			if (m->start != MANIFEST_START_FIRST &&
			    m->start != MANIFEST_START_FULL)
				refuse(w, key, "is a word not known here");
			return;
		}
	} else if (m->start == MANIFEST_START_FIRST ||
		   m->start == MANIFEST_START_FULL) {
		walk_word(w, key, WORDS(starts), &word);
		return;
	}
	walk_place(w, key, &there, &m->follows);
	if (there)
		m->start = MANIFEST_START_FOLLOWS;
}

static void
walk_history(struct walk *w, struct manifest *m)
{
	struct walk in;

	if (!enter(w, &in, "history", false, true))
		return;
	walk_integer(&in, "rows", &m->history);
	walk_hex(&in, "head", m->head, KEYS_HASH);
	no_strangers(&in);
}

/* The text of a rotate notice: lines, so not plain; bounded, so copied. */
static void
walk_statement(struct walk *w, struct manifest_notice *n)
{
	const char *key = "statement", *s;
	const struct js *v;
	size_t len;

	if (!w->from) {
		put(w, key, js_new_string(w->build, n->statement));
		return;
	}
	v = take(w, key, JS_STRING, false);
	if (!v)
		return;
	s = js_string(v, &len);
	if (len > LIMIT_SEALING_KEY) {
		refuse(w, key, "is too long");
		return;
	}
	n->statement = strdup(s);
	if (!n->statement) {
		*w->failed = true;
		(void)err_memory(w->err);
	}
}

static void
walk_notices(struct walk *w, struct manifest *m)
{
	const struct js *array = NULL;
	struct js *to = NULL;
	void *items = NULL;

	if (w->from) {
		array = enter_array(w, "notices", LIMIT_NOTICES,
				    sizeof *m->notice, &items, &m->notices);
		m->notice = items;
	} else {
		to = js_new_array(w->build);
		put(w, "notices", to);
	}
	for (size_t i = 0; i < m->notices && !*w->failed; i++) {
		struct manifest_notice *n = &m->notice[i];
		unsigned kind = n->kind, policy = n->policy;
		struct walk in;

		if (!enter_item(w, &in, "notices", array, to, i))
			return;
		walk_word(&in, "notice", WORDS(notices), &kind);
		n->kind = (enum manifest_notice_kind)kind;
		if (n->kind == MANIFEST_POLICY)
			walk_word(&in, "policy", WORDS(policies), &policy);
		n->policy = (enum manifest_policy)policy;
		if (n->kind == MANIFEST_ROTATE)
			walk_statement(&in, n);
		no_strangers(&in);
	}
}

static bool
is_integer(const struct js *v)
{
	return v && js_type(v) == JS_INTEGER;
}

static void
walk_published(struct walk *w, struct manifest *m)
{
	struct walk in;

	if (!enter(w, &in, "published", false, true))
		return;
	walk_integer(&in, "revision", &m->catalog);
	if (in.from)
		m->catalog_told = is_integer(js_get(in.from, "rows"));
	if (m->catalog_told)
		walk_integer(&in, "rows", &m->catalog_rows);
	else if (in.from)
		(void)take(&in, "rows", JS_INTEGER, true);
	else
		put(&in, "rows", js_new_null(in.build));
	no_strangers(&in);
}

static void
walk_objects(struct walk *w, struct manifest *m)
{
	const struct js *array = NULL;
	struct js *to = NULL;
	void *items = NULL;

	if (w->from) {
		array = enter_array(w, "objects", LIMIT_OBJECTS,
				    sizeof *m->object, &items, &m->objects);
		m->object = items;
	} else {
		to = js_new_array(w->build);
		put(w, "objects", to);
	}
	for (size_t i = 0; i < m->objects && !*w->failed; i++) {
		struct manifest_object *o = &m->object[i];
		struct walk in;

		if (!enter_item(w, &in, "objects", array, to, i))
			return;
		walk_text(&in, "name", o->name, sizeof o->name, false);
		walk_integer(&in, "creates", &o->creates);
		walk_integer(&in, "updates", &o->updates);
		walk_integer(&in, "deletes", &o->deletes);
		walk_integer(&in, "records", &o->records);
		walk_hex(&in, "sum", o->sum, KEYS_HASH);
		no_strangers(&in);
	}
}

static void
walk_members(struct walk *w, struct manifest *m)
{
	const struct js *array = NULL;
	struct js *to = NULL;
	void *items = NULL;

	if (w->from) {
		array = enter_array(w, "members", LIMIT_MEMBERS,
				    sizeof *m->member, &items, &m->members);
		m->member = items;
	} else {
		to = js_new_array(w->build);
		put(w, "members", to);
	}
	for (size_t i = 0; i < m->members && !*w->failed; i++) {
		struct manifest_member *member = &m->member[i];
		struct walk in;

		if (!enter_item(w, &in, "members", array, to, i))
			return;
		walk_text(&in, "name", member->name, sizeof member->name,
			  false);
		walk_size(&in, "stored", &member->stored);
		walk_size(&in, "size", &member->size);
		walk_hex(&in, "hash", member->hash, KEYS_HASH);
		no_strangers(&in);
	}
}

static void
walk_invitation(struct walk *w, struct manifest *m)
{
	unsigned type = m->replication, policy = m->policy;

	walk_integer(w, "revision", &m->revision);
	walk_word(w, "type", WORDS(types), &type);
	m->replication = type != 0;
	walk_bool(w, "one_way", &m->one_way);
	walk_word(w, "policy", WORDS(policies), &policy);
	m->policy = (enum manifest_policy)policy;
	walk_contact(w, m);
}

static void
walk_answer(struct walk *w, struct manifest *m)
{
	unsigned answer = m->accepted;

	walk_integer(w, "revision", &m->revision);
	walk_word(w, "answer", WORDS(answers), &answer);
	m->accepted = answer != 0;
	walk_hex(w, "invitation", m->answered, KEYS_HASH);
}

/* What changes and notices share: their place in the row. */
static void
walk_row(struct walk *w, struct manifest *m)
{
	bool placed = m->place.sequence != 0;

	walk_place(w, "place", &placed, &m->place);
	walk_previous(w, m);
	walk_start(w, m);
	walk_place(w, "seen", &m->has_seen, &m->seen);
	walk_history(w, m);
	walk_notices(w, m);
}

/* Every key of a manifest, in the order in which it is written. */
static void
walk_manifest(struct walk *w, struct manifest *m)
{
	uint64_t format = MANIFEST_FORMAT;
	unsigned kind = m->kind;

	walk_integer(w, "format", &format);
	if (format != MANIFEST_FORMAT)
		refuse(w, "format", "is another version than 0; this bundle "
				    "needs another orgferry");
	walk_word(w, "kind", WORDS(kinds), &kind);
	m->kind = (enum manifest_kind)kind;
	walk_hex(w, "connection", m->connection, MANIFEST_CONNECTION);
	walk_from(w, m);
	walk_to(w, m);
	walk_instant(w, "made", m->made, false);
	switch (m->kind) {
	case MANIFEST_INVITATION:
		walk_invitation(w, m);
		break;
	case MANIFEST_ANSWER:
		walk_answer(w, m);
		break;
	case MANIFEST_NOTICE:
		walk_integer(w, "revision", &m->revision);
		walk_row(w, m);
		break;
	case MANIFEST_CHANGES:
		walk_row(w, m);
		walk_bool(w, "more", &m->more);
		walk_instant(w, "as_of", m->as_of, true);
		break;
	}
	if (m->kind != MANIFEST_NOTICE)
		walk_published(w, m);
	if (m->kind == MANIFEST_CHANGES)
		walk_objects(w, m);
	walk_members(w, m);
	no_strangers(w);
}

int
manifest_write(struct buf *out, const struct manifest *m, struct err *err)
{
	struct manifest copy = *m; /* a walk that writes changes nothing */
	struct js_build build = { false };
	bool failed = false;
	struct walk w = {
		.to = js_new_object(&build),
		.build = &build,
		.err = err,
		.where = "",
		.failed = &failed,
	};

	if (w.to)
		walk_manifest(&w, &copy);
	return js_write(out, &build, w.to, err);
}

/* Where two texts part, as a line and what stands there. */
static int
not_canonical(const uint8_t *have, size_t have_len, const struct buf *want,
	      struct err *err)
{
	size_t i = 0, line = 1, start = 0, end;

	while (i < have_len && i < want->len && have[i] == want->data[i]) {
		if (have[i++] == '\n') {
			line++;
			start = i;
		}
	}
	for (end = start; end < have_len && have[end] != '\n'; end++)
		;
	return err_set(err, ERR_REFUSED, "line %zu: %s is not the one "
		       "spelling that the manifest's values have", line,
		       SHOWN_N(have + start, end - start));
}

int
manifest_read(struct manifest *m, const void *text, size_t len,
	      struct err *err)
{
	struct buf again = BUF_INIT;
	struct js *tree = NULL;
	bool failed = false;
	struct walk w = { .err = err, .where = "", .failed = &failed };
	int rc = -1;

	*m = (struct manifest)MANIFEST_INIT;
	if (js_parse(&tree, text, len, err) < 0)
		return -1;
	w.from = tree;
	walk_manifest(&w, m);
	if (failed || manifest_write(&again, m, err) < 0)
		goto out;
	if (again.len != len || memcmp(again.data, text, len) != 0) {
		(void)not_canonical(text, len, &again, err);
		goto out;
	}
	rc = 0;
out:
	buf_release(&again);
	js_free(tree);
	return rc;
}

void
manifest_release(struct manifest *m)
{
	for (size_t i = 0; i < m->notices; i++)
		free(m->notice[i].statement);
	free(m->notice);
	free(m->object);
	free(m->member);
	*m = (struct manifest)MANIFEST_INIT;
}
