/*
 * The ustar archive: see archive.h. POSIX.1-2017, pax, "ustar Interchange
 * Format", with every field that carries nothing fixed:
 *
 *	  0 100 name, NULs		257   6 "ustar" NUL
 *	100   8 "0000644" NUL		263   2 "00"
 *	108   8 "0000000" NUL (uid)	265  32 NULs (user)
 *	116   8 "0000000" NUL (gid)	297  32 NULs (group)
 *	124  12 size, 11 octal, NUL	329   8 "0000000" NUL
 *	136  12 "00000000000" NUL	337   8 "0000000" NUL
 *	148   8 sum, 6 octal, NUL, ' '	345 155 NULs (prefix)
 *	156   1 '0'			500  12 NULs
 *	157 100 NULs (link)
 */
#include "format/archive.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void
put_field(uint8_t *block, size_t at, const char *text)
{
	memcpy(block + at, text, strlen(text));
}

void
archive_header(uint8_t out[static ARCHIVE_BLOCK], const char *name,
	       size_t size)
{
	char octal[32];
	unsigned sum = 0;

	memset(out, 0, ARCHIVE_BLOCK);
	put_field(out, 0, name);
	put_field(out, 100, "0000644");
	put_field(out, 108, "0000000");
	put_field(out, 116, "0000000");
	(void)snprintf(octal, sizeof octal, "%011zo", size);
	put_field(out, 124, octal);
	put_field(out, 136, "00000000000");
	put_field(out, 148, "        "); /* blanks while it is summed */
	out[156] = '0';
	put_field(out, 257, "ustar");
	put_field(out, 263, "00");
	put_field(out, 329, "0000000");
	put_field(out, 337, "0000000");
	for (size_t i = 0; i < ARCHIVE_BLOCK; i++)
		sum += out[i];
	(void)snprintf(octal, sizeof octal, "%06o", sum);
	memcpy(out + 148, octal, 7); /* its NUL too; the blank stays */
}

/* How many zeros fill a body's last block. */
static size_t
padding(size_t size)
{
	return (ARCHIVE_BLOCK - size % ARCHIVE_BLOCK) % ARCHIVE_BLOCK;
}

static const uint8_t zeros[ARCHIVE_END];

int
archive_put(struct file_sink *to, const char *name, const void *body,
	    size_t size, struct err *err)
{
	uint8_t block[ARCHIVE_BLOCK];

	archive_header(block, name, size);
	if (to->write(to, block, sizeof block, err) < 0 ||
	    to->write(to, body, size, err) < 0)
		return -1;
	return to->write(to, zeros, padding(size), err);
}

int
archive_end(struct file_sink *to, struct err *err)
{
	return to->write(to, zeros, ARCHIVE_END, err);
}

/* After the first block of zeros: a second one, and nothing more. */
static int
at_end(struct file_source *from, struct err *err)
{
	uint8_t block[ARCHIVE_BLOCK];
	int got = file_take(from, block, sizeof block, err);

	if (got < 0)
		return -1;
	if (got == 0 || memcmp(block, zeros, sizeof block) != 0)
		return err_set(err, ERR_REFUSED, "the archive does not end in "
			       "two blocks of zeros");
	got = file_take(from, block, 1, err);
	if (got > 0)
		return err_set(err, ERR_REFUSED, "something follows the end "
			       "of the archive");
	return got;
}

/* n bytes, which must be there: the end is not due yet. */
static int
take_all(struct file_source *from, void *into, size_t n, struct err *err)
{
	int got = n == 0 ? 1 : file_take(from, into, n, err);

	if (got == 0)
		return err_set(err, ERR_REFUSED, "the archive is cut short: "
			       "copy it again");
	return got < 0 ? -1 : 0;
}

int
archive_next(struct file_source *from, char name[static ARCHIVE_NAME],
	     size_t *size, size_t most, struct err *err)
{
	uint8_t block[ARCHIVE_BLOCK], again[ARCHIVE_BLOCK];
	size_t n = 0;

	if (take_all(from, block, sizeof block, err) < 0)
		return -1;
	if (memcmp(block, zeros, sizeof block) == 0)
		return at_end(from, err);
	/* Take name and size as they seem, then see if they make this block. */
	memcpy(name, block, ARCHIVE_NAME);
	name[ARCHIVE_NAME - 1] = 0;
	for (size_t i = 124; i < 124 + 11; i++)
		n = n * 8 + (size_t)(block[i] & 7);
	archive_header(again, name, n);
	if (name[0] == 0 || memcmp(block, again, sizeof block) != 0)
		return err_set(err, ERR_REFUSED, "a member's header is not "
			       "the one that its name and size have");
	if (n > most)
		return err_set(err, ERR_REFUSED, "member %s: has %zu bytes, "
			       "and at most %zu are allowed", SHOWN(name), n,
			       most);
	*size = n;
	return 1;
}

int
archive_body(struct file_source *from, void *into, size_t size,
	     struct err *err)
{
	uint8_t rest[ARCHIVE_BLOCK] = { 0 };

	if (take_all(from, into, size, err) < 0 ||
	    take_all(from, rest, padding(size), err) < 0)
		return -1;
	if (memcmp(rest, zeros, sizeof rest) != 0)
		return err_set(err, ERR_REFUSED, "a member is padded with "
			       "other than zeros");
	return 0;
}
