/* image_file.h -- the images of a data set file, read in pieces into the form they have in memory.
 */
#ifndef PV_IMAGE_FILE_H
#define PV_IMAGE_FILE_H

#include <pthread.h>

#include "base/hdf5.h"
#include "polarvae/data.h"

typedef struct pv_image_file {
    pv_h5 *file;
    pv_h5_array images;
    size_t pixels; /* an image's numbers, of all channels */
    void *slab;    /* [slab_rows, pixels] of single-channel images in reading, else NULL */
    size_t slab_rows;
    enum { UNDECIDED, BINARY, OTHER } kind; /* of single-channel u8 images */
    size_t decided;                         /* the image that decided it */
    pthread_mutex_t lock;                   /* of the slab, once the data set is open */
} pv_image_file;

/* Reads `rows` rows from `first` on, at most slab_rows, to `out` in their form, and checks them. Of
 * images whose kind is undecided before and after, all are black, and nothing is written. */
pv_status pv_image_file_read(pv_image_file *f, size_t first, size_t rows, void *out);
size_t pv_image_file_bytes(const pv_image_file *f); /* of an image in its form, once decided */

#endif
