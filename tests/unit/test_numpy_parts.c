/* test_numpy_parts.c -- arrays of NumPy's files, read in parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/numpy.h"

#include "scratch.h"

#define GOLDEN PV_SOURCE_DIR "/tests/golden/numpy_arrays.npz"
#define PLAIN PV_SOURCE_DIR "/tests/golden/numpy_mean.npy"

/* The next elements are these. */
static void next_are(pv_numpy_parts *parts, const uint8_t *want, size_t count)
{
    uint8_t got[16];
    memset(got, 'x', sizeof got);
    OK(pv_numpy_parts_next(parts, count, got));
    assert_memory_equal(got, want, count);
    assert_int_equal(got[count], 'x');
}

static void parts(void **state)
{
    (void)state;
    static const pv_numpy_array bytes = {
        .name = "1C_u1", .kind = PV_NUMPY_BYTE, .rank = 2, .dim = {3, 2}};
    static const pv_numpy_array truths = {
        .name = "3C_b1", .kind = PV_NUMPY_BYTE, .rank = 2, .dim = {3, 2}};
    static const pv_numpy_array reals = {
        .name = "2C_big_f4", .kind = PV_NUMPY_DOUBLE, .rank = 2, .dim = {3, 2}};
    static const pv_numpy_array rank9 = {
        .name = "rank9", .kind = PV_NUMPY_BYTE, .rank = 9, .dim = {2, 1, 2, 1, 1, 1, 1, 2, 1}};
    pv_numpy *file;
    pv_numpy_parts *byte, *truth, *real, *nine;
    double value[6];
    OK(pv_numpy_open(&file, GOLDEN, NULL));
    OK(pv_numpy_parts_open(&byte, file, &bytes));
    OK(pv_numpy_parts_open(&truth, file, &truths));
    OK(pv_numpy_parts_open(&real, file, &reals));
    OK(pv_numpy_parts_open(&nine, file, &rank9));
    next_are(byte, (uint8_t[]){0, 1, 2}, 3);
    next_are(truth, (uint8_t[]){0}, 1);
    OK(pv_numpy_parts_next(real, 4, value));
    next_are(byte, (uint8_t[]){0}, 0);
    next_are(byte, (uint8_t[]){3, 128, 255}, 3);
    next_are(truth, (uint8_t[]){1, 1, 0, 0, 1}, 5);
    OK(pv_numpy_parts_next(real, 2, value + 4));
    assert_memory_equal(value, ((double[]){0.5, -1, 2, 0.25, INFINITY, -0.0}), sizeof value);
    next_are(nine, (uint8_t[]){0, 1, 2, 3, 4, 5, 6, 7}, 8);
    pv_numpy_parts_close(byte);
    pv_numpy_parts_close(truth);
    pv_numpy_parts_close(real);
    pv_numpy_parts_close(nine);
    pv_numpy_parts_close(NULL);
    pv_numpy_close(file);
}

static void parts_of_a_plain_file(void **state)
{
    (void)state;
    enum { COUNT = 60 * 4, PART = 100 };
    const pv_numpy_array array = {
        .name = "mean", .kind = PV_NUMPY_DOUBLE, .rank = 2, .dim = {60, 4}};
    double whole[COUNT], got[COUNT];
    pv_numpy *file;
    pv_numpy_parts *all;
    OK(pv_numpy_open(&file, PLAIN, "mean"));
    OK(pv_numpy_read(file, &array, whole));
    OK(pv_numpy_parts_open(&all, file, &array));
    for (size_t at = 0; at < COUNT; at += PART)
        OK(pv_numpy_parts_next(all, COUNT - at < PART ? COUNT - at : PART, got + at));
    assert_memory_equal(got, whole, sizeof whole);
    pv_numpy_parts_close(all);
    pv_numpy_close(file);
}

static void says(const char *words)
{
    if (!strstr(pv_error(), words)) fail_msg("no '%s' in: %s", words, pv_error());
}

static void refused_parts(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        pv_numpy_array array;
    } cases[] = {
        {"'1F_u1' is stored by columns", {"1F_u1", PV_NUMPY_BYTE, 2, {3, 2}, 0}},
        {"'1C_i1' is int8 [3, 2]; expected uint8", {"1C_i1", PV_NUMPY_BYTE, 2, {3, 2}, 0}},
        {"'1C_u2' is uint16 [3, 2]; expected uint8", {"1C_u2", PV_NUMPY_BYTE, 2, {3, 2}, 0}},
        {"'1C_u1' is uint8 [3, 2]; expected uint8 [2, 3]", {"1C_u1", PV_NUMPY_BYTE, 2, {2, 3}, 0}},
        {"has 0 arrays 'absent'", {"absent", PV_NUMPY_BYTE, 2, {2, 3}, 0}},
    };
    pv_numpy *file;
    OK(pv_numpy_open(&file, GOLDEN, NULL));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pv_numpy_parts *none = NULL;
        assert_int_equal(pv_numpy_parts_open(&none, file, &cases[i].array), PV_EDATA);
        says(cases[i].words);
        assert_null(none);
    }
    pv_numpy_close(file);
}

/* The archive's checksum is over all of an array: what is wrong is told with its last part. */
static void damaged_parts(void **state)
{
    (void)state;
    enum { COUNT = 100000, PART = 30000 };
    static uint8_t value[COUNT], got[COUNT];
    const pv_numpy_array array = {
        .name = "images", .kind = PV_NUMPY_BYTE, .rank = 2, .dim = {COUNT / 10, 10}};
    for (size_t i = 0; i < COUNT; i++) value[i] = (uint8_t)(i * i >> 5);
    OK(pv_numpy_write(path, &(pv_numpy_item){array, value}, 1));
    for (int damaged = 0; damaged < 2; damaged++) {
        size_t size, done = 0;
        char *bytes;
        pv_numpy *file;
        pv_numpy_parts *all;
        OK(pv_read_text(&bytes, &size, path));
        bytes[size / 2] ^= (char)damaged;
        OK(pv_write_text(path, bytes, size));
        free(bytes);
        OK(pv_numpy_open(&file, path, NULL));
        OK(pv_numpy_parts_open(&all, file, &array));
        for (; done + PART < COUNT; done += PART) OK(pv_numpy_parts_next(all, PART, got + done));
        assert_int_equal(pv_numpy_parts_next(all, COUNT - done, got + done),
                         damaged ? PV_EDATA : PV_OK);
        if (damaged)
            says("/file: 'images' is damaged: CRC error");
        else
            assert_memory_equal(got, value, COUNT);
        pv_numpy_parts_close(all);
        pv_numpy_close(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),
        cmocka_unit_test(parts_of_a_plain_file),
        cmocka_unit_test(refused_parts),
        cmocka_unit_test(damaged_parts),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
