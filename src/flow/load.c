/* A snapshot into the store: see load.h. */
#include "flow/load.h"

#include <inttypes.h>
#include <stdio.h>
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

/*
 * How old a snapshot is, by the newest SystemModstamp of it and of each of its
 * objects. Rows that are passed by unparsed have theirs looked at too.
 */
struct age {
	char newest[TEXT_INSTANT + 1]; /* of all, or empty */
	bool newer;	      /* an object has a newer one than last time */
	const struct object *older; /* the first that has an older one */
	char is[TEXT_INSTANT + 1], was[TEXT_INSTANT + 1]; /* that one's */
};

/* What an object's file has said of its age, held against the last one. */
static int
see_age(struct age *age, struct intake *in, const char *object,
	const char *newest, struct err *err)
{
	struct object *o = objects_find(in->objects, object);
	int order = o && *o->newest ? strcmp(newest, o->newest) : 0;

	if (!o || !*newest)
		return 0;
	if (strcmp(newest, age->newest) > 0)
		memcpy(age->newest, newest, sizeof age->newest);
	age->newer |= order > 0;
	if (order < 0 && !age->older) {
		age->older = o;
		memcpy(age->is, newest, sizeof age->is);
		memcpy(age->was, o->newest, sizeof age->was);
	}
	/* The newest of a part says nothing of the rest. */
	if (strcmp(newest, o->newest) == 0 || (order < 0 && in->partial))
		return 0;
	return objects_set_newest(in->objects, o, newest, err);
}

static int
take_files(struct intake *in, const struct snapshot *files, struct age *age,
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
		if (intake_file(in, &files->file[i], &o->tally, err) < 0 ||
		    see_age(age, in, o->name, o->tally.newest, err) < 0)
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

/*
 * An older snapshot than the last one, where nothing says that it is not. One
 * whose newest time is behind the home's may be a few objects alone, or of a
 * day that changed nothing; what only deleted the newest record looks older,
 * and has to be said.
 */
static int
check_age(const struct load_options *options, const struct age *age,
	  const char *now, const char *last, struct err *err)
{
	if (options->older || !*now || strcmp(now, last) >= 0)
		return 0;
	if (options->as_of)
		return err_set(err, ERR_ORDER, "this snapshot is of %s, and "
			       "the last one loaded was of %s; if it is to go "
			       "back to the older one, load with --older", now,
			       last);
	if (age->newer || !age->older)
		return 0;
	return err_set(err, ERR_ORDER, "this snapshot is of %s, and the last "
		       "one loaded was of %s; the newest %s in it is of %s, "
		       "and was of %s; if it is newer all the same, such as "
		       "where the newest record was deleted, say when it was "
		       "taken with --as-of TIME; if it is to go back to the "
		       "older one, load with --older", now, last,
		       age->older->name, age->is, age->was);
}

/* When the snapshot was taken, held against the last one. */
static int
settle_as_of(struct store *st, const struct load_options *options,
	     const struct age *age, char as_of[static TEXT_INSTANT + 1],
	     struct err *err)
{
	const char *now = options->as_of ? options->as_of : age->newest;
	struct buf text = BUF_INIT;
	const char *last;
	bool found;
	int rc = store_ask_text(st, &text, &found, err, "select value from "
				"_home where key = 'as_of'", "");

	last = buf_str(&text);
	if (rc == 0 && !last)
		rc = err_memory(err);
	if (rc == 0)
		rc = check_age(options, age, now, last, err);
	if (rc == 0) {
		/* It goes back only where that was said. */
		if (!options->as_of && !options->older &&
		    strcmp(now, last) < 0)
			now = last;
		(void)snprintf(as_of, TEXT_INSTANT + 1, "%s", now);
		if (*now)
			rc = store_run(st, err, "insert into _home values "
				       "('as_of', ?1) on conflict do update "
				       "set value = ?1", "s", now);
	}
	buf_release(&text);
	return rc;
}

static int
load_all(struct intake *in, const struct load_options *options,
	 const struct snapshot *files, struct load_report *report,
	 struct err *err)
{
	struct age age = { .newer = false };
	int64_t loaded;

	if (loaded_count(in->st, 0, &loaded, err) < 0 ||
	    records_begin(in->records, 0, err) < 0 ||
	    take_files(in, files, &age, report, err) < 0 ||
	    check_gone(options, &report->sum, loaded, err) < 0 ||
	    settle_as_of(in->st, options, &age, report->as_of, err) < 0)
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
