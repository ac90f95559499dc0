#include "flow/known.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "store/sample.h"

TestSuite(known, .init = sample_folder, .fini = sample_no_folder);

static void
id_of(char id[static 19], unsigned n)
{
	(void)snprintf(id, 19, "001%012uAAA", n);
}

Test(known, finds_what_was_added_and_nothing_else)
{
	enum { COUNT = 20000 };
	struct known k = KNOWN_INIT;
	char id[19];

	cr_expect_null(known_find(&k, "001000000000001AAA"));
	for (unsigned i = 0; i < COUNT; i++) {
		struct known_record *r;

		id_of(id, i * 7919);
		cr_assert_null(known_find(&k, id));
		r = known_add(&k, id);
		cr_assert_not_null(r);
		r->row = i;
	}
	cr_expect_eq(k.count, COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		const struct known_record *r;

		id_of(id, i * 7919);
		memcpy(id + 15, "xxx", 3);
		r = known_find(&k, id);
		cr_assert_not_null(r, "15 characters count");
		cr_assert_eq(r->row, i);
		cr_assert_eq(r->line, 0);
		cr_assert_not(r->loaded || r->removed || r->added);
		id[14] = (char)(id[14] == '9' ? 'a' : 'b');
		cr_assert_null(known_find(&k, id));
	}
	known_release(&k);
	cr_expect_eq(k.count, 0);
	known_release(&k);
}

Test(known, reads_what_the_store_has)
{
	static const uint8_t print[RECORDS_PRINT] = { 1, 2, 3 };
	enum { HERE, LOADED, REMOVED, GONE, COUNT };
	struct known k = KNOWN_INIT;
	struct known_record *r;
	struct sample_store s;
	int64_t row[COUNT];
	struct object *o;
	char id[19];

	sample_open(&s);
	o = sample_object(&s, "Account", NULL);
	cr_assert_eq(records_begin(s.records, 0, &s.err), 0);
	for (unsigned i = 0; i < COUNT; i++) {
		struct field value = { id, 18 };

		id_of(id, i);
		cr_assert_eq(records_insert(s.records, o, &value, &row[i],
					    &s.err), 0);
		if (i == LOADED || i == REMOVED)
			cr_assert_eq(records_set_print(s.records, o, row[i],
						       print, &s.err), 0);
	}
	cr_assert_eq(records_end(s.records, &s.err), 0);
	cr_assert_eq(records_begin(s.records, 1, &s.err), 0);
	cr_assert_eq(records_remove(s.records, o, row[REMOVED], &s.err), 0);
	cr_assert_eq(records_remove(s.records, o, row[GONE], &s.err), 0);
	cr_assert_eq(records_end(s.records, &s.err), 0);

	cr_assert_eq(known_read(&k, s.records, o, &s.err), 0, "%s", s.err.msg);
	cr_expect_eq(k.count, 3);
	for (unsigned i = 0; i < COUNT; i++) {
		id_of(id, i);
		r = known_find(&k, id);
		cr_expect_eq(r == NULL, i == GONE);
		if (!r)
			continue;
		cr_expect_eq(r->row, row[i]);
		cr_expect_eq(r->loaded, i != HERE);
		cr_expect_eq(r->removed, i == REMOVED);
		cr_expect(i == HERE ||
			  memcmp(r->print, print, sizeof print) == 0);
	}
	known_release(&k);
	sample_close(&s);
}
