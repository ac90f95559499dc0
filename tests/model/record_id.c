#include "base/text.h"
#include "model/record_id.h"

#include <criterion/criterion.h>
#include <string.h>

struct id_case {
	const char *s;
	enum record_id_state state;
	const char *full;
};

static const struct id_case ids[] = {
	/* real ones, short */
	{ "a01M00000062mPg", RECORD_ID_OK, "a01M00000062mPgIAI" },
	{ "001M000000qfPyS", RECORD_ID_OK, "001M000000qfPySIAU" },
	{ "a0FE000000D6r3F", RECORD_ID_OK, "a0FE000000D6r3FMAR" },
	{ "0F9E000000092w2", RECORD_ID_OK, "0F9E000000092w2KAA" },
	{ "a0RE000000IJmcN", RECORD_ID_OK, "a0RE000000IJmcNMAT" },
	{ "500x000000003TR", RECORD_ID_OK, "500x000000003TRAAY" },
	/* every check character: none, one, all capitals in each group */
	{ "001000000000001", RECORD_ID_OK, "001000000000001AAA" },
	{ "aaaaaaaaaaaaaaa", RECORD_ID_OK, "aaaaaaaaaaaaaaaAAA" },
	{ "ZZZZZZZZZZZZZZZ", RECORD_ID_OK, "ZZZZZZZZZZZZZZZ555" },
	{ "Aaaaa0A00000A00", RECORD_ID_OK, "Aaaaa0A00000A00BCE" },
	{ "000A00000ZabYcd", RECORD_ID_OK, "000A00000ZabYcdIQE" },
	{ "0ABCD00000zzzzZ", RECORD_ID_OK, "0ABCD00000zzzzZ4AQ" },
	/* long: right, wrong, and as Excel or a mailer may leave it */
	{ "001M000000qfPySIAU", RECORD_ID_OK, "001M000000qfPySIAU" },
	{ "001M000000qfPySIAV", RECORD_ID_CHECK, "001M000000qfPySIAV" },
	{ "001M000000qfPySJAU", RECORD_ID_CHECK, "001M000000qfPySJAU" },
	{ "001m000000qfpysiau", RECORD_ID_CHECK, "001m000000qfpysiau" },
	{ "001M000000qfPySiau", RECORD_ID_CHECK, "001M000000qfPySiau" },
	{ "123456789012345678", RECORD_ID_CHECK, "123456789012345678" },
	/* not ids */
	{ "", RECORD_ID_NONE, "" },
	{ "001M000000qfPy", RECORD_ID_NONE, "" },
	{ "001M000000qfPySI", RECORD_ID_NONE, "" },
	{ "001M000000qfPySIA", RECORD_ID_NONE, "" },
	{ "001M000000qfPySIAU0", RECORD_ID_NONE, "" },
	{ "001M000000qfP S", RECORD_ID_NONE, "" },
	{ "001M000000qfP_S", RECORD_ID_NONE, "" },
	{ "001M000000qfP@S", RECORD_ID_NONE, "" },
	{ "001M000000qfP[S", RECORD_ID_NONE, "" },
	{ "001M000000qfP`S", RECORD_ID_NONE, "" },
	{ "001M000000qfP{S", RECORD_ID_NONE, "" },
	{ "001M000000qfP/S", RECORD_ID_NONE, "" },
	{ "001M000000qfP:S", RECORD_ID_NONE, "" },
	{ "001M000000qf\xc3\xa9S", RECORD_ID_NONE, "" },
	{ "001M000000qfPySIA-", RECORD_ID_NONE, "" },
};

Test(record_id, makes_eighteen_of_fifteen)
{
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		const struct id_case *c = &ids[i];
		char full[RECORD_ID + 1] = "untouched";

		cr_expect_eq(record_id_full(full, c->s, strlen(c->s)), c->state,
			     "%s", c->s);
		cr_expect_str_eq(full, c->full, "%s gave %s", c->s, full);
	}
}

Test(record_id, a_nul_is_no_digit)
{
	char full[RECORD_ID + 1];

	cr_expect_eq(record_id_full(full, "001M000000qfP\0S", 15),
		     RECORD_ID_NONE);
}

/* The first of five is the lowest bit. */
Test(record_id, each_pattern_of_capitals_has_its_character)
{
	for (unsigned bits = 0; bits < 32; bits++) {
		char id[] = "xxxxxxxxxxxxxxx", check[3];
		char want = (char)(bits < 26 ? 'A' + bits : '0' + bits - 26);

		for (unsigned i = 0; i < 5; i++)
			if (bits >> i & 1)
				id[5 + i] = 'Q';
		text_id_check(check, id);
		cr_expect_eq(check[0], 'A');
		cr_expect_eq(check[1], want, "%s", id);
		cr_expect_eq(check[2], 'A');
	}
}

Test(record_id, knows_the_null_id)
{
	cr_expect(record_id_is_null("000000000000000AAA", 18));
	cr_expect(record_id_is_null("000000000000000", 15));
	cr_expect(!record_id_is_null("", 0));
	cr_expect(!record_id_is_null("000000000000000AA", 17));
	cr_expect(!record_id_is_null("000000000000000AAB", 18));
	cr_expect(!record_id_is_null("000000000000001AAA", 18));
	cr_expect(!record_id_is_null("000000000000000aaa", 18));
	cr_expect(!record_id_is_null("0000000000000000", 16));
}
