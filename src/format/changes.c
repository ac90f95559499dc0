/*
 * The rows of a bundle: see changes.h.
 *
 * A run is all members of one group and object. Rules of one row stand in a
 * function a group; those of a whole run are checked when the next begins.
 */
#include "format/changes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "format/columns.h"
#include "format/naming.h"

struct changes {
	struct bundle_in *from;
	const struct manifest *manifest;
	const struct bundle_member *member; /* being read */
	struct rows *rows;		    /* its rows, or NULL */
	struct columns_in *table;	    /* or it is one by columns */
	bool by_columns;
	const struct manifest_object *object;
	enum member_group group; /* of the run; MEMBER_GROUPS: none yet */
	uint64_t count;		 /* rows of the run */
	uint64_t in_member;	 /* and of them in this member */
	struct buf columns;	 /* of the run's first member */
	struct buf before, now;	 /* keys: what this row's must come after */
	uint64_t before_record;
	uint64_t *first; /* an object: the records of those before it */
	bool named;	 /* the names have come */
	bool path_told;	 /* the error names the file already */

	/* Of names and updates, the row as changes.h tells it. */
	struct naming naming;
	size_t place[NAMING_COLUMNS]; /* in the member, or NAMING_COLUMNS */
	size_t column;		      /* where a value by columns is wrong */
	struct field said[NAMING_COLUMNS];
	struct row row;
	char field[LIMIT_NAME + 1], number[24];
	uint64_t record;
};

int
changes_open(struct changes **out, struct bundle_in *from, struct err *err)
{
	struct changes *c = calloc(1, sizeof *c);
	const struct manifest *m = bundle_in_manifest(from);

	*out = NULL;
	if (!c)
		return err_memory(err);
	c->from = from;
	c->manifest = m;
	c->group = MEMBER_GROUPS;
	c->object = m->object;
	naming_begin(&c->naming, m->as_of);
	c->first = calloc(m->objects + 1, sizeof *c->first);
	if (!c->first || columns_in_new(&c->table, err) < 0) {
		changes_free(c);
		return err_memory(err);
	}
	for (size_t i = 0; i < m->objects; i++)
		c->first[i + 1] = c->first[i] + m->object[i].creates +
				  m->object[i].updates + m->object[i].deletes;
	*out = c;
	return 0;
}

void
changes_free(struct changes *c)
{
	if (!c)
		return;
	rows_free(c->rows);
	columns_in_free(c->table);
	free(c->first);
	buf_release(&c->columns);
	buf_release(&c->before);
	buf_release(&c->now);
	free(c);
}

bool
changes_is_name(struct field f)
{
	return naming_is_name(f);
}

/* A name without what follows from the rest of it. */
enum { SHORT = CHANGES_NAME - 3 };

bool
changes_reference_read(char out[static CHANGES_NAME + 1], struct field f)
{
	if (f.len != CHANGES_NAME && f.len != SHORT)
		return false;
	memcpy(out, f.at, f.len);
	out[CHANGES_NAME] = 0;
	if (f.len == SHORT)
		text_id_check(out + SHORT, out + 2);
	return (out[0] == 'i' || out[0] == 'a' || out[0] == 'x') &&
	       out[1] == ':' &&
	       naming_is_id((struct field){ out + 2, CHANGES_NAME - 2 });
}

size_t
changes_reference_len(const char whole[static CHANGES_NAME])
{
	char check[3];

	text_id_check(check, whole + 2);
	return memcmp(check, whole + SHORT, sizeof check) == 0 ? SHORT :
								CHANGES_NAME;
}

bool
changes_instant_relative(char out[static TEXT_RELATIVE + 1], int64_t ms,
			 int64_t base_ms)
{
	char again[TEXT_INSTANT + 1];
	int64_t same;

	/* Only what can be read again. */
	text_instant(again, ms);
	if (!text_parse_instant(&same, again, TEXT_INSTANT) || same != ms)
		return false;
	text_relative(out, ms, base_ms);
	return true;
}

bool
changes_instant_read(int64_t *ms, const char *at, size_t len, int64_t base_ms)
{
	return text_parse_relative(ms, at, len, base_ms);
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

/* What the number of a name, among its object's, says that it is. */
static const char *
change_word(const struct manifest_object *o, uint64_t number)
{
	if (number <= o->creates)
		return "create";
	return number <= o->creates + o->updates ? "update" : "delete";
}

static size_t
index_of(const struct changes *c)
{
	return (size_t)(c->object - c->manifest->object);
}

/* The records of all objects. */
static uint64_t
total(const struct changes *c)
{
	return c->first[c->manifest->objects];
}

/* The object of a record, which is one of the bundle's; never goes back. */
static void
go_to_object(struct changes *c, uint64_t record)
{
	size_t i = index_of(c), was = i;

	while (record > c->first[i + 1])
		i++;
	c->object = &c->manifest->object[i];
	if (i != was)
		buf_clear(&c->before);
}

static int
misplaced(struct err *err, struct field f, const char *want)
{
	return err_set(err, ERR_REFUSED, "is %s where, by the manifest's "
		       "counts, %s belongs", SHOWN_N(f.at, f.len), want);
}

static int
check_names(struct changes *c, struct change *change, struct err *err)
{
	const struct field *f = c->said;
	const struct manifest_object *o;
	struct field cell[NAMING_COLUMNS];
	const char *word;
	uint64_t number;

	for (size_t i = 0; i < NAMING_COLUMNS; i++)
		cell[i] = c->place[i] < NAMING_COLUMNS ?
				  change->row->field[c->place[i]] :
				  (struct field){ "", 0 };
	c->column = NAMING_RECORD;
	if (c->count > total(c))
		return err_set(err, ERR_REFUSED, "is one more than the "
			       "manifest counts");
	go_to_object(c, c->count);
	if (naming_read(&c->naming, cell, c->said, &c->column, err) < 0)
		return -1;
	change->row = &c->row;
	c->row = (struct row){ f, NAMING_COLUMNS, 0, c->in_member };
	o = c->object;
	number = c->count - c->first[index_of(c)];
	word = change_word(o, number);
	c->column = NAMING_OBJECT;
	if (!field_is(f[NAMING_OBJECT], o->name))
		return misplaced(err, f[NAMING_OBJECT], o->name);
	c->column = NAMING_CHANGE;
	if (!field_is(f[NAMING_CHANGE], word))
		return misplaced(err, f[NAMING_CHANGE], word);
	c->column = NAMING_ORIGIN_ORG;
	if ((f[4].len > 0) != (f[5].len > 0) ||
	    (f[4].len > 0 && (*word != 'c' || !naming_is_id(f[4]) ||
			      !naming_is_id(f[5]))))
		return bad(err, f[4], "an origin, which a create has whole "
			   "or not at all");
	/* Each kind of change begins its own order. */
	if (number == o->creates + 1 || number == o->creates + o->updates + 1)
		buf_clear(&c->before);
	c->column = NAMING_RECORD;
	return ascends(c, f[NAMING_RECORD], none, 0, err);
}

static int
check_creates(struct changes *c, struct change *change, struct err *err)
{
	if (c->count > c->object->creates)
		return err_set(err, ERR_REFUSED, "is one more than the "
			       "manifest counts");
	change->record = c->first[index_of(c)] + c->count;
	return 0;
}

/* Whether a record may have updates: one that its object creates or updates. */
static bool
may_update(const struct changes *c, uint64_t record)
{
	uint64_t before = c->first[index_of(c)];

	return record > before && record <= total(c) &&
	       record - before <= c->object->creates + c->object->updates;
}

/* A row that goes on with the field of the one before. */
static int
further(struct changes *c, struct field f, uint64_t by, struct err *err)
{
	if (c->in_member == 1)
		return err_set(err, ERR_REFUSED, "the first row of a member "
			       "must name its field");
	if (by == 0)
		return bad(err, f, "how much further the record is, at least "
			   "1");
	c->record += by;
	if (!may_update(c, c->record))
		return err_set(err, ERR_REFUSED, "%s further is none of the "
			       "records of %s that are created or updated "
			       "here", SHOWN_N(f.at, f.len), c->object->name);
	c->before_record = c->record;
	return 0;
}

static int
check_updates(struct changes *c, struct change *change, struct err *err)
{
	const struct field *f = change->row->field;
	const struct manifest_object *was = c->object;
	uint64_t n;

	if (!text_parse_count(&n, f[0].at, f[0].len))
		return bad(err, f[0], "a record's number");
	if (f[1].len == 0) {
		if (further(c, f[0], n, err) < 0)
			return -1;
	} else {
		if (!is_api_name(f[1]))
			return bad(err, f[1], "an API name");
		if (n > 0 && n <= total(c))
			go_to_object(c, n);
		if (n > 0 && n <= c->first[index_of(c)])
			return err_set(err, ERR_REFUSED, "%s stands out of "
				       "order", SHOWN_N(f[0].at, f[0].len));
		if (!may_update(c, n))
			return bad(err, f[0], "the number of a record "
				   "created or updated here");
		if (c->in_member > 1 && c->object == was &&
		    field_is(f[1], c->field))
			return err_set(err, ERR_REFUSED, "%s repeats the one "
				       "before, which an empty field says",
				       SHOWN_N(f[1].at, f[1].len));
		(void)snprintf(c->field, sizeof c->field, "%.*s",
			       (int)f[1].len, f[1].at);
		c->record = n;
		if (ascends(c, f[1], none, n, err) < 0)
			return -1;
	}
	(void)snprintf(c->number, sizeof c->number, "%" PRIu64, c->record);
	c->said[0] = field_of(c->number);
	c->said[1] = field_of(c->field);
	c->said[2] = f[2];
	c->row = (struct row){ c->said, 3, change->row->line,
			       change->row->number };
	change->row = &c->row;
	change->record = c->record;
	return 0;
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
	if (field_is(f[3], "accepted") ? !naming_is_id(f[2]) :
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
	change->begins = c->in_member == 1;
	switch (c->group) {
	case MEMBER_PUBLISHED:
		return check_published(c, f, err);
	case MEMBER_NAMES:
		return check_names(c, change, err);
	case MEMBER_CREATES:
		return check_creates(c, change, err);
	case MEMBER_UPDATES:
		return check_updates(c, change, err);
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

/* All that should have come before this group has. */
static int
nothing_is_due(struct changes *c, enum member_group group, struct err *err)
{
	if (group > MEMBER_PUBLISHED && c->group == MEMBER_GROUPS &&
	    c->manifest->catalog_rows > 0)
		return miscounted(err, "published", 0,
				  c->manifest->catalog_rows);
	if (group > MEMBER_NAMES && !c->named && total(c) > 0)
		return miscounted(err, "names", 0, total(c));
	return 0;
}

/* The run is over: has it all the rows that the manifest counts? */
static int
end_run(struct changes *c, struct err *err)
{
	switch (c->group) {
	case MEMBER_PUBLISHED:
		if (c->count != c->manifest->catalog_rows)
			return miscounted(err, "published", c->count,
					  c->manifest->catalog_rows);
		break;
	case MEMBER_NAMES:
		if (c->count != total(c))
			return miscounted(err, "names", c->count, total(c));
		break;
	case MEMBER_CREATES:
		if (c->count != c->object->creates)
			return miscounted(err, c->object->name, c->count,
					  c->object->creates);
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

	if (end_run(c, err) < 0 || nothing_is_due(c, name->group, err) < 0)
		return -1;
	c->group = name->group;
	c->named |= c->group == MEMBER_NAMES;
	/* Names and updates begin with the first, and go on by their rows. */
	c->object = member_by_object(name->group) ?
			    find_object(c->manifest, name->object) :
			    c->manifest->object;
	c->count = 0;
	buf_clear(&c->before);
	buf_clear(&c->columns);
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

/* The rows of a member by columns: for names, which of them it has. */
static int
check_columns(struct changes *c, struct err *err)
{
	const struct row *names = columns_in_names(c->table);
	size_t count, at = 0;
	const char *const *known = member_columns(c->group, &count);

	for (size_t i = 0; !known && i < names->count; i++)
		if (!is_api_name(names->field[i])) {
			(void)bad(err, names->field[i], "an API name");
			return err_at(err, "line %" PRIu64,
				      columns_in_line(c->table, i));
		}
	if (!known)
		return 0;
	naming_restart(&c->naming);
	for (size_t i = 0; i < NAMING_COLUMNS; i++) {
		bool there = at < names->count &&
			     field_is(names->field[at], known[i]);

		c->place[i] = there ? at++ : NAMING_COLUMNS;
		if (!there && i < NAMING_MODIFIED)
			return err_set(err, ERR_REFUSED, "line %zu: here "
				       "belongs %s", i + 1, known[i]);
	}
	if (at < names->count)
		return err_set(err, ERR_REFUSED, "line %" PRIu64 ": %s does "
			       "not belong here",
			       columns_in_line(c->table, at),
			       SHOWN_N(names->field[at].at,
				       names->field[at].len));
	return 0;
}

/* Open the rows of a member. */
static int
open_rows(struct changes *c, struct err *err)
{
	const struct bundle_member *m = c->member;

	c->by_columns = member_by_columns(c->group);
	if (c->by_columns)
		return columns_in_read(c->table, m->data, m->len, err) < 0 ?
			       -1 : check_columns(c, err);
	if (rows_open_memory(&c->rows, m->data, m->len, err) < 0)
		return -1;
	return check_header(c, err);
}

/* The next member: 1 if it has rows, 2 if it is a part, 0 at the end, -1. */
static int
next_member(struct changes *c, struct err *err)
{
	int got;

	rows_free(c->rows);
	c->rows = NULL;
	c->by_columns = false;
	c->in_member = 0;
	got = bundle_in_next(c->from, &c->member, err);
	c->path_told = got < 0;
	if (got < 0)
		return -1;
	if (got == 0)
		return end_run(c, err) < 0 ||
				       nothing_is_due(c, MEMBER_GROUPS, err) <
					       0 ? -1 : 0;
	if (c->member->name.group == MEMBER_PART)
		return 2;
	if (c->member->name.number == 1 && begin_run(c, err) < 0)
		return -1;
	if (open_rows(c, err) < 0)
		return err_at(err, "member %s", c->member->spelled);
	return 1;
}

/* The next row of the open member: 1, 0 if there is none, -1. */
static int
row_of_member(struct changes *c, const struct row **row, struct err *err)
{
	int got = 0;

	if (c->by_columns)
		got = columns_in_next(c->table, row);
	else if (c->rows)
		got = rows_next(c->rows, row, err);
	if (got == 0 && c->rows && c->in_member == 0)
		return err_set(err, ERR_REFUSED, "has no rows");
	return got;
}

/* Where a row stands that is wrong. */
static int
tell_where(const struct changes *c, uint64_t line, struct err *err)
{
	size_t at = c->column;

	if (c->by_columns) {
		if (c->group == MEMBER_NAMES)
			at = c->place[at] < NAMING_COLUMNS ? c->place[at] : 0;
		(void)err_at(err, "line %" PRIu64 ": record %" PRIu64,
			     columns_in_line(c->table, at), c->in_member);
	} else {
		(void)err_at(err, "line %" PRIu64, line);
	}
	return err_at(err, "member %s", c->member->spelled);
}

static int
next_row(struct changes *c, struct change *change, struct err *err)
{
	uint64_t line;

	*change = (struct change){ .group = c->group };
	for (;;) {
		int got = row_of_member(c, &change->row, err);

		if (got < 0)
			return err_at(err, "member %s", c->member->spelled);
		if (got > 0)
			break;
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
	change->columns = c->by_columns ? columns_in_names(c->table) :
					  rows_header(c->rows);
	line = change->row->line;
	c->column = 0;
	if (check_row(c, change, err) < 0)
		return tell_where(c, line, err);
	if (c->group >= MEMBER_NAMES && c->group <= MEMBER_UPDATES)
		change->object = c->object;
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
