/* maker OUT KIND [sealed]: one of sample.h's bundles as a file. */
#include <stdio.h>
#include <string.h>

#include "format/sample.h"

int
main(int argc, char **argv)
{
	struct sample_keys keys;
	struct err err = { 0 };
	int rc = -1;

	for (int k = 0; argc >= 3 && k < SAMPLE_KINDS; k++) {
		if (strcmp(argv[2], sample_name((enum sample_kind)k)) != 0)
			continue;
		if (sample_keys_read(&keys, &err) == 0)
			rc = sample_write(argv[1], (enum sample_kind)k,
					  argc > 3, &keys, &err);
		sample_keys_free(&keys);
		if (rc < 0)
			(void)fprintf(stderr, "maker: %s\n", err.msg);
		return rc < 0 ? 1 : 0;
	}
	(void)fprintf(stderr, "usage: maker OUT KIND [sealed]\n");
	return 2;
}
