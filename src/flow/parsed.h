/*
 * Raw rows parsed in threads, batch by batch, and given back in order: so that
 * a first load reads CSV on one core while it writes the store on another.
 */
#ifndef FLOW_PARSED_H
#define FLOW_PARSED_H

#include "format/skim.h"
#include "model/record_id.h"
#include "store/loaded.h"

/* What is known of a row before it is parsed; only carried along. */
struct parsed_row {
	uint64_t line;
	int64_t stamp;
	size_t known; /* its index there */
	uint8_t print[LOADED_PRINT];
	char id[RECORD_ID + 1];
	bool odd; /* as in struct loaded_mark */
};

struct parsed_batch {
	const struct parsed_row *row;
	const struct field *field; /* those of all rows, one after the other */
	size_t count, columns;	   /* rows, and fields of each */
	const struct err *fault;   /* what is wrong behind them, or NULL */
};

struct parsed;

/* *out is the caller's; the header's bytes are borrowed. */
int parsed_open(struct parsed **out, const struct buf *header, size_t columns,
		struct err *err);
void parsed_free(struct parsed *p); /* NULL is fine */

/* A row to be parsed: 0; or 1 if a batch is to be taken first; or -1. */
int parsed_add(struct parsed *p, const struct skim_record *raw,
	       const struct parsed_row *row, struct err *err);

/* No row comes any more: all that is left can be taken. */
int parsed_end(struct parsed *p, struct err *err);

/* The oldest batch, borrowed until the next call: 1; 0 if there is none. */
int parsed_take(struct parsed *p, struct parsed_batch *out);

#endif
