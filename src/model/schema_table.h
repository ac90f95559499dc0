/*
 * The rows behind schema.h: what is known of Salesforce's standard objects
 * and their fields, as data.
 */
#ifndef MODEL_SCHEMA_TABLE_H
#define MODEL_SCHEMA_TABLE_H

#include <stddef.h>

#include "model/value.h"

struct schema_field {
	const char *object; /* "*": of every object */
	const char *field;  /* a `*` at its end: all that begin so */
	enum value_type type;
	const char *references; /* objects with LF between, "" any, or NULL */
};

struct schema_object {
	const char *name;
	const char *prefix; /* of its ids, or NULL where that is in doubt */
};

/*
 * Both sorted without regard to case, fields by object and then by name. Every
 * object that a field is of or refers to is among the objects.
 */
extern const struct schema_field schema_fields[];
extern const size_t schema_fields_count;
extern const struct schema_object schema_objects[];
extern const size_t schema_objects_count;

#endif
