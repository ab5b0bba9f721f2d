/* run.c -- the models of a sweep, trained side by side in lanes. */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "polarvae/sweep.h"
#include "polarvae/train.h"
#include "polarvae/version.h"
#include "sweep/sets.h"

enum { TOLD = 20 }; /* failures that are told one by one */

/* A model that is not finished. */
typedef struct {
    size_t index, set;
    uint64_t steps;
    int again;   /* it has failed once and waits for its second turn */
    char *error; /* owned; why it failed */
} job;

typedef struct {
    const pv_sweep *sweep;
    const pv_sweep_options *options;
    pv_sweep_result *result;
    pv_device *device;
    pv_sets sets;
    job *jobs;
    size_t job_count;
    /* All that follows belongs to the lane that holds the lock. */
    pthread_mutex_t lock;
    size_t *queue; /* jobs in the order in which they are taken; room for a second turn of each */
    size_t next, queued, running;
    size_t done, total; /* steps */
    pv_bar bar;
} team;

typedef struct {
    team *team;
    pv_stream *stream;
    pthread_t handle;
    /* Of the model at work: */
    int begun;
    uint64_t first, step;
} lane;

/* ---- what there is to do ---- */

static void directory_of(char out[static 4096], const team *t, const pv_sweep_model *m)
{
    snprintf(out, 4096, "%s/%s", t->options->directory, m->name);
}

static int is_finished(const char *directory, const pv_config *config)
{
    pv_run_status status;
    char path[4096];
    snprintf(path, sizeof path, "%s/checkpoint.h5", directory);
    return pv_run_status_read(&status, directory) == PV_OK && status.state == PV_RUN_FINISHED &&
           status.step >= (uint64_t)config->steps && pv_file_exists(path);
}

static pv_status plan_model(team *t, size_t index)
{
    pv_sweep_model m;
    char directory[4096];
    PV_TRY(pv_sweep_model_open(&m, t->sweep, index));
    directory_of(directory, t, &m);
    pv_status status = pv_run_check(&m.config, directory);
    t->result->models++;
    if (status == PV_OK && is_finished(directory, &m.config)) {
        t->result->finished++;
    } else if (status == PV_OK) {
        job *j = &t->jobs[t->job_count];
        *j = (job){.index = index, .steps = (uint64_t)m.config.steps};
        status = pv_sets_add(&t->sets, m.config.data, &j->set);
        t->queue[t->queued++] = t->job_count++;
        t->total += j->steps;
    }
    pv_sweep_model_close(&m);
    return status;
}

static pv_status plan(team *t)
{
    const long only = t->options->index;
    const size_t count = pv_sweep_count(t->sweep);
    assert(only < (long)count);
    PV_TRY(pv_new(&t->jobs, only < 0 ? count : 1, sizeof *t->jobs, "models"));
    PV_TRY(pv_new(&t->queue, only < 0 ? 2 * count : 2, sizeof *t->queue, "models"));
    if (only >= 0) return plan_model(t, (size_t)only);
    for (size_t i = 0; i < count; i++) PV_TRY(plan_model(t, i));
    return PV_OK;
}

/* ---- progress; the lock is held ---- */

static void show(team *t)
{
    char detail[160];
    snprintf(detail, sizeof detail, "%zu of %zu models done, %zu running, %zu failed",
             t->result->finished, t->result->models, t->running, t->result->failed);
    pv_bar_show(&t->bar, t->done, t->total, detail);
}

static void hear(void *state, uint64_t step, const char *note)
{
    lane *l = state;
    team *t = l->team;
    pthread_mutex_lock(&t->lock);
    if (note) pv_bar_say(&t->bar, note);
    if (!l->begun) {
        l->begun = 1;
        l->first = step;
        t->bar.first += step;
    }
    t->done += step - l->step;
    l->step = step;
    if (t->done < t->total) show(t); /* else the end of the model is shown */
    pthread_mutex_unlock(&t->lock);
}

/* The steps of a model that will not be done, or not now, are no part of the work. */
static void forget(team *t, lane *l, const job *j)
{
    t->total -= j->steps;
    t->done -= l->step;
    t->bar.first -= l->first;
}

/* ---- a lane ---- */

/* The next job, or NULL. */
static job *take(lane *l)
{
    team *t = l->team;
    job *j = NULL;
    pthread_mutex_lock(&t->lock);
    l->begun = 0;
    l->first = l->step = 0;
    if (t->next < t->queued && !pv_signal_came()) {
        j = &t->jobs[t->queue[t->next++]];
        t->running++;
        if (j->again) t->total += j->steps;
    }
    pthread_mutex_unlock(&t->lock);
    return j;
}

static int may_pass(pv_status status)
{
    return status == PV_EIO || status == PV_ENOMEM || status == PV_EDEVICE;
}

static void put_back(lane *l, job *j, pv_status status, int trained)
{
    team *t = l->team;
    int last = 1;
    pthread_mutex_lock(&t->lock);
    t->running--;
    free(j->error);
    j->error = NULL;
    if (status == PV_OK) {
        t->result->finished++;
        t->result->trained += (size_t)trained;
        if (!trained) forget(t, l, j);
    } else if (status != PV_ESTOPPED) {
        forget(t, l, j);
        j->error = strdup(pv_error());
        if (may_pass(status) && trained && !j->again) {
            j->again = 1;
            last = 0;
            t->queue[t->queued++] = (size_t)(j - t->jobs);
        } else {
            t->result->failed++;
        }
    }
    if (t->done < t->total) show(t);
    pthread_mutex_unlock(&t->lock);
    if (last) pv_set_leave(t->sets.at[j->set]);
}

/* *trained: it was more than looked at, so that another turn may help. */
static pv_status train_model(lane *l, const job *j, int *trained)
{
    team *t = l->team;
    pv_sweep_model m;
    char directory[4096];
    pv_run_lane place = {.stream = l->stream, .hear = hear, .state = l};
    *trained = 0;
    PV_TRY(pv_sweep_model_open(&m, t->sweep, j->index));
    directory_of(directory, t, &m);
    pv_status status = PV_OK;
    /* Another process may have ended it meanwhile. */
    if (!is_finished(directory, &m.config)) {
        status = pv_set_take(t->sets.at[j->set], t->device, t->options->quiet, &place.images);
        *trained = status == PV_OK;
        if (status == PV_OK)
            status = pv_run_train(
                &m.config,
                &(pv_run_options){.directory = directory, .resume = 1, .quiet = 1, .lane = &place});
        if (status != PV_OK && status != PV_ESTOPPED) pv_run_fail(&m.config, directory);
    }
    pv_sweep_model_close(&m);
    return status;
}

static void *lane_main(void *argument)
{
    lane *l = argument;
    int trained;
    for (job *j; (j = take(l));) {
        const pv_status status = train_model(l, j, &trained);
        put_back(l, j, status, trained);
    }
    return NULL;
}

/* ---- all lanes ---- */

static pv_status open_lanes(lane **out, int *count, team *t)
{
    pv_sweep_model m;
    long threads = sysconf(_SC_NPROCESSORS_ONLN);
    PV_TRY(pv_sweep_model_open(&m, t->sweep, t->jobs[0].index));
    if (m.config.threads > 0) threads = (long)m.config.threads;
    if (threads < 1) threads = 1;
    pv_status status = pv_device_open(&t->device, m.config.device);
    pv_sweep_model_close(&m);
    if (status != PV_OK) return status;

    long lanes = t->options->lanes > 0 ? t->options->lanes : threads;
    if ((size_t)lanes > t->job_count) lanes = (long)t->job_count;
    PV_TRY(pv_new(out, (size_t)lanes, sizeof **out, "lanes"));
    for (*count = 0; *count < lanes; (*count)++) {
        lane *l = &(*out)[*count];
        const long share = threads / lanes + (*count < threads % lanes);
        l->team = t;
        PV_TRY(pv_stream_open(&l->stream, t->device, share > 0 ? (int)share : 1));
    }
    return PV_OK;
}

static void print_header(const team *t, const lane *lanes, int count)
{
    if (t->options->quiet) return;
    fprintf(stderr, "polarvae %s (%s): %zu models, of which %zu are finished; on %s\n", PV_VERSION,
            PV_COMMIT, t->result->models, t->result->finished, pv_device_description(t->device));
    fprintf(stderr, "%d lane%s of %d thread%s\n", count, count == 1 ? "" : "s",
            pv_stream_threads(lanes->stream), pv_stream_threads(lanes->stream) == 1 ? "" : "s");
}

static pv_status run_lanes(team *t, lane *lanes, int count)
{
    int started = 0;
    print_header(t, lanes, count);
    pv_bar_start(&t->bar, "sweep", 0, t->options->quiet);
    while (started < count &&
           pthread_create(&lanes[started].handle, NULL, lane_main, &lanes[started]) == 0)
        started++;
    for (int i = 0; i < started; i++) pthread_join(lanes[i].handle, NULL);
    if (started == 0) return pv_fail(PV_EDEVICE, "cannot start a thread");
    if (t->total > 0) show(t);
    pv_bar_end(&t->bar);
    return PV_OK;
}

/* ---- how it ended ---- */

/* Models that follow one another and failed for the same reason share a line. */
static void tell_failures(const team *t)
{
    int told = 0;
    for (size_t i = 0, next; i < t->job_count; i = next) {
        const job *j = &t->jobs[i];
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

static pv_status conclude(const team *t)
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

pv_status pv_sweep_run(pv_sweep_result *out, const pv_sweep *sweep, const pv_sweep_options *options)
{
    team t = {.sweep = sweep, .options = options, .result = out};
    lane *lanes = NULL;
    int count = 0;
    memset(out, 0, sizeof *out);
    pthread_mutex_init(&t.lock, NULL);
    pv_status status = plan(&t);
    if (status == PV_OK && t.job_count > 0) {
        status = open_lanes(&lanes, &count, &t);
        if (status == PV_OK) status = run_lanes(&t, lanes, count);
    }
    if (status == PV_OK) status = conclude(&t);
    for (int i = 0; i < count; i++) pv_stream_close(lanes[i].stream);
    free(lanes);
    pv_sets_close(&t.sets);
    pv_device_close(t.device);
    for (size_t i = 0; i < t.job_count; i++) free(t.jobs[i].error);
    free(t.jobs);
    free(t.queue);
    pthread_mutex_destroy(&t.lock);
    return status;
}
