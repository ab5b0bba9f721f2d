/* pixels.h -- the images of one array of a public file, one after another. */
#ifndef PV_IMPORT_PIXELS_H
#define PV_IMPORT_PIXELS_H

#include "base/hdf5.h"
#include "base/numpy.h"
#include "import/public.h"

/* Empties `out` but for its kind, and opens an .npz or HDF5 file, which its first bytes tell: one
 * of *npz and *hdf5, the other is NULL. hdf5 = NULL: an .npz only. The file is out's. */
pv_status pv_pixels_open(pv_public *out, const char *source, pv_numpy **npz, pv_h5 **hdf5);

/* Where opening fails: whatever `out` holds so far is closed. */
void pv_pixels_drop(pv_public *out);

/* The images, of the sides and channels that the table has, are the elements of `array` in their
 * order, bytes of 0..most. Never more than 64 MiB of them are in memory. */
pv_status pv_pixels_npz(pv_public *out, const pv_numpy_array *array, int most);
pv_status pv_pixels_hdf5(pv_public *out, const pv_h5_array *array, int most);

#endif
