/* beta_vae.c -- the score of beta-VAE (Higgins et al. 2017): which factor do two examples share?
 *
 * A point is the mean over 64 pairs of |code - code'|, where a pair shares the factor k; a logistic
 * regression predicts k. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "evaluate/metric.h"
#include "learn/logistic.h"

enum { PAIRS = 64 };

typedef struct {
    double *point[2]; /* [train, variables], [test, variables] */
    int32_t *label[2];
    size_t count[2];
    double accuracy[2];
} state;

static void draw_point(pv_metric_run *run, double *point, int32_t *label)
{
    const pv_labelled *from = run->from;
    const size_t d = (size_t)from->variables, factors = (size_t)from->factors;
    int32_t one[PAIRS * PV_MAX_FACTORS], two[PAIRS * PV_MAX_FACTORS];
    size_t row_one[PAIRS], row_two[PAIRS];
    const size_t k = pv_random_state_below(&run->random, factors);
    pv_draw_factors(run, one, PAIRS);
    pv_draw_factors(run, two, PAIRS);
    for (size_t i = 0; i < PAIRS; i++) two[i * factors + k] = one[i * factors + k];
    pv_rows_of(run, one, PAIRS, row_one);
    pv_rows_of(run, two, PAIRS, row_two);
    memset(point, 0, d * sizeof *point);
    for (size_t i = 0; i < PAIRS; i++) {
        const float *a = from->code + row_one[i] * d, *b = from->code + row_two[i] * d;
        for (size_t j = 0; j < d; j++) point[j] += fabs((double)a[j] - (double)b[j]);
    }
    for (size_t j = 0; j < d; j++) point[j] /= PAIRS;
    *label = (int32_t)k;
}

static pv_status prepare(pv_metric_run *run)
{
    state *s = run->state;
    const size_t d = (size_t)run->from->variables;
    s->count[0] = run->result->train = run->options->train;
    s->count[1] = run->result->test = run->options->test;
    if (run->from->factors < 2) {
        pv_metric_undefined(run, "tells factors apart, and there is only one");
        return PV_OK;
    }
    for (int part = 0; part < 2; part++) {
        PV_TRY(pv_new(&s->point[part], s->count[part] * d, sizeof(double), "points"));
        PV_TRY(pv_new(&s->label[part], s->count[part], sizeof(int32_t), "points"));
        for (size_t i = 0; i < s->count[part]; i++)
            draw_point(run, s->point[part] + i * d, &s->label[part][i]);
        /* LIBLINEAR, which scikit-learn took then, is seeded from the same generator. */
        if (part == 0 && run->options->era == PV_SKLEARN_STUDY)
            pv_random_state_below(&run->random, INT32_MAX);
    }
    run->tasks = 1;
    return PV_OK;
}

static pv_status learn(pv_metric_run *run, size_t i)
{
    (void)i;
    state *s = run->state;
    pv_logistic model;
    int32_t *predicted;
    const size_t most = s->count[0] > s->count[1] ? s->count[0] : s->count[1];
    PV_TRY(pv_new(&predicted, most, sizeof *predicted, "predictions"));
    pv_status status = pv_logistic_fit(&model, s->point[0], s->label[0], s->count[0],
                                       run->from->variables, 1, pv_era_of(run->options));
    for (int part = 0; part < 2 && status == PV_OK; part++) {
        pv_logistic_predict(&model, s->point[part], s->count[part], predicted);
        s->accuracy[part] = pv_accuracy(predicted, s->label[part], s->count[part]);
    }
    if (status == PV_OK) pv_logistic_free(&model);
    free(predicted);
    return status;
}

static pv_status finish(pv_metric_run *run)
{
    const state *s = run->state;
    PV_TRY(pv_metric_number(run, s->accuracy[0], "train_accuracy"));
    return pv_metric_number(run, s->accuracy[1], "eval_accuracy");
}

static void close(void *of)
{
    state *s = of;
    for (int part = 0; part < 2; part++) {
        free(s->point[part]);
        free(s->label[part]);
    }
}

const pv_metric pv_metric_beta_vae = {
    .name = "beta_vae",
    .title = "which factor do two examples share (Higgins et al. 2017)",
    .seed = PV_SEED_BETA_VAE,
    .intervenes = 1,
    .state = sizeof(state),
    .prepare = prepare,
    .task = learn,
    .finish = finish,
    .close = close,
};
