/* objectives.c -- the list of objectives. */
#include <string.h>

#include "polarvae/objective.h"

#define X(name) &pv_objective_##name,
const pv_objective *const pv_objectives[] = {PV_OBJECTIVES(X) NULL};
#undef X

const pv_objective *pv_objective_find(const char *name)
{
    for (int i = 0; pv_objectives[i]; i++)
        if (strcmp(pv_objectives[i]->name, name) == 0) return pv_objectives[i];
    return NULL;
}
