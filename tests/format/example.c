/*
 * The worked example of FORMAT.md, section 12, made byte by byte from what that
 * page says and read by the program. Nothing of the program's writers helps:
 * only its Ed25519 and its hash. reader_check.py holds the page's text against
 * the same fixture.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "format/changes.h"
#include "format/sample.h"

#define EXAMPLE "fixtures/bundles/example.ferry"

static const char manifest[] =
	"{\n"
	" \"format\": 0,\n"
	" \"kind\": \"changes\",\n"
	" \"connection\": \"000102030405060708090a0b0c0d0e0f\",\n"
	" \"from\": {\n"
	"  \"org\": \"00D2a0000000001EAA\",\n"
	"  \"name\": \"Acme\",\n"
	"  \"sandbox\": false,\n"
	"  \"key\": \"E5BAA93991D97D32\"\n"
	" },\n"
	" \"to\": {\n"
	"  \"org\": \"00D3b0000000009EAA\",\n"
	"  \"key\": \"D47C794672A41D25\"\n"
	" },\n"
	" \"made\": \"2026-11-22T06:00:00.000Z\",\n"
	" \"place\": {\n"
	"  \"epoch\": \"e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1\",\n"
	"  \"sequence\": 1\n"
	" },\n"
	" \"previous\": null,\n"
	" \"start\": \"first\",\n"
	" \"seen\": {\n"
	"  \"epoch\": \"e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2\",\n"
	"  \"sequence\": 1\n"
	" },\n"
	" \"history\": {\n"
	"  \"rows\": 0,\n"
	"  \"head\": \"00000000000000000000000000000000000000000000"
	"00000000000000000000\"\n"
	" },\n"
	" \"notices\": [],\n"
	" \"more\": false,\n"
	" \"as_of\": \"2026-11-22T05:59:58.000Z\",\n"
	" \"published\": {\n"
	"  \"revision\": 1,\n"
	"  \"rows\": null\n"
	" },\n"
	" \"objects\": [\n"
	"  {\n"
	"   \"name\": \"Account\",\n"
	"   \"creates\": 1,\n"
	"   \"updates\": 1,\n"
	"   \"deletes\": 0,\n"
	"   \"records\": 2,\n"
	"   \"sum\": \"5d545fd1efc6542e281260238c5e0ff8f090401cfb76"
	"747c68160bf6a569e122\"\n"
	"  }\n"
	" ],\n"
	" \"members\": [\n"
	"  {\n"
	"   \"name\": \"changes/names-1.csv.gz\",\n"
	"   \"stored\": 124,\n"
	"   \"size\": 101,\n"
	"   \"hash\": \"70597c9f6bab68272b0cd0367dc025167df32fb1fca"
	"dadf3e09b0402e41bd59f\"\n"
	"  },\n"
	"  {\n"
	"   \"name\": \"changes/Account.creates-1.csv.gz\",\n"
	"   \"stored\": 85,\n"
	"   \"size\": 62,\n"
	"   \"hash\": \"cbf870bba9b30539bf62bad9b2e479407a58ca42c75"
	"190b19a308fcc2ce1f023\"\n"
	"  },\n"
	"  {\n"
	"   \"name\": \"changes/updates-1.csv.gz\",\n"
	"   \"stored\": 75,\n"
	"   \"size\": 52,\n"
	"   \"hash\": \"afd1d9d7b824ae475e1a4cd9574f2fcc696a7dc28b5"
	"b76c3cf641f60e702995f\"\n"
	"  }\n"
	" ]\n"
	"}\n";

static const char names[] =
	"Object,Account,\n"
	"Name,i:0012a0000000001,a:0013b0000000004\n"
	"Change,create,update\n"
	"Modified,-71998,-71997\n";

static const char creates[] =
	"Name,\"Acme, Inc.\"\n"
	"ParentId,a:0013b0000000004AAA\n"
	"Type,Customer\n";

static const char updates[] =
	"Record,Field,Value\n"
	"2,Name,\"Globex \"\"Rail\"\"\"\n"
	"2,Type,\n";

/* Of the whole file. */
static const char hash[] =
	"15d5ae8bc24b5971a1b698da5d37495b0a7b9ace0bcc9590d07964c0b3ab"
	"e0fc";

/* Section 4: ten bytes, one stored block, CRC-32, length. */
static void
add_gzip(struct buf *out, const char *text)
{
	static const uint8_t head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1 };
	uint32_t len = (uint32_t)strlen(text), crc = ~UINT32_C(0);

	for (uint32_t i = 0; i < len; i++) {
		crc ^= (uint8_t)text[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	crc = ~crc;
	buf_add(out, head, sizeof head);
	for (int i = 0; i < 2; i++)
		buf_add_byte(out, (uint8_t)(len >> 8 * i));
	for (int i = 0; i < 2; i++)
		buf_add_byte(out, (uint8_t)(~len >> 8 * i));
	buf_add_str(out, text);
	for (int i = 0; i < 4; i++)
		buf_add_byte(out, (uint8_t)(crc >> 8 * i));
	for (int i = 0; i < 4; i++)
		buf_add_byte(out, (uint8_t)(len >> 8 * i));
}

/* Section 1: a header, the body, zeros to the next block. */
static void
add_member(struct buf *out, const char *name, const void *body, size_t size)
{
	char block[512] = "";
	unsigned sum = 8 * ' ';

	memcpy(block, name, strlen(name));
	memcpy(block + 100, "0000644\0" "0000000\0" "0000000", 24);
	(void)snprintf(block + 124, 12, "%011zo", size);
	memcpy(block + 136, "00000000000", 11);
	block[156] = '0';
	memcpy(block + 257, "ustar\0" "00", 8);
	memcpy(block + 329, "0000000\0" "0000000", 16);
	for (size_t i = 0; i < sizeof block; i++)
		sum += (unsigned char)block[i];
	(void)snprintf(block + 148, 8, "%06o", sum);
	block[155] = ' ';
	buf_add(out, block, sizeof block);
	buf_add(out, body, size);
	while (out->len % 512 != 0)
		buf_add_byte(out, 0);
}

static void
add_table(struct buf *out, const char *name, const char *text)
{
	struct buf stored = BUF_INIT;

	add_gzip(&stored, text);
	add_member(out, name, stored.data, stored.len);
	buf_release(&stored);
}

/* Section 2: two signatures, in base64. */
static void
add_signature(struct buf *out, const struct key_pair *pair)
{
	static const char comment[] = "orgferry manifest";
	uint8_t first[2 + KEYS_ID + KEYS_SIGNATURE] = "ED", prehash[64];
	uint8_t both[KEYS_SIGNATURE + sizeof comment - 1];
	uint8_t second[KEYS_SIGNATURE];
	struct err err = { 0 };

	keys_hash512(prehash, manifest, sizeof manifest - 1);
	memcpy(first + 2, key_pair_public(pair)->id, KEYS_ID);
	cr_assert_eq(keys_sign(first + 2 + KEYS_ID, prehash, sizeof prehash,
			       pair, &err), 0);
	memcpy(both, first + 2 + KEYS_ID, KEYS_SIGNATURE);
	memcpy(both + KEYS_SIGNATURE, comment, sizeof comment - 1);
	cr_assert_eq(keys_sign(second, both, sizeof both, pair, &err), 0);
	buf_add_str(out, "untrusted comment: signature of an orgferry "
			 "manifest\n");
	keys_base64(out, first, sizeof first);
	buf_addf(out, "\ntrusted comment: %s\n", comment);
	keys_base64(out, second, sizeof second);
	buf_add_byte(out, '\n');
}

static void
make(struct buf *out, const struct key_pair *pair)
{
	struct buf signature = BUF_INIT;

	add_signature(&signature, pair);
	add_member(out, "manifest.json", manifest, sizeof manifest - 1);
	add_member(out, "manifest.json.minisig", signature.data,
		   signature.len);
	add_table(out, "changes/names-1.csv.gz", names);
	add_table(out, "changes/Account.creates-1.csv.gz", creates);
	add_table(out, "changes/updates-1.csv.gz", updates);
	for (int i = 0; i < 1024; i++)
		buf_add_byte(out, 0);
	buf_release(&signature);
}

Test(example, is_made_by_hand_from_the_page)
{
	struct buf made = BUF_INIT, fixture = BUF_INIT;
	struct sample_keys keys;
	struct err err = { 0 };
	char hex[2 * KEYS_HASH + 1];
	uint8_t sum[KEYS_HASH];

	cr_assert_eq(sample_keys_read(&keys, &err), 0, "%s", err.msg);
	make(&made, keys.acme);
	cr_assert_eq(buf_ok(&made, &err), 0);
	cr_assert_eq(file_read(&fixture, EXAMPLE, MIB, &err), 0, "%s",
		     err.msg);
	cr_assert_eq(made.len, fixture.len);
	cr_expect_arr_eq(made.data, fixture.data, made.len);
	keys_hash(sum, made.data, made.len);
	text_hex(hex, sum, sizeof sum);
	cr_expect_str_eq(hex, hash);
	buf_release(&made);
	buf_release(&fixture);
	sample_keys_free(&keys);
}

static const struct bundle_peer *
the_one(void *ctx, const uint8_t id[static KEYS_ID])
{
	const struct bundle_peer *peer = ctx;

	return memcmp(peer->key.id, id, KEYS_ID) == 0 ? peer : NULL;
}

Test(example, is_read_by_the_program)
{
	struct sample_keys keys;
	struct bundle_peer acme;
	struct bundle_keys known = { .find = the_one, .ctx = &acme };
	struct bundle_in *in;
	struct changes *changes;
	struct change c;
	struct err err = { 0 };
	struct buf said = BUF_INIT;
	int got;

	cr_assert_eq(sample_keys_read(&keys, &err), 0, "%s", err.msg);
	acme = sample_acme(&keys);
	cr_assert_eq(bundle_in_open(&in, EXAMPLE, &known, &err), 0, "%s",
		     err.msg);
	cr_expect_eq(bundle_in_trust(in), BUNDLE_KNOWN);
	cr_assert_eq(changes_open(&changes, in, &err), 0);
	while ((got = changes_next(changes, &c, &err)) > 0) {
		buf_addf(&said, "%d %d", (int)c.group, (int)c.record);
		for (size_t i = 0; i < c.row->count; i++)
			buf_addf(&said, "|%.*s", (int)c.row->field[i].len,
				 c.row->field[i].at);
		buf_add_byte(&said, '\n');
	}
	cr_expect_eq(got, 0, "%s", err.msg);
	cr_expect_str_eq(buf_str(&said),
			 "2 1|Account|i:0012a0000000001AAA|create|"
			 "2026-11-21T10:00:00.000Z||\n"
			 "2 2|Account|a:0013b0000000004AAA|update|"
			 "2026-11-21T10:00:01.000Z||\n"
			 "3 1|Acme, Inc.|a:0013b0000000004AAA|Customer\n"
			 "4 2|2|Name|Globex \"Rail\"\n"
			 "4 2|2|Type|\n");
	changes_free(changes);
	bundle_in_free(in);
	buf_release(&said);
	sample_keys_free(&keys);
}
