/* test_data_forms.c -- the forms in which images are kept: what a file says of itself, files that
 * are written and come back, and images that stay in their file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/hdf5.h"
#include "data/write.h"

#include "scratch.h"

/* ---- images as a function of their numbers ---- */

typedef struct {
    size_t examples;
    int side, channels, binary;
    size_t black;     /* so many at the beginning are */
    int overshoot;    /* imgs_unclipped, too */
    int in_order;     /* and who asks must keep to it: */
    size_t next, bad; /* the next row; the row that fails, or 0 */
    int asking;
    const char *name; /* of the first factor; NULL: "number" */
} content;

static size_t pixels_of(const content *c)
{
    return (size_t)c->side * (size_t)c->side * (size_t)c->channels;
}

static uint32_t mixed(size_t i) { return (uint32_t)((i + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 32); }

static int pixel_of(const content *c, size_t image, size_t p)
{
    if (image < c->black) return 0;
    const uint32_t word = mixed(image * 31 + p);
    return (int)(c->binary ? word >> 30 == 0 : word >> 24);
}

static int16_t unclipped_of(const content *c, size_t image, size_t p)
{
    return (int16_t)(pixel_of(c, image, p) * 2 - 100);
}

static pv_status begin_rows(content *c, size_t first, size_t rows)
{
    if (c->in_order) {
        assert_int_equal(__atomic_fetch_add(&c->asking, 1, __ATOMIC_SEQ_CST), 0);
        assert_int_equal(first, c->next);
        c->next = (first + rows) % c->examples;
    }
    if (c->bad && first <= c->bad && c->bad < first + rows)
        return pv_fail(PV_EIO, "row %zu cannot be read", c->bad);
    return PV_OK;
}

static void end_rows(content *c)
{
    if (c->in_order) __atomic_fetch_sub(&c->asking, 1, __ATOMIC_SEQ_CST);
}

static pv_status give_bytes(void *state, size_t first, size_t rows, uint8_t *out)
{
    content *c = state;
    const size_t pixels = pixels_of(c);
    const pv_status status = begin_rows(c, first, rows);
    for (size_t i = 0; i < rows * pixels && status == PV_OK; i++)
        out[i] = (uint8_t)pixel_of(c, first + i / pixels, i % pixels);
    end_rows(c);
    return status;
}

static pv_status give_shorts(void *state, size_t first, size_t rows, int16_t *out)
{
    content *c = state;
    const size_t pixels = pixels_of(c);
    const pv_status status = begin_rows(c, first, rows);
    for (size_t i = 0; i < rows * pixels && status == PV_OK; i++)
        out[i] = unclipped_of(c, first + i / pixels, i % pixels);
    end_rows(c);
    return status;
}

/* Factors: one of `examples` values, one of 2 that is nuisance. */
static pv_status write_content(content *c, int threads)
{
    pv_data table = {.examples = c->examples,
                     .height = c->side,
                     .width = c->side,
                     .channels = c->channels,
                     .factors = 2,
                     .factor_size = {(int)c->examples, 2},
                     .factor_name = {"number", "parity"},
                     .nuisance = {0, 1}};
    if (c->name) memcpy(table.factor_name[0], c->name, strlen(c->name) + 1);
    OK(pv_new(&table.factor, c->examples * 2, sizeof *table.factor, "factors"));
    OK(pv_new(&table.factor_value, c->examples * 2, sizeof *table.factor_value, "values"));
    for (size_t i = 0; i < c->examples; i++) {
        table.factor[2 * i] = (int32_t)i;
        table.factor[2 * i + 1] = (int32_t)(i % 2);
        table.factor_value[2 * i] = 1.0 / (double)(i + 1);
        table.factor_value[2 * i + 1] = (double)(i % 2) - 0.1;
    }
    const pv_data_contents contents = {.title = "A title",
                                       .description = "A description",
                                       .table = &table,
                                       .images = give_bytes,
                                       .unclipped = c->overshoot ? give_shorts : NULL,
                                       .in_order = c->in_order,
                                       .state = c};
    const pv_status status = pv_data_write(path, &contents, threads, NULL);
    pv_data_close(&table);
    return status;
}

/* Image `number` in the form it has, as the contract says. */
static void expect_image(const content *c, pv_image_form form, size_t number, const void *image)
{
    const size_t pixels = pixels_of(c);
    for (size_t p = 0; p < pixels; p++) {
        const int want = form == PV_SHORTS ? unclipped_of(c, number, p) : pixel_of(c, number, p);
        const int got = form == PV_SHORTS  ? ((const int16_t *)image)[p]
                        : form == PV_BYTES ? ((const uint8_t *)image)[p]
                                           : (int)(((const uint32_t *)image)[p / 32] >> p % 32 & 1);
        if (got != want) fail_msg("image %zu pixel %zu is %d, not %d", number, p, got, want);
    }
}

static void expect_all(const content *c, const pv_data *d, pv_image_form form)
{
    assert_int_equal(d->examples, c->examples);
    assert_int_equal(d->height, c->side);
    assert_int_equal(d->width, c->side);
    assert_int_equal(d->channels, c->channels);
    assert_int_equal(pv_data_form(d), form);
    const size_t bytes = pv_data_image_bytes(d);
    assert_int_equal(bytes, form == PV_BITS    ? pixels_of(c) / 8
                            : form == PV_BYTES ? pixels_of(c)
                                               : pixels_of(c) * 2);
    char *image = malloc(c->examples * bytes);
    assert_non_null(image);
    OK(pv_data_rows(d, 0, c->examples, image));
    for (size_t i = 0; i < c->examples; i++) expect_image(c, form, i, image + i * bytes);
    free(image);
    for (size_t i = 0; i < c->examples; i++) {
        assert_int_equal(d->factor[2 * i], i);
        assert_int_equal(d->factor[2 * i + 1], i % 2);
        assert_true(d->factor_value[2 * i] == 1.0 / (double)(i + 1));
        assert_true(d->factor_value[2 * i + 1] == (double)(i % 2) - 0.1);
    }
    assert_int_equal(d->nuisance[0], 0);
    assert_int_equal(d->nuisance[1], 1);
    assert_int_equal(pv_data_observed(d), 1);
    assert_string_equal(d->factor_name[1], "parity");
}

/* ---- what is written comes back ---- */

static const content written[] = {
    {.examples = 5000, .side = 16, .channels = 1, .binary = 1},
    {.examples = 4097, .side = 16, .channels = 1},
    {.examples = 1500, .side = 16, .channels = 3, .overshoot = 1},
    {.examples = 1100, .side = 32, .channels = 1, .overshoot = 1},
    {.examples = 1, .side = 32, .channels = 3},
    {.examples = 400, .side = 64, .channels = 1, .binary = 1},
    {.examples = 200, .side = 64, .channels = 3},
    {.examples = 300, .side = 64, .channels = 1, .overshoot = 1},
    {.examples = 257, .side = 64, .channels = 1, .black = 257, .binary = 1},
};
enum { WRITTEN = sizeof written / sizeof *written };

static void files_come_back(void **state)
{
    (void)state;
    for (int i = 0; i < WRITTEN; i++) {
        content c = written[i];
        pv_data d;
        OK(write_content(&c, 2));
        OK(pv_data_open(&d, path, NULL));
        expect_all(&c, &d, c.binary ? PV_BITS : PV_BYTES);
        pv_data_close(&d);
        const pv_data_options unclipped = {.unclipped = 1};
        const pv_status status = pv_data_open_with(&d, path, &unclipped, NULL);
        assert_int_equal(status, c.overshoot ? PV_OK : PV_EUSAGE);
        if (status == PV_OK)
            expect_all(&c, &d, PV_SHORTS);
        else
            assert_non_null(strstr(pv_error(), "imgs_unclipped"));
        pv_data_close(&d);
    }
}

static void threads_and_order_change_no_byte(void **state)
{
    (void)state;
    for (int i = 0; i < WRITTEN; i += 2) {
        char *first = NULL, *text;
        size_t length = 0, size;
        for (int run = 0; run < 10; run++) {
            content c = written[i];
            c.overshoot = 1;
            c.in_order = run >= 5;
            OK(write_content(&c, run % 5 + 1));
            OK(pv_read_text(&text, &size, path));
            if (run > 0) {
                assert_int_equal(size, length);
                assert_memory_equal(text, first, size);
                free(text);
            } else {
                first = text;
                length = size;
            }
        }
        free(first);
    }
}

static void a_failing_source_leaves_no_file(void **state)
{
    (void)state;
    for (int run = 0; run < 16; run++) {
        content c = written[run % 2 ? 7 : 0];
        const size_t last = c.examples - 1;
        c.bad = run % 4 < 2 ? last : c.examples / 2;
        c.in_order = run / 8;
        unlink(path);
        assert_int_equal(write_content(&c, run % 5 + 1), PV_EIO);
        char text[64];
        snprintf(text, sizeof text, "row %zu cannot be read", c.bad);
        assert_string_equal(pv_error(), text);
        assert_false(pv_file_exists(path));
    }
}

/* ---- what a file says of itself ---- */

enum { N = 4, SIDE = 16, PIXELS = SIDE * SIDE, NONE = -1 };

/* Four grey images, of which number 2 is nearly black; attributes as given, NULL: none. */
static void write_file(const char *pixels, const int64_t *nuisance, int dark, pv_h5_type unclipped)
{
    static uint8_t image[N * PIXELS];
    static int64_t wide[N * PIXELS];
    pv_h5 *file;
    const int64_t class[N][3] = {{0, 0, 0}, {0, 0, 1}, {0, 1, 0}, {0, 1, 1}}, size[] = {1, 2, 2};
    const double value[N][3] = {{1, 0, 0}, {1, 0, 1}, {1, 1, 0}, {1, 1, 1}};
    for (size_t i = 0; i < N * PIXELS; i++) {
        const int is_dark = dark == 4 || (int)(i / PIXELS) == dark;
        image[i] = (uint8_t)(is_dark ? i % 2 : mixed(i) % 200 + 2);
        wide[i] = (int64_t)image[i] - 90;
    }
    OK(pv_h5_create(&file, path));
    OK(pv_h5_write(
        file, &(pv_h5_array){.name = "imgs", .type = PV_H5_U8, .rank = 3, .dim = {N, SIDE, SIDE}},
        image));
    if (unclipped == PV_H5_I64) {
        wide[77] = 40000; /* no int16 */
        OK(pv_h5_write(
            file,
            &(pv_h5_array){
                .name = "imgs_unclipped", .type = PV_H5_I64, .rank = 3, .dim = {N, SIDE, SIDE}},
            wide));
    } else if (unclipped == PV_H5_I16) {
        OK(pv_h5_write(
            file,
            &(pv_h5_array){
                .name = "imgs_unclipped", .type = PV_H5_I16, .rank = 3, .dim = {N - 1, SIDE, SIDE}},
            wide));
    }
    OK(pv_h5_write(
        file,
        &(pv_h5_array){.name = "latents/classes", .type = PV_H5_I64, .rank = 2, .dim = {N, 3}},
        class));
    OK(pv_h5_write(
        file, &(pv_h5_array){.name = "latents/values", .type = PV_H5_F64, .rank = 2, .dim = {N, 3}},
        value));
    OK(pv_h5_write(
        file,
        &(pv_h5_array){
            .name = "@latents_names", .type = PV_H5_TEXT, .rank = 1, .dim = {3}, .width = 8},
        "color\0\0\0turn\0\0\0\0light\0\0"));
    OK(pv_h5_write(
        file, &(pv_h5_array){.name = "@latents_sizes", .type = PV_H5_I64, .rank = 1, .dim = {3}},
        size));
    if (nuisance)
        OK(pv_h5_write(
            file,
            &(pv_h5_array){.name = "@latents_nuisance", .type = PV_H5_I64, .rank = 1, .dim = {3}},
            nuisance));
    if (pixels)
        OK(pv_h5_write(
            file,
            &(pv_h5_array){.name = "@pixels", .type = PV_H5_TEXT, .width = strlen(pixels) + 1},
            pixels));
    OK(pv_h5_commit(file));
    pv_h5_close(file);
}

static void refuses(const pv_data_options *options, pv_status want, const char *text)
{
    pv_data d;
    assert_int_equal(pv_data_open_with(&d, path, options, NULL), want);
    if (!strstr(pv_error(), path) || !strstr(pv_error(), text) || strchr(pv_error(), '\n'))
        fail_msg("\"%s\" is not one line with the path and '%s'", pv_error(), text);
    assert_null(d.factor);
    assert_null(d.bytes);
    assert_null(d.shorts);
    assert_null(d.file);
}

static void nearly_black_images_need_a_word(void **state)
{
    (void)state;
    pv_data d;
    for (int dark = 0; dark < N; dark++)
        for (size_t memory = 0; memory < 2; memory++) {
            const pv_data_options options = {.memory = memory};
            write_file(NULL, NULL, dark, PV_H5_U8);
            refuses(&options, PV_EDATA, "either all images are binary or all are in 0..255");
            write_file("0 or 1", NULL, dark, PV_H5_U8);
            refuses(&options, PV_EDATA, "either all images are binary or all are in 0..255");
            write_file("0..255", NULL, dark, PV_H5_U8);
            OK(pv_data_open_with(&d, path, &options, NULL));
            assert_int_equal(pv_data_form(&d), PV_BYTES);
            uint8_t image[PIXELS];
            OK(pv_data_rows(&d, (size_t)dark, 1, image));
            for (int p = 0; p < PIXELS; p++) assert_int_equal(image[p], p % 2);
            pv_data_close(&d);
        }
    write_file("0..255", NULL, 4, PV_H5_U8); /* all are */
    OK(pv_data_open(&d, path, NULL));
    assert_int_equal(pv_data_form(&d), PV_BYTES);
    pv_data_close(&d);
    write_file(NULL, NULL, 4, PV_H5_U8);
    OK(pv_data_open(&d, path, NULL));
    assert_int_equal(pv_data_form(&d), PV_BITS);
    pv_data_close(&d);
}

static void nuisance_is_read(void **state)
{
    (void)state;
    static const struct {
        int64_t in[3];
        int out[2];
    } is[] = {{{0, 0, 1}, {0, 1}}, {{1, 1, 0}, {1, 0}}, {{1, 0, 0}, {0, 0}}, {{0, 7, 0}, {1, 0}}};
    pv_data d;
    for (size_t i = 0; i < sizeof is / sizeof *is; i++) {
        write_file(NULL, is[i].in, NONE, PV_H5_U8);
        OK(pv_data_open(&d, path, NULL));
        assert_int_equal(d.factors, 2); /* the constant colour is none */
        for (int f = 0; f < 2; f++) assert_int_equal(d.nuisance[f], is[i].out[f]);
        assert_int_equal(pv_data_observed(&d), 2 - is[i].out[0] - is[i].out[1]);
        OK(pv_data_set_nuisance(&d, "none"));
        assert_int_equal(pv_data_observed(&d), 2);
        pv_data_close(&d);
    }
    write_file(NULL, (const int64_t[]){0, 1, 1}, NONE, PV_H5_U8);
    refuses(NULL, PV_EDATA, "latents_nuisance");
}

static void wrong_unclipped_images_are_refused(void **state)
{
    (void)state;
    const pv_data_options unclipped = {.unclipped = 1}, streamed = {.unclipped = 1, .memory = 1};
    write_file(NULL, NULL, NONE, PV_H5_U8);
    refuses(&unclipped, PV_EUSAGE, "holds no 'imgs_unclipped'");
    write_file(NULL, NULL, NONE, PV_H5_I16);
    refuses(&unclipped, PV_EDATA, "'imgs_unclipped' has another shape than 'imgs'");
    write_file(NULL, NULL, NONE, PV_H5_I64);
    refuses(&unclipped, PV_EDATA, "imgs_unclipped");
    refuses(&streamed, PV_EDATA, "imgs_unclipped");
}

/* ---- images that stay in their file ---- */

enum { ASKERS = 4, ASKED = 60 };
typedef struct {
    const pv_data *held, *streamed;
    uint32_t seed;
    int wrong;
} asker;

static void *ask(void *argument)
{
    asker *a = argument;
    const size_t bytes = pv_data_image_bytes(a->held), n = a->held->examples;
    const size_t most = n < 700 ? n : 700;
    char *want = malloc(most * bytes), *got = malloc(most * bytes);
    for (uint32_t i = 0; i < ASKED && want && got; i++) {
        const size_t rows = 1 + mixed(a->seed + 2 * i) % (i % 2 || most < 3 ? most : 3);
        const size_t first = mixed(a->seed + 2 * i + 1) % (n - rows + 1);
        a->wrong |= pv_data_rows(a->held, first, rows, want) != PV_OK ||
                    pv_data_rows(a->streamed, first, rows, got) != PV_OK ||
                    memcmp(want, got, rows * bytes) != 0;
    }
    a->wrong |= !want || !got;
    free(want);
    free(got);
    return NULL;
}

static void compare_ranges(const pv_data *held, const pv_data *streamed)
{
    pthread_t thread[ASKERS];
    asker a[ASKERS];
    for (int t = 0; t < ASKERS; t++) {
        a[t] = (asker){.held = held, .streamed = streamed, .seed = 1000u * (uint32_t)t};
        assert_int_equal(pthread_create(&thread[t], NULL, ask, &a[t]), 0);
    }
    for (int t = 0; t < ASKERS; t++) {
        pthread_join(thread[t], NULL);
        assert_int_equal(a[t].wrong, 0);
    }
}

static void compare_open(const content *c, int unclipped)
{
    pv_data held, streamed;
    const pv_image_form form = unclipped ? PV_SHORTS : c->binary ? PV_BITS : PV_BYTES;
    OK(pv_data_open_with(&held, path, &(pv_data_options){.unclipped = unclipped}, NULL));
    const size_t bytes = pv_data_image_bytes(&held), all = bytes * c->examples;
    const struct {
        size_t memory;
        int held;
    } limit[] = {{1, 0}, {all - 1, 0}, {all, 1}, {all + 1, 1}};
    for (int i = 0; i < 4; i++) {
        const pv_data_options options = {.unclipped = unclipped, .memory = limit[i].memory};
        OK(pv_data_open_with(&streamed, path, &options, NULL));
        assert_int_equal(pv_data_in_memory(&streamed), limit[i].held);
        assert_int_equal(pv_data_form(&streamed), form);
        assert_int_equal(pv_data_image_bytes(&streamed), bytes);
        assert_true(streamed.checksum == held.checksum);
        assert_true(pv_data_chunk(&streamed) >= 1);
        if (!limit[i].held) assert_true(!streamed.bits && !streamed.bytes && !streamed.shorts);
        if (i == 0) {
            expect_all(c, &streamed, form);
            compare_ranges(&held, &streamed);
        }
        pv_data_close(&streamed);
    }
    pv_data_close(&held);
}

static void streamed_images_are_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < WRITTEN; i++) {
        content c = written[i];
        OK(write_content(&c, 2));
        compare_open(&c, 0);
        if (c.overshoot) compare_open(&c, 1);
    }
}

/* More than is read at once (32 MiB): what the images are is decided in the second piece. */
static void black_images_come_first(void **state)
{
    (void)state;
    enum { PIECE = 8192 };
    static const size_t black[] = {PIECE, PIECE + 77, PIECE + 200};
    for (size_t i = 0; i < sizeof black / sizeof *black; i++)
        for (int binary = 0; binary < 2; binary++) {
            content c = {.examples = PIECE + 200,
                         .side = 64,
                         .channels = 1,
                         .binary = binary,
                         .black = black[i]};
            pv_data held, streamed;
            uint8_t want[4096], got[4096];
            OK(write_content(&c, 2));
            OK(pv_data_open(&held, path, NULL));
            OK(pv_data_open_with(&streamed, path, &(pv_data_options){.memory = 1}, NULL));
            const int bits = binary || c.black == c.examples;
            assert_int_equal(pv_data_form(&held), bits ? PV_BITS : PV_BYTES);
            assert_int_equal(pv_data_form(&streamed), bits ? PV_BITS : PV_BYTES);
            assert_true(streamed.checksum == held.checksum);
            for (size_t row = black[i] - 3; row < c.examples && row < black[i] + 3; row++) {
                OK(pv_data_rows(&held, row, 1, want));
                OK(pv_data_rows(&streamed, row, 1, got));
                assert_memory_equal(got, want, pv_data_image_bytes(&held));
                expect_image(&c, pv_data_form(&held), row, got);
            }
            pv_data_close(&held);
            pv_data_close(&streamed);
        }
}

/* Names are 31 bytes at most, of which the last character may not fit. */
static void names_are_plain_text(void **state)
{
    (void)state;
    content c = {.examples = 2, .side = 16, .channels = 1};
    static const char *const wrong[] = {"\377", "a\nb", "\033[31m", "\303", "\303\251\300x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        c.name = wrong[i];
        OK(write_content(&c, 1));
        refuses(NULL, PV_EDATA, "'latents_names' of factor 0 is no plain text");
    }
    static const char *const right[][2] = {
        {"gr\303\266\303\237e", "gr\303\266\303\237e"},
        {"abcdefghijklmnopqrstuvwxyz12345", "abcdefghijklmnopqrstuvwxyz12345"},
        {"abcdefghijklmnopqrstuvwxyz1234\303", "abcdefghijklmnopqrstuvwxyz1234"},
        {"abcdefghijklmnopqrstuvwxyz123\342\202", "abcdefghijklmnopqrstuvwxyz123"}};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        pv_data d;
        c.name = right[i][0];
        OK(write_content(&c, 1));
        OK(pv_data_open(&d, path, NULL));
        assert_string_equal(d.factor_name[0], right[i][1]);
        pv_data_close(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_come_back),
        cmocka_unit_test(threads_and_order_change_no_byte),
        cmocka_unit_test(a_failing_source_leaves_no_file),
        cmocka_unit_test(nearly_black_images_need_a_word),
        cmocka_unit_test(nuisance_is_read),
        cmocka_unit_test(names_are_plain_text),
        cmocka_unit_test(wrong_unclipped_images_are_refused),
        cmocka_unit_test(streamed_images_are_the_same),
        cmocka_unit_test(black_images_come_first),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
