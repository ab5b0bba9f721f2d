/* explicitness.c -- explicitness (Ridgeway & Mozer 2018): can a linear classifier tell a factor's
 * values apart? Area under the ROC curve, one value against the rest, averaged over values and
 * factors. Codes are standardised; a constant one becomes 0. */
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "evaluate/metric.h"
#include "learn/auc.h"
#include "learn/logistic.h"

typedef struct {
    pv_examples part[2]; /* train, test */
    double *code[2];     /* standardised */
    double *auc[2];      /* [factors] */
} state;

/* With the average and the standard deviation (ddof 0) of the examples to learn from. */
static pv_status standardise(state *s, int variables)
{
    const size_t d = (size_t)variables;
    for (int part = 0; part < 2; part++)
        PV_TRY(pv_examples_code(&s->code[part], &s->part[part], variables));
    for (size_t j = 0; j < d; j++) {
        const size_t n = s->part[0].count;
        double mean = 0, square = 0;
        for (size_t i = 0; i < n; i++) mean += s->code[0][i * d + j];
        mean /= (double)n;
        for (size_t i = 0; i < n; i++) {
            const double x = s->code[0][i * d + j] - mean;
            square += x * x;
        }
        const double deviation = sqrt(square / (double)n);
        for (int part = 0; part < 2; part++)
            for (size_t i = 0; i < s->part[part].count; i++) {
                double *x = &s->code[part][i * d + j];
                *x = deviation > 0 ? (*x - mean) / deviation : 0;
            }
    }
    return PV_OK;
}

/* A value of a factor that only one part has leaves the area undefined. */
static int same_values(pv_metric_run *run, const state *s)
{
    const size_t factors = (size_t)run->from->factors;
    for (size_t k = 0; k < factors; k++)
        for (int part = 0; part < 2; part++) {
            const pv_examples *here = &s->part[part], *there = &s->part[!part];
            for (size_t i = 0; i < here->count; i++) {
                const int32_t value = here->factor[i * factors + k];
                size_t j = 0;
                while (j < there->count && there->factor[j * factors + k] != value) j++;
                if (j < there->count) continue;
                pv_metric_undefined(run, "factor %zu has the value %d among the examples %s only",
                                    k, value, part ? "to test on" : "to learn from");
                return 0;
            }
        }
    return 1;
}

static pv_status prepare(pv_metric_run *run)
{
    state *s = run->state;
    PV_TRY(pv_examples_split(run, &s->part[0], &s->part[1]));
    if (!pv_factors_vary(run, &s->part[0]) || !same_values(run, s)) return PV_OK;
    for (int part = 0; part < 2; part++)
        PV_TRY(pv_new(&s->auc[part], (size_t)run->from->factors, sizeof(double), "areas"));
    run->tasks = (size_t)run->from->factors;
    return standardise(s, run->from->variables);
}

static pv_status area(double *out, const pv_logistic *model, const double *code, size_t n,
                      const int32_t *label)
{
    double *probability;
    pv_labels classes;
    PV_TRY(pv_labels_find(&classes, label, n));
    pv_status status =
        pv_new(&probability, n * (size_t)classes.classes, sizeof *probability, "probabilities");
    if (status == PV_OK) {
        pv_logistic_probability(model, code, n, probability);
        status = pv_auc_macro(out, probability, classes.of, n, classes.classes);
        free(probability);
    }
    pv_labels_free(&classes);
    return status;
}

static pv_status learn(pv_metric_run *run, size_t k)
{
    state *s = run->state;
    int32_t *label[2] = {NULL};
    pv_logistic model = {0};
    pv_status status = PV_OK;
    for (int part = 0; part < 2 && status == PV_OK; part++)
        status = pv_examples_label(&label[part], &s->part[part], run->from->factors, (int)k);
    if (status == PV_OK)
        status = pv_logistic_fit(&model, s->code[0], label[0], s->part[0].count,
                                 run->from->variables, 1, pv_era_of(run->options));
    for (int part = 0; part < 2 && status == PV_OK; part++)
        status = area(&s->auc[part][k], &model, s->code[part], s->part[part].count, label[part]);
    pv_logistic_free(&model);
    free(label[0]);
    free(label[1]);
    return status;
}

static pv_status finish(pv_metric_run *run)
{
    const state *s = run->state;
    const int factors = run->from->factors;
    static const char *const average[] = {"explicitness_score_train", "explicitness_score_test"};
    static const char *const each[] = {"explicitness_train", "explicitness_test"};
    for (int part = 0; part < 2; part++) {
        double sum = 0;
        for (int k = 0; k < factors; k++) sum += s->auc[part][k];
        PV_TRY(pv_metric_number(run, sum / factors, average[part]));
        PV_TRY(pv_metric_matrix(run, s->auc[part], 1, factors, each[part]));
    }
    return PV_OK;
}

static void close(void *of)
{
    state *s = of;
    for (int part = 0; part < 2; part++) {
        pv_examples_free(&s->part[part]);
        free(s->code[part]);
        free(s->auc[part]);
    }
}

const pv_metric pv_metric_explicitness = {
    .name = "explicitness",
    .title = "can a linear classifier tell a factor's values apart (Ridgeway & Mozer 2018)",
    .seed = PV_SEED_MODULARITY,
    .state = sizeof(state),
    .prepare = prepare,
    .task = learn,
    .finish = finish,
    .close = close,
};
