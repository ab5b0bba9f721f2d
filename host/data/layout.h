/* layout.h -- what a data set file promises, before its images are read. */
#ifndef PV_LAYOUT_H
#define PV_LAYOUT_H

#include "base/hdf5.h"
#include "polarvae/data.h"

/* Recognises the layout, fills in the sizes, factors and tables of `out` (all but the images), and
 * describes the images' data set. On failure pv_data_close frees what was filled in. */
pv_status pv_layout_read(pv_data *out, pv_h5_array *images, pv_h5 *file);

#endif
