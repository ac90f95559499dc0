/*
 * Asks value.c for value_python.py: one question a line, its parts between
 * tabs, one answer a line.
 *
 *   respell TYPE TEXT      the API spelling, or `-` if refused
 *   equal TYPE TEXT TEXT   1 or 0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/value.h"

static void
answer(char *line)
{
	char *part[4] = { line, "", "", "" }, *tab;
	enum value_type type = VALUE_UNKNOWN;
	struct buf out = BUF_INIT;

	line[strcspn(line, "\n")] = 0;
	for (int i = 1; i < 4 && (tab = strchr(part[i - 1], '\t')); i++) {
		*tab = 0;
		part[i] = tab + 1;
	}
	if (!value_type_parse(&type, part[1], strlen(part[1])))
		exit(2);
	if (strcmp(part[0], "equal") == 0)
		printf("%d\n", value_equal(type, part[2], strlen(part[2]),
					   part[3], strlen(part[3])));
	else if (value_respell(&out, type, part[2], strlen(part[2])))
		puts(buf_str(&out));
	else
		puts("-");
	buf_release(&out);
}

int
main(void)
{
	char line[4096];

	while (fgets(line, sizeof line, stdin))
		answer(line);
	return 0;
}
