/*
 * What came from a partner and has not landed, and why (DESIGN: waiting): whole
 * records, whose row has the field "", and values without a place here.
 */
#ifndef STORE_WAITING_H
#define STORE_WAITING_H

#include "format/rows.h"
#include "store/ledger.h"

/* The reasons. */
#define WAITING_ACCEPT "accept"	      /* the record: nobody accepted it */
#define WAITING_OBJECT "subscribe"    /* the record: its object is not taken */
#define WAITING_FIELD "field"	      /* a value: no field here for it */
#define WAITING_REFERENCE "reference" /* a value: its target has not come */
#define WAITING_TYPE "type"	      /* a value: not of the field's type */

/* Keep a value of theirs, by their names; a newer one replaces it. */
int waiting_put(struct store *st, const struct connection *c,
		const char *object, const char wire[static LEDGER_NAME],
		struct field field, struct field value, const char *why,
		struct err *err);

/* It waits no more. */
int waiting_drop(struct store *st, const struct connection *c,
		 const char wire[static LEDGER_NAME], struct field field,
		 struct err *err);

#endif
