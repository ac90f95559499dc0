/*
 * Bundles for tests, made by the program's own writer: always the same values,
 * and where nothing is sealed always the same bytes. Run from the project's
 * root, where fixtures/ lies.
 */
#ifndef TESTS_FORMAT_SAMPLE_H
#define TESTS_FORMAT_SAMPLE_H

#include "format/bundle_in.h"

enum sample_kind {
	SAMPLE_INVITATION,
	SAMPLE_ANSWER,
	SAMPLE_CANCEL,	/* a notice before acceptance */
	SAMPLE_NOTICE,	/* deactivate */
	SAMPLE_CHANGES, /* every group of rows, and three bodies */
	SAMPLE_FOLLOWS, /* the first of an epoch that goes on */
	SAMPLE_FULL,	/* with onward creates and notices */
	SAMPLE_EMPTY,	/* a newer as-of time alone */
	SAMPLE_KINDS,
};

/* From Acme to Globex, whose keys are in fixtures/keys. */
struct sample_keys {
	struct key_pair *acme, *globex;
};

/* ERR_SYSTEM where the fixtures are not found. */
int sample_keys_read(struct sample_keys *keys, struct err *err);
void sample_keys_free(struct sample_keys *keys);

/* What a reader at Globex knows of Acme. */
struct bundle_peer sample_acme(const struct sample_keys *keys);

/* Fill a manifest as the kind has it; objects and notices included. */
int sample_manifest(struct manifest *m, enum sample_kind kind,
		    const struct sample_keys *keys, struct err *err);

/* Write one to path, which must be free. */
int sample_write(const char *path, enum sample_kind kind, bool sealed,
		 const struct sample_keys *keys, struct err *err);

const char *sample_name(enum sample_kind kind);

#endif
