/* factor_vae.c -- the score of FactorVAE (Kim & Mnih 2018): which factor is fixed, if the variable
 * that varies least names it? Variables whose standard deviation is below 0.05 are left out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "evaluate/metric.h"

enum { BATCH = 64 };
static const double DEAD = 0.05; /* a standard deviation */

typedef struct {
    double *variance; /* [variables] of all examples; then of a batch */
    double *mean;     /* [variables] */
    size_t *votes[2]; /* [factors, variables], train and test */
} state;

/* Of the rows' codes, as numpy.var(axis=0, ddof=1): in two passes. */
static void variances(double *variance, double *mean, const pv_labelled *from, const size_t *row,
                      size_t count)
{
    const size_t d = (size_t)from->variables;
    memset(mean, 0, d * sizeof *mean);
    memset(variance, 0, d * sizeof *variance);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < d; j++) mean[j] += (double)from->code[row[i] * d + j];
    for (size_t j = 0; j < d; j++) mean[j] /= (double)count;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < d; j++) {
            const double x = (double)from->code[row[i] * d + j] - mean[j];
            variance[j] += x * x;
        }
    for (size_t j = 0; j < d; j++) variance[j] /= (double)count - 1;
}

static pv_status variances_of_all(pv_metric_run *run, double *variance, double *mean)
{
    const size_t count = run->options->train, factors = (size_t)run->from->factors;
    int32_t *factor;
    size_t *row = NULL;
    PV_TRY(pv_new(&factor, count * factors, sizeof *factor, "examples"));
    pv_status status = pv_new(&row, count, sizeof *row, "examples");
    if (status == PV_OK) {
        pv_draw_factors(run, factor, count);
        pv_rows_of(run, factor, count, row);
        variances(variance, mean, run->from, row, count);
    }
    free(factor);
    free(row);
    return status;
}

/* One vote: the variable of the smallest share of its variance, for the factor that was fixed. */
static void vote(pv_metric_run *run, const double *global, double *local, double *mean,
                 size_t *votes)
{
    const pv_labelled *from = run->from;
    const size_t d = (size_t)from->variables, factors = (size_t)from->factors;
    int32_t factor[BATCH * PV_MAX_FACTORS];
    size_t row[BATCH], best = d;
    const size_t k = pv_random_state_below(&run->random, factors);
    pv_draw_factors(run, factor, BATCH);
    for (size_t i = 0; i < BATCH; i++) factor[i * factors + k] = factor[k];
    pv_rows_of(run, factor, BATCH, row);
    variances(local, mean, from, row, BATCH);
    for (size_t j = 0; j < d; j++)
        if (sqrt(global[j]) >= DEAD &&
            (best == d || local[j] / global[j] < local[best] / global[best]))
            best = j;
    votes[k * d + best]++;
}

static int any_alive(const double *variance, size_t d)
{
    for (size_t j = 0; j < d; j++)
        if (sqrt(variance[j]) >= DEAD) return 1;
    return 0;
}

static pv_status prepare(pv_metric_run *run)
{
    state *s = run->state;
    const size_t d = (size_t)run->from->variables, factors = (size_t)run->from->factors;
    run->result->train = run->options->train;
    run->result->test = run->options->test;
    PV_TRY(pv_new(&s->variance, 2 * d, sizeof(double), "variances"));
    PV_TRY(pv_new(&s->mean, d, sizeof(double), "variances"));
    for (int part = 0; part < 2; part++)
        PV_TRY(pv_new(&s->votes[part], factors * d, sizeof(size_t), "votes"));
    PV_TRY(variances_of_all(run, s->variance, s->mean));
    if (!any_alive(s->variance, d)) return PV_OK;
    for (size_t i = 0; i < run->options->train; i++)
        vote(run, s->variance, s->variance + d, s->mean, s->votes[0]);
    for (size_t i = 0; i < run->options->test; i++)
        vote(run, s->variance, s->variance + d, s->mean, s->votes[1]);
    return PV_OK;
}

/* Each variable stands for the factor that most of the training votes gave it. */
static double accuracy(const size_t *votes, const size_t *train, size_t factors, size_t d)
{
    size_t right = 0, all = 0;
    for (size_t j = 0; j < d; j++) {
        size_t best = 0;
        for (size_t k = 0; k < factors; k++) {
            if (train[k * d + j] > train[best * d + j]) best = k;
            all += votes[k * d + j];
        }
        right += votes[best * d + j];
    }
    return all ? (double)right / (double)all : 0;
}

static pv_status finish(pv_metric_run *run)
{
    const state *s = run->state;
    const size_t d = (size_t)run->from->variables, factors = (size_t)run->from->factors;
    size_t alive = 0;
    for (size_t j = 0; j < d; j++) alive += sqrt(s->variance[j]) >= DEAD;
    PV_TRY(pv_metric_number(run, accuracy(s->votes[0], s->votes[0], factors, d), "train_accuracy"));
    PV_TRY(pv_metric_number(run, accuracy(s->votes[1], s->votes[0], factors, d), "eval_accuracy"));
    return pv_metric_number(run, (double)alive, "num_active_dims");
}

static void close(void *of)
{
    state *s = of;
    free(s->variance);
    free(s->mean);
    free(s->votes[0]);
    free(s->votes[1]);
}

const pv_metric pv_metric_factor_vae = {
    .name = "factor_vae",
    .title = "which factor is fixed, by the variable that varies least (Kim & Mnih 2018)",
    .seed = PV_SEED_FACTOR_VAE,
    .intervenes = 1,
    .state = sizeof(state),
    .prepare = prepare,
    .finish = finish,
    .close = close,
};
