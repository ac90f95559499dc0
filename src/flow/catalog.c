/* A partner's catalog: see catalog.h. */
#include "flow/catalog.h"

#include <string.h>

#include "store/agreement.h"

/* What the partner publishes: all of it anew. */
int
catalog_take(struct store *st, const struct connection *c,
	     const struct field *f, struct err *err)
{
	if (store_run(st, err, "insert or ignore into _catalog values (?1, "
		      "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", "ittttttttt",
		      c->number, f[0].at, f[0].len, f[1].at, f[1].len,
		      f[2].at, f[2].len, f[3].at, f[3].len, f[4].at, f[4].len,
		      f[5].at, f[5].len, f[6].at, f[6].len, f[7].at, f[7].len,
		      f[8].at, f[8].len) < 0)
		return -1;
	if (store_changed(st) > 0)
		return 0;
	return err_set(err, ERR_REFUSED, "%s.%s: stands twice among what the "
		       "partner publishes, in capitals and small letters",
		       SHOWN_N(f[0].at, f[0].len), SHOWN_N(f[1].at, f[1].len));
}

/* A field of which nothing is known that speaks against a reference. */
static bool
may_refer(const struct object_field *f)
{
	return f->type == VALUE_UNKNOWN || f->type == VALUE_ID;
}

/* Whether the partner says that a field of theirs is a reference. */
int
catalog_refers(struct store *st, const struct connection *c,
	       const struct object_field *f, const char *object,
	       struct field theirs, bool *yes, struct err *err)
{
	int64_t n = 0;
	int rc = 0;

	if (may_refer(f))
		rc = store_ask(st, &n, 0, err, "select 1 from _catalog "
			       "where connection = ?1 and object = ?2 and "
			       "field = ?3 and type = 'reference'", "ist",
			       c->number, object, theirs.at, theirs.len);
	*yes = f->type == VALUE_REFERENCE || n != 0;
	return rc;
}

/*
 * An object that came by imports alone has the fields of the catalog; one that
 * a snapshot told us of has the fields that the snapshot has.
 */
int
catalog_grow(struct store *st, const struct connection *c,
	     struct objects *objects, const char *name, struct object *local,
	     struct err *err)
{
	struct store_statement *s;
	int got;

	if (local->header.len > 0)
		return 0;
	if (store_prepare(st, &s, "select field, type from _catalog where "
			  "connection = ?1 and object = ?2 and field <> ''",
			  err) < 0)
		return -1;
	store_bind_int(s, 1, c->number);
	store_bind_text(s, 2, name, strlen(name));
	while ((got = store_step(s, err)) > 0) {
		enum value_type type = VALUE_UNKNOWN;
		size_t len, type_len, index;
		const char *field = store_text(s, 0, &len);
		const char *word = store_text(s, 1, &type_len);

		if (!agreement_publishable(c, field))
			continue;
		(void)value_type_parse(&type, word, type_len);
		index = objects_field(local, field, len);
		if (index == local->fields ?
			    objects_add_field(objects, local, field, type,
					      OBJECT_METADATA, &index, err) <
				    0 :
			    type == VALUE_REFERENCE &&
				    may_refer(&local->field[index]) &&
				    objects_set_type(objects,
						     &local->field[index],
						     type, OBJECT_METADATA,
						     err) < 0) {
			got = -1;
			break;
		}
	}
	store_finish(s);
	return got;
}
