/* layout.c -- the dSprites and 3dshapes layouts: sizes, factors and their tables. */
#include "data/layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"

enum { STANDARD = 6, MAX_VALUES = 65536 };

static const char *const sprites_names[STANDARD] = {"color",       "shape", "scale",
                                                    "orientation", "posX",  "posY"};
static const char *const shapes_names[STANDARD] = {"floor_hue", "wall_hue", "object_hue",
                                                   "scale",     "shape",    "orientation"};

/* ---- images ---- */

static pv_status read_sizes(pv_data *out, pv_h5_array *images, pv_h5 *file, const char *name)
{
    PV_TRY(pv_h5_find(file, name, images));
    const char *path = pv_h5_path(file);
    const size_t *dim = images->dim;
    if (images->type != PV_H5_U8 || images->rank < 3)
        /* Says what it is; `expected` holds what it should be. */
        return pv_h5_read_rows(file,
                               &(pv_h5_array){.name = name,
                                              .type = PV_H5_U8,
                                              .rank = images->rank == 4 ? 4 : 3,
                                              .dim = {dim[0], 64, 64, 1}},
                               0, 0, NULL);
    size_t channels = images->rank == 4 ? dim[3] : 1;
    if (dim[0] == 0) return pv_fail(PV_EDATA, "%s: '%s' holds no images", path, name);
    if (dim[0] > UINT32_MAX)
        return pv_fail(PV_EDATA, "%s: '%s' holds %zu images; at most %lu can be numbered", path,
                       name, dim[0], (unsigned long)UINT32_MAX);
    if (dim[1] != dim[2] || dim[1] % 16 != 0 || dim[1] == 0 || dim[1] > 4096)
        return pv_fail(
            PV_EDATA,
            "%s: images of '%s' have %zu x %zu pixels; they must be square, of a multiple "
            "of 16, such as 64 x 64",
            path, name, dim[1], dim[2]);
    if (channels != 1 && channels != 3)
        return pv_fail(PV_EDATA, "%s: images of '%s' have %zu channels; 1 or 3 are possible", path,
                       name, channels);
    out->examples = dim[0];
    out->height = (int)dim[1];
    out->width = (int)dim[2];
    out->channels = (int)channels;
    return PV_OK;
}

/* ---- tables ---- */

static pv_status find_table(pv_data *out, pv_h5_array *table, pv_h5 *file, const char *images)
{
    pv_h5_array is;
    const char *path = pv_h5_path(file), *name = table->name;
    PV_TRY(pv_h5_find(file, name, &is));
    if (is.rank != 2)
        return pv_fail(PV_EDATA, "%s: '%s' has %d dimensions; expected 2: examples, factors", path,
                       name, is.rank);
    if (is.dim[0] != out->examples)
        return pv_fail(PV_EDATA, "%s: '%s' has %zu rows, but '%s' holds %zu images", path, name,
                       is.dim[0], images, out->examples);
    if (is.dim[1] < 1 || is.dim[1] > PV_MAX_FACTORS)
        return pv_fail(PV_EDATA, "%s: '%s' has %zu factors; 1 to %d are possible", path, name,
                       is.dim[1], PV_MAX_FACTORS);
    table->rank = 2;
    table->dim[0] = is.dim[0];
    table->dim[1] = is.dim[1];
    return PV_OK;
}

static pv_status check_finite(const pv_data *d, const char *path, const char *name)
{
    size_t k = (size_t)d->factors;
    for (size_t i = 0; i < d->examples * k; i++)
        if (!isfinite(d->factor_value[i]))
            return pv_fail(PV_EDATA, "%s: '%s' row %zu column %zu is %g; it must be finite", path,
                           name, i / k, i % k, d->factor_value[i]);
    return PV_OK;
}

static void set_name(pv_data *d, int factor, const char *name)
{
    if (name && *name)
        snprintf(d->factor_name[factor], PV_FACTOR_NAME, "%.*s", PV_FACTOR_NAME - 1, name);
    else
        snprintf(d->factor_name[factor], PV_FACTOR_NAME, "factor_%d", factor);
}

/* What is too long ends with a whole character. */
static void cut(char name[PV_FACTOR_NAME])
{
    uint32_t code;
    name[PV_FACTOR_NAME - 1] = 0;
    if (strlen(name) < PV_FACTOR_NAME - 1) return;
    for (char *at = name; *at;) {
        const size_t bytes = pv_utf8_decode(&code, at);
        if (bytes == 0 && name + PV_FACTOR_NAME - at <= 4) *at = 0;
        at += bytes > 0 ? bytes : 1;
    }
}

/* ---- 3dshapes: values only ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The class of a value is its place among the different values of its column. */
static pv_status class_column(pv_data *d, int column, double *value, const char *path,
                              const char *name)
{
    size_t k = (size_t)d->factors, different = 0;
    const double *in = d->factor_value + column;
    for (size_t i = 0; i < d->examples; i++) {
        double *at =
            different ? bsearch(&in[i * k], value, different, sizeof *value, ascending) : 0;
        if (at) continue;
        if (different == MAX_VALUES)
            return pv_fail(PV_EDATA,
                           "%s: '%s' column %d has more than %d different values; it must be a "
                           "factor of few values",
                           path, name, column, MAX_VALUES);
        size_t place = different++;
        for (; place > 0 && value[place - 1] > in[i * k]; place--) value[place] = value[place - 1];
        value[place] = in[i * k];
    }
    for (size_t i = 0; i < d->examples; i++) {
        double *at = bsearch(&in[i * k], value, different, sizeof *value, ascending);
        d->factor[i * k + (size_t)column] = (int32_t)(at - value);
    }
    d->factor_size[column] = (int)different;
    return PV_OK;
}

pv_status pv_layout_classes(pv_data *d, const char *path, const char *name)
{
    double *value;
    PV_TRY(check_finite(d, path, name));
    PV_TRY(pv_new(&d->factor, d->examples * (size_t)d->factors, sizeof *d->factor, "factors"));
    PV_TRY(pv_new(&value, MAX_VALUES, sizeof *value, "factor values"));
    pv_status status = PV_OK;
    for (int f = 0; status == PV_OK && f < d->factors; f++) {
        set_name(d, f, d->factors == STANDARD ? shapes_names[f] : NULL);
        status = class_column(d, f, value, path, name);
    }
    free(value);
    return status;
}

static pv_status read_labels(pv_data *d, pv_h5 *file)
{
    pv_h5_array table = {.name = "labels", .type = PV_H5_F64};
    PV_TRY(find_table(d, &table, file, "images"));
    d->factors = (int)table.dim[1];
    size_t count = d->examples * table.dim[1];
    PV_TRY(pv_new(&d->factor_value, count, sizeof *d->factor_value, "factor values"));
    PV_TRY(pv_h5_read(file, &table, d->factor_value));
    return pv_layout_classes(d, pv_h5_path(file), table.name);
}

/* ---- dSprites: classes and values ---- */

/* Names and sizes as the file's attributes have them, where it has them; else the usual names, and
 * sizes 0: one more than the largest class. */
static pv_status read_attributes(pv_data *d, pv_h5 *file)
{
    size_t k = (size_t)d->factors;
    char name[PV_MAX_FACTORS][PV_FACTOR_NAME] = {{0}};
    int32_t size[PV_MAX_FACTORS] = {0};
    pv_h5_array names = {.name = "@latents_names",
                         .type = PV_H5_TEXT,
                         .rank = 1,
                         .dim = {k},
                         .width = PV_FACTOR_NAME};
    pv_h5_array sizes = {.name = "@latents_sizes", .type = PV_H5_I32, .rank = 1, .dim = {k}};
    int32_t nuisance[PV_MAX_FACTORS] = {0};
    pv_h5_array unseen = {.name = "@latents_nuisance", .type = PV_H5_I32, .rank = 1, .dim = {k}};
    if (pv_h5_has(file, names.name))
        PV_TRY(pv_h5_read(file, &names, name));
    else
        for (size_t f = 0; f < k && k >= STANDARD - 1 && k <= STANDARD; f++)
            strcpy(name[f], sprites_names[f + STANDARD - k]);
    if (pv_h5_has(file, sizes.name)) PV_TRY(pv_h5_read(file, &sizes, size));
    if (pv_h5_has(file, unseen.name)) PV_TRY(pv_h5_read(file, &unseen, nuisance));
    for (int f = 0; f < d->factors; f++) {
        cut(name[f]);
        if (!pv_utf8_is_plain(name[f]))
            return pv_fail(PV_EDATA,
                           "%s: 'latents_names' of factor %d is no plain text: UTF-8 without "
                           "control characters",
                           pv_h5_path(file), f);
        set_name(d, f, name[f]);
        d->factor_size[f] = size[f];
        d->nuisance[f] = nuisance[f] != 0;
    }
    return PV_OK;
}

static pv_status check_classes(pv_data *d, pv_h5 *file, const char *name)
{
    size_t k = (size_t)d->factors;
    int promised = 1;
    for (size_t f = 0; f < k; f++) promised = promised && d->factor_size[f] > 0;
    int32_t most[PV_MAX_FACTORS] = {0};
    for (size_t i = 0; i < d->examples; i++)
        for (size_t f = 0; f < k; f++) {
            int32_t class = d->factor[i * k + f];
            size_t size = promised ? (size_t)d->factor_size[f] : d->examples;
            if (class < 0 || (size_t) class >= size)
                return pv_fail(
                    PV_EDATA, "%s: '%s' row %zu column %zu (%s) is %d; it must be in 0..%zu",
                    pv_h5_path(file), name, i, f, d->factor_name[f], (int)class, size - 1);
            if (class > most[f]) most[f] = class;
        }
    for (size_t f = 0; f < k && !promised; f++) d->factor_size[f] = most[f] + 1;
    return PV_OK;
}

/* A factor "color" that has one value is none. */
static void drop_colour(pv_data *d)
{
    size_t k = (size_t)d->factors;
    if (k < 2 || d->factor_size[0] != 1 || strcmp(d->factor_name[0], "color") != 0) return;
    for (size_t i = 0; i < d->examples; i++)
        for (size_t f = 1; f < k; f++) {
            d->factor[i * (k - 1) + f - 1] = d->factor[i * k + f];
            d->factor_value[i * (k - 1) + f - 1] = d->factor_value[i * k + f];
        }
    d->factors--;
    memmove(d->factor_name, d->factor_name + 1, (k - 1) * sizeof *d->factor_name);
    memmove(d->factor_size, d->factor_size + 1, (k - 1) * sizeof *d->factor_size);
    memmove(d->nuisance, d->nuisance + 1, (k - 1) * sizeof *d->nuisance);
}

static pv_status read_latents(pv_data *d, pv_h5 *file)
{
    pv_h5_array classes = {.name = "latents/classes", .type = PV_H5_I32};
    pv_h5_array values = {.name = "latents/values", .type = PV_H5_F64};
    PV_TRY(find_table(d, &classes, file, "imgs"));
    PV_TRY(find_table(d, &values, file, "imgs"));
    d->factors = (int)classes.dim[1];
    values.dim[1] = classes.dim[1];
    size_t count = d->examples * classes.dim[1];
    PV_TRY(pv_new(&d->factor, count, sizeof *d->factor, "factors"));
    PV_TRY(pv_new(&d->factor_value, count, sizeof *d->factor_value, "factor values"));
    PV_TRY(read_attributes(d, file));
    PV_TRY(pv_h5_read(file, &classes, d->factor));
    PV_TRY(check_classes(d, file, classes.name));
    PV_TRY(pv_h5_read(file, &values, d->factor_value));
    PV_TRY(check_finite(d, pv_h5_path(file), values.name));
    drop_colour(d);
    if (pv_data_observed(d) == 0)
        return pv_fail(PV_EDATA, "%s: 'latents_nuisance' leaves no factor to observe",
                       pv_h5_path(file));
    return PV_OK;
}

/* ---- both ---- */

/* Whether example i is combination i of the factors, the last one fastest, for all of them. */
static int is_complete(const pv_data *d)
{
    size_t k = (size_t)d->factors, combinations = 1;
    for (size_t f = 0; f < k; f++) {
        combinations *= (size_t)d->factor_size[f];
        if (combinations > d->examples) return 0;
    }
    if (combinations != d->examples) return 0;
    for (size_t i = 0; i < d->examples; i++) {
        size_t index = 0;
        for (size_t f = 0; f < k; f++)
            index = index * (size_t)d->factor_size[f] + (size_t)d->factor[i * k + f];
        if (index != i) return 0;
    }
    return 1;
}

pv_status pv_layout_read(pv_data *out, pv_h5_array *images, pv_h5 *file)
{
    if (pv_h5_has(file, "imgs")) {
        PV_TRY(read_sizes(out, images, file, "imgs"));
        PV_TRY(read_latents(out, file));
    } else if (pv_h5_has(file, "images")) {
        PV_TRY(read_sizes(out, images, file, "images"));
        PV_TRY(read_labels(out, file));
    } else {
        return pv_fail(PV_EDATA,
                       "%s: holds neither 'imgs' (the dSprites layout: imgs, latents/classes, "
                       "latents/values) nor 'images' (3dshapes: images, labels)",
                       pv_h5_path(file));
    }
    out->complete = is_complete(out);
    return PV_OK;
}
