/*
 * bundle_in.c and changes.c on members of any content. The manifest, the
 * hashes, the archive round it are made right here, so that nothing stops an
 * input before its rows are read; what is taken must keep the rules of
 * FORMAT.md, section 5, which are written down here once more.
 *
 * An input: the counts of two objects, then members, 0x1e before each: a
 * letter for group and object, one for what is done with it, its content. The
 * signer is not known and the reader only looks, so that no input costs a
 * signature; and no thread can be had while it reads (the makefile wraps
 * pthread_create), so that none costs a thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "format/bundle_in.h"
#include "format/bundle_out.h"
#include "format/changes.h"
#include "format/minisig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMBERS = 12, OBJECTS = 2 };

static const char *const object_names[OBJECTS] = { "Account", "Task" };

/* One section of the input. */
struct section {
	struct member_name name;
	unsigned object;
	size_t at; /* in the input */
	struct buf content, stored;
	struct buf part; /* of an index: the body that it lists */
};

static struct buf signature = BUF_INIT;
static char path[64];
static int fd = -1;

static _Thread_local bool reading;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*start)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*start)(void *), void *arg);

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
		      void *(*start)(void *), void *arg)
{
	if (reading)
		return EAGAIN;
	return __real_pthread_create(thread, attr, start, arg);
}

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
begin(void)
{
	char name[] = "/dev/shm/orgferry-fuzz-XXXXXX";
	struct key_pair *pair;
	struct err err = { 0 };

	must(keys_init(&err) == 0 && key_pair_new(&pair, &err) == 0);
	must(minisig_sign(&signature, "", 0, BUNDLE_UNTRUSTED, BUNDLE_TRUSTED,
			  pair, &err) == 0);
	key_pair_free(pair);
	fd = mkstemp(name);
	must(fd >= 0 && unlink(name) == 0);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
}

static void
add_little(struct buf *b, uint32_t n, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_add_byte(b, (uint8_t)(n >> 8 * i));
}

/* One stored block is deflate enough. */
static void
gzip_stored(struct buf *out, const struct buf *plain)
{
	static const uint8_t head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	uint16_t len = (uint16_t)plain->len;

	buf_add(out, head, sizeof head);
	buf_add_byte(out, 1);
	add_little(out, len, 2);
	add_little(out, (uint16_t)~len, 2);
	buf_add(out, plain->data, len);
	add_little(out, (uint32_t)crc32(0, plain->data, len), 4);
	add_little(out, len, 4);
}

/* The header that the group has, so that inputs need not; none by columns. */
static void
add_header(struct buf *out, enum member_group group)
{
	size_t count;
	const char *const *name = member_columns(group, &count);

	for (size_t i = 0; name && !member_by_columns(group) && i < count; i++)
		buf_addf(out, "%s%s", name[i], i + 1 < count ? "," : "\n");
}

/* A row that lists a body of one part. */
static void
add_part(struct section *s, const uint8_t *body, size_t len)
{
	char hex[2 * KEYS_HASH + 1];
	uint8_t hash[KEYS_HASH];

	keys_hash(hash, body, len);
	text_hex(hex, hash, KEYS_HASH);
	buf_add(&s->part, body, len);
	buf_addf(&s->content, "files/%s.1,%zu,%s\n", hex, len, hex);
}

/*
 * The content and how it is stored, as `how` says: without its header, an
 * index of any rows, a bit exchanged, a byte more.
 */
static void
fill(struct section *s, uint8_t how, const uint8_t *at, size_t len)
{
	enum member_group group = s->name.group;

	if (!(how & 1))
		add_header(&s->content, group);
	if (group == MEMBER_INDEX && !(how & 2))
		add_part(s, at, len);
	else
		buf_add(&s->content, at, len);
	gzip_stored(&s->stored, &s->content);
	if (how & 4 && s->stored.len > 0)
		s->stored.data[how % s->stored.len] ^= how;
	if (how & 8)
		buf_add_byte(&s->stored, how);
}

static size_t
split(struct section *s, struct rd *r)
{
	size_t count = 0;

	while (count < MEMBERS && r->left >= 3) {
		const uint8_t *head, *at, *end;
		size_t len;

		must(rd_take(r, 3, &head));
		end = r->left ? memchr(r->at, 0x1e, r->left) : NULL;
		len = end ? (size_t)(end - r->at) : r->left;
		must(rd_take(r, len, &at));
		s[count].name.group = (enum member_group)(
			MEMBER_PUBLISHED + (head[1] & 7) % 7);
		s[count].object = member_by_object(s[count].name.group) ?
					  head[1] >> 3 & 1 : 0;
		s[count].at = count;
		fill(&s[count++], head[2], at, len);
	}
	return count;
}

static int
by_order(const void *a, const void *b)
{
	const struct section *x = a, *y = b;

	if (x->name.group != y->name.group)
		return x->name.group < y->name.group ? -1 : 1;
	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static int
to_fd(struct file_sink *s, const void *data, size_t len, struct err *err)
{
	(void)s;
	return file_write_fd(fd, data, len, "fuzz", err);
}

static void
put_members(struct file_sink *to, struct section *s, size_t count)
{
	struct err err = { 0 };

	for (size_t i = 0; i < count; i++) {
		struct member_name part = { .group = MEMBER_PART,
					    .number = 1 };
		char name[ARCHIVE_NAME];

		member_spell(name, &s[i].name);
		must(archive_put(to, name, s[i].stored.data, s[i].stored.len,
				 &err) == 0);
		if (s[i].name.group != MEMBER_INDEX || !s[i].part.data)
			continue;
		keys_hash(part.hash, s[i].part.data, s[i].part.len);
		member_spell(name, &part);
		must(archive_put(to, name, s[i].part.data, s[i].part.len,
				 &err) == 0);
	}
	must(archive_end(to, &err) == 0);
}

static void
fill_manifest(struct manifest *m, const uint8_t *counts)
{
	*m = (struct manifest)MANIFEST_INIT;
	(void)snprintf(m->from.id, sizeof m->from.id, "00D2a0000000001EAA");
	(void)snprintf(m->from.name, sizeof m->from.name, "Acme");
	(void)snprintf(m->made, sizeof m->made, "2026-11-22T06:00:00.000Z");
	m->place.sequence = 7;
	m->has_previous = true;
	m->catalog = 1;
	m->catalog_told = counts[0] & 1;
	m->catalog_rows = counts[0] >> 1 & 7;
	if (counts[0] & 16)
		(void)snprintf(m->as_of, sizeof m->as_of,
			       "2026-11-22T05:59:58.000Z");
	m->object = calloc(OBJECTS, sizeof *m->object);
	must(m->object != NULL);
	m->objects = OBJECTS;
	for (size_t i = 0; i < OBJECTS; i++) {
		struct manifest_object *o = &m->object[i];

		(void)snprintf(o->name, sizeof o->name, "%s",
			       object_names[i]);
		o->creates = counts[i + 1] & 3;
		o->updates = counts[i + 1] >> 2 & 3;
		o->deletes = counts[i + 1] >> 4 & 3;
		o->records = 9;
	}
}

/* The bundle into the file. */
static void
write_bundle(struct section *s, size_t count, const uint8_t *counts)
{
	struct file_sink to = { to_fd };
	struct buf text = BUF_INIT;
	struct manifest m;
	struct err err = { 0 };

	fill_manifest(&m, counts);
	m.member = calloc(count + 1, sizeof *m.member);
	must(m.member != NULL);
	m.members = count;
	for (size_t i = 0; i < count; i++) {
		struct manifest_member *member = &m.member[i];
		bool same = i > 0 &&
			    s[i].name.group == s[i - 1].name.group &&
			    s[i].object == s[i - 1].object;

		s[i].name.number = same ? s[i - 1].name.number + 1 : 1;
		if (member_by_object(s[i].name.group))
			(void)snprintf(s[i].name.object,
				       sizeof s[i].name.object, "%s",
				       object_names[s[i].object]);
		member_spell(member->name, &s[i].name);
		member->stored = s[i].stored.len;
		member->size = s[i].content.len;
		keys_hash(member->hash, s[i].stored.data, s[i].stored.len);
	}
	must(manifest_write(&text, &m, &err) == 0);
	must(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	must(archive_put(&to, "manifest.json", text.data, text.len, &err) ==
	     0);
	must(archive_put(&to, "manifest.json.minisig", signature.data,
			 signature.len, &err) == 0);
	put_members(&to, s, count);
	buf_release(&text);
	manifest_release(&m);
}

/* What the rows before this one were, for the order of a run. */
struct seen {
	enum member_group group;
	const struct manifest_object *object;
	const char *change;
	char key[2][256];
	uint64_t record, rows;
	uint64_t names, creates[OBJECTS], published;
};

static bool
is_id(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr("0123456789abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ", s[i]) || !s[i])
			return false;
	return len == 18;
}

static bool
is_record(struct field f)
{
	return f.len == 20 && (f.at[0] == 'i' || f.at[0] == 'a') &&
	       f.at[1] == ':' && is_id(f.at + 2, 18);
}

static void
must_ascend(struct seen *seen, struct field a, struct field b,
	    uint64_t record)
{
	char key[2][256];
	int order;

	(void)snprintf(key[0], sizeof key[0], "%.*s", (int)a.len, a.at);
	(void)snprintf(key[1], sizeof key[1], "%.*s", (int)b.len, b.at);
	order = strcmp(seen->key[0], key[0]);
	if (order == 0)
		order = strcmp(seen->key[1], key[1]);
	must(seen->rows == 0 || order < 0 ||
	     (order == 0 && seen->record < record));
	memcpy(seen->key, key, sizeof key);
	seen->record = record;
	seen->rows++;
}

/* A record's number among those of its object, from 1. */
static uint64_t
among_its_own(const struct manifest *m, const struct change *c)
{
	uint64_t number = c->record;

	for (const struct manifest_object *o = m->object; o < c->object; o++)
		number -= o->creates + o->updates + o->deletes;
	must(number >= 1 && number <= c->object->creates +
					      c->object->updates +
					      c->object->deletes);
	return number;
}

static void
must_be_names(struct seen *seen, const struct manifest *m,
	      const struct change *c)
{
	const struct manifest_object *o = c->object;
	const struct field *f = c->row->field;
	uint64_t number = among_its_own(m, c);
	const char *word = number <= o->creates ? "create" :
			   number <= o->creates + o->updates ? "update" :
							       "delete";
	int64_t ms;

	if (seen->change != word)
		seen->rows = 0;
	seen->change = word;
	must(c->row->count == 6 && field_is(f[0], o->name));
	must(field_is(f[2], word) && is_record(f[1]));
	must(f[3].len == 0 || text_parse_instant(&ms, f[3].at, f[3].len));
	must(f[4].len == 0 || (*word == 'c' && is_id(f[4].at, f[4].len)));
	must((f[4].len == 0) == (f[5].len == 0));
	must(f[5].len == 0 || is_id(f[5].at, f[5].len));
	must_ascend(seen, f[1], field_of(""), 0);
}

static void
must_be_updates(struct seen *seen, const struct manifest *m,
		const struct change *c)
{
	const struct field *f = c->row->field;
	uint64_t number;

	must(among_its_own(m, c) <= c->object->creates + c->object->updates);
	must(c->row->count == 3 && member_api_name(f[1].at, f[1].len));
	must(text_parse_count(&number, f[0].at, f[0].len) &&
	     number == c->record);
	must_ascend(seen, f[1], field_of(""), c->record);
}

static void
must_be_creates(struct seen *seen, const struct manifest *m,
		const struct change *c, size_t object)
{
	const struct row *columns = c->columns;

	must(among_its_own(m, c) == ++seen->creates[object]);
	must(columns->count == c->row->count && columns->count > 0);
	for (size_t i = 0; i < columns->count; i++)
		must(member_api_name(columns->field[i].at,
				     columns->field[i].len));
}

static void
must_be_right(struct seen *seen, const struct manifest *m,
	      const struct change *c)
{
	const struct field *f = c->row ? c->row->field : NULL;

	if (c->group != seen->group || c->object != seen->object) {
		must(c->group != seen->group || !seen->object || !c->object ||
		     seen->object < c->object);
		seen->rows = 0;
		seen->change = NULL;
	}
	seen->group = c->group;
	seen->object = c->object;
	switch (c->group) {
	case MEMBER_PUBLISHED:
		seen->published++;
		must(member_api_name(f[0].at, f[0].len));
		must(f[1].len == 0 || member_api_name(f[1].at, f[1].len));
		must(f[1].len == 0 || field_is(f[0], seen->key[0]));
		must_ascend(seen, f[0], f[1], 0);
		break;
	case MEMBER_NAMES:
		must(c->record == ++seen->names);
		must_be_names(seen, m, c);
		break;
	case MEMBER_CREATES:
		must_be_creates(seen, m, c, (size_t)(c->object - m->object));
		break;
	case MEMBER_UPDATES:
		must_be_updates(seen, m, c);
		break;
	case MEMBER_IDS:
		must(member_api_name(f[0].at, f[0].len) && is_record(f[1]));
		must(field_is(f[3], "accepted") ? is_id(f[2].at, f[2].len) :
						  f[2].len == 0);
		must_ascend(seen, f[0], f[1], 0);
		break;
	case MEMBER_REFUSED:
		must(member_api_name(f[0].at, f[0].len) && is_record(f[1]));
		break;
	default:
		break;
	}
}

static void
must_be_whole(const struct seen *seen, const struct manifest *m)
{
	uint64_t names = 0;

	must(seen->published == m->catalog_rows);
	for (size_t i = 0; i < OBJECTS; i++) {
		const struct manifest_object *o = &m->object[i];

		names += o->creates + o->updates + o->deletes;
		must(seen->creates[i] == 0 || seen->creates[i] == o->creates);
	}
	must(seen->names == names);
}

static void
read_bundle(void)
{
	const struct bundle_keys keys = { .unchecked = true };
	struct seen seen = { .group = MEMBER_GROUPS };
	const struct manifest *m;
	struct bundle_in *in;
	struct changes *changes;
	struct change c;
	struct err err = { 0 };
	int got;

	if (bundle_in_open(&in, path, &keys, &err) < 0) {
		must(err.kind == ERR_REFUSED && strstr(err.msg, path));
		return;
	}
	m = bundle_in_manifest(in);
	must(changes_open(&changes, in, &err) == 0);
	while ((got = changes_next(changes, &c, &err)) > 0)
		must_be_right(&seen, m, &c);
	must(got == 0 || (err.kind == ERR_REFUSED && strstr(err.msg, path)));
	if (got == 0)
		must_be_whole(&seen, m);
	changes_free(changes);
	bundle_in_free(in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct section section[MEMBERS] = { 0 };
	struct rd r = rd_of(data, size);
	const uint8_t *counts;
	size_t count;

	if (fd < 0)
		begin();
	if (size > 20000 || !rd_take(&r, 1 + OBJECTS, &counts))
		return 0;
	count = split(section, &r);
	qsort(section, count, sizeof *section, by_order);
	write_bundle(section, count, counts);
	reading = true;
	read_bundle();
	reading = false;
	for (size_t i = 0; i < count; i++) {
		buf_release(&section[i].content);
		buf_release(&section[i].stored);
		buf_release(&section[i].part);
	}
	return 0;
}
