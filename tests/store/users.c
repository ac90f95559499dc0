#include "store/users.h"

#include <criterion/criterion.h>
#include <string.h>

#include "store/sample.h"

TestSuite(users, .init = sample_folder, .fini = sample_no_folder);

Test(users, rights_have_words)
{
	static const struct {
		const char *word;
		unsigned right;
	} cases[] = {
		{ "manage", USERS_MANAGE }, { "forward", USERS_FORWARD },
		{ "accept", USERS_ACCEPT }, { "all", 7 },
		{ "", 0 }, { "Manage", 0 }, { "read", 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(users_right(cases[i].word), cases[i].right, "%s",
			     cases[i].word);
}

Test(users, names_are_plain_and_free)
{
	static const struct {
		const char *name, *mail;
		int rc;
	} cases[] = {
		{ "Anna", "anna@acme.example", 0 },
		{ "Zo\xc3\xab", "", 0 },
		{ "anna", "", -1 },
		{ "", "", -1 },
		{ "a\nb", "", -1 },
		{ "Bert", "a\nb", -1 },
		{ "Connection User", "", -1 },
		{ "connection USER", "", -1 },
	};
	struct sample_store s;
	char long_name[LIMIT_TEXT + 2];

	sample_open(&s);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		s.err.kind = ERR_NONE;
		cr_expect_eq(users_add(s.st, cases[i].name, cases[i].mail,
				       &s.err), cases[i].rc, "%s",
			     cases[i].name);
		cr_expect_eq(s.err.kind, cases[i].rc ? ERR_USAGE : ERR_NONE);
	}
	memset(long_name, 'a', sizeof long_name);
	long_name[LIMIT_TEXT + 1] = 0;
	cr_expect_eq(users_add(s.st, long_name, "", &s.err), -1);
	long_name[LIMIT_TEXT] = 0;
	cr_expect_eq(users_add(s.st, long_name, "", &s.err), 0);
	sample_close(&s);
}

static const struct {
	const char *name, *mail;
	unsigned rights;
} people[] = {
	{ "anna", "a@acme.example", USERS_MANAGE | USERS_ACCEPT },
	{ "Bert", "", USERS_FORWARD },
	{ "Carl", "", 0 },
};

static int
see(void *ctx, const struct users_person *p, struct err *err)
{
	size_t *i = ctx;

	cr_assert_lt(*i, sizeof people / sizeof *people);
	cr_expect_str_eq(p->name, people[*i].name);
	cr_expect_str_eq(p->mail, people[*i].mail);
	cr_expect_eq(p->rights, people[*i].rights, "%s", p->name);
	cr_expect(p->active);
	++*i;
	return *i == 2 && err->kind == ERR_USAGE ? -1 : 0;
}

Test(users, rights_are_given_and_taken_one_by_one)
{
	struct sample_store s;
	size_t seen = 0;

	sample_open(&s);
	for (size_t i = 3; i-- > 0;)
		cr_assert_eq(users_add(s.st, people[i].name, people[i].mail,
				       &s.err), 0);
	cr_expect_eq(users_grant(s.st, "ANNA", 7, &s.err), 0);
	cr_expect_eq(users_revoke(s.st, "Anna", USERS_FORWARD, &s.err), 0);
	cr_expect_eq(users_grant(s.st, "Bert", USERS_FORWARD, &s.err), 0);
	cr_expect_eq(users_grant(s.st, "Bert", USERS_FORWARD, &s.err), 0);
	cr_expect_eq(users_revoke(s.st, "Carl", 7, &s.err), 0);
	cr_expect_eq(users_each(s.st, see, &seen, &s.err), 0);
	cr_expect_eq(seen, 3);

	cr_expect_eq(users_grant(s.st, "Dora", 1, &s.err), -1);
	cr_expect_eq(s.err.kind, ERR_USAGE);
	cr_expect_eq(users_revoke(s.st, "Dora", 1, &s.err), -1);
	seen = 0;
	cr_expect_eq(users_each(s.st, see, &seen, &s.err), -1, "it stops");
	cr_expect_eq(seen, 2);
	sample_close(&s);
}
