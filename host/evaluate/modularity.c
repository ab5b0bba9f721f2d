/* modularity.c -- modularity (Ridgeway & Mozer 2018): does each variable know about one factor
 * only? A variable that knows nothing counts as 0. */
#include <stdlib.h>

#include "base/base.h"
#include "evaluate/information.h"

typedef struct {
    pv_examples train, test; /* the latter are drawn for explicitness, from the same generator */
    double *information, *entropy;
} state;

static pv_status prepare(pv_metric_run *run)
{
    state *s = run->state;
    const size_t d = (size_t)run->from->variables, factors = (size_t)run->from->factors;
    if (factors < 2) {
        pv_metric_undefined(run, "compares factors, and there is only one");
        return PV_OK;
    }
    PV_TRY(pv_examples_split(run, &s->train, &s->test));
    PV_TRY(pv_new(&s->information, d * factors, sizeof(double), "mutual information"));
    PV_TRY(pv_new(&s->entropy, factors, sizeof(double), "entropies"));
    return pv_factor_information(s->information, s->entropy, run, &s->train);
}

static pv_status finish(pv_metric_run *run)
{
    const state *s = run->state;
    const int d = run->from->variables, factors = run->from->factors;
    double sum = 0;
    for (int j = 0; j < d; j++) {
        double most = 0, all = 0;
        for (int k = 0; k < factors; k++) {
            const double x = s->information[j * factors + k], square = x * x;
            all += square;
            if (square > most) most = square;
        }
        if (most > 0) sum += 1 - (all - most) / (most * (factors - 1));
    }
    PV_TRY(pv_metric_number(run, sum / d, "modularity_score"));
    return pv_metric_matrix(run, s->information, d, factors, "mutual_information");
}

static void close(void *of)
{
    state *s = of;
    pv_examples_free(&s->train);
    pv_examples_free(&s->test);
    free(s->information);
    free(s->entropy);
}

const pv_metric pv_metric_modularity = {
    .name = "modularity",
    .title = "does each variable know about one factor only (Ridgeway & Mozer 2018)",
    .seed = PV_SEED_MODULARITY,
    .state = sizeof(state),
    .prepare = prepare,
    .finish = finish,
    .close = close,
};
