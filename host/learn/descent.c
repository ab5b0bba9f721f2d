/* descent.c -- see descent.h. By libLBFGS, with the memory, line search and tests of scipy. */
#include "learn/descent.h"

#include <lbfgs.h>
#include <math.h>
#include <string.h>

#include "base/base.h"

typedef struct {
    const pv_descent *descent;
    double f;     /* at the last point that was accepted */
    int taken;    /* iterations, all runs together */
    int finished; /* one of the tests holds */
} state;

static double evaluate(void *context, const double *w, double *gradient, const int size,
                       const double step)
{
    (void)size;
    (void)step;
    const pv_descent *d = ((state *)context)->descent;
    return d->value(d->context, w, gradient);
}

static double largest(const double *gradient, int size)
{
    double top = 0.0;
    for (int i = 0; i < size; i++) top = fmax(top, fabs(gradient[i]));
    return top;
}

static int stop(void *context, const double *w, const double *gradient, const double f,
                const double w_norm, const double gradient_norm, const double step, int size, int k,
                int evaluations)
{
    (void)w, (void)w_norm, (void)gradient_norm, (void)step, (void)k, (void)evaluations;
    state *s = context;
    const pv_descent *d = s->descent;
    double before = s->f;
    s->f = f;
    s->taken++;
    s->finished = s->taken >= d->iterations || largest(gradient, size) <= d->slope ||
                  before - f <= d->decrease * fmax(fmax(fabs(before), fabs(f)), 1.0);
    return s->finished;
}

pv_status pv_descend(const pv_descent *descent, double *w)
{
    double *at = lbfgs_malloc(descent->size), *gradient = lbfgs_malloc(descent->size);
    pv_status rc = PV_OK;
    if (!at || !gradient) {
        rc = pv_fail(PV_ENOMEM, "out of memory: %d weights", descent->size);
        goto out;
    }
    memcpy(at, w, (size_t)descent->size * sizeof *w);
    lbfgs_parameter_t parameter;
    lbfgs_parameter_init(&parameter);
    parameter.m = 10;
    parameter.epsilon = 0.0;
    parameter.ftol = 1e-3;
    parameter.max_linesearch = 50;

    state s = {.descent = descent};
    s.f = descent->value(descent->context, at, gradient);
    s.finished = largest(gradient, descent->size) <= descent->slope;
    /* A line search that fails starts again without memory, unless there was none. */
    for (int taken = -1; !s.finished && s.taken > taken;) {
        taken = s.taken;
        int code = lbfgs(descent->size, at, NULL, evaluate, stop, &s, &parameter);
        if (code == LBFGSERR_OUTOFMEMORY) {
            rc = pv_fail(PV_ENOMEM, "out of memory: L-BFGS of %d weights", descent->size);
            goto out;
        }
    }
    memcpy(w, at, (size_t)descent->size * sizeof *w);
out:
    lbfgs_free(at);
    lbfgs_free(gradient);
    return rc;
}
