/* test_adam.c -- five updates against Adam in float64, with either placement of epsilon: PyTorch's
 * own, and TensorFlow's (tests/oracle/train_step.py). Gradients from 1e-9 to 100, and none. */
#include "base/hdf5.h"
#include "run_kernel.h"

enum { STEPS = 5, N = 64 };

typedef struct {
    double rate, beta1, beta2, epsilon;
    double start[N], gradient[STEPS][N], want[STEPS][N];
} golden;

static void read_golden(golden *g, const char *placement)
{
    pv_h5 *f;
    NEED(pv_h5_open(&f, PV_SOURCE_DIR "/tests/golden/adam.h5"));
#define READ(what, to, rank_, ...)                                                                 \
    NEED(pv_h5_read(                                                                               \
        f, &(pv_h5_array){.name = what, .type = PV_H5_F64, .rank = rank_, .dim = {__VA_ARGS__}},   \
        to))
    READ("@learning_rate", &g->rate, 0, 0);
    READ("@beta1", &g->beta1, 0, 0);
    READ("@beta2", &g->beta2, 0, 0);
    READ("@epsilon", &g->epsilon, 0, 0);
    READ("start", g->start, 1, N);
    READ("gradient", g->gradient, 2, STEPS, N);
    READ(placement, g->want, 2, STEPS, N);
#undef READ
    pv_h5_close(f);
}

/* What the kernels work on, in device memory. */
typedef struct {
    float gradient[N], value[N], m[N], v[N], term, log[2];
    pv_step step;
    pv_rates rates;
} state;

static pv_status record(pv_program *p, const golden *g, state *s, int torch)
{
    PV_TRY(pv_adam_rates(p, &(pv_adam_rates_args){.rows = 1,
                                                  .learning_rate = g->rate,
                                                  .beta1 = (float)g->beta1,
                                                  .beta2 = (float)g->beta2,
                                                  .step = &s->step,
                                                  .rates = &s->rates}));
    PV_TRY(pv_adam(p, &(pv_adam_args){.rows = N,
                                      .beta1 = (float)g->beta1,
                                      .beta2 = (float)g->beta2,
                                      .epsilon = (float)g->epsilon,
                                      .torch_epsilon = torch,
                                      .rates = &s->rates,
                                      .gradient = s->gradient,
                                      .value = s->value,
                                      .m = s->m,
                                      .v = s->v}));
    return pv_end_step(p, &(pv_end_step_args){.rows = 1,
                                              .cols = 1,
                                              .capacity = 2,
                                              .terms = &s->term,
                                              .log = s->log,
                                              .step = &s->step});
}

static void updates(const char *placement, int torch)
{
    static golden g;
    state host = {0}, *s;
    pv_program *p;
    read_golden(&g, placement);
    snprintf(context, sizeof context, "%s", placement);
    for (int i = 0; i < N; i++) host.value[i] = (float)g.start[i];
    NEED(pv_device_alloc(device, sizeof *s, (void **)&s));
    NEED(pv_upload(stream[1], s, &host, sizeof host));
    NEED(pv_program_begin(&p, stream[1], 7));
    NEED(record(p, &g, s, torch));
    NEED(pv_program_seal(p));
    for (int t = 0; t < STEPS; t++) {
        float gradient[N];
        for (int i = 0; i < N; i++) gradient[i] = (float)g.gradient[t][i];
        NEED(pv_upload(stream[1], s->gradient, gradient, sizeof gradient));
        NEED(pv_program_run(p));
        NEED(pv_download(stream[1], &host, s, sizeof host));
        worst w = {0};
        for (size_t i = 0; i < N; i++) {
            double moved = fabs(g.want[t][i] - g.start[i]);
            compare(&w, i, (double)host.value[i], g.want[t][i],
                    1.2e-7 * (t + 1) * fabs(g.want[t][i]) + 1e-6 * g.rate * (t + 1) + 2e-6 * moved);
        }
        judge("value", &w);
        check(host.step.count == (uint64_t)t + 1, "%s: the count is %d", context,
              (int)host.step.count);
    }
    check(host.value[0] == (float)g.start[0], "%s: moved without a gradient", context);
    pv_program_close(p);
    pv_device_release(device, s);
}

static void all(void)
{
    updates("tensorflow", 0);
    updates("torch", 1);
}

int main(int argc, char **argv)
{
    test_devices(argc, argv, all);
    return check_end();
}
