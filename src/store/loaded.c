/* Marks of what was loaded: see loaded.h. */
#include "store/loaded.h"

#include <string.h>

#include "base/text.h"

/*
 * A mark's bytes: row, stamp (8 each, the lowest first), print, id, flags. A
 * page of 84 fills a page of the database, which is read and written as one.
 */
enum { BYTES = 48, PAGE = 84 };
enum { REMOVED = 1, ODD = 2 }; /* flags */

static void
put_number(uint8_t *to, int64_t n)
{
	for (unsigned i = 0; i < 8; i++)
		to[i] = (uint8_t)((uint64_t)n >> 8 * i);
}

static int64_t
get_number(const uint8_t *from)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < 8; i++)
		n |= (uint64_t)from[i] << 8 * i;
	return (int64_t)n;
}

static void
put_mark(uint8_t to[static BYTES], const struct loaded_mark *m)
{
	put_number(to, m->row);
	put_number(to + 8, m->stamp);
	memcpy(to + 16, m->print, LOADED_PRINT);
	memcpy(to + 32, m->id, LOADED_ID);
	to[47] = (uint8_t)((m->removed ? REMOVED : 0) | (m->odd ? ODD : 0));
}

static void
get_mark(struct loaded_mark *m, const uint8_t from[static BYTES], bool paged)
{
	m->row = get_number(from);
	m->stamp = get_number(from + 8);
	memcpy(m->print, from + 16, LOADED_PRINT);
	memcpy(m->id, from + 32, LOADED_ID);
	m->removed = from[47] & REMOVED;
	m->odd = from[47] & ODD;
	m->paged = paged;
}

static int
damaged(struct err *err)
{
	return err_set(err, ERR_SYSTEM, "the store is damaged: what was loaded "
		       "is not told as it is written; take the home back from "
		       "a backup");
}

/* The marks on either side, and how far they are read. */
struct merge {
	struct store_statement *pages, *newer;
	const uint8_t *page;
	size_t left; /* bytes of the page */
	bool any;    /* newer stands on a row */
	int64_t row; /* of it */
};

/* On to the next page, where this one is read: 1, 0 at the end, -1. */
static int
turn_page(struct merge *m, struct err *err)
{
	int got;

	if (m->left > 0)
		return 1;
	if (!m->pages)
		return 0;
	got = store_step(m->pages, err);
	if (got <= 0) {
		store_finish(m->pages);
		m->pages = NULL;
		return got;
	}
	m->page = store_blob(m->pages, 0, &m->left);
	return m->left > 0 && m->left % BYTES == 0 ? 1 : damaged(err);
}

static int
next_newer(struct merge *m, struct err *err)
{
	int got = store_step(m->newer, err);

	m->any = got > 0;
	m->row = m->any ? store_int(m->newer, 0) : 0;
	return got < 0 ? -1 : 0;
}

/* The next mark by row; what is newer hides the same row's in a page. */
static int
next_mark(struct merge *m, struct loaded_mark *mark, struct err *err)
{
	for (;;) {
		int got = turn_page(m, err);
		const uint8_t *newer;
		size_t len;
		bool same;

		if (got < 0)
			return -1;
		if (!m->any && got == 0)
			return 0;
		if (got > 0 && (!m->any || get_number(m->page) < m->row)) {
			get_mark(mark, m->page, true);
			m->page += BYTES;
			m->left -= BYTES;
			return 1;
		}
		same = got > 0 && get_number(m->page) == m->row;
		if (same) {
			m->page += BYTES;
			m->left -= BYTES;
		}
		newer = store_blob(m->newer, 1, &len);
		if (len != 0 && (len != BYTES || get_number(newer) != m->row))
			return damaged(err);
		if (len > 0)
			get_mark(mark, newer, same);
		if (next_newer(m, err) < 0)
			return -1;
		if (len > 0)
			return 1;
	}
}

int
loaded_each(struct store *st, int64_t object,
	    int (*see)(void *ctx, const struct loaded_mark *mark,
		       struct err *err),
	    void *ctx, struct err *err)
{
	struct merge m = { .left = 0 };
	struct loaded_mark mark;
	int got = -1;

	if (store_prepare(st, &m.pages, "select marks from _page where object "
			  "= ?1 order by last", err) == 0 &&
	    store_prepare(st, &m.newer, "select _row, mark from _loaded where "
			  "object = ?1 order by _row", err) == 0) {
		store_bind_int(m.pages, 1, object);
		store_bind_int(m.newer, 1, object);
		got = next_newer(&m, err);
	}
	if (got == 0)
		while ((got = next_mark(&m, &mark, err)) > 0)
			if (see(ctx, &mark, err) < 0) {
				got = -1;
				break;
			}
	store_finish(m.pages);
	store_finish(m.newer);
	return got;
}

int
loaded_count(struct store *st, int64_t object, int64_t *count,
	     struct err *err)
{
	/* A row without mark hides one of a page; one not paged is more. */
	return store_ask(st, count, 0, err, "select (select coalesce(sum("
			 "records), 0) from _page where object between ?1 and "
			 "?2) + (select coalesce(sum((length(mark) > 0) - "
			 "paged), 0) from _loaded where object between ?1 and "
			 "?2)", "ii", object, object ? object : INT64_MAX);
}

int
loaded_newer(struct store *st, int64_t object, int64_t *count,
	     struct err *err)
{
	return store_ask(st, count, 0, err, "select count(*) from _loaded "
			 "where object = ?1", "i", object);
}

/* The mark of a row in the pages: 1, 0, -1. */
static int
find_paged(struct store *st, int64_t object, int64_t row,
	   struct loaded_mark *mark, struct err *err)
{
	struct store_statement *s;
	const uint8_t *page;
	size_t from = 0, to, len;
	int got;

	if (store_prepare(st, &s, "select marks from _page where object = ?1 "
			  "and last >= ?2 order by last limit 1", err) < 0)
		return -1;
	store_bind_int(s, 1, object);
	store_bind_int(s, 2, row);
	got = store_step(s, err);
	if (got > 0) {
		page = store_blob(s, 0, &len);
		got = 0;
		to = len / BYTES;
		while (from < to) {
			size_t at = from + (to - from) / 2;

			if (get_number(page + at * BYTES) < row)
				from = at + 1;
			else
				to = at;
		}
		if (from < len / BYTES &&
		    get_number(page + from * BYTES) == row) {
			get_mark(mark, page + from * BYTES, true);
			got = 1;
		}
	}
	store_finish(s);
	return got;
}

/* What is newer than the pages of a row: 1 (mark or none), 0, -1. */
static int
find_newer(struct store *st, int64_t object, int64_t row,
	   struct loaded_mark *mark, bool *none, struct err *err)
{
	struct store_statement *s;
	const uint8_t *bytes;
	size_t len;
	int got;

	if (store_prepare(st, &s, "select mark, paged from _loaded where "
			  "object = ?1 and _row = ?2", err) < 0)
		return -1;
	store_bind_int(s, 1, object);
	store_bind_int(s, 2, row);
	got = store_step(s, err);
	if (got > 0) {
		bytes = store_blob(s, 0, &len);
		*none = len == 0;
		if (len == BYTES && get_number(bytes) == row)
			get_mark(mark, bytes, store_int(s, 1) != 0);
		else if (len > 0)
			got = damaged(err);
	}
	store_finish(s);
	return got;
}

int
loaded_find(struct store *st, int64_t object, int64_t row,
	    struct loaded_mark *mark, struct err *err)
{
	bool none = false;
	int got = find_newer(st, object, row, mark, &none, err);

	if (got != 0)
		return got < 0 ? -1 : !none;
	return find_paged(st, object, row, mark, err);
}

static int
put_bytes(struct store *st, int64_t object, int64_t row, bool paged,
	  const uint8_t *bytes, size_t len, struct err *err)
{
	return store_run(st, err, "insert or replace into _loaded values (?1, "
			 "?2, ?3, ?4)", "iiib", object, row,
			 (int64_t)paged, bytes, len);
}

int
loaded_put(struct store *st, int64_t object, const struct loaded_mark *mark,
	   struct err *err)
{
	uint8_t bytes[BYTES];

	put_mark(bytes, mark);
	return put_bytes(st, object, mark->row, mark->paged, bytes,
			 sizeof bytes, err);
}

int
loaded_drop(struct store *st, int64_t object, int64_t row, struct err *err)
{
	struct loaded_mark mark;
	int got = loaded_find(st, object, row, &mark, err);

	if (got <= 0)
		return got;
	return mark.paged ? put_bytes(st, object, row, true, NULL, 0, err) :
			    store_run(st, err, "delete from _loaded where "
				      "object = ?1 and _row = ?2", "ii",
				      object, row);
}

int
loaded_remove(struct store *st, int64_t object, int64_t row, struct err *err)
{
	struct loaded_mark mark;
	int got = loaded_find(st, object, row, &mark, err);

	if (got <= 0)
		return got;
	mark.removed = true;
	return loaded_put(st, object, &mark, err);
}

int
loaded_move(struct store *st, int64_t object, int64_t from, int64_t to,
	    struct err *err)
{
	struct loaded_mark mark;
	int got = loaded_find(st, object, from, &mark, err);

	if (got <= 0)
		return got;
	if (loaded_drop(st, object, from, err) < 0)
		return -1;
	mark.row = to;
	mark.removed = mark.paged = false;
	return loaded_put(st, object, &mark, err);
}

/* Each page ends and counts as it says, and all rows ascend. */
static int
check_pages(struct store *st, struct err *err)
{
	struct store_statement *s;
	int64_t object = 0, row = 0;
	int got;

	if (store_prepare(st, &s, "select object, last, records, marks from "
			  "_page order by object, last", err) < 0)
		return -1;
	while ((got = store_step(s, err)) > 0) {
		size_t len;
		const uint8_t *marks = store_blob(s, 3, &len);
		bool good = len > 0 && len % BYTES == 0 &&
			    (int64_t)(len / BYTES) == store_int(s, 2);

		if (store_int(s, 0) != object)
			row = 0;
		object = store_int(s, 0);
		for (size_t at = 0; good && at < len; at += BYTES) {
			good = get_number(marks + at) > row;
			row = get_number(marks + at);
		}
		if (!good || row != store_int(s, 1)) {
			got = damaged(err);
			break;
		}
	}
	store_finish(s);
	return got;
}

int
loaded_check(struct store *st, struct err *err)
{
	struct store_statement *s;
	struct loaded_mark mark;
	int got = check_pages(st, err);

	if (got < 0 || store_prepare(st, &s, "select object, _row, paged from "
				     "_loaded", err) < 0)
		return -1;
	while ((got = store_step(s, err)) > 0) {
		int paged = find_paged(st, store_int(s, 0), store_int(s, 1),
				       &mark, err);

		if (paged < 0 || paged != store_int(s, 2)) {
			got = paged < 0 ? -1 : damaged(err);
			break;
		}
	}
	store_finish(s);
	return got;
}

int
loaded_pages_begin(struct loaded_pages *p, struct store *st, int64_t object,
		   struct err *err)
{
	*p = (struct loaded_pages){ st, object, 0, BUF_INIT };
	if (store_run(st, err, "delete from _page where object = ?1", "i",
		      object) < 0)
		return -1;
	return store_run(st, err, "delete from _loaded where object = ?1", "i",
			 object);
}

static int
write_page(struct loaded_pages *p, struct err *err)
{
	int rc;

	if (buf_ok(&p->page, err) < 0)
		return -1;
	if (p->page.len == 0)
		return 0;
	rc = store_run(p->st, err, "insert into _page values (?1, ?2, ?3, ?4)",
		       "iiib", p->last, p->object,
		       (int64_t)(p->page.len / BYTES), p->page.data,
		       p->page.len);
	buf_clear(&p->page);
	return rc;
}

int
loaded_pages_add(struct loaded_pages *p, const struct loaded_mark *mark,
		 struct err *err)
{
	uint8_t bytes[BYTES];

	put_mark(bytes, mark);
	buf_add(&p->page, bytes, sizeof bytes);
	p->last = mark->row;
	return p->page.len < PAGE * BYTES ? 0 : write_page(p, err);
}

int
loaded_pages_end(struct loaded_pages *p, struct err *err)
{
	return write_page(p, err);
}

void
loaded_pages_release(struct loaded_pages *p)
{
	buf_release(&p->page);
}
