/*
 * A bundle in (DESIGN: what happens at import): verified, in order, and in one
 * transaction. A refused one writes nothing but a line of transfers.log.
 */
#ifndef FLOW_IMPORT_H
#define FLOW_IMPORT_H

#include "flow/apply.h"

struct import_options {
	const char *as;		 /* an invitation's name here, or NULL */
	const char *fingerprint; /* of an answer's sender, or NULL */
	bool new_epoch;		 /* take a bundle that begins anew */
};

struct import_sum {
	enum manifest_kind kind;
	bool already;		    /* it was imported before */
	char connection[LIMIT_TEXT + 1];
	uint64_t sequence;
	struct apply_sum rows;
};

/* One file. Fills *sum. */
int import_file(struct home *home, const char *user, const char *path,
		const struct import_options *options, struct import_sum *sum,
		struct err *err);

/* Accept what waits on a connection: one name on the wire, or all (NULL). */
int import_accept(struct home *home, const char *user, const char *conn,
		  const char *name, struct apply_sum *sum, struct err *err);

/* What need not wait any more, within the caller's transaction. */
int import_willing(struct home *home, struct connection *c, struct err *err);

#endif
