/* open.c -- a data set from a file into memory, checked in one pass. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "data/image_file.h"
#include "data/layout.h"

/* Images are read by whole rows of chunks, as many as fit; a file whose chunks are larger is read
 * in smaller steps, each of its chunks several times. */
enum { SLAB = 1 << 25, LARGEST_SLAB = 1 << 29 };

static size_t choose_slab(const pv_image_file *f, size_t examples)
{
    size_t chunk = f->images.chunk ? f->images.chunk : 1, rows = SLAB / f->pixels;
    if (chunk > LARGEST_SLAB / f->pixels) chunk = LARGEST_SLAB / f->pixels;
    rows = rows / chunk * chunk;
    if (rows < chunk) rows = chunk;
    return rows < examples ? rows : examples;
}

/* In place of the images that the layout found. */
static pv_status find_unclipped(pv_image_file *f)
{
    static const char name[] = "imgs_unclipped";
    const pv_h5_array clipped = f->images;
    const char *path = pv_h5_path(f->file);
    if (!pv_h5_has(f->file, name))
        return pv_fail(PV_EUSAGE,
                       "%s: holds no '%s', which smallnorb_overshoot=true wants; polarvae data "
                       "import smallnorb writes them",
                       path, name);
    PV_TRY(pv_h5_find(f->file, name, &f->images));
    f->images.type = PV_H5_I16;
    if (f->images.rank != clipped.rank ||
        memcmp(f->images.dim, clipped.dim, (size_t)clipped.rank * sizeof *clipped.dim) != 0)
        return pv_fail(PV_EDATA, "%s: '%s' has another shape than '%s'", path, name, clipped.name);
    return PV_OK;
}

/* What the attribute "pixels" says of single-channel images; without it, the images tell. */
static pv_status read_kind(pv_image_file *f)
{
    static const char name[] = "@pixels";
    char text[16] = "";
    if (!pv_h5_has(f->file, name)) return PV_OK;
    PV_TRY(pv_h5_read(
        f->file, &(pv_h5_array){.name = name, .type = PV_H5_TEXT, .width = sizeof text}, text));
    if (strcmp(text, "0..255") == 0) f->kind = OTHER;
    return PV_OK;
}

static pv_status open_images(pv_image_file *f, pv_data *d, const pv_data_options *o)
{
    PV_TRY(pv_layout_read(d, &f->images, f->file));
    if (o->unclipped) PV_TRY(find_unclipped(f));
    f->pixels = (size_t)d->height * (size_t)d->width * (size_t)d->channels;
    assert(f->pixels % 32 == 0); /* sides are multiples of 16 */
    d->words = f->pixels / 32;
    f->slab_rows = choose_slab(f, d->examples);
    PV_TRY(read_kind(f));
    if (o->unclipped || d->channels > 1) f->kind = OTHER;
    if (f->kind == UNDECIDED)
        PV_TRY(pv_new(&f->slab, f->slab_rows, f->pixels, "images in reading"));
    return PV_OK;
}

/* ---- the pass over the images ---- */

typedef struct {
    pv_data *data;
    pv_image_file *file;
    size_t limit;  /* bytes of images that may be kept */
    void *piece;   /* [slab_rows, image] */
    void *kept;    /* [examples, image], or NULL: they stay in the file, or are not decided */
    size_t passed; /* images that have been hashed */
    pv_hashing sum;
} pass;

static pv_status decide(pass *p)
{
    pv_data *d = p->data;
    const size_t image = pv_image_file_bytes(p->file);
    const int binary = p->file->kind == BINARY, shorts = p->file->images.type == PV_H5_I16;
    const int32_t shape[] = {d->height, d->width, d->channels, d->factors, binary + 2 * shorts};
    pv_hash_begin(&p->sum, pv_hash(PV_HASH_START, shape, sizeof shape));
    if (d->examples > p->limit / image) return PV_OK;
    PV_TRY(pv_new(&p->kept, d->examples, image, "images"));
    if (binary)
        d->bits = p->kept;
    else if (shorts)
        d->shorts = p->kept;
    else
        d->bytes = p->kept;
    return PV_OK;
}

/* Hashes up to `end`, of which the last `rows` are in the piece, and black ones before. */
static void take(pass *p, size_t end, size_t rows)
{
    const size_t image = pv_image_file_bytes(p->file);
    static const uint8_t black[4096];
    for (size_t left = (end - rows - p->passed) * image; left > 0;) {
        const size_t some = left < sizeof black ? left : sizeof black;
        pv_hash_more(&p->sum, black, some);
        left -= some;
    }
    if (rows > 0) pv_hash_more(&p->sum, p->piece, rows * image);
    if (rows > 0 && p->kept) memcpy((char *)p->kept + (end - rows) * image, p->piece, rows * image);
    p->passed = end;
}

static pv_status read_images(pass *p, const pv_progress *progress)
{
    pv_image_file *f = p->file;
    const size_t n = p->data->examples;
    const size_t widest = f->images.type == PV_H5_I16 ? sizeof(int16_t) : 1;
    PV_TRY(pv_new(&p->piece, f->slab_rows, f->pixels * widest, "images in reading"));
    int decided = f->kind != UNDECIDED;
    if (decided) PV_TRY(decide(p));
    for (size_t first = 0; first < n; first += f->slab_rows) {
        const size_t rows = n - first < f->slab_rows ? n - first : f->slab_rows;
        PV_TRY(pv_image_file_read(f, first, rows, p->piece));
        if (!decided && f->kind != UNDECIDED) PV_TRY(decide(p));
        decided = f->kind != UNDECIDED;
        if (decided) take(p, first + rows, rows);
        if (progress) PV_TRY(progress->report(progress->state, first + rows, n));
    }
    if (decided) return PV_OK;
    f->kind = BINARY; /* all black */
    PV_TRY(decide(p));
    take(p, n, 0);
    return PV_OK;
}

static uint64_t checksum(const pv_data *d, uint64_t hash)
{
    const size_t entries = d->examples * (size_t)d->factors;
    hash = pv_hash(hash, d->factor, entries * sizeof *d->factor);
    return pv_hash(hash, d->factor_value, entries * sizeof *d->factor_value);
}

/* ---- opening and closing ---- */

static void close_file(pv_image_file *f)
{
    if (!f) return;
    pthread_mutex_destroy(&f->lock);
    free(f->slab);
    pv_h5_close(f->file);
    free(f);
}

pv_status pv_data_open_with(pv_data *out, const char *path, const pv_data_options *options,
                            const pv_progress *progress)
{
    const pv_data_options none = {0}, *o = options ? options : &none;
    pass p = {.data = out, .limit = o->memory ? o->memory : SIZE_MAX};
    *out = (pv_data){0};
    PV_TRY(pv_new(&p.file, 1, sizeof *p.file, "a data set"));
    pthread_mutex_init(&p.file->lock, NULL);
    pv_status status = pv_h5_open(&p.file->file, path);
    if (status == PV_OK) status = open_images(p.file, out, o);
    if (status == PV_OK) status = read_images(&p, progress);
    if (status == PV_OK) out->checksum = checksum(out, pv_hash_end(&p.sum));
    free(p.piece);
    if (status == PV_OK && !p.kept)
        out->file = p.file;
    else
        close_file(p.file);
    if (status != PV_OK) pv_data_close(out);
    return status;
}

pv_status pv_data_open(pv_data *out, const char *path, const pv_progress *progress)
{
    return pv_data_open_with(out, path, NULL, progress);
}

void pv_data_close(pv_data *data)
{
    free(data->factor);
    free(data->factor_value);
    free(data->bits);
    free(data->bytes);
    free(data->shorts);
    free(data->background);
    close_file(data->file);
    *data = (pv_data){0};
}

/* ---- images ---- */

pv_image_form pv_data_form(const pv_data *d)
{
    if (!d->file) return d->bits ? PV_BITS : d->shorts ? PV_SHORTS : PV_BYTES;
    if (d->file->images.type == PV_H5_I16) return PV_SHORTS;
    return d->file->kind == BINARY ? PV_BITS : PV_BYTES;
}

size_t pv_data_image_bytes(const pv_data *d)
{
    const size_t numbers = (size_t)d->height * (size_t)d->width * (size_t)d->channels;
    const pv_image_form form = pv_data_form(d);
    return form == PV_BITS ? d->words * sizeof *d->bits : form == PV_SHORTS ? 2 * numbers : numbers;
}

const void *pv_data_images(const pv_data *d)
{
    return d->bits ? (const void *)d->bits : d->shorts ? (const void *)d->shorts : d->bytes;
}

int pv_data_in_memory(const pv_data *d) { return !d->file; }

size_t pv_data_chunk(const pv_data *d)
{
    enum { IN_MEMORY = 256 };
    const size_t chunk = d->file ? d->file->images.chunk : IN_MEMORY;
    return chunk ? chunk : 1;
}

pv_status pv_data_rows(const pv_data *d, size_t first, size_t rows, void *out)
{
    const size_t image = pv_data_image_bytes(d);
    if (!d->file) {
        memcpy(out, (const char *)pv_data_images(d) + first * image, rows * image);
        return PV_OK;
    }
    pv_image_file *f = d->file;
    pv_status status = PV_OK;
    pthread_mutex_lock(&f->lock);
    for (size_t at = 0; at < rows && status == PV_OK; at += f->slab_rows) {
        const size_t some = rows - at < f->slab_rows ? rows - at : f->slab_rows;
        status = pv_image_file_read(f, first + at, some, (char *)out + at * image);
    }
    pthread_mutex_unlock(&f->lock);
    return status;
}
