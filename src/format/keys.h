/*
 * Key files, fingerprints, sign, verify, seal, open, hash: the only user of
 * libsodium (FORMAT.md, "Keys").
 *
 * An org has two key pairs, neither derived from the other: Ed25519 to sign
 * with, in minisign's form, and X25519 to be sealed to. Nothing cryptographic
 * is composed here beyond what libsodium offers whole.
 */
#ifndef FORMAT_KEYS_H
#define FORMAT_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	KEYS_HASH = 32,	  /* BLAKE2b-256 */
	KEYS_ID = 8,	  /* a key id: an index, not a security check */
	KEYS_SIGN_PUBLIC = 32,
	KEYS_SIGN_SECRET = 64,
	KEYS_SIGNATURE = 64,
	KEYS_SEAL_PUBLIC = 32,
	KEYS_SEAL_SECRET = 32,
	KEYS_ID_TEXT = 16,	    /* upper-case hex, as minisign shows it */
	KEYS_FINGERPRINT_TEXT = 47, /* 8 groups of 5 digits, 7 spaces */
};

/* Whom a signature is checked against. The id comes with minisign's text. */
struct key_public {
	uint8_t id[KEYS_ID];
	uint8_t sign[KEYS_SIGN_PUBLIC];
};

/* One org's keys. Kept in locked memory and wiped: only through pointers. */
struct key_pair;

/* Must be called once before all else. */
int keys_init(struct err *err);

/* BLAKE2b-256 of bytes, or of pieces, as `b2sum -l 256` prints it. */
void keys_hash(uint8_t out[static KEYS_HASH], const void *data, size_t len);
struct keys_hasher {
	_Alignas(64) uint8_t opaque[384];
};
void keys_hash_begin(struct keys_hasher *h);
void keys_hash_add(struct keys_hasher *h, const void *data, size_t len);
void keys_hash_end(struct keys_hasher *h, uint8_t out[static KEYS_HASH]);

/*
 * A mark by which bytes are known again: Poly1305 under a key of 32 random
 * bytes that stays here. Without the key nobody finds two texts of one mark
 * but by luck, of which there is 2^-100 for texts of a kilobyte.
 */
enum { KEYS_MARK = 16, KEYS_MARK_KEY = 32 };
void keys_mark(uint8_t out[static KEYS_MARK], const void *data, size_t len,
	       const uint8_t key[static KEYS_MARK_KEY]);

/* len random bytes from the system. */
void keys_random(void *out, size_t len);

/* Wipe a buffer that held a secret, whatever it held, and release it. */
void keys_wipe(struct buf *b);

/* Equal, in time that does not tell where they differ. */
bool keys_equal(const void *a, const void *b, size_t len);

/* Two new key pairs. The caller's: key_pair_free(). */
int key_pair_new(struct key_pair **out, struct err *err);
void key_pair_free(struct key_pair *pair); /* wiped; NULL is fine */
const struct key_public *key_pair_public(const struct key_pair *pair);
const uint8_t *key_pair_sealing(const struct key_pair *pair); /* 32 bytes */

/*
 * The secret key file (FORMAT.md, "Secret key file"). passphrase NULL: kept in
 * the clear, so that out holds the secret and is keys_wipe()d after use; an
 * empty one is ERR_USAGE. key_pair_write() asks Argon2id for 3 passes over 256
 * MiB; key_pair_write_cost() for what it is told, a multiple of 1 KiB from 8
 * KiB up to the limits.
 */
int key_pair_write(const struct key_pair *pair, const char *passphrase,
		   struct buf *out, struct err *err);
int key_pair_write_cost(const struct key_pair *pair, const char *passphrase,
			uint64_t ops, uint64_t memory, struct buf *out,
			struct err *err);

/*
 * Reading a protected file without or with a wrong passphrase is ERR_REFUSED,
 * and *protected says whether one is needed; one that is not needed is passed
 * over. A file that asks for more than LIMIT_KDF_MEMORY or LIMIT_KDF_OPS is
 * refused before any work. The text stays the caller's to keys_wipe().
 */
int key_pair_read(struct key_pair **out, const void *text, size_t len,
		  const char *passphrase, bool *protected, struct err *err);

/*
 * The fingerprint that people read out to each other: eight groups of five
 * digits, from BLAKE2b-320 of the key's 42 bytes in minisign's public key text
 * (FORMAT.md, "Fingerprint"). keys_fingerprint_is() compares with what a
 * person typed: digits count, spaces and hyphens do not.
 */
void keys_fingerprint(char out[static KEYS_FINGERPRINT_TEXT + 1],
		      const struct key_public *key);
bool keys_fingerprint_is(const struct key_public *key, const char *typed);

/*
 * The key id as minisign shows it: the 8 bytes as a little-endian number, in
 * 16 upper-case hex digits. Only that spelling is read.
 */
void keys_id_text(char out[static KEYS_ID_TEXT + 1],
		  const uint8_t id[static KEYS_ID]);
bool keys_id_parse(uint8_t id[static KEYS_ID], const char *s, size_t len);

/* Ed25519 over bytes. For minisig.c alone: all that is signed goes there. */
int keys_sign(uint8_t out[static KEYS_SIGNATURE], const void *data, size_t len,
	      const struct key_pair *pair, struct err *err);
bool keys_verify(const uint8_t signature[static KEYS_SIGNATURE],
		 const void *data, size_t len, const struct key_public *key)
	__attribute__((warn_unused_result));

/*
 * Whether a public key can be one: a point in its one spelling, and in the
 * group of prime order where every honest key lies. (Verification alone would
 * take a key with a part of low order, under which its owner can make a
 * signature that holds here and not elsewhere.) A sealing key: in its one
 * spelling, and of no low order.
 */
bool keys_public_is_sound(const struct key_public *key);
bool keys_sealing_is_sound(const uint8_t sealing[static KEYS_SEAL_PUBLIC]);

/* BLAKE2b-512, for minisign's prehashed signatures. */
void keys_hash512(uint8_t out[static 64], const void *data, size_t len);
struct keys_hasher512 {
	_Alignas(64) uint8_t opaque[384];
};
void keys_hash512_begin(struct keys_hasher512 *h);
void keys_hash512_add(struct keys_hasher512 *h, const void *data, size_t len);
void keys_hash512_end(struct keys_hasher512 *h, uint8_t out[static 64]);

/* Standard base64 with padding; decoding takes the canonical spelling alone. */
void keys_base64(struct buf *out, const void *data, size_t len);
bool keys_unbase64(uint8_t *out, size_t len, const char *s, size_t slen);

/*
 * The sealed stream's key exchange and chunks (FORMAT.md, "Sealed envelope").
 * A new random stream key goes into `lock`: crypto_box from the sender's
 * sealing key to the recipient's, with its nonce, inside crypto_box_seal to
 * the recipient. So only the recipient opens it, only this sender made it, and
 * the sender's key alone opens nothing later.
 */
enum {
	KEYS_LOCK = 120,   /* 48 (seal) + 24 (nonce) + 16 (box) + 32 (key) */
	KEYS_STREAM = 24,  /* secretstream's header */
	KEYS_CHUNK_OVER = 17,
};
struct keys_stream; /* one direction of one stream; wiped when freed */

int keys_seal(struct keys_stream **out, uint8_t lock[static KEYS_LOCK],
	      uint8_t header[static KEYS_STREAM], const struct key_pair *from,
	      const uint8_t to[static KEYS_SEAL_PUBLIC], struct err *err);
/* from: the sender's sealing key. ERR_REFUSED: not its, or not for us. */
int keys_open(struct keys_stream **out, const uint8_t lock[static KEYS_LOCK],
	      const uint8_t header[static KEYS_STREAM],
	      const struct key_pair *to,
	      const uint8_t from[static KEYS_SEAL_PUBLIC], struct err *err);
/* out takes len + KEYS_CHUNK_OVER bytes. final: nothing is pushed after it. */
void keys_stream_push(struct keys_stream *s, uint8_t *out, const void *data,
		      size_t len, const void *also, size_t also_len,
		      bool final);
/*
 * out takes len - KEYS_CHUNK_OVER bytes. False: not what was sealed, and then
 * or after the final chunk nothing more comes out of this stream. That the
 * final one came, and that the input ends there, is the caller's to see.
 */
bool keys_stream_pull(struct keys_stream *s, uint8_t *out, bool *final,
		      const void *data, size_t len, const void *also,
		      size_t also_len) __attribute__((warn_unused_result));
void keys_stream_free(struct keys_stream *s); /* NULL is fine */

#endif
