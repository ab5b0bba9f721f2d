/* run_evaluation.h -- everything that `polarvae evaluate` leaves in a run directory. */
#ifndef POLARVAE_RUN_EVALUATION_H
#define POLARVAE_RUN_EVALUATION_H

#include "polarvae/encode.h"

typedef struct {
    const char *directory;
    const pv_config *config; /* the evaluation's keys; threads */
    const pv_model *model;
    const pv_device_data *images;
    pv_stream *stream;
    /* Both may be NULL. How much of a stage ("encoding", "metrics", ...) is done: a failure that it
     * returns ends the evaluation; and a line for the user. */
    pv_status (*hear)(void *state, const char *stage, size_t done, size_t total);
    void (*say)(void *state, const char *note);
    void *state;
} pv_run_evaluation;

/* Encodes config->examples examples, tells active, mixed and passive variables apart, scores mean
 * and sampled codes on every set of them, and computes config->metrics: of every example of a data
 * set that is a whole grid of factors, else of these; and config->subset_metrics on the variables
 * of each set of types. Writes
 *
 *     evaluation.json, correlation.png, reconstructions.png
 *     snapshots.csv   where the run kept snapshots: step, variable_a, variable_b, type_a, type_b,
 *                     covariance, correlation of the mean codes of the same examples, for every
 *                     pair a <= b (Be More Active!, section 5), with the types of the trained model
 *     snapshots.svg   the same as curves; left out, with a note, where there is no gnuplot
 *
 * evaluation.json is written last: where it is, the others are. */
pv_status pv_run_evaluate(pv_evaluation *out, const pv_run_evaluation *what);

/* The evaluation's keys as options of metrics; PV_EUSAGE if a list names an unknown one. */
pv_metric_options pv_metric_options_of(const pv_config *config);
pv_status pv_metric_lists_check(const pv_config *config);

/* Metrics of the mean and the sampled codes that are there, of all variables (variable NULL) or of
 * the `count` that it names: these are `subset` in the results. *grid (may be NULL): whether they
 * are a whole grid of factors. */
pv_status pv_codes_metrics(pv_metric_results *out, const pv_codes *codes, const char *list,
                           const char *subset, const int *variable, int count, pv_stream *stream,
                           const pv_metric_options *options, const pv_progress *progress,
                           int *grid);

/* Adds those of the variables of each set of types to evaluation->metrics; list may be "none". */
pv_status pv_subset_metrics(pv_evaluation *evaluation, const pv_codes *codes, const char *list,
                            pv_stream *stream, const pv_metric_options *options,
                            const pv_progress *progress);

#endif
