/* window.c -- the part of a data set that a model in training holds when it cannot hold all. */
#include "train/window.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

enum { SMALLEST_BLOCK = 64, FEWEST_BLOCKS = 2 };

struct pv_window {
    const pv_device_data *data;
    pv_stream *stream;
    size_t image, block, blocks, slots, turn; /* bytes of an image; images of a block; ... */
    char *pool;                               /* device: [slots, block] images */
    int filled;
    uint64_t first; /* entry of the list that is the window's first */

    /* which block an entry is: a program of one row */
    pv_program *order;
    void *order_block;
    pv_step *step;
    uint32_t *index;

    /* the thread that reads the next block */
    pthread_t thread;
    int started;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum { IDLE, WANTED, READ, ENDING } state;
    uint32_t wanted; /* block */
    char *staging;   /* [block] images */
    pv_status status;
    char error[1024];
};

/* ---- the list of blocks ---- */

static pv_status open_order(pv_window *w, uint64_t seed)
{
    pv_device *device = pv_stream_device(w->stream);
    PV_TRY(pv_device_alloc(device, 128, &w->order_block));
    w->step = w->order_block;
    w->index = (uint32_t *)((char *)w->order_block + 64);
    PV_TRY(pv_program_begin(&w->order, w->stream, 1));
    PV_TRY(pv_pick(w->order, &(pv_pick_args){.order = PV_ORDER_EPOCHS,
                                             .seed = seed,
                                             .purpose = PV_FOR_BLOCKS,
                                             .examples = w->blocks,
                                             .batch = 1,
                                             .step = w->step,
                                             .index = w->index}));
    return pv_program_seal(w->order);
}

static pv_status find_block(pv_window *w, uint64_t entry, uint32_t *block)
{
    const pv_step step = {.count = entry};
    PV_TRY(pv_upload(w->stream, w->step, &step, sizeof step));
    PV_TRY(pv_program_run(w->order));
    return pv_download(w->stream, block, w->index, sizeof *block);
}

/* ---- reading ---- */

/* The last block begins earlier, to be as long as the others. */
static pv_status read_block(pv_window *w, uint32_t block)
{
    const pv_data *data = w->data->data;
    size_t first = block * w->block;
    if (first + w->block > data->examples) first = data->examples - w->block;
    return pv_data_rows(data, first, w->block, w->staging);
}

static void *read_ahead(void *argument)
{
    pv_window *w = argument;
    pthread_mutex_lock(&w->lock);
    while (w->state != ENDING) {
        if (w->state != WANTED) {
            pthread_cond_wait(&w->changed, &w->lock);
            continue;
        }
        const uint32_t block = w->wanted;
        pthread_mutex_unlock(&w->lock);
        const pv_status status = read_block(w, block);
        pthread_mutex_lock(&w->lock);
        w->status = status;
        if (status != PV_OK) snprintf(w->error, sizeof w->error, "%s", pv_error());
        if (w->state == WANTED) w->state = READ;
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static pv_status want(pv_window *w, uint64_t entry)
{
    uint32_t block;
    PV_TRY(find_block(w, entry, &block));
    pthread_mutex_lock(&w->lock);
    w->wanted = block;
    w->state = WANTED;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return PV_OK;
}

/* Waits for the block that was wanted, and puts it into the slot of `entry`. */
static pv_status take(pv_window *w, uint64_t entry)
{
    const size_t bytes = w->block * w->image;
    pthread_mutex_lock(&w->lock);
    while (w->state == WANTED) pthread_cond_wait(&w->changed, &w->lock);
    const pv_status status = w->status == PV_OK ? PV_OK : pv_fail(w->status, "%s", w->error);
    w->state = IDLE;
    pthread_mutex_unlock(&w->lock);
    PV_TRY(status);
    return pv_upload(w->stream, w->pool + entry % w->slots * bytes, w->staging, bytes);
}

pv_status pv_window_move(pv_window *w, uint64_t step)
{
    const uint64_t first = step / w->turn;
    if (w->filled && first == w->first) return PV_OK;
    if (!w->filled || first < w->first || first - w->first > w->slots) {
        if (w->filled) PV_TRY(take(w, w->first)); /* what was read ahead is not wanted */
        w->filled = 0;
        for (uint64_t entry = first; entry < first + w->slots; entry++) {
            PV_TRY(want(w, entry));
            PV_TRY(take(w, entry));
        }
        w->first = first;
        w->filled = 1;
        return want(w, first + w->slots);
    }
    for (; w->first < first; w->first++) {
        PV_TRY(take(w, w->first + w->slots));
        PV_TRY(want(w, w->first + w->slots + 1));
    }
    return PV_OK;
}

/* ---- opening and closing ---- */

static void measure(pv_window *w, size_t batch, size_t bytes)
{
    const pv_data *data = w->data->data;
    w->image = pv_data_image_bytes(data);
    w->block = pv_data_chunk(data);
    w->block = (SMALLEST_BLOCK + w->block - 1) / w->block * w->block;
    const size_t most = bytes / FEWEST_BLOCKS / w->image; /* where a file's chunks are larger */
    if (w->block > most) w->block = most > SMALLEST_BLOCK ? most : SMALLEST_BLOCK;
    if (w->block > data->examples) w->block = data->examples;
    w->blocks = (data->examples + w->block - 1) / w->block;
    w->slots = bytes / (w->block * w->image);
    if (w->slots < 2) w->slots = 2;
    if (w->slots > w->blocks) w->slots = w->blocks;
    w->turn = w->block > batch ? w->block / batch : 1;
}

pv_status pv_window_open(pv_window **out, const pv_device_data *data, pv_stream *stream,
                         uint64_t seed, size_t batch, size_t bytes)
{
    pv_window *w;
    *out = NULL;
    PV_TRY(pv_new(&w, 1, sizeof *w, "a window of images"));
    w->data = data;
    w->stream = stream;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    measure(w, batch, bytes);
    void *pool = NULL;
    pv_status status = pv_new(&w->staging, w->block, w->image, "a block of images");
    if (status == PV_OK)
        status = pv_device_alloc(pv_stream_device(stream), w->slots * w->block * w->image, &pool);
    w->pool = pool;
    if (status == PV_OK) status = open_order(w, seed);
    if (status == PV_OK && pthread_create(&w->thread, NULL, read_ahead, w) != 0)
        status = pv_fail(PV_ENOMEM, "no thread to read images with");
    w->started = status == PV_OK;
    if (status != PV_OK)
        pv_window_close(w);
    else
        *out = w;
    return status;
}

void pv_window_close(pv_window *w)
{
    if (!w) return;
    if (w->started) {
        pthread_mutex_lock(&w->lock);
        w->state = ENDING;
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->lock);
        pthread_join(w->thread, NULL);
    }
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    pv_program_close(w->order);
    pv_device *device = pv_stream_device(w->stream);
    pv_device_release(device, w->order_block);
    pv_device_release(device, w->pool);
    free(w->staging);
    free(w);
}

const void *pv_window_images(const pv_window *w) { return w->pool; }
size_t pv_window_examples(const pv_window *w) { return w->slots * w->block; }
