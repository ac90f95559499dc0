/* What is published and subscribed to: see agreement.h. */
#include "store/agreement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "format/rows.h"

/*
 * Who made and changed a record, and when, is each org's own to say; so is what
 * only a screen needs (S2S.md fact 25).
 */
bool
agreement_publishable(const struct connection *c, const char *field)
{
	/* A replica has all of it but what tells of connections. */
	static const char *const never[] = {
		"Id", "ConnectionReceivedId", "ConnectionSentId",
	};
	static const char *const each_its_own[] = {
		"CreatedById",	   "CreatedDate",	 "LastModifiedById",
		"LastModifiedDate", "SystemModstamp",	 "IsDeleted",
		"LastViewedDate",  "LastReferencedDate", "LastActivityDate",
		"OwnerId",	   "MasterRecordId",	 "PhotoUrl",
	};

	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (strcasecmp(never[i], field) == 0)
			return false;
	for (size_t i = 0; i < sizeof each_its_own / sizeof *each_its_own; i++)
		if (strcasecmp(each_its_own[i], field) == 0)
			return c->replication;
	return true;
}

static int
by_out(const void *a, const void *b)
{
	const struct agreement_out *x = a, *y = b;

	return strcmp(x->object->name, y->object->name);
}

static int
by_in(const void *a, const void *b)
{
	const struct agreement_in *x = a, *y = b;

	return strcasecmp(x->name, y->name);
}

/* Mark, in one object, what the rows of a table name. */
static int
mark(struct store *st, const char *sql, const struct connection *c,
     struct agreement_out *o,
     void (*see)(const struct connection *c, struct agreement_out *o,
		 const char *field, const char *how),
     struct err *err)
{
	struct store_statement *s;
	int got;

	if (store_prepare(st, &s, sql, err) < 0)
		return -1;
	store_bind_int(s, 1, c->number);
	store_bind_text(s, 2, o->object->name, strlen(o->object->name));
	while ((got = store_step(s, err)) > 0) {
		size_t len;

		see(c, o, store_text(s, 0, &len), store_text(s, 1, &len));
	}
	store_finish(s);
	return got;
}

static void
set_all(const struct connection *c, struct agreement_out *o)
{
	for (size_t f = 0; f < o->object->fields; f++)
		o->field[f] =
			agreement_publishable(c, o->object->field[f].name);
}

/* Rows come with '' (the object) first, then '*' (all of it), then fields. */
static void
see_published(const struct connection *c, struct agreement_out *o,
	      const char *field, const char *how)
{
	bool excepted = *how == '1';
	size_t f;

	if (*field == 0) {
		o->published = !excepted;
	} else if (strcmp(field, "*") == 0 && excepted) {
		memset(o->field, 0, o->object->fields * sizeof *o->field);
	} else if (strcmp(field, "*") == 0) {
		set_all(c, o);
	} else {
		f = objects_field(o->object, field, strlen(field));
		if (f < o->object->fields)
			o->field[f] = !excepted;
	}
}

static void
see_told(const struct connection *c, struct agreement_out *o,
	 const char *field, const char *type)
{
	size_t f = objects_field(o->object, field, strlen(field));

	(void)c;
	o->known |= *field == 0;
	if (f == o->object->fields)
		return;
	/* A type that is new may spell what has been told in another way. */
	o->told[f] = strcmp(value_type_word(o->object->field[f].type),
			    type) == 0;
}

static int
read_out(struct agreement_out *o, struct store *st,
	 const struct connection *c, struct err *err)
{
	o->field = calloc(o->object->fields, sizeof *o->field);
	o->told = calloc(o->object->fields, sizeof *o->told);
	if (!o->field || !o->told)
		return err_memory(err);
	o->published = c->publish_all;
	if (c->publish_all)
		set_all(c, o);
	return mark(st, "select field, excepted from _publication where "
		    "connection = ?1 and object = ?2 order by field", c, o,
		    see_published, err) < 0 ||
			       mark(st, "select field, type from _told where "
				    "connection = ?1 and object = ?2", c, o,
				    see_told, err) < 0 ? -1 : 0;
}

static int
add_in(struct agreement *a, const char *name, const char *local, bool accept,
       bool deletes, const char *owner, struct err *err)
{
	struct agreement_in *grown =
		realloc(a->in, (a->ins + 1) * sizeof *grown), *in;

	if (!grown)
		return err_memory(err);
	a->in = grown;
	in = &a->in[a->ins++];
	memset(in, 0, sizeof *in);
	(void)snprintf(in->name, sizeof in->name, "%s", name);
	(void)snprintf(in->local, sizeof in->local, "%s", local);
	(void)snprintf(in->owner, sizeof in->owner, "%s", owner);
	in->subscribed = *local != 0;
	in->accept = accept;
	in->deletes = deletes;
	return 0;
}

/*
 * Their objects: all that their catalog names, each with our own word on it,
 * else what subscribing to all says.
 */
static int
read_in(struct agreement *a, struct store *st, const struct connection *c,
	struct err *err)
{
	static const char sql[] =
		"select n.object, s.object is not null, coalesce(s.local, ''), "
		"coalesce(s.none, 0), coalesce(s.accept, 0), "
		"coalesce(s.deletes, 0), coalesce(s.owner, '') from "
		"(select distinct object from _catalog where connection = ?1 "
		"union select object from _subscription where connection = "
		"?1) n left join _subscription s on s.connection = ?1 and "
		"s.object = n.object";
	struct store_statement *s;
	int got;

	if (store_prepare(st, &s, sql, err) < 0)
		return -1;
	store_bind_int(s, 1, c->number);
	while ((got = store_step(s, err)) > 0) {
		size_t len;
		const char *name = store_text(s, 0, &len);
		const char *local = store_text(s, 2, &len);
		bool said = store_int(s, 1) != 0;
		int rc;

		if (said && store_int(s, 3))
			rc = add_in(a, name, "", false, false, "", err);
		else if (said)
			rc = add_in(a, name, local, store_int(s, 4) != 0,
				    store_int(s, 5) != 0,
				    store_text(s, 6, &len), err);
		else
			rc = add_in(a, name, c->subscribe_all ? name : "",
				    c->accept_all, c->delete_all, "", err);
		if (rc < 0) {
			got = -1;
			break;
		}
	}
	store_finish(s);
	if (got == 0 && a->ins > 1)
		qsort(a->in, a->ins, sizeof *a->in, by_in);
	return got;
}

int
agreement_read(struct agreement *a, struct store *st, struct objects *objects,
	       const struct connection *c, struct err *err)
{
	*a = (struct agreement){ 0 };
	a->out = calloc(objects_count(objects) + 1, sizeof *a->out);
	if (!a->out)
		return err_memory(err);
	for (size_t i = 0; i < objects_count(objects); i++) {
		a->out[i].object = objects_at(objects, i);
		a->outs = i + 1;
		if (read_out(&a->out[i], st, c, err) < 0)
			return -1;
	}
	if (a->outs > 1)
		qsort(a->out, a->outs, sizeof *a->out, by_out);
	return read_in(a, st, c, err);
}

void
agreement_release(struct agreement *a)
{
	for (size_t i = 0; i < a->outs; i++) {
		free(a->out[i].field);
		free(a->out[i].told);
	}
	free(a->out);
	free(a->in);
	*a = (struct agreement){ 0 };
}

const struct agreement_out *
agreement_out_of(const struct agreement *a, const struct object *o)
{
	for (size_t i = 0; i < a->outs; i++)
		if (a->out[i].object == o)
			return &a->out[i];
	return NULL;
}

const struct agreement_in *
agreement_in_of(const struct agreement *a, const char *name)
{
	for (size_t i = 0; i < a->ins; i++)
		if (strcasecmp(a->in[i].name, name) == 0)
			return &a->in[i];
	return NULL;
}

static int
put_publication(struct store *st, const struct connection *c,
		const char *object, const char *field, bool excepted,
		struct err *err)
{
	return store_run(st, err, "insert into _publication values (?1, ?2, "
			 "?3, ?4) on conflict do update set excepted = ?4",
			 "issi", c->number, object, field, (int64_t)excepted);
}

/* A change of what is published: a new revision, and a line of history. */
static int
note(struct store *st, struct connection *c, const char *action,
     const char *object, const char *field, const char *user,
     struct err *err)
{
	struct history_event event = {
		.category = HISTORY_PUBLISHED,
		.action = action,
		.object = object ? object : "",
		.field = field ? field : "",
	};

	c->published++;
	if (connection_save(st, c, err) < 0)
		return -1;
	return history_add(st, c->number, user, &event, err);
}

/* Names in the spelling that the home has them. */
static int
find_names(struct objects *objects, const struct connection *c,
	   const char **object, const char **field,
	   struct err *err)
{
	struct object *o = objects_named(objects, *object, err);
	size_t f;

	if (!o)
		return -1;
	*object = o->name;
	if (!*field)
		return 0;
	f = objects_field(o, *field, strlen(*field));
	if (f == o->fields)
		return err_set(err, ERR_USAGE, "%s: has no field %s", o->name,
			       SHOWN(*field));
	*field = o->field[f].name;
	if (!agreement_publishable(c, *field))
		return err_set(err, ERR_USAGE, "%s.%s: can not be published; "
			       "each org keeps its own", o->name, *field);
	return 0;
}

/*
 * A single field of an object that was taken back is all that goes of it, also
 * where all other objects go whole.
 */
static int
leave_others(struct store *st, const struct connection *c, const char *object,
	     struct err *err)
{
	return store_run(st, err, "insert into _publication select connection, "
			 "object, '*', 1 from _publication where connection = "
			 "?1 and object = ?2 and field = '' and excepted on "
			 "conflict do nothing", "is", c->number, object);
}

int
agreement_publish(struct store *st, struct objects *objects,
		  struct connection *c, const char *object,
		  const char *field, const char *user, struct err *err)
{
	if (!object) {
		c->publish_all = true;
		return note(st, c, "Published All", NULL, NULL, user, err);
	}
	if (find_names(objects, c, &object, &field, err) < 0 ||
	    (field && leave_others(st, c, object, err) < 0) ||
	    put_publication(st, c, object, "", false, err) < 0 ||
	    put_publication(st, c, object, field ? field : "*", false, err) <
		    0)
		return -1;
	return note(st, c, "Published", object, field, user, err);
}

int
agreement_unpublish(struct store *st, struct objects *objects,
		    struct connection *c, const char *object,
		    const char *field, const char *user, struct err *err)
{
	if (!object) {
		c->publish_all = false;
		if (store_run(st, err, "delete from _publication where "
			      "connection = ?1", "i", c->number) < 0)
			return -1;
		return note(st, c, "Unpublished All", NULL, NULL, user, err);
	}
	if (find_names(objects, c, &object, &field, err) < 0)
		return -1;
	if (!field && store_run(st, err, "delete from _publication where "
				"connection = ?1 and object = ?2", "is",
				c->number, object) < 0)
		return -1;
	if (put_publication(st, c, object, field ? field : "", true, err) < 0)
		return -1;
	return note(st, c, "Unpublished", object, field, user, err);
}

static int
put_maps(struct store *st, const struct connection *c,
	 const struct agreement_subscription *s, struct err *err)
{
	for (size_t i = 0; i < s->maps; i++) {
		const char *is = strchr(s->map[i], '=');

		if (!is || !store_name(s->map[i], (size_t)(is - s->map[i])) ||
		    !store_name(is + 1, strlen(is + 1)))
			return err_set(err, ERR_USAGE, "--map %s: is not like "
				       "THEIRS=OURS", SHOWN(s->map[i]));
		if (strcasecmp(is + 1, "Id") == 0)
			return err_set(err, ERR_USAGE, "--map %s: Id is each "
				       "org's own", SHOWN(s->map[i]));
		if (store_run(st, err, "insert into _mapping values (?1, ?2, "
			      "?3, ?4) on conflict do update set local = ?4",
			      "ists", c->number, s->object, s->map[i],
			      (size_t)(is - s->map[i]), is + 1) < 0)
			return -1;
	}
	return 0;
}

int
agreement_subscribe(struct store *st, const struct connection *c,
		    const struct agreement_subscription *s, struct err *err)
{
	const char *local = s->local ? s->local : s->object;
	bool custom = strlen(s->object) > 3 &&
		      strcmp(s->object + strlen(s->object) - 3, "__c") == 0;

	if (!store_name(s->object, strlen(s->object)) ||
	    !store_name(local, strlen(local)))
		return err_set(err, ERR_USAGE, "%s: is not the API name of an "
			       "object", SHOWN(s->object));
	if (strcasecmp(local, s->object) != 0 &&
	    !(custom && strlen(local) > 3 &&
	      strcmp(local + strlen(local) - 3, "__c") == 0))
		return err_set(err, ERR_USAGE, "%s --to %s: a standard object "
			       "goes into the same one, a custom one into any "
			       "custom one", s->object, local);
	if (store_run(st, err, "insert or replace into _subscription values "
		      "(?1, ?2, ?3, ?4, ?5, ?6, ?7)", "issiiis", c->number,
		      s->object, local, (int64_t)s->none, (int64_t)s->accept,
		      (int64_t)s->deletes, s->owner ? s->owner : "") < 0)
		return -1;
	return put_maps(st, c, s, err);
}

int
agreement_offered(struct store *st, const struct connection *c,
		  const char *object, bool *offered, struct err *err)
{
	int64_t there;
	int rc = store_ask(st, &there, 1, err, "select max(object = ?2) from "
			   "_catalog where connection = ?1", "is", c->number,
			   object);

	*offered = there != 0;
	return rc;
}

int
agreement_unsubscribe(struct store *st, const struct connection *c,
		      const char *object, struct err *err)
{
	struct agreement_subscription s = { .object = object, .none = true };

	return agreement_subscribe(st, c, &s, err);
}

int
agreement_map(struct store *st, const struct connection *c,
	      const char *object, struct field field,
	      const struct object *local, size_t *index, struct err *err)
{
	struct buf name = BUF_INIT;
	bool found;
	int rc = store_ask_text(st, &name, &found, err, "select local from "
				"_mapping where connection = ?1 and object = "
				"?2 and field = ?3", "ist", c->number, object,
				field.at, field.len);

	if (rc == 0 && !found)
		buf_add(&name, field.at, field.len);
	if (rc == 0)
		rc = buf_ok(&name, err);
	if (rc == 0)
		*index = objects_field(local, (const char *)name.data,
				       name.len);
	buf_release(&name);
	return rc;
}

int
agreement_set_told(struct store *st, const struct connection *c,
		   const struct agreement *a, struct err *err)
{
	if (store_run(st, err, "delete from _told where connection = ?1", "i",
		      c->number) < 0)
		return -1;
	for (size_t i = 0; i < a->outs; i++) {
		const struct agreement_out *o = &a->out[i];

		if (o->published &&
		    store_run(st, err, "insert into _told values (?1, ?2, '', "
			      "'')", "is", c->number, o->object->name) < 0)
			return -1;
		for (size_t f = 0; o->published && f < o->object->fields; f++)
			if (o->field[f] &&
			    store_run(st, err, "insert into _told values (?1, "
				      "?2, ?3, ?4)", "isss", c->number,
				      o->object->name,
				      o->object->field[f].name,
				      value_type_word(o->object->field[f].type)) <
				    0)
				return -1;
	}
	return 0;
}
