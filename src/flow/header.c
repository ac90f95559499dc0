/* The columns of a file: see header.h. */
#include "flow/header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "flow/references.h"
#include "flow/typed.h"

/* A type that is said anew of a field that is there: its values are respelled.
 */
static int
retype(const struct header_for *in, size_t field, struct err *err)
{
	struct object_field *f = &in->o->field[field];
	enum value_type type;
	enum object_typed typed = typed_of(in->types, in->type_count,
					   in->o->name, f->name, &type);

	if (field == in->o->id || typed == OBJECT_INFERRED ||
	    typed < f->typed || (typed == f->typed && type == f->type))
		return 0;
	if (objects_set_type(in->objects, f, type, typed, err) < 0)
		return -1;
	return records_respell(in->records, in->o, f, true, err);
}

/* A column's field, made where the object has none of that name. */
static int
find_field(const struct header_for *in, struct field name, size_t *field,
	   struct err *err)
{
	char text[LIMIT_NAME + 1];
	enum value_type type;
	enum object_typed typed;

	if (memchr(name.at, '.', name.len)) {
		/* Account.Name: another object's field, from a query. */
		buf_addf(in->notes, "%s: column %s is another object's "
			 "and was left out\n", SHOWN(in->path),
			 SHOWN_N(name.at, name.len));
		*field = HEADER_NONE;
		return 0;
	}
	*field = objects_field(in->o, name.at, name.len);
	if (*field < in->o->fields)
		return retype(in, *field, err);
	if (!store_name(name.at, name.len))
		return err_set(err, ERR_REFUSED, "line 1: column %s is not the "
			       "API name of a field", SHOWN_N(name.at,
							      name.len));
	(void)snprintf(text, sizeof text, "%.*s", (int)name.len, name.at);
	typed = typed_of(in->types, in->type_count, in->o->name, text, &type);
	return objects_add_field(in->objects, in->o, text, type, typed, field,
				 err);
}

/* Only a column seen whole can tell its type. */
static void
set_guessing(struct column *c, const struct object_field *f, bool whole)
{
	bool inferred = f->typed == OBJECT_INFERRED;

	c->guessing = whole && inferred;
	c->late = !c->guessing && inferred && f->type == VALUE_UNKNOWN;
	c->guessing |= c->late;
	c->ids = f->type == VALUE_ID;
}

int
header_map(struct header *c, const struct header_for *in,
	    const struct row *header, bool fresh, struct err *err)
{
	c->count = header->count;
	c->column = calloc(header->count, sizeof *c->column);
	if (!c->column)
		return err_memory(err);
	for (size_t i = 0; i < header->count; i++) {
		struct field name = header->field[i];
		struct column *column = &c->column[i];
		size_t had = in->o->fields;

		if (find_field(in, name, &column->field, err) < 0)
			return -1;
		if (column->field == HEADER_NONE)
			continue;
		if (column->field == in->o->id)
			c->id = i;
		if (name.len == 14 &&
		    strncasecmp(name.at, "SystemModstamp", 14) == 0)
			c->stamp = i;
		set_guessing(column, &in->o->field[column->field],
			     fresh || in->o->fields > had);
	}
	if (c->id == HEADER_NONE)
		return err_set(err, ERR_REFUSED, "line 1: has no column Id, "
			       "which every record is known by; export it "
			       "with Id");
	return 0;
}

void
header_release(struct header *c)
{
	free(c->column);
	*c = (struct header)HEADER_INIT;
}

int
header_place(const struct header *c, const struct header_for *in,
	      struct err *err)
{
	for (size_t f = 0; f < in->o->fields; f++) {
		int position = -1;

		for (size_t i = 0; i < c->count; i++)
			if (c->column[i].field == f)
				position = (int)i;
		if (position != in->o->field[f].position &&
		    objects_set_position(in->objects, &in->o->field[f],
					 position, err) < 0)
			return -1;
	}
	return 0;
}

/* What one column's values have shown. */
static int
settle(struct column *c, const struct header_for *in, bool others,
       bool *learned, struct err *err)
{
	enum value_type type = value_guess_type(&c->guess);
	struct object_field *f;

	if (!c->guessing || (c->late && type != VALUE_ID))
		return 0;
	f = &in->o->field[c->field];
	if (c->late && references_only_ids(in->st, in->o, f, &c->guessing,
					   err) < 0)
		return -1;
	if (!c->guessing)
		return 0;
	*learned |= type == VALUE_ID;
	if (type == f->type || type == VALUE_UNKNOWN)
		return 0;
	if (objects_set_type(in->objects, f, type, OBJECT_INFERRED, err) < 0)
		return -1;
	/* Values that were all seen, and as they are to be, stay unread. */
	return records_respell(in->records, in->o, f,
			       c->late || others || c->guess.other, err);
}

int
header_settle(struct header *c, const struct header_for *in, bool others,
	       bool *learned, struct err *err)
{
	for (size_t i = 0; i < c->count; i++)
		if (settle(&c->column[i], in, others, learned, err) < 0)
			return -1;
	return 0;
}
