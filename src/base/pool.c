/*
 * A ring of jobs: head is the oldest not taken back, next the first that no
 * thread has begun, tail where the next one goes. All three only grow; a
 * slot is its number modulo depth.
 */
#include "base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct slot {
	void *job;
	bool done;
};

struct pool {
	void (*work)(void *job);
	size_t depth, threads;
	size_t head, next, tail;
	bool ending;
	pthread_mutex_t lock;
	pthread_cond_t given, done;
	struct slot *ring;
	pthread_t thread[LIMIT_THREADS];
};

/* With the lock held: begin the next job, do it unlocked, mark it done. */
static void
do_next(struct pool *pool)
{
	struct slot *slot = &pool->ring[pool->next++ % pool->depth];

	(void)pthread_mutex_unlock(&pool->lock);
	pool->work(slot->job);
	(void)pthread_mutex_lock(&pool->lock);
	slot->done = true;
	(void)pthread_cond_broadcast(&pool->done);
}

static void *
run(void *arg)
{
	struct pool *pool = arg;

	(void)pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (pool->next == pool->tail && !pool->ending)
			(void)pthread_cond_wait(&pool->given, &pool->lock);
		if (pool->next == pool->tail)
			break;
		do_next(pool);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return NULL;
}

int
pool_new(struct pool **out, size_t depth, void (*work)(void *job),
	 struct err *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct pool *pool = calloc(1, sizeof *pool);
	sigset_t all, old;

	*out = NULL;
	if (!pool)
		return err_memory(err);
	pool->depth = depth;
	pool->work = work;
	pool->ring = calloc(depth, sizeof *pool->ring);
	if (!pool->ring) {
		free(pool);
		return err_memory(err);
	}
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->given, NULL);
	(void)pthread_cond_init(&pool->done, NULL);
	if (cores < 1)
		cores = 1;
	/* Signals are the main thread's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	while (pool->threads < (size_t)cores &&
	       pool->threads < LIMIT_THREADS &&
	       pthread_create(&pool->thread[pool->threads], NULL, run, pool) ==
		       0)
		pool->threads++;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	*out = pool;
	return 0;
}

size_t
pool_busy(const struct pool *pool)
{
	return pool->tail - pool->head; /* both are the caller's alone */
}

int
pool_full(const struct pool *pool)
{
	return pool_busy(pool) == pool->depth;
}

void
pool_give(struct pool *pool, void *job)
{
	(void)pthread_mutex_lock(&pool->lock);
	pool->ring[pool->tail++ % pool->depth] = (struct slot){ job, false };
	(void)pthread_cond_signal(&pool->given);
	(void)pthread_mutex_unlock(&pool->lock);
}

void *
pool_take(struct pool *pool)
{
	struct slot *slot;
	void *job;

	if (pool->head == pool->tail)
		return NULL;
	slot = &pool->ring[pool->head % pool->depth];
	(void)pthread_mutex_lock(&pool->lock);
	while (!slot->done) {
		if (pool->threads == 0)
			do_next(pool);
		else
			(void)pthread_cond_wait(&pool->done, &pool->lock);
	}
	job = slot->job;
	pool->head++;
	(void)pthread_mutex_unlock(&pool->lock);
	return job;
}

void
pool_free(struct pool *pool)
{
	if (!pool)
		return;
	while (pool_take(pool))
		;
	(void)pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	(void)pthread_cond_broadcast(&pool->given);
	(void)pthread_mutex_unlock(&pool->lock);
	for (size_t i = 0; i < pool->threads; i++)
		(void)pthread_join(pool->thread[i], NULL);
	(void)pthread_cond_destroy(&pool->done);
	(void)pthread_cond_destroy(&pool->given);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool->ring);
	free(pool);
}
