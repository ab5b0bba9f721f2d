/* codes_numpy.c -- codes from NumPy's .npz and .npy files. */
#include "base/numpy.h"
#include "evaluate/codes_file.h"

static int has(void *file, const char *name) { return pv_numpy_has(file, name); }

static pv_status shape(void *file, const char *name, int *rank, size_t dim[static 2])
{
    pv_numpy_array found;
    PV_TRY(pv_numpy_find(file, name, &found));
    *rank = found.rank;
    for (int i = 0; i < 2; i++) dim[i] = found.dim[i];
    return PV_OK;
}

static pv_status read(void *file, const pv_codes_table *table, void *out)
{
    static const pv_numpy_kind kind[] = {PV_NUMPY_REAL, PV_NUMPY_WHOLE, PV_NUMPY_TEXT};
    const pv_numpy_array array = {.name = table->name,
                                  .kind = kind[table->kind],
                                  .rank = table->kind == PV_CODES_NAMES ? 1 : 2,
                                  .dim = {table->rows, table->columns},
                                  .width = PV_CODES_NAME};
    return pv_numpy_read(file, &array, out);
}

static void finish(void *file) { pv_numpy_close(file); }

pv_status pv_codes_open_numpy(pv_codes_file *out, const char *path, const char *alone)
{
    static const pv_codes_format format = {has, shape, read, finish};
    pv_numpy *file;
    PV_TRY(pv_numpy_open(&file, path, alone));
    *out = (pv_codes_file){.format = &format, .file = file, .path = path};
    return PV_OK;
}
