/* test_import_images.c -- a user's own images become what Pillow and numpy make of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/hdf5.h"

#include "import_images.h"

/* ---- against golden/import/images.h5 ---- */

static void *expected(pv_h5 *file, const char *group, const char *name, size_t size,
                      pv_h5_array *array)
{
    char full[64];
    void *out;
    size_t count = size;
    snprintf(full, sizeof full, "%s/%s", group, name);
    OK(pv_h5_find(file, full, array));
    for (int i = 0; i < array->rank; i++) count *= array->dim[i];
    OK(pv_new(&out, count, 1, name));
    OK(pv_h5_read(file, array, out));
    return out;
}

static void check_table(const pv_data *t, pv_h5 *file, const char *group)
{
    pv_h5_array array;
    int32_t *classes = expected(file, group, "classes", sizeof *classes, &array);
    assert_true(t->examples == array.dim[0] && (size_t)t->factors == array.dim[1]);
    double *values = expected(file, group, "values", sizeof *values, &array);
    for (size_t i = 0; i < array.dim[0] * array.dim[1]; i++) {
        const size_t f = i % array.dim[1];
        if (t->factor[i] != classes[i] || memcmp(&t->factor_value[i], &values[i], 8) != 0)
            fail_msg("%s: row %zu factor %zu: class %d, value %g", group, i / array.dim[1], f,
                     t->factor[i], t->factor_value[i]);
        assert_in_range(t->factor[i], 0, t->factor_size[f] - 1);
    }
    free(classes);
    free(values);
}

static void check_images(const pv_public *p, pv_h5 *file, const char *group, size_t step)
{
    pv_h5_array array;
    uint8_t *want = expected(file, group, "images", 1, &array), *got;
    const size_t bytes = image_bytes(p);
    assert_true((size_t)p->table.height == array.dim[1] && (size_t)p->table.width == array.dim[2]);
    assert_int_equal(p->table.channels, array.dim[3]);
    OK(read_images(p, step, &got));
    for (size_t i = 0; i < array.dim[0] * bytes; i++)
        if (got[i] != want[i])
            fail_msg("%s: image %zu byte %zu is %d instead of %d", group, i / bytes, i % bytes,
                     got[i], want[i]);
    free(want);
    free(got);
}

static void check_golden(const char *source, const char *group, int side)
{
    pv_h5 *file;
    char full[512];
    snprintf(full, sizeof full, GOLDEN "%s", source);
    OK(pv_h5_open(&file, PV_SOURCE_DIR "/tests/golden/import/images.h5"));
    for (size_t step = 1; step < 12; step += 3) {
        pv_public p;
        OK(open_images(&p, full, NULL, side));
        assert_null(p.unclipped);
        assert_string_equal(p.note, "");
        check_table(&p.table, file, group);
        check_images(&p, file, group, step);
        close_images(&p);
    }
    pv_h5_close(file);
}

static void folders(void **state)
{
    (void)state;
    check_golden("grey", "grey_16", 16);
    check_golden("grey", "grey_32", 32);
    check_golden("colour", "colour_16", 16);
}

static void archives(void **state)
{
    (void)state;
    check_golden("sorted.npz", "sorted", 16);
    check_golden("shuffled.npz", "shuffled", 16);
    check_golden("same.npz", "same", 32);
}

/* ---- names ---- */

static void names_and_sizes(void **state)
{
    (void)state;
    pv_public p;
    OK(open_images(&p, GOLDEN "grey", NULL, 0));
    assert_int_equal(p.table.height, 64);
    assert_int_equal(p.table.width, 64);
    assert_int_equal(p.table.channels, 1);
    assert_string_equal(p.table.factor_name[0], "size");
    assert_string_equal(p.table.factor_name[1], "colour, seen");
    assert_string_equal(p.table.factor_name[2], "lamp");
    assert_true(!p.table.nuisance[0] && !p.table.nuisance[1] && p.table.nuisance[2]);
    assert_int_equal(p.table.factor_size[0], 4);
    assert_int_equal(p.table.factor_size[1], 6);
    assert_int_equal(p.table.factor_size[2], 2);
    close_images(&p);
    OK(open_images(&p, GOLDEN "shuffled.npz", NULL, 0));
    assert_string_equal(p.table.factor_name[0], "gr\xc3\xb6\xc3\x9f"
                                                "e");
    assert_string_equal(p.table.factor_name[1], "lamp");
    assert_true(!p.table.nuisance[0] && p.table.nuisance[1]);
    close_images(&p);
    OK(open_images(&p, GOLDEN "same.npz", NULL, 0));
    assert_string_equal(p.table.factor_name[0], "factor_0");
    close_images(&p);
}

/* ---- other CSV files for the same folder ---- */

/* Opens golden/grey with this table. */
static void open_with(pv_public *out, const char *csv)
{
    write_file(path, csv, strlen(csv));
    OK(open_images(out, GOLDEN "grey", path, 16));
}

static void numbers_or_texts(void **state)
{
    (void)state;
    pv_public p;
    /* 10 follows 9 as a number, and goes before it as a text. */
    open_with(&p, "file,a,b\r\n\r\nsame.png,9,\"9\"\r\nbits.png,+1e1,10\r\nhalf.png,9.0,big");
    static const int32_t classes[] = {0, 1, 0, 2, 1, 0};
    static const double values[] = {9, 1, 9, 2, 10, 0};
    assert_memory_equal(p.table.factor, classes, sizeof classes);
    assert_memory_equal(p.table.factor_value, values, sizeof values);
    assert_non_null(
        strstr(p.note, "/file: 'b' is taken as text, not as numbers: line 5 has 'big'"));
    close_images(&p);
    open_with(&p, "file,1234567890123456789012345678901\nsame.png,x\n\n\nsame.png,x\n\n");
    assert_string_equal(p.table.factor_name[0], "1234567890123456789012345678901");
    assert_int_equal(p.table.examples, 2);
    assert_int_equal(p.table.factor_size[0], 1);
    assert_string_equal(p.note, "");
    close_images(&p);
}

/* 16 factors, and names of files that only look like ways out of the folder. */
static void limits(void **state)
{
    (void)state;
    pv_public p;
    open_with(&p, "file,a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p\n"
                  "same.png,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16\n");
    assert_int_equal(p.table.factors, PV_MAX_FACTORS);
    assert_true(p.table.factor_value[15] == 16);
    close_images(&p);
    char name[128];
    snprintf(name, sizeof name, "%s/..a..", directory);
    OK(pv_make_directory(name));
    snprintf(name, sizeof name, "%s/..a../\"\n.png", directory);
    assert_int_equal(symlink(GOLDEN "grey/same.png", name), 0);
    const char csv[] = "file,a\n\"./..a..//\"\"\n.png\",1\n";
    write_file(path, csv, strlen(csv));
    OK(open_images(&p, directory, path, 16));
    assert_int_equal(p.table.examples, 1);
    close_images(&p);
    unlink(name);
    snprintf(name, sizeof name, "%s/..a..", directory);
    rmdir(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders),         cmocka_unit_test(archives),
        cmocka_unit_test(names_and_sizes), cmocka_unit_test(numbers_or_texts),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
