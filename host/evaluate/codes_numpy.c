/* codes_numpy.c -- codes from NumPy's .npz and .npy files, and to .npz. */
#include "base/numpy.h"
#include "evaluate/codes_file.h"

static pv_numpy_array array_of(const pv_codes_table *table)
{
    static const pv_numpy_kind kind[] = {[PV_CODES_REALS] = PV_NUMPY_REAL,
                                         [PV_CODES_WHOLES] = PV_NUMPY_WHOLE,
                                         [PV_CODES_DOUBLES] = PV_NUMPY_DOUBLE,
                                         [PV_CODES_NAMES] = PV_NUMPY_TEXT};
    return (pv_numpy_array){.name = table->name,
                            .kind = kind[table->kind],
                            .rank = table->kind == PV_CODES_NAMES ? 1 : 2,
                            .dim = {table->rows, table->columns},
                            .width = PV_CODES_NAME};
}

/* ---- reading ---- */

static pv_status has(void *file, const char *name, int *there)
{
    *there = pv_numpy_has(file, name);
    return PV_OK;
}

static pv_status shape(void *file, const char *name, pv_codes_shape *out)
{
    pv_numpy_array found;
    PV_TRY(pv_numpy_find(file, name, &found));
    *out = (pv_codes_shape){.rank = found.rank,
                            .dim = {found.dim[0], found.dim[1]},
                            .fractions = found.kind == PV_NUMPY_REAL};
    return PV_OK;
}

static pv_status read(void *file, const pv_codes_table *table, void *out)
{
    const pv_numpy_array array = array_of(table);
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

/* ---- writing ---- */

pv_status pv_codes_write_numpy(const pv_codes *c, const char *path)
{
    const size_t latents = (size_t)c->latents, factors = (size_t)c->factors;
    const pv_codes_kind kind = c->factor ? PV_CODES_WHOLES : PV_CODES_DOUBLES;
    const int32_t copies = (int32_t)c->copies;
    const struct {
        pv_codes_table table;
        const void *value;
    } part[] = {
        {{"mean", PV_CODES_REALS, c->examples, latents}, c->mean},
        {{"variance", PV_CODES_REALS, c->examples, latents}, c->variance},
        {{"sampled", PV_CODES_REALS, c->examples, latents}, c->sampled},
        {{"factors", kind, c->examples, factors},
         c->factor ? (const void *)c->factor : c->factor_value},
        {{"factor_names", PV_CODES_NAMES, factors, 1}, c->factor_name},
        {{"copies", PV_CODES_WHOLES, 1, 1}, &copies},
    };
    enum { PARTS = sizeof part / sizeof *part, WITHOUT_COPIES = PARTS - 1, WITHOUT_FACTORS = 3 };
    pv_numpy_item item[PARTS];
    for (int i = 0; i < PARTS; i++)
        item[i] = (pv_numpy_item){array_of(&part[i].table), part[i].value};
    return pv_numpy_write(path, item,
                          factors == 0 ? WITHOUT_FACTORS
                          : copies > 1 ? PARTS
                                       : WITHOUT_COPIES);
}
