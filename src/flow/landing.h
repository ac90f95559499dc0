/*
 * Values of a partner's record on their way into a record here (DESIGN: what
 * happens at import): mapped, translated, spelled, compared and written; kept
 * in _waiting, with the reason, where they cannot land.
 */
#ifndef FLOW_LANDING_H
#define FLOW_LANDING_H

#include "flow/names.h"
#include "flow/target.h"
#include "store/agreement.h"

struct landing {
	struct store *st;
	const struct connection *c;
	struct objects *objects;
	struct records *records;
	struct names *names;
	bool waiting; /* something of this connection waits, or may */
	uint64_t values, held;
	struct buf spelled;
};

/* One of their fields, as it is taken here. */
struct landing_field {
	size_t f;	/* of the local object; its `fields`: no place here */
	bool refers;	/* its values are names of records */
	bool time;	/* theirs is a datetime, which may be told relatively */
};

int landing_field(struct landing *l, const char *object,
		  const struct object *local, struct field theirs,
		  struct landing_field *out, struct err *err);

/*
 * One value of a record that is here; written and logged if it changes, and of
 * one that was made in this transaction only written. Relative times count from
 * when the record was modified.
 */
int landing_write(struct landing *l, const char *object, struct object *local,
		  const struct target *t, struct field theirs,
		  const struct landing_field *how, struct field value,
		  struct err *err);

/*
 * A record that was accepted now, with all its values, as many as the header
 * has; how has an entry for each. No change to log.
 */
int landing_insert(struct landing *l, const char *object,
		   struct object *local, const struct target *t,
		   const struct row *header, const struct landing_field *how,
		   const struct field *value, struct err *err);

/* Keep a value, whole times for relative ones; an empty one waits no more. */
int landing_keep(struct landing *l, const char *object,
		 const struct target *t, struct field theirs,
		 const struct landing_field *how, struct field value,
		 const char *why, struct err *err);

/* What waited with a record for somebody to accept it, into that record. */
int landing_accepted(struct landing *l, const char *object,
		     struct object *local, const struct target *t,
		     struct err *err);

/* What waited for a target or a field that has come, into its records here. */
int landing_due(struct landing *l, const struct agreement *a,
		struct objects *objects, struct err *err);

#endif
