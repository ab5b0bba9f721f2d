/* status.h -- writing status.json of a run; private to host/train/. */
#ifndef PV_TRAIN_STATUS_H
#define PV_TRAIN_STATUS_H

#include "polarvae/train.h"

/* device: the description of the one that trains, or NULL. */
pv_status pv_run_status_write(const pv_run_status *status, const char *directory,
                              const char *device);

#endif
