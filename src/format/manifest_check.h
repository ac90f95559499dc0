/*
 * What a manifest may say, its spelling apart (FORMAT.md, "Manifest", rules).
 *
 * Asked by the reader before anything else is done, and by the writer, so that
 * nothing is written that would be refused.
 */
#ifndef FORMAT_MANIFEST_CHECK_H
#define FORMAT_MANIFEST_CHECK_H

#include "format/manifest.h"

/* ERR_REFUSED names the key, the rule and the value. */
int manifest_check(const struct manifest *m, struct err *err);

#endif
