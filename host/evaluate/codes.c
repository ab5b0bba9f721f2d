/* codes.c -- codes to and from an HDF5 file. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/hdf5.h"
#include "polarvae/evaluate.h"

void pv_codes_free(pv_codes *codes)
{
    free(codes->mean);
    free(codes->variance);
    free(codes->sampled);
    free(codes->factor);
    free(codes->factor_name);
    memset(codes, 0, sizeof *codes);
}

static pv_h5_array values(const char *name, const pv_codes *c)
{
    return (pv_h5_array){
        .name = name, .type = PV_H5_F32, .rank = 2, .dim = {c->examples, (size_t)c->latents}};
}

static pv_h5_array factors(const pv_codes *c)
{
    return (pv_h5_array){
        .name = "factors", .type = PV_H5_I32, .rank = 2, .dim = {c->examples, (size_t)c->factors}};
}

static pv_h5_array names(const pv_codes *c)
{
    return (pv_h5_array){.name = "factor_names",
                         .type = PV_H5_TEXT,
                         .rank = 1,
                         .dim = {(size_t)c->factors},
                         .width = sizeof *c->factor_name};
}

static pv_status write_precision(pv_h5 *file, const char *precision)
{
    char text[8] = "";
    const pv_h5_array attribute = {.name = "@precision", .type = PV_H5_TEXT, .width = sizeof text};
    snprintf(text, sizeof text, "%s", precision);
    return pv_h5_write(file, &attribute, text);
}

pv_status pv_codes_write(const pv_codes *codes, const char *path)
{
    const pv_h5_array mean = values("mean", codes), variance = values("variance", codes),
                      sampled = values("sampled", codes), factor = factors(codes),
                      name = names(codes);
    pv_h5 *file;
    PV_TRY(pv_h5_create(&file, path));
    pv_status rc = pv_h5_write(file, &mean, codes->mean);
    if (rc == PV_OK) rc = pv_h5_write(file, &variance, codes->variance);
    if (rc == PV_OK) rc = pv_h5_write(file, &sampled, codes->sampled);
    if (rc == PV_OK && codes->factors > 0) rc = pv_h5_write(file, &factor, codes->factor);
    if (rc == PV_OK && codes->factors > 0) rc = pv_h5_write(file, &name, codes->factor_name);
    if (rc == PV_OK && codes->precision) rc = write_precision(file, codes->precision);
    if (rc == PV_OK) rc = pv_h5_commit(file);
    pv_h5_close(file);
    return rc;
}

/* The shape of a table of rows and columns, neither of them 0. */
static pv_status find_table(pv_h5 *file, const char *name, size_t *rows, int *columns)
{
    pv_h5_array found;
    PV_TRY(pv_h5_find(file, name, &found));
    if (found.rank != 2 || found.dim[0] == 0 || found.dim[1] == 0)
        return pv_fail(PV_EDATA, "%s: %s is not a table of examples and columns", pv_h5_path(file),
                       name);
    if (found.dim[1] > INT_MAX)
        return pv_fail(PV_EDATA, "%s: %s has %zu columns, at most %d can be read", pv_h5_path(file),
                       name, found.dim[1], INT_MAX);
    *rows = found.dim[0];
    *columns = (int)found.dim[1];
    return PV_OK;
}

/* NULL where the file has none. */
static pv_status read_values(pv_h5 *file, const char *name, const pv_codes *c, float **out)
{
    const pv_h5_array array = values(name, c);
    if (!pv_h5_has(file, name)) return PV_OK;
    PV_TRY(pv_new(out, c->examples, (size_t)c->latents * sizeof **out, name));
    return pv_h5_read(file, &array, *out);
}

/* Factors are not needed for scores of correlation, their names for nothing: a file without them
 * has no factors, or numbered ones. */
static pv_status read_factors(pv_h5 *file, pv_codes *c)
{
    size_t rows;
    if (!pv_h5_has(file, "factors")) return PV_OK;
    PV_TRY(find_table(file, "factors", &rows, &c->factors));
    const pv_h5_array factor = factors(c), name = names(c);
    PV_TRY(pv_new(&c->factor, c->examples, (size_t)c->factors * sizeof *c->factor, "factors"));
    PV_TRY(pv_new(&c->factor_name, (size_t)c->factors, sizeof *c->factor_name, "factor names"));
    PV_TRY(pv_h5_read(file, &factor, c->factor));
    if (pv_h5_has(file, name.name)) return pv_h5_read(file, &name, c->factor_name);
    for (int k = 0; k < c->factors; k++)
        snprintf(c->factor_name[k], sizeof *c->factor_name, "factor %d", k);
    return PV_OK;
}

pv_status pv_codes_read(pv_codes *out, const char *path)
{
    pv_h5 *file;
    memset(out, 0, sizeof *out);
    PV_TRY(pv_h5_open(&file, path));
    static const char *const names[] = {"mean", "codes", "sampled", "variance"};
    const char *first = NULL;
    for (int i = 3; i >= 0; i--)
        if (pv_h5_has(file, names[i])) first = names[i];
    pv_status rc =
        first ? find_table(file, first, &out->examples, &out->latents)
              : pv_fail(PV_EDATA, "%s: holds no codes: mean, sampled, variance or codes", path);
    const char *mean = first && strcmp(first, "codes") == 0 ? "codes" : "mean";
    if (rc == PV_OK) rc = read_values(file, mean, out, &out->mean);
    if (rc == PV_OK) rc = read_values(file, "variance", out, &out->variance);
    if (rc == PV_OK) rc = read_values(file, "sampled", out, &out->sampled);
    if (rc == PV_OK) rc = read_factors(file, out);
    pv_h5_close(file);
    if (rc != PV_OK) pv_codes_free(out);
    return rc;
}
