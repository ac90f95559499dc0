/* begin: a home and its keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "format/minisig.h"
#include "store/check.h"
#include "store/home.h"
#include "store/records.h"
#include "store/users.h"

static int
run_init(struct cli *cli)
{
	const struct home_org org = {
		.name = cli_value(cli, "name"),
		.id = cli_value(cli, "org-id"),
		.sandbox = cli_value(cli, "sandbox") != NULL,
		.enabled = cli_value(cli, "enable") != NULL,
	};
	const char *path = cli->argument[0];
	struct home *home = NULL;
	char fingerprint[KEYS_FINGERPRINT_TEXT + 1];

	if (!org.name)
		return err_set(&cli->err, ERR_USAGE, "init: wants --name ORG, "
			       "the name that partners see");
	if (home_make(path, &org, &cli->err) < 0)
		return -1;
	if (home_open(&home, path, &cli->err) < 0)
		return err_at(&cli->err, "the home is made, but its "
			      "fingerprint cannot be shown");
	keys_fingerprint(fingerprint, key_pair_public(home_keys(home)));
	home_close(home);
	if (cli->quiet)
		return 0;
	cli_line("Home", "%s", cli_shown(path, strlen(path)));
	cli_line("Fingerprint", "%s", fingerprint);
	return 0;
}

static int
run_enable(struct cli *cli)
{
	struct home *home;
	int rc;

	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	rc = store_run(home_store(home), &cli->err, "update _home set value = "
		       "1 where key = 'enabled'", "");
	home_close(home);
	return rc < 0 ? -1 :
	       cli_done(cli, "Enabled connections in this home, for good");
}

static int
print_person(void *ctx, const struct users_person *p, struct err *err)
{
	struct cli *cli = ctx;
	struct js_build b = { false };
	struct js *o;

	if (!cli->json) {
		printf("%-24s %-6s %-7s %-6s %s\n",
		       cli_shown(p->name, strlen(p->name)),
		       p->rights & USERS_MANAGE ? "manage" : "-",
		       p->rights & USERS_FORWARD ? "forward" : "-",
		       p->rights & USERS_ACCEPT ? "accept" : "-",
		       cli_shown(p->mail, strlen(p->mail)));
		return 0;
	}
	o = js_new_object(&b);
	js_put(&b, o, "name", js_new_string(&b, p->name));
	js_put(&b, o, "mail", js_new_string(&b, p->mail));
	js_put(&b, o, "manage", js_new_bool(&b, p->rights & USERS_MANAGE));
	js_put(&b, o, "forward", js_new_bool(&b, p->rights & USERS_FORWARD));
	js_put(&b, o, "accept", js_new_bool(&b, p->rights & USERS_ACCEPT));
	return cli_json(&b, o, true, err);
}

static int
run_users_list(struct cli *cli)
{
	struct home *home;
	int rc;

	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	cli_only_tells();
	rc = users_each(home_store(home), print_person, cli, &cli->err);
	home_close(home);
	return rc;
}

static int
run_users_add(struct cli *cli)
{
	const char *mail = cli_value(cli, "mail");
	struct home *home;
	int rc;

	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	rc = users_add(home_store(home), cli->argument[0], mail ? mail : "",
		       &cli->err);
	home_close(home);
	return rc < 0 ? -1 :
	       cli_done(cli, "Added user %s, without rights so far",
			cli_shown(cli->argument[0], strlen(cli->argument[0])));
}

/* NAME RIGHT...: all rights are known before any is changed. */
static int
change_rights(struct cli *cli,
	      int (*change)(struct store *st, const char *name,
			    unsigned rights, struct err *err),
	      const char *done)
{
	struct buf said = BUF_INIT;
	struct home *home;
	unsigned rights = 0;
	int rc;

	for (size_t i = 1; i < cli->arguments; i++) {
		unsigned right = users_right(cli->argument[i]);

		if (!right)
			return err_set(&cli->err, ERR_USAGE, "%s: is no right; "
				       "there are manage, forward, accept and "
				       "all", SHOWN(cli->argument[i]));
		rights |= right;
	}
	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	rc = change(home_store(home), cli->argument[0], rights, &cli->err);
	home_close(home);
	cli_add_arguments(cli, &said, 1);
	if (rc == 0)
		rc = buf_str(&said) ?
			     cli_done(cli, "%s %s: %s", done,
				      cli_shown(cli->argument[0],
						strlen(cli->argument[0])),
				      buf_str(&said)) :
			     err_memory(&cli->err);
	buf_release(&said);
	return rc;
}

static int
run_users_grant(struct cli *cli)
{
	return change_rights(cli, users_grant, "Granted");
}

static int
run_users_revoke(struct cli *cli)
{
	return change_rights(cli, users_revoke, "Revoked from");
}

static int
run_check(struct cli *cli)
{
	struct home *home;
	int rc;

	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	rc = store_check(home_store(home), &cli->err);
	if (rc == 0)
		rc = check_records(home_store(home), &cli->err);
	home_close(home);
	if (rc == 0 && !cli->quiet)
		printf("the home is sound\n");
	return rc;
}

static int
show_json(struct cli *cli, const char *id, const char *fingerprint,
	  const char *sealing)
{
	struct js_build b = { false };
	struct js *o = js_new_object(&b);

	js_put(&b, o, "key", js_new_string(&b, id));
	js_put(&b, o, "fingerprint", js_new_string(&b, fingerprint));
	js_put(&b, o, "sealing", js_new_string(&b, sealing));
	return cli_json(&b, o, false, &cli->err);
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
	{ "init", "HOME", 1, 1, "make a home for one org: its folder, store, keys",
	  "orgferry init ~/acme --name Acme", run_init,
	  { { "name", "ORG", "the org's name, which partners see" },
	    { "org-id", "00D...", "its id in Salesforce" },
	    { "sandbox", NULL, "it is a sandbox" },
	    { "enable", NULL, "allow connections at once (see enable)" } } },
	{ "enable", "", 0, 0, "allow connections; this cannot be undone",
	  "orgferry -C ~/acme enable", run_enable, { { 0 } } },
	{ "users add", "NAME", 1, 1, "add a person who may work here",
	  "orgferry -C ~/acme users add Ada --mail ada@acme.example",
	  run_users_add, { { "mail", "ADDRESS", "where to write to" } } },
	{ "users grant", "NAME RIGHT...", 2, 5,
	  "let a person manage, forward, accept, or all",
	  "orgferry -C ~/acme users grant Ada manage forward",
	  run_users_grant, { { 0 } } },
	{ "users revoke", "NAME RIGHT...", 2, 5,
	  "take rights from a person",
	  "orgferry -C ~/acme users revoke Ada manage", run_users_revoke,
	  { { 0 } } },
	{ "users list", "", 0, 0, "list the people and their rights",
	  "orgferry -C ~/acme users list", run_users_list, { { 0 } } },
	{ "check", "", 0, 0, "examine the whole store for damage",
	  "orgferry -C ~/acme check", run_check, { { 0 } } },
	{ "key show", "", 0, 0, "show the org's key and its fingerprint",
	  "orgferry -C ~/acme key show", run_key_show, { { 0 } } },
	{ "key export", "", 0, 0, "write the org's public key, as minisign's",
	  "orgferry -C ~/acme key export -o acme.pub", run_key_export,
	  { { "o", "FILE", "the file to write, which must be new" },
	    { "sealing", NULL, "the key to seal to this org with, signed" } } },
	{ 0 },
};
