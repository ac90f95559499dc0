#include "format/gzip.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static int
inflate(const struct buf *stored, size_t size, struct err *err)
{
	struct buf out = BUF_INIT;
	int rc = gzip_inflate(&out, size, stored->data, stored->len, err);

	cr_expect_leq(out.len, size + 1);
	buf_release(&out);
	return rc;
}

Test(gzip, round_trips_every_kind_of_content)
{
	static const size_t sizes[] = { 0, 1, 100, 65535, LIMIT_MEMBER };
	uint8_t *content = malloc(LIMIT_MEMBER);
	uint32_t random = 1;

	cr_assert_not_null(content);
	for (unsigned turn = 0; turn < 4; turn++) {
		enum gzip_effort effort = turn & 2 ? GZIP_SOON : GZIP_SMALL;
		bool noisy = turn & 1;

		for (size_t i = 0; i < LIMIT_MEMBER; i++) {
			random = random * 1664525 + 1013904223;
			content[i] = noisy ? (uint8_t)(random >> 24) :
					     (uint8_t)(i / 1000);
		}
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			struct buf stored = BUF_INIT, back = BUF_INIT;
			struct err err = { 0 };

			cr_assert_eq(gzip_deflate(&stored, content, sizes[i],
						  effort, &err), 0);
			cr_expect_leq(stored.len, LIMIT_STORED);
			cr_assert_eq(gzip_inflate(&back, sizes[i], stored.data,
						  stored.len, &err), 0, "%s",
				     err.msg);
			cr_expect_eq(back.len, sizes[i]);
			cr_expect_eq(memcmp(back.data, content, sizes[i]), 0);
			buf_release(&stored);
			buf_release(&back);
		}
	}
	free(content);
}

Test(gzip, refuses_other_sizes_than_signed_and_anything_after)
{
	struct buf stored = BUF_INIT;
	struct err err = { 0 };

	cr_assert_eq(gzip_deflate(&stored, "0123456789", 10, GZIP_SMALL, &err), 0);
	cr_expect_eq(inflate(&stored, 10, &err), 0);
	cr_expect_eq(inflate(&stored, 9, &err), -1);
	cr_expect_not_null(strstr(err.msg, "more than the 9"), "%s", err.msg);
	cr_expect_eq(inflate(&stored, 11, &err), -1);
	cr_expect_not_null(strstr(err.msg, "10 bytes where 11"), "%s",
			   err.msg);
	buf_add_byte(&stored, 0);
	cr_expect_eq(inflate(&stored, 10, &err), -1);
	cr_expect_not_null(strstr(err.msg, "1 bytes follow"), "%s", err.msg);
	buf_release(&stored);
}

Test(gzip, refuses_every_cut_and_every_other_header)
{
	struct buf stored = BUF_INIT;
	struct err err = { 0 };

	cr_assert_eq(gzip_deflate(&stored, "hello, hello", 12, GZIP_SOON, &err), 0);
	for (size_t n = 0; n < stored.len; n++) {
		struct buf cut = { stored.data, n, n, false };

		cr_expect_eq(gzip_inflate(&(struct buf)BUF_INIT, 0, cut.data,
					  0, &err), -1);
		cr_expect_eq(inflate(&cut, 12, &err), -1, "cut at %zu", n);
		cr_expect_eq(err.kind, ERR_REFUSED);
	}
	for (size_t i = 0; i < 10; i++) {
		stored.data[i] ^= 1;
		cr_expect_eq(inflate(&stored, 12, &err), -1);
		stored.data[i] ^= 1;
	}
	buf_release(&stored);
}

/* A megabyte of zeros stored in a kilobyte stops at what was signed. */
Test(gzip, a_bomb_stops_at_its_signed_size)
{
	uint8_t *zeros = calloc(1, LIMIT_MEMBER);
	struct buf stored = BUF_INIT, out = BUF_INIT;
	struct err err = { 0 };

	cr_assert_not_null(zeros);
	cr_assert_eq(gzip_deflate(&stored, zeros, LIMIT_MEMBER, GZIP_SOON,
				  &err), 0);
	cr_expect_lt(stored.len, 8 * KIB);
	cr_expect_eq(gzip_inflate(&out, 1000, stored.data, stored.len, &err),
		     -1);
	cr_expect_lt(out.cap, 4 * KIB, "no more memory than was signed");
	buf_release(&stored);
	buf_release(&out);
	free(zeros);
}
