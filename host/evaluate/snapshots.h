/* snapshots.h -- how the mean codes vary together while a model is trained. */
#ifndef PV_EVALUATE_SNAPSHOTS_H
#define PV_EVALUATE_SNAPSHOTS_H

#include "polarvae/run_evaluation.h"

typedef struct {
    size_t count;
    int latents;
    uint64_t *step;                   /* [count] ascending; owned, as what follows */
    double *covariance, *correlation; /* [count, latents, latents]; covariance with N - 1 */
} pv_snapshots;

/* Of every file in the run's snapshots/, on the examples of its evaluation; count 0 where there are
 * none. */
pv_status pv_snapshots_measure(pv_snapshots *out, const pv_run_evaluation *what,
                               const pv_progress *progress);
void pv_snapshots_free(pv_snapshots *snapshots); /* a zeroed struct is fine */

/* A line for each step and pair, as run_evaluation.h has it. */
pv_status pv_snapshots_write(const pv_snapshots *snapshots, const pv_evaluation *evaluation,
                             const char *path);
/* Curves of every pair of different variables: correlation above, covariance below. */
pv_status pv_snapshots_draw(const pv_snapshots *snapshots, const pv_evaluation *evaluation,
                            const char *path);

#endif
