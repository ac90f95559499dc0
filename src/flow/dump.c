/* The store out into a folder: see dump.h. */
#include "flow/dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "format/rows.h"
#include "store/objects.h"

enum { PIECE = 256 << 10 }; /* written at once */

/*
 * The fields in the order of the file last loaded, then those that no file
 * has: an import may know more than a snapshot.
 */
static size_t *
order_fields(const struct object *o)
{
	size_t *order = calloc(o->fields, sizeof *order), n = 0;

	for (int p = 0; order && (size_t)p < o->fields; p++)
		for (size_t f = 0; f < o->fields; f++)
			if (o->field[f].position == p)
				order[n++] = f;
	for (size_t f = 0; order && f < o->fields; f++) {
		bool placed = false;

		for (size_t i = 0; i < n; i++)
			placed |= order[i] == f;
		if (!placed)
			order[n++] = f;
	}
	return order;
}

static int
prepare(struct store *st, const struct object *o, const size_t *order,
	struct store_statement **out, struct err *err)
{
	struct buf sql = BUF_INIT;
	int rc;

	buf_add_str(&sql, "select ");
	for (size_t i = 0; i < o->fields; i++)
		buf_addf(&sql, "%s\"%s\"", i ? ", " : "",
			 o->field[order[i]].name);
	buf_addf(&sql, " from \"%s\" order by _row", o->name);
	rc = buf_str(&sql) ? store_prepare(st, out, buf_str(&sql), err) :
			     err_memory(err);
	buf_release(&sql);
	return rc;
}

/* All rows through a buffer into the file. */
static int
write_rows(struct store_statement *s, const struct object *o,
	   struct field *value, struct buf *text, struct file_out *out,
	   uint64_t *records, struct err *err)
{
	int got;

	while ((got = store_step(s, err)) > 0) {
		for (size_t i = 0; i < o->fields; i++)
			value[i].at = store_text(s, (int)i, &value[i].len);
		rows_write(text, ROWS_QUOTED, value, o->fields);
		++*records;
		if (text->len < PIECE)
			continue;
		if (buf_ok(text, err) < 0 ||
		    file_write(out, text->data, text->len, err) < 0)
			return -1;
		buf_clear(text);
	}
	if (got < 0 || buf_ok(text, err) < 0)
		return -1;
	return file_write(out, text->data, text->len, err);
}

static int
dump_object(struct store *st, const struct object *o, const char *folder,
	    uint64_t *records, struct err *err)
{
	struct field *value = calloc(o->fields, sizeof *value);
	size_t *order = order_fields(o);
	struct store_statement *s = NULL;
	struct file_out out = FILE_OUT_INIT;
	struct buf text = BUF_INIT;
	char name[LIMIT_NAME + 8], *path;
	int rc = -1;

	(void)snprintf(name, sizeof name, "%s.csv", o->name);
	path = file_join(folder, name);
	if (!value || !order || !path) {
		(void)err_memory(err);
		goto out;
	}
	for (size_t i = 0; i < o->fields; i++)
		value[i] = field_of(o->field[order[i]].name);
	rows_write(&text, ROWS_QUOTED, value, o->fields);
	if (prepare(st, o, order, &s, err) < 0 ||
	    file_sweep(folder, name, err) < 0 ||
	    file_begin(&out, path, FILE_REPLACE, err) < 0)
		goto out;
	if (write_rows(s, o, value, &text, &out, records, err) == 0)
		rc = file_commit(&out, err);
out:
	file_abandon(&out);
	store_finish(s);
	buf_release(&text);
	free(path);
	free(order);
	free(value);
	return rc;
}

/*
 * While a dump is being written, a file says so, and whose it is; after a
 * death in the middle the same dump again goes on.
 */
#define MARK "UNFINISHED"

static int
mark_text(struct home *home, struct buf *text, struct err *err)
{
	char id[KEYS_ID_TEXT + 1];

	keys_id_text(id, key_pair_public(home_keys(home))->id);
	buf_addf(text, "This dump was not finished. The same again goes on.\n"
		 "org key %s\n", id);
	return buf_ok(text, err);
}

/* Whether a folder holds the same dump, begun. */
static bool
was_begun(const char *mark, const struct buf *text)
{
	struct buf had = BUF_INIT;
	struct err err;
	bool same = file_read(&had, mark, KIB, &err) == 0 &&
		    had.len == text->len &&
		    memcmp(had.data, text->data, had.len) == 0;

	buf_release(&had);
	return same;
}

static int
check_folder(const char *folder, const char *mark, const struct buf *text,
	     struct err *err)
{
	char **names;
	size_t count;

	if (file_sweep(folder, MARK, err) < 0 ||
	    file_names(&names, &count, folder, err) < 0)
		return -1;
	file_names_free(names, count);
	if (count > 0 && !was_begun(mark, text))
		return err_set(err, ERR_USAGE, "%s: is not empty; name a new "
			       "folder", SHOWN(folder));
	return 0;
}

static int
begin(const char *folder, const char *mark, const struct buf *text,
      struct err *err)
{
	int is = file_is_folder(folder, err);

	if (is < 0 || (is ? check_folder(folder, mark, text, err) :
			    file_make_folder(folder, err)) < 0)
		return -1;
	return file_put(mark, FILE_REPLACE, text->data, text->len, err);
}

static int
finish(const char *folder, const char *mark, struct err *err)
{
	if (unlink(mark) < 0)
		return err_sys(err, "%s: cannot remove it", SHOWN(mark));
	return file_sync_folder(folder, err);
}

static int
dump_all(struct store *st, const char *folder, struct dump_sum *sum,
	 struct err *err)
{
	struct objects *objects;
	int rc = 0;

	if (objects_open(&objects, st, err) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < objects_count(objects); i++) {
		rc = dump_object(st, objects_at(objects, i), folder,
				 &sum->records, err);
		sum->objects++;
	}
	objects_close(objects);
	return rc;
}

int
dump(struct home *home, const char *folder, struct dump_sum *sum,
     struct err *err)
{
	char *mark = file_join(folder, MARK);
	struct buf text = BUF_INIT;
	int rc = -1;

	*sum = (struct dump_sum){ 0 };
	if (!mark)
		(void)err_memory(err);
	else if (mark_text(home, &text, err) == 0 &&
		 begin(folder, mark, &text, err) == 0 &&
		 dump_all(home_store(home), folder, sum, err) == 0)
		rc = finish(folder, mark, err);
	buf_release(&text);
	free(mark);
	return rc;
}
