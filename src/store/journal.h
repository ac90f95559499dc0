/*
 * The rollback journal, written in pieces.
 *
 * SQLite writes each page that it keeps for a rollback in three strokes: its
 * number, its bytes, a checksum. A day's change touches some ten thousand pages,
 * and those calls took a third of its time. A file system of SQLite's own kind,
 * the system's but for the journal, gathers strokes that follow each other and
 * hands them on whole: at the latest when the journal is synced, before which
 * SQLite relies on nothing in it.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

/* The name to open a database with, or NULL where SQLite would not have it. */
const char *journal_vfs(void);

#endif
