/*
 * The rows of a bundle of changes, from the store (FORMAT.md, "Rows").
 */
#ifndef FLOW_OUTGO_H
#define FLOW_OUTGO_H

#include "flow/gather.h"
#include "flow/names.h"
#include "format/bundle_out.h"

struct outgo {
	struct gather g; /* what goes */
	struct names *names;
	bool unsent; /* references wait for their target to be shared */
	uint64_t values;
};

/*
 * Write what was gathered: published (if told), names, values, receipts. The
 * manifest's objects get their sums.
 */
int outgo_write(struct outgo *o, struct manifest *m, struct bundle_out *b,
		struct err *err);

#endif
