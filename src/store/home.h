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
	const char *id;	  /* of 15 or 18 characters; NULL: not known yet */
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

/* The org's facts as the store has them. */
struct home_facts {
	char name[LIMIT_TEXT + 1];
	char id[19]; /* Salesforce's, or one of our making: 00DzzZ... */
	char as_of[25]; /* of the snapshot last loaded, or empty */
	bool sandbox, enabled;
};
int home_read_facts(struct home *home, struct home_facts *facts,
		    struct err *err);

/* A path in the home: "sent/x.ferry". The caller's; NULL out of memory. */
char *home_path(const struct home *home, const char *name);

struct store *home_store(struct home *home);
const struct key_pair *home_keys(const struct home *home);

#endif
