/* lock.h -- one process at a time trains in a run directory; private to host/train/. */
#ifndef PV_LOCK_H
#define PV_LOCK_H

#include "polarvae/status.h"

/* Taken until it is released or the process ends, however it ends. PV_EIO if another process holds
 * it. Where nothing can be locked *out = PV_NO_LOCK, and the run goes on without. */
enum { PV_NO_LOCK = -1 };
pv_status pv_lock_take(int *out, const char *directory);
void pv_lock_release(int lock); /* PV_NO_LOCK is fine */

#endif
