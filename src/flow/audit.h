/*
 * The connection history as a file for an auditor: its chains recomputed, its
 * CSV, and the words under which that is signed (FORMAT: DESIGN's section on
 * the connection history).
 *
 * The trusted comment of FILE.minisig is one of
 *
 *	orgferry history NAME rows N head HEX
 *	orgferry history all connections K rows N: NAME N HEX NAME N HEX...
 *	orgferry history all connections K rows N heads HEX
 *	orgferry history selection rows N [connection NAME] [since D]
 *		[until D] [category C]
 *
 * The third stands for the second where that is longer than 900 bytes: HEX is
 * BLAKE2b-256 over the heads, 32 bytes each, in the order of the file. A name
 * is percent-encoded, at most 600 bytes of it.
 */
#ifndef FLOW_AUDIT_H
#define FLOW_AUDIT_H

#include "store/history.h"
#include "store/home.h"

/* One connection's chain, as far as rows have come. */
struct audit_chain {
	char *name; /* the connection's, as the last row has it */
	uint64_t rows;
	uint8_t first[KEYS_HASH], head[KEYS_HASH];
};

struct audit_chains {
	struct audit_chain *chain;
	size_t count;
	uint64_t rows; /* of all */
};

#define AUDIT_CHAINS_INIT { NULL, 0, 0 }

/*
 * Take the next row. A chain ends where Sequence is 1 again. ERR_REFUSED names
 * the connection and the row where the chain breaks, and how.
 */
int audit_take(struct audit_chains *all, const char *const *value,
	       struct err *err);
void audit_chains_release(struct audit_chains *all);

#define AUDIT_UNTRUSTED "signature of an orgferry connection history"
#define AUDIT_ALL "orgferry history all connections "
#define AUDIT_SELECTION "orgferry history selection rows "

/*
 * The trusted comment for these chains. all: of a whole home; else of one
 * connection, and name stands for it where it has no rows.
 */
int audit_comment(struct buf *out, const struct audit_chains *chains, bool all,
		  const char *name, struct err *err);

/*
 * The last column of a copy for spreadsheet programs, which tells it from the
 * history: "changed" in the rows that have a value defused.
 */
#define AUDIT_COPY "Spreadsheet Copy"

/*
 * Whether a spreadsheet program could take a value for more than text: OWASP's
 * list, also after blanks; a plain number is none.
 */
bool audit_is_formula(const char *value);

struct audit_export {
	struct history_filter filter;
	const char *path; /* must be free, and so must PATH.minisig */
	bool spreadsheet; /* a defused copy, which is not signed */
};

struct audit_sum {
	struct audit_chains chains; /* none of a selection */
	uint64_t rows;
	bool selection; /* since, until or category left rows out */
};

#define AUDIT_SUM_INIT { AUDIT_CHAINS_INIT, 0, false }

/*
 * Write the history and its signature. Every chain is recomputed on the way,
 * of a selection too: what does not hold is not signed.
 */
int audit_export(struct home *home, const struct audit_export *what,
		 struct audit_sum *sum, struct err *err);

#endif
