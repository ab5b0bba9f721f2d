/* objectives.c -- the list of objectives, and what most of them record. */
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

pv_status pv_objective_mean(const pv_objective_context *c, const float *value, float *term)
{
    return pv_column_sum(
        c->program,
        &(pv_column_sum_args){.scale = 1.0f / (float)c->batch, .value = value, .sum = term});
}

pv_status pv_objective_kl(const pv_objective_context *c, float *term)
{
    float *kl = pv_rows(c->program, float, 1);
    PV_TRY(
        pv_kl(c->program,
              &(pv_kl_args){.cols = c->latents, .mean = c->mean, .logvar = c->logvar, .kl = kl}));
    return pv_objective_mean(c, kl, term);
}

pv_status pv_objective_posterior(const pv_objective_context *c, const float *dz, double weight,
                                 const float *slope)
{
    return pv_posterior_grad(c->program,
                             &(pv_posterior_grad_args){.cols = c->latents,
                                                       .weight = (float)(weight / (double)c->batch),
                                                       .slope = slope,
                                                       .mean = c->mean,
                                                       .logvar = c->logvar,
                                                       .noise = c->noise,
                                                       .dz = dz,
                                                       .dmean = c->dmean,
                                                       .dlogvar = c->dlogvar});
}
