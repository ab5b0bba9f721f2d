/* step.c -- a training step as a program:
 * batch, gather, encoder, reparameterise, decoder, objective, backward, Adam, log. */
#include "train/trainer.h"

static pv_status draw(pv_trainer *t, pv_program *program, const pv_step_source *source,
                      const float **image, const float **noise)
{
    const pv_config *c = t->config;
    const uint64_t seed = (uint64_t)c->seed;
    *image = source->image;
    *noise = source->noise;
    if (!*image) {
        uint32_t *index = pv_rows(program, uint32_t, 1);
        float *gathered;
        PV_TRY(pv_pick(program,
                       &(pv_pick_args){.order = c->order == PV_ORDER_KEY_EPOCHS ? PV_ORDER_EPOCHS
                                                                                : PV_ORDER_IID,
                                       .seed = seed,
                                       .purpose = PV_FOR_ORDER,
                                       .examples = t->data->data->examples,
                                       .batch = (uint64_t)c->batch,
                                       .step = t->step_block,
                                       .index = index}));
        PV_TRY(pv_device_data_gather(program, t->data, index, &gathered));
        *image = gathered;
    }
    if (!*noise) {
        float *drawn = pv_rows(program, float, t->vae.latents);
        PV_TRY(pv_noise(program, &(pv_noise_args){.cols = t->vae.latents,
                                                  .seed = seed,
                                                  .purpose = PV_FOR_NOISE,
                                                  .step = t->step_block,
                                                  .noise = drawn}));
        *noise = drawn;
    }
    return PV_OK;
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
    return pv_net_backward(program, &vae->encoder, &t->parameters, trace, dtop, PV_LINEAR, NULL);
}

static pv_status record_update(pv_trainer *t, pv_program *program)
{
    const pv_config *c = t->config;
    const pv_parameters *p = &t->parameters;
    PV_TRY(pv_begin_step(program, &(pv_begin_step_args){.rows = 1,
                                                        .learning_rate = c->learning_rate,
                                                        .beta1 = (float)c->adam_beta1,
                                                        .beta2 = (float)c->adam_beta2,
                                                        .step = t->step_block}));
    PV_TRY(pv_adam(program, &(pv_adam_args){.rows = p->count,
                                            .beta1 = (float)c->adam_beta1,
                                            .beta2 = (float)c->adam_beta2,
                                            .epsilon = (float)c->epsilon,
                                            .torch_epsilon = c->adam_epsilon == PV_EPSILON_TORCH,
                                            .step = t->step_block,
                                            .gradient = p->gradient,
                                            .value = p->value,
                                            .m = p->m,
                                            .v = p->v}));
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
    const float *image, *noise;
    float *mean, *logvar, *dlogits, *dz;
    pv_trace encoder, decoder;

    PV_TRY(draw(t, program, source, &image, &noise));
    PV_TRY(pv_vae_encode(program, vae, p, image, &encoder, &mean, &logvar));
    float *z = pv_rows(program, float, vae->latents);
    PV_TRY(pv_reparameterise(
        program,
        &(pv_reparameterise_args){
            .cols = vae->latents, .mean = mean, .logvar = logvar, .noise = noise, .z = z}));
    PV_TRY(pv_net_forward(program, &vae->decoder, p, z, &decoder));
    PV_TRY(reconstruct(t, program, pv_trace_output(&vae->decoder, &decoder), image, &dlogits));
    PV_TRY(pv_net_backward(program, &vae->decoder, p, &decoder, dlogits, PV_LINEAR, &dz));

    const pv_objective_context context = {
        .program = program,
        .config = t->config,
        .batch = (size_t)t->config->batch,
        .latents = vae->latents,
        .examples = t->data->data->examples,
        .step = t->step_block,
        .mean = mean,
        .logvar = logvar,
        .noise = noise,
        .z = z,
        .dz = dz,
        .dmean = pv_rows(program, float, vae->latents),
        .dlogvar = pv_rows(program, float, vae->latents),
        .terms = t->terms,
        .space = t->space,
    };
    PV_TRY(t->objective->record(&context));
    PV_TRY(encoder_backward(t, program, &encoder, context.dmean, context.dlogvar));
    return update ? record_update(t, program) : PV_OK;
}
