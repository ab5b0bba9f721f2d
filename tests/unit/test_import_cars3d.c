/* test_import_cars3d.c -- Cars3D's MATLAB files: images in the order and with the pixels of
 * disentanglement_lib; and folders of something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/hdf5.h"
#include "import/public.h"

#include "scratch.h"

#define GOLDEN PV_SOURCE_DIR "/tests/golden/import/"

enum { CARS = 3, ELEVATIONS = 4, AZIMUTHS = 24, PIXELS = 64 * 64 * 3 };
enum { IMAGES = ELEVATIONS * AZIMUTHS * CARS };

static pv_status open_folder(pv_public *out, const char *folder)
{
    memset(out, 0xa5, sizeof *out);
    out->kind = "cars3d";
    return pv_open_cars3d(out, folder, &(pv_import_options){0});
}

static void close_folder(pv_public *p)
{
    p->close(p->state);
    pv_data_close(&p->table);
}

static const char *in_folder(const char *name)
{
    static char full[4096];
    snprintf(full, sizeof full, "%s/%s", directory, name);
    return full;
}

static void copy(const char *from, const char *to)
{
    char full[512], *bytes;
    size_t size;
    snprintf(full, sizeof full, GOLDEN "%s", from);
    OK(pv_read_text(&bytes, &size, full));
    OK(pv_write_text(in_folder(to), bytes, size));
    free(bytes);
}

/* ---- what is right ---- */

static uint8_t *golden_images(void)
{
    uint8_t *images;
    pv_h5 *file;
    const pv_h5_array array = {"images", PV_H5_U8, 4, {IMAGES, 64, 64, 3}, 0, 0};
    OK(pv_new(&images, IMAGES, PIXELS, "images"));
    OK(pv_h5_open(&file, GOLDEN "cars3d.h5"));
    OK(pv_h5_read(file, &array, images));
    pv_h5_close(file);
    return images;
}

static void as_disentanglement_lib(void **state)
{
    (void)state;
    static const int size[] = {ELEVATIONS, AZIMUTHS, CARS};
    static const char *const name[] = {"elevation", "azimuth", "object"};
    enum { STEP = 50 };
    uint8_t *want = golden_images(), *got;
    OK(pv_new(&got, STEP, PIXELS, "images"));
    pv_public p;
    OK(open_folder(&p, GOLDEN "cars3d"));
    const pv_data *d = &p.table;
    assert_int_equal(d->examples, IMAGES);
    assert_true(d->height == 64 && d->width == 64 && d->channels == 3 && d->factors == 3);
    assert_memory_equal(d->factor_size, size, sizeof size);
    for (int k = 0; k < 3; k++) {
        assert_string_equal(d->factor_name[k], name[k]);
        assert_int_equal(d->nuisance[k], 0);
    }
    for (int i = 0; i < IMAGES; i++) {
        const int class[] = {i / CARS / AZIMUTHS, i / CARS % AZIMUTHS, i % CARS};
        for (int k = 0; k < 3; k++) {
            assert_int_equal(d->factor[3 * i + k], class[k]);
            assert_true(d->factor_value[3 * i + k] == class[k]);
        }
    }
    for (size_t first = 0; first < IMAGES; first += STEP) {
        const size_t rows = IMAGES - first < STEP ? IMAGES - first : STEP;
        OK(p.images(p.state, first, rows, got));
        assert_memory_equal(got, want + first * PIXELS, rows * PIXELS);
    }
    assert_null(p.unclipped);
    assert_non_null(strstr(p.note, "288 images; the public release has 17568"));
    close_folder(&p);
    free(want);
    free(got);
}

/* Other names are left alone, hidden ones too. The order is that of bytes, in any locale. */
static void names(void **state)
{
    (void)state;
    static const char *const ignored[] = {"list.txt", "._car.mat", "car.mat.gz", ".mat", "mat"};
    enum { IGNORED = sizeof ignored / sizeof *ignored };
    uint8_t *want = golden_images(), got[2 * PIXELS];
    for (int i = 0; i < IGNORED; i++) OK(pv_write_text(in_folder(ignored[i]), "?", 1));
    copy("cars3d/car_2.mat", "a car\n\xff.mat"); /* comes after the other */
    copy("cars3d/Car_3.mat", "Z.mat");
    pv_public p;
    OK(open_folder(&p, directory));
    assert_int_equal(p.table.examples, 2 * ELEVATIONS * AZIMUTHS);
    OK(p.images(p.state, 0, 2, got));
    assert_memory_equal(got, want, PIXELS);
    assert_memory_equal(got + PIXELS, want + 2 * PIXELS, PIXELS);
    close_folder(&p);
    for (int i = 0; i < IGNORED; i++) unlink(in_folder(ignored[i]));
    unlink(in_folder("a car\n\xff.mat"));
    unlink(in_folder("Z.mat"));
    free(want);
}

/* ---- what is refused ---- */

static void refuses(const char *folder, pv_status want, const char *words)
{
    pv_public p;
    if (open_folder(&p, folder) != want) fail_msg("not refused: '%s'", words);
    if (!strstr(pv_error(), words) || strchr(pv_error(), '\n'))
        fail_msg("\"%s\" is not one line with '%s'", pv_error(), words);
    assert_null(p.table.factor);
}

static void other_folders(void **state)
{
    (void)state;
    char far[5000];
    refuses(directory, PV_EDATA, "holds no .mat files; expected 183");
    refuses("/nowhere", PV_EIO, "/nowhere: cannot be read as a folder: No such file");
    refuses(GOLDEN "cars3d/list.txt", PV_EIO, "list.txt: cannot be read as a folder");
    memset(far, 'x', sizeof far);
    far[4999] = 0;
    refuses(far, PV_EIO, "path too long");
    copy("cars3d/Car_3.mat", "a.mat");
    copy("mat/packed.mat", "b\n.mat");
    refuses(directory, PV_EDATA, "b .mat: 'im' is uint8 5 x 4 x 3 x 2; expected uint8 128 x 128 x");
    unlink(in_folder("b\n.mat"));
    assert_int_equal(mkdir(in_folder("b.mat"), 0777), 0);
    refuses(directory, PV_EIO, "b.mat: not a plain file");
    assert_int_equal(rmdir(in_folder("b.mat")), 0);
    for (int i = 0; i <= 183; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.mat", i);
        OK(pv_write_text(in_folder(name), "", 0));
    }
    refuses(directory, PV_EDATA, "holds 17760 images; the public release of cars3d has 17568");
    for (int i = 0; i <= 183; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.mat", i);
        unlink(in_folder(name));
    }
    unlink(in_folder("a.mat"));
}

/* Of a real file, a sample; test_import_mat.c damages every bit of small ones. A bit may be without
 * a meaning: then every pixel is as it was. */
static void damaged(void **state)
{
    (void)state;
    enum { STEPS = 40, VIEWS = ELEVATIONS * AZIMUTHS };
    char *bytes;
    uint8_t *want = golden_images(), *got;
    size_t size, refused = 0;
    OK(pv_new(&got, VIEWS, PIXELS, "images"));
    OK(pv_read_text(&bytes, &size, GOLDEN "cars3d/car_10.mat"));
    OK(pv_write_text(in_folder("car.mat"), bytes, size));
    const int file = open(in_folder("car.mat"), O_WRONLY);
    for (size_t i = 0; i < STEPS; i++) {
        const size_t at = 128 + i * (size - 129) / (STEPS - 1);
        const char flipped = (char)(bytes[at] ^ 1 << i % 8);
        pv_public p;
        assert_int_equal(pwrite(file, &flipped, 1, (off_t)at), 1);
        const pv_status status = open_folder(&p, directory);
        assert_int_equal(pwrite(file, bytes + at, 1, (off_t)at), 1);
        if (status != PV_OK) {
            if (!strstr(pv_error(), "car.mat: ")) fail_msg("says: %s", pv_error());
            refused++;
            continue;
        }
        OK(p.images(p.state, 0, VIEWS, got));
        for (size_t k = 0; k < VIEWS; k++)
            assert_memory_equal(got + k * PIXELS, want + (k * CARS + 1) * PIXELS, PIXELS);
        close_folder(&p);
    }
    assert_true(refused > STEPS / 2);
    for (size_t i = STEPS; i-- > 0;) {
        assert_int_equal(ftruncate(file, (off_t)(i * size / STEPS)), 0);
        refuses(directory, PV_EDATA, "car.mat: ");
    }
    close(file);
    unlink(in_folder("car.mat"));
    free(bytes);
    free(want);
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_disentanglement_lib),
        cmocka_unit_test(names),
        cmocka_unit_test(other_folders),
        cmocka_unit_test(damaged),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
