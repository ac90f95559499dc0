/* Files: see file.h. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

int
file_take(struct file_source *s, void *into, size_t n, struct err *err)
{
	uint8_t *at = into;
	size_t have = 0;

	while (have < n) {
		ptrdiff_t got = s->read(s, at + have, n - have, err);

		if (got < 0)
			return -1;
		if (got == 0 && have == 0)
			return 0;
		if (got == 0)
			return err_set(err, ERR_REFUSED, "the file is cut "
				       "short: copy it again");
		have += (size_t)got;
	}
	return 1;
}

static ptrdiff_t
memory_read(struct file_source *s, void *into, size_t n, struct err *err)
{
	struct file_memory *m = (struct file_memory *)s;
	const uint8_t *at;

	(void)err;
	if (n > m->rd.left)
		n = m->rd.left;
	if (n > 0 && rd_take(&m->rd, n, &at))
		memcpy(into, at, n);
	return (ptrdiff_t)n;
}

void
file_from_memory(struct file_memory *m, const void *data, size_t len)
{
	*m = (struct file_memory){ { memory_read }, rd_of(data, len) };
}

static ptrdiff_t
file_in_read(struct file_source *s, void *into, size_t n, struct err *err)
{
	struct file_in *in = (struct file_in *)s;
	ssize_t got;

	do
		got = read(in->fd, into, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(err, "cannot read");
	return got;
}

/* Open and look at what was opened. */
static int
open_regular(const char *path, int flags, struct stat *st, struct err *err)
{
	/* O_NONBLOCK, so that a FIFO without a writer does not hang us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);

	if (fd < 0)
		return err_sys(err, "%s: cannot open", SHOWN(path));
	if (fstat(fd, st) < 0) {
		(void)err_sys(err, "%s: cannot look at it", SHOWN(path));
		(void)close(fd);
		return -1;
	}
	if (!S_ISREG(st->st_mode)) {
		(void)close(fd);
		return err_set(err, ERR_REFUSED, "%s: is %s, not a file",
			       SHOWN(path),
			       S_ISDIR(st->st_mode) ? "a folder" :
						      "a device or a pipe");
	}
	return fd;
}

int
file_open(struct file_in *in, const char *path, struct err *err)
{
	struct stat st;
	int fd = open_regular(path, 0, &st, err);

	if (fd < 0)
		return -1;
	*in = (struct file_in){ { file_in_read }, fd, (uint64_t)st.st_size };
	return 0;
}

void
file_close(struct file_in *in)
{
	if (in->fd >= 0)
		(void)close(in->fd);
	*in = (struct file_in)FILE_IN_INIT;
}

int
file_rewind(struct file_in *in, struct err *err)
{
	if (lseek(in->fd, 0, SEEK_SET) < 0)
		return err_sys(err, "cannot go back to the start");
	return 0;
}

/* All that fd still gives, at most cap bytes. Closes fd. */
static int
slurp(struct buf *out, int fd, const char *path, size_t cap, struct err *err)
{
	struct file_in in = { { file_in_read }, fd, 0 };
	size_t had = out->len;
	int rc = -1;

	for (;;) {
		uint8_t *at = buf_room(out, 64 * KIB);
		ptrdiff_t got;

		if (!at) {
			(void)err_memory(err);
			break;
		}
		got = in.source.read(&in.source, at, 64 * KIB, err);
		if (got < 0) {
			(void)err_at(err, "%s", SHOWN(path));
			break;
		}
		if (got == 0) {
			rc = 0;
			break;
		}
		out->len += (size_t)got;
		if (out->len - had > cap) {
			(void)err_set(err, ERR_REFUSED, "%s: longer than the "
				      "%zu bytes that such a file may have",
				      SHOWN(path), cap);
			break;
		}
	}
	file_close(&in);
	return rc;
}

int
file_read(struct buf *out, const char *path, size_t cap, struct err *err)
{
	struct stat st;
	int fd = open_regular(path, 0, &st, err);

	return fd < 0 ? -1 : slurp(out, fd, path, cap, err);
}

int
file_read_secret(struct buf *out, const char *path, size_t cap,
		 struct err *err)
{
	struct stat st;
	int fd = open_regular(path, O_NOFOLLOW, &st, err);

	if (fd < 0) {
		if (errno == ELOOP)
			return err_set(err, ERR_REFUSED, "%s: is a symbolic "
				       "link; a secret key must be a file "
				       "of its own", SHOWN(path));
		return -1;
	}
	if ((st.st_mode & 0077) != 0 || st.st_uid != geteuid()) {
		(void)close(fd);
		return err_set(err, ERR_REFUSED, "%s: others may read this "
			       "secret key, so it is not used; mend it with: "
			       "chmod 600 %s", SHOWN(path), SHOWN(path));
	}
	/* Room for all of it at once: growing would leave copies behind. */
	if (!buf_room(out, cap + 128 * KIB)) {
		(void)close(fd);
		return err_memory(err);
	}
	return slurp(out, fd, path, cap, err);
}

int
file_write_fd(int fd, const void *data, size_t len, const char *path,
	 struct err *err)
{
	const uint8_t *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "%s: cannot write", SHOWN(path));
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

char *
file_join(const char *folder, const char *name)
{
	size_t len = strlen(folder) + 1 + strlen(name) + 1;
	char *path = malloc(len);

	if (path)
		(void)snprintf(path, len, "%s/%s", folder, name);
	return path;
}

/* The folder that a path's last name lies in, and that name. */
static int
split_path(const char *path, char **folder, const char **name,
	   struct err *err)
{
	const char *slash = strrchr(path, '/');

	*name = slash ? slash + 1 : path;
	if (**name == 0 || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
		return err_set(err, ERR_USAGE, "%s: names no file",
			       SHOWN(path));
	if (!slash)
		*folder = strdup(".");
	else if (slash == path)
		*folder = strdup("/");
	else
		*folder = strndup(path, (size_t)(slash - path));
	return *folder ? 0 : err_memory(err);
}

/* Whether the name that a file is to have may be given to it. */
static int
may_take_name(const struct file_out *out, struct err *err)
{
	struct stat st;

	if (fstatat(out->dir, out->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_sys(err, "%s: cannot look at it",
			       SHOWN(out->path));
	}
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE, "%s: is there already and is "
			       "no plain file; name a new file",
			       SHOWN(out->path));
	if (!out->replace)
		return err_set(err, ERR_USAGE, "%s: is there already; name a "
			       "new file or remove it first",
			       SHOWN(out->path));
	return 0;
}

/*
 * A writer holds its temporary file locked, so that one that is swept is known
 * to be nobody's: a process id says nothing in a folder that machines or
 * containers share. Where locks cannot be had, nothing is swept either. False
 * where a sweeper was there between our opening and our lock.
 */
static bool
hold_temp(int fd)
{
	struct stat st;

	(void)flock(fd, LOCK_EX | LOCK_NB);
	return fstat(fd, &st) < 0 || st.st_nlink > 0;
}

/* Open a new file with a name of our making beside the one it is to have. */
static int
open_temp(struct file_out *out, mode_t mode, struct err *err)
{
	size_t len = strlen(out->name) + 48;

	out->temp = malloc(len);
	if (!out->temp)
		return err_memory(err);
	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(out->temp, len, ".%.200s.%ld-%u.part", out->name,
			       (long)getpid(), i);
		out->fd = openat(out->dir, out->temp,
				 O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
					 O_CLOEXEC, mode);
		if (out->fd >= 0 && hold_temp(out->fd))
			return 0;
		if (out->fd >= 0)
			(void)close(out->fd);
		else if (errno != EEXIST)
			break;
		out->fd = -1;
	}
	free(out->temp);
	out->temp = NULL;
	return err_sys(err, "%s: cannot make a file in its folder",
		       SHOWN(out->path));
}

static int
sink_write(struct file_sink *s, const void *data, size_t len, struct err *err)
{
	return file_write((struct file_out *)s, data, len, err);
}

int
file_begin(struct file_out *out, const char *path, enum file_mode mode,
	   struct err *err)
{
	char *folder = NULL;
	const char *name;
	int rc = -1;

	*out = (struct file_out)FILE_OUT_INIT;
	out->sink.write = sink_write;
	out->replace = mode == FILE_REPLACE;
	if (split_path(path, &folder, &name, err) < 0)
		goto out;
	out->name = strdup(name);
	out->path = strdup(path);
	if (!out->name || !out->path) {
		(void)err_memory(err);
		goto out;
	}
	out->dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->dir < 0) {
		(void)err_sys(err, "%s: cannot open the folder",
			      SHOWN(folder));
		goto out;
	}
	if (may_take_name(out, err) < 0 ||
	    open_temp(out, mode == FILE_NEW_SECRET ? 0600 : 0666, err) < 0)
		goto out;
	rc = 0;
out:
	if (rc < 0)
		file_abandon(out);
	free(folder);
	return rc;
}

int
file_write(struct file_out *out, const void *data, size_t len,
	   struct err *err)
{
	out->size += len;
	return file_write_fd(out->fd, data, len, out->path, err);
}

int
file_commit(struct file_out *out, struct err *err)
{
	int fd = out->fd, rc = -1;

	if (fsync(fd) < 0) {
		(void)err_sys(err, "%s: cannot sync it to the disk",
			      SHOWN(out->path));
		goto out;
	}
	out->fd = -1;
	if (close(fd) < 0) {
		(void)err_sys(err, "%s: cannot close it", SHOWN(out->path));
		goto out;
	}
	if (may_take_name(out, err) < 0)
		goto out;
	if (renameat(out->dir, out->temp, out->dir, out->name) < 0) {
		(void)err_sys(err, "%s: cannot give the file its name",
			      SHOWN(out->path));
		goto out;
	}
	free(out->temp);
	out->temp = NULL;
	if (fsync(out->dir) < 0) {
		(void)err_sys(err, "%s: cannot sync its folder",
			      SHOWN(out->path));
		if (!out->replace)
			(void)unlinkat(out->dir, out->name, 0);
		goto out;
	}
	rc = 0;
out:
	file_abandon(out);
	return rc;
}

void
file_abandon(struct file_out *out)
{
	if (out->fd >= 0)
		(void)close(out->fd);
	if (out->temp)
		(void)unlinkat(out->dir, out->temp, 0);
	if (out->dir >= 0)
		(void)close(out->dir);
	free(out->name);
	free(out->temp);
	free(out->path);
	*out = (struct file_out)FILE_OUT_INIT;
}

int
file_put(const char *path, enum file_mode mode, const void *data, size_t len,
	 struct err *err)
{
	struct file_out out;

	if (file_begin(&out, path, mode, err) < 0)
		return -1;
	if (file_write(&out, data, len, err) < 0) {
		file_abandon(&out);
		return -1;
	}
	return file_commit(&out, err);
}

int
file_spool(const char *path, struct err *err)
{
	struct file_out out = FILE_OUT_INIT;
	const char *name;
	char *folder = NULL;
	int fd = -1;

	if (split_path(path, &folder, &name, err) < 0)
		return -1;
	out.dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	out.name = strdup(name);
	out.path = strdup(path);
	if (out.dir < 0)
		(void)err_sys(err, "%s: cannot open its folder", SHOWN(path));
	else if (!out.name || !out.path)
		(void)err_memory(err);
	else if (open_temp(&out, 0600, err) == 0)
		fd = out.fd;
	out.fd = -1; /* the caller's; file_abandon() takes the name away */
	file_abandon(&out);
	return fd;
}

int
file_sync_folder(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return err_sys(err, "%s: cannot open the folder", SHOWN(path));
	if (fsync(fd) < 0)
		rc = err_sys(err, "%s: cannot sync the folder", SHOWN(path));
	(void)close(fd);
	return rc;
}

int
file_make_folder(const char *path, struct err *err)
{
	size_t len = strlen(path);
	const char *name;
	char *folder = NULL, *bare;
	int rc = -1;

	while (len > 1 && path[len - 1] == '/')
		len--;
	bare = strndup(path, len);
	if (!bare)
		return err_memory(err);
	if (split_path(bare, &folder, &name, err) < 0)
		goto out;
	if (mkdir(bare, 0700) < 0) {
		(void)err_sys(err, "%s: cannot make the folder", SHOWN(bare));
		goto out;
	}
	rc = file_sync_folder(folder, err);
out:
	free(folder);
	free(bare);
	return rc;
}

int
file_is_folder(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 :
			err_sys(err, "%s: cannot look at it", SHOWN(path));
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_USAGE, "%s: is a file, not a folder",
			       SHOWN(path));
	return 1;
}

static int
by_byte(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
file_names(char ***names, size_t *count, const char *path, struct err *err)
{
	DIR *dir = opendir(path);
	size_t room = 0;
	int rc = -1;

	*names = NULL;
	*count = 0;
	if (!dir)
		return err_sys(err, "%s: cannot open the folder", SHOWN(path));
	for (;;) {
		struct dirent *e = (errno = 0, readdir(dir));

		if (!e && errno != 0) {
			(void)err_sys(err, "%s: cannot read the folder",
				      SHOWN(path));
			break;
		}
		if (!e) {
			rc = 0;
			break;
		}
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (*count == room) {
			size_t more = room ? room * 2 : 64;
			char **grown = realloc(*names, more * sizeof *grown);

			if (!grown) {
				(void)err_memory(err);
				break;
			}
			*names = grown;
			room = more;
		}
		(*names)[*count] = strdup(e->d_name);
		if (!(*names)[*count]) {
			(void)err_memory(err);
			break;
		}
		++*count;
	}
	(void)closedir(dir);
	if (rc < 0) {
		file_names_free(*names, *count);
		*names = NULL;
		*count = 0;
	} else if (*count > 0) {
		qsort(*names, *count, sizeof **names, by_byte);
	}
	return rc;
}

void
file_names_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* Past a number as printf() spells it, or NULL. */
static const char *
past_number(const char *s)
{
	size_t len = strspn(s, "0123456789");

	return len == 0 || (len > 1 && *s == '0') ? NULL : s + len;
}

/* Whether open_temp() made this for that name: .NAME.PID-N.part */
static bool
is_temp_of(const char *temp, const char *name)
{
	size_t len = strnlen(name, 200);

	if (temp[0] != '.' || strncmp(temp + 1, name, len) != 0 ||
	    temp[1 + len] != '.')
		return false;
	temp = past_number(temp + len + 2);
	if (!temp || *temp != '-')
		return false;
	temp = past_number(temp + 1);
	return temp && strcmp(temp, ".part") == 0;
}

int
file_sweep(const char *folder, const char *name, struct err *err)
{
	char **names;
	size_t count;
	int rc = file_names(&names, &count, folder, err);

	for (size_t i = 0; rc == 0 && i < count; i++) {
		char *path;

		if (!is_temp_of(names[i], name))
			continue;
		path = file_join(folder, names[i]);
		if (!path)
			rc = err_memory(err);
		else if (unlink(path) < 0)
			rc = err_sys(err, "%s: cannot remove it", SHOWN(path));
		free(path);
	}
	file_names_free(names, count);
	return rc;
}

static void
remove_dead(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK |
					   O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(dir, name, 0);
	(void)close(fd);
}

void
file_sweep_dead(const char *path)
{
	struct err err;
	const char *name;
	char *folder = NULL, **names = NULL;
	size_t count = 0;
	int dir = -1;

	if (split_path(path, &folder, &name, &err) == 0 &&
	    file_names(&names, &count, folder, &err) == 0)
		dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; dir >= 0 && i < count; i++)
		if (is_temp_of(names[i], name))
			remove_dead(dir, names[i]);
	if (dir >= 0)
		(void)close(dir);
	file_names_free(names, count);
	free(folder);
}

bool
file_safe_name(const char *name, size_t len)
{
	if (len < 1 || len > 255 || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '_' || c == '-' ||
		      c == '.'))
			return false;
	}
	return true;
}

int
file_lock(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(err, "%s: cannot open the lock", SHOWN(path));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			(void)err_set(err, ERR_SYSTEM, "%s: another orgferry "
				      "is at work in this home; wait for it "
				      "to end", SHOWN(path));
		else
			(void)err_sys(err, "%s: cannot lock it", SHOWN(path));
		(void)close(fd);
		return -1;
	}
	return fd;
}
