/*
 * The sealed envelope round a plain bundle (FORMAT.md, "Sealed bundle"):
 * opened by its recipient alone, made by its sender alone, whole or refused.
 *
 * Both ends are streams. What comes out of envelope_in was sealed by the
 * sender; that it is all that was sealed is known at the end, which is
 * reported only after the final chunk and the file's own end.
 */
#ifndef FORMAT_ENVELOPE_H
#define FORMAT_ENVELOPE_H

#include <stdbool.h>

#include "base/file.h"
#include "format/keys.h"

/* "orgferry sealed 0\n", sender's key id, recipient's, lock, stream header. */
enum {
	ENVELOPE_MAGIC = 18,
	ENVELOPE_HEAD = ENVELOPE_MAGIC + 2 * KEYS_ID + KEYS_LOCK + KEYS_STREAM,
};

/* Whether a file that begins so is sealed. */
bool envelope_is(const uint8_t start[static ENVELOPE_MAGIC]);

struct envelope_out;

/*
 * Seal to a recipient: `to` names its key id for the reader's convenience,
 * sealing is what opens it. The sink is only borrowed. *out is the caller's.
 */
int envelope_begin(struct envelope_out **out, struct file_sink *under,
		   const struct key_pair *from,
		   const uint8_t to[static KEYS_ID],
		   const uint8_t sealing[static KEYS_SEAL_PUBLIC],
		   struct err *err);
struct file_sink *envelope_sink(struct envelope_out *out);

/* The final chunk. At least one byte must have gone in. */
int envelope_end(struct envelope_out *out, struct err *err);
void envelope_out_free(struct envelope_out *out); /* NULL is fine */

struct envelope_in;

/* The head of a sealed file, taken apart; nothing in it is trusted yet. */
struct envelope_head {
	uint8_t bytes[ENVELOPE_HEAD];
	uint8_t from[KEYS_ID], to[KEYS_ID];
};

/* Read the head, its first ENVELOPE_MAGIC bytes included. */
int envelope_read_head(struct envelope_head *head, struct file_source *under,
		       struct err *err);

/* Open with our own keys and the sender's sealing key. */
int envelope_open(struct envelope_in **out, const struct envelope_head *head,
		  struct file_source *under, const struct key_pair *own,
		  const uint8_t from[static KEYS_SEAL_PUBLIC],
		  struct err *err);
struct file_source *envelope_source(struct envelope_in *in);
void envelope_in_free(struct envelope_in *in); /* NULL is fine */

#endif
