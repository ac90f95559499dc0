/*
 * A few threads that do jobs and give them back in the order they came.
 *
 * The caller submits jobs and takes them back; what a job is only its function
 * knows. Nothing is shared but the job itself, which belongs to the pool from
 * pool_give() to pool_take().
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

#include "base/err.h"

struct pool;

/*
 * Start one thread a processor, at most LIMIT_THREADS. depth jobs can be under
 * way at once. work() runs on one of the threads, one job at a time there.
 * Where no thread can be had, jobs run in pool_take(). *out is the caller's.
 */
int pool_new(struct pool **out, size_t depth, void (*work)(void *job),
	     struct err *err);

/* How many jobs are under way: given, and not taken back. */
size_t pool_busy(const struct pool *pool);

/* Whether depth jobs are under way, so that one must be taken back first. */
int pool_full(const struct pool *pool);

/* Hand over a job. The pool must not be full. */
void pool_give(struct pool *pool, void *job);

/* Wait for the oldest job and take it back; NULL if none is under way. */
void *pool_take(struct pool *pool);

/* Waits for the jobs under way, which are lost. NULL is fine. */
void pool_free(struct pool *pool);

#endif
