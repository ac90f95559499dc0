/*
 * Every bundle made or taken in, and, in transfers.log, every one refused
 * (DESIGN: transfers). The log is a text that grows by a line, outside the
 * store, so that a refused bundle changes nothing in it.
 */
#ifndef STORE_TRANSFERS_H
#define STORE_TRANSFERS_H

#include "store/connection.h"

/* Note a bundle, within the caller's transaction. */
int transfers_add(struct store *st, int64_t connection, bool out,
		  const struct manifest *m,
		  const uint8_t hash[static KEYS_HASH], const char *file,
		  uint64_t bytes, struct err *err);

/*
 * The bundle of a place that was made or taken in: 1 and the hash of its
 * manifest, 0, or -1.
 */
int transfers_hash(struct store *st, int64_t connection, bool out,
		   const struct manifest_place *place,
		   uint8_t hash[static KEYS_HASH], struct err *err);

/* A row as its columns have it, oldest first. conn NULL: of all connections. */
enum { TRANSFERS_COLUMNS = 8 };
extern const char *const transfers_columns[TRANSFERS_COLUMNS];
int transfers_each(struct store *st, const char *conn,
		   int (*see)(void *ctx, const char *const *value,
			      struct err *err),
		   void *ctx, struct err *err);

/* A line of the log: time, file, why. Best effort: an error is passed over. */
void transfers_log(const char *path, const char *file, const char *why);

#endif
