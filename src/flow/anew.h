/*
 * Where a record stands here already that a partner names, perhaps not for the
 * first time (DESIGN: order, full): a name keeps its record for ever, so that
 * no name ever has two copies.
 *
 * A bundle that begins anew with all there is names every record that is
 * shared; what it does not name has ended.
 */
#ifndef FLOW_ANEW_H
#define FLOW_ANEW_H

#include "store/agreement.h"
#include "store/ledger.h"
#include "store/records.h"
#include "store/waiting.h"

struct anew {
	struct store *st;
	const struct connection *c;
	struct records *records;
	const struct agreement *agreement; /* once it is read */
	bool full;  /* the bundle begins anew */
	bool person; /* a person accepts the record */
};

/* Before the first row: what a full bundle need not know is forgotten. */
int anew_begin(struct anew *n, struct err *err);

enum anew_place {
	ANEW_NEW,  /* not here: to be accepted, or to wait */
	ANEW_HERE, /* *row has it, live now */
	ANEW_GONE, /* this org has deleted it, and is not asked again */
};

/*
 * A record that is named as created: enum anew_place, or -1. object is theirs,
 * local ours or NULL. One that was stopped and still stands is linked again.
 */
int anew_find(struct anew *n, struct object *local, const char *object,
	      const char wire[static LEDGER_NAME], struct ledger_row *row,
	      struct err *err);

/*
 * The id for a record that is ANEW_NEW: 1 if this side had named it, whose name
 * is the id that it had here, so that the org's next snapshot knows it again;
 * 0 if one is to be made up; or -1.
 */
int anew_id(struct anew *n, const struct object *local,
	    const char wire[static LEDGER_NAME], char id[static 19],
	    struct err *err);

/*
 * After the last row of a full bundle: what it did not name is shared no more,
 * or waits no more. *ended counts the records that stay here.
 */
int anew_end(struct anew *n, uint64_t *ended, struct err *err);

#endif
