#include "store/loaded.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sample.h"

TestSuite(loaded, .init = sample_folder, .fini = sample_no_folder);

/* xorshift: the same numbers every time. */
static uint32_t state = 20261122;

static size_t
below(size_t n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

enum { ROWS = 400 };

/* What the store is to say: for each row its mark, if it has one. */
struct model {
	struct loaded_mark mark[ROWS];
	bool has[ROWS]; /* from 1 */
	int64_t at; /* how far reading has come */
};

static struct loaded_mark
any_mark(int64_t row)
{
	struct loaded_mark m = { .row = row,
				 .stamp = below(3) ? (int64_t)below(1000) - 500 :
						     LOADED_NO_STAMP,
				 .odd = below(5) == 0 };
	char id[32];

	for (size_t i = 0; i < LOADED_PRINT; i++)
		m.print[i] = (uint8_t)below(256);
	(void)snprintf(id, sizeof id, "001%012d", (int)below(100000));
	memcpy(m.id, id, LOADED_ID);
	return m;
}

static void
expect_mark(const struct loaded_mark *a, const struct loaded_mark *b)
{
	cr_assert_eq(a->row, b->row);
	cr_assert_eq(a->stamp, b->stamp);
	cr_assert_eq(memcmp(a->print, b->print, LOADED_PRINT), 0);
	cr_assert_eq(memcmp(a->id, b->id, LOADED_ID), 0);
	cr_assert_eq(a->odd, b->odd);
	cr_assert_eq(a->removed, b->removed);
}

static int
see(void *ctx, const struct loaded_mark *mark, struct err *err)
{
	struct model *m = ctx;

	(void)err;
	while (m->at < ROWS && !m->has[m->at])
		m->at++;
	cr_assert_lt(m->at, ROWS);
	expect_mark(mark, &m->mark[m->at]);
	m->mark[m->at++].paged = mark->paged;
	return 0;
}

/* All that can be asked of an object says what the model says. */
static int64_t
expect_model(struct sample_store *s, struct object *o, struct model *m)
{
	int64_t count = 0;
	size_t row = below(ROWS);
	struct loaded_mark mark;

	m->at = 0;
	cr_assert_eq(loaded_each(s->st, o->object, see, m, &s->err), 0, "%s",
		     s->err.msg);
	for (size_t i = 0; i < ROWS; i++)
		count += m->has[i];
	while (m->at < ROWS && !m->has[m->at])
		m->at++;
	cr_assert_eq(m->at, ROWS, "one is missing");
	cr_assert_eq(loaded_find(s->st, o->object, (int64_t)row, &mark,
				 &s->err), m->has[row]);
	if (m->has[row])
		expect_mark(&mark, &m->mark[row]);
	return count;
}

static void
write_pages(struct sample_store *s, struct object *o, struct model *m)
{
	struct loaded_pages p;

	cr_assert_eq(loaded_pages_begin(&p, s->st, o->object, &s->err), 0);
	for (size_t i = 0; i < ROWS; i++) {
		if (!m->has[i])
			continue;
		m->mark[i].paged = true;
		cr_assert_eq(loaded_pages_add(&p, &m->mark[i], &s->err), 0);
	}
	cr_assert_eq(loaded_pages_end(&p, &s->err), 0);
	loaded_pages_release(&p);
}

/* One thing that a load or an import does. */
static void
step(struct sample_store *s, struct object *o, struct model *m)
{
	size_t row = 1 + below(ROWS - 1), to = 1 + below(ROWS - 1);
	bool paged = m->has[row] && m->mark[row].paged;
	int rc = 0;

	switch (below(12)) {
	case 0:
		write_pages(s, o, m);
		break;
	case 1:
		rc = loaded_drop(s->st, o->object, (int64_t)row, &s->err);
		m->has[row] = false;
		break;
	case 2:
		rc = loaded_remove(s->st, o->object, (int64_t)row, &s->err);
		m->mark[row].removed = true;
		break;
	case 3: /* into a row that never had one */
		if (m->has[to] || m->mark[to].row != 0)
			break;
		rc = loaded_move(s->st, o->object, (int64_t)row, (int64_t)to,
				 &s->err);
		if (!m->has[row])
			break;
		m->mark[to] = m->mark[row];
		m->mark[to].row = (int64_t)to;
		m->mark[to].removed = false;
		m->has[to] = true;
		m->has[row] = false;
		break;
	default: /* rows are not used again once they are dropped */
		if (!m->has[row] && m->mark[row].row != 0)
			break;
		m->mark[row] = any_mark((int64_t)row);
		m->mark[row].paged = paged;
		m->has[row] = true;
		rc = loaded_put(s->st, o->object, &m->mark[row], &s->err);
	}
	cr_assert_eq(rc, 0, "%s", s->err.msg);
}

/* The pages hold rows of the home's one counter, so objects share none. */
Test(loaded, holds_what_a_model_holds)
{
	for (int run = 0; run < 15; run++) {
		struct model m[2] = { 0 };
		struct object *o[2];
		struct sample_store s;
		int64_t count, had;

		sample_open(&s);
		o[0] = sample_object(&s, "Account", NULL);
		o[1] = sample_object(&s, "Contact", NULL);
		for (size_t i = 0; i < ROWS; i++) /* taken by the other */
			m[below(2)].mark[i].row = -1;
		for (int i = 0; i < 600; i++) {
			size_t which = below(2);

			step(&s, o[which], &m[which]);
			if (i % 8)
				continue;
			cr_assert_eq(loaded_count(s.st, 0, &count, &s.err), 0);
			had = expect_model(&s, o[which], &m[which]);
			cr_assert_eq(count, had + expect_model(&s, o[!which],
							       &m[!which]));
			cr_assert_eq(loaded_count(s.st, o[which]->object,
						  &count, &s.err), 0);
			cr_assert_eq(count, had);
			cr_assert_eq(loaded_check(s.st, &s.err), 0, "%s",
				     s.err.msg);
		}
		cr_assert_eq(store_exec(s.st, "delete from _page; delete from "
					"_loaded", &s.err), 0);
		sample_close(&s);
	}
}

Test(loaded, counts_what_is_newer_than_the_pages)
{
	struct sample_store s;
	struct loaded_mark m;
	struct loaded_pages p;
	struct object *o;
	int64_t n;

	sample_open(&s);
	o = sample_object(&s, "Account", NULL);
	cr_assert_eq(loaded_pages_begin(&p, s.st, o->object, &s.err), 0);
	for (int64_t i = 1; i <= 200; i++) {
		m = any_mark(i);
		cr_assert_eq(loaded_pages_add(&p, &m, &s.err), 0);
	}
	cr_assert_eq(loaded_pages_end(&p, &s.err), 0);
	loaded_pages_release(&p);
	cr_expect_eq(sample_ask(&s, "select count(*) from _page"), 3);
	cr_assert_eq(loaded_newer(s.st, o->object, &n, &s.err), 0);
	cr_expect_eq(n, 0);
	cr_assert_eq(loaded_drop(s.st, o->object, 7, &s.err), 0);
	cr_assert_eq(loaded_drop(s.st, o->object, 7, &s.err), 0);
	cr_assert_eq(loaded_drop(s.st, o->object, 300, &s.err), 0);
	cr_assert_eq(loaded_move(s.st, o->object, 8, 300, &s.err), 0);
	cr_assert_eq(loaded_newer(s.st, o->object, &n, &s.err), 0);
	cr_expect_eq(n, 3);
	cr_assert_eq(loaded_drop(s.st, o->object, 300, &s.err), 0);
	cr_assert_eq(loaded_newer(s.st, o->object, &n, &s.err), 0);
	cr_expect_eq(n, 2);
	cr_assert_eq(loaded_count(s.st, 0, &n, &s.err), 0);
	cr_expect_eq(n, 198);
	cr_assert_eq(store_exec(s.st, "update _page set marks = x'00'",
				&s.err), 0);
	cr_expect_eq(loaded_each(s.st, o->object, see, &p, &s.err), -1);
	cr_expect_eq(s.err.kind, ERR_SYSTEM);
	cr_assert_eq(store_exec(s.st, "delete from _page; delete from _loaded",
				&s.err), 0);
	sample_close(&s);
}
