/*
 * The home: the folder that holds one org's state.
 *
 *	org.db		the store
 *	keys/org.key	the org's secret keys (0600)
 *	sent/		bundles as they went out
 *	outbox/		messages for a person to send
 *	files/		bodies of attachments and files, by hash
 *	lock		held while a command is at work
 */
#ifndef STORE_HOME_H
#define STORE_HOME_H

#include "format/keys.h"
#include "store/store.h"

struct home;

/* The org that a home is of. */
struct home_org {
	const char *name; /* 1 byte or more, without control characters */
	const char *id;	  /* of 15 or 18 characters, or NULL: not known yet */
	bool sandbox, enabled;
};

/*
 * Make a home: the folder, which must not be there or must be empty, the
 * store, and two new key pairs. A home that could not be finished is refused
 * by home_open(); making it again goes on.
 */
int home_make(const char *path, const struct home_org *org, struct err *err);

/* Open and lock. ERR_USAGE if there is no home. *out is the caller's. */
int home_open(struct home **out, const char *path, struct err *err);
void home_close(struct home *home); /* NULL is fine */

struct store *home_store(struct home *home);
const struct key_pair *home_keys(const struct home *home);

#endif
