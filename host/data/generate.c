/* generate.c -- the dSprites grid, rendered and compressed into a file by several threads. */
#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/base.h"
#include "base/hdf5.h"
#include "data/sprite.h"
#include "polarvae/device.h"

enum {
    F = PV_SPRITE_FACTORS,
    COLUMNS = F + 1,     /* of the tables: a constant colour comes first */
    IMAGE_CHUNK = 256,   /* 1 MiB, the library's chunk cache: one image is read without waste */
    TABLE_CHUNK = 16384, /* rows */
    LEVEL = 4,           /* of zlib */
    MAX_THREADS = 256
};

static const char *const names[COLUMNS] = {"color",       "shape", "scale",
                                           "orientation", "posX",  "posY"};

pv_status pv_sprites_parse(pv_sprites *out, const char *text)
{
    const int *full = pv_sprites_full.size;
    const char *at = text;
    int good = 1;
    for (int f = 0; good && f < F; f++) {
        char *end;
        long n = strtol(at, &end, 10);
        good = *at >= '0' && *at <= '9' && n >= 1 && n <= full[f] && *end == (f < F - 1 ? ':' : 0);
        out->size[f] = (int)n;
        at = end + 1;
    }
    if (good) return PV_OK;
    return pv_fail(PV_EUSAGE,
                   "'%s' is not a subset; it is five numbers like %d:%d:%d:%d:%d: how many shapes, "
                   "scales, orientations, x and y, each from 1 to what is written here",
                   text, full[0], full[1], full[2], full[3], full[4]);
}

/* Which class of the full grid is number i of the n that are kept: from the first to the last in
 * even steps, a single one from the middle. Orientations go round, so the step is a share of the
 * circle, and the last, which repeats the first, is kept only among all. */
static int kept(int factor, int i, int n)
{
    int last = pv_sprites_full.size[factor] - 1;
    if (factor == 2) return i * (last + 1) / n;
    return n == 1 ? last / 2 : (2 * i * last + n - 1) / (2 * (n - 1));
}

/* ---- one chunk of an array of the file ---- */

static void unravel(const pv_sprites *sprites, size_t index, int choice[F])
{
    for (int f = F - 1; f >= 0; f--) {
        choice[f] = (int)(index % (size_t)sprites->size[f]);
        index /= (size_t)sprites->size[f];
    }
}

static void fill_images(const pv_sprites *sprites, size_t first, size_t rows, void *out)
{
    pv_sprite_box box;
    int before[3] = {-1, -1, -1}, choice[F];
    for (size_t r = 0; r < rows; r++) {
        unravel(sprites, first + r, choice);
        for (int f = 0; f < F; f++) choice[f] = kept(f, choice[f], sprites->size[f]);
        if (memcmp(before, choice, sizeof before) != 0) pv_sprite_shape(choice, &box);
        memcpy(before, choice, sizeof before);
        pv_sprite_place(&box, choice + 3, (uint8_t *)out + r * PV_SPRITE_PIXELS);
    }
}

static void fill_classes(const pv_sprites *sprites, size_t first, size_t rows, void *out)
{
    int choice[F];
    for (size_t r = 0; r < rows; r++) {
        int64_t *row = (int64_t *)out + r * COLUMNS;
        unravel(sprites, first + r, choice);
        row[0] = 0;
        for (int f = 0; f < F; f++) row[f + 1] = choice[f];
    }
}

static void fill_values(const pv_sprites *sprites, size_t first, size_t rows, void *out)
{
    int choice[F];
    for (size_t r = 0; r < rows; r++) {
        double *row = (double *)out + r * COLUMNS;
        unravel(sprites, first + r, choice);
        row[0] = 1;
        for (int f = 0; f < F; f++)
            row[f + 1] = pv_sprite_value(f, kept(f, choice[f], sprites->size[f]));
    }
}

/* ---- all chunks of an array, by several threads ---- */

/* Chunks are taken, and written, in order, so that the file does not depend on the threads. */
typedef struct {
    pv_h5 *file;
    const pv_sprites *sprites;
    pv_h5_array array;
    size_t row_size;
    void (*fill)(const pv_sprites *, size_t first, size_t rows, void *out);
    const pv_progress *progress;

    pthread_mutex_t lock;
    pthread_cond_t written;
    size_t taken, done; /* rows */
    pv_status status;   /* of the first failure, and its text: errors belong to a thread */
    char error[1024];
} work;

static void stop(work *w, pv_status status)
{
    if (w->status == PV_OK) {
        w->status = status;
        snprintf(w->error, sizeof w->error, "%s", pv_error());
    }
    pthread_cond_broadcast(&w->written);
}

/* Waits for the chunks before, then writes this one. */
static void write_chunk(work *w, size_t first, const void *zlib, size_t size)
{
    pthread_mutex_lock(&w->lock);
    while (w->done != first && w->status == PV_OK) pthread_cond_wait(&w->written, &w->lock);
    if (w->status == PV_OK) {
        size_t rows = w->array.dim[0], next = first + w->array.chunk;
        pv_status status = pv_h5_write_chunk(w->file, &w->array, first, zlib, size);
        w->done = next < rows ? next : rows;
        if (status == PV_OK && w->progress)
            status = w->progress->report(w->progress->state, w->done, rows);
        if (status != PV_OK) stop(w, status);
        pthread_cond_broadcast(&w->written);
    }
    pthread_mutex_unlock(&w->lock);
}

static size_t take_chunk(work *w)
{
    pthread_mutex_lock(&w->lock);
    size_t first = w->status == PV_OK ? w->taken : w->array.dim[0];
    w->taken += w->array.chunk;
    pthread_mutex_unlock(&w->lock);
    return first;
}

static void *run(void *argument)
{
    work *w = argument;
    size_t size = w->array.chunk * w->row_size, rows = w->array.dim[0];
    z_stream z = {0};
    void *plain = NULL, *packed = NULL;
    int ready = deflateInit(&z, LEVEL) == Z_OK;
    size_t bound = ready ? deflateBound(&z, size) : 1;
    pv_status status = pv_new(&plain, 1, size, "a chunk of sprites");
    if (status == PV_OK) status = pv_new(&packed, 1, bound, "a compressed chunk of sprites");
    if (status == PV_OK && !ready) status = pv_fail(PV_ENOMEM, "zlib: out of memory");
    if (status != PV_OK) {
        pthread_mutex_lock(&w->lock);
        stop(w, status);
        pthread_mutex_unlock(&w->lock);
    }
    for (size_t first; (first = take_chunk(w)) < rows;) {
        size_t count = rows - first < w->array.chunk ? rows - first : w->array.chunk;
        w->fill(w->sprites, first, count, plain);
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
    w->row_size = w->array.dim[1] * (w->array.rank == 3 ? w->array.dim[2] : sizeof(int64_t));
    w->status = PV_OK;
    w->taken = w->done = 0;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->written, NULL);
    /* The caller is one of them; fewer than asked for do as well. */
    while (started < threads - 1 && pthread_create(&thread[started], NULL, run, w) == 0) started++;
    run(w);
    for (int i = 0; i < started; i++) pthread_join(thread[i], NULL);
    pthread_cond_destroy(&w->written);
    pthread_mutex_destroy(&w->lock);
    return w->status == PV_OK ? PV_OK : pv_fail(w->status, "%s", w->error);
}

/* ---- the file ---- */

static pv_status write_text(pv_h5 *file, const char *name, const char *text)
{
    pv_h5_array array = {.name = name, .type = PV_H5_TEXT, .width = strlen(text) + 1};
    return pv_h5_write(file, &array, text);
}

static pv_status write_attributes(pv_h5 *file, const pv_sprites *sprites)
{
    char name[COLUMNS][PV_FACTOR_NAME] = {0};
    int64_t size[COLUMNS] = {1};
    for (int f = 0; f < COLUMNS; f++) strcpy(name[f], names[f]);
    for (int f = 0; f < F; f++) size[f + 1] = sprites->size[f];
    pv_h5_array latents_names = {.name = "@latents_names",
                                 .type = PV_H5_TEXT,
                                 .rank = 1,
                                 .dim = {COLUMNS},
                                 .width = PV_FACTOR_NAME};
    pv_h5_array latents_sizes = {
        .name = "@latents_sizes", .type = PV_H5_I64, .rank = 1, .dim = {COLUMNS}};
    PV_TRY(write_text(file, "@title", "Generated sprites in the layout of the dSprites dataset"));
    PV_TRY(write_text(file, "@description",
                      "Every combination of shape (1 square, 2 ellipse, 3 heart), scale, "
                      "orientation (radians) and position, the last factor fastest. Rendered by "
                      "polarvae; not the images of the published dataset."));
    PV_TRY(pv_h5_write(file, &latents_names, name));
    return pv_h5_write(file, &latents_sizes, size);
}

pv_status pv_sprites_write(const pv_sprites *sprites, const char *path, int threads,
                           const pv_progress *progress)
{
    size_t n = 1;
    for (int f = 0; f < F; f++) {
        assert(sprites->size[f] >= 1 && sprites->size[f] <= pv_sprites_full.size[f]);
        n *= (size_t)sprites->size[f];
    }
    if (threads <= 0) threads = pv_cores();
    if (threads > MAX_THREADS) threads = MAX_THREADS;

    size_t images = n < IMAGE_CHUNK ? n : IMAGE_CHUNK, rows = n < TABLE_CHUNK ? n : TABLE_CHUNK;
    work imgs = {.fill = fill_images,
                 .progress = progress,
                 .array = {.name = "imgs",
                           .type = PV_H5_U8,
                           .rank = 3,
                           .dim = {n, PV_SPRITE_SIDE, PV_SPRITE_SIDE},
                           .chunk = images}};
    work classes = {.fill = fill_classes,
                    .array = {.name = "latents/classes",
                              .type = PV_H5_I64,
                              .rank = 2,
                              .dim = {n, COLUMNS},
                              .chunk = rows}};
    work values = {.fill = fill_values,
                   .array = {.name = "latents/values",
                             .type = PV_H5_F64,
                             .rank = 2,
                             .dim = {n, COLUMNS},
                             .chunk = rows}};
    work *const arrays[] = {&classes, &values, &imgs};

    pv_h5 *file;
    PV_TRY(pv_h5_create(&file, path));
    pv_status status = write_attributes(file, sprites);
    for (size_t i = 0; status == PV_OK && i < sizeof arrays / sizeof *arrays; i++) {
        arrays[i]->file = file;
        arrays[i]->sprites = sprites;
        status = write_array(arrays[i], threads);
    }
    if (status == PV_OK) status = pv_h5_commit(file);
    pv_h5_close(file);
    return status;
}
