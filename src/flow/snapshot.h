/*
 * What an org exported: the CSV files that a load is given, by object.
 */
#ifndef FLOW_SNAPSHOT_H
#define FLOW_SNAPSHOT_H

#include <stddef.h>

#include "base/err.h"

struct snapshot_file {
	char *path;
	char *object; /* the file's name without .csv */
};

struct snapshot {
	struct snapshot_file *file; /* sorted by object */
	size_t files;
	char **passed_over; /* what was in a folder and is no CSV */
	size_t others;
};

#define SNAPSHOT_INIT { NULL, 0, NULL, 0 }

/*
 * Find the files of folders, or single CSV files. ERR_REFUSED where there is
 * none, where an object has two, or where a name is no object's.
 */
int snapshot_find(struct snapshot *out, const char *const *path, size_t count,
		  struct err *err);
void snapshot_release(struct snapshot *s);

#endif
