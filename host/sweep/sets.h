/* sets.h -- the data sets of a sweep: one copy of each, while models want it; private to
 * host/sweep/. */
#ifndef PV_SWEEP_SETS_H
#define PV_SWEEP_SETS_H

#include <pthread.h>

#include "polarvae/source.h"
#include "polarvae/sweep.h"
#include "polarvae/train.h"

typedef struct {
    pv_source source;
    size_t wanted; /* models that will still take it */
    pthread_mutex_t door;
    pv_data data;
    pv_device_data images[PV_SWEEP_DEVICES];
    int opened;       /* data is */
    pv_status status; /* of the last try */
    char error[512];
} pv_set;

typedef struct {
    pv_set **at;
    size_t count;
} pv_sets;

/* One more model wants the data set of its configuration; *index is its number. */
pv_status pv_sets_add(pv_sets *sets, const pv_config *config, size_t *index);
void pv_sets_close(pv_sets *sets);

/* The images on a device, of which they are one copy, opened by the first that takes them; the
 * others wait. `number` < PV_SWEEP_DEVICES is that of the device. What could not be opened is not
 * tried again, but after a signal. */
pv_status pv_set_take(pv_set *set, pv_device *device, int number, int quiet,
                      const pv_device_data **out);
/* One model less wants it; after the last one it is closed. */
void pv_set_leave(pv_set *set);

#endif
