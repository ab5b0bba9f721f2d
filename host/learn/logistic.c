/* logistic.c -- see logistic.h. Objectives, starts and stopping rules are scikit-learn's. */
#include "learn/logistic.h"

#include <float.h>
#include <linear.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "learn/descent.h"
#include "learn/linear.h"
#include "learn/softmax_loss.h"

enum { FOLDS = 5, STRENGTHS = 10 };

/* One minimisation's terms. scikit-learn 0.19 minimises the sum over rows, 1.x the mean, under the
 * same bound for the gradient. */
typedef struct {
    pv_softmax_loss loss;
    int size; /* of all weight vectors, with intercepts */
    pv_era era;
} task;

static double value(void *context, const double *w, double *gradient)
{
    return pv_softmax_loss_at(context, w, gradient);
}

static pv_status minimise(task *t, double c, double *w)
{
    pv_softmax_loss *loss = &t->loss;
    int mean = t->era == PV_ERA_CURRENT;
    loss->scale = mean ? 1.0 / (double)(loss->x->n - (loss->out_end - loss->out_begin)) : 1.0;
    loss->penalty = loss->scale / c;
    return pv_descend(&(pv_descent){.value = value,
                                    .context = loss,
                                    .size = t->size,
                                    .slope = 1e-4,
                                    .decrease = (mean ? 64.0 : 1e7) * DBL_EPSILON,
                                    .iterations = 100},
                      w);
}

static double strength(int i) { return pow(10.0, -4.0 + i * (8.0 / (STRENGTHS - 1))); }

/* w [size] and the chosen C. Each C starts from the result of the one before, the last fit from
 * the mean over folds. */
static pv_status cross_validate(task *t, double *w, double *c)
{
    size_t size = (size_t)t->size, n = t->loss.x->n;
    double *path; /* [FOLDS][STRENGTHS][size] */
    PV_TRY(pv_new(&path, FOLDS * STRENGTHS * size, sizeof *path, "weights"));
    double sum[STRENGTHS] = {0};
    pv_status rc = PV_OK;
    for (size_t f = 0, begin = 0; f < FOLDS; f++) {
        t->loss.out_begin = begin;
        t->loss.out_end = begin += n / FOLDS + (f < n % FOLDS);
        double *at = path + f * STRENGTHS * size;
        for (int i = 0; i < STRENGTHS; i++, at += size) {
            if (i) memcpy(at, at - size, size * sizeof *at);
            if ((rc = minimise(t, strength(i), at)) != PV_OK) goto out;
            sum[i] += pv_softmax_accuracy(&t->loss, at);
        }
    }
    int best = 0;
    for (int i = 1; i < STRENGTHS; i++)
        if (sum[i] > sum[best]) best = i;

    memset(w, 0, size * sizeof *w);
    for (size_t f = 0; f < FOLDS; f++)
        for (size_t k = 0; k < size; k++)
            w[k] += path[(f * STRENGTHS + (size_t)best) * size + k] / FOLDS;
    t->loss.out_begin = t->loss.out_end = 0;
    *c = strength(best);
    rc = minimise(t, *c, w);
out:
    free(path);
    return rc;
}

/* Weight vectors of classes from `first` on. */
static void keep(pv_logistic *out, const double *w, int vectors, int first)
{
    size_t d = (size_t)out->features;
    for (int v = 0; v < vectors; v++, w += d + 1) {
        memcpy(out->weight + (size_t)(first + v) * d, w, d * sizeof *w);
        out->intercept[first + v] = w[d];
    }
}

/* All classes at once; *c is given, or chosen where cross-validation is asked for. */
static pv_status fit_softmax(pv_logistic *out, const pv_columns *x, int cross)
{
    int classes = out->labels.classes, first = classes == 2, vectors = classes - first;
    task t = {.era = PV_ERA_CURRENT, .size = vectors * (x->d + 1)};
    t.loss = (pv_softmax_loss){.x = x, .of = out->labels.of, .classes = classes, .first = first};
    double *w = NULL;
    pv_status rc = pv_new(&w, (size_t)t.size, sizeof *w, "weights");
    if (rc == PV_OK) rc = pv_softmax_work(&t.loss.work, classes);
    if (rc == PV_OK) rc = cross ? cross_validate(&t, w, &out->c) : minimise(&t, out->c, w);
    if (rc == PV_OK) keep(out, w, vectors, first);
    free(w);
    free(t.loss.work);
    return rc;
}

/* Each class against the rest, with a C of its own. */
static pv_status fit_each_cv(pv_logistic *out, const pv_columns *x)
{
    int classes = out->labels.classes;
    task t = {.era = PV_ERA_STUDY, .size = x->d + 1};
    double *w = NULL;
    int32_t *is = NULL;
    pv_status rc = pv_new(&w, (size_t)t.size, sizeof *w, "weights");
    if (rc == PV_OK) rc = pv_new(&is, x->n, sizeof *is, "classes");
    t.loss = (pv_softmax_loss){.x = x, .of = is, .classes = 2, .first = 1};
    if (rc == PV_OK) rc = pv_softmax_work(&t.loss.work, 2);
    for (int k = classes == 2; k < classes && rc == PV_OK; k++) {
        for (size_t i = 0; i < x->n; i++) is[i] = out->labels.of[i] == k;
        rc = cross_validate(&t, w, &out->c);
        if (rc == PV_OK) keep(out, w, 1, k);
    }
    /* Of two classes the first is what the second is not. */
    if (classes == 2) {
        for (int j = 0; j < x->d; j++) out->weight[j] = -out->weight[x->d + j];
        out->intercept[0] = -out->intercept[1];
    } else {
        out->c = NAN;
    }
    free(w);
    free(is);
    free(t.loss.work);
    return rc;
}

static pv_status begin(pv_logistic *out, const int32_t *label, size_t n, int d, pv_era era)
{
    *out = (pv_logistic){.features = d, .era = era};
    pv_status rc = pv_labels_find(&out->labels, label, n);
    size_t classes = (size_t)out->labels.classes;
    if (rc == PV_OK && classes < 2)
        rc = pv_fail(PV_EDATA,
                     "logistic regression needs two classes at least; all %zu labels are equal", n);
    if (rc == PV_OK) rc = pv_new(&out->weight, classes * (size_t)d, sizeof *out->weight, "weights");
    if (rc == PV_OK) rc = pv_new(&out->intercept, classes, sizeof *out->intercept, "weights");
    if (rc != PV_OK) pv_logistic_free(out);
    return rc;
}

pv_status pv_logistic_fit(pv_logistic *out, const double *x, const int32_t *label, size_t n, int d,
                          double c, pv_era era)
{
    PV_TRY(begin(out, label, n, d, era));
    out->c = c;
    pv_status rc;
    if (era == PV_ERA_CURRENT) {
        pv_columns columns;
        rc = pv_columns_copy(&columns, x, n, d);
        if (rc == PV_OK) rc = fit_softmax(out, &columns, 0);
        pv_columns_free(&columns);
    } else {
        rc = pv_linear_fit(
            &(pv_linear){.solver = L2R_LR, .x = x, .labels = &out->labels, .n = n, .d = d, .c = c},
            out->weight, out->intercept);
    }
    if (rc != PV_OK) pv_logistic_free(out);
    return rc;
}

pv_status pv_logistic_fit_cv(pv_logistic *out, const double *x, const int32_t *label, size_t n,
                             int d, pv_era era)
{
    PV_TRY(begin(out, label, n, d, era));
    pv_columns columns = {0};
    pv_status rc = PV_OK;
    if (n < FOLDS) rc = pv_fail(PV_EDATA, "cross-validation: %zu examples, but %d folds", n, FOLDS);
    if (rc == PV_OK) rc = pv_columns_copy(&columns, x, n, d);
    if (rc == PV_OK)
        rc = era == PV_ERA_CURRENT ? fit_softmax(out, &columns, 1) : fit_each_cv(out, &columns);
    pv_columns_free(&columns);
    if (rc != PV_OK) pv_logistic_free(out);
    return rc;
}

void pv_logistic_free(pv_logistic *model)
{
    pv_labels_free(&model->labels);
    free(model->weight);
    free(model->intercept);
    memset(model, 0, sizeof *model);
}

static double score(const pv_logistic *model, const double *x, int k)
{
    const double *w = model->weight + (size_t)k * (size_t)model->features;
    double sum = model->intercept[k];
    for (int j = 0; j < model->features; j++) sum += w[j] * x[j];
    return sum;
}

void pv_logistic_predict(const pv_logistic *model, const double *x, size_t n, int32_t *label)
{
    for (size_t i = 0; i < n; i++, x += model->features) {
        int best = 0;
        double most = score(model, x, 0);
        for (int k = 1; k < model->labels.classes; k++) {
            double s = score(model, x, k);
            if (s > most) {
                most = s;
                best = k;
            }
        }
        label[i] = model->labels.value[best];
    }
}

/* log(1 / (1 + exp(-z))) */
static double log_sigmoid(double z) { return fmin(z, 0.0) - log1p(exp(-fabs(z))); }

void pv_logistic_probability(const pv_logistic *model, const double *x, size_t n,
                             double *probability)
{
    int classes = model->labels.classes;
    for (size_t i = 0; i < n; i++, x += model->features, probability += classes) {
        double top = -HUGE_VAL, sum = 0.0;
        for (int k = 0; k < classes; k++) {
            double s = score(model, x, k);
            probability[k] = model->era == PV_ERA_CURRENT ? s : log_sigmoid(s);
            top = fmax(top, probability[k]);
        }
        for (int k = 0; k < classes; k++) sum += probability[k] = exp(probability[k] - top);
        for (int k = 0; k < classes; k++) probability[k] /= sum;
    }
}
