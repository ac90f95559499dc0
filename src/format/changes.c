/*
 * The rows of a bundle: see changes.h.
 *
 * A run is all members of one group and object. Rules of one row stand in a
 * function a group; those of a whole run are checked when the next begins.
 */
#include "format/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

struct changes {
	struct bundle_in *from;
	const struct manifest *manifest;
	const struct bundle_member *member; /* being read */
	struct rows *rows;		    /* its rows, or NULL */
	const struct manifest_object *object;
	enum member_group group; /* of the run; MEMBER_GROUPS: none yet */
	uint64_t count;		 /* rows of the run */
	uint64_t in_member;	 /* and of them in this member */
	struct buf columns;	 /* of the run's first member */
	struct buf before, now;	 /* keys: what this row's must come after */
	uint64_t before_record;
	size_t next_object; /* whose names are due */
	bool path_told;	    /* the error names the file already */
};

int
changes_open(struct changes **out, struct bundle_in *from, struct err *err)
{
	struct changes *c = calloc(1, sizeof *c);

	*out = NULL;
	if (!c)
		return err_memory(err);
	c->from = from;
	c->manifest = bundle_in_manifest(from);
	c->group = MEMBER_GROUPS;
	*out = c;
	return 0;
}

void
changes_free(struct changes *c)
{
	if (!c)
		return;
	rows_free(c->rows);
	buf_release(&c->columns);
	buf_release(&c->before);
	buf_release(&c->now);
	free(c);
}

static bool
is_id(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= '0' && s[i] <= '9') ||
		      (s[i] >= 'A' && s[i] <= 'Z') ||
		      (s[i] >= 'a' && s[i] <= 'z')))
			return false;
	return len == 18;
}

bool
changes_is_name(struct field f)
{
	return f.len == CHANGES_NAME && (f.at[0] == 'i' || f.at[0] == 'a') &&
	       f.at[1] == ':' && is_id(f.at + 2, f.len - 2);
}

bool
changes_is_reference(struct field f)
{
	return changes_is_name(f) ||
	       (f.len == CHANGES_NAME && f.at[0] == 'x' && f.at[1] == ':' &&
		is_id(f.at + 2, f.len - 2));
}

static int
bad(struct err *err, struct field f, const char *what)
{
	return err_set(err, ERR_REFUSED, "%s is not %s", SHOWN_N(f.at, f.len),
		       what);
}

/* One of these words; the last is followed by NULL. */
static bool
is_word(struct field f, const char *const *words)
{
	while (*words)
		if (field_is(f, *words++))
			return true;
	return false;
}

static bool
is_api_name(struct field f)
{
	return member_api_name(f.at, f.len);
}

static bool
is_count_or_empty(struct field f)
{
	uint64_t n;

	return f.len == 0 || text_parse_count(&n, f.at, f.len);
}

/*
 * Keys of a run's rows come in ascending order, each once: compared with the
 * row before, then kept for the next.
 */
static int
ascends(struct changes *c, struct field a, struct field b, uint64_t number,
	struct err *err)
{
	struct buf kept = c->before;
	size_t least;
	int order;

	buf_clear(&c->now);
	buf_add(&c->now, a.at, a.len);
	buf_add_byte(&c->now, 0);
	buf_add(&c->now, b.at, b.len);
	if (buf_ok(&c->now, err) < 0)
		return -1;
	least = c->now.len < kept.len ? c->now.len : kept.len;
	order = least ? memcmp(kept.data, c->now.data, least) : -1;
	if (order == 0)
		order = (kept.len > c->now.len) - (kept.len < c->now.len);
	if (order == 0)
		order = c->before_record < number ? -1 : 1;
	c->before = c->now;
	c->now = kept; /* its memory serves the next row */
	c->before_record = number;
	if (order >= 0)
		return err_set(err, ERR_REFUSED, "%s%s%s stands out of order, "
			       "or twice", SHOWN_N(a.at, a.len),
			       b.len ? " " : "",
			       b.len ? SHOWN_N(b.at, b.len) : "");
	return 0;
}

static const struct field none = { "", 0 };

/* Nothing, or API names with LF between them. */
static bool
is_name_list(struct field f)
{
	size_t begin = 0;

	for (size_t i = 0; f.len > 0 && i <= f.len; i++) {
		if (i < f.len && f.at[i] != '\n')
			continue;
		if (!member_api_name(f.at + begin, i - begin))
			return false;
		begin = i + 1;
	}
	return true;
}

static int
check_published(struct changes *c, const struct field *f, struct err *err)
{
	static const char *const types[] = {
		"",	  "id",	      "reference", "text",     "textarea",
		"number", "currency", "percent",   "boolean",  "date",
		"datetime", "time",   "picklist",  "multipicklist",
		"email",  "phone",    "url",	   "base64",   NULL,
	};

	if (!is_api_name(f[0]))
		return bad(err, f[0], "an API name");
	if (f[1].len > 0 && !is_api_name(f[1]))
		return bad(err, f[1], "an API name");
	if (!is_word(f[3], types))
		return bad(err, f[3], "a type");
	for (size_t i = 4; i <= 6; i++)
		if (!is_count_or_empty(f[i]))
			return bad(err, f[i], "a count");
	if (!is_name_list(f[7]))
		return bad(err, f[7], "a list of API names");
	/* An object's own row, without a field, comes before its fields'. */
	if (f[1].len > 0 && (c->before.len <= f[0].len ||
			     memcmp(c->before.data, f[0].at, f[0].len) != 0 ||
			     c->before.data[f[0].len] != 0))
		return bad(err, f[0], "an object with a row of its own");
	return ascends(c, f[0], f[1], 0, err);
}

/* What the number of a name says that it is. */
static const char *
change_word(const struct manifest_object *o, uint64_t number)
{
	if (number <= o->creates)
		return "create";
	return number <= o->creates + o->updates ? "update" : "delete";
}

static int
check_names(struct changes *c, const struct field *f, struct err *err)
{
	const struct manifest_object *o = c->object;
	const char *word = change_word(o, c->count);
	int64_t ms;

	if (c->count > o->creates + o->updates + o->deletes)
		return err_set(err, ERR_REFUSED, "is one more than the "
			       "manifest counts");
	if (!changes_is_name(f[0]))
		return bad(err, f[0], "a record's name");
	if (!field_is(f[1], word))
		return err_set(err, ERR_REFUSED, "is %s where, by the "
			       "manifest's counts, %s belongs",
			       SHOWN_N(f[1].at, f[1].len), word);
	if (f[2].len > 0 && !text_parse_instant(&ms, f[2].at, f[2].len))
		return bad(err, f[2], "a time like 2026-11-22T06:00:00.000Z");
	if ((f[3].len > 0) != (f[4].len > 0) ||
	    (f[3].len > 0 && (*word != 'c' || !is_id(f[3].at, f[3].len) ||
			      !is_id(f[4].at, f[4].len))))
		return bad(err, f[3], "an origin, which a create has whole "
			   "or not at all");
	/* Each kind of change begins its own order. */
	if (c->count == o->creates + 1 ||
	    c->count == o->creates + o->updates + 1)
		buf_clear(&c->before);
	return ascends(c, f[0], none, 0, err);
}

static int
check_creates(struct changes *c, const struct field *f, struct err *err)
{
	(void)f;
	if (c->count > c->object->creates)
		return err_set(err, ERR_REFUSED, "is one more than the "
			       "manifest counts");
	return 0;
}

static int
check_updates(struct changes *c, const struct field *f, uint64_t *record,
	      struct err *err)
{
	const struct manifest_object *o = c->object;

	if (!text_parse_count(record, f[0].at, f[0].len) || *record == 0 ||
	    *record > o->creates + o->updates)
		return bad(err, f[0], "the number of a record created or "
			   "updated here");
	if (!is_api_name(f[1]))
		return bad(err, f[1], "an API name");
	return ascends(c, f[1], none, *record, err);
}

static int
check_ids(struct changes *c, const struct field *f, struct err *err)
{
	static const char *const states[] = { "accepted",  "rejected",
					      "stopped",   "deleted",
					      "converted", NULL };

	if (!is_api_name(f[0]))
		return bad(err, f[0], "an API name");
	if (!changes_is_name(f[1]))
		return bad(err, f[1], "a record's name");
	if (!is_word(f[3], states))
		return bad(err, f[3], "a status");
	if (field_is(f[3], "accepted") ? !is_id(f[2].at, f[2].len) :
					 f[2].len > 0)
		return bad(err, f[2], "the id that an accepted record has, "
			   "and no other");
	return ascends(c, f[0], f[1], 0, err);
}

static int
check_refused(struct changes *c, const struct field *f, struct err *err)
{
	(void)c;
	if (!is_api_name(f[0]))
		return bad(err, f[0], "an API name");
	if (!changes_is_name(f[1]))
		return bad(err, f[1], "a record's name");
	if (f[2].len > 0 && !is_api_name(f[2]))
		return bad(err, f[2], "an API name");
	return 0;
}

static int
check_row(struct changes *c, struct change *change, struct err *err)
{
	const struct field *f = change->row->field;

	c->count++;
	c->in_member++;
	change->record = c->count;
	switch (c->group) {
	case MEMBER_PUBLISHED:
		return check_published(c, f, err);
	case MEMBER_NAMES:
		return check_names(c, f, err);
	case MEMBER_CREATES:
		return check_creates(c, f, err);
	case MEMBER_UPDATES:
		return check_updates(c, f, &change->record, err);
	case MEMBER_IDS:
		return check_ids(c, f, err);
	case MEMBER_REFUSED:
		return check_refused(c, f, err);
	default:
		return 0;
	}
}

static int
miscounted(struct err *err, const char *what, uint64_t have, uint64_t want)
{
	return err_set(err, ERR_REFUSED, "%s: %llu rows where the manifest "
		       "counts %llu", what, (unsigned long long)have,
		       (unsigned long long)want);
}

/* Objects up to this one that have names to give, and gave none. */
static int
names_are_due(struct changes *c, size_t until, struct err *err)
{
	for (; c->next_object < until; c->next_object++) {
		const struct manifest_object *o =
			&c->manifest->object[c->next_object];

		if (o->creates + o->updates + o->deletes > 0)
			return miscounted(err, o->name, 0,
					  o->creates + o->updates +
						  o->deletes);
	}
	return 0;
}

/* The run is over: has it all the rows that the manifest counts? */
static int
end_run(struct changes *c, struct err *err)
{
	const struct manifest_object *o = c->object;

	switch (c->group) {
	case MEMBER_PUBLISHED:
		if (c->count != c->manifest->catalog_rows)
			return miscounted(err, "published", c->count,
					  c->manifest->catalog_rows);
		break;
	case MEMBER_NAMES:
		if (c->count != o->creates + o->updates + o->deletes)
			return miscounted(err, o->name, c->count,
					  o->creates + o->updates +
						  o->deletes);
		break;
	case MEMBER_CREATES:
		if (c->count != o->creates)
			return miscounted(err, o->name, c->count, o->creates);
		break;
	default:
		break;
	}
	return 0;
}

static const struct manifest_object *
find_object(const struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->objects; i++)
		if (strcmp(m->object[i].name, name) == 0)
			return &m->object[i];
	return NULL;
}

static int
begin_run(struct changes *c, struct err *err)
{
	const struct member_name *name = &c->member->name;
	const struct manifest *m = c->manifest;
	size_t due = c->next_object;

	if (end_run(c, err) < 0)
		return -1;
	if (name->group != MEMBER_PUBLISHED && c->group == MEMBER_GROUPS &&
	    m->catalog_rows > 0)
		return miscounted(err, "published", 0, m->catalog_rows);
	c->group = name->group;
	c->object = member_by_object(name->group) ?
			    find_object(m, name->object) : NULL;
	c->count = 0;
	buf_clear(&c->before);
	buf_clear(&c->columns);
	if (c->group == MEMBER_NAMES) {
		due = (size_t)(c->object - m->object);
		if (names_are_due(c, due, err) < 0)
			return -1;
		c->next_object = due + 1;
	} else if (c->group > MEMBER_NAMES) {
		return names_are_due(c, m->objects, err);
	}
	return 0;
}

/* The header line of a member: its group's, and the same in all of a run. */
static int
check_header(struct changes *c, struct err *err)
{
	const struct row *header = rows_header(c->rows);
	struct buf line = BUF_INIT;
	int rc = -1;

	if (member_check_columns(c->group, header, err) < 0)
		return -1;
	rows_write(&line, ROWS_PLAIN, header->field, header->count);
	if (buf_ok(&line, err) < 0)
		goto out;
	if (c->columns.len > 0 &&
	    (c->columns.len != line.len ||
	     memcmp(c->columns.data, line.data, line.len) != 0)) {
		(void)err_set(err, ERR_REFUSED, "line 1: has other columns "
			      "than the member before it");
		goto out;
	}
	buf_clear(&c->columns);
	buf_add(&c->columns, line.data, line.len);
	rc = buf_ok(&c->columns, err);
out:
	buf_release(&line);
	return rc;
}

/* The next member: 1 if it has rows, 2 if it is a part, 0 at the end, -1. */
static int
next_member(struct changes *c, struct err *err)
{
	const enum member_group group = c->group;
	int got;

	rows_free(c->rows);
	c->rows = NULL;
	c->in_member = 0;
	got = bundle_in_next(c->from, &c->member, err);
	c->path_told = got < 0;
	if (got < 0)
		return -1;
	if (got == 0) {
		if (end_run(c, err) < 0 ||
		    (group == MEMBER_GROUPS && c->manifest->catalog_rows > 0 &&
		     miscounted(err, "published", 0,
				c->manifest->catalog_rows) < 0))
			return -1;
		return names_are_due(c, c->manifest->objects, err);
	}
	if (c->member->name.group == MEMBER_PART)
		return 2;
	if (c->member->name.number == 1 && begin_run(c, err) < 0)
		return -1;
	if (rows_open_memory(&c->rows, c->member->data, c->member->len, err) <
		    0 ||
	    check_header(c, err) < 0)
		return err_at(err, "member %s", c->member->spelled);
	return 1;
}

static int
next_row(struct changes *c, struct change *change, struct err *err)
{
	*change = (struct change){ .group = c->group };
	for (;;) {
		int got = 0;

		if (c->rows)
			got = rows_next(c->rows, &change->row, err);
		if (got < 0)
			return err_at(err, "member %s", c->member->spelled);
		if (got > 0)
			break;
		if (c->rows && c->in_member == 0)
			return err_set(err, ERR_REFUSED, "member %s: has no "
				       "rows", c->member->spelled);
		got = next_member(c, err);
		if (got <= 0)
			return got;
		if (got == 2) {
			change->group = MEMBER_PART;
			change->part = c->member;
			return 1;
		}
	}
	change->group = c->group;
	change->object = c->object;
	change->columns = rows_header(c->rows);
	if (check_row(c, change, err) < 0)
		return err_at(err, "member %s: line %llu", c->member->spelled,
			      (unsigned long long)change->row->line);
	return 1;
}

int
changes_next(struct changes *c, struct change *change, struct err *err)
{
	int got = next_row(c, change, err);

	if (got < 0 && !c->path_told)
		(void)err_at(err, "%s", SHOWN(bundle_in_path(c->from)));
	return got;
}
