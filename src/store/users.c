/* People and rights: see users.h. */
#include "store/users.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

static const char connection_user[] = "Connection User";

unsigned
users_right(const char *word)
{
	static const struct {
		const char *word;
		unsigned right;
	} rights[] = {
		{ "manage", USERS_MANAGE },
		{ "forward", USERS_FORWARD },
		{ "accept", USERS_ACCEPT },
		{ "all", USERS_MANAGE | USERS_FORWARD | USERS_ACCEPT },
	};

	for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
		if (strcmp(rights[i].word, word) == 0)
			return rights[i].right;
	return 0;
}

int
users_add(struct store *st, const char *name, const char *mail,
	  struct err *err)
{
	int64_t there;

	if (!*name || strlen(name) > LIMIT_TEXT ||
	    !text_is_plain(name, strlen(name)) ||
	    !text_is_plain(mail, strlen(mail)))
		return err_set(err, ERR_USAGE, "user %s: a name has 1 to %zu "
			       "bytes and no control characters", SHOWN(name),
			       LIMIT_TEXT);
	if (strcasecmp(name, connection_user) == 0)
		return err_set(err, ERR_USAGE, "user %s: is the org's own, "
			       "made with the home", SHOWN(name));
	if (store_ask(st, &there, 0, err, "select 1 from _user where name = "
		      "?1", "s", name) < 0)
		return -1;
	if (there)
		return err_set(err, ERR_USAGE, "user %s: is there already",
			       SHOWN(name));
	return store_run(st, err, "insert into _user (name, mail) values "
			 "(?1, ?2)", "ss", name, mail);
}

/* Bits of each right on or off; what is not named stays. */
static int
set_rights(struct store *st, const char *name, unsigned rights, int64_t on,
	   struct err *err)
{
	static const char sql[] =
		"update _user set manages = case when ?2 & 1 then ?3 else "
		"manages end, forwards = case when ?2 & 2 then ?3 else "
		"forwards end, accepts = case when ?2 & 4 then ?3 else "
		"accepts end where name = ?1";

	if (store_run(st, err, sql, "sii", name, (int64_t)rights, on) < 0)
		return -1;
	if (store_changed(st) == 0)
		return err_set(err, ERR_USAGE, "user %s: is not known here "
			       "(add with: orgferry users add NAME)",
			       SHOWN(name));
	return 0;
}

int
users_grant(struct store *st, const char *name, unsigned rights,
	    struct err *err)
{
	return set_rights(st, name, rights, 1, err);
}

int
users_revoke(struct store *st, const char *name, unsigned rights,
	     struct err *err)
{
	return set_rights(st, name, rights, 0, err);
}

int
users_each(struct store *st,
	   int (*see)(void *ctx, const struct users_person *person,
		      struct err *err),
	   void *ctx, struct err *err)
{
	struct store_statement *s;
	int got;

	if (store_prepare(st, &s, "select name, mail, manages + 2 * forwards "
			  "+ 4 * accepts, active from _user order by name",
			  err) < 0)
		return -1;
	while ((got = store_step(s, err)) > 0) {
		size_t len;
		struct users_person p = {
			.name = store_text(s, 0, &len),
			.mail = store_text(s, 1, &len),
			.rights = (unsigned)store_int(s, 2),
			.active = store_int(s, 3) != 0,
		};

		if (see(ctx, &p, err) < 0) {
			got = -1;
			break;
		}
	}
	store_finish(s);
	return got;
}
