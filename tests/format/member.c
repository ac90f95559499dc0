#include "format/member.h"

#include <criterion/criterion.h>
#include <string.h>

static const char hash64[] = "files/000102030405060708090a0b0c0d0e0f"
			     "101112131415161718191a1b1c1d1e1f.12";

struct name_case {
	const char *name;
	bool valid;
	enum member_group group;
	unsigned number;
};

static const struct name_case cases[] = {
	{ "sender.pub", true, MEMBER_SENDER, 0 },
	{ "published/1.csv.gz", true, MEMBER_PUBLISHED, 1 },
	{ "changes/names-1.csv.gz", true, MEMBER_NAMES, 1 },
	{ "changes/a__c.creates-16384.csv.gz", true, MEMBER_CREATES, 16384 },
	{ "changes/updates-20.csv.gz", true, MEMBER_UPDATES, 20 },
	{ "receipts/ids-3.csv.gz", true, MEMBER_IDS, 3 },
	{ "receipts/refused-1.csv.gz", true, MEMBER_REFUSED, 1 },
	{ "files/index-2.csv.gz", true, MEMBER_INDEX, 2 },
	{ hash64, true, MEMBER_PART, 12 },
	{ "", false, 0, 0 },
	{ "sender.pubx", false, 0, 0 },
	{ "published/0.csv.gz", false, 0, 0 },
	{ "published/01.csv.gz", false, 0, 0 },
	{ "published/1.csv.gz ", false, 0, 0 },
	{ "published/100000.csv.gz", false, 0, 0 },
	{ "published/-1.csv.gz", false, 0, 0 },
	{ "changes/.creates-1.csv.gz", false, 0, 0 },
	{ "changes/../x.creates-1.csv.gz", false, 0, 0 },
	{ "changes/1A.creates-1.csv.gz", false, 0, 0 },
	{ "changes/A/B.creates-1.csv.gz", false, 0, 0 },
	{ "changes/A.deletes-1.csv.gz", false, 0, 0 },
	{ "changes/A.names-1.csv.gz", false, 0, 0 },
	{ "changes/A.updates-1.csv.gz", false, 0, 0 },
	{ "changes/creates-1.csv.gz", false, 0, 0 },
	{ "changes/A.creates-1.csv", false, 0, 0 },
	{ "changes/names-1.csv", false, 0, 0 },
	{ "Changes/A.creates-1.csv.gz", false, 0, 0 },
	{ "/etc/passwd", false, 0, 0 },
	{ "files/00.1", false, 0, 0 },
	{ "files/000102030405060708090A0B0C0D0E0F"
	  "101112131415161718191A1B1C1D1E1F.12", false, 0, 0 },
};

Test(member, names_are_read_as_they_are_spelled)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct name_case *c = &cases[i];
		char again[ARCHIVE_NAME];
		struct member_name m;

		cr_expect_eq(member_parse(&m, c->name), c->valid, "%s",
			     c->name);
		if (!c->valid)
			continue;
		cr_expect_eq(m.group, c->group, "%s", c->name);
		cr_expect_eq(m.number, c->number, "%s", c->name);
		member_spell(again, &m);
		cr_expect_str_eq(again, c->name);
	}
}

Test(member, the_longest_object_name_fits_a_header)
{
	struct member_name m = { .group = MEMBER_CREATES, .number = 16384 };
	char spelled[ARCHIVE_NAME];
	struct member_name back;

	memset(m.object, 'A', LIMIT_NAME);
	member_spell(spelled, &m);
	cr_expect_lt(strlen(spelled), ARCHIVE_NAME);
	cr_expect(member_parse(&back, spelled));
	cr_expect_eq(strlen(back.object), LIMIT_NAME);
	cr_expect(!member_api_name("A1234567890123456789012345678901234567890"
				   "123456789012345678901234567890", 71));
}
