/*
 * minisig.c on any text. The first byte picks the reader; what it takes must
 * be the one spelling, shown by writing it again. What no mutation reaches, a
 * statement behind a signature that holds, is signed here: those of the right
 * length and one in 4,096 of the others, so that most inputs cost little.
 */
#include "format/minisig.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct key_pair *pair;

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static void
begin(void)
{
	struct err err = { 0 };

	if (!pair)
		require(keys_init(&err) == 0 && key_pair_new(&pair, &err) == 0);
}

static void
require_same(struct buf *b, const uint8_t *data, size_t size)
{
	require(!b->failed && b->len == size &&
		memcmp(b->data, data, size) == 0);
	buf_release(b);
}

static void
fuzz_signature(const uint8_t *data, size_t size)
{
	uint8_t raw[2 + KEYS_ID + KEYS_SIGNATURE] = "ED";
	struct buf b = BUF_INIT;
	struct minisig sig;
	struct err err = { 0 };

	if (minisig_read(&sig, data, size, &err) < 0) {
		require(err.kind == ERR_REFUSED && err.msg[0]);
		return;
	}
	memcpy(raw + 2, sig.id, KEYS_ID);
	memcpy(raw + 2 + KEYS_ID, sig.signature, KEYS_SIGNATURE);
	buf_add_str(&b, "untrusted comment: ");
	buf_add(&b, sig.untrusted, sig.untrusted_len);
	buf_add_byte(&b, '\n');
	keys_base64(&b, raw, sizeof raw);
	buf_add_str(&b, "\ntrusted comment: ");
	buf_add(&b, sig.trusted, sig.trusted_len);
	buf_add_byte(&b, '\n');
	keys_base64(&b, sig.global, sizeof sig.global);
	buf_add_byte(&b, '\n');
	require_same(&b, data, size);
}

static void
fuzz_public(const uint8_t *data, size_t size)
{
	struct buf b = BUF_INIT, c = BUF_INIT;
	struct err err = { 0 };
	struct key_public key;
	struct rd r = rd_of(data, size), line;
	const uint8_t *at;
	size_t len;

	if (minisig_read_public(&key, data, size, &err) < 0) {
		require(err.kind == ERR_REFUSED && err.msg[0]);
		return;
	}
	/* All but the comment is as we write it. */
	minisig_write_public(&b, &key);
	line = rd_of(b.data, b.len);
	require(rd_line(&line, &at, &len));
	require(rd_line(&r, &at, &len));
	buf_add(&c, at, len);
	buf_add_byte(&c, '\n');
	buf_add(&c, line.at, line.left);
	require_same(&c, data, size);
	buf_release(&b);
}

static void
fuzz_sealing(const uint8_t *data, size_t size)
{
	uint8_t sealing[KEYS_SEAL_PUBLIC];
	struct err err = { 0 };
	struct key_public key;

	if (minisig_read_sealing(&key, sealing, data, size, &err) < 0)
		require(err.kind == ERR_REFUSED && err.msg[0]);
}

/* The input as the line of a statement, which our key signs. */
static void
fuzz_statement(const uint8_t *data, size_t size)
{
	static const char prefix[] = "orgferry sealing key: ";
	uint8_t sealing[KEYS_SEAL_PUBLIC];
	struct buf b = BUF_INIT;
	struct err err = { 0 };
	struct key_public key;

	minisig_write_public(&b, key_pair_public(pair));
	buf_add(&b, data, size);
	require(minisig_sign(&b, data, size,
			     "signature of an orgferry sealing key",
			     "orgferry sealing key", pair, &err) == 0);
	if (minisig_read_sealing(&key, sealing, b.data, b.len, &err) == 0)
		require(size == sizeof prefix - 1 + 64 + 1 &&
			memcmp(data, prefix, sizeof prefix - 1) == 0 &&
			data[size - 1] == '\n' &&
			keys_sealing_is_sound(sealing));
	else
		require(err.kind == ERR_REFUSED && err.msg[0]);
	buf_release(&b);
}

/* A sum of the input picks those that may cost much, run after run alike. */
static bool
is_rare(const uint8_t *data, size_t size)
{
	uint32_t sum = 2166136261;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ data[i]) * 16777619;
	return sum % 4096 == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin();
	if (size < 1)
		return 0;
	switch (data[0]) {
	case 'p':
		fuzz_public(data + 1, size - 1);
		break;
	case 'k':
		fuzz_sealing(data + 1, size - 1);
		break;
	case 'l':
		if (size == 1 + 22 + 64 + 1 || is_rare(data, size))
			fuzz_statement(data + 1, size - 1);
		break;
	default:
		fuzz_signature(data + 1, size - 1);
	}
	return 0;
}
