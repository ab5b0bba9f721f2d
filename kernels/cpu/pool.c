/* pool.c -- workers that take tasks off a shared counter.
 *
 * A round is announced by its number. Workers look for it for a little while, since the next
 * round of a training step is microseconds away, and then sleep. */
#include "pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { LOOKS = 4000 };

typedef struct {
    pv_pool *pool;
    int thread;
    pthread_t handle;
} worker;

struct pv_pool {
    int threads;
    void (*work)(void *, int, size_t);
    void *state;
    size_t tasks;
    atomic_size_t next; /* the next task that nobody has taken */
    atomic_uint round;  /* the number of the current round */
    atomic_int busy;    /* workers that have not finished it */
    atomic_int closing;
    pthread_mutex_t lock; /* for sleeping only */
    pthread_cond_t wake, finished;
    worker workers[];
};

static void pause_a_little(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#endif
}

static void take_tasks(pv_pool *p, int thread)
{
    for (size_t task; (task = atomic_fetch_add(&p->next, 1)) < p->tasks;)
        p->work(p->state, thread, task);
}

static void *worker_main(void *argument)
{
    worker *self = argument;
    pv_pool *p = self->pool;
    unsigned seen = 0;
    for (;;) {
        for (int look = 0; look < LOOKS && atomic_load(&p->round) == seen; look++) pause_a_little();
        if (atomic_load(&p->round) == seen) {
            pthread_mutex_lock(&p->lock);
            while (atomic_load(&p->round) == seen) pthread_cond_wait(&p->wake, &p->lock);
            pthread_mutex_unlock(&p->lock);
        }
        seen = atomic_load(&p->round);
        if (atomic_load(&p->closing)) return NULL;
        take_tasks(p, self->thread);
        if (atomic_fetch_sub(&p->busy, 1) == 1) {
            pthread_mutex_lock(&p->lock);
            pthread_cond_signal(&p->finished);
            pthread_mutex_unlock(&p->lock);
        }
    }
}

static void announce(pv_pool *p)
{
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->round, 1);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

pv_status pv_pool_open(pv_pool **out, int threads)
{
    *out = NULL;
    pv_pool *p = calloc(1, sizeof *p + (size_t)threads * sizeof *p->workers);
    if (!p) return pv_fail(PV_ENOMEM, "out of memory for %d threads", threads);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->finished, NULL);
    for (p->threads = 1; p->threads < threads; p->threads++) {
        worker *w = &p->workers[p->threads];
        *w = (worker){.pool = p, .thread = p->threads};
        if (pthread_create(&w->handle, NULL, worker_main, w) != 0) {
            pv_pool_close(p);
            return pv_fail(PV_EDEVICE, "cannot start thread %d of %d; use fewer (threads=N)",
                           w->thread + 1, threads);
        }
    }
    *out = p;
    return PV_OK;
}

void pv_pool_close(pv_pool *p)
{
    if (!p) return;
    atomic_store(&p->closing, 1);
    announce(p);
    for (int i = 1; i < p->threads; i++) pthread_join(p->workers[i].handle, NULL);
    pthread_cond_destroy(&p->finished);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

void pv_pool_run(pv_pool *p, void (*work)(void *, int, size_t), void *state, size_t tasks)
{
    p->work = work;
    p->state = state;
    p->tasks = tasks;
    atomic_store(&p->next, 0);
    if (p->threads > 1 && tasks > 1) {
        atomic_store(&p->busy, p->threads - 1);
        announce(p);
    }
    take_tasks(p, 0);
    if (p->threads == 1 || tasks <= 1) return;
    for (int look = 0; look < LOOKS && atomic_load(&p->busy) > 0; look++) pause_a_little();
    if (atomic_load(&p->busy) > 0) {
        pthread_mutex_lock(&p->lock);
        while (atomic_load(&p->busy) > 0) pthread_cond_wait(&p->finished, &p->lock);
        pthread_mutex_unlock(&p->lock);
    }
}
