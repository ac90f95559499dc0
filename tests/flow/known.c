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

static void
print_of(uint8_t print[static LOADED_PRINT], unsigned n)
{
	memset(print, 0, LOADED_PRINT);
	memcpy(print, &n, sizeof n);
}

static struct known_record *
meet(struct known *k, struct sample_store *s, struct object *o, unsigned n)
{
	struct known_record *r = NULL;
	char id[19];

	id_of(id, n);
	memcpy(id + LOADED_ID, "xxx", 3); /* 15 characters count */
	cr_assert_eq(known_meet(k, s->records, o, id, &r, &s->err), 0, "%s",
		     s->err.msg);
	return r;
}

/* As a load does that finds the record to be new to it. */
static void
load_record(struct known *k, struct sample_store *s, struct object *o,
	    unsigned n, unsigned print)
{
	struct known_record *r = meet(k, s, o, n);
	struct field value;
	char id[19];

	id_of(id, n);
	value = (struct field){ id, 18 };
	if (r->added)
		cr_assert_eq(records_insert(s->records, o, &value, &r->row,
					    &s->err), 0);
	print_of(r->print, print);
	r->line = 1;
	r->loaded = r->changed = 1;
}

static void
expect_known(const struct known *k, const struct known_record *r, unsigned n,
	     unsigned print)
{
	uint8_t want[LOADED_PRINT];
	char id[19];

	id_of(id, n);
	print_of(want, print);
	cr_assert_geq(r, k->record);
	cr_assert_eq(memcmp(r->id, id, LOADED_ID), 0);
	cr_assert(r->loaded && !r->added);
	cr_assert_eq(memcmp(r->print, want, LOADED_PRINT), 0);
}

static void
read_known(struct known *k, struct sample_store *s, struct object *o)
{
	*k = (struct known)KNOWN_INIT;
	cr_assert_eq(known_read(k, s->st, s->records, o, &s->err), 0, "%s",
		     s->err.msg);
}

Test(known, finds_what_was_added_and_nothing_else)
{
	enum { COUNT = 20000 };
	struct known k = KNOWN_INIT;
	struct sample_store s;
	struct object *o;

	sample_open(&s);
	o = sample_object(&s, "Account", NULL);
	read_known(&k, &s, o);
	for (unsigned i = 0; i < COUNT; i++) {
		struct known_record *r = meet(&k, &s, o, i * 7919);

		cr_assert(r->added && !r->loaded);
		cr_assert_eq(r->line, 0);
		r->line = i + 1;
	}
	cr_expect_eq(k.count, COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		struct known_record *r = meet(&k, &s, o, i * 7919);

		cr_assert_eq(r->line, i + 1);
	}
	cr_expect_eq(k.count, COUNT);
	known_release(&k);
	cr_expect_eq(k.count, 0);
	known_release(&k);
	sample_close(&s);
}

Test(known, meets_what_the_store_has_without_a_load)
{
	struct known k;
	struct known_record *r;
	struct sample_store s;
	struct object *o;
	int64_t row;
	char id[19];

	sample_open(&s);
	o = sample_object(&s, "Account", NULL);
	cr_assert_eq(records_begin(s.records, 1, &s.err), 0);
	id_of(id, 5);
	cr_assert_eq(records_insert(s.records, o, &(struct field){ id, 18 },
				    &row, &s.err), 0);
	read_known(&k, &s, o);
	cr_expect_eq(k.count, 0);
	r = meet(&k, &s, o, 5);
	cr_expect_eq(r->row, row);
	cr_expect_not(r->added || r->loaded);
	r = meet(&k, &s, o, 6);
	cr_expect(r->added);
	cr_expect_eq(r->row, 0);
	known_release(&k);
	sample_close(&s);
}

/* In the order of the store's rows, but for one that is new and one gone. */
Test(known, expects_records_in_their_order)
{
	static const unsigned order[] = { 0, 1, 2, 4, 5, 90, 6, 7, 30, 31, 8,
					  9, 10 };
	static const bool expected[] = { true, true, true, false, true, false,
					 true, true, false, true, true, true,
					 true };
	struct sample_store s;
	struct object *o;
	struct known k;

	sample_open(&s);
	o = sample_object(&s, "Account", NULL);
	cr_assert_eq(records_begin(s.records, 0, &s.err), 0);
	read_known(&k, &s, o);
	for (unsigned i = 0; i < 40; i++)
		load_record(&k, &s, o, i, 1000 + i);
	cr_assert_eq(known_write(&k, s.st, o, &s.err), 0);
	known_release(&k);
	read_known(&k, &s, o);
	cr_expect_eq(k.read, 40);
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		uint8_t print[LOADED_PRINT];
		struct known_record *r;

		print_of(print, 1000 + order[i]);
		r = known_next(&k, print);
		cr_expect_eq(r != NULL, expected[i], "%u", order[i]);
		if (!r)
			r = meet(&k, &s, o, order[i]);
		if (order[i] < 40)
			expect_known(&k, r, order[i], 1000 + order[i]);
		r->line = i + 2;
		cr_expect_null(known_next(&k, print), "it comes twice");
	}
	known_release(&k);
	sample_close(&s);
}

/* Some days of a few changes each, and what is read after each of them. */
Test(known, writes_what_changed)
{
	enum { COUNT = 3000, DAYS = 12 };
	unsigned print[COUNT + DAYS * 100];
	unsigned count = COUNT;
	struct sample_store s;
	struct object *o;
	struct known k;
	int64_t newer;
	bool grew = false, shrank = false;
	int64_t had = 0;

	sample_open(&s);
	o = sample_object(&s, "Account", NULL);
	cr_assert_eq(records_begin(s.records, 0, &s.err), 0);
	read_known(&k, &s, o);
	for (unsigned i = 0; i < COUNT; i++)
		load_record(&k, &s, o, i, print[i] = i);
	cr_assert_eq(known_write(&k, s.st, o, &s.err), 0);
	known_release(&k);
	for (unsigned day = 0; day < DAYS; day++) {
		read_known(&k, &s, o);
		cr_assert_eq(k.read, count);
		for (unsigned i = 0; i < count; i++)
			expect_known(&k, meet(&k, &s, o, i), i, print[i]);
		for (unsigned i = day; i < count; i += 37)
			load_record(&k, &s, o, i, print[i] = day * 10000 + i);
		for (unsigned i = 0; i < 10; i++, count++)
			load_record(&k, &s, o, count, print[count] = count);
		cr_assert_eq(known_write(&k, s.st, o, &s.err), 0);
		known_release(&k);
		cr_assert_eq(loaded_newer(s.st, o->object, &newer, &s.err), 0);
		grew |= newer > had;
		shrank |= newer < had;
		had = newer;
	}
	cr_expect(grew && shrank, "both ways of writing are to be seen");
	sample_close(&s);
}
