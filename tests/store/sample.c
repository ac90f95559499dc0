#include "store/sample.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/check.h"

void
sample_folder(void)
{
	char dir[] = "/tmp/orgferry-test-XXXXXX";

	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
}

void
sample_no_folder(void)
{
	char here[256], cmd[300];

	cr_assert_not_null(getcwd(here, sizeof here));
	cr_assert_eq(chdir("/"), 0);
	(void)snprintf(cmd, sizeof cmd, "rm -rf '%s'", here);
	cr_assert_eq(system(cmd), 0);
}

static void
open_all(struct sample_store *s)
{
	cr_assert_eq(store_open(&s->st, "org.db", &s->err), 0, "%s",
		     s->err.msg);
	cr_assert_eq(store_begin(s->st, &s->err), 0);
	cr_assert_eq(objects_open(&s->objects, s->st, &s->err), 0);
	cr_assert_eq(records_open(&s->records, s->st, &s->err), 0);
}

static void
close_all(struct sample_store *s)
{
	records_close(s->records);
	objects_close(s->objects);
	cr_assert_eq(store_commit(s->st, &s->err), 0, "%s", s->err.msg);
	store_close(s->st);
}

void
sample_open(struct sample_store *s)
{
	*s = (struct sample_store){ 0 };
	cr_assert_eq(store_make("org.db", &s->err), 0, "%s", s->err.msg);
	open_all(s);
}

void
sample_again(struct sample_store *s)
{
	close_all(s);
	open_all(s);
}

void
sample_close(struct sample_store *s)
{
	cr_expect_eq(check_records(s->st, &s->err), 0, "%s", s->err.msg);
	cr_expect_eq(store_check(s->st, &s->err), 0, "%s", s->err.msg);
	close_all(s);
}

struct object *
sample_object(struct sample_store *s, const char *name,
	      const char *const *field)
{
	struct object *o;
	size_t at;

	cr_assert_eq(objects_add(s->objects, name, &o, &s->err), 0, "%s",
		     s->err.msg);
	for (; field && *field; field++)
		cr_assert_eq(objects_add_field(s->objects, o, *field,
					       VALUE_UNKNOWN, OBJECT_INFERRED,
					       &at, &s->err), 0, "%s",
			     s->err.msg);
	return o;
}

int64_t
sample_ask(struct sample_store *s, const char *sql)
{
	int64_t n;

	cr_assert_eq(store_ask(s->st, &n, -1, &s->err, sql, ""), 0, "%s: %s",
		     sql, s->err.msg);
	return n;
}

void
sample_mark(struct sample_store *s, const struct object *o, int64_t row,
	    const char *id, const uint8_t print[static LOADED_PRINT])
{
	struct loaded_mark mark = { .row = row, .stamp = LOADED_NO_STAMP };

	memcpy(mark.id, id, LOADED_ID);
	memcpy(mark.print, print, LOADED_PRINT);
	cr_assert_eq(loaded_put(s->st, o->object, &mark, &s->err), 0, "%s",
		     s->err.msg);
}
