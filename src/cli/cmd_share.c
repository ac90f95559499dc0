/* share: records forwarded, standing rules, what waits to be accepted. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "flow/import.h"
#include "model/record_id.h"
#include "store/home.h"
#include "store/sharing.h"

/* Ids, of 15 or 18 characters: the arguments', or one a line of a file. */
static int
forward_ids(struct cli *cli, struct store *st, struct objects *objects,
	    struct records *records, const struct connection *c,
	    const struct agreement *a, struct rd ids, struct sharing_sum *sum)
{
	const uint8_t *line;
	size_t len;

	while (rd_line(&ids, &line, &len)) {
		char id[RECORD_ID + 1];

		if (len > 0 && line[len - 1] == '\r')
			len--;
		if (len == 0)
			continue;
		if (record_id_full(id, (const char *)line, len) ==
		    RECORD_ID_NONE)
			return err_set(&cli->err, ERR_USAGE, "%s: is not a "
				       "record id", SHOWN_N(line, len));
		if (sharing_forward(st, objects, records, c, a, id, sum,
				    &cli->err) < 0)
			return -1;
	}
	return 0;
}

/* The ids that a command names, a line each. */
static int
gather_ids(struct cli *cli, struct buf *ids)
{
	const char *file = cli_value(cli, "ids");

	for (size_t i = 1; i < cli->arguments; i++) {
		buf_add_str(ids, cli->argument[i]);
		buf_add_byte(ids, '\n');
	}
	if (file && file_read(ids, file, 64 * MIB, &cli->err) < 0)
		return -1;
	if (ids->len > 0 && ids->data[ids->len - 1] != '\n')
		buf_add_byte(ids, '\n');
	return buf_ok(ids, &cli->err);
}

static int
forward(struct cli *cli, struct store *st, const char *conn,
	const struct buf *ids, struct sharing_sum *sum)
{
	struct connection *c = calloc(1, sizeof *c);
	struct objects *objects = NULL;
	struct records *records = NULL;
	struct agreement a = { 0 };
	const char *object = cli_value(cli, "object");
	int rc = -1;

	if (!c)
		return err_memory(&cli->err);
	if (connection_find(st, conn, c, &cli->err) == 0 &&
	    connection_check_live(c, &cli->err) == 0 &&
	    objects_open(&objects, st, &cli->err) == 0 &&
	    records_open(&records, st, &cli->err) == 0 &&
	    agreement_read(&a, st, objects, c, &cli->err) == 0) {
		rc = forward_ids(cli, st, objects, records, c, &a,
				 rd_of(ids->data, ids->len), sum);
		if (rc == 0 && object)
			rc = sharing_forward_object(st, objects, c, &a, object,
						    sum, &cli->err);
	}
	agreement_release(&a);
	records_close(records);
	objects_close(objects);
	free(c);
	return rc;
}

static int
run_forward(struct cli *cli)
{
	char *conns = strdup(cli->argument[0]), *save = NULL;
	struct sharing_sum sum = { 0, 0 };
	struct buf ids = BUF_INIT;
	struct home *home = NULL;
	int rc = -1;

	if (!conns)
		(void)err_memory(&cli->err);
	else if (gather_ids(cli, &ids) == 0 && ids.len == 0 &&
		 !cli_value(cli, "object"))
		(void)err_set(&cli->err, ERR_USAGE, "forward: wants ids, "
			      "--ids FILE or --object OBJECT");
	else if (cli->err.kind == ERR_NONE &&
		 home_open(&home, cli->home, &cli->err) == 0 &&
		 store_begin(home_store(home), &cli->err) == 0) {
		rc = 0;
		for (char *c = strtok_r(conns, ",", &save); rc == 0 && c;
		     c = strtok_r(NULL, ",", &save))
			rc = forward(cli, home_store(home), c, &ids, &sum);
		if (rc == 0)
			rc = store_commit(home_store(home), &cli->err);
	}
	if (home)
		store_rollback(home_store(home));
	home_close(home);
	buf_release(&ids);
	free(conns);
	if (rc == 0 && !cli->quiet)
		printf("%" PRIu64 " records forwarded, %" PRIu64 " were "
		       "already\n", sum.shared, sum.already);
	return rc;
}

static int
change_rule(struct cli *cli, int (*change)(struct store *st,
					   const struct connection *c,
					   const char *object,
					   struct err *err),
	    const char *done, const char *rest)
{
	const char *object = cli->arguments > 1 ? cli->argument[1] : "";
	struct connection *c = calloc(1, sizeof *c);
	struct home *home = NULL;
	int rc = -1;

	if (!c)
		return err_memory(&cli->err);
	if ((*object == 0) != (cli_value(cli, "all") != NULL))
		(void)err_set(&cli->err, ERR_USAGE, "%s: wants one object, or "
			      "--all", cli->command->name);
	else if (home_open(&home, cli->home, &cli->err) == 0 &&
		 connection_find(home_store(home), cli->argument[0], c,
				 &cli->err) == 0)
		rc = change(home_store(home), c, object, &cli->err);
	home_close(home);
	if (rc == 0)
		rc = cli_done(cli, "%s %s: %s%s", done,
			      cli_shown(c->name, strlen(c->name)),
			      *object ? cli_shown(object, strlen(object)) :
					"all that is published", rest);
	free(c);
	return rc;
}

static int
run_rule_add(struct cli *cli)
{
	return change_rule(cli, sharing_add_rule, "Added a rule for",
			   ", every record, now and later");
}

static int
run_rule_remove(struct cli *cli)
{
	return change_rule(cli, sharing_remove_rule, "Removed the rule for",
			   "; what was shared stays shared");
}

/* A list that is one statement: its columns are the table's. */
static int
list(struct cli *cli, const char *sql, const char *const *columns,
     size_t count)
{
	const char *conn = cli->arguments > 0 ? cli->argument[0] : "";
	struct store_statement *s = NULL;
	struct home *home;
	struct table t;
	int got = -1;

	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	table_begin(&t, columns, count);
	if (connection_known(home_store(home), conn, &cli->err) == 0 &&
	    store_prepare(home_store(home), &s, sql, &cli->err) == 0) {
		store_bind_text(s, 1, conn, strlen(conn));
		while ((got = store_step(s, &cli->err)) > 0) {
			const char *v[8];
			size_t len;

			for (size_t i = 0; i < count; i++)
				v[i] = store_text(s, (int)i, &len);
			table_row(&t, v);
		}
	}
	store_finish(s);
	home_close(home);
	return table_end(&t, cli, got);
}

static int
run_rule_list(struct cli *cli)
{
	static const char *const columns[] = { "Connection", "Object" };

	return list(cli, "select c.name, case r.object when '' then '(all)' "
		    "else r.object end from _rule r join _connection c using "
		    "(connection) where ?1 = '' or c.name = ?1 order by 1, 2",
		    columns, 2);
}

static int
run_inbox(struct cli *cli)
{
	static const char *const columns[] = { "Connection", "Object",
					       "Record", "Why", "Since" };

	return list(cli, "select c.name, w.object, w.name, w.why, w.since "
		    "from _waiting w join _connection c using (connection) "
		    "where w.field = '' and (?1 = '' or c.name = ?1) order by "
		    "1, 2, 3", columns, 5);
}

static int
run_accept(struct cli *cli)
{
	const char *name = cli->arguments > 1 ? cli->argument[1] : NULL;
	struct apply_sum sum;
	struct home *home;
	int rc;

	if (!name != (cli_value(cli, "all") != NULL))
		return err_set(&cli->err, ERR_USAGE, "accept: wants a record "
			       "of the inbox, or --all");
	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	rc = import_accept(home, cli->user, cli->argument[0], name, &sum,
			   &cli->err);
	home_close(home);
	if (rc == 0 && !cli->quiet)
		printf("%" PRIu64 " records accepted\n", sum.created);
	return rc;
}

const struct cli_command cmd_share[] = {
	{ "forward", "CONN[,CONN...] [ID...]", 1, 100000,
	  "share records: by id, from a file, or all of an object",
	  "orgferry forward globex --object Account", run_forward,
	  { { "object", "OBJECT", "all records that it has now" },
	    { "ids", "FILE", "ids, one a line" } } },
	{ "rule add", "CONN [OBJECT]", 1, 2,
	  "share all records of an object, now and later, or --all",
	  "orgferry rule add globex --all", run_rule_add,
	  { { "all", NULL, "of every object that is published" } } },
	{ "rule list", "[CONN]", 0, 1, "list the standing rules",
	  "orgferry rule list", run_rule_list, { { 0 } } },
	{ "rule remove", "CONN [OBJECT]", 1, 2, "end a standing rule",
	  "orgferry rule remove globex --all", run_rule_remove,
	  { { "all", NULL, "the rule for every object" } } },
	{ "inbox", "[CONN]", 0, 1, "list records that wait to be accepted",
	  "orgferry inbox", run_inbox, { { 0 } } },
	{ "accept", "CONN [RECORD]", 1, 2,
	  "accept a record that waits, or --all", "orgferry accept Acme --all",
	  run_accept, { { "all", NULL, "all that wait" } } },
	{ 0 },
};
