/* test_traversal_picture.c -- pictures of traversals, read back: animations by giflib, tables by
 * cairo. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cairo.h>
#include <gif_lib.h>
#include <math.h>

#include "report/gif.h"
#include "report/traversal.h"

#include "scratch.h"

static GifFileType *read_back(void)
{
    int error;
    GifFileType *gif = DGifOpenFileName(path, &error);
    assert_non_null(gif);
    if (DGifSlurp(gif) != GIF_OK) fail_msg("giflib: %s", GifErrorString(gif->Error));
    return gif;
}

/* 0xrrggbb of pixel (x, y) of a frame. */
static uint32_t at(const GifFileType *gif, int frame, int x, int y)
{
    const GifColorType c =
        gif->SColorMap->Colors[gif->SavedImages[frame].RasterBits[y * gif->SWidth + x]];
    return (uint32_t)c.Red << 16 | (uint32_t)c.Green << 8 | c.Blue;
}

static void check_frames(const GifFileType *gif, int frames, int delay)
{
    assert_int_equal(gif->ImageCount, frames);
    for (int i = 0; i < frames; i++) {
        const GifImageDesc d = gif->SavedImages[i].ImageDesc;
        GraphicsControlBlock control;
        assert_true(d.Left == 0 && d.Top == 0 && d.Width == gif->SWidth &&
                    d.Height == gif->SHeight && !d.ColorMap);
        assert_int_equal(DGifSavedExtensionToGCB((GifFileType *)gif, i, &control), GIF_OK);
        assert_int_equal(control.DelayTime, delay);
        assert_int_equal(control.TransparentColor, NO_TRANSPARENT_COLOR);
    }
    /* It is played for ever. */
    const SavedImage *first = gif->SavedImages;
    int loops = 0;
    for (int i = 0; i + 1 < first->ExtensionBlockCount; i++) {
        const ExtensionBlock *e = &first->ExtensionBlocks[i];
        loops += e[0].Function == APPLICATION_EXT_FUNC_CODE && e[0].ByteCount == 11 &&
                 memcmp(e[0].Bytes, "NETSCAPE2.0", 11) == 0 && e[1].ByteCount == 3 &&
                 memcmp(e[1].Bytes, "\1\0\0", 3) == 0;
    }
    assert_int_equal(loops, 1);
}

static int channel(uint32_t colour, int k) { return (int)(colour >> 8 * k & 255); }

/* ---- gif.h ---- */

/* Every grey is within 1 of what it was, mixtures of an ink with white within half a step. */
static void greys_and_inks_stay(void **state)
{
    (void)state;
    enum { WIDTH = 256, HEIGHT = 3, STRIDE = WIDTH + 5, FRAMES = 3 };
    static uint32_t pixel[HEIGHT][STRIDE];
    const pv_gif_format format = {
        .width = WIDTH, .height = HEIGHT, .delay = 7, .inks = 2, .ink = {0x0066cc, 0xcc6600}};
    for (int x = 0; x < WIDTH; x++) {
        pixel[0][x] = (uint32_t)x * 0x010101;
        for (int k = 0; k < 2; k++) {
            pixel[1 + k][x] = 0;
            for (int i = 0; i < 3; i++) {
                const int ink = channel(format.ink[k], i);
                pixel[1 + k][x] |= (uint32_t)(255 + (ink - 255) * x / (WIDTH - 1)) << 8 * i;
            }
        }
    }
    pv_gif *gif;
    OK(pv_gif_open(&gif, path, &format));
    for (int i = 0; i < FRAMES; i++) OK(pv_gif_frame(gif, &pixel[0][0], STRIDE));
    assert_false(pv_file_exists(path)); /* not before it is whole */
    OK(pv_gif_close(gif, PV_OK));

    GifFileType *back = read_back();
    assert_true(back->SWidth == WIDTH && back->SHeight == HEIGHT);
    check_frames(back, FRAMES, 7);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int i = 0; i < 3; i++)
                assert_in_range(
                    abs(channel(at(back, FRAMES - 1, x, y), i) - channel(pixel[y][x], i)), 0,
                    y == 0 ? 1 : 9);
    assert_int_equal(at(back, 0, 0, 0), 0);
    assert_int_equal(at(back, 0, 255, 0), 0xffffff);
    assert_int_equal(at(back, 0, 255, 1), 0x0066cc);
    assert_int_equal(at(back, 0, 255, 2), 0xcc6600);
    DGifCloseFile(back, NULL);
}

/* Of an even colour, 4 by 4 pixels are on average what they should be; levels are exact. */
static void colours_are_dithered(void **state)
{
    (void)state;
    enum { SIDE = 16 };
    static const uint32_t colour[] = {0x000000, 0xffffff, 0x3366cc, 0x123456, 0xfedcba, 0x80ff19};
    static uint32_t pixel[SIDE * SIDE];
    pv_gif *gif;
    OK(pv_gif_open(&gif, path,
                   &(pv_gif_format){.width = SIDE, .height = SIDE, .delay = 2, .coloured = 1}));
    for (int c = 0; c < 6; c++) {
        for (int i = 0; i < SIDE * SIDE; i++) pixel[i] = colour[c];
        OK(pv_gif_frame(gif, pixel, SIDE));
    }
    OK(pv_gif_close(gif, PV_OK));
    GifFileType *back = read_back();
    check_frames(back, 6, 2);
    for (int c = 0; c < 6; c++)
        for (int i = 0; i < 3; i++) {
            double sum = 0;
            for (int j = 0; j < SIDE * SIDE; j++)
                sum += channel(at(back, c, j % SIDE, j / SIDE), i);
            assert_true(fabs(sum / (SIDE * SIDE) - channel(colour[c], i)) <= 51.0 / 32);
        }
    for (int j = 0; j < 3 * SIDE * SIDE; j++)
        assert_int_equal(at(back, j % 3, j / 3 % SIDE, j / 3 / SIDE), colour[j % 3]);
    DGifCloseFile(back, NULL);
}

static void a_gif_that_fails_is_not_there(void **state)
{
    (void)state;
    static const uint32_t pixel = 0;
    pv_gif *gif;
    pv_gif_format format = {.width = 1, .height = 1};
    unlink(path);
    assert_int_equal(pv_gif_open(&gif, "/nowhere/x.gif", &format), PV_EIO);
    assert_non_null(strstr(pv_error(), "/nowhere/x.gif"));
    OK(pv_gif_open(&gif, path, &format));
    OK(pv_gif_frame(gif, &pixel, 1));
    assert_int_equal(pv_gif_close(gif, PV_ENUMERIC), PV_ENUMERIC);
    assert_false(pv_file_exists(path));
    format.width = 65536;
    assert_int_equal(pv_gif_open(&gif, path, &format), PV_EUSAGE);
    assert_non_null(strstr(pv_error(), "65536 x 1"));
    assert_int_equal(pv_gif_close(NULL, PV_EDATA), PV_EDATA);
}

/* ---- traversal.h ---- */

enum { MOST_ROWS = 70, MOST_COLUMNS = 51, SIDE = 16 };
static pv_traversal_row row[MOST_ROWS];
static float image[MOST_ROWS * MOST_COLUMNS * SIDE * SIDE * 3];

/* Images of one value each: those of column c are c / (columns - 1). */
static pv_traversal_picture picture(int rows, int columns, int channels)
{
    const int size = SIDE * SIDE * channels;
    for (int i = 0; i < rows * columns * size; i++)
        image[i] = (float)(i / size % columns) / (float)(columns - 1);
    for (int r = 0; r < rows; r++)
        row[r] = (pv_traversal_row){4095 - r, (pv_type)(r % PV_TYPES), 1e3 / (r + 1), r % 9 - 4.0};
    return (pv_traversal_picture){.rows = rows,
                                  .columns = columns,
                                  .variables = rows + rows % 2 * 2000,
                                  .row = row,
                                  .range = 3,
                                  .pixels = image,
                                  .example = image,
                                  .height = SIDE,
                                  .width = SIDE,
                                  .channels = channels};
}

/* The most frequent value of a frame that is neither black nor white is that of its images. */
static int main_grey(const GifFileType *gif, int frame)
{
    int count[256] = {0}, best = 1;
    for (int y = 0; y < gif->SHeight; y++)
        for (int x = 0; x < gif->SWidth; x++) {
            const uint32_t c = at(gif, frame, x, y);
            if (c == (c & 255) * 0x010101) count[c & 255]++;
        }
    for (int v = 2; v < 255; v++)
        if (count[v] > count[best]) best = v;
    return best;
}

static void an_animation_goes_there_and_back(void **state)
{
    (void)state;
    enum { COLUMNS = 5, FRAMES = 2 * (COLUMNS - 1) };
    const pv_traversal_picture p = picture(3, COLUMNS, 1);
    OK(pv_traversal_write_gif(&p, path));
    GifFileType *back = read_back();
    check_frames(back, FRAMES, PV_TRAVERSAL_DELAY);
    for (int i = 0; i < FRAMES; i++) {
        const int c = i < COLUMNS ? i : FRAMES - i;
        if (c == 0 || c == COLUMNS - 1) continue;
        assert_in_range(main_grey(back, i), c * 255 / (COLUMNS - 1) - 1,
                        c * 255 / (COLUMNS - 1) + 1);
    }
    DGifCloseFile(back, NULL);
}

static void white_all_round(const unsigned char *data, int stride, int width, int height)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            if (x < 8 || y < 8 || x >= width - 8 || y >= height - 8) {
                uint32_t pixel;
                memcpy(&pixel, data + y * stride + 4 * x, sizeof pixel);
                assert_int_equal(pixel & 0xffffff, 0xffffff);
            }
}

static const int rows[] = {1, 2, 7, 32, 33, MOST_ROWS}, columns[] = {2, 11, MOST_COLUMNS};

static void nothing_is_cut_off_a_table(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 3; j++) {
            const pv_traversal_picture p = picture(rows[i], columns[j], j == 1 ? 3 : 1);
            OK(pv_traversal_write_png(&p, path));
            cairo_surface_t *s = cairo_image_surface_create_from_png(path);
            assert_int_equal(cairo_surface_status(s), CAIRO_STATUS_SUCCESS);
            white_all_round(cairo_image_surface_get_data(s), cairo_image_surface_get_stride(s),
                            cairo_image_surface_get_width(s), cairo_image_surface_get_height(s));
            cairo_surface_destroy(s);
        }
}

static void nothing_is_cut_off_an_animation(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        const pv_traversal_picture p = picture(rows[i], 2, i % 2 ? 3 : 1);
        OK(pv_traversal_write_gif(&p, path));
        GifFileType *back = read_back();
        check_frames(back, 2, PV_TRAVERSAL_DELAY);
        for (int y = 0; y < back->SHeight; y++)
            for (int x = 0; x < back->SWidth; x++)
                if (x < 8 || y < 8 || x >= back->SWidth - 8 || y >= back->SHeight - 8)
                    assert_int_equal(at(back, 1, x, y), 0xffffff);
        DGifCloseFile(back, NULL);
    }
}

/* Other values, inside and outside of the range, have other marks. */
static void the_own_value_is_marked(void **state)
{
    (void)state;
    static const double own[] = {-9, -2, 0, 2.5, 9};
    enum { OWN = sizeof own / sizeof *own };
    char *text[OWN];
    size_t size[OWN];
    for (int i = 0; i < OWN; i++) {
        const pv_traversal_picture p = picture(1, 3, 1);
        row[0].own = own[i];
        OK(pv_traversal_write_png(&p, path));
        OK(pv_read_text(&text[i], &size[i], path));
        for (int j = 0; j < i; j++)
            assert_true(size[i] != size[j] || memcmp(text[i], text[j], size[i]) != 0);
    }
    for (int i = 0; i < OWN; i++) free(text[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greys_and_inks_stay),
        cmocka_unit_test(colours_are_dithered),
        cmocka_unit_test(a_gif_that_fails_is_not_there),
        cmocka_unit_test(an_animation_goes_there_and_back),
        cmocka_unit_test(nothing_is_cut_off_a_table),
        cmocka_unit_test(nothing_is_cut_off_an_animation),
        cmocka_unit_test(the_own_value_is_marked),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
