/*
 * Connections: who the partner is, how far each direction has come, and one
 * table of lawful moves between S2S's statuses (S2S.md facts 1, 2, 15 to 20).
 * What happens to one is written to its history in the same transaction.
 */
#ifndef STORE_CONNECTION_H
#define STORE_CONNECTION_H

#include "format/manifest.h"
#include "store/history.h"

enum connection_status {
	CONNECTION_NEW, /* not in the store yet */
	CONNECTION_SENT,
	CONNECTION_RECEIVED,
	CONNECTION_ACCEPTED,
	CONNECTION_REJECTED,
	CONNECTION_INACTIVE,
};

/* What moves a connection. */
enum connection_act {
	CONNECTION_INVITE,	   /* we write an invitation */
	CONNECTION_INVITE_ONE_WAY, /* and await no answer */
	CONNECTION_BE_INVITED,	   /* theirs was imported */
	CONNECTION_ACCEPT,	   /* we accept theirs */
	CONNECTION_BE_ACCEPTED,	   /* they accepted ours */
	CONNECTION_BE_REJECTED,	   /* they declined ours */
};

/* How far one direction has come. */
struct connection_way {
	bool begun; /* epoch is one */
	uint8_t epoch[MANIFEST_EPOCH];
	uint64_t sequence;
	uint8_t hash[KEYS_HASH]; /* of the last manifest */
	char as_of[TEXT_INSTANT + 1];
	uint64_t published; /* revision told, or heard */
};

struct connection {
	int64_t number; /* in the store; 0: not there yet */
	uint8_t key[MANIFEST_CONNECTION];
	char name[LIMIT_TEXT + 1];
	bool inviter; /* this org invited */
	enum connection_status status;
	bool replication, one_way;
	enum manifest_policy policy;
	uint64_t revision;
	uint8_t invitation[KEYS_HASH]; /* of its manifest */
	char created[TEXT_INSTANT + 1], responded[TEXT_INSTANT + 1];
	char contact_name[LIMIT_TEXT + 1], contact_mail[LIMIT_TEXT + 1];
	char account[19];
	char owner[LIMIT_TEXT + 1];
	char partner_name[LIMIT_TEXT + 1];
	char partner_org[19];
	bool partner_sandbox;
	bool has_key, seals, confirmed;
	struct key_public partner; /* if has_key */
	uint8_t sealing[KEYS_SEAL_PUBLIC]; /* if seals */
	bool publish_all, subscribe_all, accept_all, delete_all;
	uint64_t published; /* revision of what we publish */
	struct connection_way out, in;
	int64_t out_ledger, out_change; /* up to which we have exported */
};

const char *connection_status_word(enum connection_status status);

/* By local name in any case: ERR_USAGE if there is none. */
int connection_find(struct store *st, const char *name, struct connection *c,
		    struct err *err);

/* Only whether there is one; NULL or an empty name stands for all. */
int connection_known(struct store *st, const char *name, struct err *err);

/* By the id that both sides know, or by number. 1, 0 if there is none, -1. */
int connection_by_key(struct store *st,
		      const uint8_t key[static MANIFEST_CONNECTION],
		      struct connection *c, struct err *err);

/* Each, by name. Stops at -1, which is returned. */
int connection_each(struct store *st,
		    int (*see)(void *ctx, const struct connection *c,
			       struct err *err),
		    void *ctx, struct err *err);

/*
 * Move and save, and note the new status in the history: ERR_USAGE if the
 * table has no such move. A new one gets its number; ERR_USAGE where its name
 * is taken, or another live one has the same partner org.
 */
int connection_move(struct store *st, struct connection *c,
		    enum connection_act act, const char *user,
		    struct err *err);

/* Save what changed besides the status. */
int connection_save(struct store *st, const struct connection *c,
		    struct err *err);

/*
 * Refuses, ERR_USAGE, where records may not be exchanged: not accepted, or
 * the partner's fingerprint not confirmed.
 */
int connection_check_live(const struct connection *c, struct err *err);

/* `i` or `a`: how this side's names begin, and the partner's. */
char connection_side(const struct connection *c, bool ours);

#endif
