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
static size_t
slot_of(const struct known *k, const char *id)
{
	uint64_t a, b;

	memcpy(&a, id, 8);
	memcpy(&b, id + 7, 8);
	a = (a ^ k->seed) * UINT64_C(0xff51afd7ed558ccd);
	a = (a ^ (a >> 32) ^ b) * UINT64_C(0xc4ceb9fe1a85ec53);
	/* Ids mostly differ in their last letters, b's highest bits. */
	a = (a ^ (a >> 32)) * UINT64_C(0xff51afd7ed558ccd);
	return (size_t)(a ^ (a >> 29)) & (k->slots - 1);
}

static struct known_record *
find(const struct known *k, const char *id)
{
	if (k->slots == 0)
		return NULL;
	for (size_t i = slot_of(k, id);; i = (i + 1) & (k->slots - 1)) {
		uint32_t at = k->slot[i];

		if (at == 0)
			return NULL;
		if (memcmp(k->record[at - 1].id, id, LOADED_ID) == 0)
			return &k->record[at - 1];
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
	for (size_t r = 0; r < k->count; r++) {
		size_t i = slot_of(k, k->record[r].id);

		while (k->slot[i])
			i = (i + 1) & (slots - 1);
		k->slot[i] = (uint32_t)r + 1;
	}
	return 0;
}

/* Room for one more. */
static int
make_room(struct known *k)
{
	size_t room = k->room + k->room / 4 + 64;
	struct known_record *grown;

	if (k->count < k->room)
		return 0;
	if (room >= UINT32_MAX)
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
	size_t i;

	if (make_room(k) < 0)
		return NULL;
	record = &k->record[k->count++];
	memset(record, 0, sizeof *record);
	memcpy(record->id, id, LOADED_ID);
	if (k->slots == 0)
		return record;
	i = slot_of(k, id);
	while (k->slot[i])
		i = (i + 1) & (k->slots - 1);
	k->slot[i] = (uint32_t)k->count;
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
	keys_random(&k->seed, sizeof k->seed);
	if (records_any(r, o, &k->others, err) < 0 ||
	    loaded_each(st, o->object, see, k, err) < 0)
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
		return &k->record[at];
	}
	return NULL;
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
		size_t at = (size_t)(*record - k->record);

		k->next[1] = k->next[0];
		k->next[0] = at + 1;
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
		struct loaded_mark mark = mark_of(&k->record[i]);

		if (k->record[i].changed && !k->record[i].gone &&
		    loaded_put(st, o->object, &mark, err) < 0)
			return -1;
	}
	return 0;
}
