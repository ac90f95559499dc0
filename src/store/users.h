/*
 * The people of an org who may work in its home, and what they may do (S2S.md
 * facts 12 and 13: manage connections, forward, accept).
 *
 * "Connection User" is the org's own, made with the home: it writes what a
 * partner sends, is never listed and never edited.
 */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include "store/store.h"

enum users_right {
	USERS_MANAGE = 1,  /* connections, publishing, everything about them */
	USERS_FORWARD = 2, /* records to a partner, and stop */
	USERS_ACCEPT = 4,  /* records from one */
};

struct users_person {
	const char *name, *mail; /* borrowed while see() runs */
	unsigned rights;	 /* of enum users_right */
	bool active;
};

/* A right by its word: manage, forward, accept, or all. 0 if it is none. */
unsigned users_right(const char *word);

/* ERR_USAGE: a name that is taken, is not plain text, or is ours. */
int users_add(struct store *st, const char *name, const char *mail,
	      struct err *err);

/* Give rights to a person, or take them away. ERR_USAGE: no such person. */
int users_grant(struct store *st, const char *name, unsigned rights,
		struct err *err);
int users_revoke(struct store *st, const char *name, unsigned rights,
		 struct err *err);

/* Everybody, by name. Stops at -1, which is returned. */
int users_each(struct store *st,
	       int (*see)(void *ctx, const struct users_person *person,
			  struct err *err),
	       void *ctx, struct err *err);

#endif
