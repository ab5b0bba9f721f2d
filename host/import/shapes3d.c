/* shapes3d.c -- 3D Shapes (Burgess and Kim, 2018): 3dshapes.h5, or the .npz that
 * disentanglement_lib reads. */
#include <string.h>

#include "base/base.h"
#include "data/layout.h"
#include "import/pixels.h"
#include "import/table.h"

enum { FACTORS = 6, SIDE = 64, CHANNELS = 3, ALL = 480000 };

/* ---- HDF5 ---- */

static pv_status read_hdf5(pv_public *out, const char *source, pv_h5 *file)
{
    pv_data *d = &out->table;
    pv_h5_array images;
    PV_TRY(pv_layout_read(d, &images, file));
    if (strcmp(images.name, "images") != 0 || d->factors != FACTORS || d->height != SIDE ||
        d->channels != CHANNELS)
        return pv_fail(PV_EDATA,
                       "%s: is not 3D Shapes: expected 'images' uint8 [480000, 64, 64, 3] and "
                       "'labels' float64 [480000, 6]",
                       source);
    PV_TRY(pv_table_count(out, source, d->examples, ALL));
    return pv_pixels_hdf5(out, &images, UINT8_MAX);
}

/* ---- .npz: the examples' dimension, or one for each factor ---- */

static pv_status find_images(pv_numpy_array *out, pv_numpy *file, size_t *examples)
{
    PV_TRY(pv_numpy_find(file, "images", out));
    const int axes = out->rank == FACTORS + 3 ? FACTORS : 1;
    *examples = 1;
    for (int i = 0; i < axes; i++) *examples *= out->dim[i];
    out->kind = PV_NUMPY_BYTE;
    out->rank = axes + 3;
    out->dim[axes] = out->dim[axes + 1] = SIDE;
    out->dim[axes + 2] = CHANNELS;
    return PV_OK;
}

static pv_status read_npz(pv_public *out, const char *source, pv_numpy *file)
{
    pv_data *d = &out->table;
    pv_numpy_array images;
    PV_TRY(find_images(&images, file, &d->examples));
    d->height = d->width = SIDE;
    d->channels = CHANNELS;
    PV_TRY(pv_pixels_npz(out, &images, UINT8_MAX));
    PV_TRY(pv_table_count(out, source, d->examples, ALL));
    pv_numpy_array labels = images;
    labels.name = "labels";
    labels.kind = PV_NUMPY_DOUBLE;
    labels.rank = images.rank - 2;
    labels.dim[labels.rank - 1] = FACTORS;
    d->factors = FACTORS;
    PV_TRY(
        pv_new(&d->factor_value, d->examples * FACTORS, sizeof *d->factor_value, "factor values"));
    PV_TRY(pv_numpy_read(file, &labels, d->factor_value));
    return pv_layout_classes(d, source, labels.name);
}

/* ---- both ---- */

static pv_status open_file(pv_public *out, const char *source)
{
    pv_numpy *npz;
    pv_h5 *hdf5;
    PV_TRY(pv_pixels_open(out, source, &npz, &hdf5));
    out->title = "3D Shapes";
    PV_TRY(npz ? read_npz(out, source, npz) : read_hdf5(out, source, hdf5));
    return pv_table_order(&out->table, source);
}

pv_status pv_open_shapes3d(pv_public *out, const char *source, const pv_import_options *options)
{
    (void)options;
    pv_status status = open_file(out, source);
    if (status != PV_OK) pv_pixels_drop(out);
    return status;
}
