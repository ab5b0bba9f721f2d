/* mpi3d.c -- MPI3D (Gondal et al., arXiv 1906.03292): an .npz of images in the order of factors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/pixels.h"
#include "import/table.h"

enum { FACTORS = 7, SIDE = 64 };

static const char *const names[FACTORS] = {"object_color",  "object_shape",     "object_size",
                                           "camera_height", "background_color", "horizontal_axis",
                                           "vertical_axis"};

static const struct {
    const char *kind, *title;
    int size[FACTORS];
} releases[] = {
    {"mpi3d_toy", "MPI3D, simplistic rendered images", {4, 4, 2, 3, 3, 40, 40}},
    {"mpi3d_realistic", "MPI3D, realistic rendered images", {4, 4, 2, 3, 3, 40, 40}},
    {"mpi3d_real", "MPI3D, photographs", {6, 6, 2, 3, 3, 40, 40}},
};

static size_t count(const int *size)
{
    size_t n = 1;
    for (int f = 0; f < FACTORS; f++) n *= (size_t)size[f];
    return n;
}

typedef char sizes_text[64];

static const char *text_of(sizes_text out, const int *size)
{
    int n = 0;
    for (int f = 0; f < FACTORS; f++)
        n += snprintf(out + n, sizeof(sizes_text) - (size_t)n, "%s%d", f ? ":" : "", size[f]);
    return out;
}

static pv_status parse(int *out, const char *text, const int *full)
{
    const char *at = text;
    int good = 1;
    for (int f = 0; good && f < FACTORS; f++) {
        char *end;
        const long n = strtol(at, &end, 10);
        good = *at >= '0' && *at <= '9' && n >= 1 && n <= full[f] &&
               *end == (f < FACTORS - 1 ? ':' : 0);
        out[f] = (int)n;
        at = end + 1;
    }
    if (good) return PV_OK;
    sizes_text all;
    return pv_fail(PV_EUSAGE,
                   "'%s' is no part of this data set; it is seven numbers like %s: how many values "
                   "each factor has, from 1 to what is written here",
                   text, text_of(all, full));
}

static pv_status open_file(pv_public *out, const char *source, const pv_import_options *options)
{
    int release = 0, size[FACTORS];
    while (strcmp(releases[release].kind, out->kind) != 0) release++;
    const int *full = releases[release].size;
    pv_numpy_array images;
    pv_numpy *file;
    PV_TRY(pv_pixels_open(out, source, &file, NULL));
    memcpy(size, full, sizeof size);
    if (options->subset) PV_TRY(parse(size, options->subset, full));
    PV_TRY(pv_numpy_find(file, "images", &images));
    out->title = releases[release].title;
    out->table.height = out->table.width = SIDE;
    out->table.channels = 3;
    const size_t n = images.rank ? images.dim[0] : 1;
    images = (pv_numpy_array){
        .name = "images", .kind = PV_NUMPY_BYTE, .rank = 4, .dim = {n, SIDE, SIDE, 3}};
    PV_TRY(pv_pixels_npz(out, &images, UINT8_MAX));
    sizes_text expected;
    if (n != count(size))
        return pv_fail(PV_EDATA,
                       "%s: holds %zu images; expected %zu, every combination of %s values of its "
                       "factors",
                       source, n, count(size), text_of(expected, size));
    PV_TRY(pv_table_count(out, source, n, count(full)));
    return pv_public_grid(&out->table, FACTORS, size, names);
}

pv_status pv_open_mpi3d(pv_public *out, const char *source, const pv_import_options *options)
{
    pv_status status = open_file(out, source, options);
    if (status != PV_OK) pv_pixels_drop(out);
    return status;
}
