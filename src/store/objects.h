/*
 * Which objects the home has a table of, and their fields: names, types, and
 * the columns of the file last loaded.
 *
 * An object is an ordinary table with `_row` and a TEXT column per field. What
 * is known of it lies in _object and _field, and is held here in memory.
 */
#ifndef STORE_OBJECTS_H
#define STORE_OBJECTS_H

#include "base/text.h"
#include "format/rows.h"
#include "model/value.h"
#include "store/store.h"

/* Who says a field's type, weakest first. */
enum object_typed {
	OBJECT_INFERRED,
	OBJECT_TABLE, /* the built-in table */
	OBJECT_METADATA,
	OBJECT_OPTION, /* --type */
};

struct object_field {
	int64_t field;
	char name[LIMIT_NAME + 1];
	enum value_type type;
	enum object_typed typed;
	int position; /* of its column in the file last loaded, or -1 */
};

struct object {
	int64_t object;
	char name[LIMIT_NAME + 1];
	struct buf header; /* first line of the file last loaded; or empty */
	/* SystemModstamp in the snapshot of it last loaded; or empty */
	char newest[TEXT_INSTANT + 1];
	struct object_field *field;
	size_t fields;
	size_t id; /* which field is Id */
	/* Its statements, made when first needed. */
	struct store_statement *find, *read, *had, *insert, *update, *remove;
};

struct objects;

/* *out is the caller's; the store is borrowed. */
int objects_open(struct objects **out, struct store *st, struct err *err);
void objects_close(struct objects *all); /* NULL is fine */

/* Objects in the order of their names; valid until one is added. */
size_t objects_count(const struct objects *all);
struct object *objects_at(struct objects *all, size_t i);

/* The object of a name in any case, or NULL. Pointers last until close. */
struct object *objects_find(struct objects *all, const char *name);

/* The same where there must be one: ERR_USAGE, with one that was meant. */
struct object *objects_named(struct objects *all, const char *name,
			     struct err *err);

/* Make an object's table, with Id alone, or a field's column. */
int objects_add(struct objects *all, const char *name,
		       struct object **out, struct err *err);
int objects_add_field(struct objects *all, struct object *o,
		      const char *name, enum value_type type,
		      enum object_typed typed, size_t *index,
		      struct err *err);

/* The index of a field of a name in any case, or o->fields. */
size_t objects_field(const struct object *o, const char *name,
		     size_t len);

int objects_set_type(struct objects *all, struct object_field *f,
		     enum value_type type, enum object_typed typed,
		     struct err *err);

/*
 * A field's value in the spelling of its type, added to out, and whether two
 * are the same: as value_respell() and value_equal(). But a column that only
 * looks like ids may hold words of fifteen letters: until it is known to be a
 * reference, they are kept and compared as they are.
 */
bool objects_spell(struct buf *out, const struct object_field *f,
		   struct field value);
bool objects_same(const struct object_field *f, struct field a,
		  struct field b);

int objects_set_position(struct objects *all, struct object_field *f,
			 int position, struct err *err);
int objects_set_header(struct objects *all, struct object *o,
		       const void *header, size_t len, struct err *err);
int objects_set_newest(struct objects *all, struct object *o,
		       const char *newest, struct err *err);

#endif
