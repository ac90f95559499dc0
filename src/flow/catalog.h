/*
 * What a partner publishes, as its bundles say it: the objects and fields, and
 * their types.
 */
#ifndef FLOW_CATALOG_H
#define FLOW_CATALOG_H

#include "store/connection.h"
#include "store/objects.h"
#include "store/store.h"

/* One row of `published`. */
int catalog_take(struct store *st, const struct connection *c,
		 const struct field *f, struct err *err);

/* Whether a value of theirs for our field f can be a reference. */
int catalog_refers(struct store *st, const struct connection *c,
		   const struct object_field *f, const char *object,
		   struct field theirs, bool *yes, struct err *err);

/* Give an object of ours, unless a snapshot did, the fields of theirs. */
int catalog_grow(struct store *st, const struct connection *c,
		 struct objects *objects, const char *name,
		 struct object *local, struct err *err);

#endif
