/* org data: a snapshot into the home, and out of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "flow/dump.h"
#include "flow/load.h"

static struct js *
tally_json(struct js_build *b, const struct intake_tally *t)
{
	const struct {
		const char *key;
		uint64_t n;
	} counts[] = {
		{ "rows", t->rows },
		{ "unchanged", t->unchanged },
		{ "created", t->inserted },
		{ "updated", t->updated },
		{ "values", t->values },
		{ "deleted", t->gone },
		{ "kept", t->kept },
		{ "arrived", t->arrived },
		{ "conflicts", t->edited },
	};
	struct js *o = js_new_object(b);

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
		js_put(b, o, counts[i].key,
		       js_new_integer(b, (int64_t)counts[i].n));
	return o;
}

static int
report_json(struct cli *cli, const struct load_report *r)
{
	struct js_build b = { false };
	struct js *o = js_new_object(&b), *all = js_new_object(&b);

	js_put(&b, o, "as_of", *r->as_of ? js_new_string(&b, r->as_of) :
					   js_new_null(&b));
	for (size_t i = 0; i < r->objects; i++)
		js_put(&b, all, r->object[i].name,
		       tally_json(&b, &r->object[i].tally));
	js_put(&b, o, "objects", all);
	js_put(&b, o, "sum", tally_json(&b, &r->sum));
	return cli_json(&b, o, false, &cli->err);
}

static void
report_line(const char *name, int width, const struct intake_tally *t)
{
	printf("%-*s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64
	       "\n", width, name, t->rows, t->inserted, t->updated, t->gone);
}

static void
report_people(const struct load_report *r, bool dry_run)
{
	int width = 6;

	for (size_t i = 0; i < r->objects; i++)
		if ((int)strlen(r->object[i].name) > width)
			width = (int)strlen(r->object[i].name);
	printf("%-*s %10s %10s %10s %10s\n", width, "Object", "rows",
	       "created", "updated", "deleted");
	for (size_t i = 0; i < r->objects; i++)
		report_line(r->object[i].name, width, &r->object[i].tally);
	report_line("Total", width, &r->sum);
	if (*r->as_of)
		cli_line("As of", "%s", r->as_of);
	if (r->sum.kept > 0)
		cli_line("Kept", "%" PRIu64 " values from partners that the "
			 "org does not have yet", r->sum.kept);
	if (r->sum.arrived > 0)
		cli_line("Arrived", "%" PRIu64 " changes from partners that "
			 "the org has by now", r->sum.arrived);
	if (r->sum.edited > 0)
		cli_line("Conflicts", "%" PRIu64 " records that a partner "
			 "deleted were edited in the org", r->sum.edited);
	if (r->sum.odd_ids > 0)
		cli_line("Note", "%" PRIu64 " ids have wrong check "
			 "characters; Salesforce made none of them",
			 r->sum.odd_ids);
	if (dry_run)
		cli_line("Dry run", "nothing was written");
}

/* Each line of a text, to standard error. */
static void
print_lines(const struct buf *text)
{
	if (text->len > 0)
		(void)fwrite(text->data, 1, text->len, stderr);
}

/* --type may be given often, and each time be many: O.F=T,O.F=T. */
static int
split_types(struct cli *cli, struct buf *list, const char **type, size_t most,
	    size_t *count)
{
	const char *given;
	char *save = NULL;

	for (size_t i = 0; (given = cli_value_at(cli, "type", i)); i++) {
		buf_add_str(list, given);
		buf_add_byte(list, ',');
	}
	if (!buf_str(list))
		return err_memory(&cli->err);
	for (char *t = strtok_r((char *)list->data, ",", &save); t;
	     t = strtok_r(NULL, ",", &save)) {
		if (*count == most)
			return err_set(&cli->err, ERR_USAGE, "--type: more "
				       "than %zu types", most);
		type[(*count)++] = t;
	}
	return 0;
}

static int
run_load(struct cli *cli)
{
	struct load_options options = {
		.snapshot = cli->argument,
		.snapshots = cli->arguments,
		.as_of = cli_value(cli, "as-of"),
		.partial = cli_value(cli, "partial") != NULL,
		.allow_deletes = cli_value(cli, "allow-deletes") != NULL,
		.older = cli_value(cli, "older") != NULL,
		.dry_run = cli_value(cli, "dry-run") != NULL,
	};
	enum { TYPES = 200 };
	const char *type[TYPES];
	struct buf types = BUF_INIT;
	struct load_report report = LOAD_REPORT_INIT;
	struct home *home = NULL;
	int rc = -1;

	options.types = type;
	if (split_types(cli, &types, type, TYPES, &options.type_count) == 0 &&
	    home_open(&home, cli->home, &cli->err) == 0)
		rc = load(home, &options, &report, &cli->err);
	print_lines(&report.bad);
	if (!cli->quiet)
		print_lines(&report.notes);
	if (rc >= 0 && cli->json)
		rc = report_json(cli, &report) < 0 ? -1 : rc;
	else if (rc >= 0 && !cli->quiet)
		report_people(&report, options.dry_run);
	load_report_release(&report);
	home_close(home);
	buf_release(&types);
	return rc;
}

static int
run_dump(struct cli *cli)
{
	const char *folder = cli->argument[0];
	struct dump_sum sum;
	struct home *home;
	int rc;

	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	rc = dump(home, folder, &sum, &cli->err);
	home_close(home);
	if (rc == 0 && !cli->quiet)
		printf("%" PRIu64 " records of %" PRIu64 " objects in %s\n",
		       sum.records, sum.objects,
		       cli_shown(folder, strlen(folder)));
	return rc;
}

const struct cli_command cmd_data[] = {
	{ "load", "SNAPSHOT...", 1, 1000,
	  "take in what the org exported: folders or files of CSV",
	  "orgferry -C ~/acme load ~/exports/monday", run_load,
	  { { "as-of", "TIME", "when it was taken; else the newest change" },
	    { "partial", NULL, "a part: what is missing is not gone" },
	    { "allow-deletes", NULL, "also if very much is gone" },
	    { "older", NULL, "also if an older snapshot than the last" },
	    { "type", "O.F=T,...", "types of fields, such as "
				   "Case.Closed__c=boolean" },
	    { "dry-run", NULL, "tell what would be done, do nothing" } } },
	{ "dump", "DIR", 1, 1, "write the home's records as CSV files",
	  "orgferry -C ~/acme dump ~/acme-now", run_dump, { { 0 } } },
	{ 0 },
};
