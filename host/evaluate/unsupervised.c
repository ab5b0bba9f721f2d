/* unsupervised.c -- scores of a representation without its factors: Gaussian total correlation and
 * Wasserstein correlation, mutual information between variables. */
#include <stdlib.h>

#include "base/base.h"
#include "evaluate/metric.h"
#include "evaluate/scores.h"

static pv_status prepare(pv_metric_run *run)
{
    if (run->from->variables < 2) {
        pv_metric_undefined(run, "compares variables, and there is only one");
        return PV_OK;
    }
    return pv_examples_all(run, run->state);
}

static pv_status finish(pv_metric_run *run)
{
    const pv_examples *e = run->state;
    const size_t d = (size_t)run->from->variables;
    pv_moments m = {0};
    pv_representation r = {0};
    pv_type *type;
    PV_TRY(pv_new(&type, d, sizeof *type, "types of variables")); /* one for all */
    pv_status status = pv_moments_compute(&m, run->stream,
                                          &(pv_moments_input){.x = e->code,
                                                              .examples = e->count,
                                                              .variables = (int)d,
                                                              .bins = run->options->bins,
                                                              .freedom = (double)e->count - 1});
    if (status == PV_OK) status = pv_representation_score(&r, &m, type);
    double trace = 0;
    for (size_t j = 0; j < d && status == PV_OK; j++) trace += r.covariance[j * d + j];
    const pv_scores *all = &r.subset[0];
    if (status == PV_OK)
        status = pv_metric_number(run, all->total_correlation, "gaussian_total_correlation");
    if (status == PV_OK)
        status =
            pv_metric_number(run, all->wasserstein_correlation, "gaussian_wasserstein_correlation");
    if (status == PV_OK)
        status = pv_metric_number(run, all->wasserstein_correlation / trace,
                                  "gaussian_wasserstein_correlation_norm");
    if (status == PV_OK)
        status = pv_metric_number(run, all->mutual_information, "mutual_info_score");
    if (status == PV_OK && all->reason) pv_metric_undefined(run, "%s", all->reason);
    pv_representation_free(&r);
    pv_moments_free(&m);
    free(type);
    return status;
}

static void close(void *of) { pv_examples_free(of); }

const pv_metric pv_metric_unsupervised = {
    .name = "unsupervised",
    .title = "total and Wasserstein correlation, mutual information of variables",
    .seed = PV_SEED_UNSUPERVISED,
    .takes_reals = 1,
    .state = sizeof(pv_examples),
    .prepare = prepare,
    .finish = finish,
    .close = close,
};
