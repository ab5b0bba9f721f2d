/* test_picture.c -- pictures, read back pixel by pixel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cairo.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/base.h"
#include "report/picture.h"

#include "scratch.h"

typedef struct {
    cairo_surface_t *surface;
    int width, height;
} picture;

static picture read_back(void)
{
    picture p = {.surface = cairo_image_surface_create_from_png(path)};
    assert_int_equal(cairo_surface_status(p.surface), CAIRO_STATUS_SUCCESS);
    p.width = cairo_image_surface_get_width(p.surface);
    p.height = cairo_image_surface_get_height(p.surface);
    return p;
}

/* 0xrrggbb */
static uint32_t at(const picture *p, int x, int y)
{
    uint32_t pixel;
    const unsigned char *data = cairo_image_surface_get_data(p->surface);
    memcpy(&pixel, data + y * cairo_image_surface_get_stride(p->surface) + 4 * x, sizeof pixel);
    return pixel & 0xffffff;
}

/* ---- grids of images ---- */

static void a_grid_holds_every_pixel(void **state)
{
    (void)state;
    enum { ROWS = 2, COLUMNS = 3, H = 5, W = 4, MOST = ROWS * COLUMNS * H * W * 3 };
    static float value[MOST];
    for (int i = 0; i < MOST; i++) value[i] = (float)(i * 37 % 256) / 255;
    for (int channels = 1; channels <= 3; channels += 2)
        for (int zoom = 1; zoom <= 3; zoom += 2) {
            pv_image_grid grid = {value, ROWS, COLUMNS, H, W, channels, zoom};
            OK(pv_image_grid_write(&grid, path));
            picture p = read_back();
            assert_int_equal(p.width, COLUMNS * (W * zoom + 1) + 1);
            assert_int_equal(p.height, ROWS * (H * zoom + 1) + 1);
            uint32_t line = at(&p, 0, 0);
            for (int y = 0; y < p.height; y++)
                for (int x = 0; x < p.width; x++) {
                    int r = (y - 1) / (H * zoom + 1), c = (x - 1) / (W * zoom + 1);
                    int i = y - 1 - r * (H * zoom + 1), j = x - 1 - c * (W * zoom + 1);
                    if (y == 0 || x == 0 || i == H * zoom || j == W * zoom) {
                        assert_int_equal(at(&p, x, y), line);
                        continue;
                    }
                    int first = (((r * COLUMNS + c) * H + i / zoom) * W + j / zoom) * channels,
                        want = 0;
                    for (int k = 0; k < 3; k++)
                        want = want << 8 | (first + (channels == 3 ? k : 0)) * 37 % 256;
                    assert_int_equal(at(&p, x, y), want);
                }
            cairo_surface_destroy(p.surface);
        }
}

static void values_are_clipped(void **state)
{
    (void)state;
    static const float value[] = {-3, 0, 1, 70, NAN, INFINITY, 0.5F};
    static const uint32_t want[] = {0, 0, 0xffffff, 0xffffff, 0, 0xffffff, 0x808080};
    OK(pv_image_grid_write(&(pv_image_grid){value, 1, 7, 1, 1, 1, 1}, path));
    picture p = read_back();
    for (int i = 0; i < 7; i++) assert_int_equal(at(&p, 1 + 2 * i, 1), want[i]);
    cairo_surface_destroy(p.surface);
}

/* ---- heat maps ---- */

enum { SIZE = 3 };

static picture draw(double value, double low, double high)
{
    double all[SIZE * SIZE];
    for (int i = 0; i < SIZE * SIZE; i++) all[i] = value;
    const pv_heat_map map = {all, "title"};
    OK(pv_heat_maps_write(&(pv_heat_maps){1, SIZE, &map, NULL, low, high}, path));
    return read_back();
}

/* The colour of most pixels that are not white: the cells', where all are the same. */
static uint32_t main_colour(const picture *p)
{
    static int count[1 << 24];
    uint32_t best = 0;
    memset(count, 0, sizeof count);
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++) {
            uint32_t c = at(p, x, y);
            if (c != 0xffffff && ++count[c] > count[best]) best = c;
        }
    assert_true(count[best] > p->width * p->height / 5);
    return best;
}

static uint32_t colour_of(double value, double low, double high)
{
    picture p = draw(value, low, high);
    uint32_t colour = main_colour(&p);
    cairo_surface_destroy(p.surface);
    return colour;
}

static int red(uint32_t c) { return (int)(c >> 16); }
static int green(uint32_t c) { return (int)(c >> 8 & 0xff); }
static int blue(uint32_t c) { return (int)(c & 0xff); }

static void colours_follow_the_values(void **state)
{
    (void)state;
    uint32_t low = colour_of(-1, -1, 1), middle = colour_of(0, -1, 1), high = colour_of(1, -1, 1);
    uint32_t none = colour_of(NAN, -1, 1);
    assert_true(blue(low) > red(low) + 100);
    assert_true(red(high) > blue(high) + 100);
    assert_true(red(middle) == green(middle) && green(middle) == blue(middle) && red(middle) > 240);
    assert_true(red(none) == green(none) && green(none) == blue(none));
    assert_in_range(red(none), 150, 220);
    assert_int_equal(colour_of(-7, -1, 1), low);
    assert_int_equal(colour_of(INFINITY, -1, 1), high);
    assert_int_equal(colour_of(15, 10, 20), middle);
    int before = red(low) - blue(low);
    for (double value = -0.9; value < 1; value += 0.1) {
        uint32_t c = colour_of(value, -1, 1);
        assert_true(red(c) - blue(c) > before);
        before = red(c) - blue(c);
    }
}

static int different_pixels(const picture *p, const picture *q)
{
    int n = 0;
    assert_true(p->width == q->width && p->height == q->height);
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++) n += at(p, x, y) != at(q, x, y);
    return n;
}

static void cells_say_their_values(void **state)
{
    (void)state;
    /* All beyond the scale, so that only the numbers differ. */
    picture p = draw(2.25, -1, 1), q = draw(2.35, -1, 1), r = draw(2.3501, -1, 1);
    assert_true(different_pixels(&p, &q) > 9 * 5);
    assert_int_equal(different_pixels(&q, &r), 0);
    picture zero = draw(-1e-9, -1e9, 1e9), plain = draw(0, -1e9, 1e9);
    assert_int_equal(different_pixels(&zero, &plain), 0); /* no "-0.00" */
    const picture all[] = {p, q, r, zero, plain};
    for (int i = 0; i < 5; i++) cairo_surface_destroy(all[i].surface);
}

/* Whatever is drawn ends before the edge: nothing is cut off. */
static void nothing_is_cut_off(void **state)
{
    (void)state;
    enum { MOST = 100 };
    static const char *const title[] = {"short",
                                        "a title that is much longer than its map is wide, "
                                        "and goes on, and on, and on to no purpose"};
    static double value[MOST * MOST];
    static const char *label[MOST];
    static const int sizes[] = {1, 2, 10, 17, 40, MOST};
    for (int i = 0; i < MOST * MOST; i++) value[i] = (i % 7 - 3) * pow(10, i % 11);
    for (int i = 0; i < MOST; i++) label[i] = i % 2 ? "9 passive" : "a label of some length";
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int maps = 1; maps <= 3; maps++)
            for (int named = 0; named < 2; named++) {
                const pv_heat_map map[] = {{value, title[named]}, {value, ""}, {value, title[1]}};
                pv_heat_maps all = {maps, sizes[i], map, named ? label : NULL, -3e5, 3e9};
                OK(pv_heat_maps_write(&all, path));
                picture p = read_back();
                for (int x = 0; x < p.width; x++)
                    assert_true(at(&p, x, 0) == 0xffffff && at(&p, x, p.height - 1) == 0xffffff);
                for (int y = 0; y < p.height; y++)
                    assert_true(at(&p, 0, y) == 0xffffff && at(&p, p.width - 1, y) == 0xffffff);
                cairo_surface_destroy(p.surface);
            }
}

/* ---- what cannot be written ---- */

static void failures_name_the_file(void **state)
{
    (void)state;
    static const float black[64 * 64];
    pv_image_grid grid = {black, 1, 1, 64, 64, 1, 1000};
    unlink(path);
    assert_int_equal(pv_image_grid_write(&grid, path), PV_EUSAGE);
    assert_true(strstr(pv_error(), path) && strstr(pv_error(), "64002 x 64002"));
    grid.zoom = 1;
    assert_int_equal(pv_image_grid_write(&grid, "/nowhere/picture.png"), PV_EIO);
    assert_non_null(strstr(pv_error(), "/nowhere/picture.png"));

    struct rlimit before, little;
    getrlimit(RLIMIT_FSIZE, &before);
    little = (struct rlimit){10, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &little);
    pv_status status = pv_image_grid_write(&grid, path);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, PV_EIO);
    assert_non_null(strstr(pv_error(), path));
    assert_false(pv_file_exists(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_grid_holds_every_pixel),  cmocka_unit_test(values_are_clipped),
        cmocka_unit_test(colours_follow_the_values), cmocka_unit_test(cells_say_their_values),
        cmocka_unit_test(nothing_is_cut_off),        cmocka_unit_test(failures_name_the_file),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
