/*
 * Capped reads, atomic replacement with every fsync, safe names, sorted
 * walks, and the home's lock.
 *
 * A path is opened once and what is asked of it is asked of the descriptor. A
 * file appears under its name whole and on the disk, or not at all.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Where bytes come from, one after the other: a file, or what a sealed one
 * holds. read() gives up to n bytes and their count, 0 at the end only, or -1
 * with err filled.
 */
struct file_source {
	ptrdiff_t (*read)(struct file_source *s, void *into, size_t n,
			  struct err *err);
};

/*
 * Read exactly n bytes. Returns 1; 0 if the source was at its end already; or
 * -1, where an end within the n bytes is ERR_REFUSED, "cut short".
 */
int file_take(struct file_source *s, void *into, size_t n, struct err *err);

/*
 * Where bytes go: a file being written, or what is to be sealed. 0 when all of
 * them went, or -1.
 */
struct file_sink {
	int (*write)(struct file_sink *s, const void *data, size_t len,
		     struct err *err);
};

/* Bytes in memory as a source; they are only borrowed. */
struct file_memory {
	struct file_source source;
	struct rd rd;
};
void file_from_memory(struct file_memory *m, const void *data, size_t len);

/* A plain file opened for reading. */
struct file_in {
	struct file_source source; /* first, so that one is the other */
	int fd;
	uint64_t size; /* when it was opened */
};

#define FILE_IN_INIT { { NULL }, -1, 0 }

/*
 * Open a regular file. A directory, a FIFO, a device is refused; a symbolic
 * link is followed, for a person named it.
 */
int file_open(struct file_in *in, const char *path, struct err *err);
void file_close(struct file_in *in);

/* Back to the first byte. */
int file_rewind(struct file_in *in, struct err *err);

/* The whole of a regular file, refused if longer than cap. Adds to out. */
int file_read(struct buf *out, const char *path, size_t cap, struct err *err);

/*
 * The same for a file that holds a secret: a regular file of our own user,
 * that nobody else may read or write, and not a symbolic link. Else refused,
 * with the chmod that mends it.
 */
int file_read_secret(struct buf *out, const char *path, size_t cap,
		     struct err *err);

/*
 * A file being written. It has a temporary name in the folder of its own,
 * beginning with a dot, until file_commit() gives it the name it is to have.
 */
struct file_out {
	struct file_sink sink; /* first, so that one is the other */
	int fd;
	int dir; /* the folder, kept open */
	char *name, *temp;
	char *path; /* as the caller gave it, for messages */
	bool replace;
	uint64_t size; /* written so far */
};

#define FILE_OUT_INIT { { NULL }, -1, -1, NULL, NULL, NULL, false, 0 }

enum file_mode {
	FILE_NEW,	  /* the name must be free */
	FILE_REPLACE,	  /* or a regular file of that name is replaced */
	FILE_NEW_SECRET,  /* like FILE_NEW, for our user alone: mode 0600 */
};

/*
 * Begin a file at path. What has the name already and is no regular file (a
 * link, a folder, a device), or may not be replaced, is refused here, before
 * any work is done.
 */
int file_begin(struct file_out *out, const char *path, enum file_mode mode,
	       struct err *err);
int file_write(struct file_out *out, const void *data, size_t len,
	       struct err *err);

/*
 * Sync the file, give it its name, sync the folder. An error is final: a new
 * file is not there then, and one that was to be replaced holds its old bytes,
 * or all of the new ones if it was the folder that could not be synced.
 */
int file_commit(struct file_out *out, struct err *err);

/* Drop what was begun and not committed. After a commit it does nothing. */
void file_abandon(struct file_out *out);

/* Begin, write, commit. */
int file_put(const char *path, enum file_mode mode, const void *data,
	     size_t len, struct err *err);

/*
 * Remove the temporary files that writers of this name left in a folder when
 * they were killed. Only where nobody else can be writing it.
 */
int file_sweep(const char *folder, const char *name, struct err *err);

/*
 * The same beside a path in a folder that is not ours alone: of the temporary
 * files of exactly this name, those that no living writer holds locked. What
 * cannot be removed stays, for nothing depends on it.
 */
void file_sweep_dead(const char *path);

/*
 * A nameless file beside path for what does not fit in memory: opened for
 * reading and writing, and gone when closed. Returns the descriptor or -1.
 */
int file_spool(const char *path, struct err *err);

/* All of a buffer to a descriptor, interruptions and short writes included. */
int file_write_fd(int fd, const void *data, size_t len, const char *path,
	     struct err *err);

/* Make a folder, mode 0700, and sync the one above. Refused if it is there. */
int file_make_folder(const char *path, struct err *err);

/* Whether there is a folder: 1, 0 if nothing, -1, ERR_USAGE if a file. */
int file_is_folder(const char *path, struct err *err);

/* Sync a folder, so that the names in it last. */
int file_sync_folder(const char *path, struct err *err);

/*
 * The names in a folder, sorted by byte, without "." and "..". count and the
 * array are the caller's: file_names_free().
 */
int file_names(char ***names, size_t *count, const char *path, struct err *err);
void file_names_free(char **names, size_t count);

/* "folder/name" into a new string of the caller's, or NULL out of memory. */
char *file_join(const char *folder, const char *name);

/*
 * Whether a stranger's name may be used as one name in a folder: 1 to 255
 * bytes of letters, digits, `_`, `-` and `.`, not beginning with a dot.
 */
bool file_safe_name(const char *name, size_t len);

/*
 * The home's lock: one process at a time. Waits for nobody; a home in use is
 * ERR_SYSTEM. Held until the descriptor is closed, by us or by our death.
 * Returns the descriptor or -1.
 */
int file_lock(const char *path, struct err *err);

#endif
