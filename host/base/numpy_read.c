/* numpy_read.c -- arrays of .npy and .npz files: finding them, reading them whole or in parts. */
#include <assert.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/numpy_inside.h"

struct pv_numpy_parts {
    pv_numpy_stream stream;
    pv_numpy_header header;
    pv_numpy_array array;
    uint64_t left; /* elements */
};

pv_status pv_numpy_find(pv_numpy *file, const char *name, pv_numpy_array *out)
{
    pv_numpy_stream s;
    pv_numpy_header h;
    PV_TRY(pv_numpy_begin(&s, file, name, &h));
    pv_numpy_end(&s);
    *out = pv_numpy_described(&h, name);
    return PV_OK;
}

/* ---- beginning ---- */

static int has_kind(const pv_numpy_header *h, pv_numpy_kind found, pv_numpy_kind wanted)
{
    if (wanted == PV_NUMPY_DOUBLE) return found == PV_NUMPY_REAL;
    if (wanted == PV_NUMPY_BYTE) return (h->type == 'u' && h->size == 1) || h->type == 'b';
    return found == wanted;
}

static pv_status check(const pv_numpy_parts *p)
{
    const pv_numpy_array *array = &p->array;
    const pv_numpy_array found = pv_numpy_described(&p->header, array->name);
    pv_numpy_text is, expected;
    int same = has_kind(&p->header, found.kind, array->kind) && found.rank == array->rank;
    for (int i = 0; same && i < found.rank; i++) same = found.dim[i] == array->dim[i];
    if (same) return PV_OK;
    return pv_fail(PV_EDATA, "%s is %s; expected %s", p->stream.label,
                   pv_numpy_header_text(is, &p->header), pv_numpy_array_text(expected, array));
}

static pv_status begin(pv_numpy_parts *p, pv_numpy *file, const pv_numpy_array *array)
{
    p->array = *array;
    PV_TRY(pv_numpy_begin(&p->stream, file, array->name, &p->header));
    p->left = p->header.elements;
    pv_status status = check(p);
    if (status != PV_OK) pv_numpy_end(&p->stream);
    return status;
}

/* ---- reading ---- */

/* In blocks; what does not fit is told when all was taken. */
static pv_status take_values(pv_numpy_parts *p, size_t count, void *out, pv_status *fit)
{
    enum { BLOCK = 1 << 16 };
    const pv_numpy_header *h = &p->header;
    unsigned char block[BLOCK];
    const size_t most = BLOCK / h->size;
    for (size_t first = 0; first < count;) {
        const size_t n = count - first < most ? count - first : most;
        PV_TRY(pv_numpy_take(&p->stream, block, n * h->size));
        if (*fit == PV_OK)
            *fit = pv_numpy_convert(h, &p->array, block, first, n, out, p->stream.label);
        first += n;
    }
    return PV_OK;
}

pv_status pv_numpy_parts_next(pv_numpy_parts *p, size_t count, void *out)
{
    pv_status fit = PV_OK;
    assert(count <= p->left);
    if (p->array.kind == PV_NUMPY_BYTE && !p->header.fortran)
        PV_TRY(pv_numpy_take(&p->stream, out, count));
    else
        PV_TRY(take_values(p, count, out, &fit));
    p->left -= count;
    /* Values that do not fit may be damaged ones. */
    if (p->left == 0) PV_TRY(pv_numpy_finish(&p->stream));
    return fit;
}

pv_status pv_numpy_read(pv_numpy *file, const pv_numpy_array *array, void *out)
{
    pv_numpy_parts p;
    PV_TRY(begin(&p, file, array));
    pv_status status = pv_numpy_parts_next(&p, (size_t)p.left, out);
    pv_numpy_end(&p.stream);
    return status;
}

pv_status pv_numpy_parts_open(pv_numpy_parts **out, pv_numpy *file, const pv_numpy_array *array)
{
    pv_numpy_parts *p;
    PV_TRY(pv_new(&p, 1, sizeof *p, "an open array"));
    pv_status status = begin(p, file, array);
    if (status == PV_OK && p->header.fortran && p->header.rank > 1) {
        status = pv_fail(PV_EDATA,
                         "%s is stored by columns (fortran_order), which is not read in parts; "
                         "expected rows, see numpy.ascontiguousarray",
                         p->stream.label);
        pv_numpy_end(&p->stream);
    }
    if (status == PV_OK)
        *out = p;
    else
        free(p);
    return status;
}

void pv_numpy_parts_close(pv_numpy_parts *p)
{
    if (!p) return;
    pv_numpy_end(&p->stream);
    free(p);
}
