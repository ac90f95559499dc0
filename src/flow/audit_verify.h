/*
 * Whether a connection history holds: an auditor's file with nothing but a
 * public key, or the home's own chains, and either against witnesses.
 *
 * A chain alone does not show that its tail was cut. Every bundle of changes
 * and every notice says in its signed manifest how many rows its sender's
 * history had and the Hash of the last, and the partner has those bundles.
 */
#ifndef FLOW_AUDIT_VERIFY_H
#define FLOW_AUDIT_VERIFY_H

#include "flow/audit.h"
#include "format/bundle_in.h"

/*
 * What a bundle says of its sender's history. path: a bundle, or a manifest
 * taken from one with its .minisig beside it (orgferry inspect --manifest),
 * which is how the recipient of a sealed bundle hands on what it has.
 */
struct audit_witness {
	const char *path;
	uint8_t connection[MANIFEST_CONNECTION];
	char made[TEXT_INSTANT + 1];
	uint64_t rows;
	uint8_t head[KEYS_HASH];
	bool found; /* the history has that row with that Hash */
};

/*
 * Read what a witness says. from: whose history it is, who must have signed
 * it. own: the keys that open a sealed bundle, or NULL.
 */
int audit_witness_read(struct audit_witness *w, const char *path,
		       const struct bundle_peer *from,
		       const struct key_pair *own, struct err *err);

/* What holds. */
struct audit_verdict {
	struct audit_chains chains; /* none of a selection */
	uint64_t rows;
	bool selection;	   /* signed as one: no chain can be recomputed */
	struct buf comment; /* the trusted one, of a file */
};

#define AUDIT_VERDICT_INIT { AUDIT_CHAINS_INIT, 0, false, BUF_INIT }

/*
 * A file and FILE.minisig. ERR_REFUSED names the line, the connection and the
 * row where a chain breaks, else says that the signature does not hold. A row
 * is found for a witness by its Hash, in whichever connection's chain.
 */
int audit_verify_file(struct audit_verdict *verdict, const char *path,
		      const struct key_public *key,
		      struct audit_witness *witness, size_t witnesses,
		      struct err *err);

/* The home's own, where a witness names the connection by its key. */
int audit_verify_home(struct audit_verdict *verdict, struct store *st,
		      struct audit_witness *witness, size_t witnesses,
		      struct err *err);

void audit_verdict_release(struct audit_verdict *verdict);

#endif
