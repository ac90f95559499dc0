/* Records by id: see known.h. Open addressing over a dense array. */
#include "flow/known.h"

#include <stdlib.h>
#include <string.h>

#include "format/keys.h"

enum { ID = 15 };

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
	return (size_t)(a ^ (a >> 29)) & (k->slots - 1);
}

struct known_record *
known_find(const struct known *k, const char *id)
{
	if (k->slots == 0)
		return NULL;
	for (size_t i = slot_of(k, id);; i = (i + 1) & (k->slots - 1)) {
		uint32_t at = k->slot[i];

		if (at == 0)
			return NULL;
		if (memcmp(k->record[at - 1].id, id, ID) == 0)
			return &k->record[at - 1];
	}
}

/* Slots for at least so many records, two thirds full at the most. */
static int
make_slots(struct known *k, size_t records)
{
	size_t slots = 64;
	uint32_t *slot;

	while (slots / 3 * 2 < records)
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

static int
make_room(struct known *k, size_t records)
{
	struct known_record *grown;

	if (records <= k->room)
		return 0;
	if (records >= UINT32_MAX)
		return -1;
	grown = realloc(k->record, records * sizeof *grown);
	if (!grown)
		return -1;
	k->record = grown;
	k->room = records;
	return 0;
}

struct known_record *
known_add(struct known *k, const char *id)
{
	struct known_record *record;
	size_t i;

	if (k->count == k->room &&
	    make_room(k, k->room + k->room / 4 + 64) < 0)
		return NULL;
	if (make_slots(k, k->count + 1) < 0)
		return NULL;
	record = &k->record[k->count++];
	memset(record, 0, sizeof *record);
	memcpy(record->id, id, ID);
	i = slot_of(k, id);
	while (k->slot[i])
		i = (i + 1) & (k->slots - 1);
	k->slot[i] = (uint32_t)k->count;
	return record;
}

static int
see(void *ctx, const char *id, size_t len, int64_t row, const uint8_t *print,
    bool removed, struct err *err)
{
	struct known_record *record;

	if (len < ID)
		return err_set(err, ERR_SYSTEM, "the store has a record with "
			       "an id of %zu characters: run orgferry check",
			       len);
	record = known_add(ctx, id);
	if (!record)
		return err_memory(err);
	record->row = row;
	record->removed = removed;
	record->loaded = print != NULL;
	if (print)
		memcpy(record->print, print, RECORDS_PRINT);
	return 0;
}

int
known_read(struct known *k, struct records *r, struct object *o,
	   struct err *err)
{
	int64_t count;

	keys_random(&k->seed, sizeof k->seed);
	if (records_count(r, o, &count, err) < 0)
		return -1;
	/* Room for all and a day's growth, so that nothing moves. */
	if (make_room(k, (size_t)count + (size_t)count / 64 + 64) < 0 ||
	    make_slots(k, k->room) < 0)
		return err_memory(err);
	return records_each(r, o, see, k, err);
}

void
known_release(struct known *k)
{
	free(k->record);
	free(k->slot);
	*k = (struct known)KNOWN_INIT;
}
