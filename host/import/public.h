/* public.h -- a public file, opened: what is known of its images, and the pixels, row by row. */
#ifndef PV_IMPORT_PUBLIC_H
#define PV_IMPORT_PUBLIC_H

#include <stdint.h>

#include "polarvae/import.h"

typedef struct pv_public {
    const char *kind; /* set before it is opened: one opener may read several */
    /* All but the images: examples, height, width, channels; factors, their sizes, names and which
     * are nuisance; factor and factor_value [examples, factors]. Rows are sorted by factors. */
    pv_data table;
    /* Rows first .. first + rows - 1 of the table's images [rows, height, width, channels]. Called
     * with ascending `first`, every row once, never twice at a time. */
    pv_status (*images)(void *state, size_t first, size_t rows, uint8_t *out);
    /* The same images where resizing may leave 0..255, or NULL: SmallNORB only. Another walk over
     * all rows, after that of `images`. */
    pv_status (*unclipped)(void *state, size_t first, size_t rows, int16_t *out);
    void (*close)(void *state); /* NULL: nothing to close */
    void *state;
    const char *title;         /* of the data set: one line, for the file */
    char note[PV_IMPORT_NOTE]; /* what the source lacks of the public release, or empty */
} pv_public;

/* One for each kind; a failure leaves nothing open. */
pv_status pv_open_smallnorb(pv_public *out, const char *source, const pv_import_options *options);
pv_status pv_open_cars3d(pv_public *out, const char *source, const pv_import_options *options);
pv_status pv_open_shapes3d(pv_public *out, const char *source, const pv_import_options *options);
pv_status pv_open_mpi3d(pv_public *out, const char *source, const pv_import_options *options);
pv_status pv_open_dsprites(pv_public *out, const char *source, const pv_import_options *options);
pv_status pv_open_images(pv_public *out, const char *source, const pv_import_options *options);

/* Describes every combination of the factors, in row-major order, the value of each being its
 * class: fills in table.examples, factors, their sizes and names, factor and factor_value. */
pv_status pv_public_grid(pv_data *table, int factors, const int *size, const char *const *name);

#endif
