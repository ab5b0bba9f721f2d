/* test_data.c -- the generated sprites and their file, and files in the public layouts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/hdf5.h"

#include "scratch.h"

enum { SIDE = 64, PIXELS = SIDE * SIDE, SHAPES = 3, SCALES = 6, TURNS = 40, PLACES = 32 };
enum { SQUARE, ELLIPSE, HEART };
/* ---- one sprite ---- */

typedef struct {
    int area, top, left, bottom, right;
    double x, y; /* centre of mass */
} outline;

static outline measure(const uint8_t *pixels)
{
    outline o = {.top = SIDE, .left = SIDE};
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            if (!pixels[i * SIDE + j]) continue;
            o.area++;
            o.x += j;
            o.y += i;
            if (i < o.top) o.top = i;
            if (j < o.left) o.left = j;
            if (i > o.bottom) o.bottom = i;
            if (j > o.right) o.right = j;
        }
    o.x /= o.area;
    o.y /= o.area;
    return o;
}

static uint8_t sprites[SHAPES][SCALES][TURNS][PIXELS]; /* at x = y = 16 */

static int render_all(void **state)
{
    for (int shape = 0; shape < SHAPES; shape++)
        for (int scale = 0; scale < SCALES; scale++)
            for (int turn = 0; turn < TURNS; turn++)
                pv_sprite_render((int[]){shape, scale, turn, 16, 16}, sprites[shape][scale][turn]);
    return make(state);
}

static void sprites_are_binary_centred_and_inside(void **state)
{
    (void)state;
    for (int i = 0; i < SHAPES * SCALES * TURNS; i++) {
        int shape = i / (SCALES * TURNS), scale = i / TURNS % SCALES, turn = i % TURNS;
        const uint8_t *pixels = sprites[shape][scale][turn];
        for (int p = 0; p < PIXELS; p++) assert_in_range(pixels[p], 0, 1);
        outline o = measure(pixels);
        assert_true(fabs(o.x - 32) < 0.3 && fabs(o.y - 32) < 0.3);
        for (int corner = 0; corner < 4; corner++) {
            int x = corner % 2 * 31, y = corner / 2 * 31;
            uint8_t moved[PIXELS];
            pv_sprite_render((int[]){shape, scale, turn, x, y}, moved);
            outline m = measure(moved);
            assert_int_equal(m.area, o.area); /* nothing is cut off */
            assert_true(m.top >= 1 && m.left >= 1 && m.bottom <= 62 && m.right <= 62);
            assert_true(fabs(m.x - o.x - (x - 16)) < 1e-9 && fabs(m.y - o.y - (y - 16)) < 1e-9);
        }
    }
}

static void sprites_have_their_sizes(void **state)
{
    (void)state;
    for (int shape = 0; shape < SHAPES; shape++) {
        int widest = 0;
        for (int turn = 0; turn < TURNS; turn++) {
            int before = 0;
            for (int scale = 0; scale < SCALES; scale++) {
                outline o = measure(sprites[shape][scale][turn]);
                assert_true(o.area > before);
                before = o.area;
                int span = o.right - o.left + 1;
                if (span > widest) widest = span;
            }
            double ratio = measure(sprites[shape][0][turn]).area /
                           (double)measure(sprites[shape][SCALES - 1][turn]).area;
            assert_true(fabs(ratio - 0.25) < 0.03);
            assert_memory_equal(sprites[shape][0][TURNS - 1], sprites[shape][0][0], PIXELS);
        }
        assert_in_range(widest, 28, 31);
    }
    /* A square upright, an ellipse that lies, a heart that stands on its tip. */
    outline square = measure(sprites[SQUARE][SCALES - 1][0]);
    assert_int_equal(square.area, 23 * 23);
    outline ellipse = measure(sprites[ELLIPSE][SCALES - 1][0]);
    assert_true(ellipse.right - ellipse.left > 1.5 * (ellipse.bottom - ellipse.top));
    assert_true(fabs(ellipse.area - M_PI * 15.8 * 9) < 10);
    const uint8_t *heart = sprites[HEART][SCALES - 1][0];
    outline h = measure(heart);
    int tip = 0;
    for (int j = 0; j < SIDE; j++) tip += heart[h.bottom * SIDE + j];
    assert_true(tip <= 3 && heart[h.bottom * SIDE + 32]);
    assert_false(heart[h.top * SIDE + 32]); /* the notch ... */
    int lobes = 0;
    for (int j = 1; j < SIDE; j++) lobes += heart[h.top * SIDE + j] && !heart[h.top * SIDE + j - 1];
    assert_int_equal(lobes, 2); /* ... between two lobes */
    for (int i = 0; i < SIDE; i++)
        for (int d = 1; d < 32; d++)
            assert_int_equal(heart[i * SIDE + 32 - d], heart[i * SIDE + 32 + d]);
}

/* Moved into the upper left corner, so that what is left is the form alone. */
static void crop(uint8_t *out, const uint8_t *pixels, outline o)
{
    memset(out, 0, PIXELS);
    for (int i = o.top; i <= o.bottom; i++)
        memcpy(out + (i - o.top) * SIDE, pixels + i * SIDE + o.left,
               (size_t)(o.right - o.left + 1));
}

/* Equal forms are at the same place, so that no position makes two different sprites one image;
 * and they are one orientation, or squares. */
static void no_two_examples_are_the_same(void **state)
{
    (void)state;
    enum { N = SHAPES * SCALES * TURNS };
    static uint8_t form[N][PIXELS];
    static outline at[N];
    int equal_squares = 0;
    for (int i = 0; i < N; i++) {
        at[i] = measure(sprites[0][0][0] + (size_t)i * PIXELS);
        crop(form[i], sprites[0][0][0] + (size_t)i * PIXELS, at[i]);
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++) {
            if (at[i].area != at[j].area || memcmp(form[i], form[j], PIXELS) != 0) continue;
            assert_int_equal(at[i].top, at[j].top);
            assert_int_equal(at[i].left, at[j].left);
            assert_int_equal(i / TURNS, j / TURNS); /* the same shape and scale */
            if (i % TURNS == TURNS - 1 && j % TURNS == 0) continue;
            assert_true(i < SCALES * TURNS);
            equal_squares++;
        }
    assert_true(equal_squares < SCALES * TURNS / 8);
}

/* ---- the generated file ---- */

static int bit(const pv_data *d, size_t example, int pixel)
{
    return d->bits[example * d->words + (size_t)pixel / 32] >> pixel % 32 & 1;
}

static void a_generated_file_holds_the_grid(void **state)
{
    (void)state;
    /* Which values of the full grid are kept. */
    static const int kept[5][4] = {{0, 2}, {0, 3, 5}, {0, 10, 20, 30}, {15}, {0, 31}};
    static const double value[5][4] = {{1, 3},
                                       {0.5, 0.8, 1},
                                       {0, 20 * M_PI / 39, 40 * M_PI / 39, 60 * M_PI / 39},
                                       {15. / 31},
                                       {0, 1}};
    static const char *const name[5] = {"shape", "scale", "orientation", "posX", "posY"};
    pv_sprites s;
    pv_data d;
    OK(pv_sprites_parse(&s, "2:3:4:1:2"));
    OK(pv_sprites_write(&s, path, 2, NULL));
    OK(pv_data_open(&d, path, NULL));
    assert_int_equal(d.examples, 48);
    assert_int_equal(d.height, SIDE);
    assert_int_equal(d.width, SIDE);
    assert_int_equal(d.channels, 1);
    assert_int_equal(d.words, PIXELS / 32);
    assert_int_equal(d.factors, 5);
    assert_int_equal(d.complete, 1);
    assert_null(d.bytes);
    for (int f = 0; f < 5; f++) {
        assert_int_equal(d.factor_size[f], s.size[f]);
        assert_string_equal(d.factor_name[f], name[f]);
    }
    for (size_t i = 0; i < d.examples; i++) {
        uint8_t pixels[PIXELS];
        int class[5];
        size_t rest = i;
        for (int f = 4; f >= 0; f--) {
            int c = (int)(rest % (size_t)s.size[f]);
            rest /= (size_t)s.size[f];
            assert_int_equal(d.factor[i * 5 + (size_t)f], c);
            assert_true(fabs(d.factor_value[i * 5 + (size_t)f] - value[f][c]) < 1e-12);
            class[f] = kept[f][c];
        }
        pv_sprite_render(class, pixels);
        for (int p = 0; p < PIXELS; p++) assert_int_equal(bit(&d, i, p), pixels[p]);
    }
    pv_data_close(&d);
}

static void the_number_of_threads_changes_nothing(void **state)
{
    (void)state;
    static const int threads[] = {1, 2, 7, 0};
    pv_sprites s = {{3, 2, 5, 6, 8}}; /* 1440 images: several chunks, the last one not full */
    char *text[4];
    size_t size[4];
    for (int i = 0; i < 4; i++) {
        OK(pv_sprites_write(&s, path, threads[i], NULL));
        OK(pv_read_text(&text[i], &size[i], path));
        assert_int_equal(size[i], size[0]);
        assert_memory_equal(text[i], text[0], size[0]);
    }
    for (int i = 0; i < 4; i++) free(text[i]);
}

static pv_status count_up(void *state, size_t done, size_t total)
{
    size_t *last = state;
    assert_int_equal(total, 1440);
    assert_true(done > *last && done <= total);
    *last = done;
    return PV_OK;
}

static pv_status interrupt(void *state, size_t done, size_t total)
{
    (void)total;
    *(size_t *)state = done;
    return done > 500 ? pv_fail(PV_ESTOPPED, "interrupted") : PV_OK;
}

static void progress_is_told_and_can_stop(void **state)
{
    (void)state;
    pv_sprites s = {{3, 2, 5, 6, 8}};
    size_t done = 0;
    pv_data d;
    OK(pv_sprites_write(&s, path, 3, &(pv_progress){count_up, &done}));
    assert_int_equal(done, 1440);
    done = 0;
    OK(pv_data_open(&d, path, &(pv_progress){count_up, &done}));
    assert_int_equal(done, 1440);
    pv_data_close(&d);
    assert_int_equal(pv_data_open(&d, path, &(pv_progress){interrupt, &done}), PV_ESTOPPED);
    assert_null(d.bits);
    unlink(path);
    for (int threads = 1; threads <= 3; threads++) {
        pv_status status = pv_sprites_write(&s, path, threads, &(pv_progress){interrupt, &done});
        assert_int_equal(status, PV_ESTOPPED);
        assert_string_equal(pv_error(), "interrupted");
        assert_false(pv_file_exists(path));
    }
}

static void subsets_are_parsed(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "3",
                                      "3:6:40:32",
                                      "3:6:40:32:33",
                                      "0:6:40:32:1",
                                      "3:6:40:32:32:",
                                      "3:6:40:32:32 ",
                                      "3:6:4x:32:32",
                                      "3:-6:1:1:1",
                                      " 3:6:40:32:32",
                                      "3,6,40,32,32",
                                      "3:6:40:32:99999999999999999999"};
    pv_sprites s;
    OK(pv_sprites_parse(&s, "3:6:40:32:32"));
    assert_memory_equal(&s, &pv_sprites_full, sizeof s);
    OK(pv_sprites_parse(&s, "1:2:3:4:5"));
    for (int f = 0; f < 5; f++) assert_int_equal(s.size[f], f + 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(pv_sprites_parse(&s, bad[i]), PV_EUSAGE);
        assert_non_null(strstr(pv_error(), "3:6:40:32:32"));
    }
}

/* ---- files in the public layouts, written by tests/oracle/make_data_files.py ---- */

static void the_public_dsprites_layout_is_read(void **state)
{
    (void)state;
    static const int size[5] = {3, 2, 4, 2, 2};
    static const char *const name[5] = {"shape", "scale", "orientation", "posX", "posY"};
    pv_data d;
    OK(pv_data_open(&d, PV_SOURCE_DIR "/tests/golden/dsprites_public_layout.h5", NULL));
    assert_int_equal(d.examples, 96);
    assert_int_equal(d.factors, 5);
    assert_int_equal(d.complete, 1);
    assert_non_null(d.bits);
    for (int f = 0; f < 5; f++) {
        assert_int_equal(d.factor_size[f], size[f]);
        assert_string_equal(d.factor_name[f], name[f]);
    }
    for (int i = 0; i < 96; i++)
        for (int p = 0; p < PIXELS; p++)
            assert_int_equal(bit(&d, (size_t)i, p), (7 * (p / SIDE) + 3 * (p % SIDE) + i) % 11 < 4);
    const double *last = d.factor_value + 95 * 5;
    assert_true(last[0] == 3 && last[1] == 1 && last[3] == 1);
    assert_true(fabs(last[2] - 6 * M_PI / 39) < 1e-15 && fabs(last[4] - 1. / 31) < 1e-15);
    pv_data_close(&d);
}

static void the_public_shapes_layout_is_read(void **state)
{
    (void)state;
    static const int size[6] = {2, 2, 2, 3, 2, 2};
    static const char *const name[6] = {"floor_hue", "wall_hue", "object_hue",
                                        "scale",     "shape",    "orientation"};
    pv_data d;
    OK(pv_data_open(&d, PV_SOURCE_DIR "/tests/golden/3dshapes_public_layout.h5", NULL));
    assert_int_equal(d.examples, 96);
    assert_int_equal(d.channels, 3);
    assert_int_equal(d.factors, 6);
    assert_int_equal(d.complete, 1);
    assert_null(d.bits);
    for (int f = 0; f < 6; f++) {
        assert_int_equal(d.factor_size[f], size[f]);
        assert_string_equal(d.factor_name[f], name[f]);
    }
    const uint8_t *byte = d.bytes;
    for (int i = 0; i < 96; i++)
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++)
                for (int c = 0; c < 3; c++)
                    assert_int_equal(*byte++, (5 * y + 3 * x + 50 * c + i) % 256);
    assert_int_equal(d.factor[95 * 6 + 3], 2);
    assert_true(fabs(d.factor_value[95 * 6 + 1] - 0.4) < 1e-15);
    pv_data_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sprites_are_binary_centred_and_inside),
        cmocka_unit_test(sprites_have_their_sizes),
        cmocka_unit_test(no_two_examples_are_the_same),
        cmocka_unit_test(a_generated_file_holds_the_grid),
        cmocka_unit_test(the_number_of_threads_changes_nothing),
        cmocka_unit_test(progress_is_told_and_can_stop),
        cmocka_unit_test(subsets_are_parsed),
        cmocka_unit_test(the_public_dsprites_layout_is_read),
        cmocka_unit_test(the_public_shapes_layout_is_read),
    };
    return cmocka_run_group_tests(tests, render_all, clean);
}
