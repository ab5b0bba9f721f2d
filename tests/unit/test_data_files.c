/* test_data_files.c -- data set files of all kinds: what is read, and how the others are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/hdf5.h"

#include "refused.h"

/* ---- a file that is good until a case spoils it ---- */

enum { N = 8, SIDE = 16, PIXELS = SIDE * SIDE, K = 6, ROOM = 17 };

typedef struct {
    pv_h5_array imgs, classes, values, names, sizes; /* type and shape; no name: left out */
    uint8_t pixels[N * PIXELS * 4];
    int64_t class[N * ROOM];
    double value[N * ROOM];
    char name[ROOM][PV_FACTOR_NAME];
    int64_t size[ROOM];
} set;

/* Factors color 1, shape 2, scale 1, orientation 1, posX 2, posY 2. */
static void good(set *s)
{
    static const char *const name[K] = {"color", "shape", "scale", "orientation", "posX", "posY"};
    *s = (set){
        .imgs = {.name = "imgs", .type = PV_H5_U8, .rank = 3, .dim = {N, SIDE, SIDE}, .chunk = 3},
        .classes = {.name = "latents/classes", .type = PV_H5_I64, .rank = 2, .dim = {N, K}},
        .values = {.name = "latents/values", .type = PV_H5_F64, .rank = 2, .dim = {N, K}},
        .names = {.name = "@latents_names",
                  .type = PV_H5_TEXT,
                  .rank = 1,
                  .dim = {K},
                  .width = PV_FACTOR_NAME},
        .sizes = {.name = "@latents_sizes", .type = PV_H5_I64, .rank = 1, .dim = {K}},
        .size = {1, 2, 1, 1, 2, 2}};
    for (int f = 0; f < K; f++) strcpy(s->name[f], name[f]);
    for (int i = 0; i < N; i++) {
        int64_t *class = s->class + i * K;
        class[1] = i / 4;
        class[4] = i / 2 % 2;
        class[5] = i % 2;
        for (int f = 0; f < K; f++) s->value[i * K + f] = 0.5 * (double)class[f];
        for (int p = 0; p < PIXELS; p++) s->pixels[i * PIXELS + p] = (p * 7 + i) % 5 == 0;
    }
}

static void write_part(pv_h5 *file, const pv_h5_array *array, const void *value)
{
    if (array->name) OK(pv_h5_write(file, array, value));
}

static void write_set(const set *s)
{
    pv_h5 *file;
    OK(pv_h5_create(&file, path));
    write_part(file, &s->imgs, s->pixels);
    write_part(file, &s->classes, s->class);
    write_part(file, &s->values, s->value);
    write_part(file, &s->names, s->name);
    write_part(file, &s->sizes, s->size);
    OK(pv_h5_commit(file));
    pv_h5_close(file);
}

/* ---- what is read ---- */

static uint64_t read_good(const set *s, int factors, const char *first)
{
    pv_data d;
    write_set(s);
    OK(pv_data_open(&d, path, NULL));
    assert_int_equal(d.examples, N);
    assert_int_equal(d.factors, factors);
    assert_string_equal(d.factor_name[0], first);
    assert_non_null(d.bits);
    for (int i = 0; i < N * PIXELS; i++)
        assert_int_equal(d.bits[i / PIXELS * PIXELS / 32 + i % PIXELS / 32] >> i % 32 & 1,
                         s->pixels[i]);
    uint64_t sum = d.checksum;
    pv_data_close(&d);
    return sum;
}

static void names_come_from_the_file_or_the_layout(void **state)
{
    (void)state;
    set s;
    good(&s);
    uint64_t sum = read_good(&s, K - 1, "shape");
    s.names.name = s.sizes.name = NULL;
    assert_true(read_good(&s, K - 1, "shape") == sum);
    good(&s); /* a first factor of one value that is not colour stays */
    strcpy(s.name[0], "light");
    read_good(&s, K, "light");
    good(&s);
    s.names.name = s.sizes.name = NULL;
    s.classes.dim[1] = s.values.dim[1] = 5;
    memset(s.class, 0, sizeof s.class);
    read_good(&s, 5, "shape");
    s.classes.dim[1] = s.values.dim[1] = 4;
    read_good(&s, 4, "factor_0");
    s.classes.dim[1] = s.values.dim[1] = PV_MAX_FACTORS;
    read_good(&s, PV_MAX_FACTORS, "factor_0");
}

static void other_widths_of_the_tables_are_read(void **state)
{
    (void)state;
    static uint8_t narrow[N * K];
    static float single[N * K];
    set s;
    good(&s);
    uint64_t sum = read_good(&s, K - 1, "shape");
    for (int i = 0; i < N * K; i++) narrow[i] = (uint8_t)s.class[i];
    for (int i = 0; i < N * K; i++) single[i] = (float)s.value[i];
    memcpy(s.class, narrow, sizeof narrow);
    memcpy(s.value, single, sizeof single);
    s.classes.type = PV_H5_U8;
    s.values.type = PV_H5_F32;
    assert_true(read_good(&s, K - 1, "shape") == sum);
}

static void the_checksum_knows_images_and_factors(void **state)
{
    (void)state;
    set s;
    good(&s);
    uint64_t sum = read_good(&s, K - 1, "shape");
    s.pixels[N * PIXELS - 1] ^= 1;
    assert_true(read_good(&s, K - 1, "shape") != sum);
    good(&s);
    s.value[N * K - 1] = 7;
    assert_true(read_good(&s, K - 1, "shape") != sum);
    good(&s);
    s.class[N * K - 1] = 0;
    assert_true(read_good(&s, K - 1, "shape") != sum);
}

static void order_decides_what_is_complete(void **state)
{
    (void)state;
    set s;
    pv_data d;
    for (int shuffled = 0; shuffled < 2; shuffled++) {
        good(&s);
        if (shuffled) s.class[1] = 1, s.class[4 * K + 1] = 0; /* examples 0 and 4 change places */
        write_set(&s);
        OK(pv_data_open(&d, path, NULL));
        assert_int_equal(d.complete, !shuffled);
        pv_data_close(&d);
    }
}

/* Each pixel times `factor`: 1 stays binary; black images are either. */
static void grey_images_stay_bytes(void **state)
{
    (void)state;
    for (int channels = 1; channels <= 3; channels += 2) {
        set s;
        pv_data d;
        good(&s);
        s.imgs.rank = 4;
        s.imgs.dim[3] = (size_t)channels;
        s.imgs.chunk = 0;
        for (int i = 0; i < N * PIXELS * channels; i++) s.pixels[i] = (uint8_t)(i * 31 % 256);
        if (channels == 1) memset(s.pixels, 0, PIXELS);
        write_set(&s);
        OK(pv_data_open(&d, path, NULL));
        assert_null(d.bits);
        assert_int_equal(d.channels, channels);
        assert_memory_equal(d.bytes, s.pixels, (size_t)(N * PIXELS * channels));
        pv_data_close(&d);
    }
}

static void black_images_are_binary(void **state)
{
    (void)state;
    set s;
    good(&s);
    memset(s.pixels, 0, sizeof s.pixels);
    read_good(&s, K - 1, "shape");
}

/* ---- what is refused ---- */

static void wrong_type(set *s) { s->imgs.type = PV_H5_F32; }
static void flat(set *s) { s->imgs.rank = 2; }
static void no_images(set *s) { s->imgs.dim[0] = 0; }
static void not_square(set *s) { s->imgs.dim[2] = 32; }
static void odd_size(set *s) { s->imgs.dim[1] = s->imgs.dim[2] = 15; }
static void no_pixels(set *s) { s->imgs.dim[1] = s->imgs.dim[2] = 0; }
static void two_channels(set *s) { s->imgs.rank = 4, s->imgs.dim[3] = 2; }
static void no_layout(set *s) { s->imgs.name = NULL; }
static void no_classes(set *s) { s->classes.name = NULL; }
static void no_values(set *s) { s->values.name = NULL; }
static void few_classes(set *s) { s->classes.dim[0] = N - 1; }
static void few_values(set *s) { s->values.dim[0] = N - 1; }
static void other_values(set *s) { s->values.dim[1] = K - 1; }
static void real_classes(set *s) { s->classes.type = PV_H5_F64; }
static void whole_values(set *s) { s->values.type = PV_H5_I64; }
static void one_column(set *s) { s->classes.rank = 1; }
static void many_factors(set *s) { s->classes.dim[1] = s->values.dim[1] = PV_MAX_FACTORS + 1; }
static void no_factors(set *s) { s->classes.dim[1] = s->values.dim[1] = 0; }
static void below(set *s) { s->class[2 * K + 4] = -1; }
static void above(set *s) { s->class[2 * K + 4] = 2; }
static void far_above(set *s) { s->class[2 * K + 4] = INT64_C(1) << 40; }
static void above_count(set *s) { s->sizes.name = NULL, s->class[2 * K + 4] = N; }
static void few_names(set *s) { s->names.dim[0] = K - 1; }
static void few_sizes(set *s) { s->sizes.dim[0] = K - 1; }
static void not_a_number(set *s) { s->value[3 * K + 2] = NAN; }
static void infinite(set *s) { s->value[3 * K + 2] = -INFINITY; }
static void stray_pixel(set *s) { s->pixels[5 * PIXELS + 2 * SIDE + 3] = 2; }
static void stray_first_pixel(set *s) { s->pixels[2 * SIDE + 3] = 255; }

static const struct {
    void (*spoil)(set *);
    const char *text;
} cases[] = {
    {wrong_type, "'imgs' is float32 [8, 16, 16]; expected uint8"},
    {flat, "'imgs' is uint8 [8, 16]; expected uint8"},
    {no_images, "'imgs' holds no images"},
    {not_square, "16 x 32 pixels; they must be square"},
    {odd_size, "15 x 15 pixels; they must be square, of a multiple of 16"},
    {no_pixels, "0 x 0 pixels"},
    {two_channels, "2 channels; 1 or 3"},
    {no_layout, "neither 'imgs'"},
    {no_classes, "has no data set 'latents/classes'"},
    {no_values, "has no data set 'latents/values'"},
    {few_classes, "'latents/classes' has 7 rows, but 'imgs' holds 8"},
    {few_values, "'latents/values' has 7 rows, but 'imgs' holds 8"},
    {other_values, "'latents/values' is float64 [8, 5]; expected float64 [8, 6]"},
    {real_classes, "'latents/classes' is float64 [8, 6]; expected int32 [8, 6]"},
    {whole_values, "'latents/values' is int64 [8, 6]; expected float64 [8, 6]"},
    {one_column, "'latents/classes' has 1 dimensions; expected 2"},
    {many_factors, "17 factors; 1 to 16"},
    {no_factors, "0 factors; 1 to 16"},
    {below, "row 2 column 4 (posX) is -1; it must be in 0..1"},
    {above, "row 2 column 4 (posX) is 2; it must be in 0..1"},
    {far_above, "'latents/classes' holds a value that does not fit"},
    {above_count, "row 2 column 4 (posX) is 8; it must be in 0..7"},
    {few_names, "'@latents_names' is text [5]; expected text [6]"},
    {few_sizes, "'@latents_sizes' is int64 [5]; expected int32 [6]"},
    {not_a_number, "'latents/values' row 3 column 2 is nan; it must be finite"},
    {infinite, "'latents/values' row 3 column 2 is -inf; it must be finite"},
    {stray_pixel, "image 5 row 2 column 3 is 2, but image 0 holds only 0 and 1"},
    {stray_first_pixel, "image 1 holds only 0 and 1, but image 0 holds other values"},
};

static void spoilt_files_are_refused(void **state)
{
    (void)state;
    static set s;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        good(&s);
        cases[i].spoil(&s);
        write_set(&s);
        refuses(PV_EDATA, cases[i].text);
    }
}

static void labels_must_be_factors(void **state)
{
    (void)state;
    enum { MANY = 65537 };
    uint8_t *pixels = calloc(MANY, PIXELS);
    double *label = calloc(MANY, sizeof *label);
    pv_h5_array images = {
        .name = "images", .type = PV_H5_U8, .rank = 3, .dim = {MANY, SIDE, SIDE}, .chunk = 1000};
    pv_h5_array labels = {.name = "labels", .type = PV_H5_F64, .rank = 2, .dim = {MANY, 1}};
    for (int broken = 0; broken < 3; broken++) {
        pv_h5 *file;
        for (int i = 0; i < MANY; i++) label[i] = i;
        if (broken == 1) label[MANY - 1] = NAN;
        OK(pv_h5_create(&file, path));
        OK(pv_h5_write(file, &images, pixels));
        if (broken < 2) OK(pv_h5_write(file, &labels, label));
        OK(pv_h5_commit(file));
        pv_h5_close(file);
        refuses(PV_EDATA, broken == 0   ? "'labels' column 0 has more than 65536 different values"
                          : broken == 1 ? "'labels' row 65536 column 0 is nan"
                                        : "has no data set 'labels'");
    }
    free(pixels);
    free(label);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    char *name = path + strlen(directory);
    unlink(path);
    refuses(PV_EIO, "No such file");
    OK(pv_write_text(path, "", 0));
    refuses(PV_EDATA, "is empty");
    OK(pv_write_text(path, "PK\3\4 a file of another kind", 26));
    refuses(PV_EDATA, "is not an HDF5 file");
    unlink(path);
    *name = 0;
    refuses(PV_EDATA, "is a directory");
    *name = '/';
    assert_int_equal(mkfifo(path, 0600), 0);
    refuses(PV_EDATA, "is not a regular file");
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_come_from_the_file_or_the_layout),
        cmocka_unit_test(other_widths_of_the_tables_are_read),
        cmocka_unit_test(the_checksum_knows_images_and_factors),
        cmocka_unit_test(order_decides_what_is_complete),
        cmocka_unit_test(grey_images_stay_bytes),
        cmocka_unit_test(black_images_are_binary),
        cmocka_unit_test(spoilt_files_are_refused),
        cmocka_unit_test(labels_must_be_factors),
        cmocka_unit_test(other_files_are_refused),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
