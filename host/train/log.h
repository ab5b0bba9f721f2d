/* log.h -- log.csv of a run: step, seconds, loss and each term by name; private to host/train/. */
#ifndef PV_LOG_H
#define PV_LOG_H

#include <stdint.h>
#include <stdio.h>

#include "polarvae/train.h"

typedef struct {
    FILE *file;
    char path[4096];
    double seconds; /* of training before this process */
    uint64_t step;  /* of the last line when it was opened; 0: none */
} pv_log;

/* Opens the log of a run that goes on, as if it had never stopped: lines of later steps, one that
 * was cut off, and the last one of a run that was shorter are dropped. A missing file is begun with
 * its heading. */
pv_status pv_log_open(pv_log *out, const char *path, const pv_trainer *trainer);
pv_status pv_log_line(pv_log *log, const pv_trainer *trainer, double seconds, double loss,
                      const double *terms);
/* Onto the disk, before the checkpoint that stands for the same steps. */
pv_status pv_log_sync(pv_log *log);
void pv_log_close(pv_log *log);

#endif
