/*
 * A bundle being read (FORMAT.md, "Reading"): plain or sealed, member by
 * member, each handed out only once its hash is the one that was signed.
 *
 * The manifest is verified before anything is parsed; members are hashed and
 * inflated on all cores, in order, a few at a time. That the file is whole and
 * nothing follows it is known when bundle_in_next() says so at the end, and a
 * caller does nothing for good before that.
 */
#ifndef FORMAT_BUNDLE_IN_H
#define FORMAT_BUNDLE_IN_H

#include "format/manifest.h"

/* Somebody whose bundles may be read. */
struct bundle_peer {
	struct key_public key;
	bool seals; /* sealing is known */
	uint8_t sealing[KEYS_SEAL_PUBLIC];
};

/* Whom we know, and who we are. */
struct bundle_keys {
	const struct key_pair *own; /* NULL: no sealed bundle can be opened */
	/* The peer of a key id, or NULL; the answer outlives the reading. */
	const struct bundle_peer *(*find)(void *ctx,
					  const uint8_t id[static KEYS_ID]);
	void *ctx;
	bool unchecked; /* read on though the signer is not known: to look */
	/*
	 * What a person is told of a signer who is not known, after its key id:
	 * "which is ...". NULL: that it is not known here.
	 */
	const char *unknown;
};

/* How far a signature is to be trusted. */
enum bundle_trust {
	BUNDLE_KNOWN,	  /* by a peer's key */
	BUNDLE_FIRST,	  /* by the key in its own sender.pub: possession */
	BUNDLE_UNCHECKED, /* not at all; only if `unchecked` was asked for */
};

struct bundle_in;

/* Whether a file begins as a sealed bundle does; -1: it cannot be read. */
int bundle_in_looks_sealed(const char *path, struct err *err);

/*
 * Open a file and verify its manifest. keys is borrowed until bundle_in_free().
 * ERR_REFUSED, with the file before the rule. *out is the caller's.
 */
int bundle_in_open(struct bundle_in **out, const char *path,
		   const struct bundle_keys *keys, struct err *err);
void bundle_in_free(struct bundle_in *b); /* NULL is fine */

const struct manifest *bundle_in_manifest(const struct bundle_in *b);
const char *bundle_in_path(const struct bundle_in *b); /* as it was opened */
uint64_t bundle_in_size(const struct bundle_in *b); /* of the file, in bytes */
enum bundle_trust bundle_in_trust(const struct bundle_in *b);
bool bundle_in_sealed(const struct bundle_in *b);

/* The sender's key: a known peer's, or sender.pub's; NULL if unchecked. */
const struct key_public *bundle_in_sender(const struct bundle_in *b);

/* BLAKE2b-256 of the manifest: what the next bundle names. */
const uint8_t *bundle_in_hash(const struct bundle_in *b);

/* The manifest and its signature, as they stand in the archive. */
const struct buf *bundle_in_text(const struct bundle_in *b);
const struct buf *bundle_in_signature(const struct bundle_in *b);

/* One member: CSV rows inflated, or a part of a body. */
struct bundle_member {
	struct member_name name;
	char spelled[ARCHIVE_NAME];
	const uint8_t *data; /* borrowed until the next call */
	size_t len, stored;
	bool last; /* of a body: its whole hash has been seen to be right */
};

/*
 * The next member: 1; 0 when all have come and the file ends where it must; or
 * -1. sender.pub is not handed out.
 */
int bundle_in_next(struct bundle_in *b, const struct bundle_member **member,
		   struct err *err);

#endif
