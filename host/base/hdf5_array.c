/* hdf5_array.c -- arrays of an HDF5 file: what they are, and reading them. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/hdf5.h"
#include "base/hdf5_inside.h"

/* ---- what is there, in the file's own terms ---- */

typedef struct {
    H5T_class_t class;
    size_t size; /* bytes of a number, or of a text of fixed length */
    int is_signed, variable;
    int rank; /* -1: no array at all */
    hsize_t dim[H5S_MAX_RANK];
} found;

static pv_status examine(const pv_h5 *file, const char *name, hid_t id, found *out)
{
    int attribute = pv_h5_is_attribute(name);
    hid_t type = attribute ? H5Aget_type(id) : H5Dget_type(id);
    hid_t space = attribute ? H5Aget_space(id) : H5Dget_space(id);
    *out = (found){.rank = -1};
    pv_status status = PV_OK;
    if (type < 0 || space < 0) {
        status = pv_h5_refuse(PV_EDATA, file, name, "is damaged");
        goto out;
    }
    out->class = H5Tget_class(type);
    out->size = H5Tget_size(type);
    out->is_signed = out->class == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_2;
    out->variable = out->class == H5T_STRING && H5Tis_variable_str(type) > 0;
    if (H5Sget_simple_extent_type(space) != H5S_NULL)
        out->rank = H5Sget_simple_extent_dims(space, out->dim, NULL);
out:
    pv_h5_drop(space);
    pv_h5_drop(type);
    return status;
}

static const char *type_text(pv_h5_type type)
{
    static const char *const text[] = {
#define X(name, c, memory, text) text,
        PV_H5_TYPES(X)
#undef X
            "text"};
    return text[type];
}

typedef char description[128];

static const char *dims_text(char *out, size_t room, int rank, const hsize_t *dim)
{
    size_t n = 0;
    if (rank <= 0) return strcpy(out, rank < 0 ? "(nothing)" : "(one value)");
    for (int i = 0; i < rank && n < room - 30; i++)
        n += (size_t)snprintf(out + n, room - n, "%s%llu", i ? ", " : "[",
                              (unsigned long long)dim[i]);
    snprintf(out + n, room - n, "]");
    return out;
}

static const char *found_text(description out, const found *f)
{
    char type[40], dims[80];
    if (f->class == H5T_INTEGER)
        snprintf(type, sizeof type, "%sint%zu", f->is_signed ? "" : "u", f->size * 8);
    else if (f->class == H5T_FLOAT)
        snprintf(type, sizeof type, "float%zu", f->size * 8);
    else
        snprintf(type, sizeof type, "%s",
                 f->class == H5T_STRING ? "text"
                 : f->class == H5T_ENUM ? "an enumeration"
                                        : "a compound or other type");
    snprintf(out, sizeof(description), "%s %s", type,
             dims_text(dims, sizeof dims, f->rank, f->dim));
    return out;
}

static const char *array_text(description out, const pv_h5_array *a)
{
    char dims[80];
    hsize_t dim[PV_H5_RANK];
    for (int i = 0; i < a->rank; i++) dim[i] = a->dim[i];
    snprintf(out, sizeof(description), "%s %s", type_text(a->type),
             dims_text(dims, sizeof dims, a->rank, dim));
    return out;
}

static H5T_class_t class_of(pv_h5_type type)
{
    if (type == PV_H5_TEXT) return H5T_STRING;
    return type == PV_H5_F32 || type == PV_H5_F64 ? H5T_FLOAT : H5T_INTEGER;
}

static pv_status check(const pv_h5 *file, const pv_h5_array *a, hid_t id, found *f)
{
    PV_TRY(examine(file, a->name, id, f));
    int same = f->class == class_of(a->type) && f->rank == a->rank;
    for (int i = 0; same && i < a->rank; i++) same = f->dim[i] == a->dim[i];
    if (same) return PV_OK;
    description is, expected;
    return pv_fail(PV_EDATA, "%s: '%s' is %s; expected %s", file->path, a->name, found_text(is, f),
                   array_text(expected, a));
}

static size_t rows_size(const pv_h5_array *a, size_t rows)
{
    static const size_t size[] = {
#define X(name, c, memory, text) sizeof(c),
        PV_H5_TYPES(X)
#undef X
    };
    size_t bytes = (a->type == PV_H5_TEXT ? a->width : size[a->type]) * rows;
    for (int i = 1; i < a->rank; i++) bytes *= a->dim[i];
    return bytes;
}

size_t pv_h5_elements(const pv_h5_array *a)
{
    size_t n = 1;
    for (int i = 0; i < a->rank; i++) n *= a->dim[i];
    return n;
}

hid_t pv_h5_memory_type(const pv_h5_array *a, hid_t stored)
{
    if (a->type == PV_H5_TEXT) {
        hid_t type = H5Tcopy(H5T_C_S1);
        H5Tset_size(type, a->width);
        if (stored >= 0) H5Tset_cset(type, H5Tget_cset(stored));
        return type;
    }
    switch (a->type) {
#define X(name, c, memory, text)                                                                   \
    case PV_H5_##name:                                                                             \
        return H5Tcopy(memory);
        PV_H5_TYPES(X)
#undef X
    default:
        return -1;
    }
}

/* ---- finding ---- */

static pv_h5_type nearest(const found *f)
{
    if (f->class == H5T_STRING) return PV_H5_TEXT;
    if (f->class == H5T_FLOAT) return f->size <= 4 ? PV_H5_F32 : PV_H5_F64;
    if (f->is_signed) return f->size <= 2 ? PV_H5_I16 : f->size <= 4 ? PV_H5_I32 : PV_H5_I64;
    return f->size == 1   ? PV_H5_U8
           : f->size == 2 ? PV_H5_I32
           : f->size == 4 ? PV_H5_I64
                          : PV_H5_U64;
}

/* Reads `count` texts of variable length and hands each to a row of `out`, or, where out is NULL,
 * only finds the width that the longest needs. */
static pv_status read_variable(const pv_h5 *file, const char *name, hid_t id, size_t count,
                               char *out, size_t *width)
{
    int attribute = pv_h5_is_attribute(name);
    char **text = NULL;
    pv_status status = pv_new(&text, count, sizeof *text, "texts");
    if (status != PV_OK) return status;
    hid_t type = attribute ? H5Aget_type(id) : H5Dget_type(id);
    hid_t space = attribute ? H5Aget_space(id) : H5Dget_space(id);
    herr_t got = attribute ? H5Aread(id, type, text)
                           : H5Dread(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text);
    if (got < 0) {
        status = pv_h5_refuse(PV_EDATA, file, name, "cannot be read");
        goto out;
    }
    size_t longest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = text[i] ? strlen(text[i]) : 0;
        if (length > longest) longest = length;
        if (out && length < *width) strcpy(out + i * *width, text[i] ? text[i] : "");
    }
    if (!out)
        *width = longest + 1;
    else if (longest >= *width)
        status = pv_fail(PV_EDATA, "%s: '%s' holds a text of %zu bytes; at most %zu are expected",
                         file->path, name, longest, *width - 1);
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, text);
out:
    pv_h5_drop(space);
    pv_h5_drop(type);
    free(text);
    return status;
}

/* A file holds no more than its bytes unpack to; deflated ones to at most 1032 times as many. */
static pv_status check_claim(const pv_h5 *file, const char *name, const found *f)
{
    enum { EXPANSION = 1032 };
    description is;
    hsize_t size = 0, claim = f->size;
    int overflow = H5Fget_filesize(file->id, &size) < 0;
    for (int i = 0; i < f->rank; i++) overflow |= __builtin_mul_overflow(claim, f->dim[i], &claim);
    if (!overflow && claim / EXPANSION <= size) return PV_OK;
    return pv_fail(PV_EDATA, "%s: '%s' is %s: more than a file of %llu bytes can hold", file->path,
                   name, found_text(is, f), (unsigned long long)size);
}

static pv_status find(const pv_h5 *file, const char *name, hid_t id, pv_h5_array *out)
{
    found f;
    description is;
    PV_TRY(examine(file, name, id, &f));
    if ((f.class != H5T_INTEGER && f.class != H5T_FLOAT && f.class != H5T_STRING) || f.rank < 0 ||
        f.rank > PV_H5_RANK)
        return pv_fail(PV_EDATA,
                       "%s: '%s' is %s; expected whole numbers, reals or text of %d dimensions at "
                       "most",
                       file->path, name, found_text(is, &f), PV_H5_RANK);
    PV_TRY(check_claim(file, name, &f));
    *out = (pv_h5_array){.name = name, .type = nearest(&f), .rank = f.rank};
    for (int i = 0; i < f.rank; i++) out->dim[i] = (size_t)f.dim[i];
    if (f.variable) return read_variable(file, name, id, pv_h5_elements(out), NULL, &out->width);
    if (out->type == PV_H5_TEXT) out->width = f.size + 1;
    if (pv_h5_is_attribute(name)) return PV_OK;
    hsize_t chunk[PV_H5_RANK];
    hid_t creation = H5Dget_create_plist(id);
    if (f.rank && H5Pget_layout(creation) == H5D_CHUNKED &&
        H5Pget_chunk(creation, PV_H5_RANK, chunk) == f.rank)
        out->chunk = (size_t)chunk[0];
    pv_h5_drop(creation);
    return PV_OK;
}

pv_status pv_h5_find(pv_h5 *file, const char *name, pv_h5_array *out)
{
    hid_t id;
    pv_h5_enter();
    pv_status status = pv_h5_locate(file, name, &id);
    if (status == PV_OK) status = find(file, name, id, out);
    pv_h5_drop(id);
    pv_h5_leave();
    return status;
}

/* ---- reading ---- */

/* An infinite double, which the library takes for one that is out of a float's range. */
static int keep_infinite(hid_t from, hid_t to, const void *value, void *out)
{
    double x;
    if (H5Tequal(from, H5T_NATIVE_DOUBLE) <= 0 || H5Tequal(to, H5T_NATIVE_FLOAT) <= 0) return 0;
    memcpy(&x, value, sizeof x);
    if (!isinf(x)) return 0;
    memcpy(out, &(float){(float)x}, sizeof(float));
    return 1;
}

/* Where the library would silently take the nearest value that fits. */
static H5T_conv_ret_t refuse_unfit(H5T_conv_except_t what, hid_t from, hid_t to, void *value,
                                   void *out, void *unfit)
{
    if (what != H5T_CONV_EXCEPT_RANGE_HI && what != H5T_CONV_EXCEPT_RANGE_LOW)
        return H5T_CONV_UNHANDLED;
    if (keep_infinite(from, to, value, out)) return H5T_CONV_HANDLED;
    *(int *)unfit = 1;
    return H5T_CONV_ABORT;
}

static pv_status read(const pv_h5 *file, const pv_h5_array *a, hid_t id, size_t first, size_t rows,
                      void *out)
{
    found f;
    PV_TRY(check(file, a, id, &f));
    if (f.variable) {
        size_t width = a->width;
        return read_variable(file, a->name, id, pv_h5_elements(a), out, &width);
    }
    if (a->type == PV_H5_TEXT && f.size > a->width)
        return pv_fail(PV_EDATA, "%s: '%s' holds texts of %zu bytes; at most %zu are expected",
                       file->path, a->name, f.size, a->width - 1);
    if (rows_size(a, rows) == 0) return PV_OK;
    int attribute = pv_h5_is_attribute(a->name);
    if (!attribute && a->rank) PV_TRY(pv_h5_check_chunks(file, a, id, first, rows));

    int unfit = 0;
    hsize_t start[PV_H5_RANK] = {first}, count[PV_H5_RANK] = {rows};
    for (int i = 1; i < a->rank; i++) count[i] = a->dim[i];
    hid_t stored = attribute ? H5Aget_type(id) : H5Dget_type(id);
    hid_t type = pv_h5_memory_type(a, stored), transfer = H5Pcreate(H5P_DATASET_XFER);
    hid_t space = -1, memory = -1;
    H5Pset_type_conv_cb(transfer, refuse_unfit, &unfit);
    herr_t got;
    if (attribute) {
        got = H5Aread(id, type, out);
    } else if (a->rank == 0) {
        got = H5Dread(id, type, H5S_ALL, H5S_ALL, transfer, out);
    } else {
        space = H5Dget_space(id);
        memory = H5Screate_simple(a->rank, count, NULL);
        got = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
        if (got >= 0) got = H5Dread(id, type, memory, space, transfer, out);
    }
    pv_status status = PV_OK;
    if (unfit)
        status = pv_fail(PV_EDATA, "%s: '%s' holds a value that does not fit %s", file->path,
                         a->name, type_text(a->type));
    else if (got < 0)
        status = pv_h5_refuse(PV_EDATA, file, a->name, "cannot be read");
    pv_h5_drop(memory);
    pv_h5_drop(space);
    pv_h5_drop(transfer);
    pv_h5_drop(type);
    pv_h5_drop(stored);
    return status;
}

/* Behind the end of a file that has become shorter the library reads zeros. */
static pv_status check_length(const pv_h5 *file)
{
    hsize_t was;
    int *descriptor;
    struct stat is;
    if (file->descriptor >= 0) return PV_OK; /* in memory */
    if (H5Fget_filesize(file->id, &was) >= 0 &&
        H5Fget_vfd_handle(file->id, H5P_DEFAULT, (void **)&descriptor) >= 0 &&
        fstat(*descriptor, &is) == 0 && (hsize_t)is.st_size < was)
        return pv_fail(PV_EIO, "%s: has become shorter since it was opened", file->path);
    return PV_OK;
}

pv_status pv_h5_read_rows(pv_h5 *file, const pv_h5_array *array, size_t first, size_t rows,
                          void *out)
{
    hid_t id;
    pv_h5_enter();
    pv_status status = pv_h5_locate(file, array->name, &id);
    if (status == PV_OK) status = read(file, array, id, first, rows, out);
    if (status == PV_OK) status = check_length(file);
    pv_h5_drop(id);
    pv_h5_leave();
    return status;
}

pv_status pv_h5_read(pv_h5 *file, const pv_h5_array *array, void *out)
{
    return pv_h5_read_rows(file, array, 0, array->rank ? array->dim[0] : 1, out);
}
