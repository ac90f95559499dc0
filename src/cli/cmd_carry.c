/* carry: bundles made, taken in, verified and looked at. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/inspect.h"
#include "cli/table.h"
#include "flow/export.h"
#include "flow/import.h"
#include "flow/partners.h"
#include "store/home.h"
#include "store/transfers.h"

/* The one sender that the user names is all that is known. */
static const struct bundle_peer *
only_peer(void *ctx, const uint8_t id[static KEYS_ID])
{
	const struct bundle_peer *peer = ctx;

	return memcmp(peer->key.id, id, KEYS_ID) == 0 ? peer : NULL;
}

/* What a bundle is read with: the key named, or the partners of a home. */
struct reading {
	struct bundle_peer peer;
	struct partners partners;
	struct bundle_keys keys;
	struct home *home;
	struct bundle_in *in;
	struct buf unknown; /* what is told of another key than --key's */
};

static void
end_reading(struct reading *r)
{
	bundle_in_free(r->in);
	partners_release(&r->partners);
	home_close(r->home);
	buf_release(&r->unknown);
}

/* Of the keys, only the one that --key names. */
static int
know_one(struct cli *cli, struct reading *r, const char *file)
{
	char id[KEYS_ID_TEXT + 1];

	keys_id_text(id, r->peer.key.id);
	buf_addf(&r->unknown, "and the key in %s is %s: give --key the file "
		 "of who made the bundle, which their `orgferry key export%s` "
		 "writes", SHOWN(file), id, r->home ? " --sealing" : "");
	r->keys.find = only_peer;
	r->keys.ctx = &r->peer;
	r->keys.unknown = buf_str(&r->unknown);
	return buf_ok(&r->unknown, &cli->err);
}

/* The home that opens a sealed bundle, or that knows who signed it. */
static int
open_home(struct cli *cli, struct reading *r, const char *path, bool sealed)
{
	if (home_open(&r->home, cli->home, &cli->err) == 0)
		return partners_read(&r->partners, r->home, &cli->err);
	if (cli->err.kind != ERR_USAGE)
		return -1;
	if (sealed)
		return err_set(&cli->err, ERR_USAGE, "%s: is sealed, and %s is "
			       "not a home: name the home that it is for with "
			       "-C HOME (or ORGFERRY_HOME), and, where that "
			       "does not know the sender, also --key PUB, the "
			       "sender's sealing key", SHOWN(path),
			       SHOWN(cli->home));
	return err_set(&cli->err, ERR_USAGE, "%s: wants --key PUB, the "
		       "sender's public key, or -C HOME, a home that knows "
		       "the sender; %s is not a home", cli->command->name,
		       SHOWN(cli->home));
}

/*
 * A sealed bundle needs its recipient's home. A plain one needs none: it is
 * asked only where it was named, or where nothing else says whose key is right.
 */
static int
begin_reading(struct cli *cli, struct reading *r, const char *path,
	      bool must_know)
{
	const char *key = cli_value(cli, "key");
	int sealed = bundle_in_looks_sealed(path, &cli->err);

	*r = (struct reading){ .home = NULL };
	if (sealed < 0 || (key && inspect_peer(&r->peer, key, &cli->err) < 0))
		return -1;
	if (sealed && key && !r->peer.seals)
		return err_set(&cli->err, ERR_USAGE, "%s: is sealed, so --key "
			       "wants the sender's sealing key (orgferry key "
			       "export --sealing)", SHOWN(path));
	if (sealed || (!key && (must_know || cli->home_named))) {
		if (open_home(cli, r, path, sealed) < 0)
			return -1;
		r->keys = r->partners.keys;
	}
	return key ? know_one(cli, r, key) : 0;
}

static int
open_reading(struct cli *cli, struct reading *r, const char *path)
{
	return bundle_in_open(&r->in, path, &r->keys, &cli->err);
}

/* Signed by the key that it brings itself, which is not one that was known. */
static int
signed_otherwise(struct cli *cli, const struct reading *r, const char *path)
{
	char id[KEYS_ID_TEXT + 1];

	keys_id_text(id, bundle_in_sender(r->in)->id);
	return err_set(&cli->err, ERR_REFUSED, "%s: is signed by key %s, %s",
		       SHOWN(path), id, r->keys.unknown);
}

/* Whose key it was, as far as the words for a person go. */
static void
tell_verified(struct cli *cli, const struct reading *r, const char *path)
{
	const char *kind = manifest_kind_word(bundle_in_manifest(r->in)->kind);
	const char *name = r->home ?
		partners_name(&r->partners, bundle_in_sender(r->in)->id) : NULL;

	printf("%s: holds: a whole bundle (%s), signed by ",
	       cli_shown(path, strlen(path)), kind);
	if (cli_value(cli, "key"))
		printf("that key\n");
	else if (name)
		printf("the key of %s, as the home %s knows it\n",
		       cli_shown(name, strlen(name)),
		       cli_shown(cli->home, strlen(cli->home)));
	else
		printf("the home %s itself\n",
		       cli_shown(cli->home, strlen(cli->home)));
}

static int
run_verify(struct cli *cli)
{
	const char *path = cli->argument[0];
	struct inspect_sum sum;
	struct reading r;
	int rc = -1;

	if (begin_reading(cli, &r, path, true) == 0 &&
	    open_reading(cli, &r, path) == 0) {
		if (bundle_in_trust(r.in) != BUNDLE_KNOWN)
			(void)signed_otherwise(cli, &r, path);
		else
			rc = inspect_rows(cli, r.in, false, &sum);
	}
	if (rc == 0 && cli->json)
		rc = inspect_head(cli, r.in, path);
	else if (rc == 0 && !cli->quiet)
		tell_verified(cli, &r, path);
	end_reading(&r);
	return rc;
}

/* The manifest and its signature as files, for minisign and jq. */
static int
write_manifest(struct cli *cli, const struct bundle_in *in, const char *folder)
{
	static const char *const names[] = { "manifest.json",
					     "manifest.json.minisig" };
	const struct buf *text[] = { bundle_in_text(in),
				     bundle_in_signature(in) };

	for (size_t i = 0; i < 2; i++) {
		char *path = file_join(folder, names[i]);
		int rc = path ? file_put(path, FILE_NEW, text[i]->data,
					 text[i]->len, &cli->err) :
				err_memory(&cli->err);

		free(path);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int
run_inspect(struct cli *cli)
{
	const char *path = cli->argument[0];
	const char *folder = cli_value(cli, "manifest");
	bool rows = cli_value(cli, "changes") != NULL;
	struct inspect_sum sum;
	struct reading r;
	int rc = begin_reading(cli, &r, path, false);

	r.keys.unchecked = true;
	if (rc == 0)
		rc = open_reading(cli, &r, path);
	if (!folder)
		cli_only_tells();
	if (rc == 0 && !rows)
		rc = inspect_head(cli, r.in, path);
	if (rc == 0)
		rc = inspect_rows(cli, r.in, rows, &sum);
	if (rc == 0 && !rows && !cli->json)
		inspect_tell_sum(&sum);
	if (rc == 0 && folder)
		rc = write_manifest(cli, r.in, folder);
	end_reading(&r);
	return rc;
}

static int
run_export(struct cli *cli)
{
	const char *again = cli_value(cli, "again");
	struct export_options options = {
		.conn = cli->argument[0],
		.file = cli_value(cli, "o"),
		.plain = cli_value(cli, "plain") != NULL,
		.full = cli_value(cli, "full") != NULL,
	};
	struct export_sum sum;
	struct home *home;
	int rc;

	if (again && options.full)
		return err_set(&cli->err, ERR_USAGE, "--full and --again: one "
			       "makes a new bundle, the other an earlier one "
			       "once more");
	if (again && !text_parse_count(&options.again, again, strlen(again)))
		return err_set(&cli->err, ERR_USAGE, "--again %s: is not the "
			       "number of a bundle", SHOWN(again));
	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	rc = export_bundle(home, cli->user, &options, &sum, &cli->err);
	home_close(home);
	if (rc < 0 || cli->quiet)
		return rc;
	if (!sum.made)
		printf("nothing to say\n");
	else if (options.again)
		printf("bundle %" PRIu64 " once more\n", sum.sequence);
	else
		printf("bundle %" PRIu64 ": %" PRIu64 " created, %" PRIu64
		       " updated, %" PRIu64 " deleted\n", sum.sequence,
		       sum.creates, sum.updates, sum.deletes);
	if (sum.unshared)
		printf("no record is shared so far: say what the partner may "
		       "have with orgferry publish,\nand which records go with "
		       "orgferry rule add or orgferry forward\n");
	if (sum.full)
		printf("all of it anew; the partner takes it with: orgferry "
		       "import --new-epoch\n");
	return 0;
}

static void
tell_import(const char *path, const struct import_sum *sum)
{
	printf("%s: ", cli_shown(path, strlen(path)));
	if (sum->already) {
		printf("already imported\n");
		return;
	}
	switch (sum->kind) {
	case MANIFEST_INVITATION:
		printf("an invitation; it is connection %s now\n"
		       "Ask the partner, by voice, to read out their "
		       "fingerprint, and accept with it:\n"
		       "  orgferry connection accept '%s' --fingerprint "
		       "'...' -o answer.ferry\n",
		       cli_shown(sum->connection, strlen(sum->connection)),
		       cli_shown(sum->connection, strlen(sum->connection)));
		break;
	case MANIFEST_ANSWER:
		printf("the answer of connection %s\n",
		       cli_shown(sum->connection, strlen(sum->connection)));
		break;
	default:
		printf("bundle %" PRIu64 " of %s: %" PRIu64 " created, %"
		       PRIu64 " values updated, %" PRIu64 " deleted\n",
		       sum->sequence,
		       cli_shown(sum->connection, strlen(sum->connection)),
		       sum->rows.created, sum->rows.values,
		       sum->rows.deleted);
		if (sum->rows.waiting > 0)
			printf("%" PRIu64 " records wait to be accepted "
			       "(orgferry inbox)\n", sum->rows.waiting);
		if (sum->rows.held > 0)
			printf("%" PRIu64 " values wait for a field or a "
			       "record\n", sum->rows.held);
		if (sum->rows.ended > 0)
			printf("%" PRIu64 " records are shared no more; they "
			       "stay here\n", sum->rows.ended);
		break;
	}
}

static int
run_import(struct cli *cli)
{
	const struct import_options options = {
		.as = cli_value(cli, "as"),
		.fingerprint = cli_value(cli, "fingerprint"),
		.new_epoch = cli_value(cli, "new-epoch") != NULL,
	};
	struct home *home;
	int rc = 0;

	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < cli->arguments; i++) {
		struct import_sum *sum = calloc(1, sizeof *sum);

		rc = sum ? import_file(home, cli->user, cli->argument[i],
				       &options, sum, &cli->err) :
			   err_memory(&cli->err);
		if (rc == 0 && !cli->quiet)
			tell_import(cli->argument[i], sum);
		free(sum);
	}
	home_close(home);
	return rc;
}

static int
see_transfer(void *ctx, const char *const *value, struct err *err)
{
	(void)err;
	table_row(ctx, value);
	return 0;
}

static int
run_transfers(struct cli *cli)
{
	struct home *home;
	struct table t;
	int rc;

	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	table_begin(&t, transfers_columns, TRANSFERS_COLUMNS);
	rc = transfers_each(home_store(home),
			    cli->arguments ? cli->argument[0] : NULL,
			    see_transfer, &t, &cli->err);
	home_close(home);
	return table_end(&t, cli, rc);
}

/* The ledger as a list, or as CSV in a file. */
struct ledger_out {
	struct table *table; /* or NULL */
	struct buf csv;
};

static int
see_ledger(void *ctx, const char *const *value, struct err *err)
{
	struct ledger_out *out = ctx;
	struct field row[LEDGER_COLUMNS];

	(void)err;
	if (out->table) {
		table_row(out->table, value);
		return 0;
	}
	for (size_t i = 0; i < LEDGER_COLUMNS; i++)
		row[i] = field_of(value[i]);
	rows_write(&out->csv, ROWS_CRLF, row, LEDGER_COLUMNS);
	return 0;
}

static int
run_ledger(struct cli *cli)
{
	const char *csv = cli_value(cli, "csv");
	struct table t;
	struct ledger_out out = { csv ? NULL : &t, BUF_INIT };
	struct home *home;
	int rc;

	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	table_begin(&t, ledger_columns, LEDGER_COLUMNS);
	if (csv)
		(void)see_ledger(&out, ledger_columns, &cli->err);
	rc = ledger_each(home_store(home),
			 cli->arguments ? cli->argument[0] : NULL, see_ledger,
			 &out, &cli->err);
	home_close(home);
	if (!csv)
		rc = table_end(&t, cli, rc);
	else if (rc == 0)
		rc = buf_ok(&out.csv, &cli->err) < 0 ? -1 :
		     file_put(csv, FILE_NEW, out.csv.data, out.csv.len,
			      &cli->err);
	buf_release(&out.csv);
	return rc;
}

const struct cli_command cmd_carry[] = {
	{ "export", "CONN", 1, 1, "write what the partner lacks as a bundle",
	  "orgferry -C ~/acme export globex -o monday.ferry", run_export,
	  { { "o", "FILE", "the bundle to write, which must be new" },
	    { "plain", NULL, "not sealed, for a guard to read" },
	    { "full", NULL, "all there is, for a partner who lost track" },
	    { "again", "NUMBER", "an earlier bundle, byte for byte" } } },
	{ "import", "FILE...", 1, 1000,
	  "take in a bundle: invitation, answer or changes",
	  "orgferry -C ~/globex import monday.ferry", run_import,
	  { { "as", "NAME", "what an invitation's connection is called" },
	    { "fingerprint", "DIGITS", "an answer's, as it was read out" },
	    { "new-epoch", NULL, "take what export --full wrote" } } },
	{ "transfers", "[CONN]", 0, 1, "list the bundles made and taken in",
	  "orgferry -C ~/acme transfers", run_transfers, { { 0 } } },
	{ "ledger", "[CONN]", 0, 1, "list which record is which of theirs",
	  "orgferry -C ~/globex ledger --csv ledger.csv", run_ledger,
	  { { "csv", "FILE", "as CSV, into a new file" } } },
	{ "verify", "FILE", 1, 1, "verify that a bundle is whole, and whose",
	  "orgferry verify monday.ferry --key acme.pub", run_verify,
	  { { "key", "PUB", "the sender's key file; else the home knows it" },
	    { 0 } } },
	{ "inspect", "FILE", 1, 1, "show what a bundle is and what it holds",
	  "orgferry inspect monday.ferry --changes", run_inspect,
	  { { "key", "PUB", "the sender's key; else of the home, or unchecked" },
	    { "changes", NULL, "show every row" },
	    { "manifest", "DIR", "write manifest.json and its signature there" },
	    { 0 } } },
	{ 0 },
};
