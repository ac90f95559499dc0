/*
 * minisign's signature and key texts (FORMAT.md, "Signatures").
 *
 * What we write stock minisign verifies, and the reverse; but one signature
 * has one text here. Refused though minisign takes it: CRLF, anything after
 * the fourth line, base64 spelled otherwise, legacy `Ed` signatures, comments
 * with other than printable ASCII. A signature counts for one type of text
 * only, named by its trusted comment, so that none can be taken for another.
 */
#ifndef FORMAT_MINISIG_H
#define FORMAT_MINISIG_H

#include "format/keys.h"

/* Write the two lines of a public key. */
void minisig_write_public(struct buf *out, const struct key_public *key);

/*
 * Read exactly such a text: ours or minisign's own (any untrusted comment of
 * printable ASCII). ERR_REFUSED with the rule that it breaks, also for a key
 * that is not sound.
 */
int minisig_read_public(struct key_public *out, const void *text, size_t len,
			struct err *err);

/*
 * Sign bytes, or what a hasher512 took in. Both comments are printable ASCII
 * of at most 900 bytes: the untrusted one is decoration, the trusted one is
 * signed. Ed25519 gives one signature, so the text is a function of its input.
 */
int minisig_sign(struct buf *out, const void *data, size_t len,
		 const char *untrusted, const char *trusted,
		 const struct key_pair *pair, struct err *err);
int minisig_sign_hashed(struct buf *out, const uint8_t hash[static 64],
			const char *untrusted, const char *trusted,
			const struct key_pair *pair, struct err *err);

/* A signature text taken apart. Comments point into the text. */
struct minisig {
	uint8_t id[KEYS_ID];
	uint8_t signature[KEYS_SIGNATURE];
	uint8_t global[KEYS_SIGNATURE];
	const char *untrusted, *trusted; /* not NUL-ended */
	size_t untrusted_len, trusted_len;
};

/* Take a text apart, nothing verified yet. */
int minisig_read(struct minisig *out, const void *text, size_t len,
		 struct err *err);

/*
 * Both signatures against the key, over the bytes hashed. Names the key id
 * where it is another's.
 */
int minisig_verify(const struct minisig *sig, const uint8_t hash[static 64],
		   const struct key_public *key, struct err *err);

/*
 * Whether both comments are these. The one spelling of a signature, and what
 * it was made for: whoever verifies asks this too.
 */
bool minisig_says(const struct minisig *sig, const char *untrusted,
		  const char *trusted) __attribute__((warn_unused_result));

/*
 * The statement of a sealing key (FORMAT.md, "Sealing key file"): the org's
 * public key text, one line with the sealing key, and the minisig of that
 * line. Read: *key and sealing are filled once the signature holds, which
 * proves possession only; the fingerprint is for a person to confirm.
 */
int minisig_write_sealing(struct buf *out, const struct key_pair *pair,
			  struct err *err);
int minisig_read_sealing(struct key_public *key,
			 uint8_t sealing[static KEYS_SEAL_PUBLIC],
			 const void *text, size_t len, struct err *err);

#endif
