/* Record ids: see record_id.h. */
#include "model/record_id.h"

#include <string.h>

#include "base/text.h"

/* Not isalnum(), which asks the locale. */
static bool
is_digit_of_id(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

enum record_id_state
record_id_full(char out[static RECORD_ID + 1], const char *s, size_t len)
{
	char check[RECORD_ID - RECORD_ID_SHORT];

	out[0] = 0;
	if (len != RECORD_ID && len != RECORD_ID_SHORT)
		return RECORD_ID_NONE;
	for (size_t i = 0; i < len; i++)
		if (!is_digit_of_id(s[i]))
			return RECORD_ID_NONE;
	text_id_check(check, s);
	memcpy(out, s, len);
	if (len == RECORD_ID_SHORT)
		memcpy(out + len, check, sizeof check);
	out[RECORD_ID] = 0;
	if (memcmp(out + RECORD_ID_SHORT, check, sizeof check) != 0)
		return RECORD_ID_CHECK;
	return RECORD_ID_OK;
}

bool
record_id_is_null(const char *s, size_t len)
{
	static const char null[] = "000000000000000AAA";

	return (len == RECORD_ID || len == RECORD_ID_SHORT) &&
	       memcmp(s, null, len) == 0;
}
