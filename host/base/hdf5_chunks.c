/* hdf5_chunks.c -- what the library takes on trust when it reads chunks.
 *
 * Formats before 1.10 have no checksums in their tables. A damaged one may lose a chunk, which is
 * then read as zeros, or give chunks another size than they have when unpacked, and the library
 * reads past their end. */
#include <stdlib.h>
#include <zlib.h>

#include "base/base.h"
#include "base/hdf5_inside.h"

typedef struct {
    int rank; /* 0: there are no chunks */
    hsize_t dim[PV_H5_RANK];
    size_t size;    /* bytes of a chunk when unpacked; 0: more than there can be */
    int filters;    /* how many */
    int deflate;    /* which of them is zlib's, or -1 */
    int understood; /* there are no others than shuffling, zlib's and checksums */
    int summed;     /* the table of chunks has checksums */
} layout;

static layout examine(hid_t id)
{
    layout l = {.size = 0, .deflate = -1, .understood = 1};
    H5D_chunk_index_t index;
    hid_t creation = H5Dget_create_plist(id), type = H5Dget_type(id);
    if (H5Pget_layout(creation) != H5D_CHUNKED) goto out;
    l.rank = H5Pget_chunk(creation, PV_H5_RANK, l.dim);
    l.size = H5Tget_size(type);
    for (int i = 0; i < l.rank && i < PV_H5_RANK; i++)
        if (__builtin_mul_overflow(l.size, l.dim[i], &l.size)) l.size = 0;
    l.summed = H5Dget_chunk_index_type(id, &index) >= 0 && index != H5D_CHUNK_IDX_BTREE;
    l.filters = H5Pget_nfilters(creation);
    for (int i = 0; i < l.filters; i++) {
        unsigned flags;
        size_t values = 0;
        H5Z_filter_t filter =
            H5Pget_filter2(creation, (unsigned)i, &flags, &values, NULL, 0, NULL, NULL);
        if (filter == H5Z_FILTER_DEFLATE)
            l.deflate = i;
        else if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
            l.understood = 0;
    }
out:
    pv_h5_drop(type);
    pv_h5_drop(creation);
    return l;
}

/* The length of what a zlib stream unpacks to, or 0 where it is damaged. */
static size_t unpacked_size(const unsigned char *packed, size_t size)
{
    unsigned char part[4096];
    z_stream z = {.next_in = (unsigned char *)packed, .avail_in = (uInt)size};
    if (inflateInit(&z) != Z_OK) return 0;
    int result;
    do {
        z.next_out = part;
        z.avail_out = sizeof part;
        result = inflate(&z, Z_NO_FLUSH);
    } while (result == Z_OK);
    size_t total = result == Z_STREAM_END ? z.total_out : 0;
    inflateEnd(&z);
    return total;
}

/* Of chunks that are stored as they are the library tells the size that they should have; what it
 * then reads is their size in the table, of which it tells the sum. */
static int sum_is_right(const layout *l, const pv_h5_array *a, hid_t id)
{
    hsize_t sum = l->size;
    for (int i = 0; i < a->rank; i++) sum *= (a->dim[i] + l->dim[i] - 1) / l->dim[i];
    return l->filters > 0 || H5Dget_storage_size(id) == sum;
}

/* Whether a chunk that is stored in `stored` bytes unpacks to its size. Streams are unpacked only
 * where `deep`. */
static int has_its_size(const layout *l, hid_t id, const hsize_t *offset, size_t stored, int deep)
{
    if (l->filters == 0 || !l->understood) return 1;
    uint32_t skipped;
    unsigned char *bytes = malloc(stored);
    int good = bytes && H5Dread_chunk(id, H5P_DEFAULT, offset, &skipped, bytes) >= 0;
    if (good && l->deflate >= 0 && !(skipped >> l->deflate & 1))
        good = !deep || unpacked_size(bytes, stored) == l->size;
    else if (good)
        good = stored >= l->size;
    free(bytes);
    return good;
}

pv_status pv_h5_check_chunks(const pv_h5 *file, const pv_h5_array *a, hid_t id, size_t first,
                             size_t rows)
{
    layout l = examine(id);
    if (l.rank == 0) return PV_OK;
    if (l.rank != a->rank || l.size == 0 || !sum_is_right(&l, a, id))
        return pv_fail(PV_EDATA, "%s: '%s' is damaged: its parts are not of %zu bytes each",
                       file->path, a->name, l.size);
    hsize_t offset[PV_H5_RANK] = {first / l.dim[0] * l.dim[0]}, stored = 0;
    /* With checksums over the table, what streams have in common is the size of the layout. */
    for (int deep = 1; offset[0] < first + rows; deep = !l.summed) {
        unsigned long long row = offset[0];
        if (H5Dget_chunk_storage_size(id, offset, &stored) < 0 || stored == 0)
            return pv_fail(PV_EDATA, "%s: '%s' is incomplete: a part of row %llu is missing",
                           file->path, a->name, row);
        if (!has_its_size(&l, id, offset, (size_t)stored, deep))
            return pv_fail(PV_EDATA,
                           "%s: '%s' is damaged: a part of row %llu does not unpack to %zu bytes",
                           file->path, a->name, row, l.size);
        int axis = a->rank - 1;
        for (; axis > 0; offset[axis--] = 0)
            if ((offset[axis] += l.dim[axis]) < a->dim[axis]) break;
        if (axis == 0) offset[0] += l.dim[0];
    }
    return PV_OK;
}
