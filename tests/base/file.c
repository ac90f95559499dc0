#include "base/file.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each test works in a new folder of its own, and Criterion forks for each. */
static void
own_folder(void)
{
	char dir[] = "/tmp/orgferry-test-XXXXXX";

	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
}

static void
remove_folder(void)
{
	char here[256];

	cr_assert_not_null(getcwd(here, sizeof here));
	cr_assert_eq(chdir("/"), 0);
	char cmd[300];
	(void)snprintf(cmd, sizeof cmd, "rm -rf '%s'", here);
	cr_assert_eq(system(cmd), 0);
}

TestSuite(file, .init = own_folder, .fini = remove_folder);

static size_t
names_here(void)
{
	struct err err = { 0 };
	char **names;
	size_t count;

	cr_assert_eq(file_names(&names, &count, ".", &err), 0);
	file_names_free(names, count);
	return count;
}

Test(file, appears_whole_or_not_at_all)
{
	struct file_out out;
	struct buf back = BUF_INIT;
	struct err err = { 0 };

	cr_assert_eq(file_begin(&out, "a.csv", FILE_NEW, &err), 0);
	cr_assert_eq(file_write(&out, "half", 4, &err), 0);
	cr_expect_neq(access("a.csv", F_OK), 0, "not before the commit");
	file_abandon(&out);
	cr_expect_eq(names_here(), 0, "an abandoned file leaves nothing");

	cr_assert_eq(file_put("a.csv", FILE_NEW, "whole", 5, &err), 0);
	cr_assert_eq(file_read(&back, "a.csv", 5, &err), 0);
	cr_expect_arr_eq(back.data, "whole", 5);
	cr_expect_eq(names_here(), 1);
	buf_release(&back);
}

Test(file, refuses_a_name_that_is_taken)
{
	struct err err = { 0 };

	cr_assert_eq(file_put("a", FILE_NEW, "1", 1, &err), 0);
	cr_expect_eq(file_put("a", FILE_NEW, "2", 1, &err), -1);
	cr_expect_eq(err.kind, ERR_USAGE);
	cr_expect_eq(file_put("a", FILE_REPLACE, "2", 1, &err), 0);
	cr_assert_eq(mkdir("d", 0700), 0);
	cr_assert_eq(symlink("a", "l"), 0);
	cr_assert_eq(mkfifo("p", 0600), 0);
	cr_expect_eq(file_put("d", FILE_REPLACE, "2", 1, &err), -1);
	cr_expect_eq(file_put("l", FILE_REPLACE, "2", 1, &err), -1);
	cr_expect_eq(file_put("p", FILE_REPLACE, "2", 1, &err), -1);
	cr_expect_eq(file_put("d/", FILE_NEW, "2", 1, &err), -1);
	cr_expect_eq(file_put("none/a", FILE_NEW, "2", 1, &err), -1);
	cr_expect_eq(names_here(), 4);
}

Test(file, reads_only_regular_files_and_no_more_than_allowed)
{
	struct buf b = BUF_INIT;
	struct err err = { 0 };

	cr_assert_eq(file_put("a", FILE_NEW, "12345", 5, &err), 0);
	cr_expect_eq(file_read(&b, "a", 4, &err), -1);
	cr_expect_eq(err.kind, ERR_REFUSED);
	cr_assert_eq(mkdir("Account.csv", 0700), 0);
	cr_expect_eq(file_read(&b, "Account.csv", 4, &err), -1);
	cr_expect_str_eq(err.msg, "'Account.csv': is a folder, not a file");
	cr_assert_eq(mkfifo("p", 0600), 0);
	cr_expect_eq(file_read(&b, "p", 4, &err), -1, "and does not hang");
	cr_expect_eq(file_read(&b, "none", 4, &err), -1);
	cr_expect_eq(err.kind, ERR_SYSTEM);
	cr_expect_str_eq(err.msg,
			 "'none': cannot open: No such file or directory");
	buf_release(&b);
}

Test(file, a_secret_is_for_its_owner_alone)
{
	struct err err = { 0 };

	cr_assert_eq(file_put("k", FILE_NEW_SECRET, "s", 1, &err), 0);
	for (mode_t mode = 0; mode <= 0777; mode++) {
		struct buf b = BUF_INIT;
		int want = (mode & 0077) == 0 &&
			   ((mode & 0400) || geteuid() == 0) ? 0 : -1;

		cr_assert_eq(chmod("k", mode), 0);
		cr_expect_eq(file_read_secret(&b, "k", 10, &err), want,
			     "mode %03o", mode);
		buf_release(&b);
	}
	cr_assert_eq(chmod("k", 0600), 0);
	cr_assert_eq(symlink("k", "l"), 0);
	struct buf b = BUF_INIT;
	cr_expect_eq(file_read_secret(&b, "l", 10, &err), -1);
	cr_expect_eq(err.kind, ERR_REFUSED);
	buf_release(&b);
}

Test(file, takes_exactly_what_is_asked)
{
	struct file_in in = FILE_IN_INIT;
	struct err err = { 0 };
	char got[4];

	cr_assert_eq(file_put("a", FILE_NEW, "12345", 5, &err), 0);
	cr_assert_eq(file_open(&in, "a", &err), 0);
	cr_expect_eq(in.size, 5);
	cr_expect_eq(file_take(&in.source, got, 4, &err), 1);
	cr_expect_eq(file_take(&in.source, got, 4, &err), -1, "cut short");
	cr_expect_eq(err.kind, ERR_REFUSED);
	cr_expect_eq(file_take(&in.source, got, 4, &err), 0, "at the end");
	file_close(&in);
}

Test(file, a_spool_has_no_name)
{
	struct err err = { 0 };
	int fd = file_spool("out.ferry", &err);

	cr_assert_geq(fd, 0);
	cr_expect_eq(names_here(), 0);
	cr_expect_eq(file_write_fd(fd, "x", 1, "out.ferry", &err), 0);
	(void)close(fd);
}

Test(file, names_are_sorted_by_byte)
{
	struct err err = { 0 };
	char **names;
	size_t count;

	(void)file_put("b", FILE_NEW, "", 0, &err);
	(void)file_put("B", FILE_NEW, "", 0, &err);
	(void)file_put(".a", FILE_NEW, "", 0, &err);
	cr_assert_eq(file_names(&names, &count, ".", &err), 0);
	cr_assert_eq(count, 3);
	cr_expect_str_eq(names[0], ".a");
	cr_expect_str_eq(names[1], "B");
	cr_expect_str_eq(names[2], "b");
	file_names_free(names, count);
	cr_expect_eq(file_names(&names, &count, "none", &err), -1);
}

Test(file, knows_safe_names)
{
	static const char *good[] = { "a", "Account.csv", "0-1_Z" };
	static const char *bad[] = { "", ".", "..", ".x", "a/b", "a\\b",
				     "a b", "caf\xc3\xa9", "a\n" };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		cr_expect(file_safe_name(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_expect(!file_safe_name(bad[i], strlen(bad[i])), "%s",
			  bad[i]);
	cr_expect(!file_safe_name("a\0b", 3));
}

Test(file, one_process_holds_the_lock)
{
	struct err err = { 0 };
	int fd = file_lock("lock", &err);

	cr_assert_geq(fd, 0);
	cr_expect_eq(file_lock("lock", &err), -1, "a second open is another");
	cr_expect_eq(err.kind, ERR_SYSTEM);
	(void)close(fd);
	fd = file_lock("lock", &err);
	cr_expect_geq(fd, 0, "a closed lock is free");
	(void)close(fd);
}

Test(file, makes_a_folder_once)
{
	struct err err = { 0 };
	struct stat st;

	cr_assert_eq(file_make_folder("home/", &err), 0);
	cr_assert_eq(stat("home", &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0700);
	cr_expect_eq(file_make_folder("home", &err), -1);
	cr_expect_eq(file_make_folder("no/home", &err), -1);
}

Test(file, sweeps_what_dead_writers_left)
{
	static const char *const gone[] = { ".org.key.12-0.part",
					    ".org.key.7-13.part" };
	static const char *const stays[] = { ".org.key.12-0", "org.key",
					     ".org.key.part", ".other.12-0.part",
					     ".org.key.1x-0.part" };
	struct err err = { 0 };
	struct stat st;

	cr_assert_eq(file_make_folder("keys", &err), 0);
	cr_assert_eq(chdir("keys"), 0);
	for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
		cr_assert_eq(file_put(gone[i], FILE_NEW, "x", 1, &err), 0);
	for (size_t i = 0; i < sizeof stays / sizeof *stays; i++)
		cr_assert_eq(file_put(stays[i], FILE_NEW, "x", 1, &err), 0);
	cr_expect_eq(file_sweep(".", "org.key", &err), 0);
	for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
		cr_expect_eq(stat(gone[i], &st), -1, "%s", gone[i]);
	for (size_t i = 0; i < sizeof stays / sizeof *stays; i++) {
		cr_expect_eq(stat(stays[i], &st), 0, "%s", stays[i]);
		cr_expect_eq(unlink(stays[i]), 0);
	}
	cr_expect_eq(file_sweep("none", "org.key", &err), -1);
	cr_assert_eq(chdir(".."), 0);
	cr_expect_eq(rmdir("keys"), 0);
}

/* What a dead writer left goes; a living one's stays, as does all else. */
Test(file, sweeps_what_the_dead_left)
{
	static const char *const gone[] = { ".x.ferry.1-0.part",
					    ".x.ferry.4194304-17.part" };
	static const char *const stays[] = {
		"x.ferry", ".x.ferry", ".x.ferry.1-0", ".x.ferry.-0.part",
		".x.ferry.1-.part", ".x.ferry.01-0.part", ".x.ferry.1-00.part",
		".x.ferry.1-0.part.part", ".x.ferry.1-0.part2",
		".x.ferry.1.part", ".y.ferry.1-0.part", "x.ferry.1-0.part",
		".x.ferry2.1-0.part", ".ax.ferry.1-0.part",
	};
	const size_t all = sizeof stays / sizeof *stays;
	struct file_out out;
	struct err err = { 0 };

	cr_assert_eq(file_make_folder("out", &err), 0);
	cr_assert_eq(chdir("out"), 0);
	for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
		cr_assert_eq(file_put(gone[i], FILE_NEW, "x", 1, &err), 0);
	for (size_t i = 0; i < all; i++)
		cr_assert_eq(file_put(stays[i], FILE_NEW, "x", 1, &err), 0);
	cr_assert_eq(symlink("x.ferry", ".x.ferry.2-0.part"), 0);
	cr_assert_eq(mkdir(".x.ferry.3-0.part", 0700), 0);
	cr_assert_eq(mkfifo(".x.ferry.4-0.part", 0600), 0);
	cr_assert_eq(file_begin(&out, "x.ferry", FILE_REPLACE, &err), 0);
	file_sweep_dead("x.ferry");
	for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
		cr_expect_neq(access(gone[i], F_OK), 0, "%s", gone[i]);
	for (size_t i = 0; i < all; i++)
		cr_expect_eq(access(stays[i], F_OK), 0, "%s", stays[i]);
	cr_expect_eq(names_here(), all + 4, "a link, a folder, a pipe, ours");
	cr_expect_eq(file_commit(&out, &err), 0, "%s", err.msg);
	cr_assert_eq(chdir(".."), 0);
	cr_assert_eq(file_put("out/.x.ferry.1-0.part", FILE_NEW, "x", 1, &err),
		     0);
	file_sweep_dead("out/x.ferry");
	cr_expect_neq(access("out/.x.ferry.1-0.part", F_OK), 0);
	file_sweep_dead("none/x.ferry");
}

Test(file, tells_a_folder_from_a_file)
{
	struct err err = { 0 };

	cr_expect_eq(file_is_folder("home", &err), 0);
	cr_assert_eq(file_make_folder("home", &err), 0);
	cr_expect_eq(file_is_folder("home", &err), 1);
	cr_assert_eq(file_put("plain", FILE_NEW, "x", 1, &err), 0);
	cr_expect_eq(file_is_folder("plain", &err), -1);
	cr_expect_eq(err.kind, ERR_USAGE);
	cr_expect_eq(file_is_folder("plain/home", &err), -1);
	cr_expect_eq(err.kind, ERR_SYSTEM);
}
