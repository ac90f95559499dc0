/* carry: bundles verified and looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/inspect.h"
#include "store/home.h"

/* The one sender that the user names is all that is known. */
static const struct bundle_peer *
only_peer(void *ctx, const uint8_t id[static KEYS_ID])
{
	const struct bundle_peer *peer = ctx;

	return memcmp(peer->key.id, id, KEYS_ID) == 0 ? peer : NULL;
}

/* What a bundle is read with: the key named, and for a sealed one, the home. */
struct reading {
	struct bundle_peer peer;
	struct bundle_keys keys;
	struct home *home;
	struct bundle_in *in;
};

static void
end_reading(struct reading *r)
{
	bundle_in_free(r->in);
	home_close(r->home);
}

static int
begin_reading(struct cli *cli, struct reading *r, const char *path)
{
	const char *key = cli_value(cli, "key");
	int sealed = bundle_in_looks_sealed(path, &cli->err);

	*r = (struct reading){ .keys = { .ctx = &r->peer } };
	if (sealed < 0 || (key && inspect_peer(&r->peer, key, &cli->err) < 0))
		return -1;
	if (key)
		r->keys.find = only_peer;
	if (sealed && key && !r->peer.seals)
		return err_set(&cli->err, ERR_USAGE, "%s: is sealed, so --key "
			       "wants the sender's sealing key (orgferry key "
			       "export --sealing)", SHOWN(path));
	if (sealed) {
		if (home_open(&r->home, cli->home, &cli->err) < 0)
			return -1;
		r->keys.own = home_keys(r->home);
	}
	return 0;
}

static int
open_reading(struct cli *cli, struct reading *r, const char *path)
{
	return bundle_in_open(&r->in, path, &r->keys, &cli->err);
}

static int
run_verify(struct cli *cli)
{
	const char *path = cli->argument[0];
	struct inspect_sum sum;
	struct reading r;
	int rc = -1;

	if (!cli_value(cli, "key"))
		return err_set(&cli->err, ERR_USAGE, "verify: wants --key "
			       "PUB, the sender's public key");
	if (begin_reading(cli, &r, path) == 0 &&
	    open_reading(cli, &r, path) == 0) {
		if (bundle_in_trust(r.in) != BUNDLE_KNOWN)
			(void)err_set(&cli->err, ERR_REFUSED, "%s: is signed "
				      "by another key than the one given",
				      SHOWN(path));
		else
			rc = inspect_rows(cli, r.in, false, &sum);
	}
	if (rc == 0 && cli->json)
		rc = inspect_head(cli, r.in, path);
	else if (rc == 0 && !cli->quiet)
		printf("%s: holds: a whole bundle (%s), signed by that key\n",
		       cli_shown(path, strlen(path)),
		       manifest_kind_word(bundle_in_manifest(r.in)->kind));
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
	int rc = begin_reading(cli, &r, path);

	r.keys.unchecked = true;
	if (rc == 0)
		rc = open_reading(cli, &r, path);
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

const struct cli_command cmd_carry[] = {
	{ "verify", "FILE", 1, 1, "verify a bundle, whole, with a public key",
	  "orgferry verify monday.ferry --key acme.pub", run_verify,
	  { { "key", "PUB", "the sender's public key, or its sealing key file" },
	    { 0 } } },
	{ "inspect", "FILE", 1, 1, "show what a bundle is and what it holds",
	  "orgferry inspect monday.ferry --changes", run_inspect,
	  { { "key", "PUB", "the sender's public key; else unchecked" },
	    { "changes", NULL, "show every row" },
	    { "manifest", "DIR", "write manifest.json and its signature there" },
	    { 0 } } },
	{ 0 },
};
