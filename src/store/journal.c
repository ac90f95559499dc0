/* The rollback journal, written in pieces: see journal.h. */
#include "store/journal.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bytes handed on at once. SQLite's own file system takes less than 128 KiB. */
enum { PIECE = 64 << 10 };

/* A journal: SQLite's handle first, the system's own behind it. */
struct journal {
	sqlite3_file file;
	sqlite3_file *real;
	uint8_t *piece;
	sqlite3_int64 at; /* where in the file the piece belongs */
	int len;
};

static sqlite3_vfs vfs, *system_vfs;

static struct journal *
journal_of(sqlite3_file *file)
{
	return (struct journal *)(void *)file;
}

/* Hand on what was gathered. */
static int
hand_on(struct journal *j)
{
	int rc = j->len == 0 ? SQLITE_OK :
			       j->real->pMethods->xWrite(j->real, j->piece,
							 j->len, j->at);

	/* After a failure SQLite rolls back and trusts nothing here. */
	j->len = 0;
	return rc;
}

static int
j_close(sqlite3_file *file)
{
	struct journal *j = journal_of(file);
	int handed = hand_on(j);
	int rc = j->real->pMethods->xClose(j->real);

	free(j->piece);
	return rc == SQLITE_OK ? handed : rc;
}

static int
j_read(sqlite3_file *file, void *to, int len, sqlite3_int64 at)
{
	struct journal *j = journal_of(file);
	int rc = hand_on(j);

	return rc == SQLITE_OK ? j->real->pMethods->xRead(j->real, to, len,
							  at) : rc;
}

static int
j_write(sqlite3_file *file, const void *from, int len, sqlite3_int64 at)
{
	struct journal *j = journal_of(file);
	int rc = SQLITE_OK;

	if (j->len > 0 && (at != j->at + j->len || len > PIECE - j->len))
		rc = hand_on(j);
	if (rc != SQLITE_OK)
		return rc;
	if (len > PIECE)
		return j->real->pMethods->xWrite(j->real, from, len, at);
	if (j->len == 0)
		j->at = at;
	memcpy(j->piece + j->len, from, (size_t)len);
	j->len += len;
	return SQLITE_OK;
}

static int
j_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct journal *j = journal_of(file);
	int rc = hand_on(j);

	return rc == SQLITE_OK ? j->real->pMethods->xTruncate(j->real, size) :
				 rc;
}

static int
j_sync(sqlite3_file *file, int flags)
{
	struct journal *j = journal_of(file);
	int rc = hand_on(j);

	return rc == SQLITE_OK ? j->real->pMethods->xSync(j->real, flags) : rc;
}

static int
j_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct journal *j = journal_of(file);
	int rc = hand_on(j);

	return rc == SQLITE_OK ? j->real->pMethods->xFileSize(j->real, size) :
				 rc;
}

static int
j_lock(sqlite3_file *file, int level)
{
	struct journal *j = journal_of(file);

	return j->real->pMethods->xLock(j->real, level);
}

static int
j_unlock(sqlite3_file *file, int level)
{
	struct journal *j = journal_of(file);

	return j->real->pMethods->xUnlock(j->real, level);
}

static int
j_reserved(sqlite3_file *file, int *yes)
{
	struct journal *j = journal_of(file);

	return j->real->pMethods->xCheckReservedLock(j->real, yes);
}

static int
j_control(sqlite3_file *file, int op, void *arg)
{
	struct journal *j = journal_of(file);

	return j->real->pMethods->xFileControl(j->real, op, arg);
}

static int
j_sector(sqlite3_file *file)
{
	struct journal *j = journal_of(file);

	return j->real->pMethods->xSectorSize(j->real);
}

static int
j_traits(sqlite3_file *file)
{
	struct journal *j = journal_of(file);

	return j->real->pMethods->xDeviceCharacteristics(j->real);
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = j_close,
	.xRead = j_read,
	.xWrite = j_write,
	.xTruncate = j_truncate,
	.xSync = j_sync,
	.xFileSize = j_size,
	.xLock = j_lock,
	.xUnlock = j_unlock,
	.xCheckReservedLock = j_reserved,
	.xFileControl = j_control,
	.xSectorSize = j_sector,
	.xDeviceCharacteristics = j_traits,
};

/* Every file is the system's own; a journal gets our hands before it. */
static int
v_open(sqlite3_vfs *v, sqlite3_filename name, sqlite3_file *file, int flags,
       int *out_flags)
{
	struct journal *j = journal_of(file);
	int rc;

	(void)v;
	if (!(flags & SQLITE_OPEN_MAIN_JOURNAL))
		return system_vfs->xOpen(system_vfs, name, file, flags,
					 out_flags);
	memset(j, 0, sizeof *j);
	j->real = (sqlite3_file *)(void *)(j + 1);
	j->piece = malloc(PIECE);
	if (!j->piece)
		return SQLITE_NOMEM;
	rc = system_vfs->xOpen(system_vfs, name, j->real, flags, out_flags);
	if (rc == SQLITE_OK) {
		j->file.pMethods = &methods;
	} else {
		if (j->real->pMethods)
			(void)j->real->pMethods->xClose(j->real);
		free(j->piece);
	}
	return rc;
}

const char *
journal_vfs(void)
{
	static const char name[] = "orgferry";

	if (system_vfs)
		return name;
	system_vfs = sqlite3_vfs_find(NULL);
	if (!system_vfs)
		return NULL;
	vfs = *system_vfs;
	vfs.pNext = NULL;
	vfs.zName = name;
	vfs.szOsFile += (int)sizeof(struct journal);
	vfs.xOpen = v_open;
	if (sqlite3_vfs_register(&vfs, 0) == SQLITE_OK)
		return name;
	system_vfs = NULL;
	return NULL;
}
