/* The connection history as a file: see audit.h. */
#include "flow/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "format/minisig.h"
#include "format/rows.h"

enum {
	PIECE = 64 << 10, /* written at once */
	COMMENT = 900,	  /* what minisig_sign() takes */
	NAME = 600,	  /* of it for a name */
	CHAINS = 4096,	  /* connections, each compared with each */
};

static int
breaks(struct err *err, const char *const *value, const char *how)
{
	return err_set(err, ERR_REFUSED, "connection %s, row %s: %s",
		       SHOWN(value[2]), SHOWN(value[13]), how);
}

/* Where a chain begins. Its first row is found again if it was copied. */
static int
begin_chain(struct audit_chains *all, const char *const *value,
	    const uint8_t first[static KEYS_HASH], struct err *err)
{
	struct audit_chain *more;

	for (size_t i = 0; i < all->count; i++)
		if (keys_equal(all->chain[i].first, first, KEYS_HASH))
			return breaks(err, value, "stands here a second time");
	if (all->count == CHAINS)
		return err_set(err, ERR_REFUSED, "has the histories of more "
			       "than %d connections", CHAINS);
	more = realloc(all->chain, (all->count + 1) * sizeof *more);
	if (!more)
		return err_memory(err);
	all->chain = more;
	more[all->count] = (struct audit_chain){ .rows = 0 };
	memcpy(more[all->count++].first, first, KEYS_HASH);
	return 0;
}

int
audit_take(struct audit_chains *all, const char *const *value, struct err *err)
{
	static const uint8_t zeros[KEYS_HASH];
	struct audit_chain *c = all->count ? &all->chain[all->count - 1] :
					     NULL;
	bool first = strcmp(value[13], "1") == 0;
	char due[24], hex[2 * KEYS_HASH + 1], *name;
	uint8_t hash[KEYS_HASH];

	(void)snprintf(due, sizeof due, "%" PRIu64, c ? c->rows + 1 : 1);
	if (!first && strcmp(value[13], due) != 0)
		return err_set(err, ERR_REFUSED, "connection %s: a row with "
			       "Sequence %s stands where row %s is due: rows "
			       "were removed, inserted or moved here",
			       SHOWN(value[2]), SHOWN(value[13]), due);
	history_hash(hash, first ? zeros : c->head, value);
	text_hex(hex, hash, KEYS_HASH);
	if (strcmp(hex, value[14]) != 0)
		return breaks(err, value, "its Hash is not that of its values "
			      "after the row before it: this row was changed, "
			      "or is not the one that stood here");
	if (first) {
		if (begin_chain(all, value, hash, err) < 0)
			return -1;
		c = &all->chain[all->count - 1];
	}
	if (!c->name || strcmp(c->name, value[2]) != 0) {
		name = strdup(value[2]);
		if (!name)
			return err_memory(err);
		free(c->name);
		c->name = name;
	}
	memcpy(c->head, hash, KEYS_HASH);
	c->rows++;
	all->rows++;
	return 0;
}

void
audit_chains_release(struct audit_chains *all)
{
	for (size_t i = 0; i < all->count; i++)
		free(all->chain[i].name);
	free(all->chain);
	*all = (struct audit_chains)AUDIT_CHAINS_INIT;
}

/* Letters, digits and -._~ as they are, the rest percent-encoded. */
static void
add_name(struct buf *out, const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789-._~";
	size_t end = out->len + NAME;

	for (; *name && out->len + 3 <= end; name++) {
		if (strchr(plain, *name))
			buf_add_byte(out, (uint8_t)*name);
		else
			buf_addf(out, "%%%02X", (unsigned)(uint8_t)*name);
	}
}

static void
add_hash(struct buf *out, const uint8_t hash[static KEYS_HASH])
{
	char hex[2 * KEYS_HASH + 1];

	text_hex(hex, hash, KEYS_HASH);
	buf_add_str(out, hex);
}

static void
comment_all(struct buf *out, const struct audit_chains *chains)
{
	struct keys_hasher h;
	uint8_t hash[KEYS_HASH];
	size_t common;

	buf_addf(out, AUDIT_ALL "%zu rows %" PRIu64, chains->count,
		 chains->rows);
	common = out->len;
	for (size_t i = 0; i < chains->count; i++) {
		buf_add_str(out, i == 0 ? ": " : " ");
		add_name(out, chains->chain[i].name);
		buf_addf(out, " %" PRIu64 " ", chains->chain[i].rows);
		add_hash(out, chains->chain[i].head);
	}
	if (out->len <= COMMENT)
		return;
	keys_hash_begin(&h);
	for (size_t i = 0; i < chains->count; i++)
		keys_hash_add(&h, chains->chain[i].head, KEYS_HASH);
	keys_hash_end(&h, hash);
	out->len = common;
	buf_add_str(out, " heads ");
	add_hash(out, hash);
}

int
audit_comment(struct buf *out, const struct audit_chains *chains, bool all,
	      const char *name, struct err *err)
{
	static const struct audit_chain none;
	const struct audit_chain *c = chains->count ? chains->chain : &none;

	if (all) {
		comment_all(out, chains);
	} else {
		buf_add_str(out, "orgferry history ");
		add_name(out, c->name ? c->name : name);
		buf_addf(out, " rows %" PRIu64 " head ", c->rows);
		add_hash(out, c->head);
	}
	return buf_ok(out, err);
}

static int
comment_selection(struct buf *out, const struct history_filter *f,
		  uint64_t rows, struct err *err)
{
	const struct {
		const char *word, *value;
	} words[] = {
		{ " connection ", f->connection },
		{ " since ", f->since },
		{ " until ", f->until },
		{ " category ", f->category },
	};

	buf_addf(out, AUDIT_SELECTION "%" PRIu64, rows);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (words[i].value) {
			buf_add_str(out, words[i].word);
			add_name(out, words[i].value);
		}
	}
	return buf_ok(out, err);
}

/* [+-]digits[.digits][e[+-]digits] */
static bool
is_number(const char *s)
{
	static const char digits[] = "0123456789";
	size_t n;

	if (*s == '+' || *s == '-')
		s++;
	n = strspn(s, digits);
	if (n == 0)
		return false;
	s += n;
	if (*s == '.') {
		n = strspn(s + 1, digits);
		if (n == 0)
			return false;
		s += n + 1;
	}
	if (*s == 'e' || *s == 'E') {
		s += s[1] == '+' || s[1] == '-' ? 2 : 1;
		n = strspn(s, digits);
		if (n == 0)
			return false;
		s += n;
	}
	return *s == 0;
}

bool
audit_is_formula(const char *value)
{
	/* Blanks that a program may drop: also no-break, wide, and U+FEFF. */
	static const char *const blanks[] = { " ", "\u00a0", "\u3000",
					      "\ufeff" };
	/* The last four are the wide forms of the first four. */
	static const char *const starts[] = { "=", "+", "-", "@", "\t",
					      "\r", "\n", "\uff1d", "\uff0b",
					      "\uff0d", "\uff20" };

	for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
		size_t len = strlen(blanks[i]);

		if (strncmp(value, blanks[i], len) == 0) {
			value += len;
			i = (size_t)-1;
		}
	}
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (strncmp(value, starts[i], strlen(starts[i])) == 0)
			return !is_number(value);
	return false;
}

struct writing {
	const struct audit_export *what;
	struct audit_sum *sum;
	struct file_out out;
	struct buf text;
	struct buf defused;
	struct keys_hasher512 hasher;
};

static int
flush(struct writing *w, struct err *err)
{
	if (buf_ok(&w->text, err) < 0 ||
	    file_write(&w->out, w->text.data, w->text.len, err) < 0)
		return -1;
	keys_hash512_add(&w->hasher, w->text.data, w->text.len);
	buf_clear(&w->text);
	return 0;
}

static int
write_row(struct writing *w, const char *const *value, struct err *err)
{
	struct field field[HISTORY_COLUMNS + 1];
	size_t count = HISTORY_COLUMNS;

	for (size_t i = 0; i < HISTORY_COLUMNS; i++)
		field[i] = field_of(value[i]);
	if (w->what->spreadsheet) {
		size_t at[HISTORY_COLUMNS], none = (size_t)-1;
		const char *changed = "";

		buf_clear(&w->defused);
		for (size_t i = 0; i < HISTORY_COLUMNS; i++) {
			at[i] = none;
			if (!audit_is_formula(value[i]))
				continue;
			changed = "changed";
			at[i] = w->defused.len;
			buf_add_byte(&w->defused, '\'');
			buf_add_str(&w->defused, value[i]);
		}
		if (buf_ok(&w->defused, err) < 0)
			return -1;
		for (size_t i = 0; i < HISTORY_COLUMNS; i++) {
			if (at[i] == none)
				continue;
			field[i].at = (const char *)w->defused.data + at[i];
			field[i].len++;
		}
		field[count++] = field_of(changed);
	}
	rows_write(&w->text, ROWS_CRLF, field, count);
	return w->text.len >= PIECE ? flush(w, err) : 0;
}

static void
write_header(struct writing *w)
{
	struct field field[HISTORY_COLUMNS + 1];
	size_t count = HISTORY_COLUMNS;

	for (size_t i = 0; i < HISTORY_COLUMNS; i++)
		field[i] = field_of(history_columns[i]);
	if (w->what->spreadsheet) {
		buf_add_str(&w->text, "\ufeff");
		field[count++] = field_of(AUDIT_COPY);
	}
	rows_write(&w->text, ROWS_CRLF, field, count);
}

static int
see_row(void *ctx, const char *const *value, struct err *err)
{
	struct writing *w = ctx;

	if (!w->sum->selection &&
	    audit_take(&w->sum->chains, value, err) < 0)
		return -1;
	w->sum->rows++;
	return write_row(w, value, err);
}

static int
see_chain(void *ctx, const char *const *value, struct err *err)
{
	return audit_take(ctx, value, err);
}

/* The chains that a selection is taken from. */
static int
check_whole(struct store *st, const char *connection, struct err *err)
{
	const struct history_filter filter = { .connection = connection };
	struct audit_chains chains = AUDIT_CHAINS_INIT;
	int rc = history_each(st, &filter, see_chain, &chains, err);

	audit_chains_release(&chains);
	return rc;
}

/* The signature stands before the file does, which is never seen without. */
static int
sign(struct writing *w, const struct key_pair *keys, const char *path,
     struct err *err)
{
	const struct history_filter *f = &w->what->filter;
	struct buf comment = BUF_INIT, text = BUF_INIT;
	uint8_t hash[64];
	int rc;

	rc = w->sum->selection ?
		     comment_selection(&comment, f, w->sum->rows, err) :
		     audit_comment(&comment, &w->sum->chains, !f->connection,
				   f->connection, err);
	if (rc == 0 && !buf_str(&comment))
		rc = err_memory(err);
	keys_hash512_end(&w->hasher, hash);
	if (rc == 0)
		rc = minisig_sign_hashed(&text, hash, AUDIT_UNTRUSTED,
					 buf_str(&comment), keys, err);
	if (rc == 0)
		rc = file_put(path, FILE_NEW, text.data, text.len, err);
	if (rc == 0) {
		rc = file_commit(&w->out, err);
		if (rc < 0)
			(void)unlink(path);
	}
	buf_release(&comment);
	buf_release(&text);
	return rc;
}

int
audit_export(struct home *home, const struct audit_export *what,
	     struct audit_sum *sum, struct err *err)
{
	const struct history_filter *f = &what->filter;
	struct writing w = { .what = what, .sum = sum, .out = FILE_OUT_INIT };
	struct buf path = BUF_INIT;
	int rc = -1;

	sum->selection = f->since || f->until || f->category;
	buf_add_str(&path, what->path);
	buf_add_str(&path, ".minisig");
	if (!buf_str(&path)) {
		rc = err_memory(err);
		goto out;
	}
	if (sum->selection &&
	    check_whole(home_store(home), f->connection, err) < 0)
		goto out;
	if (!what->spreadsheet && access(buf_str(&path), F_OK) == 0) {
		rc = err_set(err, ERR_USAGE, "%s: is there already, and the "
			     "signature would need that name",
			     SHOWN(buf_str(&path)));
		goto out;
	}
	keys_hash512_begin(&w.hasher);
	write_header(&w);
	if (file_begin(&w.out, what->path, FILE_NEW, err) < 0 ||
	    history_each(home_store(home), f, see_row, &w, err) < 0 ||
	    flush(&w, err) < 0)
		goto out;
	rc = what->spreadsheet ?
		     file_commit(&w.out, err) :
		     sign(&w, home_keys(home), buf_str(&path), err);
out:
	file_abandon(&w.out);
	buf_release(&path);
	buf_release(&w.text);
	buf_release(&w.defused);
	return rc;
}
