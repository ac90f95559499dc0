/* The home: see home.h. */
#include "store/home.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "model/record_id.h"

struct home {
	char *path;
	int lock;
	struct key_pair *keys;
	struct store *store;
};

static const char *const folders[] = { "files", "keys", "outbox", "sent" };

/* The names that a home that was begun may hold. */
static bool
is_ours(const char *name)
{
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (strcmp(name, folders[i]) == 0)
			return true;
	return strcmp(name, "lock") == 0 || strncmp(name, "org.db", 6) == 0;
}

static int
check_org(const struct home_org *org, struct err *err)
{
	char id[RECORD_ID + 1];

	if (!*org->name || strlen(org->name) > LIMIT_TEXT ||
	    !text_is_plain(org->name, strlen(org->name)))
		return err_set(err, ERR_USAGE, "--name %s: an org's name has 1 "
			       "to %zu bytes and no control characters",
			       SHOWN(org->name), LIMIT_TEXT);
	if (org->id && (record_id_full(id, org->id, strlen(org->id)) ==
				RECORD_ID_NONE ||
			strncmp(id, "00D", 3) != 0))
		return err_set(err, ERR_USAGE, "--org-id %s: an org's id has "
			       "15 or 18 characters and begins with 00D",
			       SHOWN(org->id));
	return 0;
}

/* A home has its key: 1 or 0, or -1 where that cannot be seen. */
static int
has_key(const char *path, const char *key, struct err *err)
{
	struct stat st;

	if (lstat(key, &st) == 0)
		return 1;
	if (errno == ENOENT || errno == ENOTDIR)
		return 0;
	return err_sys(err, "%s: cannot look into it", SHOWN(path));
}

static int
check_no_home(const char *path, const char *key, struct err *err)
{
	int has = has_key(path, key, err);

	return has > 0 ? err_set(err, ERR_USAGE, "%s: is a home already",
				 SHOWN(path)) : has;
}

/* A folder that is empty, or was begun and not finished: no key in it yet. */
static int
check_free(const char *path, const char *key, struct err *err)
{
	char **names;
	size_t count, strangers = 0;

	if (check_no_home(path, key, err) < 0)
		return -1;
	if (file_names(&names, &count, path, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		strangers += !is_ours(names[i]);
	file_names_free(names, count);
	if (strangers > 0)
		return err_set(err, ERR_USAGE, "%s: is not empty; name a new "
			       "folder for the home", SHOWN(path));
	return 0;
}

static int
make_folders(const char *path, struct err *err)
{
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		char *folder = file_join(path, folders[i]);
		struct stat st;
		int rc = 0;

		if (!folder)
			return err_memory(err);
		if (lstat(folder, &st) < 0 || !S_ISDIR(st.st_mode))
			rc = file_make_folder(folder, err);
		free(folder);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* The keys last: with them the home is one. */
static int
make_keys(const char *file, struct err *err)
{
	struct key_pair *pair = NULL;
	struct buf text = BUF_INIT;
	int rc = -1;

	if (key_pair_new(&pair, err) == 0 &&
	    key_pair_write(pair, NULL, &text, err) == 0)
		rc = file_put(file, FILE_NEW_SECRET, text.data, text.len, err);
	keys_wipe(&text);
	key_pair_free(pair);
	return rc;
}

/*
 * An id for an org whose own is not known: no Salesforce org has `zzZ` at these
 * places, and nine characters drawn at random keep two homes apart.
 */
static void
mint_id(char id[static RECORD_ID + 1])
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz";
	char s[RECORD_ID_SHORT] = { '0', '0', 'D', 'z', 'z', 'Z' };
	uint8_t random[RECORD_ID_SHORT];

	keys_random(random, sizeof random);
	for (size_t i = 6; i < sizeof s; i++)
		s[i] = digits[random[i] % 62];
	(void)record_id_full(id, s, sizeof s);
}

/* The store with the org's facts in it. */
static int
make_store(const char *file, const struct home_org *org, struct err *err)
{
	static const char put[] = "insert into _home values (?1, ?2)";
	char id[RECORD_ID + 1] = "";
	uint8_t mark_key[KEYS_MARK_KEY];
	struct store *st;
	int rc = -1;

	if (!org->id)
		mint_id(id);
	else
		(void)record_id_full(id, org->id, strlen(org->id));
	if (store_make(file, err) < 0 || store_open(&st, file, err) < 0)
		return -1;
	keys_random(mark_key, sizeof mark_key);
	if (store_begin(st, err) == 0 &&
	    store_run(st, err, put, "ss", "name", org->name) == 0 &&
	    store_run(st, err, put, "ss", "org_id", id) == 0 &&
	    store_run(st, err, put, "si", "sandbox",
		      (int64_t)org->sandbox) == 0 &&
	    store_run(st, err, put, "si", "enabled",
		      (int64_t)org->enabled) == 0 &&
	    store_run(st, err, put, "sb", "print_key", mark_key,
		      sizeof mark_key) == 0)
		rc = store_commit(st, err);
	store_close(st);
	return rc;
}

/* All that makes a home, in a folder that is ours alone by now. */
static int
fill_home(const char *path, const char *key, const char *db,
	  const struct home_org *org, struct err *err)
{
	char *keys = file_join(path, "keys");
	int rc = -1;

	if (!keys)
		return err_memory(err);
	if (check_no_home(path, key, err) == 0 &&
	    make_folders(path, err) == 0 &&
	    file_sweep(keys, "org.key", err) == 0 &&
	    make_store(db, org, err) == 0)
		rc = make_keys(key, err);
	free(keys);
	return rc;
}

int
home_make(const char *path, const struct home_org *org, struct err *err)
{
	char *key = file_join(path, "keys/org.key");
	char *lock = file_join(path, "lock");
	char *db = file_join(path, "org.db");
	int rc = -1, is, held = -1;

	if (!key || !lock || !db) {
		(void)err_memory(err);
		goto out;
	}
	if (check_org(org, err) < 0 || (is = file_is_folder(path, err)) < 0 ||
	    (is ? check_free(path, key, err) : file_make_folder(path, err)) < 0)
		goto out;
	held = file_lock(lock, err);
	if (held >= 0)
		rc = fill_home(path, key, db, org, err);
out:
	if (held >= 0)
		(void)close(held);
	free(db);
	free(lock);
	free(key);
	return rc;
}

static int
read_keys(struct home *home, struct err *err)
{
	char *file = file_join(home->path, "keys/org.key");
	struct buf text = BUF_INIT;
	bool protected;
	int rc = -1;

	if (!file)
		return err_memory(err);
	if (file_read_secret(&text, file, LIMIT_SECRET_KEY, err) == 0) {
		rc = key_pair_read(&home->keys, text.data, text.len, NULL,
				   &protected, err);
		if (rc < 0)
			(void)err_at(err, "%s", SHOWN(file));
	}
	keys_wipe(&text);
	free(file);
	return rc;
}

int
home_open(struct home **out, const char *path, struct err *err)
{
	char *key = file_join(path, "keys/org.key");
	char *lock = file_join(path, "lock");
	char *db = file_join(path, "org.db");
	struct home *home = calloc(1, sizeof *home);
	int has = -1;

	*out = NULL;
	if (home) {
		home->lock = -1;
		home->path = strdup(path);
	}
	if (!key || !lock || !db || !home || !home->path)
		(void)err_memory(err);
	else if ((has = has_key(path, key, err)) == 0)
		(void)err_set(err, ERR_USAGE, "%s: is not a home (make one "
			      "with: orgferry init HOME)", SHOWN(path));
	else if (has > 0 && (home->lock = file_lock(lock, err)) >= 0 &&
		 read_keys(home, err) == 0) {
		/* What an import left that was killed: its spool's name. */
		file_sweep_dead(db);
		if (store_open(&home->store, db, err) == 0)
			*out = home;
	}
	free(key);
	free(lock);
	free(db);
	if (!*out)
		home_close(home);
	return *out ? 0 : -1;
}

void
home_close(struct home *home)
{
	if (!home)
		return;
	store_close(home->store);
	key_pair_free(home->keys);
	if (home->lock >= 0)
		(void)close(home->lock);
	free(home->path);
	free(home);
}

static int
read_fact(struct home *home, const char *key, char *to, size_t size,
	  struct err *err)
{
	struct buf text = BUF_INIT;
	bool found;
	int rc = store_ask_text(home->store, &text, &found, err, "select "
				"value from _home where key = ?1", "s", key);

	if (rc == 0)
		(void)snprintf(to, size, "%.*s", (int)text.len,
			       text.data ? (const char *)text.data : "");
	buf_release(&text);
	return rc;
}

int
home_read_facts(struct home *home, struct home_facts *facts, struct err *err)
{
	char flag[8];

	if (read_fact(home, "name", facts->name, sizeof facts->name, err) <
		    0 ||
	    read_fact(home, "org_id", facts->id, sizeof facts->id, err) < 0 ||
	    read_fact(home, "as_of", facts->as_of, sizeof facts->as_of, err) <
		    0 ||
	    read_fact(home, "sandbox", flag, sizeof flag, err) < 0)
		return -1;
	facts->sandbox = *flag == '1';
	if (read_fact(home, "enabled", flag, sizeof flag, err) < 0)
		return -1;
	facts->enabled = *flag == '1';
	return 0;
}

char *
home_path(const struct home *home, const char *name)
{
	return file_join(home->path, name);
}

struct store *
home_store(struct home *home)
{
	return home->store;
}

const struct key_pair *
home_keys(const struct home *home)
{
	return home->keys;
}
