/* numpy_write.c -- arrays into an .npz file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/numpy_inside.h"
#include "base/text.h"

enum { HEADER = 384, ALIGNED = 64 };

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ORDER "<"
#else
#define ORDER ">"
#endif

/* An array as the bytes of its .npy; what it points to stays until the archive is closed. */
typedef struct {
    char header[HEADER], name[64];
    size_t header_bytes, value_bytes;
    const void *value;
    uint32_t *text; /* owned */
} entry;

/* ---- text: code points in rows of equal width ---- */

/* How many characters; they go to `out` unless it is NULL. Bytes that are no UTF-8 become U+FFFD.
 */
static size_t decode(uint32_t *out, const char *text)
{
    size_t count = 0;
    while (*text) {
        uint32_t code;
        const size_t bytes = pv_utf8_decode(&code, text);
        if (out) out[count] = bytes ? code : 0xfffd;
        count++;
        text += bytes ? bytes : 1;
    }
    return count;
}

static size_t rows_of(const pv_numpy_array *a)
{
    size_t rows = 1;
    for (int i = 0; i < a->rank; i++) rows *= a->dim[i];
    return rows;
}

static pv_status take_text(entry *e, const pv_numpy_item *item, size_t *width)
{
    const size_t rows = rows_of(&item->array);
    const char *text = item->value;
    *width = 1;
    for (size_t i = 0; i < rows; i++) {
        const size_t count = decode(NULL, text + i * item->array.width);
        if (count > *width) *width = count;
    }
    PV_TRY(pv_new(&e->text, rows * *width, sizeof *e->text, item->array.name));
    for (size_t i = 0; i < rows; i++) decode(e->text + i * *width, text + i * item->array.width);
    e->value = e->text;
    return PV_OK;
}

/* ---- a .npy ---- */

/* Magic, version 1.0, length of the rest, and a dictionary; filled up with blanks. */
static void make_header(entry *e, const pv_numpy_array *a, const char *type)
{
    enum { START = 10 };
    char *out = e->header;
    size_t n = START;
    n += (size_t)snprintf(out + n, HEADER - n, "{'descr': '%s', 'fortran_order': False, 'shape': (",
                          type);
    for (int i = 0; i < a->rank; i++)
        n += (size_t)snprintf(out + n, HEADER - n, "%s%zu%s", i ? " " : "", a->dim[i],
                              i < a->rank - 1 || a->rank == 1 ? "," : "");
    n += (size_t)snprintf(out + n, HEADER - n, "), }");
    const size_t full = (n + 1 + ALIGNED - 1) / ALIGNED * ALIGNED;
    memset(out + n, ' ', full - n);
    out[full - 1] = '\n';
    memcpy(out, PV_NUMPY_NPY "\1\0", START - 2);
    out[8] = (char)((full - START) & 0xff);
    out[9] = (char)((full - START) >> 8);
    e->header_bytes = full;
}

static pv_status make_entry(entry *e, const pv_numpy_item *item)
{
    const pv_numpy_array *a = &item->array;
    char type[24] = ORDER "f4";
    size_t size = sizeof(float);
    e->value = item->value;
    if (a->kind == PV_NUMPY_WHOLE) strcpy(type, ORDER "i4");
    if (a->kind == PV_NUMPY_DOUBLE) {
        strcpy(type, ORDER "f8");
        size = sizeof(double);
    }
    if (a->kind == PV_NUMPY_BYTE) {
        strcpy(type, "|u1");
        size = 1;
    }
    if (a->kind == PV_NUMPY_TEXT) {
        size_t width;
        PV_TRY(take_text(e, item, &width));
        snprintf(type, sizeof type, ORDER "U%zu", width);
        size = width * sizeof *e->text;
    }
    snprintf(e->name, sizeof e->name, "%s.npy", a->name);
    make_header(e, a, type);
    e->value_bytes = rows_of(a) * size;
    return PV_OK;
}

/* ---- the archive ---- */

static pv_status fail_write(const char *path, zip_error_t *error)
{
    const int why = zip_error_code_system(error);
    return pv_fail(PV_EIO, "%s: cannot be written: %s", path,
                   why ? strerror(why) : zip_error_strerror(error));
}

/* Stored, on 1 January 1980, as numpy does it. */
static pv_status add(zip_t *archive, const entry *e, const char *path)
{
    enum { DAY = 1 << 5 | 1 };
    /* libzip only reads them, but has no const for it. */
    zip_buffer_fragment_t parts[] = {{(zip_uint8_t *)e->header, e->header_bytes},
                                     {(zip_uint8_t *)e->value, e->value_bytes}};
    zip_source_t *source = zip_source_buffer_fragment(archive, parts, 2, 0);
    if (!source) return fail_write(path, zip_get_error(archive));
    const zip_int64_t index = zip_file_add(archive, e->name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) zip_source_free(source);
    if (index < 0 || zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(archive, (zip_uint64_t)index, 0, DAY, 0) != 0)
        return fail_write(path, zip_get_error(archive));
    return PV_OK;
}

static pv_status write_archive(const char *part, const char *path, const entry *e, int count)
{
    int why = 0;
    zip_error_t error;
    zip_t *archive = zip_open(part, ZIP_CREATE | ZIP_TRUNCATE, &why);
    if (!archive) {
        zip_error_init_with_code(&error, why);
        pv_status status = fail_write(path, &error);
        zip_error_fini(&error);
        return status;
    }
    pv_status status = PV_OK;
    for (int i = 0; status == PV_OK && i < count; i++) status = add(archive, &e[i], path);
    if (status == PV_OK && zip_close(archive) == 0) return PV_OK;
    if (status == PV_OK) status = fail_write(path, zip_get_error(archive));
    zip_discard(archive);
    return status;
}

pv_status pv_numpy_write(const char *path, const pv_numpy_item *item, int count)
{
    char part[4096];
    entry *e;
    PV_TRY(pv_new(&e, (size_t)count, sizeof *e, "arrays"));
    pv_status status = pv_part_begin(part, path);
    for (int i = 0; status == PV_OK && i < count; i++) status = make_entry(&e[i], &item[i]);
    if (status == PV_OK) status = write_archive(part, path, e, count);
    if (status == PV_OK) status = pv_part_commit(part, path);
    for (int i = 0; i < count; i++) free(e[i].text);
    free(e);
    return status;
}
