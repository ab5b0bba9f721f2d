/* norb_matrix.c -- the binary files of NORB: a matrix each, checked and read by position. */
#include "import/norb_matrix.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { FIRST = 2, LEAST_DIMS = 3, BUFFER = 1 << 16 };

static const struct {
    uint32_t magic;
    size_t bytes;
    const char *text;
} types[] = {
#define X(name, magic, bytes, text) {magic, bytes, text},
    PV_NORB_TYPES(X)
#undef X
};

static int dims_of(int rank) { return rank < LEAST_DIMS ? LEAST_DIMS : rank; }

static uint64_t header_bytes(const pv_norb_shape *s)
{
    return (uint64_t)(FIRST + dims_of(s->rank)) * sizeof(int32_t);
}

static uint64_t row_bytes(const pv_norb_shape *s)
{
    uint64_t bytes = types[s->type].bytes;
    for (int i = 1; i < s->rank; i++) bytes *= (uint64_t)s->dim[i];
    return bytes;
}

static pv_status fail_read(const char *path)
{
    return pv_fail(PV_EIO, "%s: cannot be read: %s", path, strerror(errno));
}

/* ---- what is packed ---- */

static pv_status write_all(int file, const char *bytes, size_t size, const char *path)
{
    while (size > 0) {
        const ssize_t n = write(file, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0)
            return pv_fail(PV_EIO, "%s: cannot be unpacked into a file in $TMPDIR: %s", path,
                           strerror(errno));
        bytes += n;
        size -= (size_t)n;
    }
    return PV_OK;
}

static pv_status unpack_into(int to, gzFile from, uint64_t most, const char *path)
{
    static const char damaged[] = "%s: a damaged gzip file: %s";
    char bytes[BUFFER];
    int n, rc;
    uint64_t done = 0;
    while ((n = gzread(from, bytes, sizeof bytes)) > 0) {
        if (gzdirect(from)) return pv_fail(PV_EDATA, damaged, path, "it is not packed by gzip");
        done += (uint64_t)n;
        if (done > most)
            return pv_fail(PV_EDATA, "%s: unpacks to more than %llu bytes", path,
                           (unsigned long long)most);
        PV_TRY(write_all(to, bytes, (size_t)n, path));
    }
    const char *what = gzerror(from, &rc);
    if (rc == Z_OK) return PV_OK;
    if (rc == Z_ERRNO) return fail_read(path);
    return pv_fail(PV_EDATA, damaged, path, rc == Z_BUF_ERROR ? "it ends early" : what);
}

/* A file without a name that is gone when it is closed, or -1. */
static int nameless_file(void)
{
    const char *place = getenv("TMPDIR");
    char name[PV_NORB_PATH];
    snprintf(name, sizeof name, "%s/polarvae-XXXXXX", place && *place ? place : "/tmp");
    const int file = mkostemp(name, O_CLOEXEC);
    if (file >= 0) unlink(name);
    return file;
}

static pv_status unpack(pv_norb_matrix *m, uint64_t most)
{
    const int packed = m->file;
    m->file = nameless_file();
    if (m->file < 0) {
        close(packed);
        return pv_fail(PV_EIO, "%s: cannot be unpacked into a file in $TMPDIR: %s", m->path,
                       strerror(errno));
    }
    gzFile from = gzdopen(packed, "rb");
    if (!from) {
        close(packed);
        return pv_fail(PV_ENOMEM, "%s: zlib: out of memory", m->path);
    }
    const pv_status status = unpack_into(m->file, from, most, m->path);
    gzclose_r(from);
    return status;
}

/* ---- a file ---- */

static pv_status open_file(pv_norb_matrix *m, const char *path, uint64_t most)
{
    static const char *const ends[] = {"", ".gz"};
    struct stat info;
    for (int packed = 0; packed < 2 && m->file < 0; packed++) {
        const int length = snprintf(m->path, sizeof m->path, "%s%s", path, ends[packed]);
        if (length >= (int)sizeof m->path) return pv_fail(PV_EIO, "%.80s...: path too long", path);
        m->file = open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (m->file < 0 && errno != ENOENT) return fail_read(m->path);
        if (m->file < 0) continue;
        if (fstat(m->file, &info) != 0 || !S_ISREG(info.st_mode))
            return pv_fail(PV_EIO, "%s: not a plain file", m->path);
        if (packed) PV_TRY(unpack(m, most));
    }
    if (m->file < 0) return pv_fail(PV_EIO, "%s: not there, nor with .gz", path);
    if (fstat(m->file, &info) != 0) return fail_read(m->path);
    m->size = (uint64_t)info.st_size;
    return PV_OK;
}

static pv_status check_header(pv_norb_matrix *m, const pv_norb_shape *s)
{
    int32_t head[FIRST + PV_NORB_RANK];
    m->values = 0;
    if (m->size < header_bytes(s)) return pv_fail(PV_EDATA, "%s: ends in its header", m->path);
    PV_TRY(pv_norb_read(m, 0, head, header_bytes(s)));
    for (int i = 0; i < FIRST + s->rank; i++) head[i] = (int32_t)le32toh((uint32_t)head[i]);
    if ((uint32_t)head[0] != types[s->type].magic || head[1] != s->rank)
        return pv_fail(PV_EDATA,
                       "%s: begins with %08x and %d dimensions; expected %08x (%s) and %d", m->path,
                       (unsigned)head[0], (int)head[1], (unsigned)types[s->type].magic,
                       types[s->type].text, s->rank);
    const int32_t *dim = head + FIRST;
    if (dim[0] < 1 || dim[0] > s->dim[0])
        return pv_fail(PV_EDATA, "%s: %d rows; expected 1 to %d", m->path, (int)dim[0], s->dim[0]);
    for (int i = 1; i < s->rank; i++)
        if (dim[i] != s->dim[i])
            return pv_fail(PV_EDATA, "%s: dimension %d is %d; expected %d", m->path, i, (int)dim[i],
                           s->dim[i]);
    m->values = header_bytes(s);
    m->rows = (size_t)dim[0];
    const uint64_t want = m->values + m->rows * row_bytes(s);
    if (m->size == want) return PV_OK;
    return pv_fail(PV_EDATA, "%s: %llu bytes; expected %llu, for %zu rows", m->path,
                   (unsigned long long)m->size, (unsigned long long)want, m->rows);
}

pv_status pv_norb_open(pv_norb_matrix *out, const char *path, const pv_norb_shape *shape)
{
    out->file = -1;
    const uint64_t most = header_bytes(shape) + (uint64_t)shape->dim[0] * row_bytes(shape);
    pv_status status = open_file(out, path, most);
    if (status == PV_OK) status = check_header(out, shape);
    if (status != PV_OK) pv_norb_close(out);
    return status;
}

pv_status pv_norb_read(const pv_norb_matrix *m, uint64_t at, void *out, size_t size)
{
    char *to = out;
    for (at += m->values; size > 0;) {
        const ssize_t n = pread(m->file, to, size, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_read(m->path);
        if (n == 0) return pv_fail(PV_EDATA, "%s: ends early", m->path);
        to += n;
        at += (size_t)n;
        size -= (size_t)n;
    }
    return PV_OK;
}

void pv_norb_close(pv_norb_matrix *m)
{
    if (m->file >= 0) close(m->file);
    m->file = -1;
}
