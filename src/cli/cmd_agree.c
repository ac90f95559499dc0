/* agree: what is published and subscribed to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "flow/import.h"
#include "store/agreement.h"
#include "store/home.h"

/* What these commands have open: one connection in one transaction. */
struct work {
	struct home *home;
	struct store *st;
	struct objects *objects;
	struct connection c;
};

static void
work_end(struct work *s)
{
	if (!s)
		return;
	objects_close(s->objects);
	store_rollback(s->st);
	home_close(s->home);
	free(s);
}

static struct work *
work_begin(struct cli *cli, const char *conn)
{
	struct work *s = calloc(1, sizeof *s);

	if (!s) {
		(void)err_memory(&cli->err);
		return NULL;
	}
	if (home_open(&s->home, cli->home, &cli->err) == 0) {
		s->st = home_store(s->home);
		if (store_begin(s->st, &cli->err) == 0 &&
		    objects_open(&s->objects, s->st, &cli->err) == 0 &&
		    connection_find(s->st, conn, &s->c, &cli->err) == 0)
			return s;
	}
	work_end(s);
	return NULL;
}

static int
work_commit(struct work *s, struct cli *cli)
{
	objects_close(s->objects);
	s->objects = NULL;
	return store_commit(s->st, &cli->err);
}

/* What was done with what stands after CONN, or with all of it. */
static int
tell(struct cli *cli, const char *done, const char *rest, const struct work *s)
{
	const char *name = cli_shown(s->c.name, strlen(s->c.name));
	struct buf what = BUF_INIT;
	int rc;

	cli_add_arguments(cli, &what, 1);
	if (!buf_str(&what))
		rc = err_memory(&cli->err);
	else
		rc = cli_done(cli, "%s %s: %s%s", done, name,
			      cli->arguments > 1 ? buf_str(&what) :
						   "everything", rest);
	buf_release(&what);
	return rc;
}

typedef int (*publishing)(struct store *st, struct objects *objects,
			  struct connection *c, const char *object,
			  const char *field, const char *user,
			  struct err *err);

/* OBJECT, OBJECT.FIELD, or --all. */
static int
publish_each(struct cli *cli, publishing act, const char *done)
{
	struct work *s = work_begin(cli, cli->argument[0]);
	int rc = 0;

	if (!s)
		return -1;
	if (cli_value(cli, "all"))
		rc = act(s->st, s->objects, &s->c, NULL, NULL, cli->user,
			 &cli->err);
	else if (cli->arguments < 2)
		rc = err_set(&cli->err, ERR_USAGE, "%s: wants objects, or "
			     "--all", cli->command->name);
	for (size_t i = 1; rc == 0 && i < cli->arguments; i++) {
		char *object = strdup(cli->argument[i]);
		char *dot = object ? strchr(object, '.') : NULL;

		if (dot)
			*dot = 0;
		rc = object ? act(s->st, s->objects, &s->c, object,
				  dot ? dot + 1 : NULL, cli->user,
				  &cli->err) : err_memory(&cli->err);
		free(object);
	}
	if (rc == 0)
		rc = work_commit(s, cli);
	if (rc == 0)
		rc = tell(cli, done, !s->c.publish_all ? "" :
			  act == agreement_publish ? ", now and later" :
			  ", for good; all else is published", s);
	work_end(s);
	return rc;
}

static int
run_publish(struct cli *cli)
{
	return publish_each(cli, agreement_publish, "Published to");
}

static int
run_unpublish(struct cli *cli)
{
	return publish_each(cli, agreement_unpublish, "Unpublished from");
}

static int
run_published(struct cli *cli)
{
	static const char *const columns[] = { "Object", "Field", "Type" };
	struct work *s = work_begin(cli, cli->argument[0]);
	struct agreement a = { 0 };
	struct table t;
	int rc;

	if (!s)
		return -1;
	table_begin(&t, columns, 3);
	rc = agreement_read(&a, s->st, s->objects, &s->c, &cli->err);
	for (size_t i = 0; rc == 0 && i < a.outs; i++) {
		const struct agreement_out *o = &a.out[i];

		for (size_t f = 0; o->published && f < o->object->fields; f++)
			if (o->field[f])
				table_row(&t, (const char *[]){
					o->object->name,
					o->object->field[f].name,
					value_type_word(
						o->object->field[f].type) });
	}
	agreement_release(&a);
	work_end(s);
	return table_end(&t, cli, rc);
}

/* Split a comma list in place; the count of its items. */
static size_t
split(char *list, const char **item, size_t most)
{
	char *save = NULL;
	size_t n = 0;

	for (char *s = list ? strtok_r(list, ",", &save) : NULL;
	     s && n < most; s = strtok_r(NULL, ",", &save))
		item[n++] = s;
	return n;
}

static int
subscribe(struct cli *cli, struct work *s)
{
	enum { MAPS = 500 };
	const char *map[MAPS], *given = cli_value(cli, "map");
	const char *deletes = cli_value(cli, "on-delete");
	char *maps = given ? strdup(given) : NULL;
	struct agreement_subscription sub = {
		.object = cli->arguments > 1 ? cli->argument[1] : NULL,
		.local = cli_value(cli, "to"),
		.none = cli_value(cli, "none") != NULL,
		.accept = cli_value(cli, "auto-accept") != NULL,
		.owner = cli_value(cli, "owner"),
		.map = map,
	};
	int rc;

	if (deletes && strcmp(deletes, "keep") != 0 &&
	    strcmp(deletes, "delete") != 0)
		return err_set(&cli->err, ERR_USAGE, "--on-delete %s: there "
			       "are keep and delete", SHOWN(deletes));
	sub.deletes = deletes && *deletes == 'd';
	sub.maps = split(maps, map, MAPS);
	if (cli_value(cli, "all") && !sub.object) {
		s->c.subscribe_all = !sub.none;
		s->c.accept_all = sub.accept;
		s->c.delete_all = sub.deletes;
		rc = connection_save(s->st, &s->c, &cli->err);
	} else if (sub.object && !cli_value(cli, "all")) {
		rc = agreement_subscribe(s->st, &s->c, &sub, &cli->err);
	} else {
		rc = err_set(&cli->err, ERR_USAGE, "subscribe: wants one "
			     "object of the partner's, or --all");
	}
	if (rc == 0 && !sub.none)
		rc = import_willing(s->home, &s->c, &cli->err);
	free(maps);
	return rc;
}

static int
tell_subscribed(struct cli *cli, const struct work *s)
{
	const char *to = cli_value(cli, "to");
	const char *deletes = cli_value(cli, "on-delete");
	struct buf rest = BUF_INIT;
	bool offered = true;
	int rc;

	if (cli->arguments > 1 &&
	    agreement_offered(s->st, &s->c, cli->argument[1], &offered,
			      &cli->err) < 0)
		return -1;
	if (cli_value(cli, "none"))
		return tell(cli, "Unsubscribed from", cli->arguments > 1 ? "" :
			    "; what was subscribed by name stays", s);
	if (to)
		buf_addf(&rest, ", into %s", cli_shown(to, strlen(to)));
	buf_addf(&rest, "; new records %s, and a copy %s its original is "
		 "deleted",
		 cli_value(cli, "auto-accept") ? "come in by themselves" :
						 "wait until accepted",
		 deletes && *deletes == 'd' ? "goes when" : "stays when");
	/* It may come yet; or it is misspelled. */
	if (!offered)
		buf_add_str(&rest, "; the partner has not published it so far");
	rc = buf_str(&rest) ? tell(cli, "Subscribed to", buf_str(&rest), s) :
			      err_memory(&cli->err);
	buf_release(&rest);
	return rc;
}

static int
run_subscribe(struct cli *cli)
{
	struct work *s = work_begin(cli, cli->argument[0]);
	int rc;

	if (!s)
		return -1;
	rc = subscribe(cli, s);
	if (rc == 0)
		rc = work_commit(s, cli);
	if (rc == 0)
		rc = tell_subscribed(cli, s);
	work_end(s);
	return rc;
}

static int
run_unsubscribe(struct cli *cli)
{
	struct work *s = work_begin(cli, cli->argument[0]);
	int rc = 0;

	if (!s)
		return -1;
	for (size_t i = 1; rc == 0 && i < cli->arguments; i++)
		rc = agreement_unsubscribe(s->st, &s->c, cli->argument[i],
					   &cli->err);
	if (rc == 0)
		rc = work_commit(s, cli);
	if (rc == 0)
		rc = tell(cli, "Unsubscribed from", "", s);
	work_end(s);
	return rc;
}

static int
run_subscribed(struct cli *cli)
{
	static const char *const columns[] = { "Theirs", "Ours", "Accept",
					       "On Delete" };
	struct work *s = work_begin(cli, cli->argument[0]);
	struct agreement a = { 0 };
	struct table t;
	int rc;

	if (!s)
		return -1;
	table_begin(&t, columns, 4);
	rc = agreement_read(&a, s->st, s->objects, &s->c, &cli->err);
	if (rc == 0 && s->c.subscribe_all)
		table_row(&t, (const char *[]){
			"(all)", "(as theirs)",
			s->c.accept_all ? "automatic" : "by hand",
			s->c.delete_all ? "delete" : "keep" });
	for (size_t i = 0; rc == 0 && i < a.ins; i++)
		table_row(&t, (const char *[]){
			a.in[i].name,
			a.in[i].subscribed ? a.in[i].local : "--None--",
			a.in[i].accept ? "automatic" : "by hand",
			a.in[i].deletes ? "delete" : "keep" });
	agreement_release(&a);
	work_end(s);
	return table_end(&t, cli, rc);
}

const struct cli_command cmd_agree[] = {
	{ "publish", "CONN OBJECT[.FIELD]...", 1, 1000,
	  "let a partner have objects, or single fields, or --all",
	  "orgferry publish globex Account Contact.Email", run_publish,
	  { { "all", NULL, "everything, now and later" } } },
	{ "unpublish", "CONN OBJECT[.FIELD]...", 1, 1000,
	  "take objects or fields back; under --all, for good",
	  "orgferry unpublish globex Contact.Email", run_unpublish,
	  { { "all", NULL, "everything" } } },
	{ "published", "CONN", 1, 1, "list what is published",
	  "orgferry published globex", run_published, { { 0 } } },
	{ "subscribe", "CONN [OBJECT]", 1, 2,
	  "take what a partner publishes, one object or --all",
	  "orgferry subscribe Acme Account --auto-accept", run_subscribe,
	  { { "all", NULL, "every object, now and later" },
	    { "to", "LOCAL", "into this custom object of ours" },
	    { "map", "THEIRS=OURS,...", "their fields into ours" },
	    { "auto-accept", NULL, "new records need nobody's word" },
	    { "owner", "USER", "who owns them" },
	    { "on-delete", "keep|delete", "when the original is deleted" },
	    { "none", NULL, "take nothing of it" } } },
	{ "unsubscribe", "CONN OBJECT...", 2, 1000,
	  "take no more of an object", "orgferry unsubscribe Acme Case",
	  run_unsubscribe, { { 0 } } },
	{ "subscribed", "CONN", 1, 1, "list what is taken, and into what",
	  "orgferry subscribed Acme", run_subscribed, { { 0 } } },
	{ 0 },
};
