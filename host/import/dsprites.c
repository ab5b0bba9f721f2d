/* dsprites.c -- dSprites (Matthey et al., 2017): its public .npz or .hdf5 file. */
#include <string.h>

#include "base/base.h"
#include "data/layout.h"
#include "import/pixels.h"
#include "import/table.h"

enum { FACTORS = 5, COLUMNS = FACTORS + 1 /* the first: one colour */, SIDE = 64, ALL = 737280 };

static const char *const names[FACTORS] = {"shape", "scale", "orientation", "posX", "posY"};

/* ---- .npz ---- */

static pv_status read_columns(pv_data *d, pv_numpy *file, int32_t *class, double *value)
{
    const pv_numpy_array classes = {.name = "latents_classes",
                                    .kind = PV_NUMPY_WHOLE,
                                    .rank = 2,
                                    .dim = {d->examples, COLUMNS}};
    const pv_numpy_array values = {.name = "latents_values",
                                   .kind = PV_NUMPY_DOUBLE,
                                   .rank = 2,
                                   .dim = {d->examples, COLUMNS}};
    PV_TRY(pv_numpy_read(file, &classes, class));
    return pv_numpy_read(file, &values, value);
}

/* All columns but the first, in place; the sizes are one more than the largest class. */
static pv_status drop_colour(pv_data *d, const char *source)
{
    for (size_t i = 0; i < d->examples; i++) {
        if (d->factor[i * COLUMNS] != 0)
            return pv_fail(PV_EDATA, "%s: 'latents_classes' row %zu has colour %d; expected 0",
                           source, i, (int)d->factor[i * COLUMNS]);
        for (size_t f = 0; f < FACTORS; f++) {
            const int32_t class = d->factor[i * COLUMNS + f + 1];
            if (class < 0 || (size_t) class >= d->examples)
                return pv_fail(PV_EDATA,
                               "%s: 'latents_classes' row %zu has %s %d; it must be in 0..%zu",
                               source, i, names[f], (int)class, d->examples - 1);
            if (class >= d->factor_size[f]) d->factor_size[f] = (int)class + 1;
            d->factor[i * FACTORS + f] = class;
            d->factor_value[i * FACTORS + f] = d->factor_value[i * COLUMNS + f + 1];
        }
    }
    return PV_OK;
}

static pv_status read_npz(pv_public *out, const char *source, pv_numpy *file)
{
    pv_data *d = &out->table;
    pv_numpy_array images;
    PV_TRY(pv_numpy_find(file, "imgs", &images));
    d->examples = images.rank ? images.dim[0] : 1;
    d->height = d->width = SIDE;
    d->channels = 1;
    images = (pv_numpy_array){
        .name = "imgs", .kind = PV_NUMPY_BYTE, .rank = 3, .dim = {d->examples, SIDE, SIDE}};
    PV_TRY(pv_pixels_npz(out, &images, 1));
    PV_TRY(pv_table_count(out, source, d->examples, ALL));
    PV_TRY(pv_new(&d->factor, d->examples * COLUMNS, sizeof *d->factor, "factors"));
    PV_TRY(
        pv_new(&d->factor_value, d->examples * COLUMNS, sizeof *d->factor_value, "factor values"));
    PV_TRY(read_columns(d, file, d->factor, d->factor_value));
    d->factors = FACTORS;
    for (int f = 0; f < FACTORS; f++) strcpy(d->factor_name[f], names[f]);
    return drop_colour(d, source);
}

/* ---- HDF5 ---- */

static pv_status read_hdf5(pv_public *out, const char *source, pv_h5 *file)
{
    pv_data *d = &out->table;
    pv_h5_array images;
    PV_TRY(pv_layout_read(d, &images, file));
    int same = strcmp(images.name, "imgs") == 0 && d->factors == FACTORS && d->height == SIDE &&
               d->channels == 1;
    for (int f = 0; same && f < FACTORS; f++) same = strcmp(d->factor_name[f], names[f]) == 0;
    if (!same)
        return pv_fail(PV_EDATA,
                       "%s: is not dSprites: expected 'imgs' of 64 x 64 pixels and the factors "
                       "color (one), shape, scale, orientation, posX, posY",
                       source);
    PV_TRY(pv_table_count(out, source, d->examples, ALL));
    return pv_pixels_hdf5(out, &images, 1);
}

/* ---- both ---- */

static pv_status open_file(pv_public *out, const char *source)
{
    pv_numpy *npz;
    pv_h5 *hdf5;
    PV_TRY(pv_pixels_open(out, source, &npz, &hdf5));
    out->title = "dSprites";
    PV_TRY(npz ? read_npz(out, source, npz) : read_hdf5(out, source, hdf5));
    return pv_table_order(&out->table, source);
}

pv_status pv_open_dsprites(pv_public *out, const char *source, const pv_import_options *options)
{
    (void)options;
    pv_status status = open_file(out, source);
    if (status != PV_OK) pv_pixels_drop(out);
    return status;
}
