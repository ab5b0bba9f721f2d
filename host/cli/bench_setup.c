/* bench_setup.c -- what a benchmark works on: made-up data, a configuration, a device. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/bench.h"
#include "polarvae/source.h"

static pv_status make_data(pv_data *out)
{
    enum { IMAGES = 1000, WORDS = 64 * 64 / 32 };
    out->examples = IMAGES;
    out->height = out->width = 64;
    out->channels = 1;
    out->words = WORDS;
    PV_TRY(pv_new(&out->bits, IMAGES * WORDS, sizeof *out->bits, "images"));
    for (int i = 0; i < IMAGES; i++) {
        uint8_t pixels[64 * 64];
        const int factor[5] = {i % 3, i % 6, i * 7 % 40, i * 5 % 32, i * 11 % 32};
        pv_sprite_render(factor, pixels);
        for (int j = 0; j < 64 * 64; j++)
            out->bits[i * WORDS + j / 32] |= (uint32_t)pixels[j] << (j % 32);
    }
    return PV_OK;
}

/* The sprites take a variant as a data set does. */
static pv_status open_data(pv_bench_setup *s, const pv_bench_options *o)
{
    pv_source source;
    int named = 0;
    for (int i = 0; i < o->count; i++) named |= strncmp(o->set[i], "data=", 5) == 0;
    if (named) {
        PV_TRY(pv_source_of(&source, &s->config));
        return pv_source_open(&s->data, &source, 0, o->quiet);
    }
    if (strcmp(s->config.correlation, "none") != 0 || strcmp(s->config.nuisance, "auto") != 0)
        return pv_fail(PV_EUSAGE, "bench: the thousand sprites have no factors; name data=NAME");
    PV_TRY(make_data(&s->data));
    return pv_data_vary(&s->data, (pv_variant)s->config.variant, s->config.background);
}

static pv_status make_config(pv_config *out, const pv_bench_options *o)
{
    enum { OWN = 4 };
    char objective[128], kernel[32], batch[32], precision[128];
    const char **set;
    snprintf(objective, sizeof objective, "objective=%s", o->objective);
    snprintf(kernel, sizeof kernel, "kernel=%ld", o->kernel);
    snprintf(batch, sizeof batch, "batch=%ld", o->batch);
    snprintf(precision, sizeof precision, "precision=%s", o->precision);
    PV_TRY(pv_new(&set, (size_t)o->count + OWN, sizeof *set, "arguments"));
    memcpy(set, (const char *[OWN]){objective, kernel, batch, precision}, OWN * sizeof *set);
    for (int i = 0; i < o->count; i++) set[OWN + i] = o->set[i];
    const pv_status status = pv_config_load(out, NULL, OWN + o->count, set);
    free(set);
    return status;
}

pv_status pv_bench_open(pv_bench_setup *s, const pv_bench_options *o)
{
    memset(s, 0, sizeof *s);
    PV_TRY(make_config(&s->config, o));
    pv_status status = open_data(s, o);
    if (status == PV_OK) status = pv_device_open(&s->device, o->device);
    if (status == PV_OK) status = pv_device_data_open(&s->images, s->device, &s->data);
    if (status != PV_OK) pv_bench_close(s);
    return status;
}

void pv_bench_close(pv_bench_setup *s)
{
    pv_device_data_close(&s->images);
    pv_device_close(s->device);
    pv_data_close(&s->data);
    pv_config_clear(&s->config);
    memset(s, 0, sizeof *s);
}
