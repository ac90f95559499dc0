#include "store/store.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "store/sample.h"

TestSuite(store, .init = sample_folder, .fini = sample_no_folder);

static struct store *
new_store(void)
{
	struct err err = { 0 };
	struct store *st;

	cr_assert_eq(store_make("org.db", &err), 0, "%s", err.msg);
	cr_assert_eq(store_open(&st, "org.db", &err), 0, "%s", err.msg);
	return st;
}

static int64_t
ask(struct store *st, const char *sql)
{
	struct err err = { 0 };
	int64_t n;

	cr_assert_eq(store_ask(st, &n, -1, &err, sql, ""), 0, "%s", err.msg);
	return n;
}

Test(store, keeps_what_was_committed_and_nothing_else)
{
	struct store *st = new_store();
	struct err err = { 0 };

	cr_assert_eq(store_begin(st, &err), 0);
	cr_assert_eq(store_exec(st, "create table \"T\" (x text)", &err), 0);
	cr_assert_eq(store_run(st, &err, "insert into \"T\" values (?1)", "s",
			       "kept"), 0);
	cr_assert_eq(store_commit(st, &err), 0);
	cr_assert_eq(store_begin(st, &err), 0);
	cr_assert_eq(store_exec(st, "delete from \"T\"", &err), 0);
	cr_expect_eq(store_changed(st), 1);
	store_rollback(st);
	store_rollback(st);
	cr_assert_eq(store_begin(st, &err), 0);
	cr_assert_eq(store_exec(st, "delete from \"T\"", &err), 0);
	store_close(st);

	cr_assert_eq(store_open(&st, "org.db", &err), 0);
	cr_expect_eq(ask(st, "select count(*) from \"T\""), 1);
	cr_expect_eq(store_check(st, &err), 0, "%s", err.msg);
	cr_expect_neq(access("org.db-journal", F_OK), 0);
	store_close(st);
	store_close(NULL);
}

Test(store, is_made_anew_where_it_was_begun)
{
	struct err err = { 0 };

	cr_assert_eq(file_put("org.db", FILE_NEW, "rubbish", 7, &err), 0);
	store_close(new_store());
}

Test(store, gives_values_back_as_they_were)
{
	static const char text[] = "a'b\"c;--\n\xc3\xa9";
	static const uint8_t blob[] = { 0, 1, 0xff, 0 };
	struct store *st = new_store();
	struct store_statement *s;
	struct err err = { 0 };
	struct buf out = BUF_INIT;
	const uint8_t *bytes;
	const char *got;
	size_t len;
	bool found;
	int64_t n;

	cr_assert_eq(store_exec(st, "create table t (a, b, c, d, e)", &err),
		     0);
	cr_assert_eq(store_run(st, &err, "insert into t values (?1, ?2, ?3, "
			       "?4, null)", "istb", INT64_MIN, text, text,
			       (size_t)3, blob, sizeof blob), 0);
	cr_expect_eq(store_last_row(st), 1);
	cr_assert_eq(store_prepare(st, &s, "select * from t where a = ?1",
				   &err), 0);
	store_bind_int(s, 1, INT64_MIN);
	cr_assert_eq(store_step(s, &err), 1);
	cr_expect_eq(store_int(s, 0), INT64_MIN);
	got = store_text(s, 1, &len);
	cr_expect_eq(len, sizeof text - 1);
	cr_expect_str_eq(got, text);
	got = store_text(s, 2, &len);
	cr_expect_eq(len, 3);
	cr_expect_eq(memcmp(got, text, 3), 0);
	bytes = store_blob(s, 3, &len);
	cr_expect_eq(len, sizeof blob);
	cr_expect_eq(memcmp(bytes, blob, sizeof blob), 0);
	cr_expect_str_eq(store_text(s, 4, &len), "");
	cr_expect_eq(len, 0);
	cr_expect_eq(store_step(s, &err), 0);
	store_reset(s);
	store_bind_null(s, 1);
	cr_expect_eq(store_step(s, &err), 0, "null equals nothing");
	store_finish(s);
	store_finish(NULL);

	cr_assert_eq(store_ask(st, &n, 7, &err, "select e from t", ""), 0);
	cr_expect_eq(n, 7, "null is none");
	cr_assert_eq(store_ask(st, &n, 7, &err, "select a from t where b = ?1",
			       "s", "x"), 0);
	cr_expect_eq(n, 7, "no row is none");
	cr_assert_eq(store_ask_text(st, &out, &found, &err, "select b from t",
				    ""), 0);
	cr_expect(found);
	cr_expect_str_eq(buf_str(&out), text);
	cr_assert_eq(store_ask_text(st, &out, &found, &err, "select e from t",
				    ""), 0);
	cr_expect_not(found);
	buf_release(&out);
	store_close(st);
}

Test(store, empty_text_is_text)
{
	struct store *st = new_store();
	struct err err = { 0 };

	cr_assert_eq(store_exec(st, "create table t (a text not null)", &err),
		     0);
	cr_expect_eq(store_run(st, &err, "insert into t values (?1)", "t",
			       NULL, (size_t)0), 0, "%s", err.msg);
	cr_expect_eq(ask(st, "select count(*) from t where a = ''"), 1);
	store_close(st);
}

Test(store, says_what_is_wrong)
{
	struct store *st = new_store();
	struct err err = { 0 };
	int64_t n;

	cr_expect_eq(store_exec(st, "no sql", &err), -1);
	cr_expect_eq(err.kind, ERR_SYSTEM);
	cr_expect_eq(store_run(st, &err, "insert into nothing values (1)", ""),
		     -1);
	cr_expect_eq(store_ask(st, &n, 3, &err, "select", ""), -1);
	cr_expect_eq(n, 3);
	cr_expect_eq(store_commit(st, &err), -1, "none was begun");
	store_close(st);
}

Test(store, opens_only_what_is_ours)
{
	static const struct {
		const char *sql, *says;
	} cases[] = {
		{ "pragma application_id = 1", "is not the store" },
		{ "pragma user_version = 99", "use the newer one" },
	};
	struct err err = { 0 };
	struct store *st;

	cr_expect_eq(store_open(&st, "org.db", &err), -1);
	cr_expect_null(st);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		st = new_store();
		cr_assert_eq(store_exec(st, cases[i].sql, &err), 0);
		store_close(st);
		cr_expect_eq(store_open(&st, "org.db", &err), -1);
		cr_expect_null(st);
		cr_expect_eq(err.kind, ERR_SYSTEM);
		cr_expect_not_null(strstr(err.msg, cases[i].says), "%s",
				   err.msg);
	}
	cr_assert_eq(unlink("org.db"), 0);
	cr_assert_eq(file_put("org.db", FILE_NEW, "no database at all, but "
			      "long enough to be looked at as one", 58, &err),
		     0);
	cr_expect_eq(store_open(&st, "org.db", &err), -1);
	cr_expect_not_null(strstr(err.msg, "is damaged"), "%s", err.msg);
	cr_assert_eq(unlink("org.db"), 0);
	cr_assert_eq(symlink("other.db", "org.db"), 0);
	cr_expect_eq(store_open(&st, "org.db", &err), -1);
}

Test(store, check_finds_a_damaged_page)
{
	struct store *st = new_store();
	struct err err = { 0 };
	FILE *f;

	store_close(st);
	f = fopen("org.db", "r+b");
	cr_assert_not_null(f);
	cr_assert_eq(fseek(f, 4096 + 3, SEEK_SET), 0);
	cr_assert_eq(fwrite("\xff\xff\xff\xff", 1, 4, f), 4);
	cr_assert_eq(fclose(f), 0);
	if (store_open(&st, "org.db", &err) == 0) {
		cr_expect_eq(store_check(st, &err), -1);
		cr_expect_not_null(strstr(err.msg, "is damaged"), "%s",
				   err.msg);
		store_close(st);
	}
	cr_expect_eq(err.kind, ERR_SYSTEM);
}

Test(store, names_that_may_stand_in_sql)
{
	static const struct {
		const char *name;
		bool may;
	} cases[] = {
		{ "Account", true },	  { "npe01__OppPayment__c", true },
		{ "a", true },		  { "A1_", true },
		{ "", false },		  { "_change", false },
		{ "1a", false },	  { "a b", false },
		{ "a\"b", false },	  { "a.b", false },
		{ "a-b", false },	  { "\xc3\xa9", false },
		{ "a;", false },	  { "sqlite_x", false },
		{ "SQLITE_stat1", false }, { "sqlitex", true },
	};
	char longest[LIMIT_NAME + 2];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(store_name(cases[i].name, strlen(cases[i].name)),
			     cases[i].may, "%s", cases[i].name);
	memset(longest, 'a', sizeof longest);
	cr_expect(store_name(longest, LIMIT_NAME));
	cr_expect_not(store_name(longest, LIMIT_NAME + 1));
}
