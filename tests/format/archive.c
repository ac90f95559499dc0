#include "format/archive.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct buf_sink {
	struct file_sink sink;
	struct buf buf;
};

static int
to_buf(struct file_sink *s, const void *data, size_t len, struct err *err)
{
	(void)err;
	buf_add(&((struct buf_sink *)s)->buf, data, len);
	return 0;
}

/* Two members: one of 5 bytes, one of exactly a block. */
static void
two_members(struct buf_sink *out)
{
	struct err err = { 0 };
	char block[ARCHIVE_BLOCK];

	memset(block, 'b', sizeof block);
	*out = (struct buf_sink){ { to_buf }, BUF_INIT };
	cr_assert_eq(archive_put(&out->sink, "a", "hello", 5, &err), 0);
	cr_assert_eq(archive_put(&out->sink, "files/b", block, sizeof block,
				 &err), 0);
	cr_assert_eq(archive_end(&out->sink, &err), 0);
}

/* How many members are read before 0, or -1 with err filled. */
static int
read_all(const void *data, size_t len, struct err *err)
{
	struct file_memory from;
	char name[ARCHIVE_NAME], body[ARCHIVE_BLOCK];
	int got, count = 0;
	size_t size;

	file_from_memory(&from, data, len);
	while ((got = archive_next(&from.source, name, &size, sizeof body,
				   err)) > 0) {
		if (archive_body(&from.source, body, size, err) < 0)
			return -1;
		count++;
	}
	return got < 0 ? -1 : count;
}

Test(archive, is_read_as_it_was_written)
{
	struct buf_sink a;
	struct err err = { 0 };

	two_members(&a);
	cr_expect_eq(a.buf.len, 6 * ARCHIVE_BLOCK);
	cr_expect_eq(read_all(a.buf.data, a.buf.len, &err), 2, "%s", err.msg);
	buf_release(&a.buf);
}

Test(archive, has_one_spelling_to_the_byte)
{
	struct buf_sink a;
	struct err err;

	two_members(&a);
	for (size_t i = 0; i < a.buf.len; i++) {
		bool body = (i >= 512 && i < 517) || (i >= 1536 && i < 2048);

		a.buf.data[i] ^= 1;
		cr_expect_eq(read_all(a.buf.data, a.buf.len, &err),
			     body ? 2 : -1, "byte %zu", i);
		a.buf.data[i] ^= 1;
		cr_expect_eq(read_all(a.buf.data, i, &err), -1, "cut %zu", i);
	}
	buf_add_byte(&a.buf, 0);
	cr_expect_eq(read_all(a.buf.data, a.buf.len, &err), -1);
	cr_expect_not_null(strstr(err.msg, "follows the end"));
	buf_release(&a.buf);
}

Test(archive, the_header_is_the_one_of_the_page)
{
	uint8_t block[ARCHIVE_BLOCK];
	char want[ARCHIVE_BLOCK] = { 0 };

	/* FORMAT.md, section 1; the sum is GNU tar's for the same member. */
	memcpy(want, "manifest.json", 13);
	memcpy(want + 100, "0000644\0000000000\0000000000\000", 24);
	memcpy(want + 124, "00000000005\00000000000000\000011701\0 0", 33);
	memcpy(want + 257, "ustar\00000", 8);
	memcpy(want + 329, "0000000\0000000000\0", 16);
	archive_header(block, "manifest.json", 5);
	cr_expect_arr_eq(block, want, sizeof block);
}

Test(archive, refuses_a_member_larger_than_may_be)
{
	struct buf_sink a = { { to_buf }, BUF_INIT };
	struct err err = { 0 };
	char body[ARCHIVE_BLOCK + 1] = { 0 };

	cr_assert_eq(archive_put(&a.sink, "big", body, sizeof body, &err), 0);
	cr_assert_eq(archive_end(&a.sink, &err), 0);
	cr_expect_eq(read_all(a.buf.data, a.buf.len, &err), -1);
	cr_expect_not_null(strstr(err.msg, "at most 512"), "%s", err.msg);
	buf_release(&a.buf);
}
