/* images.c -- a user's own images: a folder with a CSV of factors, or an .npz. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/numpy.h"
#include "import/images.h"

enum { SIDE = 64, STEP = 16, LARGEST_SIDE = 4096 };

static int is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int is_numpy(const char *path)
{
    unsigned char mark[PV_NUMPY_MARK] = {0};
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return 0;
    const int found = pread(file, mark, sizeof mark, 0) == sizeof mark && pv_numpy_begins(mark);
    close(file);
    return found;
}

static pv_status open_source(pv_public *out, const char *source, const pv_import_options *options)
{
    const int side = options->side ? options->side : SIDE;
    if (side < STEP || side > LARGEST_SIDE || side % STEP != 0)
        return pv_fail(PV_EUSAGE, "side=%d: must be a multiple of %d, %d to %d", side, STEP, STEP,
                       LARGEST_SIDE);
    if (is_folder(source)) return pv_images_open_folder(out, source, options->factors, side);
    if (!pv_file_exists(source)) return pv_fail(PV_EIO, "%s: there is no such file", source);
    if (!is_numpy(source))
        return pv_fail(PV_EDATA, "%s: is neither a folder of images with a factors.csv nor an .npz",
                       source);
    if (options->factors)
        return pv_fail(PV_EUSAGE, "%s: an .npz holds its factors itself; %s cannot be used", source,
                       options->factors);
    return pv_images_open_npz(out, source, side);
}

pv_status pv_open_images(pv_public *out, const char *source, const pv_import_options *options)
{
    out->title = "images with factors";
    pv_status status = open_source(out, source, options);
    if (status == PV_OK) return PV_OK;
    if (out->close) out->close(out->state);
    out->close = NULL;
    pv_data_close(&out->table);
    return status;
}
