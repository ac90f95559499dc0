#include "store/check.h"
#include "store/records.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "store/sample.h"

TestSuite(records, .init = sample_folder, .fini = sample_no_folder);

#define A "001000000000001AAA"
#define B "001000000000002AAA"

static const char *const fields[] = { "Name", "Fax", NULL };
enum { ID, NAME, FAX, FIELDS };

static const uint8_t print[LOADED_PRINT] = "fifteen or more";

static void
begin(struct sample_store *s, int64_t origin)
{
	cr_assert_eq(records_begin(s->records, origin, &s->err), 0);
}

static void
end(struct sample_store *s)
{
	cr_assert_eq(records_end(s->records, &s->err), 0, "%s", s->err.msg);
}

static int64_t
insert(struct sample_store *s, struct object *o, const char *id,
       const char *name)
{
	struct field value[FIELDS] = { field_of(id), field_of(name),
				       field_of("1") };
	int64_t row;

	cr_assert_eq(records_insert(s->records, o, value, &row, &s->err), 0,
		     "%s", s->err.msg);
	return row;
}

static void
set_name(struct sample_store *s, struct object *o, int64_t row,
	 const char *name)
{
	static const bool changed[FIELDS] = { [NAME] = true };
	struct field value[FIELDS];

	/* As an import does it: what was read, but for what is new. */
	cr_assert_eq(records_read(s->records, o, row, value, &s->err), 1);
	value[NAME] = field_of(name);
	cr_assert_eq(records_update(s->records, o, row, value, changed,
				    &s->err), 0, "%s", s->err.msg);
}

static void
expect_values(struct sample_store *s, struct object *o, int64_t row,
	      const char *id, const char *name, const char *fax)
{
	struct field value[FIELDS];

	cr_assert_eq(records_read(s->records, o, row, value, &s->err), 1);
	cr_expect(field_is(value[ID], id));
	cr_expect(field_is(value[NAME], name));
	cr_expect(field_is(value[FAX], fax));
}

/* Base and print of one record that a load has brought. */
static int64_t
loaded(struct sample_store *s, struct object *o, const char *id)
{
	int64_t row = insert(s, o, id, "x");

	sample_mark(s, o, row, id, print);
	return row;
}

Test(records, are_made_found_read_and_changed)
{
	struct sample_store s;
	struct object *o;
	struct field value[FIELDS];
	int64_t a, b, row;
	bool any;

	sample_open(&s);
	o = sample_object(&s, "Account", fields);
	cr_expect_eq(records_any(s.records, o, &any, &s.err), 0);
	cr_expect_not(any);
	begin(&s, 0);
	a = insert(&s, o, A, "x");
	b = insert(&s, o, B, "y");
	cr_expect_gt(b, a);
	cr_expect_eq(sample_ask(&s, "select count(*) from _change"), 0,
		     "a new record needs no row");
	set_name(&s, o, a, "a longer name than it had");
	end(&s);
	cr_expect_eq(records_tally(s.records)->inserted, 2);
	cr_expect_eq(records_tally(s.records)->updated, 1);
	cr_expect_eq(records_tally(s.records)->values, 1);
	cr_expect_eq(records_tally(s.records)->removed, 0);

	expect_values(&s, o, a, A, "a longer name than it had", "1");
	expect_values(&s, o, b, B, "y", "1");
	cr_expect_eq(records_read(s.records, o, 99, value, &s.err), 0);
	cr_expect_eq(records_find(s.records, o, B, 18, &row, &s.err), 0);
	cr_expect_eq(row, b);
	cr_expect_eq(records_find(s.records, o, B, 15, &row, &s.err), 0);
	cr_expect_eq(row, 0);
	cr_expect_eq(records_find_short(s.records, o, B, &row, &s.err), 0);
	cr_expect_eq(row, b);
	cr_expect_eq(records_find_short(s.records, o, "001000000000000", &row,
					&s.err), 0);
	cr_expect_eq(row, 0);
	cr_expect_eq(records_any(s.records, o, &any, &s.err), 0);
	cr_expect(any);
	sample_close(&s);
	records_close(NULL);
}

Test(records, rows_and_numbers_are_never_used_twice)
{
	struct sample_store s;
	struct object *o;
	int64_t a, b;

	sample_open(&s);
	o = sample_object(&s, "Account", fields);
	begin(&s, 0);
	a = insert(&s, o, A, "x");
	cr_assert_eq(records_remove(s.records, o, a, &s.err), 0);
	end(&s);
	sample_again(&s);
	o = objects_find(s.objects, "Account");
	begin(&s, 0);
	end(&s);
	begin(&s, 0);
	b = insert(&s, o, A, "x");
	cr_expect_gt(b, a);
	set_name(&s, o, b, "z");
	end(&s);
	cr_expect_eq(sample_ask(&s, "select number from _deleted"), 1);
	cr_expect_eq(sample_ask(&s, "select number from _change"), 2,
		     "what changed nothing took no number");
	sample_close(&s);
}

Test(records, the_newest_change_of_a_field_is_kept)
{
	struct sample_store s;
	struct object *o;
	int64_t a;

	sample_open(&s);
	o = sample_object(&s, "Account", fields);
	begin(&s, 0);
	a = insert(&s, o, A, "x");
	set_name(&s, o, a, "y");
	end(&s);
	begin(&s, 7);
	set_name(&s, o, a, "z");
	end(&s);
	cr_expect_eq(sample_ask(&s, "select count(*) from _change"), 1);
	cr_expect_eq(sample_ask(&s, "select number from _change"), 2);
	cr_expect_eq(sample_ask(&s, "select origin from _change"), 7);
	cr_expect_eq(sample_ask(&s, "select count(*) from _base"), 0,
		     "no load has seen it");
	begin(&s, 0);
	cr_assert_eq(records_remove(s.records, o, a, &s.err), 0);
	end(&s);
	cr_expect_eq(sample_ask(&s, "select count(*) from _change"), 0);
	cr_expect_eq(sample_ask(&s, "select count(*) from _deleted where id = "
				"'" A "' and origin = 0 and number = 3"), 1);
	sample_close(&s);
}

Test(records, an_import_keeps_what_the_snapshot_said)
{
	struct sample_store s;
	struct object *o;
	struct field base[FIELDS];
	bool has[FIELDS];
	int64_t a;

	sample_open(&s);
	o = sample_object(&s, "Account", fields);
	begin(&s, 0);
	a = loaded(&s, o, A);
	set_name(&s, o, a, "first");
	end(&s);
	cr_expect_eq(sample_ask(&s, "select count(*) from _base"), 0,
		     "the org's own change has none");
	begin(&s, 1);
	set_name(&s, o, a, "second");
	set_name(&s, o, a, "third");
	end(&s);
	expect_values(&s, o, a, A, "third", "1");
	cr_assert_eq(records_read_base(s.records, o, a, base, has, &s.err), 0);
	cr_expect(has[NAME] && !has[FAX] && !has[ID]);
	cr_expect(field_is(base[NAME], "first"));

	cr_assert_eq(records_set_base(s.records, a, &o->field[FAX],
				      field_of(""), &s.err), 0);
	cr_assert_eq(records_read_base(s.records, o, a, base, has, &s.err), 0);
	cr_expect(has[NAME] && has[FAX]);
	cr_expect(field_is(base[FAX], ""));
	cr_assert_eq(records_drop_base(s.records, a, &o->field[NAME], &s.err),
		     0);
	cr_assert_eq(records_read_base(s.records, o, a, base, has, &s.err), 0);
	cr_expect(!has[NAME] && has[FAX]);
	cr_assert_eq(records_drop_base(s.records, a, NULL, &s.err), 0);
	cr_expect_eq(sample_ask(&s, "select count(*) from _base"), 0);
	sample_close(&s);
}

struct seen {
	size_t loaded, removed;
};

static int
see(void *ctx, const struct loaded_mark *mark, struct err *err)
{
	struct seen *seen = ctx;

	(void)err;
	cr_expect_eq(strncmp(mark->id, "001", 3), 0);
	cr_expect_gt(mark->row, 0);
	cr_expect_eq(memcmp(mark->print, print, LOADED_PRINT), 0);
	seen->loaded++;
	seen->removed += mark->removed;
	return 0;
}

static void
expect_seen(struct sample_store *s, struct object *o, size_t with_print,
	    size_t removed)
{
	struct seen seen = { 0 };

	cr_assert_eq(loaded_each(s->st, o->object, see, &seen, &s->err), 0);
	cr_expect_eq(seen.loaded, with_print);
	cr_expect_eq(seen.removed, removed);
}

Test(records, what_an_import_removes_is_remembered)
{
	struct sample_store s;
	struct object *o, *other;
	struct field base[FIELDS];
	bool has[FIELDS];
	int64_t a, b, again;

	sample_open(&s);
	o = sample_object(&s, "Account", fields);
	other = sample_object(&s, "Contact", fields);
	begin(&s, 0);
	a = loaded(&s, o, A);
	b = insert(&s, o, B, "y");
	end(&s);
	expect_seen(&s, o, 1, 0);
	expect_seen(&s, other, 0, 0);
	begin(&s, 1);
	cr_assert_eq(records_remove(s.records, o, a, &s.err), 0);
	cr_assert_eq(records_remove(s.records, o, b, &s.err), 0);
	end(&s);
	expect_seen(&s, o, 1, 1);
	expect_seen(&s, other, 0, 0);
	cr_assert_eq(records_read_base(s.records, o, a, base, has, &s.err), 0);
	cr_expect(field_is(base[NAME], "x") && field_is(base[FAX], "1"));
	cr_expect_not(has[ID]);

	begin(&s, 0);
	cr_assert_eq(records_mark_edited(s.records, a, &s.err), 0);
	end(&s);
	cr_expect_eq(sample_ask(&s, "select edited from _deleted where id = '"
				A "'"), 3);
	begin(&s, 1);
	again = insert(&s, o, A, "new");
	end(&s);
	cr_expect_eq(records_tally(s.records)->inserted, 1);
	cr_expect_eq(sample_ask(&s, "select number from _deleted where edited "
				"is not null"), -1);
	expect_seen(&s, o, 1, 0);
	cr_assert_eq(records_read_base(s.records, o, again, base, has, &s.err),
		     0);
	cr_expect(has[NAME] && field_is(base[NAME], "x"));
	cr_assert_eq(records_remove(s.records, o, again, &s.err), 0);
	cr_assert_eq(records_confirm_removed(s.records, o, again,
					     &s.err), 0);
	expect_seen(&s, o, 0, 0);
	cr_expect_eq(sample_ask(&s, "select count(*) from _base"), 0);
	sample_close(&s);
}

Test(records, a_local_removal_leaves_nothing_behind)
{
	struct sample_store s;
	struct object *o;
	int64_t a;

	sample_open(&s);
	o = sample_object(&s, "Account", fields);
	begin(&s, 0);
	a = loaded(&s, o, A);
	end(&s);
	begin(&s, 1);
	set_name(&s, o, a, "y");
	end(&s);
	begin(&s, 0);
	cr_assert_eq(records_remove(s.records, o, a, &s.err), 0);
	end(&s);
	cr_expect_eq(sample_ask(&s, "select count(*) from _base"), 0);
	cr_expect_eq(sample_ask(&s, "select count(*) from _loaded"), 0);
	cr_expect_eq(sample_ask(&s, "select count(*) from _deleted"), 1);
	sample_close(&s);
}

Test(records, respelling_is_no_change)
{
	static const struct {
		const char *had, *spelled;
	} cases[] = {
		{ "TRUE", "true" }, { "False", "false" }, { "true", "true" },
		{ "", "" }, { "maybe", "maybe" }, { "0", "false" },
	};
	enum { CASES = sizeof cases / sizeof *cases };
	struct sample_store s;
	struct object *o;
	int64_t row[CASES];
	char id[19];

	sample_open(&s);
	o = sample_object(&s, "Account", fields);
	begin(&s, 0);
	for (size_t i = 0; i < CASES; i++) {
		(void)snprintf(id, sizeof id, "00100000000000%zuAAA", i);
		row[i] = loaded(&s, o, id);
		set_name(&s, o, row[i], cases[i].had);
	}
	end(&s);
	begin(&s, 1);
	set_name(&s, o, row[0], "x");
	end(&s);
	cr_assert_eq(store_exec(s.st, "delete from _change", &s.err), 0);
	cr_assert_eq(objects_set_type(s.objects, &o->field[NAME],
				      VALUE_BOOLEAN, OBJECT_OPTION, &s.err),
		     0);
	cr_assert_eq(records_respell(s.records, o, &o->field[NAME], true,
				     &s.err),
		     0);
	for (size_t i = 1; i < CASES; i++) {
		struct field value[FIELDS];

		cr_assert_eq(records_read(s.records, o, row[i], value,
					  &s.err), 1);
		cr_expect(field_is(value[NAME], cases[i].spelled), "%s",
			  cases[i].had);
	}
	cr_expect_eq(sample_ask(&s, "select count(*) from _base where value = "
				"'true'"), 1);
	cr_expect_eq(sample_ask(&s, "select count(*) from _change"), 0);
	sample_close(&s);
}

Test(records, check_finds_what_is_of_nothing)
{
	static const char *const damages[] = {
		"insert into _change values (99, 1, 1, 0, '')",
		"insert into _base values (99, 1, '')",
		"insert into _loaded select object, 99, 0, mark from _loaded",
		"insert into _loaded select object, 0, 0, x'00' from _loaded",
		"insert into _page select 99, object, 1, mark from _loaded",
		"insert into _page select _row, object, 2, mark from _loaded",
		"insert into _page select _row, object, 1, mark from _loaded",
		"update _loaded set paged = 1",
		"update _loaded set mark = zeroblob(48)",
		"delete from \"Account\"",
		"update \"Account\" set \"Id\" = 'x'",
	};
	struct sample_store s;
	struct object *o;

	sample_open(&s);
	o = sample_object(&s, "Account", fields);
	begin(&s, 0);
	(void)loaded(&s, o, A);
	end(&s);
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		cr_assert_eq(check_records(s.st, &s.err), 0, "%s", s.err.msg);
		cr_assert_eq(store_exec(s.st, "savepoint a", &s.err), 0);
		cr_assert_eq(store_exec(s.st, damages[i], &s.err), 0, "%s",
			     s.err.msg);
		cr_expect_eq(check_records(s.st, &s.err), -1, "%s",
			     damages[i]);
		cr_expect_eq(s.err.kind, ERR_SYSTEM);
		cr_assert_eq(store_exec(s.st, "rollback to a", &s.err), 0);
	}
	sample_close(&s);
}

Test(records, the_print_key_is_the_homes)
{
	uint8_t want[RECORDS_PRINT_KEY], got[RECORDS_PRINT_KEY];
	struct sample_store s;

	sample_open(&s);
	cr_expect_eq(records_print_key(s.records, got, &s.err), -1);
	cr_expect_eq(s.err.kind, ERR_SYSTEM);
	memset(want, 0x5a, sizeof want);
	cr_assert_eq(store_run(s.st, &s.err, "insert into _home values "
			       "('print_key', ?1)", "b", want, sizeof want),
		     0);
	cr_expect_eq(records_print_key(s.records, got, &s.err), 0);
	cr_expect_eq(memcmp(got, want, sizeof want), 0);
	sample_close(&s);
}
