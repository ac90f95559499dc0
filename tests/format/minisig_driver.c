/*
 * Keys and signatures from the command line, for the tests that compare with
 * stock minisign, and for making fixtures/keys.
 *
 *	minisig_driver keys NAME [PASSPHRASE]	new NAME.key .pub .sealing
 *	minisig_driver sign KEY UNTRUSTED TRUSTED FILE...	FILE.minisig
 *	minisig_driver verify PUB		pairs of lines on standard
 *						input, FILE and SIGNATURE; one
 *						line for each: ok, or why not
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "format/minisig.h"

enum { CAP = 1 << 20 };

/* A passphrase in a fixture should not cost every test 256 MiB. */
enum { OPS = 1, MEMORY = 64 * 1024 };

static int
put(const char *name, const char *end, const struct buf *b, struct err *err)
{
	char path[512];

	(void)snprintf(path, sizeof path, "%s%s", name, end);
	return buf_ok(b, err) < 0
		       ? -1
		       : file_put(path, FILE_REPLACE, b->data, b->len, err);
}

static int
new_keys(const char *name, const char *passphrase, struct err *err)
{
	struct buf key = BUF_INIT, public = BUF_INIT, sealing = BUF_INIT;
	struct key_pair *pair = NULL;
	int rc = -1;

	if (key_pair_new(&pair, err) == 0 &&
	    key_pair_write_cost(pair, passphrase, OPS, MEMORY, &key, err) ==
		    0 &&
	    minisig_write_sealing(&sealing, pair, err) == 0) {
		minisig_write_public(&public, key_pair_public(pair));
		if (put(name, ".key", &key, err) == 0 &&
		    put(name, ".pub", &public, err) == 0 &&
		    put(name, ".sealing", &sealing, err) == 0)
			rc = 0;
	}
	keys_wipe(&key);
	buf_release(&public);
	buf_release(&sealing);
	key_pair_free(pair);
	return rc;
}

static int
sign_one(const struct key_pair *pair, const char *untrusted,
	 const char *trusted, const char *path, struct err *err)
{
	struct buf file = BUF_INIT, text = BUF_INIT;
	int rc = -1;

	if (file_read(&file, path, CAP, err) == 0 &&
	    minisig_sign(&text, file.data, file.len, untrusted, trusted, pair,
			 err) == 0)
		rc = put(path, ".minisig", &text, err);
	buf_release(&file);
	buf_release(&text);
	return rc;
}

static int
sign_all(int count, char **arg, struct err *err)
{
	struct key_pair *pair = NULL;
	struct buf key = BUF_INIT;
	bool protected;
	int rc = -1;

	if (file_read(&key, arg[0], LIMIT_SECRET_KEY, err) == 0 &&
	    key_pair_read(&pair, key.data, key.len, NULL, &protected, err) == 0)
		rc = 0;
	for (int i = 3; rc == 0 && i < count; i++)
		rc = sign_one(pair, arg[1], arg[2], arg[i], err);
	keys_wipe(&key);
	key_pair_free(pair);
	return rc;
}

static int
verify_one(const struct key_public *key, const char *path,
	   const char *signature, struct err *err)
{
	struct buf file = BUF_INIT, text = BUF_INIT;
	struct minisig sig;
	uint8_t hash[64];
	int rc = -1;

	if (file_read(&file, path, CAP, err) == 0 &&
	    file_read(&text, signature, CAP, err) == 0) {
		keys_hash512(hash, file.data, file.len);
		if (minisig_read(&sig, text.data, text.len, err) == 0 &&
		    minisig_verify(&sig, hash, key, err) == 0)
			rc = 0;
	}
	buf_release(&file);
	buf_release(&text);
	return rc;
}

static bool
next_path(char *path, size_t size)
{
	if (!fgets(path, (int)size, stdin))
		return false;
	path[strcspn(path, "\n")] = 0;
	return true;
}

static int
verify_all(const char *public, struct err *err)
{
	char path[512], signature[512];
	struct buf text = BUF_INIT;
	struct key_public key;
	int rc = -1;

	if (file_read(&text, public, LIMIT_PUBLIC_KEY, err) == 0 &&
	    minisig_read_public(&key, text.data, text.len, err) == 0)
		rc = 0;
	buf_release(&text);
	while (rc == 0 && next_path(path, sizeof path) &&
	       next_path(signature, sizeof signature)) {
		if (verify_one(&key, path, signature, err) == 0)
			(void)puts("ok");
		else
			(void)puts(err->msg);
	}
	return rc;
}

int
main(int argc, char **argv)
{
	struct err err = { 0 };
	int rc;

	if (keys_init(&err) < 0)
		rc = -1;
	else if ((argc == 3 || argc == 4) && strcmp(argv[1], "keys") == 0)
		rc = new_keys(argv[2], argc == 4 ? argv[3] : NULL, &err);
	else if (argc >= 5 && strcmp(argv[1], "sign") == 0)
		rc = sign_all(argc - 2, argv + 2, &err);
	else if (argc == 3 && strcmp(argv[1], "verify") == 0)
		rc = verify_all(argv[2], &err);
	else
		rc = err_set(&err, ERR_USAGE,
			     "minisig_driver keys|sign|verify");
	if (rc < 0)
		(void)fprintf(stderr, "%s\n", err.msg);
	return rc < 0 ? (int)err.kind : 0;
}
