/* test_import_mpi3d.c -- MPI3D's .npz: the expected images, and files that are no such. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/numpy.h"

#include "public_file.h"

#define TOY(subset_)                                                                               \
    {                                                                                              \
        .kind = "mpi3d_toy", .open = pv_open_mpi3d, .options = {.subset = subset_ }                \
    }

static const opener packed = TOY("2:2:2:1:1:3:2"), stored = TOY("1:1:1:1:2:1:2"), whole = TOY(NULL);

static void the_public_format_is_read(void **state)
{
    (void)state;
    contents got;
    becomes(&packed, "mpi3d.npz");
    becomes(&stored, "mpi3d_stored.npz");
    OK(read_public(&got, &packed, GOLDEN "arrays/mpi3d.npz"));
    assert_int_equal(got.table.channels, 3);
    assert_string_equal(got.note, GOLDEN "arrays/mpi3d.npz: 48 images; the public release has "
                                         "460800");
    drop(&got);
}

/* ---- counts ---- */

static void write_images(const pv_numpy_array *array)
{
    static uint8_t pixels[4 * 64 * 64 * 3 * 4];
    OK(pv_numpy_write(path, &(pv_numpy_item){*array, pixels}, 1));
}

static void wrong_counts_and_types_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        pv_numpy_array array;
    } cases[] = {
        {"holds 3 images; expected 4, every combination of 1:1:1:1:2:1:2 values",
         {"images", PV_NUMPY_BYTE, 4, {3, 64, 64, 3}, 0}},
        {"'images' is uint8 [4, 64, 64]; expected uint8 [4, 64, 64, 3]",
         {"images", PV_NUMPY_BYTE, 3, {4, 64, 64}, 0}},
        {"'images' is uint8 [4, 32, 64, 3]; expected",
         {"images", PV_NUMPY_BYTE, 4, {4, 32, 64, 3}, 0}},
        {"'images' is uint8 [4, 64, 64, 1]; expected",
         {"images", PV_NUMPY_BYTE, 4, {4, 64, 64, 1}, 0}},
        {"'images' is uint8 (one value); expected", {"images", PV_NUMPY_BYTE, 0, {0}, 0}},
        {"holds 0 images; expected 4", {"images", PV_NUMPY_BYTE, 4, {0, 64, 64, 3}, 0}},
        {"'images' is int32 [4, 64, 64, 3]; expected uint8",
         {"images", PV_NUMPY_WHOLE, 4, {4, 64, 64, 3}, 0}},
        {"'images' is float32 [4, 64, 64, 3]; expected uint8",
         {"images", PV_NUMPY_REAL, 4, {4, 64, 64, 3}, 0}},
        {"has 0 arrays 'images'", {"image", PV_NUMPY_BYTE, 4, {4, 64, 64, 3}, 0}},
        {"has 0 arrays 'images'", {"../images", PV_NUMPY_BYTE, 4, {4, 64, 64, 3}, 0}},
        {"has 0 arrays 'images'", {"/images", PV_NUMPY_BYTE, 4, {4, 64, 64, 3}, 0}},
        {"has 0 arrays 'images'", {"images.npy", PV_NUMPY_BYTE, 4, {4, 64, 64, 3}, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_images(&cases[i].array);
        refuses(&stored, path, PV_EDATA, cases[i].words);
    }
    refuses_golden(&whole, "mpi3d.npz",
                   "holds 48 images; expected 460800, every combination of 4:4:2:3:3:40:40 values");
    refuses_golden(&stored, "mpi3d_by_columns.npz", "'images' is stored by columns");
    refuses_other_things(&stored);
}

static void parts_of_the_grid_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "2",
                                      "2:2:2:1:1:3",
                                      "2:2:2:1:1:3:2:1",
                                      "2:2:2:1:1:3:2 ",
                                      "0:2:2:1:1:3:2",
                                      "5:2:2:1:1:3:2",
                                      "2:2:2:1:1:3:41",
                                      "-2:2:2:1:1:3:2",
                                      "2:2:2:1:1:3:99999999999999999999",
                                      "2,2,2,1,1,3,2"};
    contents got;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const opener o = TOY(bad[i]);
        assert_int_equal(read_public(&got, &o, GOLDEN "arrays/mpi3d.npz"), PV_EUSAGE);
        assert_non_null(strstr(pv_error(), "seven numbers like 4:4:2:3:3:40:40"));
    }
}

static void releases_have_their_sizes(void **state)
{
    (void)state;
    const opener real = {"mpi3d_real", pv_open_mpi3d, {.subset = "6:6:1:1:1:1:2"}};
    const opener toy = {"mpi3d_realistic", pv_open_mpi3d, {.subset = "6:6:1:1:1:1:2"}};
    const opener all = {"mpi3d_real", pv_open_mpi3d, {.subset = NULL}};
    contents got;
    refuses_golden(&real, "mpi3d.npz", "expected 72, every");
    refuses_golden(&all, "mpi3d.npz", "expected 1036800, every combination of 6:6:2:3:3:40:40");
    assert_int_equal(read_public(&got, &toy, GOLDEN "arrays/mpi3d.npz"), PV_EUSAGE);
}

/* ---- archives ---- */

static void forged_sizes_are_refused(void **state)
{
    (void)state;
    refuses_golden(&whole, "mpi3d_forged_header.npz",
                   "'images' is uint8 [9087650, 64, 64, 3], which takes 111669043200 bytes, but "
                   "4096 follow");
    refuses_golden(&whole, "mpi3d_forged_size.npz",
                   "'images' is forged or damaged: 111669043328 bytes cannot come of 107 packed");
}

/* Changes a byte of each entry's headers, before the entry and in the archive's directory. */
static void alter(size_t local, size_t central, char bits)
{
    size_t size, changed = 0;
    char *bytes;
    OK(pv_read_text(&bytes, &size, path));
    for (size_t at = 0; at + 46 <= size; at++) {
        size_t field = 0;
        if (memcmp(bytes + at, "PK\3\4", 4) == 0) field = at + local;
        if (memcmp(bytes + at, "PK\1\2", 4) == 0) field = at + central;
        if (field == 0) continue;
        bytes[field] ^= bits;
        changed++;
    }
    assert_int_equal(changed, 2);
    write_bytes(bytes, size);
    free(bytes);
}

static void damaged_archives_are_refused(void **state)
{
    (void)state;
    static uint8_t pixels[4 * 64 * 64 * 3];
    const pv_numpy_item twice[] = {{{"images", PV_NUMPY_BYTE, 4, {4, 64, 64, 3}, 0}, pixels},
                                   {{"imagez", PV_NUMPY_BYTE, 4, {4, 64, 64, 3}, 0}, pixels}};
    OK(pv_numpy_write(path, twice, 1));
    alter(6, 8, 1);
    refuses(&stored, path, PV_EDATA, "'images' is encrypted; expected a file of numpy.savez");
    OK(pv_numpy_write(path, twice, 1));
    alter(14, 16, 1);
    refuses(&stored, path, PV_EDATA, "'images' is damaged: CRC error");
    OK(pv_numpy_write(path, twice, 1));
    alter(8, 10, 12);
    refuses(&stored, path, PV_EDATA, "'images' is packed by zip's method 12; expected stored");

    OK(pv_numpy_write(path, twice, 2));
    size_t size;
    char *bytes, *at;
    OK(pv_read_text(&bytes, &size, path));
    while ((at = memmem(bytes, size, "imagez", 6))) at[5] = 's';
    write_bytes(bytes, size);
    free(bytes);
    refuses(&stored, path, PV_EDATA, "has 2 arrays 'images'; expected one");
}

static void damage_is_found(void **state)
{
    (void)state;
    survives_truncation(&packed, "mpi3d.npz");
    survives_truncation(&stored, "mpi3d_stored.npz");
    survives_flips(&packed, "mpi3d.npz", 1);
    survives_flips(&stored, "mpi3d_stored.npz", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_public_format_is_read),
        cmocka_unit_test(wrong_counts_and_types_are_refused),
        cmocka_unit_test(parts_of_the_grid_are_checked),
        cmocka_unit_test(releases_have_their_sizes),
        cmocka_unit_test(forged_sizes_are_refused),
        cmocka_unit_test(damaged_archives_are_refused),
        cmocka_unit_test(damage_is_found),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
