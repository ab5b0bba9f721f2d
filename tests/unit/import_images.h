/* import_images.h -- opening a user's own images, and all that comes out; included after cmocka.h.
 */
#ifndef TESTS_IMPORT_IMAGES_H
#define TESTS_IMPORT_IMAGES_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "import/public.h"

#include "scratch.h"

#define GOLDEN PV_SOURCE_DIR "/tests/golden/import/images/"

static pv_status open_images(pv_public *out, const char *source, const char *factors, int side)
{
    const pv_import_options options = {.factors = factors, .side = side};
    *out = (pv_public){.kind = "images"};
    return pv_open_images(out, source, &options);
}

static void close_images(pv_public *p)
{
    p->close(p->state);
    pv_data_close(&p->table);
}

static size_t image_bytes(const pv_public *p)
{
    return (size_t)p->table.height * (size_t)p->table.width * (size_t)p->table.channels;
}

/* All images, `step` at a time; to be freed where that went well. */
static pv_status read_images(const pv_public *p, size_t step, uint8_t **out)
{
    const size_t n = p->table.examples, bytes = image_bytes(p);
    pv_status status = pv_new(out, n, bytes, "images");
    for (size_t first = 0; status == PV_OK && first < n; first += step)
        status =
            p->images(p->state, first, n - first < step ? n - first : step, *out + first * bytes);
    if (status != PV_OK) free(*out);
    return status;
}

static void write_file(const char *where, const void *bytes, size_t size)
{
    const int file = open(where, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), (ssize_t)size);
    close(file);
}

#endif
