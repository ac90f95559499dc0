/* Connections: see connection.h. */
#include "store/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const statuses[] = { "",	    "Sent",	"Received",
					"Accepted", "Rejected", "Inactive" };
static const char *const types[] = { "Standard", "Replication" };

/* The whole lifecycle: a move that is not a row here is refused. */
static const struct {
	enum connection_status from;
	enum connection_act act;
	enum connection_status to;
	const char *action; /* in the history */
} moves[] = {
	{ CONNECTION_NEW, CONNECTION_INVITE, CONNECTION_SENT,
	  "Invitation Sent" },
	{ CONNECTION_NEW, CONNECTION_INVITE_ONE_WAY, CONNECTION_ACCEPTED,
	  "Invitation Sent, One Way" },
	{ CONNECTION_NEW, CONNECTION_BE_INVITED, CONNECTION_RECEIVED,
	  "Invitation Received" },
	{ CONNECTION_RECEIVED, CONNECTION_ACCEPT, CONNECTION_ACCEPTED,
	  "Accepted" },
	{ CONNECTION_SENT, CONNECTION_BE_ACCEPTED, CONNECTION_ACCEPTED,
	  "Accepted by Partner" },
	{ CONNECTION_SENT, CONNECTION_BE_REJECTED, CONNECTION_REJECTED,
	  "Rejected by Partner" },
};

const char *
connection_status_word(enum connection_status status)
{
	return statuses[status];
}

char
connection_side(const struct connection *c, bool ours)
{
	return c->inviter == ours ? 'i' : 'a';
}

/* The columns of _connection, in the order in which they are read. */
static const char columns[] =
	"connection, key, name, inviter, status, type, policy, one_way, "
	"revision, invitation, created, coalesce(responded, ''), "
	"contact_name, contact_mail, account, owner, partner_name, "
	"partner_org, partner_sandbox, partner_key, partner_sealing, "
	"confirmed, publish_all, subscribe_all, accept_all, delete_all, "
	"published, out_epoch, out_sequence, out_hash, out_as_of, "
	"out_published, out_ledger, out_change, in_epoch, in_sequence, in_hash, "
	"in_as_of, in_published";

static void
copy_text(struct store_statement *s, int i, char *to, size_t size)
{
	size_t len;
	const char *text = store_text(s, i, &len);

	(void)snprintf(to, size, "%s", text);
}

/* A blob of exactly len bytes; false and zeros if it is none. */
static bool
copy_blob(struct store_statement *s, int i, void *to, size_t len)
{
	size_t has;
	const uint8_t *blob = store_blob(s, i, &has);

	memset(to, 0, len);
	if (has != len)
		return false;
	memcpy(to, blob, len);
	return true;
}

static unsigned
word_index(const char *const *words, unsigned count, const char *word)
{
	unsigned i = 0;

	while (i + 1 < count && strcmp(words[i], word) != 0)
		i++;
	return i;
}

static void
read_way(struct store_statement *s, int i, struct connection_way *way)
{
	way->begun = copy_blob(s, i, way->epoch, sizeof way->epoch);
	way->sequence = (uint64_t)store_int(s, i + 1);
	(void)copy_blob(s, i + 2, way->hash, sizeof way->hash);
	copy_text(s, i + 3, way->as_of, sizeof way->as_of);
	way->published = (uint64_t)store_int(s, i + 4);
}

static void
read_connection(struct store_statement *s, struct connection *c)
{
	char word[32];

	memset(c, 0, sizeof *c);
	c->number = store_int(s, 0);
	(void)copy_blob(s, 1, c->key, sizeof c->key);
	copy_text(s, 2, c->name, sizeof c->name);
	c->inviter = store_int(s, 3) != 0;
	copy_text(s, 4, word, sizeof word);
	c->status = (enum connection_status)word_index(statuses, 6, word);
	copy_text(s, 5, word, sizeof word);
	c->replication = strcmp(word, types[1]) == 0;
	copy_text(s, 6, word, sizeof word);
	while (c->policy < MANIFEST_HOLD &&
	       strcmp(manifest_policy_word(c->policy), word) != 0)
		c->policy++;
	c->one_way = store_int(s, 7) != 0;
	c->revision = (uint64_t)store_int(s, 8);
	(void)copy_blob(s, 9, c->invitation, sizeof c->invitation);
	copy_text(s, 10, c->created, sizeof c->created);
	copy_text(s, 11, c->responded, sizeof c->responded);
	copy_text(s, 12, c->contact_name, sizeof c->contact_name);
	copy_text(s, 13, c->contact_mail, sizeof c->contact_mail);
	copy_text(s, 14, c->account, sizeof c->account);
	copy_text(s, 15, c->owner, sizeof c->owner);
	copy_text(s, 16, c->partner_name, sizeof c->partner_name);
	copy_text(s, 17, c->partner_org, sizeof c->partner_org);
	c->partner_sandbox = store_int(s, 18) != 0;
	c->has_key = copy_blob(s, 19, &c->partner, sizeof c->partner);
	c->seals = copy_blob(s, 20, c->sealing, sizeof c->sealing);
	c->confirmed = store_int(s, 21) != 0;
	c->publish_all = store_int(s, 22) != 0;
	c->subscribe_all = store_int(s, 23) != 0;
	c->accept_all = store_int(s, 24) != 0;
	c->delete_all = store_int(s, 25) != 0;
	c->published = (uint64_t)store_int(s, 26);
	read_way(s, 27, &c->out);
	c->out_ledger = store_int(s, 32);
	c->out_change = store_int(s, 33);
	read_way(s, 34, &c->in);
}

/* The first connection of a condition with one value bound. 1, 0, -1. */
static int
find(struct store *st, const char *where, const void *value, size_t len,
     bool blob, struct connection *c, struct err *err)
{
	struct store_statement *s;
	char sql[1024];
	int got;

	(void)snprintf(sql, sizeof sql, "select %s from _connection where %s",
		       columns, where);
	if (store_prepare(st, &s, sql, err) < 0)
		return -1;
	if (blob)
		store_bind_blob(s, 1, value, len);
	else
		store_bind_text(s, 1, value, len);
	got = store_step(s, err);
	if (got > 0)
		read_connection(s, c);
	store_finish(s);
	return got;
}

/* ERR_USAGE: there is none of that name; one that was meant, if it is near. */
static int
no_such(struct store *st, const char *name, struct err *err)
{
	char meant[LIMIT_TEXT + 1] = "";
	struct store_statement *s;
	int got;

	if (store_prepare(st, &s, "select name from _connection", err) < 0)
		return -1;
	while ((got = store_step(s, err)) > 0) {
		size_t len;
		const char *there = store_text(s, 0, &len);

		if (text_like(there, name))
			(void)snprintf(meant, sizeof meant, "%s", there);
	}
	store_finish(s);
	if (got < 0)
		return -1;
	if (*meant)
		return err_set(err, ERR_USAGE, "there is no connection %s; "
			       "did you mean %s", SHOWN(name), SHOWN(meant));
	return err_set(err, ERR_USAGE, "there is no connection %s (see: "
		       "orgferry connection list)", SHOWN(name));
}

int
connection_known(struct store *st, const char *name, struct err *err)
{
	int64_t there = 1;

	if (name && *name &&
	    store_ask(st, &there, 0, err, "select 1 from _connection where "
		      "name = ?1", "s", name) < 0)
		return -1;
	return there ? 0 : no_such(st, name, err);
}

int
connection_find(struct store *st, const char *name, struct connection *c,
		struct err *err)
{
	int got = find(st, "name = ?1", name, strlen(name), false, c, err);

	if (got == 0)
		return no_such(st, name, err);
	return got < 0 ? -1 : 0;
}

int
connection_by_key(struct store *st,
		  const uint8_t key[static MANIFEST_CONNECTION],
		  struct connection *c, struct err *err)
{
	return find(st, "key = ?1", key, MANIFEST_CONNECTION, true, c, err);
}

int
connection_each(struct store *st,
		int (*see)(void *ctx, const struct connection *c,
			   struct err *err),
		void *ctx, struct err *err)
{
	struct connection *c = malloc(sizeof *c);
	struct store_statement *s = NULL;
	char sql[1024];
	int got = -1;

	(void)snprintf(sql, sizeof sql, "select %s from _connection order by "
		       "name", columns);
	if (!c)
		return err_memory(err);
	if (store_prepare(st, &s, sql, err) == 0) {
		while ((got = store_step(s, err)) > 0) {
			read_connection(s, c);
			if (see(ctx, c, err) < 0) {
				got = -1;
				break;
			}
		}
	}
	store_finish(s);
	free(c);
	return got;
}

/* Before a new one is made: its name, and one live pair of orgs. */
static int
check_new(struct store *st, const struct connection *c, struct err *err)
{
	int64_t there;

	if (!*c->name || !text_is_plain(c->name, strlen(c->name)))
		return err_set(err, ERR_USAGE, "connection %s: a name has 1 "
			       "byte or more and no control characters",
			       SHOWN(c->name));
	if (store_ask(st, &there, 0, err, "select 1 from _connection where "
		      "name = ?1", "s", c->name) < 0)
		return -1;
	if (there)
		return err_set(err, ERR_USAGE, "there is a connection %s "
			       "already; give this one another name (import: "
			       "--as NAME)",
			       SHOWN(c->name));
	if (*c->partner_org &&
	    store_ask(st, &there, 0, err, "select 1 from _connection where "
		      "partner_org = ?1 and status in ('Sent', 'Received', "
		      "'Accepted')", "s", c->partner_org) < 0)
		return -1;
	if (*c->partner_org && there)
		return err_set(err, ERR_USAGE, "there is a connection with org "
			       "%s already; two orgs have one at a time",
			       c->partner_org);
	return 0;
}

static int
insert(struct store *st, struct connection *c, struct err *err)
{
	if (check_new(st, c, err) < 0)
		return -1;
	text_instant(c->created, text_now());
	if (store_run(st, err, "insert into _connection (key, name, inviter, "
		      "status, created) values (?1, ?2, ?3, ?4, ?5)", "bsiss",
		      c->key, sizeof c->key, c->name, (int64_t)c->inviter,
		      statuses[c->status], c->created) < 0)
		return -1;
	c->number = store_last_row(st);
	return 0;
}

int
connection_save(struct store *st, const struct connection *c, struct err *err)
{
	static const char who[] =
		"update _connection set status = ?2, type = ?3, policy = ?4, "
		"one_way = ?5, revision = ?6, invitation = ?7, responded = "
		"nullif(?8, ''), contact_name = ?9, contact_mail = ?10, "
		"account = ?11, owner = ?12, partner_name = ?13, partner_org "
		"= ?14, partner_sandbox = ?15, partner_key = ?16, "
		"partner_sealing = ?17, confirmed = ?18 where connection = ?1";
	static const char how[] =
		"update _connection set publish_all = ?2, subscribe_all = ?3, "
		"accept_all = ?4, delete_all = ?5, published = ?6, out_epoch "
		"= ?7, out_sequence = ?8, out_hash = ?9, out_as_of = ?10, "
		"out_published = ?11, out_ledger = ?12, out_change = ?13, "
		"in_epoch = ?14, in_sequence = ?15, in_hash = ?16, in_as_of = "
		"?17, in_published = ?18 where connection = ?1";

	if (store_run(st, err, who, "isssiibsssssssibbi", c->number,
		      statuses[c->status], types[c->replication],
		      manifest_policy_word(c->policy), (int64_t)c->one_way,
		      (int64_t)c->revision, c->invitation,
		      sizeof c->invitation, c->responded, c->contact_name,
		      c->contact_mail, c->account, c->owner, c->partner_name,
		      c->partner_org, (int64_t)c->partner_sandbox, &c->partner,
		      c->has_key ? sizeof c->partner : (size_t)0, c->sealing,
		      c->seals ? sizeof c->sealing : (size_t)0,
		      (int64_t)c->confirmed) < 0)
		return -1;
	return store_run(st, err, how, "iiiiiibibsiiibibsi", c->number,
			 (int64_t)c->publish_all, (int64_t)c->subscribe_all,
			 (int64_t)c->accept_all, (int64_t)c->delete_all,
			 (int64_t)c->published, c->out.epoch,
			 c->out.begun ? sizeof c->out.epoch : (size_t)0,
			 (int64_t)c->out.sequence, c->out.hash,
			 sizeof c->out.hash, c->out.as_of,
			 (int64_t)c->out.published, c->out_ledger, c->out_change,
			 c->in.epoch,
			 c->in.begun ? sizeof c->in.epoch : (size_t)0,
			 (int64_t)c->in.sequence, c->in.hash,
			 sizeof c->in.hash, c->in.as_of,
			 (int64_t)c->in.published);
}

int
connection_move(struct store *st, struct connection *c,
		enum connection_act act, const char *user, struct err *err)
{
	for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
		struct history_event event = {
			.category = HISTORY_STATUS,
			.action = moves[i].action,
			.old = statuses[moves[i].from],
			.new = statuses[moves[i].to],
		};

		if (moves[i].from != c->status || moves[i].act != act)
			continue;
		c->status = moves[i].to;
		if (c->number == 0 && insert(st, c, err) < 0)
			return -1;
		if (act == CONNECTION_ACCEPT || act == CONNECTION_BE_ACCEPTED ||
		    act == CONNECTION_BE_REJECTED)
			text_instant(c->responded, text_now());
		if (connection_save(st, c, err) < 0)
			return -1;
		return history_add(st, c->number, user, &event, err);
	}
	return err_set(err, ERR_USAGE, "connection %s is %s, which does not "
		       "allow that", SHOWN(c->name), statuses[c->status]);
}

int
connection_check_live(const struct connection *c, struct err *err)
{
	if (c->status != CONNECTION_ACCEPTED)
		return err_set(err, ERR_USAGE, "connection %s is %s, not "
			       "Accepted%s", SHOWN(c->name),
			       statuses[c->status],
			       c->status == CONNECTION_SENT ?
				       "; import the partner's answer first" :
			       c->status == CONNECTION_RECEIVED ?
				       "; accept it first (orgferry "
				       "connection accept)" : "");
	return 0;
}
