/* test_import_shapes3d.c -- 3dshapes.h5 and disentanglement_lib's .npz: the expected images, and
 * files that are no such. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/numpy.h"

#include "public_file.h"

static const opener shapes3d = {.kind = "shapes3d", .open = pv_open_shapes3d};

static void the_public_formats_are_read(void **state)
{
    (void)state;
    static const char *const names[] = {"shapes3d.h5", "shapes3d.npz", "shapes3d_flat.npz",
                                        "shapes3d_large_chunks.h5"};
    contents got;
    for (int i = 0; i < 4; i++) becomes(&shapes3d, names[i]);
    OK(read_public(&got, &shapes3d, GOLDEN "arrays/shapes3d.h5"));
    assert_int_equal(got.table.channels, 3);
    assert_string_equal(got.note,
                        GOLDEN "arrays/shapes3d.h5: 32 images; the public release has 480000");
    drop(&got);
}

/* ---- files of two images, which differ in orientation ---- */

enum { N = 2, COLUMNS = 6 };

static const double labels[N * COLUMNS] = {0, 0, 0, 0.75, 0, -30, 0, 0, 0, 0.75, 0, 30};
static const uint8_t pixels[N * 64 * 64 * 3];

static void write_hdf5(const pv_h5_array *images, const pv_h5_array *table, const void *value)
{
    pv_h5 *file;
    OK(pv_h5_create(&file, path));
    OK(pv_h5_write(file, images, pixels));
    OK(pv_h5_write(file, table, value));
    OK(pv_h5_commit(file));
    pv_h5_close(file);
}

static void write_npz(const pv_numpy_array *images, const pv_numpy_array *table, const void *value)
{
    const pv_numpy_item item[] = {{*images, pixels}, {*table, value}};
    OK(pv_numpy_write(path, item, 2));
}

static void wrong_tables_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t cell;
        double to;
        const char *words;
    } cases[] = {
        {2, 1, "which is not the number of combinations"},
        {11, -30, "which is not the number of combinations"},
        {11, -31, "image 0 has class 1 of orientation; expected 0"},
        {4, (double)NAN, "'labels' row 0 column 4 is nan; it must be finite"},
        {9, (double)INFINITY, "'labels' row 1 column 3 is inf; it must be finite"},
    };
    const pv_h5_array images = {
        .name = "images", .type = PV_H5_U8, .rank = 4, .dim = {N, 64, 64, 3}};
    const pv_h5_array table = {.name = "labels", .type = PV_H5_F64, .rank = 2, .dim = {N, COLUMNS}};
    const pv_numpy_array packed_images = {
        .name = "images", .kind = PV_NUMPY_BYTE, .rank = 4, .dim = {N, 64, 64, 3}};
    const pv_numpy_array packed_table = {
        .name = "labels", .kind = PV_NUMPY_DOUBLE, .rank = 2, .dim = {N, COLUMNS}};
    contents got;
    write_hdf5(&images, &table, labels);
    OK(read_public(&got, &shapes3d, path));
    drop(&got);
    write_npz(&packed_images, &packed_table, labels);
    OK(read_public(&got, &shapes3d, path));
    drop(&got);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double value[N * COLUMNS];
        memcpy(value, labels, sizeof value);
        value[cases[i].cell] = cases[i].to;
        write_hdf5(&images, &table, value);
        refuses(&shapes3d, path, PV_EDATA, cases[i].words);
        write_npz(&packed_images, &packed_table, value);
        refuses(&shapes3d, path, PV_EDATA, cases[i].words);
    }
}

static void wrong_shapes_are_refused(void **state)
{
    (void)state;
    static const struct {
        pv_h5_array images, table;
        const char *words;
    } cases[] = {
        {{"images", PV_H5_U8, 4, {2, 32, 32, 3}, 0, 0},
         {"labels", PV_H5_F64, 2, {2, 6}, 0, 0},
         "is not 3D Shapes: expected 'images' uint8 [480000, 64, 64, 3]"},
        {{"images", PV_H5_U8, 3, {2, 64, 64}, 0, 0},
         {"labels", PV_H5_F64, 2, {2, 6}, 0, 0},
         "is not 3D Shapes"},
        {{"images", PV_H5_U8, 4, {2, 64, 64, 3}, 0, 0},
         {"labels", PV_H5_F64, 2, {2, 5}, 0, 0},
         "is not 3D Shapes"},
        {{"images", PV_H5_U8, 4, {1, 64, 64, 3}, 0, 0},
         {"labels", PV_H5_F64, 2, {2, 6}, 0, 0},
         "'labels' has 2 rows, but 'images' holds 1 images"},
        {{"images", PV_H5_U8, 4, {2, 64, 64, 3}, 0, 0},
         {"factors", PV_H5_F64, 2, {2, 6}, 0, 0},
         "has no data set 'labels'"},
    };
    static const struct {
        pv_numpy_array images, table;
        const char *words;
    } packed[] = {
        {{"images", PV_NUMPY_BYTE, 4, {2, 64, 64, 1}, 0},
         {"labels", PV_NUMPY_DOUBLE, 2, {2, 6}, 0},
         "'images' is uint8 [2, 64, 64, 1]; expected uint8 [2, 64, 64, 3]"},
        {{"images", PV_NUMPY_BYTE, 9, {1, 1, 1, 1, 1, 2, 64, 64, 3}, 0},
         {"labels", PV_NUMPY_DOUBLE, 2, {2, 6}, 0},
         "'labels' is float64 [2, 6]; expected float64 [1, 1, 1, 1, 1, 2, 6]"},
        {{"images", PV_NUMPY_BYTE, 4, {2, 64, 64, 3}, 0},
         {"labels", PV_NUMPY_DOUBLE, 2, {1, 6}, 0},
         "'labels' is float64 [1, 6]; expected float64 [2, 6]"},
        {{"images", PV_NUMPY_BYTE, 4, {0, 64, 64, 3}, 0},
         {"labels", PV_NUMPY_DOUBLE, 2, {0, 6}, 0},
         "holds no images"},
        {{"images", PV_NUMPY_BYTE, 0, {0}, 0},
         {"labels", PV_NUMPY_DOUBLE, 2, {2, 6}, 0},
         "'images' is uint8 (one value); expected"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_hdf5(&cases[i].images, &cases[i].table, labels);
        refuses(&shapes3d, path, PV_EDATA, cases[i].words);
    }
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++) {
        write_npz(&packed[i].images, &packed[i].table, labels);
        refuses(&shapes3d, path, PV_EDATA, packed[i].words);
    }
    refuses_golden(&shapes3d, "dsprites.hdf5", "is not 3D Shapes");
    refuses_golden(&shapes3d, "dsprites.npz", "has 0 arrays 'images'");
    refuses_golden(&shapes3d, "shapes3d_forged.h5",
                   "'images' is uint8 [1000000000000, 64, 64, 3]: more than a file of 1672 bytes "
                   "can hold");
    refuses_other_things(&shapes3d);
}

static void damage_is_found(void **state)
{
    (void)state;
    static const char *const names[] = {"shapes3d.h5", "shapes3d.npz"};
    for (int i = 0; i < 2; i++) {
        survives_truncation(&shapes3d, names[i]);
        survives_flips(&shapes3d, names[i], i == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_public_formats_are_read),
        cmocka_unit_test(wrong_tables_are_refused),
        cmocka_unit_test(wrong_shapes_are_refused),
        cmocka_unit_test(damage_is_found),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
