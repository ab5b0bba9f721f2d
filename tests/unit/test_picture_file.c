/* test_picture_file.c -- PNG and JPEG files of every kind, damaged ones, and what is no picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/hdf5.h"
#include "data/picture.h"

#include "scratch.h"

enum { MOST = 200, NAME = 40 };

/* golden/import/pictures.h5: files, one after the other, and their pixels. */
static struct {
    size_t count;
    char name[MOST][NAME];
    int32_t size[MOST], shape[MOST][3];
    uint8_t *bytes, *pixels;
} files;

static void take(pv_h5 *file, const char *name, void *out)
{
    pv_h5_array array;
    OK(pv_h5_find(file, name, &array));
    assert_true(array.dim[0] <= MOST);
    if (array.type == PV_H5_TEXT) array.width = NAME;
    files.count = array.dim[0];
    OK(pv_h5_read(file, &array, out));
}

static uint8_t *take_bytes(pv_h5 *file, const char *name)
{
    pv_h5_array array;
    uint8_t *out;
    OK(pv_h5_find(file, name, &array));
    OK(pv_new(&out, array.dim[0], 1, name));
    OK(pv_h5_read(file, &array, out));
    return out;
}

static int read_golden(void **state)
{
    pv_h5 *file;
    OK(pv_h5_open(&file, PV_SOURCE_DIR "/tests/golden/import/pictures.h5"));
    take(file, "name", files.name);
    take(file, "size", files.size);
    take(file, "shape", files.shape);
    files.bytes = take_bytes(file, "bytes");
    files.pixels = take_bytes(file, "pixels");
    pv_h5_close(file);
    return make(state);
}

static int forget_golden(void **state)
{
    free(files.bytes);
    free(files.pixels);
    return clean(state);
}

static void write_file(const uint8_t *bytes, size_t size)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), (ssize_t)size);
    close(file);
}

static void refuses(pv_status want, const char *text)
{
    pv_picture_file p;
    assert_int_equal(pv_picture_read(&p, path, 0), want);
    if (!strstr(pv_error(), path) || !strstr(pv_error(), text) || strchr(pv_error(), '\n'))
        fail_msg("\"%s\" is not one line with the path and '%s'", pv_error(), text);
    assert_null(p.pixels);
}

/* ---- whole files ---- */

static void check_pixels(const char *name, const pv_picture_file *p, const int32_t shape[3],
                         const uint8_t *want)
{
    const size_t pixels = (size_t)shape[0] * (size_t)shape[1], each = (size_t)p->channels;
    const size_t wanted = (size_t)shape[2];
    assert_true(p->height == shape[0] && p->width == shape[1]);
    for (size_t i = 0; i < pixels * each; i++) {
        const uint8_t value = want[i / each * wanted + (wanted == 1 ? 0 : i % each)];
        if (p->pixels[i] != value)
            fail_msg("%s: byte %zu is %d instead of %d", name, i, p->pixels[i], value);
    }
}

static void check_file(const char *name, const int32_t shape[3], const uint8_t *want)
{
    pv_picture_file p;
    OK(pv_picture_look(&p, path));
    assert_null(p.pixels);
    if (p.height != shape[0] || p.width != shape[1] || p.channels != shape[2])
        fail_msg("%s: looks like %d x %d x %d", name, p.height, p.width, p.channels);
    for (int colour = 0; colour < 2; colour++) {
        OK(pv_picture_read(&p, path, colour));
        assert_int_equal(p.channels, colour ? 3 : shape[2]);
        check_pixels(name, &p, shape, want);
        pv_picture_free(&p);
    }
}

static void check_refused(const char *name)
{
    static const char *const why[][2] = {
        {"arithmetic.jpg", "arithmetically coded"},
        {"cmyk.jpg", "has 4 colours (CMYK); 1 (grey) or 3"},
        {"pixels.jpg", "cannot hold 16000 x 16000 pixels"},
        {"pixels.png", "cannot hold 16384 x 16384 pixels"},
        {"rows.png", "PNG: Not enough image data"},
        {"scans.jpg", "JPEG: more than 100 scans"},
        {"sides.jpg", "1 x 16385 pixels; sides of 1 to 16384"},
        {"sides.png", "100000 x 100000 pixels; sides of 1 to 16384"},
    };
    for (size_t i = 0; i < sizeof why / sizeof *why; i++)
        if (strcmp(why[i][0], name) == 0) {
            refuses(PV_EDATA, why[i][1]);
            return;
        }
    fail_msg("%s: no reason is known", name);
}

static void every_kind(void **state)
{
    (void)state;
    const uint8_t *bytes = files.bytes, *pixels = files.pixels;
    size_t read = 0;
    for (size_t i = 0; i < files.count; i++) {
        const int32_t *shape = files.shape[i];
        write_file(bytes, (size_t)files.size[i]);
        if (strncmp(files.name[i], "refused_", 8) == 0) {
            check_refused(files.name[i] + 8);
        } else {
            check_file(files.name[i], shape, pixels);
            read++;
        }
        bytes += files.size[i];
        pixels += shape[0] * shape[1] * shape[2];
    }
    assert_true(read > 80 && files.count == read + 8);
}

/* ---- damaged files ---- */

/* The bytes of a golden file, to be freed. */
static uint8_t *copy_of(const char *name, size_t *size)
{
    const uint8_t *bytes = files.bytes;
    uint8_t *out;
    for (size_t i = 0; i < files.count; bytes += files.size[i++])
        if (strcmp(files.name[i], name) == 0) {
            *size = (size_t)files.size[i];
            OK(pv_new(&out, *size, 1, name));
            memcpy(out, bytes, *size);
            return out;
        }
    fail_msg("%s: not there", name);
    return NULL;
}

static const char *const some[] = {
    "grey_2.png",  "rgb_16_key_interlaced.png", "palette_4_alpha.png",
    "q75_420.jpg", "q75_420_progressive.jpg",   "q75_grey.jpg",
    "restarts.jpg"};
enum { SOME = sizeof some / sizeof *some };

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (int k = 0; k < SOME; k++) {
        size_t size;
        uint8_t *bytes = copy_of(some[k], &size);
        for (size_t left = 0; left < size; left++) {
            write_file(bytes, left);
            refuses(PV_EDATA, left < 8 ? "is neither a PNG nor a JPEG file" : "");
        }
        free(bytes);
    }
}

/* What was read has the sizes that were looked at. */
static int read_damaged(void)
{
    pv_picture_file p, look;
    pv_status looked = pv_picture_look(&look, path), status = pv_picture_read(&p, path, 0);
    if (status == PV_OK) {
        assert_int_equal(looked, PV_OK);
        assert_true(p.height == look.height && p.width == look.width);
        assert_true(p.channels == look.channels && p.pixels);
        pv_picture_free(&p);
        return 1;
    }
    assert_true(status == PV_EDATA);
    assert_true(strstr(pv_error(), path) && !strchr(pv_error(), '\n') && !p.pixels);
    return 0;
}

/* A PNG has checksums over everything but its first bytes; a JPEG has none. */
static void flipped_bits(void **state)
{
    (void)state;
    for (int k = 0; k < SOME; k++) {
        size_t size, read = 0;
        uint8_t *bytes = copy_of(some[k], &size);
        for (size_t at = 0; at < size; at++) {
            const uint8_t before = bytes[at];
            bytes[at] = (uint8_t)(before ^ 1 << (at + at / 8) % 8);
            write_file(bytes, size);
            read += (size_t)read_damaged();
            bytes[at] = before;
        }
        if (strstr(some[k], ".png"))
            assert_int_equal(read, 0);
        else
            assert_true(read > 0 && read < size);
        free(bytes);
    }
}

/* ---- what is no picture ---- */

static void other_things(void **state)
{
    (void)state;
    unlink(path);
    refuses(PV_EIO, "cannot be read: No such file");
    assert_int_equal(mkdir(path, 0777), 0);
    refuses(PV_EIO, "is no file");
    rmdir(path);
    assert_int_equal(mkfifo(path, 0666), 0);
    refuses(PV_EIO, "is no file");
    unlink(path);
    assert_int_equal(symlink("file", path), 0);
    refuses(PV_EIO, "cannot be read: Too many levels");
    unlink(path);
    write_file((const uint8_t *)"GIF89a..........", 16);
    refuses(PV_EDATA, "is neither a PNG nor a JPEG file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(flipped_bits),
        cmocka_unit_test(other_things),
    };
    return cmocka_run_group_tests(tests, read_golden, forget_golden);
}
