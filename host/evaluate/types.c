/* types.c -- active, mixed, passive: the rule, and the sets of types that are scored. */
#include <math.h>

#include "polarvae/evaluate.h"

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
