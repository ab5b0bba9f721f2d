/* pool.h -- the host threads of a CPU stream.
 *
 * No OpenMP: it hides order from ThreadSanitizer and from us. */
#ifndef PV_CPU_POOL_H
#define PV_CPU_POOL_H

#include <stddef.h>

#include "polarvae/status.h"

typedef struct pv_pool pv_pool;

/* threads - 1 workers are started; the caller of pv_pool_run is the last one. */
pv_status pv_pool_open(pv_pool **out, int threads);
void pv_pool_close(pv_pool *pool); /* NULL is fine */

/* Calls work(state, thread, task) for every task in 0..tasks-1, each once, on any thread (0 is the
 * caller), and returns when all are done. */
void pv_pool_run(pv_pool *pool, void (*work)(void *state, int thread, size_t task), void *state,
                 size_t tasks);

#endif
