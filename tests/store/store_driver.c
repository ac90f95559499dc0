/*
 * store_driver HOME [ORIGIN]: what an import of that origin does to a store,
 * for load_model.py to drive. On stdin, a line each, all in one transaction:
 *
 *	insert OBJECT ID FIELD=VALUE...
 *	update OBJECT ID FIELD=VALUE...
 *	remove OBJECT ID
 *
 * with a `%` and two hex digits for a byte that is no plain character. Without
 * ORIGIN nothing is read. Then, on stdout, what the store remembers:
 *
 *	number NUMBER
 *	change OBJECT ID FIELD NUMBER ORIGIN
 *	deleted OBJECT ID NUMBER ORIGIN EDITED
 *	base OBJECT ID FIELD VALUE
 *	loaded OBJECT ID
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/keys.h"
#include "model/schema.h"
#include "store/home.h"
#include "store/records.h"

struct drive {
	struct store *st;
	struct objects *objects;
	struct records *records;
};

/* The bytes that a word spells, in place. */
static size_t
unescape(char *word)
{
	char *to = word;

	for (const char *from = word; *from; from++) {
		char hex[3] = "";

		if (*from != '%') {
			*to++ = *from;
			continue;
		}
		(void)snprintf(hex, sizeof hex, "%.2s", from + 1);
		*to++ = (char)strtoul(hex, NULL, 16);
		from += strlen(hex);
	}
	*to = 0;
	return (size_t)(to - word);
}

static void
print_escaped(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (isalnum((unsigned char)text[i]))
			(void)putchar(text[i]);
		else
			(void)printf("%%%02x", (unsigned char)text[i]);
}

/* An object and a field, made where a partner's catalog would make them. */
static int
find_field(struct drive *d, struct object *o, const char *name, size_t *i,
	   struct err *err)
{
	const struct schema_field *known = schema_field(o->name, name);

	*i = objects_field(o, name, strlen(name));
	if (*i < o->fields)
		return 0;
	return objects_add_field(d->objects, o, name,
				 known ? known->type : VALUE_UNKNOWN,
				 known ? OBJECT_TABLE : OBJECT_INFERRED, i,
				 err);
}

enum { WORDS = 100 };

/* One line's words after the first two: values of fields, and which. */
static int
read_values(struct drive *d, struct object *o, char **word, size_t words,
	    size_t *at, struct field *value, struct err *err)
{
	for (size_t i = 0; i < words; i++) {
		char *is = strchr(word[i], '=');

		if (!is)
			return err_set(err, ERR_USAGE, "%s: no =", word[i]);
		*is = 0;
		if (find_field(d, o, word[i], &at[i], err) < 0)
			return -1;
		value[i] = (struct field){ is + 1, unescape(is + 1) };
	}
	return 0;
}

static int
insert(struct drive *d, struct object *o, const char *id, char **word,
       size_t words, struct err *err)
{
	struct field given[WORDS], *value;
	size_t at[WORDS];
	int64_t row;
	int rc;

	if (read_values(d, o, word, words, at, given, err) < 0)
		return -1;
	value = calloc(o->fields, sizeof *value);
	if (!value)
		return err_memory(err);
	for (size_t i = 0; i < o->fields; i++)
		value[i] = field_of("");
	for (size_t i = 0; i < words; i++)
		value[at[i]] = given[i];
	value[o->id] = field_of(id);
	rc = records_insert(d->records, o, value, &row, err);
	free(value);
	return rc;
}

static int
update(struct drive *d, struct object *o, int64_t row, char **word,
       size_t words, struct err *err)
{
	struct field given[WORDS], *value = NULL;
	bool *changed = NULL, any = false;
	size_t at[WORDS];
	int rc = -1;

	if (read_values(d, o, word, words, at, given, err) < 0)
		return -1;
	value = calloc(o->fields, sizeof *value);
	changed = calloc(o->fields, sizeof *changed);
	if (!value || !changed)
		(void)err_memory(err);
	else if (records_read(d->records, o, row, value, err) == 1)
		rc = 0;
	for (size_t i = 0; rc == 0 && i < words; i++) {
		struct field *v = &value[at[i]];

		if (objects_same(&o->field[at[i]], *v, given[i]))
			continue;
		*v = given[i];
		changed[at[i]] = any = true;
	}
	if (rc == 0 && any)
		rc = records_update(d->records, o, row, value, changed, err);
	free(value);
	free(changed);
	return rc;
}

static int
do_line(struct drive *d, char *line, struct err *err)
{
	char *word[WORDS], *save = NULL;
	struct object *o;
	size_t words = 0;
	int64_t row;

	for (char *w = strtok_r(line, " \n", &save); w && words < WORDS;
	     w = strtok_r(NULL, " \n", &save))
		word[words++] = w;
	if (words < 3)
		return err_set(err, ERR_USAGE, "a line of %zu words", words);
	o = objects_find(d->objects, word[1]);
	if (!o && objects_add(d->objects, word[1], &o, err) < 0)
		return -1;
	if (records_find(d->records, o, word[2], strlen(word[2]), &row, err) <
	    0)
		return -1;
	if (strcmp(word[0], "insert") == 0 && !row)
		return insert(d, o, word[2], word + 3, words - 3, err);
	if (strcmp(word[0], "update") == 0 && row)
		return update(d, o, row, word + 3, words - 3, err);
	if (strcmp(word[0], "remove") == 0 && row)
		return records_remove(d->records, o, row, err);
	return err_set(err, ERR_USAGE, "%s %s %s: cannot", word[0], word[1],
		       word[2]);
}

static int
do_lines(struct drive *d, int64_t origin, struct err *err)
{
	char *line = NULL;
	size_t room = 0;
	int rc = records_begin(d->records, origin, err);

	while (rc == 0 && getline(&line, &room, stdin) > 0)
		rc = do_line(d, line, err);
	free(line);
	return rc == 0 ? records_end(d->records, err) : -1;
}

/* Rows of a question: words, of which the last may hold anything. */
static int
print_rows(struct store *st, const char *what, int columns, const char *sql,
	   struct err *err)
{
	struct store_statement *s;
	int got;

	if (store_prepare(st, &s, sql, err) < 0)
		return -1;
	while ((got = store_step(s, err)) > 0) {
		(void)fputs(what, stdout);
		for (int i = 0; i < columns; i++) {
			size_t len;
			const char *text = store_text(s, i, &len);

			(void)putchar(' ');
			if (i < 3)
				(void)fwrite(text, 1, len, stdout);
			else
				print_escaped(text, len);
		}
		(void)putchar('\n');
	}
	store_finish(s);
	return got;
}

/* Whose marks are printed, and where their ids are. */
struct marked {
	struct store *st;
	const struct object *o;
	const char *ids;
};

static int
print_mark(void *ctx, const struct loaded_mark *mark, struct err *err)
{
	const struct marked *m = ctx;
	char sql[LIMIT_NAME * 2 + 512];

	(void)snprintf(sql, sizeof sql, "select '%s', r.id from %s r where "
		       "_row = %lld", m->o->name, m->ids,
		       (long long)mark->row);
	return print_rows(m->st, "loaded", 2, sql, err);
}

/* What is kept of one object's records, wherever they are now. */
static int
print_object(struct store *st, const struct object *o, struct err *err)
{
	char ids[LIMIT_NAME + 128], sql[LIMIT_NAME * 2 + 512];

	(void)snprintf(ids, sizeof ids, "(select _row, \"Id\" id from \"%s\" "
		       "union all select _row, id from _deleted)", o->name);
	(void)snprintf(sql, sizeof sql, "select '%s', r.id, f.name, c.number, "
		       "c.origin from _change c join _field f using (field) "
		       "join %s r using (_row) where f.object = %lld order by "
		       "_row, field", o->name, ids, (long long)o->object);
	if (print_rows(st, "change", 5, sql, err) < 0)
		return -1;
	(void)snprintf(sql, sizeof sql, "select '%s', r.id, f.name, b.value "
		       "from _base b join _field f using (field) join %s r "
		       "using (_row) where f.object = %lld order by _row, "
		       "field", o->name, ids, (long long)o->object);
	if (print_rows(st, "base", 4, sql, err) < 0)
		return -1;
	return loaded_each(st, o->object, print_mark,
			   &(struct marked){ st, o, ids }, err);
}

static int
print_log(struct drive *d, struct err *err)
{
	if (print_rows(d->st, "number", 1, "select coalesce((select value "
		       "from _home where key = 'change'), 0)", err) < 0 ||
	    print_rows(d->st, "deleted", 5, "select o.name, d.id, d.number, "
		       "d.origin, coalesce(d.edited, 0) from _deleted d join "
		       "_object o using (object) order by _row", err) < 0)
		return -1;
	for (size_t i = 0; i < objects_count(d->objects); i++)
		if (print_object(d->st, objects_at(d->objects, i), err) < 0)
			return -1;
	return 0;
}

static int
drive(struct drive *d, const char *origin, struct err *err)
{
	int rc;

	if (store_begin(d->st, err) < 0 ||
	    objects_open(&d->objects, d->st, err) < 0 ||
	    records_open(&d->records, d->st, err) < 0)
		return -1;
	rc = origin ? do_lines(d, strtoll(origin, NULL, 10), err) : 0;
	if (rc == 0)
		rc = print_log(d, err);
	records_close(d->records);
	objects_close(d->objects);
	return rc == 0 ? store_commit(d->st, err) : -1;
}

int
main(int argc, char **argv)
{
	struct drive d = { 0 };
	struct err err = { 0 };
	struct home *home = NULL;
	int rc = -1;

	if (argc < 2)
		(void)err_set(&err, ERR_USAGE, "HOME [ORIGIN]");
	else if (keys_init(&err) == 0 && home_open(&home, argv[1], &err) == 0) {
		d.st = home_store(home);
		rc = drive(&d, argc > 2 ? argv[2] : NULL, &err);
	}
	home_close(home);
	if (rc < 0)
		(void)fprintf(stderr, "store_driver: %s\n", err.msg);
	return rc < 0 || fflush(stdout) != 0 ? 1 : 0;
}
