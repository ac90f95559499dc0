/*
 * The store out into a folder, as a snapshot: a CSV per object in the API
 * dialect, every value quoted, so that loading it again changes nothing.
 */
#ifndef FLOW_DUMP_H
#define FLOW_DUMP_H

#include "store/home.h"

struct dump_sum {
	uint64_t objects, records;
};

/*
 * Write to a folder, which is made, or is there and empty. Records stand in
 * the order in which they came. Each file appears whole or not at all, and a
 * file named UNFINISHED stands among them until all are there.
 */
int dump(struct home *home, const char *folder, struct dump_sum *sum,
	 struct err *err);

#endif
