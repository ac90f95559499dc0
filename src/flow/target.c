/*
 * Records of a bundle by number: see target.h. They are written in pieces and
 * read in pieces, which most of the next ones are in too.
 */
#include "flow/target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { PIECE = 256 }; /* records: 16 KiB */

struct targets {
	char *folder; /* for messages */
	int fd;
	uint64_t count;	   /* added */
	uint64_t written;  /* of those, in the file */
	struct target last[PIECE]; /* added and not written yet */
	uint64_t from;	   /* number of the first of `read`; 0: none */
	size_t have;
	struct target read[PIECE];
};

int
targets_new(struct targets **out, const char *folder, struct err *err)
{
	struct targets *all = calloc(1, sizeof *all);

	*out = NULL;
	if (!all)
		return err_memory(err);
	all->fd = -1;
	all->folder = strdup(folder);
	if (!all->folder)
		(void)err_memory(err);
	else
		all->fd = file_spool(folder, err);
	if (all->fd < 0) {
		targets_free(all);
		return -1;
	}
	*out = all;
	return 0;
}

void
targets_free(struct targets *all)
{
	if (!all)
		return;
	if (all->fd >= 0)
		(void)close(all->fd);
	free(all->folder);
	free(all);
}

static int
write_out(struct targets *all, struct err *err)
{
	size_t n = (size_t)(all->count - all->written);

	if (n > 0 && file_write_fd(all->fd, all->last, n * sizeof *all->last,
				   all->folder, err) < 0)
		return -1;
	all->written = all->count;
	return 0;
}

int
targets_add(struct targets *all, const struct target *t, struct err *err)
{
	if (all->count - all->written == PIECE && write_out(all, err) < 0)
		return -1;
	all->last[all->count++ - all->written] = *t;
	return 0;
}

/* The piece that has a record, into `read`. */
static int
read_piece(struct targets *all, uint64_t number, struct err *err)
{
	off_t at = (off_t)((number - 1) * sizeof *all->read);
	uint8_t *to = (uint8_t *)all->read;
	size_t got = 0;
	ssize_t n = 1;

	if (write_out(all, err) < 0)
		return -1;
	while (n > 0 && got < sizeof all->read) {
		n = pread(all->fd, to + got, sizeof all->read - got,
			  at + (off_t)got);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			got += (size_t)n;
	}
	if (n < 0)
		return err_sys(err, "%s: cannot read back what it has of the "
			       "bundle", SHOWN(all->folder));
	all->from = number;
	all->have = got / sizeof *all->read;
	return 0;
}

int
targets_get(struct targets *all, uint64_t number, struct target *t,
	    struct err *err)
{
	if (number == 0 || number > all->count)
		return err_set(err, ERR_SYSTEM, "record %llu of the bundle was "
			       "not named", (unsigned long long)number);
	if ((number < all->from || number - all->from >= all->have ||
	     all->from == 0) && read_piece(all, number, err) < 0)
		return -1;
	if (number - all->from >= all->have)
		return err_set(err, ERR_SYSTEM, "%s: what it has of the bundle "
			       "is cut short", SHOWN(all->folder));
	*t = all->read[number - all->from];
	return 0;
}
