/* test_hdf5.c -- arrays and attributes through HDF5 files, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

#include "base/base.h"
#include "base/hdf5.h"

enum { ROWS = 7, COLUMNS = 3 };
static char directory[] = "/tmp/pv_hdf5_XXXXXX", path[64];

static int make(void **state)
{
    (void)state;
    if (!mkdtemp(directory)) return -1;
    snprintf(path, sizeof path, "%s/file.h5", directory);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory); /* fails if anything was left behind */
}

#define OK(call) assert_int_equal(call, PV_OK)
#define TABLE(key, kind)                                                                           \
    (&(pv_h5_array){.name = key, .type = PV_H5_##kind, .rank = 2, .dim = {ROWS, COLUMNS}})

/* The call fails, and its line holds the file and all these texts. */
static void refuses(pv_status status, pv_status want, const char *one, const char *two)
{
    assert_int_equal(status, want);
    if (!strstr(pv_error(), path) || !strstr(pv_error(), one) || !strstr(pv_error(), two))
        fail_msg("\"%s\" lacks '%s', '%s' or '%s'", pv_error(), path, one, two);
}

static void every_type_returns(void **state)
{
    (void)state;
    pv_h5 *file;
#define X(type, c, memory, text)                                                                   \
    c type[ROWS][COLUMNS], type##_back[ROWS][COLUMNS];                                             \
    for (int i = 0; i < ROWS * COLUMNS; i++) type[i / COLUMNS][i % COLUMNS] = (c)(i * 37 + 5);
    PV_H5_TYPES(X)
#undef X
    OK(pv_h5_create(&file, path));
#define X(type, c, memory, text)                                                                   \
    OK(pv_h5_write(file, TABLE("group/inner/" text, type), type));                                 \
    OK(pv_h5_write(file, TABLE("group@" text, type), type));
    PV_H5_TYPES(X)
#undef X
    OK(pv_h5_commit(file));
    pv_h5_close(file);

    OK(pv_h5_open(&file, path));
    assert_string_equal(pv_h5_path(file), path);
#define X(type_, c, memory, text)                                                                  \
    {                                                                                              \
        pv_h5_array is;                                                                            \
        OK(pv_h5_find(file, "group/inner/" text, &is));                                            \
        assert_int_equal(is.type, PV_H5_##type_);                                                  \
        assert_int_equal(is.rank, 2);                                                              \
        assert_int_equal(is.dim[0], ROWS);                                                         \
        assert_int_equal(is.dim[1], COLUMNS);                                                      \
        assert_int_equal(is.chunk, 0);                                                             \
        OK(pv_h5_read(file, TABLE("group/inner/" text, type_), type_##_back));                     \
        assert_memory_equal(type_, type_##_back, sizeof type_);                                    \
        memset(type_##_back, 1, sizeof type_);                                                     \
        OK(pv_h5_read(file, TABLE("group@" text, type_), type_##_back));                           \
        assert_memory_equal(type_, type_##_back, sizeof type_);                                    \
        memset(type_##_back, 1, sizeof type_);                                                     \
        OK(pv_h5_read_rows(file, TABLE("group/inner/" text, type_), 2, 3, type_##_back));          \
        assert_memory_equal(type_[2], type_##_back, 3 * sizeof type_[0]);                          \
    }
    PV_H5_TYPES(X)
#undef X
    assert_true(pv_h5_has(file, "group/inner/float32"));
    assert_true(pv_h5_has(file, "group@int64"));
    assert_false(pv_h5_has(file, "group/other/float32"));
    assert_false(pv_h5_has(file, "group/float32"));
    assert_false(pv_h5_has(file, "@int64"));
    assert_false(pv_h5_has(file, "nowhere@int64"));
    pv_h5_close(file);
}

static void widths_are_converted_where_values_fit(void **state)
{
    (void)state;
    int64_t whole[3] = {0, 255, 7}, wide[3] = {0, 256, -1};
    double real[3] = {1.5, -1e30, 0}, huge[3] = {1e300, 0, 0};
    int32_t whole_back[3];
    uint8_t byte[3];
    float real_back[3];
    pv_h5 *file;
    pv_h5_array a = {.name = "whole", .type = PV_H5_I64, .rank = 1, .dim = {3}};
    OK(pv_h5_create(&file, path));
    OK(pv_h5_write(file, &a, whole));
    a.name = "wide";
    OK(pv_h5_write(file, &a, wide));
    a.type = PV_H5_F64;
    a.name = "real";
    OK(pv_h5_write(file, &a, real));
    a.name = "huge";
    OK(pv_h5_write(file, &a, huge));
    OK(pv_h5_commit(file));
    pv_h5_close(file);

    OK(pv_h5_open(&file, path));
    a = (pv_h5_array){.name = "whole", .type = PV_H5_I32, .rank = 1, .dim = {3}};
    OK(pv_h5_read(file, &a, whole_back));
    for (int i = 0; i < 3; i++) assert_int_equal(whole_back[i], whole[i]);
    a.type = PV_H5_U8;
    OK(pv_h5_read(file, &a, byte));
    for (int i = 0; i < 3; i++) assert_int_equal(byte[i], whole[i]);
    a.name = "wide";
    refuses(pv_h5_read(file, &a, byte), PV_EDATA, "'wide'", "does not fit uint8");
    a.type = PV_H5_F32;
    refuses(pv_h5_read(file, &a, real_back), PV_EDATA, "int64 [3]", "expected float32 [3]");
    a.name = "real";
    OK(pv_h5_read(file, &a, real_back));
    for (int i = 0; i < 3; i++) assert_true(real_back[i] == (float)real[i]);
    a.name = "huge";
    refuses(pv_h5_read(file, &a, real_back), PV_EDATA, "'huge'", "does not fit float32");
    pv_h5_close(file);
}

/* As a float of its own: only what is finite and does not fit is refused. */
static void infinity_fits(void **state)
{
    (void)state;
    const double real[3] = {-INFINITY, 0.5, INFINITY}, nan[3] = {NAN, 1, -1};
    float back[3];
    pv_h5 *file;
    pv_h5_array a = {.name = "real", .type = PV_H5_F64, .rank = 1, .dim = {3}};
    OK(pv_h5_create(&file, path));
    OK(pv_h5_write(file, &a, real));
    a.name = "nan";
    OK(pv_h5_write(file, &a, nan));
    OK(pv_h5_commit(file));
    pv_h5_close(file);
    OK(pv_h5_open(&file, path));
    a.type = PV_H5_F32;
    OK(pv_h5_read(file, &a, back));
    assert_true(isnan(back[0]) && back[1] == 1 && back[2] == -1);
    a.name = "real";
    OK(pv_h5_read(file, &a, back));
    assert_true(back[0] == -INFINITY && back[1] == 0.5f && back[2] == INFINITY);
    pv_h5_close(file);
}

/* A bit of a name, over which a checksum stands: nobody can tell what the file has. */
static void damaged_links_are_told(void **state)
{
    (void)state;
    float value[ROWS][COLUMNS] = {{1}};
    pv_h5 *file;
    char *text;
    size_t size, at = 0;
    int there = 1;
    OK(pv_h5_create(&file, path));
    OK(pv_h5_write(file, TABLE("particular", F32), value));
    OK(pv_h5_commit(file));
    pv_h5_close(file);
    OK(pv_h5_open(&file, path));
    OK(pv_h5_look(file, "particular", &there));
    assert_true(there);
    OK(pv_h5_look(file, "other", &there));
    assert_false(there);
    pv_h5_close(file);

    OK(pv_read_text(&text, &size, path));
    while (at + 10 < size && memcmp(text + at, "particular", 10) != 0) at++;
    text[at + 4] ^= 1;
    FILE *to = fopen(path, "wb");
    assert_true(to && fwrite(text, 1, size, to) == size && fclose(to) == 0);
    free(text);
    OK(pv_h5_open(&file, path));
    refuses(pv_h5_look(file, "particular", &there), PV_EDATA, "'particular' cannot be looked up",
            "checksum");
    refuses(pv_h5_read(file, TABLE("particular", F32), value), PV_EDATA, "'particular'",
            "checksum");
    assert_false(pv_h5_has(file, "particular"));
    pv_h5_close(file);
}

static void text_returns(void **state)
{
    (void)state;
    char name[2][12] = {"shape", "orientation"}, back[2][20];
    pv_h5 *file;
    pv_h5_array is;
    OK(pv_h5_create(&file, path));
    pv_h5_array names = {
        .name = "names", .type = PV_H5_TEXT, .rank = 1, .dim = {2}, .width = sizeof name[0]};
    pv_h5_array config = {.name = "@config", .type = PV_H5_TEXT, .width = sizeof "beta: 4\n"};
    OK(pv_h5_write(file, &names, name));
    OK(pv_h5_write(file, &config, "beta: 4\n"));
    OK(pv_h5_commit(file));
    pv_h5_close(file);

    OK(pv_h5_open(&file, path));
    OK(pv_h5_find(file, "@config", &is));
    assert_int_equal(is.type, PV_H5_TEXT);
    assert_int_equal(is.rank, 0);
    assert_true(is.width >= sizeof "beta: 4\n" && is.width <= sizeof back);
    OK(pv_h5_read(file, &is, back));
    assert_string_equal(back[0], "beta: 4\n");
    names.width = sizeof back[0];
    OK(pv_h5_read(file, &names, back));
    for (int i = 0; i < 2; i++) assert_string_equal(back[i], name[i]);
    names.width = 5;
    refuses(pv_h5_read(file, &names, back), PV_EDATA, "'names'", "at most 4 are expected");
    pv_h5_close(file);
}

static void no_rows_are_rows_too(void **state)
{
    (void)state;
    pv_h5 *file;
    pv_h5_array none = {.name = "none", .type = PV_H5_F32, .rank = 2, .dim = {0, 5}, .chunk = 4};
    pv_h5_array is;
    float value = 3;
    OK(pv_h5_create(&file, path));
    OK(pv_h5_write(file, &none, &value));
    OK(pv_h5_commit(file));
    pv_h5_close(file);
    OK(pv_h5_open(&file, path));
    OK(pv_h5_find(file, "none", &is));
    assert_int_equal(is.dim[0], 0);
    assert_int_equal(is.dim[1], 5);
    OK(pv_h5_read(file, &none, &value));
    assert_true(value == 3);
    pv_h5_close(file);
}

static void chunks_come_in_any_order(void **state)
{
    (void)state;
    enum { CHUNK = 3, SIZE = CHUNK * COLUMNS };
    uint8_t value[ROWS + CHUNK][COLUMNS] = {{0}}, back[ROWS][COLUMNS], packed[200];
    pv_h5_array a = *TABLE("parts", U8), is;
    pv_h5 *file;
    for (int i = 0; i < ROWS * COLUMNS; i++) value[i / COLUMNS][i % COLUMNS] = (uint8_t)(i * 11);
    a.chunk = CHUNK;
    for (int last = 6; last >= 3; last -= 3) { /* all three chunks; without the middle one */
        OK(pv_h5_create(&file, path));
        OK(pv_h5_make(file, &a));
        for (int first = 6; first >= 0; first -= last == 6 ? 3 : 6) {
            uLongf size = sizeof packed;
            assert_int_equal(compress(packed, &size, value[first], SIZE), Z_OK);
            OK(pv_h5_write_chunk(file, &a, (size_t)first, packed, size));
        }
        OK(pv_h5_commit(file));
        pv_h5_close(file);
        OK(pv_h5_open(&file, path));
        OK(pv_h5_find(file, "parts", &is));
        assert_int_equal(is.chunk, CHUNK);
        if (last == 6) {
            OK(pv_h5_read(file, &a, back));
            assert_memory_equal(back, value, sizeof back);
        } else {
            refuses(pv_h5_read(file, &a, back), PV_EDATA, "'parts' is incomplete", "row 3");
            OK(pv_h5_read_rows(file, &a, 6, 1, back));
            assert_memory_equal(back, value[6], COLUMNS);
        }
        pv_h5_close(file);
    }
}

static void what_is_not_there_is_named(void **state)
{
    (void)state;
    pv_h5 *file;
    float value[ROWS][COLUMNS] = {{0}};
    OK(pv_h5_create(&file, path));
    OK(pv_h5_write(file, TABLE("a/table", F32), value));
    refuses(pv_h5_write(file, TABLE("a/table", F32), value), PV_EIO, "'a/table'", "exists");
    OK(pv_h5_commit(file));
    pv_h5_close(file);
    OK(pv_h5_open(&file, path));
    refuses(pv_h5_read(file, TABLE("b/table", F32), value), PV_EDATA, "data set", "'b/table'");
    refuses(pv_h5_read(file, TABLE("a@table", F32), value), PV_EDATA, "attribute", "'a@table'");
    refuses(pv_h5_read(file, TABLE("a", F32), value), PV_EDATA, "'a'", "not a data set");
    pv_h5_array other = *TABLE("a/table", F32);
    other.dim[1] = 4;
    refuses(pv_h5_read(file, &other, value), PV_EDATA, "is float32 [7, 3]", "float32 [7, 4]");
    other.rank = 0;
    refuses(pv_h5_read(file, &other, value), PV_EDATA, "is float32 [7, 3]", "float32 (one value)");
    pv_h5_close(file);
}

static void a_file_appears_whole_or_not_at_all(void **state)
{
    (void)state;
    pv_h5 *file;
    float value[ROWS][COLUMNS] = {{1}};
    unlink(path);
    OK(pv_h5_create(&file, path));
    OK(pv_h5_write(file, TABLE("table", F32), value));
    assert_false(pv_file_exists(path));
    pv_h5_close(file);
    assert_false(pv_file_exists(path));

    struct rlimit before, little = {4096, RLIM_INFINITY};
    getrlimit(RLIMIT_FSIZE, &before);
    little.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    OK(pv_h5_create(&file, path));
    pv_h5_array large = {.name = "large", .type = PV_H5_U8, .rank = 1, .dim = {100000}};
    uint8_t *bytes = calloc(large.dim[0], 1);
    OK(pv_h5_write(file, &large, bytes));
    setrlimit(RLIMIT_FSIZE, &little);
    pv_status status = pv_h5_commit(file);
    setrlimit(RLIMIT_FSIZE, &before);
    refuses(status, PV_EIO, "cannot be written", "File too large");
    pv_h5_close(file);
    free(bytes);
    assert_false(pv_file_exists(path));
}

static void the_same_contents_are_the_same_bytes(void **state)
{
    (void)state;
    float value[ROWS][COLUMNS] = {{1}};
    char *text[2];
    size_t size[2];
    for (int i = 0; i < 2; i++) {
        pv_h5 *file;
        OK(pv_h5_create(&file, path));
        OK(pv_h5_write(file, TABLE("group/table", F32), value));
        OK(pv_h5_commit(file));
        pv_h5_close(file);
        OK(pv_read_text(&text[i], &size[i], path));
        if (i == 0) sleep(1); /* so that a time of day in it would differ */
    }
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(text[0], text[1], size[0]);
    for (int i = 0; i < 2; i++) free(text[i]);
}

static void *write_and_read(void *argument)
{
    int number = *(int *)argument;
    char own[128];
    int64_t value[100], back[100];
    long bad = 0;
    snprintf(own, sizeof own, "%s/thread%d.h5", directory, number);
    pv_h5_array a = {.name = "x/y", .type = PV_H5_I64, .rank = 1, .dim = {100}, .chunk = 9};
    for (int turn = 0; turn < 20; turn++) {
        pv_h5 *file = NULL;
        for (int i = 0; i < 100; i++) value[i] = number * 1000 + turn + i;
        bad += pv_h5_create(&file, own) != PV_OK || pv_h5_write(file, &a, value) != PV_OK ||
               pv_h5_commit(file) != PV_OK;
        pv_h5_close(file);
        bad += pv_h5_open(&file, own) != PV_OK || pv_h5_read(file, &a, back) != PV_OK;
        bad += memcmp(value, back, sizeof value) != 0;
        bad += pv_h5_read(file, TABLE("x/y", I64), back) != PV_EDATA || !strstr(pv_error(), own);
        pv_h5_close(file);
    }
    unlink(own);
    return bad ? argument : NULL;
}

static void threads_do_not_meet(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    int number[THREADS];
    for (int i = 0; i < THREADS; i++) {
        number[i] = i;
        assert_int_equal(pthread_create(&thread[i], NULL, write_and_read, &number[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *bad;
        pthread_join(thread[i], &bad);
        assert_null(bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_returns),
        cmocka_unit_test(widths_are_converted_where_values_fit),
        cmocka_unit_test(infinity_fits),
        cmocka_unit_test(damaged_links_are_told),
        cmocka_unit_test(text_returns),
        cmocka_unit_test(no_rows_are_rows_too),
        cmocka_unit_test(chunks_come_in_any_order),
        cmocka_unit_test(what_is_not_there_is_named),
        cmocka_unit_test(a_file_appears_whole_or_not_at_all),
        cmocka_unit_test(the_same_contents_are_the_same_bytes),
        cmocka_unit_test(threads_do_not_meet),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
