/* parameters.c -- the parameter block of a model: its initial values, and its updates. */
#include <math.h>
#include <string.h>

#include "polarvae/net.h"

enum { ALIGN = 64 }; /* floats: each part starts on a boundary that any device likes */

pv_status pv_parameters_open(pv_parameters *out, pv_device *device, size_t count, int training)
{
    const size_t part = (count + ALIGN - 1) / ALIGN * ALIGN;
    *out = (pv_parameters){.device = device, .count = count};
    PV_TRY(pv_device_alloc(device, part * (training ? 4 : 1) * sizeof(float), &out->block));
    out->value = out->block;
    if (!training) return PV_OK;
    out->gradient = out->value + part;
    out->m = out->gradient + part;
    out->v = out->m + part;
    return PV_OK;
}

void pv_parameters_close(pv_parameters *p)
{
    if (p->device) pv_device_release(p->device, p->block);
    memset(p, 0, sizeof *p);
}

pv_status pv_optimiser_record(pv_program *program, const pv_optimiser *o, const pv_parameters *p,
                              size_t from, size_t to)
{
    const float beta1 = (float)o->beta1, beta2 = (float)o->beta2;
    PV_TRY(pv_adam_rates(program, &(pv_adam_rates_args){.rows = 1,
                                                        .learning_rate = o->learning_rate,
                                                        .beta1 = beta1,
                                                        .beta2 = beta2,
                                                        .step = o->step,
                                                        .rates = o->rates}));
    return pv_adam(program, &(pv_adam_args){.rows = to - from,
                                            .beta1 = beta1,
                                            .beta2 = beta2,
                                            .epsilon = (float)o->epsilon,
                                            .torch_epsilon = o->torch_epsilon,
                                            .rates = o->rates,
                                            .gradient = p->gradient + from,
                                            .value = p->value + from,
                                            .m = p->m + from,
                                            .v = p->v + from});
}

/* A stream of random numbers for each tensor: a purpose of its own, since a tensor's numbers are
 * counted from 0. */
static pv_status record(pv_program *program, const pv_vae *vae, const pv_parameters *p,
                        uint64_t seed)
{
    const pv_layer *l;
    for (int i = 0; (l = pv_vae_layer(vae, i)); i++)
        PV_TRY(pv_uniform(program, &(pv_uniform_args){
                                       .rows = l->weights,
                                       .seed = seed,
                                       .purpose = PV_FOR_PARAMETERS + ((uint64_t)i << 8),
                                       .limit = (float)sqrt(6.0 / (double)(l->fan_in + l->fan_out)),
                                       .value = p->value + l->weight}));
    return PV_OK;
}

pv_status pv_vae_initialise(const pv_vae *vae, const pv_parameters *p, pv_stream *stream,
                            uint64_t seed)
{
    const size_t bytes = p->count * sizeof(float);
    float *const parts[] = {p->value, p->gradient, p->m, p->v};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i]) PV_TRY(pv_fill(stream, parts[i], 0, bytes));
    pv_program *program;
    PV_TRY(pv_program_begin(&program, stream, 1));
    pv_status status = record(program, vae, p, seed);
    if (status == PV_OK) status = pv_program_seal(program);
    if (status == PV_OK) status = pv_program_run(program);
    if (status == PV_OK) status = pv_stream_sync(stream);
    pv_program_close(program);
    return status;
}
