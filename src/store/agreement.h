/*
 * What each side publishes and subscribes to, and how fields map (S2S.md facts
 * 23 to 32; DESIGN: agree).
 *
 * An agreement is read whole for the length of one command: for each of our
 * objects which fields go out, for each of theirs into which of ours it comes.
 */
#ifndef STORE_AGREEMENT_H
#define STORE_AGREEMENT_H

#include "store/connection.h"
#include "store/objects.h"

/* One of our objects, as it goes out. */
struct agreement_out {
	struct object *object;
	bool published, known; /* known: the partner was told so before */
	bool *field; /* of object->fields: published */
	bool *told;  /* and has been before, of the same type: changes go */
};

/* One of their objects, as it comes in. */
struct agreement_in {
	char name[LIMIT_NAME + 1];  /* theirs */
	char local[LIMIT_NAME + 1]; /* ours */
	bool subscribed, accept, deletes;
	char owner[LIMIT_TEXT + 1]; /* or empty: the connection's */
};

struct agreement {
	struct agreement_out *out; /* sorted by object name, byte by byte */
	size_t outs;
	struct agreement_in *in; /* sorted likewise */
	size_t ins;
};

/* *a is the caller's to release, also after a failure. */
int agreement_read(struct agreement *a, struct store *st,
		   struct objects *objects, const struct connection *c,
		   struct err *err);
void agreement_release(struct agreement *a);

const struct agreement_out *agreement_out_of(const struct agreement *a,
					     const struct object *o);
const struct agreement_in *agreement_in_of(const struct agreement *a,
					   const char *name);

/*
 * Publish an object with all its fields, now and later (field NULL), or one
 * field; or everything (object NULL). Unpublish likewise; under --all it is a
 * lasting exception. Raises c->published, notes each in the history. ERR_USAGE
 * for what does not exist here or can never be published (S2S.md fact 25).
 */
int agreement_publish(struct store *st, struct objects *objects,
		      struct connection *c, const char *object,
		      const char *field, const char *user, struct err *err);
int agreement_unpublish(struct store *st, struct objects *objects,
			struct connection *c, const char *object,
			const char *field, const char *user, struct err *err);

/* What a subscription says; NULL for what is not said. */
struct agreement_subscription {
	const char *object; /* theirs */
	const char *local;  /* ours; NULL: of the same name */
	bool none, accept, deletes;
	const char *owner;
	const char *const *map; /* THEIRS=OURS */
	size_t maps;
};

/* Subscribe to one object. --all is set on the connection itself. */
int agreement_subscribe(struct store *st, const struct connection *c,
			const struct agreement_subscription *s,
			struct err *err);
int agreement_unsubscribe(struct store *st, const struct connection *c,
			  const char *object, struct err *err);

/*
 * Whether the partner publishes an object of that name; true also where no
 * bundle has said yet what they publish.
 */
int agreement_offered(struct store *st, const struct connection *c,
		      const char *object, bool *offered, struct err *err);

/* Our field for one of theirs, or NULL: mapped by a person, or by name. */
int agreement_map(struct store *st, const struct connection *c,
		  const char *object, struct field field,
		  const struct object *local, size_t *index, struct err *err);

/* Write down what has been told, once a bundle with it is made. */
int agreement_set_told(struct store *st, const struct connection *c,
		       const struct agreement *a, struct err *err);

/*
 * Whether a field of this name can ever be published: audit fields cannot, but
 * to a replica.
 */
bool agreement_publishable(const struct connection *c, const char *field);

#endif
