/* mig.c -- the mutual information gap (Chen et al. 2018): for each factor, how much more the best
 * variable knows about it than the second, as a share of its entropy. */
#include <stdlib.h>

#include "base/base.h"
#include "evaluate/information.h"

typedef struct {
    pv_examples examples;
    double *information, *entropy; /* [variables, factors], [factors] */
} state;

static pv_status prepare(pv_metric_run *run)
{
    state *s = run->state;
    const size_t d = (size_t)run->from->variables, factors = (size_t)run->from->factors;
    if (d < 2) {
        pv_metric_undefined(run, "is a gap between two variables, and there is only one");
        return PV_OK;
    }
    PV_TRY(pv_examples_all(run, &s->examples));
    if (!pv_factors_vary(run, &s->examples)) return PV_OK;
    PV_TRY(pv_new(&s->information, d * factors, sizeof(double), "mutual information"));
    PV_TRY(pv_new(&s->entropy, factors, sizeof(double), "entropies"));
    return pv_factor_information(s->information, s->entropy, run, &s->examples);
}

static pv_status finish(pv_metric_run *run)
{
    const state *s = run->state;
    const int d = run->from->variables, factors = run->from->factors;
    const double gap = pv_mean_gap(s->information, s->entropy, d, factors);
    PV_TRY(pv_metric_number(run, gap, "discrete_mig"));
    return pv_metric_matrix(run, s->information, d, factors, "mutual_information");
}

static void close(void *of)
{
    state *s = of;
    pv_examples_free(&s->examples);
    free(s->information);
    free(s->entropy);
}

const pv_metric pv_metric_mig = {
    .name = "mig",
    .title = "the mutual information gap between the two best variables (Chen et al. 2018)",
    .seed = PV_SEED_MIG,
    .state = sizeof(state),
    .prepare = prepare,
    .finish = finish,
    .close = close,
};
