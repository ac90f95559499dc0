/* Look-ups in the table of standard objects and fields: see schema.h. */
#include "model/schema.h"

/* Names are ASCII; tolower() would ask the locale. */
static int
small(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static int
compare(const char *a, const char *b)
{
	while (*a && small(*a) == small(*b)) {
		a++;
		b++;
	}
	return small(*a) - small(*b);
}

/* The last row that is not after object and field, or NULL. */
static const struct schema_field *
last_before(const char *object, const char *field)
{
	size_t low = 0, high = schema_fields_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct schema_field *f = &schema_fields[middle];
		int order = compare(f->object, object);

		if (order == 0)
			order = compare(f->field, field);
		if (order <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? &schema_fields[low - 1] : NULL;
}

/*
 * Whether a row speaks of a field. `*` sorts before all that a name has, and
 * no other row begins with what is before it, so the row that a name would
 * stand behind is the one with its `*`, if there is one.
 */
static bool
speaks_of(const struct schema_field *f, const char *object, const char *field)
{
	const char *name = f->field;

	if (compare(f->object, object) != 0)
		return false;
	for (; *name && small(*name) == small(*field); name++)
		field++;
	return (name[0] == 0 && field[0] == 0) ||
	       (name[0] == '*' && field[0] != 0);
}

const struct schema_field *
schema_field(const char *object, const char *field)
{
	const char *of[] = { object, "*" };

	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		const struct schema_field *f = last_before(of[i], field);

		if (f && speaks_of(f, of[i], field))
			return f;
	}
	return NULL;
}

static const struct schema_object *
find_object(const char *name)
{
	size_t low = 0, high = schema_objects_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(schema_objects[middle].name, name);

		if (order == 0)
			return &schema_objects[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const char *
schema_prefix(const char *object)
{
	const struct schema_object *o = find_object(object);

	return o ? o->prefix : NULL;
}

const char *
schema_object(const char *object)
{
	const struct schema_object *o = find_object(object);

	return o ? o->name : NULL;
}
