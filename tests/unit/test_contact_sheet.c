/* test_contact_sheet.c -- rows of images as a picture, and which images show what a data set's
 * factors do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <sys/stat.h>

#include "data/picture.h"
#include "polarvae/contact_sheet.h"
#include "report/picture.h"

#include "scratch.h"

static pv_device *device;
static pv_stream *stream;

static uint32_t mixed(size_t i) { return (uint32_t)((i + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 32); }

/* ---- a sheet's pixels ---- */

/* As the head of sheet.c has it, in pixels. */
enum { MARGIN = 32, GAP = 12, CAPTION = 32 };

static int byte_of(float value)
{
    const float clipped = !(value > 0) ? 0 : value > 1 ? 1 : value;
    return (int)lrintf(clipped * 255);
}

/* Image [height, width, channels] stands at (x, y), each of its pixels `zoom` wide. */
static void expect_image(const pv_picture_file *picture, const pv_sheet *s, const float *image,
                         int zoom, int x, int y)
{
    assert_true(x >= 0 && y >= 0 && x + s->width * zoom <= picture->width &&
                y + s->height * zoom <= picture->height);
    for (int i = 0; i < s->height * zoom; i++)
        for (int j = 0; j < s->width * zoom; j++)
            for (int c = 0; c < 3; c++) {
                const int from = (i / zoom * s->width + j / zoom) * s->channels;
                const int want = byte_of(image[from + (s->channels == 3 ? c : 0)]);
                const int got = picture->pixels[((y + i) * picture->width + x + j) * 3 + c];
                if (abs(got - want) > 1)
                    fail_msg("image at %d, %d: pixel %d, %d is %d, not %d", x, y, i, j, got, want);
            }
}

/* All images stand where rows and columns meet, to the right of the titles; around them is white or
 * text. */
static void expect_sheet(const pv_sheet *s)
{
    const int zoom = s->height < 128 ? 128 / s->height : 1;
    const int across = s->width * zoom + GAP, down = s->height * zoom + CAPTION + GAP;
    const size_t image = (size_t)(s->height * s->width * s->channels);
    const float *pixels = s->pixels;
    pv_picture_file picture;
    int columns = 1;
    OK(pv_sheet_write(s, path));
    OK(pv_picture_read(&picture, path, 1));
    for (int r = 0; r < s->rows; r++)
        if (s->row[r].images > columns) columns = s->row[r].images;
    const int left = picture.width - MARGIN - (columns * across - GAP);
    assert_true(left > MARGIN);
    assert_int_equal(picture.height, 2 * MARGIN + s->rows * down - GAP);
    for (int r = 0; r < s->rows; r++)
        for (int c = 0; c < s->row[r].images; c++, pixels += image)
            expect_image(&picture, s, pixels, zoom, left + c * across, MARGIN + r * down);
    for (int x = 0; x < picture.width * 3; x++)
        assert_int_equal(picture.pixels[x], 255); /* the margin above */
    pv_picture_free(&picture);
}

static void sheets_hold_their_images(void **state)
{
    (void)state;
    static const int shapes[][3] = {{16, 16, 1},   {64, 64, 3},   {48, 48, 1},
                                    {128, 128, 3}, {160, 160, 1}, {1, 1, 1}};
    static const pv_sheet_row rows[] = {
        {"a title", "a note", 3, {"1", "~2.5", ""}},
        {"", NULL, 1, {"a caption that is far longer than its image is wide"}},
        {"another",
         NULL,
         PV_SHEET_COLUMNS,
         {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const size_t image = (size_t)(shapes[i][0] * shapes[i][1] * shapes[i][2]);
        float *pixels = malloc(16 * image * sizeof *pixels);
        assert_non_null(pixels);
        for (size_t p = 0; p < 16 * image; p++)
            pixels[p] = (float)(mixed(p) >> 24) / 200.0f - 0.1f; /* -0.1 to 1.18 */
        for (int count = 1; count <= 3; count++)
            expect_sheet(&(pv_sheet){.rows = count,
                                     .row = rows,
                                     .pixels = pixels,
                                     .height = shapes[i][0],
                                     .width = shapes[i][1],
                                     .channels = shapes[i][2]});
        free(pixels);
    }
}

/* ---- a data set's sheet: the expected one, drawn by the function that is tested above ---- */

/* Every combination of the factors but every `hole`-th one (0: all), with images of chance. */
static void make_set(pv_data *d, int factors, const int *size, int channels, int binary,
                     size_t hole)
{
    enum { SIDE = 16 };
    size_t all = 1, k = (size_t)factors;
    *d = (pv_data){.height = SIDE, .width = SIDE, .channels = channels, .factors = factors};
    for (int f = 0; f < factors; f++) {
        d->factor_size[f] = size[f];
        snprintf(d->factor_name[f], PV_FACTOR_NAME, "factor %d", f);
        all *= (size_t)size[f];
    }
    d->nuisance[factors - 1] = factors > 1;
    d->words = SIDE * SIDE / 32;
    OK(pv_new(&d->factor, all * k, sizeof *d->factor, "factors"));
    OK(pv_new(&d->factor_value, all * k, sizeof *d->factor_value, "values"));
    for (size_t i = 0; i < all; i++) {
        if (hole && i % hole == hole / 2) continue;
        int32_t *class = d->factor + d->examples * k;
        for (size_t f = k, rest = i; f-- > 0; rest /= (size_t)size[f]) {
            class[f] = (int32_t)(rest % (size_t)size[f]);
            d->factor_value[d->examples * k + f] = class[f] * 0.123 - 1;
        }
        d->examples++;
    }
    d->complete = !hole;
    const size_t image = binary ? d->words * 4 : (size_t)(SIDE * SIDE * channels);
    uint8_t *images;
    OK(pv_new(&images, d->examples, image, "images"));
    for (size_t i = 0; i < d->examples * image; i++) images[i] = (uint8_t)(mixed(i) >> 24);
    if (binary)
        d->bits = (uint32_t *)(void *)images;
    else
        d->bytes = images;
}

/* Number of the example with these classes; or of the nearest, of those that have the row's; or,
 * where there are none, of all. */
static size_t find(const pv_data *d, const int32_t *class, size_t row, int *exact)
{
    const size_t k = (size_t)d->factors;
    double least = HUGE_VAL;
    size_t best = 0;
    for (int any = 0; any < 2 && least == HUGE_VAL; any++)
        for (size_t i = 0; i < d->examples; i++) {
            double distance = 0;
            if (!any && d->factor[i * k + row] != class[row]) continue;
            for (size_t f = 0; f < k; f++)
                if (d->factor_size[f] > 1)
                    distance += abs(d->factor[i * k + f] - class[f]) / (d->factor_size[f] - 1.0);
            if (distance > least - 1e-9) continue;
            least = distance;
            best = i;
        }
    *exact = least < 1e-9;
    return best;
}

enum { MOST_ROWS = 4 };
typedef struct {
    pv_sheet_row row[MOST_ROWS];
    char caption[MOST_ROWS][PV_SHEET_COLUMNS][32];
    size_t example[MOST_ROWS * PV_SHEET_COLUMNS], count;
    int inexact;
} expected;

/* Of a factor with 13 values, the contract's twelve: ends included, evenly spaced. */
static int class_of(int column, int columns, int size)
{
    if (columns == size) return column;
    static const int of_thirteen[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12};
    assert_int_equal(size, 13);
    return of_thirteen[column];
}

static void expect_rows(expected *e, const pv_data *d)
{
    memset(e, 0, sizeof *e);
    for (int f = 0; f < d->factors; f++) {
        const int size = d->factor_size[f], columns = size < 12 ? size : 12;
        e->row[f] = (pv_sheet_row){.title = d->factor_name[f],
                                   .note = d->nuisance[f] ? "nuisance" : NULL,
                                   .images = columns};
        for (int c = 0; c < columns; c++) {
            int32_t class[MOST_ROWS];
            int exact;
            for (int g = 0; g < d->factors; g++) class[g] = (d->factor_size[g] - 1) / 2;
            class[f] = class_of(c, columns, size);
            const size_t found = find(d, class, (size_t)f, &exact);
            e->inexact += !exact;
            snprintf(e->caption[f][c], sizeof e->caption[f][c], "%s%.3g", exact ? "" : "~",
                     d->factor_value[found * (size_t)d->factors + (size_t)f]);
            e->row[f].caption[c] = e->caption[f][c];
            e->example[e->count++] = found;
        }
    }
}

/* As a batch of training would have them, of seed 0 in step 0. */
static float *gather(const pv_device_data *data, const expected *e)
{
    const pv_data *d = data->data;
    const size_t numbers = (size_t)(d->height * d->width * d->channels);
    const size_t bytes = e->count * numbers * sizeof(float);
    uint32_t index[MOST_ROWS * PV_SHEET_COLUMNS];
    const pv_step zero = {0};
    pv_program *program;
    char *block;
    float *image, *out = malloc(bytes);
    assert_non_null(out);
    for (size_t i = 0; i < e->count; i++) index[i] = (uint32_t)e->example[i];
    OK(pv_device_alloc(device, 64 + 256 + bytes, (void **)&block));
    OK(pv_upload(stream, block, &zero, sizeof zero));
    OK(pv_upload(stream, block + 64, index, e->count * sizeof *index));
    OK(pv_program_begin(&program, stream, e->count));
    OK(pv_device_data_gather(program, data,
                             &(pv_gathering){.index = (const uint32_t *)(void *)(block + 64),
                                             .purpose = PV_FOR_VARIANT,
                                             .step = (const pv_step *)(void *)block},
                             &image));
    OK(pv_copy(program, &(pv_copy_args){
                            .cols = numbers, .from = image, .to = (float *)(void *)(block + 320)}));
    OK(pv_program_seal(program));
    OK(pv_program_run(program));
    OK(pv_download(stream, out, block + 320, bytes));
    pv_program_close(program);
    pv_device_release(device, block);
    return out;
}

/* The sheet of a data set is the expected one, to the byte of the file. Returns how many of its
 * images stand for missing ones. */
static int expect_contact_sheet(const pv_data *d)
{
    static expected e;
    pv_device_data data;
    char *want, *got;
    size_t want_size, got_size;
    OK(pv_device_data_open(&data, device, d));
    expect_rows(&e, d);
    float *pixels = gather(&data, &e);
    OK(pv_sheet_write(&(pv_sheet){.rows = d->factors,
                                  .row = e.row,
                                  .pixels = pixels,
                                  .height = d->height,
                                  .width = d->width,
                                  .channels = d->channels},
                      path));
    OK(pv_read_text(&want, &want_size, path));
    unlink(path);
    OK(pv_contact_sheet_write(path, &data, stream));
    OK(pv_read_text(&got, &got_size, path));
    assert_int_equal(got_size, want_size);
    assert_memory_equal(got, want, want_size);
    free(want);
    free(got);
    free(pixels);
    pv_device_data_close(&data);
    return e.inexact;
}

static void factors_are_shown(void **state)
{
    (void)state;
    static const struct {
        int factors, size[MOST_ROWS], channels, binary;
        size_t hole;
    } is[] = {{3, {3, 1, 4}, 1, 0, 0},  {2, {13, 3}, 3, 0, 0}, {4, {2, 12, 1, 13}, 1, 1, 0},
              {1, {1}, 3, 0, 0},        {1, {13}, 1, 1, 0},    {3, {3, 5, 4}, 1, 0, 2},
              {3, {13, 2, 3}, 3, 0, 3}, {2, {11, 12}, 1, 1, 5}};
    for (size_t i = 0; i < sizeof is / sizeof *is; i++) {
        pv_data d;
        make_set(&d, is[i].factors, is[i].size, is[i].channels, is[i].binary, is[i].hole);
        const int inexact = expect_contact_sheet(&d);
        assert_true(is[i].hole ? inexact > 0 : inexact == 0);
        pv_data_close(&d);
    }
}

static void variants_are_shown(void **state)
{
    (void)state;
    for (pv_variant v = PV_COLOR; v <= PV_SCREAM; v++) {
        enum { BACKGROUND = 20 * 24 * 3 };
        pv_data d;
        make_set(&d, 2, (int[]){4, 3}, 1, 1, 0);
        if (v == PV_SCREAM) {
            OK(pv_new(&d.background, BACKGROUND, 1, "a background"));
            for (size_t i = 0; i < BACKGROUND; i++) d.background[i] = (uint8_t)(mixed(i) >> 24);
            d.background_height = 20;
            d.background_width = 24;
        }
        d.variant = v;
        d.channels = 3;
        assert_int_equal(expect_contact_sheet(&d), 0);
        pv_data_close(&d);
    }
}

/* Images that stay in their file are shown as well. */
static void streamed_images_are_shown(void **state)
{
    (void)state;
    char file[128];
    char *text[2];
    size_t size[2];
    snprintf(file, sizeof file, "%s/sprites.h5", directory);
    OK(pv_sprites_write(&(pv_sprites){{3, 2, 4, 3, 3}}, file, 1, NULL));
    for (size_t memory = 0; memory < 2; memory++) {
        pv_data d;
        pv_device_data data;
        OK(pv_data_open_with(&d, file, &(pv_data_options){.memory = memory}, NULL));
        OK(pv_device_data_open(&data, device, &d));
        OK(pv_contact_sheet_write(path, &data, stream));
        OK(pv_read_text(&text[memory], &size[memory], path));
        pv_device_data_close(&data);
        pv_data_close(&d);
    }
    assert_int_equal(size[1], size[0]);
    assert_memory_equal(text[1], text[0], size[0]);
    free(text[0]);
    free(text[1]);
    unlink(file);
}

static void places_that_cannot_be_written_are_told(void **state)
{
    (void)state;
    char nowhere[128], folder[128];
    pv_data d;
    pv_device_data data;
    make_set(&d, 2, (int[]){2, 2}, 1, 1, 0);
    OK(pv_device_data_open(&data, device, &d));
    snprintf(nowhere, sizeof nowhere, "%s/none/sheet.png", directory);
    snprintf(folder, sizeof folder, "%s/folder", directory);
    assert_int_equal(mkdir(folder, 0700), 0);
    const char *const places[] = {nowhere, folder};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pv_contact_sheet_write(places[i], &data, stream), PV_EIO);
        if (!strstr(pv_error(), places[i]) || strchr(pv_error(), '\n'))
            fail_msg("\"%s\" is not one line with %s", pv_error(), places[i]);
    }
    assert_int_equal(rmdir(folder), 0); /* nothing is left; nor in the directory, when it goes */
    pv_device_data_close(&data);
    pv_data_close(&d);
}

static int begin(void **state)
{
    if (make(state)) return -1;
    OK(pv_device_open(&device, "cpu"));
    OK(pv_stream_open(&stream, device, 2));
    return 0;
}

static int end(void **state)
{
    pv_stream_close(stream);
    pv_device_close(device);
    return clean(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sheets_hold_their_images),
        cmocka_unit_test(factors_are_shown),
        cmocka_unit_test(variants_are_shown),
        cmocka_unit_test(streamed_images_are_shown),
        cmocka_unit_test(places_that_cannot_be_written_are_told),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
