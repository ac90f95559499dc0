/*
 * minisign's texts: see minisig.h. A public key text is
 *
 *	untrusted comment: TEXT
 *	base64("Ed" | key id, 8 | Ed25519 public key, 32)
 *
 * and a signature text
 *
 *	untrusted comment: TEXT
 *	base64("ED" | key id, 8 | signature of BLAKE2b-512 of the file, 64)
 *	trusted comment: TEXT
 *	base64(signature of the signature's 64 bytes and the trusted TEXT)
 *
 * The two letters of a signature are covered by neither signature. With "Ed"
 * the file itself is signed, so one made for a file of 64 bytes would, with
 * its letters changed, hold for the file that has these for its hash: hence
 * only "ED" is read, and all that this program signs is signed here.
 */
#include "format/minisig.h"

#include <string.h>

#include "base/text.h"

enum {
	KEY_RAW = 2 + KEYS_ID + KEYS_SIGN_PUBLIC,
	SIGNATURE_RAW = 2 + KEYS_ID + KEYS_SIGNATURE,

	/*
	 * Stock minisign takes a line into 1,024 bytes, a trusted comment's
	 * into 8,192, with its LF and a NUL. We write less, and read as much.
	 */
	UNTRUSTED_LINE = 1022,
	TRUSTED_LINE = 8190,
	WRITTEN_COMMENT = 900,
};
_Static_assert(KEY_RAW == 42 && SIGNATURE_RAW == 74, "minisign's sizes");
_Static_assert(UNTRUSTED_LINE + 1 + 57 <= LIMIT_PUBLIC_KEY &&
		       UNTRUSTED_LINE + TRUSTED_LINE + 101 + 89 + 2 <=
			       LIMIT_MINISIG,
	       "what minisign takes is below the limits");

static const char untrusted_prefix[] = "untrusted comment: ";
static const char trusted_prefix[] = "trusted comment: ";

static bool
is_printable(const uint8_t *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return false;
	return true;
}

/* A line of prefix and comment, at most `most` bytes without its LF. */
static int
take_comment(struct rd *r, const char *prefix, size_t most, unsigned line,
	     const char **out, size_t *len, struct err *err)
{
	const uint8_t *at;

	if (!rd_match_str(r, prefix))
		return err_set(err, ERR_REFUSED,
			       "line %u does not begin with '%s'", line,
			       prefix);
	if (!rd_line(r, &at, len))
		return err_set(err, ERR_REFUSED, "line %u has no end", line);
	if (*len > most - strlen(prefix))
		return err_set(err, ERR_REFUSED,
			       "line %u is longer than %zu bytes", line, most);
	if (!is_printable(at, *len))
		return err_set(err, ERR_REFUSED,
			       "line %u has another character than printable "
			       "ASCII",
			       line);
	*out = (const char *)at;
	return 0;
}

/* A line that is the base64 of len bytes. */
static int
take_base64(struct rd *r, uint8_t *out, size_t len, unsigned line,
	    struct err *err)
{
	const uint8_t *at;
	size_t at_len;

	if (!rd_line(r, &at, &at_len))
		return err_set(err, ERR_REFUSED, "line %u has no end", line);
	if (!keys_unbase64(out, len, (const char *)at, at_len))
		return err_set(err, ERR_REFUSED,
			       "line %u is not the base64 of %zu bytes", line,
			       len);
	return 0;
}

static int
no_more(const struct rd *r, unsigned line, struct err *err)
{
	if (r->left != 0)
		return err_set(err, ERR_REFUSED, "%zu bytes after line %u",
			       r->left, line);
	return 0;
}

void
minisig_write_public(struct buf *out, const struct key_public *key)
{
	char id[KEYS_ID_TEXT + 1];
	uint8_t raw[KEY_RAW];

	keys_id_text(id, key->id);
	memcpy(raw, "Ed", 2);
	memcpy(raw + 2, key->id, KEYS_ID);
	memcpy(raw + 2 + KEYS_ID, key->sign, KEYS_SIGN_PUBLIC);
	buf_addf(out, "%sminisign public key %s\n", untrusted_prefix, id);
	keys_base64(out, raw, sizeof raw);
	buf_add_byte(out, '\n');
}

/* The two lines of a public key at the front of r, not yet known as sound. */
static int
take_public(struct rd *r, struct key_public *out, struct err *err)
{
	const uint8_t *id, *sign;
	uint8_t raw[KEY_RAW];
	const char *comment;
	struct rd key;
	size_t len;

	if (take_comment(r, untrusted_prefix, UNTRUSTED_LINE, 1, &comment, &len,
			 err) < 0 ||
	    take_base64(r, raw, sizeof raw, 2, err) < 0)
		return -1;
	key = rd_of(raw, sizeof raw);
	if (!rd_match_str(&key, "Ed") || !rd_take(&key, KEYS_ID, &id) ||
	    !rd_take(&key, KEYS_SIGN_PUBLIC, &sign))
		return err_set(err, ERR_REFUSED,
			       "line 2 is not an Ed25519 key of minisign");
	memcpy(out->id, id, KEYS_ID);
	memcpy(out->sign, sign, KEYS_SIGN_PUBLIC);
	return 0;
}

static int
check_sound(const struct key_public *key, struct err *err)
{
	if (!keys_public_is_sound(key))
		return err_set(err, ERR_REFUSED,
			       "line 2 is not a sound Ed25519 key");
	return 0;
}

int
minisig_read_public(struct key_public *out, const void *text, size_t len,
		    struct err *err)
{
	struct rd r = rd_of(text, len);
	struct key_public key;

	if (len > LIMIT_PUBLIC_KEY)
		return err_set(err, ERR_REFUSED,
			       "public key: %zu bytes are too many", len);
	if (take_public(&r, &key, err) < 0 || no_more(&r, 2, err) < 0 ||
	    check_sound(&key, err) < 0)
		return err_at(err, "public key");
	*out = key;
	return 0;
}

/* The global signature: of the signature and the trusted comment, joined. */
struct joined {
	uint8_t bytes[KEYS_SIGNATURE + TRUSTED_LINE];
	size_t len;
};

static void
join(struct joined *j, const uint8_t *signature, const char *trusted,
     size_t len)
{
	memcpy(j->bytes, signature, KEYS_SIGNATURE);
	memcpy(j->bytes + KEYS_SIGNATURE, trusted, len);
	j->len = KEYS_SIGNATURE + len;
}

static int
check_comment(const char *s, struct err *err)
{
	size_t len = strlen(s);

	if (len > WRITTEN_COMMENT || !is_printable((const uint8_t *)s, len))
		return err_set(err, ERR_USAGE,
			       "a signature's comment is at most %d characters "
			       "of printable ASCII: %s",
			       WRITTEN_COMMENT, SHOWN_N(s, len));
	return 0;
}

int
minisig_sign_hashed(struct buf *out, const uint8_t hash[static 64],
		    const char *untrusted, const char *trusted,
		    const struct key_pair *pair, struct err *err)
{
	const struct key_public *key = key_pair_public(pair);
	uint8_t raw[SIGNATURE_RAW], global[KEYS_SIGNATURE];
	uint8_t *signature = raw + 2 + KEYS_ID;
	struct buf text = BUF_INIT;
	struct minisig back;
	struct joined j;
	int rc = -1;

	if (check_comment(untrusted, err) < 0 ||
	    check_comment(trusted, err) < 0)
		return -1;
	memcpy(raw, "ED", 2);
	memcpy(raw + 2, key->id, KEYS_ID);
	if (keys_sign(signature, hash, 64, pair, err) < 0)
		return -1;
	join(&j, signature, trusted, strlen(trusted));
	if (keys_sign(global, j.bytes, j.len, pair, err) < 0)
		return -1;

	buf_addf(&text, "%s%s\n", untrusted_prefix, untrusted);
	keys_base64(&text, raw, sizeof raw);
	buf_addf(&text, "\n%s%s\n", trusted_prefix, trusted);
	keys_base64(&text, global, sizeof global);
	buf_add_byte(&text, '\n');
	if (buf_ok(&text, err) < 0)
		goto out;

	/*
	 * A signature computed on a machine that errs can give the secret key
	 * away: Ed25519 is deterministic, and two that differ solve for it. So
	 * none leaves that does not verify.
	 */
	if (minisig_read(&back, text.data, text.len, err) < 0 ||
	    minisig_verify(&back, hash, key, err) < 0) {
		err->kind = ERR_SYSTEM;
		(void)err_at(err, "our own signature does not hold");
		goto out;
	}
	buf_add(out, text.data, text.len);
	rc = buf_ok(out, err);
out:
	buf_release(&text);
	return rc;
}

int
minisig_sign(struct buf *out, const void *data, size_t len,
	     const char *untrusted, const char *trusted,
	     const struct key_pair *pair, struct err *err)
{
	uint8_t hash[64];

	keys_hash512(hash, data, len);
	return minisig_sign_hashed(out, hash, untrusted, trusted, pair, err);
}

/* The signature in line 2, taken apart. */
static int
take_signature(struct rd *r, struct minisig *out, struct err *err)
{
	const uint8_t *id, *signature;
	uint8_t raw[SIGNATURE_RAW];
	struct rd line;

	if (take_base64(r, raw, sizeof raw, 2, err) < 0)
		return -1;
	line = rd_of(raw, sizeof raw);
	if (rd_match_str(&line, "Ed"))
		return err_set(err, ERR_REFUSED,
			       "line 2 is a signature of the legacy kind (Ed), "
			       "which does not count; sign the hash (ED)");
	if (!rd_match_str(&line, "ED") || !rd_take(&line, KEYS_ID, &id) ||
	    !rd_take(&line, KEYS_SIGNATURE, &signature))
		return err_set(err, ERR_REFUSED,
			       "line 2 is a signature of no known kind");
	memcpy(out->id, id, KEYS_ID);
	memcpy(out->signature, signature, KEYS_SIGNATURE);
	return 0;
}

int
minisig_read(struct minisig *out, const void *text, size_t len, struct err *err)
{
	struct rd r = rd_of(text, len);

	if (len > LIMIT_MINISIG)
		return err_set(err, ERR_REFUSED,
			       "signature: %zu bytes are too many", len);
	if (take_comment(&r, untrusted_prefix, UNTRUSTED_LINE, 1,
			 &out->untrusted, &out->untrusted_len, err) < 0 ||
	    take_signature(&r, out, err) < 0 ||
	    take_comment(&r, trusted_prefix, TRUSTED_LINE, 3, &out->trusted,
			 &out->trusted_len, err) < 0 ||
	    take_base64(&r, out->global, sizeof out->global, 4, err) < 0 ||
	    no_more(&r, 4, err) < 0)
		return err_at(err, "signature");
	return 0;
}

int
minisig_verify(const struct minisig *sig, const uint8_t hash[static 64],
	       const struct key_public *key, struct err *err)
{
	char theirs[KEYS_ID_TEXT + 1], ours[KEYS_ID_TEXT + 1];
	struct joined j;

	if (memcmp(sig->id, key->id, KEYS_ID) != 0) {
		keys_id_text(theirs, sig->id);
		keys_id_text(ours, key->id);
		return err_set(err, ERR_REFUSED,
			       "signature: made by key %s, not by %s", theirs,
			       ours);
	}
	if (!keys_verify(sig->signature, hash, 64, key))
		return err_set(err, ERR_REFUSED,
			       "signature: does not hold for these bytes");
	join(&j, sig->signature, sig->trusted, sig->trusted_len);
	if (!keys_verify(sig->global, j.bytes, j.len, key))
		return err_set(err, ERR_REFUSED,
			       "signature: its trusted comment is not the one "
			       "that was signed");
	return 0;
}

static bool
is_text(const char *s, size_t len, const char *want)
{
	return len == strlen(want) && memcmp(s, want, len) == 0;
}

bool
minisig_says(const struct minisig *sig, const char *untrusted,
	     const char *trusted)
{
	return is_text(sig->untrusted, sig->untrusted_len, untrusted) &&
	       is_text(sig->trusted, sig->trusted_len, trusted);
}

static const char sealing_prefix[] = "orgferry sealing key: ";
static const char sealing_untrusted[] = "signature of an orgferry sealing key";
static const char sealing_trusted[] = "orgferry sealing key";

int
minisig_write_sealing(struct buf *out, const struct key_pair *pair,
		      struct err *err)
{
	char hex[2 * KEYS_SEAL_PUBLIC + 1];
	struct buf text = BUF_INIT;
	size_t line;
	int rc = -1;

	minisig_write_public(&text, key_pair_public(pair));
	line = text.len;
	text_hex(hex, key_pair_sealing(pair), KEYS_SEAL_PUBLIC);
	buf_addf(&text, "%s%s\n", sealing_prefix, hex);
	if (buf_ok(&text, err) < 0)
		goto out;
	buf_add(out, text.data, text.len);
	rc = minisig_sign(out, text.data + line, text.len - line,
			  sealing_untrusted, sealing_trusted, pair, err);
out:
	buf_release(&text);
	return rc;
}

/* Whether the text before `end` is what we write for this key. */
static int
check_public_spelling(const struct key_public *key, const void *text,
		      const uint8_t *end, struct err *err)
{
	size_t len = (size_t)(end - (const uint8_t *)text);
	struct buf want = BUF_INIT;
	int rc;

	minisig_write_public(&want, key);
	rc = buf_ok(&want, err);
	if (rc == 0 && (len != want.len || memcmp(text, want.data, len) != 0))
		rc = err_set(err, ERR_REFUSED,
			     "line 1 does not name the key of line 2");
	buf_release(&want);
	return rc;
}

int
minisig_read_sealing(struct key_public *key,
		     uint8_t sealing[static KEYS_SEAL_PUBLIC], const void *text,
		     size_t len, struct err *err)
{
	uint8_t got[KEYS_SEAL_PUBLIC], hash[64];
	struct rd r = rd_of(text, len);
	const uint8_t *line, *hex;
	struct key_public who;
	struct minisig sig;
	size_t hex_len;

	if (len > LIMIT_SEALING_KEY)
		return err_set(err, ERR_REFUSED,
			       "sealing key: %zu bytes are too many", len);
	if (take_public(&r, &who, err) < 0 ||
	    check_public_spelling(&who, text, r.at, err) < 0)
		return err_at(err, "sealing key");
	line = r.at;
	if (!rd_match_str(&r, sealing_prefix) || !rd_line(&r, &hex, &hex_len))
		return err_set(err, ERR_REFUSED,
			       "sealing key: line 3 is not '%s' and the key",
			       sealing_prefix);
	keys_hash512(hash, line, (size_t)(r.at - line));
	if (minisig_read(&sig, r.at, r.left, err) < 0)
		return err_at(err, "sealing key, from line 4 on");
	if (!minisig_says(&sig, sealing_untrusted, sealing_trusted))
		return err_set(err, ERR_REFUSED,
			       "sealing key: its signature was made for "
			       "something else: %s",
			       SHOWN_N(sig.trusted, sig.trusted_len));
	if (check_sound(&who, err) < 0 ||
	    minisig_verify(&sig, hash, &who, err) < 0)
		return err_at(err, "sealing key");
	if (!text_unhex(got, sizeof got, (const char *)hex, hex_len))
		return err_set(err, ERR_REFUSED,
			       "sealing key: line 3 is not %d lower-case hex "
			       "digits",
			       2 * KEYS_SEAL_PUBLIC);
	if (!keys_sealing_is_sound(got))
		return err_set(err, ERR_REFUSED,
			       "sealing key: line 3 is not a sound X25519 key");
	*key = who;
	memcpy(sealing, got, sizeof got);
	return 0;
}
