/*
 * One file of a snapshot taken into its object (DESIGN: what happens at load).
 *
 * Rows whose bytes are those of the last snapshot are passed by; the others
 * are parsed and compared field by field with the store. What an import has
 * written since keeps its value until the org itself says something new.
 */
#ifndef FLOW_INTAKE_H
#define FLOW_INTAKE_H

#include "base/text.h"
#include "flow/snapshot.h"
#include "store/records.h"

/* What was done with one file. */
struct intake_tally {
	uint64_t rows, unchanged, inserted, updated, values;
	uint64_t gone;	     /* removed here, because gone from the org */
	uint64_t kept;	     /* values of imports that the org lacks yet */
	uint64_t arrived;    /* values and removals that it has by now */
	uint64_t edited;     /* rows that an import removed: in conflict */
	uint64_t loaded;     /* records that earlier loads had seen */
	uint64_t odd_ids;    /* whose check characters are wrong */
	char newest[TEXT_INSTANT + 1]; /* SystemModstamp, or empty */
};

/* What all files of one load share. */
struct intake {
	struct store *st;
	struct objects *objects;
	struct records *records;
	uint8_t print_key[RECORDS_PRINT_KEY]; /* of the home */
	bool partial;
	bool allow_deletes;
	const char *const *types; /* --type Object.Field=TYPE */
	size_t type_count;
	bool learned; /* of new objects or columns: see references.h */
	/* Bad rows, a line each, at most 100 of them; how many there are. */
	struct buf bad;
	uint64_t bad_rows;
	struct buf notes; /* for a person: columns set aside, and the like */
};

/*
 * Take a file in. ERR_REFUSED where the file as a whole is not right; a bad
 * row is noted in `bad` and the rest is read on, for all are to be named. The
 * caller refuses the load if any is bad.
 */
int intake_file(struct intake *in, const struct snapshot_file *file,
		struct intake_tally *tally, struct err *err);

#endif
