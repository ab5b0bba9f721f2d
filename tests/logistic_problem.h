/* logistic_problem.h -- classes around places of their own, and fits to them; included after
 * cmocka.h. */
#ifndef TESTS_LOGISTIC_PROBLEM_H
#define TESTS_LOGISTIC_PROBLEM_H

#include "learn/logistic.h"
#include "learners.h"

enum { N = 150, D = 3, CLASSES = 4 };

typedef struct {
    double x[N * D];
    int32_t label[N];
} data;

/* Each class has its place; `noise` around it. */
HELPER void fill(data *out, uint32_t seed, int classes, double noise)
{
    pv_random_state r;
    pv_random_state_seed(&r, seed);
    for (int i = 0; i < N; i++) {
        out->label[i] = (int32_t)pv_random_state_below(&r, (uint64_t)classes);
        for (int j = 0; j < D; j++)
            out->x[i * D + j] = cos(2.0 * out->label[i] + j) + noise * normal(&r);
    }
}

HELPER size_t wrong(const pv_logistic *model, const data *in)
{
    int32_t got[N];
    pv_logistic_predict(model, in->x, N, got);
    return differing(got, in->label, N);
}

HELPER pv_status fit(pv_logistic *model, const data *in, pv_era era, int cross)
{
    if (cross) return pv_logistic_fit_cv(model, in->x, in->label, N, D, era);
    return pv_logistic_fit(model, in->x, in->label, N, D, 1.0, era);
}

#define EACH_WAY                                                                                   \
    for (pv_era era = PV_ERA_CURRENT; era <= PV_ERA_STUDY; era++)                                  \
        for (int cross = 0; cross < 2; cross++)

#endif
