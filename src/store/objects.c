/* Objects and their fields: see objects.h. */
#include "store/objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "model/record_id.h"

/* SQLite's own ceiling is 2,000 columns; `_row` and some air below it. */
enum { MOST_FIELDS = 1900 };

struct objects {
	struct store *st;
	struct object **object; /* sorted by name */
	size_t objects;
};

static void
object_free(struct object *o)
{
	if (!o)
		return;
	store_finish(o->find);
	store_finish(o->read);
	store_finish(o->had);
	store_finish(o->insert);
	store_finish(o->update);
	store_finish(o->remove);
	buf_release(&o->header);
	free(o->field);
	free(o);
}

void
objects_close(struct objects *all)
{
	if (!all)
		return;
	for (size_t i = 0; i < all->objects; i++)
		object_free(all->object[i]);
	free(all->object);
	free(all);
}

/* Where an object of this name stands, or would stand. */
static size_t
object_place(const struct objects *all, const char *name, bool *there)
{
	size_t i = 0;
	int order = -1;

	while (i < all->objects &&
	       (order = strcasecmp(all->object[i]->name, name)) < 0)
		i++;
	*there = i < all->objects && order == 0;
	return i;
}

static struct object *
new_object(struct objects *all, const char *name, int64_t number,
	   struct err *err)
{
	struct object **grown, *o;
	bool there;
	size_t at = object_place(all, name, &there);

	grown = realloc(all->object, (all->objects + 1) * sizeof *grown);
	if (grown)
		all->object = grown;
	o = grown ? calloc(1, sizeof *o) : NULL;
	if (!o) {
		(void)err_memory(err);
		return NULL;
	}
	memmove(all->object + at + 1, all->object + at,
		(all->objects - at) * sizeof *all->object);
	all->object[at] = o;
	all->objects++;
	o->object = number;
	(void)snprintf(o->name, sizeof o->name, "%s", name);
	return o;
}

static struct object_field *
new_field(struct object *o, struct err *err)
{
	struct object_field *grown =
		realloc(o->field, (o->fields + 1) * sizeof *grown);

	if (!grown) {
		(void)err_memory(err);
		return NULL;
	}
	o->field = grown;
	memset(&o->field[o->fields], 0, sizeof *o->field);
	return &o->field[o->fields++];
}

static const char *const typed_words[] = { "inferred", "table", "metadata",
					   "option" };

static int
read_fields(struct objects *all, struct object *o, struct err *err)
{
	struct store_statement *s;
	int got;

	if (store_prepare(all->st, &s, "select field, name, type, typed, "
			  "coalesce(position, -1) from _field "
			  "where object = ?1 order by field", err) < 0)
		return -1;
	store_bind_int(s, 1, o->object);
	while ((got = store_step(s, err)) > 0) {
		struct object_field *f = new_field(o, err);
		const char *text;
		size_t len;

		if (!f) {
			got = -1;
			break;
		}
		f->field = store_int(s, 0);
		text = store_text(s, 1, &len);
		(void)snprintf(f->name, sizeof f->name, "%.*s", (int)len,
			       text);
		text = store_text(s, 2, &len);
		(void)value_type_parse(&f->type, text, len);
		text = store_text(s, 3, &len);
		for (unsigned i = 0; i < 4; i++)
			if (strcmp(typed_words[i], text) == 0)
				f->typed = (enum object_typed)i;
		f->position = (int)store_int(s, 4);
		if (strcasecmp(f->name, "Id") == 0)
			o->id = o->fields - 1;
	}
	store_finish(s);
	return got;
}

static int
read_objects(struct objects *all, struct err *err)
{
	struct store_statement *s;
	int got;

	if (store_prepare(all->st, &s, "select object, name, header, newest "
			  "from _object order by name", err) < 0)
		return -1;
	while ((got = store_step(s, err)) > 0) {
		size_t len;
		const char *name = store_text(s, 1, &len);
		struct object *o =
			new_object(all, name, store_int(s, 0), err);
		const uint8_t *header = store_blob(s, 2, &len);

		if (!o) {
			got = -1;
			break;
		}
		buf_add(&o->header, header, len);
		(void)snprintf(o->newest, sizeof o->newest, "%s",
			       store_text(s, 3, &len));
		if (buf_ok(&o->header, err) < 0 ||
		    read_fields(all, o, err) < 0) {
			got = -1;
			break;
		}
	}
	store_finish(s);
	return got;
}

int
objects_open(struct objects **out, struct store *st, struct err *err)
{
	struct objects *all = calloc(1, sizeof *all);

	*out = NULL;
	if (!all)
		return err_memory(err);
	all->st = st;
	if (read_objects(all, err) < 0) {
		objects_close(all);
		return -1;
	}
	*out = all;
	return 0;
}

size_t
objects_count(const struct objects *all)
{
	return all->objects;
}

struct object *
objects_at(struct objects *all, size_t i)
{
	return all->object[i];
}

struct object *
objects_find(struct objects *all, const char *name)
{
	bool there;
	size_t i = object_place(all, name, &there);

	return there ? all->object[i] : NULL;
}

struct object *
objects_named(struct objects *all, const char *name, struct err *err)
{
	struct object *o = objects_find(all, name);
	const char *meant = NULL;

	for (size_t i = 0; !o && i < all->objects; i++)
		if (text_like(all->object[i]->name, name))
			meant = all->object[i]->name;
	if (!o)
		(void)err_set(err, ERR_USAGE, "%s: the home has no such "
			      "object; %s%s", SHOWN(name),
			      meant ? "did you mean " :
				      "load a snapshot with it first",
			      meant ? meant : "");
	return o;
}

/* The statements name every column, so a new one makes them stale. */
static void
forget_statements(struct object *o)
{
	struct store_statement **all[] = { &o->find, &o->read, &o->had,
					   &o->insert, &o->update,
					   &o->remove };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		store_finish(*all[i]);
		*all[i] = NULL;
	}
}

int
objects_add(struct objects *all, const char *name,
		   struct object **out, struct err *err)
{
	char sql[4 * LIMIT_NAME + 160];
	size_t id;

	*out = NULL;
	if (!store_name(name, strlen(name)))
		return err_set(err, ERR_REFUSED, "%s is not the API name of "
			       "an object", SHOWN(name));
	(void)snprintf(sql, sizeof sql, "create table \"%s\" ("
		       "_row integer primary key, \"Id\" text not null "
		       "default '')", name);
	if (store_run(all->st, err, "insert into _object (name) values (?1)",
		      "s", name) < 0)
		return -1;
	*out = new_object(all, name, store_last_row(all->st), err);
	if (!*out || store_exec(all->st, sql, err) < 0)
		return -1;
	(void)snprintf(sql, sizeof sql, "create unique index \"_id_%s\" on "
		       "\"%s\" (\"Id\")", name, name);
	if (store_exec(all->st, sql, err) < 0 ||
	    store_run(all->st, err, "insert into _field (object, name, type, "
		      "typed) values (?1, 'Id', 'id', 'table')", "i",
		      (*out)->object) < 0)
		return -1;
	id = (*out)->fields;
	if (!new_field(*out, err))
		return -1;
	(*out)->field[id] = (struct object_field){
		.field = store_last_row(all->st), .name = "Id",
		.type = VALUE_ID, .typed = OBJECT_TABLE, .position = -1,
	};
	(*out)->id = id;
	return 0;
}

int
objects_add_field(struct objects *all, struct object *o,
		  const char *name, enum value_type type,
		  enum object_typed typed, size_t *index, struct err *err)
{
	char sql[4 * LIMIT_NAME + 160];
	struct object_field *f;

	if (!store_name(name, strlen(name)))
		return err_set(err, ERR_REFUSED, "%s is not the API name of a "
			       "field", SHOWN(name));
	if (o->fields >= MOST_FIELDS)
		return err_set(err, ERR_REFUSED, "%s: has more than the %d "
			       "fields that a home keeps of an object",
			       o->name, MOST_FIELDS);
	(void)snprintf(sql, sizeof sql, "alter table \"%s\" add column \"%s\" "
		       "text not null default ''", o->name, name);
	if (store_exec(all->st, sql, err) < 0 ||
	    store_run(all->st, err, "insert into _field (object, name, type, "
		      "typed) values (?1, ?2, ?3, ?4)", "isss", o->object,
		      name, value_type_word(type), typed_words[typed]) < 0)
		return -1;
	*index = o->fields;
	f = new_field(o, err);
	if (!f)
		return -1;
	f->field = store_last_row(all->st);
	(void)snprintf(f->name, sizeof f->name, "%s", name);
	f->type = type;
	f->typed = typed;
	f->position = -1;
	forget_statements(o);
	return 0;
}

size_t
objects_field(const struct object *o, const char *name, size_t len)
{
	size_t i = 0;

	while (i < o->fields && (strncasecmp(o->field[i].name, name, len) != 0 ||
				 o->field[i].name[len] != 0))
		i++;
	return i;
}

int
objects_set_type(struct objects *all, struct object_field *f,
		 enum value_type type, enum object_typed typed,
		 struct err *err)
{
	f->type = type;
	f->typed = typed;
	return store_run(all->st, err, "update _field set type = ?2, typed = ?3 "
			 "where field = ?1", "iss", f->field,
			 value_type_word(type), typed_words[typed]);
}

static bool
only_looks_like_ids(const struct object_field *f)
{
	return f->type == VALUE_ID && f->typed == OBJECT_INFERRED;
}

bool
objects_spell(struct buf *out, const struct object_field *f,
	      struct field value)
{
	char id[RECORD_ID + 1];

	if (!only_looks_like_ids(f))
		return value_respell(out, f->type, value.at, value.len);
	/* The long null id is nobody's word. */
	if (value.len == RECORD_ID && record_id_is_null(value.at, value.len))
		return true;
	if (value.len > 0 &&
	    record_id_full(id, value.at, value.len) == RECORD_ID_NONE)
		return false;
	buf_add(out, value.at, value.len);
	return true;
}

bool
objects_same(const struct object_field *f, struct field a, struct field b)
{
	return value_equal(only_looks_like_ids(f) ? VALUE_UNKNOWN : f->type,
			   a.at, a.len, b.at, b.len);
}

int
objects_set_position(struct objects *all, struct object_field *f, int position,
		     struct err *err)
{
	f->position = position;
	return store_run(all->st, err, "update _field set position = "
			 "nullif(?2, -1) where field = ?1", "ii", f->field,
			 (int64_t)position);
}

int
objects_set_header(struct objects *all, struct object *o,
		   const void *header, size_t len, struct err *err)
{
	buf_clear(&o->header);
	buf_add(&o->header, header, len);
	if (buf_ok(&o->header, err) < 0)
		return -1;
	return store_run(all->st, err, "update _object set header = ?2 where "
			 "object = ?1", "ib", o->object, header, len);
}

int
objects_set_newest(struct objects *all, struct object *o, const char *newest,
		   struct err *err)
{
	(void)snprintf(o->newest, sizeof o->newest, "%s", newest);
	return store_run(all->st, err, "update _object set newest = ?2 where "
			 "object = ?1", "is", o->object, newest);
}
