/* parallel.h -- many independent tasks on a few threads. */
#ifndef PV_LEARN_PARALLEL_H
#define PV_LEARN_PARALLEL_H

#include <stddef.h>

#include "polarvae/status.h"

/* Calls task(context, i) once for every i in [0, count), in ascending order of their starts, on
 * `threads` threads (0: one for each core this process may use). After a failure no further task
 * starts; the failure of the lowest i that failed is returned, with its message. */
pv_status pv_parallel(size_t count, int threads, pv_status (*task)(void *context, size_t i),
                      void *context);

#endif
