/* Types that are said, not guessed: see typed.h. */
#include "flow/typed.h"

#include <string.h>
#include <strings.h>

#include "model/schema.h"

/* The type that --type gives a field. */
static bool
type_option(const char *const *types, size_t count,
	 const char *object, const char *field,
	    enum value_type *type)
{
	size_t ol = strlen(object), fl = strlen(field);

	for (size_t i = 0; i < count; i++) {
		const char *t = types[i];

		if (strncasecmp(t, object, ol) == 0 && t[ol] == '.' &&
		    strncasecmp(t + ol + 1, field, fl) == 0 &&
		    t[ol + 1 + fl] == '=')
			return value_type_parse(type, t + ol + fl + 2,
						strlen(t + ol + fl + 2));
	}
	return false;
}

/* What is said of a field: by --type, else by the built-in table. */
enum object_typed
typed_of(const char *const *types, size_t count,
	 const char *object, const char *field,
	 enum value_type *type)
{
	const struct schema_field *known;

	*type = VALUE_UNKNOWN;
	if (type_option(types, count, object, field, type))
		return OBJECT_OPTION;
	known = schema_field(object, field);
	if (!known)
		return OBJECT_INFERRED;
	*type = known->type;
	return OBJECT_TABLE;
}
