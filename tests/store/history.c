#include "store/history.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "flow/audit_verify.h"
#include "format/minisig.h"
#include "format/rows.h"

enum { GLOBEX = 12, INITECH = 5, ALL = GLOBEX + INITECH };

/* A home with two connections whose values are awkward. */
struct place {
	char folder[64], home[80], csv[80];
	struct home *of;
	struct store *st;
	int64_t globex, initech;
};

static struct err err;

static int64_t
add_connection(struct store *st, const char *name, uint8_t key)
{
	uint8_t bytes[MANIFEST_CONNECTION];

	memset(bytes, key, sizeof bytes);
	cr_assert_eq(store_run(st, &err, "insert into _connection (key, name, "
			       "inviter, status, created) values (?1, ?2, 1, "
			       "'Connected', '')", "bs", (const void *)bytes,
			       sizeof bytes, name), 0, "%s", err.msg);
	return store_last_row(st);
}

static void
add_rows(struct store *st, int64_t connection, int count)
{
	static const char *const values[] = {
		"plain", "two\r\nlines", "a \"quote\", a comma", "=1+1",
		"\n", "Soci\xc3\xa9t\xc3\xa9", " blank ", "'", "\t", "",
	};
	enum { VALUES = sizeof values / sizeof *values };

	for (int i = 0; i < count; i++) {
		const struct history_event event = {
			.category = (enum history_category)(i % 7),
			.action = "Changed",
			.object = i % 2 ? "Account" : NULL,
			.record = i % 2 ? "0012a0000000001AAA" : NULL,
			.field = i % 2 ? "Name" : NULL,
			.old = values[i % VALUES],
			.new = values[(i + 1) % VALUES],
			.origin = (enum history_origin)(i % 4),
			.message = values[(i + 3) % VALUES],
		};

		cr_assert_eq(history_add(st, connection, "Ada \"A\"\nL", &event,
					 &err), 0, "%s", err.msg);
	}
}

static struct place
begin(void)
{
	const struct home_org org = { .name = "Acme" };
	struct place p = { .folder = "/tmp/orgferry-history-XXXXXX" };

	cr_assert_eq(keys_init(&err), 0);
	cr_assert_not_null(mkdtemp(p.folder));
	(void)snprintf(p.home, sizeof p.home, "%s/home", p.folder);
	(void)snprintf(p.csv, sizeof p.csv, "%s/h.csv", p.folder);
	cr_assert_eq(home_make(p.home, &org, &err), 0, "%s", err.msg);
	cr_assert_eq(home_open(&p.of, p.home, &err), 0, "%s", err.msg);
	p.st = home_store(p.of);
	cr_assert_eq(store_begin(p.st, &err), 0);
	p.initech = add_connection(p.st, "Initech", 2);
	p.globex = add_connection(p.st, "Globex", 1);
	add_rows(p.st, p.globex, GLOBEX);
	add_rows(p.st, p.initech, INITECH);
	cr_assert_eq(store_commit(p.st, &err), 0, "%s", err.msg);
	return p;
}

static void
end(struct place *p)
{
	char command[128];

	home_close(p->of);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", p->folder);
	cr_assert_eq(system(command), 0);
}

/* The answers are those of Python's hashlib.blake2b(digest_size=32). */
Test(history, the_hash_has_a_known_answer)
{
	static const char *const first[] = {
		"2026-11-22T06:00:00.000Z", "Ada", "Globex", "Error",
		"Refused", "Account", "0012a0000000001AAA",
		"0013b0000000001AAA", "Type", "", "Gold, \"pure\"\r\n",
		"Manually Accepted", "Soci\xc3\xa9t\xc3\xa9 =1+1", "1", "x",
	};
	static const char *const second[] = {
		"2026-11-22T06:00:00.001Z", "Connection User", "Globex",
		"Connection Status", "Connected", "", "", "", "", "", "", "",
		"", "2", "",
	};
	uint8_t hash[KEYS_HASH] = { 0 };
	char hex[2 * KEYS_HASH + 1];

	cr_assert_eq(keys_init(&err), 0);
	history_hash(hash, hash, first);
	text_hex(hex, hash, KEYS_HASH);
	cr_assert_str_eq(hex, "1fe575d1288f94a035c2040881055f8c"
			      "4d509988f2706c1035a6c3ed25359d78");
	history_hash(hash, hash, second);
	text_hex(hex, hash, KEYS_HASH);
	cr_assert_str_eq(hex, "0a26b3c243f2e91a8b060f673727672c"
			      "f19a280b3ba9b793af215ae9fed0468f");
}

static int
count_row(void *ctx, const char *const *value, struct err *e)
{
	int *n = ctx;

	(void)value;
	(void)e;
	++*n;
	return 0;
}

static int
count(struct store *st, struct history_filter filter)
{
	int n = 0;

	return history_each(st, &filter, count_row, &n, &err) < 0 ? -1 : n;
}

#define COUNT(st, ...) count(st, (struct history_filter){ __VA_ARGS__ })

Test(history, rows_are_chosen_by_connection_date_and_category)
{
	struct place p = begin();
	char today[TEXT_INSTANT + 1];

	text_instant(today, text_now());
	today[10] = 0;
	cr_assert_eq(COUNT(p.st, NULL), ALL);
	cr_assert_eq(COUNT(p.st, .connection = "globex"), GLOBEX);
	cr_assert_eq(COUNT(p.st, .since = "2020-01-01", .until = today), ALL);
	cr_assert_eq(COUNT(p.st, .until = "2020-01-01"), 0);
	cr_assert_eq(COUNT(p.st, .since = "3000-01-01T00:00:00.000Z"), 0);
	cr_assert_eq(COUNT(p.st, .category = "connection STATUS"), 3);
	cr_assert_eq(COUNT(p.st, .connection = "INITECH",
			   .category = "error"), 0);

	static const struct history_filter wrong[] = {
		{ .connection = "nobody" },
		{ .category = "Errors" },
		{ .since = "2026-13-01" },
		{ .since = "yesterday" },
		{ .until = "2026-11-22T06:00:00.000Z " },
		{ .until = "" },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		cr_assert_eq(count(p.st, wrong[i]), -1, "%zu", i);
		cr_assert_eq(err.kind, ERR_USAGE, "%zu", i);
	}
	end(&p);
}

static int
keep_date(void *ctx, const char *const *value, struct err *e)
{
	(void)e;
	memcpy(ctx, value[0], TEXT_INSTANT);
	return 0;
}

Test(history, time_does_not_go_back_though_the_clock_does)
{
	static const char late[] = "3999-12-31T23:59:59.999Z";
	const struct history_filter all = { .connection = "Late" };
	struct place p = begin();
	int64_t c = add_connection(p.st, "Late", 3);
	uint8_t hash[KEYS_HASH] = { 0 };
	char date[TEXT_INSTANT + 1] = "";

	cr_assert_eq(store_run(p.st, &err, "insert into _history values (?1, "
			       "1, ?2, '', '', '', '', '', '', '', '', '', "
			       "'', '', '', ?3)", "isb", c, late,
			       (const void *)hash, sizeof hash), 0, "%s",
		     err.msg);
	add_rows(p.st, c, 1);
	cr_assert_eq(history_each(p.st, &all, keep_date, date, &err), 0);
	cr_assert_str_eq(date, late);
	end(&p);
}

Test(history, no_row_is_updated_deleted_or_put_in_between)
{
	static const char *const sql[] = {
		"update _history set message = 'x' where sequence = 1",
		"update _history set connection = connection + 9",
		"delete from _history where sequence = 12",
		"delete from _history",
		"insert or replace into _history select * from _history where "
		"sequence = 3",
		"insert into _history select connection, sequence + 90, date, "
		"user, name, category, action, object, record, "
		"partner_record, field, old, new, origin, message, hash from "
		"_history where sequence = 1",
		"replace into _history select connection, sequence - 1, date, "
		"user, name, category, action, object, record, "
		"partner_record, field, old, new, origin, message, hash from "
		"_history where sequence = 1",
	};
	struct audit_verdict v = AUDIT_VERDICT_INIT;
	struct place p = begin();

	for (size_t i = 0; i < sizeof sql / sizeof *sql; i++) {
		cr_assert_eq(store_exec(p.st, sql[i], &err), -1, "%s", sql[i]);
		cr_assert_not_null(strstr(err.msg, "append-only"), "%s: %s",
				   sql[i], err.msg);
	}
	cr_assert_eq(audit_verify_home(&v, p.st, NULL, 0, &err), 0, "%s",
		     err.msg);
	cr_assert_eq(v.rows, ALL);
	audit_verdict_release(&v);
	end(&p);
}

Test(history, what_the_csv_could_not_carry_does_not_get_in)
{
	struct place p = begin();
	char *large = malloc(LIMIT_ROW);
	struct history_event event = { .category = HISTORY_ERROR,
				       .action = "Refused",
				       .message = "\xff" };

	cr_assert_not_null(large);
	cr_assert_eq(history_add(p.st, p.globex, "Ada", &event, &err), -1);
	cr_assert_not_null(strstr(err.msg, "UTF-8"), "%s", err.msg);
	event.message = NULL;
	cr_assert_eq(history_add(p.st, p.globex, "\xc3", &event, &err), -1);
	memset(large, '"', LIMIT_ROW);
	large[LIMIT_ROW / 2] = 0;
	event.old = large;
	cr_assert_eq(history_add(p.st, p.globex, "Ada", &event, &err), -1);
	cr_assert_not_null(strstr(err.msg, "longer"), "%s", err.msg);

	/* The longest that goes in comes back out. */
	large[LIMIT_ROW / 2 - 2 * KIB] = 0;
	cr_assert_eq(history_add(p.st, p.globex, NULL, &event, &err), 0, "%s",
		     err.msg);
	free(large);
	{
		const struct audit_export what = { .path = p.csv };
		struct audit_verdict v = AUDIT_VERDICT_INIT;
		struct audit_sum sum = AUDIT_SUM_INIT;

		cr_assert_eq(audit_export(p.of, &what, &sum, &err), 0, "%s",
			     err.msg);
		cr_assert_eq(audit_verify_file(&v, p.csv,
					       key_pair_public(home_keys(p.of)),
					       NULL, 0, &err), 0, "%s",
			     err.msg);
		cr_assert_eq(v.rows, ALL + 1);
		audit_chains_release(&sum.chains);
		audit_verdict_release(&v);
	}
	cr_assert_eq(history_add(p.st, 99, "Ada", &event, &err), -1);
	end(&p);
}

/* A CSV in memory, to be edited row by row. */
struct sheet {
	struct buf text; /* of the whole export, which the values are of */
	char *row[ALL + 1][HISTORY_COLUMNS];
	size_t rows;
};

static char *
dup_field(struct field f)
{
	char *s = strndup(f.at, f.len);

	cr_assert_not_null(s);
	return s;
}

static void
read_sheet(struct sheet *s, const char *path)
{
	const struct row *row;
	struct rows *rows;

	memset(s, 0, sizeof *s);
	cr_assert_eq(file_read(&s->text, path, 8 * MIB, &err), 0);
	cr_assert_eq(rows_open_memory(&rows, s->text.data, s->text.len, &err),
		     0);
	while (rows_next(rows, &row, &err) > 0) {
		for (size_t i = 0; i < HISTORY_COLUMNS; i++)
			s->row[s->rows][i] = dup_field(row->field[i]);
		s->rows++;
	}
	rows_free(rows);
	cr_assert_eq(s->rows, ALL);
}

static void
free_sheet(struct sheet *s)
{
	for (size_t r = 0; r < s->rows; r++)
		for (size_t i = 0; i < HISTORY_COLUMNS; i++)
			free(s->row[r][i]);
	buf_release(&s->text);
}

/* Rows by their numbers in order[]; lines[] is told where each begins. */
static void
write_sheet(struct buf *out, const struct sheet *s, const size_t *order,
	    size_t count_rows, size_t *lines)
{
	struct field f[HISTORY_COLUMNS];
	size_t line = 1, at = 0;

	for (size_t i = 0; i < HISTORY_COLUMNS; i++)
		f[i] = field_of(history_columns[i]);
	rows_write(out, ROWS_CRLF, f, HISTORY_COLUMNS);
	for (size_t r = 0; r < count_rows; r++) {
		for (; at < out->len; at++)
			line += out->data[at] == '\n';
		lines[r] = line;
		for (size_t i = 0; i < HISTORY_COLUMNS; i++)
			f[i] = field_of(s->row[order[r]][i]);
		rows_write(out, ROWS_CRLF, f, HISTORY_COLUMNS);
	}
	cr_assert_eq(buf_ok(out, &err), 0);
}

struct edited {
	const struct place *p;
	struct sheet sheet;
	struct buf signature; /* of the export as it was */
	struct buf comment;
	unsigned edits;
};

/*
 * An edited file, with the signature it had and with one that its owner makes
 * anew, must be refused: at this row where one is given, else as a whole.
 */
static void
refused_at(struct edited *e, const size_t *order, size_t rows, size_t at,
	   const char *what)
{
	const struct key_pair *keys = home_keys(e->p->of);
	char path[96], minisig[112], where[40];
	size_t lines[ALL + 1];
	struct buf text = BUF_INIT;

	(void)snprintf(path, sizeof path, "%s/edited.csv", e->p->folder);
	(void)snprintf(minisig, sizeof minisig, "%s.minisig", path);
	write_sheet(&text, &e->sheet, order, rows, lines);
	cr_assert_eq(file_put(path, FILE_REPLACE, text.data, text.len, &err),
		     0);
	if (at < rows)
		(void)snprintf(where, sizeof where, ": line %zu: ", lines[at]);
	for (int anew = 0; anew < 2; anew++) {
		struct audit_verdict v = AUDIT_VERDICT_INIT;
		struct buf signature = BUF_INIT;

		if (anew)
			cr_assert_eq(minisig_sign(&signature, text.data,
						  text.len, AUDIT_UNTRUSTED,
						  buf_str(&e->comment), keys,
						  &err), 0);
		else
			buf_add(&signature, e->signature.data,
				e->signature.len);
		cr_assert_eq(file_put(minisig, FILE_REPLACE, signature.data,
				      signature.len, &err), 0);
		err.msg[0] = 0;
		cr_expect_eq(audit_verify_file(&v, path,
					       key_pair_public(keys), NULL, 0,
					       &err), -1, "%s", what);
		cr_expect_eq(err.kind, ERR_REFUSED, "%s", what);
		cr_expect_not_null(strstr(err.msg, at < rows ? where : anew ?
					  "is signed as" : "the file has"),
				   "%s, row %zu: %s", what, at, err.msg);
		cr_expect(at >= rows || strstr(err.msg, "connection '"),
			  "%s: %s", what, err.msg);
		audit_verdict_release(&v);
		buf_release(&signature);
	}
	e->edits++;
	buf_release(&text);
}

static void
begin_edits(struct edited *e, const struct place *p)
{
	const struct audit_export what = { .path = p->csv };
	struct audit_sum sum = AUDIT_SUM_INIT;
	struct minisig sig;
	char minisig[96];

	memset(e, 0, sizeof *e);
	e->p = p;
	(void)snprintf(minisig, sizeof minisig, "%s.minisig", p->csv);
	cr_assert_eq(audit_export(p->of, &what, &sum, &err), 0, "%s", err.msg);
	cr_assert_eq(file_read(&e->signature, minisig, LIMIT_MINISIG, &err),
		     0);
	cr_assert_eq(minisig_read(&sig, e->signature.data, e->signature.len,
				  &err), 0);
	buf_add(&e->comment, sig.trusted, sig.trusted_len);
	read_sheet(&e->sheet, p->csv);
	audit_chains_release(&sum.chains);
}

static void
end_edits(struct edited *e)
{
	free_sheet(&e->sheet);
	buf_release(&e->signature);
	buf_release(&e->comment);
}

static void
in_order(size_t *order, size_t rows)
{
	for (size_t i = 0; i < rows; i++)
		order[i] = i;
}

static void
change_each(struct edited *e)
{
	size_t order[ALL];

	in_order(order, ALL);
	for (size_t r = 0; r < ALL; r++) {
		for (size_t i = 0; i < HISTORY_COLUMNS; i++) {
			char *was = e->sheet.row[r][i];
			char now[256];

			(void)snprintf(now, sizeof now, "%s.", was);
			e->sheet.row[r][i] = now;
			refused_at(e, order, ALL, r, "changed");
			e->sheet.row[r][i] = was;
		}
	}
}

/* A chain's last row leaves one that holds by itself: the count tells. */
static void
remove_each(struct edited *e)
{
	size_t order[ALL];

	for (size_t r = 0; r < ALL; r++) {
		bool last = r == GLOBEX - 1 || r == ALL - 1;

		in_order(order, r);
		for (size_t i = r; i + 1 < ALL; i++)
			order[i] = i + 1;
		refused_at(e, order, ALL - 1, last ? ALL : r, "removed");
	}
}

/* A copy of the row, and a new one with the Hash that it should have. */
static void
insert_each(struct edited *e)
{
	struct sheet *s = &e->sheet;
	size_t order[ALL + 1];

	for (size_t r = 0; r < ALL; r++) {
		bool last = r == GLOBEX - 1 || r == ALL - 1;
		char sequence[24], hex[2 * KEYS_HASH + 1];
		uint8_t hash[KEYS_HASH];

		in_order(order, r + 1);
		order[r + 1] = r;
		for (size_t i = r + 1; i < ALL; i++)
			order[i + 1] = i;
		refused_at(e, order, ALL + 1, r + 1, "copied");

		memcpy(s->row[ALL], s->row[r], sizeof s->row[ALL]);
		(void)snprintf(sequence, sizeof sequence, "%d",
			       atoi(s->row[r][13]) + 1);
		s->row[ALL][13] = sequence;
		cr_assert(text_unhex(hash, KEYS_HASH, s->row[r][14],
				     2 * KEYS_HASH));
		history_hash(hash, hash, (const char *const *)s->row[ALL]);
		text_hex(hex, hash, KEYS_HASH);
		s->row[ALL][14] = hex;
		order[r + 1] = ALL;
		refused_at(e, order, ALL + 1, last ? ALL + 1 : r + 2,
			   "inserted");
	}
}

static void
swap_each(struct edited *e)
{
	size_t order[ALL];

	for (size_t r = 0; r + 1 < ALL; r++) {
		in_order(order, ALL);
		order[r] = r + 1;
		order[r + 1] = r;
		/* The next connection's first row may stand where it is. */
		refused_at(e, order, ALL, r == GLOBEX - 1 ? r + 1 : r,
			   "swapped");
	}
}

Test(history, every_edit_of_every_row_is_located, .timeout = 120)
{
	struct place p = begin();
	struct edited e;

	begin_edits(&e, &p);
	change_each(&e);
	remove_each(&e);
	insert_each(&e);
	swap_each(&e);
	cr_assert_eq(e.edits, ALL * 15 + ALL + 2 * ALL + ALL - 1);
	end_edits(&e);
	end(&p);
}

static void
tamper(struct store *st, const char *sql)
{
	cr_assert_eq(store_exec(st, "drop trigger _history_stays; drop "
				"trigger _history_is_kept; drop trigger "
				"_history_grows", &err), 0);
	cr_assert_eq(store_exec(st, sql, &err), 0, "%s", err.msg);
}

static void
home_is_refused(const char *sql, const char *where)
{
	struct audit_verdict v = AUDIT_VERDICT_INIT;
	struct audit_sum sum = AUDIT_SUM_INIT;
	struct place p = begin();
	const struct audit_export what[] = {
		{ .path = p.csv },
		{ .path = p.csv, .filter = { .since = "3000-01-01" } },
		{ .path = p.csv, .spreadsheet = true },
	};

	tamper(p.st, sql);
	cr_expect_eq(audit_verify_home(&v, p.st, NULL, 0, &err), -1);
	cr_expect_not_null(strstr(err.msg, where), "%s", err.msg);
	for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
		cr_expect_eq(audit_export(p.of, &what[i], &sum, &err), -1);
		cr_expect_eq(access(p.csv, F_OK), -1);
		audit_chains_release(&sum.chains);
	}
	audit_verdict_release(&v);
	end(&p);
}

Test(history, a_home_whose_chain_is_broken_is_told_and_signs_nothing)
{
	home_is_refused("update _history set message = 'x' where connection = "
			"2 and sequence = 7", "'Globex', row '7'");
	home_is_refused("update _history set message = message || "
			"cast(x'0078' as text) where connection = 1 and "
			"sequence = 2", "'Initech', row '2'");
	home_is_refused("update _history set hash = x'00' where connection = "
			"1 and sequence = 5", "'Initech', row '5'");
	home_is_refused("delete from _history where connection = 1 and "
			"sequence = 1", "Sequence '2' stands");
	home_is_refused("update _history set date = '2020-01-01' where "
			"sequence = 12", "'Globex', row '12'");
}

/* Cut after each row and go on: the head that the partner has tells. */
Test(history, a_tail_that_was_cut_and_continued_shows_against_a_witness)
{
	for (int k = 0; k < GLOBEX; k++) {
		struct audit_witness w = { .path = "w.ferry", .made = "then" };
		struct audit_verdict v = AUDIT_VERDICT_INIT;
		struct place p = begin();
		char sql[80];

		memset(w.connection, 1, sizeof w.connection);
		cr_assert_eq(history_head(p.st, p.globex, &w.rows, w.head,
					  &err), 0);
		cr_assert_eq(w.rows, GLOBEX);
		cr_assert_eq(audit_verify_home(&v, p.st, &w, 1, &err), 0, "%s",
			     err.msg);
		cr_assert(w.found);
		audit_verdict_release(&v);

		(void)snprintf(sql, sizeof sql, "delete from _history where "
			       "connection = 2 and sequence > %d", k);
		tamper(p.st, sql);
		v = (struct audit_verdict)AUDIT_VERDICT_INIT;
		cr_assert_eq(audit_verify_home(&v, p.st, &w, 1, &err), -1);
		cr_assert_not_null(strstr(err.msg, "tail was cut"), "%s",
				   err.msg);
		audit_verdict_release(&v);

		add_rows(p.st, p.globex, GLOBEX + 2 - k);
		v = (struct audit_verdict)AUDIT_VERDICT_INIT;
		cr_assert_eq(audit_verify_home(&v, p.st, NULL, 0, &err), 0,
			     "%s", err.msg);
		audit_verdict_release(&v);
		v = (struct audit_verdict)AUDIT_VERDICT_INIT;
		cr_assert_eq(audit_verify_home(&v, p.st, &w, 1, &err), -1);
		cr_assert_not_null(strstr(err.msg, "row 12: has another "
						   "Hash"), "%s", err.msg);
		audit_verdict_release(&v);
		end(&p);
	}
}

Test(history, a_renamed_connection_goes_on_in_its_chain)
{
	const struct audit_export what = { .path = "", .filter = { 0 } };
	struct audit_export export = what;
	struct audit_sum sum = AUDIT_SUM_INIT;
	struct audit_verdict v = AUDIT_VERDICT_INIT;
	struct place p = begin();

	cr_assert_eq(store_exec(p.st, "update _connection set name = 'Glob ex"
				"\xc3\xa9' where name = 'Globex'", &err), 0);
	add_rows(p.st, p.globex, 1);
	export.path = p.csv;
	export.filter.connection = "glob ex\xc3\xa9";
	cr_assert_eq(audit_export(p.of, &export, &sum, &err), 0, "%s",
		     err.msg);
	cr_assert_eq(audit_verify_file(&v, p.csv,
				       key_pair_public(home_keys(p.of)), NULL,
				       0, &err), 0, "%s", err.msg);
	cr_assert_eq(v.chains.count, 1);
	cr_assert_eq(v.rows, GLOBEX + 1);
	cr_assert_str_eq(v.chains.chain[0].name, "Glob ex\xc3\xa9");
	cr_assert_eq(strncmp(buf_str(&v.comment), "orgferry history "
			     "Glob%20ex%C3%A9 rows 13 head ", 45), 0, "%s",
		     buf_str(&v.comment));
	audit_chains_release(&sum.chains);
	audit_verdict_release(&v);
	end(&p);
}

/* Names of any length, and connections of any number, in 900 bytes. */
Test(history, the_comment_is_never_longer_than_minisign_takes)
{
	struct audit_export export = { .path = NULL };
	struct audit_verdict v = AUDIT_VERDICT_INIT;
	struct audit_sum sum = AUDIT_SUM_INIT;
	struct place p = begin();
	char name[1200];

	for (int i = 0; i < 20; i++) {
		int n = snprintf(name, sizeof name, "c%d ", i);

		for (; n < 1180; n += 2)
			memcpy(name + n, "\xc3\xa9", 3);
		add_rows(p.st, add_connection(p.st, name, (uint8_t)(50 + i)),
			 1 + i % 3);
	}
	export.path = p.csv;
	for (int one = 0; one < 2; one++) {
		char minisig[96];

		cr_assert_eq(audit_export(p.of, &export, &sum, &err), 0, "%s",
			     err.msg);
		cr_assert_eq(audit_verify_file(&v, p.csv,
					       key_pair_public(home_keys(p.of)),
					       NULL, 0, &err), 0, "%s",
			     err.msg);
		cr_assert_eq(v.chains.count, one ? 1 : 22);
		cr_assert_not_null(strstr(buf_str(&v.comment),
					  one ? " head " : " heads "));
		cr_assert_lt(v.comment.len, 901);
		audit_chains_release(&sum.chains);
		sum = (struct audit_sum)AUDIT_SUM_INIT;
		audit_verdict_release(&v);
		v = (struct audit_verdict)AUDIT_VERDICT_INIT;
		(void)snprintf(minisig, sizeof minisig, "%s.minisig", p.csv);
		cr_assert_eq(unlink(minisig) | unlink(p.csv), 0);
		export.filter.connection = name;
	}
	end(&p);
}
