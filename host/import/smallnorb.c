/* smallnorb.c -- SmallNORB (LeCun et al., 2004): images and factors in six binary files.
 *
 * Images are of two cameras, of which the left one is taken. Rows stand in the files in no order of
 * their factors, so images are read where they lie as they are asked for. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "data/resize.h"
#include "import/norb_matrix.h"
#include "import/public.h"
#include "import/table.h"

enum {
    CHUNKS = 2,
    MOST = 24300, /* images of a chunk, in the public release */
    CAMERAS = 2,
    FROM = 96,
    LARGE = FROM * FROM,
    SIDE = 64,
    IMAGE = SIDE * SIDE,
    FACTORS = 5,
    INSTANCE = 1,
    AZIMUTH = 3
};

static const char *const chunks[CHUNKS] = {"5x46789x9x18x6x2x96x96-training",
                                           "5x01235x9x18x6x2x96x96-testing"};

static const struct {
    const char *name;
    int size, step; /* codes in the files are 0, step, ... */
} factors[FACTORS] = {
    {"category", 5, 1}, {"instance", 10, 1}, {"elevation", 9, 1},
    {"azimuth", 18, 2}, {"lighting", 6, 1},
};

typedef struct {
    pv_norb_matrix image[CHUNKS];
    pv_resize *resize;
    int32_t
        *place; /* [examples]: an image's row in the files, those of the second after the first's */
} files;

static void close_files(void *state)
{
    files *f = state;
    for (int c = 0; c < CHUNKS; c++) pv_norb_close(&f->image[c]);
    pv_resize_close(f->resize);
    free(f->place);
    free(f);
}

/* ---- images ---- */

static pv_status read_left(const files *f, size_t row, uint8_t large[static LARGE])
{
    const size_t first = f->image[0].rows, place = (size_t)f->place[row];
    const int chunk = place >= first;
    const uint64_t at = chunk ? place - first : place;
    return pv_norb_read(&f->image[chunk], at * CAMERAS * LARGE, large, LARGE);
}

static pv_status images(void *state, size_t first, size_t rows, uint8_t *out)
{
    const files *f = state;
    uint8_t large[LARGE];
    for (size_t i = 0; i < rows; i++) {
        PV_TRY(read_left(f, first + i, large));
        PV_TRY(pv_resize_bytes(f->resize, f->resize, 1, large, out + i * IMAGE));
    }
    return PV_OK;
}

static pv_status unclipped(void *state, size_t first, size_t rows, int16_t *out)
{
    const files *f = state;
    uint8_t large[LARGE];
    for (size_t i = 0; i < rows; i++) {
        PV_TRY(read_left(f, first + i, large));
        PV_TRY(pv_resize_unclipped(f->resize, f->resize, large, out + i * IMAGE));
    }
    return PV_OK;
}

/* ---- factors ---- */

static pv_status open_matrix(pv_norb_matrix *m, const char *source, int chunk, const char *kind,
                             const pv_norb_shape *shape)
{
    char path[PV_NORB_PATH];
    const int length =
        snprintf(path, sizeof path, "%s/smallnorb-%s-%s.mat", source, chunks[chunk], kind);
    m->file = -1;
    if (length >= (int)sizeof path) return pv_fail(PV_EIO, "%.80s...: path too long", path);
    return pv_norb_open(m, path, shape);
}

/* Columns first .. first + count - 1 of `class` [rows, FACTORS] from a file that holds just them.
 */
static pv_status read_codes(int32_t *class, size_t rows, const char *source, int chunk,
                            const char *kind, int first, int count)
{
    const pv_norb_shape shape = {PV_NORB_WHOLE, count > 1 ? 2 : 1, {MOST, count}};
    pv_norb_matrix m;
    int32_t code[FACTORS];
    pv_status status = open_matrix(&m, source, chunk, kind, &shape);
    if (status == PV_OK && m.rows != rows)
        status = pv_fail(PV_EDATA, "%s: %zu rows; expected %zu, one for each image", m.path, m.rows,
                         rows);
    for (size_t i = 0; i < rows && status == PV_OK; i++) {
        const size_t size = (size_t)count * sizeof *code;
        status = pv_norb_read(&m, i * size, code, size);
        for (int k = 0; k < count && status == PV_OK; k++) {
            const int32_t value = (int32_t)le32toh((uint32_t)code[k]);
            const int step = factors[first + k].step, last = (factors[first + k].size - 1) * step;
            class[i * FACTORS + (size_t)(first + k)] = value / step;
            if (value < 0 || value > last || value % step)
                status =
                    pv_fail(PV_EDATA, "%s: row %zu has %s %d; expected 0 to %d%s", m.path, i,
                            factors[first + k].name, (int)value, last, step > 1 ? ", even" : "");
        }
    }
    pv_norb_close(&m);
    return status;
}

/* Finds the place of every combination. */
static pv_status order(int32_t *place, const int32_t *class, size_t rows, const int size[FACTORS],
                       const char *source)
{
    for (size_t i = 0; i < rows; i++) place[i] = -1;
    for (size_t i = 0; i < rows; i++) {
        size_t at = 0;
        for (int k = 0; k < FACTORS; k++)
            at = at * (size_t)size[k] + (size_t) class[i * FACTORS + (size_t)k];
        if (place[at] >= 0)
            return pv_fail(PV_EDATA,
                           "%s: images %d and %zu have the same factors; expected every "
                           "combination once",
                           source, (int)place[at], i);
        place[at] = (int32_t)i;
    }
    return PV_OK;
}

static pv_status read_factors(pv_public *out, files *f, int32_t *class, const char *source)
{
    const size_t first = f->image[0].rows, rows = first + f->image[1].rows;
    const char *name[FACTORS];
    int size[FACTORS] = {0};
    size_t combinations = 1;
    for (int c = 0; c < CHUNKS; c++) {
        int32_t *of = class + (c ? first * FACTORS : 0);
        PV_TRY(read_codes(of, f->image[c].rows, source, c, "cat", 0, 1));
        PV_TRY(read_codes(of, f->image[c].rows, source, c, "info", 1, FACTORS - 1));
    }
    for (size_t i = 0; i < rows * FACTORS; i++)
        if (class[i] >= size[i % FACTORS]) size[i % FACTORS] = class[i] + 1;
    for (int k = 0; k < FACTORS; k++) {
        combinations *= (size_t)size[k];
        name[k] = factors[k].name;
    }
    if (combinations != rows)
        return pv_fail(PV_EDATA,
                       "%s: %zu images of factors with %zu combinations; expected each once",
                       source, rows, combinations);
    PV_TRY(order(f->place, class, rows, size, source));
    PV_TRY(pv_public_grid(&out->table, FACTORS, size, name));
    out->table.nuisance[INSTANCE] = 1;
    return PV_OK;
}

/* ---- the data set ---- */

static pv_status open_files(pv_public *out, files *f, const char *source)
{
    static const pv_norb_shape shape = {PV_NORB_BYTE, 4, {MOST, CAMERAS, FROM, FROM}};
    for (int c = 0; c < CHUNKS; c++) PV_TRY(open_matrix(&f->image[c], source, c, "dat", &shape));
    const size_t rows = f->image[0].rows + f->image[1].rows;
    PV_TRY(pv_table_count(out, source, rows, (size_t)CHUNKS * MOST));
    PV_TRY(pv_resize_open(&f->resize, FROM, SIDE, PV_LANCZOS));
    PV_TRY(pv_new(&f->place, rows, sizeof *f->place, "rows"));
    int32_t *class;
    PV_TRY(pv_new(&class, rows * FACTORS, sizeof *class, "factors"));
    const pv_status status = read_factors(out, f, class, source);
    free(class);
    return status;
}

pv_status pv_open_smallnorb(pv_public *out, const char *source, const pv_import_options *options)
{
    (void)options;
    files *f;
    *out = (pv_public){.kind = out->kind};
    PV_TRY(pv_new(&f, 1, sizeof *f, "files"));
    for (int c = 0; c < CHUNKS; c++) f->image[c].file = -1;
    const pv_status status = open_files(out, f, source);
    if (status != PV_OK) {
        pv_data_close(&out->table);
        close_files(f);
        return status;
    }
    out->table.height = out->table.width = SIDE;
    out->table.channels = 1;
    out->images = images;
    out->unclipped = unclipped;
    out->close = close_files;
    out->state = f;
    out->title = "SmallNORB";
    return PV_OK;
}
