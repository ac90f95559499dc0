/* Whether a connection history holds: see audit_verify.h. */
#include "flow/audit_verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "format/bundle_out.h"
#include "format/minisig.h"
#include "format/rows.h"

/* Signature texts are small; PATH.minisig into *sig, which points into text. */
static int
read_signature(struct minisig *sig, struct buf *text, const char *path,
	       struct err *err)
{
	struct buf name = BUF_INIT;
	int rc;

	buf_add_str(&name, path);
	buf_add_str(&name, ".minisig");
	rc = buf_str(&name) ? file_read(text, buf_str(&name), LIMIT_MINISIG,
					err) :
			      err_memory(err);
	if (rc == 0 && minisig_read(sig, text->data, text->len, err) < 0)
		rc = err_at(err, "%s", SHOWN(buf_str(&name)));
	buf_release(&name);
	return rc;
}

static int
take_manifest(struct audit_witness *w, const struct manifest *m,
	      struct err *err)
{
	if (m->history == 0)
		return err_set(err, ERR_REFUSED, "%s: says of no row of the "
			       "connection history, so it is no witness",
			       SHOWN(w->path));
	memcpy(w->connection, m->connection, sizeof w->connection);
	memcpy(w->made, m->made, sizeof w->made);
	w->rows = m->history;
	memcpy(w->head, m->head, KEYS_HASH);
	return 0;
}

/* Nothing of it is parsed before the signature holds. */
static int
read_manifest(struct audit_witness *w, const struct key_public *key,
	      struct err *err)
{
	struct manifest m = MANIFEST_INIT;
	struct buf text = BUF_INIT, signature = BUF_INIT;
	struct minisig sig;
	uint8_t hash[64];
	int rc = -1;

	if (file_read(&text, w->path, LIMIT_MANIFEST, err) < 0 ||
	    read_signature(&sig, &signature, w->path, err) < 0)
		goto out;
	keys_hash512(hash, text.data, text.len);
	if (minisig_verify(&sig, hash, key, err) < 0 ||
	    manifest_read(&m, text.data, text.len, err) < 0)
		(void)err_at(err, "%s", SHOWN(w->path));
	else if (!minisig_says(&sig, BUNDLE_UNTRUSTED, BUNDLE_TRUSTED))
		(void)err_set(err, ERR_REFUSED, "%s: its signature is not one "
			      "of a manifest", SHOWN(w->path));
	else
		rc = take_manifest(w, &m, err);
out:
	manifest_release(&m);
	buf_release(&text);
	buf_release(&signature);
	return rc;
}

static const struct bundle_peer *
only_peer(void *ctx, const uint8_t id[static KEYS_ID])
{
	const struct bundle_peer *peer = ctx;

	return memcmp(peer->key.id, id, KEYS_ID) == 0 ? peer : NULL;
}

static int
read_bundle(struct audit_witness *w, const struct bundle_peer *from,
	    const struct key_pair *own, struct err *err)
{
	struct bundle_peer peer = *from;
	const struct bundle_keys keys = { .own = own, .find = only_peer,
					  .ctx = &peer };
	struct bundle_in *in;
	int rc;

	if (bundle_in_open(&in, w->path, &keys, err) < 0)
		return -1;
	rc = bundle_in_trust(in) == BUNDLE_KNOWN ?
		     take_manifest(w, bundle_in_manifest(in), err) :
		     err_set(err, ERR_REFUSED, "%s: is signed by another key "
			     "than the history", SHOWN(w->path));
	bundle_in_free(in);
	return rc;
}

int
audit_witness_read(struct audit_witness *w, const char *path,
		   const struct bundle_peer *from, const struct key_pair *own,
		   struct err *err)
{
	struct file_in in = FILE_IN_INIT;
	char first = 0;
	ptrdiff_t got;

	*w = (struct audit_witness){ .path = path };
	if (file_open(&in, path, err) < 0)
		return -1;
	got = in.source.read(&in.source, &first, 1, err);
	file_close(&in);
	if (got < 0)
		return err_at(err, "%s", SHOWN(path));
	return first == '{' ? read_manifest(w, &from->key, err) :
			      read_bundle(w, from, own, err);
}

/* A file's bytes on their way to the rows, hashed. */
struct hashed {
	struct file_source source; /* first, so that one is the other */
	struct file_in in;
	struct keys_hasher512 hasher;
};

static ptrdiff_t
read_hashed(struct file_source *s, void *into, size_t n, struct err *err)
{
	struct hashed *h = (struct hashed *)s;
	ptrdiff_t got = h->in.source.read(&h->in.source, into, n, err);

	if (got > 0)
		keys_hash512_add(&h->hasher, into, (size_t)got);
	return got;
}

static bool
begins(const struct buf *b, const char *with)
{
	struct rd rd = rd_of(b->data, b->len);

	return rd_match_str(&rd, with);
}

/* A history without rows: its name is told by the comment alone. */
static void
expect_none(struct buf *out, const struct buf *comment)
{
	static const char start[] = "orgferry history ";
	struct rd rd = rd_of(comment->data, comment->len);
	const uint8_t *at;

	buf_add_str(out, start);
	if (rd_match_str(&rd, start))
		while (rd_take(&rd, 1, &at) && *at != ' ')
			buf_add_byte(out, *at);
	buf_addf(out, " rows 0 head %0*d", 2 * KEYS_HASH, 0);
}

/* What the signature must say of what was read. */
static int
expect(struct buf *out, const struct audit_verdict *v, struct err *err)
{
	bool all = begins(&v->comment, AUDIT_ALL);

	if (v->selection)
		buf_addf(out, AUDIT_SELECTION "%" PRIu64, v->rows);
	else if (v->chains.count == 0 && !all)
		expect_none(out, &v->comment);
	else
		return audit_comment(out, &v->chains, all, "", err);
	return buf_ok(out, err);
}

/* A selection's comment goes on after the count with what was selected. */
static bool
says(const struct audit_verdict *v, const struct buf *expected)
{
	if (v->comment.len < expected->len ||
	    memcmp(v->comment.data, expected->data, expected->len) != 0)
		return false;
	return v->comment.len == expected->len ||
	       (v->selection && v->comment.data[expected->len] == ' ');
}

static int
check_signature(const struct audit_verdict *v, const struct minisig *sig,
		const uint8_t hash[static 64], const struct key_public *key,
		struct err *err)
{
	struct buf expected = BUF_INIT;
	struct err why;
	int rc = -1;

	if (expect(&expected, v, err) < 0)
		goto out;
	if (minisig_verify(sig, hash, key, err) < 0) {
		/* Every chain holds by itself: rows may miss at an end. */
		if (!says(v, &expected)) {
			why = *err;
			(void)err_set(err, ERR_REFUSED, "%s; it is of %s, and "
				      "the file has %s", why.msg,
				      SHOWN_N(v->comment.data, v->comment.len),
				      SHOWN_N(expected.data, expected.len));
		}
		goto out;
	}
	if (!says(v, &expected) ||
	    sig->untrusted_len != strlen(AUDIT_UNTRUSTED) ||
	    memcmp(sig->untrusted, AUDIT_UNTRUSTED, sig->untrusted_len) != 0)
		(void)err_set(err, ERR_REFUSED, "is signed as %s, and is %s",
			      SHOWN_N(v->comment.data, v->comment.len),
			      SHOWN_N(expected.data, expected.len));
	else
		rc = 0;
out:
	buf_release(&expected);
	return rc;
}

static int
check_header(const struct row *row, struct err *err)
{
	size_t i = 0;

	while (i < HISTORY_COLUMNS && i < row->count &&
	       field_is(row->field[i], history_columns[i]))
		i++;
	if (row->count > 0 &&
	    field_is(row->field[row->count - 1], AUDIT_COPY))
		return err_set(err, ERR_REFUSED, "is a copy for spreadsheet "
			       "programs, whose values may be changed; verify "
			       "the history itself");
	if (i == HISTORY_COLUMNS && row->count == HISTORY_COLUMNS)
		return 0;
	return err_set(err, ERR_REFUSED, "line 1: is not the header of a "
		       "connection history, whose column %zu is %s", i + 1,
		       i < HISTORY_COLUMNS ? history_columns[i] :
					     "none");
}

/* Which witnesses this row is the head of. */
static void
hold_against(const char *const *value, struct audit_witness *witness,
	     size_t witnesses)
{
	for (size_t i = 0; i < witnesses; i++) {
		char rows[24], head[2 * KEYS_HASH + 1];

		(void)snprintf(rows, sizeof rows, "%" PRIu64, witness[i].rows);
		text_hex(head, witness[i].head, KEYS_HASH);
		if (strcmp(value[13], rows) == 0 &&
		    strcmp(value[14], head) == 0)
			witness[i].found = true;
	}
}

static int
take_row(struct audit_verdict *v, const struct row *row, struct buf *text,
	 struct audit_witness *witness, size_t witnesses, struct err *err)
{
	const char *value[HISTORY_COLUMNS];
	size_t at = 0;

	v->rows++;
	if (v->selection)
		return 0;
	buf_clear(text);
	for (size_t i = 0; i < HISTORY_COLUMNS; i++) {
		buf_add(text, row->field[i].at, row->field[i].len);
		buf_add_byte(text, 0);
	}
	if (buf_ok(text, err) < 0)
		return -1;
	for (size_t i = 0; i < HISTORY_COLUMNS; i++) {
		value[i] = (const char *)text->data + at;
		at += row->field[i].len + 1;
	}
	if (audit_take(&v->chains, value, err) < 0)
		return err_at(err, "line %" PRIu64, row->line);
	hold_against(value, witness, witnesses);
	return 0;
}

static int
read_rows(struct audit_verdict *v, struct file_source *from,
	  struct audit_witness *witness, size_t witnesses, struct err *err)
{
	struct buf text = BUF_INIT;
	const struct row *row;
	struct rows *rows;
	int got = -1;

	if (rows_open(&rows, from, err) < 0)
		return -1;
	if (check_header(rows_header(rows), err) == 0)
		while ((got = rows_next(rows, &row, err)) > 0)
			if (take_row(v, row, &text, witness, witnesses,
				     err) < 0) {
				got = -1;
				break;
			}
	rows_free(rows);
	buf_release(&text);
	return got;
}

/* Which chain it was, where there is only one that it can be. */
static int
not_found(const struct audit_verdict *v, const struct audit_witness *w,
	  struct err *err)
{
	const struct audit_chain *c = v->chains.count == 1 ? v->chains.chain :
							     NULL;

	if (c && c->rows < w->rows)
		return err_set(err, ERR_REFUSED, "connection %s has %" PRIu64
			       " rows, and %s of %s says that there were %"
			       PRIu64 ": its tail was cut", SHOWN(c->name),
			       c->rows, SHOWN(w->path), w->made, w->rows);
	return err_set(err, ERR_REFUSED, "%s of %s says that row %" PRIu64
		       " of a connection had another Hash than any here: a "
		       "tail was cut and continued, or it is of a connection "
		       "that is not here", SHOWN(w->path), w->made, w->rows);
}

int
audit_verify_file(struct audit_verdict *verdict, const char *path,
		  const struct key_public *key, struct audit_witness *witness,
		  size_t witnesses, struct err *err)
{
	struct hashed from = { { read_hashed }, FILE_IN_INIT, { { 0 } } };
	struct buf signature = BUF_INIT;
	struct err missing = { 0 };
	struct minisig sig;
	uint8_t hash[64];
	int signature_rc, rc = -1;

	if (file_open(&from.in, path, err) < 0)
		return -1;
	keys_hash512_begin(&from.hasher);
	signature_rc = read_signature(&sig, &signature, path, &missing);
	if (signature_rc == 0)
		buf_add(&verdict->comment, sig.trusted, sig.trusted_len);
	verdict->selection = begins(&verdict->comment, AUDIT_SELECTION);
	/*
	 * The rows are read before the signature is judged, for a person is to
	 * learn which one was changed. Nothing is done with them but to hash.
	 */
	if (buf_ok(&verdict->comment, err) < 0 ||
	    read_rows(verdict, &from.source, witness, witnesses, err) < 0) {
		(void)err_at(err, "%s", SHOWN(path));
		goto out;
	}
	keys_hash512_end(&from.hasher, hash);
	if (signature_rc < 0)
		(void)err_set(err, ERR_REFUSED, "%s: has no signature: %s",
			      SHOWN(path), missing.msg);
	else if (check_signature(verdict, &sig, hash, key, err) < 0)
		(void)err_at(err, "%s", SHOWN(path));
	else if (verdict->selection && witnesses > 0)
		(void)err_set(err, ERR_USAGE, "%s: is a selection, which "
			      "cannot be held against a witness", SHOWN(path));
	else
		rc = 0;
	for (size_t i = 0; rc == 0 && i < witnesses; i++)
		if (!witness[i].found)
			rc = not_found(verdict, &witness[i], err) < 0 ?
				     err_at(err, "%s", SHOWN(path)) : -1;
out:
	file_close(&from.in);
	buf_release(&signature);
	return rc;
}

static int
see_row(void *ctx, const char *const *value, struct err *err)
{
	struct audit_verdict *v = ctx;

	v->rows++;
	return audit_take(&v->chains, value, err);
}

/* The row that a witness names, of the connection that it names. */
static int
ask_home(struct store *st, struct audit_witness *w, struct err *err)
{
	char head[2 * KEYS_HASH + 1];
	struct buf name = BUF_INIT, hash = BUF_INIT;
	bool known, there;
	int rc = -1;

	text_hex(head, w->head, KEYS_HASH);
	if (store_ask_text(st, &name, &known, err, "select name from "
			   "_connection where key = ?1", "b",
			   (const void *)w->connection,
			   sizeof w->connection) < 0 ||
	    store_ask_text(st, &hash, &there, err, "select lower(hex(h.hash)) "
			   "from _history h join _connection c using "
			   "(connection) where c.key = ?1 and h.sequence = ?2",
			   "bi", (const void *)w->connection,
			   sizeof w->connection, (int64_t)w->rows) < 0)
		goto out;
	if (!known)
		(void)err_set(err, ERR_REFUSED, "%s: is of a connection that "
			      "is not here", SHOWN(w->path));
	else if (!there)
		(void)err_set(err, ERR_REFUSED, "connection %s: %s of %s says "
			      "that there were %" PRIu64 " rows, and row %"
			      PRIu64 " is not here: the tail was cut",
			      SHOWN_N(name.data, name.len), SHOWN(w->path),
			      w->made, w->rows, w->rows);
	else if (hash.len != sizeof head - 1 ||
		 memcmp(hash.data, head, hash.len) != 0)
		(void)err_set(err, ERR_REFUSED, "connection %s, row %" PRIu64
			      ": has another Hash than %s of %s says: the tail "
			      "was cut and continued",
			      SHOWN_N(name.data, name.len), w->rows,
			      SHOWN(w->path), w->made);
	else
		rc = 0;
	w->found = rc == 0;
out:
	buf_release(&name);
	buf_release(&hash);
	return rc;
}

int
audit_verify_home(struct audit_verdict *verdict, struct store *st,
		  struct audit_witness *witness, size_t witnesses,
		  struct err *err)
{
	const struct history_filter all = { .connection = NULL };

	if (history_each(st, &all, see_row, verdict, err) < 0)
		return -1;
	for (size_t i = 0; i < witnesses; i++)
		if (ask_home(st, &witness[i], err) < 0)
			return -1;
	return 0;
}

void
audit_verdict_release(struct audit_verdict *verdict)
{
	audit_chains_release(&verdict->chains);
	buf_release(&verdict->comment);
}
