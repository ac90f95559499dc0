/*
 * Any bytes: where rows accepts them, skim sees the same records, whatever the
 * pieces are in which it reads them; where rows refuses them, it ends all the
 * same, having given each byte once.
 *
 *	mkdir -p build/fuzz/corpus
 *	build/fuzz/skim -max_len=400 build/fuzz/corpus fixtures/fuzz/rows
 */
#include "format/skim.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Thread_local bool reading;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*start)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*start)(void *), void *arg);

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
		      void *(*start)(void *), void *arg)
{
	if (reading)
		return EAGAIN;
	return __real_pthread_create(thread, attr, start, arg);
}

static void
must(bool holds)
{
	if (!holds)
		abort();
}

/* What rows says of the input, one line number after the other. */
struct told {
	uint64_t line[512];
	size_t count;
	bool accepted;
};

static struct told
ask_rows(const uint8_t *data, size_t size)
{
	struct told told = { .count = 0 };
	struct rows *rows;
	const struct row *row;
	struct err err = { 0 };
	int more = -1;

	if (rows_open_memory(&rows, data, size, &err) < 0)
		return told;
	while ((more = rows_next(rows, &row, &err)) > 0 && told.count < 512)
		told.line[told.count++] = row->line;
	told.accepted = more == 0;
	rows_free(rows);
	return told;
}

static void
must_agree(const struct told *told, const uint8_t *data, size_t size,
	   size_t piece)
{
	static const uint8_t key[KEYS_MARK_KEY] = { 1 };
	struct file_memory from;
	struct skim *skim;
	struct skim_record header;
	struct skim_batch batch;
	struct err err = { 0 };
	size_t seen = 0, at = 0;
	int got;

	file_from_memory(&from, data, size);
	must(skim_open(&skim, &from.source, piece, &err) == 0);
	got = skim_header(skim, &header, &err);
	if (got > 0) {
		must(skim_begin(skim, key, &err) == 0);
		if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
			at = 3;
		at += header.whole;
	}
	while (got > 0 && (got = skim_next(skim, &batch, &err)) > 0)
		for (size_t i = 0; i < batch.count; i++) {
			const struct skim_record *r = &batch.record[i];

			must(r->whole > 0 && r->whole <= size - at);
			must(memcmp(r->data, data + at, r->whole) == 0);
			at += r->whole;
			if (told->accepted)
				must(seen < told->count && told->line[seen] ==
				     batch.lines + r->line);
			seen++;
		}
	must(got == 0);
	must(!told->accepted || (seen == told->count && at == size));
	skim_free(skim);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 7, 64, 100, 1 << 16 };
	struct told told = ask_rows(data, size);

	reading = true;
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
		if (told.count < 512)
			must_agree(&told, data, size, pieces[i]);
	reading = false;
	return 0;
}
