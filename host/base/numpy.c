/* numpy.c -- .npy and .npz files: opening them, finding and reading their arrays. */
#include "base/numpy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/numpy_inside.h"

static int is_zip(const unsigned char *start)
{
    return memcmp(start, "PK\3\4", 4) == 0 || memcmp(start, "PK\5\6", 4) == 0; /* \5\6: empty */
}

int pv_numpy_begins(const unsigned char start[static PV_NUMPY_MARK])
{
    return is_zip(start) || memcmp(start, PV_NUMPY_NPY, PV_NUMPY_MARK) == 0;
}

/* ---- opening ---- */

static pv_status open_archive(pv_numpy *file, int descriptor)
{
    int why = 0;
    zip_error_t error;
    file->archive = zip_fdopen(descriptor, 0, &why);
    if (file->archive) return PV_OK;
    close(descriptor);
    zip_error_init_with_code(&error, why);
    pv_status status = pv_fail(PV_EDATA, "%s: truncated or damaged .npz file: %s", file->path,
                               zip_error_strerror(&error));
    zip_error_fini(&error);
    return status;
}

static pv_status open_plain(pv_numpy *file, int descriptor)
{
    if (!file->alone) {
        close(descriptor);
        return pv_fail(PV_EDATA, "%s: is a .npy file, of one array; expected an .npz", file->path);
    }
    file->plain = fdopen(descriptor, "rb");
    if (file->plain) return PV_OK;
    close(descriptor);
    return pv_fail(PV_EIO, "%s: cannot be read: %s", file->path, strerror(errno));
}

static pv_status start(pv_numpy *file)
{
    unsigned char first[PV_NUMPY_MARK] = {0};
    struct stat info;
    /* A pipe would wait for its writer. */
    int descriptor = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 || fstat(descriptor, &info) != 0) {
        int why = errno;
        if (descriptor >= 0) close(descriptor);
        return pv_fail(PV_EIO, "%s: cannot be opened: %s", file->path, strerror(why));
    }
    if (S_ISREG(info.st_mode) && pread(descriptor, first, sizeof first, 0) == sizeof first &&
        pv_numpy_begins(first)) {
        file->size = (uint64_t)info.st_size;
        if (!is_zip(first)) return open_plain(file, descriptor);
        file->alone = NULL;
        return open_archive(file, descriptor);
    }
    close(descriptor);
    return pv_fail(PV_EDATA, "%s: is not a .npy or .npz file of NumPy", file->path);
}

pv_status pv_numpy_open(pv_numpy **out, const char *path, const char *alone)
{
    *out = NULL;
    if (strlen(path) >= sizeof(*out)->path)
        return pv_fail(PV_EUSAGE, "%.80s...: path too long", path);
    PV_TRY(pv_new(out, 1, sizeof **out, "an open file"));
    strcpy((*out)->path, path);
    (*out)->alone = alone;
    pv_status status = start(*out);
    if (status == PV_OK) return PV_OK;
    pv_numpy_close(*out);
    *out = NULL;
    return status;
}

void pv_numpy_close(pv_numpy *file)
{
    if (!file) return;
    if (file->plain) fclose(file->plain);
    if (file->archive) zip_discard(file->archive);
    free(file);
}

int pv_numpy_has(pv_numpy *file, const char *name)
{
    zip_uint64_t index;
    return file->archive ? pv_numpy_entries(file, name, &index) > 0
                         : strcmp(name, file->alone) == 0;
}

/* ---- finding and reading ---- */

pv_status pv_numpy_find(pv_numpy *file, const char *name, pv_numpy_array *out)
{
    pv_numpy_stream s;
    pv_numpy_header h;
    PV_TRY(pv_numpy_begin(&s, file, name, &h));
    pv_numpy_end(&s);
    *out = pv_numpy_described(&h, name);
    return PV_OK;
}

static int same(const pv_numpy_array *found, const pv_numpy_array *array)
{
    int same = found->kind == (array->kind == PV_NUMPY_DOUBLE ? PV_NUMPY_REAL : array->kind) &&
               found->rank == array->rank;
    for (int i = 0; same && i < found->rank; i++) same = found->dim[i] == array->dim[i];
    return same;
}

static pv_status read_all(pv_numpy_stream *s, const pv_numpy_header *h, const pv_numpy_array *array,
                          void *out)
{
    enum { BLOCK = 1 << 16 };
    unsigned char block[BLOCK];
    const size_t most = BLOCK / h->size;
    pv_numpy_array found = pv_numpy_described(h, array->name);
    pv_numpy_text is, expected;
    pv_status fit = PV_OK;
    if (!same(&found, array))
        return pv_fail(PV_EDATA, "%s is %s; expected %s", s->label, pv_numpy_header_text(is, h),
                       pv_numpy_array_text(expected, array));
    for (uint64_t first = 0; first < h->elements;) {
        const uint64_t left = h->elements - first;
        const size_t count = left < most ? (size_t)left : most;
        PV_TRY(pv_numpy_take(s, block, count * h->size));
        if (fit == PV_OK) fit = pv_numpy_convert(h, array, block, first, count, out, s->label);
        first += count;
    }
    PV_TRY(pv_numpy_finish(s)); /* values that do not fit may be damaged ones */
    return fit;
}

pv_status pv_numpy_read(pv_numpy *file, const pv_numpy_array *array, void *out)
{
    pv_numpy_stream s;
    pv_numpy_header h;
    PV_TRY(pv_numpy_begin(&s, file, array->name, &h));
    pv_status status = read_all(&s, &h, array, out);
    pv_numpy_end(&s);
    return status;
}
