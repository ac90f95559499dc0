/* Bundles for tests: see sample.h. */
#include "format/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "format/bundle_out.h"
#include "format/envelope.h"

static const char *const kind_names[SAMPLE_KINDS] = {
	"invitation", "answer",	 "cancel", "notice",
	"changes",    "follows", "full",   "empty",
};

const char *
sample_name(enum sample_kind kind)
{
	return kind_names[kind];
}

static int
read_pair(struct key_pair **out, const char *path, struct err *err)
{
	struct buf text = BUF_INIT;
	bool protected;
	int rc = file_read(&text, path, LIMIT_SECRET_KEY, err);

	if (rc == 0)
		rc = key_pair_read(out, text.data, text.len, NULL, &protected,
				   err);
	buf_release(&text);
	return rc;
}

int
sample_keys_read(struct sample_keys *keys, struct err *err)
{
	*keys = (struct sample_keys){ NULL, NULL };
	if (keys_init(err) < 0 ||
	    read_pair(&keys->acme, "fixtures/keys/acme.key", err) < 0)
		return -1;
	return read_pair(&keys->globex, "fixtures/keys/globex.key", err);
}

void
sample_keys_free(struct sample_keys *keys)
{
	key_pair_free(keys->acme);
	key_pair_free(keys->globex);
}

struct bundle_peer
sample_acme(const struct sample_keys *keys)
{
	struct bundle_peer peer = { .key = *key_pair_public(keys->acme),
				    .seals = true };

	memcpy(peer.sealing, key_pair_sealing(keys->acme), KEYS_SEAL_PUBLIC);
	return peer;
}

static bool
is_changes(enum sample_kind kind)
{
	return kind >= SAMPLE_CHANGES;
}

static void
fill_place(struct manifest *m, enum sample_kind kind)
{
	m->place.sequence = kind == SAMPLE_NOTICE ? 8 : 7;
	memset(m->place.epoch, 0xe1, MANIFEST_EPOCH);
	m->has_previous = true;
	memset(m->previous, 0x77, KEYS_HASH);
	m->has_seen = true;
	m->seen.sequence = 3;
	memset(m->seen.epoch, 0xe2, MANIFEST_EPOCH);
	m->history = 12;
	memset(m->head, 0x55, KEYS_HASH);
	if (kind == SAMPLE_FOLLOWS) {
		m->place.sequence = 1;
		m->start = MANIFEST_START_FOLLOWS;
		m->follows.sequence = 41;
		memset(m->follows.epoch, 0xe0, MANIFEST_EPOCH);
	} else if (kind == SAMPLE_FULL) {
		m->place.sequence = 1;
		m->start = MANIFEST_START_FULL;
		m->has_previous = false;
		m->has_seen = false;
		m->history = 0;
		memset(m->head, 0, KEYS_HASH);
	}
}

/* The statement of new keys: Globex's serve as Acme's next. */
static int
add_notice(struct manifest *m, enum manifest_notice_kind kind,
	   struct err *err)
{
	struct manifest_notice *n = &m->notice[m->notices];
	struct buf text = BUF_INIT;

	n->kind = kind;
	n->policy = MANIFEST_HOLD;
	if (kind == MANIFEST_ROTATE) {
		if (file_read(&text, "fixtures/keys/globex.sealing",
			      LIMIT_SEALING_KEY, err) < 0)
			return -1;
		n->statement = strdup(buf_str(&text));
		buf_release(&text);
	}
	m->notices++;
	return 0;
}

static int
fill_notices(struct manifest *m, enum sample_kind kind, struct err *err)
{
	m->notice = calloc(4, sizeof *m->notice);
	if (!m->notice)
		return err_memory(err);
	switch (kind) {
	case SAMPLE_CANCEL:
		return add_notice(m, MANIFEST_CANCEL, err);
	case SAMPLE_NOTICE:
		return add_notice(m, MANIFEST_DEACTIVATE, err);
	case SAMPLE_FULL:
		if (add_notice(m, MANIFEST_SUSPEND, err) < 0 ||
		    add_notice(m, MANIFEST_RESUME, err) < 0 ||
		    add_notice(m, MANIFEST_POLICY, err) < 0)
			return -1;
		return add_notice(m, MANIFEST_ROTATE, err);
	default:
		return 0;
	}
}

static const struct manifest_object sample_objects[] = {
	{ "Account", 3, 2, 1, 14, { 1 } },
	{ "Shipment__c", 1, 0, 0, 1, { 2 } },
	{ "Task", 0, 0, 0, 5, { 3 } },
};

static int
fill_changes(struct manifest *m, enum sample_kind kind, struct err *err)
{
	(void)snprintf(m->as_of, sizeof m->as_of, "2026-11-22T05:59:58.000Z");
	m->catalog = 4;
	if (kind == SAMPLE_EMPTY)
		return 0;
	m->catalog_told = true;
	m->catalog_rows = 6;
	m->more = kind == SAMPLE_FULL;
	m->objects = sizeof sample_objects / sizeof *sample_objects;
	m->object = malloc(sizeof sample_objects);
	if (!m->object)
		return err_memory(err);
	memcpy(m->object, sample_objects, sizeof sample_objects);
	return 0;
}

int
sample_manifest(struct manifest *m, enum sample_kind kind,
		const struct sample_keys *keys, struct err *err)
{
	static const enum manifest_kind kinds[SAMPLE_KINDS] = {
		MANIFEST_INVITATION, MANIFEST_ANSWER,  MANIFEST_NOTICE,
		MANIFEST_NOTICE,     MANIFEST_CHANGES, MANIFEST_CHANGES,
		MANIFEST_CHANGES,    MANIFEST_CHANGES,
	};

	*m = (struct manifest)MANIFEST_INIT;
	m->kind = kinds[kind];
	for (uint8_t i = 0; i < MANIFEST_CONNECTION; i++)
		m->connection[i] = i;
	(void)snprintf(m->from.id, sizeof m->from.id, "00D2a0000000001EAA");
	(void)snprintf(m->from.name, sizeof m->from.name,
		       "Acme \"Soci\xc3\xa9t\xc3\xa9\"");
	memcpy(m->from.key, key_pair_public(keys->acme)->id, KEYS_ID);
	memcpy(m->from.sealing, key_pair_sealing(keys->acme),
	       KEYS_SEAL_PUBLIC);
	m->addressed = kind != SAMPLE_INVITATION;
	(void)snprintf(m->to.id, sizeof m->to.id, "00D3b0000000009EAA");
	memcpy(m->to.key, key_pair_public(keys->globex)->id, KEYS_ID);
	(void)snprintf(m->made, sizeof m->made, "2026-11-22T06:00:00.000Z");
	m->policy = MANIFEST_NEWEST;
	(void)snprintf(m->contact_name, sizeof m->contact_name, "Ada");
	(void)snprintf(m->contact_mail, sizeof m->contact_mail,
		       "ada@globex.example");
	m->accepted = true;
	memset(m->answered, 0x99, KEYS_HASH);
	m->revision = kind <= SAMPLE_CANCEL;
	if (kind > SAMPLE_CANCEL)
		fill_place(m, kind);
	if (kind <= SAMPLE_ANSWER) {
		m->catalog = 1;
		m->catalog_told = true;
		m->catalog_rows = 6;
	}
	if (is_changes(kind) && fill_changes(m, kind, err) < 0)
		return -1;
	return kind > SAMPLE_ANSWER ? fill_notices(m, kind, err) : 0;
}

/* A run and its rows; each row a list of strings as long as the header. */
static int
put_run(struct bundle_out *b, enum member_group group, const char *object,
	const char *const *columns, size_t count, const char *const *values,
	size_t rows, struct err *err)
{
	struct field f[16];

	for (size_t i = 0; i < count; i++)
		f[i] = field_of(columns[i] ? columns[i] : "");
	if (bundle_out_run(b, group, object, f, count, err) < 0)
		return -1;
	for (size_t r = 0; r < rows; r++) {
		for (size_t i = 0; i < count; i++)
			f[i] = field_of(values[r * count + i]);
		if (bundle_out_row(b, f, count, err) < 0)
			return -1;
	}
	return 0;
}

#define COUNT(a) (sizeof a / sizeof *a)
#define RUN(b, group, object, columns, values, err) \
	put_run(b, group, object, columns, COUNT(columns), values, \
		COUNT(values) / COUNT(columns), err)

static const char *const published_columns[9] = { 0 };
static const char *const published[] = {
	"Account", "", "Account", "", "", "", "", "", "",
	"Account", "Name", "Account Name", "text", "255", "", "", "", "",
	"Account", "ParentId", "Parent", "reference", "18", "", "",
	"Account", "",
	"Account", "Type", "Type", "picklist", "40", "", "", "",
	"Customer\nPartner, \"gold\"",
	"Shipment__c", "", "Shipment", "", "", "", "", "", "",
	"Shipment__c", "Weight__c", "Weight", "number", "", "18", "2", "", "",
};

static const char *const account_columns[] = { "Name", "ParentId", "Type" };
static const char *const accounts[] = {
	"Acme, Inc.", "", "Customer",
	"\"Quoted\"\nand broken", "i:0012a0000000001AAA", "",
	"  blanks kept  ", "x:0019z0000000001AAA", "Partner, \"gold\"",
};

static const char *const weight_columns[] = { "Weight__c" };
static const char *const weights[] = { "" };

static const char *const update_columns[4] = { 0 };
static const char *const updates[] = {
	"Account", "4", "Name", "Renamed",
	"Account", "3", "Type", "x",
	"Account", "5", "Type", "",
};

static const char *const id_columns[4] = { 0 };
static const char *const ids[] = {
	"Account", "a:0013b0000000001AAA", "0012a0000000077AAA", "accepted",
	"Account", "a:0013b0000000002AAA", "", "deleted",
	"Task", "a:00T3b0000000001AAA", "", "rejected",
};

static const char *const refused_columns[6] = { 0 };
static const char *const refused[] = {
	"Account", "a:0013b0000000003AAA", "Type",
	"FIELD_CUSTOM_VALIDATION_EXCEPTION", "No_Gold",
	"Gold is\r\nnot sold here",
};

static const char *const name_columns[6] = { 0 };
static const char *const names[] = {
	"Account", "i:0012a0000000001AAA", "create",
	"2026-11-21T10:00:00.000Z", "", "",
	"Account", "i:0012a0000000002AAA", "create", "", "", "",
	"Account", "i:0012a0000000003AAA", "create", "", "00D9z0000000001EAA",
	"0019z0000000042AAA",
	"Account", "a:0013b0000000004AAA", "update",
	"2026-11-22T05:59:58.007Z", "", "",
	"Account", "i:0012a0000000004AAA", "update", "", "", "",
	"Account", "i:0012a0000000005ZZZ", "delete", "", "", "",
	"Shipment__c", "i:a0B2a0000000001EAA", "create", "", "", "",
};

static int
put_body(struct bundle_out *b, const char *beside, size_t size,
	 struct err *err)
{
	size_t len = strlen(beside) + 16;
	char *path = malloc(len);
	uint8_t *body = malloc(size + 1), hash[KEYS_HASH];
	int rc = -1;

	if (!path || !body) {
		(void)err_memory(err);
		goto out;
	}
	(void)snprintf(path, len, "%s.%zu", beside, size);
	for (size_t i = 0; i < size; i++)
		body[i] = (uint8_t)(i * 31 % 251);
	if (file_put(path, FILE_REPLACE, body, size, err) == 0)
		rc = bundle_out_body(b, path, hash, err);
out:
	free(path);
	free(body);
	return rc;
}

static int
put_rows(struct bundle_out *b, enum sample_kind kind, const char *path,
	 struct err *err)
{
	bool rows = is_changes(kind) && kind != SAMPLE_EMPTY;

	if ((rows || kind <= SAMPLE_ANSWER) &&
	    RUN(b, MEMBER_PUBLISHED, "", published_columns, published, err) <
		    0)
		return -1;
	if (!rows)
		return 0;
	bundle_out_as_of(b, "2026-11-22T05:59:58.000Z");
	if (RUN(b, MEMBER_NAMES, "", name_columns, names, err) < 0 ||
	    RUN(b, MEMBER_CREATES, "Account", account_columns, accounts, err) <
		    0 ||
	    RUN(b, MEMBER_CREATES, "Shipment__c", weight_columns, weights,
		err) < 0 ||
	    RUN(b, MEMBER_UPDATES, "", update_columns, updates, err) < 0)
		return -1;
	if (kind != SAMPLE_CHANGES)
		return 0;
	if (RUN(b, MEMBER_IDS, "", id_columns, ids, err) < 0 ||
	    RUN(b, MEMBER_REFUSED, "", refused_columns, refused, err) < 0)
		return -1;
	if (put_body(b, path, 0, err) < 0 || put_body(b, path, 700, err) < 0)
		return -1;
	return put_body(b, path, 1, err);
}

/* The bodies' files are needed until the bundle is finished. */
static void
remove_bodies(const char *path)
{
	static const char *const sizes[] = { "0", "1", "700" };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		char name[512];

		(void)snprintf(name, sizeof name, "%s.%s", path, sizes[i]);
		(void)unlink(name);
	}
}

int
sample_write(const char *path, enum sample_kind kind, bool sealed,
	     const struct sample_keys *keys, struct err *err)
{
	struct file_out out = FILE_OUT_INIT;
	struct envelope_out *envelope = NULL;
	struct bundle_out *b = NULL;
	struct file_sink *to = &out.sink;
	struct manifest m;
	uint8_t hash[KEYS_HASH];
	int rc = -1;

	if (sample_manifest(&m, kind, keys, err) < 0 ||
	    file_begin(&out, path, FILE_NEW, err) < 0 ||
	    bundle_out_begin(&b, path, err) < 0 ||
	    put_rows(b, kind, path, err) < 0)
		goto out;
	if (sealed) {
		if (envelope_begin(&envelope, &out.sink, keys->acme,
				   key_pair_public(keys->globex)->id,
				   key_pair_sealing(keys->globex), err) < 0)
			goto out;
		to = envelope_sink(envelope);
	}
	if (bundle_out_finish(b, &m, keys->acme, to, hash, err) < 0 ||
	    (envelope && envelope_end(envelope, err) < 0))
		goto out;
	rc = file_commit(&out, err);
out:
	envelope_out_free(envelope);
	bundle_out_free(b);
	file_abandon(&out);
	manifest_release(&m);
	remove_bodies(path);
	return rc;
}
