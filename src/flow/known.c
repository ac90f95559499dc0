/*
 * Records by place and by id: see known.h. Open addressing over a dense array.
 */
#include "flow/known.h"

#include <stdlib.h>
#include <string.h>

#include "format/keys.h"

/* What lies beside the pages may be one part in so many of the whole. */
enum { NEWER = 8 };

/*
 * A seed that nobody knows keeps a stranger's ids from falling into one slot;
 * the multipliers are those of MurmurHash3's finalizer.
 */
static uint64_t
hash_of(const struct known *k, const char *id)
{
	uint64_t a, b;

	memcpy(&a, id, 8);
	memcpy(&b, id + 7, 8);
	a = (a ^ k->seed) * UINT64_C(0xff51afd7ed558ccd);
	a = (a ^ (a >> 32) ^ b) * UINT64_C(0xc4ceb9fe1a85ec53);
	/* Ids mostly differ in their last letters, b's highest bits. */
	a = (a ^ (a >> 32)) * UINT64_C(0xff51afd7ed558ccd);
	return a ^ (a >> 29);
}

/* The tag's bits, in their place; of the hash those that choose no slot. */
static uint32_t
tag_of(const struct known *k, uint64_t hash)
{
	return (uint32_t)(hash >> 32) >> k->bits << k->bits;
}

/* The slot with an id's tag that is next from here on, or an empty one. */
static size_t
next_slot(const struct known *k, size_t i, uint32_t tag)
{
	for (;; i++) {
		uint32_t at = k->slot[i & (k->slots - 1)];

		if (at == 0 || (at ^ tag) >> k->bits == 0)
			return i & (k->slots - 1);
	}
}

/* The record of a slot that is not empty. */
static struct known_record *
record_in(const struct known *k, size_t slot)
{
	return &k->record[(k->slot[slot] & ((1U << k->bits) - 1)) - 1];
}

static void
fill_slot(struct known *k, size_t record)
{
	uint64_t hash = hash_of(k, k->record[record].id);
	size_t i = (size_t)hash & (k->slots - 1);

	while (k->slot[i])
		i = (i + 1) & (k->slots - 1);
	k->slot[i] = tag_of(k, hash) | ((uint32_t)record + 1);
}

static struct known_record *
find(const struct known *k, const char *id)
{
	uint64_t hash = hash_of(k, id);
	uint32_t tag = tag_of(k, hash);

	for (size_t i = (size_t)hash;; i++) {
		i = next_slot(k, i, tag);
		if (k->slot[i] == 0)
			return NULL;
		if (memcmp(record_in(k, i)->id, id, LOADED_ID) == 0)
			return record_in(k, i);
	}
}

/* Slots for all there is room for, two thirds full at the most. */
static int
make_slots(struct known *k)
{
	size_t slots = 64;
	uint32_t *slot;

	while (slots / 3 * 2 < k->room)
		slots *= 2;
	if (slots <= k->slots)
		return 0;
	slot = calloc(slots, sizeof *slot);
	if (!slot)
		return -1;
	free(k->slot);
	k->slot = slot;
	k->slots = slots;
	/* Fewer records than slots, so that index and one fit. */
	for (k->bits = 0; (size_t)1 << k->bits < slots; k->bits++)
		;
	for (size_t r = 0; r < k->count; r++)
		fill_slot(k, r);
	return 0;
}

static int
make_room(struct known *k, size_t room)
{
	struct known_record *grown;

	if (room <= k->room)
		return 0;
	if (room >= UINT32_MAX / 3) /* slots can be numbered */
		return -1;
	grown = realloc(k->record, room * sizeof *grown);
	if (!grown)
		return -1;
	k->record = grown;
	k->room = room;
	return k->slots ? make_slots(k) : 0;
}

/* A record that is not there yet. NULL: out of memory. */
static struct known_record *
add(struct known *k, const char *id)
{
	struct known_record *record;

	if (k->count == k->room &&
	    make_room(k, k->room + k->room / 4 + 64) < 0)
		return NULL;
	record = &k->record[k->count++];
	memset(record, 0, sizeof *record);
	memcpy(record->id, id, LOADED_ID);
	if (k->slots)
		fill_slot(k, k->count - 1);
	return record;
}

static int
see(void *ctx, const struct loaded_mark *mark, struct err *err)
{
	struct known_record *record = add(ctx, mark->id);

	if (!record)
		return err_memory(err);
	record->row = mark->row;
	record->stamp = mark->stamp;
	memcpy(record->print, mark->print, LOADED_PRINT);
	record->loaded = 1;
	record->odd = mark->odd;
	record->removed = mark->removed;
	record->paged = mark->paged;
	return 0;
}

int
known_read(struct known *k, struct store *st, struct records *r,
	   const struct object *o, struct err *err)
{
	int64_t count;

	keys_random(&k->seed, sizeof k->seed);
	if (records_any(r, o, &k->others, err) < 0 ||
	    loaded_count(st, o->object, &count, err) < 0)
		return -1;
	/* And for a day's growth, so that nothing moves. */
	if (make_room(k, (size_t)count + (size_t)count / 64 + 64) < 0)
		return err_memory(err);
	if (loaded_each(st, o->object, see, k, err) < 0)
		return -1;
	k->read = k->count;
	return 0;
}

void
known_release(struct known *k)
{
	free(k->record);
	free(k->slot);
	*k = (struct known)KNOWN_INIT;
}

/*
 * Two places are kept: behind the last one found, and where that search had
 * left off. So neither a new record among the old ones nor one that is gone
 * ends the walk.
 */
struct known_record *
known_next(struct known *k, const uint8_t print[static LOADED_PRINT])
{
	for (size_t i = 0; i < 2; i++) {
		size_t at = k->next[i];

		if (at >= k->read || k->record[at].line != 0 ||
		    memcmp(k->record[at].print, print, LOADED_PRINT) != 0)
			continue;
		k->next[i] = k->next[0];
		k->next[0] = at + 1;
		k->lost = false;
		return &k->record[at];
	}
	k->lost = true;
	return NULL;
}

void
known_soon(const struct known *k, const char *const *id, size_t count)
{
	uint64_t hash[KNOWN_SOON];

	if (k->slots == 0)
		return;
	for (size_t i = 0; i < count; i++) {
		if (!id[i])
			continue;
		hash[i] = hash_of(k, id[i]);
		__builtin_prefetch(&k->slot[hash[i] & (k->slots - 1)]);
	}
	for (size_t i = 0; i < count; i++) {
		const char *near;
		size_t slot;

		if (!id[i])
			continue;
		slot = next_slot(k, (size_t)hash[i], tag_of(k, hash[i]));
		if (k->slot[slot] == 0)
			continue;
		near = (const char *)record_in(k, slot);
		/* It may lie in two lines; known_next() then asks the next. */
		__builtin_prefetch(near, 1);
		__builtin_prefetch(near + sizeof *k->record - 1, 1);
		__builtin_prefetch(near + 2 * sizeof *k->record - 1);
	}
}

/* The next is expected behind this one. */
static void
go_on_from(struct known *k, const struct known_record *record)
{
	k->next[1] = k->next[0];
	k->next[0] = (size_t)(record - k->record) + 1;
}

struct known_record *
known_again(struct known *k, const char *id,
	    const uint8_t print[static LOADED_PRINT])
{
	struct known_record *record = k->slots ? find(k, id) : NULL;

	if (!record || !record->loaded || record->line != 0 ||
	    memcmp(record->print, print, LOADED_PRINT) != 0)
		return NULL;
	go_on_from(k, record);
	return record;
}

int
known_meet(struct known *k, struct records *r, const struct object *o,
	   const char *id, struct known_record **record, struct err *err)
{
	int64_t row = 0;

	if (k->slots == 0 && make_slots(k) < 0)
		return err_memory(err);
	*record = find(k, id);
	if (*record) {
		go_on_from(k, *record);
		return 0;
	}
	if (k->others && records_find_short(r, o, id, &row, err) < 0)
		return -1;
	*record = add(k, id);
	if (!*record)
		return err_memory(err);
	(*record)->row = row;
	(*record)->added = row == 0;
	return 0;
}

static struct loaded_mark
mark_of(const struct known_record *r)
{
	struct loaded_mark m = { .row = r->row, .stamp = r->stamp,
				 .odd = r->odd, .removed = r->removed,
				 .paged = r->paged };

	memcpy(m.print, r->print, LOADED_PRINT);
	memcpy(m.id, r->id, LOADED_ID);
	return m;
}

static int
by_row(const void *a, const void *b)
{
	const struct known_record *x = a, *y = b;

	return x->row < y->row ? -1 : x->row > y->row;
}

static int
write_pages(struct known *k, struct store *st, const struct object *o,
	    struct err *err)
{
	struct loaded_pages pages;
	int rc = loaded_pages_begin(&pages, st, o->object, err);

	/* They are, but for those that an import had brought. */
	for (size_t i = 1; i < k->count; i++)
		if (k->record[i].row < k->record[i - 1].row) {
			qsort(k->record, k->count, sizeof *k->record, by_row);
			break;
		}
	for (size_t i = 0; rc == 0 && i < k->count; i++) {
		struct loaded_mark mark = mark_of(&k->record[i]);

		if (k->record[i].loaded && !k->record[i].gone)
			rc = loaded_pages_add(&pages, &mark, err);
	}
	if (rc == 0)
		rc = loaded_pages_end(&pages, err);
	loaded_pages_release(&pages);
	return rc;
}

int
known_write(struct known *k, struct store *st, const struct object *o,
	    struct err *err)
{
	size_t changed = 0;
	int64_t newer;

	for (size_t i = 0; i < k->count; i++)
		changed += k->record[i].changed;
	if (loaded_newer(st, o->object, &newer, err) < 0)
		return -1;
	if ((changed + (size_t)newer) * NEWER > k->count)
		return write_pages(k, st, o, err);
	for (size_t i = 0; changed > 0 && i < k->count; i++) {
		struct loaded_mark mark;

		if (!k->record[i].changed || k->record[i].gone)
			continue;
		mark = mark_of(&k->record[i]);
		if (loaded_put(st, o->object, &mark, err) < 0)
			return -1;
	}
	return 0;
}
