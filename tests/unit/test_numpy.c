/* test_numpy.c -- NumPy's files: every type, and files that are damaged, forged or no arrays. */
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

#define GOLDEN PV_SOURCE_DIR "/tests/golden/"

/* ---- what NumPy wrote ---- */

static pv_numpy *open_golden(const char *name, const char *alone)
{
    char where[512];
    pv_numpy *file;
    snprintf(where, sizeof where, GOLDEN "%s", name);
    OK(pv_numpy_open(&file, where, alone));
    return file;
}

static void check_reals(pv_numpy *file, const char *name)
{
    static const float want[6] = {0.5f, -1, 2, 0.25f, INFINITY, -0.0f};
    const pv_numpy_array array = {.name = name, .kind = PV_NUMPY_REAL, .rank = 2, .dim = {3, 2}};
    float got[6];
    OK(pv_numpy_read(file, &array, got));
    if (memcmp(got, want, sizeof want) != 0) fail_msg("%s: other values", name);
}

static void check_wholes(pv_numpy *file, const char *name, const int32_t want[6])
{
    const pv_numpy_array array = {.name = name, .kind = PV_NUMPY_WHOLE, .rank = 2, .dim = {3, 2}};
    int32_t got[6];
    pv_numpy_array found;
    OK(pv_numpy_find(file, name, &found));
    assert_int_equal(found.kind, PV_NUMPY_WHOLE);
    assert_int_equal(found.rank, 2);
    assert_true(found.dim[0] == 3 && found.dim[1] == 2);
    OK(pv_numpy_read(file, &array, got));
    if (memcmp(got, want, sizeof got) != 0) fail_msg("%s: other values", name);
}

/* Versions 1.0 to 3.0, by rows and by columns, either byte order. */
static void every_type(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        int32_t want[6]; /* of whole numbers */
    } cases[] = {
        {"f4", {0}},
        {"f8", {0}},
        {"i1", {-1, 1, 2, -3, -128, 127}},
        {"i2", {-1, 1, 2, -3, -128, 127}},
        {"i4", {-1, 1, 2, -3, -128, 127}},
        {"i8", {-1, 1, 2, -3, -128, 127}},
        {"u1", {0, 1, 2, 3, 128, 255}},
        {"u2", {0, 1, 2, 3, 128, 255}},
        {"u4", {0, 1, 2, 3, 128, 255}},
        {"u8", {0, 1, 2, 3, 128, 255}},
        {"b1", {0, 1, 1, 0, 0, 1}},
    };
    pv_numpy *file = open_golden("numpy_arrays.npz", NULL);
    for (int k = 0; k < 12; k++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            char name[32];
            snprintf(name, sizeof name, "%d%c_%s%s", 1 + k / 4, "CF"[k / 2 % 2],
                     k % 2 ? "big_" : "", cases[i].type);
            if (cases[i].type[0] == 'f')
                check_reals(file, name);
            else
                check_wholes(file, name, cases[i].want);
        }
    pv_numpy_close(file);
}

static void limits_of_int32(void **state)
{
    (void)state;
    pv_numpy *file = open_golden("numpy_arrays.npz", NULL);
    int32_t two[2], one = 0;
    OK(pv_numpy_read(
        file, &(pv_numpy_array){.name = "limits", .kind = PV_NUMPY_WHOLE, .rank = 2, .dim = {1, 2}},
        two));
    assert_true(two[0] == INT32_MIN && two[1] == INT32_MAX);
    OK(pv_numpy_read(
        file, &(pv_numpy_array){.name = "one", .kind = PV_NUMPY_WHOLE, .rank = 1, .dim = {1}},
        &one));
    assert_int_equal(one, 7);
    assert_true(pv_numpy_has(file, "one"));
    assert_false(pv_numpy_has(file, "on"));
    assert_false(pv_numpy_has(file, "one.npy"));
    assert_false(pv_numpy_has(file, "../one"));
    pv_numpy_close(file);
}

static void texts(void **state)
{
    (void)state;
    static const char *const names[] = {"U", "big_U", "S"};
    pv_numpy *file = open_golden("numpy_arrays.npz", NULL);
    for (int k = 0; k < 3; k++) {
        char text[3][10];
        memset(text, 'x', sizeof text);
        const pv_numpy_array array = {
            .name = names[k], .kind = PV_NUMPY_TEXT, .rank = 1, .dim = {3}, .width = 10};
        OK(pv_numpy_read(file, &array, text));
        assert_string_equal(text[0], "");
        assert_string_equal(text[1], "a");
        assert_string_equal(text[2], "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
        assert_memory_equal(text[1] + 1, "\0\0\0\0\0\0\0\0\0", 9);
        pv_numpy_array narrow = array;
        narrow.width = 9;
        assert_int_equal(pv_numpy_read(file, &narrow, text), PV_EDATA);
        assert_non_null(strstr(pv_error(), "text of 9 bytes; at most 8"));
    }
    pv_numpy_close(file);
}

static void codes_of_both_formats(void **state)
{
    (void)state;
    static const char *const other[] = {"numpy_codes.npz", "numpy_codes_compressed.npz"};
    pv_codes want, got;
    OK(pv_codes_read(&want, GOLDEN "numpy_codes.h5"));
    const size_t values = want.examples * (size_t)want.latents * sizeof(float);
    const size_t factors = want.examples * (size_t)want.factors * sizeof(int32_t);
    assert_true(want.examples == 60 && want.latents == 4 && want.factors == 3);
    for (int k = 0; k < 2; k++) {
        char where[512];
        snprintf(where, sizeof where, GOLDEN "%s", other[k]);
        OK(pv_codes_read(&got, where));
        assert_true(got.examples == 60 && got.latents == 4 && got.factors == 3);
        assert_memory_equal(got.mean, want.mean, values);
        assert_memory_equal(got.variance, want.variance, values);
        assert_memory_equal(got.sampled, want.sampled, values);
        assert_memory_equal(got.factor, want.factor, factors);
        assert_memory_equal(got.factor_name, want.factor_name, 3 * sizeof *want.factor_name);
        assert_int_equal(pv_codes_read_factors(&got, GOLDEN "numpy_factors.npy"), PV_EUSAGE);
        pv_codes_free(&got);
    }
    OK(pv_codes_read(&got, GOLDEN "numpy_mean.npy"));
    assert_true(!got.variance && !got.sampled && got.factors == 0);
    OK(pv_codes_read_factors(&got, GOLDEN "numpy_factors.npy"));
    assert_memory_equal(got.mean, want.mean, values);
    assert_int_equal(got.factors, 3);
    assert_memory_equal(got.factor, want.factor, factors);
    assert_string_equal(got.factor_name[2], "factor 2");
    pv_codes_free(&got);
    pv_codes_free(&want);
}

/* Floats of 32 and 64 bits as doubles, without rounding. */
static void doubles(void **state)
{
    (void)state;
    static const double want[6] = {0.5, -1, 2, 0.25, INFINITY, -0.0};
    static const char *const names[] = {"1C_f4", "1F_big_f8", "3F_f4", "2C_big_f4"};
    pv_numpy *file = open_golden("numpy_arrays.npz", NULL);
    for (int k = 0; k < 4; k++) {
        double got[6];
        const pv_numpy_array array = {
            .name = names[k], .kind = PV_NUMPY_DOUBLE, .rank = 2, .dim = {3, 2}};
        OK(pv_numpy_read(file, &array, got));
        if (memcmp(got, want, sizeof want) != 0) fail_msg("%s: other values", names[k]);
    }
    pv_numpy_close(file);
    file = open_golden("numpy_refused.npz", NULL);
    double huge;
    OK(pv_numpy_read(
        file, &(pv_numpy_array){.name = "f8", .kind = PV_NUMPY_DOUBLE, .rank = 2, .dim = {1, 1}},
        &huge));
    assert_true(huge == 1e39);
    const pv_numpy_array whole = {.name = "u8", .kind = PV_NUMPY_DOUBLE, .rank = 2, .dim = {1, 1}};
    assert_int_equal(pv_numpy_read(file, &whole, &huge), PV_EDATA);
    assert_non_null(strstr(pv_error(), "'u8' is uint64 [1, 1]; expected float64 [1, 1]"));
    pv_numpy_close(file);
}

static void any_rank(void **state)
{
    (void)state;
    static const char *const names[] = {"cube", "cube_by_columns"};
    pv_numpy *file = open_golden("numpy_arrays.npz", NULL);
    for (int k = 0; k < 2; k++) {
        int32_t got[24];
        OK(pv_numpy_read(file,
                         &(pv_numpy_array){
                             .name = names[k], .kind = PV_NUMPY_WHOLE, .rank = 3, .dim = {2, 3, 4}},
                         got));
        for (int i = 0; i < 24; i++) assert_int_equal(got[i], i);
    }
    pv_numpy_close(file);
}

static void real_factors_of_both_formats(void **state)
{
    (void)state;
    pv_codes want, got;
    OK(pv_codes_read(&want, GOLDEN "real_factors.h5"));
    OK(pv_codes_read(&got, GOLDEN "real_factors.npz"));
    assert_true(want.factors == 4 && got.factors == 4 && got.examples == want.examples);
    assert_true(!want.factor && !got.factor);
    assert_memory_equal(got.factor_value, want.factor_value, want.examples * 4 * sizeof(double));
    assert_memory_equal(got.factor_name, want.factor_name, 4 * sizeof *want.factor_name);
    pv_codes_free(&got);
    got = (pv_codes){.examples = want.examples};
    OK(pv_codes_read_factors(&got, GOLDEN "real_factors.npz"));
    assert_memory_equal(got.factor_value, want.factor_value, want.examples * 4 * sizeof(double));
    pv_codes_free(&got);
    pv_codes_free(&want);
}

/* ---- what is refused ---- */

/* The last error is one line with these words. */
static void says(const char *file, const char *words)
{
    if (!strstr(pv_error(), file) || !strstr(pv_error(), words))
        fail_msg("no '%s' and '%s' in: %s", file, words, pv_error());
}

static void refused_arrays(void **state)
{
    (void)state;
    static const struct {
        const char *name, *words;
    } cases[] = {
        {"object", "Python objects (a pickle), which are never read"},
        {"complex", "NumPy's type '<c16'; expected one of f4 f8"},
        {"half", "NumPy's type '<f2'"},
        {"date", "NumPy's type '<M8[s]'"},
        {"record", "records of several fields"},
        {"void", "NumPy's type '|V8'"},
        {"rank10", "more than 9 dimensions"},
        {"wide", "texts of 5000 characters; at most 4096"},
        {"short", "float64 [2, 2], which takes 32 bytes, but 31 follow"},
        {"more", "takes 32 bytes, but 33 follow"},
        {"text", "first 6 bytes are not NumPy's"},
        {"bzip", "packed by zip's method 12; expected stored or deflated"},
        {"twice", "has 2 arrays 'twice'; expected one"},
        {"absent", "has 0 arrays 'absent'"},
    };
    pv_numpy *file = open_golden("numpy_refused.npz", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pv_numpy_array found;
        assert_int_equal(pv_numpy_find(file, cases[i].name, &found), PV_EDATA);
        says("numpy_refused.npz: ", cases[i].words);
        says("numpy_refused.npz: ", cases[i].name);
    }
    pv_numpy_close(file);
}

static void refused_values(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        pv_numpy_array array;
    } cases[] = {
        {"does not fit int32", {"i8_high", PV_NUMPY_WHOLE, 2, {1, 2}, 0}},
        {"does not fit int32", {"i8_low", PV_NUMPY_WHOLE, 2, {1, 2}, 0}},
        {"does not fit int32", {"u8", PV_NUMPY_WHOLE, 2, {1, 1}, 0}},
        {"does not fit float32", {"f8", PV_NUMPY_REAL, 2, {1, 1}, 0}},
        {"text of 32 bytes; at most 31", {"long", PV_NUMPY_TEXT, 1, {2}, 32}},
        {"'long' is text [2]; expected text [3]", {"long", PV_NUMPY_TEXT, 1, {3}, 32}},
        {"'f8' is float64 [1, 1]; expected int32", {"f8", PV_NUMPY_WHOLE, 2, {1, 1}, 0}},
        {"'u8' is uint64 [1, 1]; expected float32", {"u8", PV_NUMPY_REAL, 2, {1, 1}, 0}},
        {"'f8' is float64 [1, 1]; expected float32 [1]", {"f8", PV_NUMPY_REAL, 1, {1}, 0}},
        {"'rank3' is float64 [2, 2, 1]; exp", {"rank3", PV_NUMPY_REAL, 2, {2, 2}, 0}},
        {"'scalar' is float64 (one value); exp", {"scalar", PV_NUMPY_REAL, 1, {1}, 0}},
        {"'empty' is float64 [0, 2]; expected", {"empty", PV_NUMPY_REAL, 2, {2, 2}, 0}},
    };
    pv_numpy *file = open_golden("numpy_refused.npz", NULL);
    char out[128];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(pv_numpy_read(file, &cases[i].array, out), PV_EDATA);
        says("numpy_refused.npz: ", cases[i].words);
    }
    pv_numpy_close(file);
}

/* Claims of 100 GB in 200 bytes: told before any memory is asked for. */
static void forged_sizes(void **state)
{
    (void)state;
    pv_codes codes;
    assert_int_equal(pv_codes_read(&codes, GOLDEN "numpy_forged.npz"), PV_EDATA);
    says("numpy_forged.npz: 'mean' ", "107374182528 bytes cannot come of 84 packed ones");
    assert_int_equal(pv_codes_read(&codes, GOLDEN "numpy_forged.npy"), PV_EDATA);
    says("numpy_forged.npy: ", "takes 107374182400 bytes, but 32 follow");
    assert_int_equal(pv_codes_read(&codes, GOLDEN "numpy_refused.npz"), PV_EDATA);
    says("numpy_refused.npz: ", "holds no codes");
}

static void no_files(void **state)
{
    (void)state;
    pv_numpy *file;
    assert_int_equal(pv_numpy_open(&file, "no/such.npz", NULL), PV_EIO);
    assert_int_equal(pv_numpy_open(&file, directory, NULL), PV_EDATA);
    assert_int_equal(pv_numpy_open(&file, GOLDEN "numpy_codes.h5", "codes"), PV_EDATA);
    assert_int_equal(pv_numpy_open(&file, GOLDEN "numpy_mean.npy", NULL), PV_EDATA);
    assert_null(file);
}

/* ---- headers ---- */

static void write_bytes(const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* A .npy of version 1.0 with this dictionary and one float64, 0.5. */
static pv_status header(const char *text, float *out)
{
    char bytes[512] = "\x93NUMPY\1";
    const size_t length = strlen(text);
    const double half = 0.5;
    pv_numpy *file;
    bytes[8] = (char)length;
    memcpy(bytes + 10, text, length);
    memcpy(bytes + 10 + length, &half, sizeof half);
    write_bytes(bytes, 10 + length + sizeof half);
    OK(pv_numpy_open(&file, path, "x"));
    pv_numpy_array found;
    pv_status status = pv_numpy_find(file, "x", &found);
    if (status == PV_OK) {
        found.name = "x";
        status = pv_numpy_read(file, &found, out);
    }
    pv_numpy_close(file);
    return status;
}

static void headers(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }   \n",
        "{'descr':'<f8','fortran_order':False,'shape':(1,1)}",
        "{\"shape\": (1L,), \"descr\": \"<f8\", \"fortran_order\": True}\n",
        "  {'shape': (), 'descr': '=f8', 'fortran_order': True}\n",
    };
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"", "expected a dictionary, found ''"},
        {"{", "a text in quotes"},
        {"{}", "without descr"},
        {"{'descr': '<f8', 'shape': (1,), }", "without fortran_order"},
        {"{'descr': '<f8', 'fortran_order': False}", "without shape"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)", "a comma"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)} x", "nothing behind"},
        {"{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}", "True or False, found '0, "},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1)}", "a comma after a dimension"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", "a dimension, found '-1,"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (01,)}", "a dimension, found '01,"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': 1}", "round brackets"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (18446744073709551616,)}",
         "dimension larger"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296,4294967296)}",
         "float64 [4294967296, 4294967296], more than any memory"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952,)}",
         "more than any memory"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 7)}", "takes 0 bytes, but 8"},
        {"{'descr': '<f8', 'descr': '<f8', 'shape': (1,)}", "'descr' in its header twice"},
        {"{'order': '<f8'}", "'order' in its header that has no meaning"},
        {"{'descr' '<f8'}", "a colon"},
        {"{'descr': f8}", "a text in quotes"},
        {"{'descr': '<f8}", "a short text in quotes"},
        {"{'descr': ''}", "NumPy's type ''"},
        {"{'descr': '<'}", "NumPy's type '<'"},
        {"{'descr': '<f'}", "NumPy's type '<f'"},
        {"{'descr': '<f08'}", "NumPy's type '<f08'"},
        {"{'descr': '<f-8'}", "NumPy's type '<f-8'"},
        {"{'descr': '*f8'}", "NumPy's type '*f8'"},
        {"{'descr': '<U0'}", "NumPy's type '<U0'"},
        {"{'descr': '<U999999'}", "NumPy's type '<U999999'"},
        {"{'descr': '<U99999'}", "texts of 99999 characters"},
        {"{'descr': '<f8\n'}", "a short text in quotes"},
        {"{'\x1b[2J': '<f8'}", "a short text in quotes"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        float got = 0;
        OK(header(good[i], &got));
        assert_true(got == 0.5f);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        float got;
        assert_int_equal(header(bad[i].text, &got), PV_EDATA);
        says(path, bad[i].words);
        for (const char *c = pv_error(); *c; c++) assert_true(*c >= ' ' && *c <= '~');
    }
}

static void versions(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *words;
        size_t size;
    } cases[] = {
        {"\x93NUMPY\4\0\0\0\0\0", "version 4.0; expected", 12},
        {"\x93NUMPY\1\1\0\0\0\0", "version 1.1; expected", 12},
        {"\x93NUMPY\2\0\0\0\0\xff", "header of 4278190080 bytes; at most 65535", 12},
        {"\x93NUMPY\1\0\xff\xff", "ends within its header", 10},
        {"\x93NUMPY", "ends within its header", 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pv_codes codes;
        write_bytes(cases[i].bytes, cases[i].size);
        assert_int_equal(pv_codes_read(&codes, path), PV_EDATA);
        says(path, cases[i].words);
    }
}

/* ---- damage ---- */

static char *bytes_of(const char *name, size_t *size)
{
    char where[512], *bytes;
    snprintf(where, sizeof where, GOLDEN "%s", name);
    OK(pv_read_text(&bytes, size, where));
    return bytes;
}

/* Reads the file; refused: one line with its path. Whether it was read. */
static int read_damaged(pv_codes *codes)
{
    pv_status status = pv_codes_read(codes, path);
    if (status == PV_OK) return 1;
    if (status != PV_EDATA && status != PV_EIO) fail_msg("status %d: %s", status, pv_error());
    if (!strstr(pv_error(), path) || strchr(pv_error(), '\n')) fail_msg("says: %s", pv_error());
    return 0;
}

static void truncated(void **state)
{
    (void)state;
    static const char *const names[] = {"numpy_mean.npy", "numpy_codes.npz",
                                        "numpy_codes_compressed.npz"};
    for (int k = 0; k < 3; k++) {
        size_t size;
        char *bytes = bytes_of(names[k], &size);
        write_bytes(bytes, size);
        for (size_t left = size; left-- > 0;) {
            pv_codes codes;
            assert_int_equal(truncate(path, (off_t)left), 0);
            if (read_damaged(&codes)) fail_msg("%s: %zu bytes were read", names[k], left);
        }
        free(bytes);
    }
}

/* Every single bit of `size` bytes at `at`. A checksum stands over an archive's values, none over
 * a .npy's. */
static void flip(const char *name, size_t at, size_t size, int summed)
{
    size_t whole;
    long refused = 0;
    char *bytes = bytes_of(name, &whole);
    pv_codes want;
    write_bytes(bytes, whole);
    OK(pv_codes_read(&want, path));
    for (size_t i = at; i < at + size && i < whole; i++)
        for (int bit = 0; bit < 8; bit++) {
            pv_codes got;
            bytes[i] ^= (char)(1 << bit);
            write_bytes(bytes, whole);
            bytes[i] ^= (char)(1 << bit);
            if (!read_damaged(&got)) {
                refused++;
                continue;
            }
            if (summed && got.mean)
                assert_memory_equal(got.mean, want.mean, 60 * 4 * sizeof(float));
            if (summed && got.factor)
                assert_memory_equal(got.factor, want.factor, 60 * 3 * sizeof(int32_t));
            pv_codes_free(&got);
        }
    if (refused < (long)size * 2) fail_msg("%s: only %ld were refused", name, refused);
    pv_codes_free(&want);
    free(bytes);
}

static void flipped_bits(void **state)
{
    (void)state;
    size_t size;
    free(bytes_of("numpy_codes_compressed.npz", &size));
    flip("numpy_mean.npy", 0, 128, 0);
    flip("numpy_codes_compressed.npz", 0, 300, 1);
    flip("numpy_codes_compressed.npz", size - 500, 500, 1); /* the archive's directory */
    flip("numpy_codes.npz", 0, 200, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type),     cmocka_unit_test(limits_of_int32),
        cmocka_unit_test(texts),          cmocka_unit_test(codes_of_both_formats),
        cmocka_unit_test(doubles),        cmocka_unit_test(real_factors_of_both_formats),
        cmocka_unit_test(refused_arrays), cmocka_unit_test(refused_values),
        cmocka_unit_test(forged_sizes),   cmocka_unit_test(no_files),
        cmocka_unit_test(headers),        cmocka_unit_test(versions),
        cmocka_unit_test(truncated),      cmocka_unit_test(flipped_bits),
        cmocka_unit_test(any_rank),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
