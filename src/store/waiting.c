/* What has not landed: see waiting.h. */
#include "store/waiting.h"

int
waiting_put(struct store *st, const struct connection *c, const char *object,
	    const char wire[static LEDGER_NAME], struct field field,
	    struct field value, const char *why, struct err *err)
{
	char now[TEXT_INSTANT + 1];

	text_instant(now, text_now());
	return store_run(st, err, "insert or replace into _waiting values "
			 "(?1, ?2, ?3, ?4, ?5, ?6, ?7)", "istttss", c->number,
			 object, wire, (size_t)LEDGER_NAME, field.at,
			 field.len, value.at, value.len, why, now);
}

int
waiting_drop(struct store *st, const struct connection *c,
	     const char wire[static LEDGER_NAME], struct field field,
	     struct err *err)
{
	return store_run(st, err, "delete from _waiting where connection = "
			 "?1 and name = ?2 and field = ?3", "itt", c->number,
			 wire, (size_t)LEDGER_NAME, field.at, field.len);
}
