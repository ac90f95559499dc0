/*
 * A list on the screen: aligned columns for people, a JSON array with --json,
 * every value shown harmlessly.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include "cli/cli.h"

struct table {
	const char *const *column;
	size_t columns, rows;
	struct buf cells; /* NUL-ended, row by row */
};

void table_begin(struct table *t, const char *const *column, size_t columns);
void table_row(struct table *t, const char *const *value);

/*
 * Print and release. Nothing is printed of an empty list but its columns. rc
 * is how the gathering went: -1 only releases, and is returned.
 */
int table_end(struct table *t, struct cli *cli, int rc);

#endif
