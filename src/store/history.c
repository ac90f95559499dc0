/*
 * The connection history: see history.h.
 *
 * A row keeps the connection's name as it was then, for the name is part of
 * what its Hash covers: a connection that is renamed breaks no chain.
 */
#include "store/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

const char *const history_columns[HISTORY_COLUMNS] = {
	"Date",	  "User",   "Connection",     "Category", "Action",
	"Object", "Record", "Partner Record", "Field",	  "Old Value",
	"New Value", "Origin", "Message",     "Sequence", "Hash",
};

static const char *const categories[] = {
	[HISTORY_STATUS] = "Connection Status",
	[HISTORY_ACCOUNT] = "Account",
	[HISTORY_CONTACT] = "Contact",
	[HISTORY_OWNER] = "Connection Owner",
	[HISTORY_PUBLISHED] = "Published Fields",
	[HISTORY_EMAIL] = "Email",
	[HISTORY_ERROR] = "Error",
};

static const char *const origins[] = {
	[HISTORY_NONE] = "",
	[HISTORY_MANUAL] = "Manually Accepted",
	[HISTORY_AUTOMATIC] = "Automatically Accepted",
	[HISTORY_UPDATED] = "Updated by Connection User",
};

void
history_hash(uint8_t out[static KEYS_HASH],
	     const uint8_t before[static KEYS_HASH], const char *const *value)
{
	struct keys_hasher h;

	keys_hash_begin(&h);
	keys_hash_add(&h, before, KEYS_HASH);
	for (size_t i = 0; i < HISTORY_COLUMNS - 1; i++) {
		size_t len = strlen(value[i]);
		uint8_t le[8];

		for (size_t j = 0; j < sizeof le; j++)
			le[j] = (uint8_t)((uint64_t)len >> (8 * j));
		keys_hash_add(&h, le, sizeof le);
		keys_hash_add(&h, value[i], len);
	}
	keys_hash_end(&h, out);
}

/* The last row of a connection: where the next one goes on. */
struct last {
	uint64_t rows;
	uint8_t head[KEYS_HASH];
	char date[TEXT_INSTANT + 1];
};

static int
find_last(struct store *st, int64_t connection, struct last *last,
	  struct err *err)
{
	struct store_statement *s;
	const uint8_t *hash;
	const char *date;
	size_t len;
	int got;

	memset(last, 0, sizeof *last);
	if (store_prepare(st, &s, "select sequence, hash, date from _history "
			  "where connection = ?1 order by sequence desc "
			  "limit 1", err) < 0)
		return -1;
	store_bind_int(s, 1, connection);
	got = store_step(s, err);
	if (got > 0) {
		last->rows = (uint64_t)store_int(s, 0);
		hash = store_blob(s, 1, &len);
		if (len == KEYS_HASH)
			memcpy(last->head, hash, KEYS_HASH);
		else
			got = err_set(err, ERR_SYSTEM, "the connection "
				      "history's row %" PRIu64 " has no Hash "
				      "(see: orgferry history verify)",
				      last->rows);
		date = store_text(s, 2, &len);
		if (len == TEXT_INSTANT)
			memcpy(last->date, date, len);
	}
	store_finish(s);
	return got < 0 ? -1 : 0;
}

int
history_head(struct store *st, int64_t connection, uint64_t *rows,
	     uint8_t head[static KEYS_HASH], struct err *err)
{
	struct last last;
	int rc = find_last(st, connection, &last, err);

	*rows = last.rows;
	memcpy(head, last.head, KEYS_HASH);
	return rc;
}

/*
 * What a reader of the CSV would not take must not get in: the row could
 * never leave. The half of the largest row is for quotes, which are doubled.
 */
static int
check_values(const char *const *value, struct err *err)
{
	size_t sum = 0;

	for (size_t i = 0; i < HISTORY_COLUMNS - 1; i++) {
		size_t len = strlen(value[i]);

		if (!text_is_utf8(value[i], len))
			return err_set(err, ERR_USAGE, "the connection "
				       "history's column \"%s\": %s is not "
				       "UTF-8", history_columns[i],
				       SHOWN(value[i]));
		if (!sum_size(&sum, len) || sum > LIMIT_ROW / 2 - KIB)
			return err_set(err, ERR_USAGE, "the connection "
				       "history's column \"%s\": the row is "
				       "longer than %zu bytes",
				       history_columns[i],
				       LIMIT_ROW / 2 - KIB);
	}
	return 0;
}

static const char *
or_empty(const char *s)
{
	return s ? s : "";
}

static int
insert(struct store *st, int64_t connection, uint64_t sequence,
       const char *const *value, const uint8_t hash[static KEYS_HASH],
       struct err *err)
{
	static const char sql[] =
		"insert into _history (date, user, name, category, action, "
		"object, record, partner_record, field, old, new, origin, "
		"message, connection, sequence, hash) values (?1, ?2, ?3, ?4, "
		"?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
	enum { TEXTS = HISTORY_COLUMNS - 2 };
	struct store_statement *s;
	int rc;

	if (store_prepare(st, &s, sql, err) < 0)
		return -1;
	for (int i = 0; i < TEXTS; i++)
		store_bind_text(s, i + 1, value[i], strlen(value[i]));
	store_bind_int(s, TEXTS + 1, connection);
	store_bind_int(s, TEXTS + 2, (int64_t)sequence);
	store_bind_blob(s, TEXTS + 3, hash, KEYS_HASH);
	rc = store_do(s, err);
	store_finish(s);
	return rc;
}

int
history_add(struct store *st, int64_t connection, const char *user,
	    const struct history_event *event, struct err *err)
{
	char date[TEXT_INSTANT + 1], sequence[24];
	struct buf name = BUF_INIT;
	uint8_t hash[KEYS_HASH];
	struct last last;
	bool found;
	int rc = -1;

	if (find_last(st, connection, &last, err) < 0 ||
	    store_ask_text(st, &name, &found, err, "select name from "
			   "_connection where connection = ?1", "i",
			   connection) < 0)
		goto out;
	if (!found) {
		(void)err_set(err, ERR_SYSTEM, "the connection history: there "
			      "is no connection %" PRId64, connection);
		goto out;
	}
	text_instant(date, text_now());
	(void)snprintf(sequence, sizeof sequence, "%" PRIu64, last.rows + 1);
	const char *const value[HISTORY_COLUMNS] = {
		strcmp(date, last.date) < 0 ? last.date : date,
		or_empty(user),
		or_empty(buf_str(&name)),
		categories[event->category],
		or_empty(event->action),
		or_empty(event->object),
		or_empty(event->record),
		or_empty(event->partner_record),
		or_empty(event->field),
		or_empty(event->old),
		or_empty(event->new),
		origins[event->origin],
		or_empty(event->message),
		sequence,
		"",
	};

	if (buf_ok(&name, err) < 0 || check_values(value, err) < 0)
		goto out;
	history_hash(hash, last.head, value);
	rc = insert(st, connection, last.rows + 1, value, hash, err);
out:
	buf_release(&name);
	return rc;
}

static int
category_word(const char **out, const char *given, struct err *err)
{
	enum { COUNT = sizeof categories / sizeof *categories };

	for (size_t i = 0; i < COUNT; i++) {
		if (strcasecmp(categories[i], given) == 0) {
			*out = categories[i];
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "%s: is no category; there are "
		       "Connection Status, Account, Contact, Connection Owner, "
		       "Published Fields, Email and Error", SHOWN(given));
}

/* An instant as it is; a date as its first or last millisecond, in UTC. */
static int
bound_instant(char out[static TEXT_INSTANT + 1], const char *given,
	      const char *rest, struct err *err)
{
	int64_t ms;
	int len;

	len = snprintf(out, TEXT_INSTANT + 1, "%s%s", given,
		       strlen(given) == TEXT_INSTANT - strlen(rest) ? rest :
								       "");
	if (len != TEXT_INSTANT || !text_parse_instant(&ms, out, TEXT_INSTANT))
		return err_set(err, ERR_USAGE, "%s: is no date such as "
			       "2026-11-22 nor an instant such as "
			       "2026-11-22T06:00:00.000Z", SHOWN(given));
	return 0;
}

/* Columns 0 to 12 are the CSV's; then the sequence and the hash. */
static int
show(struct store_statement *s, int (*see)(void *ctx, const char *const *value,
					   struct err *err),
     void *ctx, struct err *err)
{
	const char *value[HISTORY_COLUMNS];
	char sequence[24], hash[2 * KEYS_HASH + 1] = "";
	const uint8_t *blob;
	size_t len;

	(void)snprintf(sequence, sizeof sequence, "%" PRId64,
		       store_int(s, HISTORY_COLUMNS - 2));
	for (int i = 0; i < HISTORY_COLUMNS - 2; i++) {
		value[i] = store_text(s, i, &len);
		/* What stands after it would be covered by no Hash. */
		if (strlen(value[i]) != len)
			return err_set(err, ERR_REFUSED, "connection %s, row "
				       "'%s': its column \"%s\" has a NUL: "
				       "this row was changed",
				       SHOWN(store_text(s, 2, &len)),
				       sequence, history_columns[i]);
	}
	blob = store_blob(s, HISTORY_COLUMNS - 1, &len);
	if (len == KEYS_HASH)
		text_hex(hash, blob, KEYS_HASH);
	value[HISTORY_COLUMNS - 2] = sequence;
	value[HISTORY_COLUMNS - 1] = hash;
	return see(ctx, value, err);
}

int
history_each(struct store *st, const struct history_filter *filter,
	     int (*see)(void *ctx, const char *const *value, struct err *err),
	     void *ctx, struct err *err)
{
	static const char sql[] =
		"select h.date, h.user, h.name, h.category, h.action, "
		"h.object, h.record, h.partner_record, h.field, h.old, h.new, "
		"h.origin, h.message, h.sequence, h.hash from _connection c "
		"join _history h using (connection) where (?1 = '' or c.name "
		"= ?1) and h.date >= ?2 and (?3 = '' or h.date <= ?3) and "
		"(?4 = '' or h.category = ?4) order by c.name, c.connection, "
		"h.sequence";
	char since[TEXT_INSTANT + 1] = "", until[TEXT_INSTANT + 1] = "";
	const char *category = "", *text[4];
	struct store_statement *s;
	int64_t there = 1;
	int got;

	if ((filter->since && bound_instant(since, filter->since,
					    "T00:00:00.000Z", err) < 0) ||
	    (filter->until && bound_instant(until, filter->until,
					    "T23:59:59.999Z", err) < 0) ||
	    (filter->category &&
	     category_word(&category, filter->category, err) < 0) ||
	    (filter->connection &&
	     store_ask(st, &there, 0, err, "select 1 from _connection where "
		       "name = ?1", "s", filter->connection) < 0))
		return -1;
	if (!there)
		return err_set(err, ERR_USAGE, "%s: is no connection here "
			       "(see: orgferry connection list)",
			       SHOWN(filter->connection));
	if (store_prepare(st, &s, sql, err) < 0)
		return -1;
	text[0] = or_empty(filter->connection);
	text[1] = since;
	text[2] = until;
	text[3] = category;
	for (int i = 0; i < 4; i++)
		store_bind_text(s, i + 1, text[i], strlen(text[i]));
	while ((got = store_step(s, err)) > 0) {
		if (show(s, see, ctx, err) < 0) {
			got = -1;
			break;
		}
	}
	store_finish(s);
	return got;
}
