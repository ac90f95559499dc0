/* The files of a snapshot: see snapshot.h. */
#include "flow/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "store/store.h"

static bool
is_csv(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && strcasecmp(name + len - 4, ".csv") == 0;
}

/* Add a file; path is taken over. */
static int
add_file(struct snapshot *s, char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	struct snapshot_file *grown =
		realloc(s->file, (s->files + 1) * sizeof *grown);
	char *object = grown ? strndup(name, strlen(name) - 4) : NULL;

	if (grown)
		s->file = grown;
	if (!object) {
		free(path);
		return err_memory(err);
	}
	s->file[s->files++] = (struct snapshot_file){ path, object };
	if (!store_name(object, strlen(object)))
		return err_set(err, ERR_REFUSED, "%s: a file is named as its "
			       "object, like Account.csv", SHOWN(path));
	return 0;
}

static int
add_other(struct snapshot *s, char *path, struct err *err)
{
	char **grown = realloc(s->passed_over,
			       (s->others + 1) * sizeof *grown);

	if (!grown) {
		free(path);
		return err_memory(err);
	}
	s->passed_over = grown;
	s->passed_over[s->others++] = path;
	return 0;
}

static int
add_folder(struct snapshot *s, const char *folder, struct err *err)
{
	char **names;
	size_t count;
	int rc = file_names(&names, &count, folder, err);

	if (rc < 0)
		return -1;
	for (size_t i = 0; i < count && rc == 0; i++) {
		char *path = file_join(folder, names[i]);

		if (!path)
			rc = err_memory(err);
		else if (is_csv(names[i]) && names[i][0] != '.')
			rc = add_file(s, path, err);
		else
			rc = add_other(s, path, err);
	}
	file_names_free(names, count);
	return rc;
}

static int
by_object(const void *a, const void *b)
{
	const struct snapshot_file *x = a, *y = b;

	return strcasecmp(x->object, y->object);
}

int
snapshot_find(struct snapshot *out, const char *const *path, size_t count,
	      struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct stat st;
		char *own;
		int rc;

		if (stat(path[i], &st) < 0)
			return err_sys(err, "%s: cannot open", SHOWN(path[i]));
		if (S_ISDIR(st.st_mode)) {
			rc = add_folder(out, path[i], err);
		} else if (is_csv(path[i])) {
			own = strdup(path[i]);
			rc = own ? add_file(out, own, err) : err_memory(err);
		} else {
			rc = err_set(err, ERR_REFUSED, "%s: is neither a "
				     "folder nor a .csv file", SHOWN(path[i]));
		}
		if (rc < 0)
			return -1;
	}
	if (out->files == 0)
		return err_set(err, ERR_REFUSED, "%s: has no .csv file in it; "
			       "a snapshot has one for each object",
			       SHOWN(path[0]));
	qsort(out->file, out->files, sizeof *out->file, by_object);
	for (size_t i = 1; i < out->files; i++)
		if (by_object(&out->file[i - 1], &out->file[i]) == 0)
			return err_set(err, ERR_REFUSED, "%s: the object has "
				       "another file, %s; give one",
				       SHOWN(out->file[i].path),
				       SHOWN(out->file[i - 1].path));
	return 0;
}

void
snapshot_release(struct snapshot *s)
{
	for (size_t i = 0; i < s->files; i++) {
		free(s->file[i].path);
		free(s->file[i].object);
	}
	free(s->file);
	file_names_free(s->passed_over, s->others);
	*s = (struct snapshot)SNAPSHOT_INIT;
}
