#include "store/objects.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "store/sample.h"

TestSuite(objects, .init = sample_folder, .fini = sample_no_folder);

Test(objects, are_found_in_any_case_and_kept)
{
	static const char *const names[] = { "Zebra__c", "Account", "contact" };
	struct sample_store s;
	struct object *o;
	size_t at;

	sample_open(&s);
	cr_expect_eq(objects_count(s.objects), 0);
	for (size_t i = 0; i < 3; i++)
		(void)sample_object(&s, names[i], NULL);
	o = objects_find(s.objects, "ACCOUNT");
	cr_assert_not_null(o);
	cr_assert_eq(objects_add_field(s.objects, o, "IsPartner", VALUE_BOOLEAN,
				       OBJECT_TABLE, &at, &s.err), 0);
	cr_expect_eq(at, 1);
	cr_assert_eq(objects_set_type(s.objects, &o->field[at], VALUE_DATE,
				      OBJECT_OPTION, &s.err), 0);
	cr_assert_eq(objects_set_position(s.objects, &o->field[at], 4, &s.err),
		     0);
	cr_assert_eq(objects_set_position(s.objects, &o->field[0], -1, &s.err),
		     0);
	cr_assert_eq(objects_set_header(s.objects, o, "a\0b", 3, &s.err), 0);

	for (int again = 0; again < 2; again++) {
		cr_assert_eq(objects_count(s.objects), 3);
		cr_expect_str_eq(objects_at(s.objects, 0)->name, "Account");
		cr_expect_str_eq(objects_at(s.objects, 1)->name, "contact");
		cr_expect_str_eq(objects_at(s.objects, 2)->name, "Zebra__c");
		cr_expect_null(objects_find(s.objects, "Accoun"));
		cr_expect_null(objects_find(s.objects, "Accounts"));
		o = objects_find(s.objects, "aCCOUNT");
		cr_assert_not_null(o);
		cr_assert_eq(o->fields, 2);
		cr_expect_eq(o->id, 0);
		cr_expect_str_eq(o->field[0].name, "Id");
		cr_expect_eq(o->field[0].type, VALUE_ID);
		cr_expect_eq(o->field[0].typed, OBJECT_TABLE);
		cr_expect_eq(o->field[0].position, -1);
		cr_expect_str_eq(o->field[1].name, "IsPartner");
		cr_expect_eq(o->field[1].type, VALUE_DATE);
		cr_expect_eq(o->field[1].typed, OBJECT_OPTION);
		cr_expect_eq(o->field[1].position, 4);
		cr_expect_eq(o->header.len, 3);
		cr_expect_eq(memcmp(o->header.data, "a\0b", 3), 0);
		cr_expect_eq(objects_field(o, "ispartnerX", 9), 1);
		cr_expect_eq(objects_field(o, "IsPartner", 8), 2);
		cr_expect_eq(objects_field(o, "IsPartners", 10), 2);
		cr_expect_eq(objects_field(o, "ID", 2), 0);
		sample_again(&s);
	}
	sample_close(&s);
	objects_close(NULL);
}

Test(objects, names_are_checked)
{
	static const char *const names[] = { "", "_change", "a\"b", "a b",
					     "sqlite_master" };
	struct sample_store s;
	struct object *o, *made;
	size_t at;

	sample_open(&s);
	o = sample_object(&s, "Account", NULL);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		cr_expect_eq(objects_add(s.objects, names[i], &made, &s.err),
			     -1);
		cr_expect_null(made);
		cr_expect_eq(s.err.kind, ERR_REFUSED);
		cr_expect_eq(objects_add_field(s.objects, o, names[i],
					       VALUE_TEXT, OBJECT_TABLE, &at,
					       &s.err), -1);
		cr_expect_eq(s.err.kind, ERR_REFUSED);
	}
	cr_expect_eq(objects_count(s.objects), 1);
	cr_expect_eq(o->fields, 1);
	sample_close(&s);
}

Test(objects, have_so_many_fields_and_no_more)
{
	struct sample_store s;
	struct object *o;
	char name[16];
	size_t at;
	int rc = 0;

	sample_open(&s);
	o = sample_object(&s, "Account", NULL);
	for (int i = 0; i < 2000 && rc == 0; i++) {
		(void)snprintf(name, sizeof name, "F%d__c", i);
		rc = objects_add_field(s.objects, o, name, VALUE_TEXT,
				       OBJECT_TABLE, &at, &s.err);
	}
	cr_expect_eq(rc, -1);
	cr_expect_eq(s.err.kind, ERR_REFUSED, "%s", s.err.msg);
	cr_expect_eq(o->fields, 1900);
	sample_close(&s);
}

Test(objects, spell_and_compare_by_type)
{
	static const struct {
		enum value_type type;
		enum object_typed typed;
		const char *a, *spelled; /* NULL: no such value */
		const char *b;
		bool same;
	} cases[] = {
		{ VALUE_ID, OBJECT_INFERRED, "congratulations",
		  "congratulations", "congratulationsAAA", false },
		{ VALUE_ID, OBJECT_TABLE, "congratulations",
		  "congratulationsAAA", "congratulationsAAA", true },
		{ VALUE_REFERENCE, OBJECT_INFERRED, "congratulations",
		  "congratulationsAAA", "congratulationsAAA", true },
		{ VALUE_ID, OBJECT_INFERRED, "000000000000000",
		  "000000000000000", "", false },
		{ VALUE_ID, OBJECT_INFERRED, "000000000000000AAA", "", "",
		  false },
		{ VALUE_REFERENCE, OBJECT_INFERRED, "000000000000000", "", "",
		  false },
		{ VALUE_ID, OBJECT_INFERRED, "no id", NULL, "no id", true },
		{ VALUE_ID, OBJECT_INFERRED, "", "", "", true },
		{ VALUE_BOOLEAN, OBJECT_INFERRED, "TRUE", "true", "true",
		  false },
		{ VALUE_NUMBER, OBJECT_TABLE, "2.0", "2.0", "2", true },
		{ VALUE_UNKNOWN, OBJECT_INFERRED, "2.0", "2.0", "2", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct object_field f = { .type = cases[i].type,
					  .typed = cases[i].typed };
		struct buf out = BUF_INIT;
		bool fits = objects_spell(&out, &f, field_of(cases[i].a));

		cr_expect_eq(fits, cases[i].spelled != NULL, "%zu", i);
		cr_expect_str_eq(buf_str(&out),
				 cases[i].spelled ? cases[i].spelled : "");
		cr_expect_eq(objects_same(&f, field_of(cases[i].a),
					  field_of(cases[i].b)),
			     cases[i].same, "%zu", i);
		buf_release(&out);
	}
}
