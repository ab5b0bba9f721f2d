/* dci.c -- disentanglement, completeness and informativeness (Eastwood & Williams 2018), from how
 * much each variable matters to gradient-boosted trees that predict a factor. */
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "evaluate/metric.h"
#include "learn/trees.h"

typedef struct {
    pv_examples part[2];
    double *importance;  /* [variables, factors] */
    double *accuracy[2]; /* [factors], of train and test */
} state;

static pv_status prepare(pv_metric_run *run)
{
    state *s = run->state;
    const size_t d = (size_t)run->from->variables, factors = (size_t)run->from->factors;
    PV_TRY(pv_examples_split(run, &s->part[0], &s->part[1]));
    if (!pv_factors_vary(run, &s->part[0])) return PV_OK;
    PV_TRY(pv_factors_suit_trees(run, &s->part[0]));
    if (*run->result->reason) return PV_OK;
    PV_TRY(pv_new(&s->importance, d * factors, sizeof(double), "importances"));
    for (int part = 0; part < 2; part++)
        PV_TRY(pv_new(&s->accuracy[part], factors, sizeof(double), "accuracies"));
    run->tasks = factors;
    return PV_OK;
}

static pv_status judge(double *accuracy, const pv_trees *trees, const pv_examples *e,
                       const int32_t *label)
{
    int32_t *predicted;
    PV_TRY(pv_new(&predicted, e->count, sizeof *predicted, "predictions"));
    pv_trees_predict(trees, e->code, e->count, predicted);
    *accuracy = pv_accuracy(predicted, label, e->count);
    free(predicted);
    return PV_OK;
}

static pv_status learn(pv_metric_run *run, size_t k)
{
    state *s = run->state;
    const size_t d = (size_t)run->from->variables, factors = (size_t)run->from->factors;
    int32_t *label[2] = {NULL};
    double *importance = NULL;
    pv_trees *trees = NULL;
    pv_status status = pv_new(&importance, d, sizeof *importance, "importances");
    for (int part = 0; part < 2 && status == PV_OK; part++)
        status = pv_examples_label(&label[part], &s->part[part], (int)factors, (int)k);
    if (status == PV_OK)
        status = pv_trees_fit(&trees, s->part[0].code, label[0], s->part[0].count, (int)d);
    for (int part = 0; part < 2 && status == PV_OK; part++)
        status = judge(&s->accuracy[part][k], trees, &s->part[part], label[part]);
    if (status == PV_OK) {
        pv_trees_importance(trees, importance, pv_era_of(run->options));
        for (size_t j = 0; j < d; j++) s->importance[j * factors + k] = importance[j];
    }
    pv_trees_free(trees);
    free(label[0]);
    free(label[1]);
    free(importance);
    return status;
}

/* The average over lines of 1 - entropy (to the base of their length), weighted by their sums. Line
 * i has element j at i * stride + j * step. */
static double concentration(const double *r, size_t lines, size_t length, size_t stride,
                            size_t step)
{
    const double small = 1e-11;
    double all = 0, score = 0;
    for (size_t i = 0; i < lines * length; i++) all += r[i];
    for (size_t i = 0; i < lines; i++) {
        double sum = 0, entropy = 0;
        for (size_t j = 0; j < length; j++) sum += r[i * stride + j * step];
        for (size_t j = 0; j < length; j++) {
            const double p = (r[i * stride + j * step] + small) / (sum + small * (double)length);
            entropy -= p * log(p) / log((double)length);
        }
        score += (all > 0 ? sum / all : 1 / (double)lines) * (1 - entropy);
    }
    return score;
}

static double average(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    return sum / (double)n;
}

static pv_status finish(pv_metric_run *run)
{
    const state *s = run->state;
    const size_t d = (size_t)run->from->variables, factors = (size_t)run->from->factors;
    PV_TRY(pv_metric_number(run, average(s->accuracy[0], factors), "informativeness_train"));
    PV_TRY(pv_metric_number(run, average(s->accuracy[1], factors), "informativeness_test"));
    if (factors < 2 || d < 2)
        pv_metric_undefined(run, "one %s leaves nothing to be concentrated on",
                            factors < 2 ? "factor" : "variable");
    PV_TRY(pv_metric_number(
        run, factors > 1 ? concentration(s->importance, d, factors, factors, 1) : NAN,
        "disentanglement"));
    PV_TRY(pv_metric_number(run, d > 1 ? concentration(s->importance, factors, d, 1, factors) : NAN,
                            "completeness"));
    return pv_metric_matrix(run, s->importance, (int)d, (int)factors, "importance");
}

static void close(void *of)
{
    state *s = of;
    for (int part = 0; part < 2; part++) {
        pv_examples_free(&s->part[part]);
        free(s->accuracy[part]);
    }
    free(s->importance);
}

const pv_metric pv_metric_dci = {
    .name = "dci",
    .title = "which variables tell trees what about factors (Eastwood & Williams 2018)",
    .seed = PV_SEED_DCI,
    .state = sizeof(state),
    .prepare = prepare,
    .task = learn,
    .finish = finish,
    .close = close,
};
