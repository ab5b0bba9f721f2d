/* test_window.c -- the part of a data set that a model in training holds: which blocks are in it,
 * and that training and evaluation make of them what they make of images in memory. */
#include "small_model.h"

#include "base/hdf5.h"
#include "philox.h"
#include "polarvae/encode.h"
#include "train/window.h"

/* ---- a file of images that can be told apart ---- */

enum { SIDE = 16, PIXELS = SIDE * SIDE, SEED = 9 };

/* Pixels of chance; the number of an image is in its first two bytes. */
static uint8_t *make_images(size_t examples)
{
    uint8_t *image = calloc(examples, PIXELS);
    assert_non_null(image);
    for (size_t i = 0; i < examples; i++) {
        for (size_t p = 0; p < PIXELS; p++)
            image[i * PIXELS + p] =
                (uint8_t)((i * PIXELS + p + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 56);
        image[i * PIXELS] = (uint8_t)(i % 251);
        image[i * PIXELS + 1] = (uint8_t)(i / 251 + 2);
    }
    return image;
}

static void write_file(const char *path, size_t examples, size_t chunk, const uint8_t *image)
{
    pv_h5 *file;
    int64_t *class = calloc(examples, sizeof *class);
    double *value = calloc(examples, sizeof *value);
    for (size_t i = 0; i < examples; i++) class[i] = (int64_t)i;
    OK(pv_h5_create(&file, path));
    OK(pv_h5_write(file,
                   &(pv_h5_array){.name = "imgs",
                                  .type = PV_H5_U8,
                                  .rank = 3,
                                  .dim = {examples, SIDE, SIDE},
                                  .chunk = chunk},
                   image));
    OK(pv_h5_write(
        file,
        &(pv_h5_array){
            .name = "latents/classes", .type = PV_H5_I64, .rank = 2, .dim = {examples, 1}},
        class));
    OK(pv_h5_write(
        file,
        &(pv_h5_array){
            .name = "latents/values", .type = PV_H5_F64, .rank = 2, .dim = {examples, 1}},
        value));
    OK(pv_h5_commit(file));
    pv_h5_close(file);
    free(class);
    free(value);
}

/* ---- what a window should hold ---- */

typedef struct {
    size_t examples, chunk, batch, bytes; /* of the file, and of the window */
    size_t block, slots, turn;            /* what they make */
} shape;

typedef struct {
    pv_data data;
    pv_device_data on_device;
    pv_stream *stream;
    pv_window *window;
    uint8_t *image, *pool;
    const shape *is;
} opened;

static void window_open(opened *o, const shape *is)
{
    const char *path = in_directory("blocks.h5");
    o->is = is;
    o->image = make_images(is->examples);
    write_file(path, is->examples, is->chunk, o->image);
    OK(pv_data_open_with(&o->data, path, &(pv_data_options){.memory = 1}, NULL));
    assert_int_equal(pv_data_in_memory(&o->data), 0);
    OK(pv_device_data_open(&o->on_device, device, &o->data));
    assert_null(o->on_device.images);
    assert_non_null(pv_device_data_notice(&o->on_device));
    OK(pv_stream_open(&o->stream, device, 1));
    OK(pv_window_open(&o->window, &o->on_device, o->stream, SEED, is->batch, is->bytes));
    assert_int_equal(pv_window_examples(o->window), is->slots * is->block);
    o->pool = malloc(is->slots * is->block * PIXELS);
    assert_non_null(o->pool);
}

static void window_close(opened *o)
{
    pv_window_close(o->window);
    pv_stream_close(o->stream);
    pv_device_data_close(&o->on_device);
    pv_data_close(&o->data);
    free(o->image);
    free(o->pool);
}

/* Entry e of the list of blocks lies in slot e mod slots. */
static void holds_step(opened *o, uint64_t step)
{
    const shape *is = o->is;
    const size_t blocks = (is->examples + is->block - 1) / is->block;
    const uint64_t first = step / is->turn;
    OK(pv_window_move(o->window, step));
    OK(pv_download(o->stream, o->pool, pv_window_images(o->window),
                   is->slots * is->block * PIXELS));
    for (uint64_t entry = first; entry < first + is->slots; entry++) {
        const uint64_t block =
            pv_permuted(SEED, PV_FOR_BLOCKS, entry / blocks, blocks, entry % blocks);
        size_t from = block * is->block;
        if (from + is->block > is->examples) from = is->examples - is->block;
        const uint8_t *got = o->pool + entry % is->slots * is->block * PIXELS;
        if (memcmp(got, o->image + from * PIXELS, is->block * PIXELS) != 0)
            fail_msg("step %llu: slot %llu begins with image %d, not %zu", (unsigned long long)step,
                     (unsigned long long)(entry % is->slots), got[0] + 251 * (got[1] - 2), from);
    }
}

static const shape shapes[] = {
    /* blocks of whole chunks, the last one short */
    {500, 10, 16, 70 * PIXELS * 3, 70, 3, 4},
    {500, 100, 16, 100 * PIXELS * 4 - 1, 100, 3, 6},
    /* no chunks: 64 images */
    {200, 0, 64, 64 * PIXELS * 2, 64, 2, 1},
    {257, 0, 100, 1 << 20, 64, 5, 1},
    /* at least two slots; as many as there are blocks */
    {300, 64, 8, 1, 64, 2, 8},
    {256, 64, 8, 1 << 20, 64, 4, 8},
    /* one block is all there is */
    {40, 16, 8, 1 << 20, 40, 1, 5},
    {64, 64, 1, 1, 64, 1, 64},
    /* a chunk that is larger than the file's images need */
    {130, 129, 10, 1 << 20, 129, 2, 12},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void steps_one_by_one(void **state)
{
    (void)state;
    for (int s = 0; s < SHAPES; s++) {
        opened o;
        window_open(&o, &shapes[s]);
        for (uint64_t step = 0; step < 12 * shapes[s].turn + 3; step++) holds_step(&o, step);
        window_close(&o);
    }
}

static void jumps_and_returns(void **state)
{
    (void)state;
    for (int s = 0; s < SHAPES; s++) {
        const uint64_t turn = shapes[s].turn, slots = shapes[s].slots;
        /* in turns: within the window, to its end, just behind it, far, back, to the same */
        const uint64_t place[] = {0,
                                  1,
                                  slots,
                                  2 * slots,
                                  3 * slots + 1,
                                  3 * slots + 3,
                                  1000003,
                                  1000002,
                                  1000002,
                                  0,
                                  0,
                                  UINT64_C(1) << 33,
                                  5,
                                  4,
                                  7};
        opened o;
        window_open(&o, &shapes[s]);
        for (size_t i = 0; i < sizeof place / sizeof *place; i++) {
            holds_step(&o, place[i] * turn);
            holds_step(&o, place[i] * turn + turn - 1);
        }
        window_close(&o);
    }
}

/* A window that begins in the middle of a run; and one that is closed while a block is read. */
static void begins_anywhere(void **state)
{
    (void)state;
    for (uint64_t step = 0; step < 60; step += 7) {
        opened o;
        window_open(&o, &shapes[0]);
        if (step % 2 == 0)
            holds_step(&o, step);
        else
            OK(pv_window_move(o.window, step));
        window_close(&o);
    }
    opened o;
    window_open(&o, &shapes[0]); /* never moved */
    window_close(&o);
    pv_window_close(NULL);
}

/* ---- a file that is cut short while it is in use ---- */

static void a_truncated_file_is_told(void **state)
{
    (void)state;
    /* more than HDF5 keeps of it; in chunks, and without: then it reads zeros behind the end */
    static const shape large[] = {{9000, 100, 100, 100 * PIXELS * 2, 100, 2, 1},
                                  {9000, 0, 64, 64 * PIXELS * 2, 64, 2, 1}};
    for (int run = 0; run < 4; run++) {
        opened o;
        pv_status status = PV_OK;
        window_open(&o, &large[run / 2]);
        if (run % 2) OK(pv_window_move(o.window, 0));
        assert_int_equal(truncate(in_directory("blocks.h5"), 20000), 0);
        uint64_t step = 0;
        for (; step < 100 && status == PV_OK; step++) status = pv_window_move(o.window, step);
        assert_true(status == PV_EDATA || status == PV_EIO);
        if (!strstr(pv_error(), "blocks.h5") || strchr(pv_error(), '\n'))
            fail_msg("\"%s\" is not one line with the path", pv_error());
        assert_int_not_equal(pv_window_move(o.window, step), PV_OK); /* and again */
        window_close(&o);
    }
}

/* ---- training and evaluation ---- */

enum { STEPS = 22, EXAMPLES = 4500 }; /* more than a MiB, in 71 blocks of 64 */

/* The same file twice: its images held, and not. */
static pv_data held, streamed;
static pv_device_data from_memory, from_file;

static void open_both(const uint8_t *image, size_t examples)
{
    const char *path = in_directory("training.h5");
    write_file(path, examples, 64, image);
    OK(pv_data_open(&held, path, NULL));
    OK(pv_data_open_with(&streamed, path, &(pv_data_options){.memory = 1}, NULL));
    assert_int_equal(pv_data_in_memory(&held), 1);
    assert_int_equal(pv_data_in_memory(&streamed), 0);
}

static void share_both(void)
{
    OK(pv_device_data_open(&from_memory, device, &held));
    OK(pv_device_data_open(&from_file, device, &streamed));
}

static void close_both(void)
{
    pv_device_data_close(&from_memory);
    pv_device_data_close(&from_file);
    pv_data_close(&held);
    pv_data_close(&streamed);
}

static void open_grey(void)
{
    uint8_t *image = make_images(EXAMPLES);
    open_both(image, EXAMPLES);
    share_both();
    free(image);
}

static const char *const settings[] = {"data_memory=1", "batch=16", "seed=5", "log_every=10",
                                       "objective=dip_vae_i"};
enum { SETTINGS = sizeof settings / sizeof *settings };

static float *values_of(const model *m)
{
    const size_t bytes = pv_trainer_vae(m->trainer)->parameters * sizeof(float);
    float *value = malloc(bytes);
    assert_non_null(value);
    OK(pv_download(m->stream, value, pv_trainer_parameters(m->trainer)->value, bytes));
    return value;
}

static void interrupted_training_is_the_same(void **state)
{
    (void)state;
    static const int stops[] = {1, 8, 15, STEPS - 1}; /* a turn is of 4 steps */
    model m;
    open_grey();
    double terms[PV_MAX_TERMS], loss, again[PV_MAX_TERMS], loss_again;
    model_open(&m, &from_file, 2, SETTINGS, settings);
    steps(&m, STEPS);
    float *want = values_of(&m);
    const size_t bytes = pv_trainer_vae(m.trainer)->parameters * sizeof *want;
    OK(pv_trainer_log(m.trainer, 10, terms, &loss));
    model_close(&m);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        model_open(&m, &from_file, 1, SETTINGS, settings);
        steps(&m, stops[i]);
        OK(pv_trainer_save(m.trainer, in_directory("checkpoint.h5")));
        model_close(&m);
        model_open(&m, &from_file, 2, SETTINGS, settings);
        steps(&m, 3); /* the window has moved before */
        OK(pv_trainer_restore(m.trainer, in_directory("checkpoint.h5")));
        steps(&m, STEPS - stops[i]);
        float *got = values_of(&m);
        assert_memory_equal(got, want, bytes);
        OK(pv_trainer_log(m.trainer, 10, again, &loss_again));
        assert_true(loss == loss_again && terms[0] == again[0]);
        free(got);
        model_close(&m);
    }
    free(want);
    close_both();
}

static void what_needs_all_images_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"order=epochs", "correlation=shape:scale:0.1"};
    open_grey();
    for (int i = 0; i < 2; i++) {
        model m;
        OK(pv_config_load(&m.config, NULL, 1, &bad[i]));
        OK(pv_stream_open(&m.stream, device, 1));
        assert_int_equal(pv_trainer_open(&m.trainer, &m.config, &from_file, m.stream), PV_EUSAGE);
        assert_non_null(strstr(pv_error(), "needs all images in memory"));
        assert_null(m.trainer);
        model_close(&m);
    }
    close_both();
}

/* The model in training as one that is evaluated. */
static pv_model model_of(const model *m)
{
    return (pv_model){.config = m->config,
                      .vae = *pv_trainer_vae(m->trainer),
                      .parameters = *pv_trainer_parameters(m->trainer),
                      .latents = pv_trainer_vae(m->trainer)->latents};
}

static void same_codes(const pv_codes *a, const pv_codes *b)
{
    const size_t bytes = a->examples * (size_t)a->latents * sizeof *a->mean;
    assert_int_equal(a->examples, b->examples);
    assert_memory_equal(a->mean, b->mean, bytes);
    assert_memory_equal(a->variance, b->variance, bytes);
    assert_memory_equal(a->sampled, b->sampled, bytes);
    assert_memory_equal(a->factor, b->factor, a->examples * (size_t)a->factors * sizeof *a->factor);
}

static void compare_evaluations(const model *m)
{
    static const size_t counts[] = {0, 1, 250, 301};
    const pv_model it = model_of(m);
    for (int i = 0; i < 4; i++) {
        pv_codes a, b;
        pv_losses la, lb;
        OK(pv_encode(&a, &la, &it, &from_memory, m->stream, counts[i], 3, NULL));
        OK(pv_encode(&b, &lb, &it, &from_file, m->stream, counts[i], 3, NULL));
        assert_int_equal(a.examples, counts[i] ? counts[i] : held.examples);
        same_codes(&a, &b);
        assert_memory_equal(&la, &lb, sizeof la);
        pv_codes_free(&a);
        pv_codes_free(&b);
    }
    enum { SHOWN = 7 };
    const size_t count = SHOWN * it.vae.pixels;
    float *picture = malloc(4 * count * sizeof *picture), *other = picture + 2 * count;
    OK(pv_reconstruct(picture, picture + count, &it, &from_memory, m->stream, SHOWN, 3));
    OK(pv_reconstruct(other, other + count, &it, &from_file, m->stream, SHOWN, 3));
    assert_memory_equal(picture, other, 2 * count * sizeof *picture);
    free(picture);
}

/* Of 0..255, binary, and coloured when they are gathered. */
static void evaluation_of_streamed_images_is_the_same(void **state)
{
    (void)state;
    enum { FEW = 777 };
    for (int kind = 0; kind < 3; kind++) {
        model m;
        uint8_t *image = make_images(FEW);
        for (size_t i = 0; i < FEW * PIXELS && kind > 0; i++) image[i] &= 1;
        open_both(image, FEW);
        if (kind == 2) {
            OK(pv_data_vary(&held, PV_COLOR, NULL));
            OK(pv_data_vary(&streamed, PV_COLOR, NULL));
        }
        share_both();
        model_open(&m, &from_memory, 2, SETTINGS, settings);
        steps(&m, 2);
        compare_evaluations(&m);
        model_close(&m);
        close_both();
        free(image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_one_by_one),
        cmocka_unit_test(jumps_and_returns),
        cmocka_unit_test(begins_anywhere),
        cmocka_unit_test(a_truncated_file_is_told),
        cmocka_unit_test(interrupted_training_is_the_same),
        cmocka_unit_test(what_needs_all_images_is_refused),
        cmocka_unit_test(evaluation_of_streamed_images_is_the_same),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
