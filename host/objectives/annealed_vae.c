/* annealed_vae.c -- AnnealedVAE (Burgess et al., arXiv 1804.03599): reconstruction + gamma |KL -
 * C|, with a capacity C that grows linearly to c_max. */
#include "polarvae/objective.h"

enum { GAMMA, C_MAX, ITERATIONS };

static const pv_objective_key keys[] = {
    [GAMMA] = {"gamma", 0, 1e6, 1000, "weight of the distance of the KL term from the capacity",
               NULL},
    [C_MAX] = {"c_max", 0, 1e12, 5,
               "capacity at the end, in nats; the study: 5, 10, 25, 50, 75, 100", NULL},
    [ITERATIONS] = {"iteration_threshold", 1, 1e12, 100000, "step at which it is reached", NULL},
    {0},
};

enum { KL = 1, CAPACITY, PENALTY };
static const char *const terms[] = {"kl", "capacity", "penalty", NULL};

static size_t space(size_t latents)
{
    (void)latents;
    return sizeof(float);
}

static pv_status record(const pv_objective_context *c)
{
    const double *value = c->config->objective_value;
    float *slope = c->space;
    PV_TRY(pv_objective_kl(c, c->terms + KL));
    PV_TRY(pv_anneal(c->program, &(pv_anneal_args){.rows = 1,
                                                   .gamma = (float)value[GAMMA],
                                                   .c_max = value[C_MAX],
                                                   .iterations = value[ITERATIONS],
                                                   .step = c->step,
                                                   .kl = c->terms + KL,
                                                   .capacity = c->terms + CAPACITY,
                                                   .penalty = c->terms + PENALTY,
                                                   .slope = slope}));
    return pv_objective_posterior(c, c->dz, 1.0, slope);
}

static double loss(const pv_config *config, const double *term, uint64_t step)
{
    (void)config, (void)step;
    return term[0] + term[PENALTY];
}

const pv_objective pv_objective_annealed_vae = {
    .name = "annealed_vae",
    .title = "AnnealedVAE",
    .source = "Burgess et al., Understanding disentangling in beta-VAE, arXiv 1804.03599",
    .keys = keys,
    .strength = "c_max",
    .terms = terms,
    .space = space,
    .record = record,
    .loss = loss,
};
