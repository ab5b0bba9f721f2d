/* beta_vae.c -- beta-VAE (Higgins et al., ICLR 2017): reconstruction + beta KL. */
#include "polarvae/objective.h"

enum { BETA };

static const pv_objective_key keys[] = {
    [BETA] = {"beta", 0, 1e6, 1, "weight of the KL term; the study: 1, 2, 4, 6, 8, 16", NULL},
    {0},
};

static const char *const terms[] = {"kl", NULL};

static pv_status record(const pv_objective_context *c)
{
    PV_TRY(pv_objective_kl(c, c->terms + 1));
    return pv_objective_posterior(c, c->dz, c->config->objective_value[BETA], NULL);
}

static double loss(const pv_config *config, const double *term, uint64_t step)
{
    (void)step;
    return term[0] + config->objective_value[BETA] * term[1];
}

const pv_objective pv_objective_beta_vae = {
    .name = "beta_vae",
    .title = "β-VAE",
    .source = "Higgins et al., beta-VAE, ICLR 2017",
    .keys = keys,
    .strength = "beta",
    .terms = terms,
    .record = record,
    .loss = loss,
};
