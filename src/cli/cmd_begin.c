/* begin: a home and its keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "format/json.h"
#include "format/minisig.h"
#include "store/home.h"

static int
run_init(struct cli *cli)
{
	const char *path = cli->argument[0];
	struct home *home = NULL;
	char fingerprint[KEYS_FINGERPRINT_TEXT + 1];

	if (home_make(path, &cli->err) < 0 ||
	    home_open(&home, path, &cli->err) < 0)
		return -1;
	keys_fingerprint(fingerprint, key_pair_public(home_keys(home)));
	home_close(home);
	if (cli->quiet)
		return 0;
	cli_line("Home", "%s", cli_shown(path, strlen(path)));
	cli_line("Fingerprint", "%s", fingerprint);
	return 0;
}

static int
show_json(struct cli *cli, const char *id, const char *fingerprint,
	  const char *sealing)
{
	struct js_build b = { false };
	struct buf out = BUF_INIT;
	struct js *o = js_new_object(&b);
	int rc;

	js_put(&b, o, "key", js_new_string(&b, id));
	js_put(&b, o, "fingerprint", js_new_string(&b, fingerprint));
	js_put(&b, o, "sealing", js_new_string(&b, sealing));
	rc = js_write(&out, &b, o, &cli->err);
	if (rc == 0)
		(void)fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	return rc;
}

static int
run_key_show(struct cli *cli)
{
	char id[KEYS_ID_TEXT + 1], fingerprint[KEYS_FINGERPRINT_TEXT + 1];
	char sealing[2 * KEYS_SEAL_PUBLIC + 1];
	struct home *home;
	const struct key_pair *keys;

	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	keys = home_keys(home);
	keys_id_text(id, key_pair_public(keys)->id);
	keys_fingerprint(fingerprint, key_pair_public(keys));
	text_hex(sealing, key_pair_sealing(keys), KEYS_SEAL_PUBLIC);
	home_close(home);
	if (cli->json)
		return show_json(cli, id, fingerprint, sealing);
	cli_line("Key", "%s", id);
	cli_line("Fingerprint", "%s", fingerprint);
	cli_line("Sealing key", "%s", sealing);
	return 0;
}

static int
run_key_export(struct cli *cli)
{
	const char *path = cli_value(cli, "o");
	struct buf text = BUF_INIT;
	struct home *home;
	int rc = -1;

	if (!path)
		return err_set(&cli->err, ERR_USAGE, "key export: wants -o "
			       "FILE, the file to write");
	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	if (cli_value(cli, "sealing"))
		rc = minisig_write_sealing(&text, home_keys(home), &cli->err);
	else
		minisig_write_public(&text, key_pair_public(home_keys(home)));
	if (!cli_value(cli, "sealing"))
		rc = buf_ok(&text, &cli->err);
	if (rc == 0)
		rc = file_put(path, FILE_NEW, text.data, text.len, &cli->err);
	buf_release(&text);
	home_close(home);
	return rc;
}

const struct cli_command cmd_begin[] = {
	{ "init", "HOME", 1, 1, "make a home for one org: a folder and its keys",
	  "orgferry init ~/acme", run_init, { { 0 } } },
	{ "key show", "", 0, 0, "show the org's key and its fingerprint",
	  "orgferry -C ~/acme key show", run_key_show, { { 0 } } },
	{ "key export", "", 0, 0, "write the org's public key, as minisign's",
	  "orgferry -C ~/acme key export -o acme.pub", run_key_export,
	  { { "o", "FILE", "the file to write, which must be new" },
	    { "sealing", NULL, "the key to seal to this org with, signed" } } },
	{ 0 },
};
