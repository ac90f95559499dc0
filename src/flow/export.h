/*
 * What changed, out into a bundle (DESIGN: what happens at export).
 *
 * State, not operations: of every shared record what is new since the last
 * bundle, and whole what is newly shared or newly published; or all there is,
 * for a partner whose home, or whose bundles, are lost. The bundle lies in
 * sent/ before the store says that it was made, and is copied from there.
 */
#ifndef FLOW_EXPORT_H
#define FLOW_EXPORT_H

#include "store/connection.h"
#include "store/home.h"

struct export_options {
	const char *conn;
	const char *file; /* to write; NULL: only sent/ */
	bool plain;	  /* not sealed */
	bool full;	  /* a new epoch, with all there is */
	uint64_t again;	  /* not 0: that bundle once more, byte for byte */
};

struct export_sum {
	bool made; /* false: there was nothing to say */
	bool full; /* the partner takes it with --new-epoch */
	bool unshared; /* empty, for nothing has been shared so far */
	uint64_t sequence, bytes;
	uint64_t creates, updates, deletes, values;
};

/* Fills *sum. */
int export_bundle(struct home *home, const char *user,
		  const struct export_options *options,
		  struct export_sum *sum, struct err *err);

#endif
