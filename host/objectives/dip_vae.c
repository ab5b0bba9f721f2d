/* dip_vae.c -- DIP-VAE-I and -II (Kumar et al., ICLR 2018): reconstruction + KL + a penalty on how
 * far the covariance of the codes over a batch is from the identity: that of their means (I), or
 * that of the sampled codes, which is larger by the mean variance (II). */
#include "polarvae/objective.h"

enum { LAMBDA_OD, LAMBDA_D_FACTOR };

static const char off_help[] = "weight of the squared covariances; the study: 1, 2, 5, 10, 20, 50",
                  factor_help[] = "weight of the squared variances less one, over lambda_od";

#define KEYS(factor)                                                                               \
    {                                                                                              \
        [LAMBDA_OD] = {"lambda_od", 0, 1e6, 1, off_help, NULL},                                    \
        [LAMBDA_D_FACTOR] = {"lambda_d_factor", 0, 1e6, factor, factor_help, NULL}, {0},           \
    }
static const pv_objective_key keys_i[] = KEYS(10), keys_ii[] = KEYS(1);

enum { KL = 1, OFF_DIAGONAL, DIAGONAL };
static const char *const terms[] = {"kl", "off_diagonal", "diagonal", NULL};

/* Means, mean variances less one, and covariances in double precision, then the slope in single. */
static size_t space(size_t latents)
{
    return (2 + latents) * latents * sizeof(double) + latents * latents * sizeof(float);
}

static pv_status column_mean(const pv_objective_context *c, const float *value, double *mean)
{
    return pv_column_mean(c->program, &(pv_column_mean_args){.cols = c->latents,
                                                             .scale = 1.0 / (double)c->batch,
                                                             .value = value,
                                                             .mean = mean});
}

static pv_status record(const pv_objective_context *c, int variances)
{
    const size_t n = c->latents;
    const double *value = c->config->objective_value, off = value[LAMBDA_OD];
    double *mean = c->space, *excess = mean + n, *covariance = excess + n;
    float *slope = (float *)(covariance + n * n);

    PV_TRY(pv_objective_kl(c, c->terms + KL));
    PV_TRY(column_mean(c, c->mean, mean));
    if (variances) {
        float *each = pv_rows(c->program, float, n);
        PV_TRY(pv_variance(
            c->program,
            &(pv_variance_args){.cols = n, .less_one = 1, .logvar = c->logvar, .variance = each}));
        PV_TRY(column_mean(c, each, excess));
    }
    PV_TRY(pv_covariance(c->program, &(pv_covariance_args){.cols = n * n,
                                                           .variables = n,
                                                           .scale = 1.0 / (double)c->batch,
                                                           .x = c->mean,
                                                           .mean = mean,
                                                           .covariance = covariance}));
    PV_TRY(pv_dip(c->program, &(pv_dip_args){.rows = 1,
                                             .cols = n,
                                             .weight_off = off,
                                             .weight_diagonal = off * value[LAMBDA_D_FACTOR],
                                             .covariance = covariance,
                                             .excess = variances ? excess : NULL,
                                             .off_diagonal = c->terms + OFF_DIAGONAL,
                                             .diagonal = c->terms + DIAGONAL,
                                             .slope = slope}));
    PV_TRY(pv_objective_posterior(c, c->dz, 1.0, NULL));
    return pv_dip_grad(c->program, &(pv_dip_grad_args){.cols = n,
                                                       .scale = 1.0f / (float)c->batch,
                                                       .variances = variances,
                                                       .slope = slope,
                                                       .centre = mean,
                                                       .mean = c->mean,
                                                       .logvar = c->logvar,
                                                       .dmean = c->dmean,
                                                       .dlogvar = c->dlogvar});
}

static pv_status record_i(const pv_objective_context *c) { return record(c, 0); }
static pv_status record_ii(const pv_objective_context *c) { return record(c, 1); }

static double loss(const pv_config *config, const double *term, uint64_t step)
{
    (void)step;
    const double *value = config->objective_value;
    return term[0] + term[KL] +
           value[LAMBDA_OD] * (term[OFF_DIAGONAL] + value[LAMBDA_D_FACTOR] * term[DIAGONAL]);
}

const pv_objective pv_objective_dip_vae_i = {
    .name = "dip_vae_i",
    .title = "DIP-VAE-I",
    .source = "Kumar et al., DIP-VAE-I, ICLR 2018",
    .keys = keys_i,
    .strength = "lambda_od",
    .terms = terms,
    .space = space,
    .record = record_i,
    .loss = loss,
};

const pv_objective pv_objective_dip_vae_ii = {
    .name = "dip_vae_ii",
    .title = "DIP-VAE-II",
    .source = "Kumar et al., DIP-VAE-II, ICLR 2018",
    .keys = keys_ii,
    .strength = "lambda_od",
    .terms = terms,
    .space = space,
    .record = record_ii,
    .loss = loss,
};
