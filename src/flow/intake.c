/* One file of a snapshot: see intake.h. */
#include "flow/intake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/text.h"
#include "flow/known.h"
#include "flow/references.h"
#include "flow/typed.h"
#include "format/keys.h"
#include "format/skim.h"
#include "model/record_id.h"
#include "model/schema.h"

enum {
	BATCH = 256 << 10, /* bytes of raw rows parsed at once */
	TOLD = 100,	   /* bad rows named one by one */
};

/* A column of the file, and the field it is. */
struct column {
	size_t field; /* of the object; or NONE: set aside */
	bool guessing;
	bool late; /* it was there, and only now shows its type */
	bool ids;  /* of ids, none of which was known to be a record here */
	char seen[3]; /* how the last of those began that was looked at */
	struct value_guess guess;
};
#define NONE SIZE_MAX

/* A raw row that waits to be parsed. */
struct pending {
	uint64_t line;
	uint8_t print[RECORDS_PRINT];
	char id[RECORD_ID + 1];
};

struct work {
	struct intake *in;
	const struct snapshot_file *file;
	struct intake_tally *tally;
	struct object *o;
	struct buf header; /* its raw bytes */
	uint8_t print_key[KEYS_HASH];
	struct column *column;
	size_t columns, id_column, stamp_column;
	size_t line_end; /* its length in the header: LF or CRLF */
	bool fresh;	  /* the object has never been loaded */
	bool first; /* it has no records so far */
	struct known known;
	struct buf batch;
	struct pending *pending;
	size_t waiting, room;
	/* One row: values of all fields, which are new, what they had. */
	struct field *value, *base;
	bool *changed, *has_base;
	struct buf spelled;
};

static int
at_file(const struct work *w, struct err *err)
{
	return err_at(err, "%s", SHOWN(w->file->path));
}

static void
bad_row(struct work *w, uint64_t line, const char *rule, const char *value)
{
	if (w->in->bad_rows++ < TOLD)
		buf_addf(&w->in->bad, "%s: line %" PRIu64 ": %s%s%s\n",
			 SHOWN(w->file->path), line, rule, *value ? ": " : "",
			 value);
}

/* A type said anew of a field that is there: its values are respelled. */
static int
retype(struct work *w, size_t field, struct err *err)
{
	struct object_field *f = &w->o->field[field];
	enum value_type type;
	enum object_typed typed = typed_of(w->in->types, w->in->type_count,
					   w->o->name, f->name, &type);

	if (field == w->o->id || typed == OBJECT_INFERRED || typed < f->typed ||
	    (typed == f->typed && type == f->type))
		return 0;
	if (objects_set_type(w->in->objects, f, type, typed, err) < 0)
		return -1;
	return records_respell(w->in->records, w->o, f, err);
}

/* A column's field, made where the object has none of that name. */
static int
find_field(struct work *w, struct field name, size_t *field, struct err *err)
{
	char text[LIMIT_NAME + 1];
	enum value_type type;
	enum object_typed typed;

	if (memchr(name.at, '.', name.len)) {
		/* Account.Name: another object's field, from a query. */
		buf_addf(&w->in->notes, "%s: column %s is another object's "
			 "and was left out\n", SHOWN(w->file->path),
			 SHOWN_N(name.at, name.len));
		*field = NONE;
		return 0;
	}
	*field = objects_field(w->o, name.at, name.len);
	if (*field < w->o->fields)
		return retype(w, *field, err);
	if (!store_name(name.at, name.len))
		return err_set(err, ERR_REFUSED, "line 1: column %s is not the "
			       "API name of a field", SHOWN_N(name.at,
							      name.len));
	(void)snprintf(text, sizeof text, "%.*s", (int)name.len, name.at);
	typed = typed_of(w->in->types, w->in->type_count, w->o->name, text, &type);
	return objects_add_field(w->in->objects, w->o, text, type, typed,
				 field, err);
}

static int
map_columns(struct work *w, const struct row *header, struct err *err)
{
	w->columns = header->count;
	w->column = calloc(header->count, sizeof *w->column);
	if (!w->column)
		return err_memory(err);
	w->id_column = w->stamp_column = NONE;
	for (size_t i = 0; i < header->count; i++) {
		struct field name = header->field[i];
		size_t had = w->o->fields;

		if (find_field(w, name, &w->column[i].field, err) < 0)
			return -1;
		if (w->column[i].field == NONE)
			continue;
		if (w->column[i].field == w->o->id)
			w->id_column = i;
		if (name.len == 14 &&
		    strncasecmp(name.at, "SystemModstamp", 14) == 0)
			w->stamp_column = i;
		/* Only a column seen whole can tell its type. */
		w->column[i].guessing =
			(w->fresh || w->o->fields > had) &&
			w->o->field[w->column[i].field].typed ==
				OBJECT_INFERRED;
		w->column[i].late =
			!w->column[i].guessing &&
			w->o->field[w->column[i].field].typed ==
				OBJECT_INFERRED &&
			w->o->field[w->column[i].field].type == VALUE_UNKNOWN;
		w->column[i].guessing |= w->column[i].late;
		w->column[i].ids = w->o->field[w->column[i].field].type ==
				   VALUE_ID;
	}
	if (w->id_column == NONE)
		return err_set(err, ERR_REFUSED, "line 1: has no column Id, "
			       "which every record is known by; export it "
			       "with Id");
	return 0;
}

/* Which fields are columns now; written only where that changed. */
static int
place_columns(struct work *w, struct err *err)
{
	for (size_t f = 0; f < w->o->fields; f++) {
		int position = -1;

		for (size_t i = 0; i < w->columns; i++)
			if (w->column[i].field == f)
				position = (int)i;
		if (position != w->o->field[f].position &&
		    objects_set_position(w->in->objects, &w->o->field[f],
					 position, err) < 0)
			return -1;
	}
	return objects_set_header(w->in->objects, w->o, w->header.data,
				  w->header.len, err);
}

/*
 * The key of fingerprints under this header: the same bytes under another one
 * are other values, and a part may have brought another header meanwhile.
 */
static void
make_print_key(struct work *w)
{
	struct keys_hasher h;

	keys_hash_begin(&h);
	keys_hash_add(&h, w->in->print_key, sizeof w->in->print_key);
	keys_hash_add(&h, w->header.data, w->header.len);
	keys_hash_end(&h, w->print_key);
}

/* The first line: what columns there are, and whether they are as they were. */
static int
take_header(struct work *w, const struct skim_record *first, struct err *err)
{
	struct rows *rows = NULL;
	bool same_header;
	int rc = -1;

	buf_add(&w->header, first->data, first->len);
	if (buf_ok(&w->header, err) < 0)
		return -1;
	if (rows_open_memory(&rows, w->header.data, w->header.len, err) < 0)
		return -1;
	w->o = objects_find(w->in->objects, w->file->object);
	w->fresh = !w->o || w->o->header.len == 0;
	w->in->learned |= w->fresh;
	if (!w->o && objects_add(w->in->objects, w->file->object, &w->o, err) <
			     0)
		goto out;
	make_print_key(w);
	w->line_end = first->whole - first->len;
	same_header = w->header.len == w->o->header.len &&
		      memcmp(w->header.data, w->o->header.data,
			     w->header.len) == 0;
	rc = map_columns(w, rows_header(rows), err);
	if (rc == 0 && !same_header)
		rc = place_columns(w, err);
out:
	rows_free(rows);
	return rc;
}

static int
make_row_room(struct work *w, struct err *err)
{
	w->value = calloc(w->o->fields, sizeof *w->value);
	w->base = calloc(w->o->fields, sizeof *w->base);
	w->changed = calloc(w->o->fields, sizeof *w->changed);
	w->has_base = calloc(w->o->fields, sizeof *w->has_base);
	if (!w->value || !w->base || !w->changed || !w->has_base)
		return err_memory(err);
	return 0;
}

/*
 * A value in the spelling of its field's type, added to `spelled`. One that a
 * guessed type does not fit shows that the guess was wrong.
 */
static int
spell(struct work *w, size_t field, struct field text, uint64_t line,
      struct err *err)
{
	struct object_field *f = &w->o->field[field];
	char rule[LIMIT_NAME + 64];

	if (text.len == 0 || objects_spell(&w->spelled, f, text))
		return 0;
	if (f->typed == OBJECT_INFERRED) {
		buf_add(&w->spelled, text.at, text.len);
		return objects_set_type(w->in->objects, f, VALUE_UNKNOWN,
					OBJECT_INFERRED, err);
	}
	(void)snprintf(rule, sizeof rule, "%s is a %s, which this is not",
		       f->name, value_type_word(f->type));
	bad_row(w, line, rule, SHOWN_N(text.at, text.len));
	return 0;
}

/* Whether a column of foreign ids may have got one of a record here. */
static int
see_id(struct work *w, struct column *c, struct field id, struct err *err)
{
	if (w->in->learned || id.len < sizeof c->seen ||
	    memcmp(c->seen, id.at, sizeof c->seen) == 0)
		return 0;
	memcpy(c->seen, id.at, sizeof c->seen);
	return references_begin_so(w->in->st, w->in->objects, c->seen,
				   &w->in->learned, err);
}

/* The row's values, spelled, in place of what `value` has. */
static int
take_values(struct work *w, const struct row *row, uint64_t line,
	    struct err *err)
{
	buf_clear(&w->spelled);
	for (size_t i = 0; i < w->columns; i++) {
		struct column *c = &w->column[i];
		size_t start = w->spelled.len;

		if (c->field == NONE || i == w->id_column)
			continue;
		if (c->guessing)
			value_guess_see(&c->guess, row->field[i].at,
					row->field[i].len);
		if ((c->ids && see_id(w, c, row->field[i], err) < 0) ||
		    spell(w, c->field, row->field[i], line, err) < 0)
			return -1;
		/* As an offset, until the buffer has stopped moving. */
		w->value[c->field].len = w->spelled.len - start;
	}
	return buf_ok(&w->spelled, err);
}

/* Point the columns' values into `spelled`, in the order of the columns. */
static void
point_values(struct work *w)
{
	const char *at = w->spelled.data ? (const char *)w->spelled.data : "";

	for (size_t i = 0; i < w->columns; i++) {
		size_t f = w->column[i].field;

		if (f == NONE || i == w->id_column)
			continue;
		w->value[f].at = at;
		at += w->value[f].len;
	}
}

/*
 * One field of a record that is here: `had` is what the store has. Where an
 * import wrote it, the base decides: ours, it arrived; still the base, the org
 * has not caught up; anything else is an edit of the org's own.
 */
static int
compare_field(struct work *w, int64_t row, size_t f, struct field had,
	      bool *any, struct err *err)
{
	const struct object_field *field = &w->o->field[f];
	struct field now = w->value[f];

	w->changed[f] = false;
	if (objects_same(field, now, had)) {
		w->value[f] = had; /* its spelling too stays as it is */
		w->tally->arrived += w->has_base[f];
	} else if (w->has_base[f] && objects_same(field, now, w->base[f])) {
		w->value[f] = had;
		w->tally->kept++;
		return 0;
	} else {
		w->changed[f] = *any = true;
	}
	return w->has_base[f] ?
		       records_drop_base(w->in->records, row, field, err) : 0;
}

/* A record that is here: what of it changed is written and logged. */
static int
update_record(struct work *w, int64_t row, const struct row *from,
	      uint64_t line, struct err *err)
{
	struct field *had = calloc(w->o->fields, sizeof *had);
	bool any = false;
	int rc = -1;

	if (!had)
		return err_memory(err);
	if (records_read(w->in->records, w->o, row, had, err) <= 0 ||
	    records_read_base(w->in->records, w->o, row, w->base, w->has_base,
			      err) < 0 ||
	    take_values(w, from, line, err) < 0)
		goto out;
	point_values(w);
	for (size_t f = 0; f < w->o->fields; f++) {
		bool column = w->o->field[f].position >= 0 && f != w->o->id;

		if (!column) {
			w->value[f] = had[f];
			w->changed[f] = false;
		} else if (compare_field(w, row, f, had[f], &any, err) < 0) {
			goto out;
		}
	}
	rc = any ? records_update(w->in->records, w->o, row, w->value,
				  w->changed, err) : 0;
	w->tally->updated += any;
	for (size_t f = 0; f < w->o->fields; f++)
		w->tally->values += w->changed[f];
out:
	free(had);
	return rc;
}

static int
insert_record(struct work *w, const struct pending *p, const struct row *from,
	      int64_t *row, struct err *err)
{
	if (take_values(w, from, p->line, err) < 0)
		return -1;
	for (size_t f = 0; f < w->o->fields; f++)
		if (w->o->field[f].position < 0)
			w->value[f] = (struct field){ "", 0 };
	point_values(w);
	w->value[w->o->id] = (struct field){ p->id, RECORD_ID };
	w->tally->inserted++;
	return records_insert(w->in->records, w->o, w->value, row, err);
}

/*
 * A record that an import had removed and whose bytes are others now. If the
 * org edited it, that is kept as base, and marked for a person to decide.
 */
static int
edit_removed(struct work *w, int64_t row, const struct row *from,
	     uint64_t line, struct err *err)
{
	bool any = false;

	if (records_read_base(w->in->records, w->o, row, w->base, w->has_base,
			      err) < 0 ||
	    take_values(w, from, line, err) < 0)
		return -1;
	point_values(w);
	for (size_t i = 0; i < w->columns; i++) {
		size_t f = w->column[i].field;

		if (f == NONE || i == w->id_column)
			continue;
		if (!w->has_base[f])
			w->base[f] = (struct field){ "", 0 };
		if (objects_same(&w->o->field[f], w->value[f], w->base[f]))
			continue;
		any = true;
		if (records_set_base(w->in->records, row, &w->o->field[f],
				     w->value[f], err) < 0)
			return -1;
	}
	if (!any)
		return 0;
	w->tally->edited++;
	return records_mark_edited(w->in->records, row, err);
}

/* One row that was parsed. */
static int
take_row(struct work *w, const struct pending *p, const struct row *row,
	 struct err *err)
{
	struct known_record *k = known_find(&w->known, p->id);
	int rc;

	if (k->added)
		rc = insert_record(w, p, row, &k->row, err);
	else if (k->removed)
		rc = edit_removed(w, k->row, row, p->line, err);
	else
		rc = update_record(w, k->row, row, p->line, err);
	if (rc < 0)
		return -1;
	return records_set_print(w->in->records, w->o, k->row, p->print, err);
}

/*
 * Something in the batch is no CSV. The whole file, read from its start, says
 * what and on which line.
 */
static int
name_the_fault(struct work *w, struct err *err)
{
	struct file_in file = FILE_IN_INIT;
	struct rows *rows = NULL;
	const struct row *row;
	struct err first = *err;
	int got = -1;

	if (file_open(&file, w->file->path, err) < 0)
		return -1;
	if (rows_open(&rows, &file.source, err) == 0)
		while ((got = rows_next(rows, &row, err)) > 0)
			;
	rows_free(rows);
	file_close(&file);
	if (got == 0)
		*err = first; /* it changed under us */
	return at_file(w, err);
}

static int
parse_batch(struct work *w, struct err *err)
{
	const struct row *row;
	struct rows *rows = NULL;
	size_t n = 0;
	int got = -1;

	if (w->waiting == 0)
		return 0;
	if (buf_ok(&w->batch, err) < 0)
		return -1;
	if (rows_open_memory(&rows, w->batch.data, w->batch.len, err) < 0)
		return name_the_fault(w, err);
	while ((got = rows_next(rows, &row, err)) > 0 && n < w->waiting)
		if (take_row(w, &w->pending[n++], row, err) < 0) {
			rows_free(rows);
			return at_file(w, err);
		}
	rows_free(rows);
	if (got != 0 || n != w->waiting) {
		if (got == 0)
			(void)err_set(err, ERR_REFUSED, "its rows cannot be "
				      "told apart");
		return err->kind == ERR_SYSTEM ? at_file(w, err) :
						 name_the_fault(w, err);
	}
	w->waiting = 0;
	buf_clear(&w->batch);
	return 0;
}

/* A raw row to be parsed with the others, under the header. */
static int
wait_for_batch(struct work *w, const struct skim_record *r,
	       const struct pending *p, struct err *err)
{
	if (w->waiting == w->room) {
		size_t room = w->room ? w->room * 2 : 256;
		struct pending *grown =
			realloc(w->pending, room * sizeof *grown);

		if (!grown)
			return err_memory(err);
		w->pending = grown;
		w->room = room;
	}
	if (w->batch.len == 0) {
		buf_add(&w->batch, w->header.data, w->header.len);
		buf_add_byte(&w->batch, '\n');
	}
	w->pending[w->waiting++] = *p;
	buf_add(&w->batch, r->data, r->len);
	buf_add_byte(&w->batch, '\n');
	return w->batch.len < BATCH ? 0 : parse_batch(w, err);
}

/* The newest SystemModstamp tells how old the snapshot is. */
static int
see_stamp(struct work *w, const struct skim_record *r, struct err *err)
{
	struct buf spelled = BUF_INIT;
	struct field text;

	if (w->stamp_column == NONE ||
	    !skim_column(r, w->stamp_column, &text) || text.len == 0)
		return 0;
	/* In the API's own spelling, later is greater as text too. */
	if (text.len == TEXT_INSTANT && text.at[TEXT_INSTANT - 1] == 'Z' &&
	    memcmp(text.at, w->tally->newest, TEXT_INSTANT) <= 0)
		return 0;
	if (value_respell(&spelled, VALUE_DATETIME, text.at, text.len) &&
	    spelled.len == TEXT_INSTANT &&
	    memcmp(spelled.data, w->tally->newest, TEXT_INSTANT) > 0)
		memcpy(w->tally->newest, spelled.data, TEXT_INSTANT);
	if (buf_ok(&spelled, err) < 0)
		return -1;
	buf_release(&spelled);
	return 0;
}

/*
 * A raw row whose Id cannot be seen from outside: parsed alone, which says what
 * is wrong with it as CSV; or its Id is wrong.
 */
static int
parse_one(struct work *w, const struct skim_record *r, struct err *err)
{
	struct buf text = BUF_INIT;
	const struct row *row;
	struct rows *rows = NULL;
	int got = -1;

	buf_add(&text, w->header.data, w->header.len);
	buf_add_byte(&text, '\n');
	buf_add(&text, r->data, r->whole);
	if (buf_ok(&text, err) == 0 &&
	    rows_open_memory(&rows, text.data, text.len, err) == 0)
		got = rows_next(rows, &row, err);
	if (got > 0)
		bad_row(w, r->line, "Id is not a record id",
			SHOWN_N(row->field[w->id_column].at,
				row->field[w->id_column].len));
	rows_free(rows);
	buf_release(&text);
	if (got > 0)
		return 0;
	return err->kind == ERR_SYSTEM ? -1 : name_the_fault(w, err);
}

/* The id of a raw row, as 18 characters: 1; 0 and noted if bad; -1. */
static int
read_id(struct work *w, const struct skim_record *r,
	char id[static RECORD_ID + 1], struct err *err)
{
	struct field text;

	if (r->len == 0 || !skim_column(r, w->id_column, &text))
		return parse_one(w, r, err);
	if (record_id_is_null(text.at, text.len))
		text.len = 0;
	switch (record_id_full(id, text.at, text.len)) {
	case RECORD_ID_OK:
		return 1;
	case RECORD_ID_CHECK:
		w->tally->odd_ids++;
		return 1;
	case RECORD_ID_NONE:
		break;
	}
	bad_row(w, r->line, text.len ? "Id is not a record id" : "has no Id",
		text.len ? SHOWN_N(text.at, text.len) : "");
	return 0;
}

/* One raw row: passed by if it is known, byte for byte; else to be parsed. */
static int
see_record(struct work *w, const struct skim_record *r, struct err *err)
{
	struct pending p = { .line = r->line };
	struct known_record *k;
	int got;

	w->tally->rows++;
	if (see_stamp(w, r, err) < 0)
		return -1;
	got = read_id(w, r, p.id, err);
	if (got <= 0)
		return got;
	k = known_find(&w->known, p.id);
	if (k && k->line) {
		char rule[64];

		(void)snprintf(rule, sizeof rule,
			       "Id comes twice, first in line %" PRIu64,
			       k->line);
		bad_row(w, r->line, rule, p.id);
		return 0;
	}
	keys_mark(p.print, r->data, r->len, w->print_key);
	if (!k) {
		k = known_add(&w->known, p.id);
		if (!k)
			return err_memory(err);
		k->added = 1;
	} else if (k->loaded &&
		   memcmp(k->print, p.print, RECORDS_PRINT) == 0) {
		k->line = r->line;
		w->tally->unchanged++;
		return 0;
	}
	k->line = r->line;
	return wait_for_batch(w, r, &p, err);
}

/* Records that earlier loads had seen and this snapshot has no more. */
static int
take_gone(struct work *w, struct err *err)
{
	uint64_t loaded = 0, gone = 0;

	for (size_t i = 0; i < w->known.count; i++) {
		const struct known_record *k = &w->known.record[i];

		loaded += k->loaded && !k->removed;
		gone += k->loaded && !k->removed && !k->line;
	}
	w->tally->loaded = loaded;
	/* What bad rows are of is not gone. */
	if (w->in->partial || w->in->bad_rows > 0)
		return 0;
	if (gone > 20 && gone > loaded / 5 && !w->in->allow_deletes) {
		(void)err_set(err, ERR_REFUSED, "%" PRIu64 " of %" PRIu64
			      " records are gone since the last snapshot, "
			      "more than a fifth; if that is right, load with "
			      "--allow-deletes; if it is a part, with "
			      "--partial", gone, loaded);
		return at_file(w, err);
	}
	for (size_t i = 0; i < w->known.count; i++) {
		const struct known_record *k = &w->known.record[i];
		int rc = 0;

		if (k->line || !k->loaded)
			continue;
		if (k->removed) {
			rc = records_confirm_removed(w->in->records, k->row,
						     err);
			w->tally->arrived++;
		} else {
			rc = records_remove(w->in->records, w->o, k->row, err);
			w->tally->gone++;
		}
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* What the columns' values have shown of their types. */
static int
settle_types(struct work *w, struct err *err)
{
	for (size_t i = 0; i < w->columns; i++) {
		struct column *c = &w->column[i];
		struct object_field *f;
		enum value_type type;

		type = value_guess_type(&c->guess);
		if (!c->guessing || (c->late && type != VALUE_ID))
			continue;
		f = &w->o->field[c->field];
		if (c->late && references_only_ids(w->in->st, w->o, f,
						   &c->guessing, err) < 0)
			return -1;
		if (!c->guessing)
			continue;
		w->in->learned |= type == VALUE_ID;
		if (type == f->type || type == VALUE_UNKNOWN)
			continue;
		if (objects_set_type(w->in->objects, f, type, OBJECT_INFERRED,
				     err) < 0 ||
		    records_respell(w->in->records, w->o, f, err) < 0)
			return -1;
	}
	return 0;
}

static int
see_all(struct work *w, struct skim *skim, struct err *err)
{
	struct skim_record r;
	int got = skim_next(skim, &r, err);

	if (got == 0)
		(void)err_set(err, ERR_REFUSED, "is empty; a file has at "
			      "least a line of column names");
	if (got <= 0)
		return at_file(w, err);
	if (r.len == 0) {
		(void)err_set(err, ERR_REFUSED, "line 1: is blank");
		return name_the_fault(w, err);
	}
	if (take_header(w, &r, err) < 0)
		return at_file(w, err);
	if (make_row_room(w, err) < 0 ||
	    known_read(&w->known, w->in->records, w->o, err) < 0)
		return -1;
	w->first = w->known.count == 0;
	while ((got = skim_next(skim, &r, err)) > 0) {
		size_t end = r.whole - r.len;

		/* Fingerprints leave line ends out, and so cannot tell. */
		if (end > 0 && end != w->line_end) {
			(void)err_set(err, ERR_REFUSED, "line %" PRIu64 ": "
				      "ends in another way than the header",
				      r.line);
			return name_the_fault(w, err);
		}
		if (see_record(w, &r, err) < 0)
			return -1;
	}
	if (got < 0)
		return err->kind == ERR_REFUSED ? name_the_fault(w, err) :
						  at_file(w, err);
	if (parse_batch(w, err) < 0 || take_gone(w, err) < 0)
		return -1;
	/* An object's first records may be what others refer to. */
	w->in->learned |= w->first && w->tally->inserted > 0;
	return settle_types(w, err);
}

int
intake_file(struct intake *in, const struct snapshot_file *file,
	    struct intake_tally *tally, struct err *err)
{
	struct work w = { .in = in, .file = file, .tally = tally,
			  .known = KNOWN_INIT };
	struct file_in from = FILE_IN_INIT;
	struct skim *skim = NULL;
	int rc = -1;

	*tally = (struct intake_tally){ 0 };
	if (file_open(&from, file->path, err) == 0 &&
	    skim_open(&skim, &from.source, err) == 0)
		rc = see_all(&w, skim, err);
	skim_free(skim);
	file_close(&from);
	known_release(&w.known);
	buf_release(&w.header);
	buf_release(&w.batch);
	buf_release(&w.spelled);
	free(w.column);
	free(w.pending);
	free(w.value);
	free(w.base);
	free(w.changed);
	free(w.has_base);
	return rc;
}
