/*
 * What the commands share: their table's shape, options, and what is printed.
 *
 * A command is a row of a table: its words, its arguments, its options, what
 * it needs, its handler. Help is printed from the same rows. A handler returns
 * 0, or 1 where some records were refused or are in conflict, or -1 with
 * cli->err filled; only main() prints that and exits.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "format/json.h"

struct cli;

struct cli_option {
	const char *name;  /* without the dashes; "o" is -o */
	/*
	 * What stands for its value in help; NULL: it has none. One that ends
	 * in "..." may be given often.
	 */
	const char *value;
	const char *help;
};

enum { CLI_OPTIONS = 12 };

struct cli_command {
	const char *name; /* one word or two */
	const char *arguments;
	size_t least, most; /* how many */
	const char *help;   /* one line */
	const char *example;
	int (*run)(struct cli *cli);
	struct cli_option option[CLI_OPTIONS]; /* up to one without a name */
};

/* Every topic's rows, ended by one without a name: cmd_<topic>.c. */
extern const struct cli_command cmd_audit[];
extern const struct cli_command cmd_begin[];
extern const struct cli_command cmd_agree[];
extern const struct cli_command cmd_carry[];
extern const struct cli_command cmd_connect[];
extern const struct cli_command cmd_data[];
extern const struct cli_command cmd_share[];

/* An option as it was given, in the order of the command line. */
struct cli_given {
	size_t option;
	const char *value; /* "" for one without */
};

struct cli {
	const struct cli_command *command;
	const char *home; /* -C, else $ORGFERRY_HOME, else "." */
	bool home_named;  /* by -C or $ORGFERRY_HOME */
	const char *user; /* --user, else the system's: who acts */
	bool json, quiet;
	const char **argument;
	size_t arguments;
	struct cli_given *given;
	size_t givens;
	struct err err;
};

/* What an option was given, or NULL. The option must be in the table. */
const char *cli_value(const struct cli *cli, const char *option);

/* The same for what it was given the i-th time, from 0. */
const char *cli_value_at(const struct cli *cli, const char *option, size_t i);

/* The rows of a command by its words; *words tells how many they were. */
const struct cli_command *cli_find(const char *first, const char *second,
				   size_t *words);

/*
 * Take a command's options and arguments apart. Fills cli->err: ERR_USAGE.
 * argument and given must have room for argc.
 */
int cli_parse(struct cli *cli, int argc, char **argv);

/*
 * From here on nothing is changed or written, only told: whoever reads our
 * standard output through a pipe may go, and that ends us at once and quietly,
 * as it does other tools. Before that, and in commands that never say so, a
 * closed pipe ends nothing: see main.c.
 */
void cli_only_tells(void);

/* Help: of all, or of one command. To standard output. */
void cli_help(const struct cli_command *command);

/* That these words are no command: which was meant, or may follow the first. */
int cli_no_command(struct cli *cli, const char *first, const char *second);

/*
 * A line for a person: "Label   value", the value shown harmlessly. Several
 * make a column.
 */
void cli_line(const char *label, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Print a value as JSON, on one line or on many, and free it. */
int cli_json(struct js_build *b, struct js *value, bool line,
	     struct err *err);

/*
 * What a command that only changes something has done, in a line that begins
 * with the verb in the past tense; what is to be done next may follow it in
 * lines of its own. Nothing under --quiet; under --json an object with "done"
 * and perhaps "next". The rest is shown as it stands: show strangers' text
 * with cli_shown(). 0, or -1 with cli->err filled.
 */
int cli_done(struct cli *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The arguments from the i-th on, as "A, B, C"; the caller's to release. */
void cli_add_arguments(const struct cli *cli, struct buf *out, size_t i);

/* A stranger's text, harmless, valid until the next call but three. */
const char *cli_shown(const char *s, size_t len);

#endif
