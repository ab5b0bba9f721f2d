/* work.c -- a lane's turn with a model: it is trained, or evaluated. */
#include <stdio.h>

#include "polarvae/run_evaluation.h"
#include "polarvae/train.h"
#include "sweep/team.h"

/* ---- training ---- */

static void hear(void *state, uint64_t step, const char *note)
{
    pv_lane *l = state;
    pv_team *t = l->team;
    pthread_mutex_lock(&t->lock);
    if (note) pv_bar_say(&t->bar, note);
    if (!l->begun) {
        l->begun = 1;
        l->first = step;
        t->bar.first += step;
    }
    t->done += step - l->step;
    l->step = step;
    if (t->done < t->total) pv_team_show(t); /* else the end of the model is shown */
    pv_shard_beat(t);
    pthread_mutex_unlock(&t->lock);
}

static pv_status train(pv_lane *l, const pv_sweep_model *m, const char *directory,
                       const pv_device_data *images)
{
    const pv_run_lane place = {.stream = l->stream, .images = images, .hear = hear, .state = l};
    pv_status status =
        pv_run_train(&m->config, &(pv_run_options){.directory = directory,
                                                   .resume = 1,
                                                   .quiet = 1,
                                                   .silence = l->team->options->steal_after,
                                                   .lane = &place});
    if (status != PV_OK && status != PV_ESTOPPED && status != PV_EOWNED)
        pv_run_fail(&m->config, directory);
    return status;
}

/* ---- evaluation ---- */

static pv_status beat(void *state, const char *stage, size_t done, size_t total)
{
    pv_lane *l = state;
    pv_team *t = l->team;
    (void)stage, (void)done, (void)total;
    if (pv_signal_came()) return pv_fail(PV_ESTOPPED, "stopped while evaluating");
    pthread_mutex_lock(&t->lock);
    pv_shard_beat(t);
    if (t->done < t->total) pv_team_show(t);
    pthread_mutex_unlock(&t->lock);
    return pv_claim_beat(l->claim);
}

static void say(void *state, const char *note)
{
    pv_lane *l = state;
    pthread_mutex_lock(&l->team->lock);
    pv_bar_say(&l->team->bar, note);
    pthread_mutex_unlock(&l->team->lock);
}

/* The model as it is on disk, in float32, with the threads of the lane. */
static pv_status evaluate_model(pv_lane *l, const pv_sweep_model *m, const char *directory,
                                const pv_device_data *images)
{
    pv_model model;
    pv_evaluation result;
    pv_config config = m->config; /* its lists stay the model's */
    config.threads = pv_stream_threads(l->stream);
    PV_TRY(pv_stream_set_layers(l->stream, &(pv_layer_rule){.precision = PV_FP32}));
    PV_TRY(pv_model_open(&model, directory, l->stream));
    pv_status status = pv_run_evaluate(&result, &(pv_run_evaluation){.directory = directory,
                                                                     .config = &config,
                                                                     .model = &model,
                                                                     .images = images,
                                                                     .stream = l->stream,
                                                                     .hear = beat,
                                                                     .say = say,
                                                                     .state = l});
    if (status == PV_OK) pv_evaluation_free(&result);
    pv_model_close(&model);
    return status;
}

static pv_status evaluate(pv_lane *l, const pv_sweep_model *m, const char *directory,
                          const pv_device_data *images)
{
    PV_TRY(pv_run_claim(&l->claim, directory, l->team->options->steal_after));
    pv_status status = evaluate_model(l, m, directory, images);
    if (status != PV_ESTOPPED && status != PV_EOWNED)
        pv_run_note(directory, status == PV_OK ? "" : pv_error());
    pv_claim_release(l->claim);
    l->claim = NULL;
    return status;
}

/* ---- either ---- */

pv_status pv_job_work(pv_lane *l, const pv_job *j, int *moved)
{
    pv_team *t = l->team;
    pv_sweep_model m;
    char directory[4096];
    const pv_device_data *images;
    const int training = j->stage == PV_TO_TRAIN;
    *moved = 0;
    PV_TRY(pv_sweep_model_open(&m, t->sweep, j->index));
    pv_sweep_path(directory, t, &m);
    pv_status status = PV_OK;
    /* Another process may have ended it meanwhile. */
    if (training ? !pv_sweep_trained(directory, &m.config) : !pv_sweep_evaluated(directory)) {
        status = pv_set_take(t->sets.at[j->set], t->device[l->device], l->device, t->options->quiet,
                             &images);
        *moved = status == PV_OK;
        if (status == PV_OK)
            status =
                training ? train(l, &m, directory, images) : evaluate(l, &m, directory, images);
        else if (training && status != PV_ESTOPPED)
            pv_run_fail(&m.config, directory);
    }
    pv_sweep_model_close(&m);
    return status;
}
