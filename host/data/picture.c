/* picture.c -- opens a picture, tells PNG from JPEG, and checks what it claims. */
#include "data/picture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "data/picture_inside.h"

enum { LONGEST_SIDE = 16384, MARK = 8 };

pv_status pv_picture_make(pv_picture_file *out, const pv_picture_input *in, uint32_t width,
                          uint32_t height, int bytes, uint64_t most)
{
    if (width == 0 || height == 0 || width > LONGEST_SIDE || height > LONGEST_SIDE)
        return pv_fail(PV_EDATA,
                       "%s: a picture of %" PRIu32 " x %" PRIu32
                       " pixels; sides of 1 to %d are possible",
                       in->path, width, height, LONGEST_SIDE);
    const uint64_t pixels = (uint64_t)width * height;
    if (pixels > most)
        return pv_fail(PV_EDATA,
                       "%s: truncated or forged: %" PRIu64 " bytes cannot hold %" PRIu32
                       " x %" PRIu32 " pixels",
                       in->path, in->size, width, height);
    out->width = (int)width;
    out->height = (int)height;
    if (in->look) return PV_OK;
    return pv_new(&out->pixels, (size_t)pixels, (size_t)bytes, "a picture");
}

/* A pipe or a device would not end. */
static pv_status start(pv_picture_input *in)
{
    struct stat info;
    int descriptor = open(in->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor >= 0 && fstat(descriptor, &info) == 0) {
        if (!S_ISREG(info.st_mode)) {
            close(descriptor);
            return pv_fail(PV_EIO, "%s: is no file; expected a PNG or JPEG picture", in->path);
        }
        in->size = (uint64_t)info.st_size;
        in->file = fdopen(descriptor, "rb");
        if (in->file) return PV_OK;
    }
    const int why = errno;
    if (descriptor >= 0) close(descriptor);
    return pv_fail(PV_EIO, "%s: cannot be read: %s", in->path, strerror(why));
}

static pv_status read_picture(pv_picture_file *out, const pv_picture_input *in)
{
    unsigned char mark[MARK] = {0};
    const size_t got = fread(mark, 1, sizeof mark, in->file);
    if (ferror(in->file) || fseek(in->file, 0, SEEK_SET) != 0)
        return pv_fail(PV_EIO, "%s: cannot be read: %s", in->path, strerror(errno));
    if (got == MARK && memcmp(mark, "\x89PNG\r\n\x1a\n", MARK) == 0) return pv_picture_png(out, in);
    if (got == MARK && memcmp(mark, "\xff\xd8\xff", 3) == 0) return pv_picture_jpeg(out, in);
    return pv_fail(PV_EDATA, "%s: is neither a PNG nor a JPEG file", in->path);
}

static pv_status open_picture(pv_picture_file *out, pv_picture_input in)
{
    *out = (pv_picture_file){.pixels = NULL};
    PV_TRY(start(&in));
    pv_status status = read_picture(out, &in);
    fclose(in.file);
    if (status != PV_OK) pv_picture_free(out);
    return status;
}

pv_status pv_picture_read(pv_picture_file *out, const char *path, int colour)
{
    return open_picture(out, (pv_picture_input){.path = path, .colour = colour});
}

pv_status pv_picture_look(pv_picture_file *out, const char *path)
{
    return open_picture(out, (pv_picture_input){.path = path, .look = 1});
}

void pv_picture_free(pv_picture_file *picture)
{
    free(picture->pixels);
    *picture = (pv_picture_file){.pixels = NULL};
}
