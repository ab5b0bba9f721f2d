/* test_import_mat.c -- arrays of MATLAB files, and files that are damaged, forged or of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "import/mat.h"

#include "scratch.h"

#define GOLDEN PV_SOURCE_DIR "/tests/golden/import/mat/"

enum { BYTES = 5 * 4 * 3 * 2 };
static const size_t dims[] = {5, 4, 3, 2};

static pv_status read_im(uint8_t out[static BYTES], const char *file)
{
    memset(out, 0, BYTES);
    return pv_mat_read(out, file, "im", 4, dims);
}

/* Values are 7 i mod 251, the first dim the fastest. */
static int right(const uint8_t values[static BYTES])
{
    for (int i = 0; i < BYTES; i++)
        if (values[i] != i * 7 % 251) return 0;
    return 1;
}

static void what_scipy_wrote(void **state)
{
    (void)state;
    static const char *const names[] = {"plain", "packed", "others", "others_packed"};
    for (int k = 0; k < 4; k++) {
        char file[512];
        uint8_t values[BYTES];
        snprintf(file, sizeof file, GOLDEN "%s.mat", names[k]);
        OK(read_im(values, file));
        if (!right(values)) fail_msg("%s: other values", names[k]);
    }
}

/* ---- what is refused ---- */

static void refuses(const char *file, pv_status want, const char *words)
{
    uint8_t values[BYTES];
    assert_int_equal(read_im(values, file), want);
    if (!strstr(pv_error(), file) || !strstr(pv_error(), words) || strchr(pv_error(), '\n'))
        fail_msg("\"%s\" is not one line with the path and '%s'", pv_error(), words);
}

static void other_files(void **state)
{
    (void)state;
    static const struct {
        const char *name, *words;
    } cases[] = {
        {"structure", "holds a cell, structure, object or sparse array before 'im'"},
        {"cell", "holds a cell, structure, object or sparse array before 'im'"},
        {"none", "holds no array 'im'"},
        {"empty", "holds no array 'im'"},
        {"double", "of another type, 5 x 4 x 3 x 2; expected uint8 5 x 4 x 3 x 2"},
        {"transposed", "'im' is uint8 2 x 3 x 4 x 5; expected uint8 5 x 4 x 3 x 2"},
        {"rank", "'im' is uint8 5 x 4 x 3; expected"},
        {"huge", "'im' is uint8 65536 x 65536 x 4 x 1; expected"},
        {"complex", "'im' is complex uint8 5 x 4 x 3 x 2; expected"},
        {"version4", "43 bytes; a MATLAB file has at least 128"},
        {"version7_3", "of MATLAB 7.3 (HDF5); save it with -v7 instead"},
        {"big_endian", "not a MATLAB 5 file of low byte first"},
        {"long_name", "an array without a name"},
        {"rank9", "an array without dimensions, or with more than 8"},
        {"claims", "it ends early"},
        {"bomb", "more or fewer values than its dimensions say"},
        {"words", "more or fewer values than its dimensions say"},
        {"more", "a compressed array is too long"},
        {"less", "a compressed array is too short"},
        {"unknown", "something that is no array"},
        {"sum", "incorrect data check"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char file[512];
        snprintf(file, sizeof file, GOLDEN "%s.mat", cases[i].name);
        refuses(file, PV_EDATA, cases[i].words);
    }
}

static void no_files(void **state)
{
    (void)state;
    unlink(path);
    refuses(path, PV_EIO, "No such file");
    refuses(directory, PV_EIO, "not a plain file");
    assert_int_equal(mkfifo(path, 0600), 0);
    refuses(path, PV_EIO, "not a plain file");
    unlink(path);
    OK(pv_write_text(path, "", 0));
    refuses(path, PV_EDATA, "0 bytes; a MATLAB file has at least 128");
    assert_int_equal(truncate(path, (off_t)1 << 40), 0); /* a terabyte of nothing */
    refuses(path, PV_EDATA, "not a MATLAB 5 file");
}

/* ---- what is damaged: the right values or one line, never anything else ---- */

static int read_damaged(const char *what)
{
    uint8_t values[BYTES];
    if (read_im(values, path) != PV_OK) {
        if (!strstr(pv_error(), path) || strchr(pv_error(), '\n')) fail_msg("says: %s", pv_error());
        return 0;
    }
    if (strstr(what, "packed") && !right(values)) fail_msg("%s: other values", what);
    return 1;
}

static char *bytes_of(const char *name, size_t *size)
{
    char file[512], *bytes;
    snprintf(file, sizeof file, GOLDEN "%s.mat", name);
    OK(pv_read_text(&bytes, size, file));
    return bytes;
}

static const char *const sound[] = {"plain", "packed", "others", "others_packed"};

static void truncated(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        size_t size;
        char *bytes = bytes_of(sound[k], &size);
        OK(pv_write_text(path, bytes, size));
        while (size-- > 0) {
            assert_int_equal(truncate(path, (off_t)size), 0);
            if (read_damaged(sound[k])) fail_msg("%s: %zu bytes were read", sound[k], size);
        }
        free(bytes);
    }
}

/* Every bit. A checksum stands over compressed values, none over plain ones and the header's text.
 */
static void flipped_bits(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        size_t size, refused = 0;
        char *bytes = bytes_of(sound[k], &size);
        OK(pv_write_text(path, bytes, size));
        const int file = open(path, O_WRONLY);
        for (size_t i = 0; i < size; i++) {
            for (int bit = 0; bit < 8; bit++) {
                const char flipped = (char)(bytes[i] ^ 1 << bit);
                assert_int_equal(pwrite(file, &flipped, 1, (off_t)i), 1);
                refused += !read_damaged(sound[k]);
            }
            assert_int_equal(pwrite(file, bytes + i, 1, (off_t)i), 1);
        }
        if (refused < 300) fail_msg("%s: only %zu were refused", sound[k], refused);
        close(file);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_scipy_wrote), cmocka_unit_test(other_files),
        cmocka_unit_test(no_files),         cmocka_unit_test(truncated),
        cmocka_unit_test(flipped_bits),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
