/* write.c -- a data set file in the dSprites layout, compressed by several threads. */
#include "data/write.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/base.h"
#include "base/hdf5.h"
#include "polarvae/device.h"

enum {
    IMAGE_CHUNK = 1 << 20, /* bytes, the library's chunk cache: one image is read without waste */
    TABLE_CHUNK = 16384,   /* rows */
    LEVEL = 4,             /* of zlib */
    MAX_THREADS = 256
};

/* ---- one array, chunk by chunk ---- */

/* Chunks are taken, and written, in order, so that the file does not depend on the threads. */
typedef struct work work;
struct work {
    pv_h5 *file;
    const pv_data_contents *contents;
    pv_h5_array array;
    size_t row_size;
    pv_status (*fill)(const work *, size_t first, size_t rows, void *out);
    int in_order;
    const pv_progress *progress;

    pthread_mutex_t lock, source; /* source: held while rows are read that must be in order */
    pthread_cond_t written;
    size_t taken, done; /* rows */
    uint8_t bits;       /* all bytes that were read, ored */
    pv_status status;   /* of the first failure, and its text: errors belong to a thread */
    char error[1024];
};

static pv_status fill_images(const work *w, size_t first, size_t rows, void *out)
{
    return w->contents->images(w->contents->state, first, rows, out);
}

static pv_status fill_unclipped(const work *w, size_t first, size_t rows, void *out)
{
    return w->contents->unclipped(w->contents->state, first, rows, out);
}

static pv_status fill_classes(const work *w, size_t first, size_t rows, void *out)
{
    const size_t k = w->array.dim[1];
    int64_t *class = out;
    for (size_t i = 0; i < rows * k; i++) class[i] = w->contents->table->factor[first * k + i];
    return PV_OK;
}

static pv_status fill_values(const work *w, size_t first, size_t rows, void *out)
{
    const size_t k = w->array.dim[1];
    memcpy(out, w->contents->table->factor_value + first * k, rows * k * sizeof(double));
    return PV_OK;
}

static void stop(work *w, pv_status status)
{
    pthread_mutex_lock(&w->lock);
    if (w->status == PV_OK) {
        w->status = status;
        snprintf(w->error, sizeof w->error, "%s", pv_error());
    }
    pthread_cond_broadcast(&w->written);
    pthread_mutex_unlock(&w->lock);
}

static uint8_t any_bits(const uint8_t *bytes, size_t size)
{
    uint8_t all = 0;
    for (size_t i = 0; i < size; i++) all |= bytes[i];
    return all;
}

/* The next chunk, and its rows; dim[0] if there is none. */
static size_t take_chunk(work *w, void *plain, size_t *count)
{
    const size_t all = w->array.dim[0];
    if (w->in_order) pthread_mutex_lock(&w->source);
    pthread_mutex_lock(&w->lock);
    size_t first = w->status == PV_OK ? w->taken : all;
    w->taken += w->array.chunk;
    pthread_mutex_unlock(&w->lock);
    if (first < all) {
        *count = all - first < w->array.chunk ? all - first : w->array.chunk;
        const pv_status status = w->fill(w, first, *count, plain);
        const uint8_t bits = any_bits(plain, *count * w->row_size);
        pthread_mutex_lock(&w->lock);
        w->bits |= bits;
        pthread_mutex_unlock(&w->lock);
        if (status != PV_OK) {
            stop(w, status);
            first = all;
        }
    }
    if (w->in_order) pthread_mutex_unlock(&w->source);
    return first < all ? first : all;
}

/* Waits for the chunks before, then writes this one. */
static void write_chunk(work *w, size_t first, const void *zlib, size_t size)
{
    pv_status status = PV_OK;
    pthread_mutex_lock(&w->lock);
    while (w->done != first && w->status == PV_OK) pthread_cond_wait(&w->written, &w->lock);
    if (w->status == PV_OK) {
        size_t rows = w->array.dim[0], next = first + w->array.chunk;
        status = pv_h5_write_chunk(w->file, &w->array, first, zlib, size);
        w->done = next < rows ? next : rows;
        if (status == PV_OK && w->progress)
            status = w->progress->report(w->progress->state, w->done, rows);
        pthread_cond_broadcast(&w->written);
    }
    pthread_mutex_unlock(&w->lock);
    if (status != PV_OK) stop(w, status);
}

static void *run(void *argument)
{
    work *w = argument;
    const size_t size = w->array.chunk * w->row_size, rows = w->array.dim[0];
    z_stream z = {0};
    void *plain = NULL, *packed = NULL;
    int ready = deflateInit(&z, LEVEL) == Z_OK;
    size_t bound = ready ? deflateBound(&z, size) : 1, count = 0;
    pv_status status = pv_new(&plain, 1, size, "a chunk of images");
    if (status == PV_OK) status = pv_new(&packed, 1, bound, "a compressed chunk of images");
    if (status == PV_OK && !ready) status = pv_fail(PV_ENOMEM, "zlib: out of memory");
    if (status != PV_OK) stop(w, status);
    for (size_t first; (first = take_chunk(w, plain, &count)) < rows;) {
        memset((char *)plain + count * w->row_size, 0, size - count * w->row_size);
        z.next_in = plain;
        z.avail_in = (uInt)size;
        z.next_out = packed;
        z.avail_out = (uInt)bound;
        int result = deflate(&z, Z_FINISH);
        assert(result == Z_STREAM_END);
        (void)result;
        write_chunk(w, first, packed, z.total_out);
        deflateReset(&z);
    }
    if (ready) deflateEnd(&z);
    free(packed);
    free(plain);
    return NULL;
}

static pv_status write_array(work *w, int threads)
{
    pthread_t thread[MAX_THREADS];
    int started = 0;
    PV_TRY(pv_h5_make(w->file, &w->array));
    pthread_mutex_init(&w->lock, NULL);
    pthread_mutex_init(&w->source, NULL);
    pthread_cond_init(&w->written, NULL);
    /* The caller is one of them; fewer than asked for do as well. */
    while (started < threads - 1 && pthread_create(&thread[started], NULL, run, w) == 0) started++;
    run(w);
    for (int i = 0; i < started; i++) pthread_join(thread[i], NULL);
    pthread_cond_destroy(&w->written);
    pthread_mutex_destroy(&w->source);
    pthread_mutex_destroy(&w->lock);
    return w->status == PV_OK ? PV_OK : pv_fail(w->status, "%s", w->error);
}

/* ---- the arrays ---- */

static pv_status write_images(work *w, const char *name, pv_h5_type type, size_t size, int threads)
{
    const pv_data *d = w->contents->table;
    w->row_size = (size_t)d->height * (size_t)d->width * (size_t)d->channels * size;
    size_t chunk = IMAGE_CHUNK / w->row_size;
    if (chunk < 1) chunk = 1;
    w->array = (pv_h5_array){
        .name = name,
        .type = type,
        .rank = d->channels == 1 ? 3 : 4,
        .dim = {d->examples, (size_t)d->height, (size_t)d->width, (size_t)d->channels},
        .chunk = d->examples < chunk ? d->examples : chunk};
    w->in_order = w->contents->in_order;
    return write_array(w, threads);
}

static pv_status write_table(work *w, const char *name, pv_h5_type type, int threads)
{
    const pv_data *d = w->contents->table;
    const size_t k = (size_t)d->factors;
    w->row_size = k * 8;
    w->array = (pv_h5_array){.name = name,
                             .type = type,
                             .rank = 2,
                             .dim = {d->examples, k},
                             .chunk = d->examples < TABLE_CHUNK ? d->examples : TABLE_CHUNK};
    return write_array(w, threads);
}

static pv_status write_text(pv_h5 *file, const char *name, const char *text)
{
    pv_h5_array array = {.name = name, .type = PV_H5_TEXT, .width = strlen(text) + 1};
    return pv_h5_write(file, &array, text);
}

static pv_status write_arrays(pv_h5 *file, const pv_data_contents *c, int threads,
                              const pv_progress *progress)
{
    work classes = {.file = file, .contents = c, .fill = fill_classes};
    work values = {.file = file, .contents = c, .fill = fill_values};
    work images = {.file = file, .contents = c, .fill = fill_images, .progress = progress};
    work unclipped = {.file = file, .contents = c, .fill = fill_unclipped, .progress = progress};
    PV_TRY(write_table(&classes, "latents/classes", PV_H5_I64, threads));
    PV_TRY(write_table(&values, "latents/values", PV_H5_F64, threads));
    PV_TRY(write_images(&images, "imgs", PV_H5_U8, 1, threads));
    const int binary = c->table->channels == 1 && images.bits <= 1;
    PV_TRY(write_text(file, "@pixels", binary ? "0 or 1" : "0..255"));
    return c->unclipped ? write_images(&unclipped, "imgs_unclipped", PV_H5_I16, 2, threads) : PV_OK;
}

/* ---- the file ---- */

static pv_status write_factors(pv_h5 *file, const pv_data *d)
{
    const size_t k = (size_t)d->factors;
    int64_t size[PV_MAX_FACTORS], nuisance[PV_MAX_FACTORS], any = 0;
    for (size_t f = 0; f < k; f++) {
        size[f] = d->factor_size[f];
        nuisance[f] = d->nuisance[f];
        any |= nuisance[f];
    }
    PV_TRY(pv_h5_write(file,
                       &(pv_h5_array){.name = "@latents_names",
                                      .type = PV_H5_TEXT,
                                      .rank = 1,
                                      .dim = {k},
                                      .width = PV_FACTOR_NAME},
                       d->factor_name));
    PV_TRY(pv_h5_write(
        file, &(pv_h5_array){.name = "@latents_sizes", .type = PV_H5_I64, .rank = 1, .dim = {k}},
        size));
    if (!any) return PV_OK;
    return pv_h5_write(
        file, &(pv_h5_array){.name = "@latents_nuisance", .type = PV_H5_I64, .rank = 1, .dim = {k}},
        nuisance);
}

pv_status pv_data_write(const char *path, const pv_data_contents *contents, int threads,
                        const pv_progress *progress)
{
    if (threads <= 0) threads = pv_cores();
    if (threads > MAX_THREADS) threads = MAX_THREADS;
    pv_h5 *file;
    PV_TRY(pv_h5_create(&file, path));
    pv_status status = write_text(file, "@title", contents->title);
    if (status == PV_OK) status = write_text(file, "@description", contents->description);
    if (status == PV_OK) status = write_factors(file, contents->table);
    if (status == PV_OK) status = write_arrays(file, contents, threads, progress);
    if (status == PV_OK) status = pv_h5_commit(file);
    pv_h5_close(file);
    return status;
}
