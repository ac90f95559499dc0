/*
 * What the commands of connections will do, for the tests of history:
 *
 *	history_driver HOME connect NAME KEY	KEY: 32 hex digits
 *	history_driver HOME add NAME		rows on stdin: 11 fields each
 *						(user, category and origin as
 *						numbers after it, then the
 *						texts), each ended by NUL
 *	history_driver HOME fill NAME COUNT	so many plain rows
 *	history_driver HOME bundle NAME OUT [sealed]
 *						a notice to Globex of the
 *						fixtures, telling the head
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "format/bundle_out.h"
#include "format/envelope.h"
#include "format/sample.h"
#include "store/history.h"
#include "store/home.h"

static int
find(struct store *st, const char *name, int64_t *connection, struct err *err)
{
	return store_ask(st, connection, 0, err, "select connection from "
			 "_connection where name = ?1", "s", name);
}

static int
connect_to(struct store *st, const char *name, const char *hex,
	   struct err *err)
{
	uint8_t key[MANIFEST_CONNECTION];

	if (!text_unhex(key, sizeof key, hex, strlen(hex)))
		return err_set(err, ERR_USAGE, "not a key: %s", hex);
	return store_run(st, err, "insert into _connection (key, name, "
			 "inviter, status, created) values (?1, ?2, 1, "
			 "'Connected', '')", "bs", (const void *)key,
			 sizeof key, name);
}

static int
add_rows(struct store *st, const char *name, struct err *err)
{
	enum { FIELDS = 11 };
	char *field[FIELDS] = { NULL };
	size_t room[FIELDS] = { 0 };
	int64_t connection;
	int rc = find(st, name, &connection, err), n = 0;

	while (rc == 0 && getdelim(&field[n], &room[n], 0, stdin) > 0) {
		if (++n < FIELDS)
			continue;
		n = 0;
		rc = history_add(st, connection, field[0],
				 &(struct history_event){
					 .category = atoi(field[1]),
					 .origin = atoi(field[2]),
					 .action = field[3],
					 .object = field[4],
					 .record = field[5],
					 .partner_record = field[6],
					 .field = field[7],
					 .old = field[8],
					 .new = field[9],
					 .message = field[10],
				 }, err);
	}
	for (n = 0; n < FIELDS; n++)
		free(field[n]);
	return rc;
}

static int
fill(struct store *st, const char *name, long count, struct err *err)
{
	const struct history_event event = { .category = HISTORY_EMAIL,
					     .action = "Sent" };
	int64_t connection;
	int rc = find(st, name, &connection, err);

	while (rc == 0 && count-- > 0)
		rc = history_add(st, connection, "Ada", &event, err);
	return rc;
}

static int
write_bundle(struct home *home, struct manifest *m, const char *path,
	     const struct key_pair *to, struct err *err)
{
	struct file_out out = FILE_OUT_INIT;
	struct envelope_out *envelope = NULL;
	struct bundle_out *b = NULL;
	struct file_sink *sink = &out.sink;
	uint8_t hash[KEYS_HASH];
	int rc = -1;

	if (file_begin(&out, path, FILE_NEW, err) < 0 ||
	    bundle_out_begin(&b, path, err) < 0)
		goto out;
	if (to) {
		if (envelope_begin(&envelope, &out.sink, home_keys(home),
				   key_pair_public(to)->id,
				   key_pair_sealing(to), err) < 0)
			goto out;
		sink = envelope_sink(envelope);
	}
	if (bundle_out_finish(b, m, home_keys(home), sink, hash, err) == 0 &&
	    (!envelope || envelope_end(envelope, err) == 0))
		rc = file_commit(&out, err);
out:
	envelope_out_free(envelope);
	bundle_out_free(b);
	file_abandon(&out);
	return rc;
}

static int
make_bundle(struct home *home, const char *name, const char *path, bool sealed,
	    struct err *err)
{
	struct store *st = home_store(home);
	struct manifest m = MANIFEST_INIT;
	struct buf key = BUF_INIT;
	struct sample_keys keys;
	int64_t connection;
	bool found;
	int rc = sample_keys_read(&keys, err);

	if (rc == 0)
		rc = sample_manifest(&m, SAMPLE_NOTICE, &keys, err);
	if (rc < 0 || find(st, name, &connection, err) < 0 ||
	    store_ask_text(st, &key, &found, err, "select lower(hex(key)) "
			   "from _connection where connection = ?1", "i",
			   connection) < 0 ||
	    history_head(st, connection, &m.history, m.head, err) < 0)
		goto out;
	(void)text_unhex(m.connection, sizeof m.connection, buf_str(&key),
			 key.len);
	memcpy(m.from.key, key_pair_public(home_keys(home))->id, KEYS_ID);
	memcpy(m.from.sealing, key_pair_sealing(home_keys(home)),
	       KEYS_SEAL_PUBLIC);
	rc = write_bundle(home, &m, path, sealed ? keys.globex : NULL, err);
out:
	manifest_release(&m);
	buf_release(&key);
	sample_keys_free(&keys);
	return rc;
}

static int
run(struct home *home, int argc, char **argv, struct err *err)
{
	struct store *st = home_store(home);
	const char *verb = argv[2];
	int rc = -1;

	if (strcmp(verb, "bundle") == 0 && argc >= 5)
		return make_bundle(home, argv[3], argv[4], argc > 5, err);
	if (store_begin(st, err) < 0)
		return -1;
	if (strcmp(verb, "connect") == 0 && argc == 5)
		rc = connect_to(st, argv[3], argv[4], err);
	else if (strcmp(verb, "add") == 0 && argc == 4)
		rc = add_rows(st, argv[3], err);
	else if (strcmp(verb, "fill") == 0 && argc == 5)
		rc = fill(st, argv[3], atol(argv[4]), err);
	else
		(void)err_set(err, ERR_USAGE, "no such verb");
	return rc < 0 ? -1 : store_commit(st, err);
}

int
main(int argc, char **argv)
{
	struct home *home = NULL;
	struct err err = { 0 };
	int rc = -1;

	if (argc < 4) {
		(void)fprintf(stderr, "usage: history_driver HOME VERB ...\n");
		return 2;
	}
	if (keys_init(&err) == 0 && home_open(&home, argv[1], &err) == 0)
		rc = run(home, argc, argv, &err);
	home_close(home);
	if (rc < 0)
		(void)fprintf(stderr, "history_driver: %s\n", err.msg);
	return rc < 0 ? 1 : 0;
}
