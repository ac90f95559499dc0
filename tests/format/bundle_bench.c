/*
 * What scripts/bench times: a folder of CSV files as a plain bundle, each row
 * a record created, and such a bundle read back. Run from the project's root,
 * for the keys in fixtures/. Each way prints the bytes of CSV in the bundle's
 * members, and the seconds that the part in question took: on the clock, and of
 * all processors together.
 *
 *   pack OUT DIR   parse all files into memory, then time bundle_out alone
 *   write OUT DIR  parse and write row by row, as an export would
 *   read FILE      bundle_in and changes: hash, inflate, every row checked
 *   open FILE      bundle_in alone: hash and inflate
 *   csv FILE       the CSV of all members to standard output, untimed
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "format/bundle_out.h"
#include "format/changes.h"
#include "format/sample.h"

enum { BLOCK = 1 << 20, TABLES = 64 };

/* Memory for values: blocks that never move. */
struct block {
	struct block *next;
	size_t used, size;
	char at[];
};

/* One CSV file. Its rows are in memory only for `pack`. */
struct table {
	char object[LIMIT_NAME + 1];
	char *path;
	struct field *cell; /* the header's first */
	size_t columns, kept, room;
	size_t rows; /* whose names were written */
};

struct bench {
	struct table table[TABLES];
	size_t tables;
	struct block *block;
	struct sample_keys keys;
	struct bundle_peer acme;
	uint64_t bytes;
};

struct watch {
	double clock, processors;
};

static double
seconds(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* How long it has been since `from`; since whenever, if that is zero. */
static struct watch
since(struct watch from)
{
	return (struct watch){
		seconds(CLOCK_MONOTONIC) - from.clock,
		seconds(CLOCK_PROCESS_CPUTIME_ID) - from.processors,
	};
}

static int
find_tables(struct bench *b, const char *folder, struct err *err)
{
	char **names;
	size_t count;
	int rc = 0;

	if (file_names(&names, &count, folder, err) < 0)
		return -1;
	for (size_t i = 0; i < count && rc == 0 && b->tables < TABLES; i++) {
		struct table *t = &b->table[b->tables];
		size_t len = strlen(names[i]);

		if (len < 5 || len - 4 > LIMIT_NAME ||
		    strcmp(names[i] + len - 4, ".csv") != 0)
			continue;
		memcpy(t->object, names[i], len - 4);
		t->path = file_join(folder, names[i]);
		b->tables++;
		rc = t->path ? 0 : err_memory(err);
	}
	file_names_free(names, count);
	return rc;
}

static int
keep(struct bench *b, struct field *f, struct err *err)
{
	struct block *block = b->block;

	if (!block || block->size - block->used < f->len) {
		size_t size = f->len > BLOCK ? f->len : BLOCK;

		block = malloc(sizeof *block + size);
		if (!block)
			return err_memory(err);
		*block = (struct block){ b->block, 0, size };
		b->block = block;
	}
	if (f->len > 0)
		memcpy(block->at + block->used, f->at, f->len);
	f->at = block->at + block->used;
	block->used += f->len;
	return 0;
}

static int
keep_row(struct bench *b, struct table *t, const struct field *f,
	 struct err *err)
{
	size_t at = t->kept * t->columns;

	if (at + t->columns > t->room) {
		size_t room = t->room ? t->room * 2 : 1024 * t->columns;
		void *grown = realloc(t->cell, room * sizeof *t->cell);

		if (!grown)
			return err_memory(err);
		t->cell = grown;
		t->room = room;
	}
	for (size_t i = 0; i < t->columns; i++) {
		t->cell[at + i] = f[i];
		if (keep(b, &t->cell[at + i], err) < 0)
			return -1;
	}
	t->kept++;
	return 0;
}

/* What is done with each row of a file; the header's count is in t->columns. */
typedef int each_row(struct bench *b, struct table *t, struct bundle_out *out,
		     const struct field *f, struct err *err);

static int
run_file(struct bench *b, struct table *t, struct bundle_out *out,
	 enum member_group group, each_row *each, struct err *err)
{
	struct file_in in = FILE_IN_INIT;
	struct rows *rows = NULL;
	const struct row *row, *header;
	int got = -1;

	if (file_open(&in, t->path, err) < 0)
		return -1;
	if (rows_open(&rows, &in.source, err) < 0)
		goto out;
	header = rows_header(rows);
	t->columns = header->count;
	if (out && group == MEMBER_CREATES &&
	    bundle_out_run(out, group, t->object, header->field + 1,
			   header->count - 1, err) < 0)
		goto out;
	if (!out && keep_row(b, t, header->field, err) < 0)
		goto out;
	while ((got = rows_next(rows, &row, err)) > 0) {
		if (each(b, t, out, row->field, err) < 0) {
			got = -1;
			break;
		}
	}
out:
	if (got < 0)
		(void)err_at(err, "%s", t->path);
	rows_free(rows);
	file_close(&in);
	return got;
}

/* The third column of the generator's files is LastModifiedDate. */
static int
put_name(struct bench *b, struct table *t, struct bundle_out *out,
	 const struct field *f, struct err *err)
{
	char name[CHANGES_NAME + 1];

	(void)b;
	(void)snprintf(name, sizeof name, "i:%.18s", f[0].at);
	t->rows++;
	return bundle_out_row(out, (struct field[]){ field_of(t->object),
						     { name, CHANGES_NAME },
						     field_of("create"), f[2],
						     { "", 0 }, { "", 0 } },
			      6, err);
}

/* All columns but the Id, which the names tell. */
static int
put_values(struct bench *b, struct table *t, struct bundle_out *out,
	   const struct field *f, struct err *err)
{
	(void)b;
	return bundle_out_row(out, f + 1, t->columns - 1, err);
}

static int
put_kept(struct bench *b, struct table *t, struct bundle_out *out,
	 enum member_group group, each_row *each, struct err *err)
{
	if (group == MEMBER_CREATES &&
	    bundle_out_run(out, group, t->object, t->cell + 1, t->columns - 1,
			   err) < 0)
		return -1;
	for (size_t i = 1; i < t->kept; i++)
		if (each(b, t, out, t->cell + i * t->columns, err) < 0)
			return -1;
	return 0;
}

static int
keep_each(struct bench *b, struct table *t, struct bundle_out *out,
	  const struct field *f, struct err *err)
{
	(void)out;
	return keep_row(b, t, f, err);
}

static int
fill_manifest(struct bench *b, struct manifest *m, struct err *err)
{
	if (sample_manifest(m, SAMPLE_EMPTY, &b->keys, err) < 0)
		return -1;
	m->object = calloc(b->tables + 1, sizeof *m->object);
	if (!m->object)
		return err_memory(err);
	for (size_t i = 0; i < b->tables; i++) {
		struct manifest_object *o = &m->object[m->objects++];

		memcpy(o->name, b->table[i].object, sizeof o->name);
		o->sum[0] = 1; /* the importer's to judge */
	}
	return 0;
}

/* Write a bundle; rows come from memory, or from the files as they are read. */
static int
write_bundle(struct bench *b, const char *path, bool kept,
	     struct watch *took, struct err *err)
{
	struct file_out to = FILE_OUT_INIT;
	struct bundle_out *out = NULL;
	struct manifest m = MANIFEST_INIT;
	uint8_t hash[KEYS_HASH];
	struct watch begun = since((struct watch){ 0 });
	int rc = -1;

	if (file_begin(&to, path, FILE_REPLACE, err) < 0 ||
	    bundle_out_begin(&out, path, err) < 0)
		goto out;
	bundle_out_effort(out, GZIP_SOON); /* as an export of so many */
	if (fill_manifest(b, &m, err) < 0)
		goto out;
	bundle_out_as_of(out, m.as_of);
	if (bundle_out_run(out, MEMBER_NAMES, "", NULL, 0, err) < 0)
		goto out;
	for (unsigned run = 0; run < 2; run++) {
		enum member_group group = run ? MEMBER_CREATES : MEMBER_NAMES;
		each_row *each = run ? put_values : put_name;

		for (size_t i = 0; i < b->tables; i++)
			if ((kept ? put_kept : run_file)(b, &b->table[i], out,
							 group, each, err) < 0)
				goto out;
	}
	for (size_t i = 0; i < b->tables; i++)
		m.object[i].creates = m.object[i].records = b->table[i].rows;
	if (bundle_out_finish(out, &m, b->keys.acme, &to.sink, hash, err) < 0)
		goto out;
	*took = since(begun); /* what follows waits for the disk alone */
	for (size_t i = 0; i < m.members; i++)
		b->bytes += m.member[i].size;
	rc = file_commit(&to, err);
out:
	manifest_release(&m);
	bundle_out_free(out);
	file_abandon(&to);
	return rc;
}

static int
run_write(struct bench *b, const char *path, const char *folder, bool kept,
	  struct watch *took, struct err *err)
{
	if (find_tables(b, folder, err) < 0)
		return -1;
	for (size_t i = 0; kept && i < b->tables; i++) {
		struct table *t = &b->table[i];

		if (run_file(b, t, NULL, MEMBER_GROUPS, keep_each, err) < 0)
			return -1;
	}
	return write_bundle(b, path, kept, took, err);
}

static const struct bundle_peer *
find_acme(void *ctx, const uint8_t id[static KEYS_ID])
{
	(void)id;
	return ctx;
}

static int
read_members(struct bench *b, struct bundle_in *in, FILE *to,
	     struct err *err)
{
	const struct bundle_member *member;
	int got;

	while ((got = bundle_in_next(in, &member, err)) > 0) {
		b->bytes += member->len;
		if (to && fwrite(member->data, 1, member->len, to) !=
				  member->len)
			return err_sys(err, "cannot write");
	}
	return got;
}

static int
read_rows(struct bench *b, struct bundle_in *in, struct err *err)
{
	const struct manifest *m = bundle_in_manifest(in);
	struct changes *changes;
	struct change c;
	int got;

	for (size_t i = 0; i < m->members; i++)
		b->bytes += m->member[i].size;
	if (changes_open(&changes, in, err) < 0)
		return -1;
	while ((got = changes_next(changes, &c, err)) > 0)
		;
	changes_free(changes);
	return got;
}

static int
run_read(struct bench *b, const char *how, const char *path,
	 struct watch *took, struct err *err)
{
	const struct bundle_keys keys = { .find = find_acme, .ctx = &b->acme };
	struct watch begun = since((struct watch){ 0 });
	struct bundle_in *in;
	int rc;

	if (bundle_in_open(&in, path, &keys, err) < 0)
		return -1;
	if (strcmp(how, "read") == 0)
		rc = read_rows(b, in, err);
	else
		rc = read_members(b, in, *how == 'c' ? stdout : NULL, err);
	bundle_in_free(in);
	*took = since(begun);
	return rc;
}

static void
release(struct bench *b)
{
	for (size_t i = 0; i < b->tables; i++) {
		free(b->table[i].path);
		free(b->table[i].cell);
	}
	while (b->block) {
		struct block *next = b->block->next;

		free(b->block);
		b->block = next;
	}
	sample_keys_free(&b->keys);
}

int
main(int argc, char **argv)
{
	struct bench b = { .tables = 0 };
	const char *how = argc > 2 ? argv[1] : "";
	struct err err = { 0 };
	struct watch took = { 0 };
	int rc = -1;

	if (strcmp(how, "pack") != 0 && strcmp(how, "write") != 0 &&
	    strcmp(how, "read") != 0 && strcmp(how, "open") != 0 &&
	    strcmp(how, "csv") != 0) {
		(void)fprintf(stderr, "usage: bundle_bench pack|write OUT DIR "
				      "| read|open|csv FILE\n");
		return 2;
	}
	if (sample_keys_read(&b.keys, &err) == 0) {
		b.acme = sample_acme(&b.keys);
		rc = argc == 4 ? run_write(&b, argv[2], argv[3], *how == 'p',
					   &took, &err) :
				 run_read(&b, how, argv[2], &took, &err);
	}
	if (rc < 0)
		(void)fprintf(stderr, "bundle_bench: %s\n", err.msg);
	else if (*how != 'c')
		printf("%" PRIu64 " %.4f %.4f\n", b.bytes, took.clock,
		       took.processors);
	release(&b);
	return rc < 0;
}
