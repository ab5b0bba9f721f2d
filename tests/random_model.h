/* random_model.h -- for tests: models of any network with numbers of chance, and a directory for
 * their files. */
#ifndef PV_TEST_RANDOM_MODEL_H
#define PV_TEST_RANDOM_MODEL_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "polarvae/export.h"

#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != PV_OK) fail_msg("%s: %s", #call, pv_error());                                \
    } while (0)

static char directory[4000] = "/tmp/polarvae_export_XXXXXX";
static int keep; /* the directory is the caller's, and what is in it stays */
static pv_device *device;
static pv_stream *stream;

/* ---- models of chance ---- */

/* A number from -1 to 1. */
static float chance(uint64_t i)
{
    const uint64_t mixed = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return (float)((double)((mixed ^ mixed >> 29) * UINT64_C(0xbf58476d1ce4e5b9) >> 40) /
                       (double)(1 << 23) -
                   1);
}

/* Weights that keep activations near 1, and biases that are not zero. */
static void fill(pv_model *m)
{
    float *value = calloc(m->vae.parameters, sizeof *value);
    assert_non_null(value);
    for (int k = 0; pv_vae_layer(&m->vae, k); k++) {
        const pv_layer *l = pv_vae_layer(&m->vae, k);
        const float limit = (float)sqrt(6.0 / (double)(l->fan_in + l->fan_out));
        for (size_t i = 0; i < l->weights; i++)
            value[l->weight + i] = limit * chance(l->weight + i);
        for (size_t i = 0; i < l->biases; i++) value[l->bias + i] = 0.5f * chance(l->bias + i);
    }
    OK(pv_parameters_open(&m->parameters, device, m->vae.parameters, 0));
    OK(pv_upload(stream, m->parameters.value, value, m->vae.parameters * sizeof *value));
    free(value);
}

typedef struct {
    const char *name;
    const char *set[5];
    int count, height, width, channels;
} kind;

static void model_open(pv_model *m, const kind *k)
{
    *m = (pv_model){.step = 1234};
    OK(pv_config_load(&m->config, NULL, k->count, k->set));
    OK(pv_vae_shape(&m->vae, &m->config, k->height, k->width, k->channels));
    m->latents = m->vae.latents;
    fill(m);
}

static void model_close(pv_model *m)
{
    pv_parameters_close(&m->parameters);
    pv_config_clear(&m->config);
}

/* ---- files ---- */

static const char *file_in(char out[4200], const char *where, const char *name)
{
    snprintf(out, 4200, "%s/%s", where, name);
    return out;
}

static void remove_files(const char *where)
{
    char path[4200];
    unlink(file_in(path, where, "encoder.onnx"));
    unlink(file_in(path, where, "decoder.onnx"));
    assert_int_equal(rmdir(where), 0); /* nothing else is left */
}

static int begin(void **state)
{
    (void)state;
    if (!keep && !mkdtemp(directory)) return -1;
    OK(pv_device_open(&device, "cpu"));
    OK(pv_stream_open(&stream, device, 1));
    return 0;
}

static int end(void **state)
{
    (void)state;
    pv_stream_close(stream);
    pv_device_close(device);
    return keep ? 0 : rmdir(directory);
}

#endif
