/* images_npz.c -- images and factors of an .npz. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/numpy.h"
#include "import/images.h"

/* Rows that are not in the order of their factors are all held in memory, up to so many bytes. */
enum { LONGEST_SIDE = 16384, HELD = 1 << 30 };

typedef struct {
    char path[4096];
    pv_numpy *file;
    pv_numpy_array array;  /* of images */
    pv_numpy_parts *parts; /* of the same */
    size_t bytes;          /* an image's, as it is in the file */
    uint8_t *image;        /* [bytes] */
    uint8_t *held;         /* [examples, bytes] where rows are out of order, else NULL */
    size_t *order;         /* [examples] of held images */
    pv_images_fit fit;
} npz_images;

static void close_npz(void *state)
{
    npz_images *s = state;
    pv_numpy_parts_close(s->parts);
    pv_numpy_close(s->file);
    pv_images_fit_close(&s->fit);
    free(s->image);
    free(s->held);
    free(s->order);
    free(s);
}

/* ---- what is there ---- */

/* The first of these arrays that the file has. */
static pv_status find(const npz_images *s, const char *const *name, const char *names,
                      pv_numpy_array *out)
{
    for (; *name; name++)
        if (pv_numpy_has(s->file, *name)) return pv_numpy_find(s->file, *name, out);
    return pv_fail(PV_EDATA, "%s: has no array %s", s->path, names);
}

static pv_status find_images(npz_images *s)
{
    static const char *const names[] = {"images", "imgs", NULL};
    pv_numpy_array *a = &s->array;
    PV_TRY(find(s, names, "'images' or 'imgs'", a));
    const size_t channels = a->rank == 4 ? a->dim[3] : 1;
    if (a->rank < 3 || a->rank > 4 || (channels != 1 && channels != 3))
        return pv_fail(PV_EDATA,
                       "%s: '%s' has %d dimensions; expected images, rows, columns and, of more "
                       "than grey, 1 or 3 channels",
                       s->path, a->name, a->rank);
    for (int i = 1; i < 3; i++)
        if (a->dim[i] < 1 || a->dim[i] > LONGEST_SIDE)
            return pv_fail(
                PV_EDATA, "%s: images of '%s' have %zu x %zu pixels; sides of 1 to %d are possible",
                s->path, a->name, a->dim[2], a->dim[1], LONGEST_SIDE);
    a->kind = PV_NUMPY_BYTE;
    s->fit.channels = (int)channels;
    s->bytes = a->dim[1] * a->dim[2] * channels;
    return PV_OK;
}

/* ---- factors ---- */

static pv_status take_names(const npz_images *s, pv_data *t)
{
    enum { WIDTH = PV_FACTOR_NAME + 16 };
    char name[PV_MAX_FACTORS][WIDTH];
    const pv_numpy_array names = {.name = "factor_names",
                                  .kind = PV_NUMPY_TEXT,
                                  .rank = 1,
                                  .dim = {(size_t)t->factors},
                                  .width = WIDTH};
    if (pv_numpy_has(s->file, names.name))
        PV_TRY(pv_numpy_read(s->file, &names, name));
    else
        for (int f = 0; f < t->factors; f++) snprintf(name[f], WIDTH, "factor_%d", f);
    for (int f = 0; f < t->factors; f++) PV_TRY(pv_images_name(t, f, name[f], s->path));
    return PV_OK;
}

static pv_status take_values(const npz_images *s, pv_data *t, pv_numpy_array *a)
{
    const size_t k = (size_t)t->factors, count = t->examples * k;
    if (a->kind == PV_NUMPY_REAL) {
        a->kind = PV_NUMPY_DOUBLE;
        PV_TRY(pv_numpy_read(s->file, a, t->factor_value));
    } else {
        a->kind = PV_NUMPY_WHOLE; /* a text is refused there */
        PV_TRY(pv_numpy_read(s->file, a, t->factor));
        for (size_t i = 0; i < count; i++) t->factor_value[i] = t->factor[i];
    }
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(t->factor_value[i]))
            return pv_fail(PV_EDATA, "%s: '%s' row %zu column %zu is %g; it must be finite",
                           s->path, a->name, i / k, i % k, t->factor_value[i]);
        t->factor_value[i] += 0.0; /* -0 is 0 */
    }
    return PV_OK;
}

static pv_status take_table(npz_images *s, pv_data *t)
{
    static const char *const names[] = {"factors", "latents_classes", "labels", NULL};
    pv_numpy_array a;
    PV_TRY(find(s, names, "'factors', 'latents_classes' or 'labels'", &a));
    if (a.rank != 2 || a.dim[0] != s->array.dim[0])
        return pv_fail(PV_EDATA, "%s: '%s' has %d dimensions and %zu rows; expected 2 and %zu",
                       s->path, a.name, a.rank, a.rank ? a.dim[0] : 1, s->array.dim[0]);
    PV_TRY(pv_images_table(t, a.dim[0], a.dim[1], s->path));
    PV_TRY(take_names(s, t));
    PV_TRY(take_values(s, t, &a));
    for (int f = 0; f < t->factors; f++) PV_TRY(pv_images_classes(t, f, NULL));
    PV_TRY(pv_new(&s->order, t->examples, sizeof *s->order, "rows"));
    return pv_images_sort(t, NULL, s->order);
}

/* ---- images ---- */

static pv_status hold(npz_images *s)
{
    const size_t examples = s->array.dim[0];
    size_t sorted = 0;
    while (sorted < examples && s->order[sorted] == sorted) sorted++;
    if (sorted == examples) return PV_OK;
    if (examples > HELD / s->bytes)
        return pv_fail(PV_EDATA,
                       "%s: rows are not sorted by their factors; expected that of images of "
                       "more than %d MiB",
                       s->path, HELD >> 20);
    PV_TRY(pv_new(&s->held, examples, s->bytes, "images"));
    return pv_numpy_parts_next(s->parts, examples * s->bytes, s->held);
}

static pv_status read_images(void *state, size_t first, size_t rows, uint8_t *out)
{
    npz_images *s = state;
    const size_t side = (size_t)s->fit.side, bytes = side * side * (size_t)s->fit.channels;
    const int height = (int)s->array.dim[1], width = (int)s->array.dim[2];
    for (size_t i = 0; i < rows; i++) {
        if (s->held)
            memcpy(s->image, s->held + s->order[first + i] * s->bytes, s->bytes);
        else
            PV_TRY(pv_numpy_parts_next(s->parts, s->bytes, s->image));
        PV_TRY(pv_images_square(&s->fit, s->image, height, width, out + i * bytes));
    }
    return PV_OK;
}

pv_status pv_images_open_npz(pv_public *out, const char *path, int side)
{
    npz_images *s;
    if (strlen(path) >= sizeof s->path) return pv_fail(PV_EUSAGE, "%.80s...: path too long", path);
    PV_TRY(pv_new(&s, 1, sizeof *s, "an archive"));
    strcpy(s->path, path);
    s->fit.side = side;
    out->state = s;
    out->close = close_npz;
    out->images = read_images;
    PV_TRY(pv_numpy_open(&s->file, path, NULL));
    PV_TRY(find_images(s));
    PV_TRY(take_table(s, &out->table));
    PV_TRY(pv_new(&s->image, 1, s->bytes, "an image"));
    PV_TRY(pv_numpy_parts_open(&s->parts, s->file, &s->array));
    PV_TRY(hold(s));
    out->table.height = out->table.width = side;
    out->table.channels = s->fit.channels;
    return PV_OK;
}
