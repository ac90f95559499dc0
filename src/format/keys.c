/*
 * Keys: see keys.h. The secret key file, whose payload is, integers
 * little-endian:
 *
 *	offset	bytes
 *	     0	    2	what protects it: "00" nothing, "A2" Argon2id 1.3
 *	     2	   16	salt
 *	    18	    8	Argon2id's passes
 *	    26	    8	Argon2id's memory in bytes, a multiple of 1024
 *	    34	    8	key id
 *	    42	   24	nonce
 *	    66	  112	the secrets (Ed25519 64, X25519 32), and the tag (16)
 *
 * The secrets are locked by XChaCha20-Poly1305 with the title line and the 42
 * bytes before the nonce as additional data: the key id and the cost would
 * otherwise be open to a quiet edit. Under "00" salt, cost, nonce and key are
 * zeros and the tag is a checksum only, so that such a file has one spelling.
 */
#include "format/keys.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
	BOX_KEY = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
	AT_KDF = 0,
	AT_SALT = AT_KDF + 2,
	AT_OPS = AT_SALT + crypto_pwhash_SALTBYTES,
	AT_MEMORY = AT_OPS + 8,
	AT_ID = AT_MEMORY + 8,
	AT_NONCE = AT_ID + KEYS_ID,
	AT_BOX = AT_NONCE + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	RAW = AT_BOX + KEYS_SIGN_SECRET + KEYS_SEAL_SECRET +
	      crypto_aead_xchacha20poly1305_ietf_ABYTES,
	RAW_TEXT = 240, /* in base64 */
};
_Static_assert(RAW == 178 && (RAW + 2) / 3 * 4 == RAW_TEXT,
	       "the table above and FORMAT.md say so");

static const char title[] = "orgferry secret keys 0\n";

struct key_pair {
	struct key_public public;
	uint8_t sealing[KEYS_SEAL_PUBLIC];
	struct {
		uint8_t sign[KEYS_SIGN_SECRET];
		uint8_t seal[KEYS_SEAL_SECRET];
	} secret;
};
_Static_assert(_Alignof(struct key_pair) == 1, "sodium_malloc aligns nothing");

struct keys_stream {
	crypto_secretstream_xchacha20poly1305_state state;
	bool done; /* the final chunk has passed, or a bad one */
};
_Static_assert(_Alignof(struct keys_stream) == 1,
	       "sodium_malloc aligns nothing");

#define SAME(ours, theirs) _Static_assert((ours) == (theirs), #ours)
SAME(KEYS_SIGN_PUBLIC, crypto_sign_PUBLICKEYBYTES);
SAME(KEYS_SIGN_SECRET, crypto_sign_SECRETKEYBYTES);
SAME(KEYS_SIGNATURE, crypto_sign_BYTES);
SAME(KEYS_SEAL_PUBLIC, crypto_box_PUBLICKEYBYTES);
SAME(KEYS_SEAL_SECRET, crypto_box_SECRETKEYBYTES);
SAME(KEYS_STREAM, crypto_secretstream_xchacha20poly1305_HEADERBYTES);
SAME(KEYS_CHUNK_OVER, crypto_secretstream_xchacha20poly1305_ABYTES);

int
keys_init(struct err *err)
{
	if (sodium_init() < 0)
		return err_set(err, ERR_SYSTEM, "libsodium does not start");
	return 0;
}

/*
 * Guarded and locked memory, wiped by sodium_free(). Where the system's limit
 * lets no more be locked libsodium goes on unlocked: a secret that may be
 * swapped out is better than an org that cannot open its own bundles.
 */
static void *
secret_memory(size_t len, struct err *err)
{
	void *at = sodium_malloc(len);

	if (!at)
		(void)err_sys(err, "no guarded memory for a secret");
	return at;
}

/*
 * Hashes. The opaque bytes are libsodium's state; it is a plain struct that
 * needs no end.
 */
#define FITS(hasher)                                                         \
	_Static_assert(sizeof(hasher) >= sizeof(crypto_generichash_state) && \
			       _Alignof(hasher) >=                           \
				       _Alignof(crypto_generichash_state),   \
		       #hasher)
FITS(struct keys_hasher);
FITS(struct keys_hasher512);

static void
hash_begin(void *opaque, size_t out_len)
{
	(void)crypto_generichash_init(opaque, NULL, 0, out_len);
}

static void
hash_add(void *opaque, const void *data, size_t len)
{
	(void)crypto_generichash_update(opaque, data, len);
}

static void
hash_end(void *opaque, uint8_t *out, size_t out_len)
{
	(void)crypto_generichash_final(opaque, out, out_len);
}

void
keys_hash(uint8_t out[static KEYS_HASH], const void *data, size_t len)
{
	(void)crypto_generichash(out, KEYS_HASH, data, len, NULL, 0);
}

void
keys_hash_begin(struct keys_hasher *h)
{
	hash_begin(h->opaque, KEYS_HASH);
}

void
keys_hash_add(struct keys_hasher *h, const void *data, size_t len)
{
	hash_add(h->opaque, data, len);
}

void
keys_hash_end(struct keys_hasher *h, uint8_t out[static KEYS_HASH])
{
	hash_end(h->opaque, out, KEYS_HASH);
}

void
keys_hash512(uint8_t out[static 64], const void *data, size_t len)
{
	(void)crypto_generichash(out, 64, data, len, NULL, 0);
}

void
keys_hash512_begin(struct keys_hasher512 *h)
{
	hash_begin(h->opaque, 64);
}

void
keys_hash512_add(struct keys_hasher512 *h, const void *data, size_t len)
{
	hash_add(h->opaque, data, len);
}

void
keys_hash512_end(struct keys_hasher512 *h, uint8_t out[static 64])
{
	hash_end(h->opaque, out, 64);
}

void
keys_mark(uint8_t out[static KEYS_MARK], const void *data, size_t len,
	  const uint8_t key[static KEYS_MARK_KEY])
{
	(void)crypto_onetimeauth_poly1305(out, data, len, key);
}

void
keys_random(void *out, size_t len)
{
	randombytes_buf(out, len);
}

void
keys_wipe(struct buf *b)
{
	if (b->data)
		sodium_memzero(b->data, b->cap);
	buf_release(b);
}

bool
keys_equal(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len) == 0;
}

static size_t
base64_len(size_t len)
{
	return (len + 2) / 3 * 4;
}

void
keys_base64(struct buf *out, const void *data, size_t len)
{
	size_t n = base64_len(len);
	uint8_t *at = buf_room(out, n + 1);

	if (!at)
		return;
	(void)sodium_bin2base64((char *)at, n + 1, data, len,
				sodium_base64_VARIANT_ORIGINAL);
	out->len += n;
}

/*
 * libsodium refuses a missing or surplus `=`, bits set behind the last byte,
 * and what is not of the alphabet, with two exceptions: 1.0.18 compares signed
 * characters without their high bits, and takes 0xab for `+` and 0xaf for `/`.
 * With both lengths known and only ASCII let through, one spelling is left.
 */
bool
keys_unbase64(uint8_t *out, size_t len, const char *s, size_t slen)
{
	size_t got;

	if (slen != base64_len(len))
		return false;
	for (size_t i = 0; i < slen; i++)
		if ((s[i] & 0x80) != 0)
			return false;
	return sodium_base642bin(out, len, s, slen, NULL, &got, NULL,
				 sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       got == len;
}

int
key_pair_new(struct key_pair **out, struct err *err)
{
	uint8_t hash[KEYS_HASH];
	struct key_pair *pair = secret_memory(sizeof *pair, err);

	*out = NULL;
	if (!pair)
		return -1;
	(void)crypto_sign_keypair(pair->public.sign, pair->secret.sign);
	(void)crypto_box_keypair(pair->sealing, pair->secret.seal);
	keys_hash(hash, pair->public.sign, sizeof pair->public.sign);
	memcpy(pair->public.id, hash, KEYS_ID);
	(void)sodium_mprotect_readonly(pair);
	*out = pair;
	return 0;
}

void
key_pair_free(struct key_pair *pair)
{
	sodium_free(pair);
}

const struct key_public *
key_pair_public(const struct key_pair *pair)
{
	return &pair->public;
}

const uint8_t *
key_pair_sealing(const struct key_pair *pair)
{
	return pair->sealing;
}

static void
put_u64le(uint8_t *at, uint64_t n)
{
	for (unsigned i = 0; i < 8; i++)
		at[i] = (uint8_t)(n >> (8 * i));
}

/* Argon2id counts memory in KiB: the same KiB in other bytes is refused. */
static bool
cost_is_fair(uint64_t ops, uint64_t memory)
{
	return ops >= crypto_pwhash_OPSLIMIT_MIN && ops <= LIMIT_KDF_OPS &&
	       memory >= crypto_pwhash_MEMLIMIT_MIN &&
	       memory <= LIMIT_KDF_MEMORY && memory % KIB == 0;
}

/* The key of the box: passphrase NULL is "00". The caller's to wipe. */
static int
box_key(uint8_t key[static BOX_KEY], const char *passphrase,
	const uint8_t *salt, uint64_t ops, uint64_t memory, struct err *err)
{
	memset(key, 0, BOX_KEY);
	if (!passphrase)
		return 0;
	if (crypto_pwhash(key, BOX_KEY, passphrase, strlen(passphrase), salt,
			  ops, (size_t)memory,
			  crypto_pwhash_ALG_ARGON2ID13) != 0)
		return err_set(err, ERR_SYSTEM,
			       "the secret keys' passphrase needs %llu MiB of "
			       "memory, and there is not that much",
			       (unsigned long long)(memory / MIB));
	return 0;
}

/* What the box's tag vouches for beside the secrets. */
enum { ALSO = sizeof title - 1 + AT_NONCE };
static void
box_also(uint8_t also[static ALSO], const uint8_t raw[static RAW])
{
	memcpy(also, title, sizeof title - 1);
	memcpy(also + sizeof title - 1, raw, AT_NONCE);
}

int
key_pair_write(const struct key_pair *pair, const char *passphrase,
	       struct buf *out, struct err *err)
{
	return key_pair_write_cost(pair, passphrase,
				   crypto_pwhash_OPSLIMIT_MODERATE,
				   crypto_pwhash_MEMLIMIT_MODERATE, out, err);
}

int
key_pair_write_cost(const struct key_pair *pair, const char *passphrase,
		    uint64_t ops, uint64_t memory, struct buf *out,
		    struct err *err)
{
	uint8_t raw[RAW] = { 0 }, also[ALSO], key[BOX_KEY];
	int rc = -1;

	if (passphrase && *passphrase == 0)
		return err_set(err, ERR_USAGE,
			       "an empty passphrase protects nothing");
	if (passphrase && !cost_is_fair(ops, memory))
		return err_set(err, ERR_USAGE,
			       "a passphrase's cost of %llu passes over %llu "
			       "bytes is not allowed",
			       (unsigned long long)ops,
			       (unsigned long long)memory);
	memcpy(raw + AT_KDF, passphrase ? "A2" : "00", 2);
	memcpy(raw + AT_ID, pair->public.id, KEYS_ID);
	if (passphrase) {
		randombytes_buf(raw + AT_SALT, AT_OPS - AT_SALT);
		put_u64le(raw + AT_OPS, ops);
		put_u64le(raw + AT_MEMORY, memory);
		randombytes_buf(raw + AT_NONCE, AT_BOX - AT_NONCE);
	}
	if (box_key(key, passphrase, raw + AT_SALT, ops, memory, err) < 0)
		goto out;
	box_also(also, raw);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(
		raw + AT_BOX, NULL, (const uint8_t *)&pair->secret,
		sizeof pair->secret, also, sizeof also, NULL, raw + AT_NONCE,
		key);
	/* Room at once: a buffer that grows leaves copies behind unwiped. */
	if (buf_room(out, sizeof title + RAW_TEXT + 1)) {
		buf_add_str(out, title);
		keys_base64(out, raw, sizeof raw);
		buf_add_byte(out, '\n');
	}
	rc = buf_ok(out, err);
out:
	sodium_memzero(raw, sizeof raw);
	sodium_memzero(key, sizeof key);
	return rc;
}

/* The text around the payload, and its base64. */
static int
read_payload(uint8_t raw[static RAW], const void *text, size_t len,
	     struct err *err)
{
	static const char any_title[] = "orgferry secret keys ";
	struct rd r = rd_of(text, len);
	const uint8_t *line;
	size_t line_len;

	if (len > LIMIT_SECRET_KEY)
		return err_set(err, ERR_REFUSED,
			       "secret keys: %zu bytes are too many", len);
	if (!rd_match_str(&r, title)) {
		if (rd_match_str(&r, any_title))
			return err_set(err, ERR_REFUSED,
				       "secret keys: of a version that is not "
				       "known here");
		return err_set(err, ERR_REFUSED,
			       "secret keys: line 1 is not 'orgferry secret "
			       "keys 0'");
	}
	if (!rd_line(&r, &line, &line_len))
		return err_set(err, ERR_REFUSED,
			       "secret keys: line 2 has no end");
	if (r.left != 0)
		return err_set(err, ERR_REFUSED,
			       "secret keys: %zu bytes after line 2", r.left);
	if (!keys_unbase64(raw, RAW, (const char *)line, line_len))
		return err_set(err, ERR_REFUSED,
			       "secret keys: line 2 is not the base64 of %d "
			       "bytes",
			       RAW);
	return 0;
}

/* Whether the two secrets are what they claim, and their public halves. */
static int
complete(struct key_pair *pair, struct err *err)
{
	uint8_t again[KEYS_SIGN_SECRET];
	bool same;

	/* The first 32 bytes are the seed, the others must follow from it. */
	(void)crypto_sign_seed_keypair(pair->public.sign, again,
				       pair->secret.sign);
	same = keys_equal(again, pair->secret.sign, sizeof again);
	sodium_memzero(again, sizeof again);
	if (!same)
		return err_set(err, ERR_REFUSED,
			       "secret keys: the signing key's two halves do "
			       "not belong together");
	(void)crypto_scalarmult_base(pair->sealing, pair->secret.seal);
	return 0;
}

int
key_pair_read(struct key_pair **out, const void *text, size_t len,
	      const char *passphrase, bool *protected, struct err *err)
{
	uint8_t raw[RAW], also[ALSO], key[BOX_KEY] = { 0 };
	struct key_pair *pair = NULL;
	uint64_t ops = 0, memory = 0;
	struct rd cost;
	int rc = -1;

	*out = NULL;
	*protected = false;
	if (read_payload(raw, text, len, err) < 0)
		goto out;
	cost = rd_of(raw + AT_OPS, AT_ID - AT_OPS);
	(void)(rd_u64le(&cost, &ops) && rd_u64le(&cost, &memory));
	if (memcmp(raw + AT_KDF, "00", 2) == 0) {
		passphrase = NULL;
		if (!sodium_is_zero(raw + AT_SALT, AT_ID - AT_SALT) ||
		    !sodium_is_zero(raw + AT_NONCE, AT_BOX - AT_NONCE)) {
			(void)err_set(err, ERR_REFUSED,
				      "secret keys: kept in the clear, and yet "
				      "with a salt, a cost or a nonce");
			goto out;
		}
	} else if (memcmp(raw + AT_KDF, "A2", 2) == 0) {
		*protected = true;
		if (!cost_is_fair(ops, memory)) {
			(void)err_set(err, ERR_REFUSED,
				      "secret keys: ask for %llu passes over "
				      "%llu bytes; at most %llu over %llu, in "
				      "whole KiB from 8 on, are allowed",
				      (unsigned long long)ops,
				      (unsigned long long)memory,
				      (unsigned long long)LIMIT_KDF_OPS,
				      (unsigned long long)LIMIT_KDF_MEMORY);
			goto out;
		}
		if (!passphrase) {
			(void)err_set(err, ERR_REFUSED,
				      "secret keys: are protected by a "
				      "passphrase, and none was given");
			goto out;
		}
	} else {
		(void)err_set(err, ERR_REFUSED,
			      "secret keys: protected in a way that is not "
			      "known here");
		goto out;
	}
	pair = secret_memory(sizeof *pair, err);
	if (!pair ||
	    box_key(key, passphrase, raw + AT_SALT, ops, memory, err) < 0)
		goto out;
	box_also(also, raw);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
		    (uint8_t *)&pair->secret, NULL, NULL, raw + AT_BOX,
		    RAW - AT_BOX, also, sizeof also, raw + AT_NONCE,
		    key) != 0) {
		(void)err_set(err, ERR_REFUSED, "secret keys: %s",
			      *protected ? "the passphrase is wrong, or the "
					   "file is damaged"
					 : "the file is damaged");
		goto out;
	}
	memcpy(pair->public.id, raw + AT_ID, KEYS_ID);
	if (complete(pair, err) < 0)
		goto out;
	(void)sodium_mprotect_readonly(pair);
	*out = pair;
	pair = NULL;
	rc = 0;
out:
	key_pair_free(pair);
	sodium_memzero(raw, sizeof raw);
	sodium_memzero(key, sizeof key);
	return rc;
}

enum { GROUPS = 8, GROUP_BYTES = 5, GROUP_DIGITS = 5 };
_Static_assert(KEYS_FINGERPRINT_TEXT == GROUPS * (GROUP_DIGITS + 1) - 1,
	       "the groups and the spaces between them");

void
keys_fingerprint(char out[static KEYS_FINGERPRINT_TEXT + 1],
		 const struct key_public *key)
{
	uint8_t hash[GROUPS * GROUP_BYTES];
	struct keys_hasher h;

	hash_begin(h.opaque, sizeof hash);
	hash_add(h.opaque, "Ed", 2);
	hash_add(h.opaque, key->id, sizeof key->id);
	hash_add(h.opaque, key->sign, sizeof key->sign);
	hash_end(h.opaque, hash, sizeof hash);
	for (size_t g = 0; g < GROUPS; g++) {
		char *at = out + g * (GROUP_DIGITS + 1);
		uint64_t n = 0;

		for (size_t i = 0; i < GROUP_BYTES; i++)
			n = n << 8 | hash[g * GROUP_BYTES + i];
		for (size_t i = GROUP_DIGITS; i-- > 0; n /= 10)
			at[i] = (char)('0' + n % 10);
		at[GROUP_DIGITS] = ' ';
	}
	out[KEYS_FINGERPRINT_TEXT] = 0;
}

bool
keys_fingerprint_is(const struct key_public *key, const char *typed)
{
	char want[KEYS_FINGERPRINT_TEXT + 1];
	const char *at = want;

	keys_fingerprint(want, key);
	for (; *typed; typed++) {
		if (*typed == ' ' || *typed == '-')
			continue;
		if (*at == ' ')
			at++;
		if (*typed != *at)
			return false;
		at++;
	}
	return *at == 0;
}

void
keys_id_text(char out[static KEYS_ID_TEXT + 1],
	     const uint8_t id[static KEYS_ID])
{
	static const char digit[] = "0123456789ABCDEF";

	for (size_t i = KEYS_ID; i-- > 0;) {
		*out++ = digit[id[i] >> 4];
		*out++ = digit[id[i] & 15];
	}
	*out = 0;
}

bool
keys_id_parse(uint8_t id[static KEYS_ID], const char *s, size_t len)
{
	uint8_t got[KEYS_ID] = { 0 };

	if (len != KEYS_ID_TEXT)
		return false;
	for (size_t i = 0; i < KEYS_ID_TEXT; i++) {
		uint8_t *at = &got[KEYS_ID - 1 - i / 2];
		int n;

		if (s[i] >= '0' && s[i] <= '9')
			n = s[i] - '0';
		else if (s[i] >= 'A' && s[i] <= 'F')
			n = s[i] - 'A' + 10;
		else
			return false;
		*at = (uint8_t)(*at << 4 | n);
	}
	memcpy(id, got, sizeof got);
	return true;
}

int
keys_sign(uint8_t out[static KEYS_SIGNATURE], const void *data, size_t len,
	  const struct key_pair *pair, struct err *err)
{
	if (crypto_sign_detached(out, NULL, data, len, pair->secret.sign) != 0)
		return err_set(err, ERR_SYSTEM, "libsodium does not sign");
	return 0;
}

bool
keys_verify(const uint8_t signature[static KEYS_SIGNATURE], const void *data,
	    size_t len, const struct key_public *key)
{
	return crypto_sign_verify_detached(signature, data, len, key->sign) ==
	       0;
}

/*
 * libsodium's test: canonical, on the curve, not of low order, and in the
 * group of prime order. An unpatched 1.0.18 (CVE-2025-69277) lets through a
 * key with a part of order two; a test of ours fails there.
 */
bool
keys_public_is_sound(const struct key_public *key)
{
	return crypto_core_ed25519_is_valid_point(key->sign) == 1;
}

bool
keys_sealing_is_sound(const uint8_t sealing[static KEYS_SEAL_PUBLIC])
{
	/* 2^255 - 19, little-endian: a coordinate is below it. */
	static const uint8_t prime[KEYS_SEAL_PUBLIC] = {
		0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
	};
	/* Eight times an odd number once clamped: it kills low order. */
	static const uint8_t any[KEYS_SEAL_SECRET] = { 8 };
	uint8_t shared[KEYS_SEAL_PUBLIC];

	return sodium_compare(sealing, prime, sizeof prime) < 0 &&
	       crypto_scalarmult(shared, any, sealing) == 0;
}

/* What lies in the seal: the box's nonce, and the box of the stream key. */
enum {
	STREAM_KEY = crypto_secretstream_xchacha20poly1305_KEYBYTES,
	LOCK_INNER = crypto_box_NONCEBYTES + crypto_box_MACBYTES + STREAM_KEY,
};
_Static_assert(LOCK_INNER + crypto_box_SEALBYTES == KEYS_LOCK,
	       "keys.h says so");

int
keys_seal(struct keys_stream **out, uint8_t lock[static KEYS_LOCK],
	  uint8_t header[static KEYS_STREAM], const struct key_pair *from,
	  const uint8_t to[static KEYS_SEAL_PUBLIC], struct err *err)
{
	uint8_t inner[LOCK_INNER], key[STREAM_KEY];
	struct keys_stream *s = NULL;
	int rc = -1;

	*out = NULL;
	if (!keys_sealing_is_sound(to))
		return err_set(err, ERR_REFUSED,
			       "the recipient's sealing key is not a sound "
			       "X25519 key");
	s = secret_memory(sizeof *s, err);
	if (!s)
		return -1;
	s->done = false;
	crypto_secretstream_xchacha20poly1305_keygen(key);
	randombytes_buf(inner, crypto_box_NONCEBYTES);
	if (crypto_box_easy(inner + crypto_box_NONCEBYTES, key, sizeof key,
			    inner, to, from->secret.seal) != 0 ||
	    crypto_box_seal(lock, inner, sizeof inner, to) != 0 ||
	    crypto_secretstream_xchacha20poly1305_init_push(&s->state, header,
							    key) != 0) {
		(void)err_set(err, ERR_SYSTEM, "libsodium does not seal");
		goto out;
	}
	*out = s;
	s = NULL;
	rc = 0;
out:
	keys_stream_free(s);
	sodium_memzero(key, sizeof key);
	sodium_memzero(inner, sizeof inner);
	return rc;
}

int
keys_open(struct keys_stream **out, const uint8_t lock[static KEYS_LOCK],
	  const uint8_t header[static KEYS_STREAM], const struct key_pair *to,
	  const uint8_t from[static KEYS_SEAL_PUBLIC], struct err *err)
{
	uint8_t inner[LOCK_INNER], key[STREAM_KEY];
	struct keys_stream *s = NULL;
	int rc = -1;

	*out = NULL;
	s = secret_memory(sizeof *s, err);
	if (!s)
		return -1;
	s->done = false;
	if (crypto_box_seal_open(inner, lock, KEYS_LOCK, to->sealing,
				 to->secret.seal) != 0) {
		(void)err_set(err, ERR_REFUSED,
			      "is not sealed to this org's key, or is damaged");
		goto out;
	}
	if (crypto_box_open_easy(key, inner + crypto_box_NONCEBYTES,
				 sizeof inner - crypto_box_NONCEBYTES, inner,
				 from, to->secret.seal) != 0) {
		(void)err_set(err, ERR_REFUSED,
			      "is not sealed by the partner's key");
		goto out;
	}
	if (crypto_secretstream_xchacha20poly1305_init_pull(&s->state, header,
							    key) != 0) {
		(void)err_set(err, ERR_REFUSED, "its stream cannot begin");
		goto out;
	}
	*out = s;
	s = NULL;
	rc = 0;
out:
	keys_stream_free(s);
	sodium_memzero(key, sizeof key);
	sodium_memzero(inner, sizeof inner);
	return rc;
}

void
keys_stream_push(struct keys_stream *s, uint8_t *out, const void *data,
		 size_t len, const void *also, size_t also_len, bool final)
{
	uint8_t tag = final ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
			    : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;

	assert(!s->done);
	s->done = final;
	(void)crypto_secretstream_xchacha20poly1305_push(
		&s->state, out, NULL, data, len, also, also_len, tag);
}

bool
keys_stream_pull(struct keys_stream *s, uint8_t *out, bool *final,
		 const void *data, size_t len, const void *also,
		 size_t also_len)
{
	uint8_t tag;

	*final = false;
	if (s->done)
		return false;
	s->done = true;
	if (len < KEYS_CHUNK_OVER ||
	    crypto_secretstream_xchacha20poly1305_pull(
		    &s->state, out, NULL, &tag, data, len, also, also_len) != 0)
		return false;
	/* The other tags mean something to libsodium, nothing to us. */
	if (tag != crypto_secretstream_xchacha20poly1305_TAG_MESSAGE &&
	    tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL) {
		sodium_memzero(out, len - KEYS_CHUNK_OVER);
		return false;
	}
	*final = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
	s->done = *final;
	return true;
}

void
keys_stream_free(struct keys_stream *s)
{
	sodium_free(s);
}
