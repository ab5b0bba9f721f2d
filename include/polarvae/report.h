/* report.h -- many runs as one page: the figures and tables of "Be More Active!" (arXiv
 * 2109.12679).
 *
 * The directory is the database: nothing else is read, nothing in it is changed, and other
 * processes may train and evaluate in it meanwhile. */
#ifndef POLARVAE_REPORT_H
#define POLARVAE_REPORT_H

#include <stddef.h>

#include "polarvae/status.h"

typedef struct {
    const char *directory; /* holds run directories; what else is there is ignored */
    const char *path;      /* report.html: beside it go report.csv and report.h5 */
    int quiet; /* no progress on stderr; runs that cannot be read are told all the same */
} pv_report_options;

/* What became of the runs, when they were read. */
#define PV_REPORT_OUTCOMES(X)                                                                      \
    X(USED, "evaluated")            /* finished and evaluated: in figures and tables */            \
    X(UNEVALUATED, "not evaluated") /* finished */                                                 \
    X(UNFINISHED, "not finished")   /* running, stopped, cut off, or not begun */                  \
    X(FAILED, "failed")                                                                            \
    X(DAMAGED, "damaged")   /* a file of it does not hold what it should */                        \
    X(LEFT_OUT, "left out") /* pruned, or the same model as another run */
typedef enum {
#define X(name, text) PV_REPORT_##name,
    PV_REPORT_OUTCOMES(X)
#undef X
        PV_REPORT_OUTCOME_COUNT
} pv_report_outcome;

typedef struct {
    size_t runs, outcome[PV_REPORT_OUTCOME_COUNT];
    size_t methods; /* data sets x objectives, and what else tells models apart */
    size_t figures;
} pv_report_result;

/* Writes the page, one self-contained HTML file, and its numbers as CSV and HDF5. PV_EUSAGE where
 * the path does not end in .html, or the directory holds no run. Runs that are damaged are named on
 * stderr and in the page, and are no failure. */
pv_status pv_report_write(pv_report_result *out, const pv_report_options *options);

#endif
