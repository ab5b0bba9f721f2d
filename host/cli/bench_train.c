/* bench_train.c -- polarvae bench train: lanes of training beside the machine's peak. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/bench.h"

enum { ROUNDS = PV_BENCH_ROUNDS, WARM_UP = 5 };

/* One model on its own stream and host thread. */
typedef struct {
    pv_stream *stream;
    pv_trainer *trainer;
    double *ms; /* of each step, grown as needed */
    size_t steps, room;
    double until; /* pv_now() at which a round ends */
    pv_status status;
    char error[512];
} lane;

static pv_status run_round(lane *l)
{
    for (double now = pv_now(); now < l->until && !pv_signal_came();) {
        if (l->steps == l->room) {
            l->room = l->room ? 2 * l->room : 1024;
            double *grown = realloc(l->ms, l->room * sizeof *grown);
            if (!grown) return pv_fail(PV_ENOMEM, "out of memory");
            l->ms = grown;
        }
        PV_TRY(pv_trainer_step(l->trainer));
        PV_TRY(pv_stream_sync(l->stream));
        const double after = pv_now();
        l->ms[l->steps++] = (after - now) * 1e3;
        now = after;
    }
    return PV_OK;
}

static void *lane_main(void *argument)
{
    lane *l = argument;
    l->status = run_round(l);
    snprintf(l->error, sizeof l->error, "%s", pv_error());
    return NULL;
}

/* Runs every lane until `seconds` from now; *rate = their steps a second. */
static pv_status run_lanes(lane *lanes, long count, double seconds, double *rate)
{
    pthread_t handle[1024];
    const double start = pv_now();
    size_t before = 0, after = 0;
    long started = 0;
    for (long i = 0; i < count; i++) before += lanes[i].steps;
    for (; started < count; started++) {
        lanes[started].until = start + seconds;
        if (pthread_create(&handle[started], NULL, lane_main, &lanes[started]) != 0) break;
    }
    for (long i = 0; i < started; i++) pthread_join(handle[i], NULL);
    if (started < count) return pv_fail(PV_EDEVICE, "cannot start a thread for lane %ld", started);
    for (long i = 0; i < count; i++) {
        after += lanes[i].steps;
        if (lanes[i].status != PV_OK) return pv_fail(lanes[i].status, "%s", lanes[i].error);
    }
    *rate = (double)(after - before) / (pv_now() - start);
    return pv_signal_came() ? pv_fail(PV_ESTOPPED, "stopped") : PV_OK;
}

/* ---- the making of a batch alone ---- */

typedef struct {
    void *step; /* pv_step of zeros */
    pv_program *program;
    double ms[ROUNDS];
} gathering;

/* Drawn and gathered as a step does, but for the weights of correlated factors. */
static pv_status open_gathering(gathering *g, const pv_bench_setup *s, pv_stream *stream)
{
    float *image;
    memset(g, 0, sizeof *g);
    if (!s->images.images) return PV_OK;
    PV_TRY(pv_device_alloc(s->device, sizeof(pv_step), &g->step));
    PV_TRY(pv_fill(stream, g->step, 0, sizeof(pv_step)));
    PV_TRY(pv_program_begin(&g->program, stream, (size_t)s->config.batch));
    uint32_t *index = pv_rows(g->program, uint32_t, 1);
    PV_TRY(pv_pick(g->program, &(pv_pick_args){.purpose = PV_FOR_ORDER,
                                               .examples = s->data.examples,
                                               .batch = (uint64_t)s->config.batch,
                                               .step = g->step,
                                               .index = index}));
    PV_TRY(pv_device_data_gather(
        g->program, &s->images,
        &(pv_gathering){.index = index, .purpose = PV_FOR_VARIANT, .step = g->step}, &image));
    return pv_program_seal(g->program);
}

static pv_status time_gathering(gathering *g, pv_stream *stream, int round)
{
    enum { TIMES = 20 };
    const double start = pv_now();
    for (int i = 0; i < TIMES && g->program; i++) {
        PV_TRY(pv_program_run(g->program));
        PV_TRY(pv_stream_sync(stream));
    }
    g->ms[round] = (pv_now() - start) * 1e3 / TIMES;
    return PV_OK;
}

static void close_gathering(gathering *g, pv_device *device)
{
    pv_program_close(g->program);
    pv_device_release(device, g->step);
}

/* ---- all of it ---- */

static pv_status measure(pv_bench_times *m, lane *lanes, pv_stream *all, gathering *g,
                         const pv_bench_options *o)
{
    pv_bar bar;
    for (long i = 0; i < o->lanes; i++)
        for (int step = 0; step < WARM_UP; step++) PV_TRY(pv_trainer_step(lanes[i].trainer));
    pv_bar_start(&bar, "measuring", 0, o->quiet);
    for (int round = 0; round < ROUNDS; round++) {
        PV_TRY(pv_stream_peak(all, &m->peak[round]));
        PV_TRY(run_lanes(lanes, o->lanes, (double)o->seconds / ROUNDS, &m->rate[round]));
        PV_TRY(time_gathering(g, lanes->stream, round));
        pv_bar_show(&bar, (size_t)round + 1, ROUNDS, "");
    }
    pv_bar_end(&bar);
    size_t steps = 0;
    double *ms;
    for (long i = 0; i < o->lanes; i++) steps += lanes[i].steps;
    PV_TRY(pv_new(&ms, steps, sizeof *ms, "times"));
    steps = 0;
    for (long i = 0; i < o->lanes; i++) {
        memcpy(ms + steps, lanes[i].ms, lanes[i].steps * sizeof *ms);
        steps += lanes[i].steps;
    }
    m->median = pv_bench_median(ms, steps);
    m->low = ms[0];
    m->high = ms[steps - 1];
    if (g->program) m->gather = pv_bench_median(g->ms, ROUNDS);
    free(ms);
    return PV_OK;
}

static pv_status open_lane(lane *l, const pv_config *config, const pv_device_data *images,
                           pv_device *device, int threads)
{
    PV_TRY(pv_stream_open(&l->stream, device, threads));
    return pv_trainer_open(&l->trainer, config, images, l->stream);
}

pv_status pv_bench_train(const pv_bench_options *o)
{
    const int threads = o->threads || o->lanes == 1 ? (int)o->threads : 1;
    pv_bench_setup setup;
    pv_stream *all = NULL;
    lane *lanes = NULL;
    pv_bench_result result = {.work = o->objective, .lanes = (int)o->lanes};
    PV_TRY(pv_bench_open(&setup, o));
    pv_status status = pv_new(&lanes, (size_t)o->lanes, sizeof *lanes, "lanes");
    for (long i = 0; i < o->lanes && status == PV_OK; i++)
        status = open_lane(&lanes[i], &setup.config, &setup.images, setup.device, threads);
    if (status == PV_OK)
        status =
            pv_stream_open(&all, setup.device, (int)o->lanes * pv_stream_threads(lanes->stream));
    gathering g = {0};
    if (status == PV_OK) status = open_gathering(&g, &setup, lanes->stream);
    if (status == PV_OK) status = measure(&result.times, lanes, all, &g, o);
    close_gathering(&g, setup.device);
    if (status == PV_OK) {
        result.machine = pv_device_description(setup.device);
        result.precision = pv_stream_precision(lanes->stream);
        result.threads = pv_stream_threads(lanes->stream);
        result.flops = pv_bench_train_flops(pv_trainer_vae(lanes->trainer), (size_t)o->batch);
        status = pv_bench_report(&result, o);
    }
    for (long i = 0; i < o->lanes && lanes; i++) {
        pv_trainer_close(lanes[i].trainer);
        pv_stream_close(lanes[i].stream);
        free(lanes[i].ms);
    }
    pv_stream_close(all);
    pv_bench_close(&setup);
    free(lanes);
    return status;
}
