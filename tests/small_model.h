/* small_model.h -- for tests: a small data set, and models in training on it. */
#ifndef PV_TEST_SMALL_MODEL_H
#define PV_TEST_SMALL_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "polarvae/train.h"

/* Of a function that not every program needs. */
#define HELPER __attribute__((unused)) static

#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != PV_OK) fail_msg("%s: %s", #call, pv_error());                                \
    } while (0)

static char directory[4096];
static pv_device *device;
static pv_data sprites;
static pv_device_data images;

HELPER const char *in_directory(const char *name)
{
    static char path[8][4200];
    static int next;
    char *out = path[next++ % 8];
    snprintf(out, sizeof path[0], "%s/%s", directory, name);
    return out;
}

/* ---- a model in training ---- */

typedef struct {
    pv_config config;
    pv_stream *stream;
    pv_trainer *trainer;
} model;

HELPER void model_open(model *m, const pv_device_data *data, int threads, int count,
                       const char *const *set)
{
    OK(pv_config_load(&m->config, NULL, count, set));
    OK(pv_stream_open(&m->stream, device, threads));
    OK(pv_trainer_open(&m->trainer, &m->config, data, m->stream));
}

HELPER void model_close(model *m)
{
    pv_trainer_close(m->trainer);
    pv_stream_close(m->stream);
    pv_config_clear(&m->config);
}

HELPER void steps(const model *m, int count)
{
    for (int i = 0; i < count; i++) OK(pv_trainer_step(m->trainer));
}

/* ---- what they all use ---- */

/* The group's set-up and its end. */
HELPER int begin(void **state)
{
    (void)state;
    const char *place = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/polarvae.XXXXXX", place ? place : "/tmp");
    if (!mkdtemp(directory)) return -1;
    const pv_sprites grid = {{3, 2, 4, 8, 8}};
    OK(pv_sprites_write(&grid, in_directory("sprites.h5"), 1, NULL));
    OK(pv_data_open(&sprites, in_directory("sprites.h5"), NULL));
    OK(pv_device_open(&device, "cpu"));
    OK(pv_device_data_open(&images, device, &sprites));
    return 0;
}

HELPER int end(void **state)
{
    (void)state;
    pv_device_data_close(&images);
    pv_device_close(device);
    pv_data_close(&sprites);
    DIR *list = opendir(directory);
    for (struct dirent *entry; list && (entry = readdir(list));)
        unlinkat(dirfd(list), entry->d_name, 0); /* "." and ".." stay */
    if (list) closedir(list);
    return rmdir(directory);
}

#endif
