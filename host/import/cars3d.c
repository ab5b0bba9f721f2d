/* cars3d.c -- Cars3D (Reed et al., 2015): a folder of MATLAB files, one for each car.
 *
 * A file x.mat holds `im`, uint8 of 128 rows x 128 columns x 3 colours x 24 azimuths x 4
 * elevations. Cars are numbered in the order of their files' names, compared byte by byte:
 * disentanglement_lib takes them as the directory happens to list them. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "data/resize.h"
#include "import/mat.h"
#include "import/public.h"
#include "import/table.h"

enum {
    ELEVATIONS = 4,
    AZIMUTHS = 24,
    CARS = 183, /* of the public release */
    FROM = 128,
    SIDE = 64,
    CHANNELS = 3,
    VIEWS = ELEVATIONS * AZIMUTHS,
    LARGE = FROM * FROM * CHANNELS,
    IMAGE = SIDE * SIDE * CHANNELS,
    PATH = 4096
};

/* ---- names ---- */

/* Others are left alone, as are the hidden "._x.mat" of archives from macOS. */
static int is_car(const struct dirent *entry)
{
    const char *name = entry->d_name;
    const size_t length = strlen(name);
    return *name != '.' && length > 4 && strcmp(name + length - 4, ".mat") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* ---- images ---- */

typedef struct {
    pv_resize *resize;
    uint8_t *views; /* [elevations, azimuths, colours, columns, rows] of one car */
    uint8_t *large; /* [rows, columns, colours] */
} workspace;

/* Rows of one car, the last, are `cars` images apart. */
static pv_status resize_car(const workspace *w, size_t cars, uint8_t *out)
{
    for (size_t view = 0; view < VIEWS; view++) {
        const uint8_t *from = w->views + view * LARGE;
        for (int y = 0; y < FROM; y++)
            for (int x = 0; x < FROM; x++)
                for (int c = 0; c < CHANNELS; c++)
                    w->large[(y * FROM + x) * CHANNELS + c] = from[(c * FROM + x) * FROM + y];
        uint8_t *to = out + view * cars * IMAGE;
        PV_TRY(pv_resize_bytes(w->resize, w->resize, CHANNELS, w->large, to));
    }
    return PV_OK;
}

static pv_status read_cars(const workspace *w, const char *source, struct dirent **entry,
                           size_t cars, uint8_t *out)
{
    static const size_t dims[] = {FROM, FROM, CHANNELS, AZIMUTHS, ELEVATIONS};
    for (size_t car = 0; car < cars; car++) {
        char path[PATH];
        const int length = snprintf(path, sizeof path, "%s/%s", source, entry[car]->d_name);
        if (length >= PATH) return pv_fail(PV_EIO, "%.80s...: path too long", path);
        PV_TRY(pv_mat_read(w->views, path, "im", sizeof dims / sizeof *dims, dims));
        PV_TRY(resize_car(w, cars, out + car * IMAGE));
    }
    return PV_OK;
}

static pv_status resized_cars(uint8_t **out, const char *source, struct dirent **entry, size_t cars)
{
    workspace w = {0};
    pv_status status = pv_new(out, cars * VIEWS, IMAGE, "images");
    if (status == PV_OK) status = pv_resize_open(&w.resize, FROM, SIDE, PV_LANCZOS);
    if (status == PV_OK) status = pv_new(&w.views, VIEWS, LARGE, "pixels");
    if (status == PV_OK) status = pv_new(&w.large, 1, LARGE, "pixels");
    if (status == PV_OK) status = read_cars(&w, source, entry, cars, *out);
    pv_resize_close(w.resize);
    free(w.views);
    free(w.large);
    return status;
}

static pv_status images(void *state, size_t first, size_t rows, uint8_t *out)
{
    memcpy(out, (const uint8_t *)state + first * IMAGE, rows * IMAGE);
    return PV_OK;
}

/* ---- the data set ---- */

static pv_status open_cars(pv_public *out, const char *source, struct dirent **entry, size_t cars)
{
    static const char *const names[] = {"elevation", "azimuth", "object"};
    const int sizes[] = {ELEVATIONS, AZIMUTHS, (int)cars};
    uint8_t *pixels = NULL;
    if (cars == 0) return pv_fail(PV_EDATA, "%s: holds no .mat files; expected %d", source, CARS);
    PV_TRY(pv_table_count(out, source, cars * VIEWS, (size_t)CARS * VIEWS));
    pv_status status = resized_cars(&pixels, source, entry, cars);
    if (status == PV_OK) status = pv_public_grid(&out->table, 3, sizes, names);
    if (status != PV_OK) {
        pv_data_close(&out->table);
        free(pixels);
        return status;
    }
    out->table.height = out->table.width = SIDE;
    out->table.channels = CHANNELS;
    out->images = images;
    out->close = free;
    out->state = pixels;
    out->title = "Cars3D";
    return PV_OK;
}

pv_status pv_open_cars3d(pv_public *out, const char *source, const pv_import_options *options)
{
    (void)options;
    struct dirent **entry;
    *out = (pv_public){.kind = out->kind};
    if (strlen(source) >= PATH) return pv_fail(PV_EIO, "%.80s...: path too long", source);
    const int cars = scandir(source, &entry, is_car, by_bytes);
    if (cars < 0)
        return pv_fail(PV_EIO, "%s: cannot be read as a folder: %s", source, strerror(errno));
    const pv_status status = open_cars(out, source, entry, (size_t)cars);
    for (int i = 0; i < cars; i++) free(entry[i]);
    free(entry);
    return status;
}
