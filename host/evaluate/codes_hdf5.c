/* codes_hdf5.c -- codes to and from an HDF5 file. */
#include <stdio.h>

#include "base/hdf5.h"
#include "evaluate/codes_file.h"

static pv_h5_array array_of(const pv_codes_table *t)
{
    static const pv_h5_type type[] = {[PV_CODES_REALS] = PV_H5_F32,
                                      [PV_CODES_WHOLES] = PV_H5_I32,
                                      [PV_CODES_DOUBLES] = PV_H5_F64,
                                      [PV_CODES_NAMES] = PV_H5_TEXT};
    return (pv_h5_array){.name = t->name,
                         .type = type[t->kind],
                         .rank = t->kind == PV_CODES_NAMES ? 1 : 2,
                         .dim = {t->rows, t->columns},
                         .width = PV_CODES_NAME};
}

/* ---- writing ---- */

static pv_status write(pv_h5 *file, const pv_codes_table *table, const void *value)
{
    const pv_h5_array array = array_of(table);
    return pv_h5_write(file, &array, value);
}

static pv_status write_values(pv_h5 *file, const char *name, const pv_codes *c, const float *value)
{
    const pv_codes_table table = {name, PV_CODES_REALS, c->examples, (size_t)c->latents};
    return write(file, &table, value);
}

static pv_status write_factors(pv_h5 *file, const pv_codes *c)
{
    const size_t count = (size_t)c->factors;
    if (count == 0) return PV_OK;
    const pv_codes_table factors = {"factors", c->factor ? PV_CODES_WHOLES : PV_CODES_DOUBLES,
                                    c->examples, count};
    PV_TRY(write(file, &factors, c->factor ? (const void *)c->factor : c->factor_value));
    const int32_t copies = (int32_t)c->copies;
    if (copies > 1)
        PV_TRY(write(file, &(pv_codes_table){"copies", PV_CODES_WHOLES, 1, 1}, &copies));
    return write(file, &(pv_codes_table){"factor_names", PV_CODES_NAMES, count, 1}, c->factor_name);
}

static pv_status write_precision(pv_h5 *file, const char *precision)
{
    char text[8] = "";
    const pv_h5_array attribute = {.name = "@precision", .type = PV_H5_TEXT, .width = sizeof text};
    if (!precision) return PV_OK;
    snprintf(text, sizeof text, "%s", precision);
    return pv_h5_write(file, &attribute, text);
}

pv_status pv_codes_write_hdf5(const pv_codes *codes, const char *path)
{
    pv_h5 *file;
    PV_TRY(pv_h5_create(&file, path));
    pv_status rc = write_values(file, "mean", codes, codes->mean);
    if (rc == PV_OK) rc = write_values(file, "variance", codes, codes->variance);
    if (rc == PV_OK) rc = write_values(file, "sampled", codes, codes->sampled);
    if (rc == PV_OK) rc = write_factors(file, codes);
    if (rc == PV_OK) rc = write_precision(file, codes->precision);
    if (rc == PV_OK) rc = pv_h5_commit(file);
    pv_h5_close(file);
    return rc;
}

/* ---- reading ---- */

static pv_status has(void *file, const char *name, int *there)
{
    return pv_h5_look(file, name, there);
}

static pv_status shape(void *file, const char *name, pv_codes_shape *out)
{
    pv_h5_array found;
    PV_TRY(pv_h5_find(file, name, &found));
    *out = (pv_codes_shape){.rank = found.rank,
                            .dim = {found.dim[0], found.dim[1]},
                            .fractions = found.type == PV_H5_F32 || found.type == PV_H5_F64};
    return PV_OK;
}

static pv_status read(void *file, const pv_codes_table *table, void *out)
{
    const pv_h5_array array = array_of(table);
    return pv_h5_read(file, &array, out);
}

static void finish(void *file) { pv_h5_close(file); }

pv_status pv_codes_open_hdf5(pv_codes_file *out, const char *path)
{
    static const pv_codes_format format = {has, shape, read, finish};
    pv_h5 *file;
    PV_TRY(pv_h5_open(&file, path));
    *out = (pv_codes_file){.format = &format, .file = file, .path = path};
    return PV_OK;
}
