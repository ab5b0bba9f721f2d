/* hdf5_image.c -- an HDF5 file in memory, from its first byte until it is closed.
 *
 * The library does not survive a failed write: a file that met a full disk can never be closed,
 * and its exit handler tries for ever. So its writes go where they cannot fail, its "core" driver,
 * and the bytes that this driver would free when the file is closed are ours to write. */
#include "base/hdf5_image.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INCREMENT = 1 << 16 };

static void *grow(void *bytes, size_t size, H5FD_file_image_op_t op, void *image)
{
    (void)op;
    pv_h5_image *kept = image;
    void *more = realloc(bytes, size);
    if (more) *kept = (pv_h5_image){more, size};
    return more;
}

static void *start(size_t size, H5FD_file_image_op_t op, void *image)
{
    return grow(NULL, size, op, image);
}

static void *copy(void *to, const void *from, size_t size, H5FD_file_image_op_t op, void *image)
{
    (void)op, (void)image;
    return memcpy(to, from, size);
}

static herr_t keep(void *bytes, H5FD_file_image_op_t op, void *image)
{
    (void)bytes, (void)op, (void)image;
    return 0;
}

static void *share(void *image) { return image; }
static herr_t leave(void *image)
{
    (void)image;
    return 0;
}

herr_t pv_h5_image_keep(hid_t access, pv_h5_image *image)
{
    H5FD_file_image_callbacks_t calls = {.image_malloc = start,
                                         .image_memcpy = copy,
                                         .image_realloc = grow,
                                         .image_free = keep,
                                         .udata_copy = share,
                                         .udata_free = leave,
                                         .udata = image};
    herr_t core = H5Pset_fapl_core(access, INCREMENT, 0);
    return core < 0 ? core : H5Pset_file_image_callbacks(access, &calls);
}

/* The driver's buffer grows in steps; how much of it is the file, the file itself says: byte 28 of
 * a superblock of version 2 or 3 is its end, in 8 bytes, the lowest first. */
static size_t file_size(const pv_h5_image *image)
{
    uint64_t end = 0;
    for (int i = 0; i < 8; i++) end |= (uint64_t)(unsigned char)image->bytes[28 + i] << 8 * i;
    assert(image->bytes[8] >= 2 && end <= image->size);
    return (size_t)end;
}

pv_status pv_h5_image_write(const pv_h5_image *image, int descriptor, const char *path)
{
    size_t size = file_size(image);
    for (size_t done = 0; done < size;) {
        ssize_t n = write(descriptor, image->bytes + done, size - done);
        if (n < 0 && errno != EINTR)
            return pv_fail(PV_EIO, "%s: cannot be written: %s", path, strerror(errno));
        if (n > 0) done += (size_t)n;
    }
    return PV_OK;
}
