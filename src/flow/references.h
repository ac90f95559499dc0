/*
 * Which columns are references, where neither metadata nor the built-in table
 * says so (DESIGN: references).
 */
#ifndef FLOW_REFERENCES_H
#define FLOW_REFERENCES_H

#include "store/records.h"

/*
 * After a load: a column whose name ends in `Id` or `__c`, whose values are
 * all well-formed ids, and of which one is a record here, is a reference; its
 * ids are respelled to 18 characters.
 */
int references_infer(struct store *st, struct objects *objects,
		     struct records *records, struct err *err);

/* Whether any object here has ids that begin with these three characters. */
int references_begin_so(struct store *st, struct objects *objects,
			const char prefix[static 3], bool *yes,
			struct err *err);

/* Whether a column that was no reference so far has ids alone. */
int references_only_ids(struct store *st, const struct object *o,
			const struct object_field *f, bool *only,
			struct err *err);

#endif
