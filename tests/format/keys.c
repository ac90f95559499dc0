/*
 * Keys, key files, fingerprints and sealing. libsodium is used here too, to
 * make by other means what src/format/keys.c reads, and what it never makes.
 */
#include "format/keys.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "format/minisig.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void
begin(void)
{
	struct err err = { 0 };

	cr_assert_eq(keys_init(&err), 0);
}

TestSuite(keys, .init = begin);

static struct buf
fixture(const char *name)
{
	struct buf b = BUF_INIT;
	struct err err = { 0 };
	char path[128];

	(void)snprintf(path, sizeof path, "fixtures/keys/%s", name);
	cr_assert_eq(file_read(&b, path, MIB, &err), 0, "%s", err.msg);
	return b;
}

static struct key_pair *
fixture_pair(const char *name)
{
	struct buf b = fixture(name);
	struct key_pair *pair;
	struct err err = { 0 };
	bool protected;

	cr_assert_eq(key_pair_read(&pair, b.data, b.len, NULL, &protected,
				   &err),
		     0, "%s", err.msg);
	keys_wipe(&b);
	return pair;
}

static void
unhex(uint8_t *out, size_t len, const char *hex)
{
	cr_assert(text_unhex(out, len, hex, strlen(hex)), "%s", hex);
}

static void
expect_hex(const uint8_t *got, size_t len, const char *want)
{
	char hex[2 * 128 + 1];

	text_hex(hex, got, len);
	cr_expect_str_eq(hex, want);
}

/* Hashes: what b2sum prints. */

struct hash_case {
	const char *data, *hash;
};

static const struct hash_case hashes256[] = {
	{ "",
	  "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8" },
	{ "abc",
	  "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319" },
};

/* RFC 7693, appendix A. */
static const struct hash_case hashes512[] = {
	{ "abc",
	  "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
	  "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923" },
};

Test(keys, hash_as_b2sum_does)
{
	uint8_t out[64];

	for (size_t i = 0; i < COUNT(hashes256); i++) {
		const struct hash_case *c = &hashes256[i];
		struct keys_hasher h;

		keys_hash(out, c->data, strlen(c->data));
		expect_hex(out, KEYS_HASH, c->hash);
		keys_hash_begin(&h);
		for (const char *s = c->data; *s; s++)
			keys_hash_add(&h, s, 1);
		keys_hash_end(&h, out);
		expect_hex(out, KEYS_HASH, c->hash);
	}
	for (size_t i = 0; i < COUNT(hashes512); i++) {
		const struct hash_case *c = &hashes512[i];
		struct keys_hasher512 h;

		keys_hash512(out, c->data, strlen(c->data));
		expect_hex(out, 64, c->hash);
		keys_hash512_begin(&h);
		for (const char *s = c->data; *s; s++)
			keys_hash512_add(&h, s, 1);
		keys_hash512_end(&h, out);
		expect_hex(out, 64, c->hash);
	}
	keys_hash(out, NULL, 0);
	expect_hex(out, KEYS_HASH, hashes256[0].hash);
}

Test(keys, equal_and_random)
{
	uint8_t a[32], b[32];

	keys_random(a, sizeof a);
	keys_random(b, sizeof b);
	cr_expect(!keys_equal(a, b, sizeof a));
	memcpy(b, a, sizeof a);
	cr_expect(keys_equal(a, b, sizeof a));
	b[31] ^= 0x80;
	cr_expect(!keys_equal(a, b, sizeof a));
}

/* Base64: RFC 4648's vectors, and every other spelling. */

struct base64_case {
	const char *text, *bytes; /* bytes NULL: refused */
	size_t len;
};

static const struct base64_case base64s[] = {
	{ "", "", 0 },
	{ "Zg==", "f", 1 },
	{ "Zm8=", "fo", 2 },
	{ "Zm9v", "foo", 3 },
	{ "Zm9vYmFy", "foobar", 6 },
	{ "+/+/", "\xfb\xff\xbf", 3 },
	{ "-_-_", NULL, 3 },
	{ "Zg", NULL, 1 },
	{ "Zg=", NULL, 1 },
	{ "Zg===", NULL, 1 },
	{ "Zh==", NULL, 1 },
	{ "Zm9=", NULL, 2 },
	{ "Zm8", NULL, 2 },
	{ "Zm8=", NULL, 1 },
	{ "Zm8=", NULL, 3 },
	{ "Zm9v", NULL, 2 },
	{ "Zm9v====", NULL, 3 },
	{ "Zm 9", NULL, 3 },
	{ "Zm9v\n", NULL, 3 },
	{ " Zm9", NULL, 3 },
	{ "=m9v", NULL, 3 },
	{ "====", NULL, 0 },
	{ "Z\xc3\xa9v", NULL, 3 },
};

Test(keys, base64_has_one_spelling)
{
	for (size_t i = 0; i < COUNT(base64s); i++) {
		const struct base64_case *c = &base64s[i];
		uint8_t got[8];
		struct buf b = BUF_INIT;

		cr_expect_eq(keys_unbase64(got, c->len, c->text,
					   strlen(c->text)),
			     c->bytes != NULL, "%s", c->text);
		if (!c->bytes)
			continue;
		cr_expect_arr_eq(got, c->bytes, c->len);
		keys_base64(&b, c->bytes, c->len);
		cr_expect_str_eq(buf_str(&b), c->text);
		buf_release(&b);
	}
	cr_expect(!keys_unbase64((uint8_t[3]){ 0 }, 3, "Zm\0v", 4));
}

/* Four characters for three bytes: of all at each place, 64 are right. */
Test(keys, base64_takes_its_alphabet_alone)
{
	for (size_t at = 0; at < 4; at++) {
		char s[4] = { 'Z', 'm', '9', 'v' };
		uint8_t got[3];
		size_t good = 0;

		for (int byte = 0; byte < 256; byte++) {
			struct buf b = BUF_INIT;

			s[at] = (char)byte;
			if (!keys_unbase64(got, 3, s, 4))
				continue;
			good++;
			keys_base64(&b, got, 3);
			cr_expect_arr_eq(b.data, s, 4, "byte %d at %zu", byte,
					 at);
			buf_release(&b);
		}
		cr_expect_eq(good, 64, "%zu at %zu", good, at);
	}
}

/* Ids and fingerprints, computed from the .pub files by python3's hashlib. */

struct print_case {
	const char *file, *id, *print;
};

static const struct print_case prints[] = {
	{ "acme.pub", "E5BAA93991D97D32",
	  "34855 88843 08157 29362 41260 50518 33221 55490" },
	{ "globex.pub", "D47C794672A41D25",
	  "58505 12004 54428 00629 95429 99510 42241 84714" },
	{ "stock.pub", "3F558FC893452485",
	  "38621 12638 51951 36155 48670 22672 65804 64051" },
};

static struct key_public
fixture_public(const char *name)
{
	struct buf b = fixture(name);
	struct key_public key;
	struct err err = { 0 };

	cr_assert_eq(minisig_read_public(&key, b.data, b.len, &err), 0, "%s",
		     err.msg);
	buf_release(&b);
	return key;
}

Test(keys, ids_and_fingerprints_are_as_pinned)
{
	for (size_t i = 0; i < COUNT(prints); i++) {
		struct key_public key = fixture_public(prints[i].file);
		char print[KEYS_FINGERPRINT_TEXT + 1], id[KEYS_ID_TEXT + 1];
		uint8_t back[KEYS_ID];

		keys_fingerprint(print, &key);
		cr_expect_str_eq(print, prints[i].print);
		keys_id_text(id, key.id);
		cr_expect_str_eq(id, prints[i].id);
		cr_assert(keys_id_parse(back, id, KEYS_ID_TEXT));
		cr_expect_arr_eq(back, key.id, KEYS_ID);
	}
}

Test(keys, an_id_has_one_spelling)
{
	static const char *const bad[] = {
		"", "E5BAA93991D97D3", "E5BAA93991D97D321", "e5baa93991d97d32",
		"E5BAA93991D97D3G", "0xE5BAA93991D97D", " E5BAA93991D97D3",
	};
	uint8_t id[KEYS_ID];

	for (size_t i = 0; i < COUNT(bad); i++)
		cr_expect(!keys_id_parse(id, bad[i], strlen(bad[i])), "%s",
			  bad[i]);
	cr_expect(keys_id_parse(id, "0000000000000001", KEYS_ID_TEXT));
	cr_expect_eq(id[0], 1, "little-endian");
}

struct typed_case {
	const char *typed;
	bool is;
};

static const struct typed_case typed[] = {
	{ "34855 88843 08157 29362 41260 50518 33221 55490", true },
	{ "3485588843081572936241260505183322155490", true },
	{ "34855-88843-08157-29362-41260-50518-33221-55490", true },
	{ "  3-4-8-5-5 88843 08157 29362 41260 50518 33221 55490 - ", true },
	{ "", false },
	{ " ", false },
	{ "34855 88843 08157 29362 41260 50518 33221 5549", false },
	{ "34855 88843 08157 29362 41260 50518 33221 554900", false },
	{ "34855 88843 08157 29362 41260 50518 33221 55491", false },
	{ "24855 88843 08157 29362 41260 50518 33221 55490", false },
	{ "34855\t88843 08157 29362 41260 50518 33221 55490", false },
	{ "34855 88843 08157 29362 41260 50518 33221 55490\n", false },
	{ "34855.88843 08157 29362 41260 50518 33221 55490", false },
	{ "34855 88843 8157 29362 41260 50518 33221 55490", false },
	{ "x34855 88843 08157 29362 41260 50518 33221 55490", false },
	{ "58505 12004 54428 00629 95429 99510 42241 84714", false },
};

Test(keys, a_typed_fingerprint_needs_all_its_digits)
{
	struct key_public key = fixture_public("acme.pub");

	for (size_t i = 0; i < COUNT(typed); i++)
		cr_expect_eq(keys_fingerprint_is(&key, typed[i].typed),
			     typed[i].is, "'%s'", typed[i].typed);
}

/* Key files made by hand: the layout of the format, written out again. */

enum { HEAD = 42, NONCE_AT = 42, BOX_AT = 66, FILE_RAW = 178 };
static const char title[] = "orgferry secret keys 0\n";

struct craft {
	const char *kdf;
	uint64_t ops, memory;
	uint8_t salt[16], id[8], nonce[24], secret[96];
};

static void
put_u64(uint8_t *at, uint64_t n)
{
	for (int i = 0; i < 8; i++)
		at[i] = (uint8_t)(n >> (8 * i));
}

static struct buf
file_of(const uint8_t raw[FILE_RAW])
{
	struct buf b = BUF_INIT;

	buf_add_str(&b, title);
	keys_base64(&b, raw, FILE_RAW);
	buf_add_byte(&b, '\n');
	return b;
}

static struct buf
craft(const struct craft *c, const char *passphrase)
{
	uint8_t raw[FILE_RAW], also[sizeof title - 1 + HEAD], key[32] = { 0 };

	memcpy(raw, c->kdf, 2);
	memcpy(raw + 2, c->salt, 16);
	put_u64(raw + 18, c->ops);
	put_u64(raw + 26, c->memory);
	memcpy(raw + 34, c->id, 8);
	memcpy(raw + NONCE_AT, c->nonce, 24);
	memcpy(also, title, sizeof title - 1);
	memcpy(also + sizeof title - 1, raw, HEAD);
	if (passphrase)
		cr_assert_eq(crypto_pwhash(key, 32, passphrase,
					   strlen(passphrase), c->salt, c->ops,
					   c->memory,
					   crypto_pwhash_ALG_ARGON2ID13),
			     0);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(
		raw + BOX_AT, NULL, c->secret, sizeof c->secret, also,
		sizeof also, NULL, c->nonce, key);
	return file_of(raw);
}

static const char seed1[] =
	"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char public1[] =
	"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

static struct craft
good_craft(const char *seed, const char *public)
{
	struct craft c = { .kdf = "00" };

	unhex(c.secret, 32, seed);
	unhex(c.secret + 32, 32, public);
	memset(c.secret + 64, 0x5a, 32);
	return c;
}

static int
read_file(const struct buf *b, const char *passphrase, struct key_pair **pair,
	  struct err *err)
{
	bool protected;

	return key_pair_read(pair, b->data, b->len, passphrase, &protected,
			     err);
}

/* RFC 8032, section 7.1, the first three. */
struct sign_case {
	const char *seed, *public, *data;
	size_t len;
	const char *signature;
};

static const struct sign_case signs[] = {
	{ seed1, public1, "", 0,
	  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb"
	  "8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
	{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
	  "\x72", 1,
	  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085"
	  "ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
	{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
	  "\xaf\x82", 2,
	  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18f"
	  "f9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
};

Test(keys, sign_as_rfc_8032_does)
{
	for (size_t i = 0; i < COUNT(signs); i++) {
		const struct sign_case *c = &signs[i];
		struct craft made = good_craft(c->seed, c->public);
		struct buf b = craft(&made, NULL);
		uint8_t signature[KEYS_SIGNATURE];
		const struct key_public *key;
		struct key_pair *pair;
		struct err err = { 0 };

		cr_assert_eq(read_file(&b, NULL, &pair, &err), 0, "%s",
			     err.msg);
		key = key_pair_public(pair);
		expect_hex(key->sign, 32, c->public);
		cr_assert_eq(keys_sign(signature, c->data, c->len, pair, &err),
			     0);
		expect_hex(signature, sizeof signature, c->signature);
		cr_expect(keys_verify(signature, c->data, c->len, key));
		for (size_t bit = 0; bit < 8 * sizeof signature; bit++) {
			signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
			cr_expect(!keys_verify(signature, c->data, c->len,
					       key),
				  "bit %zu", bit);
			signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		cr_expect(!keys_verify(signature, "x", 1, key));
		key_pair_free(pair);
		keys_wipe(&b);
	}
}

/* S and S + L are one signature in arithmetic; only the lesser counts. */
Test(keys, a_signature_has_one_spelling)
{
	static const char order[] = "edd3f55c1a631258d69cf7a2def9de14"
				    "00000000000000000000000000000010";
	struct key_pair *pair = fixture_pair("acme.key");
	uint8_t signature[KEYS_SIGNATURE], l[32];
	struct err err = { 0 };

	unhex(l, sizeof l, order);
	cr_assert_eq(keys_sign(signature, "abc", 3, pair, &err), 0);
	sodium_add(signature + 32, l, 32);
	cr_expect(!keys_verify(signature, "abc", 3, key_pair_public(pair)));
	key_pair_free(pair);
}

/* A point of prime order. */
static const char sound_point[] =
	"7767a3242dc9b58bbc68488c1265cc6cc5f26c6f3c88a5d55e901b0734dca572";

/*
 * Points of order 1, 2, 4 and 8, second spellings of points, and that
 * point with one of order 2, 4 or 8 added (those of order 2 passed the
 * check before CVE-2025-69277 was mended). All computed by plain arithmetic.
 */
static const char *const unsound_points[] = {
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"0100000000000000000000000000000000000000000000000000000000000080",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"f1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"f2ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"f7ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"fbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"fcffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"fdffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"76985cdbd2364a744397b773ed9a33933a0d9390c3775a2aa16fe4f8cb235a8d",
	"5a840736ba7eac745bc1565f2b20ad1ccfbf8b72aacdff3d71d2f9590b491c71",
	"937bf8c94581538ba43ea9a0d4df52e33040748d553200c28e2d06a6f4b6e38e",
	"6a84d583f06569edb3f5ed77df65544b27d6948b4f0b2cb76f33dd8413b20719",
	"b15bf26424d1b69dd33b7a9e57db5de4a2aadea4a2a051efd9bfd6af74165d2b",
	"837b2a7c0f9a96124c0a1288209aabb4d8296b74b0f4d34890cc227bec4df8e6",
	"3ca40d9bdb2e49622cc48561a824a21b5d55215b5d5fae10264029508be9a2d4",
	/* no point at all */
	"0200000000000000000000000000000000000000000000000000000000000000",
};

Test(keys, refuse_unsound_signing_keys)
{
	struct key_public key = fixture_public("acme.pub");
	uint8_t zero[KEYS_SIGNATURE] = { 0 };

	cr_expect(keys_public_is_sound(&key));
	unhex(key.sign, 32, sound_point);
	cr_expect(keys_public_is_sound(&key));
	for (size_t i = 0; i < COUNT(unsound_points); i++) {
		struct buf text = BUF_INIT;
		struct key_public got;
		struct err err = { 0 };

		unhex(key.sign, 32, unsound_points[i]);
		cr_expect(!keys_public_is_sound(&key), "%s",
			  unsound_points[i]);
		/* R = 0 or 1 and S = 0: the magic signature of such keys. */
		zero[0] = 0;
		cr_expect(!keys_verify(zero, "abc", 3, &key));
		zero[0] = 1;
		cr_expect(!keys_verify(zero, "abc", 3, &key));
		minisig_write_public(&text, &key);
		cr_expect_eq(minisig_read_public(&got, text.data, text.len,
						 &err),
			     -1);
		cr_expect_str_eq(err.msg, "public key: line 2 is not a sound "
					  "Ed25519 key");
		buf_release(&text);
	}
}

/* Of order 1, 2, 4 and 8, on the curve and its twist; second spellings. */
static const char *const unsound_sealing[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"0100000000000000000000000000000000000000000000000000000000000080",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	/* 9, the base point, and its other two spellings */
	"f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0900000000000000000000000000000000000000000000000000000000000080",
};

Test(keys, refuse_unsound_sealing_keys)
{
	struct key_pair *acme = fixture_pair("acme.key");
	uint8_t key[32] = { 9 }, lock[KEYS_LOCK], header[KEYS_STREAM];
	struct keys_stream *s;
	struct err err = { 0 };

	cr_expect(keys_sealing_is_sound(key));
	cr_expect(keys_sealing_is_sound(key_pair_sealing(acme)));
	for (size_t i = 0; i < COUNT(unsound_sealing); i++) {
		unhex(key, 32, unsound_sealing[i]);
		cr_expect(!keys_sealing_is_sound(key), "%s",
			  unsound_sealing[i]);
		cr_expect_eq(keys_seal(&s, lock, header, acme, key, &err), -1);
		cr_expect_eq(err.kind, ERR_REFUSED);
		cr_expect_null(s);
	}
	key_pair_free(acme);
}

/* Key pairs in memory. */

Test(keys, a_new_pair_is_sound_and_named_by_its_key)
{
	struct key_pair *a, *b;
	const struct key_public *key;
	uint8_t hash[KEYS_HASH];
	struct err err = { 0 };

	cr_assert_eq(key_pair_new(&a, &err), 0);
	cr_assert_eq(key_pair_new(&b, &err), 0);
	key = key_pair_public(a);
	keys_hash(hash, key->sign, 32);
	cr_expect_arr_eq(key->id, hash, KEYS_ID);
	cr_expect(keys_public_is_sound(key));
	cr_expect(keys_sealing_is_sound(key_pair_sealing(a)));
	cr_expect(!keys_equal(key->sign, key_pair_public(b)->sign, 32));
	cr_expect(!keys_equal(key_pair_sealing(a), key_pair_sealing(b), 32));
	cr_expect(!keys_equal(key->sign, key_pair_sealing(a), 32));
	key_pair_free(a);
	key_pair_free(b);
	key_pair_free(NULL);
	keys_stream_free(NULL);
}

/* Whether a process of its own comes past writing there, to kill itself. */
static bool
can_write(void *at)
{
	pid_t child = fork();
	int status = 0;

	cr_assert_geq(child, 0);
	if (child == 0) {
		(void)close(2); /* the sanitizer's story of it */
		*(volatile uint8_t *)at ^= 1;
		(void)raise(SIGKILL);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

Test(keys, a_pair_lies_in_guarded_memory)
{
	struct key_pair *pair = fixture_pair("acme.key");
	uint8_t plain = 0;

	cr_expect(can_write(&plain));
	cr_expect(!can_write(pair), "read-only once it is there");
	cr_expect(!can_write((uint8_t *)pair + 40 + 32 + 96), "a guard page");
	key_pair_free(pair);
}

Test(keys, without_memory_there_is_an_error)
{
	struct rlimit was, none = { 0, 0 }, little = { 4096, 0 };
	struct key_pair *pair = fixture_pair("acme.key"), *got = NULL;
	struct buf b = fixture("acme.key");
	struct err err = { 0 }, err2 = { 0 };
	int rc, rc2;

	cr_assert_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	cr_expect_eq(key_pair_new(&got, &err), 0, "unlocked is no failure");
	key_pair_free(got);

	cr_assert_eq(getrlimit(RLIMIT_AS, &was), 0);
	little.rlim_max = was.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_AS, &little), 0);
	rc = key_pair_new(&pair, &err);
	rc2 = read_file(&b, NULL, &got, &err2);
	cr_assert_eq(setrlimit(RLIMIT_AS, &was), 0);
	cr_expect_eq(rc, -1);
	cr_expect_eq(err.kind, ERR_SYSTEM);
	cr_expect_null(pair);
	cr_expect_eq(rc2, -1);
	cr_expect_eq(err2.kind, ERR_SYSTEM, "%s", err2.msg);
	cr_expect_null(got);
	keys_wipe(&b);
}

/* Key files. */

static void
expect_same_pair(const struct key_pair *a, const struct key_pair *b)
{
	uint8_t x[KEYS_SIGNATURE], y[KEYS_SIGNATURE];
	struct err err = { 0 };

	cr_expect_arr_eq(key_pair_public(a)->id, key_pair_public(b)->id,
			 KEYS_ID);
	cr_expect_arr_eq(key_pair_public(a)->sign, key_pair_public(b)->sign,
			 KEYS_SIGN_PUBLIC);
	cr_expect_arr_eq(key_pair_sealing(a), key_pair_sealing(b),
			 KEYS_SEAL_PUBLIC);
	cr_assert_eq(keys_sign(x, "abc", 3, a, &err), 0);
	cr_assert_eq(keys_sign(y, "abc", 3, b, &err), 0);
	cr_expect_arr_eq(x, y, sizeof x);
}

Test(keys, a_file_in_the_clear_has_one_spelling)
{
	struct buf was = fixture("acme.key"), again = BUF_INIT;
	struct key_pair *pair;
	struct err err = { 0 };
	bool protected = true;

	cr_assert_eq(key_pair_read(&pair, was.data, was.len, "not asked for",
				   &protected, &err),
		     0, "%s", err.msg);
	cr_expect(!protected);
	cr_assert_eq(key_pair_write(pair, NULL, &again, &err), 0);
	cr_assert_eq(again.len, was.len);
	cr_expect_arr_eq(again.data, was.data, was.len);
	key_pair_free(pair);
	keys_wipe(&was);
	keys_wipe(&again);
	cr_expect_null(again.data);
}

Test(keys, a_protected_file_needs_its_passphrase)
{
	struct buf was = fixture("locked.key"), again = BUF_INIT;
	struct key_public want = fixture_public("locked.pub");
	struct key_pair *pair, *back;
	struct err err = { 0 };
	bool protected = false;

	cr_expect_eq(key_pair_read(&pair, was.data, was.len, NULL, &protected,
				   &err),
		     -1);
	cr_expect(protected);
	cr_expect_null(pair);
	cr_expect_eq(err.kind, ERR_REFUSED);
	cr_expect_str_eq(err.msg, "secret keys: are protected by a passphrase, "
				  "and none was given");
	protected = false;
	cr_expect_eq(key_pair_read(&pair, was.data, was.len, "Correct horse",
				   &protected, &err),
		     -1);
	cr_expect(protected);
	cr_expect_eq(err.kind, ERR_REFUSED);
	cr_expect_str_eq(err.msg, "secret keys: the passphrase is wrong, or "
				  "the file is damaged");
	cr_assert_eq(key_pair_read(&pair, was.data, was.len, "correct horse",
				   &protected, &err),
		     0, "%s", err.msg);
	cr_expect_arr_eq(key_pair_public(pair), &want, sizeof want);

	cr_assert_eq(key_pair_write(pair, "new", &again, &err), 0);
	cr_expect_eq(again.len, was.len);
	cr_assert_eq(read_file(&again, "new", &back, &err), 0, "%s", err.msg);
	expect_same_pair(pair, back);
	key_pair_free(pair);
	key_pair_free(back);
	keys_wipe(&was);
	keys_wipe(&again);
}

Test(keys, the_same_passphrase_gives_another_file_each_time)
{
	struct key_pair *pair = fixture_pair("acme.key"), *back;
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct err err = { 0 };

	cr_assert_eq(key_pair_write_cost(pair, "x", 1, 8 * KIB, &a, &err), 0);
	cr_assert_eq(key_pair_write_cost(pair, "x", 1, 8 * KIB, &b, &err), 0);
	cr_expect_neq(memcmp(a.data, b.data, a.len), 0);
	cr_assert_eq(read_file(&a, "x", &back, &err), 0, "%s", err.msg);
	expect_same_pair(pair, back);
	key_pair_free(back);
	key_pair_free(pair);
	keys_wipe(&a);
	keys_wipe(&b);
}

Test(keys, writing_asks_for_sense)
{
	static const struct {
		const char *passphrase;
		uint64_t ops, memory;
	} bad[] = {
		{ "", 1, 8 * KIB },
		{ "x", 0, 8 * KIB },
		{ "x", LIMIT_KDF_OPS + 1, 8 * KIB },
		{ "x", 1, 0 },
		{ "x", 1, 7 * KIB },
		{ "x", 1, 8 * KIB + 1 },
		{ "x", 1, LIMIT_KDF_MEMORY + KIB },
	};
	struct key_pair *pair = fixture_pair("acme.key");

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf b = BUF_INIT;
		struct err err = { 0 };

		cr_expect_eq(key_pair_write_cost(pair, bad[i].passphrase,
						 bad[i].ops, bad[i].memory, &b,
						 &err),
			     -1, "case %zu", i);
		cr_expect_eq(err.kind, ERR_USAGE);
		cr_expect_eq(b.len, 0);
	}
	key_pair_free(pair);
}

/*
 * What a changed file asks for may be honest and yet cost a gigabyte: those
 * changes are left to the sweep of costs below.
 */
static bool
is_costly(const struct buf *b)
{
	uint8_t raw[FILE_RAW];
	struct rd r;
	uint64_t n = 0;

	if (b->len != sizeof title - 1 + 241 ||
	    !keys_unbase64(raw, sizeof raw, (char *)b->data + sizeof title - 1,
			   240))
		return false;
	r = rd_of(raw + 26, 8);
	cr_assert(rd_u64le(&r, &n));
	return n > MIB && n <= LIMIT_KDF_MEMORY;
}

static void
expect_refused(const struct buf *b, const char *passphrase, const char *how,
	       size_t at)
{
	struct key_pair *pair;
	struct err err = { 0 };

	if (is_costly(b))
		return;
	cr_expect_eq(read_file(b, passphrase, &pair, &err), -1, "%s %zu", how,
		     at);
	cr_expect_eq(err.kind, ERR_REFUSED, "%s %zu: %s", how, at, err.msg);
	cr_expect_null(pair);
}

static void
refuses_every_change(const char *name, const char *passphrase)
{
	struct buf b = fixture(name);
	struct key_pair *pair;
	struct err err = { 0 };

	cr_assert_eq(read_file(&b, passphrase, &pair, &err), 0, "%s", err.msg);
	key_pair_free(pair);
	for (size_t bit = 0; bit < 8 * b.len; bit++) {
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		expect_refused(&b, passphrase, "bit", bit);
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = b.len; b.len-- > 0;) {
		expect_refused(&b, passphrase, "cut at", b.len);
		if (b.len == 0) {
			b.len = len;
			break;
		}
	}
	for (int byte = 0; byte < 256; byte++) {
		struct buf c = BUF_INIT;

		buf_add(&c, b.data, b.len);
		buf_add_byte(&c, (uint8_t)byte);
		expect_refused(&c, passphrase, "appended", (size_t)byte);
		c.len = 0;
		buf_add_byte(&c, (uint8_t)byte);
		buf_add(&c, b.data, b.len);
		expect_refused(&c, passphrase, "prepended", (size_t)byte);
		keys_wipe(&c);
	}
	keys_wipe(&b);
}

Test(keys, refuses_every_change_of_a_clear_file)
{
	refuses_every_change("acme.key", NULL);
}

Test(keys, refuses_every_change_of_a_protected_file)
{
	refuses_every_change("locked.key", "correct horse");
}

/* Files whose tag is right and whose content is not. */
Test(keys, refuses_what_a_right_tag_holds_together)
{
	static const struct {
		const char *what;
		size_t at; /* a byte of the struct to spoil */
		const char *says;
	} bad[] = {
		{ "salt", offsetof(struct craft, salt), "in the clear" },
		{ "salt", offsetof(struct craft, salt) + 15, "in the clear" },
		{ "ops", offsetof(struct craft, ops), "in the clear" },
		{ "memory", offsetof(struct craft, memory) + 7,
		  "in the clear" },
		{ "nonce", offsetof(struct craft, nonce), "in the clear" },
		{ "nonce", offsetof(struct craft, nonce) + 23,
		  "in the clear" },
		{ "seed", offsetof(struct craft, secret), "two halves" },
		{ "public", offsetof(struct craft, secret) + 63,
		  "two halves" },
	};
	static const char *const kdfs[] = { "A1", "a2", "A3", "02", "0A",
					    "2A", "Sc", "B2" };
	struct key_pair *pair;
	struct err err = { 0 };
	struct craft c;
	struct buf b;

	for (size_t i = 0; i < COUNT(bad); i++) {
		c = good_craft(seed1, public1);
		((uint8_t *)&c)[bad[i].at] ^= 1;
		b = craft(&c, NULL);
		cr_expect_eq(read_file(&b, NULL, &pair, &err), -1, "%s",
			     bad[i].what);
		cr_expect_eq(err.kind, ERR_REFUSED);
		cr_expect(strstr(err.msg, bad[i].says), "%s: %s", bad[i].what,
			  err.msg);
		keys_wipe(&b);
	}
	for (size_t i = 0; i < COUNT(kdfs); i++) {
		c = good_craft(seed1, public1);
		c.kdf = kdfs[i];
		b = craft(&c, NULL);
		cr_expect_eq(read_file(&b, "x", &pair, &err), -1, "%s",
			     kdfs[i]);
		cr_expect_str_eq(err.msg, "secret keys: protected in a way "
					  "that is not known here");
		keys_wipe(&b);
	}
	/* Any id is taken, for minisign's are random. */
	c = good_craft(seed1, public1);
	memset(c.id, 0xff, sizeof c.id);
	b = craft(&c, NULL);
	cr_assert_eq(read_file(&b, NULL, &pair, &err), 0, "%s", err.msg);
	cr_expect_arr_eq(key_pair_public(pair)->id, c.id, KEYS_ID);
	key_pair_free(pair);
	keys_wipe(&b);
}

Test(keys, a_hand_made_protected_file_opens)
{
	struct craft c = good_craft(seed1, public1);
	struct key_pair *pair;
	struct err err = { 0 };
	struct buf b;

	c.kdf = "A2";
	c.ops = 2;
	c.memory = 16 * KIB;
	memset(c.salt, 7, sizeof c.salt);
	memset(c.nonce, 8, sizeof c.nonce);
	b = craft(&c, "x");
	cr_assert_eq(read_file(&b, "x", &pair, &err), 0, "%s", err.msg);
	expect_hex(key_pair_public(pair)->sign, 32, public1);
	key_pair_free(pair);
	keys_wipe(&b);
}

/* The spelling of the text, with a payload that is right. */

struct spelling_case {
	const char *what, *before, *after, *says;
};

static const struct spelling_case spellings[] = {
	{ "another version", "orgferry secret keys 1\n", "\n",
	  "secret keys: of a version that is not known here" },
	{ "a longer version", "orgferry secret keys 00\n", "\n",
	  "secret keys: of a version that is not known here" },
	{ "CRLF", "orgferry secret keys 0\r\n", "\r\n",
	  "secret keys: of a version that is not known here" },
	{ "CRLF at the end", "orgferry secret keys 0\n", "\r\n",
	  "secret keys: line 2 is not the base64 of 178 bytes" },
	{ "a space at the end", "orgferry secret keys 0\n", " \n",
	  "secret keys: line 2 is not the base64 of 178 bytes" },
	{ "no end", "orgferry secret keys 0\n", "",
	  "secret keys: line 2 has no end" },
	{ "an empty line more", "orgferry secret keys 0\n", "\n\n",
	  "secret keys: 1 bytes after line 2" },
	{ "an empty line between", "orgferry secret keys 0\n\n", "\n",
	  "secret keys: 241 bytes after line 2" },
	{ "no title", "", "\n",
	  "secret keys: line 1 is not 'orgferry secret keys 0'" },
	{ "upper case", "Orgferry secret keys 0\n", "\n",
	  "secret keys: line 1 is not 'orgferry secret keys 0'" },
	{ "minisign's own", "untrusted comment: minisign secret key\n", "\n",
	  "secret keys: line 1 is not 'orgferry secret keys 0'" },
};

Test(keys, a_key_file_has_one_spelling)
{
	struct craft c = good_craft(seed1, public1);
	struct buf good = craft(&c, NULL);
	struct key_pair *pair;
	struct err err = { 0 };

	for (size_t i = 0; i < COUNT(spellings); i++) {
		const struct spelling_case *s = &spellings[i];
		struct buf b = BUF_INIT;

		buf_add_str(&b, s->before);
		buf_add(&b, good.data + sizeof title - 1, 240);
		buf_add_str(&b, s->after);
		cr_expect_eq(read_file(&b, NULL, &pair, &err), -1, "%s",
			     s->what);
		cr_expect_str_eq(err.msg, s->says, "%s: %s", s->what, err.msg);
		keys_wipe(&b);
	}
	while (good.len <= LIMIT_SECRET_KEY)
		buf_add_byte(&good, '\n');
	cr_expect_eq(read_file(&good, NULL, &pair, &err), -1);
	cr_expect_str_eq(err.msg, "secret keys: 4097 bytes are too many");
	keys_wipe(&good);
}

/* A hostile file may not make us work: none of these may take a second. */
Test(keys, a_key_file_cannot_exhaust_the_host, .timeout = 10)
{
	static const uint64_t ops[] = { 0, 1, 3, LIMIT_KDF_OPS,
					LIMIT_KDF_OPS + 1, UINT32_MAX,
					UINT64_C(1) << 32, INT64_MAX,
					UINT64_MAX };
	static const uint64_t memory[] = {
		0, 1, 8 * 1024 - 1, 8 * 1024, 8 * 1024 + 1,
		64 * 1024, LIMIT_KDF_MEMORY - 1, LIMIT_KDF_MEMORY,
		LIMIT_KDF_MEMORY + 1, LIMIT_KDF_MEMORY + 1024,
		UINT64_C(1) << 32, (UINT64_C(1) << 32) + 8 * 1024,
		UINT64_C(1) << 40, INT64_MAX, UINT64_MAX - 1023, UINT64_MAX,
	};
	struct craft c = good_craft(seed1, public1);

	c.kdf = "A2";
	for (size_t i = 0; i < COUNT(ops) * COUNT(memory); i++) {
		bool fair, protected = false;
		struct key_pair *pair;
		struct err err = { 0 };
		struct buf b;

		c.ops = ops[i / COUNT(memory)];
		c.memory = memory[i % COUNT(memory)];
		fair = c.ops >= 1 && c.ops <= LIMIT_KDF_OPS &&
		       c.memory >= 8 * KIB && c.memory <= LIMIT_KDF_MEMORY &&
		       c.memory % 1024 == 0;
		b = craft(&c, NULL);
		cr_expect_eq(key_pair_read(&pair, b.data, b.len,
					   fair ? NULL : "x", &protected,
					   &err),
			     -1);
		cr_expect(protected);
		cr_expect_eq(err.kind, ERR_REFUSED);
		cr_expect(strstr(err.msg, fair ? "none was given" : "ask for"),
			  "%llu over %llu: %s", (unsigned long long)c.ops,
			  (unsigned long long)c.memory, err.msg);
		keys_wipe(&b);
	}
}

/* Sealing. */

enum { CHUNKS = 4, CHUNK = 100, SEALED = CHUNK + KEYS_CHUNK_OVER };

struct sealed {
	uint8_t lock[KEYS_LOCK], header[KEYS_STREAM];
	uint8_t chunk[CHUNKS][SEALED];
};

static void
plain_chunk(uint8_t out[CHUNK], size_t i)
{
	memset(out, (int)('a' + i), CHUNK);
}

static const char also[] = "from acme to globex";

static void
seal(struct sealed *out, const struct key_pair *from, const uint8_t *to)
{
	struct keys_stream *s;
	struct err err = { 0 };

	cr_assert_eq(keys_seal(&s, out->lock, out->header, from, to, &err), 0,
		     "%s", err.msg);
	for (size_t i = 0; i < CHUNKS; i++) {
		uint8_t plain[CHUNK];

		plain_chunk(plain, i);
		keys_stream_push(s, out->chunk[i], plain, CHUNK, also,
				 strlen(also), i == CHUNKS - 1);
	}
	keys_stream_free(s);
}

static struct keys_stream *
open_sealed(const struct sealed *in, const struct key_pair *to,
	    const struct key_pair *from)
{
	struct keys_stream *s = NULL;
	struct err err = { 0 };

	cr_assert_eq(keys_open(&s, in->lock, in->header, to,
			       key_pair_sealing(from), &err),
		     0, "%s", err.msg);
	return s;
}

struct order_case {
	const char *what, *order;
	size_t good; /* chunks that come out */
	bool whole;
};

static const struct order_case orders[] = {
	{ "as sent", "0123", 4, true },
	{ "nothing at all", "", 0, false },
	{ "cut after one", "0", 1, false },
	{ "cut before the last", "012", 3, false },
	{ "the first two swapped", "1023", 0, false },
	{ "the last two swapped", "0132", 2, false },
	{ "the first dropped", "123", 0, false },
	{ "one in the middle dropped", "023", 1, false },
	{ "all but the last dropped", "3", 0, false },
	{ "one twice", "0012", 1, false },
	{ "the last twice", "01233", 4, true },
	{ "from the start again", "0120", 3, false },
};

Test(keys, a_stream_comes_out_in_its_order_or_not)
{
	struct key_pair *acme = fixture_pair("acme.key");
	struct key_pair *globex = fixture_pair("globex.key");
	struct sealed in;

	seal(&in, acme, key_pair_sealing(globex));
	for (size_t i = 0; i < COUNT(orders); i++) {
		const struct order_case *c = &orders[i];
		struct keys_stream *s = open_sealed(&in, globex, acme);
		bool final = false, whole = false;
		size_t good = 0;

		for (const char *at = c->order; *at; at++) {
			size_t n = (size_t)(*at - '0');
			uint8_t out[CHUNK], want[CHUNK];

			if (!keys_stream_pull(s, out, &final, in.chunk[n],
					      SEALED, also, strlen(also))) {
				cr_expect(!final, "%s", c->what);
				continue;
			}
			plain_chunk(want, good++);
			cr_expect_arr_eq(out, want, CHUNK, "%s", c->what);
			whole = whole || final;
		}
		cr_expect_eq(good, c->good, "%s: %zu", c->what, good);
		cr_expect_eq(whole, c->whole, "%s", c->what);
		keys_stream_free(s);
	}
	key_pair_free(acme);
	key_pair_free(globex);
}

Test(keys, a_changed_chunk_ends_the_stream)
{
	struct key_pair *acme = fixture_pair("acme.key");
	struct key_pair *globex = fixture_pair("globex.key");
	struct sealed in;
	uint8_t out[CHUNK + KEYS_CHUNK_OVER];
	bool final;

	seal(&in, acme, key_pair_sealing(globex));
	for (size_t bit = 0; bit < 8 * SEALED; bit++) {
		struct keys_stream *s = open_sealed(&in, globex, acme);

		in.chunk[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect(!keys_stream_pull(s, out, &final, in.chunk[0],
					    SEALED, also, strlen(also)),
			  "bit %zu", bit);
		in.chunk[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect(!keys_stream_pull(s, out, &final, in.chunk[0],
					    SEALED, also, strlen(also)),
			  "no second try");
		keys_stream_free(s);
	}
	for (size_t len = 0; len < SEALED; len++) {
		struct keys_stream *s = open_sealed(&in, globex, acme);

		cr_expect(!keys_stream_pull(s, out, &final, in.chunk[0], len,
					    also, strlen(also)),
			  "%zu bytes", len);
		keys_stream_free(s);
	}
	for (size_t len = 0; len <= sizeof also; len++) {
		struct keys_stream *s = open_sealed(&in, globex, acme);

		cr_expect_eq(keys_stream_pull(s, out, &final, in.chunk[0],
					      SEALED, also, len),
			     len == strlen(also), "also of %zu bytes", len);
		keys_stream_free(s);
	}
	key_pair_free(acme);
	key_pair_free(globex);
}

static void
expect_shut(const struct sealed *in, const struct key_pair *to,
	    const uint8_t *from, const char *says)
{
	struct keys_stream *s;
	struct err err = { 0 };

	cr_expect_eq(keys_open(&s, in->lock, in->header, to, from, &err), -1,
		     "%s", says);
	cr_expect_null(s);
	cr_expect_eq(err.kind, ERR_REFUSED);
	cr_expect_str_eq(err.msg, says, "%s", err.msg);
}

static const char not_to_us[] =
	"is not sealed to this org's key, or is damaged";
static const char not_theirs[] = "is not sealed by the partner's key";

Test(keys, only_the_recipient_opens_and_only_the_sender_seals)
{
	struct key_pair *acme = fixture_pair("acme.key");
	struct key_pair *globex = fixture_pair("globex.key"), *thief;
	struct sealed in, other;
	struct err err = { 0 };
	uint8_t low[32] = { 0 };

	cr_assert_eq(key_pair_new(&thief, &err), 0);
	seal(&in, acme, key_pair_sealing(globex));
	expect_shut(&in, thief, key_pair_sealing(acme), not_to_us);
	expect_shut(&in, acme, key_pair_sealing(acme), not_to_us);
	expect_shut(&in, acme, key_pair_sealing(globex), not_to_us);
	expect_shut(&in, globex, key_pair_sealing(thief), not_theirs);
	expect_shut(&in, globex, key_pair_sealing(globex), not_theirs);
	for (size_t i = 0; i < COUNT(unsound_sealing); i++) {
		unhex(low, 32, unsound_sealing[i]);
		expect_shut(&in, globex, low, not_theirs);
	}
	seal(&in, thief, key_pair_sealing(globex));
	expect_shut(&in, globex, key_pair_sealing(acme), not_theirs);

	/* Parts of two streams of one sender do not join. */
	seal(&in, acme, key_pair_sealing(globex));
	seal(&other, acme, key_pair_sealing(globex));
	cr_expect_neq(memcmp(in.lock, other.lock, sizeof in.lock), 0);
	for (int what = 0; what < 3; what++) {
		struct sealed mix = in;
		struct keys_stream *s;
		uint8_t out[CHUNK];
		bool final;

		if (what == 0)
			memcpy(mix.lock, other.lock, sizeof mix.lock);
		else if (what == 1)
			memcpy(mix.header, other.header, sizeof mix.header);
		else
			memcpy(mix.chunk, other.chunk, sizeof mix.chunk);
		s = open_sealed(&mix, globex, acme);
		cr_expect(!keys_stream_pull(s, out, &final, mix.chunk[0],
					    SEALED, also, strlen(also)));
		keys_stream_free(s);
	}
	key_pair_free(acme);
	key_pair_free(globex);
	key_pair_free(thief);
}

Test(keys, a_changed_lock_or_header_opens_nothing)
{
	struct key_pair *acme = fixture_pair("acme.key");
	struct key_pair *globex = fixture_pair("globex.key");
	struct sealed in;

	seal(&in, acme, key_pair_sealing(globex));
	for (size_t bit = 0; bit < 8 * KEYS_LOCK; bit++) {
		in.lock[bit / 8] ^= (uint8_t)(1 << bit % 8);
		expect_shut(&in, globex, key_pair_sealing(acme), not_to_us);
		in.lock[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * KEYS_STREAM; bit++) {
		struct keys_stream *s;
		uint8_t out[CHUNK];
		bool final;

		in.header[bit / 8] ^= (uint8_t)(1 << bit % 8);
		s = open_sealed(&in, globex, acme);
		cr_expect(!keys_stream_pull(s, out, &final, in.chunk[0],
					    SEALED, also, strlen(also)));
		keys_stream_free(s);
		in.header[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	key_pair_free(acme);
	key_pair_free(globex);
}

/* A sender who speaks more of libsodium's language than we do. */

struct tag_case {
	const char *what;
	unsigned char tag[3];
	size_t good;
	bool whole;
};

static const struct tag_case tags[] = {
	{ "ours", { 0, 0, 3 }, 3, true },
	{ "PUSH", { 0, 1, 3 }, 1, false },
	{ "REKEY", { 0, 2, 3 }, 1, false },
	{ "an unknown one", { 0, 4, 3 }, 1, false },
	{ "all bits", { 255, 0, 3 }, 0, false },
	{ "PUSH for the last", { 0, 0, 1 }, 2, false },
	{ "more after FINAL", { 0, 3, 0 }, 2, true },
	{ "FINAL twice", { 0, 3, 3 }, 2, true },
	{ "no FINAL", { 0, 0, 0 }, 3, false },
};

Test(keys, only_message_and_final_are_spoken)
{
	uint8_t nonce_box[72], key[32], seed[32] = { 1 }, secret[32], mine[32];
	struct key_pair *globex = fixture_pair("globex.key");
	crypto_secretstream_xchacha20poly1305_state push;
	struct sealed in;

	/* The lock made by hand, which also pins its layout. */
	(void)crypto_box_seed_keypair(mine, secret, seed);
	randombytes_buf(key, sizeof key);
	randombytes_buf(nonce_box, 24);
	cr_assert_eq(crypto_box_easy(nonce_box + 24, key, 32, nonce_box,
				     key_pair_sealing(globex), secret),
		     0);
	cr_assert_eq(crypto_box_seal(in.lock, nonce_box, 72,
				     key_pair_sealing(globex)),
		     0);
	for (size_t i = 0; i < COUNT(tags); i++) {
		const struct tag_case *c = &tags[i];
		bool final, whole = false;
		struct keys_stream *s;
		struct err err = { 0 };
		size_t good = 0;

		(void)crypto_secretstream_xchacha20poly1305_init_push(
			&push, in.header, key);
		cr_assert_eq(keys_open(&s, in.lock, in.header, globex, mine,
				       &err),
			     0, "%s", err.msg);
		for (size_t n = 0; n < 3; n++) {
			uint8_t out[CHUNK], plain[CHUNK];

			plain_chunk(plain, n);
			memset(out, 0, sizeof out);
			(void)crypto_secretstream_xchacha20poly1305_push(
				&push, in.chunk[n], NULL, plain, CHUNK, NULL,
				0, c->tag[n]);
			if (keys_stream_pull(s, out, &final, in.chunk[n],
					     SEALED, NULL, 0))
				good++;
			else
				cr_expect(sodium_is_zero(out, sizeof out),
					  "%s: nothing comes out", c->what);
			whole = whole || final;
		}
		cr_expect_eq(good, c->good, "%s: %zu", c->what, good);
		cr_expect_eq(whole, c->whole, "%s", c->what);
		keys_stream_free(s);
	}
	key_pair_free(globex);
}

/* A thief sees sizes. */
Test(keys, nothing_shows_through)
{
	static uint8_t plain[64 * 1024], out[sizeof plain + KEYS_CHUNK_OVER];
	struct key_pair *acme = fixture_pair("acme.key");
	struct key_pair *globex = fixture_pair("globex.key");
	uint8_t lock[KEYS_LOCK], header[KEYS_STREAM];
	size_t seen[256] = { 0 };
	struct keys_stream *s;
	struct err err = { 0 };
	bool final = false;

	memset(plain, 'A', sizeof plain);
	cr_assert_eq(keys_seal(&s, lock, header, acme,
			       key_pair_sealing(globex), &err),
		     0);
	keys_stream_push(s, out, plain, sizeof plain, NULL, 0, true);
	keys_stream_free(s);
	for (size_t i = 0; i < sizeof out; i++)
		seen[out[i]]++;
	for (size_t i = 0; i < 256; i++)
		cr_expect(seen[i] > 128 && seen[i] < 512, "%zu: %zu", i,
			  seen[i]);
	cr_assert_eq(keys_open(&s, lock, header, globex,
			       key_pair_sealing(acme), &err),
		     0);
	cr_assert(keys_stream_pull(s, plain, &final, out, sizeof out, NULL,
				   0));
	cr_expect(final);
	cr_expect_eq(plain[0], 'A');
	cr_expect_eq(plain[sizeof plain - 1], 'A');
	keys_stream_free(s);
	key_pair_free(acme);
	key_pair_free(globex);
}

Test(keys, an_empty_chunk_can_be_the_last)
{
	struct key_pair *acme = fixture_pair("acme.key");
	struct key_pair *globex = fixture_pair("globex.key");
	uint8_t lock[KEYS_LOCK], header[KEYS_STREAM], out[KEYS_CHUNK_OVER];
	struct keys_stream *s;
	struct err err = { 0 };
	bool final = false;

	cr_assert_eq(keys_seal(&s, lock, header, acme,
			       key_pair_sealing(globex), &err),
		     0);
	keys_stream_push(s, out, NULL, 0, NULL, 0, true);
	keys_stream_free(s);
	cr_assert_eq(keys_open(&s, lock, header, globex,
			       key_pair_sealing(acme), &err),
		     0);
	cr_expect(keys_stream_pull(s, (uint8_t[1]){ 0 }, &final, out,
				   sizeof out, NULL, 0));
	cr_expect(final);
	keys_stream_free(s);
	key_pair_free(acme);
	key_pair_free(globex);
}
