/* The members of a bundle: see member.h. */
#include "format/member.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* How a group's names are spelled: before the object, after it, at the end. */
struct spelling {
	const char *folder, *before_number, *after_number;
	bool by_object;
};

static const struct spelling spellings[MEMBER_GROUPS] = {
	[MEMBER_SENDER] = { "sender.pub", "", "", false },
	[MEMBER_PUBLISHED] = { "published/", "", ".csv.gz", false },
	[MEMBER_NAMES] = { "changes/names-", "", ".csv.gz", false },
	[MEMBER_CREATES] = { "changes/", ".creates-", ".csv.gz", true },
	[MEMBER_UPDATES] = { "changes/updates-", "", ".csv.gz", false },
	[MEMBER_IDS] = { "receipts/ids-", "", ".csv.gz", false },
	[MEMBER_REFUSED] = { "receipts/refused-", "", ".csv.gz", false },
	[MEMBER_INDEX] = { "files/index-", "", ".csv.gz", false },
	[MEMBER_PART] = { "files/", ".", "", false },
};

static const char *const published[] = {
	"Object", "Field",     "Label", "Type",	      "Length",
	"Precision", "Scale", "References", "Values",
};
static const char *const names[] = {
	"Object", "Name", "Change", "Modified", "Origin Org", "Origin Record",
};
static const char *const updates[] = { "Record", "Field", "Value" };
static const char *const ids[] = { "Object", "Name", "Id", "Status" };
static const char *const refused[] = {
	"Object", "Name", "Field", "Code", "Rule", "Message",
};
static const char *const parts[] = { "Member", "Size", "Hash" };

#define COLUMNS(a) { a, sizeof a / sizeof *a }
static const struct {
	const char *const *name;
	size_t count;
} columns[MEMBER_GROUPS] = {
	[MEMBER_PUBLISHED] = COLUMNS(published),
	[MEMBER_NAMES] = COLUMNS(names),
	[MEMBER_UPDATES] = COLUMNS(updates),
	[MEMBER_IDS] = COLUMNS(ids),
	[MEMBER_REFUSED] = COLUMNS(refused),
	[MEMBER_INDEX] = COLUMNS(parts),
};

void
member_spell(char out[static ARCHIVE_NAME], const struct member_name *m)
{
	const struct spelling *s = &spellings[m->group];
	char hash[2 * KEYS_HASH + 1] = "", number[16] = "", whole[256];

	if (m->group == MEMBER_PART)
		text_hex(hash, m->hash, sizeof m->hash);
	if (m->group != MEMBER_SENDER)
		(void)snprintf(number, sizeof number, "%u", m->number);
	(void)snprintf(whole, sizeof whole, "%s%s%s%s%s%s", s->folder,
		       m->object, hash, s->before_number, number,
		       s->after_number);
	whole[ARCHIVE_NAME - 1] = 0; /* 99 bytes at the most: LIMIT_NAME */
	memcpy(out, whole, ARCHIVE_NAME);
}

/* Fill what lies between a group's fixed parts; member_parse() checks it. */
static void
guess(struct member_name *m, const char *name)
{
	const struct spelling *s = &spellings[m->group];
	const char *at = name + strlen(s->folder), *dot = strchr(at, '.');

	if (dot && s->by_object && (size_t)(dot - at) <= LIMIT_NAME) {
		memcpy(m->object, at, (size_t)(dot - at));
		at = dot;
	} else if (dot && m->group == MEMBER_PART &&
		   text_unhex(m->hash, KEYS_HASH, at, (size_t)(dot - at))) {
		at = dot;
	}
	if (strncmp(at, s->before_number, strlen(s->before_number)) == 0)
		at += strlen(s->before_number);
	for (unsigned i = 0; i < 5 && *at >= '0' && *at <= '9'; i++)
		m->number = m->number * 10 + (unsigned)(*at++ - '0');
}

bool
member_parse(struct member_name *out, const char *name)
{
	if (strlen(name) >= ARCHIVE_NAME)
		return false;
	for (int g = 0; g < MEMBER_GROUPS; g++) {
		struct member_name m = { .group = (enum member_group)g };
		char again[ARCHIVE_NAME];

		if (strncmp(name, spellings[g].folder,
			    strlen(spellings[g].folder)) != 0)
			continue;
		guess(&m, name);
		member_spell(again, &m);
		if (strcmp(again, name) != 0)
			continue;
		if (spellings[g].by_object &&
		    !member_api_name(m.object, strlen(m.object)))
			continue;
		if (g != MEMBER_SENDER && m.number == 0)
			continue;
		*out = m;
		return true;
	}
	return false;
}

bool
member_by_object(enum member_group group)
{
	return spellings[group].by_object;
}

bool
member_by_columns(enum member_group group)
{
	return group == MEMBER_NAMES || group == MEMBER_CREATES;
}

const char *const *
member_columns(enum member_group group, size_t *count)
{
	*count = columns[group].count;
	return columns[group].name;
}

int
member_check_columns(enum member_group group, const struct row *header,
		     struct err *err)
{
	size_t count;
	const char *const *name = member_columns(group, &count);

	if (name && header->count != count)
		return err_set(err, ERR_REFUSED, "line 1: has %zu columns "
			       "where %zu belong", header->count, count);
	for (size_t i = 0; i < header->count; i++) {
		struct field f = header->field[i];

		if (name ? !field_is(f, name[i]) :
			   !member_api_name(f.at, f.len))
			return err_set(err, ERR_REFUSED, "line 1: column %zu "
				       "is %s where %s belongs", i + 1,
				       SHOWN_N(f.at, f.len),
				       name ? name[i] : "an API name");
	}
	return 0;
}

bool
member_api_name(const char *s, size_t len)
{
	if (len < 1 || len > LIMIT_NAME)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			continue;
		if (i == 0 || !((c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return true;
}
