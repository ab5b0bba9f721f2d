/* step.c -- a training step as a program:
 * batch, gather, encoder, reparameterise, decoder, objective, backward, Adam, log. */
#include "train/trainer.h"

/* A batch and its codes: image and noise, unless given, are drawn. */
typedef struct {
    const float *image, *noise;
    float *mean, *logvar, *z;
    pv_trace trace; /* of the encoder */
} codes;

/* What the random numbers of a batch are for. */
typedef struct {
    uint64_t order, noise, variant;
} purposes;
static const purposes for_batch = {PV_FOR_ORDER, PV_FOR_NOISE, PV_FOR_VARIANT};
static const purposes for_second = {PV_FOR_SECOND_ORDER, PV_FOR_SECOND_NOISE,
                                    PV_FOR_SECOND_VARIANT};

static pv_order order_of(const pv_trainer *t)
{
    if (t->weights) return PV_ORDER_WEIGHTED;
    return t->config->order == PV_ORDER_KEY_EPOCHS ? PV_ORDER_EPOCHS : PV_ORDER_IID;
}

static pv_status draw_image(pv_trainer *t, pv_program *program, const purposes *purpose,
                            const float **image)
{
    const pv_config *c = t->config;
    uint32_t *index = pv_rows(program, uint32_t, 1);
    float *gathered;
    pv_gathering what = {.index = index,
                         .examples = t->data->data->examples,
                         .seed = (uint64_t)c->seed,
                         .purpose = purpose->variant,
                         .step = t->step_block};
    if (t->window) {
        what.images = pv_window_images(t->window);
        what.examples = pv_window_examples(t->window);
    }
    PV_TRY(pv_pick(program, &(pv_pick_args){.order = order_of(t),
                                            .seed = (uint64_t)c->seed,
                                            .purpose = purpose->order,
                                            .examples = what.examples,
                                            .batch = (uint64_t)c->batch,
                                            .step = t->step_block,
                                            .cumulative = t->weights,
                                            .index = index}));
    PV_TRY(pv_device_data_gather(program, t->data, &what, &gathered));
    *image = gathered;
    return PV_OK;
}

static pv_status draw_noise(pv_trainer *t, pv_program *program, uint64_t purpose,
                            const float **noise)
{
    float *drawn = pv_rows(program, float, t->vae.latents);
    *noise = drawn;
    return pv_noise(program, &(pv_noise_args){.cols = t->vae.latents,
                                              .seed = (uint64_t)t->config->seed,
                                              .purpose = purpose,
                                              .step = t->step_block,
                                              .noise = drawn});
}

static pv_status encode(pv_trainer *t, pv_program *program, const purposes *purpose, codes *c)
{
    if (!c->image) PV_TRY(draw_image(t, program, purpose, &c->image));
    if (!c->noise) PV_TRY(draw_noise(t, program, purpose->noise, &c->noise));
    PV_TRY(
        pv_vae_encode(program, &t->vae, &t->parameters, c->image, &c->trace, &c->mean, &c->logvar));
    c->z = pv_rows(program, float, t->vae.latents);
    return pv_reparameterise(program, &(pv_reparameterise_args){.cols = t->vae.latents,
                                                                .mean = c->mean,
                                                                .logvar = c->logvar,
                                                                .noise = c->noise,
                                                                .z = c->z});
}

/* Bernoulli loss on the decoder's logits: its mean into terms[0], its gradient into *dlogits. */
static pv_status reconstruct(pv_trainer *t, pv_program *program, const float *logits,
                             const float *image, float **dlogits)
{
    const float scale = 1.0f / (float)t->config->batch;
    float *loss = pv_rows(program, float, 1);
    *dlogits = pv_rows(program, float, t->vae.pixels);
    PV_TRY(pv_bernoulli(program, &(pv_bernoulli_args){.cols = t->vae.pixels,
                                                      .scale = scale,
                                                      .logits = logits,
                                                      .image = image,
                                                      .loss = loss,
                                                      .dlogits = *dlogits}));
    return pv_column_sum(program,
                         &(pv_column_sum_args){.scale = scale, .value = loss, .sum = t->terms});
}

/* From the gradients of the heads down to the images. */
static pv_status encoder_backward(pv_trainer *t, pv_program *program, const pv_trace *trace,
                                  const float *dmean, const float *dlogvar)
{
    const pv_vae *vae = &t->vae;
    const float *top = pv_trace_output(&vae->encoder, trace);
    const int below = vae->encoder.layer[vae->encoder.layers - 1].activation;
    float *from_mean, *dtop;
    PV_TRY(pv_layer_backward(program, &vae->mean, &t->parameters,
                             &(pv_layer_gradient){.x = top, .dy = dmean}, &from_mean));
    PV_TRY(pv_layer_backward(
        program, &vae->logvar, &t->parameters,
        &(pv_layer_gradient){.x = top, .dy = dlogvar, .plus = from_mean, .below = below}, &dtop));
    return pv_net_backward(program, &vae->encoder, &t->parameters, trace,
                           &(pv_layer_gradient){.dy = dtop}, NULL);
}

static pv_status record_update(pv_trainer *t, pv_program *program)
{
    const pv_config *c = t->config;
    PV_TRY(pv_optimiser_record(program,
                               &(pv_optimiser){.learning_rate = c->learning_rate,
                                               .beta1 = c->adam_beta1,
                                               .beta2 = c->adam_beta2,
                                               .epsilon = c->epsilon,
                                               .torch_epsilon = c->adam_epsilon == PV_EPSILON_TORCH,
                                               .step = t->step_block,
                                               .rates = t->rates},
                               &t->parameters, 0, t->vae.discriminator_at));
    return pv_end_step(program, &(pv_end_step_args){.rows = 1,
                                                    .cols = (size_t)t->term_count,
                                                    .capacity = (size_t)c->log_every,
                                                    .terms = t->terms,
                                                    .log = t->log,
                                                    .step = t->step_block});
}

pv_status pv_trainer_record(pv_trainer *t, pv_program *program, const pv_step_source *source,
                            int update)
{
    const pv_vae *vae = &t->vae;
    const pv_parameters *p = &t->parameters;
    codes batch = {.image = source->image, .noise = source->noise}, second = {0};
    float *dlogits, *dz;
    pv_trace decoder;

    PV_TRY(encode(t, program, &for_batch, &batch));
    PV_TRY(pv_net_forward(program, &vae->decoder, p, batch.z, &decoder));
    PV_TRY(
        reconstruct(t, program, pv_trace_output(&vae->decoder, &decoder), batch.image, &dlogits));
    PV_TRY(pv_net_backward(program, &vae->decoder, p, &decoder, &(pv_layer_gradient){.dy = dlogits},
                           &dz));
    if (t->objective->second_batch && t->objective->second_batch(t->config))
        PV_TRY(encode(t, program, &for_second, &second));

    const pv_objective_context context = {
        .program = program,
        .config = t->config,
        .batch = (size_t)t->config->batch,
        .latents = vae->latents,
        .examples = t->data->data->examples,
        .vae = vae,
        .parameters = p,
        .update = update,
        .step = t->step_block,
        .mean = batch.mean,
        .logvar = batch.logvar,
        .noise = batch.noise,
        .z = batch.z,
        .second_z = second.z,
        .dz = dz,
        .dmean = pv_rows(program, float, vae->latents),
        .dlogvar = pv_rows(program, float, vae->latents),
        .terms = t->terms,
        .space = t->space,
    };
    PV_TRY(t->objective->record(&context));
    PV_TRY(encoder_backward(t, program, &batch.trace, context.dmean, context.dlogvar));
    return update ? record_update(t, program) : PV_OK;
}
