/* write.h -- a data set file in the dSprites layout, compressed by several threads. */
#ifndef PV_DATA_WRITE_H
#define PV_DATA_WRITE_H

#include "polarvae/data.h"

/* Where the contents of a file come from. */
typedef struct {
    const char *title, *description; /* attributes */
    const pv_data *table;            /* everything but the images */
    /* Rows first .. first + rows - 1 of the images, [rows, height, width, channels]. */
    pv_status (*images)(void *state, size_t first, size_t rows, uint8_t *out);
    pv_status (*unclipped)(void *state, size_t first, size_t rows, int16_t *out); /* or NULL */
    int in_order; /* rows are asked for one call at a time, ascending; else by all threads */
    void *state;
} pv_data_contents;

/* Writes imgs, imgs_unclipped where there are any, latents/classes, latents/values and the
 * attributes pixels ("0 or 1" where no pixel of one channel is above 1, else "0..255"),
 * latents_names, latents_sizes and latents_nuisance (where a factor is). The file appears under
 * `path` only when it is complete, and does not depend on `threads` (0: all cores). progress counts
 * images. */
pv_status pv_data_write(const char *path, const pv_data_contents *contents, int threads,
                        const pv_progress *progress);

#endif
