/* pixels.c -- the images of one array of a public file, one after another. */
#include "import/pixels.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

/* HDF5 files are read by whole rows of chunks: as many as fit in here, or a row of large ones in
 * equal parts (h5py's own chunks of 3dshapes.h5 have 15000 rows, of 4 x 4 pixels and a channel). */
enum { WINDOW = 1 << 26 };

typedef struct {
    char path[4096];
    const char *name; /* of the array */
    size_t pixels;    /* bytes of an image */
    int most;
    pv_numpy *npz;
    pv_numpy_parts *parts;
    size_t next; /* row of the parts */
    pv_h5 *hdf5;
    pv_h5_array array;
    uint8_t *window; /* rows first .. end - 1, at most `room` */
    size_t room, first, end;
} stream;

/* ---- opening ---- */

static pv_status recognise(const char *source, int *npz)
{
    static const unsigned char hdf5[PV_NUMPY_MARK] = {0x89, 'H', 'D', 'F', '\r', '\n'};
    unsigned char start[PV_NUMPY_MARK] = {0};
    struct stat info;
    int file = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait */
    ssize_t n = 0;
    if (file >= 0 && fstat(file, &info) == 0 && S_ISREG(info.st_mode))
        n = pread(file, start, sizeof start, 0);
    if (file >= 0) close(file);
    *npz = n == (ssize_t)sizeof start && pv_numpy_begins(start);
    /* Of what has no bytes, HDF5's own errors tell what it is. */
    if (*npz || n <= 0 || memcmp(start, hdf5, sizeof hdf5) == 0) return PV_OK;
    return pv_fail(PV_EDATA, "%s: is no .npz and no HDF5 file: its first bytes are not theirs",
                   source);
}

static void finish(void *state)
{
    stream *s = state;
    pv_numpy_parts_close(s->parts);
    pv_numpy_close(s->npz);
    pv_h5_close(s->hdf5);
    free(s->window);
    free(s);
}

pv_status pv_pixels_open(pv_public *out, const char *source, pv_numpy **npz, pv_h5 **hdf5)
{
    stream *s;
    int is_npz = 1;
    *out = (pv_public){.kind = out->kind};
    if (hdf5) PV_TRY(recognise(source, &is_npz));
    PV_TRY(pv_new(&s, 1, sizeof *s, "an open file"));
    out->close = finish;
    out->state = s;
    snprintf(s->path, sizeof s->path, "%s", source);
    PV_TRY(is_npz ? pv_numpy_open(&s->npz, source, NULL) : pv_h5_open(&s->hdf5, source));
    *npz = s->npz;
    if (hdf5) *hdf5 = s->hdf5;
    return PV_OK;
}

void pv_pixels_drop(pv_public *out)
{
    if (out->close) out->close(out->state);
    pv_data_close(&out->table);
    out->close = NULL;
    out->state = NULL;
}

/* ---- both ---- */

static stream *begin(pv_public *out, const char *name, int most)
{
    const pv_data *d = &out->table;
    stream *s = out->state;
    s->name = name;
    s->pixels = (size_t)d->height * (size_t)d->width * (size_t)d->channels;
    s->most = most;
    return s;
}

static pv_status check(const stream *s, size_t first, size_t rows, const uint8_t *image)
{
    const size_t bytes = rows * s->pixels;
    size_t at = 0;
    if (s->most == UINT8_MAX) return PV_OK;
    while (at < bytes && image[at] <= s->most) at++;
    if (at == bytes) return PV_OK;
    return pv_fail(PV_EDATA, "%s: '%s' image %zu has a pixel of %d; expected 0 to %d", s->path,
                   s->name, first + at / s->pixels, image[at], s->most);
}

/* ---- .npz ---- */

static pv_status take_npz(void *state, size_t first, size_t rows, uint8_t *out)
{
    stream *s = state;
    assert(first == s->next);
    PV_TRY(pv_numpy_parts_next(s->parts, rows * s->pixels, out));
    s->next += rows;
    return check(s, first, rows, out);
}

pv_status pv_pixels_npz(pv_public *out, const pv_numpy_array *array, int most)
{
    stream *s = begin(out, array->name, most);
    out->images = take_npz;
    return pv_numpy_parts_open(&s->parts, s->npz, array);
}

/* ---- HDF5 ---- */

/* Reads the part that holds `row`: parts begin where chunks do, or divide one. */
static pv_status load(stream *s, size_t row)
{
    const size_t chunk = s->array.chunk, whole = s->room < chunk ? chunk : s->room;
    const size_t start = row / whole * whole, first = start + (row - start) / s->room * s->room;
    size_t end = first + s->room;
    if (end > start + whole) end = start + whole;
    if (end > s->array.dim[0]) end = s->array.dim[0];
    s->first = s->end = 0;
    PV_TRY(pv_h5_read_rows(s->hdf5, &s->array, first, end - first, s->window));
    PV_TRY(check(s, first, end - first, s->window));
    s->first = first;
    s->end = end;
    return PV_OK;
}

static pv_status take_hdf5(void *state, size_t first, size_t rows, uint8_t *out)
{
    stream *s = state;
    for (size_t row = first, end = first + rows; row < end;) {
        if (row < s->first || row >= s->end) PV_TRY(load(s, row));
        const size_t n = (end < s->end ? end : s->end) - row;
        memcpy(out, s->window + (row - s->first) * s->pixels, n * s->pixels);
        out += n * s->pixels;
        row += n;
    }
    return PV_OK;
}

static size_t choose_room(const stream *s)
{
    const size_t most = WINDOW / s->pixels, chunk = s->array.chunk, all = s->array.dim[0];
    const size_t parts = (chunk + most - 1) / most;
    const size_t room = parts > 1 ? (chunk + parts - 1) / parts : most / chunk * chunk;
    return room < all ? room : all;
}

pv_status pv_pixels_hdf5(pv_public *out, const pv_h5_array *array, int most)
{
    stream *s = begin(out, array->name, most);
    out->images = take_hdf5;
    s->array = *array;
    if (s->array.chunk == 0) s->array.chunk = 1; /* stored as they are */
    s->room = choose_room(s);
    return pv_new(&s->window, s->room, s->pixels, "images in reading");
}
