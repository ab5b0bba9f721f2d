/* downstream.c -- how well factors are predicted from codes, by the number of examples: by logistic
 * regression with cross-validation, by gradient-boosted trees, and by guesses, the baseline. */
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "evaluate/metric.h"
#include "learn/guess.h"
#include "learn/logistic.h"
#include "learn/trees.h"

typedef struct {
    int sizes;
    size_t size[PV_DOWNSTREAM_SIZES];
    pv_examples part[2][PV_DOWNSTREAM_SIZES]; /* train, test */
    double *accuracy[2];                      /* [sizes, factors]; NaN: undefined */
} state;

/* Without a generator, as many of the rows to learn from as there are. */
static pv_status prepare(pv_metric_run *run)
{
    state *s = run->state;
    const pv_labelled *from = run->from;
    const size_t factors = (size_t)from->factors, first = from->rows * 2 / 3;
    run->result->test = from->row ? run->options->test : from->rows - first;
    for (int i = 0; i < PV_DOWNSTREAM_SIZES; i++) {
        const size_t size = run->options->downstream[i];
        if (size == 0 || (!from->row && size > first)) continue;
        const int at = s->sizes++;
        s->size[at] = run->result->train = size;
        PV_TRY(pv_examples_draw(run, &s->part[0][at], 0, size));
        PV_TRY(pv_examples_draw(run, &s->part[1][at], first, run->result->test));
    }
    if (s->sizes == 0) {
        pv_metric_undefined(run, "has %zu examples to learn from, fewer than any of its sizes",
                            first);
        return PV_OK;
    }
    run->tasks = (size_t)s->sizes * factors;
    for (int part = 0; part < 2; part++)
        PV_TRY(pv_new(&s->accuracy[part], run->tasks, sizeof(double), "accuracies"));
    return PV_OK;
}

static pv_status prepare_trees(pv_metric_run *run)
{
    const state *s = run->state;
    PV_TRY(prepare(run));
    for (int i = 0; i < s->sizes; i++) PV_TRY(pv_factors_suit_trees(run, &s->part[0][i]));
    return PV_OK;
}

/* The labels of both parts; *varies: whether there is anything to learn. */
static pv_status labels_of(int32_t *label[2], int *varies, const pv_metric_run *run, size_t i)
{
    const state *s = run->state;
    const size_t factors = (size_t)run->from->factors, size = i / factors;
    for (int part = 0; part < 2; part++)
        PV_TRY(pv_examples_label(&label[part], &s->part[part][size], (int)factors,
                                 (int)(i % factors)));
    *varies = 0;
    for (size_t n = 1; n < s->size[size]; n++) *varies |= label[0][n] != label[0][0];
    return PV_OK;
}

static pv_status by_logistic(const pv_metric_run *run, size_t i, int32_t *const label[2],
                             int32_t *const predicted[2])
{
    const state *s = run->state;
    const size_t size = i / (size_t)run->from->factors;
    const int d = run->from->variables;
    double *code[2] = {NULL};
    pv_logistic model = {0};
    pv_status status = PV_OK;
    for (int part = 0; part < 2 && status == PV_OK; part++)
        status = pv_examples_code(&code[part], &s->part[part][size], d);
    if (status == PV_OK)
        status = pv_logistic_fit_cv(&model, code[0], label[0], s->size[size], d,
                                    pv_era_of(run->options));
    for (int part = 0; part < 2 && status == PV_OK; part++)
        pv_logistic_predict(&model, code[part], s->part[part][size].count, predicted[part]);
    pv_logistic_free(&model);
    free(code[0]);
    free(code[1]);
    return status;
}

static pv_status by_trees(const pv_metric_run *run, size_t i, int32_t *const label[2],
                          int32_t *const predicted[2])
{
    const state *s = run->state;
    const size_t size = i / (size_t)run->from->factors;
    pv_trees *trees = NULL;
    PV_TRY(
        pv_trees_fit(&trees, s->part[0][size].code, label[0], s->size[size], run->from->variables));
    for (int part = 0; part < 2; part++)
        pv_trees_predict(trees, s->part[part][size].code, s->part[part][size].count,
                         predicted[part]);
    pv_trees_free(trees);
    return PV_OK;
}

static pv_status by_guessing(const pv_metric_run *run, size_t i, int32_t *const label[2],
                             int32_t *const predicted[2])
{
    const state *s = run->state;
    const size_t size = i / (size_t)run->from->factors;
    for (int part = 0; part < 2; part++)
        PV_TRY(pv_guess(predicted[part], s->part[part][size].count, label[0], s->size[size],
                        run->result->seed));
    return PV_OK;
}

typedef pv_status predictor(const pv_metric_run *run, size_t i, int32_t *const label[2],
                            int32_t *const predicted[2]);

static pv_status learn(pv_metric_run *run, size_t i, predictor *predict)
{
    state *s = run->state;
    const size_t size = i / (size_t)run->from->factors;
    int32_t *label[2] = {NULL}, *predicted[2] = {NULL};
    int varies;
    pv_status status = labels_of(label, &varies, run, i);
    for (int part = 0; part < 2 && status == PV_OK; part++)
        status =
            pv_new(&predicted[part], s->part[part][size].count, sizeof(int32_t), "predictions");
    if (status == PV_OK && varies) status = predict(run, i, label, predicted);
    for (int part = 0; part < 2 && status == PV_OK; part++)
        s->accuracy[part][i] =
            varies ? pv_accuracy(predicted[part], label[part], s->part[part][size].count) : NAN;
    for (int part = 0; part < 2; part++) {
        free(label[part]);
        free(predicted[part]);
    }
    return status;
}

static pv_status learn_logistic(pv_metric_run *run, size_t i) { return learn(run, i, by_logistic); }
static pv_status learn_trees(pv_metric_run *run, size_t i) { return learn(run, i, by_trees); }
static pv_status guess(pv_metric_run *run, size_t i) { return learn(run, i, by_guessing); }

static pv_status finish(pv_metric_run *run)
{
    static const char *const name[] = {"train", "test"};
    const state *s = run->state;
    const int factors = run->from->factors;
    char key[64];
    for (size_t i = 0; i < run->tasks; i++)
        if (isnan(s->accuracy[0][i]))
            pv_metric_undefined(run, "factor %zu has one value among the first %zu examples",
                                i % (size_t)factors, s->size[i / (size_t)factors]);
    for (int size = 0; size < s->sizes; size++)
        for (int part = 0; part < 2; part++) {
            const double *accuracy = s->accuracy[part] + size * factors;
            double sum = 0, least = 1;
            for (int k = 0; k < factors; k++) {
                sum += accuracy[k];
                least = accuracy[k] < least || isnan(accuracy[k]) ? accuracy[k] : least;
            }
            snprintf(key, sizeof key, "%zu:mean_%s_accuracy", s->size[size], name[part]);
            PV_TRY(pv_metric_number(run, sum / factors, key));
            snprintf(key, sizeof key, "%zu:min_%s_accuracy", s->size[size], name[part]);
            PV_TRY(pv_metric_number(run, least, key));
            snprintf(key, sizeof key, "%zu:%s_accuracy", s->size[size], name[part]);
            PV_TRY(pv_metric_matrix(run, accuracy, 1, factors, key));
        }
    return PV_OK;
}

static void close(void *of)
{
    state *s = of;
    for (int part = 0; part < 2; part++) {
        for (int i = 0; i < PV_DOWNSTREAM_SIZES; i++) pv_examples_free(&s->part[part][i]);
        free(s->accuracy[part]);
    }
}

const pv_metric pv_metric_downstream_logistic = {
    .name = "downstream_logistic",
    .title = "factors predicted by logistic regression, by the number of examples",
    .seed = PV_SEED_LOGISTIC,
    .state = sizeof(state),
    .prepare = prepare,
    .task = learn_logistic,
    .finish = finish,
    .close = close,
};

const pv_metric pv_metric_downstream_trees = {
    .name = "downstream_trees",
    .title = "factors predicted by gradient-boosted trees, by the number of examples",
    .seed = PV_SEED_TREES,
    .state = sizeof(state),
    .prepare = prepare_trees,
    .task = learn_trees,
    .finish = finish,
    .close = close,
};

const pv_metric pv_metric_downstream_random = {
    .name = "downstream_random",
    .title = "factors guessed: the baseline of the other two",
    .seed = PV_SEED_NUMBERED,
    .state = sizeof(state),
    .prepare = prepare,
    .task = guess,
    .finish = finish,
    .close = close,
};
