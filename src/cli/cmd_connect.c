/* connect: invitations, answers, connections listed and shown. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "flow/invite.h"
#include "store/home.h"

static int
find_policy(struct cli *cli, enum manifest_policy *policy)
{
	const char *word = cli_value(cli, "policy");

	*policy = MANIFEST_NEWEST;
	if (!word)
		return 0;
	for (int p = MANIFEST_NEWEST; p <= MANIFEST_HOLD; p++) {
		*policy = (enum manifest_policy)p;
		if (strcmp(manifest_policy_word(*policy), word) == 0)
			return 0;
	}
	return err_set(&cli->err, ERR_USAGE, "--policy %s: there are newest, "
		       "inviter, accepter and hold", SHOWN(word));
}

/* A file's name without its folder: what the partner will have of it. */
static const char *
bare(const char *file)
{
	const char *slash = strrchr(file, '/');

	file = slash ? slash + 1 : file;
	return cli_shown(file, strlen(file));
}

static int
tell_invited(struct cli *cli, const struct invite_options *o)
{
	return cli_done(cli, "Invited %s: wrote the invitation to %s\n"
			"Carry it to %s, who runs, in their own home:\n"
			"  orgferry import '%s'",
			cli_shown(o->name, strlen(o->name)),
			cli_shown(o->file, strlen(o->file)),
			cli_shown(o->contact, strlen(o->contact)),
			bare(o->file));
}

static int
find_type(struct cli *cli, bool *replication)
{
	const char *word = cli_value(cli, "type");

	*replication = word && strcmp(word, "replication") == 0;
	if (!word || *replication || strcmp(word, "standard") == 0)
		return 0;
	return err_set(&cli->err, ERR_USAGE, "--type %s: there are standard "
		       "and replication", SHOWN(word));
}

static int
run_invite(struct cli *cli)
{
	struct invite_options options = {
		.name = cli->argument[0],
		.contact = cli_value(cli, "contact"),
		.owner = cli_value(cli, "owner"),
		.one_way = cli_value(cli, "one-way") != NULL,
		.to_key = cli_value(cli, "to-key"),
		.file = cli_value(cli, "o"),
	};
	struct home *home;
	int rc;

	if (find_policy(cli, &options.policy) < 0 ||
	    find_type(cli, &options.replication) < 0)
		return -1;
	if (!options.contact)
		return err_set(&cli->err, ERR_USAGE, "connection invite: wants "
			       "--contact 'NAME <MAIL>', whom it is for");
	if (!options.file)
		return err_set(&cli->err, ERR_USAGE, "connection invite: wants "
			       "-o FILE, the invitation to carry over");
	if (options.to_key && !options.one_way)
		return err_set(&cli->err, ERR_USAGE, "connection invite: "
			       "--to-key is for --one-way; else the answer "
			       "brings the partner's key");
	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	rc = invite_send(home, cli->user, &options, &cli->err);
	home_close(home);
	return rc < 0 ? -1 : tell_invited(cli, &options);
}

static int
tell_accepted(struct cli *cli, const char *name, const char *file)
{
	if (!file)
		return cli_done(cli, "Accepted %s: it is one way, so nothing "
				"is carried back",
				cli_shown(name, strlen(name)));
	return cli_done(cli, "Accepted %s: wrote the answer to %s\n"
			"Carry it to the partner, who asks you, by voice, to "
			"read out your fingerprint\n(orgferry key show), and "
			"runs:\n  orgferry import '%s' --fingerprint '...'",
			cli_shown(name, strlen(name)),
			cli_shown(file, strlen(file)), bare(file));
}

static int
run_accept(struct cli *cli)
{
	const char *file = cli_value(cli, "o");
	struct home *home;
	int rc;

	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	rc = invite_accept(home, cli->user, cli->argument[0],
			   cli_value(cli, "fingerprint"),
			   cli_value(cli, "owner"), &file, &cli->err);
	home_close(home);
	return rc < 0 ? -1 : tell_accepted(cli, cli->argument[0], file);
}

static const char *const list_columns[] = { "Name", "Status", "Partner",
					    "Org", "Sent", "Received",
					    "As Of" };

static int
list_one(void *ctx, const struct connection *c, struct err *err)
{
	struct table *t = ctx;
	char sent[24], received[24];

	(void)err;
	(void)snprintf(sent, sizeof sent, "%llu",
		       (unsigned long long)c->out.sequence);
	(void)snprintf(received, sizeof received, "%llu",
		       (unsigned long long)c->in.sequence);
	table_row(t, (const char *[]){ c->name,
				       connection_status_word(c->status),
				       c->partner_name, c->partner_org, sent,
				       received, c->in.as_of });
	return 0;
}

static int
run_list(struct cli *cli)
{
	struct home *home;
	struct table t;
	int rc;

	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	table_begin(&t, list_columns, 7);
	rc = connection_each(home_store(home), list_one, &t, &cli->err);
	home_close(home);
	return table_end(&t, cli, rc);
}

static int
run_show(struct cli *cli)
{
	static const char *const columns[] = { "Field", "Value" };
	char fingerprint[KEYS_FINGERPRINT_TEXT + 1] = "";
	struct connection *c = calloc(1, sizeof *c);
	struct home *home = NULL;
	struct table t;
	int rc = -1;

	if (!c)
		return err_memory(&cli->err);
	if (home_open(&home, cli->home, &cli->err) == 0 &&
	    connection_find(home_store(home), cli->argument[0], c,
			    &cli->err) == 0) {
		const char *const row[][2] = {
			{ "Name", c->name },
			{ "Status", connection_status_word(c->status) },
			{ "Type", c->replication ? "Replication" : "Standard" },
			{ "Direction", c->one_way ? "one way" : "both ways" },
			{ "Invited by", c->inviter ? "us" : "the partner" },
			{ "Policy", manifest_policy_word(c->policy) },
			{ "Created", c->created },
			{ "Response date", c->responded },
			{ "Owner", c->owner },
			{ "Contact", c->contact_name },
			{ "Mail", c->contact_mail },
			{ "Partner", c->partner_name },
			{ "Partner org", c->partner_org },
			{ "Fingerprint", fingerprint },
			{ "Confirmed", c->confirmed ? "yes" : "no" },
		};

		if (c->has_key)
			keys_fingerprint(fingerprint, &c->partner);
		table_begin(&t, columns, 2);
		for (size_t i = 0; i < sizeof row / sizeof *row; i++)
			table_row(&t, row[i]);
		rc = table_end(&t, cli, 0);
	}
	home_close(home);
	free(c);
	return rc;
}

const struct cli_command cmd_connect[] = {
	{ "connection invite", "NAME", 1, 1,
	  "invite an org: write the invitation to carry over",
	  "orgferry -C ~/acme connection invite globex \\\n"
	  "           --contact 'Ada <ada@globex.example>' -o invitation.ferry",
	  run_invite,
	  { { "contact", "'N <MAIL>'", "whom it is for; required" },
	    { "o", "FILE", "the invitation to write, which must be new" },
	    { "owner", "USER", "who owns the connection; else who invites" },
	    { "policy", "POLICY", "newest, inviter, accepter or hold" },
	    { "one-way", NULL, "nothing ever comes back" },
	    { "type", "TYPE", "standard, or replication: a copy of everything" },
	    { "to-key", "FILE", "one way: the partner's sealing key file" } } },
	{ "connection accept", "NAME", 1, 1,
	  "accept an invitation that was imported",
	  "orgferry -C ~/globex connection accept Acme \\\n"
	  "           --fingerprint '12345 67890 ...' -o answer.ferry",
	  run_accept,
	  { { "fingerprint", "DIGITS", "as the partner read it out" },
	    { "o", "FILE", "the answer to write, unless one way" },
	    { "owner", "USER", "who owns the connection" } } },
	{ "connection list", "", 0, 0, "list the connections",
	  "orgferry -C ~/acme connection list", run_list, { { 0 } } },
	{ "connection show", "NAME", 1, 1, "show one connection",
	  "orgferry -C ~/acme connection show globex", run_show, { { 0 } } },
	{ 0 },
};
