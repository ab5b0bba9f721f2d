/* device_data.c -- a data set on a device, and the gathering of its images. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "polarvae/train.h"

static pv_status share_background(pv_device_data *d)
{
    const pv_data *data = d->data;
    if (data->variant != PV_SCREAM) return PV_OK;
    return pv_device_share(d->device, data->background,
                           (size_t)data->background_height * (size_t)data->background_width * 3,
                           &d->background);
}

static pv_status share_images(pv_device_data *d)
{
    const pv_data *data = d->data;
    if (!pv_data_in_memory(data)) return PV_OK;
    const size_t bytes = data->examples * pv_data_image_bytes(data);
    const size_t memory = pv_device_memory(d->device);
    if (memory > 0 && bytes > memory) return PV_OK;
    return pv_device_share(d->device, pv_data_images(data), bytes, &d->images);
}

pv_status pv_device_data_open(pv_device_data *out, pv_device *device, const pv_data *data)
{
    *out = (pv_device_data){.data = data, .device = device};
    pv_status status = share_background(out);
    if (status == PV_OK) status = share_images(out);
    if (status != PV_OK) pv_device_data_close(out);
    return status;
}

void pv_device_data_close(pv_device_data *d)
{
    if (d->device) {
        pv_device_unshare(d->device, d->images);
        pv_device_unshare(d->device, d->background);
    }
    memset(d, 0, sizeof *d);
}

const char *pv_device_data_notice(const pv_device_data *d)
{
    static _Thread_local char text[256];
    if (d->images) return NULL;
    snprintf(text, sizeof text,
             "the images are %.0f MB, more than the %s: batches are drawn from blocks of them that "
             "change as training goes on",
             (double)(d->data->examples * pv_data_image_bytes(d->data)) / 1e6,
             pv_data_in_memory(d->data) ? "device's memory holds" : "memory there is for them");
    return text;
}

/* ---- gathering ---- */

static pv_status gather_variant(pv_program *program, const pv_device_data *d,
                                const pv_gathering *what, const void *images, size_t examples,
                                size_t pixels, float *to)
{
#define COMMON                                                                                     \
    .cols = pixels, .words = d->data->words, .examples = examples, .seed = what->seed,             \
    .purpose = what->purpose, .step = what->step, .index = what->index, .bits = images,            \
    .image = to
    switch (d->data->variant) {
    case PV_COLOR:
        return pv_gather_color(program, &(pv_gather_color_args){COMMON});
    case PV_NOISY:
        return pv_gather_noisy(program, &(pv_gather_noisy_args){COMMON});
    default:
        return pv_gather_scream(
            program,
            &(pv_gather_scream_args){COMMON, .height = (size_t)d->data->height,
                                     .width = (size_t)d->data->width, .background = d->background,
                                     .background_height = (size_t)d->data->background_height,
                                     .background_width = (size_t)d->data->background_width});
    }
#undef COMMON
}

pv_status pv_device_data_gather(pv_program *program, const pv_device_data *d,
                                const pv_gathering *what, float **image)
{
    const pv_data *data = d->data;
    const size_t pixels = (size_t)(data->height * data->width * data->channels);
    const void *images = what->images ? what->images : d->images;
    const size_t examples = what->images ? what->examples : data->examples;
    float *to = *image = pv_rows(program, float, pixels);
    if (data->variant != PV_PLAIN)
        return gather_variant(program, d, what, images, examples, pixels, to);
    switch (pv_data_form(data)) {
    case PV_BITS:
        return pv_gather_bits(program, &(pv_gather_bits_args){.cols = pixels,
                                                              .words = data->words,
                                                              .examples = examples,
                                                              .index = what->index,
                                                              .bits = images,
                                                              .image = to});
    case PV_SHORTS:
        return pv_gather_shorts(program, &(pv_gather_shorts_args){.cols = pixels,
                                                                  .examples = examples,
                                                                  .index = what->index,
                                                                  .shorts = images,
                                                                  .image = to});
    default:
        return pv_gather_bytes(program, &(pv_gather_bytes_args){.cols = pixels,
                                                                .examples = examples,
                                                                .index = what->index,
                                                                .bytes = images,
                                                                .image = to});
    }
}
