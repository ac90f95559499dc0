/* What the commands share: see cli.h. */
#include "cli/cli.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const struct cli_command *const topics[] = {
	cmd_begin, cmd_data, cmd_connect, cmd_agree, cmd_share, cmd_carry,
	cmd_audit,
};
static const char *const topic_names[] = { "begin", "org data", "connect",
					   "agree", "share",    "carry",
					   "audit" };

enum { TOPICS = sizeof topics / sizeof *topics };

static const struct cli_command *
find_name(const char *name)
{
	for (size_t t = 0; t < TOPICS; t++)
		for (const struct cli_command *c = topics[t]; c->name; c++)
			if (strcmp(c->name, name) == 0)
				return c;
	return NULL;
}

/* Two words first: one of a command's own must not take the second for it. */
const struct cli_command *
cli_find(const char *first, const char *second, size_t *words)
{
	const struct cli_command *c;
	char both[64];

	(void)snprintf(both, sizeof both, "%s %s", first,
		       second ? second : "");
	c = find_name(both);
	*words = 2;
	if (!c) {
		c = find_name(first);
		*words = c ? 1 : 0;
	}
	return c;
}

int
cli_no_command(struct cli *cli, const char *first, const char *second)
{
	size_t len = strlen(first);
	struct buf follow = BUF_INIT;
	const char *meant = NULL;
	char both[64];

	(void)snprintf(both, sizeof both, "%s %s", first,
		       second ? second : "");
	for (size_t t = 0; t < TOPICS; t++)
		for (const struct cli_command *c = topics[t]; c->name; c++) {
			if (text_like(c->name, strchr(c->name, ' ') ? both :
								      first))
				meant = c->name;
			if (strncmp(c->name, first, len) == 0 &&
			    c->name[len] == ' ')
				buf_addf(&follow, "%s%s",
					 follow.len ? ", " : "",
					 c->name + len + 1);
		}
	if (meant)
		(void)err_set(&cli->err, ERR_USAGE, "%s: is no command; did "
			      "you mean %s (see: orgferry --help)",
			      SHOWN(follow.len ? both : first), meant);
	else if (follow.len)
		(void)err_set(&cli->err, ERR_USAGE, "%s: wants another word: "
			      "%s (see: orgferry --help)", first,
			      buf_str(&follow) ? buf_str(&follow) : "");
	else
		(void)err_set(&cli->err, ERR_USAGE, "%s: is no command (see: "
			      "orgferry --help)", cli_shown(first, len));
	buf_release(&follow);
	return -1;
}

static size_t
option_index(const struct cli_command *c, const char *name, size_t len)
{
	size_t i = 0;

	while (i < CLI_OPTIONS && c->option[i].name &&
	       (strlen(c->option[i].name) != len ||
		memcmp(c->option[i].name, name, len) != 0))
		i++;
	return i < CLI_OPTIONS && c->option[i].name ? i : CLI_OPTIONS;
}

static const char *
value_at(const struct cli *cli, size_t option, size_t i)
{
	for (size_t g = 0; g < cli->givens; g++)
		if (cli->given[g].option == option && i-- == 0)
			return cli->given[g].value;
	return NULL;
}

const char *
cli_value_at(const struct cli *cli, const char *option, size_t i)
{
	return value_at(cli, option_index(cli->command, option,
					  strlen(option)), i);
}

const char *
cli_value(const struct cli *cli, const char *option)
{
	return cli_value_at(cli, option, 0);
}

static bool
may_repeat(const struct cli_option *option)
{
	size_t len = option->value ? strlen(option->value) : 0;

	return len >= 3 && strcmp(option->value + len - 3, "...") == 0;
}

/* -o VALUE, --name VALUE, --name=VALUE, --name. Moves *i past a value. */
static int
take_option(struct cli *cli, int argc, char **argv, int *i)
{
	const char *word = argv[*i], *name = word + 1, *equals, *value = "";
	const struct cli_option *option;
	size_t len, at;

	if (*name == '-')
		name++;
	equals = name > word + 1 ? strchr(name, '=') : NULL;
	len = equals ? (size_t)(equals - name) : strlen(name);
	at = (len == 1) == (name == word + 1) ?
		     option_index(cli->command, name, len) : CLI_OPTIONS;
	if (at == CLI_OPTIONS)
		return err_set(&cli->err, ERR_USAGE, "%s: has no option %s "
			       "(see: orgferry %s --help)",
			       cli->command->name, SHOWN(word),
			       cli->command->name);
	option = &cli->command->option[at];
	if (value_at(cli, at, 0) && !may_repeat(option))
		return err_set(&cli->err, ERR_USAGE, "%s: option %s was given "
			       "twice", cli->command->name, word);
	if (!option->value && equals)
		return err_set(&cli->err, ERR_USAGE, "%s: option --%s takes no "
			       "value", cli->command->name, option->name);
	if (equals)
		value = equals + 1;
	else if (option->value && *i + 1 < argc)
		value = argv[++*i];
	else if (option->value)
		return err_set(&cli->err, ERR_USAGE, "%s: option %s wants %s",
			       cli->command->name, word, option->value);
	cli->given[cli->givens++] = (struct cli_given){ at, value };
	return 0;
}

int
cli_parse(struct cli *cli, int argc, char **argv)
{
	const struct cli_command *c = cli->command;
	bool options = true;

	for (int i = 0; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0)
			options = false;
		else if (options && argv[i][0] == '-' && argv[i][1] != 0) {
			if (take_option(cli, argc, argv, &i) < 0)
				return -1;
		} else {
			cli->argument[cli->arguments++] = argv[i];
		}
	}
	if (cli->arguments < c->least || cli->arguments > c->most)
		return err_set(&cli->err, ERR_USAGE, "%s: wants %s%s "
			       "(see: orgferry %s --help)", c->name,
			       c->most ? "the arguments " : "no arguments",
			       c->arguments, c->name);
	return 0;
}

void
cli_only_tells(void)
{
	(void)signal(SIGPIPE, SIG_DFL);
}

static void
help_command(const struct cli_command *c)
{
	printf("orgferry %s%s%s\n\n%s.\n", c->name, *c->arguments ? " " : "",
	       c->arguments, c->help);
	for (size_t i = 0; i < CLI_OPTIONS && c->option[i].name; i++) {
		const struct cli_option *o = &c->option[i];
		char left[32];

		(void)snprintf(left, sizeof left, "%s%s%s%s",
			       o->name[1] ? "--" : "-", o->name,
			       o->value ? " " : "", o->value ? o->value : "");
		printf("%s  %-22s %s\n", i == 0 ? "\n" : "", left, o->help);
	}
	printf("\nExample: %s\n", c->example);
}

void
cli_help(const struct cli_command *command)
{
	cli_only_tells();
	if (command) {
		help_command(command);
		return;
	}
	printf("orgferry carries records between two Salesforce orgs that "
	       "share no network.\n\n"
	       "  orgferry [-C HOME] [--user NAME] [--json] [--quiet] "
	       "COMMAND ...\n");
	for (size_t t = 0; t < TOPICS; t++) {
		printf("\n%s\n", topic_names[t]);
		for (const struct cli_command *c = topics[t]; c->name; c++)
			printf("  %-20s %s\n", c->name, c->help);
	}
	printf("\nHOME is one org's folder: -C, else $ORGFERRY_HOME, "
	       "else the current one.\n"
	       "orgferry COMMAND --help tells more of a command.\n"
	       "Exit status: 0 done; 1 done, with conflicts; 2 wrong usage; "
	       "3 refused;\n4 out of order; 5 could not.\n");
}

void
cli_line(const char *label, const char *fmt, ...)
{
	va_list ap;

	printf("%-12s ", label);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)putchar('\n');
}

int
cli_json(struct js_build *b, struct js *value, bool line, struct err *err)
{
	struct buf out = BUF_INIT;
	int rc = line ? js_write_line(&out, b, value, err) :
			js_write(&out, b, value, err);

	if (rc == 0)
		(void)fwrite(out.data, 1, out.len, stdout);
	buf_release(&out);
	return rc;
}

static int
done_json(struct cli *cli, const char *text)
{
	const char *line = strchr(text, '\n');
	size_t len = line ? (size_t)(line - text) : strlen(text);
	struct js_build b = { false };
	struct js *o = js_new_object(&b);

	js_put(&b, o, "done", js_new_string_n(&b, text, len));
	if (line)
		js_put(&b, o, "next", js_new_string(&b, line + 1));
	return cli_json(&b, o, false, &cli->err);
}

int
cli_done(struct cli *cli, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	const char *said;
	va_list ap;
	int rc = 0;

	if (cli->quiet)
		return 0;
	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	said = buf_str(&text);
	if (!said)
		rc = err_memory(&cli->err);
	else if (cli->json)
		rc = done_json(cli, said);
	else
		(void)puts(said);
	buf_release(&text);
	return rc;
}

void
cli_add_arguments(const struct cli *cli, struct buf *out, size_t i)
{
	for (size_t n = 0; i < cli->arguments; i++, n++) {
		if (n > 0)
			buf_add_str(out, ", ");
		text_add_shown(out, cli->argument[i],
			       strlen(cli->argument[i]));
	}
}

const char *
cli_shown(const char *s, size_t len)
{
	static struct buf ring[4];
	static unsigned next;
	struct buf *b = &ring[next++ % 4];
	const char *shown;

	buf_clear(b);
	text_add_shown(b, s, len);
	shown = buf_str(b);
	return shown ? shown : "(out of memory)";
}
