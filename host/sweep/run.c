/* run.c -- the models of a sweep, trained and evaluated side by side in lanes. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polarvae/version.h"
#include "sweep/lanes.h"

enum { TOLD = 20 }; /* failures that are told one by one */

static void *lane_main(void *argument)
{
    pv_lane *l = argument;
    int moved;
    for (pv_job *j; (j = pv_team_take(l));) {
        const pv_status status = pv_job_work(l, j, &moved);
        pv_team_put_back(l, j, status, moved);
    }
    return NULL;
}

static void print_header(const pv_team *t, const pv_lane *lanes, int count)
{
    int trainers = 0;
    if (t->options->quiet) return;
    for (int i = 0; i < count; i++) trainers += lanes[i].trains;
    fprintf(stderr, "polarvae %s (%s): %zu models, of which %zu are finished\n", PV_VERSION,
            PV_COMMIT, t->result->models, t->result->finished);
    for (int d = 0; d < t->devices; d++)
        fprintf(stderr, "%s: %s\n", pv_device_name(t->device[d]),
                pv_device_description(t->device[d]));
    fprintf(stderr, "%d lane%s of %d thread%s", trainers, trainers == 1 ? "" : "s", lanes->threads,
            lanes->threads == 1 ? "" : "s");
    if (count > trainers) fprintf(stderr, ", %d to evaluate", count - trainers);
    fputc('\n', stderr);
}

static pv_status run_lanes(pv_team *t, pv_lane *lanes, int count)
{
    int started = 0;
    print_header(t, lanes, count);
    pv_bar_start(&t->bar, "sweep", 0, t->options->quiet);
    while (started < count &&
           pthread_create(&lanes[started].handle, NULL, lane_main, &lanes[started]) == 0)
        started++;
    for (int i = 0; i < started; i++) pthread_join(lanes[i].handle, NULL);
    if (started == 0) return pv_fail(PV_EDEVICE, "cannot start a thread");
    if (t->total > 0) pv_team_show(t);
    pv_bar_end(&t->bar);
    return PV_OK;
}

/* ---- how it ended ---- */

/* Models that follow one another and failed for the same reason share a line. */
static void tell_failures(const pv_team *t)
{
    int told = 0;
    for (size_t i = 0, next; i < t->job_count; i = next) {
        const pv_job *j = &t->jobs[i];
        pv_sweep_model m;
        for (next = i + 1; j->error && next < t->job_count; next++)
            if (!t->jobs[next].error || strcmp(t->jobs[next].error, j->error) != 0) break;
        if (!j->error || told++ >= TOLD) continue;
        if (pv_sweep_model_open(&m, t->sweep, j->index) != PV_OK) continue;
        fprintf(stderr, "failed: %s", m.name);
        if (next > i + 1) fprintf(stderr, " and the %zu after it", next - i - 1);
        fprintf(stderr, ": %s\n", j->error);
        pv_sweep_model_close(&m);
    }
    if (told > TOLD)
        fprintf(stderr, "failed: and more; the reasons are in %s/*/status.json\n",
                t->options->directory);
}

static pv_status conclude(const pv_team *t)
{
    const pv_sweep_result *r = t->result;
    tell_failures(t);
    if (r->finished + r->failed < r->models)
        return pv_fail(PV_ESTOPPED,
                       "stopped with %zu of %zu models finished; the same command goes on",
                       r->finished, r->models);
    if (r->failed)
        return pv_fail(PV_EDATA, "%zu of %zu models failed; the same command tries them again",
                       r->failed, r->models);
    return PV_OK;
}

static void team_close(pv_team *t)
{
    pv_sets_close(&t->sets);
    for (int d = 0; d < t->devices; d++) pv_device_close(t->device[d]);
    for (size_t i = 0; i < t->job_count; i++) free(t->jobs[i].error);
    free(t->jobs);
    free(t->queue);
    free(t->silent);
    pthread_cond_destroy(&t->changed);
    pthread_mutex_destroy(&t->lock);
}

pv_status pv_sweep_run(pv_sweep_result *out, const pv_sweep *sweep, const pv_sweep_options *options)
{
    pv_team t = {.sweep = sweep, .options = options, .result = out};
    pv_lane *lanes = NULL;
    int count = 0;
    memset(out, 0, sizeof *out);
    pthread_mutex_init(&t.lock, NULL);
    pthread_cond_init(&t.changed, NULL);
    pv_status status = pv_team_plan(&t);
    if (status == PV_OK && t.job_count > 0) {
        pv_shard_beat(&t);
        status = pv_lanes_open(&lanes, &count, &t);
        if (status == PV_OK) status = run_lanes(&t, lanes, count);
        pv_shard_leave(&t);
    }
    if (status == PV_OK) status = conclude(&t);
    pv_lanes_close(lanes, count);
    team_close(&t);
    return status;
}
