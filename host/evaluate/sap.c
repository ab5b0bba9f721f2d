/* sap.c -- the separated attribute predictability score (Kumar et al. 2018): for each factor, how
 * much better the best variable alone predicts it than the second. Of continuous factors the
 * prediction is the squared correlation: of all where one is real-valued, as of a score the gaps
 * are averaged over factors. */
#include <stdlib.h>

#include "base/base.h"
#include "evaluate/metric.h"
#include "learn/svm.h"

static const double C = 0.01, CONSTANT = 1e-12; /* a variance */

typedef struct {
    pv_examples train, test;
    double *score; /* [variables, factors] */
} state;

static pv_status prepare(pv_metric_run *run)
{
    state *s = run->state;
    const size_t d = (size_t)run->from->variables, factors = (size_t)run->from->factors;
    if (d < 2) {
        pv_metric_undefined(run, "is a gap between two variables, and there is only one");
        return PV_OK;
    }
    run->result->continuous = run->options->continuous || run->from->value != NULL;
    PV_TRY(pv_examples_split(run, &s->train, &s->test));
    if (!pv_factors_vary(run, &s->train)) return PV_OK;
    run->tasks = d * factors;
    return pv_new(&s->score, d * factors, sizeof *s->score, "scores");
}

/* y is taken from its first value on: a time of day in seconds since 1970 keeps its digits. */
static double squared_correlation(const double *x, const double *y, size_t n)
{
    double mean_x = 0, mean_y = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        mean_x += x[i] / (double)n;
        mean_y += (y[i] - y[0]) / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        const double a = x[i] - mean_x, b = y[i] - y[0] - mean_y;
        xx += a * a / (double)(n - 1);
        yy += b * b / (double)(n - 1);
        xy += a * b / (double)(n - 1);
    }
    return xx > CONSTANT ? xy * xy / (xx * yy) : 0;
}

static pv_status column(double **out, const pv_examples *e, size_t variables, size_t j)
{
    PV_TRY(pv_new(out, e->count, sizeof **out, "codes"));
    for (size_t i = 0; i < e->count; i++) (*out)[i] = (double)e->code[i * variables + j];
    return PV_OK;
}

static pv_status correlate(pv_metric_run *run, size_t j, size_t k)
{
    state *s = run->state;
    const size_t d = (size_t)run->from->variables, factors = (size_t)run->from->factors;
    double *x = NULL, *y = NULL;
    pv_status status = column(&x, &s->train, d, j);
    if (status == PV_OK) status = pv_examples_number(&y, &s->train, (int)factors, (int)k);
    if (status == PV_OK) s->score[j * factors + k] = squared_correlation(x, y, s->train.count);
    free(x);
    free(y);
    return status;
}

static pv_status predict(double *score, const double *train, const int32_t *label, size_t n,
                         const double *test, const int32_t *right, size_t m)
{
    pv_svm svm = {0};
    int32_t *predicted;
    PV_TRY(pv_new(&predicted, m, sizeof *predicted, "predictions"));
    pv_status status = pv_svm_fit(&svm, train, label, n, C);
    if (status == PV_OK) {
        pv_svm_predict(&svm, test, m, predicted);
        *score = pv_accuracy(predicted, right, m);
    }
    pv_svm_free(&svm);
    free(predicted);
    return status;
}

static pv_status classify(pv_metric_run *run, size_t j, size_t k)
{
    state *s = run->state;
    const size_t d = (size_t)run->from->variables, factors = (size_t)run->from->factors;
    double *x = NULL, *x_test = NULL;
    int32_t *y = NULL, *y_test = NULL;
    pv_status status = column(&x, &s->train, d, j);
    if (status == PV_OK) status = column(&x_test, &s->test, d, j);
    if (status == PV_OK) status = pv_examples_label(&y, &s->train, (int)factors, (int)k);
    if (status == PV_OK) status = pv_examples_label(&y_test, &s->test, (int)factors, (int)k);
    if (status == PV_OK)
        status = predict(&s->score[j * factors + k], x, y, s->train.count, x_test, y_test,
                         s->test.count);
    free(x);
    free(x_test);
    free(y);
    free(y_test);
    return status;
}

static pv_status learn(pv_metric_run *run, size_t i)
{
    const size_t factors = (size_t)run->from->factors, j = i / factors, k = i % factors;
    return run->result->continuous ? correlate(run, j, k) : classify(run, j, k);
}

static pv_status finish(pv_metric_run *run)
{
    const state *s = run->state;
    const int d = run->from->variables, factors = run->from->factors;
    const double gap = pv_mean_gap(s->score, NULL, d, factors);
    PV_TRY(pv_metric_number(run, gap, "SAP_score"));
    return pv_metric_matrix(run, s->score, d, factors, "score_matrix");
}

static void close(void *of)
{
    state *s = of;
    pv_examples_free(&s->train);
    pv_examples_free(&s->test);
    free(s->score);
}

const pv_metric pv_metric_sap = {
    .name = "sap",
    .title = "how much better the best variable predicts a factor (Kumar et al. 2018)",
    .seed = PV_SEED_SAP,
    .takes_reals = 1,
    .state = sizeof(state),
    .prepare = prepare,
    .task = learn,
    .finish = finish,
    .close = close,
};
