/*
 * A snapshot into the store, in one transaction (DESIGN: what happens at load).
 */
#ifndef FLOW_LOAD_H
#define FLOW_LOAD_H

#include "flow/intake.h"
#include "store/home.h"

struct load_options {
	const char *const *snapshot;
	size_t snapshots;
	const char *const *types; /* Object.Field=TYPE */
	size_t type_count;
	const char *as_of; /* an instant, or NULL */
	bool partial, allow_deletes, older, dry_run;
};

struct load_object {
	char *name;
	struct intake_tally tally;
};

struct load_report {
	struct load_object *object; /* one a file, sorted by name */
	size_t objects;
	struct intake_tally sum;
	char as_of[TEXT_INSTANT + 1]; /* or empty: not known */
	struct buf bad;	  /* a line each; filled also where load fails */
	struct buf notes; /* a line each */
};

#define LOAD_REPORT_INIT { .object = NULL }

/*
 * 0; 1 if something is in conflict; -1, and then nothing of it is loaded. The
 * report is the caller's to release, also after a failure.
 */
int load(struct home *home, const struct load_options *options,
	 struct load_report *report, struct err *err);
void load_report_release(struct load_report *report);

#endif
