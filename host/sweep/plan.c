/* plan.c -- what is left to do of a sweep. */
#include <assert.h>
#include <stdio.h>
#include <sys/stat.h>

#include "polarvae/train.h"
#include "sweep/team.h"

void pv_sweep_path(char out[static 4096], const pv_team *t, const pv_sweep_model *m)
{
    snprintf(out, 4096, "%s/%s", t->options->directory, m->name);
}

int pv_sweep_trained(const char *directory, const pv_config *config)
{
    pv_run_status status;
    char path[4096];
    snprintf(path, sizeof path, "%s/checkpoint.h5", directory);
    return pv_run_status_read(&status, directory) == PV_OK && status.state == PV_RUN_FINISHED &&
           status.step >= (uint64_t)config->steps && pv_file_exists(path);
}

int pv_sweep_evaluated(const char *directory)
{
    char path[4096];
    struct stat model, evaluation;
    snprintf(path, sizeof path, "%s/checkpoint.h5", directory);
    if (stat(path, &model) != 0) return 0;
    snprintf(path, sizeof path, "%s/evaluation.json", directory);
    if (stat(path, &evaluation) != 0) return 0;
    const struct timespec trained = model.st_mtim, evaluated = evaluation.st_mtim;
    return evaluated.tv_sec > trained.tv_sec ||
           (evaluated.tv_sec == trained.tv_sec && evaluated.tv_nsec >= trained.tv_nsec);
}

static int is_own(const pv_sweep_options *o, size_t index)
{
    return o->shards == 0 || index % (size_t)o->shards == (size_t)o->shard;
}

static pv_status plan_model(pv_team *t, size_t index)
{
    pv_sweep_model m;
    char directory[4096];
    const int own = is_own(t->options, index);
    if (!own && !(t->options->steal_after > 0)) return PV_OK;
    PV_TRY(pv_sweep_model_open(&m, t->sweep, index));
    pv_sweep_path(directory, t, &m);
    pv_status status = pv_run_check(&m.config, directory);
    const int trained = status == PV_OK && pv_sweep_trained(directory, &m.config);
    const int done = trained && (t->options->train_only || pv_sweep_evaluated(directory));
    if (own) t->result->models++;
    if (own && done) t->result->finished++;
    if (status == PV_OK && !done) {
        pv_job *j = &t->jobs[t->job_count++];
        *j = (pv_job){.index = index,
                      .steps = (uint64_t)m.config.steps,
                      .stage = trained ? PV_TO_EVALUATE : PV_TO_TRAIN,
                      .own = own,
                      .counted = own && !trained};
        status = pv_sets_add(&t->sets, &m.config, &j->set);
        t->queue[t->queued++] = j;
        if (own && !trained) t->total += j->steps;
    }
    pv_sweep_model_close(&m);
    return status;
}

pv_status pv_team_plan(pv_team *t)
{
    const long only = t->options->index;
    const size_t count = pv_sweep_count(t->sweep), room = only < 0 ? count : 1;
    assert(only < (long)count);
    PV_TRY(pv_new(&t->jobs, room, sizeof *t->jobs, "models"));
    PV_TRY(pv_new(&t->queue, room, sizeof *t->queue, "models"));
    if (only >= 0) PV_TRY(plan_model(t, (size_t)only));
    for (size_t i = 0; only < 0 && i < count; i++) PV_TRY(plan_model(t, i));
    for (size_t i = 0; i < t->job_count; i++) t->open += (size_t)t->jobs[i].own;
    return PV_OK;
}
