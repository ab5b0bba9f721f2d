/* udr.c -- unsupervised disentanglement ranking: which models agree with the others. */
#include "polarvae/udr.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "learn/lasso.h"
#include "learn/parallel.h"
#include "learn/rank.h"

enum { LEAST_MODELS = 2, LEAST_EXAMPLES = 2 };
static const double penalty = 0.1; /* of the Lasso */

const char *const pv_udr_method_name[PV_UDR_METHODS] = {"lasso", "spearman"};
const pv_udr_options pv_udr_defaults = {
    .method = PV_UDR_LASSO, .tolerance = 1e-4, .sweeps = 1000, .threads = 0};

/* A model as the others see it. */
typedef struct {
    double *z; /* standardised codes [examples, latents]; Spearman: ranks [latents, examples],
                  as pv_rank_normalised leaves them */
    int *kept; /* [size] variables whose rows and columns are scored */
    size_t size;
} view;

typedef struct {
    const pv_codes *codes;
    const pv_udr_options *options;
    pv_udr *udr;
    view *view; /* [models] */
} work;

/* ---- what is refused ---- */

static pv_status check_options(const pv_udr_options *o)
{
    if ((unsigned)o->method >= PV_UDR_METHODS)
        return pv_fail(PV_EUSAGE, "udr: method %d; there are lasso and spearman", (int)o->method);
    if (!(o->tolerance > 0.0) || o->sweeps < 1)
        return pv_fail(PV_EUSAGE, "udr: tolerance %g and %d sweeps: must be above 0", o->tolerance,
                       o->sweeps);
    return PV_OK;
}

static pv_status check_values(const char *name, const pv_codes *c)
{
    const size_t d = (size_t)c->latents;
    if (!c->mean || !c->variance)
        return pv_fail(PV_EDATA, "%s: has no %s, which UDR needs", name,
                       c->mean ? "variance" : "mean");
    for (size_t i = 0; i < c->examples * d; i++) {
        const double mean = (double)c->mean[i], variance = (double)c->variance[i];
        if (!isfinite(mean) || !isfinite(variance))
            return pv_fail(PV_EDATA, "%s: %s of example %zu, variable %zu is %g, no finite number",
                           name, isfinite(mean) ? "variance" : "mean", i / d, i % d,
                           isfinite(mean) ? variance : mean);
        if (variance < 0.0)
            return pv_fail(PV_EDATA, "%s: variance of example %zu, variable %zu is %g, below 0",
                           name, i / d, i % d, variance);
    }
    return PV_OK;
}

/* Against the first model. */
static pv_status check_pair(const char *name, const pv_codes *c, const char *first,
                            const pv_codes *f)
{
    if (c->latents != f->latents)
        return pv_fail(PV_EDATA,
                       "%s: has %d latent variables, but %s has %d; UDR compares models "
                       "with one number of them",
                       name, c->latents, first, f->latents);
    if (c->examples != f->examples)
        return pv_fail(PV_EDATA,
                       "%s: has codes of %zu examples, but %s of %zu; UDR compares codes "
                       "of the same examples",
                       name, c->examples, first, f->examples);
    if (!c->factor || !f->factor || c->factors == 0 || f->factors == 0) return PV_OK;
    if (c->factors != f->factors ||
        memcmp(c->factor, f->factor, c->examples * (size_t)c->factors * sizeof *c->factor) != 0)
        return pv_fail(PV_EDATA,
                       "%s: has other factors than %s; UDR compares codes of the same "
                       "examples, in the same order",
                       name, first);
    return PV_OK;
}

static pv_status check_all(const char *const *name, const pv_codes *codes, int count,
                           const pv_udr_options *options)
{
    PV_TRY(check_options(options));
    if (count < LEAST_MODELS)
        return pv_fail(PV_EUSAGE,
                       "udr: compares models with each other: %d is too few, %d are "
                       "needed at least",
                       count, LEAST_MODELS);
    if (codes->latents < 1 || codes->examples < LEAST_EXAMPLES)
        return pv_fail(PV_EDATA, "%s: has %d variables of %zu examples; UDR needs 1 of %d at least",
                       *name, codes->latents, codes->examples, LEAST_EXAMPLES);
    for (int i = 0; i < count; i++) {
        PV_TRY(check_pair(name[i], &codes[i], *name, codes));
        PV_TRY(check_values(name[i], &codes[i]));
    }
    return PV_OK;
}

/* ---- a model ---- */

static double average_kl(const pv_codes *c, size_t variable)
{
    double sum = 0.0;
    for (size_t i = 0; i < c->examples; i++) {
        const size_t at = i * (size_t)c->latents + variable;
        const double mean = (double)c->mean[at], variance = (double)c->variance[at];
        sum += 0.5 * (mean * mean + variance - log(variance) - 1.0);
    }
    return sum / (double)c->examples;
}

/* As scikit-learn's StandardScaler: what varies by rounding alone is not blown up. z: one variable,
 * every `step`th number. */
static void standardise(double *z, size_t step, const pv_codes *c, size_t variable)
{
    const size_t n = c->examples, d = (size_t)c->latents;
    double mean = 0.0, variance = 0.0;
    for (size_t i = 0; i < n; i++) mean += (double)c->mean[i * d + variable];
    mean /= (double)n;
    for (size_t i = 0; i < n; i++) {
        const double away = (double)c->mean[i * d + variable] - mean;
        variance += away * away;
        z[i * step] = away;
    }
    variance /= (double)n;
    const double rounding = (double)n * DBL_EPSILON, floor = rounding * mean;
    if (variance <= rounding * variance + floor * floor) return;
    const double deviation = sqrt(variance);
    for (size_t i = 0; i < n; i++) z[i * step] /= deviation;
}

static pv_status rank_variables(double *z, size_t n, size_t d)
{
    double *rank;
    PV_TRY(pv_new(&rank, n, sizeof *rank, "ranks"));
    pv_status status = PV_OK;
    for (size_t v = 0; v < d && status == PV_OK; v++) {
        status = pv_rank_normalised(rank, z + v * n, n);
        memcpy(z + v * n, rank, n * sizeof *z);
    }
    free(rank);
    return status;
}

static pv_status look(void *context, size_t i)
{
    const work *w = context;
    const pv_codes *c = &w->codes[i];
    const size_t n = c->examples, d = (size_t)c->latents;
    const int ranked = w->options->method == PV_UDR_SPEARMAN;
    pv_udr_model *m = &w->udr->model[i];
    view *v = &w->view[i];
    PV_TRY(pv_new(&m->kl, d, sizeof *m->kl, "KL"));
    PV_TRY(pv_new(&v->z, n * d, sizeof *v->z, "standardised codes"));
    PV_TRY(pv_new(&v->kept, d, sizeof *v->kept, "variables"));
    for (size_t k = 0; k < d; k++) {
        m->kl[k] = average_kl(c, k);
        const int informs = m->kl[k] > PV_UDR_KL;
        m->informative += informs;
        if (informs) standardise(ranked ? v->z + k * n : v->z + k, ranked ? 1 : d, c, k);
        if (informs || w->options->unfiltered) v->kept[v->size++] = (int)k;
    }
    return ranked ? rank_variables(v->z, n, d) : PV_OK;
}

/* ---- a pair ---- */

static pv_status correlate_lasso(double *r, const work *w, size_t i, size_t j)
{
    const size_t d = (size_t)w->udr->latents;
    const pv_lasso_rule rule = {
        .alpha = penalty, .tolerance = w->options->tolerance, .sweeps = w->options->sweeps};
    double *weight; /* of each variable of j, those of i */
    PV_TRY(pv_new(&weight, d * d, sizeof *weight, "weights"));
    pv_status status = pv_lasso_fit(weight, NULL, w->view[i].z, w->view[j].z, w->udr->examples,
                                    (int)d, (int)d, &rule);
    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b < d; b++) r[a * d + b] = fabs(weight[b * d + a]);
    free(weight);
    return status;
}

static void correlate_ranks(double *r, const work *w, size_t i, size_t j)
{
    const size_t n = w->udr->examples, d = (size_t)w->udr->latents;
    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b < d; b++) {
            const double *x = w->view[i].z + a * n, *y = w->view[j].z + b * n;
            double sum = 0.0;
            for (size_t k = 0; k < n; k++) sum += x[k] * y[k];
            r[a * d + b] = fmin(fabs(sum), 1.0) + 0.0 * sum; /* NaN stays NaN */
        }
}

/* Mean over lines of largest^2 / sum; 0 for one that is all 0 or has a NaN. Lines are the rows of
 * r if across is 1, the columns if down is. */
static double concentration(const double *r, const view *lines, size_t down, const view *of,
                            size_t across)
{
    double mean = 0.0;
    for (size_t i = 0; i < lines->size; i++) {
        double largest = 0.0, sum = 0.0;
        for (size_t k = 0; k < of->size; k++) {
            const double x = r[(size_t)lines->kept[i] * down + (size_t)of->kept[k] * across];
            largest = fmax(largest, x);
            sum += x;
        }
        if (sum > 0.0) mean += largest * largest / sum;
    }
    return mean / (double)lines->size;
}

static pv_status compare(void *context, size_t pair)
{
    const work *w = context;
    const size_t count = (size_t)w->udr->count, d = (size_t)w->udr->latents;
    const size_t i = pair / count, j = pair % count;
    const view *a = &w->view[i], *b = &w->view[j];
    double *r = w->udr->raw + pair * d * d;
    if (i == j) return PV_OK;
    if (w->options->method == PV_UDR_LASSO)
        PV_TRY(correlate_lasso(r, w, i, j));
    else
        correlate_ranks(r, w, i, j);
    w->udr->pairwise[pair] =
        a->size && b->size ? 0.5 * (concentration(r, b, 1, a, d) + concentration(r, a, d, b, 1))
                           : NAN;
    return PV_OK;
}

/* ---- scores ---- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *value, size_t count)
{
    qsort(value, count, sizeof *value, ascending);
    return 0.5 * (value[(count - 1) / 2] + value[count / 2]);
}

static pv_status score(pv_udr *u, const view *views)
{
    const size_t count = (size_t)u->count;
    double *pair;
    PV_TRY(pv_new(&pair, count, sizeof *pair, "scores"));
    for (size_t i = 0; i < count; i++) {
        pv_udr_model *m = &u->model[i];
        for (size_t j = 0; j < count; j++)
            if (j != i && views[j].size) pair[m->others++] = u->pairwise[j * count + i];
        m->score = views[i].size && m->others ? median(pair, (size_t)m->others) : NAN;
        if (!views[i].size)
            m->reason = "no variable has a KL above 0.01";
        else if (!m->others)
            m->reason = "no other model has a variable with a KL above 0.01";
    }
    free(pair);
    return PV_OK;
}

static int is_better(const pv_udr_model *a, const pv_udr_model *b)
{
    return isnan(b->score) ? !isnan(a->score) : a->score > b->score;
}

/* Each model behind the last that it is not better than. */
static void sort_models(pv_udr *u)
{
    for (int i = 0; i < u->count; i++) {
        int at = i;
        for (; at > 0 && is_better(&u->model[i], &u->model[u->best[at - 1]]); at--)
            u->best[at] = u->best[at - 1];
        u->best[at] = i;
    }
}

static pv_status result_new(pv_udr *out, const char *const *name, const pv_codes *codes, int count,
                            const pv_udr_options *options)
{
    const size_t m = (size_t)count, d = (size_t)codes->latents;
    *out = (pv_udr){.method = options->method,
                    .count = count,
                    .latents = codes->latents,
                    .examples = codes->examples};
    PV_TRY(pv_new(&out->model, m, sizeof *out->model, "models"));
    PV_TRY(pv_new(&out->best, m, sizeof *out->best, "models"));
    PV_TRY(pv_new(&out->pairwise, m * m, sizeof *out->pairwise, "scores of pairs"));
    PV_TRY(pv_new(&out->raw, m * m, d * d * sizeof *out->raw, "correlations"));
    for (int i = 0; i < count; i++) out->model[i].name = name[i];
    return PV_OK;
}

pv_status pv_udr_compute(pv_udr *out, const char *const *name, const pv_codes *codes, int count,
                         const pv_udr_options *options)
{
    work w = {.codes = codes, .options = options, .udr = out};
    const size_t models = count > 0 ? (size_t)count : 0;
    memset(out, 0, sizeof *out);
    PV_TRY(check_all(name, codes, count, options));
    pv_status status = pv_new(&w.view, models, sizeof *w.view, "models");
    if (status == PV_OK) status = result_new(out, name, codes, count, options);
    if (status == PV_OK) status = pv_parallel(models, options->threads, look, &w);
    if (status == PV_OK) status = pv_parallel(models * models, options->threads, compare, &w);
    if (status == PV_OK) status = score(out, w.view);
    if (status == PV_OK) sort_models(out);
    for (size_t i = 0; i < models && w.view; i++) {
        free(w.view[i].z);
        free(w.view[i].kept);
    }
    free(w.view);
    if (status != PV_OK) pv_udr_free(out);
    return status;
}

void pv_udr_free(pv_udr *u)
{
    for (int i = 0; i < u->count && u->model; i++) free(u->model[i].kl);
    free(u->model);
    free(u->best);
    free(u->raw);
    free(u->pairwise);
    memset(u, 0, sizeof *u);
}
