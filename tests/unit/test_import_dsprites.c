/* test_import_dsprites.c -- dSprites' .npz and .hdf5: the expected images, and files that are no
 * such. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/numpy.h"

#include "public_file.h"

static const opener dsprites = {.kind = "dsprites", .open = pv_open_dsprites};

static void the_public_formats_are_read(void **state)
{
    (void)state;
    static const char *const names[] = {"dsprites.npz", "dsprites.hdf5"};
    for (int i = 0; i < 2; i++) {
        char where[512], note[600];
        contents got;
        becomes(&dsprites, names[i]);
        snprintf(where, sizeof where, GOLDEN "arrays/%s", names[i]);
        snprintf(note, sizeof note, "%s: 48 images; the public release has 737280", where);
        OK(read_public(&got, &dsprites, where));
        assert_int_equal(got.table.channels, 1);
        assert_string_equal(got.note, note);
        drop(&got);
    }
}

/* ---- files of two images: a square and a heart, say ---- */

enum { N = 2, COLUMNS = 6 };

typedef struct {
    uint8_t imgs[N * 64 * 64];
    int32_t classes[N * COLUMNS];
    double values[N * COLUMNS];
} small;

static const small right = {.imgs = {[5000] = 1},
                            .classes = {[6 + 1] = 1},
                            .values = {1, 1, 0.5, 0, 0, 0, 1, 2, 0.5, 0, 0, 0}};

enum { ITEMS = 3 };

static void describe(pv_numpy_item item[ITEMS], const small *s)
{
    item[0] = (pv_numpy_item){{"imgs", PV_NUMPY_BYTE, 3, {N, 64, 64}, 0}, s->imgs};
    item[1] = (pv_numpy_item){{"latents_classes", PV_NUMPY_WHOLE, 2, {N, COLUMNS}, 0}, s->classes};
    item[2] = (pv_numpy_item){{"latents_values", PV_NUMPY_DOUBLE, 2, {N, COLUMNS}, 0}, s->values};
}

static void write_npz(const small *s)
{
    pv_numpy_item item[ITEMS];
    describe(item, s);
    OK(pv_numpy_write(path, item, ITEMS));
}

static void write_hdf5(const small *s)
{
    pv_h5 *file;
    OK(pv_h5_create(&file, path));
    OK(pv_h5_write(file,
                   &(pv_h5_array){.name = "imgs", .type = PV_H5_U8, .rank = 3, .dim = {N, 64, 64}},
                   s->imgs));
    OK(pv_h5_write(
        file,
        &(pv_h5_array){
            .name = "latents/classes", .type = PV_H5_I32, .rank = 2, .dim = {N, COLUMNS}},
        s->classes));
    OK(pv_h5_write(
        file,
        &(pv_h5_array){.name = "latents/values", .type = PV_H5_F64, .rank = 2, .dim = {N, COLUMNS}},
        s->values));
    OK(pv_h5_commit(file));
    pv_h5_close(file);
}

static void (*const write_as[])(const small *) = {write_npz, write_hdf5};

static void small_files_are_read(void **state)
{
    (void)state;
    for (int as = 0; as < 2; as++) {
        contents got;
        write_as[as](&right);
        OK(read_public(&got, &dsprites, path));
        assert_int_equal(got.table.factors, 5);
        assert_int_equal(got.table.factor_size[0], 2);
        assert_int_equal(got.table.factor_size[1], 1);
        assert_true(got.table.factor_value[5] == 2 && got.table.factor_value[6] == 0.5);
        drop(&got);
    }
}

static void wrong_contents_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t image, class, value; /* of which this cell is altered */
        int to;
        const char *words;
    } cases[] = {
        {4097, 0, 0, 255, "'imgs' image 1 has a pixel of 255; expected 0 to 1"},
        {8191, 0, 0, 2, "'imgs' image 1 has a pixel of 2; expected 0 to 1"},
        {0, 1, 0, 1, "image 0 has class 1 of shape; expected 0: images stand in"},
        {0, 7, 0, 0, "which is not the number of combinations"},
        {0, 8, 0, 1, "which is not the number of combinations"},
        {0, 9, 0, -1, "-1; it must be in 0..1"},
        {0, 10, 0, 2, "2; it must be in 0..1"},
        {0, 0, 8, 7, "image 1 has scale 7, but image 0 of the same class 0.5"},
    };
    for (int as = 0; as < 2; as++) {
        small s = right;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            s = right;
            if (cases[i].image) s.imgs[cases[i].image] = (uint8_t)cases[i].to;
            if (cases[i].class) s.classes[cases[i].class] = cases[i].to;
            if (cases[i].value) s.values[cases[i].value] = cases[i].to;
            write_as[as](&s);
            refuses(&dsprites, path, PV_EDATA, cases[i].words);
        }
        s = right; /* the same two images, the other one first */
        s.classes[1] = 1;
        s.classes[7] = 0;
        write_as[as](&s);
        refuses(&dsprites, path, PV_EDATA, "image 0 has class 1 of shape; expected 0");
        s = right;
        s.values[2] = s.values[8] = (double)NAN;
        write_as[as](&s);
        refuses(&dsprites, path, PV_EDATA, "nan; it must be finite");
        s = right; /* two colours of one shape are another data set */
        s.classes[6] = 1;
        s.classes[7] = 0;
        write_as[as](&s);
        refuses(&dsprites, path, PV_EDATA, as ? "is not dSprites" : "row 1 has colour 1; expected");
    }
}

static void wrong_shapes_are_refused(void **state)
{
    (void)state;
    static const struct {
        int item;
        pv_numpy_array array;
        const char *words;
    } cases[] = {
        {0, {"imgs", PV_NUMPY_BYTE, 3, {1, 64, 64}, 0}, "'latents_classes' is int32 [2, 6]; exp"},
        {0, {"imgs", PV_NUMPY_BYTE, 3, {0, 64, 64}, 0}, "holds no images"},
        {0, {"imgs", PV_NUMPY_BYTE, 3, {2, 32, 64}, 0}, "uint8 [2, 32, 64]; expected uint8 [2, 64"},
        {0, {"imgs", PV_NUMPY_BYTE, 4, {2, 64, 64, 1}, 0}, "expected uint8 [2, 64, 64]"},
        {0, {"imgs", PV_NUMPY_REAL, 3, {2, 32, 32}, 0}, "float32 [2, 32, 32]; expected uint8"},
        {0, {"images", PV_NUMPY_BYTE, 3, {2, 64, 64}, 0}, "has 0 arrays 'imgs'"},
        {1, {"latents_classes", PV_NUMPY_WHOLE, 2, {2, 5}, 0}, "expected int32 [2, 6]"},
        {1, {"latents_classes", PV_NUMPY_DOUBLE, 2, {1, 6}, 0}, "expected int32 [2, 6]"},
        {1, {"classes", PV_NUMPY_WHOLE, 2, {2, 6}, 0}, "has 0 arrays 'latents_classes'"},
        {2, {"latents_values", PV_NUMPY_DOUBLE, 2, {1, 6}, 0}, "expected float64 [2, 6]"},
        {2, {"latents_values", PV_NUMPY_WHOLE, 2, {2, 6}, 0}, "expected float64 [2, 6]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pv_numpy_item item[ITEMS];
        describe(item, &right);
        item[cases[i].item].array = cases[i].array;
        OK(pv_numpy_write(path, item, ITEMS));
        refuses(&dsprites, path, PV_EDATA, cases[i].words);
    }
    refuses_golden(&dsprites, "shapes3d.h5", "is not dSprites");
    refuses_golden(&dsprites, "mpi3d_forged_size.npz", "has 0 arrays 'imgs'");
    refuses_other_things(&dsprites);
    write_bytes("images,factors\n1,2\n", 19);
    refuses(&dsprites, path, PV_EDATA, "is no .npz and no HDF5 file");
}

static void damage_is_found(void **state)
{
    (void)state;
    survives_truncation(&dsprites, "dsprites.npz");
    survives_truncation(&dsprites, "dsprites.hdf5");
    survives_flips(&dsprites, "dsprites.npz", 1);
    survives_flips(&dsprites, "dsprites.hdf5", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_public_formats_are_read),
        cmocka_unit_test(small_files_are_read),
        cmocka_unit_test(wrong_contents_are_refused),
        cmocka_unit_test(wrong_shapes_are_refused),
        cmocka_unit_test(damage_is_found),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
