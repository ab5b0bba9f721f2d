/* beta_vae.c -- beta-VAE (Higgins et al., ICLR 2017): reconstruction + beta KL. */
#include "polarvae/objective.h"

enum { BETA };

static const pv_objective_key keys[] = {
    [BETA] = {"beta", 0, 1e6, 1, "weight of the KL term; the study: 1, 2, 4, 6, 8, 16"},
    {0},
};

static const char *const terms[] = {"kl", NULL};

static pv_status record(const pv_objective_context *c)
{
    float *kl = pv_rows(c->program, float, 1);
    PV_TRY(
        pv_kl(c->program,
              &(pv_kl_args){.cols = c->latents, .mean = c->mean, .logvar = c->logvar, .kl = kl}));
    PV_TRY(pv_column_sum(
        c->program,
        &(pv_column_sum_args){.scale = 1.0f / (float)c->batch, .value = kl, .sum = c->terms + 1}));
    return pv_posterior_grad(
        c->program, &(pv_posterior_grad_args){
                        .cols = c->latents,
                        .weight = (float)(c->config->objective_value[BETA] / (double)c->batch),
                        .mean = c->mean,
                        .logvar = c->logvar,
                        .noise = c->noise,
                        .dz = c->dz,
                        .dmean = c->dmean,
                        .dlogvar = c->dlogvar});
}

static double loss(const pv_config *config, const double *term, uint64_t step)
{
    (void)step;
    return term[0] + config->objective_value[BETA] * term[1];
}

const pv_objective pv_objective_beta_vae = {
    .name = "beta_vae",
    .source = "Higgins et al., beta-VAE, ICLR 2017",
    .keys = keys,
    .terms = terms,
    .record = record,
    .loss = loss,
};
