/* test_data_variant.c -- variants of binary images: their backgrounds, against
 * tests/oracle/thumbnails.py, and what is gathered of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/hdf5.h"
#include "polarvae/train.h"

#include "scratch.h"

#define GOLDEN PV_SOURCE_DIR "/tests/golden/thumbnails.h5"
#define COLOURS PV_SOURCE_DIR "/tests/golden/3dshapes_public_layout.h5"

enum { SIDE = 64, PIXELS = SIDE * SIDE, PICTURES = 21 };

/* A file of bytes in the test's directory. */
static const char *keep(const char *name, const void *bytes, size_t size)
{
    static char where[128];
    snprintf(where, sizeof where, "%s/%s", directory, name);
    OK(pv_write_text(where, bytes, size));
    return where;
}

static void open_sprites(pv_data *d)
{
    OK(pv_sprites_write(&(pv_sprites){{3, 2, 4, 3, 3}}, path, 1, NULL));
    OK(pv_data_open(d, path, NULL));
}

/* ---- backgrounds ---- */

static uint8_t *read_bytes(pv_h5 *file, int picture, const char *what, size_t *count)
{
    char name[32];
    pv_h5_array array;
    uint8_t *bytes;
    snprintf(name, sizeof name, "%d/%s", picture, what);
    OK(pv_h5_find(file, name, &array));
    *count = 1;
    for (int k = 0; k < array.rank; k++) *count *= array.dim[k];
    OK(pv_new(&bytes, *count, 1, "bytes"));
    OK(pv_h5_read(file, &array, bytes));
    return bytes;
}

/* Picture i of the golden file, under a name that the caller removes. */
static const char *keep_picture(pv_h5 *file, int i)
{
    size_t count;
    uint8_t *bytes = read_bytes(file, i, "file", &count);
    const char *name = keep("picture", bytes, count);
    free(bytes);
    return name;
}

static void refuses_background(pv_data *d, const char *name, pv_status want, const char *text)
{
    const uint64_t checksum = d->checksum;
    assert_int_equal(pv_data_vary(d, PV_SCREAM, name), want);
    if (!strstr(pv_error(), name) || !strstr(pv_error(), text) || strchr(pv_error(), '\n'))
        fail_msg("\"%s\" is not one line with %s and '%s'", pv_error(), name, text);
    assert_true(d->checksum == checksum);
    assert_int_equal(d->variant, PV_PLAIN);
    assert_int_equal(d->channels, 1);
    assert_null(d->background);
    assert_int_equal(d->background_width, 0);
    assert_int_equal(d->background_height, 0);
}

static void backgrounds_are_pillows(void **state)
{
    (void)state;
    static int32_t size[PICTURES][4]; /* width and height of the file and of its thumbnail */
    pv_h5 *file;
    pv_data d;
    OK(pv_h5_open(&file, GOLDEN));
    OK(pv_h5_read(
        file, &(pv_h5_array){.name = "size", .type = PV_H5_I32, .rank = 2, .dim = {PICTURES, 4}},
        size));
    for (int i = 0; i < PICTURES; i++) {
        const int width = size[i][2], height = size[i][3];
        const char *name = keep_picture(file, i);
        open_sprites(&d);
        if (width < SIDE || height < SIDE) {
            char text[64];
            snprintf(text, sizeof text, "%d x %d pixels", width, height);
            refuses_background(&d, name, PV_EUSAGE, text);
        } else {
            size_t count;
            uint8_t *want = read_bytes(file, i, "pixels", &count);
            OK(pv_data_vary(&d, PV_SCREAM, name));
            assert_int_equal(d.background_width, width);
            assert_int_equal(d.background_height, height);
            if (memcmp(d.background, want, count) != 0)
                fail_msg("%d x %d: other pixels", size[i][0], size[i][1]);
            free(want);
        }
        unlink(name);
        pv_data_close(&d);
    }
    pv_h5_close(file);
}

/* A refusal leaves the data set as it was: another picture may follow. */
static void bad_backgrounds_are_refused(void **state)
{
    (void)state;
    enum { SMALL = 14, LARGE = 18 };
    pv_h5 *file;
    pv_data d;
    OK(pv_h5_open(&file, GOLDEN));
    open_sprites(&d);
    refuses_background(&d, "/none/at/all.png", PV_EIO, "No such file");
    refuses_background(&d, directory, PV_EIO, "is no file");
    const char *name = keep("picture", "text", 4);
    refuses_background(&d, name, PV_EDATA, "neither a PNG nor a JPEG");
    keep_picture(file, SMALL);
    refuses_background(&d, name, PV_EUSAGE, "63 x 64 pixels");
    keep_picture(file, LARGE);
    OK(pv_data_vary(&d, PV_SCREAM, name));
    assert_int_equal(d.background_width, 90);
    unlink(name);
    pv_data_close(&d);
    pv_h5_close(file);
}

/* ---- which data sets have variants, and their checksums ---- */

static void only_binary_images_vary(void **state)
{
    (void)state;
    for (int memory = 0; memory < 2; memory++) {
        pv_data d;
        OK(pv_data_open_with(&d, COLOURS, &(pv_data_options){.memory = (size_t)memory}, NULL));
        const uint64_t checksum = d.checksum;
        for (pv_variant v = PV_COLOR; v <= PV_SCREAM; v++) {
            assert_int_equal(pv_data_vary(&d, v, "unread"), PV_EUSAGE);
            assert_non_null(strstr(pv_error(), "variant: is for binary images"));
        }
        OK(pv_data_vary(&d, PV_PLAIN, NULL));
        assert_true(d.checksum == checksum);
        pv_data_close(&d);
    }
}

/* Of plain images and of each variant, with two backgrounds; in memory or not. */
static void checksums_tell_variants_apart(void **state)
{
    (void)state;
    enum { SUMS = 5 };
    static const struct {
        pv_variant variant;
        int picture;
    } is[SUMS] = {{PV_PLAIN, 0}, {PV_COLOR, 0}, {PV_NOISY, 0}, {PV_SCREAM, 10}, {PV_SCREAM, 18}};
    uint64_t sum[SUMS];
    pv_h5 *file;
    pv_data d;
    OK(pv_h5_open(&file, GOLDEN));
    OK(pv_sprites_write(&(pv_sprites){{3, 2, 4, 3, 3}}, path, 1, NULL));
    for (size_t memory = 0; memory < 2; memory++)
        for (int i = 0; i < SUMS; i++) {
            const char *name = keep_picture(file, is[i].picture);
            OK(pv_data_open_with(&d, path, &(pv_data_options){.memory = memory}, NULL));
            OK(pv_data_vary(&d, is[i].variant, name));
            assert_int_equal(d.variant, is[i].variant);
            assert_int_equal(d.channels, is[i].variant == PV_PLAIN ? 1 : 3);
            assert_int_equal(pv_data_form(&d), PV_BITS);
            assert_int_equal(pv_data_image_bytes(&d), PIXELS / 8);
            if (memory == 0)
                sum[i] = d.checksum;
            else
                assert_true(d.checksum == sum[i]);
            pv_data_close(&d);
            unlink(name);
        }
    for (int i = 0; i < SUMS; i++)
        for (int j = 0; j < i; j++) assert_true(sum[i] != sum[j]);
    pv_h5_close(file);
}

/* ---- gathering ---- */

enum { ROWS = 512, NUMBERS = 3 * PIXELS };

static pv_device *device;
static pv_stream *stream;
static pv_data sprites;
static float *images, *others; /* [ROWS, NUMBERS] */

/* Which example is in a row: some stand there several times. */
static uint32_t example_of(size_t row) { return (uint32_t)(row * 29 % sprites.examples); }

static void gather(float *out, size_t rows, uint64_t seed, uint64_t step)
{
    pv_device_data data;
    pv_program *program;
    char *block;
    uint32_t index[ROWS];
    float *image;
    const pv_step at = {.count = step};
    const size_t bytes = rows * NUMBERS * sizeof *out;
    for (size_t i = 0; i < rows; i++) index[i] = example_of(i);
    OK(pv_device_data_open(&data, device, &sprites));
    OK(pv_device_alloc(device, 64 + sizeof index + bytes, (void **)&block));
    OK(pv_upload(stream, block, &at, sizeof at));
    OK(pv_upload(stream, block + 64, index, sizeof index));
    OK(pv_program_begin(&program, stream, rows));
    OK(pv_device_data_gather(program, &data,
                             &(pv_gathering){.index = (const uint32_t *)(block + 64),
                                             .seed = seed,
                                             .purpose = PV_FOR_VARIANT,
                                             .step = (const pv_step *)block},
                             &image));
    OK(pv_copy(program, &(pv_copy_args){.cols = NUMBERS,
                                        .from = image,
                                        .to = (float *)(block + 64 + sizeof index)}));
    OK(pv_program_seal(program));
    OK(pv_program_run(program));
    OK(pv_download(stream, out, block + 64 + sizeof index, bytes));
    pv_program_close(program);
    pv_device_release(device, block);
    pv_device_data_close(&data);
}

static int is_sprite(size_t row, size_t pixel)
{
    return (int)(sprites.bits[example_of(row) * sprites.words + pixel / 32] >> pixel % 32 & 1);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov and Smirnov's test of numbers in [0, 1): 1.95 is exceeded once in a thousand times. */
static void are_uniform(double *u, size_t count, const char *what)
{
    double farthest = 0, mean = 0;
    qsort(u, count, sizeof *u, ascending);
    assert_true(u[0] >= 0 && u[count - 1] < 1);
    for (size_t i = 0; i < count; i++) {
        const double n = (double)count;
        farthest = fmax(farthest, fmax(u[i] - (double)i / n, (double)(i + 1) / n - u[i]));
        mean += u[i] / n;
    }
    if (farthest * sqrt((double)count) > 1.95)
        fail_msg("%s: not uniform: %g", what, farthest * sqrt((double)count));
    if (fabs(mean - 0.5) > 4 * sqrt(1. / 12 / (double)count)) fail_msg("%s: mean %g", what, mean);
}

/* The sum over rows of the product of two columns, standardised: normal if they are independent. */
static void are_independent(const double *a, const double *b, size_t count, const char *what)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (a[i] - 0.5) * (b[i] - 0.5) * 12;
    if (fabs(sum) > 4 * sqrt((double)count)) fail_msg("%s: not independent: %g", what, sum);
}

/* An image is a function of (seed, step, row): alone or among others, and of nothing less. */
static void depends_on_seed_step_and_row(void)
{
    gather(images, ROWS, 7, 1000);
    gather(others, ROWS, 7, 1000);
    assert_memory_equal(others, images, ROWS * NUMBERS * sizeof *images);
    gather(others, 37, 7, 1000);
    assert_memory_equal(others, images, 37 * NUMBERS * sizeof *images);
    const uint64_t changed[][2] = {{8, 1000}, {7, 1001}, {7, (UINT64_C(1) << 32) + 1000}};
    for (int c = 0; c < 3; c++) {
        gather(others, ROWS, changed[c][0], changed[c][1]);
        for (size_t row = 0; row < ROWS; row++)
            assert_memory_not_equal(others + row * NUMBERS, images + row * NUMBERS,
                                    NUMBERS * sizeof *images);
    }
    const size_t again = sprites.examples; /* the same example as row 0 */
    assert_int_equal(example_of(again), example_of(0));
    assert_memory_not_equal(images, images + again * NUMBERS, NUMBERS * sizeof *images);
}

static void colours_are_of_one_image(void **state)
{
    (void)state;
    static double u[3][ROWS], all[3 * ROWS];
    sprites.variant = PV_COLOR;
    depends_on_seed_step_and_row();
    for (size_t row = 0; row < ROWS; row++)
        for (size_t c = 0; c < 3; c++) {
            const float *image = images + row * NUMBERS + c;
            float colour = 0;
            for (size_t p = 0; p < PIXELS; p++) {
                if (!is_sprite(row, p)) {
                    assert_true(image[3 * p] == 0);
                    continue;
                }
                if (colour == 0) colour = image[3 * p];
                assert_true(image[3 * p] == colour);
            }
            assert_true(colour >= 0.5f && colour < 1);
            u[c][row] = 2 * (double)colour - 1;
            all[3 * row + c] = u[c][row];
        }
    are_independent(u[0], u[1], ROWS, "red and green");
    are_independent(u[1], u[2], ROWS, "green and blue");
    are_independent(u[0], u[2], ROWS, "red and blue");
    are_independent(u[0], u[0] + 1, ROWS - 1, "one row and the next");
    for (int c = 0; c < 3; c++) are_uniform(u[c], ROWS, "a channel");
    are_uniform(all, sizeof all / sizeof *all, "colours");
}

static void noise_is_of_every_number(void **state)
{
    (void)state;
    enum { SOME = 8 };
    static double u[SOME * NUMBERS], place[ROWS];
    size_t count = 0;
    sprites.variant = PV_NOISY;
    depends_on_seed_step_and_row();
    for (size_t row = 0; row < ROWS; row++) {
        place[row] = (double)images[row * NUMBERS]; /* a corner: no sprite is there */
        for (size_t i = 0; i < NUMBERS; i++) {
            const float value = images[row * NUMBERS + i];
            if (is_sprite(row, i / 3))
                assert_true(value == 1);
            else if (row < SOME)
                u[count++] = (double)value;
        }
    }
    assert_true(count > SOME * NUMBERS / 2);
    are_independent(u, u + 1, count - 1, "neighbours");
    are_independent(u, u + 4, count - 4, "numbers of two blocks");
    are_independent(place, place + 1, ROWS - 1, "one row and the next");
    are_uniform(place, ROWS, "the corner");
    are_uniform(u, count, "noise");
}

/* Where the patch of an image was taken, and which number each channel got; there is one such
 * place. */
static void find_patch(size_t row, size_t *top, size_t *left, double u[3])
{
    const float *image = images + row * NUMBERS;
    const size_t width = (size_t)sprites.background_width;
    const size_t height = (size_t)sprites.background_height;
    int found = 0;
    for (size_t y = 0; y + SIDE <= height; y++)
        for (size_t x = 0; x + SIDE <= width; x++) {
            double first[3];
            int fits = 1;
            for (size_t i = 0; i < NUMBERS && fits; i++) {
                const size_t p = i / 3, c = i % 3;
                const double got = (double)image[i], b = is_sprite(row, p) ? 1 - got : got;
                const uint8_t *at =
                    sprites.background + 3 * ((y + p / SIDE) * width + x + p % SIDE);
                const double number = 2 * b - at[c] / 255.0;
                if (i < 3) first[c] = number;
                fits = fabs(number - first[c]) < 1e-6;
            }
            if (!fits) continue;
            found++;
            *top = y;
            *left = x;
            memcpy(u, first, sizeof first);
        }
    if (found != 1) fail_msg("image %zu is of %d patches", row, found);
}

/* A background of chance of this size. */
static void set_background(int height, int width)
{
    const size_t count = (size_t)height * (size_t)width * 3;
    free(sprites.background);
    OK(pv_new(&sprites.background, count, 1, "a background"));
    for (size_t i = 0; i < count; i++)
        sprites.background[i] = (uint8_t)((i + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 40);
    sprites.background_height = height;
    sprites.background_width = width;
}

static void patches_are_of_the_background(void **state)
{
    (void)state;
    enum { MORE_DOWN = 5, MORE_ACROSS = 9 };
    static double u[3 * ROWS], channel[3][ROWS];
    size_t tops[MORE_DOWN + 1] = {0}, lefts[MORE_ACROSS + 1] = {0}, top, left;
    sprites.variant = PV_SCREAM;
    set_background(SIDE + MORE_DOWN, SIDE + MORE_ACROSS);
    depends_on_seed_step_and_row();
    for (size_t row = 0; row < ROWS; row++) {
        find_patch(row, &top, &left, u + 3 * row);
        tops[top]++;
        lefts[left]++;
        for (int c = 0; c < 3; c++) {
            if (fabs(u[3 * row + (size_t)c]) < 1e-6) u[3 * row + (size_t)c] = 0; /* rounding */
            channel[c][row] = u[3 * row + (size_t)c];
        }
    }
    /* The study leaves out the last place of each direction. */
    assert_int_equal(tops[MORE_DOWN], 0);
    assert_int_equal(lefts[MORE_ACROSS], 0);
    for (int i = 0; i < MORE_DOWN; i++)
        assert_true(fabs((double)tops[i] - 1. * ROWS / MORE_DOWN) <
                    5 * sqrt(1. * ROWS / MORE_DOWN));
    for (int i = 0; i < MORE_ACROSS; i++)
        assert_true(fabs((double)lefts[i] - 1. * ROWS / MORE_ACROSS) <
                    5 * sqrt(1. * ROWS / MORE_ACROSS));
    are_independent(channel[0], channel[1], ROWS, "red and green");
    are_independent(channel[1], channel[2], ROWS, "green and blue");
    are_uniform(u, sizeof u / sizeof *u, "what is added");
}

static void a_background_of_their_size_is_the_patch(void **state)
{
    (void)state;
    double u[3];
    size_t top, left;
    sprites.variant = PV_SCREAM;
    set_background(SIDE, SIDE);
    gather(images, ROWS, 1, 1);
    for (size_t row = 0; row < ROWS; row++) find_patch(row, &top, &left, u);
}

/* ---- what they all use ---- */

static int begin(void **state)
{
    if (make(state)) return -1;
    open_sprites(&sprites);
    sprites.channels = 3;
    OK(pv_device_open(&device, "cpu"));
    OK(pv_stream_open(&stream, device, 2));
    OK(pv_new(&images, ROWS * NUMBERS, sizeof *images, "images"));
    OK(pv_new(&others, ROWS * NUMBERS, sizeof *others, "images"));
    return 0;
}

static int end(void **state)
{
    free(images);
    free(others);
    pv_stream_close(stream);
    pv_device_close(device);
    pv_data_close(&sprites);
    return clean(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backgrounds_are_pillows),
        cmocka_unit_test(bad_backgrounds_are_refused),
        cmocka_unit_test(only_binary_images_vary),
        cmocka_unit_test(checksums_tell_variants_apart),
        cmocka_unit_test(colours_are_of_one_image),
        cmocka_unit_test(noise_is_of_every_number),
        cmocka_unit_test(patches_are_of_the_background),
        cmocka_unit_test(a_background_of_their_size_is_the_patch),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
