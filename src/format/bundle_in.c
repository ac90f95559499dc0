/* A bundle being read: see bundle_in.h. */
#include "format/bundle_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "base/text.h"
#include "format/archive.h"
#include "format/bundle_out.h"
#include "format/envelope.h"
#include "format/gzip.h"
#include "format/manifest_check.h"
#include "format/minisig.h"
#include "format/rows.h"

enum { DEPTH = 4 }; /* members being hashed and inflated at once */

/* A member on its way through the pool. */
struct job {
	struct bundle_member member;
	struct buf stored, plain;
	size_t size;		 /* inflated, as signed */
	uint8_t want[KEYS_HASH]; /* of the stored bytes, as signed */
	int rc;
	struct err err;
};

/* A row of an index: a part that is to come. */
struct part {
	struct member_name name;
	size_t size;
	uint8_t hash[KEYS_HASH];
	bool last;
};

struct bundle_in {
	char *path;
	const struct bundle_keys *keys;
	struct file_in file;
	struct envelope_head head;
	struct envelope_in *envelope; /* or NULL: a plain bundle */
	struct file_source *from;     /* the archive */
	struct manifest manifest;
	struct buf text, signature;
	uint8_t hash[KEYS_HASH];
	enum bundle_trust trust;
	struct key_public sender;
	struct pool *pool;
	struct job job[DEPTH];
	unsigned given;
	size_t next;	     /* member of the manifest to be read */
	bool index_under_way; /* nothing is read past it until it is parsed */
	struct part *part;   /* of the newest index */
	size_t parts, next_part;
	struct keys_hasher body; /* of the body whose parts come */
	bool peeked; /* the next member's header has been read already */
	char peek_name[ARCHIVE_NAME];
	size_t peek_size;
	bool at_end; /* of the archive, which was right */
};

static void
inflate_job(void *arg)
{
	struct job *job = arg;
	uint8_t hash[KEYS_HASH];

	keys_hash(hash, job->stored.data, job->stored.len);
	if (!keys_equal(hash, job->want, sizeof hash)) {
		job->rc = err_set(&job->err, ERR_REFUSED, "its bytes are not "
				  "those that were signed");
		return;
	}
	job->rc = 0;
	if (job->member.name.group != MEMBER_PART)
		job->rc = gzip_inflate(&job->plain, job->size,
				       job->stored.data, job->stored.len,
				       &job->err);
}

/* The header of the next member, which stays the next. 1, 0 at the end, -1. */
static int
peek(struct bundle_in *b, struct err *err)
{
	int got;

	if (b->peeked || b->at_end)
		return b->peeked;
	got = archive_next(b->from, b->peek_name, &b->peek_size, LIMIT_STORED,
			   err);
	b->peeked = got > 0;
	b->at_end = got == 0;
	return got;
}

/* The next member, which must have this name; its body into out. */
static int
take_member(struct bundle_in *b, const char *want, size_t most,
	    struct buf *out, struct err *err)
{
	int got = peek(b, err);
	size_t size = b->peek_size;
	uint8_t *at;

	if (got < 0)
		return -1;
	if (got == 0 || strcmp(b->peek_name, want) != 0)
		return err_set(err, ERR_REFUSED, "has %s where member %s must "
			       "stand", got ? SHOWN(b->peek_name) : "its end",
			       want);
	if (size > most)
		return err_set(err, ERR_REFUSED, "member %s: has %zu bytes "
			       "where at most %zu belong", want, size, most);
	b->peeked = false;
	buf_clear(out);
	at = buf_room(out, size);
	if (!at)
		return err_memory(err);
	if (archive_body(b->from, at, size, err) < 0)
		return -1;
	out->len = size;
	return 0;
}

/* sender.pub, which stands third where it stands at all. */
static int
take_sender(struct bundle_in *b, struct buf *out, struct err *err)
{
	if (take_member(b, "sender.pub", LIMIT_PUBLIC_KEY, out, err) < 0)
		return -1;
	return minisig_read_public(&b->sender, out->data, out->len, err);
}

/* sender.pub is the sender's key in its one spelling. */
static int
check_spelling(const struct bundle_in *b, const struct buf *sender,
	       struct err *err)
{
	struct buf again = BUF_INIT;
	int rc = 0;

	minisig_write_public(&again, &b->sender);
	if (buf_ok(&again, err) < 0)
		rc = -1;
	else if (again.len != sender->len ||
		 memcmp(again.data, sender->data, again.len) != 0)
		rc = err_set(err, ERR_REFUSED, "sender.pub: is not the key "
			     "that signed the manifest, or spelled otherwise");
	buf_release(&again);
	return rc;
}

/* Nobody knows the key that signed or sealed it. */
static int
not_known(const struct bundle_in *b, const char *done,
	  const uint8_t key[static KEYS_ID], struct err *err)
{
	char id[KEYS_ID_TEXT + 1];

	keys_id_text(id, key);
	return err_set(err, ERR_REFUSED, "is %s by key %s, %s", done, id,
		       b->keys->unknown ? b->keys->unknown :
					  "which is not known here");
}

/*
 * The signature over the manifest, by a peer's key, or by the bundle's own
 * sender.pub, which *sender then holds.
 */
static int
verify_manifest(struct bundle_in *b, struct buf *sender, struct err *err)
{
	const struct bundle_peer *peer;
	struct minisig sig;
	uint8_t hash[64];
	int got;

	if (minisig_read(&sig, b->signature.data, b->signature.len, err) < 0)
		return err_at(err, "manifest.json.minisig");
	if (!minisig_says(&sig, BUNDLE_UNTRUSTED, BUNDLE_TRUSTED))
		return err_set(err, ERR_REFUSED, "manifest.json.minisig: its "
			       "comments are not those of a manifest");
	keys_hash512(hash, b->text.data, b->text.len);
	peer = b->keys->find ? b->keys->find(b->keys->ctx, sig.id) : NULL;
	got = peek(b, err);
	if (got < 0)
		return -1;
	if (peer) {
		b->trust = BUNDLE_KNOWN;
		b->sender = peer->key;
	} else if (got > 0 && strcmp(b->peek_name, "sender.pub") == 0) {
		b->trust = BUNDLE_FIRST;
		if (take_sender(b, sender, err) < 0)
			return err_at(err, "sender.pub");
	} else if (b->keys->unchecked) {
		b->trust = BUNDLE_UNCHECKED;
		return 0;
	} else {
		return not_known(b, "signed", sig.id, err);
	}
	if (minisig_verify(&sig, hash, &b->sender, err) < 0)
		return err_at(err, "manifest.json.minisig");
	return 0;
}

/* What the manifest says of its sender, held against what is known. */
static int
check_sender(struct bundle_in *b, struct buf *sender, struct err *err)
{
	const struct manifest *m = &b->manifest;
	bool contact = m->kind == MANIFEST_INVITATION ||
		       m->kind == MANIFEST_ANSWER;
	uint8_t hash[KEYS_HASH];

	if (b->trust == BUNDLE_FIRST && !contact)
		return err_set(err, ERR_REFUSED, "has a sender.pub, which "
			       "only an invitation or an answer may");
	if (b->trust == BUNDLE_UNCHECKED)
		return 0;
	if (memcmp(m->from.key, b->sender.id, KEYS_ID) != 0)
		return err_set(err, ERR_REFUSED, "manifest.json: key "
			       "\"from.key\": is not the key that signed it");
	if (!contact)
		return 0;
	if (b->trust == BUNDLE_KNOWN &&
	    take_member(b, "sender.pub", LIMIT_PUBLIC_KEY, sender, err) < 0)
		return -1;
	keys_hash(hash, sender->data, sender->len);
	if (sender->len != m->member[0].stored ||
	    !keys_equal(hash, m->member[0].hash, sizeof hash))
		return err_set(err, ERR_REFUSED, "sender.pub: its bytes are "
			       "not those that were signed");
	b->next = 1;
	return check_spelling(b, sender, err);
}

/* A sealed bundle says the same inside as on its envelope. */
static int
check_envelope(const struct bundle_in *b, struct err *err)
{
	const struct manifest *m = &b->manifest;

	if (!b->envelope)
		return 0;
	if (m->kind == MANIFEST_INVITATION || m->kind == MANIFEST_ANSWER)
		return err_set(err, ERR_REFUSED, "an invitation or an answer "
			       "is never sealed");
	if (!m->addressed || memcmp(m->to.key, b->head.to, KEYS_ID) != 0 ||
	    memcmp(m->from.key, b->head.from, KEYS_ID) != 0)
		return err_set(err, ERR_REFUSED, "its manifest names other "
			       "keys than its envelope");
	return 0;
}

static int
open_envelope(struct bundle_in *b, struct err *err)
{
	const struct bundle_keys *keys = b->keys;
	const struct bundle_peer *peer;
	char id[KEYS_ID_TEXT + 1], own[KEYS_ID_TEXT + 1];

	if (envelope_read_head(&b->head, &b->file.source, err) < 0)
		return -1;
	if (!keys->own)
		return err_set(err, ERR_REFUSED, "is sealed; only the home of "
			       "its recipient can open it");
	if (memcmp(key_pair_public(keys->own)->id, b->head.to, KEYS_ID) != 0) {
		keys_id_text(id, b->head.to);
		keys_id_text(own, key_pair_public(keys->own)->id);
		return err_set(err, ERR_REFUSED, "is sealed to key %s, which "
			       "is not this org's (%s): only the home that "
			       "it is for can open it", id, own);
	}
	peer = keys->find ? keys->find(keys->ctx, b->head.from) : NULL;
	if (!peer || !peer->seals)
		return not_known(b, "sealed", b->head.from, err);
	if (envelope_open(&b->envelope, &b->head, &b->file.source, keys->own,
			  peer->sealing, err) < 0)
		return -1;
	b->from = envelope_source(b->envelope);
	return 0;
}

/* The file's first bytes tell the one from the other, and from neither. */
static int
open_file(struct bundle_in *b, struct err *err)
{
	static const char plain[] = "manifest.json";
	uint8_t start[ENVELOPE_MAGIC] = { 0 };
	ptrdiff_t got;

	if (file_open(&b->file, b->path, err) < 0)
		return -1;
	b->from = &b->file.source;
	got = b->from->read(b->from, start, sizeof start, err);
	if (got < 0 || file_rewind(&b->file, err) < 0)
		return err_at(err, "%s", SHOWN(b->path));
	if (envelope_is(start))
		return open_envelope(b, err) < 0 ?
			       err_at(err, "%s", SHOWN(b->path)) : 0;
	if (memcmp(start, plain, sizeof plain) != 0)
		return err_set(err, ERR_REFUSED, "%s: is not a bundle",
			       SHOWN(b->path));
	return 0;
}

static int
open_manifest(struct bundle_in *b, struct err *err)
{
	struct buf sender = BUF_INIT;
	int rc = -1;

	if (take_member(b, "manifest.json", LIMIT_MANIFEST, &b->text, err) <
		    0 ||
	    take_member(b, "manifest.json.minisig", LIMIT_MINISIG,
			&b->signature, err) < 0 ||
	    verify_manifest(b, &sender, err) < 0)
		goto out;
	keys_hash(b->hash, b->text.data, b->text.len);
	if (manifest_read(&b->manifest, b->text.data, b->text.len, err) < 0 ||
	    manifest_check(&b->manifest, err) < 0) {
		(void)err_at(err, "manifest.json");
		goto out;
	}
	if (check_sender(b, &sender, err) < 0 || check_envelope(b, err) < 0)
		goto out;
	rc = 0;
out:
	buf_release(&sender);
	return rc;
}

int
bundle_in_looks_sealed(const char *path, struct err *err)
{
	uint8_t start[ENVELOPE_MAGIC] = { 0 };
	struct file_in in;
	ptrdiff_t got;

	if (file_open(&in, path, err) < 0)
		return -1;
	got = in.source.read(&in.source, start, sizeof start, err);
	file_close(&in);
	if (got < 0)
		return err_at(err, "%s", SHOWN(path));
	return envelope_is(start);
}

int
bundle_in_open(struct bundle_in **out, const char *path,
	       const struct bundle_keys *keys, struct err *err)
{
	struct bundle_in *b = calloc(1, sizeof *b);

	*out = NULL;
	if (!b)
		return err_memory(err);
	b->file = (struct file_in)FILE_IN_INIT;
	b->keys = keys;
	b->path = strdup(path);
	if (!b->path) {
		(void)err_memory(err);
		goto fail;
	}
	if (open_file(b, err) < 0)
		goto fail;
	if (open_manifest(b, err) < 0) {
		(void)err_at(err, "%s", SHOWN(path));
		goto fail;
	}
	if (pool_new(&b->pool, DEPTH, inflate_job, err) < 0)
		goto fail;
	*out = b;
	return 0;
fail:
	bundle_in_free(b);
	return -1;
}

void
bundle_in_free(struct bundle_in *b)
{
	if (!b)
		return;
	pool_free(b->pool);
	for (size_t i = 0; i < DEPTH; i++) {
		buf_release(&b->job[i].stored);
		buf_release(&b->job[i].plain);
	}
	envelope_in_free(b->envelope);
	file_close(&b->file);
	manifest_release(&b->manifest);
	buf_release(&b->text);
	buf_release(&b->signature);
	free(b->part);
	free(b->path);
	free(b);
}

const struct manifest *
bundle_in_manifest(const struct bundle_in *b)
{
	return &b->manifest;
}

const char *
bundle_in_path(const struct bundle_in *b)
{
	return b->path;
}

uint64_t
bundle_in_size(const struct bundle_in *b)
{
	return b->file.size;
}

enum bundle_trust
bundle_in_trust(const struct bundle_in *b)
{
	return b->trust;
}

bool
bundle_in_sealed(const struct bundle_in *b)
{
	return b->envelope != NULL;
}

const struct key_public *
bundle_in_sender(const struct bundle_in *b)
{
	return b->trust == BUNDLE_UNCHECKED ? NULL : &b->sender;
}

const uint8_t *
bundle_in_hash(const struct bundle_in *b)
{
	return b->hash;
}

const struct buf *
bundle_in_text(const struct bundle_in *b)
{
	return &b->text;
}

const struct buf *
bundle_in_signature(const struct bundle_in *b)
{
	return &b->signature;
}

/* Read one member's stored bytes and give it to be hashed and inflated. */
static int
give(struct bundle_in *b, const char *spelled, const struct member_name *name,
     size_t stored, size_t size, const uint8_t *hash, struct err *err)
{
	struct job *job = &b->job[b->given % DEPTH];

	if (take_member(b, spelled, stored, &job->stored, err) < 0)
		return -1;
	if (job->stored.len != stored)
		return err_set(err, ERR_REFUSED, "member %s: has %zu bytes "
			       "where %zu were signed", spelled,
			       job->stored.len, stored);
	job->member = (struct bundle_member){ .name = *name,
					      .stored = stored };
	(void)snprintf(job->member.spelled, sizeof job->member.spelled, "%s",
		       spelled);
	job->size = size;
	memcpy(job->want, hash, KEYS_HASH);
	b->given++;
	pool_give(b->pool, job);
	return 0;
}

static int
give_part(struct bundle_in *b, struct err *err)
{
	const struct part *p = &b->part[b->next_part];
	char spelled[ARCHIVE_NAME];

	member_spell(spelled, &p->name);
	if (give(b, spelled, &p->name, p->size, p->size, p->hash, err) < 0)
		return -1;
	b->job[(b->given - 1) % DEPTH].member.last = p->last;
	b->next_part++;
	return 0;
}

/* Read ahead: as many members as the pool takes and as are known. */
static int
read_ahead(struct bundle_in *b, struct err *err)
{
	while (!pool_full(b->pool) && !b->index_under_way) {
		const struct manifest_member *m;
		struct member_name name;

		if (b->next_part < b->parts) {
			if (give_part(b, err) < 0)
				return -1;
			continue;
		}
		if (b->next == b->manifest.members)
			return 0;
		m = &b->manifest.member[b->next];
		if (!member_parse(&name, m->name))
			return err_set(err, ERR_REFUSED, "%s: is no member",
				       SHOWN(m->name));
		if (give(b, m->name, &name, m->stored, m->size, m->hash, err) <
		    0)
			return -1;
		b->next++;
		b->index_under_way = name.group == MEMBER_INDEX;
	}
	return 0;
}

/* One row of an index: the next part of a body, or the first of another. */
static int
read_part(struct bundle_in *b, const struct row *row, struct err *err)
{
	struct part *p = &b->part[b->parts];
	struct part *before = b->parts ? p - 1 : NULL;
	char name[ARCHIVE_NAME] = "";
	uint64_t size = 0;
	bool first;

	if (row->field[0].len < sizeof name)
		memcpy(name, row->field[0].at, row->field[0].len);
	if (!member_parse(&p->name, name) || p->name.group != MEMBER_PART ||
	    p->name.number > LIMIT_PARTS)
		return err_set(err, ERR_REFUSED, "%s is not the name of a "
			       "part", SHOWN_N(row->field[0].at,
					       row->field[0].len));
	if (!text_unhex(p->hash, KEYS_HASH, row->field[2].at,
			row->field[2].len))
		return err_set(err, ERR_REFUSED, "%s is not a hash",
			       SHOWN_N(row->field[2].at, row->field[2].len));
	if (!text_parse_count(&size, row->field[1].at, row->field[1].len) ||
	    size > LIMIT_MEMBER)
		return err_set(err, ERR_REFUSED, "%s is not the size of a "
			       "part", SHOWN_N(row->field[1].at,
					       row->field[1].len));
	p->size = (size_t)size;
	p->last = true; /* until another of the body follows */
	first = p->name.number == 1;
	if (!first && (!before || !keys_equal(before->name.hash, p->name.hash,
					      KEYS_HASH) ||
		       before->name.number + 1 != p->name.number ||
		       before->size != LIMIT_MEMBER || p->size == 0))
		return err_set(err, ERR_REFUSED, "%s does not go on where the "
			       "part before it ended", SHOWN(name));
	if (!first)
		before->last = false;
	b->parts++;
	return 0;
}

static int
parse_index(struct bundle_in *b, const struct job *job, struct err *err)
{
	const struct row *row;
	struct rows *rows = NULL;
	size_t room = job->plain.len / (2 * KEYS_HASH) + 1;
	int got = -1;

	free(b->part);
	b->parts = b->next_part = 0;
	b->part = calloc(room, sizeof *b->part);
	if (!b->part)
		return err_memory(err);
	if (rows_open_memory(&rows, job->plain.data, job->plain.len, err) < 0)
		return -1;
	if (member_check_columns(MEMBER_INDEX, rows_header(rows), err) == 0)
		while ((got = rows_next(rows, &row, err)) > 0)
			if (read_part(b, row, err) < 0) {
				got = err_at(err, "line %llu",
					     (unsigned long long)row->line);
				break;
			}
	rows_free(rows);
	return got;
}

/* The whole hash of a body, once its last part has come. */
static int
check_body(struct bundle_in *b, const struct job *job, struct err *err)
{
	uint8_t hash[KEYS_HASH];

	if (job->member.name.number == 1)
		keys_hash_begin(&b->body);
	keys_hash_add(&b->body, job->stored.data, job->stored.len);
	if (!job->member.last)
		return 0;
	keys_hash_end(&b->body, hash);
	if (!keys_equal(hash, job->member.name.hash, sizeof hash))
		return err_set(err, ERR_REFUSED, "the parts of this body do "
			       "not make what its name says");
	return 0;
}

/* What was inflated, looked at and ready to be handed out. */
static int
look_at(struct bundle_in *b, struct job *job, struct err *err)
{
	static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };
	struct buf *content = &job->plain;

	if (job->rc < 0) {
		*err = job->err;
		return -1;
	}
	/* rows.h takes one, for people's files; a bundle has one spelling. */
	if (job->member.name.group != MEMBER_PART &&
	    content->len >= sizeof mark &&
	    memcmp(content->data, mark, sizeof mark) == 0)
		return err_set(err, ERR_REFUSED, "begins with a byte order "
			       "mark");
	if (job->member.name.group == MEMBER_PART) {
		content = &job->stored;
		if (check_body(b, job, err) < 0)
			return -1;
	} else if (job->member.name.group == MEMBER_INDEX) {
		b->index_under_way = false;
		if (parse_index(b, job, err) < 0)
			return -1;
	}
	job->member.data = content->data;
	job->member.len = content->len;
	return 0;
}

int
bundle_in_next(struct bundle_in *b, const struct bundle_member **member,
	       struct err *err)
{
	struct job *job;
	int got;

	if (read_ahead(b, err) < 0)
		return err_at(err, "%s", SHOWN(b->path));
	job = pool_take(b->pool);
	if (job) {
		if (look_at(b, job, err) < 0)
			return err_at(err, "%s: member %s", SHOWN(b->path),
				      job->member.spelled);
		*member = &job->member;
		return 1;
	}
	got = peek(b, err);
	if (got > 0)
		(void)err_set(err, ERR_REFUSED, "member %s: is not in the "
			      "manifest", SHOWN(b->peek_name));
	return got == 0 ? 0 : err_at(err, "%s", SHOWN(b->path));
}
