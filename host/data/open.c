/* open.c -- a data set from a file into memory: images as bits or bytes, in one pass. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "data/layout.h"

/* Images are read by whole rows of chunks, as many as fit; a file whose chunks are larger is read
 * in smaller steps, each of its chunks several times. */
enum { SLAB = 1 << 25, LARGEST_SLAB = 1 << 29 };

typedef struct {
    pv_data *data;
    pv_h5 *file;
    pv_h5_array images;
    size_t pixels; /* an image's bytes, of all channels */
    uint8_t *slab; /* [slab_rows, pixels] */
    size_t slab_rows;
    enum { UNDECIDED, BINARY, GREY } kind; /* of single-channel images */
    size_t decided;                        /* the image that decided it */
} reader;

static size_t choose_slab(const reader *r)
{
    size_t chunk = r->images.chunk ? r->images.chunk : 1, rows = SLAB / r->pixels;
    if (chunk > LARGEST_SLAB / r->pixels) chunk = LARGEST_SLAB / r->pixels;
    rows = rows / chunk * chunk;
    if (rows < chunk) rows = chunk;
    return rows < r->data->examples ? rows : r->data->examples;
}

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

static pv_status refuse_mixture(const reader *r, size_t i, const uint8_t *image)
{
    const char *path = pv_h5_path(r->file), *name = r->images.name;
    size_t at = 0, width = (size_t)r->data->width;
    if (r->kind == GREY)
        return pv_fail(PV_EDATA,
                       "%s: '%s' image %zu holds only 0 and 1, but image %zu holds other values; "
                       "either all images are binary or all are in 0..255",
                       path, name, i, r->decided);
    while (image[at] <= 1) at++;
    return pv_fail(PV_EDATA,
                   "%s: '%s' image %zu row %zu column %zu is %d, but image %zu holds only 0 and 1; "
                   "either all images are binary or all are in 0..255",
                   path, name, i, at / width, at % width, image[at], r->decided);
}

/* The first image that is not black decides what the others must be, and where they go. */
static pv_status decide(reader *r, size_t i, int binary)
{
    pv_data *d = r->data;
    r->kind = binary ? BINARY : GREY;
    r->decided = i;
    if (binary) return pv_new(&d->bits, d->examples, d->words * sizeof *d->bits, "binary images");
    return pv_new(&d->bytes, d->examples, r->pixels, "images");
}

static pv_status take_slab(reader *r, size_t first, size_t rows)
{
    pv_data *d = r->data;
    for (size_t i = first; i < first + rows; i++) {
        const uint8_t *image = r->slab + (i - first) * r->pixels;
        uint8_t any = any_bits(image, r->pixels);
        if (any == 0) continue;
        if (r->kind == UNDECIDED) PV_TRY(decide(r, i, any == 1));
        if ((r->kind == BINARY) != (any == 1)) return refuse_mixture(r, i, image);
        if (r->kind == BINARY)
            pack(d->bits + i * d->words, image, r->pixels);
        else
            memcpy(d->bytes + i * r->pixels, image, r->pixels);
    }
    return PV_OK;
}

static pv_status read_images(reader *r, const pv_progress *progress)
{
    pv_data *d = r->data;
    size_t n = d->examples;
    if (d->channels > 1)
        PV_TRY(pv_new(&d->bytes, n, r->pixels, "images"));
    else
        PV_TRY(pv_new(&r->slab, r->slab_rows, r->pixels, "images in reading"));
    for (size_t first = 0; first < n; first += r->slab_rows) {
        size_t rows = n - first < r->slab_rows ? n - first : r->slab_rows;
        uint8_t *to = r->slab ? r->slab : d->bytes + first * r->pixels;
        PV_TRY(pv_h5_read_rows(r->file, &r->images, first, rows, to));
        if (r->slab) PV_TRY(take_slab(r, first, rows));
        if (progress) PV_TRY(progress->report(progress->state, first + rows, n));
    }
    return r->slab && r->kind == UNDECIDED ? decide(r, 0, 1) : PV_OK; /* all black */
}

static uint64_t checksum(const pv_data *d, size_t pixels)
{
    size_t n = d->examples, entries = n * (size_t)d->factors;
    int32_t shape[] = {d->height, d->width, d->channels, d->factors, d->bits != NULL};
    uint64_t hash = pv_hash(PV_HASH_START, shape, sizeof shape);
    hash = d->bits ? pv_hash(hash, d->bits, n * d->words * sizeof *d->bits)
                   : pv_hash(hash, d->bytes, n * pixels);
    hash = pv_hash(hash, d->factor, entries * sizeof *d->factor);
    return pv_hash(hash, d->factor_value, entries * sizeof *d->factor_value);
}

pv_status pv_data_open(pv_data *out, const char *path, const pv_progress *progress)
{
    reader r = {.data = out};
    *out = (pv_data){0};
    PV_TRY(pv_h5_open(&r.file, path));
    pv_status status = pv_layout_read(out, &r.images, r.file);
    if (status != PV_OK) goto out;
    r.pixels = (size_t)out->height * (size_t)out->width * (size_t)out->channels;
    assert(r.pixels % 32 == 0); /* sides are multiples of 16 */
    out->words = r.pixels / 32;
    r.slab_rows = choose_slab(&r);
    status = read_images(&r, progress);
    if (status == PV_OK) out->checksum = checksum(out, r.pixels);
out:
    free(r.slab);
    pv_h5_close(r.file);
    if (status != PV_OK) pv_data_close(out);
    return status;
}

void pv_data_close(pv_data *data)
{
    free(data->factor);
    free(data->factor_value);
    free(data->bits);
    free(data->bytes);
    *data = (pv_data){0};
}
