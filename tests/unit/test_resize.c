/* test_resize.c -- pictures, resized to the bit as Pillow resizes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hdf5.h"
#include "data/resize.h"

#include "scratch.h"

#define GOLDEN PV_SOURCE_DIR "/tests/golden/import/resize.h5"

static const char *const pictures[] = {
    "96x96x1_64x64_chance",
    "96x96x1_64x64_edges",
    "128x128x3_64x64_chance",
    "128x128x3_64x64_edges",
    "100x100x1_64x64_chance",
    "37x37x3_64x64_chance",
    "37x37x1_64x64_edges",
    "64x64x1_16x16_chance",
    "64x64x3_64x64_chance",
    "50x90x3_64x32_chance",
    "70x41x1_24x64_chance",
    "90x50x1_64x64_edges",
    "1x1x3_16x16_chance",
    "2x300x1_16x16_chance",
    "1x7x1_5x3_chance",
    "constant_0",
    "constant_1",
    "constant_128",
    "constant_254",
    "constant_255",
};
enum { PICTURES = sizeof pictures / sizeof *pictures };

/* Array PICTURE/NAME, of u8 or i16; the caller frees it. */
static void *array_of(pv_h5 *file, const char *picture, const char *name, pv_h5_type type,
                      pv_h5_array *array)
{
    static char full[128];
    void *values;
    size_t count = type == PV_H5_U8 ? 1 : sizeof(int16_t);
    snprintf(full, sizeof full, "%s/%s", picture, name);
    OK(pv_h5_find(file, full, array));
    array->type = type;
    for (int k = 0; k < array->rank; k++) count *= array->dim[k];
    OK(pv_new(&values, 1, count, "pixels"));
    OK(pv_h5_read(file, array, values));
    return values;
}

static void as_pillow(void **state)
{
    (void)state;
    pv_h5 *file;
    OK(pv_h5_open(&file, GOLDEN));
    for (int i = 0; i < PICTURES; i++) {
        pv_h5_array in, out;
        uint8_t *from = array_of(file, pictures[i], "from", PV_H5_U8, &in);
        uint8_t *want = array_of(file, pictures[i], "bytes", PV_H5_U8, &out), *got;
        const size_t pixels = out.dim[0] * out.dim[1], channels = out.dim[2];
        pv_resize *across, *down;
        OK(pv_resize_open(&across, (int)in.dim[1], (int)out.dim[1], PV_LANCZOS));
        OK(pv_resize_open(&down, (int)in.dim[0], (int)out.dim[0], PV_LANCZOS));
        OK(pv_new(&got, pixels, channels, "pixels"));
        OK(pv_resize_bytes(across, down, (int)channels, from, got));
        if (memcmp(got, want, pixels * channels) != 0) fail_msg("%s: other bytes", pictures[i]);
        if (channels == 1) {
            int16_t *whole = array_of(file, pictures[i], "unclipped", PV_H5_I16, &out), *found;
            OK(pv_new(&found, pixels, sizeof *found, "pixels"));
            OK(pv_resize_unclipped(across, down, from, found));
            if (memcmp(found, whole, pixels * sizeof *found) != 0)
                fail_msg("%s: other numbers", pictures[i]);
            free(whole);
            free(found);
        }
        pv_resize_close(across);
        pv_resize_close(down);
        free(from);
        free(want);
        free(got);
    }
    pv_h5_close(file);
}

/* A plain area stays plain, whatever the sizes: the weights of every pixel sum to 1. */
static void plain_stays_plain(void **state)
{
    (void)state;
    enum { MOST = 70 };
    static uint8_t from[MOST * MOST], to[MOST * MOST];
    static int16_t wide[MOST * MOST];
    for (int in = 1; in <= MOST; in++)
        for (int out = 1; out <= MOST; out += 1 + out / 4) {
            pv_resize *across, *down;
            OK(pv_resize_open(&across, in, out, PV_LANCZOS));
            OK(pv_resize_open(&down, MOST + 1 - in, out, PV_LANCZOS));
            memset(from, 255 - in, sizeof from);
            OK(pv_resize_bytes(across, down, 1, from, to));
            OK(pv_resize_unclipped(across, down, from, wide));
            for (int i = 0; i < out * out; i++)
                if (to[i] != 255 - in || wide[i] != 255 - in)
                    fail_msg("%d to %d: %d and %d for %d", in, out, to[i], wide[i], 255 - in);
            pv_resize_close(across);
            pv_resize_close(down);
        }
}

/* The largest sums do not leave their 32 bits: bytes are the wide numbers, clipped, but for their
 * last bit. */
static void the_hardest_edges(void **state)
{
    (void)state;
    enum { MOST = 40 };
    static uint8_t from[MOST], to[MOST];
    static int16_t wide[MOST];
    for (int in = 1; in <= MOST; in++)
        for (int out = 1; out <= MOST; out++) {
            pv_resize *across, *down;
            OK(pv_resize_open(&across, in, out, PV_LANCZOS));
            OK(pv_resize_open(&down, 1, 1, PV_LANCZOS));
            for (int period = 1; period <= 6; period++) {
                for (int i = 0; i < in; i++) from[i] = i / period % 2 ? 0 : 255;
                OK(pv_resize_bytes(across, down, 1, from, to));
                OK(pv_resize_unclipped(across, down, from, wide));
                for (int i = 0; i < out; i++) {
                    const int want = wide[i] < 0 ? 0 : wide[i] > 255 ? 255 : wide[i];
                    if (abs(to[i] - want) > 1) fail_msg("%d to %d: %d, %d", in, out, to[i], want);
                }
            }
            pv_resize_close(across);
            pv_resize_close(down);
        }
    pv_resize_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_pillow),
        cmocka_unit_test(plain_stays_plain),
        cmocka_unit_test(the_hardest_edges),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
