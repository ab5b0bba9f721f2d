/* image_file.c -- the images of a data set file, read in pieces into the form they have in memory.
 */
#include "data/image_file.h"

#include <string.h>

#include "base/base.h"

/* Ors all bytes: 0 for a black image, 1 for a binary one. */
static uint8_t any_bits(const uint8_t *image, size_t pixels)
{
    uint64_t all = 0, word;
    for (size_t i = 0; i < pixels; i += sizeof word) {
        memcpy(&word, image + i, sizeof word);
        all |= word;
    }
    all |= all >> 32;
    all |= all >> 16;
    all |= all >> 8;
    return (uint8_t)all;
}

/* 8 bytes of 0 or 1 become 8 bits: the product moves byte i to bit 56 + i. */
static void pack(uint32_t *bits, const uint8_t *image, size_t pixels)
{
    for (size_t w = 0; w < pixels / 32; w++) {
        uint32_t word = 0;
        for (int b = 0; b < 4; b++) {
            uint64_t eight;
            memcpy(&eight, image + w * 32 + (size_t)b * 8, sizeof eight);
            word |= (uint32_t)(eight * UINT64_C(0x0102040810204080) >> 56) << (8 * b);
        }
        bits[w] = word;
    }
}

static pv_status refuse_mixture(const pv_image_file *f, size_t i, const uint8_t *image)
{
    const char *path = pv_h5_path(f->file), *name = f->images.name;
    size_t at = 0, width = f->images.dim[2];
    if (f->kind == OTHER)
        return pv_fail(PV_EDATA,
                       "%s: '%s' image %zu holds only 0 and 1, but image %zu holds other values; "
                       "either all images are binary or all are in 0..255",
                       path, name, i, f->decided);
    while (image[at] <= 1) at++;
    return pv_fail(PV_EDATA,
                   "%s: '%s' image %zu row %zu column %zu is %d, but image %zu holds only 0 and 1; "
                   "either all images are binary or all are in 0..255",
                   path, name, i, at / width, at % width, image[at], f->decided);
}

size_t pv_image_file_bytes(const pv_image_file *f)
{
    if (f->images.type == PV_H5_I16) return f->pixels * sizeof(int16_t);
    return f->kind == BINARY ? f->pixels / 8 : f->pixels;
}

/* The first image that is not black decides what the others must be. */
static pv_status take_slab(pv_image_file *f, size_t first, size_t rows, void *out)
{
    for (size_t i = 0; i < rows; i++) {
        const uint8_t *image = (const uint8_t *)f->slab + i * f->pixels;
        const uint8_t any = any_bits(image, f->pixels);
        if (any != 0 && f->kind == UNDECIDED) {
            f->kind = any == 1 ? BINARY : OTHER;
            f->decided = first + i;
            memset(out, 0, i * pv_image_file_bytes(f));
        }
        if (any != 0 && (f->kind == BINARY) != (any == 1))
            return refuse_mixture(f, first + i, image);
        if (f->kind == BINARY)
            pack((uint32_t *)out + i * (f->pixels / 32), image, f->pixels);
        else if (f->kind == OTHER)
            memcpy((uint8_t *)out + i * f->pixels, image, f->pixels);
    }
    return PV_OK;
}

pv_status pv_image_file_read(pv_image_file *f, size_t first, size_t rows, void *out)
{
    void *to = f->slab ? f->slab : out;
    PV_TRY(pv_h5_read_rows(f->file, &f->images, first, rows, to));
    return f->slab ? take_slab(f, first, rows, out) : PV_OK;
}
