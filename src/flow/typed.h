/* The types of fields that are said, not guessed from their values. */
#ifndef FLOW_TYPED_H
#define FLOW_TYPED_H

#include "store/objects.h"

/* By --type, else by the built-in table, else VALUE_UNKNOWN, to be inferred. */
enum object_typed typed_of(const char *const *types, size_t count,
	 const char *object,
			   const char *field, enum value_type *type);

#endif
