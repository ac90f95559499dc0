/* A store in a folder of the test's own. */
#ifndef TESTS_STORE_SAMPLE_H
#define TESTS_STORE_SAMPLE_H

#include "store/records.h"

/* For a TestSuite's init and fini: Criterion forks for each test. */
void sample_folder(void);
void sample_no_folder(void);

/* A new store, open, in a transaction, with its objects and records. */
struct sample_store {
	struct store *st;
	struct objects *objects;
	struct records *records;
	struct err err;
};

void sample_open(struct sample_store *s);
/* Commit, close, and open what was written. */
void sample_again(struct sample_store *s);
void sample_close(struct sample_store *s);

/* An object with these fields beside Id, all of unknown type. */
struct object *sample_object(struct sample_store *s, const char *name,
			     const char *const *field);

/* A load has seen this record. */
void sample_mark(struct sample_store *s, const struct object *o, int64_t row,
		 const char *id, const uint8_t print[static LOADED_PRINT]);

/* One question's number; -1 if there is none. */
int64_t sample_ask(struct sample_store *s, const char *sql);

#endif
