/*
 * minisign's texts: every other spelling of a good one is refused. What stock
 * minisign says to the same is for tests/format/minisig_stock.py.
 */
#include "format/minisig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void
begin(void)
{
	struct err err = { 0 };

	cr_assert_eq(keys_init(&err), 0);
}

TestSuite(minisig, .init = begin);

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

/* What a careful reader does: the text, both signatures, both comments. */
static int
check(const void *text, size_t len, const void *data, size_t data_len,
      const struct key_public *key, const char *untrusted,
      const char *trusted, struct err *err)
{
	struct minisig sig;
	uint8_t hash[64];

	if (minisig_read(&sig, text, len, err) < 0)
		return -1;
	keys_hash512(hash, data, data_len);
	if (minisig_verify(&sig, hash, key, err) < 0)
		return -1;
	if (!minisig_says(&sig, untrusted, trusted))
		return err_set(err, ERR_REFUSED, "says something else");
	return 0;
}

static const char data[] = "Name,Phone\r\n\"Acme\",\"1\"\r\n";
enum { DATA = sizeof data - 1 };
static const char note[] = "a note", kind[] = "orgferry test";

static struct buf
good_text(const struct key_pair *pair)
{
	struct buf b = BUF_INIT;
	struct err err = { 0 };

	cr_assert_eq(minisig_sign(&b, data, DATA, note, kind, pair, &err), 0,
		     "%s", err.msg);
	return b;
}

/* Public keys. */

Test(minisig, a_public_key_text_is_written_as_it_was_read)
{
	static const char *const files[] = { "acme.pub", "globex.pub",
					     "stock.pub" };

	for (size_t i = 0; i < COUNT(files); i++) {
		struct key_public key = fixture_public(files[i]);
		struct buf was = fixture(files[i]), again = BUF_INIT;

		minisig_write_public(&again, &key);
		cr_assert_eq(again.len, was.len);
		cr_expect_arr_eq(again.data, was.data, was.len);
		buf_release(&was);
		buf_release(&again);
	}
}

#define PUB "untrusted comment: minisign public key E5BAA93991D97D32\n"
#define KEY "RWQyfdmROam65dP/oZMgA/aFE3NV/7EcgenEr+MllcCwEcR7ersUjbu9"

struct public_case {
	const char *what, *text, *says; /* says NULL: taken */
};

static const struct public_case publics[] = {
	{ "as written", PUB KEY "\n", NULL },
	{ "any comment", "untrusted comment: Acme's ~key~\n" KEY "\n", NULL },
	{ "no comment", "untrusted comment: \n" KEY "\n", NULL },
	{ "nothing", "", "line 1 does not begin with 'untrusted comment: '" },
	{ "the key alone", KEY "\n",
	  "line 1 does not begin with 'untrusted comment: '" },
	{ "no space", "untrusted comment:\n" KEY "\n",
	  "line 1 does not begin with 'untrusted comment: '" },
	{ "upper case", "Untrusted comment: x\n" KEY "\n",
	  "line 1 does not begin with 'untrusted comment: '" },
	{ "a trusted comment", "trusted comment: x\n" KEY "\n",
	  "line 1 does not begin with 'untrusted comment: '" },
	{ "no LF at the end", PUB KEY, "line 2 has no end" },
	{ "one line", "untrusted comment: x", "line 1 has no end" },
	{ "CRLF", "untrusted comment: x\r\n" KEY "\r\n",
	  "line 1 has another character than printable ASCII" },
	{ "CRLF at the end", PUB KEY "\r\n",
	  "line 2 is not the base64 of 42 bytes" },
	{ "a tab", "untrusted comment: \t\n" KEY "\n",
	  "line 1 has another character than printable ASCII" },
	{ "UTF-8", "untrusted comment: caf\xc3\xa9\n" KEY "\n",
	  "line 1 has another character than printable ASCII" },
	{ "an escape sequence", "untrusted comment: \x1b[2J\n" KEY "\n",
	  "line 1 has another character than printable ASCII" },
	{ "an empty line more", PUB KEY "\n\n", "1 bytes after line 2" },
	{ "two of them", PUB KEY "\n" PUB KEY "\n",
	  "113 bytes after line 2" },
	{ "a space at the end", PUB KEY " \n",
	  "line 2 is not the base64 of 42 bytes" },
	{ "padding", PUB KEY "=\n", "line 2 is not the base64 of 42 bytes" },
	{ "a character less",
	  PUB "RWQyfdmROam65dP/oZMgA/aFE3NV/7EcgenEr+MllcCwEcR7ersUjbu\n",
	  "line 2 is not the base64 of 42 bytes" },
	{ "the URL alphabet",
	  PUB "RWQyfdmROam65dP_oZMgA_aFE3NV_7EcgenEr-MllcCwEcR7ersUjbu9\n",
	  "line 2 is not the base64 of 42 bytes" },
	{ "+ with its high bit",
	  PUB "RWQyfdmROam65dP/oZMgA/aFE3NV/7EcgenEr\xabMllcCwEcR7ersUjbu9\n",
	  "line 2 is not the base64 of 42 bytes" },
	{ "a hashed key (ED)",
	  PUB "RUQyfdmROam65dP/oZMgA/aFE3NV/7EcgenEr+MllcCwEcR7ersUjbu9\n",
	  "line 2 is not an Ed25519 key of minisign" },
	{ "letters swapped (dE)",
	  PUB "ZEUyfdmROam65dP/oZMgA/aFE3NV/7EcgenEr+MllcCwEcR7ersUjbu9\n",
	  "line 2 is not an Ed25519 key of minisign" },
	{ "all zeros",
	  PUB "RWQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
	  "line 2 is not a sound Ed25519 key" },
};

Test(minisig, a_public_key_text_has_one_spelling_but_for_its_comment)
{
	struct key_public key, want = fixture_public("acme.pub");

	for (size_t i = 0; i < COUNT(publics); i++) {
		const struct public_case *c = &publics[i];
		struct err err = { 0 };
		int rc = minisig_read_public(&key, c->text, strlen(c->text),
					     &err);

		cr_expect_eq(rc, c->says ? -1 : 0, "%s: %s", c->what, err.msg);
		if (!c->says) {
			cr_expect_arr_eq(&key, &want, sizeof key);
			continue;
		}
		cr_expect_eq(err.kind, ERR_REFUSED);
		cr_expect_eq(strncmp(err.msg, "public key: ", 12), 0);
		cr_expect_str_eq(err.msg + 12, c->says, "%s: %s", c->what,
				 err.msg);
	}
}

/*
 * A public key has no checksum: another key may come of a change, and then its
 * fingerprint is another. The same key never comes of one, except by a change
 * of the comment.
 */
Test(minisig, no_change_of_a_public_key_text_gives_the_same_key)
{
	struct key_public key, want = fixture_public("acme.pub");
	struct buf b = fixture("acme.pub");
	const size_t comment = strlen("untrusted comment: ");
	const size_t line = strlen(PUB);
	struct err err = { 0 };

	for (size_t bit = 0; bit < 8 * b.len; bit++) {
		size_t at = bit / 8;
		int rc;

		b.data[at] ^= (uint8_t)(1 << bit % 8);
		rc = minisig_read_public(&key, b.data, b.len, &err);
		if (rc == 0 && at >= comment && at < line - 1)
			cr_expect_arr_eq(&key, &want, sizeof key);
		else if (rc == 0)
			cr_expect(at >= line &&
					  memcmp(&key, &want, sizeof key) != 0,
				  "bit %zu", bit);
		b.data[at] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < b.len; len++)
		cr_expect_eq(minisig_read_public(&key, b.data, len, &err), -1,
			     "cut at %zu", len);
	for (int byte = 0; byte < 256; byte++) {
		buf_add_byte(&b, (uint8_t)byte);
		cr_expect_eq(minisig_read_public(&key, b.data, b.len, &err),
			     -1, "byte %d", byte);
		b.len--;
	}
	buf_release(&b);
}

/* Signatures. */

Test(minisig, what_is_signed_verifies_and_is_always_the_same)
{
	struct key_pair *pair = fixture_pair("acme.key");
	struct buf a = good_text(pair), b = BUF_INIT;
	struct keys_hasher512 h;
	struct err err = { 0 };
	uint8_t hash[64];

	cr_expect_eq(check(a.data, a.len, data, DATA, key_pair_public(pair),
			   note, kind, &err),
		     0, "%s", err.msg);
	keys_hash512_begin(&h);
	keys_hash512_add(&h, data, 3);
	keys_hash512_add(&h, data + 3, DATA - 3);
	keys_hash512_end(&h, hash);
	cr_assert_eq(minisig_sign_hashed(&b, hash, note, kind, pair, &err), 0);
	cr_assert_eq(a.len, b.len);
	cr_expect_arr_eq(a.data, b.data, a.len);
	cr_expect_eq(check(a.data, a.len, data, DATA - 1,
			   key_pair_public(pair), note, kind, &err),
		     -1);
	cr_expect_str_eq(err.msg, "signature: does not hold for these bytes");
	buf_clear(&a);
	cr_assert_eq(minisig_sign(&a, NULL, 0, "", "", pair, &err), 0);
	cr_expect_eq(check(a.data, a.len, "", 0, key_pair_public(pair), "", "",
			   &err),
		     0, "%s", err.msg);
	buf_release(&a);
	buf_release(&b);
	key_pair_free(pair);
}

Test(minisig, signing_adds_to_what_is_there)
{
	struct key_pair *pair = fixture_pair("acme.key");
	struct buf a = BUF_INIT;
	struct err err = { 0 };

	buf_add_str(&a, "before");
	cr_assert_eq(minisig_sign(&a, data, DATA, note, kind, pair, &err), 0);
	cr_expect_eq(check(a.data + 6, a.len - 6, data, DATA,
			   key_pair_public(pair), note, kind, &err),
		     0, "%s", err.msg);
	buf_release(&a);
	key_pair_free(pair);
}

Test(minisig, comments_are_short_and_printable)
{
	static const char *const bad[] = { "a\nb", "a\r",   "\t",
					   "\x7f", "caf\xc3\xa9", "\x1b" };
	struct key_pair *pair = fixture_pair("acme.key");
	struct buf out = BUF_INIT;
	struct err err = { 0 };
	char is_long[902];

	memset(is_long, '~', sizeof is_long - 1);
	is_long[901] = 0;
	cr_expect_eq(minisig_sign(&out, "", 0, is_long, "", pair, &err), -1);
	cr_expect_eq(minisig_sign(&out, "", 0, "", is_long, pair, &err), -1);
	cr_expect_eq(err.kind, ERR_USAGE);
	for (size_t i = 0; i < COUNT(bad); i++) {
		cr_expect_eq(minisig_sign(&out, "", 0, bad[i], "", pair, &err),
			     -1);
		cr_expect_eq(minisig_sign(&out, "", 0, "", bad[i], pair, &err),
			     -1);
	}
	cr_expect_eq(out.len, 0);
	is_long[900] = 0;
	cr_expect_eq(minisig_sign(&out, "", 0, is_long, is_long, pair, &err), 0,
		     "%s", err.msg);
	cr_expect_eq(check(out.data, out.len, "", 0, key_pair_public(pair),
			   is_long, is_long, &err),
		     0, "%s", err.msg);
	buf_release(&out);
	key_pair_free(pair);
}

Test(minisig, refuses_every_change_of_a_signature)
{
	struct key_pair *pair = fixture_pair("acme.key");
	const struct key_public *key = key_pair_public(pair);
	struct buf b = good_text(pair);
	struct err err = { 0 };

#define REFUSED(len, fmt, n)                                              \
	do {                                                              \
		cr_expect_eq(check(b.data, (len), data, DATA, key, note,  \
				   kind, &err),                           \
			     -1, fmt, (n));                               \
		cr_expect_eq(err.kind, ERR_REFUSED);                      \
	} while (0)
	for (size_t bit = 0; bit < 8 * b.len; bit++) {
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		REFUSED(b.len, "bit %zu", bit);
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < b.len; len++)
		REFUSED(len, "cut at %zu", len);
	for (int byte = 0; byte < 256; byte++) {
		buf_add_byte(&b, (uint8_t)byte);
		REFUSED(b.len, "appended %d", byte);
		b.len--;
	}
#undef REFUSED
	buf_release(&b);
	key_pair_free(pair);
}

/*
 * Hand-made variants of one good text. In a form `@` and a letter stand for a
 * part of it, spelled in some way: see part().
 */
struct variant {
	const char *what, *form, *says; /* says NULL: it counts */
};

#define U "untrusted comment: a note\n"
#define T "trusted comment: orgferry test\n"
#define NOT_PRINTABLE(n) \
	"signature: line " n " has another character than printable ASCII"
#define NO_SIGNATURE "signature: line 2 is not the base64 of 74 bytes"
#define NO_GLOBAL "signature: line 4 is not the base64 of 64 bytes"
#define NO_UNTRUSTED \
	"signature: line 1 does not begin with 'untrusted comment: '"
#define NO_TRUSTED "signature: line 3 does not begin with 'trusted comment: '"
#define NO_KIND "signature: line 2 is a signature of no known kind"
#define LEGACY                                                            \
	"signature: line 2 is a signature of the legacy kind (Ed), which " \
	"does not count; sign the hash (ED)"
#define BAD "signature: does not hold for these bytes"
#define BAD_COMMENT \
	"signature: its trusted comment is not the one that was signed"

static const struct variant variants[] = {
	{ "as written", U "@s\n" T "@g\n", NULL },
	{ "CRLF throughout",
	  "untrusted comment: a note\r\n@s\r\ntrusted comment: orgferry "
	  "test\r\n@g\r\n",
	  NOT_PRINTABLE("1") },
	{ "CRLF in line 2", U "@s\r\n" T "@g\n", NO_SIGNATURE },
	{ "CRLF in line 3",
	  U "@s\ntrusted comment: orgferry test\r\n@g\n", NOT_PRINTABLE("3") },
	{ "CRLF in line 4", U "@s\n" T "@g\r\n", NO_GLOBAL },
	{ "CR alone for LF", "untrusted comment: a note\r@s\r" T "@g\n",
	  NOT_PRINTABLE("1") },
	{ "no LF at the end", U "@s\n" T "@g",
	  "signature: line 4 has no end" },
	{ "an empty line more", U "@s\n" T "@g\n\n",
	  "signature: 1 bytes after line 4" },
	{ "a fifth line", U "@s\n" T "@g\nmore\n",
	  "signature: 5 bytes after line 4" },
	{ "two of them", U "@s\n" T "@g\n" U "@s\n" T "@g\n",
	  "signature: 247 bytes after line 4" },
	{ "an empty line before", "\n" U "@s\n" T "@g\n", NO_UNTRUSTED },
	{ "an empty line between", U "\n@s\n" T "@g\n", NO_SIGNATURE },
	{ "a byte order mark", "\xef\xbb\xbf" U "@s\n" T "@g\n",
	  NO_UNTRUSTED },
	{ "no comment line", "@s\n" T "@g\n", NO_UNTRUSTED },
	{ "no trusted comment", U "@s\n@g\n", NO_TRUSTED },
	{ "signify's two lines", U "@s\n", NO_TRUSTED },
	{ "three lines", U "@s\n" T, "signature: line 4 has no end" },
	{ "the comments swapped", T "@s\n" U "@g\n", NO_UNTRUSTED },
	{ "Untrusted", "Untrusted comment: a note\n@s\n" T "@g\n",
	  NO_UNTRUSTED },
	{ "UNTRUSTED COMMENT", "UNTRUSTED COMMENT: a note\n@s\n" T "@g\n",
	  NO_UNTRUSTED },
	{ "Trusted", U "@s\nTrusted comment: orgferry test\n@g\n",
	  NO_TRUSTED },
	{ "two spaces for one", "untrusted  comment: a note\n@s\n" T "@g\n",
	  NO_UNTRUSTED },
	{ "a tab after the colon",
	  U "@s\ntrusted comment:\torgferry test\n@g\n", NO_TRUSTED },
	{ "no space after the colon",
	  "untrusted comment:a note\n@s\n" T "@g\n", NO_UNTRUSTED },
	{ "a space before", " " U "@s\n" T "@g\n", NO_UNTRUSTED },
	{ "a tab in the comment", "untrusted comment: a\tnote\n@s\n" T "@g\n",
	  NOT_PRINTABLE("1") },
	{ "UTF-8 in the comment",
	  "untrusted comment: a n\xc3\xb6te\n@s\n" T "@g\n",
	  NOT_PRINTABLE("1") },
	{ "ESC in the comment",
	  "untrusted comment: a \x1b[31mnote\n@s\n" T "@g\n",
	  NOT_PRINTABLE("1") },
	{ "a tab in the trusted comment",
	  U "@s\ntrusted comment: orgferry\ttest\n@g\n", NOT_PRINTABLE("3") },
	{ "bidi in the trusted comment",
	  U "@s\ntrusted comment: orgferry \xe2\x80\xaetest\n@g\n",
	  NOT_PRINTABLE("3") },
	{ "DEL in the trusted comment",
	  U "@s\ntrusted comment: orgferry test\x7f\n@g\n",
	  NOT_PRINTABLE("3") },
	{ "another untrusted comment",
	  "untrusted comment: b note\n@s\n" T "@g\n", "says something else" },
	{ "a space after it", "untrusted comment: a note \n@s\n" T "@g\n",
	  "says something else" },
	{ "another trusted comment",
	  U "@s\ntrusted comment: orgferry rest\n@g\n", BAD_COMMENT },
	{ "a space after the trusted one",
	  U "@s\ntrusted comment: orgferry test \n@g\n", BAD_COMMENT },
	{ "an empty trusted one", U "@s\ntrusted comment: \n@g\n",
	  BAD_COMMENT },
	{ "a part of the trusted one",
	  U "@s\ntrusted comment: orgferry tes\n@g\n", BAD_COMMENT },
	{ "a space before the base64", U " @s\n" T "@g\n", NO_SIGNATURE },
	{ "a space after the base64", U "@s \n" T "@g\n", NO_SIGNATURE },
	{ "no padding", U "@p\n" T "@g\n", NO_SIGNATURE },
	{ "padding twice", U "@s=\n" T "@g\n", NO_SIGNATURE },
	{ "bits behind the last byte", U "@b\n" T "@g\n", NO_SIGNATURE },
	{ "the URL alphabet", U "@u\n" T "@g\n", NO_SIGNATURE },
	{ "a character with its high bit", U "@h\n" T "@g\n", NO_SIGNATURE },
	{ "a byte more", U "@m\n" T "@g\n", NO_SIGNATURE },
	{ "no padding in line 4", U "@s\n" T "@P\n", NO_GLOBAL },
	{ "bits behind the last byte in line 4", U "@s\n" T "@B\n",
	  NO_GLOBAL },
	{ "line 4 empty", U "@s\n" T "\n", NO_GLOBAL },
	{ "the lines of base64 swapped", U "@g\n" T "@s\n", NO_SIGNATURE },
	{ "the letters Ed", U "@l\n" T "@g\n", LEGACY },
	{ "the letters DE", U "@1\n" T "@g\n", NO_KIND },
	{ "the letters eD", U "@2\n" T "@g\n", NO_KIND },
	{ "the letters ed", U "@3\n" T "@g\n", NO_KIND },
	{ "two zeros for letters", U "@0\n" T "@g\n", NO_KIND },
	{ "another key's id", U "@i\n" T "@g\n",
	  "signature: made by key E5BAA93991D97D33, not by "
	  "E5BAA93991D97D32" },
	{ "a signature of zeros", U "@z\n" T "@g\n", BAD },
	{ "a global signature of zeros", U "@s\n" T "@Z\n", BAD_COMMENT },
	{ "the signature for the global one", U "@s\n" T "@G\n",
	  BAD_COMMENT },
	{ "the global one for the signature", U "@S\n" T "@g\n", BAD },
	{ "a NUL", U "@s\ntrusted comment: orgferry test@@\n@g\n",
	  NOT_PRINTABLE("3") },
};

/* A base64 line of the text, counted from 0. */
static struct buf
line_of(const struct buf *text, size_t n)
{
	struct rd r = rd_of(text->data, text->len);
	struct buf line = BUF_INIT;
	const uint8_t *at = NULL;
	size_t len = 0;

	for (size_t i = 0; i <= n; i++)
		cr_assert(rd_line(&r, &at, &len));
	buf_add(&line, at, len);
	return line;
}

enum { SIG = 74, GLOBAL = 64 };

static void
part(struct buf *out, char letter, const struct buf *good)
{
	uint8_t sig[SIG], global[GLOBAL];
	struct buf s = line_of(good, 1), g = line_of(good, 3);
	bool whole = true; /* s, spelled otherwise, and not sig encoded */

	cr_assert(keys_unbase64(sig, SIG, (char *)s.data, s.len));
	cr_assert(keys_unbase64(global, GLOBAL, (char *)g.data, g.len));
	switch (letter) {
	case 's':
		break;
	case 'p':
		s.len--;
		break;
	case 'b':
		s.data[s.len - 2]++; /* the alphabet's next letter */
		break;
	case 'u':
		for (size_t i = 0; i < s.len; i++)
			s.data[i] = s.data[i] == '/'   ? '_'
				    : s.data[i] == '+' ? '-'
						       : s.data[i];
		break;
	case 'h':
		for (size_t i = 0; i < s.len; i++)
			if (s.data[i] == '/' || s.data[i] == '+')
				s.data[i] |= 0x80;
		break;
	case 'm':
		s.len = 0;
		keys_base64(&s, (uint8_t[SIG + 1]){ 'E', 'D' }, SIG + 1);
		break;
	case 'P':
		g.len--;
		break;
	case 'B':
		g.data[g.len - 3]++;
		break;
	case 'Z':
		memset(global, 0, sizeof global);
		g.len = 0;
		keys_base64(&g, global, sizeof global);
		break;
	case 'G':
		g.len = 0;
		keys_base64(&g, sig + 10, GLOBAL);
		break;
	default:
		whole = false;
	}
	if (strchr("@", letter)) {
		buf_add_byte(out, 0);
	} else if (strchr("gPBZG", letter)) {
		buf_add(out, g.data, g.len);
	} else if (whole) {
		buf_add(out, s.data, s.len);
	} else {
		static const char letters[] = "0\0\0" "1DE" "2eD" "3ed" "lEd";

		for (size_t i = 0; i + 3 < sizeof letters; i += 3)
			if (letters[i] == letter)
				memcpy(sig, letters + i + 1, 2);
		if (letter == 'i')
			sig[2] ^= 1;
		if (letter == 'z')
			memset(sig + 10, 0, 64);
		if (letter == 'S')
			memcpy(sig + 10, global, GLOBAL);
		keys_base64(out, sig, SIG);
	}
	buf_release(&s);
	buf_release(&g);
}

static struct buf
fill(const char *form, const struct buf *good)
{
	struct buf out = BUF_INIT;

	for (; *form; form++) {
		if (*form == '@')
			part(&out, *++form, good);
		else
			buf_add_byte(&out, (uint8_t)*form);
	}
	return out;
}

Test(minisig, a_signature_has_one_spelling)
{
	struct key_pair *pair = fixture_pair("acme.key");
	struct buf good = good_text(pair), s = line_of(&good, 1);

	cr_assert(memchr(s.data, '+', s.len) || memchr(s.data, '/', s.len),
		  "else two variants show nothing: change `data`");
	for (size_t i = 0; i < COUNT(variants); i++) {
		const struct variant *v = &variants[i];
		struct buf b = fill(v->form, &good);
		struct err err = { 0 };
		int rc = check(b.data, b.len, data, DATA,
			       key_pair_public(pair), note, kind, &err);

		cr_expect_eq(rc, v->says ? -1 : 0, "%s: %s", v->what, err.msg);
		cr_expect_str_eq(err.msg, v->says ? v->says : "", "%s: %s",
				 v->what, err.msg);
		buf_release(&b);
	}
	buf_release(&s);
	buf_release(&good);
	key_pair_free(pair);
}

Test(minisig, of_all_letters_ed_counts_alone)
{
	struct key_pair *pair = fixture_pair("acme.key");
	struct buf b = good_text(pair);
	uint8_t raw[SIG];
	char *line = (char *)b.data + strlen(U);
	struct minisig sig;
	struct err err = { 0 };
	size_t taken = 0;

	cr_assert(keys_unbase64(raw, SIG, line, 100));
	for (unsigned n = 0; n < 65536; n++) {
		struct buf head = BUF_INIT;
		int rc;

		raw[0] = (uint8_t)(n >> 8);
		raw[1] = (uint8_t)n;
		keys_base64(&head, raw, 3);
		memcpy(line, head.data, 4);
		buf_release(&head);
		rc = minisig_read(&sig, b.data, b.len, &err);
		cr_expect_eq(rc, n == ('E' << 8 | 'D') ? 0 : -1, "%04x", n);
		taken += rc == 0;
	}
	cr_expect_eq(taken, 1);
	buf_release(&b);
	key_pair_free(pair);
}

/* As long as stock minisign takes them, and one more. */
Test(minisig, long_comments_have_a_limit)
{
	struct key_pair *pair = fixture_pair("acme.key");
	struct buf good = good_text(pair);

	for (size_t u = 1003; u <= 1004; u++) {
		for (size_t t = 8173; t <= 8174; t++) {
			struct buf b = BUF_INIT;
			struct minisig sig;
			struct err err = { 0 };
			bool want = u == 1003 && t == 8173;

			buf_addf(&b, "untrusted comment: %0*d\n", (int)u, 0);
			part(&b, 's', &good);
			buf_addf(&b, "\ntrusted comment: %0*d\n", (int)t, 0);
			part(&b, 'g', &good);
			buf_add_str(&b, "\n");
			cr_expect_eq(minisig_read(&sig, b.data, b.len, &err),
				     want ? 0 : -1, "%s", err.msg);
			if (u > 1003)
				cr_expect_str_eq(err.msg,
						 "signature: line 1 is longer "
						 "than 1022 bytes");
			else if (t > 8173)
				cr_expect_str_eq(err.msg,
						 "signature: line 3 is longer "
						 "than 8190 bytes");
			else
				cr_expect_eq(sig.trusted_len, t);
			buf_release(&b);
		}
	}
	while (good.len <= LIMIT_MINISIG)
		buf_add_byte(&good, 'x');
	struct minisig sig;
	struct err err = { 0 };
	cr_expect_eq(minisig_read(&sig, good.data, good.len, &err), -1);
	cr_expect_str_eq(err.msg, "signature: 10241 bytes are too many");
	buf_release(&good);
	key_pair_free(pair);
}

/* A trusted comment of that length counts, where it was signed. */
Test(minisig, a_long_trusted_comment_verifies)
{
	struct key_pair *pair = fixture_pair("acme.key");
	struct buf good = good_text(pair), joined = BUF_INIT, b = BUF_INIT;
	uint8_t global[KEYS_SIGNATURE], hash[64];
	struct minisig sig;
	struct err err = { 0 };

	cr_assert_eq(minisig_read(&sig, good.data, good.len, &err), 0);
	buf_add(&joined, sig.signature, KEYS_SIGNATURE);
	buf_addf(&joined, "%08173d", 0);
	cr_assert_eq(keys_sign(global, joined.data, joined.len, pair, &err),
		     0);
	buf_add_str(&b, U);
	part(&b, 's', &good);
	buf_addf(&b, "\ntrusted comment: %08173d\n", 0);
	keys_base64(&b, global, sizeof global);
	buf_add_byte(&b, '\n');
	cr_assert_eq(minisig_read(&sig, b.data, b.len, &err), 0, "%s",
		     err.msg);
	keys_hash512(hash, data, DATA);
	cr_expect_eq(minisig_verify(&sig, hash, key_pair_public(pair), &err), 0,
		     "%s", err.msg);
	buf_release(&good);
	buf_release(&joined);
	buf_release(&b);
	key_pair_free(pair);
}

Test(minisig, only_the_key_that_signed_verifies)
{
	struct key_pair *acme = fixture_pair("acme.key");
	struct buf b = good_text(acme);
	struct key_public key = fixture_public("globex.pub");
	struct err err = { 0 };

	cr_expect_eq(check(b.data, b.len, data, DATA, &key, note, kind, &err),
		     -1);
	cr_expect_str_eq(err.msg, "signature: made by key E5BAA93991D97D32, "
				  "not by D47C794672A41D25");
	/* A key id is 8 bytes that anyone may choose. */
	memcpy(key.id, key_pair_public(acme)->id, KEYS_ID);
	cr_expect_eq(check(b.data, b.len, data, DATA, &key, note, kind, &err),
		     -1);
	cr_expect_str_eq(err.msg, BAD);
	memset(key.sign, 0, sizeof key.sign);
	cr_expect_eq(check(b.data, b.len, data, DATA, &key, note, kind, &err),
		     -1);
	buf_release(&b);
	key_pair_free(acme);
}

/* The signature of one file with the comment of another's. */
Test(minisig, parts_that_never_met_do_not_meet)
{
	struct key_pair *pair = fixture_pair("acme.key");
	struct buf a = good_text(pair), b = BUF_INIT, mix = BUF_INIT;
	struct err err = { 0 };

	cr_assert_eq(minisig_sign(&b, "other", 5, note, kind, pair, &err), 0);
	for (int which = 0; which < 2; which++) {
		buf_clear(&mix);
		buf_add_str(&mix, U);
		part(&mix, 's', which ? &a : &b);
		buf_add_str(&mix, "\n" T);
		part(&mix, 'g', which ? &b : &a);
		buf_add_byte(&mix, '\n');
		cr_expect_eq(check(mix.data, mix.len, data, DATA,
				   key_pair_public(pair), note, kind, &err),
			     -1);
		cr_expect_str_eq(err.msg, which ? BAD_COMMENT : BAD);
	}
	buf_release(&a);
	buf_release(&b);
	buf_release(&mix);
	key_pair_free(pair);
}

/*
 * The two letters are signed by nothing. A legacy signature over a file of 64
 * bytes is, with its letters changed, one over any file that has these bytes
 * for its hash, and stock minisign takes it. So a legacy one is refused; and
 * what we sign, a file of 64 bytes too, is never those bytes themselves.
 */
Test(minisig, a_signature_of_64_bytes_is_not_one_of_a_hash)
{
	struct key_pair *pair = fixture_pair("acme.key");
	const struct key_public *key = key_pair_public(pair);
	uint8_t hash[64], raw[SIG] = "Ed", joined[64 + sizeof kind - 1];
	uint8_t global[GLOBAL];
	struct buf text = BUF_INIT, ours = BUF_INIT;
	struct minisig sig;
	struct err err = { 0 };

	keys_hash512(hash, data, DATA);

	/* What minisign -S -l makes of a file that holds `hash`. */
	memcpy(raw + 2, key->id, KEYS_ID);
	cr_assert_eq(keys_sign(raw + 10, hash, sizeof hash, pair, &err), 0);
	memcpy(joined, raw + 10, 64);
	memcpy(joined + 64, kind, sizeof kind - 1);
	cr_assert_eq(keys_sign(global, joined, sizeof joined, pair, &err), 0);
	for (int letters = 0; letters < 2; letters++) {
		raw[1] = letters ? 'D' : 'd';
		buf_clear(&text);
		buf_add_str(&text, U);
		keys_base64(&text, raw, sizeof raw);
		buf_add_str(&text, "\n" T);
		keys_base64(&text, global, sizeof global);
		buf_add_byte(&text, '\n');
		/* The second shows why keys_sign() is for minisig.c alone. */
		cr_expect_eq(check(text.data, text.len, data, DATA, key, note,
				   kind, &err),
			     letters ? 0 : -1);
		if (!letters)
			cr_expect_str_eq(err.msg, LEGACY);
	}

	/* What we make of that file, for either reading of the letters. */
	cr_assert_eq(minisig_sign(&ours, hash, sizeof hash, note, kind, pair,
				  &err),
		     0);
	cr_assert_eq(minisig_read(&sig, ours.data, ours.len, &err), 0);
	cr_expect(!keys_verify(sig.signature, hash, sizeof hash, key));
	cr_expect_eq(minisig_verify(&sig, hash, key, &err), -1);
	cr_expect_eq(check(ours.data, ours.len, data, DATA, key, note, kind,
			   &err),
		     -1);
	buf_release(&text);
	buf_release(&ours);
	key_pair_free(pair);
}

/* Stock minisign's own files. */

struct stock_case {
	const char *file, *says;
};

static const struct stock_case stocks[] = {
	{ "stock.txt.minisig", NULL },
	{ "stock-tab.minisig", NOT_PRINTABLE("3") },
	{ "stock-legacy.minisig", LEGACY },
};

Test(minisig, stock_minisigns_signatures_count)
{
	struct key_public key = fixture_public("stock.pub");
	struct buf file = fixture("stock.txt");

	for (size_t i = 0; i < COUNT(stocks); i++) {
		struct buf b = fixture(stocks[i].file);
		struct err err = { 0 };
		int rc = check(b.data, b.len, file.data, file.len, &key,
			       "signature from stock minisign",
			       "a note of stock minisign", &err);

		cr_expect_eq(rc, stocks[i].says ? -1 : 0, "%s", stocks[i].file);
		cr_expect_str_eq(err.msg, stocks[i].says ? stocks[i].says : "",
				 "%s: %s", stocks[i].file, err.msg);
		buf_release(&b);
	}
	buf_release(&file);
}

/* Sealing keys. */

Test(minisig, a_sealing_key_text_is_written_as_it_was_read)
{
	static const char *const names[] = { "acme", "globex" };

	for (size_t i = 0; i < COUNT(names); i++) {
		uint8_t sealing[KEYS_SEAL_PUBLIC];
		struct buf was, again = BUF_INIT;
		struct err err = { 0 };
		struct key_pair *pair;
		struct key_public key;
		char file[32];

		(void)snprintf(file, sizeof file, "%s.key", names[i]);
		pair = fixture_pair(file);
		(void)snprintf(file, sizeof file, "%s.sealing", names[i]);
		was = fixture(file);
		cr_assert_eq(minisig_write_sealing(&again, pair, &err), 0);
		cr_assert_eq(again.len, was.len);
		cr_expect_arr_eq(again.data, was.data, was.len);
		cr_assert_eq(minisig_read_sealing(&key, sealing, was.data,
						  was.len, &err),
			     0, "%s", err.msg);
		cr_expect_arr_eq(&key, key_pair_public(pair), sizeof key);
		cr_expect_arr_eq(sealing, key_pair_sealing(pair),
				 sizeof sealing);
		key_pair_free(pair);
		buf_release(&was);
		buf_release(&again);
	}
}

static void
expect_no_sealing(const struct buf *b, size_t len, const char *how, size_t n)
{
	static const uint8_t zero[sizeof(struct key_public)] = { 0 };
	uint8_t sealing[KEYS_SEAL_PUBLIC] = { 0 };
	struct key_public key = { 0 };
	struct err err = { 0 };

	cr_expect_eq(minisig_read_sealing(&key, sealing, b->data, len, &err),
		     -1, "%s %zu", how, n);
	cr_expect_eq(err.kind, ERR_REFUSED);
	cr_expect_arr_eq(&key, zero, sizeof key);
	cr_expect_arr_eq(sealing, zero, sizeof sealing);
}

Test(minisig, refuses_every_change_of_a_sealing_key)
{
	struct buf b = fixture("acme.sealing"), c = BUF_INIT;

	for (size_t bit = 0; bit < 8 * b.len; bit++) {
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		expect_no_sealing(&b, b.len, "bit", bit);
		b.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < b.len; len++)
		expect_no_sealing(&b, len, "cut at", len);
	for (int byte = 0; byte < 256; byte++) {
		buf_add_byte(&b, (uint8_t)byte);
		expect_no_sealing(&b, b.len, "appended", (size_t)byte);
		b.len--;
		buf_clear(&c);
		buf_add_byte(&c, (uint8_t)byte);
		buf_add(&c, b.data, b.len);
		expect_no_sealing(&c, c.len, "prepended", (size_t)byte);
	}
	while (b.len <= LIMIT_SEALING_KEY)
		buf_add_byte(&b, '\n');
	expect_no_sealing(&b, b.len, "of bytes", b.len);
	buf_release(&b);
	buf_release(&c);
}

/* Statements that the key did sign and that are not to be taken. */
struct statement {
	const char *what, *public, *line, *untrusted, *trusted, *says;
};

#define SEALING                                            \
	"08bac9921c0d04b5c789c7f5199cdbce073cada226f63f31" \
	"e6f543edaf60a27b"
#define SIGNED_FOR "signature of an orgferry sealing key"
#define TRUSTED "orgferry sealing key"

static const struct statement statements[] = {
	{ "as written", PUB, TRUSTED ": " SEALING "\n", SIGNED_FOR, TRUSTED,
	  NULL },
	{ "another comment of the key", "untrusted comment: Acme\n",
	  TRUSTED ": " SEALING "\n", SIGNED_FOR, TRUSTED,
	  "sealing key: line 1 does not name the key of line 2" },
	{ "made for another type", PUB, TRUSTED ": " SEALING "\n", SIGNED_FOR,
	  "orgferry manifest 0",
	  "sealing key: its signature was made for something else: 'orgferry "
	  "manifest 0'" },
	{ "a longer type", PUB, TRUSTED ": " SEALING "\n", SIGNED_FOR,
	  TRUSTED "s",
	  "sealing key: its signature was made for something else: 'orgferry "
	  "sealing keys'" },
	{ "another decoration", PUB, TRUSTED ": " SEALING "\n", "hello",
	  TRUSTED,
	  "sealing key: its signature was made for something else: 'orgferry "
	  "sealing key'" },
	{ "another line", PUB, "orgferry signing key: " SEALING "\n",
	  SIGNED_FOR, TRUSTED,
	  "sealing key: line 3 is not 'orgferry sealing key: ' and the key" },
	{ "CRLF", PUB, TRUSTED ": " SEALING "\r\n", SIGNED_FOR, TRUSTED,
	  "sealing key: line 3 is not 64 lower-case hex digits" },
	{ "a digit short", PUB,
	  TRUSTED ": 08bac9921c0d04b5c789c7f5199cdbce073cada226f63f31e6f543ed"
		  "af60a27\n",
	  SIGNED_FOR, TRUSTED,
	  "sealing key: line 3 is not 64 lower-case hex digits" },
	{ "upper case", PUB,
	  TRUSTED ": 08BAC9921C0D04B5C789C7F5199CDBCE073CADA226F63F31E6F543ED"
		  "AF60A27B\n",
	  SIGNED_FOR, TRUSTED,
	  "sealing key: line 3 is not 64 lower-case hex digits" },
	{ "a second line", PUB, TRUSTED ": " SEALING "\nx\n", SIGNED_FOR,
	  TRUSTED,
	  "sealing key, from line 4 on: signature: line 1 does not begin with "
	  "'untrusted comment: '" },
	{ "zeros", PUB,
	  TRUSTED ": 00000000000000000000000000000000000000000000000000000000"
		  "00000000\n",
	  SIGNED_FOR, TRUSTED,
	  "sealing key: line 3 is not a sound X25519 key" },
	{ "of order eight", PUB,
	  TRUSTED ": e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd86620516"
		  "5f49b800\n",
	  SIGNED_FOR, TRUSTED,
	  "sealing key: line 3 is not a sound X25519 key" },
};

Test(minisig, a_statement_is_for_a_sealing_key_alone)
{
	struct key_pair *acme = fixture_pair("acme.key");
	struct key_pair *globex = fixture_pair("globex.key");

	for (size_t i = 0; i < 2 * COUNT(statements); i++) {
		const struct statement *c = &statements[i / 2];
		const char *says = c->says;
		uint8_t sealing[KEYS_SEAL_PUBLIC];
		struct buf b = BUF_INIT;
		struct err err = { 0 };
		struct key_public key;

		buf_addf(&b, "%s%s\n%s", c->public, KEY, c->line);
		cr_assert_eq(minisig_sign(&b, c->line, strlen(c->line),
					  c->untrusted, c->trusted,
					  i % 2 ? globex : acme, &err),
			     0, "%s", err.msg);
		if (i % 2 && (!says || strstr(says, "line 3 is not 64") ||
			      strstr(says, "X25519")))
			says = "sealing key: signature: made by key "
			       "D47C794672A41D25, not by E5BAA93991D97D32";
		cr_expect_eq(minisig_read_sealing(&key, sealing, b.data, b.len,
						  &err),
			     says ? -1 : 0, "%s: %s", c->what, err.msg);
		cr_expect_str_eq(err.msg, says ? says : "", "%s: %s", c->what,
				 err.msg);
		buf_release(&b);
	}
	key_pair_free(acme);
	key_pair_free(globex);
}
