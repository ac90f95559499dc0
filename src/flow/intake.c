/* One file of a snapshot: see intake.h. */
#include "flow/intake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "flow/header.h"
#include "flow/known.h"
#include "flow/parsed.h"
#include "flow/references.h"
#include "format/keys.h"
#include "format/skim.h"
#include "model/record_id.h"
#include "model/schema.h"

enum {
	TOLD = 100, /* bad rows named one by one */
};

struct work {
	struct intake *in;
	const struct snapshot_file *file;
	struct intake_tally *tally;
	struct object *o;
	struct buf header; /* its raw bytes */
	uint8_t print_key[KEYS_HASH];
	struct header columns;
	size_t line_end; /* its length in the header: LF or CRLF */
	bool fresh;	  /* the object has never been loaded */
	bool first; /* it has no records so far */
	struct known known;
	int64_t newest; /* stamp of the rows so far */
	struct parsed *parsed;
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

static struct header_for
header_for(struct work *w)
{
	return (struct header_for){
		.st = w->in->st,
		.objects = w->in->objects,
		.records = w->in->records,
		.o = w->o,
		.types = w->in->types,
		.type_count = w->in->type_count,
		.path = w->file->path,
		.notes = &w->in->notes,
	};
}

/* The first line: what columns there are, and whether they are as they were. */
static int
take_header(struct work *w, const struct skim_record *first, struct err *err)
{
	struct rows *rows = NULL;
	struct header_for in;
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
	in = header_for(w);
	rc = header_map(&w->columns, &in, rows_header(rows), w->fresh, err);
	if (rc == 0 && !same_header)
		rc = header_place(&w->columns, &in, err);
	if (rc == 0 && !same_header)
		rc = objects_set_header(w->in->objects, w->o, w->header.data,
					w->header.len, err);
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
	for (size_t i = 0; i < w->columns.count; i++) {
		struct column *c = &w->columns.column[i];
		size_t start = w->spelled.len;

		if (c->field == HEADER_NONE || i == w->columns.id)
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

	for (size_t i = 0; i < w->columns.count; i++) {
		size_t f = w->columns.column[i].field;

		if (f == HEADER_NONE || i == w->columns.id)
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
insert_record(struct work *w, const struct parsed_row *p, const struct row *from,
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
	for (size_t i = 0; i < w->columns.count; i++) {
		size_t f = w->columns.column[i].field;

		if (f == HEADER_NONE || i == w->columns.id)
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
take_row(struct work *w, const struct parsed_row *p, const struct row *row,
	 struct err *err)
{
	struct known_record *k = &w->known.record[p->known];
	int rc;

	if (k->added)
		rc = insert_record(w, p, row, &k->row, err);
	else if (k->removed)
		rc = edit_removed(w, k->row, row, p->line, err);
	else
		rc = update_record(w, k->row, row, p->line, err);
	if (rc < 0)
		return -1;
	memcpy(k->print, p->print, LOADED_PRINT);
	k->stamp = p->stamp;
	k->odd = p->odd;
	k->loaded = k->changed = 1;
	return 0;
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

/* Rows that were parsed: 1, 0 if there are none, -1. */
static int
take_batch(struct work *w, struct err *err)
{
	struct parsed_batch b;

	if (!parsed_take(w->parsed, &b))
		return 0;
	for (size_t i = 0; i < b.count; i++) {
		struct row row = { .field = b.field + i * b.columns,
				   .count = b.columns };

		if (take_row(w, &b.row[i], &row, err) < 0)
			return at_file(w, err);
	}
	if (!b.fault)
		return 1;
	*err = *b.fault;
	return err->kind == ERR_SYSTEM ? at_file(w, err) :
					 name_the_fault(w, err);
}

static int
take_rest(struct work *w, struct err *err)
{
	int got;

	if (parsed_end(w->parsed, err) < 0)
		return -1;
	while ((got = take_batch(w, err)) > 0)
		;
	return got;
}

/* The newest SystemModstamp tells how old the snapshot is. */
static int
read_stamp(struct work *w, const struct skim_record *r, int64_t *stamp,
	   struct err *err)
{
	struct buf spelled = BUF_INIT;
	struct field text;
	int rc = 0;

	*stamp = LOADED_NO_STAMP;
	if (w->columns.stamp == HEADER_NONE ||
	    !skim_column(r, w->columns.stamp, &text) ||
	    text_parse_instant(stamp, text.at, text.len))
		return 0;
	if (value_respell(&spelled, VALUE_DATETIME, text.at, text.len)) {
		rc = buf_ok(&spelled, err);
		if (rc == 0 && !text_parse_instant(stamp,
						   (const char *)spelled.data,
						   spelled.len))
			*stamp = LOADED_NO_STAMP;
	}
	buf_release(&spelled);
	return rc;
}

static void
see_stamp(struct work *w, int64_t stamp)
{
	if (stamp > w->newest)
		w->newest = stamp;
}

/* The file's newest among those of its object. */
static void
tell_newest(struct work *w)
{
	char text[TEXT_INSTANT + 1];

	if (w->newest == LOADED_NO_STAMP)
		return;
	text_instant(text, w->newest);
	if (strcmp(text, w->tally->newest) > 0)
		memcpy(w->tally->newest, text, sizeof text);
}

/*
 * A raw row whose Id cannot be seen from outside: parsed alone, which says what
 * is wrong with it as CSV; or its Id is wrong.
 */
static int
parse_one(struct work *w, const struct skim_record *r, uint64_t line,
	  struct err *err)
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
		bad_row(w, line, "Id is not a record id",
			SHOWN_N(row->field[w->columns.id].at,
				row->field[w->columns.id].len));
	rows_free(rows);
	buf_release(&text);
	if (got > 0)
		return 0;
	return err->kind == ERR_SYSTEM ? -1 : name_the_fault(w, err);
}

/* The id of a raw row, as 18 characters: 1; 0 and noted if bad; -1. */
static int
read_id(struct work *w, const struct skim_record *r, uint64_t line,
	struct parsed_row *p, struct err *err)
{
	struct field text;

	if (r->len == 0 || !skim_column(r, w->columns.id, &text))
		return parse_one(w, r, line, err);
	if (record_id_is_null(text.at, text.len))
		text.len = 0;
	switch (record_id_full(p->id, text.at, text.len)) {
	case RECORD_ID_OK:
		return 1;
	case RECORD_ID_CHECK:
		p->odd = true;
		return 1;
	case RECORD_ID_NONE:
		break;
	}
	bad_row(w, line, text.len ? "Id is not a record id" : "has no Id",
		text.len ? SHOWN_N(text.at, text.len) : "");
	return 0;
}

/* A row whose bytes are those that were loaded last. */
static int
pass_by(struct work *w, struct known_record *k, uint64_t line)
{
	k->line = line;
	w->tally->unchanged++;
	w->tally->odd_ids += k->odd;
	see_stamp(w, k->stamp);
	return 0;
}

/*
 * One raw row: passed by if it is known, byte for byte; else to be parsed. Of
 * rows in no order the id has been seen already.
 */
static int
see_record(struct work *w, const struct skim_record *r, const char *id,
	   uint64_t line, struct err *err)
{
	struct parsed_row p = { .line = line };
	struct known_record *k = known_next(&w->known, r->mark);
	int got;

	w->tally->rows++;
	if (!k && id)
		k = known_again(&w->known, id, r->mark);
	if (k)
		return pass_by(w, k, line);
	got = read_id(w, r, line, &p, err);
	if (got <= 0)
		return got;
	if (known_meet(&w->known, w->in->records, w->o, p.id, &k, err) < 0)
		return -1;
	if (k->line) {
		char rule[64];

		(void)snprintf(rule, sizeof rule,
			       "Id comes twice, first in line %" PRIu64,
			       k->line);
		bad_row(w, line, rule, p.id);
		return 0;
	}
	if (k->loaded && memcmp(k->print, r->mark, LOADED_PRINT) == 0)
		return pass_by(w, k, line);
	k->line = line;
	w->tally->odd_ids += p.odd;
	if (read_stamp(w, r, &p.stamp, err) < 0)
		return -1;
	see_stamp(w, p.stamp);
	memcpy(p.print, r->mark, LOADED_PRINT);
	p.known = (size_t)(k - w->known.record);
	got = parsed_add(w->parsed, r, &p, err);
	return got > 0 ? take_batch(w, err) : got;
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
		struct known_record *k = &w->known.record[i];
		int rc = 0;

		if (k->line || !k->loaded)
			continue;
		if (k->removed) {
			rc = records_confirm_removed(w->in->records, w->o,
						     k->row, err);
			w->tally->arrived++;
		} else {
			rc = records_remove(w->in->records, w->o, k->row, err);
			w->tally->gone++;
		}
		if (rc < 0)
			return -1;
		k->gone = k->changed = 1;
	}
	return 0;
}

/* Where rows come in no order: the Ids of the next few. */
static void
look_ahead(struct work *w, const struct skim_batch *batch, size_t at,
	   const char *id[static KNOWN_SOON])
{
	size_t count = batch->count - at;

	count = count < KNOWN_SOON ? count : KNOWN_SOON;
	for (size_t i = 0; i < count; i++) {
		struct field text = { NULL, 0 };

		if (w->known.lost &&
		    skim_column(&batch->record[at + i], w->columns.id, &text) &&
		    text.len < LOADED_ID)
			text.at = NULL;
		id[i] = text.at;
	}
	if (w->known.lost)
		known_soon(&w->known, id, count);
}

/* Rows that stand one after the other. */
static int
see_batch(struct work *w, const struct skim_batch *batch, struct err *err)
{
	const char *id[KNOWN_SOON];

	for (size_t i = 0; i < batch->count; i++) {
		const struct skim_record *r = &batch->record[i];
		size_t end = r->whole - r->len;

		if (i % KNOWN_SOON == 0)
			look_ahead(w, batch, i, id);
		/* Fingerprints leave line ends out, and so cannot tell. */
		if (end > 0 && end != w->line_end) {
			(void)err_set(err, ERR_REFUSED, "line %" PRIu64 ": "
				      "ends in another way than the header",
				      batch->lines + r->line);
			return name_the_fault(w, err);
		}
		if (see_record(w, r, id[i % KNOWN_SOON],
			       batch->lines + r->line, err) < 0)
			return -1;
	}
	return 0;
}

/* The header, and what is to be known before the rows. */
static int
see_header(struct work *w, struct skim *skim, struct err *err)
{
	struct skim_record r;
	int got = skim_header(skim, &r, err);

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
	if (skim_begin(skim, w->print_key, err) < 0)
		return at_file(w, err);
	if (make_row_room(w, err) < 0 ||
	    parsed_open(&w->parsed, &w->header, w->columns.count, err) < 0)
		return -1;
	if (known_read(&w->known, w->in->st, w->in->records, w->o, err) < 0)
		return -1;
	w->first = w->known.count == 0;
	return 0;
}

static int
see_all(struct work *w, struct skim *skim, struct err *err)
{
	struct skim_batch batch;
	struct header_for in;
	int got;

	if (see_header(w, skim, err) < 0)
		return -1;
	while ((got = skim_next(skim, &batch, err)) > 0)
		if (see_batch(w, &batch, err) < 0)
			return -1;
	if (got < 0)
		return err->kind == ERR_REFUSED ? name_the_fault(w, err) :
						  at_file(w, err);
	if (take_rest(w, err) < 0 || take_gone(w, err) < 0 ||
	    known_write(&w->known, w->in->st, w->o, err) < 0)
		return -1;
	tell_newest(w);
	/* An object's first records may be what others refer to. */
	w->in->learned |= w->first && w->tally->inserted > 0;
	in = header_for(w);
	return header_settle(&w->columns, &in, w->known.others,
			      &w->in->learned, err);
}

int
intake_file(struct intake *in, const struct snapshot_file *file,
	    struct intake_tally *tally, struct err *err)
{
	struct work w = { .in = in, .file = file, .tally = tally,
			  .columns = HEADER_INIT, .known = KNOWN_INIT,
			  .newest = LOADED_NO_STAMP };
	struct file_in from = FILE_IN_INIT;
	struct skim *skim = NULL;
	int rc = -1;

	*tally = (struct intake_tally){ 0 };
	if (file_open(&from, file->path, err) == 0 &&
	    skim_open(&skim, &from.source, SKIM_PIECE, err) == 0)
		rc = see_all(&w, skim, err);
	skim_free(skim);
	parsed_free(w.parsed);
	file_close(&from);
	known_release(&w.known);
	buf_release(&w.header);
	buf_release(&w.spelled);
	header_release(&w.columns);
	free(w.value);
	free(w.base);
	free(w.changed);
	free(w.has_base);
	return rc;
}
