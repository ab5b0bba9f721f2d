/* types.c -- active, mixed, passive: the rule, and the sets of types that are scored. */
#include "evaluate/types.h"

#include <math.h>

#include "base/base.h"

enum { ACTIVE = 1 << PV_ACTIVE, MIXED = 1 << PV_MIXED, PASSIVE = 1 << PV_PASSIVE };

const char *const pv_type_name[PV_TYPES] = {
    [PV_ACTIVE] = "active", [PV_MIXED] = "mixed", [PV_PASSIVE] = "passive"};

const unsigned pv_subset_types[PV_SUBSETS] = {
    ACTIVE | MIXED | PASSIVE, ACTIVE,           MIXED,          PASSIVE,
    ACTIVE | MIXED,           ACTIVE | PASSIVE, MIXED | PASSIVE};

const char *const pv_subset_name[PV_SUBSETS] = {
    "all", "active", "mixed", "passive", "active+mixed", "active+passive", "mixed+passive"};

pv_type pv_variable_type(double mean_variance, double variance_of_variance,
                         double variance_threshold, double mean_error)
{
    if (!(variance_of_variance < variance_threshold)) return PV_MIXED;
    if (mean_variance <= mean_error) return PV_ACTIVE;
    if (fabs(mean_variance - 1) <= mean_error) return PV_PASSIVE;
    return PV_MIXED;
}

pv_status pv_types_by_example(pv_evaluation *e, const float *variance,
                              const pv_evaluation_options *o)
{
    const size_t d = (size_t)e->latents;
    for (int t = 0; t < PV_TYPES; t++) {
        PV_TRY(pv_new(&e->examples_of[t], d, sizeof(size_t), "types of examples"));
        PV_TRY(pv_new(&e->examples_with[t], d + 1, sizeof(size_t), "types of examples"));
    }
    for (size_t i = 0; i < e->examples; i++) {
        size_t count[PV_TYPES] = {0};
        for (size_t j = 0; j < d; j++) {
            const pv_type t = pv_variable_type((double)variance[i * d + j], 0,
                                               o->variance_threshold, o->mean_error);
            e->examples_of[t][j]++;
            count[t]++;
        }
        for (int t = 0; t < PV_TYPES; t++) e->examples_with[t][count[t]]++;
    }
    return PV_OK;
}

void pv_types_sensitivity(pv_evaluation *e, const pv_evaluation_options *o)
{
    for (int k = 0; k < PV_SENSITIVITIES; k++) {
        pv_sensitivity *s = &e->sensitivity[k];
        s->variance_threshold = ldexp(o->variance_threshold, k / 5 - 2);
        s->mean_error = ldexp(o->mean_error, k % 5 - 2);
        for (int j = 0; j < e->latents; j++)
            s->count[pv_variable_type(e->mean_variance[j], e->variance_of_variance[j],
                                      s->variance_threshold, s->mean_error)]++;
    }
}
