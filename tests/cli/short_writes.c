/*
 * To be preloaded: every write to a plain file does half of what it was asked,
 * and every third is interrupted before it did anything.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned calls;

static size_t
half(int fd, size_t n)
{
	struct stat st;

	if (n < 2 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return n;
	return calls++ % 3 == 2 ? 0 : n / 2;
}

ssize_t
write(int fd, const void *data, size_t n)
{
	size_t some = half(fd, n);

	if (some == 0 && n > 0) {
		errno = EINTR;
		return -1;
	}
	return syscall(SYS_write, fd, data, some);
}

ssize_t
pwrite64(int fd, const void *data, size_t n, off64_t at)
{
	size_t some = half(fd, n);

	if (some == 0 && n > 0) {
		errno = EINTR;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, data, some, at);
}

ssize_t
pwrite(int fd, const void *data, size_t n, off_t at)
{
	return pwrite64(fd, data, n, at);
}
