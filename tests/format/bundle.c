/*
 * Bundles written and read again, and refused when anything about them is
 * changed. Each test works in a folder of its own; fixtures are read first.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "format/bundle_out.h"
#include "format/changes.h"
#include "format/envelope.h"
#include "format/sample.h"

static struct sample_keys keys;
static struct bundle_peer acme;
static char folder[] = "/tmp/orgferry-test-XXXXXX";

static void
begin(void)
{
	struct err err = { 0 };

	cr_assert_eq(sample_keys_read(&keys, &err), 0, "%s", err.msg);
	acme = sample_acme(&keys);
	cr_assert_not_null(mkdtemp(folder));
}

static void
end(void)
{
	char cmd[64];

	(void)snprintf(cmd, sizeof cmd, "rm -rf '%s'", folder);
	cr_assert_eq(system(cmd), 0);
	sample_keys_free(&keys);
}

TestSuite(bundle, .init = begin, .fini = end, .timeout = 300);

static const struct bundle_peer *
find_acme(void *ctx, const uint8_t id[static KEYS_ID])
{
	(void)ctx;
	return memcmp(id, acme.key.id, KEYS_ID) == 0 ? &acme : NULL;
}

/* As Globex reads, who knows Acme. */
static struct bundle_keys
known(void)
{
	return (struct bundle_keys){ .own = keys.globex, .find = find_acme };
}

static const char *
path_of(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

/* Read all of a bundle and tell what it said in one text. */
static int
read_to(struct buf *out, const char *path, const struct bundle_keys *as,
	struct err *err)
{
	struct bundle_in *in;
	struct changes *changes = NULL;
	struct change c;
	int got;

	if (bundle_in_open(&in, path, as, err) < 0)
		return -1;
	got = changes_open(&changes, in, err);
	while (got >= 0 && (got = changes_next(changes, &c, err)) > 0) {
		buf_addf(out, "%d %llu", (int)c.group,
			 (unsigned long long)c.record);
		for (size_t i = 0; c.row && i < c.row->count; i++) {
			buf_add_byte(out, '|');
			buf_add(out, c.row->field[i].at, c.row->field[i].len);
		}
		if (c.part)
			buf_addf(out, " %zu %d", c.part->len, c.part->last);
		buf_add_byte(out, '\n');
	}
	changes_free(changes);
	bundle_in_free(in);
	return got;
}

static int
check(const char *path, const struct bundle_keys *as, struct err *err)
{
	struct buf out = BUF_INIT;
	int rc;

	*err = (struct err){ ERR_NONE, "" };
	rc = read_to(&out, path, as, err);
	buf_release(&out);
	return rc;
}

Test(bundle, every_kind_is_read_as_it_was_written)
{
	struct bundle_keys as = known();

	for (int k = 0; k < SAMPLE_KINDS; k++) {
		for (int sealed = 0; sealed <= (k > SAMPLE_ANSWER); sealed++) {
			enum sample_kind kind = (enum sample_kind)k;
			struct err err = { 0 };
			const char *path = path_of(sample_name(kind));

			(void)unlink(path);
			cr_assert_eq(sample_write(path, kind, sealed, &keys,
						  &err), 0, "%s", err.msg);
			cr_expect_eq(check(path, &as, &err), 0, "%s%s: %s",
				     sample_name(kind), sealed ? " sealed" : "",
				     err.msg);
		}
	}
}

Test(bundle, sealed_and_plain_say_the_same)
{
	struct bundle_keys as = known();
	struct buf plain = BUF_INIT, sealed = BUF_INIT;
	struct err err = { 0 };

	cr_assert_eq(sample_write(path_of("p"), SAMPLE_CHANGES, false, &keys,
				  &err), 0);
	cr_assert_eq(sample_write(path_of("s"), SAMPLE_CHANGES, true, &keys,
				  &err), 0);
	cr_assert_eq(read_to(&plain, path_of("p"), &as, &err), 0);
	cr_assert_eq(read_to(&sealed, path_of("s"), &as, &err), 0);
	cr_expect_eq(plain.len, sealed.len);
	cr_expect_arr_eq(plain.data, sealed.data, plain.len);
	cr_expect_not_null(strstr(buf_str(&plain),
				  "4 5|5|Type|\n"), "a cleared field is a row");
	cr_expect_not_null(strstr(buf_str(&plain),
				  "3 2|\"Quoted\"\nand broken|"
				  "i:0012a0000000001AAA|\n"));
	buf_release(&plain);
	buf_release(&sealed);
}

Test(bundle, a_plain_bundle_is_a_function_of_its_values)
{
	struct buf one = BUF_INIT, two = BUF_INIT;
	struct err err = { 0 };

	cr_assert_eq(sample_write(path_of("1"), SAMPLE_CHANGES, false, &keys,
				  &err), 0);
	cr_assert_eq(sample_write(path_of("2"), SAMPLE_CHANGES, false, &keys,
				  &err), 0);
	cr_assert_eq(file_read(&one, path_of("1"), MIB, &err), 0);
	cr_assert_eq(file_read(&two, path_of("2"), MIB, &err), 0);
	cr_assert_eq(one.len, two.len);
	cr_expect_arr_eq(one.data, two.data, one.len);
	buf_release(&one);
	buf_release(&two);
}

/* The bytes of a sample, and its file open for meddling. */
static int
meddle(struct buf *bytes, const char *path, enum sample_kind kind, bool sealed)
{
	struct err err = { 0 };
	int fd;

	cr_assert_eq(sample_write(path, kind, sealed, &keys, &err), 0, "%s",
		     err.msg);
	cr_assert_eq(file_read(bytes, path, MIB, &err), 0);
	fd = open(path, O_RDWR);
	cr_assert_geq(fd, 0);
	return fd;
}

static void
put_byte(int fd, size_t at, uint8_t byte)
{
	cr_assert_eq(pwrite(fd, &byte, 1, (off_t)at), 1);
}

/* Refused, as such, in one line that names the file. */
static void
expect_refused(const char *path, const struct bundle_keys *as,
	       const char *what, size_t at)
{
	struct err err;

	cr_expect_eq(check(path, as, &err), -1, "%s %zu was taken", what, at);
	cr_expect_eq(err.kind, ERR_REFUSED, "%s %zu: %s", what, at, err.msg);
	cr_expect_not_null(strstr(err.msg, path), "%s %zu: %s", what, at,
			   err.msg);
	cr_expect_null(strchr(err.msg, '\n'), "%s %zu: %s", what, at, err.msg);
}

static void
every_bit(enum sample_kind kind, bool sealed)
{
	const char *path = path_of("bits");
	struct bundle_keys as = known();
	struct buf bytes = BUF_INIT;
	int fd = meddle(&bytes, path, kind, sealed);

	for (size_t i = 0; i < bytes.len; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			put_byte(fd, i, bytes.data[i] ^ (uint8_t)(1u << bit));
			expect_refused(path, &as, "bit", 8 * i + bit);
		}
		put_byte(fd, i, bytes.data[i]);
	}
	(void)close(fd);
	buf_release(&bytes);
}

Test(bundle, refuses_every_bit_changed_in_a_plain_one)
{
	every_bit(SAMPLE_FOLLOWS, false);
}

Test(bundle, refuses_every_bit_changed_in_a_sealed_one)
{
	every_bit(SAMPLE_FOLLOWS, true);
}

Test(bundle, refuses_every_bit_changed_in_an_invitation)
{
	struct bundle_keys stranger = { .own = keys.globex };
	struct bundle_keys as = known();
	const char *path = path_of("bits");
	struct buf bytes = BUF_INIT;
	int fd = meddle(&bytes, path, SAMPLE_INVITATION, false);

	for (size_t i = 0; i < bytes.len; i++) {
		put_byte(fd, i, bytes.data[i] ^ (uint8_t)(1u << i % 8));
		expect_refused(path, &as, "byte", i);
		expect_refused(path, &stranger, "byte", i);
		put_byte(fd, i, bytes.data[i]);
	}
	(void)close(fd);
	buf_release(&bytes);
}

static void
every_length(bool sealed)
{
	const char *path = path_of("cut");
	struct bundle_keys as = known();
	struct buf bytes = BUF_INIT;
	int fd = meddle(&bytes, path, SAMPLE_FOLLOWS, sealed);

	for (size_t n = bytes.len; n-- > 0;) {
		cr_assert_eq(ftruncate(fd, (off_t)n), 0);
		expect_refused(path, &as, "cut at", n);
	}
	(void)close(fd);
	buf_release(&bytes);
}

Test(bundle, refuses_every_truncation_of_a_plain_one)
{
	every_length(false);
}

Test(bundle, refuses_every_truncation_of_a_sealed_one)
{
	every_length(true);
}

static void
every_addition(bool sealed)
{
	const char *path = path_of("more");
	struct bundle_keys as = known();
	struct buf bytes = BUF_INIT;
	int fd = meddle(&bytes, path, SAMPLE_FOLLOWS, sealed);

	for (unsigned byte = 0; byte < 256; byte++) {
		put_byte(fd, bytes.len, (uint8_t)byte);
		expect_refused(path, &as, "appended", byte);
	}
	for (size_t n = 512; n <= 64 * KIB; n *= 2) {
		cr_assert_eq(ftruncate(fd, (off_t)(bytes.len + n)), 0);
		expect_refused(path, &as, "appended zeros", n);
	}
	/* Twice the bundle is no bundle. */
	cr_assert_eq(ftruncate(fd, (off_t)bytes.len), 0);
	cr_assert_eq(pwrite(fd, bytes.data, bytes.len, (off_t)bytes.len),
		     (ssize_t)bytes.len);
	expect_refused(path, &as, "twice", 0);
	(void)close(fd);
	buf_release(&bytes);
}

Test(bundle, refuses_what_follows_a_plain_one)
{
	every_addition(false);
}

Test(bundle, refuses_what_follows_a_sealed_one)
{
	every_addition(true);
}

Test(bundle, is_for_its_recipient_and_from_its_sender)
{
	const char *path = path_of("sealed");
	struct err err = { 0 };
	struct bundle_keys as = known();
	struct bundle_keys other = { .own = keys.acme, .find = find_acme };
	struct bundle_keys nobody = { .own = keys.globex };
	struct bundle_keys homeless = { .find = find_acme };

	cr_assert_eq(sample_write(path, SAMPLE_CHANGES, true, &keys, &err), 0);
	cr_expect_eq(check(path, &as, &err), 0);
	expect_refused(path, &other, "another recipient", 0);
	expect_refused(path, &nobody, "an unknown sender", 0);
	expect_refused(path, &homeless, "no keys", 0);
	/* Another sender's sealing key under Acme's key id. */
	memcpy(acme.sealing, key_pair_sealing(keys.globex), KEYS_SEAL_PUBLIC);
	expect_refused(path, &as, "another sealing key", 0);
}

static struct bundle_peer other;

static const struct bundle_peer *
find_two(void *ctx, const uint8_t id[static KEYS_ID])
{
	return memcmp(id, other.key.id, KEYS_ID) == 0 ? &other :
							find_acme(ctx, id);
}

/* One partner cannot seal as his own what another one signed. */
Test(bundle, is_sealed_by_who_signed_it)
{
	const char *path = path_of("plain");
	struct bundle_keys as = { .own = keys.globex, .find = find_two };
	struct envelope_out *e;
	struct file_out out;
	struct key_pair *pair;
	struct buf plain = BUF_INIT;
	struct err err = { 0 };

	cr_assert_eq(key_pair_new(&pair, &err), 0);
	other.key = *key_pair_public(pair);
	other.seals = true;
	memcpy(other.sealing, key_pair_sealing(pair), KEYS_SEAL_PUBLIC);
	cr_assert_eq(sample_write(path, SAMPLE_CHANGES, false, &keys, &err),
		     0);
	cr_assert_eq(file_read(&plain, path, MIB, &err), 0);
	path = path_of("sealed");
	cr_assert_eq(file_begin(&out, path, FILE_NEW, &err), 0);
	cr_assert_eq(envelope_begin(&e, &out.sink, pair,
				    key_pair_public(keys.globex)->id,
				    key_pair_sealing(keys.globex), &err), 0);
	cr_assert_eq(envelope_sink(e)->write(envelope_sink(e), plain.data,
					     plain.len, &err), 0);
	cr_assert_eq(envelope_end(e, &err), 0);
	cr_assert_eq(file_commit(&out, &err), 0);
	expect_refused(path, &as, "another signer", 0);
	cr_expect_eq(check(path, &as, &err), -1);
	cr_expect_not_null(strstr(err.msg, "other keys than its envelope"),
			   "%s", err.msg);
	envelope_out_free(e);
	buf_release(&plain);
	key_pair_free(pair);
}

Test(bundle, first_contact_proves_possession_and_nothing_more)
{
	const char *path = path_of("invitation");
	struct bundle_keys stranger = { 0 }, as = known();
	struct bundle_in *in;
	struct err err = { 0 };

	cr_assert_eq(sample_write(path, SAMPLE_INVITATION, false, &keys,
				  &err), 0);
	cr_assert_eq(bundle_in_open(&in, path, &stranger, &err), 0, "%s",
		     err.msg);
	cr_expect_eq(bundle_in_trust(in), BUNDLE_FIRST);
	cr_expect_arr_eq(bundle_in_sender(in)->sign, acme.key.sign,
			 KEYS_SIGN_PUBLIC);
	bundle_in_free(in);
	cr_assert_eq(bundle_in_open(&in, path, &as, &err), 0);
	cr_expect_eq(bundle_in_trust(in), BUNDLE_KNOWN);
	bundle_in_free(in);
	/* Changes by a stranger are refused, unless one only looks. */
	path = path_of("changes");
	cr_assert_eq(sample_write(path, SAMPLE_CHANGES, false, &keys, &err),
		     0);
	expect_refused(path, &stranger, "an unknown key", 0);
	stranger.unchecked = true;
	cr_expect_eq(check(path, &stranger, &err), 0, "%s", err.msg);
	/* A key id that is known, with another key behind it. */
	acme.key = *key_pair_public(keys.globex);
	memcpy(acme.key.id, key_pair_public(keys.acme)->id, KEYS_ID);
	expect_refused(path, &as, "another key of that id", 0);
}

/* Rows enough for several members an object, in one run. */
Test(bundle, cuts_runs_into_members_and_reads_them_as_one)
{
	enum { ROWS = 30000 };
	const char *path = path_of("long");
	struct bundle_keys as = known();
	struct file_out out;
	struct bundle_out *b;
	struct manifest m;
	struct err err = { 0 };
	uint8_t hash[KEYS_HASH];
	char wide[701];

	memset(wide, 'w', sizeof wide - 1);
	wide[sizeof wide - 1] = 0;
	cr_assert_eq(sample_manifest(&m, SAMPLE_CHANGES, &keys, &err), 0);
	m.objects = 1;
	m.object[0].creates = ROWS;
	m.object[0].updates = m.object[0].deletes = 0;
	m.catalog_told = false;
	cr_assert_eq(file_begin(&out, path, FILE_NEW, &err), 0);
	cr_assert_eq(bundle_out_begin(&b, path, &err), 0);
	cr_assert_eq(bundle_out_run(b, MEMBER_NAMES, "", NULL, 0, &err), 0);
	for (unsigned i = 0; i < ROWS; i++) {
		char name[32];
		struct field f[6] = { field_of("Account"),
				      { name, CHANGES_NAME },
				      field_of("create"), field_of(""),
				      field_of(""), field_of("") };

		(void)snprintf(name, sizeof name, "i:0012a%010uAAA", i);
		cr_assert_eq(bundle_out_row(b, f, 6, &err), 0);
	}
	cr_assert_eq(bundle_out_run(b, MEMBER_CREATES, "Account",
				    (struct field[]){ field_of("Name"),
						      field_of("N__c") },
				    2, &err), 0);
	for (unsigned i = 0; i < ROWS; i++) {
		char number[16];

		(void)snprintf(number, sizeof number, "%u", i);
		cr_assert_eq(bundle_out_row(b,
					    (struct field[]){
						    field_of(wide),
						    field_of(number) },
					    2, &err), 0);
	}
	cr_assert_eq(bundle_out_finish(b, &m, keys.acme, &out.sink, hash,
				       &err), 0, "%s", err.msg);
	cr_assert_eq(file_commit(&out, &err), 0);
	cr_expect_gt(m.members, 6, "%zu members", m.members);
	bundle_out_free(b);
	manifest_release(&m);

	struct buf text = BUF_INIT;
	cr_assert_eq(read_to(&text, path, &as, &err), 0, "%s", err.msg);
	cr_expect_not_null(strstr(buf_str(&text), "w|29999\n"));
	buf_release(&text);
}

/* Names are cut after so many records, updates after so many bytes. */
static void
write_many(const char *path, const char *as_of, unsigned records)
{
	struct file_out out;
	struct bundle_out *b;
	struct manifest m;
	struct err err = { 0 };
	uint8_t hash[KEYS_HASH];
	char name[32], number[16], wide[101];

	memset(wide, 'w', sizeof wide - 1);
	wide[sizeof wide - 1] = 0;
	cr_assert_eq(sample_manifest(&m, SAMPLE_CHANGES, &keys, &err), 0);
	m.objects = 1;
	m.object[0].updates = records;
	m.object[0].creates = m.object[0].deletes = 0;
	m.catalog_told = false;
	(void)snprintf(m.as_of, sizeof m.as_of, "%s", as_of);
	cr_assert_eq(file_begin(&out, path, FILE_NEW, &err), 0);
	cr_assert_eq(bundle_out_begin(&b, path, &err), 0);
	bundle_out_effort(b, GZIP_SOON);
	bundle_out_as_of(b, as_of);
	cr_assert_eq(bundle_out_run(b, MEMBER_NAMES, "", NULL, 0, &err), 0);
	for (unsigned i = 0; i < records; i++) {
		struct field f[6] = { field_of("Account"),
				      { name, CHANGES_NAME },
				      field_of("update"),
				      field_of("2026-11-22T04:00:00.001Z"),
				      field_of(""), field_of("") };

		(void)snprintf(name, sizeof name, "i:0012a%010uAA%c", i,
			       i == 7 ? 'B' : 'A');
		cr_assert_eq(bundle_out_row(b, f, 6, &err), 0);
	}
	cr_assert_eq(bundle_out_run(b, MEMBER_UPDATES, "", NULL, 0, &err), 0);
	for (unsigned i = 0; i < records; i++) {
		(void)snprintf(number, sizeof number, "%u", i + 1);
		cr_assert_eq(bundle_out_row(b, (struct field[]){
						       field_of("Account"),
						       field_of(number),
						       field_of("Name"),
						       field_of(wide) },
					    4, &err), 0);
	}
	cr_assert_eq(bundle_out_finish(b, &m, keys.acme, &out.sink, hash,
				       &err), 0, "%s", err.msg);
	cr_assert_eq(file_commit(&out, &err), 0);
	cr_expect_eq(m.members, 4, "%zu members", m.members);
	/* Four commas, the end of a name, a time of 9 or of 24 characters. */
	cr_expect_lt(m.member[0].size,
		     LIMIT_RECORDS * (*as_of ? 4 + 2 + 9 : 4 + 2 + 24));
	bundle_out_free(b);
	manifest_release(&m);
}

Test(bundle, names_and_updates_are_whole_in_every_member)
{
	enum { RECORDS = 65540 };
	static const char *const as_of[] = { "2026-11-22T05:59:58.000Z", "" };
	struct bundle_keys as = known();

	for (size_t i = 0; i < 2; i++) {
		const char *path = path_of(i ? "undated" : "dated");
		struct buf text = BUF_INIT;
		struct err err = { 0 };
		const char *said;

		write_many(path, as_of[i], RECORDS);
		cr_assert_eq(read_to(&text, path, &as, &err), 0, "%s",
			     err.msg);
		said = buf_str(&text);
		cr_expect_not_null(strstr(said,
					  "2 8|Account|i:0012a0000000007AAB|"
					  "update|2026-11-22T04:00:00.001Z||"
					  "\n"));
		cr_expect_not_null(strstr(said,
					  "2 65537|Account|"
					  "i:0012a0000065536AAA|update|"
					  "2026-11-22T04:00:00.001Z||\n"));
		cr_expect_not_null(strstr(said, "\n4 65540|65540|Name|w"));
		buf_release(&text);
	}
}

Test(bundle, times_are_told_by_others)
{
	const int64_t base = INT64_C(1795327198000);
	char out[TEXT_RELATIVE + 1];
	int64_t ms = 0;

	cr_expect(changes_instant_relative(out, base - 1500, base));
	cr_expect_str_eq(out, "-1.500");
	cr_expect(changes_instant_read(&ms, out, strlen(out), base));
	cr_expect_eq(ms, base - 1500);
	cr_expect(!changes_instant_read(&ms, "-1.50", 5, base));
	/* What is no instant cannot be told. */
	cr_expect(!changes_instant_relative(out, INT64_MAX, base));
}

Test(bundle, a_record_without_a_name_is_not_written)
{
	struct bundle_out *b;
	struct err err = { 0 };
	struct field f[6] = { field_of("Account"), field_of("0012a0000000001"),
			      field_of("create"), field_of(""), field_of(""),
			      field_of("") };

	cr_assert_eq(bundle_out_begin(&b, path_of("x"), &err), 0);
	cr_assert_eq(bundle_out_run(b, MEMBER_NAMES, "", NULL, 0, &err), 0);
	cr_expect_eq(bundle_out_row(b, f, 6, &err), -1);
	cr_expect_eq(err.kind, ERR_SYSTEM);
	bundle_out_free(b);
}

Test(bundle, a_row_that_no_member_holds_is_refused)
{
	struct bundle_out *b;
	struct err err = { 0 };
	char *huge = calloc(1, LIMIT_MEMBER + 1);

	cr_assert_not_null(huge);
	memset(huge, 'x', LIMIT_MEMBER);
	cr_assert_eq(bundle_out_begin(&b, path_of("x"), &err), 0);
	cr_assert_eq(bundle_out_run(b, MEMBER_CREATES, "Account",
				    (struct field[]){ field_of("Name") }, 1,
				    &err), 0);
	cr_expect_eq(bundle_out_row(b, (struct field[]){ field_of(huge) }, 1,
				    &err), -1);
	cr_expect_eq(err.kind, ERR_REFUSED);
	bundle_out_free(b);
	free(huge);
}

/* A body of more parts than one, the last full, or empty, or one byte. */
Test(bundle, bodies_of_every_awkward_size)
{
	static const size_t sizes[] = { 0, 1, LIMIT_MEMBER - 1, LIMIT_MEMBER,
					LIMIT_MEMBER + 1, 2 * LIMIT_MEMBER };
	const char *path = path_of("bodies");
	struct bundle_keys as = known();
	struct file_out out;
	struct bundle_out *b;
	struct manifest m;
	struct err err = { 0 };
	uint8_t hash[KEYS_HASH], *body = malloc(2 * LIMIT_MEMBER);
	char name[160];

	cr_assert_not_null(body);
	for (size_t i = 0; i < 2 * LIMIT_MEMBER; i++)
		body[i] = (uint8_t)(i * 2654435761u >> 13);
	cr_assert_eq(sample_manifest(&m, SAMPLE_EMPTY, &keys, &err), 0);
	cr_assert_eq(file_begin(&out, path, FILE_NEW, &err), 0);
	cr_assert_eq(bundle_out_begin(&b, path, &err), 0);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		(void)snprintf(name, sizeof name, "%s/body-%zu", folder, i);
		cr_assert_eq(file_put(name, FILE_NEW, body, sizes[i], &err),
			     0);
		cr_assert_eq(bundle_out_body(b, name, hash, &err), 0);
	}
	cr_assert_eq(bundle_out_finish(b, &m, keys.acme, &out.sink, hash,
				       &err), 0, "%s", err.msg);
	cr_assert_eq(file_commit(&out, &err), 0);
	bundle_out_free(b);
	manifest_release(&m);

	struct buf text = BUF_INIT;
	cr_assert_eq(read_to(&text, path, &as, &err), 0, "%s", err.msg);
	/* Whole bodies: 0, 1, less one, full, full and one, full and full. */
	cr_expect_not_null(strstr(buf_str(&text), " 4194304 0\n"));
	cr_expect_not_null(strstr(buf_str(&text), " 4194303 1\n"));
	buf_release(&text);
	free(body);
}

Test(bundle, a_body_that_changed_while_it_was_packed_is_refused)
{
	struct file_out out;
	struct bundle_out *b;
	struct manifest m;
	struct err err = { 0 };
	uint8_t hash[KEYS_HASH];
	char body[160];

	(void)snprintf(body, sizeof body, "%s/body", folder);
	cr_assert_eq(file_put(body, FILE_NEW, "before", 6, &err), 0);
	cr_assert_eq(sample_manifest(&m, SAMPLE_EMPTY, &keys, &err), 0);
	cr_assert_eq(file_begin(&out, path_of("x"), FILE_NEW, &err), 0);
	cr_assert_eq(bundle_out_begin(&b, path_of("x"), &err), 0);
	cr_assert_eq(bundle_out_body(b, body, hash, &err), 0);
	cr_assert_eq(file_put(body, FILE_REPLACE, "behind", 6, &err), 0);
	cr_expect_eq(bundle_out_finish(b, &m, keys.acme, &out.sink, hash,
				       &err), -1);
	cr_expect_not_null(strstr(err.msg, "changed while"), "%s", err.msg);
	file_abandon(&out);
	bundle_out_free(b);
	manifest_release(&m);
}
