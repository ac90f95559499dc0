/* audit: the connection history, shown, written and verified. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/inspect.h"
#include "flow/audit_verify.h"

/* The keys of JSON, in the order of the columns. */
static const char *const keys[HISTORY_COLUMNS] = {
	"date",	  "user",   "connection",     "category", "action",
	"object", "record", "partner_record", "field",	  "old",
	"new",	  "origin", "message",	      "sequence", "hash",
};

static int
row_json(const char *const *value, struct err *err)
{
	struct js_build b = { false };
	struct js *o = js_new_object(&b);

	for (size_t i = 0; i < HISTORY_COLUMNS; i++)
		js_put(&b, o, keys[i], i == 13 ?
			       js_new_integer(&b, strtoll(value[i], NULL, 10)) :
			       js_new_string(&b, value[i]));
	return cli_json(&b, o, true, err);
}

/* A word of the table: harmless, and at least so wide. */
static void
add_word(struct buf *out, const char *s, size_t width)
{
	size_t start = out->len;

	text_add_shown(out, s, strlen(s));
	do
		buf_add_byte(out, ' ');
	while (!out->failed && out->len < start + width + 1);
}

static void
add_value(struct buf *out, const char *before, const char *s)
{
	buf_add_str(out, before);
	buf_add_str(out, *s ? SHOWN(s) : "blank");
}

/* When, which connection, what, who; then what there is of the rest. */
static int
row_people(const char *const *v, struct err *err)
{
	struct buf out = BUF_INIT;
	int rc;

	add_word(&out, v[0], TEXT_INSTANT);
	add_word(&out, v[2], 12);
	add_word(&out, v[3], 17);
	add_word(&out, v[4], 19);
	add_word(&out, v[1], 12);
	for (size_t i = 5; i < 9; i++)
		if (*v[i])
			add_word(&out, v[i], 0);
	if (*v[9] || *v[10]) {
		add_value(&out, "", v[9]);
		add_value(&out, " -> ", v[10]);
		buf_add_byte(&out, ' ');
	}
	if (*v[11])
		buf_addf(&out, "(%s) ", cli_shown(v[11], strlen(v[11])));
	add_word(&out, v[12], 0);
	while (out.len > 0 && out.data[out.len - 1] == ' ')
		out.len--;
	buf_add_byte(&out, '\n');
	rc = buf_ok(&out, err);
	if (rc == 0)
		(void)fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	return rc;
}

struct listing {
	bool json, headed;
};

static void
head_people(struct listing *l)
{
	if (!l->json && !l->headed)
		printf("%-24s %-12s %-17s %-19s %-12s %s\n", "Date",
		       "Connection", "Category", "Action", "User", "What");
	l->headed = true;
}

static int
see_row(void *ctx, const char *const *value, struct err *err)
{
	struct listing *l = ctx;

	head_people(l);
	return l->json ? row_json(value, err) : row_people(value, err);
}

static struct js *
chains_json(struct js_build *b, const struct audit_chains *chains)
{
	struct js *all = js_new_array(b);
	char head[2 * KEYS_HASH + 1];

	for (size_t i = 0; i < chains->count; i++) {
		const struct audit_chain *c = &chains->chain[i];
		struct js *o = js_new_object(b);

		text_hex(head, c->head, KEYS_HASH);
		js_put(b, o, "connection", js_new_string(b, c->name));
		js_put(b, o, "rows", js_new_integer(b, (int64_t)c->rows));
		js_put(b, o, "head", js_new_string(b, head));
		js_push(b, all, o);
	}
	return all;
}

static void
chains_people(const struct audit_chains *chains)
{
	char head[2 * KEYS_HASH + 1];

	for (size_t i = 0; i < chains->count; i++) {
		const struct audit_chain *c = &chains->chain[i];

		text_hex(head, c->head, KEYS_HASH);
		printf("  %s: %" PRIu64 " rows, head %s\n",
		       cli_shown(c->name, strlen(c->name)), c->rows, head);
	}
}

static const char *
rows_word(uint64_t rows)
{
	return rows == 1 ? "row" : "rows";
}

static int
tell_export(struct cli *cli, const struct audit_export *what,
	    const struct audit_sum *sum)
{
	struct js_build b = { false };
	struct js *o;

	if (!cli->json) {
		if (!cli->quiet)
			printf("%s: %" PRIu64 " %s%s\n",
			       cli_shown(what->path, strlen(what->path)),
			       sum->rows, rows_word(sum->rows),
			       what->spreadsheet ?
				       ", defused for spreadsheet programs and "
				       "not signed" :
			       sum->selection ?
				       ", signed as a selection" : ", signed");
		return 0;
	}
	o = js_new_object(&b);
	js_put(&b, o, "file", js_new_string(&b, what->path));
	js_put(&b, o, "rows", js_new_integer(&b, (int64_t)sum->rows));
	js_put(&b, o, "signed", js_new_bool(&b, !what->spreadsheet));
	js_put(&b, o, "selection", js_new_bool(&b, sum->selection));
	js_put(&b, o, "connections", chains_json(&b, &sum->chains));
	return cli_json(&b, o, false, &cli->err);
}

static int
run_history(struct cli *cli)
{
	const struct audit_export what = {
		.filter = { .connection = cli->arguments ? cli->argument[0] :
							   NULL,
			    .since = cli_value(cli, "since"),
			    .until = cli_value(cli, "until"),
			    .category = cli_value(cli, "category") },
		.path = cli_value(cli, "csv"),
		.spreadsheet = cli_value(cli, "spreadsheet") != NULL,
	};
	struct listing listing = { .json = cli->json };
	struct audit_sum sum = AUDIT_SUM_INIT;
	struct home *home;
	int rc;

	if (what.spreadsheet && !what.path)
		return err_set(&cli->err, ERR_USAGE, "history: --spreadsheet "
			       "wants --csv FILE, the file to write");
	if (home_open(&home, cli->home, &cli->err) < 0)
		return -1;
	if (what.path) {
		rc = audit_export(home, &what, &sum, &cli->err);
		if (rc == 0)
			rc = tell_export(cli, &what, &sum);
	} else {
		cli_only_tells();
		rc = history_each(home_store(home), &what.filter, see_row,
				  &listing, &cli->err);
		if (rc == 0)
			head_people(&listing);
	}
	audit_chains_release(&sum.chains);
	home_close(home);
	return rc;
}

static int
tell_json(struct cli *cli, const char *path, const struct audit_verdict *v,
	  const struct audit_witness *witness, size_t witnesses)
{
	struct js_build b = { false };
	struct js *o = js_new_object(&b), *all = js_new_array(&b);

	js_put(&b, o, "file", path ? js_new_string(&b, path) :
				     js_new_null(&b));
	js_put(&b, o, "holds", js_new_bool(&b, true));
	js_put(&b, o, "selection", js_new_bool(&b, v->selection));
	js_put(&b, o, "rows", js_new_integer(&b, (int64_t)v->rows));
	js_put(&b, o, "signed_as", v->comment.len > 0 ?
		       js_new_string_n(&b, (const char *)v->comment.data,
				       v->comment.len) : js_new_null(&b));
	js_put(&b, o, "connections", chains_json(&b, &v->chains));
	for (size_t i = 0; i < witnesses; i++) {
		struct js *w = js_new_object(&b);

		js_put(&b, w, "file", js_new_string(&b, witness[i].path));
		js_put(&b, w, "made", js_new_string(&b, witness[i].made));
		js_put(&b, w, "rows",
		       js_new_integer(&b, (int64_t)witness[i].rows));
		js_push(&b, all, w);
	}
	js_put(&b, o, "witnesses", all);
	return cli_json(&b, o, false, &cli->err);
}

static void
tell_people(const char *path, const struct audit_verdict *v,
	    const struct audit_witness *witness, size_t witnesses)
{
	const char *what = path ? cli_shown(path, strlen(path)) :
				  "connection history";

	if (v->selection) {
		printf("%s: the signature holds, over a selection of %" PRIu64
		       " %s\n", what, v->rows, rows_word(v->rows));
		printf("  %s\n", cli_shown((const char *)v->comment.data,
					   v->comment.len));
		printf("  No chain can be recomputed from a selection: that "
		       "it leaves nothing out is its\n  signer's word. The "
		       "whole history shows it.\n");
		return;
	}
	printf("%s: holds: %" PRIu64 " %s of %zu %s, none changed, removed or "
	       "added%s\n", what, v->rows, rows_word(v->rows),
	       v->chains.count,
	       v->chains.count == 1 ? "connection" : "connections",
	       path ? "; signed by that key" : "");
	chains_people(&v->chains);
	for (size_t i = 0; i < witnesses; i++)
		printf("  %s of %s: row %" PRIu64 " is as it says\n",
		       cli_shown(witness[i].path, strlen(witness[i].path)),
		       witness[i].made, witness[i].rows);
	if (!path && witnesses == 0)
		printf("  That no tail was cut shows against a bundle that "
		       "the partner has (--witness).\n");
}

/* Whose history it is: --key, else this home's org. */
static int
whose(struct cli *cli, struct home *home, struct bundle_peer *from)
{
	if (cli_value(cli, "key"))
		return inspect_peer(from, cli_value(cli, "key"), &cli->err);
	from->key = *key_pair_public(home_keys(home));
	from->seals = true;
	memcpy(from->sealing, key_pair_sealing(home_keys(home)),
	       sizeof from->sealing);
	return 0;
}

/* A home is needed without FILE or key, and where a witness is sealed. */
static int
needs_home(struct cli *cli)
{
	const char *path;

	if (cli->arguments == 0 || !cli_value(cli, "key"))
		return 1;
	for (size_t i = 0; (path = cli_value_at(cli, "witness", i)); i++) {
		int sealed = bundle_in_looks_sealed(path, &cli->err);

		if (sealed)
			return sealed;
	}
	return 0;
}

static int
verify(struct cli *cli, struct home *home, struct audit_witness *witness,
       size_t witnesses)
{
	const char *path = cli->arguments ? cli->argument[0] : NULL;
	struct audit_verdict verdict = AUDIT_VERDICT_INIT;
	struct bundle_peer from = { .seals = false };
	int rc = whose(cli, home, &from);

	for (size_t i = 0; rc == 0 && i < witnesses; i++)
		rc = audit_witness_read(&witness[i],
					cli_value_at(cli, "witness", i),
					&from, home ? home_keys(home) : NULL,
					&cli->err);
	if (rc == 0)
		rc = path ? audit_verify_file(&verdict, path, &from.key,
					      witness, witnesses, &cli->err) :
			    audit_verify_home(&verdict, home_store(home),
					      witness, witnesses, &cli->err);
	if (rc == 0 && cli->json)
		rc = tell_json(cli, path, &verdict, witness, witnesses);
	else if (rc == 0 && !cli->quiet)
		tell_people(path, &verdict, witness, witnesses);
	audit_verdict_release(&verdict);
	return rc;
}

static int
run_history_verify(struct cli *cli)
{
	struct audit_witness *witness;
	struct home *home = NULL;
	size_t witnesses = 0;
	int rc = -1, needed;

	if (cli->arguments == 0 && cli_value(cli, "key"))
		return err_set(&cli->err, ERR_USAGE, "history verify: --key "
			       "goes with FILE; the home has its own");
	while (cli_value_at(cli, "witness", witnesses))
		witnesses++;
	witness = calloc(witnesses + 1, sizeof *witness);
	if (!witness)
		return err_memory(&cli->err);
	needed = needs_home(cli);
	if (needed == 0 ||
	    (needed > 0 && home_open(&home, cli->home, &cli->err) == 0))
		rc = verify(cli, home, witness, witnesses);
	home_close(home);
	free(witness);
	return rc;
}

const struct cli_command cmd_audit[] = {
	{ "history", "[CONN]", 0, 1,
	  "show what happened on connections, or sign it as CSV",
	  "orgferry -C ~/acme history globex --csv history.csv", run_history,
	  { { "since", "DATE", "from this day or instant on (UTC)" },
	    { "until", "DATE", "up to and with this day or instant" },
	    { "category", "C", "of one category, such as Error" },
	    { "csv", "FILE", "write it as CSV, with FILE.minisig beside it" },
	    { "spreadsheet", NULL, "defused for spreadsheet programs, not "
				   "signed" } } },
	{ "history verify", "[FILE]", 0, 1,
	  "prove that no row was changed, removed or added",
	  "orgferry history verify history.csv --key acme.pub",
	  run_history_verify,
	  { { "key", "PUB", "whose history FILE is; else this home's org" },
	    { "witness", "BUNDLE...", "a bundle, or its manifest.json, that "
				      "tells how far" } } },
	{ 0 },
};
