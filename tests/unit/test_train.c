/* test_train.c -- models in training: the same bits side by side and after a restart, what is no
 * checkpoint of theirs, and whole epochs. */
#include "small_model.h"

#include <math.h>
#include <pthread.h>

#include "base/base.h"

/* Parameters and both moments. */
static float *state_of(const model *m)
{
    const pv_parameters *p = pv_trainer_parameters(m->trainer);
    const float *const part[3] = {p->value, p->m, p->v};
    float *state = malloc(3 * p->count * sizeof *state);
    for (size_t i = 0; i < 3; i++)
        OK(pv_download(m->stream, state + i * p->count, part[i], p->count * sizeof *state));
    return state;
}

static int same_state(const model *a, const model *b)
{
    const size_t bytes = 3 * pv_trainer_parameters(a->trainer)->count * sizeof(float);
    float *x = state_of(a), *y = state_of(b);
    const int same = memcmp(x, y, bytes) == 0;
    free(x);
    free(y);
    return same;
}

static int same_file(const char *a, const char *b)
{
    char *x, *y;
    size_t size, other;
    OK(pv_read_text(&x, &size, a));
    OK(pv_read_text(&y, &other, b));
    const int same = size == other && memcmp(x, y, size) == 0;
    free(x);
    free(y);
    return same;
}

/* ---- lanes ---- */

enum { LANES = 2, LANE_STEPS = 8 };
static const char *const lane_set[LANES][4] = {
    {"batch=17", "latents=4", "seed=1", "kernel=2"},
    {"batch=11", "latents=7", "seed=2", "kernel=4"},
};

static void *train_lane(void *argument)
{
    const model *m = argument;
    pv_status status = PV_OK;
    for (int i = 0; i < LANE_STEPS && status == PV_OK; i++) status = pv_trainer_step(m->trainer);
    if (status == PV_OK) status = pv_stream_sync(m->stream);
    return status == PV_OK ? NULL : argument;
}

static void lanes_do_not_see_each_other(void **state)
{
    (void)state;
    model alone[LANES], beside[LANES];
    pthread_t thread[LANES];
    for (int i = 0; i < LANES; i++) {
        model_open(&alone[i], &images, 1, 4, lane_set[i]);
        model_open(&beside[i], &images, 1 + i, 4, lane_set[i]);
        steps(&alone[i], LANE_STEPS);
    }
    for (int i = 0; i < LANES; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, train_lane, &beside[i]), 0);
    for (int i = 0; i < LANES; i++) {
        void *failed;
        pthread_join(thread[i], &failed);
        assert_null(failed);
    }
    for (int i = 0; i < LANES; i++) {
        assert_true(same_state(&alone[i], &beside[i]));
        model_close(&alone[i]);
        model_close(&beside[i]);
    }
}

/* ---- checkpoints ---- */

static void ten_and_ten_steps_are_twenty(void **state)
{
    (void)state;
    static const char *const set[] = {"batch=9", "latents=5", "log_every=8", "order=epochs"};
    model whole, saved, restored;
    double terms[2][PV_MAX_TERMS], loss[2];
    model_open(&whole, &images, 1, 4, set);
    model_open(&saved, &images, 1, 4, set);
    model_open(&restored, &images, 2, 4, set);
    steps(&whole, 20);
    steps(&saved, 10);
    OK(pv_trainer_save(saved.trainer, in_directory("ten.h5")));
    OK(pv_trainer_restore(restored.trainer, in_directory("ten.h5")));
    assert_int_equal(pv_trainer_count(restored.trainer), 10);
    assert_true(same_state(&saved, &restored));
    OK(pv_trainer_save(restored.trainer, in_directory("again.h5")));
    assert_true(same_file(in_directory("ten.h5"), in_directory("again.h5")));

    steps(&saved, 10); /* saving is no step */
    steps(&restored, 10);
    assert_true(same_state(&whole, &saved));
    assert_true(same_state(&whole, &restored));
    OK(pv_trainer_log(whole.trainer, 8, terms[0], &loss[0]));
    OK(pv_trainer_log(restored.trainer, 8, terms[1], &loss[1]));
    assert_memory_equal(terms[0], terms[1],
                        (size_t)pv_trainer_terms(whole.trainer) * sizeof terms[0][0]);
    assert_true(loss[0] == loss[1]);
    OK(pv_trainer_save(whole.trainer, in_directory("whole.h5")));
    OK(pv_trainer_save(restored.trainer, in_directory("restored.h5")));
    assert_true(same_file(in_directory("whole.h5"), in_directory("restored.h5")));
    assert_false(same_file(in_directory("whole.h5"), in_directory("ten.h5")));
    model_close(&whole);
    model_close(&saved);
    model_close(&restored);
}

static void other_checkpoints_are_refused(void **state)
{
    (void)state;
    static const char *const set[] = {"batch=3", "latents=2", "log_every=8"};
    static const char *const other[][3] = {{"batch=3", "latents=2", "seed=1"},
                                           {"batch=3", "latents=2", "log_every=9"},
                                           {"batch=3", "latents=3", "log_every=8"}};
    model m, n;
    model_open(&m, &images, 1, 3, set);
    steps(&m, 1);
    OK(pv_trainer_save(m.trainer, in_directory("one.h5")));
    for (size_t i = 0; i < 3; i++) {
        model_open(&n, &images, 1, 3, other[i]);
        float *before = state_of(&n);
        assert_int_equal(pv_trainer_restore(n.trainer, in_directory("one.h5")),
                         i < 2 ? PV_EUSAGE : PV_EDATA);
        float *after = state_of(&n);
        assert_int_equal(pv_trainer_count(n.trainer), 0);
        assert_memory_equal(before, after,
                            3 * pv_trainer_parameters(n.trainer)->count * sizeof *before);
        free(before);
        free(after);
        model_close(&n);
    }
    assert_int_equal(pv_trainer_restore(m.trainer, in_directory("none.h5")), PV_EIO);
    model_close(&m);
}

/* ---- the order of examples ---- */

/* Image k has k/8 of its pixels white. At a rate of 0 the bias of the last layer has a gradient
 * that tells which image a step of one image saw: the sum of (probability - pixel), where an
 * untrained decoder's probabilities are about 1/2. */
static void epochs_see_every_example_once(void **state)
{
    (void)state;
    enum { N = 8, PIXELS = 64 * 64, EPOCHS = 4 };
    static const char *const set[] = {"batch=1", "latents=2", "learning_rate=0", "order=epochs"};
    static uint32_t bits[N][PIXELS / 32];
    for (int k = 0; k < N; k++) memset(bits[k], 0xff, (size_t)(k * PIXELS / N / 8));
    pv_data shades = {.examples = N, .height = 64, .width = 64, .channels = 1, .bits = bits[0]};
    shades.words = PIXELS / 32;
    pv_device_data on_device;
    model m;
    int order[EPOCHS][N], repeated = 0;
    OK(pv_device_data_open(&on_device, device, &shades));
    model_open(&m, &on_device, 1, 4, set);
    const pv_net *decoder = &pv_trainer_vae(m.trainer)->decoder;
    const pv_parameters *p = pv_trainer_parameters(m.trainer);
    const size_t bias = decoder->layer[decoder->layers - 1].bias;
    for (int e = 0; e < EPOCHS; e++) {
        int seen[N] = {0};
        for (int i = 0; i < N; i++) {
            float gradient;
            steps(&m, 1);
            OK(pv_download(m.stream, &gradient, p->gradient + bias, sizeof gradient));
            const long k = lround((0.5 * PIXELS - (double)gradient) * N / PIXELS);
            assert_in_range(k, 0, N - 1);
            assert_int_equal(seen[k]++, 0);
            order[e][i] = (int)k;
        }
        repeated += e > 0 && memcmp(order[e], order[0], sizeof order[0]) == 0;
    }
    assert_int_equal(repeated, 0);
    model_close(&m);
    pv_device_data_close(&on_device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_do_not_see_each_other),
        cmocka_unit_test(ten_and_ten_steps_are_twenty),
        cmocka_unit_test(other_checkpoints_are_refused),
        cmocka_unit_test(epochs_see_every_example_once),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
