/* A bundle being written: see bundle_out.h. */
#include "format/bundle_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"
#include "base/text.h"
#include "format/archive.h"
#include "format/columns.h"
#include "format/gzip.h"
#include "format/manifest_check.h"
#include "format/minisig.h"
#include "format/naming.h"

enum {
	DEPTH = 4,	  /* members deflating at once */
	PIECE = 64 << 10, /* of what is copied through memory */
};

/* A member on its way through the pool. */
struct job {
	struct member_name name;
	struct buf rows, stored;
	enum gzip_effort effort;
	uint8_t hash[KEYS_HASH];
	int rc;
	struct err err;
};

/* The body of a file, and the index member that lists its parts. */
struct body {
	char *path;
	uint64_t size;
	uint8_t hash[KEYS_HASH];
	unsigned index;
};

/* Of updates, the row before in the same member. */
struct before {
	char object[LIMIT_NAME + 1], field[LIMIT_NAME + 1]; /* empty: none */
	uint64_t record;
};

struct bundle_out {
	char *path; /* for messages */
	int spool;
	struct pool *pool;
	struct job job[DEPTH], *open; /* open: being filled, or NULL */
	unsigned given;		      /* jobs, to find the next one by */
	enum gzip_effort effort;
	struct member_name run;	      /* with the next member's number */
	struct buf columns;	      /* the run's header line */
	struct columns_out *table;    /* the member, of a run by columns */
	struct naming naming;
	struct before before;
	struct manifest_member *member;
	size_t members, room;
	struct body *body;
	size_t bodies, body_room;
};

static void
deflate_job(void *arg)
{
	struct job *job = arg;

	job->rc = gzip_deflate(&job->stored, job->rows.data, job->rows.len,
			       job->effort, &job->err);
	if (job->rc == 0)
		keys_hash(job->hash, job->stored.data, job->stored.len);
}

int
bundle_out_begin(struct bundle_out **out, const char *path, struct err *err)
{
	struct bundle_out *b = calloc(1, sizeof *b);

	*out = NULL;
	if (!b)
		return err_memory(err);
	b->spool = -1;
	b->path = strdup(path);
	if (!b->path)
		(void)err_memory(err);
	else
		b->spool = file_spool(path, err);
	if (b->spool < 0 ||
	    pool_new(&b->pool, DEPTH, deflate_job, err) < 0) {
		bundle_out_free(b);
		return -1;
	}
	*out = b;
	return 0;
}

void
bundle_out_free(struct bundle_out *b)
{
	if (!b)
		return;
	pool_free(b->pool);
	for (size_t i = 0; i < DEPTH; i++) {
		buf_release(&b->job[i].rows);
		buf_release(&b->job[i].stored);
	}
	for (size_t i = 0; i < b->bodies; i++)
		free(b->body[i].path);
	free(b->body);
	free(b->member);
	buf_release(&b->columns);
	columns_out_free(b->table);
	if (b->spool >= 0)
		(void)close(b->spool);
	free(b->path);
	free(b);
}

void
bundle_out_effort(struct bundle_out *b, enum gzip_effort effort)
{
	b->effort = effort;
}

void
bundle_out_as_of(struct bundle_out *b, const char *as_of)
{
	naming_begin(&b->naming, as_of);
}

/* Make room for one more in an array of *room. */
static int
grow(void **array, size_t count, size_t *room, size_t size, struct err *err)
{
	size_t more = *room ? *room * 2 : 64;
	void *grown;

	if (count < *room)
		return 0;
	grown = realloc(*array, more * size);
	if (!grown)
		return err_memory(err);
	*array = grown;
	*room = more;
	return 0;
}

static struct manifest_member *
add_member(struct bundle_out *b, const struct member_name *name, size_t stored,
	   size_t size, struct err *err)
{
	struct manifest_member *m;
	void *array = b->member;

	if (b->members == LIMIT_MEMBERS) {
		(void)err_set(err, ERR_REFUSED, "%s: a bundle holds at most "
			      "%zu members; carry less at once",
			      SHOWN(b->path), LIMIT_MEMBERS);
		return NULL;
	}
	if (grow(&array, b->members, &b->room, sizeof *b->member, err) < 0)
		return NULL;
	b->member = array;
	m = &b->member[b->members++];
	memset(m, 0, sizeof *m);
	member_spell(m->name, name);
	m->stored = stored;
	m->size = size;
	return m;
}

struct spool_sink {
	struct file_sink sink;
	struct bundle_out *b;
};

static int
spool_write(struct file_sink *s, const void *data, size_t len, struct err *err)
{
	struct bundle_out *b = ((struct spool_sink *)s)->b;

	return file_write_fd(b->spool, data, len, b->path, err);
}

/* Take the oldest member back and put it on the spool. */
static int
take_back(struct bundle_out *b, struct err *err)
{
	struct spool_sink to = { { spool_write }, b };
	struct job *job = pool_take(b->pool);
	struct manifest_member *m;

	if (job->rc < 0) {
		*err = job->err;
		return err_at(err, "%s", SHOWN(b->path));
	}
	m = add_member(b, &job->name, job->stored.len, job->rows.len, err);
	if (!m)
		return -1;
	memcpy(m->hash, job->hash, sizeof m->hash);
	return archive_put(&to.sink, m->name, job->stored.data,
			   job->stored.len, err);
}

/* Begin the next member of the run, with the columns at its head. */
static int
open_member(struct bundle_out *b, struct err *err)
{
	if (pool_full(b->pool) && take_back(b, err) < 0)
		return -1;
	b->open = &b->job[b->given++ % DEPTH];
	b->open->name = b->run;
	b->open->effort = b->effort;
	b->run.number++;
	buf_clear(&b->open->rows);
	buf_add(&b->open->rows, b->columns.data, b->columns.len);
	b->before = (struct before){ .record = 0 };
	return 0;
}

/* Send the member that is being filled to be deflated. */
static int
close_member(struct bundle_out *b, struct err *err)
{
	if (b->table && columns_out_records(b->table) > 0) {
		if (open_member(b, err) < 0)
			return -1;
		columns_out_write(b->table, &b->open->rows);
		naming_restart(&b->naming);
	}
	if (!b->open)
		return 0;
	if (buf_ok(&b->open->rows, err) < 0)
		return -1;
	pool_give(b->pool, b->open);
	b->open = NULL;
	return 0;
}

/* The columns of a run: the group's own, or the caller's. */
static int
set_columns(struct bundle_out *b, enum member_group group,
	    const struct field *columns, size_t count, struct err *err)
{
	struct field own[16];
	size_t owned;
	const char *const *name = member_columns(group, &owned);

	if (name) {
		for (size_t i = 0; i < owned; i++)
			own[i] = field_of(name[i]);
		columns = own;
		count = owned;
	}
	columns_out_free(b->table);
	b->table = NULL;
	buf_clear(&b->columns);
	if (member_by_columns(group))
		return columns_out_new(&b->table, columns, count, err);
	rows_write(&b->columns, ROWS_PLAIN, columns, count);
	return buf_ok(&b->columns, err);
}

int
bundle_out_run(struct bundle_out *b, enum member_group group,
	       const char *object, const struct field *columns, size_t count,
	       struct err *err)
{
	if (close_member(b, err) < 0 ||
	    set_columns(b, group, columns, count, err) < 0)
		return -1;
	b->run = (struct member_name){ .group = group, .number = 1 };
	(void)snprintf(b->run.object, sizeof b->run.object, "%s",
		       member_by_object(group) ? object : "");
	naming_restart(&b->naming);
	/* A table by columns is a member once it is full, or at its end. */
	return b->table ? 0 : open_member(b, err);
}

static int
refuse_long(struct bundle_out *b, struct err *err)
{
	return err_set(err, ERR_REFUSED, "%s: a row is longer than the %zu "
		       "bytes of a bundle's member", SHOWN(b->path),
		       LIMIT_MEMBER);
}

/* A record of a table by columns: 1, or 0 if the member has no room, or -1. */
static int
put_record(struct bundle_out *b, const struct field *field, struct err *err)
{
	struct field cell[NAMING_COLUMNS];

	if (b->run.group == MEMBER_NAMES) {
		if (naming_spell(&b->naming, field, cell, err) < 0)
			return -1;
		field = cell;
	}
	return columns_out_add(b->table, field, err);
}

/*
 * Of updates a field is spelled where it changes; else the record's number is
 * how much further it is.
 */
static void
put_update(struct bundle_out *b, const struct field *said)
{
	struct before *before = &b->before;
	struct field field[3] = { said[1], said[2], said[3] };
	char further[24];
	uint64_t record = 0;

	(void)text_parse_count(&record, said[1].at, said[1].len);
	if (field_is(said[0], before->object) &&
	    field_is(said[2], before->field)) {
		(void)snprintf(further, sizeof further, "%llu",
			       (unsigned long long)(record - before->record));
		field[0] = field_of(further);
		field[1] = field_of("");
	} else {
		(void)snprintf(before->object, sizeof before->object, "%.*s",
			       (int)said[0].len, said[0].at);
		(void)snprintf(before->field, sizeof before->field, "%.*s",
			       (int)said[2].len, said[2].at);
	}
	before->record = record;
	rows_write(&b->open->rows, ROWS_PLAIN, field, 3);
}

/* A row into the open member: 1; 0 and nothing done if it has no room; -1. */
static int
put_row(struct bundle_out *b, const struct field *field, size_t count,
	struct err *err)
{
	struct buf *rows = &b->open->rows;
	size_t was = rows->len;

	if (b->run.group == MEMBER_UPDATES)
		put_update(b, field);
	else
		rows_write(rows, ROWS_PLAIN, field, count);
	if (buf_ok(rows, err) < 0)
		return -1;
	if (rows->len <= LIMIT_MEMBER)
		return 1;
	rows->len = was;
	return 0;
}

int
bundle_out_row(struct bundle_out *b, const struct field *field, size_t count,
	       struct err *err)
{
	int got = b->table ? put_record(b, field, err) :
			     put_row(b, field, count, err);

	if (got != 0)
		return got < 0 ? -1 : 0;
	/* One too many: it goes to the next member. */
	if (b->table ? columns_out_records(b->table) == 0 :
		       b->open->rows.len == b->columns.len)
		return refuse_long(b, err);
	if (close_member(b, err) < 0 ||
	    (!b->table && open_member(b, err) < 0))
		return -1;
	got = b->table ? put_record(b, field, err) :
			 put_row(b, field, count, err);
	return got == 0 ? refuse_long(b, err) : got < 0 ? -1 : 0;
}

/* The index member to list a body of so many parts in. */
static int
open_index(struct bundle_out *b, unsigned parts, struct err *err)
{
	enum { ROW = ARCHIVE_NAME + 2 * KEYS_HASH + 16 };

	if (!b->open || b->open->name.group != MEMBER_INDEX)
		return bundle_out_run(b, MEMBER_INDEX, "", NULL, 0, err);
	if (b->open->rows.len + (size_t)parts * ROW <= LIMIT_MEMBER)
		return 0;
	return close_member(b, err) < 0 ? -1 : open_member(b, err);
}

/* The hash of each part of a body, and of the whole. */
static int
hash_parts(struct file_in *in, struct body *body, struct buf *hashes,
	   struct err *err)
{
	uint8_t piece[PIECE], hash[KEYS_HASH];
	struct keys_hasher whole, part;
	size_t in_part = 0;
	ptrdiff_t got;

	keys_hash_begin(&whole);
	keys_hash_begin(&part);
	while ((got = in->source.read(&in->source, piece, sizeof piece, err)) >
	       0) {
		const uint8_t *at = piece;
		size_t left = (size_t)got;

		keys_hash_add(&whole, piece, left);
		body->size += left;
		while (left > 0) {
			size_t n = LIMIT_MEMBER - in_part;

			if (n == 0) {
				keys_hash_end(&part, hash);
				buf_add(hashes, hash, sizeof hash);
				keys_hash_begin(&part);
				in_part = 0;
				continue;
			}
			if (n > left)
				n = left;
			keys_hash_add(&part, at, n);
			in_part += n;
			at += n;
			left -= n;
		}
	}
	if (got < 0)
		return -1;
	keys_hash_end(&part, hash);
	buf_add(hashes, hash, sizeof hash);
	keys_hash_end(&whole, body->hash);
	return buf_ok(hashes, err);
}

/* How long the n-th part of a body is, from 1. */
static size_t
part_size(uint64_t size, unsigned n)
{
	uint64_t left = size - (uint64_t)(n - 1) * LIMIT_MEMBER;

	return left < LIMIT_MEMBER ? (size_t)left : LIMIT_MEMBER;
}

static int
list_parts(struct bundle_out *b, const struct body *body,
	   const struct buf *hashes, struct err *err)
{
	unsigned parts = (unsigned)(hashes->len / KEYS_HASH);

	for (unsigned n = 1; n <= parts; n++) {
		struct member_name part = { .group = MEMBER_PART, .number = n };
		char name[ARCHIVE_NAME], size[24], hash[2 * KEYS_HASH + 1];

		memcpy(part.hash, body->hash, KEYS_HASH);
		member_spell(name, &part);
		(void)snprintf(size, sizeof size, "%zu",
			       part_size(body->size, n));
		text_hex(hash, hashes->data + (n - 1) * KEYS_HASH, KEYS_HASH);
		if (bundle_out_row(b, (struct field[]){ field_of(name),
							field_of(size),
							field_of(hash) },
				   3, err) < 0)
			return -1;
	}
	return 0;
}

int
bundle_out_body(struct bundle_out *b, const char *path,
		uint8_t hash[static KEYS_HASH], struct err *err)
{
	struct file_in in = FILE_IN_INIT;
	struct buf hashes = BUF_INIT;
	struct body body = { 0 };
	void *array = b->body;
	int rc = -1;

	if (file_open(&in, path, err) < 0)
		goto out;
	if (in.size > (uint64_t)LIMIT_PARTS * LIMIT_MEMBER) {
		(void)err_set(err, ERR_REFUSED, "%s: longer than the %u parts "
			      "that a bundle carries of one file",
			      SHOWN(path), LIMIT_PARTS);
		goto out;
	}
	if (hash_parts(&in, &body, &hashes, err) < 0) {
		(void)err_at(err, "%s", SHOWN(path));
		goto out;
	}
	if (open_index(b, (unsigned)(hashes.len / KEYS_HASH), err) < 0 ||
	    list_parts(b, &body, &hashes, err) < 0 ||
	    grow(&array, b->bodies, &b->body_room, sizeof *b->body, err) < 0)
		goto out;
	b->body = array;
	body.index = b->open->name.number;
	body.path = strdup(path);
	if (!body.path) {
		(void)err_memory(err);
		goto out;
	}
	b->body[b->bodies++] = body;
	memcpy(hash, body.hash, KEYS_HASH);
	rc = 0;
out:
	buf_release(&hashes);
	file_close(&in);
	return rc;
}

/* The parts of a body, each a member, from its file, which is hashed again. */
static int
put_parts(const struct body *body, struct file_sink *to, struct buf *part,
	  struct err *err)
{
	struct member_name name = { .group = MEMBER_PART };
	struct file_in in = FILE_IN_INIT;
	struct keys_hasher whole;
	uint8_t hash[KEYS_HASH];
	uint64_t left = body->size;
	int rc = -1;

	memcpy(name.hash, body->hash, KEYS_HASH);
	keys_hash_begin(&whole);
	if (file_open(&in, body->path, err) < 0)
		return -1;
	do {
		size_t n = left < LIMIT_MEMBER ? (size_t)left : LIMIT_MEMBER;
		char spelled[ARCHIVE_NAME];
		uint8_t *at;

		buf_clear(part);
		at = buf_room(part, n);
		if (!at) {
			(void)err_memory(err);
			goto out;
		}
		if (n > 0 && file_take(&in.source, at, n, err) <= 0)
			goto changed;
		name.number++;
		member_spell(spelled, &name);
		keys_hash_add(&whole, at, n);
		if (archive_put(to, spelled, at, n, err) < 0)
			goto out;
		left -= n;
	} while (left > 0);
	keys_hash_end(&whole, hash);
	if (keys_equal(hash, body->hash, KEYS_HASH)) {
		rc = 0;
		goto out;
	}
changed:
	(void)err_set(err, ERR_SYSTEM, "%s: changed while it was being packed",
		      SHOWN(body->path));
out:
	file_close(&in);
	return rc;
}

/* From the spool, where it stands, to the archive. */
static int
copy_spool(struct bundle_out *b, struct file_sink *to, uint64_t len,
	   struct err *err)
{
	uint8_t piece[PIECE];

	while (len > 0) {
		size_t n = len < sizeof piece ? (size_t)len : sizeof piece;
		ssize_t got = read(b->spool, piece, n);

		if (got < 0)
			return err_sys(err, "%s: cannot read its spool back",
				       SHOWN(b->path));
		if (got == 0)
			return err_set(err, ERR_SYSTEM, "%s: its spool is cut "
				       "short", SHOWN(b->path));
		if (to->write(to, piece, (size_t)got, err) < 0)
			return -1;
		len -= (size_t)got;
	}
	return 0;
}

/* All members off the spool; after each index the parts that it lists. */
static int
put_members(struct bundle_out *b, const struct manifest *m, size_t first,
	    struct file_sink *to, struct err *err)
{
	struct buf part = BUF_INIT;
	size_t body = 0;
	int rc = -1;

	if (lseek(b->spool, 0, SEEK_SET) < 0)
		return err_sys(err, "%s: cannot read its spool back",
			       SHOWN(b->path));
	for (size_t i = first; i < m->members; i++) {
		struct member_name name;
		uint64_t len = (m->member[i].stored + ARCHIVE_BLOCK - 1) /
			       ARCHIVE_BLOCK * ARCHIVE_BLOCK;

		if (copy_spool(b, to, ARCHIVE_BLOCK + len, err) < 0)
			goto out;
		if (!member_parse(&name, m->member[i].name) ||
		    name.group != MEMBER_INDEX)
			continue;
		while (body < b->bodies &&
		       b->body[body].index == name.number)
			if (put_parts(&b->body[body++], to, &part, err) < 0)
				goto out;
	}
	rc = 0;
out:
	buf_release(&part);
	return rc;
}

/* The members for the manifest: sender.pub where it belongs, then ours. */
static int
hand_over_members(struct bundle_out *b, struct manifest *m,
		  const struct buf *sender, struct err *err)
{
	struct manifest_member *all;

	free(m->member);
	m->member = NULL;
	m->members = 0;
	all = calloc(b->members + 1, sizeof *all);
	if (!all)
		return err_memory(err);
	m->member = all;
	if (sender->len > 0) {
		struct member_name name = { .group = MEMBER_SENDER };

		member_spell(all->name, &name);
		all->stored = all->size = sender->len;
		keys_hash(all->hash, sender->data, sender->len);
		m->members++;
	}
	if (b->members > 0)
		memcpy(all + m->members, b->member,
		       b->members * sizeof *b->member);
	m->members += b->members;
	return 0;
}

int
bundle_out_finish(struct bundle_out *b, struct manifest *m,
		  const struct key_pair *key, struct file_sink *to,
		  uint8_t hash[static KEYS_HASH], struct err *err)
{
	struct buf text = BUF_INIT, signature = BUF_INIT, sender = BUF_INIT;
	int rc = -1;

	if (close_member(b, err) < 0)
		goto out;
	while (pool_busy(b->pool) > 0)
		if (take_back(b, err) < 0)
			goto out;
	if (m->kind == MANIFEST_INVITATION || m->kind == MANIFEST_ANSWER)
		minisig_write_public(&sender, key_pair_public(key));
	if (buf_ok(&sender, err) < 0 ||
	    hand_over_members(b, m, &sender, err) < 0 ||
	    manifest_check(m, err) < 0 || manifest_write(&text, m, err) < 0)
		goto out;
	if (text.len > LIMIT_MANIFEST) {
		(void)err_set(err, ERR_REFUSED, "%s: its manifest has %zu "
			      "bytes, and at most %zu are allowed; carry less "
			      "at once", SHOWN(b->path), text.len,
			      LIMIT_MANIFEST);
		goto out;
	}
	if (minisig_sign(&signature, text.data, text.len, BUNDLE_UNTRUSTED,
			 BUNDLE_TRUSTED, key, err) < 0 ||
	    archive_put(to, "manifest.json", text.data, text.len, err) < 0 ||
	    archive_put(to, "manifest.json.minisig", signature.data,
			signature.len, err) < 0)
		goto out;
	if (sender.len > 0 &&
	    archive_put(to, "sender.pub", sender.data, sender.len, err) < 0)
		goto out;
	if (put_members(b, m, sender.len > 0, to, err) < 0 ||
	    archive_end(to, err) < 0)
		goto out;
	keys_hash(hash, text.data, text.len);
	rc = 0;
out:
	buf_release(&text);
	buf_release(&signature);
	buf_release(&sender);
	return rc;
}
