/* A bundle in: see import.h. */
#include "flow/import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/invite.h"
#include "flow/partners.h"
#include "store/transfers.h"

/* Whose it is and for whom, before its place in the row is looked at. */
static int
check_parties(struct home *home, const struct connection *c,
	      struct bundle_in *in, const char *path, struct err *err)
{
	const struct manifest *m = bundle_in_manifest(in);
	const struct key_public *own = key_pair_public(home_keys(home));
	const struct key_public *sender = bundle_in_sender(in);
	struct home_facts facts;

	if (home_read_facts(home, &facts, err) < 0)
		return -1;
	if (!sender || memcmp(sender, &c->partner, sizeof *sender) != 0)
		return err_set(err, ERR_REFUSED, "%s: is signed by another "
			       "key than the partner's", SHOWN(path));
	if (strcmp(m->from.id, c->partner_org) != 0)
		return err_set(err, ERR_REFUSED, "%s: is from org %s, and the "
			       "partner is %s", SHOWN(path), m->from.id,
			       c->partner_org);
	if (m->addressed && memcmp(m->to.key, own->id, KEYS_ID) != 0)
		return err_set(err, ERR_REFUSED, "%s: is for another org's "
			       "key than this one's", SHOWN(path));
	if (m->addressed && *m->to.id && strcmp(m->to.id, facts.id) != 0)
		return err_set(err, ERR_REFUSED, "%s: is for org %s, and this "
			       "is %s", SHOWN(path), m->to.id, facts.id);
	return 0;
}

static bool
same_place(const struct manifest_place *p, const struct connection_way *way)
{
	return way->begun && p->sequence == way->sequence &&
	       memcmp(p->epoch, way->epoch, sizeof p->epoch) == 0;
}

/*
 * A bundle that begins a new epoch with all there is. It ends what it does not
 * name, so a person takes it, and nothing gets older by it.
 */
static int
check_full(const struct connection *c, const struct manifest *m,
	   const char *path, bool new_epoch, struct err *err)
{
	if (!c->in.begun)
		return 0;
	if (!new_epoch)
		return err_set(err, ERR_ORDER, "%s: begins a new epoch with "
			       "all there is, in the place of what came "
			       "before; if that is what the partner means, "
			       "take it with import --new-epoch", SHOWN(path));
	if (strcmp(m->as_of, c->in.as_of) < 0)
		return err_set(err, ERR_ORDER, "%s: is the state of %s, and "
			       "that of %s has been imported; ask the partner "
			       "to load its newest snapshot and to export "
			       "--full again", SHOWN(path),
			       *m->as_of ? m->as_of : "no snapshot",
			       c->in.as_of);
	return 0;
}

/* A bundle of an epoch that is not the one that was last heard of. */
static int
refuse_epoch(struct store *st, const struct connection *c,
	     const struct manifest *m, const char *path, struct err *err)
{
	struct manifest_place first = m->place;
	uint8_t had[KEYS_HASH];
	int got;

	first.sequence = 1;
	got = transfers_hash(st, c->number, false, &first, had, err);
	if (got < 0)
		return -1;
	if (got > 0)
		return err_set(err, ERR_ORDER, "%s: is bundle %" PRIu64 " of "
			       "an epoch that the partner has left; only the "
			       "new one goes on", SHOWN(path),
			       m->place.sequence);
	if (m->place.sequence > 1)
		return err_set(err, ERR_ORDER, "%s: is bundle %" PRIu64 " of "
			       "another epoch, whose first bundle, the full "
			       "one, has not come: take that in before, with "
			       "--new-epoch, or ask the partner for it "
			       "(export --again 1)", SHOWN(path),
			       m->place.sequence);
	return err_set(err, ERR_ORDER, "%s: is of another epoch than the "
		       "connection's: the partner's home was restored; "
		       APPLY_ANEW, SHOWN(path));
}

/* The place of a bundle against how far the direction has come. */
static int
check_order(struct store *st, const struct connection *c,
	    struct bundle_in *in, const char *path, bool new_epoch,
	    bool *already, struct err *err)
{
	const struct manifest *m = bundle_in_manifest(in);
	const uint8_t *hash = bundle_in_hash(in);
	uint8_t had[KEYS_HASH];
	int got = transfers_hash(st, c->number, false, &m->place, had, err);
	bool same_epoch = c->in.begun && memcmp(m->place.epoch, c->in.epoch,
						MANIFEST_EPOCH) == 0;

	*already = false;
	if (got < 0)
		return -1;
	if (got > 0 && memcmp(had, hash, KEYS_HASH) == 0) {
		*already = true;
		return 0;
	}
	if (got > 0)
		return err_set(err, ERR_ORDER, "%s: is bundle %" PRIu64 " with "
			       "other content than the one imported: the "
			       "partner's home was forked or restored; "
			       APPLY_ANEW, SHOWN(path), m->place.sequence);
	if (m->start == MANIFEST_START_FIRST && !c->in.begun)
		return 0;
	if (m->start == MANIFEST_START_FOLLOWS &&
	    same_place(&m->follows, &c->in) &&
	    memcmp(m->previous, c->in.hash, KEYS_HASH) == 0)
		return 0;
	if (m->start == MANIFEST_START_FULL)
		return check_full(c, m, path, new_epoch, err);
	if (!c->in.begun || (same_epoch && m->place.sequence >
						   c->in.sequence + 1))
		return err_set(err, ERR_ORDER, "%s: is bundle %" PRIu64
			       ", and bundle %" PRIu64 " has not come; import "
			       "that first, or ask the partner for it (export "
			       "--again %" PRIu64 "); if it is lost there, "
			       APPLY_ANEW, SHOWN(path), m->place.sequence,
			       c->in.sequence + 1, c->in.sequence + 1);
	if (!same_epoch)
		return refuse_epoch(st, c, m, path, err);
	if (m->place.sequence <= c->in.sequence)
		return err_set(err, ERR_ORDER, "%s: is bundle %" PRIu64
			       ", older than the last one imported, %" PRIu64,
			       SHOWN(path), m->place.sequence,
			       c->in.sequence);
	if (memcmp(m->previous, c->in.hash, KEYS_HASH) != 0)
		return err_set(err, ERR_ORDER, "%s: follows another bundle "
			       "%" PRIu64 " than the one imported: the "
			       "partner's home was forked or restored; "
			       APPLY_ANEW, SHOWN(path), c->in.sequence);
	return 0;
}

static int
apply_in_store(struct home *home, struct connection *c, struct bundle_in *in,
	       const char *path, bool asked, struct import_sum *sum,
	       struct err *err)
{
	const struct manifest *m = bundle_in_manifest(in);
	struct store *st = home_store(home);
	struct apply *a = NULL;
	int rc = -1;

	if (apply_new(&a, home, c, err) == 0)
		rc = apply_bundle(a, in, asked, &sum->rows, err);
	apply_free(a);
	if (rc < 0)
		return -1;
	c->in.begun = true;
	memcpy(c->in.epoch, m->place.epoch, sizeof c->in.epoch);
	c->in.sequence = m->place.sequence;
	memcpy(c->in.hash, bundle_in_hash(in), sizeof c->in.hash);
	memcpy(c->in.as_of, m->as_of, sizeof c->in.as_of);
	c->in.published = m->catalog;
	if (connection_save(st, c, err) < 0)
		return -1;
	return transfers_add(st, c->number, false, m, bundle_in_hash(in), path,
			     bundle_in_size(in), err);
}

static int
take_changes(struct home *home, struct bundle_in *in, const char *path,
	     bool new_epoch, struct connection *c, struct import_sum *sum,
	     struct err *err)
{
	const struct manifest *m = bundle_in_manifest(in);
	struct store *st = home_store(home);
	int got = connection_by_key(st, m->connection, c, err), rc = -1;

	if (got < 0)
		return -1;
	if (got == 0)
		return err_set(err, ERR_REFUSED, "%s: is of a connection that "
			       "is not known here", SHOWN(path));
	if (c->status != CONNECTION_ACCEPTED)
		return err_set(err, ERR_REFUSED, "%s: its connection, %s, is "
			       "%s", SHOWN(path), SHOWN(c->name),
			       connection_status_word(c->status));
	if (check_parties(home, c, in, path, err) < 0 ||
	    check_order(st, c, in, path, new_epoch, &sum->already, err) < 0)
		return -1;
	if (sum->already)
		return 0;
	if (store_begin(st, err) < 0)
		return -1;
	rc = apply_in_store(home, c, in, path, new_epoch, sum, err);
	if (rc == 0)
		rc = store_commit(st, err);
	store_rollback(st);
	return rc;
}

static int
take_in(struct home *home, const char *user, const char *path,
	const struct import_options *options, const struct bundle_keys *keys,
	struct import_sum *sum, struct err *err)
{
	struct connection *c = calloc(1, sizeof *c);
	struct bundle_in *in = NULL;
	const struct bundle_member *member;
	int rc = -1;

	if (!c)
		return err_memory(err);
	if (bundle_in_open(&in, path, keys, err) < 0)
		goto out;
	if (memcmp(bundle_in_manifest(in)->from.key,
		   key_pair_public(home_keys(home))->id, KEYS_ID) == 0) {
		(void)err_set(err, ERR_REFUSED, "%s: was made by this org "
			      "itself", SHOWN(path));
		goto out;
	}
	sum->kind = bundle_in_manifest(in)->kind;
	sum->sequence = bundle_in_manifest(in)->place.sequence;
	switch (sum->kind) {
	case MANIFEST_INVITATION:
	case MANIFEST_ANSWER:
		/* To its end first: these have nothing to apply in a stream. */
		while ((rc = bundle_in_next(in, &member, err)) > 0)
			;
		if (rc == 0)
			rc = sum->kind == MANIFEST_INVITATION ?
				     invite_take(home, user, in, path,
						 options->as, c, err) :
				     invite_take_answer(home, user, in, path,
							options->fingerprint,
							c, err);
		sum->already = rc == 1;
		rc = rc == 1 ? 0 : rc;
		break;
	case MANIFEST_NOTICE:
		rc = err_set(err, ERR_REFUSED, "%s: is a notice, which this "
			     "orgferry does not take in; use a newer one",
			     SHOWN(path));
		break;
	case MANIFEST_CHANGES:
		rc = take_changes(home, in, path, options->new_epoch, c, sum,
				  err);
		break;
	}
	if (rc == 0) {
		(void)snprintf(sum->connection, sizeof sum->connection, "%s",
			       c->name);
	}
out:
	bundle_in_free(in);
	free(c);
	return rc;
}

int
import_file(struct home *home, const char *user, const char *path,
	    const struct import_options *options, struct import_sum *sum,
	    struct err *err)
{
	struct partners partners;
	char *log;
	int rc;

	*sum = (struct import_sum){ .already = false };
	rc = partners_read(&partners, home, err);
	if (rc == 0)
		rc = take_in(home, user, path, options, &partners.keys, sum,
			     err);
	partners_release(&partners);
	if (rc < 0 && (err->kind == ERR_REFUSED || err->kind == ERR_ORDER)) {
		log = home_path(home, "transfers.log");
		if (log)
			transfers_log(log, path, err->msg);
		free(log);
	}
	return rc;
}

int
import_accept(struct home *home, const char *user, const char *conn,
	      const char *name, struct apply_sum *sum, struct err *err)
{
	struct store *st = home_store(home);
	struct connection *c = calloc(1, sizeof *c);
	struct apply *a = NULL;
	int rc = -1;

	(void)user;
	if (!c)
		return err_memory(err);
	if (connection_find(st, conn, c, err) == 0 &&
	    connection_check_live(c, err) == 0 && store_begin(st, err) == 0) {
		if (apply_new(&a, home, c, err) == 0)
			rc = apply_waiting(a, name, sum, err);
		apply_free(a);
		if (rc == 0)
			rc = store_commit(st, err);
		store_rollback(st);
	}
	free(c);
	return rc;
}

int
import_willing(struct home *home, struct connection *c, struct err *err)
{
	struct apply_sum sum;
	struct apply *a = NULL;
	int rc = -1;

	if (apply_new(&a, home, c, err) == 0)
		rc = apply_willing(a, &sum, err);
	apply_free(a);
	return rc;
}
