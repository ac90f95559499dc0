/* A snapshot into the store: see load.h. */
#include "flow/load.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "flow/references.h"

static int
check_types(const struct load_options *options, struct err *err)
{
	for (size_t i = 0; i < options->type_count; i++) {
		const char *t = options->types[i];
		const char *dot = strchr(t, '.'), *is = strchr(t, '=');
		enum value_type type;

		if (!dot || !is || is < dot ||
		    !store_name(t, (size_t)(dot - t)) ||
		    !store_name(dot + 1, (size_t)(is - dot - 1)) ||
		    !value_type_parse(&type, is + 1, strlen(is + 1)))
			return err_set(err, ERR_USAGE, "--type %s: is not like "
				       "Object.Field=TYPE, with a type such "
				       "as text, boolean, date, datetime, "
				       "number, reference", SHOWN(t));
	}
	return 0;
}

static void
add_tally(struct intake_tally *sum, const struct intake_tally *t)
{
	sum->rows += t->rows;
	sum->unchanged += t->unchanged;
	sum->inserted += t->inserted;
	sum->updated += t->updated;
	sum->values += t->values;
	sum->gone += t->gone;
	sum->kept += t->kept;
	sum->arrived += t->arrived;
	sum->edited += t->edited;
	sum->loaded += t->loaded;
	sum->odd_ids += t->odd_ids;
}

static int
take_files(struct intake *in, const struct snapshot *files,
	   struct load_report *report, struct err *err)
{
	report->object = calloc(files->files, sizeof *report->object);
	if (!report->object)
		return err_memory(err);
	for (size_t i = 0; i < files->files; i++) {
		struct load_object *o = &report->object[i];

		o->name = strdup(files->file[i].object);
		report->objects = i + 1;
		if (!o->name)
			return err_memory(err);
		if (intake_file(in, &files->file[i], &o->tally, err) < 0)
			return -1;
		add_tally(&report->sum, &o->tally);
	}
	if (in->bad_rows > 0)
		return err_set(err, ERR_REFUSED, "%" PRIu64 " bad row%s; "
			       "nothing was loaded", in->bad_rows,
			       in->bad_rows == 1 ? "" : "s");
	return 0;
}

/* More gone than a day takes away is more often half a snapshot. */
static int
check_gone(const struct load_options *options, const struct intake_tally *sum,
	   int64_t loaded, struct err *err)
{
	if (options->allow_deletes || sum->gone <= 20 ||
	    sum->gone * 20 <= (uint64_t)loaded)
		return 0;
	return err_set(err, ERR_REFUSED, "%" PRIu64 " of the home's %" PRId64
		       " records are gone since the last snapshot, more than "
		       "5 %%; if that is right, load with --allow-deletes; if "
		       "it is a part, with --partial", sum->gone, loaded);
}

/* When the snapshot was taken, held against the last one. */
static int
settle_as_of(struct store *st, const struct load_options *options,
	     const struct intake *in, struct load_report *report,
	     struct err *err)
{
	const char *now = options->as_of ? options->as_of : in->newest;
	struct buf last = BUF_INIT;
	bool found;
	int rc = store_ask_text(st, &last, &found, err, "select value from "
				"_home where key = 'as_of'", "");

	memcpy(report->as_of, now, strlen(now) + 1);
	if (rc == 0 && *now && found && last.len == TEXT_INSTANT &&
	    memcmp(now, last.data, TEXT_INSTANT) < 0 && !options->older)
		rc = err_set(err, ERR_ORDER, "this snapshot is of %s, and the "
			     "last one loaded was of %.*s; if it is to go back "
			     "to the older one, load with --older", now,
			     (int)last.len, (const char *)last.data);
	buf_release(&last);
	if (rc == 0 && *now)
		rc = store_run(st, err, "insert into _home values ('as_of', "
			       "?1) on conflict do update set value = ?1", "s",
			       now);
	return rc;
}

static int
load_all(struct intake *in, const struct load_options *options,
	 const struct snapshot *files, struct load_report *report,
	 struct err *err)
{
	int64_t loaded;

	if (loaded_count(in->st, 0, &loaded, err) < 0 ||
	    records_begin(in->records, 0, err) < 0 ||
	    take_files(in, files, report, err) < 0 ||
	    check_gone(options, &report->sum, loaded, err) < 0 ||
	    settle_as_of(in->st, options, in, report, err) < 0)
		return -1;
	if (in->learned &&
	    references_infer(in->st, in->objects, in->records, err) < 0)
		return -1;
	return records_end(in->records, err);
}

int
load(struct home *home, const struct load_options *options,
     struct load_report *report, struct err *err)
{
	struct snapshot files = SNAPSHOT_INIT;
	struct intake in = {
		.st = home_store(home),
		.partial = options->partial,
		.allow_deletes = options->allow_deletes,
		.types = options->types,
		.type_count = options->type_count,
	};
	int64_t ms;
	int rc = -1;

	if (options->as_of &&
	    !text_parse_instant(&ms, options->as_of, strlen(options->as_of)))
		return err_set(err, ERR_USAGE, "--as-of %s: is not a time like "
			       "2026-11-22T06:00:00.000Z",
			       SHOWN(options->as_of));
	if (check_types(options, err) < 0 ||
	    snapshot_find(&files, options->snapshot, options->snapshots, err) <
		    0 ||
	    store_begin(in.st, err) < 0)
		goto out;
	if (objects_open(&in.objects, in.st, err) == 0 &&
	    records_open(&in.records, in.st, err) == 0 &&
	    records_print_key(in.records, in.print_key, err) == 0)
		rc = load_all(&in, options, &files, report, err);
	/* Statements end before the transaction does. */
	records_close(in.records);
	objects_close(in.objects);
	if (rc == 0 && !options->dry_run)
		rc = store_commit(in.st, err);
	else
		store_rollback(in.st);
out:
	snapshot_release(&files);
	report->bad = in.bad;
	report->notes = in.notes;
	if (rc == 0 && report->sum.edited > 0)
		rc = 1;
	return rc;
}

void
load_report_release(struct load_report *report)
{
	for (size_t i = 0; i < report->objects; i++)
		free(report->object[i].name);
	free(report->object);
	buf_release(&report->bad);
	buf_release(&report->notes);
	*report = (struct load_report)LOAD_REPORT_INIT;
}
