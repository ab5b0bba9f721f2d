/* test_numpy_write.c -- .npz files of ours: as NumPy writes them, and read back to the same bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <sys/stat.h>

#include "base/numpy.h"
#include "polarvae/evaluate.h"

#include "scratch.h"
#include "synthetic.h"

enum { ROWS = 3, WIDTH = 12 };
static const float reals[ROWS][2] = {{0.5f, -0.0f}, {INFINITY, 1e-45f}, {-NAN, 3.4e38f}};
static const int32_t wholes[ROWS][2] = {{0, -1}, {INT32_MAX, INT32_MIN}, {7, 8}};
static const char texts[ROWS][WIDTH] = {"", "\xc3\xa9t\xc3\xa9 \xe2\x82\xac", "elevenbytes"};

static const pv_numpy_item items[] = {
    {{"reals", PV_NUMPY_REAL, 2, {ROWS, 2}, 0}, reals},
    {{"wholes", PV_NUMPY_WHOLE, 2, {ROWS, 2}, 0}, wholes},
    {{"row", PV_NUMPY_REAL, 1, {2 * ROWS}, 0}, reals},
    {{"none", PV_NUMPY_REAL, 2, {0, 2}, 0}, reals},
    {{"texts", PV_NUMPY_TEXT, 1, {ROWS}, WIDTH}, texts},
};
enum { ITEMS = sizeof items / sizeof *items };

static void read_back(void **state)
{
    (void)state;
    pv_numpy *file;
    OK(pv_numpy_write(path, items, ITEMS));
    OK(pv_numpy_open(&file, path, NULL));
    for (int i = 0; i < ITEMS; i++) {
        char got[sizeof reals + sizeof texts];
        const size_t row = i == 4 ? WIDTH : i == 2 ? sizeof(float) : 2 * sizeof(float);
        const size_t bytes = items[i].array.dim[0] * row;
        OK(pv_numpy_read(file, &items[i].array, got));
        assert_memory_equal(got, items[i].value, bytes);
    }
    pv_numpy_close(file);
}

/* What numpy.savez writes of these arrays, but for the fields of the zip that say nothing. */
static void bytes_as_numpy_has_them(void **state)
{
    (void)state;
    static const char header[] =
        "\x93NUMPY\1\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }"
        "                                                          \n"
        "\0\0\0\x3f\0\0\0\x80",
                      flat[] = "'descr': '<f4', 'fortran_order': False, 'shape': (6,), }",
                      signs[] = "'descr': '<i4', 'fortran_order': False, 'shape': (3, 2), }",
                      points[] = "'descr': '<U11', 'fortran_order': False, 'shape': (3,), }",
                      euro[] = "\xe9\0\0\0t\0\0\0\xe9\0\0\0 \0\0\0\xac\x20\0\0\0";
    char *bytes, *again;
    size_t size, size_again;
    OK(pv_read_text(&bytes, &size, path));
    assert_memory_equal(bytes + 8, "\0\0\0\0!\0", 6); /* stored, on 1 January 1980 */
    assert_non_null(memmem(bytes, size, header, sizeof header - 1));
    assert_non_null(memmem(bytes, size, flat, sizeof flat - 1));
    assert_non_null(memmem(bytes, size, signs, sizeof signs - 1));
    assert_non_null(memmem(bytes, size, points, sizeof points - 1));
    assert_non_null(memmem(bytes, size, euro, sizeof euro - 1));
    assert_non_null(memmem(bytes, size, "texts.npy", 9));
    OK(pv_numpy_write(path, items, ITEMS));
    OK(pv_read_text(&again, &size_again, path));
    assert_int_equal(size, size_again);
    assert_memory_equal(bytes, again, size);
    free(bytes);
    free(again);
}

/* Bytes that are no UTF-8 become U+FFFD, one each. */
static void damaged_text(void **state)
{
    (void)state;
    static const char bad[1][WIDTH] = {"a\xff\xc3z"};
    const pv_numpy_item item = {{"bad", PV_NUMPY_TEXT, 1, {1}, WIDTH}, bad};
    char got[WIDTH];
    pv_numpy *file;
    OK(pv_numpy_write(path, &item, 1));
    OK(pv_numpy_open(&file, path, NULL));
    OK(pv_numpy_read(file, &item.array, got));
    assert_string_equal(got, "a\xef\xbf\xbd\xef\xbf\xbdz");
    pv_numpy_close(file);
}

/* The ending chooses the format; the codes are the same. */
static void codes(void **state)
{
    (void)state;
    enum { EXAMPLES = 101, LATENTS = 4 };
    char npz[80], npy[80];
    pv_codes c = synthetic_codes(EXAMPLES, LATENTS, 3, 0.2, 1), back;
    const size_t values = sizeof(float) * EXAMPLES * LATENTS;
    snprintf(npz, sizeof npz, "%s.npz", path);
    snprintf(npy, sizeof npy, "%s.npy", path);
    for (int factors = 1; factors >= 0; factors--) {
        c.factors = factors;
        OK(pv_codes_write(&c, npz));
        OK(pv_codes_read(&back, npz));
        assert_true(back.examples == EXAMPLES && back.latents == LATENTS);
        assert_int_equal(back.factors, factors);
        assert_memory_equal(c.mean, back.mean, values);
        assert_memory_equal(c.variance, back.variance, values);
        assert_memory_equal(c.sampled, back.sampled, values);
        if (factors) {
            assert_memory_equal(c.factor, back.factor, EXAMPLES * sizeof *c.factor);
            assert_string_equal(c.factor_name[0], back.factor_name[0]);
        }
        pv_codes_free(&back);
    }
    char *start;
    OK(pv_read_text(&start, NULL, npz));
    assert_memory_equal(start, "PK\3\4", 4);
    free(start);
    assert_int_equal(pv_codes_write(&c, npy), PV_EUSAGE);
    assert_non_null(strstr(pv_error(), "a .npy holds one array"));
    assert_int_equal(access(npy, F_OK), -1);
    unlink(npz);
    pv_codes_free(&c);
}

static void not_written(void **state)
{
    (void)state;
    char nowhere[80];
    snprintf(nowhere, sizeof nowhere, "%s/none/x.npz", directory);
    assert_int_equal(pv_numpy_write(nowhere, items, ITEMS), PV_EIO);
    assert_non_null(strstr(pv_error(), "none/x.npz: cannot be written: No such file"));
    assert_int_equal(pv_numpy_write(directory, items, ITEMS), PV_EIO);
    assert_non_null(strstr(pv_error(), "is a directory"));
    assert_int_equal(pv_numpy_write("/dev/full/x.npz", items, ITEMS), PV_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_back),    cmocka_unit_test(bytes_as_numpy_has_them),
        cmocka_unit_test(damaged_text), cmocka_unit_test(codes),
        cmocka_unit_test(not_written),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
