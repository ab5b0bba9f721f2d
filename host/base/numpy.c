/* numpy.c -- .npy and .npz files: what they are, and opening them. */
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
