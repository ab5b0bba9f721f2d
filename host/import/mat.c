/* mat.c -- an array of bytes from a MATLAB file, which libmatio reads once its tags are checked.
 *
 * libmatio trusts a file: damaged ones have made it read outside of its memory, leak and loop,
 * above all in cells and structures, and it does not look at the checksum of what it unpacks. So
 * the file is walked here first, up to the end of the array: every tag on the way must be that of a
 * plain array whose sizes agree, and a compressed array must unpack to exactly its size with the
 * right checksum. What libmatio then sees is as it expects. Nothing of a size that a file claims is
 * allocated. */
#include "import/mat.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <matio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/base.h"

enum {
    HEADER = 128,
    VERSION = 124, /* where it stands, two bytes; two for the byte order follow */
    TAG = 8,       /* bytes: a type and a size */
    NAME = 63,     /* characters of one, as MATLAB has it */
    BUFFER = 1 << 15
};

/* One element of the file: an array's bytes, from its tag on. */
typedef struct {
    const char *path;
    int file, packed, ended; /* ended: of the zlib stream */
    uint64_t at, end;        /* of the file */
    z_stream z;
    unsigned char in[BUFFER];
} element;

typedef struct {
    const char *name;
    int rank;
    const size_t *dim;
    size_t bytes;
} wanted;

static pv_status damaged(const char *path, const char *what)
{
    return pv_fail(PV_EDATA, "%s: a damaged MATLAB file: %s", path, what);
}

/* ---- bytes ---- */

static pv_status bytes_at(const char *path, int file, uint64_t at, void *out, size_t size)
{
    char *to = out;
    while (size > 0) {
        const ssize_t n = pread(file, to, size, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return pv_fail(PV_EIO, "%s: cannot be read: %s", path, strerror(errno));
        if (n == 0) return damaged(path, "it ends early");
        to += n;
        at += (size_t)n;
        size -= (size_t)n;
    }
    return PV_OK;
}

/* Unpacks until `size` bytes are there or the stream ends. */
static pv_status unpack(element *e, unsigned char *out, size_t size)
{
    e->z.next_out = out;
    e->z.avail_out = (uInt)size;
    while (e->z.avail_out > 0 && !e->ended) {
        if (e->z.avail_in == 0) {
            const uint64_t left = e->end - e->at;
            const size_t n = left < BUFFER ? (size_t)left : BUFFER;
            if (n == 0) return damaged(e->path, "compressed data end early");
            PV_TRY(bytes_at(e->path, e->file, e->at, e->in, n));
            e->at += n;
            e->z.next_in = e->in;
            e->z.avail_in = (uInt)n;
        }
        const int rc = inflate(&e->z, Z_NO_FLUSH);
        if (rc == Z_MEM_ERROR) return pv_fail(PV_ENOMEM, "%s: zlib: out of memory", e->path);
        if (rc != Z_OK && rc != Z_STREAM_END)
            return damaged(e->path, e->z.msg ? e->z.msg : "no zlib stream");
        e->ended = rc == Z_STREAM_END;
    }
    return PV_OK;
}

static pv_status take(element *e, void *out, size_t size)
{
    if (e->packed) {
        PV_TRY(unpack(e, out, size));
        return e->z.avail_out == 0 ? PV_OK : damaged(e->path, "a compressed array is too short");
    }
    if (e->end - e->at < size) return damaged(e->path, "an array is too short");
    e->at += size;
    return bytes_at(e->path, e->file, e->at - size, out, size);
}

static pv_status take_words(element *e, uint32_t *out, size_t count)
{
    PV_TRY(take(e, out, count * sizeof *out));
    for (size_t i = 0; i < count; i++) out[i] = le32toh(out[i]);
    return PV_OK;
}

/* Nothing follows, and the checksum is right. */
static pv_status take_end(element *e)
{
    unsigned char more;
    if (e->packed) {
        PV_TRY(unpack(e, &more, 1));
        if (e->z.avail_out == 0 || e->z.avail_in > 0)
            return damaged(e->path, "a compressed array is too long");
    }
    return e->at == e->end ? PV_OK : damaged(e->path, "an array is too long");
}

/* ---- one array ---- */

static size_t padded(size_t size) { return (size + 7) / 8 * 8; }

/* Names of up to 4 characters may stand in their tag, whose type is then 16 bits wide. */
static pv_status take_name(element *e, char name[static NAME + 1], size_t *used)
{
    uint32_t tag[2];
    memset(name, 0, NAME + 1);
    PV_TRY(take_words(e, tag, 2));
    const size_t small = tag[0] >> 16, size = small ? small : tag[1];
    *used = TAG + (small ? 0 : padded(size));
    if ((tag[0] & 0xffff) != MAT_T_INT8 || size > (small ? 4 : NAME))
        return damaged(e->path, "an array without a name");
    if (!small) {
        char room[NAME + 1];
        PV_TRY(take(e, room, padded(size)));
        memcpy(name, room, size);
        return PV_OK;
    }
    const uint32_t text = htole32(tag[1]);
    memcpy(name, &text, size);
    return PV_OK;
}

static pv_status check_kind(const element *e, const wanted *w, uint32_t flags, uint32_t rank,
                            const uint32_t *dim)
{
    int same = (flags & 0xff) == MAT_C_UINT8 && !(flags & MAT_F_COMPLEX) && (int)rank == w->rank;
    for (int k = 0; same && k < w->rank; k++) same = dim[k] == w->dim[k];
    if (same) return PV_OK;
    char found[128] = "", want[128] = "";
    for (uint32_t k = 0, n = 0; k < rank; k++)
        n += (uint32_t)snprintf(found + n, sizeof found - n, "%s%u", k ? " x " : "", dim[k]);
    for (int k = 0, n = 0; k < w->rank; k++)
        n += snprintf(want + n, sizeof want - (size_t)n, "%s%zu", k ? " x " : "", w->dim[k]);
    return pv_fail(PV_EDATA, "%s: '%s' is %s %s; expected uint8 %s", e->path, w->name,
                   (flags & 0xff) != MAT_C_UINT8 ? "no uint8, but of another type,"
                   : flags & MAT_F_COMPLEX       ? "complex uint8"
                                                 : "uint8",
                   found, want);
}

/* Reads the bytes of the wanted array, in pieces. */
static pv_status check_values(element *e, const wanted *w, size_t before, uint32_t claimed)
{
    uint32_t tag[2];
    unsigned char piece[BUFFER / 4];
    PV_TRY(take_words(e, tag, 2));
    if (tag[0] != MAT_T_UINT8 || tag[1] != w->bytes || claimed != before + TAG + padded(w->bytes))
        return damaged(e->path, "an array has more or fewer values than its dimensions say");
    for (size_t left = padded(w->bytes); left > 0;) {
        const size_t n = left < sizeof piece ? left : sizeof piece;
        PV_TRY(take(e, piece, n));
        left -= n;
    }
    return take_end(e);
}

static pv_status check_array(element *e, const wanted *w, int *found)
{
    uint32_t tag[2], flags[4], shape[2], dim[PV_MAT_RANK];
    char name[NAME + 1];
    size_t used;
    PV_TRY(take_words(e, tag, 2));
    if (tag[0] != MAT_T_MATRIX) return damaged(e->path, "compressed data that are no array");
    PV_TRY(take_words(e, flags, 4));
    if (flags[0] != MAT_T_UINT32 || flags[1] != TAG) return damaged(e->path, "an array of no type");
    const uint32_t class = flags[2] & 0xff;
    if (class < MAT_C_CHAR || class == MAT_C_SPARSE || class > MAT_C_UINT64)
        return pv_fail(PV_EDATA,
                       "%s: holds a cell, structure, object or sparse array before '%s'; expected "
                       "arrays of numbers",
                       e->path, w->name);
    PV_TRY(take_words(e, shape, 2));
    const uint32_t rank = shape[1] / sizeof *dim;
    if (shape[0] != MAT_T_INT32 || shape[1] % sizeof *dim || rank < 2 || rank > PV_MAT_RANK)
        return damaged(e->path, "an array without dimensions, or with more than 8");
    PV_TRY(take_words(e, dim, padded(shape[1]) / sizeof *dim));
    PV_TRY(take_name(e, name, &used));
    *found = strcmp(name, w->name) == 0;
    if (!*found) return PV_OK;
    PV_TRY(check_kind(e, w, flags[2], rank, dim));
    return check_values(e, w, 3 * TAG + padded(shape[1]) + used, tag[1]);
}

/* ---- the file ---- */

static pv_status check_header(const char *path, int file, uint64_t size)
{
    unsigned char header[HEADER];
    if (size < HEADER)
        return pv_fail(PV_EDATA, "%s: %llu bytes; a MATLAB file has at least %d", path,
                       (unsigned long long)size, HEADER);
    PV_TRY(bytes_at(path, file, 0, header, HEADER));
    if (memcmp(header + VERSION, "\0\2IM", 4) == 0)
        return pv_fail(PV_EDATA, "%s: of MATLAB 7.3 (HDF5); save it with -v7 instead", path);
    if (memcmp(header + VERSION, "\0\1IM", 4) != 0)
        return pv_fail(PV_EDATA, "%s: not a MATLAB 5 file of low byte first", path);
    return PV_OK;
}

static pv_status check_element(element *e, const wanted *w, int *found)
{
    if (e->packed && inflateInit(&e->z) != Z_OK)
        return pv_fail(PV_ENOMEM, "%s: zlib: out of memory", e->path);
    const pv_status status = check_array(e, w, found);
    if (e->packed) inflateEnd(&e->z);
    return status;
}

static pv_status check_file(const char *path, int file, const wanted *w)
{
    struct stat info;
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode))
        return pv_fail(PV_EIO, "%s: not a plain file", path);
    const uint64_t size = (uint64_t)info.st_size;
    PV_TRY(check_header(path, file, size));
    int found = 0;
    for (uint64_t at = HEADER, next; !found; at = next) {
        uint32_t tag[2];
        if (at == size) return pv_fail(PV_EDATA, "%s: holds no array '%s'", path, w->name);
        if (size - at < TAG) return damaged(path, "it ends early");
        PV_TRY(bytes_at(path, file, at, tag, TAG));
        const uint32_t type = le32toh(tag[0]);
        next = at + TAG + le32toh(tag[1]);
        if (next > size) return damaged(path, "it ends early");
        if (type != MAT_T_MATRIX && type != MAT_T_COMPRESSED)
            return damaged(path, "something that is no array");
        const int packed = type == MAT_T_COMPRESSED;
        element e = {.path = path, .file = file, .packed = packed, .end = next};
        e.at = packed ? at + TAG : at;
        PV_TRY(check_element(&e, w, &found));
    }
    return PV_OK;
}

static pv_status read_checked(uint8_t *out, const char *path, const wanted *w)
{
    mat_t *mat = Mat_Open(path, MAT_ACC_RDONLY);
    if (!mat) return pv_fail(PV_EIO, "%s: libmatio cannot open it", path);
    matvar_t *array = Mat_VarRead(mat, w->name);
    const int good = array && array->data && array->class_type == MAT_C_UINT8 &&
                     array->data_size == 1 && array->nbytes == w->bytes;
    if (good) memcpy(out, array->data, w->bytes);
    Mat_VarFree(array);
    Mat_Close(mat);
    return good ? PV_OK : pv_fail(PV_EDATA, "%s: libmatio cannot read '%s'", path, w->name);
}

pv_status pv_mat_read(uint8_t *out, const char *path, const char *name, int rank, const size_t *dim)
{
    wanted w = {name, rank, dim, 1};
    for (int k = 0; k < rank; k++) w.bytes *= dim[k];
    assert(rank >= 2 && rank <= PV_MAT_RANK && w.bytes > 4);
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return pv_fail(PV_EIO, "%s: cannot be read: %s", path, strerror(errno));
    const pv_status status = check_file(path, file, &w);
    close(file);
    return status == PV_OK ? read_checked(out, path, &w) : status;
}
