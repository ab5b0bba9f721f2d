/* beta_tcvae.c -- beta-TCVAE (Chen et al., NeurIPS 2018): reconstruction + KL + (beta - 1) TC, with
 * the total correlation TC of the codes estimated from the posteriors of the minibatch.
 *
 * Mutual information + total correlation + dimension-wise KL is the Monte-Carlo KL of the z that
 * was drawn; the loss has the analytic KL. Both are logged. */
#include <math.h>

#include "polarvae/objective.h"

enum { BETA, ESTIMATOR, CONSTANTS };
enum { WEIGHTED, STRATIFIED };

static const char *const estimators[] = {"weighted", "stratified", NULL};
static const char *const no_yes[] = {"false", "true", NULL};

static const pv_objective_key keys[] = {
    [BETA] = {"beta", 0, 1e6, 1, "weight of the total correlation; the study: 1, 2, 4, 6, 8, 10",
              NULL},
    [ESTIMATOR] = {"estimator", 0, 1, WEIGHTED,
                   "of q(z) from a minibatch: weighted sampling, as the study, or stratified",
                   estimators},
    [CONSTANTS] =
        {"tc_constants", 0, 1, 0,
         "weighted sampling divides by examples * batch; the study leaves that out, so that "
         "its terms are off by a constant",
         no_yes},
    {0},
};

enum { KL = 1, INFORMATION, CORRELATION, DIMENSIONS };
static const char *const terms[] = {"kl", "mutual_information", "total_correlation",
                                    "dimension_wise_kl", NULL};

/* Log weights of a posterior in the estimate of q(z) for its own z, for that of the row before, and
 * for all others. Stratified, with N examples and M = batch - 1: 1 / N, (N - M) / (N M), 1 / M
 * (Chen et al., appendix C.2). */
static pv_status log_weights(const pv_objective_context *c, float out[3])
{
    const double *value = c->config->objective_value;
    const double n = (double)c->examples, batch = (double)c->batch, m = batch - 1.0;
    if (value[ESTIMATOR] == WEIGHTED) {
        out[0] = out[1] = out[2] = value[CONSTANTS] > 0.0 ? (float)-log(n * batch) : 0.0f;
        return PV_OK;
    }
    if (batch < 2 || n <= m)
        return pv_fail(PV_EUSAGE,
                       "estimator=stratified needs 2 images of a batch and more examples than "
                       "batch - 1: there are %zu of %llu",
                       c->batch, (unsigned long long)c->examples);
    out[0] = (float)-log(n);
    out[1] = (float)log((n - m) / (n * m));
    out[2] = (float)-log(m);
    return PV_OK;
}

static pv_status record(const pv_objective_context *c)
{
    const size_t n = c->latents;
    const float weight = (float)((c->config->objective_value[BETA] - 1.0) / (double)c->batch);
    float w[3] = {0}, *precision = pv_rows(c->program, float, n),
          *dz = pv_rows(c->program, float, n), *share = pv_rows(c->program, float, c->batch),
          *marginal = pv_rows(c->program, float, n), *row[3];
    PV_TRY(log_weights(c, w));
    for (int i = 0; i < 3; i++) row[i] = pv_rows(c->program, float, 1);
    PV_TRY(pv_objective_kl(c, c->terms + KL));
    PV_TRY(pv_precision(
        c->program, &(pv_precision_args){.cols = n, .logvar = c->logvar, .precision = precision}));
    PV_TRY(pv_total_correlation(c->program, &(pv_total_correlation_args){.cols = n,
                                                                         .batch = c->batch,
                                                                         .own = w[0],
                                                                         .next = w[1],
                                                                         .other = w[2],
                                                                         .weight = weight,
                                                                         .z = c->z,
                                                                         .mean = c->mean,
                                                                         .logvar = c->logvar,
                                                                         .precision = precision,
                                                                         .dz = c->dz,
                                                                         .share = share,
                                                                         .marginal = marginal,
                                                                         .information = row[0],
                                                                         .correlation = row[1],
                                                                         .dimensions = row[2],
                                                                         .to = dz}));
    for (int i = 0; i < 3; i++) PV_TRY(pv_objective_mean(c, row[i], c->terms + INFORMATION + i));
    PV_TRY(pv_objective_posterior(c, dz, 1.0, NULL));
    return pv_total_correlation_grad(c->program,
                                     &(pv_total_correlation_grad_args){.cols = n,
                                                                       .batch = c->batch,
                                                                       .own = w[0],
                                                                       .next = w[1],
                                                                       .other = w[2],
                                                                       .weight = weight,
                                                                       .z = c->z,
                                                                       .share = share,
                                                                       .marginal = marginal,
                                                                       .mean = c->mean,
                                                                       .logvar = c->logvar,
                                                                       .precision = precision,
                                                                       .dmean = c->dmean,
                                                                       .dlogvar = c->dlogvar});
}

static double loss(const pv_config *config, const double *term, uint64_t step)
{
    (void)step;
    return term[0] + term[KL] + (config->objective_value[BETA] - 1.0) * term[CORRELATION];
}

const pv_objective pv_objective_beta_tcvae = {
    .name = "beta_tcvae",
    .title = "β-TCVAE",
    .source = "Chen et al., Isolating sources of disentanglement in VAEs, NeurIPS 2018",
    .keys = keys,
    .strength = "beta",
    .terms = terms,
    .record = record,
    .loss = loss,
};
