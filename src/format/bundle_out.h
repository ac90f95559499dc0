/*
 * A bundle being written (FORMAT.md, "Archive").
 *
 * The manifest comes first and names the hash of every member, so members are
 * deflated, on all cores, into a nameless spool as their rows come, and the
 * archive is put together at the end. Memory does not grow with the bundle.
 */
#ifndef FORMAT_BUNDLE_OUT_H
#define FORMAT_BUNDLE_OUT_H

#include "format/gzip.h"
#include "format/manifest.h"
#include "format/rows.h"

struct bundle_out;

/* Begin; the spool lies in the folder of path. *out is the caller's. */
int bundle_out_begin(struct bundle_out **out, const char *path,
		     struct err *err);
void bundle_out_free(struct bundle_out *b); /* NULL is fine */

/* How hard the members from now on are deflated; GZIP_SMALL unless said. */
void bundle_out_effort(struct bundle_out *b, enum gzip_effort effort);

/*
 * The manifest's as_of, before the names, whose times are told by it; empty,
 * or never said: null.
 */
void bundle_out_as_of(struct bundle_out *b, const char *as_of);

/*
 * Begin a run of rows: of a group, and where it has members an object, of one
 * object, else of "". Runs come in the order of the groups and of the objects'
 * names. columns and count are for MEMBER_CREATES; the others have their own.
 */
int bundle_out_run(struct bundle_out *b, enum member_group group,
		   const char *object, const struct field *columns,
		   size_t count, struct err *err);

/*
 * A row of the run, in plain words; how FORMAT.md spells it is done here. Of
 * MEMBER_NAMES: Object, Name, Change, Modified, Origin Org, Origin Record. Of
 * MEMBER_CREATES: a value for each of the run's columns. Of MEMBER_UPDATES:
 * Object (it only tells where the next begins), Record, Field, Value. A row
 * that no member can hold is ERR_REFUSED. Members are cut between records.
 */
int bundle_out_row(struct bundle_out *b, const struct field *field,
		   size_t count, struct err *err);

/*
 * The body of a file, cut into parts, after all rows. It is read now for its
 * hash and again at the end; one that changed between is refused. hash is what
 * its parts are called by.
 */
int bundle_out_body(struct bundle_out *b, const char *path,
		    uint8_t hash[static KEYS_HASH], struct err *err);

/*
 * Put the archive together: m, which has all but its members, gets those too;
 * it is checked, signed and written, then everything after it. hash is the
 * manifest's, which the next bundle will name. Writes to `to` and syncs
 * nothing; an envelope round it is the caller's to end.
 */
int bundle_out_finish(struct bundle_out *b, struct manifest *m,
		      const struct key_pair *key, struct file_sink *to,
		      uint8_t hash[static KEYS_HASH], struct err *err);

/* The comments of every manifest's signature text. */
#define BUNDLE_UNTRUSTED "signature of an orgferry manifest"
#define BUNDLE_TRUSTED "orgferry manifest"

#endif
