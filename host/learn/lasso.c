/* lasso.c -- see lasso.h. */
#include "learn/lasso.h"

#include <math.h>
#include <stdlib.h>

#include "base/base.h"

/* Sums over the examples, of centred columns, as scikit-learn names them; one target at a time. */
typedef struct {
    int features;
    double penalty;   /* n alpha */
    double *mean;     /* [features] */
    double *q;        /* X'X [features, features] */
    double *xy, *yy;  /* X'y [targets, features], y'y [targets] */
    double *y_mean;   /* [targets] */
    double *residual; /* X'(y - X w) [features], of the target at hand */
} problem;

static void problem_free(problem *p)
{
    free(p->mean);
    free(p->q);
    free(p->xy);
    free(p->yy);
    free(p->y_mean);
    free(p->residual);
}

static pv_status problem_new(problem *p, int features, int targets)
{
    const size_t d = (size_t)features, t = (size_t)targets;
    *p = (problem){.features = features};
    PV_TRY(pv_new(&p->mean, d, sizeof(double), "means"));
    PV_TRY(pv_new(&p->q, d * d, sizeof(double), "products"));
    PV_TRY(pv_new(&p->xy, t * d, sizeof(double), "products"));
    PV_TRY(pv_new(&p->yy, t, sizeof(double), "products"));
    PV_TRY(pv_new(&p->y_mean, t, sizeof(double), "means"));
    return pv_new(&p->residual, d, sizeof(double), "residuals");
}

static void column_means(double *mean, const double *x, size_t n, size_t columns)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < columns; j++) mean[j] += x[i * columns + j];
    for (size_t j = 0; j < columns; j++) mean[j] /= (double)n;
}

static pv_status sum_up(problem *p, const double *x, const double *y, size_t n, int targets)
{
    const size_t d = (size_t)p->features, t = (size_t)targets;
    double *row; /* one example, centred: x, then y */
    PV_TRY(pv_new(&row, d + t, sizeof *row, "a row"));
    column_means(p->mean, x, n, d);
    column_means(p->y_mean, y, n, t);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < d; j++) row[j] = x[i * d + j] - p->mean[j];
        for (size_t k = 0; k < t; k++) row[d + k] = y[i * t + k] - p->y_mean[k];
        for (size_t j = 0; j < d; j++)
            for (size_t k = 0; k < d; k++) p->q[j * d + k] += row[j] * row[k];
        for (size_t k = 0; k < t; k++) {
            p->yy[k] += row[d + k] * row[d + k];
            for (size_t j = 0; j < d; j++) p->xy[k * d + j] += row[d + k] * row[j];
        }
    }
    free(row);
    return PV_OK;
}

/* Of n times the objective: primal less dual, at the feasible dual point on the ray of y - X w. */
static double duality_gap(const problem *p, const double *w, const double *xy, double yy)
{
    double steepest = 0.0, wxy = 0.0, wr = 0.0, size = 0.0;
    for (int j = 0; j < p->features; j++) {
        steepest = fmax(steepest, fabs(p->residual[j]));
        wxy += w[j] * xy[j];
        wr += w[j] * p->residual[j];
        size += fabs(w[j]);
    }
    const double ry = yy - wxy, rr = ry - wr; /* r'y and r'r of r = y - X w */
    const double scale = steepest > p->penalty ? p->penalty / steepest : 1.0;
    return 0.5 * rr * (1.0 + scale * scale) + p->penalty * size - scale * ry;
}

/* Each weight in turn to its optimum given the others. Returns the largest change over the largest
 * weight; 0 where all weights are 0. */
static double sweep(problem *p, double *w)
{
    const size_t d = (size_t)p->features;
    double moved = 0.0, largest = 0.0;
    for (size_t j = 0; j < d; j++) {
        const double *q = p->q + j * d, old = w[j];
        if (q[j] == 0.0) continue;
        const double pull = p->residual[j] + old * q[j];
        w[j] = copysign(fmax(fabs(pull) - p->penalty, 0.0) / q[j], pull);
        const double change = w[j] - old;
        if (change != 0.0)
            for (size_t k = 0; k < d; k++) p->residual[k] -= change * q[k];
        moved = fmax(moved, fabs(change));
        largest = fmax(largest, fabs(w[j]));
    }
    return largest > 0.0 ? moved / largest : 0.0;
}

static void descend(problem *p, double *w, const double *xy, double yy, const pv_lasso_rule *rule)
{
    for (int j = 0; j < p->features; j++) {
        w[j] = 0.0;
        p->residual[j] = xy[j];
    }
    for (int i = 0; i < rule->sweeps; i++)
        if (sweep(p, w) <= rule->tolerance && duality_gap(p, w, xy, yy) <= rule->tolerance * yy)
            return;
}

pv_status pv_lasso_fit(double *weight, double *intercept, const double *x, const double *y,
                       size_t n, int features, int targets, const pv_lasso_rule *rule)
{
    const size_t d = (size_t)features;
    problem p;
    pv_status status = problem_new(&p, features, targets);
    p.penalty = (double)n * rule->alpha;
    if (status == PV_OK) status = sum_up(&p, x, y, n, targets);
    for (size_t k = 0; k < (size_t)targets && status == PV_OK; k++) {
        double *w = weight + k * d;
        descend(&p, w, p.xy + k * d, p.yy[k], rule);
        if (!intercept) continue;
        intercept[k] = p.y_mean[k];
        for (size_t j = 0; j < d; j++) intercept[k] -= w[j] * p.mean[j];
    }
    problem_free(&p);
    return status;
}
