/* What changed, out into a bundle: see export.h. */
#include "flow/export.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "flow/invite.h"
#include "flow/outgo.h"
#include "format/envelope.h"
#include "store/transfers.h"

struct work {
	struct home *home;
	struct store *st;
	struct connection c;
	struct outgo out;
	struct manifest m;
	bool plain;
	char *sent; /* the bundle's path in sent/ */
	uint8_t hash[KEYS_HASH];
};

/* sent/<connection>-<sequence>.ferry: the id, for a name is no file name. */
static char *
sent_path(struct home *home, const struct connection *c, uint64_t sequence)
{
	char name[128], key[2 * MANIFEST_CONNECTION + 1];
	char epoch[2 * MANIFEST_EPOCH + 1];

	text_hex(key, c->key, 8);
	text_hex(epoch, c->out.epoch, 4);
	(void)snprintf(name, sizeof name, "sent/%s-%s-%" PRIu64 ".ferry", key,
		       epoch, sequence);
	return home_path(home, name);
}

/* What the manifest says before its rows are known. */
static int
fill_manifest(struct work *w, struct err *err)
{
	struct connection *c = &w->c;
	struct manifest *m = &w->m;
	struct home_facts facts;

	m->kind = MANIFEST_CHANGES;
	memcpy(m->connection, c->key, sizeof m->connection);
	m->addressed = c->has_key;
	memcpy(m->to.id, c->partner_org, sizeof m->to.id);
	memcpy(m->to.key, c->partner.id, KEYS_ID);
	if (invite_fill_from(w->home, m, err) < 0 ||
	    home_read_facts(w->home, &facts, err) < 0 ||
	    history_head(w->st, c->number, &m->history, m->head, err) < 0)
		return -1;
	memcpy(m->as_of, facts.as_of, sizeof m->as_of);
	if (!c->out.begun || w->out.g.full) {
		/*
		 * Also where nothing was sent, as far as this home knows: one
		 * that was restored from before the first bundle knows no
		 * better, and its partner wants to hear that this is all.
		 */
		m->start = w->out.g.full ? MANIFEST_START_FULL :
					 MANIFEST_START_FIRST;
		keys_random(c->out.epoch, sizeof c->out.epoch);
		c->out.begun = true;
		c->out.sequence = 0;
	} else {
		m->has_previous = true;
		memcpy(m->previous, c->out.hash, sizeof m->previous);
	}
	memcpy(m->place.epoch, c->out.epoch, sizeof m->place.epoch);
	m->place.sequence = c->out.sequence + 1;
	m->has_seen = c->in.begun && c->in.sequence > 0;
	memcpy(m->seen.epoch, c->in.epoch, sizeof m->seen.epoch);
	m->seen.sequence = c->in.sequence;
	m->catalog = c->published;
	m->catalog_told = c->published > 0 &&
			  (w->out.g.full || c->published != c->out.published);
	for (size_t i = 0; m->catalog_told && i < w->out.g.agreement.outs; i++) {
		const struct agreement_out *o = &w->out.g.agreement.out[i];

		m->catalog_rows += o->published;
		for (size_t f = 0; o->published && f < o->object->fields; f++)
			m->catalog_rows += o->field[f];
	}
	return 0;
}

/*
 * Under --all new objects and fields are published as they come; a type that
 * was learnt is told before a value is spelled by it, and its values anew.
 */
static int
see_new_fields(struct work *w, struct err *err)
{
	bool news = false;

	for (size_t i = 0; i < w->out.g.agreement.outs; i++) {
		const struct agreement_out *o = &w->out.g.agreement.out[i];

		news |= o->published && !o->known;
		for (size_t f = 0; o->published && f < o->object->fields; f++)
			news |= o->field[f] && !o->told[f];
	}
	if (!news || w->c.published != w->c.out.published)
		return 0;
	w->c.published++;
	return connection_save(w->st, &w->c, err);
}

/*
 * Whether a file of sent/ is one that begins an epoch and was never committed.
 * Its epoch was drawn at random and does not come again, so no later bundle
 * takes its place; nor does the temporary file of one.
 */
static int
is_orphan(struct work *w, const char *name, bool *orphan, struct err *err)
{
	const char *sent = strrchr(w->sent, '/') + 1;
	size_t key = (size_t)(strchr(sent, '-') - sent) + 1;
	bool temporary = *name == '.';
	char epoch[9];
	int64_t known = 0;

	*orphan = false;
	name += temporary;
	if (strncmp(name, sent, key) != 0 || strlen(name) < key + 8 ||
	    strncmp(name + key + 8, "-1.ferry", 8) != 0 ||
	    (name[key + 16] != 0 && !temporary))
		return 0;
	(void)snprintf(epoch, sizeof epoch, "%.8s", name + key);
	if (!temporary &&
	    store_ask(w->st, &known, 0, err, "select 1 from _transfer where "
		      "connection = ?1 and direction = 'out' and sequence = 1 "
		      "and lower(hex(substr(epoch, 1, 4))) = ?2", "is",
		      w->c.number, epoch) < 0)
		return -1;
	*orphan = known == 0;
	return 0;
}

/* What killed exports left in sent/. */
static int
sweep_sent(struct work *w, struct err *err)
{
	char *folder = home_path(w->home, "sent"), **names = NULL;
	size_t count = 0;
	int rc = folder ? file_sweep(folder, strrchr(w->sent, '/') + 1, err) :
			  err_memory(err);

	if (rc == 0)
		rc = file_names(&names, &count, folder, err);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		bool orphan = false;
		char *path;

		rc = is_orphan(w, names[i], &orphan, err);
		if (rc < 0 || !orphan)
			continue;
		path = file_join(folder, names[i]);
		if (!path)
			rc = err_memory(err);
		else if (unlink(path) < 0)
			rc = err_sys(err, "%s: cannot remove it", SHOWN(path));
		free(path);
	}
	file_names_free(names, count);
	free(folder);
	return rc;
}

/* The bundle into sent/, sealed unless plain was asked for. */
static int
pack(struct work *w, struct err *err)
{
	const struct key_pair *keys = home_keys(w->home);
	struct file_out file = FILE_OUT_INIT;
	struct envelope_out *envelope = NULL;
	struct bundle_out *b = NULL;
	int rc = -1;

	/* One of that name was never committed, so never outside. */
	(void)unlink(w->sent);
	if (sweep_sent(w, err) < 0 ||
	    file_begin(&file, w->sent, FILE_NEW, err) < 0 ||
	    bundle_out_begin(&b, w->sent, err) < 0)
		goto out;
	if (w->out.g.creates + w->out.g.updates > GATHER_MANY)
		bundle_out_effort(b, GZIP_SOON);
	if (outgo_write(&w->out, &w->m, b, err) < 0)
		goto out;
	if (w->plain) {
		rc = bundle_out_finish(b, &w->m, keys, &file.sink, w->hash,
				       err);
	} else if (envelope_begin(&envelope, &file.sink, keys,
				  w->c.partner.id, w->c.sealing, err) == 0) {
		rc = bundle_out_finish(b, &w->m, keys,
				       envelope_sink(envelope), w->hash, err);
		if (rc == 0)
			rc = envelope_end(envelope, err);
	}
	if (rc == 0)
		rc = file_commit(&file, err);
out:
	envelope_out_free(envelope);
	bundle_out_free(b);
	file_abandon(&file);
	return rc;
}

/* Copy a bundle out of sent/, and read the copy back. */
static int
copy_out(const char *from, const char *to, uint64_t *bytes, struct err *err)
{
	struct file_in in = FILE_IN_INIT, back = FILE_IN_INIT;
	struct file_out out = FILE_OUT_INIT;
	struct keys_hasher sent, copied;
	uint8_t piece[64 << 10], a[KEYS_HASH], b[KEYS_HASH];
	ptrdiff_t got = -1;
	int rc = -1;

	keys_hash_begin(&sent);
	keys_hash_begin(&copied);
	if (file_open(&in, from, err) < 0 ||
	    file_begin(&out, to, FILE_NEW, err) < 0)
		goto out;
	*bytes = in.size;
	while ((got = in.source.read(&in.source, piece, sizeof piece, err)) >
	       0) {
		keys_hash_add(&sent, piece, (size_t)got);
		if (file_write(&out, piece, (size_t)got, err) < 0)
			goto out;
	}
	if (got < 0 || file_commit(&out, err) < 0 ||
	    file_open(&back, to, err) < 0)
		goto out;
	while ((got = back.source.read(&back.source, piece, sizeof piece,
				       err)) > 0)
		keys_hash_add(&copied, piece, (size_t)got);
	if (got < 0)
		goto out;
	keys_hash_end(&sent, a);
	keys_hash_end(&copied, b);
	rc = keys_equal(a, b, sizeof a) ? 0 :
	     err_set(err, ERR_SYSTEM, "%s: does not read back as it was "
		     "written: use another medium (the bundle is kept; write "
		     "it again with --again)", SHOWN(to));
out:
	file_close(&in);
	file_close(&back);
	file_abandon(&out);
	return rc;
}

static int
settle(struct work *w, const char *file, struct err *err)
{
	struct connection *c = &w->c;
	struct stat st;

	if (stat(w->sent, &st) < 0)
		return err_sys(err, "%s: cannot look at it", SHOWN(w->sent));
	if (gather_settle(&w->out.g, &w->m, err) < 0)
		return -1;
	c->out.sequence = w->m.place.sequence;
	memcpy(c->out.hash, w->hash, sizeof c->out.hash);
	memcpy(c->out.as_of, w->m.as_of, sizeof c->out.as_of);
	if (connection_save(w->st, c, err) < 0)
		return -1;
	return transfers_add(w->st, c->number, true, &w->m, w->hash,
			     file ? file : w->sent, (uint64_t)st.st_size, err);
}

static int
make(struct work *w, const struct export_options *options,
     struct export_sum *sum, struct err *err)
{
	int64_t shared;
	int something;

	if (agreement_read(&w->out.g.agreement, w->st, w->out.g.objects, &w->c,
			   err) < 0 ||
	    see_new_fields(w, err) < 0 ||
	    gather_apply_rules(&w->out.g, err) < 0)
		return -1;
	something = gather_all(&w->out.g, &w->m, err);
	if (something < 0 || fill_manifest(w, err) < 0)
		return -1;
	/* A quiet day keeps the copy fresh. */
	if (!something && strcmp(w->m.as_of, w->c.out.as_of) <= 0)
		return 0;
	w->sent = sent_path(w->home, &w->c, w->m.place.sequence);
	if (!w->sent)
		return err_memory(err);
	if (pack(w, err) < 0 || settle(w, options->file, err) < 0 ||
	    store_ask(w->st, &shared, 0, err, "select 1 from _ledger not "
		      "indexed where connection = ?1 limit 1", "i",
		      w->c.number) < 0)
		return -1;
	*sum = (struct export_sum){
		.made = true,
		.unshared = !shared && !w->c.in.begun,
		.full = w->out.g.full,
		.sequence = w->m.place.sequence,
		.creates = w->out.g.creates,
		.updates = w->out.g.updates,
		.deletes = w->out.g.deletes,
		.values = w->out.values,
	};
	return 0;
}

/* The path may be written to: asked before anything is made. */
static int
check_file(const char *file, struct err *err)
{
	struct file_out probe;

	if (!file)
		return 0;
	/* What a killed export left, which may be as large as a bundle is. */
	file_sweep_dead(file);
	if (file_begin(&probe, file, FILE_NEW, err) < 0)
		return -1;
	file_abandon(&probe);
	return 0;
}

static int
again(struct work *w, const struct export_options *options,
      struct export_sum *sum, struct err *err)
{
	w->sent = sent_path(w->home, &w->c, options->again);
	if (!w->sent)
		return err_memory(err);
	if (options->again > w->c.out.sequence || access(w->sent, F_OK) < 0)
		return err_set(err, ERR_ORDER, "bundle %" PRIu64 " of this "
			       "connection is not in sent/; the last one was "
			       "%" PRIu64, options->again,
			       w->c.out.sequence);
	*sum = (struct export_sum){ .made = true,
				    .sequence = options->again };
	return options->file ? copy_out(w->sent, options->file, &sum->bytes,
					err) : 0;
}

static int
check_sealing(const struct connection *c, bool plain, struct err *err)
{
	if (plain || c->seals)
		return 0;
	return err_set(err, ERR_USAGE, "connection %s: the partner's sealing "
		       "key is not known, so the bundle cannot be sealed; "
		       "export with --plain, or invite with --to-key",
		       SHOWN(c->name));
}

static int
run(struct work *w, const struct export_options *options,
    struct export_sum *sum, struct err *err)
{
	int rc = -1;

	if (store_begin(w->st, err) < 0)
		return -1;
	if (objects_open(&w->out.g.objects, w->st, err) == 0 &&
	    records_open(&w->out.g.records, w->st, err) == 0 &&
	    names_open(&w->out.names, w->st, w->out.g.records,
		       w->out.g.objects, &w->c, err) == 0 &&
	    store_ask(w->st, &w->out.g.change, 0, err, "select value from _home "
		      "where key = 'change'", "") == 0 &&
	    store_ask(w->st, &w->out.g.row, 1, err, "select value from _home "
		      "where key = 'row'", "") == 0) {
		w->out.g.row--;
		rc = make(w, options, sum, err);
	}
	records_close(w->out.g.records);
	gather_release(&w->out.g);
	names_close(w->out.names);
	objects_close(w->out.g.objects);
	if (rc == 0 && sum->made)
		rc = store_commit(w->st, err);
	store_rollback(w->st);
	return rc;
}

int
export_bundle(struct home *home, const char *user,
	      const struct export_options *options, struct export_sum *sum,
	      struct err *err)
{
	struct work *w = calloc(1, sizeof *w);
	int rc = -1;

	(void)user;
	*sum = (struct export_sum){ .made = false };
	if (!w)
		return err_memory(err);
	w->home = home;
	w->st = home_store(home);
	w->plain = options->plain;
	w->out.g.st = w->st;
	w->out.g.c = &w->c;
	if (connection_find(w->st, options->conn, &w->c, err) < 0 ||
	    connection_check_live(&w->c, err) < 0 ||
	    check_file(options->file, err) < 0)
		goto out;
	if (options->again) {
		rc = again(w, options, sum, err);
		goto out;
	}
	if (check_sealing(&w->c, w->plain, err) < 0)
		goto out;
	w->out.g.full = options->full;
	rc = run(w, options, sum, err);
	if (rc == 0 && sum->made && options->file)
		rc = copy_out(w->sent, options->file, &sum->bytes, err);
out:
	manifest_release(&w->m);
	free(w->sent);
	free(w);
	return rc;
}
