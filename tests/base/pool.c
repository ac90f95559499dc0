#include "base/pool.h"

#include <criterion/criterion.h>
#include <time.h>

struct job {
	unsigned n, square;
};

static void
square(void *arg)
{
	struct job *job = arg;
	struct timespec nap = { 0, (job->n * 7919 % 5) * 100000 };

	(void)nanosleep(&nap, NULL);
	job->square = job->n * job->n;
}

Test(pool, gives_jobs_back_in_order)
{
	enum { DEPTH = 6, COUNT = 300 };
	struct job jobs[DEPTH];
	struct err err = { 0 };
	struct pool *pool;
	unsigned given = 0, taken = 0;

	cr_assert_eq(pool_new(&pool, DEPTH, square, &err), 0);
	while (taken < COUNT) {
		while (given < COUNT && !pool_full(pool)) {
			jobs[given % DEPTH] = (struct job){ given, 0 };
			pool_give(pool, &jobs[given % DEPTH]);
			given++;
		}
		struct job *job = pool_take(pool);
		cr_assert_eq(job->n, taken);
		cr_assert_eq(job->square, taken * taken);
		taken++;
	}
	cr_expect_null(pool_take(pool));
	cr_expect_eq(pool_busy(pool), 0);
	pool_free(pool);
}

Test(pool, can_be_freed_with_jobs_under_way)
{
	struct job jobs[3] = { { 1, 0 }, { 2, 0 }, { 3, 0 } };
	struct err err = { 0 };
	struct pool *pool;

	cr_assert_eq(pool_new(&pool, 3, square, &err), 0);
	for (int i = 0; i < 3; i++)
		pool_give(pool, &jobs[i]);
	pool_free(pool);
	cr_expect_eq(jobs[2].square, 9, "begun jobs are finished");
	pool_free(NULL);
}
