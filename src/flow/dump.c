/* The store out into a folder: see dump.h. */
#include "flow/dump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
	    file_begin(&out, path, FILE_NEW, err) < 0)
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

static int
make_folder(const char *folder, struct err *err)
{
	char **names;
	size_t count;
	struct stat st;

	if (lstat(folder, &st) < 0)
		return errno == ENOENT ? file_make_folder(folder, err) :
					 err_sys(err, "%s: cannot look at it",
						 SHOWN(folder));
	if (file_names(&names, &count, folder, err) < 0)
		return -1;
	file_names_free(names, count);
	if (count > 0)
		return err_set(err, ERR_USAGE, "%s: is not empty; name a new "
			       "folder", SHOWN(folder));
	return 0;
}

int
dump(struct home *home, const char *folder, struct dump_sum *sum,
     struct err *err)
{
	struct store *st = home_store(home);
	struct objects *objects = NULL;
	int rc = -1;

	*sum = (struct dump_sum){ 0 };
	if (make_folder(folder, err) < 0 || objects_open(&objects, st, err) < 0)
		return -1;
	for (size_t i = 0; i < objects_count(objects); i++) {
		if (dump_object(st, objects_at(objects, i), folder,
				&sum->records, err) < 0)
			goto out;
		sum->objects++;
	}
	rc = 0;
out:
	objects_close(objects);
	return rc;
}
