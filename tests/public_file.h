/* public_file.h -- a public file as its opener sees it, whole or damaged; included after cmocka.h.
 */
#ifndef TESTS_PUBLIC_FILE_H
#define TESTS_PUBLIC_FILE_H

#include <sys/stat.h>
#include <zlib.h>

#include "base/hdf5.h"
#include "import/public.h"
#include "scratch.h"

#define GOLDEN PV_SOURCE_DIR "/tests/golden/import/"

typedef struct {
    const char *kind;
    pv_status (*open)(pv_public *out, const char *source, const pv_import_options *options);
    pv_import_options options;
} opener;

/* What became of a file: CRC-32 of every image. */
typedef struct {
    pv_data table;
    int64_t *crc;
    char note[PV_IMPORT_NOTE];
} contents;

static void drop(contents *c)
{
    pv_data_close(&c->table);
    free(c->crc);
    *c = (contents){.crc = NULL};
}

/* One image, then two, three, ... and from the start to the end once. */
static pv_status read_images(contents *out, pv_public *file)
{
    const pv_data *d = &file->table;
    const size_t pixels = (size_t)(d->height * d->width * d->channels);
    enum { MOST = 40 };
    uint8_t *image = malloc(MOST * pixels);
    pv_status status = PV_OK;
    out->crc = calloc(d->examples, sizeof *out->crc);
    assert_true(image && out->crc);
    for (size_t first = 0, step = 1; status == PV_OK && first < d->examples;) {
        const size_t left = d->examples - first, rows = left < step ? left : step;
        status = file->images(file->state, first, rows, image);
        for (size_t i = 0; status == PV_OK && i < rows; i++)
            out->crc[first + i] = (int64_t)crc32(0, image + i * pixels, (uInt)pixels);
        first += rows;
        step = step % MOST + 1;
    }
    free(image);
    return status;
}

static pv_status read_public(contents *out, const opener *o, const char *source)
{
    pv_public file;
    memset(&file, 0xa5, sizeof file);
    file.kind = o->kind;
    *out = (contents){.crc = NULL};
    PV_TRY(o->open(&file, source, &o->options));
    pv_status status = read_images(out, &file);
    out->table = file.table;
    strcpy(out->note, file.note);
    assert_non_null(file.title);
    if (file.close) file.close(file.state);
    if (status != PV_OK) drop(out);
    return status;
}

/* ---- what is right ---- */

static void read_group(pv_h5 *file, const char *group, const char *name, pv_h5_type type,
                       size_t size, void *out)
{
    char where[128];
    pv_h5_array array;
    snprintf(where, sizeof where, "%s/%s", group, name);
    OK(pv_h5_find(file, where, &array));
    array.type = type;
    array.width = PV_FACTOR_NAME;
    size_t elements = 1;
    for (int i = 0; i < array.rank; i++) elements *= array.dim[i];
    assert_int_equal(elements, size);
    OK(pv_h5_read(file, &array, out));
}

/* The file becomes what its group in arrays.h5 holds. */
static void becomes(const opener *o, const char *name)
{
    contents got;
    pv_h5 *file;
    char where[512], names[PV_MAX_FACTORS][PV_FACTOR_NAME];
    int32_t sizes[PV_MAX_FACTORS];
    snprintf(where, sizeof where, GOLDEN "arrays/%s", name);
    OK(read_public(&got, o, where));
    const pv_data *d = &got.table;
    const size_t n = d->examples, k = (size_t)d->factors;
    int64_t *crc = malloc(n * sizeof *crc);
    int32_t *class = malloc(n * k * sizeof *class);
    double *value = malloc(n * k * sizeof *value);
    assert_true(crc && class && value);
    OK(pv_h5_open(&file, GOLDEN "arrays.h5"));
    read_group(file, name, "crc", PV_H5_I64, n, crc);
    read_group(file, name, "classes", PV_H5_I32, n * k, class);
    read_group(file, name, "values", PV_H5_F64, n * k, value);
    read_group(file, name, "sizes", PV_H5_I32, k, sizes);
    read_group(file, name, "names", PV_H5_TEXT, k, names);
    pv_h5_close(file);
    assert_memory_equal(got.crc, crc, n * sizeof *crc);
    assert_memory_equal(d->factor, class, n * k * sizeof *class);
    assert_memory_equal(d->factor_value, value, n * k * sizeof *value);
    for (size_t f = 0; f < k; f++) {
        assert_int_equal(d->factor_size[f], sizes[f]);
        assert_string_equal(d->factor_name[f], names[f]);
        assert_int_equal(d->nuisance[f], 0);
    }
    assert_true(d->height == 64 && d->width == 64);
    assert_true(!d->bits && !d->bytes && !d->shorts);
    free(crc);
    free(class);
    free(value);
    drop(&got);
}

/* ---- what is wrong ---- */

/* Opening or reading gives this status and one line with the file and these words. */
static void refuses(const opener *o, const char *source, pv_status want, const char *words)
{
    contents got;
    const pv_status status = read_public(&got, o, source);
    if (status != want) fail_msg("%s: status %d: %s", source, status, pv_error());
    if (!strstr(pv_error(), source) || !strstr(pv_error(), words) || strchr(pv_error(), '\n'))
        fail_msg("\"%s\" is not one line with %s and '%s'", pv_error(), source, words);
}

static void refuses_golden(const opener *o, const char *name, const char *words)
{
    char where[512];
    snprintf(where, sizeof where, GOLDEN "arrays/%s", name);
    refuses(o, where, PV_EDATA, words);
}

static void write_bytes(const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static char *golden_bytes(const char *name, size_t *size)
{
    char where[512], *bytes;
    snprintf(where, sizeof where, GOLDEN "arrays/%s", name);
    OK(pv_read_text(&bytes, size, where));
    return bytes;
}

/* Whether the file at `path` was refused, as it should be: PV_EDATA or PV_EIO, one line. */
static int refused(contents *got, const opener *o)
{
    const pv_status status = read_public(got, o, path);
    if (status == PV_OK) return 0;
    if (status != PV_EDATA && status != PV_EIO) fail_msg("status %d: %s", status, pv_error());
    if (!strstr(pv_error(), path) || strchr(pv_error(), '\n')) fail_msg("says: %s", pv_error());
    return 1;
}

/* Every length, or some 700 of a longer file. */
static void survives_truncation(const opener *o, const char *name)
{
    size_t size;
    char *bytes = golden_bytes(name, &size);
    write_bytes(bytes, size);
    free(bytes);
    for (size_t left = size; left > 0;) {
        contents got;
        const size_t step = 1 + size / 700;
        left -= left < step ? left : step;
        assert_int_equal(truncate(path, (off_t)left), 0);
        if (!refused(&got, o)) fail_msg("%s: %zu bytes were read", name, left);
    }
}

/* A bit of every byte, or of some 1500 of a longer file. `summed`: checksums stand over all that is
 * read, so that what is not refused is unharmed. */
static void survives_flips(const opener *o, const char *name, int summed)
{
    size_t size, tried = 0, found = 0;
    char *bytes = golden_bytes(name, &size);
    contents want, got;
    write_bytes(bytes, size);
    OK(read_public(&want, o, path));
    for (size_t at = 0; at < size; at += 1 + size / 1500) {
        const char bit = (char)(1 << (tried++ * 5 + at) % 8);
        bytes[at] ^= bit;
        write_bytes(bytes, size);
        bytes[at] ^= bit;
        if (refused(&got, o)) {
            found++;
            continue;
        }
        const size_t n = want.table.examples, cells = n * (size_t)want.table.factors;
        if (summed) {
            assert_int_equal(got.table.examples, n);
            assert_memory_equal(got.crc, want.crc, n * sizeof *want.crc);
            assert_memory_equal(got.table.factor, want.table.factor, cells * sizeof(int32_t));
            assert_memory_equal(got.table.factor_value, want.table.factor_value,
                                cells * sizeof(double));
        }
        drop(&got);
    }
    if (found < tried / 2) fail_msg("%s: only %zu of %zu were found", name, found, tried);
    drop(&want);
    free(bytes);
}

/* Nothing, a directory, an empty file, text, a name of 4000 characters, one of odd characters. */
static void refuses_other_things(const opener *o)
{
    char name[4200];
    contents got;
    refuses(o, "no/such.file", PV_EIO, "cannot be opened");
    refuses(o, directory, PV_EDATA, "");
    write_bytes("", 0);
    refuses(o, path, PV_EDATA, "");
    write_bytes("images,factors\n1,2\n", 19);
    refuses(o, path, PV_EDATA, "");
    memset(name, 'a', sizeof name);
    name[4000] = 0;
    assert_int_not_equal(read_public(&got, o, name), PV_OK);
    name[4000] = 'a';
    name[sizeof name - 1] = 0;
    assert_int_not_equal(read_public(&got, o, name), PV_OK);
    assert_int_not_equal(read_public(&got, o, "../a\nb\x1b[2J\xff"), PV_OK);
    assert_null(strpbrk(pv_error(), "\n\x1b"));
}

#endif
