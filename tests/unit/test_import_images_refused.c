/* test_import_images_refused.c -- tables, folders and archives of images that cannot be right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <zip.h>

#include "base/numpy.h"

#include "import_images.h"

static void check_error(const char *text, const char *also)
{
    if (!strstr(pv_error(), text) || !strstr(pv_error(), also) || strchr(pv_error(), '\n'))
        fail_msg("\"%s\" is not one line with '%s' and '%s'", pv_error(), text, also);
}

/* Nothing is left open: the address sanitizer would find it. */
static void refuses(const char *source, const char *factors, pv_status want, const char *text,
                    const char *also)
{
    pv_public p;
    assert_int_equal(open_images(&p, source, factors, 16), want);
    check_error(text, also);
    assert_null(p.table.factor);
    assert_null(p.table.factor_value);
}

/* ---- tables ---- */

#define LONG8 "12345678"
#define LONG64 LONG8 LONG8 LONG8 LONG8 LONG8 LONG8 LONG8 LONG8
#define LONG512 LONG64 LONG64 LONG64 LONG64 LONG64 LONG64 LONG64 LONG64

static void tables(void **state)
{
    (void)state;
    static const struct {
        const char *csv, *error;
    } cases[] = {
        {"", "is empty"},
        {"\xef\xbb\xbf\r\n\n", "is empty"},
        {"file,a\n", "has no images"},
        {"file\nsame.png\n", "has 0 factors; 1 to 16"},
        {"file,a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\nsame.png,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1\n",
         "has 17 factors; 1 to 16"},
        {"name,a\nsame.png,1\n", "begins with 'name'; expected file,NAME"},
        {"file,a\nsame.png,1\nsame.png\n", "line 3 has 1 fields; the header has 2"},
        {"file,a\n\n\"same.png\",1,\n", "line 3 has 3 fields; the header has 2"},
        {"file,a,nuisance:a\nsame.png,1,1\n", "two factors are named 'a'"},
        {"file,\nsame.png,1\n", "factor 1 is named ''; expected a plain text of 1 to 31 bytes"},
        {"file,a,nuisance:\nsame.png,1,1\n", "factor 2 is named ''"},
        {"file,12345678901234567890123456789012\nsame.png,1\n", "is named '1234567890"},
        {"file,\"a\nb\"\nsame.png,1\n", "factor 1 is named 'a b'"},
        {"file,a\xff\nsame.png,1\n", "factor 1 is named 'a\xff'"},
        {"file,a\nsame.png,\n", "line 2: 'a' has no value"},
        {"file,a\nsame.png, 1\n", "line 2: 'a' has a blank before or after ' 1'"},
        {"file,a\nsame.png,\"1\t\"\n", "a blank before or after '1 '"},
        {"file,a\nsame.png,1\nsame.png,nan\n", "line 3: 'a' is nan; expected a finite number"},
        {"file,a\nsame.png,-Inf\n", "line 2: 'a' is -Inf; expected a finite number"},
        {"file,a\nsame.png,1e999\n", "line 2: 'a' is 1e999; expected a finite number"},
        {"file,a\nsame.png,1\n\"same.png,1\n\n", "line 3: a quote is opened, but never closed"},
        {"file,a\nsame.png,\"1\"\"", "line 2: a quote is opened, but never closed"},
        {"file,a\nsa\"me.png,1\n", "line 2: a quote or a lone carriage return within a field"},
        {"file,a\n\"same\".png,1\n", "line 2: a quote or a lone"},
        {"file,a\rsame.png,1\r", "line 1: a quote or a lone"},
        {"file,a\n,1\n", "line 2 names no file"},
        {"file,a\n../grey/same.png,1\n", "'../grey/same.png' leaves the folder"},
        {"file,a\ndeep/er/../../../x.png,1\n", "leaves the folder; expected a name relative to it"},
        {"file,a\ndeep/..,1\n", "leaves the folder"},
        {"file,a\n\"..\",1\n", "leaves the folder"},
        {"file,a\n/etc/passwd,1\n", "'/etc/passwd' leaves the folder"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file(path, cases[i].csv, strlen(cases[i].csv));
        refuses(GOLDEN "grey", path, PV_EDATA, cases[i].error, path);
    }
    write_file(path, "file,a\0\nsame.png,1\n", 19);
    refuses(GOLDEN "grey", path, PV_EDATA, "holds zero bytes; expected text in UTF-8", path);
}

static void long_name(void **state)
{
    (void)state;
    char csv[5000] = "file,a\n";
    memset(csv + strlen(csv), 'x', 4096);
    strcat(csv, ",1\n");
    write_file(path, csv, strlen(csv));
    refuses(GOLDEN "grey", path, PV_EDATA, "line 2: 'xxxx", path);
    check_error("xxx...' is too long a name", path);
}

static void files(void **state)
{
    (void)state;
    static const struct {
        const char *csv;
        pv_status status;
        const char *error;
    } cases[] = {
        {"file,a\nsame.png,1\nnone.png,1\n", PV_EIO, "grey/none.png: cannot be read: No such"},
        {"file,a\ndeep,1\n", PV_EIO, "grey/deep: is no file"},
        {"file,a\nsame.png/,1\n", PV_EIO, "grey/same.png/: cannot be read: Not a dir"},
        {"file,a\n" LONG512 ",1\n", PV_EIO, "12345678"},
        {"file,a\n\"x\ny\",1\n", PV_EIO, "grey/x y: cannot be read"},
        {"file,a\nfactors.csv,1\n", PV_EDATA, "factors.csv: is neither a PNG nor a JPEG"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_file(path, cases[i].csv, strlen(cases[i].csv));
        refuses(GOLDEN "grey", path, cases[i].status, cases[i].error, GOLDEN);
    }
}

static void sources(void **state)
{
    (void)state;
    static const int sides[] = {-16, 8, 70, 4112};
    pv_public p;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(open_images(&p, GOLDEN "grey", NULL, sides[i]), PV_EUSAGE);
        check_error("must be a multiple of 16, 16 to 4096", "side=");
    }
    refuses(GOLDEN "none", NULL, PV_EIO, "there is no such file", GOLDEN);
    refuses(GOLDEN "grey/same.png", NULL, PV_EDATA, "is neither a folder of images", GOLDEN);
    refuses(GOLDEN "grey", GOLDEN "none", PV_EIO, "none: cannot be read", GOLDEN);
    refuses(GOLDEN "grey", GOLDEN "colour", PV_EIO, "colour: cannot be read", GOLDEN);
    refuses(GOLDEN "sorted.npz", GOLDEN "x.csv", PV_EUSAGE, "x.csv cannot be used", GOLDEN);
    refuses(directory, NULL, PV_EIO, "/factors.csv: cannot be read", directory);
    unlink(path);
    assert_int_equal(mkfifo(path, 0666), 0);
    refuses(path, NULL, PV_EDATA, "is neither a folder of images", path);
    unlink(path);
    assert_int_equal(symlink("file", path), 0);
    refuses(path, NULL, PV_EIO, "there is no such file", path);
    unlink(path);
}

/* ---- pictures that are damaged behind their header, or others once they are read ---- */

static void copy(const char *to, const char *from, size_t most)
{
    char *bytes;
    size_t size;
    OK(pv_read_text(&bytes, &size, from));
    write_file(to, bytes, size < most ? size : most);
    free(bytes);
}

static void pictures_in_reading(void **state)
{
    (void)state;
    pv_public p;
    uint8_t *out;
    char picture[128];
    snprintf(picture, sizeof picture, "%s/a.png", directory);
    write_file(path, "file,a\na.png,1\n", 15);
    copy(picture, GOLDEN "grey/wide.png", 400);
    OK(open_images(&p, directory, path, 16));
    assert_int_equal(read_images(&p, 1, &out), PV_EDATA);
    check_error("a.png: PNG: ", directory);
    close_images(&p);
    copy(picture, GOLDEN "grey/wide.png", SIZE_MAX);
    OK(open_images(&p, directory, path, 16));
    copy(picture, GOLDEN "colour/0.png", SIZE_MAX);
    assert_int_equal(read_images(&p, 1, &out), PV_EIO);
    check_error("a.png: was changed while the images were imported", directory);
    close_images(&p);
    unlink(picture);
}

/* ---- archives ---- */

enum { IMAGES = 3, VALUES = 20000 };
static uint8_t pixels[VALUES];
static const double reals[VALUES] = {0, 1, NAN};
static const int32_t wholes[VALUES];

static pv_numpy_item images_of(int rank, size_t d0, size_t d1, size_t d2, size_t d3, size_t d4)
{
    return (pv_numpy_item){
        {.name = "images", .kind = PV_NUMPY_BYTE, .rank = rank, .dim = {d0, d1, d2, d3, d4}},
        pixels};
}

static pv_numpy_item factors_of(pv_numpy_kind kind, int rank, size_t d0, size_t d1)
{
    const void *value = kind == PV_NUMPY_WHOLE  ? (const void *)wholes
                        : kind == PV_NUMPY_TEXT ? (const void *)"x\0y\0z\0u"
                                                : (const void *)reals;
    return (pv_numpy_item){
        {.name = "factors", .kind = kind, .rank = rank, .dim = {d0, d1}, .width = 2}, value};
}

static pv_numpy_item names_of(const char *names, size_t count)
{
    return (pv_numpy_item){
        {.name = "factor_names", .kind = PV_NUMPY_TEXT, .rank = 1, .dim = {count}, .width = 2},
        names};
}

static void archives(void **state)
{
    (void)state;
    const pv_numpy_item images = images_of(3, IMAGES, 8, 9, 0, 0);
    const pv_numpy_item factors = factors_of(PV_NUMPY_WHOLE, 2, IMAGES, 2);
    const struct {
        pv_numpy_item item[3];
        int count;
        const char *error;
    } cases[] = {
        {{factors}, 1, "has no array 'images' or 'imgs'"},
        {{images}, 1, "has no array 'factors', 'latents_classes' or 'labels'"},
        {{images_of(2, 8, 9, 0, 0, 0), factors}, 2, "'images' has 2 dimensions; expected images"},
        {{images_of(5, 3, 2, 2, 2, 2), factors}, 2, "'images' has 5 dimensions"},
        {{images_of(4, IMAGES, 4, 4, 2, 0), factors}, 2, "1 or 3 channels"},
        {{images_of(3, IMAGES, 0, 9, 0, 0), factors}, 2, "9 x 0 pixels; sides of 1 to 16384"},
        {{images_of(3, 0, 8, 8, 0, 0), factors_of(PV_NUMPY_WHOLE, 2, 0, 2)}, 2, "has no images"},
        {{images_of(3, 1, 1, 20000, 0, 0), factors_of(PV_NUMPY_WHOLE, 2, 1, 2)}, 2, "20000 x 1 p"},
        {{images, factors_of(PV_NUMPY_WHOLE, 2, 4, 2)}, 2, "2 dimensions and 4 rows; expected 2 "},
        {{images, factors_of(PV_NUMPY_WHOLE, 1, IMAGES, 0)}, 2, "'factors' has 1 dimensions"},
        {{images, factors_of(PV_NUMPY_WHOLE, 0, 0, 0)}, 2, "0 dimensions and 1 rows"},
        {{images, factors_of(PV_NUMPY_WHOLE, 2, IMAGES, 0)}, 2, "has 0 factors"},
        {{images, factors_of(PV_NUMPY_WHOLE, 2, IMAGES, 17)}, 2, "has 17 factors; 1 to 16"},
        {{images, factors_of(PV_NUMPY_TEXT, 2, IMAGES, 1)}, 2, "'factors' is text"},
        {{images, factors_of(PV_NUMPY_DOUBLE, 2, IMAGES, 2)}, 2, "row 1 column 0 is nan"},
        {{images, factors, names_of("a\0b\0c", 3)}, 3, "'factor_names' is text [3]; expected"},
        {{images, factors, names_of("a\0a", 2)}, 3, "two factors are named 'a'"},
        {{images, factors, names_of("a\0\0", 2)}, 3, "factor 2 is named ''"},
        {{images, factors, {names_of("", 2).array, wholes}}, 3, "factor 1 is named ''"},
        {{{{.name = "imgs", .kind = PV_NUMPY_WHOLE, .rank = 3, .dim = {3, 4, 4}}, wholes}, factors},
         2,
         "'imgs' is int32 [3, 4, 4]; expected uint8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OK(pv_numpy_write(path, cases[i].item, cases[i].count));
        refuses(path, NULL, PV_EDATA, cases[i].error, path);
    }
    write_file(path, "\x93NUMPY\1\0......", 14);
    refuses(path, NULL, PV_EDATA, "is a .npy file, of one array; expected an .npz", path);
}

/* More than 1 GiB out of order, of zeros: 17 times 64 MiB, which is an image's 256 x 256 pixels. */
static void large_and_unsorted(void **state)
{
    (void)state;
    enum {
        PART = 1 << 26,
        PARTS = 17,
        SIDE = 256,
        ROWS = PARTS * (PART / (SIDE * SIDE)),
        HEAD = 128
    };
    static int32_t row[ROWS];
    char head[HEAD];
    uint8_t *zeros;
    int why;
    const pv_numpy_item factors = {
        {.name = "factors", .kind = PV_NUMPY_WHOLE, .rank = 2, .dim = {ROWS, 1}}, row};
    for (int i = 0; i < ROWS; i++) row[i] = -i;
    OK(pv_numpy_write(path, &factors, 1));
    OK(pv_new(&zeros, PART, 1, "zeros"));
    memset(head, ' ', HEAD);
    memcpy(head, "\x93NUMPY\1\0\x76\0", 10);
    int length = snprintf(head + 10, HEAD - 10,
                          "{'descr': '|u1', 'fortran_order': False, 'shape': (%d, %d, %d), }", ROWS,
                          SIDE, SIDE);
    head[10 + length] = ' ';
    head[HEAD - 1] = '\n';
    zip_buffer_fragment_t part[1 + PARTS] = {{(zip_uint8_t *)head, HEAD}};
    for (int i = 1; i <= PARTS; i++) part[i] = (zip_buffer_fragment_t){zeros, PART};
    zip_t *archive = zip_open(path, 0, &why);
    assert_non_null(archive);
    zip_source_t *source = zip_source_buffer_fragment(archive, part, 1 + PARTS, 0);
    zip_int64_t index = zip_file_add(archive, "images.npy", source, 0);
    assert_true(index >= 0);
    zip_set_file_compression(archive, (zip_uint64_t)index, ZIP_CM_DEFLATE, 1);
    assert_int_equal(zip_close(archive), 0);
    free(zeros);
    refuses(path, NULL, PV_EDATA, "rows are not sorted by their factors", path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables),
        cmocka_unit_test(long_name),
        cmocka_unit_test(files),
        cmocka_unit_test(sources),
        cmocka_unit_test(pictures_in_reading),
        cmocka_unit_test(archives),
        cmocka_unit_test(large_and_unsorted),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
