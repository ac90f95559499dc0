/*
 * Invitations and answers, made and taken in (S2S.md facts 15 to 17).
 *
 * First contact is plain and proves possession of a key only. Nobody is
 * trusted whose fingerprint a person has not confirmed: the accepter confirms
 * the inviter's when accepting, the inviter the accepter's with the answer.
 */
#ifndef FLOW_INVITE_H
#define FLOW_INVITE_H

#include "format/bundle_in.h"
#include "store/connection.h"
#include "store/home.h"

struct invite_options {
	const char *name;    /* the connection's, here */
	const char *contact; /* "Name <mail>" */
	const char *account, *owner; /* or NULL */
	bool replication, one_way;
	enum manifest_policy policy;
	const char *to_key; /* sealing key file of a one-way partner, or NULL */
	const char *file;   /* to write */
};

/* Write an invitation; the connection is Sent, or Accepted if one way. */
int invite_send(struct home *home, const char *user,
		const struct invite_options *options, struct err *err);

/* Take in an invitation: a connection, Received, named `as` or as the org. */
int invite_take(struct home *home, const char *user, struct bundle_in *in,
		const char *path, const char *as, struct connection *c,
		struct err *err);

/*
 * Accept one, once `fingerprint` is the inviter's as a person read it. Writes
 * the answer to *file, which a one-way connection does without: then *file
 * is NULL afterwards.
 */
int invite_accept(struct home *home, const char *user, const char *name,
		  const char *fingerprint, const char *owner,
		  const char **file, struct err *err);

/* Take in an answer; fingerprint as above, of the accepter. */
int invite_take_answer(struct home *home, const char *user,
		       struct bundle_in *in, const char *path,
		       const char *fingerprint, struct connection *c,
		       struct err *err);

/* What every manifest says of its sender. */
int invite_fill_from(struct home *home, struct manifest *m, struct err *err);

#endif
