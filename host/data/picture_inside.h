/* picture_inside.h -- what the readers of picture.h share. */
#ifndef PV_DATA_PICTURE_INSIDE_H
#define PV_DATA_PICTURE_INSIDE_H

#include <stdint.h>
#include <stdio.h>

#include "data/picture.h"

typedef struct {
    const char *path;
    FILE *file;    /* at its beginning */
    uint64_t size; /* its bytes */
    int look;      /* the header only, no pixels */
    int colour;    /* 3 channels, also of a grey file */
} pv_picture_input;

/* Takes the sides, which are checked, and makes room for `bytes` to a pixel. `most`: how many
 * pixels a file of this size can hold at all. */
pv_status pv_picture_make(pv_picture_file *out, const pv_picture_input *in, uint32_t width,
                          uint32_t height, int bytes, uint64_t most);

/* One for each format; on failure out->pixels may be there. */
pv_status pv_picture_png(pv_picture_file *out, const pv_picture_input *in);
pv_status pv_picture_jpeg(pv_picture_file *out, const pv_picture_input *in);

#endif
