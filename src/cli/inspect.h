/*
 * A bundle on the screen: what it is and what it holds, for people or as JSON.
 */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include "cli/cli.h"
#include "format/changes.h"

/*
 * Whom a person names: a public key's file, or the statement of a sealing key,
 * which has both.
 */
int inspect_peer(struct bundle_peer *peer, const char *path, struct err *err);

/* What was counted while a bundle was read to its end. */
struct inspect_sum {
	uint64_t members, stored, inflated; /* named by the manifest */
	uint64_t bodies, parts, part_bytes;
};

/* The bundle's head: who, what, when, its objects and notices. */
int inspect_head(struct cli *cli, const struct bundle_in *in,
		 const char *path);

/* Read all of it; with show, print each row. *sum is filled. */
int inspect_rows(struct cli *cli, struct bundle_in *in, bool show,
		 struct inspect_sum *sum);

/* What was read, in one line for people. */
void inspect_tell_sum(const struct inspect_sum *sum);

#endif
