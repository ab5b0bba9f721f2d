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
    const pv_run_lane place = {
        .stream = l->stream, .images = images, .claim = l->claim, .hear = hear, .state = l};
    return pv_run_train(
        &m->config,
        &(pv_run_options){.directory = directory, .resume = 1, .quiet = 1, .lane = &place});
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
static pv_status evaluate(pv_lane *l, const pv_sweep_model *m, const char *directory,
                          const pv_device_data *images)
{
    pv_model model;
    pv_evaluation result;
    pv_config config = m->config; /* its lists stay the model's */
    config.threads = l->threads;
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

/* ---- either ---- */

static void keep_reason(const pv_sweep_model *m, const char *directory, int training,
                        pv_status status)
{
    if (status == PV_ESTOPPED || status == PV_EOWNED) return;
    if (!training)
        pv_run_note(directory, status == PV_OK ? "" : pv_error());
    else if (status != PV_OK)
        pv_run_fail(&m->config, directory);
}

static pv_status work(pv_lane *l, const pv_job *j, const pv_sweep_model *m, const char *directory,
                      int *moved)
{
    pv_team *t = l->team;
    const pv_device_data *images;
    const int training = j->stage == PV_TO_TRAIN;
    /* Another process may have ended it meanwhile. */
    *moved = training ? !pv_sweep_trained(directory, &m->config) : !pv_sweep_evaluated(directory);
    if (!*moved) return PV_OK;
    pv_status status = pv_set_take(t->sets.at[j->set], t->device[l->device], l->device,
                                   t->options->quiet, &images);
    *moved = status == PV_OK;
    if (status == PV_OK)
        status = training ? train(l, m, directory, images) : evaluate(l, m, directory, images);
    keep_reason(m, directory, training, status);
    return status;
}

pv_status pv_job_work(pv_lane *l, const pv_job *j, int *moved)
{
    pv_sweep_model m;
    char directory[4096];
    *moved = 1;
    PV_TRY(pv_sweep_model_open(&m, l->team->sweep, j->index));
    pv_sweep_path(directory, l->team, &m);
    pv_status status = pv_make_directory(directory);
    if (status == PV_OK) status = pv_run_claim(&l->claim, directory, l->team->options->steal_after);
    if (status == PV_OK) status = work(l, j, &m, directory, moved);
    pv_claim_release(l->claim);
    l->claim = NULL;
    pv_sweep_model_close(&m);
    return status;
}
