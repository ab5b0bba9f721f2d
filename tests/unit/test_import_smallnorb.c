/* test_import_smallnorb.c -- SmallNORB's six files, packed and not: images and factors as
 * disentanglement_lib has them; and files that lack something. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/hdf5.h"
#include "import/public.h"

#include "scratch.h"

#define GOLDEN PV_SOURCE_DIR "/tests/golden/import/"

enum { IMAGES = 72, PIXELS = 64 * 64, FACTORS = 5, FILES = 6, MOST = 1 << 20 };

static const char *const files[FILES] = {
    "smallnorb-5x46789x9x18x6x2x96x96-training-dat.mat",
    "smallnorb-5x46789x9x18x6x2x96x96-training-cat.mat",
    "smallnorb-5x46789x9x18x6x2x96x96-training-info.mat",
    "smallnorb-5x01235x9x18x6x2x96x96-testing-dat.mat",
    "smallnorb-5x01235x9x18x6x2x96x96-testing-cat.mat",
    "smallnorb-5x01235x9x18x6x2x96x96-testing-info.mat",
};
enum { DAT = 3, CAT, INFO }; /* of the testing files */

static pv_status open_folder(pv_public *out, const char *folder)
{
    memset(out, 0xa5, sizeof *out);
    out->kind = "smallnorb";
    return pv_open_smallnorb(out, folder, &(pv_import_options){0});
}

static void close_folder(pv_public *p)
{
    p->close(p->state);
    pv_data_close(&p->table);
}

/* ---- a folder of our own ---- */

static const char *in_folder(const char *name)
{
    static char full[512];
    snprintf(full, sizeof full, "%s/%s", directory, name);
    return full;
}

/* The bytes of a golden file as they are or, else, unpacked; `room` holds them until the next call.
 */
static const char *golden(int file, int packed, size_t *size)
{
    static char room[MOST];
    char full[512];
    snprintf(full, sizeof full, GOLDEN "smallnorb/%s.gz", files[file]);
    if (packed) {
        char *bytes;
        OK(pv_read_text(&bytes, size, full));
        memcpy(room, bytes, *size);
        free(bytes);
        return room;
    }
    gzFile from = gzopen(full, "rb");
    assert_non_null(from);
    const int n = gzread(from, room, MOST);
    gzclose(from);
    assert_in_range(n, 1, MOST - 1);
    *size = (size_t)n;
    return room;
}

static void put(const char *name, const char *bytes, size_t size)
{
    const int file = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_int_equal(write(file, bytes, size), (ssize_t)size);
    close(file);
}

static void put_golden(int file, int packed)
{
    char name[128];
    size_t size;
    const char *bytes = golden(file, packed, &size);
    snprintf(name, sizeof name, "%s%s", files[file], packed ? ".gz" : "");
    put(name, bytes, size);
}

static void remove_golden(int file)
{
    char name[128];
    snprintf(name, sizeof name, "%s.gz", files[file]);
    unlink(in_folder(files[file]));
    unlink(in_folder(name));
}

static int make_folder(void **state)
{
    if (make(state) != 0) return -1;
    for (int i = 0; i < FILES; i++) put_golden(i, 0);
    return 0;
}

static int clean_folder(void **state)
{
    for (int i = 0; i < FILES; i++) remove_golden(i);
    return clean(state);
}

/* ---- what is right ---- */

static void check_images(pv_public *p, size_t step)
{
    static uint8_t want[IMAGES * PIXELS], got[IMAGES * PIXELS];
    static int16_t whole[IMAGES * PIXELS], found[IMAGES * PIXELS];
    pv_h5 *file;
    OK(pv_h5_open(&file, GOLDEN "smallnorb.h5"));
    pv_h5_array array = {"bytes", PV_H5_U8, 3, {IMAGES, 64, 64}, 0, 0};
    OK(pv_h5_read(file, &array, want));
    array.name = "unclipped";
    array.type = PV_H5_I16;
    OK(pv_h5_read(file, &array, whole));
    pv_h5_close(file);
    for (size_t first = 0; first < IMAGES; first += step) {
        const size_t rows = IMAGES - first < step ? IMAGES - first : step;
        OK(p->images(p->state, first, rows, got + first * PIXELS));
    }
    for (size_t first = 0; first < IMAGES; first += step) {
        const size_t rows = IMAGES - first < step ? IMAGES - first : step;
        OK(p->unclipped(p->state, first, rows, found + first * PIXELS));
    }
    assert_memory_equal(got, want, sizeof want);
    assert_memory_equal(found, whole, sizeof whole);
}

static void check_table(const pv_data *d)
{
    static const int size[FACTORS] = {2, 3, 2, 3, 2}, nuisance[FACTORS] = {0, 1, 0, 0, 0};
    static const char *const name[FACTORS] = {"category", "instance", "elevation", "azimuth",
                                              "lighting"};
    int32_t want[IMAGES * FACTORS];
    pv_h5 *file;
    OK(pv_h5_open(&file, GOLDEN "smallnorb.h5"));
    const pv_h5_array array = {"factors", PV_H5_I32, 2, {IMAGES, FACTORS}, 0, 0};
    OK(pv_h5_read(file, &array, want));
    pv_h5_close(file);
    assert_int_equal(d->examples, IMAGES);
    assert_true(d->height == 64 && d->width == 64 && d->channels == 1);
    assert_int_equal(d->factors, FACTORS);
    assert_memory_equal(d->factor_size, size, sizeof size);
    assert_memory_equal(d->nuisance, nuisance, sizeof nuisance);
    for (int k = 0; k < FACTORS; k++) assert_string_equal(d->factor_name[k], name[k]);
    assert_memory_equal(d->factor, want, sizeof want);
    for (int i = 0; i < IMAGES * FACTORS; i++) assert_true(d->factor_value[i] == want[i]);
}

static void as_disentanglement_lib(void **state)
{
    (void)state;
    for (int some = 0; some < 3; some++) { /* plain, packed, some of each */
        pv_public p;
        OK(open_folder(&p, some == 1 ? GOLDEN "smallnorb" : directory));
        check_table(&p.table);
        check_images(&p, some ? 7 : IMAGES);
        assert_non_null(strstr(p.note, "72 images; the public release has 48600"));
        close_folder(&p);
        for (int i = 0; i < FILES; i += 2) {
            remove_golden(i);
            put_golden(i, 1);
        }
    }
    for (int i = 0; i < FILES; i++) {
        remove_golden(i);
        put_golden(i, 0);
    }
}

/* The first of the two sets may be the smaller one. */
static void sets_of_any_size(void **state)
{
    (void)state;
    for (int i = 0; i < FILES; i++) {
        size_t size;
        const char *bytes = golden(i, 0, &size);
        put(files[(i + 3) % FILES], bytes, size);
    }
    pv_public p;
    OK(open_folder(&p, directory));
    check_table(&p.table);
    check_images(&p, 5);
    close_folder(&p);
    for (int i = 0; i < FILES; i++) put_golden(i, 0);
}

/* ---- what is refused ---- */

static int descriptors(void)
{
    int n = 0;
    for (int i = 0; i < 256; i++) n += fcntl(i, F_GETFD) != -1;
    return n;
}

static void refuses(pv_status want, const char *name, const char *words)
{
    pv_public p;
    const int before = descriptors();
    assert_int_equal(open_folder(&p, directory), want);
    if (!strstr(pv_error(), name) || !strstr(pv_error(), words) || strchr(pv_error(), '\n'))
        fail_msg("\"%s\" is not one line with '%s' and '%s'", pv_error(), name, words);
    assert_int_equal(descriptors(), before);
    assert_null(p.table.factor);
}

/* Bytes in the middle of a file, or its length. */
static void wrong_files(void **state)
{
    (void)state;
    static const struct {
        int file, at, value; /* of four bytes; at < 0: the file has `value` bytes */
        const char *words;
    } cases[] = {
        {DAT, 0, 0x1e3d4c54, "begins with 1e3d4c54 and 4 dimensions; expected 1e3d4c55 (uint8)"},
        {CAT, 0, 0x1e3d4c53, "begins with 1e3d4c53 and 1 dimensions; expected 1e3d4c54 (int32)"},
        {INFO, 4, 3, "begins with 1e3d4c54 and 3 dimensions; expected 1e3d4c54 (int32) and 2"},
        {DAT, 4, -1, "and -1 dimensions"},
        {DAT, 8, 0, "0 rows; expected 1 to 24300"},
        {DAT, 8, -1, "-1 rows; expected"},
        {DAT, 8, 24301, "24301 rows; expected"},
        {DAT, 8, 23, "442392 bytes; expected 423960, for 23 rows"},
        {DAT, 8, 24300, "442392 bytes; expected 447897624, for 24300 rows"},
        {DAT, 12, 1, "dimension 1 is 1; expected 2"},
        {DAT, 16, 64, "dimension 2 is 64; expected 96"},
        {DAT, 20, 192, "dimension 3 is 192; expected 96"},
        {CAT, 8, 25, "116 bytes; expected 120, for 25 rows"},
        {INFO, 12, 5, "dimension 1 is 5; expected 4"},
        {CAT, 20, 5, "row 0 has category 5; expected 0 to 4"},
        {CAT, 112, -1, "row 23 has category -1"},
        {INFO, 20, 10, "row 0 has instance 10; expected 0 to 9"},
        {INFO, 28, 3, "row 0 has azimuth 3; expected 0 to 34, even"},
        {INFO, 44, 36, "row 1 has azimuth 36; expected 0 to 34, even"},
        {INFO, 32, 6, "row 0 has lighting 6; expected 0 to 5"},
        {DAT, -1, 442391, "442391 bytes; expected 442392"},
        {DAT, -1, 442393, "442393 bytes; expected 442392"},
        {DAT, -1, 20, "ends in its header"},
        {CAT, -1, 0, "ends in its header"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *name = files[cases[i].file];
        if (cases[i].at < 0) {
            assert_int_equal(truncate(in_folder(name), cases[i].value), 0);
        } else {
            const int file = open(in_folder(name), O_WRONLY);
            assert_int_equal(pwrite(file, &cases[i].value, 4, cases[i].at), 4);
            close(file);
        }
        refuses(PV_EDATA, name, cases[i].words);
        put_golden(cases[i].file, 0);
    }
}

static void wrong_counts(void **state)
{
    (void)state;
    size_t size;
    char lying[256];
    const char *bytes = golden(CAT, 0, &size);
    memcpy(lying, bytes, size);
    lying[8]--;
    put(files[CAT], lying, size - 4);
    refuses(PV_EDATA, files[CAT], "23 rows; expected 24, one for each image");
    lying[8]++;
    lying[20] ^= 1; /* another category: a combination twice, one not at all */
    put(files[CAT], lying, size);
    refuses(PV_EDATA, directory, "have the same factors; expected every combination once");
    lying[20] = 3;
    put(files[CAT], lying, size);
    refuses(PV_EDATA, directory, "72 images of factors with 144 combinations; expected each once");
    put_golden(CAT, 0);
}

static void no_files(void **state)
{
    (void)state;
    pv_public p;
    for (int i = 0; i < FILES; i++) {
        remove_golden(i);
        refuses(PV_EIO, files[i], "not there, nor with .gz");
        assert_int_equal(mkdir(in_folder(files[i]), 0777), 0);
        refuses(PV_EIO, files[i], "not a plain file");
        assert_int_equal(rmdir(in_folder(files[i])), 0);
        assert_int_equal(mkfifo(in_folder(files[i]), 0666), 0);
        refuses(PV_EIO, files[i], "not a plain file");
        remove_golden(i);
        put_golden(i, 0);
    }
    char far[5000];
    memset(far, 'x', sizeof far);
    far[4999] = 0;
    assert_int_equal(open_folder(&p, far), PV_EIO);
    assert_non_null(strstr(pv_error(), "path too long"));
    assert_int_equal(open_folder(&p, "no\nsuch\xff"), PV_EIO);
    assert_null(strchr(pv_error(), '\n'));
    assert_int_equal(open_folder(&p, in_folder(files[DAT])), PV_EIO);
}

/* ---- what is packed ---- */

static void packed_files(void **state)
{
    (void)state;
    char name[128], *rest;
    size_t size;
    snprintf(name, sizeof name, "%s.gz", files[CAT]);
    unlink(in_folder(files[CAT]));
    const char *bytes = golden(CAT, 0, &size);
    put(name, bytes, size);
    refuses(PV_EDATA, name, "it is not packed by gzip");
    put(name, "", 0);
    refuses(PV_EDATA, name, "ends in its header");

    gzFile bomb = gzopen(in_folder(name), "wb9"); /* ten times what there can be */
    OK(pv_new(&rest, 1, 1000000, "zeros"));
    assert_int_equal(gzwrite(bomb, rest, 1000000), 1000000);
    free(rest);
    gzclose(bomb);
    refuses(PV_EDATA, name, "unpacks to more than 97220 bytes");

    put_golden(CAT, 1);
    setenv("TMPDIR", "/nowhere", 1);
    refuses(PV_EIO, name, "cannot be unpacked into a file in $TMPDIR: No such file");
    unsetenv("TMPDIR");
    remove_golden(CAT);
    put_golden(CAT, 0);
}

/* ---- what is damaged: opened, or one line that names the file ---- */

static int opens(const char *name)
{
    pv_public p;
    if (open_folder(&p, directory) == PV_OK) {
        close_folder(&p);
        return 1;
    }
    const int named = strstr(pv_error(), name) || strstr(pv_error(), directory);
    if (!named || strchr(pv_error(), '\n')) fail_msg("says: %s", pv_error());
    return 0;
}

static void truncated(void **state)
{
    (void)state;
    for (int packed = 0; packed < 2; packed++)
        for (int i = DAT; i <= INFO; i++) {
            char name[128];
            size_t size;
            golden(i, packed, &size);
            snprintf(name, sizeof name, "%s%s", files[i], packed ? ".gz" : "");
            remove_golden(i);
            put_golden(i, packed);
            const size_t step = size > 1000 ? size / 97 : 1;
            while (size > step) {
                size -= step;
                assert_int_equal(truncate(in_folder(name), (off_t)size), 0);
                if (opens(name)) fail_msg("%s: %zu bytes were read", name, size);
            }
            remove_golden(i);
            put_golden(i, 0);
        }
}

/* Headers and factors bit by bit, and so gzip's files of factors; a checksum stands over these. */
static void flipped_bits(void **state)
{
    (void)state;
    for (int packed = 0; packed < 2; packed++)
        for (int i = DAT; i <= INFO; i++) {
            char name[128];
            size_t size, refused = 0;
            const char *bytes = golden(i, packed, &size);
            snprintf(name, sizeof name, "%s%s", files[i], packed ? ".gz" : "");
            remove_golden(i);
            put_golden(i, packed);
            const int file = open(in_folder(name), O_WRONLY);
            const size_t most = i == DAT && !packed ? 24 : size, step = most > 1000 ? 149 : 1;
            for (size_t at = 0; at < most; at += step) {
                for (int bit = 0; bit < 8; bit++) {
                    const char flipped = (char)(bytes[at] ^ 1 << bit);
                    assert_int_equal(pwrite(file, &flipped, 1, (off_t)at), 1);
                    refused += !opens(name);
                }
                assert_int_equal(pwrite(file, bytes + at, 1, (off_t)at), 1);
            }
            if (refused < most / step * 4) fail_msg("%s: only %zu were refused", name, refused);
            close(file);
            remove_golden(i);
            put_golden(i, 0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_disentanglement_lib),
        cmocka_unit_test(sets_of_any_size),
        cmocka_unit_test(wrong_files),
        cmocka_unit_test(wrong_counts),
        cmocka_unit_test(no_files),
        cmocka_unit_test(packed_files),
        cmocka_unit_test(truncated),
        cmocka_unit_test(flipped_bits),
    };
    return cmocka_run_group_tests(tests, make_folder, clean_folder);
}
