/*
 * orgferry: the one place that prints errors and exits. Options before the
 * command are taken here, the rest by cli_parse() from the command's row.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"
#include "format/keys.h"

#define VERSION "0"

/*
 * A standard stream that is closed would be the next file opened, and what is
 * printed would go into that. One that fails takes its place.
 */
static int
hold_streams(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			return -1;
	return 0;
}

static void
take_home(struct cli *cli, const char *home)
{
	cli->home = home;
	cli->home_named = true;
}

/* -C HOME, --user, --json, --quiet: may stand before the command. */
static int
take_globals(struct cli *cli, int argc, char **argv)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "-C") == 0 && i + 1 < argc) {
			take_home(cli, argv[++i]);
		} else if (strcmp(argv[i], "--user") == 0 && i + 1 < argc) {
			cli->user = argv[++i];
		} else if (strcmp(argv[i], "--json") == 0) {
			cli->json = true;
		} else if (strcmp(argv[i], "--quiet") == 0) {
			cli->quiet = true;
		} else {
			break;
		}
	}
	return i;
}

/* The same are taken after the command too, where people put them. */
static int
drop_globals(struct cli *cli, int argc, char **argv)
{
	bool options = true;
	int kept = 0;

	for (int i = 0; i < argc; i++) {
		options &= strcmp(argv[i], "--") != 0;
		if (!options)
			argv[kept++] = argv[i];
		else if (strcmp(argv[i], "--json") == 0)
			cli->json = true;
		else if (strcmp(argv[i], "--quiet") == 0)
			cli->quiet = true;
		else if (strcmp(argv[i], "-C") == 0 && i + 1 < argc)
			take_home(cli, argv[++i]);
		else if (strcmp(argv[i], "--user") == 0 && i + 1 < argc)
			cli->user = argv[++i];
		else
			argv[kept++] = argv[i];
	}
	return kept;
}

static bool
wants_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static int
run_command(struct cli *cli, int argc, char **argv)
{
	size_t words;
	int rc = -1;

	cli->command = cli_find(argv[0], argc > 1 ? argv[1] : NULL, &words);
	if (!cli->command)
		return cli_no_command(cli, argv[0], argc > 1 ? argv[1] : NULL);
	argc -= (int)words;
	argv += words;
	if (wants_help(argc, argv)) {
		cli_help(cli->command);
		return 0;
	}
	cli->argument = calloc((size_t)argc + 1, sizeof *cli->argument);
	cli->given = calloc((size_t)argc + 1, sizeof *cli->given);
	argc = drop_globals(cli, argc, argv);
	if (!cli->argument || !cli->given)
		(void)err_memory(&cli->err);
	else if (cli_parse(cli, argc, argv) == 0 && keys_init(&cli->err) == 0)
		rc = cli->command->run(cli);
	free(cli->argument);
	free(cli->given);
	return rc;
}

/*
 * Whether standard output is a pipe whose reader has gone. That was the
 * reader's choice, and all is done that was to be done: the exit status is
 * that of the work, and there is nobody to tell more.
 */
static bool
reader_left(void)
{
	struct pollfd out = { .fd = 1, .events = POLLOUT };

	return poll(&out, 1, 0) > 0 && (out.revents & POLLERR);
}

int
main(int argc, char **argv)
{
	const char *home = getenv("ORGFERRY_HOME"), *user = getenv("USER");
	struct cli cli = { .home = home && *home ? home : ".",
			   .home_named = home && *home,
			   .user = user && *user ? user : "operator" };
	int i = take_globals(&cli, argc, argv), rc;

	if (hold_streams() < 0)
		return ERR_SYSTEM;
	/*
	 * A full disk is an error that is told, not a death. Nor may a closed
	 * pipe end a command between two things that it changes: an import of
	 * three bundles whose reader left after the first line takes in all
	 * three. What only tells says so: cli_only_tells().
	 */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	if (i == argc || strcmp(argv[i], "--help") == 0 ||
	    strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "help") == 0) {
		cli_help(NULL);
		rc = i == argc ? ERR_USAGE : 0;
	} else if (strcmp(argv[i], "--version") == 0) {
		printf("orgferry %s\n", VERSION);
		rc = 0;
	} else if (strcmp(argv[i], "-C") == 0) {
		rc = err_set(&cli.err, ERR_USAGE, "-C wants HOME, the folder "
			     "of a home, and then a command");
	} else if (argv[i][0] == '-') {
		rc = err_set(&cli.err, ERR_USAGE, "no option %s before a "
			     "command (see: orgferry --help)", SHOWN(argv[i]));
	} else {
		rc = run_command(&cli, argc - i, argv + i);
	}
	if ((fflush(stdout) != 0 || ferror(stdout)) && rc >= 0 &&
	    !reader_left())
		rc = err_set(&cli.err, ERR_SYSTEM, "cannot write to standard "
			     "output; all else was done");
	if (rc < 0)
		(void)fprintf(stderr, "orgferry: %s\n", cli.err.msg);
	return rc < 0 ? (int)cli.err.kind : rc;
}
