/* hdf5_image.h -- the bytes of an HDF5 file that is being written, kept in memory. */
#ifndef PV_HDF5_IMAGE_H
#define PV_HDF5_IMAGE_H

#include <hdf5.h>
#include <stddef.h>

#include "polarvae/status.h"

typedef struct {
    char *bytes; /* after the file was closed: all of it, and some room; free() */
    size_t size;
} pv_h5_image;

/* Makes a file that is opened with this access list live in memory; `image` outlives the file. */
herr_t pv_h5_image_keep(hid_t access, pv_h5_image *image);

/* Writes the image into the file behind `descriptor`; `path` is for the message. */
pv_status pv_h5_image_write(const pv_h5_image *image, int descriptor, const char *path);

#endif
