/*
 * Every ceiling of the program and the reason for it.
 *
 * A file from a stranger is read against these before anything is allocated
 * for it. FORMAT.md states those that bind a bundle; a ceiling that changes
 * there changes here in the same commit.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

/*
 * One member of a bundle, inflated. Small enough that a few in flight on every
 * core stay far below 96 MiB, large enough that deflate loses nothing by the
 * cuts and that a million records need a hundred members.
 */
#define LIMIT_MEMBER (4 * MIB)

/*
 * One member as stored. Deflate grows what it cannot shrink by 5 bytes in
 * every 16 KiB and 18 at the ends: 1.3 KiB for a full member. Rounded up.
 */
#define LIMIT_STORED (LIMIT_MEMBER + 64 * KIB)

/* The manifest is parsed in memory, some ten times its size as a tree. */
#define LIMIT_MANIFEST (4 * MIB)

/*
 * Members that a manifest names; at about 220 bytes each they fill it. With
 * bodies listed in members of their own, 64 GiB of rows and any size of files.
 */
#define LIMIT_MEMBERS ((size_t)16384)

/* A signature text: four lines, of which minisign allows 1 KiB and 8 KiB. */
#define LIMIT_MINISIG (10 * KIB)

/* A public key text: a comment of at most 1 KiB, and 57 bytes. */
#define LIMIT_PUBLIC_KEY (2 * KIB)

/* The statement of a sealing key: a public key text, a line, a signature. */
#define LIMIT_SEALING_KEY (16 * KIB)

/* A secret key file is some 400 bytes; whatever is longer is not one. */
#define LIMIT_SECRET_KEY (4 * KIB)

/*
 * What a key file may ask of the machine that opens it: libsodium's
 * "sensitive" cost. A hostile key file must not ask for a terabyte.
 */
#define LIMIT_KDF_MEMORY ((uint64_t)1 << 30)
#define LIMIT_KDF_OPS ((uint64_t)4)

/*
 * One CSV record. An object's long texts share 1,638,400 characters; at four
 * bytes each, with room for its other fields, no honest row is larger.
 */
#define LIMIT_ROW (8 * MIB)

/* Columns of one CSV. Salesforce's own reader stops at 5,000. */
#define LIMIT_COLUMNS ((size_t)5000)

/*
 * Records of one member by columns, each a value of every row in it. A reader
 * holds one row of values at a time; past some ten thousand, deflate, which
 * looks back 32 KiB, gains nothing.
 */
#define LIMIT_RECORDS ((size_t)65536)

/*
 * An API name: 40 characters, a namespace of 15, and suffixes. With it a
 * member's name fits the 100 bytes that a tar header has for one.
 */
#define LIMIT_NAME ((size_t)70)

/*
 * One text in a manifest: an org's or a contact's name, a mail address (254),
 * a note. S2S allows a connection's name 295 characters of up to 4 bytes.
 */
#define LIMIT_TEXT ((size_t)1200)

/* Notices in one manifest. A person makes them one at a time. */
#define LIMIT_NOTICES ((size_t)256)

/* Objects that a bundle speaks of. An org may have 3,000 custom ones. */
#define LIMIT_OBJECTS ((size_t)4096)

/*
 * Values in one JSON text. Its tree costs some hundred bytes each, and the
 * fullest manifest has 100,000.
 */
#define LIMIT_JSON_VALUES ((size_t)200000)

/*
 * Plaintext of one chunk of a sealed bundle: what is decrypted and trusted at
 * once. 17 bytes of overhead in 64 KiB is nothing.
 */
#define LIMIT_CHUNK (64 * KIB)

/*
 * Parts of one body: 100 GB. They stand in one index member, whose rows have
 * some 150 bytes. No file of Salesforce's comes near.
 */
#define LIMIT_PARTS ((unsigned)25000)

/* A message: one line for a person, with a path and a value in it. */
#define LIMIT_MESSAGE ((size_t)1024)

/* A stranger's value shown inside a message, after escaping. */
#define LIMIT_SHOWN ((size_t)200)

/* Threads beside the main one. More never helped on what orgferry does. */
#define LIMIT_THREADS 8

#endif
