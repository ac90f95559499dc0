#include "base/buf.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(buf, grows_and_keeps_what_was_added)
{
	struct buf b = BUF_INIT;
	struct err err = { 0 };

	for (int i = 0; i < 1000; i++)
		buf_addf(&b, "%03d;", i);
	cr_assert_eq(buf_ok(&b, &err), 0);
	cr_assert_eq(b.len, 4000);
	cr_expect_arr_eq(b.data + 3996, "999;", 4);
	cr_expect_str_eq(buf_str(&b) + 3996, "999;");
	cr_expect_eq(b.len, 4000, "the NUL is not counted");
	buf_release(&b);
	cr_expect_null(b.data);
}

Test(buf, stays_failed_once_it_could_not_grow)
{
	struct buf b = BUF_INIT;
	struct err err = { 0 };

	buf_add_str(&b, "kept");
	cr_expect_null(buf_room(&b, SIZE_MAX - 2));
	buf_add_str(&b, "not kept");
	cr_expect_eq(b.len, 4);
	cr_expect_eq(buf_ok(&b, &err), -1);
	cr_expect_eq(err.kind, ERR_SYSTEM);
	cr_expect_str_eq(err.msg, "out of memory");
	buf_release(&b);
}

Test(rd, never_passes_the_end)
{
	struct rd r = rd_of("ab\ncd", 5);
	const uint8_t *at;
	uint64_t n;
	size_t len;

	cr_expect(!rd_take(&r, 6, &at));
	cr_expect(!rd_match_str(&r, "abx"));
	cr_expect(!rd_u64le(&r, &n));
	cr_expect_eq(r.left, 5, "a refused read stays put");
	cr_assert(rd_line(&r, &at, &len));
	cr_expect_eq(len, 2);
	cr_expect(!rd_line(&r, &at, &len), "no LF is left");
	cr_expect(rd_match_str(&r, "cd"));
	cr_expect_eq(r.left, 0);
	cr_expect(rd_take(&r, 0, &at));
	cr_expect(!rd_take(&r, 1, &at));
}

Test(rd, reads_numbers_little_endian)
{
	struct rd r = rd_of("\x01\x02\x00\x00\x00\x00\x00\x80", 8);
	uint64_t n = 0;

	cr_assert(rd_u64le(&r, &n));
	cr_expect_eq(n, UINT64_C(0x8000000000000201));
}

Test(sum, refuses_to_wrap)
{
	size_t s = SIZE_MAX - 1;
	uint64_t u = UINT64_MAX;

	cr_expect(sum_size(&s, 1));
	cr_expect(!sum_size(&s, 1));
	cr_expect(sum_u64(&u, 0));
	cr_expect(!sum_u64(&u, 1));
}

Test(err, names_the_place_before_the_rule)
{
	struct err err = { 0 };

	cr_expect_eq(err_set(&err, ERR_REFUSED, "line %d: no Id", 3), -1);
	cr_expect_eq(err_at(&err, "%s", "Account.csv"), -1);
	cr_expect_str_eq(err.msg, "Account.csv: line 3: no Id");
	cr_expect_eq(err.kind, ERR_REFUSED);
}

Test(err, cuts_what_is_too_long)
{
	struct err err = { 0 };
	char *value = malloc(10000);

	cr_assert_not_null(value);
	memset(value, 'x', 9999);
	value[9999] = 0;
	(void)err_set(&err, ERR_REFUSED, "%s", value);
	(void)err_at(&err, "%s", value);
	cr_expect_eq(strlen(err.msg), LIMIT_MESSAGE - 1);
	free(value);
}
