/* codes.c -- codes from and to a file of any of its formats. */
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/numpy.h"
#include "evaluate/codes_file.h"

_Static_assert(sizeof *((pv_codes *)0)->factor_name == PV_CODES_NAME, "a factor's name");

void pv_codes_free(pv_codes *codes)
{
    free(codes->mean);
    free(codes->variance);
    free(codes->sampled);
    free(codes->factor);
    free(codes->factor_value);
    free(codes->factor_name);
    free(codes->variable);
    memset(codes, 0, sizeof *codes);
}

/* ---- some of the variables ---- */

static void keep(float *code, size_t examples, int width, const int *column, int count)
{
    for (size_t i = 0; code && i < examples; i++)
        for (int j = 0; j < count; j++)
            code[i * (size_t)count + (size_t)j] = code[i * (size_t)width + (size_t)column[j]];
}

pv_status pv_codes_keep(pv_codes *c, const int *column, int count)
{
    int32_t *variable;
    PV_TRY(pv_new(&variable, (size_t)count, sizeof *variable, "variables"));
    for (int j = 0; j < count; j++) {
        if (column[j] < 0 || column[j] >= c->latents || (j > 0 && column[j] <= column[j - 1])) {
            free(variable);
            return pv_fail(PV_EUSAGE,
                           "variable %d: variables are numbers from 0 to %d, in ascending order",
                           column[j], c->latents - 1);
        }
        variable[j] = c->variable ? c->variable[column[j]] : column[j];
    }
    keep(c->mean, c->examples, c->latents, column, count);
    keep(c->variance, c->examples, c->latents, column, count);
    keep(c->sampled, c->examples, c->latents, column, count);
    free(c->variable);
    c->variable = variable;
    c->latents = count;
    return PV_OK;
}

/* ---- opening ---- */

/* By the first bytes of a regular file. Of what has none, HDF5's own errors tell what it is. */
static pv_status open_file(pv_codes_file *out, const char *path, const char *alone)
{
    static const unsigned char hdf5[PV_NUMPY_MARK] = {0x89, 'H', 'D', 'F', '\r', '\n'};
    unsigned char start[PV_NUMPY_MARK] = {0};
    struct stat info;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for its writer */
    ssize_t n = 0;
    if (file >= 0 && fstat(file, &info) == 0 && S_ISREG(info.st_mode))
        n = pread(file, start, sizeof start, 0);
    if (file >= 0) close(file);
    if (n <= 0 || memcmp(start, hdf5, sizeof hdf5) == 0) return pv_codes_open_hdf5(out, path);
    if (pv_numpy_begins(start)) return pv_codes_open_numpy(out, path, alone);
    return pv_fail(PV_EDATA, "%s: is no HDF5, .npz or .npy file: its first bytes are not theirs",
                   path);
}

static pv_status has(const pv_codes_file *f, const char *name, int *there)
{
    return f->format->has(f->file, name, there);
}

/* ---- tables ---- */

/* The shape of a table of rows and columns, neither of them 0. */
static pv_status find_table(const pv_codes_file *f, const char *name, pv_codes_shape *out)
{
    PV_TRY(f->format->shape(f->file, name, out));
    if (out->rank != 2 || out->dim[0] == 0 || out->dim[1] == 0)
        return pv_fail(PV_EDATA, "%s: %s is not a table of examples and columns", f->path, name);
    if (out->dim[1] > INT_MAX)
        return pv_fail(PV_EDATA, "%s: %s has %zu columns, at most %d can be read", f->path, name,
                       out->dim[1], INT_MAX);
    return PV_OK;
}

/* NULL where the file has none. */
static pv_status read_values(const pv_codes_file *f, const char *name, const pv_codes *c,
                             float **out)
{
    const pv_codes_table table = {name, PV_CODES_REALS, c->examples, (size_t)c->latents};
    int there;
    PV_TRY(has(f, name, &there));
    if (!there) return PV_OK;
    PV_TRY(pv_new(out, c->examples, (size_t)c->latents * sizeof **out, name));
    return f->format->read(f->file, &table, *out);
}

static pv_status read_names(const pv_codes_file *f, pv_codes *c)
{
    const pv_codes_table names = {"factor_names", PV_CODES_NAMES, (size_t)c->factors, 1};
    int there;
    PV_TRY(pv_new(&c->factor_name, names.rows, sizeof *c->factor_name, "factor names"));
    PV_TRY(has(f, names.name, &there));
    if (there) return f->format->read(f->file, &names, c->factor_name);
    for (int k = 0; k < c->factors; k++)
        snprintf(c->factor_name[k], sizeof *c->factor_name, "factor %d", k);
    return PV_OK;
}

/* Real numbers become whole ones where all of them are. */
static pv_status make_whole(const pv_codes_file *f, pv_codes *c)
{
    const size_t count = (size_t)c->factors, values = c->examples * count;
    int whole = 1;
    for (size_t i = 0; i < values; i++) {
        const double x = c->factor_value[i];
        if (!isfinite(x))
            return pv_fail(PV_EDATA, "%s: factor %zu (%s) of example %zu is %g, not a number",
                           f->path, i % count, c->factor_name[i % count], i / count, x);
        whole &= x >= INT32_MIN && x <= INT32_MAX && trunc(x) == x;
    }
    if (!whole) return PV_OK;
    PV_TRY(pv_new(&c->factor, values, sizeof *c->factor, "factors"));
    for (size_t i = 0; i < values; i++) c->factor[i] = (int32_t)c->factor_value[i];
    free(c->factor_value);
    c->factor_value = NULL;
    return PV_OK;
}

static pv_status read_copies(const pv_codes_file *f, pv_codes *c)
{
    int32_t copies;
    int there;
    PV_TRY(has(f, "copies", &there));
    if (!there) return PV_OK;
    PV_TRY(f->format->read(f->file, &(pv_codes_table){"copies", PV_CODES_WHOLES, 1, 1}, &copies));
    if (copies < 1 || (size_t)copies > c->examples)
        return pv_fail(PV_EDATA,
                       "%s: copies is %d; it must be in 1..%zu, how many rows share a "
                       "combination of factors",
                       f->path, (int)copies, c->examples);
    c->copies = (size_t)copies;
    return PV_OK;
}

/* Factors are not needed for scores of correlation, their names for nothing: a file without them
 * has no factors, or numbered ones. */
static pv_status read_factors(const pv_codes_file *f, pv_codes *c)
{
    pv_codes_shape shape;
    int there;
    PV_TRY(has(f, "factors", &there));
    if (!there) return PV_OK;
    PV_TRY(find_table(f, "factors", &shape));
    const size_t rows = shape.dim[0], count = shape.dim[1];
    pv_codes_table table = {"factors", PV_CODES_WHOLES, c->examples, count};
    c->factors = (int)count;
    PV_TRY(read_names(f, c));
    PV_TRY(read_copies(f, c));
    if (!shape.fractions) {
        PV_TRY(pv_new(&c->factor, rows, count * sizeof *c->factor, "factors"));
        return f->format->read(f->file, &table, c->factor);
    }
    table.kind = PV_CODES_DOUBLES;
    PV_TRY(pv_new(&c->factor_value, rows, count * sizeof *c->factor_value, "factors"));
    PV_TRY(f->format->read(f->file, &table, c->factor_value));
    return make_whole(f, c);
}

static pv_status read_all(const pv_codes_file *f, pv_codes *out)
{
    static const char *const names[] = {"mean", "codes", "sampled", "variance"};
    const char *first = NULL;
    pv_codes_shape shape;
    for (int i = 0, there; i < 4 && !first; i++) {
        PV_TRY(has(f, names[i], &there));
        if (there) first = names[i];
    }
    if (!first)
        return pv_fail(PV_EDATA, "%s: holds no codes: mean, sampled, variance or codes", f->path);
    PV_TRY(find_table(f, first, &shape));
    out->examples = shape.dim[0];
    out->latents = (int)shape.dim[1];
    PV_TRY(read_values(f, strcmp(first, "codes") == 0 ? "codes" : "mean", out, &out->mean));
    PV_TRY(read_values(f, "variance", out, &out->variance));
    PV_TRY(read_values(f, "sampled", out, &out->sampled));
    return read_factors(f, out);
}

pv_status pv_codes_read(pv_codes *out, const char *path)
{
    pv_codes_file file;
    memset(out, 0, sizeof *out);
    PV_TRY(open_file(&file, path, "codes"));
    pv_status rc = read_all(&file, out);
    file.format->close(file.file);
    if (rc != PV_OK) pv_codes_free(out);
    return rc;
}

pv_status pv_codes_read_factors(pv_codes *codes, const char *path)
{
    pv_codes_file file;
    if (codes->factors > 0)
        return pv_fail(PV_EUSAGE,
                       "%s: the codes have factors in their own file; others are for "
                       "codes without, as in a .npy",
                       path);
    PV_TRY(open_file(&file, path, "factors"));
    pv_status rc = read_factors(&file, codes);
    if (rc == PV_OK && codes->factors == 0) rc = pv_fail(PV_EDATA, "%s: holds no factors", path);
    file.format->close(file.file);
    return rc;
}

/* ---- writing ---- */

static int ends_with(const char *path, const char *ending)
{
    const size_t length = strlen(path), more = strlen(ending);
    return length >= more && strcmp(path + length - more, ending) == 0;
}

pv_status pv_codes_write(const pv_codes *codes, const char *path)
{
    if (ends_with(path, ".npy"))
        return pv_fail(PV_EUSAGE, "%s: a .npy holds one array; name an .npz or .h5", path);
    return ends_with(path, ".npz") ? pv_codes_write_numpy(codes, path)
                                   : pv_codes_write_hdf5(codes, path);
}
