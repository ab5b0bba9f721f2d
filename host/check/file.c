/* file.c -- the tables of all steps as an HDF5 file, and back.
 *
 *   <step>/name, kind, size ...     the columns of step.h, a row for each tensor
 *   <step>@inputs                   a hash of images, parameters and settings
 *   @version, @device               who wrote it
 *   @checksum                       of all tables */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/hdf5.h"
#include "check/step.h"
#include "polarvae/version.h"

enum { MOST_TENSORS = 10000, PATH = 96 };

static uint64_t hash_table(uint64_t hash, const pv_check_table *t)
{
    hash = pv_hash(hash, &t->inputs, sizeof t->inputs);
#define X(column, type, c, width) hash = pv_hash(hash, t->column, t->count * (width) * sizeof(c));
    PV_CHECK_COLUMNS(X)
#undef X
    return hash;
}

static uint64_t hash_tables(const pv_check_table *tables)
{
    uint64_t hash = PV_HASH_START;
    for (int i = 0; i < pv_check_steps(); i++) hash = hash_table(hash, &tables[i]);
    return hash;
}

/* ---- one table ---- */

static pv_h5_array describe(char path[static PATH], const char *step, const char *name,
                            pv_h5_type type, size_t rows, size_t width)
{
    snprintf(path, PATH, "%s/%s", step, name);
    pv_h5_array a = {.name = path, .type = type, .rank = 1, .dim = {rows}, .chunk = rows};
    if (type == PV_H5_TEXT)
        a.width = width;
    else if (width > 1)
        a.dim[a.rank++] = width;
    return a;
}

static pv_h5_array inputs(char path[static PATH], const char *step)
{
    snprintf(path, PATH, "%s@inputs", step);
    return (pv_h5_array){.name = path, .type = PV_H5_U64};
}

static pv_status write_table(pv_h5 *file, const char *step, const pv_check_table *t)
{
    char path[PATH];
    pv_h5_array array;
#define X(column, type, c, width)                                                                  \
    array = describe(path, step, #column, PV_H5_##type, t->count, width);                          \
    PV_TRY(pv_h5_write(file, &array, t->column));
    PV_CHECK_COLUMNS(X)
#undef X
    array = inputs(path, step);
    return pv_h5_write(file, &array, &t->inputs);
}

static pv_status read_table(pv_h5 *file, const char *step, pv_check_table *t)
{
    char path[PATH];
    pv_h5_array array = inputs(path, step);
    PV_TRY(pv_h5_read(file, &array, &t->inputs));
    snprintf(path, PATH, "%s/size", step);
    PV_TRY(pv_h5_find(file, path, &array));
    if (array.rank != 1 || array.dim[0] - 1 >= MOST_TENSORS)
        return pv_fail(PV_EDATA, "%s: '%s' is not a list of 1 to %d sizes", pv_h5_path(file), path,
                       MOST_TENSORS);
    PV_TRY(pv_check_table_resize(t, array.dim[0]));
#define X(column, type, c, width)                                                                  \
    array = describe(path, step, #column, PV_H5_##type, t->count, width);                          \
    PV_TRY(pv_h5_read(file, &array, t->column));
    PV_CHECK_COLUMNS(X)
#undef X
    return PV_OK;
}

/* ---- the file ---- */

static const pv_h5_array checksum = {.name = "@checksum", .type = PV_H5_U64};

static pv_status write_all(pv_h5 *file, const pv_check_table *tables, const char *device)
{
    const pv_h5_array version = {.name = "@version",
                                 .type = PV_H5_TEXT,
                                 .width = sizeof PV_VERSION},
                      machine = {
                          .name = "@device", .type = PV_H5_TEXT, .width = strlen(device) + 1};
    const uint64_t sum = hash_tables(tables);
    for (int i = 0; i < pv_check_steps(); i++)
        PV_TRY(write_table(file, pv_check_step_get(i).name, &tables[i]));
    PV_TRY(pv_h5_write(file, &version, PV_VERSION));
    PV_TRY(pv_h5_write(file, &machine, device));
    return pv_h5_write(file, &checksum, &sum);
}

pv_status pv_check_file_write(const char *path, const pv_check_table *tables, const char *device)
{
    pv_h5 *file;
    PV_TRY(pv_h5_create(&file, path));
    pv_status status = write_all(file, tables, device);
    if (status == PV_OK) status = pv_h5_commit(file);
    pv_h5_close(file);
    return status;
}

static pv_status read_text(pv_h5 *file, const char *name, char *to, size_t room)
{
    pv_h5_array array;
    PV_TRY(pv_h5_find(file, name, &array));
    if (array.type != PV_H5_TEXT || array.rank != 0 || array.width > room)
        return pv_fail(PV_EDATA, "%s: '%s' is not a text of at most %zu bytes", pv_h5_path(file),
                       name, room);
    return pv_h5_read(file, &array, to);
}

static pv_status read_all(pv_h5 *file, pv_check_table *tables, pv_check_report *report)
{
    uint64_t sum;
    PV_TRY(pv_h5_read(file, &checksum, &sum));
    PV_TRY(read_text(file, "@version", report->version, sizeof report->version));
    PV_TRY(read_text(file, "@device", report->device, sizeof report->device));
    for (int i = 0; i < pv_check_steps(); i++)
        PV_TRY(read_table(file, pv_check_step_get(i).name, &tables[i]));
    if (hash_tables(tables) == sum) return PV_OK;
    return pv_fail(PV_EDATA, "%s: is damaged: its checksum does not fit its content",
                   pv_h5_path(file));
}

pv_status pv_check_file_read(pv_check_table *tables, pv_check_report *report, const char *path)
{
    pv_h5 *file;
    PV_TRY(pv_h5_open(&file, path));
    pv_status status = read_all(file, tables, report);
    pv_h5_close(file);
    return status;
}
