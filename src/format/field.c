/* One value of a CSV: see field.h. */
#include "format/field.h"

#include <stdlib.h>
#include <string.h>

struct field
field_of(const char *s)
{
	return (struct field){ s, strlen(s) };
}

bool
field_is(struct field f, const char *s)
{
	size_t len = strlen(s);

	return f.len == len && (len == 0 || memcmp(f.at, s, len) == 0);
}

bool
field_equal(struct field a, struct field b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Not zero exactly if a byte of the word is c. */
static uint64_t
has_byte(uint64_t word, uint8_t c)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x = word ^ ones * c;

	return (x - ones) & ~x & ones << 7;
}

/* Whether a value holds a comma, a quote, CR or LF: eight bytes at a time. */
static bool
has_special(struct field f)
{
	static const bool special[256] = {
		[','] = true, ['"'] = true, ['\r'] = true, ['\n'] = true,
	};
	uint64_t word;

	for (; f.len >= sizeof word; f.at += sizeof word, f.len -= sizeof word) {
		memcpy(&word, f.at, sizeof word);
		if (has_byte(word, ',') | has_byte(word, '"') |
		    has_byte(word, '\r') | has_byte(word, '\n'))
			return true;
	}
	for (size_t i = 0; i < f.len; i++)
		if (special[(unsigned char)f.at[i]])
			return true;
	return false;
}

bool
field_is_plain(struct field f)
{
	return !has_special(f) &&
	       !(f.len >= 3 && memcmp(f.at, "\xef\xbb\xbf", 3) == 0);
}

uint8_t *
field_put_quoted(uint8_t *to, struct field f)
{
	*to++ = '"';
	while (f.len > 0) {
		const char *quote = memchr(f.at, '"', f.len);
		size_t n = quote ? (size_t)(quote + 1 - f.at) : f.len;

		memcpy(to, f.at, n);
		to += n;
		f.at += n;
		f.len -= n;
		if (quote)
			*to++ = '"';
	}
	*to++ = '"';
	return to;
}

/* ASCII without case: API names are nothing else. */
static int
compare_names(const struct field *a, const struct field *b)
{
	for (size_t i = 0; i < a->len && i < b->len; i++) {
		int x = (unsigned char)a->at[i], y = (unsigned char)b->at[i];

		x += x >= 'A' && x <= 'Z' ? 'a' - 'A' : 0;
		y += y >= 'A' && y <= 'Z' ? 'a' - 'A' : 0;
		if (x != y)
			return x - y;
	}
	return (a->len > b->len) - (a->len < b->len);
}

static int
by_name(const void *a, const void *b)
{
	const struct field *x = *(const struct field *const *)a;
	const struct field *y = *(const struct field *const *)b;
	int order = compare_names(x, y);

	return order ? order : (x > y) - (x < y);
}

bool
field_find_twin(size_t *twin, size_t *of, const struct field *name,
		size_t count)
{
	const struct field **sorted = malloc((count + 1) * sizeof *sorted);

	if (!sorted)
		return false;
	*twin = count;
	*of = 0;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &name[i];
	qsort(sorted, count, sizeof *sorted, by_name);
	for (size_t i = 1; i < count; i++) {
		size_t later = (size_t)(sorted[i] - name);

		if (later < *twin &&
		    compare_names(sorted[i - 1], sorted[i]) == 0) {
			*twin = later;
			*of = (size_t)(sorted[i - 1] - name);
		}
	}
	free(sorted);
	return true;
}
