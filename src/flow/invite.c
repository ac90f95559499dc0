/* Invitations and answers: see invite.h. */
#include "flow/invite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "format/bundle_out.h"
#include "format/minisig.h"
#include "store/sharing.h"
#include "store/transfers.h"

int
invite_fill_from(struct home *home, struct manifest *m, struct err *err)
{
	const struct key_pair *keys = home_keys(home);
	struct home_facts facts;

	if (home_read_facts(home, &facts, err) < 0)
		return -1;
	(void)snprintf(m->from.id, sizeof m->from.id, "%s", facts.id);
	(void)snprintf(m->from.name, sizeof m->from.name, "%s", facts.name);
	m->from.sandbox = facts.sandbox;
	memcpy(m->from.key, key_pair_public(keys)->id, KEYS_ID);
	memcpy(m->from.sealing, key_pair_sealing(keys), KEYS_SEAL_PUBLIC);
	text_instant(m->made, text_now());
	return 0;
}

/* "Name <mail>": both parts, the address with something on each side of @. */
static int
split_contact(struct connection *c, const char *contact, struct err *err)
{
	const char *open = contact ? strrchr(contact, '<') : NULL;
	const char *close = open ? strchr(open, '>') : NULL;
	const char *at = open ? strchr(open, '@') : NULL;
	size_t name = open ? (size_t)(open - contact) : 0;

	while (name > 0 && contact[name - 1] == ' ')
		name--;
	if (!close || close[1] || !at || at == open + 1 || at + 1 >= close ||
	    strchr(at + 1, '@') || name == 0 || name > LIMIT_TEXT ||
	    (size_t)(close - open) > LIMIT_TEXT ||
	    !text_is_plain(contact, strlen(contact)))
		return err_set(err, ERR_USAGE, "--contact %s: is not like "
			       "'Ada Lovelace <ada@globex.example>'",
			       SHOWN(contact ? contact : ""));
	(void)snprintf(c->contact_name, sizeof c->contact_name, "%.*s",
		       (int)name, contact);
	(void)snprintf(c->contact_mail, sizeof c->contact_mail, "%.*s",
		       (int)(close - open - 1), open + 1);
	return 0;
}

/* The keys of a one-way partner, from the file that it gave us. */
static int
read_to_key(struct connection *c, const char *path, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc = file_read(&text, path, LIMIT_SEALING_KEY, err);

	if (rc == 0) {
		rc = minisig_read_sealing(&c->partner, c->sealing, text.data,
					  text.len, err);
		if (rc < 0)
			(void)err_at(err, "%s", SHOWN(path));
	}
	buf_release(&text);
	if (rc == 0)
		c->has_key = c->seals = c->confirmed = true;
	return rc;
}

/* Pack a bundle of first contact into a file that is not there yet: *bytes. */
static int
pack(struct home *home, struct manifest *m, const char *path,
     uint8_t hash[static KEYS_HASH], uint64_t *bytes, struct err *err)
{
	struct file_out out = FILE_OUT_INIT;
	struct bundle_out *b = NULL;
	int rc = -1;

	if (file_begin(&out, path, FILE_NEW, err) == 0 &&
	    bundle_out_begin(&b, path, err) == 0 &&
	    bundle_out_finish(b, m, home_keys(home), &out.sink, hash, err) ==
		    0) {
		*bytes = out.size;
		rc = file_commit(&out, err);
	}
	bundle_out_free(b);
	file_abandon(&out);
	return rc;
}

static int
check_enabled(struct home *home, struct err *err)
{
	struct home_facts facts;

	if (home_read_facts(home, &facts, err) < 0)
		return -1;
	return facts.enabled ? 0 : err_set(err, ERR_USAGE, "connections are "
					   "not enabled in this home (enable "
					   "with: orgferry enable; it cannot "
					   "be undone)");
}

static int
note_mail(struct store *st, const struct connection *c, const char *user,
	  const char *action, struct err *err)
{
	struct history_event event = {
		.category = HISTORY_EMAIL,
		.action = action,
		.new = c->contact_mail,
	};

	return history_add(st, c->number, user, &event, err);
}

/* The Primary of a replica publishes and forwards everything, now and later. */
static int
replicate(struct store *st, struct connection *c, const char *user,
	  struct err *err)
{
	return !c->replication ? 0 :
	       agreement_publish(st, NULL, c, NULL, NULL, user, err) < 0 ?
				 -1 : sharing_add_rule(st, c, "", err);
}

static int
invite_in_store(struct home *home, const char *user,
		const struct invite_options *options, struct connection *c,
		struct err *err)
{
	struct store *st = home_store(home);
	struct manifest m = MANIFEST_INIT;
	uint64_t bytes;

	m.kind = MANIFEST_INVITATION;
	m.revision = c->revision;
	m.replication = c->replication;
	m.one_way = c->one_way;
	m.policy = c->policy;
	m.addressed = c->has_key;
	memcpy(m.to.key, c->partner.id, KEYS_ID);
	memcpy(m.connection, c->key, sizeof m.connection);
	memcpy(m.contact_name, c->contact_name, sizeof m.contact_name);
	memcpy(m.contact_mail, c->contact_mail, sizeof m.contact_mail);
	if (connection_move(st, c, c->one_way ? CONNECTION_INVITE_ONE_WAY :
						CONNECTION_INVITE,
			    user, err) < 0 ||
	    note_mail(st, c, user, "Invitation", err) < 0 ||
	    replicate(st, c, user, err) < 0 ||
	    invite_fill_from(home, &m, err) < 0 ||
	    pack(home, &m, options->file, c->invitation, &bytes, err) < 0)
		return -1;
	if (connection_save(st, c, err) == 0 &&
	    transfers_add(st, c->number, true, &m, c->invitation,
			  options->file, bytes, err) == 0) {
		manifest_release(&m);
		return 0;
	}
	manifest_release(&m);
	return -1;
}

int
invite_send(struct home *home, const char *user,
	    const struct invite_options *options, struct err *err)
{
	struct store *st = home_store(home);
	struct connection *c = calloc(1, sizeof *c);
	int rc = -1;

	if (!c)
		return err_memory(err);
	c->inviter = true;
	c->one_way = options->one_way;
	c->replication = options->replication;
	c->policy = options->policy;
	c->revision = 1;
	keys_random(c->key, sizeof c->key);
	(void)snprintf(c->name, sizeof c->name, "%s", options->name);
	(void)snprintf(c->owner, sizeof c->owner, "%s",
		       options->owner ? options->owner : user);
	(void)snprintf(c->account, sizeof c->account, "%s",
		       options->account ? options->account : "");
	if (check_enabled(home, err) == 0 &&
	    split_contact(c, options->contact, err) == 0 &&
	    (!options->to_key || read_to_key(c, options->to_key, err) == 0) &&
	    store_begin(st, err) == 0) {
		rc = invite_in_store(home, user, options, c, err);
		if (rc == 0)
			rc = store_commit(st, err);
		store_rollback(st);
	}
	free(c);
	return rc;
}

int
invite_take(struct home *home, const char *user, struct bundle_in *in,
	    const char *path, const char *as, struct connection *c,
	    struct err *err)
{
	const struct manifest *m = bundle_in_manifest(in);
	const struct key_public *own = key_pair_public(home_keys(home));
	struct store *st = home_store(home);
	int got = connection_by_key(st, m->connection, c, err);
	int rc = -1;

	if (got < 0)
		return -1;
	if (got > 0)
		return memcmp(c->invitation, bundle_in_hash(in), KEYS_HASH) ==
				       0 ? 1 :
		       err_set(err, ERR_REFUSED, "%s: its connection is known "
			       "here already, as %s", SHOWN(path),
			       SHOWN(c->name));
	if (m->addressed && memcmp(m->to.key, own->id, KEYS_ID) != 0)
		return err_set(err, ERR_REFUSED, "%s: invites another org",
			       SHOWN(path));
	memset(c, 0, sizeof *c);
	memcpy(c->key, m->connection, sizeof c->key);
	(void)snprintf(c->name, sizeof c->name, "%s", as ? as : m->from.name);
	c->one_way = m->one_way;
	c->replication = m->replication;
	/* A Secondary takes in all of it, and what is gone there goes here. */
	c->subscribe_all = c->accept_all = c->delete_all = c->replication;
	c->policy = m->policy;
	c->revision = m->revision;
	memcpy(c->invitation, bundle_in_hash(in), KEYS_HASH);
	memcpy(c->contact_name, m->contact_name, sizeof c->contact_name);
	memcpy(c->contact_mail, m->contact_mail, sizeof c->contact_mail);
	(void)snprintf(c->owner, sizeof c->owner, "%s", user);
	memcpy(c->partner_name, m->from.name, sizeof c->partner_name);
	memcpy(c->partner_org, m->from.id, sizeof c->partner_org);
	c->partner_sandbox = m->from.sandbox;
	c->partner = *bundle_in_sender(in);
	memcpy(c->sealing, m->from.sealing, KEYS_SEAL_PUBLIC);
	c->has_key = c->seals = true;
	if (check_enabled(home, err) < 0 || store_begin(st, err) < 0)
		return -1;
	if (connection_move(st, c, CONNECTION_BE_INVITED, user, err) == 0 &&
	    transfers_add(st, c->number, false, m, bundle_in_hash(in), path,
			  bundle_in_size(in), err) == 0)
		rc = store_commit(st, err);
	store_rollback(st);
	return rc;
}

/* A person has read the fingerprint out, and it is the key's. */
static int
confirm(struct connection *c, const struct key_public *key,
	const char *fingerprint, struct err *err)
{
	/* Not shown here: it is to be read out by the partner, not copied. */
	if (!fingerprint)
		return err_set(err, ERR_USAGE, "ask the partner, by voice, to "
			       "read out the fingerprint that their `orgferry "
			       "key show` prints, and give it with "
			       "--fingerprint");
	if (!keys_fingerprint_is(key, fingerprint))
		return err_set(err, ERR_REFUSED, "the fingerprint given is not "
			       "the partner's: it was misheard, or somebody "
			       "has exchanged the file");
	c->confirmed = true;
	return 0;
}

static int
answer_in_store(struct home *home, const char *user, struct connection *c,
		const char *file, struct err *err)
{
	struct store *st = home_store(home);
	struct manifest m = MANIFEST_INIT;
	uint8_t hash[KEYS_HASH];
	uint64_t bytes;
	int rc = -1;

	m.kind = MANIFEST_ANSWER;
	m.revision = c->revision;
	m.accepted = true;
	m.addressed = true;
	memcpy(m.to.id, c->partner_org, sizeof m.to.id);
	memcpy(m.to.key, c->partner.id, KEYS_ID);
	memcpy(m.connection, c->key, sizeof m.connection);
	memcpy(m.answered, c->invitation, KEYS_HASH);
	if (connection_move(st, c, CONNECTION_ACCEPT, user, err) < 0)
		return -1;
	if (!file)
		return 0;
	if (note_mail(st, c, user, "Accept Invitation", err) == 0 &&
	    invite_fill_from(home, &m, err) == 0 &&
	    pack(home, &m, file, hash, &bytes, err) == 0)
		rc = transfers_add(st, c->number, true, &m, hash, file, bytes,
				   err);
	manifest_release(&m);
	return rc;
}

int
invite_accept(struct home *home, const char *user, const char *name,
	      const char *fingerprint, const char *owner, const char **file,
	      struct err *err)
{
	struct store *st = home_store(home);
	struct connection *c = calloc(1, sizeof *c);
	int rc = -1;

	if (!c)
		return err_memory(err);
	if (connection_find(st, name, c, err) < 0)
		goto out;
	if (c->status != CONNECTION_RECEIVED) {
		(void)err_set(err, ERR_USAGE, "connection %s is %s; only one "
			      "that is Received can be accepted",
			      SHOWN(c->name),
			      connection_status_word(c->status));
		goto out;
	}
	if (c->one_way)
		*file = NULL;
	if (!c->one_way && !*file) {
		(void)err_set(err, ERR_USAGE, "connection %s: wants -o FILE, "
			      "the answer to carry back", SHOWN(c->name));
		goto out;
	}
	if (confirm(c, &c->partner, fingerprint, err) < 0)
		goto out;
	if (owner)
		(void)snprintf(c->owner, sizeof c->owner, "%s", owner);
	if (store_begin(st, err) == 0) {
		rc = answer_in_store(home, user, c, *file, err);
		if (rc == 0)
			rc = store_commit(st, err);
		store_rollback(st);
	}
out:
	free(c);
	return rc;
}

int
invite_take_answer(struct home *home, const char *user, struct bundle_in *in,
		   const char *path, const char *fingerprint,
		   struct connection *c, struct err *err)
{
	const struct manifest *m = bundle_in_manifest(in);
	struct store *st = home_store(home);
	int got = connection_by_key(st, m->connection, c, err);
	uint8_t hash[KEYS_HASH];
	int rc = -1;

	if (got < 0)
		return -1;
	if (got == 0 || !c->inviter)
		return err_set(err, ERR_REFUSED, "%s: answers an invitation "
			       "that this home did not send", SHOWN(path));
	got = transfers_hash(st, c->number, false, &m->place, hash, err);
	if (got < 0)
		return -1;
	if (got > 0 && memcmp(hash, bundle_in_hash(in), KEYS_HASH) == 0)
		return 1; /* imported already */
	if (c->status != CONNECTION_SENT || m->revision != c->revision ||
	    memcmp(m->answered, c->invitation, KEYS_HASH) != 0)
		return err_set(err, ERR_REFUSED, "%s: answers another "
			       "invitation than the one that is open",
			       SHOWN(path));
	if (memcmp(m->to.key, key_pair_public(home_keys(home))->id, KEYS_ID))
		return err_set(err, ERR_REFUSED, "%s: is for another org",
			       SHOWN(path));
	if (confirm(c, bundle_in_sender(in), fingerprint, err) < 0)
		return -1;
	c->partner = *bundle_in_sender(in);
	memcpy(c->sealing, m->from.sealing, KEYS_SEAL_PUBLIC);
	c->has_key = c->seals = true;
	memcpy(c->partner_name, m->from.name, sizeof c->partner_name);
	memcpy(c->partner_org, m->from.id, sizeof c->partner_org);
	c->partner_sandbox = m->from.sandbox;
	if (store_begin(st, err) < 0)
		return -1;
	if (connection_move(st, c, m->accepted ? CONNECTION_BE_ACCEPTED :
						 CONNECTION_BE_REJECTED,
			    user, err) == 0 &&
	    transfers_add(st, c->number, false, m, bundle_in_hash(in), path,
			  bundle_in_size(in), err) == 0)
		rc = store_commit(st, err);
	store_rollback(st);
	return rc;
}
