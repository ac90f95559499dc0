/*
 * keys.c on any secret key file. What it takes must write back byte for byte.
 *
 * No passphrase is given, so Argon2id never runs. The tag of a file in the
 * clear is a checksum that no mutation hits; so the first byte picks whether
 * the input is the text, or a payload for which the text, or the tag too, is
 * made here as keys.c makes it.
 */
#include "format/keys.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 42, BOX_AT = 66, SECRET = 96, RAW = 178 };
static const char title[] = "orgferry secret keys 0\n";

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
fuzz_text(const void *data, size_t size)
{
	struct buf again = BUF_INIT;
	struct key_pair *pair;
	struct err err = { 0 };
	bool protected;

	if (key_pair_read(&pair, data, size, NULL, &protected, &err) < 0) {
		require(!pair && err.kind == ERR_REFUSED && err.msg[0]);
		return;
	}
	require(!protected);
	require(key_pair_write(pair, NULL, &again, &err) == 0);
	require(again.len == size && memcmp(again.data, data, size) == 0);
	keys_wipe(&again);
	key_pair_free(pair);
}

static void
fuzz_payload(const uint8_t raw[RAW])
{
	struct buf text = BUF_INIT;

	buf_add_str(&text, title);
	keys_base64(&text, raw, RAW);
	buf_add_byte(&text, '\n');
	fuzz_text(text.data, text.len);
	buf_release(&text);
}

/* whole: the seed's public half is made right too. */
static void
fuzz_tagged(uint8_t raw[RAW], bool whole)
{
	static const uint8_t key[32];
	uint8_t also[sizeof title - 1 + HEAD], secret[SECRET], public[32];

	memcpy(secret, raw + BOX_AT, sizeof secret);
	if (whole) {
		memcpy(raw, "00", 2);
		memset(raw + 2, 0, 32);
		memset(raw + HEAD, 0, BOX_AT - HEAD);
		(void)crypto_sign_seed_keypair(public, secret,
					       raw + BOX_AT);
	}
	memcpy(also, title, sizeof title - 1);
	memcpy(also + sizeof title - 1, raw, HEAD);
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(
		raw + BOX_AT, NULL, secret, sizeof secret, also, sizeof also,
		NULL, raw + HEAD, key);
	fuzz_payload(raw);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool begun;
	uint8_t raw[RAW] = { 0 };
	struct err err = { 0 };

	if (!begun)
		require(keys_init(&err) == 0);
	begun = true;
	if (size < 1)
		return 0;
	if (data[0] > 3) {
		fuzz_text(data, size);
		return 0;
	}
	memcpy(raw, data + 1, size - 1 < RAW ? size - 1 : RAW);
	if (data[0] == 0)
		fuzz_payload(raw);
	else
		fuzz_tagged(raw, data[0] == 3);
	return 0;
}
