/* images.h -- what the readers of a user's own images share: tables of factors, and images of one
 * size. */
#ifndef PV_IMPORT_IMAGES_H
#define PV_IMPORT_IMAGES_H

#include "data/resize.h"
#include "import/public.h"

/* ---- factors ---- */

/* Makes room for a table. */
pv_status pv_images_table(pv_data *table, size_t examples, size_t factors, const char *path);
/* The name of a factor as a file has it; "nuisance:NAME" marks one that is not observed. Names are
 * not empty, of their own, and plain text of at most 31 bytes. */
pv_status pv_images_name(pv_data *table, int factor, const char *text, const char *path);
/* The classes of a factor: places among its different values, or among `text` [examples], in the
 * order of bytes, which become its values. */
pv_status pv_images_classes(pv_data *table, int factor, const char *const *text);
/* Sorts the rows by their classes, equal ones by `name` [examples] (NULL: no names), and then as
 * they stood. Row i is the one that was order[i] before. */
pv_status pv_images_sort(pv_data *table, const char *const *name, size_t *order);

/* ---- images ---- */

typedef struct {
    int side, channels; /* of what comes out */
    pv_resize *resize;  /* of squares of `from` pixels; owned */
    int from;
} pv_images_fit;

/* The middle square of an image [height, width, channels], resized: of a longer side, the odd pixel
 * is left at its end. Uses up `pixels`. */
pv_status pv_images_square(pv_images_fit *fit, uint8_t *pixels, int height, int width,
                           uint8_t *out);
void pv_images_fit_close(pv_images_fit *fit);

/* ---- readers: out->table is empty; on failure state, close and table are the caller's ---- */

pv_status pv_images_open_folder(pv_public *out, const char *folder, const char *factors, int side);
pv_status pv_images_open_npz(pv_public *out, const char *path, int side);

#endif
