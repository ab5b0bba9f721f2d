/* bench_train.c -- polarvae bench train: lanes of training beside the machine's peak. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "cli/bench.h"
#include "polarvae/version.h"

enum { ROUNDS = 8, WARM_UP = 5 };

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

typedef struct {
    double peak[ROUNDS];      /* flops of all lanes together */
    double rate[ROUNDS];      /* steps a second of all lanes together */
    double median, low, high; /* ms of a step of one lane */
} measured;

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

static pv_status measure(measured *m, lane *lanes, pv_stream *all, const pv_bench_options *o)
{
    pv_bar bar;
    for (long i = 0; i < o->lanes; i++)
        for (int step = 0; step < WARM_UP; step++) PV_TRY(pv_trainer_step(lanes[i].trainer));
    pv_bar_start(&bar, "measuring", 0, o->quiet);
    for (int round = 0; round < ROUNDS; round++) {
        PV_TRY(pv_stream_peak(all, &m->peak[round]));
        PV_TRY(run_lanes(lanes, o->lanes, (double)o->seconds / ROUNDS, &m->rate[round]));
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
    free(ms);
    return PV_OK;
}

/* ---- the result ---- */

static pv_status append(const pv_bench_options *o, const char *line, const char *heading)
{
    const int old = pv_file_exists(o->csv);
    FILE *file = fopen(o->csv, "a");
    if (!file) return pv_fail(PV_EIO, "%s: cannot be written", o->csv);
    if (!old) fprintf(file, "%s\n", heading);
    fprintf(file, "%s\n", line);
    return fclose(file) ? pv_fail(PV_EIO, "%s: cannot be written", o->csv) : PV_OK;
}

static pv_status tell(measured *m, const pv_bench_options *o, const lane *lanes,
                      const char *machine)
{
    const double steps = pv_bench_median(m->rate, ROUNDS), peak = pv_bench_median(m->peak, ROUNDS);
    const double direct = pv_bench_direct_flops(pv_trainer_vae(lanes->trainer), (size_t)o->batch);
    const double share = steps * direct / peak;
    const int threads = pv_stream_threads(lanes->stream);
    if (o->csv) {
        char line[1024], day[32];
        const time_t now = time(NULL);
        strftime(day, sizeof day, "%Y-%m-%d", gmtime(&now));
        snprintf(line, sizeof line,
                 "%s,%s,\"%s\",%s,%ld,%ld,%d,%ld,%.3f,%.1f,%.1f,%.1f,%.4f,%.3f,%.3f,%.3f,%.3f,%.3f",
                 day, PV_COMMIT, machine, o->objective, o->kernel, o->batch, threads, o->lanes,
                 steps, steps * (double)o->batch, steps * direct * 1e-9, peak * 1e-9, share,
                 m->median, m->low, m->high, m->rate[0], m->rate[ROUNDS - 1]);
        PV_TRY(append(o, line,
                      "date,commit,machine,objective,kernel,batch,threads,lanes,steps_per_second,"
                      "images_per_second,gflops,peak_gflops,direct_floor_share,median_ms,min_ms,"
                      "max_ms,slowest_round,fastest_round"));
    }
    if (o->json) {
        pv_json *j = pv_json_new();
        pv_json_object(j, NULL);
        pv_json_text(j, "machine", machine);
        pv_json_text(j, "objective", o->objective);
        pv_json_text(j, "precision", "fp32");
        pv_json_whole(j, "kernel", o->kernel);
        pv_json_whole(j, "batch", o->batch);
        pv_json_whole(j, "threads", threads);
        pv_json_whole(j, "lanes", o->lanes);
        pv_json_real(j, "steps_per_second", steps);
        pv_json_real(j, "images_per_second", steps * (double)o->batch);
        pv_json_real(j, "gflops", steps * direct * 1e-9);
        pv_json_real(j, "peak_gflops", peak * 1e-9);
        pv_json_real(j, "direct_floor_share", share);
        pv_json_real(j, "median_ms", m->median);
        pv_json_real(j, "min_ms", m->low);
        pv_json_real(j, "max_ms", m->high);
        pv_json_end(j);
        return pv_json_finish(j, "-");
    }
    printf("%s; fp32\n%s, kernel %ld, batch %ld: %ld lane(s) of %d thread(s)\n", machine,
           o->objective, o->kernel, o->batch, o->lanes, threads);
    printf("  %.2f steps/s (rounds %.2f to %.2f), %.0f images/s\n", steps, m->rate[0],
           m->rate[ROUNDS - 1], steps * (double)o->batch);
    printf(
        "  %.1f GFLOP/s counted as direct convolutions; peak %.1f GFLOP/s (rounds %.1f to %.1f)\n",
        steps * direct * 1e-9, peak * 1e-9, m->peak[0] * 1e-9, m->peak[ROUNDS - 1] * 1e-9);
    printf("  %.1f %% of the direct floor\n", 100.0 * share);
    printf("  a step: median %.2f ms, %.2f to %.2f\n", m->median, m->low, m->high);
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
    pv_config config;
    pv_data data = {0};
    pv_device *device = NULL;
    pv_device_data images = {0};
    pv_stream *all = NULL;
    lane *lanes = NULL;
    measured m;
    PV_TRY(pv_bench_config(&config, o));
    pv_status status = pv_new(&lanes, (size_t)o->lanes, sizeof *lanes, "lanes");
    if (status == PV_OK) status = pv_bench_data(&data);
    if (status == PV_OK) status = pv_device_open(&device, o->device);
    if (status == PV_OK) status = pv_device_data_open(&images, device, &data);
    for (long i = 0; i < o->lanes && status == PV_OK; i++)
        status = open_lane(&lanes[i], &config, &images, device, threads);
    if (status == PV_OK)
        status = pv_stream_open(&all, device, (int)o->lanes * pv_stream_threads(lanes->stream));
    if (status == PV_OK) status = measure(&m, lanes, all, o);
    if (status == PV_OK) status = tell(&m, o, lanes, pv_device_description(device));
    for (long i = 0; i < o->lanes && lanes; i++) {
        pv_trainer_close(lanes[i].trainer);
        pv_stream_close(lanes[i].stream);
        free(lanes[i].ms);
    }
    pv_stream_close(all);
    pv_device_data_close(&images);
    pv_device_close(device);
    pv_data_close(&data);
    pv_config_clear(&config);
    free(lanes);
    return status;
}
