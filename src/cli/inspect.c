/* A bundle on the screen: see inspect.h. */
#include "cli/inspect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "format/minisig.h"

int
inspect_peer(struct bundle_peer *peer, const char *path, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc = file_read(&text, path, LIMIT_SEALING_KEY, err);

	*peer = (struct bundle_peer){ .seals = false };
	if (rc == 0) {
		peer->seals = minisig_read_sealing(&peer->key, peer->sealing,
						   text.data, text.len,
						   err) == 0;
		if (!peer->seals)
			rc = minisig_read_public(&peer->key, text.data,
						 text.len, err);
		if (rc < 0)
			(void)err_at(err, "%s", SHOWN(path));
	}
	buf_release(&text);
	return rc;
}

static const char *const trusts[] = {
	[BUNDLE_KNOWN] = "holds, by a key that was given or is known",
	[BUNDLE_FIRST] = "holds, by the key that the bundle itself brings: "
			 "confirm its fingerprint",
	[BUNDLE_UNCHECKED] = "NOT CHECKED: the key is not known; name it with "
			     "--key, or with -C a home that knows it",
};
static const char *const trust_words[] = {
	[BUNDLE_KNOWN] = "known",
	[BUNDLE_FIRST] = "first contact",
	[BUNDLE_UNCHECKED] = "not checked",
};

static int
head_json(struct cli *cli, const struct bundle_in *in, const char *path)
{
	char hash[2 * KEYS_HASH + 1], fingerprint[KEYS_FINGERPRINT_TEXT + 1];
	const struct key_public *sender = bundle_in_sender(in);
	struct js_build b = { false };
	struct js *manifest, *o;

	if (js_parse(&manifest, bundle_in_text(in)->data,
		     bundle_in_text(in)->len, &cli->err) < 0)
		return -1;
	text_hex(hash, bundle_in_hash(in), KEYS_HASH);
	o = js_new_object(&b);
	js_put(&b, o, "file", js_new_string(&b, path));
	js_put(&b, o, "sealed", js_new_bool(&b, bundle_in_sealed(in)));
	js_put(&b, o, "signature",
	       js_new_string(&b, trust_words[bundle_in_trust(in)]));
	if (sender)
		keys_fingerprint(fingerprint, sender);
	js_put(&b, o, "fingerprint", sender ? js_new_string(&b, fingerprint) :
					      js_new_null(&b));
	js_put(&b, o, "hash", js_new_string(&b, hash));
	js_put(&b, o, "manifest", manifest);
	return cli_json(&b, o, false, &cli->err);
}

static const char *
text(const char *s)
{
	return *s ? cli_shown(s, strlen(s)) : "(not said)";
}

static void
tell_place(const char *label, const struct manifest_place *p)
{
	char epoch[2 * MANIFEST_EPOCH + 1];

	text_hex(epoch, p->epoch, MANIFEST_EPOCH);
	cli_line(label, "%" PRIu64 " of epoch %s", p->sequence, epoch);
}

/* What only some kinds have. */
static void
tell_kind(const struct manifest *m)
{
	switch (m->kind) {
	case MANIFEST_INVITATION:
		cli_line("Invites", "%s <%s>, %s%s, conflicts: %s",
			 text(m->contact_name), text(m->contact_mail),
			 m->replication ? "replication" : "standard",
			 m->one_way ? ", one way" : "",
			 manifest_policy_word(m->policy));
		cli_line("Revision", "%" PRIu64, m->revision);
		return;
	case MANIFEST_ANSWER:
		cli_line("Answer", "%s",
			 m->accepted ? "Accepted" : "Rejected");
		cli_line("Revision", "%" PRIu64, m->revision);
		return;
	case MANIFEST_NOTICE:
	case MANIFEST_CHANGES:
		break;
	}
	if (m->place.sequence)
		tell_place("Sequence", &m->place);
	if (m->start == MANIFEST_START_FOLLOWS)
		tell_place("Follows", &m->follows);
	else if (m->start != MANIFEST_START_NONE)
		cli_line("Start", "%s", m->start == MANIFEST_START_FULL ?
			 "full: all there is, in a new epoch" :
			 "first of its epoch");
	if (m->has_seen)
		tell_place("Has seen", &m->seen);
	cli_line("History", "%" PRIu64 " rows", m->history);
	for (size_t i = 0; i < m->notices; i++)
		cli_line("Notice", "%s",
			 manifest_notice_word(m->notice[i].kind));
	if (m->kind == MANIFEST_CHANGES)
		cli_line("As of", "%s", text(m->as_of));
}

static void
tell_objects(const struct manifest *m)
{
	int width = 6;

	if (m->objects == 0)
		return;
	for (size_t i = 0; i < m->objects; i++)
		if ((int)strlen(m->object[i].name) > width)
			width = (int)strlen(m->object[i].name);
	printf("\n%-*s %12s %12s %12s %12s\n", width, "Object", "created",
	       "updated", "deleted", "shared");
	for (size_t i = 0; i < m->objects; i++) {
		const struct manifest_object *o = &m->object[i];

		printf("%-*s %12" PRIu64 " %12" PRIu64 " %12" PRIu64
		       " %12" PRIu64 "\n",
		       width, o->name, o->creates, o->updates, o->deletes,
		       o->records);
	}
}

int
inspect_head(struct cli *cli, const struct bundle_in *in, const char *path)
{
	char id[KEYS_ID_TEXT + 1], fingerprint[KEYS_FINGERPRINT_TEXT + 1];
	const struct manifest *m = bundle_in_manifest(in);
	const struct key_public *sender = bundle_in_sender(in);
	char hex[2 * KEYS_HASH + 1];

	if (cli->json)
		return head_json(cli, in, path);
	cli_line("Bundle", "%s%s", manifest_kind_word(m->kind),
		 bundle_in_sealed(in) ? ", sealed" : "");
	cli_line("Signature", "%s", trusts[bundle_in_trust(in)]);
	keys_id_text(id, m->from.key);
	cli_line("From", "%s, %s%s, key %s", text(m->from.name), m->from.id,
		 m->from.sandbox ? " (sandbox)" : "", id);
	if (sender) {
		keys_fingerprint(fingerprint, sender);
		cli_line("Fingerprint", "%s", fingerprint);
	}
	keys_id_text(id, m->to.key);
	if (m->addressed)
		cli_line("To", "%s, key %s", text(m->to.id), id);
	else
		cli_line("To", "whoever holds it");
	text_hex(hex, m->connection, MANIFEST_CONNECTION);
	cli_line("Connection", "%s", hex);
	cli_line("Made", "%s", m->made);
	tell_kind(m);
	text_hex(hex, bundle_in_hash(in), KEYS_HASH);
	cli_line("Manifest", "%s", hex);
	tell_objects(m);
	return 0;
}

/* Of the records that a bundle speaks of, by number: CHANGES_NAME each. */
static const char *
name_of(const struct buf *names, const struct change *c)
{
	size_t at = (size_t)(c->record - 1) * CHANGES_NAME;

	return at < names->len ? (const char *)names->data + at : "";
}

/* One thing that a row says. */
struct said {
	const char *what, *object;
	struct field name, field, value;
};

static int
say(struct cli *cli, const struct said *s)
{
	static const struct {
		const char *key;
		size_t at;
	} keys[] = {
		{ "name", offsetof(struct said, name) },
		{ "field", offsetof(struct said, field) },
		{ "value", offsetof(struct said, value) },
	};
	struct js_build b = { false };
	struct js *o;

	if (!cli->json) {
		printf("%-9s %s%s%s%s%s%s%s\n", s->what, s->object,
		       s->name.len ? " " : "",
		       cli_shown(s->name.at, s->name.len),
		       s->field.len ? " " : "",
		       cli_shown(s->field.at, s->field.len),
		       s->value.at ? " = " : "",
		       cli_shown(s->value.at ? s->value.at : "",
				 s->value.len));
		return 0;
	}
	o = js_new_object(&b);
	js_put(&b, o, "change", js_new_string(&b, s->what));
	js_put(&b, o, "object", js_new_string(&b, s->object));
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const struct field *f = (const struct field *)(const void *)(
			(const char *)s + keys[i].at);

		if (f->at)
			js_put(&b, o, keys[i].key,
			       js_new_string_n(&b, f->at, f->len));
	}
	return cli_json(&b, o, true, &cli->err);
}

static int
show_create(struct cli *cli, const struct change *c, const char *name)
{
	for (size_t i = 0; i < c->row->count; i++) {
		struct said s = {
			.what = "set",
			.object = c->object->name,
			.name = { name, CHANGES_NAME },
			.field = c->columns->field[i],
			.value = c->row->field[i],
		};

		if (s.value.len > 0 && say(cli, &s) < 0)
			return -1;
	}
	return 0;
}

/* A field's bytes as a string, for the columns that are API names. */
static const char *
api_name(char out[static LIMIT_NAME + 1], struct field f)
{
	(void)snprintf(out, LIMIT_NAME + 1, "%.*s", (int)f.len, f.at);
	return out;
}

static int
show(struct cli *cli, struct buf *names, const struct change *c)
{
	const struct field *f = c->row ? c->row->field : NULL;
	char what[16], object[LIMIT_NAME + 1];
	struct said s = { 0 };

	switch (c->group) {
	case MEMBER_PUBLISHED:
		s = (struct said){ "publish", api_name(object, f[0]), f[1],
				   { 0 }, f[3] };
		break;
	case MEMBER_NAMES:
		buf_add(names, f[1].at, f[1].len);
		(void)snprintf(what, sizeof what, "%.*s", (int)f[2].len,
			       f[2].at);
		s = (struct said){ what, c->object->name, f[1], { 0 }, { 0 } };
		break;
	case MEMBER_CREATES:
		return show_create(cli, c, name_of(names, c));
	case MEMBER_UPDATES:
		s = (struct said){ "set", c->object->name,
				   { name_of(names, c), CHANGES_NAME },
				   f[1], f[2] };
		break;
	case MEMBER_IDS:
		s = (struct said){ "receipt", api_name(object, f[0]), f[1],
				   f[3], f[2] };
		break;
	case MEMBER_REFUSED:
		s = (struct said){ "refused", api_name(object, f[0]), f[1],
				   f[2], f[5] };
		break;
	case MEMBER_PART:
		s = (struct said){ "part", c->part->spelled, { 0 }, { 0 },
				   { 0 } };
		break;
	default:
		return 0;
	}
	return say(cli, &s);
}

int
inspect_rows(struct cli *cli, struct bundle_in *in, bool print,
	     struct inspect_sum *sum)
{
	const struct manifest *m = bundle_in_manifest(in);
	struct buf names = BUF_INIT;
	struct changes *changes = NULL;
	struct change c;
	int got = -1;

	*sum = (struct inspect_sum){ .members = m->members };
	for (size_t i = 0; i < m->members; i++) {
		sum->stored += m->member[i].stored;
		sum->inflated += m->member[i].size;
	}
	if (changes_open(&changes, in, &cli->err) == 0)
		while ((got = changes_next(changes, &c, &cli->err)) > 0) {
			if (c.group == MEMBER_PART) {
				sum->parts++;
				sum->part_bytes += c.part->len;
				sum->bodies += c.part->last;
			}
			if (print && (show(cli, &names, &c) < 0 ||
				      buf_ok(&names, &cli->err) < 0)) {
				got = -1;
				break;
			}
		}
	changes_free(changes);
	buf_release(&names);
	return got;
}

void
inspect_tell_sum(const struct inspect_sum *sum)
{
	cli_line("Members", "%" PRIu64 ", %" PRIu64 " bytes stored, %" PRIu64
		 " inflated", sum->members, sum->stored, sum->inflated);
	if (sum->bodies > 0)
		cli_line("Files", "%" PRIu64 " of %" PRIu64 " bytes in %"
			 PRIu64 " parts", sum->bodies, sum->part_bytes,
			 sum->parts);
}
