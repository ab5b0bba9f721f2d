/* reconstructions.c -- a picture of examples and their reconstructions. */
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "polarvae/encode.h"
#include "report/picture.h"

enum { PICTURES = 10 };

pv_status pv_draw_reconstructions(const char *directory, const pv_model *model,
                                  const pv_device_data *data, pv_stream *stream, uint64_t seed)
{
    const pv_vae *v = &model->vae;
    char path[4096];
    float *block;
    PV_TRY(pv_new(&block, 2 * PICTURES * v->pixels, sizeof *block, "pictures"));
    pv_status status =
        pv_reconstruct(block, block + PICTURES * v->pixels, model, data, stream, PICTURES, seed);
    snprintf(path, sizeof path, "%s/reconstructions.png", directory);
    if (status == PV_OK)
        status = pv_image_grid_write(&(pv_image_grid){.pixels = block,
                                                      .rows = 2,
                                                      .columns = PICTURES,
                                                      .height = v->height,
                                                      .width = v->width,
                                                      .channels = v->channels,
                                                      .zoom = 2},
                                     path);
    free(block);
    return status;
}
