/*
 * The built-in table of standard objects and their fields, which stands in
 * where metadata is absent or silent: type, what a reference refers to, and an
 * object's key prefix.
 */
#ifndef MODEL_SCHEMA_H
#define MODEL_SCHEMA_H

#include "model/schema_table.h"

/*
 * What is known of a field, or NULL. Names in any case. A field of the object
 * comes before one of "*" (Id, CreatedDate, OwnerId, IsDeleted, ...). One row
 * may stand for many fields: its names are the table's, not the caller's.
 */
const struct schema_field *schema_field(const char *object, const char *field);

/* The key prefix of a standard object, or NULL. */
const char *schema_prefix(const char *object);

/* A standard object's name in its own spelling, or NULL. */
const char *schema_object(const char *object);

#endif
