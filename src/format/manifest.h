/*
 * The manifest: what a bundle is, from whom, for whom, and the hash of each of
 * its members (FORMAT.md, "Manifest").
 *
 * It has one spelling. A text is read into a struct, the struct is written
 * again, and both must be the same bytes: that refuses every other spelling,
 * order, escape or stray key at once, after the errors that can be named.
 */
#ifndef FORMAT_MANIFEST_H
#define FORMAT_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "format/member.h"

/* Numbers in it are exact in a double too, so in every tool that reads JSON. */
#define MANIFEST_MOST ((UINT64_C(1) << 53) - 1)

enum { MANIFEST_FORMAT = 0, MANIFEST_CONNECTION = 16, MANIFEST_EPOCH = 16 };

enum manifest_kind {
	MANIFEST_INVITATION,
	MANIFEST_ANSWER,
	MANIFEST_NOTICE,
	MANIFEST_CHANGES,
};

struct manifest_org {
	char id[19];		   /* 18 characters, or empty: not known */
	char name[LIMIT_TEXT + 1]; /* of the sender */
	bool sandbox;		   /* of the sender */
	uint8_t key[KEYS_ID];
	uint8_t sealing[KEYS_SEAL_PUBLIC]; /* of invitation and answer */
};

/* A place in one direction's row of bundles. */
struct manifest_place {
	uint8_t epoch[MANIFEST_EPOCH];
	uint64_t sequence; /* from 1 */
};

/* What the first bundle of an epoch says of the one before; else NONE. */
enum manifest_start {
	MANIFEST_START_NONE,
	MANIFEST_START_FIRST,	/* nothing was sent before on the connection */
	MANIFEST_START_FOLLOWS, /* goes on where another epoch ended */
	MANIFEST_START_FULL,	/* needs nothing that came before */
};

enum manifest_policy {
	MANIFEST_NEWEST,
	MANIFEST_INVITER,
	MANIFEST_ACCEPTER,
	MANIFEST_HOLD,
};

struct manifest_notice {
	enum manifest_notice_kind {
		MANIFEST_CANCEL,     /* the invitation */
		MANIFEST_DEACTIVATE, /* the connection, for good */
		MANIFEST_SUSPEND,
		MANIFEST_RESUME,
		MANIFEST_POLICY, /* for conflicts, from here on */
		MANIFEST_ROTATE, /* new keys, from the next bundle on */
	} kind;
	enum manifest_policy policy;
	char *statement; /* MANIFEST_ROTATE: the new sealing key file's text */
};

struct manifest_object {
	char name[LIMIT_NAME + 1];
	uint64_t creates, updates, deletes; /* records, in this bundle */
	uint64_t records;		    /* named by this side so far */
	uint8_t sum[KEYS_HASH];		    /* of the hashes of their names */
};

struct manifest_member {
	char name[ARCHIVE_NAME];
	size_t stored, size; /* bytes in the archive, bytes inflated */
	uint8_t hash[KEYS_HASH];
};

struct manifest {
	enum manifest_kind kind;
	uint8_t connection[MANIFEST_CONNECTION];
	struct manifest_org from;
	bool addressed; /* has `to` */
	struct manifest_org to;
	char made[TEXT_INSTANT + 1];

	/* Of an invitation, an answer, a notice before acceptance; else 0. */
	uint64_t revision;

	/* Of an invitation. */
	bool replication, one_way;
	enum manifest_policy policy;
	char contact_name[LIMIT_TEXT + 1], contact_mail[LIMIT_TEXT + 1];

	/* Of an answer. */
	bool accepted;
	uint8_t answered[KEYS_HASH]; /* the invitation's manifest */

	/* Of changes, and of a notice after acceptance. */
	struct manifest_place place; /* sequence 0: a notice before */
	bool has_previous;
	uint8_t previous[KEYS_HASH];
	enum manifest_start start;
	struct manifest_place follows;
	bool more; /* the state of as_of is reached by a later bundle */
	bool has_seen;
	struct manifest_place seen;
	char as_of[TEXT_INSTANT + 1]; /* or empty */
	uint64_t history;	      /* rows of the sender's history */
	uint8_t head[KEYS_HASH];      /* Hash of the last; zeros for none */
	struct manifest_notice *notice;
	size_t notices;

	/* Of changes. */
	struct manifest_object *object;
	size_t objects;

	/* Of invitation, answer and changes. */
	uint64_t catalog;	/* revision of what is published; 0: none yet */
	bool catalog_told;	/* published/ has all of it; else as it was */
	uint64_t catalog_rows;	/* in published/ */

	struct manifest_member *member;
	size_t members;
};

#define MANIFEST_INIT { .kind = MANIFEST_CHANGES }

/* Add the one spelling of m to out. */
int manifest_write(struct buf *out, const struct manifest *m, struct err *err);

/*
 * Read a manifest whose signature holds; its rules are manifest_check()'s.
 * ERR_REFUSED names the key. m is the caller's to release, also after a failure.
 */
int manifest_read(struct manifest *m, const void *text, size_t len,
		  struct err *err);

void manifest_release(struct manifest *m);

/* Their words on the wire and for people, from the closed sets above. */
const char *manifest_kind_word(enum manifest_kind kind);
const char *manifest_policy_word(enum manifest_policy policy);
const char *manifest_notice_word(enum manifest_notice_kind kind);
const char *manifest_start_word(enum manifest_start start);

#endif
