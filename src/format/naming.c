/* How a bundle names records: see naming.h. */
#include "format/naming.h"

#include <stdio.h>
#include <string.h>

#include "format/member.h"

void
naming_begin(struct naming *n, const char *as_of)
{
	*n = (struct naming){ .begun = false };
	n->dated = text_parse_instant(&n->as_of, as_of, strlen(as_of));
}

void
naming_restart(struct naming *n)
{
	n->begun = false;
	*n->object = *n->change = 0;
}

bool
naming_is_id(struct field f)
{
	for (size_t i = 0; i < f.len; i++)
		if (!((f.at[i] >= '0' && f.at[i] <= '9') ||
		      (f.at[i] >= 'A' && f.at[i] <= 'Z') ||
		      (f.at[i] >= 'a' && f.at[i] <= 'z')))
			return false;
	return f.len == 18;
}

bool
naming_is_name(struct field f)
{
	return f.len == NAMING_NAME && (f.at[0] == 'i' || f.at[0] == 'a') &&
	       f.at[1] == ':' &&
	       naming_is_id((struct field){ f.at + 2, f.len - 2 });
}

/* Whether the last three of 20 are the check characters of those before. */
static bool
is_checked(const char name[static NAMING_NAME])
{
	char check[3];

	text_id_check(check, name + 2);
	return memcmp(check, name + NAMING_SHORT, sizeof check) == 0;
}

/* Where a name begins to differ from the one before. */
static size_t
common(const struct naming *n, const char name[static NAMING_SHORT])
{
	size_t i = 0;

	while (n->begun && i < NAMING_SHORT && name[i] == n->name[i])
		i++;
	return i;
}

/* A word is spelled where it changes. */
static struct field
spell_word(char *before, size_t room, struct field f)
{
	if (field_is(f, before))
		return (struct field){ "", 0 };
	(void)snprintf(before, room, "%.*s", (int)f.len, f.at);
	return f;
}

int
naming_spell(struct naming *n, const struct field *said, struct field *cell,
	     struct err *err)
{
	struct field name = said[NAMING_RECORD];
	struct field modified = said[NAMING_MODIFIED];
	size_t same;
	int64_t ms;

	for (size_t i = NAMING_MODIFIED; i < NAMING_COLUMNS; i++)
		cell[i] = said[i];
	if (!naming_is_name(name) || said[NAMING_OBJECT].len > LIMIT_NAME ||
	    said[NAMING_CHANGE].len >= sizeof n->change ||
	    (modified.len > 0 &&
	     !text_parse_instant(&ms, modified.at, modified.len)))
		return err_set(err, ERR_SYSTEM, "%s: is no name for a record, "
			       "or has no time", SHOWN_N(name.at, name.len));
	cell[NAMING_OBJECT] = spell_word(n->object, sizeof n->object,
					 said[NAMING_OBJECT]);
	cell[NAMING_CHANGE] = spell_word(n->change, sizeof n->change,
					 said[NAMING_CHANGE]);
	cell[NAMING_RECORD] = name;
	if (is_checked(name.at)) {
		same = common(n, name.at);
		cell[NAMING_RECORD] = (struct field){ name.at + same,
						      NAMING_SHORT - same };
	}
	memcpy(n->name, name.at, NAMING_NAME);
	n->begun = true;
	if (modified.len > 0 && n->dated) {
		text_relative(n->modified, ms, n->as_of);
		cell[NAMING_MODIFIED] = field_of(n->modified);
	}
	return 0;
}

static int
bad(struct err *err, struct field f, const char *what)
{
	return err_set(err, ERR_REFUSED, "%s is not %s", SHOWN_N(f.at, f.len),
		       what);
}

/* The word of a cell, and kept for the next. */
static int
read_word(char *before, size_t room, struct field *f, struct err *err)
{
	if (f->len == 0 && !*before)
		return err_set(err, ERR_REFUSED, "the first of a member must "
			       "not be empty");
	if (f->len > 0 && field_is(*f, before))
		return err_set(err, ERR_REFUSED, "%s repeats the one before, "
			       "which an empty value says",
			       SHOWN_N(f->at, f->len));
	if (f->len >= room || memchr(f->at, 0, f->len))
		return bad(err, *f, "a word that may stand here");
	if (f->len > 0)
		(void)snprintf(before, room, "%.*s", (int)f->len, f->at);
	*f = field_of(before);
	return 0;
}

static int
read_name(struct naming *n, struct field *f, struct err *err)
{
	char name[NAMING_NAME];
	size_t same;

	if (f->len == NAMING_NAME) {
		memcpy(name, f->at, NAMING_NAME);
		if (naming_is_name(*f) && is_checked(name))
			return err_set(err, ERR_REFUSED, "%s: its last three "
				       "characters follow from the others; "
				       "leave them out",
				       SHOWN_N(f->at, f->len));
	} else if (f->len > NAMING_SHORT ||
		   (!n->begun && f->len < NAMING_SHORT)) {
		return bad(err, *f, n->begun ? "a record's name or the end "
			   "of one" : "a record's whole name");
	} else {
		same = NAMING_SHORT - f->len;
		memcpy(name, n->name, same);
		if (f->len > 0)
			memcpy(name + same, f->at, f->len);
		if (common(n, name) != same)
			return err_set(err, ERR_REFUSED, "%s begins with what "
				       "the name before has there; leave that "
				       "out", SHOWN_N(f->at, f->len));
		text_id_check(name + NAMING_SHORT, name + 2);
	}
	if (!naming_is_name((struct field){ name, NAMING_NAME }))
		return bad(err, *f, "a record's name");
	memcpy(n->name, name, NAMING_NAME);
	*f = (struct field){ n->name, NAMING_NAME };
	return 0;
}

static int
read_modified(struct naming *n, struct field *f, struct err *err)
{
	int64_t ms;

	if (f->len == 0)
		return 0;
	if (!n->dated)
		return text_parse_instant(&ms, f->at, f->len) ? 0 :
		       bad(err, *f, "a time like 2026-11-22T06:00:00.000Z");
	if (!text_parse_relative(&ms, f->at, f->len, n->as_of))
		return bad(err, *f, "seconds before or after \"as_of\", like "
			   "-3600 or +0.250");
	text_instant(n->modified, ms);
	*f = (struct field){ n->modified, TEXT_INSTANT };
	return 0;
}

int
naming_read(struct naming *n, const struct field *cell, struct field *said,
	    size_t *column, struct err *err)
{
	memcpy(said, cell, NAMING_COLUMNS * sizeof *said);
	*column = NAMING_OBJECT;
	if (read_word(n->object, sizeof n->object, &said[NAMING_OBJECT], err) <
	    0)
		return -1;
	*column = NAMING_CHANGE;
	if (read_word(n->change, sizeof n->change, &said[NAMING_CHANGE], err) <
	    0)
		return -1;
	*column = NAMING_RECORD;
	if (read_name(n, &said[NAMING_RECORD], err) < 0)
		return -1;
	n->begun = true;
	*column = NAMING_MODIFIED;
	return read_modified(n, &said[NAMING_MODIFIED], err);
}
