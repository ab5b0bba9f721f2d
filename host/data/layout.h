/* layout.h -- what a data set file promises, before its images are read. */
#ifndef PV_LAYOUT_H
#define PV_LAYOUT_H

#include "base/hdf5.h"
#include "polarvae/data.h"

/* Recognises the layout, fills in the sizes, factors and tables of `out` (all but the images), and
 * describes the images' data set. On failure pv_data_close frees what was filled in. */
pv_status pv_layout_read(pv_data *out, pv_h5_array *images, pv_h5 *file);

/* Of a table of values alone, factor_value [examples, factors], the class of each: its place among
 * the different values of its column. Fills in factor, sizes and names, those of 3dshapes where
 * there are six. `name` is that of the array, for errors. */
pv_status pv_layout_classes(pv_data *out, const char *path, const char *name);

#endif
