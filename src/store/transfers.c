/* Bundles made, taken in, refused: see transfers.h. */
#include "store/transfers.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

const char *const transfers_columns[TRANSFERS_COLUMNS] = {
	"Date", "Connection", "Direction", "Kind",
	"Sequence", "Bytes", "Hash", "File",
};

int
transfers_add(struct store *st, int64_t connection, bool out,
	      const struct manifest *m, const uint8_t hash[static KEYS_HASH],
	      const char *file, uint64_t bytes, struct err *err)
{
	char now[TEXT_INSTANT + 1];

	text_instant(now, text_now());
	return store_run(st, err, "insert into _transfer (connection, "
			 "direction, kind, epoch, sequence, hash, file, bytes, "
			 "time) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
			 "issbibsis", connection, out ? "out" : "in",
			 manifest_kind_word(m->kind), m->place.epoch,
			 sizeof m->place.epoch, (int64_t)m->place.sequence,
			 hash, (size_t)KEYS_HASH, file, (int64_t)bytes, now);
}

int
transfers_hash(struct store *st, int64_t connection, bool out,
	       const struct manifest_place *place,
	       uint8_t hash[static KEYS_HASH], struct err *err)
{
	struct store_statement *s;
	const uint8_t *at;
	size_t len;
	int got;

	if (store_prepare(st, &s, "select hash from _transfer where "
			  "connection = ?1 and direction = ?2 and epoch = ?3 "
			  "and sequence = ?4", err) < 0)
		return -1;
	store_bind_int(s, 1, connection);
	store_bind_text(s, 2, out ? "out" : "in", out ? 3 : 2);
	store_bind_blob(s, 3, place->epoch, sizeof place->epoch);
	store_bind_int(s, 4, (int64_t)place->sequence);
	got = store_step(s, err);
	if (got > 0) {
		at = store_blob(s, 0, &len);
		if (len == KEYS_HASH)
			memcpy(hash, at, KEYS_HASH);
	}
	store_finish(s);
	return got;
}

int
transfers_each(struct store *st, const char *conn,
	       int (*see)(void *ctx, const char *const *value,
			  struct err *err),
	       void *ctx, struct err *err)
{
	static const char sql[] =
		"select t.time, coalesce(c.name, ''), t.direction, t.kind, "
		"t.sequence, t.bytes, lower(hex(t.hash)), t.file from "
		"_transfer t left join _connection c using (connection) where "
		"?1 = '' or c.name = ?1 order by t.transfer";
	struct store_statement *s;
	int got;

	if (connection_known(st, conn, err) < 0 ||
	    store_prepare(st, &s, sql, err) < 0)
		return -1;
	store_bind_text(s, 1, conn ? conn : "", conn ? strlen(conn) : 0);
	while ((got = store_step(s, err)) > 0) {
		const char *v[TRANSFERS_COLUMNS];
		size_t len;

		for (int i = 0; i < TRANSFERS_COLUMNS; i++)
			v[i] = store_text(s, i, &len);
		if (see(ctx, v, err) < 0) {
			got = -1;
			break;
		}
	}
	store_finish(s);
	return got;
}

void
transfers_log(const char *path, const char *file, const char *why)
{
	char now[TEXT_INSTANT + 1];
	struct buf line = BUF_INIT;
	struct err err;
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
				    O_NOFOLLOW, 0600);

	if (fd < 0)
		return;
	text_instant(now, text_now());
	buf_addf(&line, "%s\t%s\t", now, SHOWN(file));
	text_add_shown(&line, why, strlen(why));
	buf_add_byte(&line, '\n');
	if (buf_ok(&line, &err) == 0)
		(void)file_write_fd(fd, line.data, line.len, path, &err);
	buf_release(&line);
	(void)close(fd);
}
