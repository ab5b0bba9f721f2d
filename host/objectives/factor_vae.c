/* factor_vae.c -- FactorVAE (Kim & Mnih, ICML 2018): reconstruction + KL + gamma TC, with the total
 * correlation TC = mean of logit 0 - logit 1 of a discriminator that learns to tell codes z (class
 * 0) from codes whose variables were permuted over the batch, each on its own (class 1).
 *
 * One pass of z and permuted z together serves both networks. A logit's gradient is (1, -1) times a
 * number of the row, in TC and in the discriminator's own loss alike; so (1, -1) is what flows
 * back, and the numbers come in at the end: gamma at z, the loss's slope in the weight gradients.
 * Thus the VAE's gradient never reaches the discriminator's weights, nor the other way round.
 *
 * Both networks move at once, as in the study. factor_batch=second permutes the codes of a second,
 * independent batch, as in the paper; its encoder is that of before the step, too. */
#include "polarvae/objective.h"

enum { GAMMA, FACTOR_BATCH, LEARNING_RATE, BETA_ONE, BETA_TWO };
enum { SAME, SECOND };

static const char *const batches[] = {"same", "second", NULL};

static const pv_objective_key keys[] = {
    [GAMMA] = {"gamma", 0, 1e6, 10,
               "weight of the total correlation; the study: 10, 20, 30, 40, 50, 100", NULL},
    [FACTOR_BATCH] = {"factor_batch", 0, 1, SAME,
                      "whose codes are permuted: those of the same batch, as the study, or of a "
                      "second one, as the paper",
                      batches},
    [LEARNING_RATE] = {"discriminator_learning_rate", 0, 10, 1e-4, "of the discriminator's Adam",
                       NULL},
    [BETA_ONE] = {"discriminator_beta1", 0, 0.999999, 0.5, "decay of its first moment", NULL},
    [BETA_TWO] = {"discriminator_beta2", 0, 0.99999999, 0.9, "decay of its second moment", NULL},
    {0},
};

enum { KL = 1, CORRELATION, LOSS, ACCURACY };
static const char *const terms[] = {"kl", "total_correlation", "discriminator_loss",
                                    "discriminator_accuracy", NULL};

static const float CLIP = 1e-6f; /* of the probabilities, as the study */

static size_t space(size_t latents)
{
    (void)latents;
    return sizeof(pv_rates);
}

static int second_batch(const pv_config *config)
{
    return config->objective_value[FACTOR_BATCH] == SECOND;
}

/* Codes and permuted codes, [batch, 2, latents]. */
static pv_status record_pairs(const pv_objective_context *c, float **pair)
{
    const size_t n = c->latents;
    uint32_t *key = pv_rows(c->program, uint32_t, n), *rank = pv_rows(c->program, uint32_t, n);
    *pair = pv_rows(c->program, float, 2 * n);
    PV_TRY(pv_keys(c->program, &(pv_keys_args){.cols = n,
                                               .seed = (uint64_t)c->config->seed,
                                               .purpose = PV_FOR_PERMUTATION,
                                               .step = c->step,
                                               .key = key}));
    PV_TRY(pv_ranks(c->program,
                    &(pv_ranks_args){.cols = n, .batch = c->batch, .key = key, .rank = rank}));
    return pv_pair(c->program, &(pv_pair_args){.cols = n,
                                               .z = c->z,
                                               .from = second_batch(c->config) ? c->second_z : c->z,
                                               .rank = rank,
                                               .pair = *pair});
}

/* The discriminator on pairs, forward and back: its terms, its weight gradients, d TC / d pair. */
static pv_status record_discriminator(const pv_objective_context *c, const float *pair,
                                      float **dpair)
{
    const pv_net *net = &c->vae->discriminator;
    float *value[3], *direction = pv_rows(c->program, float, 4),
                     *slope = pv_rows(c->program, float, 2);
    pv_trace trace;
    for (int i = 0; i < 3; i++) value[i] = pv_rows(c->program, float, 1);
    PV_TRY(pv_net_forward(c->program, net, c->parameters, pair, &trace));
    PV_TRY(
        pv_discriminate(c->program, &(pv_discriminate_args){.scale = 1.0f / (float)c->batch,
                                                            .clip = CLIP,
                                                            .logits = pv_trace_output(net, &trace),
                                                            .correlation = value[0],
                                                            .loss = value[1],
                                                            .right = value[2],
                                                            .direction = direction,
                                                            .slope = slope}));
    for (int i = 0; i < 3; i++) PV_TRY(pv_objective_mean(c, value[i], c->terms + CORRELATION + i));
    return pv_net_backward(c->program, net, c->parameters, &trace,
                           &(pv_layer_gradient){.dy = direction, .scale = slope}, dpair);
}

static pv_status record_update(const pv_objective_context *c)
{
    const double *value = c->config->objective_value;
    return pv_optimiser_record(
        c->program,
        &(pv_optimiser){.learning_rate = value[LEARNING_RATE],
                        .beta1 = value[BETA_ONE],
                        .beta2 = value[BETA_TWO],
                        .epsilon = c->config->epsilon,
                        .torch_epsilon = c->config->adam_epsilon == PV_EPSILON_TORCH,
                        .step = c->step,
                        .rates = c->space},
        c->parameters, c->vae->discriminator_at, c->vae->parameters);
}

static pv_status record(const pv_objective_context *c)
{
    const double weight = c->config->objective_value[GAMMA] / (double)c->batch;
    float *pair, *dpair, *dz = pv_rows(c->program, float, c->latents);
    PV_TRY(pv_objective_kl(c, c->terms + KL));
    PV_TRY(record_pairs(c, &pair));
    PV_TRY(record_discriminator(c, pair, &dpair));
    PV_TRY(pv_unpair(
        c->program,
        &(pv_unpair_args){
            .cols = c->latents, .weight = (float)weight, .dz = c->dz, .dpair = dpair, .to = dz}));
    PV_TRY(pv_objective_posterior(c, dz, 1.0, NULL));
    return c->update ? record_update(c) : PV_OK;
}

static double loss(const pv_config *config, const double *term, uint64_t step)
{
    (void)step;
    return term[0] + term[KL] + config->objective_value[GAMMA] * term[CORRELATION];
}

const pv_objective pv_objective_factor_vae = {
    .name = "factor_vae",
    .title = "FactorVAE",
    .source = "Kim & Mnih, Disentangling by factorising, ICML 2018",
    .keys = keys,
    .strength = "gamma",
    .terms = terms,
    .space = space,
    .discriminator = 1,
    .second_batch = second_batch,
    .record = record,
    .loss = loss,
};
