/*
 * Object tables and the change log (DESIGN: the home and its store).
 *
 * Every write to a record goes through here, so that what changed is logged by
 * field, and what an import overwrites keeps the last snapshot's value as its
 * base. A write that changes nothing is not made: the callers compare first.
 *
 * Rows of all objects are numbered from one counter of the home, never reused.
 */
#ifndef STORE_RECORDS_H
#define STORE_RECORDS_H

#include "format/rows.h"
#include "store/loaded.h"
#include "store/objects.h"

struct records;

/* *out is the caller's; store and objects are borrowed. */
int records_open(struct records **out, struct store *st, struct err *err);
void records_close(struct records *r); /* NULL is fine */

/*
 * Begin writing, within a transaction: origin is 0 for the org's own changes,
 * else the connection. Ended by records_end(), which saves the counters.
 */
int records_begin(struct records *r, int64_t origin, struct err *err);
int records_end(struct records *r, struct err *err);

/* How many values, and records, were written or removed since begin. */
struct records_tally {
	uint64_t inserted, updated, removed, values;
};
const struct records_tally *records_tally(const struct records *r);

/* Whether an object has records. */
int records_any(struct records *r, const struct object *o, bool *any,
		struct err *err);

/* The row of an id of 18 characters; 0 if there is none. */
int records_find(struct records *r, struct object *o, const char *id,
		 size_t len, int64_t *row, struct err *err);

/* The same of the 15 characters that count. */
int records_find_short(struct records *r, const struct object *o,
		       const char id[static LOADED_ID], int64_t *row,
		       struct err *err);

/*
 * A record's values, as many as o->fields, borrowed until the next call with
 * this object. 1, or 0 if there is no such row, or -1.
 */
int records_read(struct records *r, struct object *o, int64_t row,
		 struct field *value, struct err *err);

/*
 * A new record; value has o->fields entries. One that an import makes after
 * an import had removed it has the last snapshot's values as base.
 */
int records_insert(struct records *r, struct object *o,
		   const struct field *value, int64_t *row, struct err *err);

/* The row that the next new record has, and a new record as such a row. */
int64_t records_next_row(struct records *r);
int records_insert_as(struct records *r, struct object *o, int64_t row,
		      const struct field *value, struct err *err);

/*
 * One field of a record: 1 and its value, borrowed until the next call, or 0
 * if there is no such row, or -1; and a new value for it, as records_update().
 */
int records_read_field(struct records *r, const struct object *o, int64_t row,
		       size_t f, struct field *value, struct err *err);
int records_update_field(struct records *r, const struct object *o,
			 int64_t row, size_t f, struct field value,
			 struct err *err);

/* A value of a record that was made in this transaction: no change to log. */
int records_fill_field(struct records *r, const struct object *o, int64_t row,
		       size_t f, struct field value, struct err *err);

/*
 * New values for the fields that `changed` marks (Id is none of them); value
 * has all, and may be what records_read() lends. An import's changes keep what
 * the last snapshot said.
 */
int records_update(struct records *r, struct object *o, int64_t row,
		   const struct field *value, const bool *changed,
		   struct err *err);

/*
 * Remove a record. One that an import removes and a load brought keeps its
 * values as base, and its loaded mark.
 */
int records_remove(struct records *r, struct object *o, int64_t row,
		   struct err *err);

/* The home's key of fingerprints. */
enum { RECORDS_PRINT_KEY = 32 };
int records_print_key(struct records *r, uint8_t key[static RECORDS_PRINT_KEY],
		      struct err *err);

/*
 * The base of a record's fields: value has o->fields entries, has tells which
 * have one. Borrowed until the next call. A set base replaces.
 */
int records_read_base(struct records *r, struct object *o, int64_t row,
		      struct field *value, bool *has, struct err *err);
int records_set_base(struct records *r, int64_t row,
		     const struct object_field *f, struct field value,
		     struct err *err);
int records_drop_base(struct records *r, int64_t row,
		      const struct object_field *f, struct err *err);

/*
 * A removal by import that the snapshot has confirmed (the record is gone
 * there too): its base and its loaded mark are not needed any more, nor is a
 * note that it was edited.
 */
int records_confirm_removed(struct records *r, const struct object *o,
			    int64_t row, struct err *err);

/* The snapshot edited what an import had removed: marked, for a person. */
int records_mark_edited(struct records *r, int64_t row, struct err *err);

/*
 * Spell a field's values anew, where the type says so; logs no change. Where
 * it is known that no record has one to be respelled, any is false, and only
 * bases are looked at.
 */
int records_respell(struct records *r, struct object *o,
		    const struct object_field *f, bool any, struct err *err);

#endif
