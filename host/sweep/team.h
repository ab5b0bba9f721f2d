/* team.h -- the lanes of a sweep and what they share; private to host/sweep/. */
#ifndef PV_SWEEP_TEAM_H
#define PV_SWEEP_TEAM_H

#include <pthread.h>

#include "base/base.h"
#include "polarvae/sweep.h"
#include "sweep/sets.h"

typedef enum { PV_TO_TRAIN, PV_TO_EVALUATE, PV_DONE, PV_FAILED } pv_job_stage;

/* A model that is not finished. */
typedef struct {
    size_t index, set;
    uint64_t steps;
    pv_job_stage stage;
    int own;        /* of this process's shard */
    int again;      /* it has failed once and has its second turn */
    int counted;    /* its steps are part of the work that the bar shows */
    double not_yet; /* pv_now() before which it is not looked at again */
    char *error;    /* owned; why it failed */
} pv_job;

typedef struct {
    const pv_sweep *sweep;
    const pv_sweep_options *options;
    pv_sweep_result *result;
    pv_sets sets;
    pv_job *jobs;
    size_t job_count;
    pv_device *device[PV_SWEEP_DEVICES];
    int devices;
    /* All that follows belongs to the lane that holds the lock. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pv_job **queue;      /* [queued] that wait for a lane, in the order in which they are taken */
    size_t queued, open; /* open: jobs that are neither done nor failed */
    size_t training, evaluating;
    size_t done, total; /* steps */
    pv_bar bar;
    double beaten, looked; /* when this shard gave a sign of life, and looked for others' */
    char *silent;          /* [shards] which gave none; owned */
} pv_team;

typedef struct {
    pv_team *team;
    pv_stream *stream;
    int threads; /* its share of the process's */
    int device;  /* which of the team's */
    int trains;  /* or it only evaluates what others have trained */
    int hurries; /* it evaluates before it trains the next */
    pthread_t handle;
    /* Of the model at work: */
    int begun;
    uint64_t first, step;
    pv_claim *claim;
} pv_lane;

/* DIR/NAME */
void pv_sweep_path(char out[static 4096], const pv_team *team, const pv_sweep_model *model);

/* ---- plan.c ---- */

/* What is left to do in the directory; refuses a changed configuration. */
pv_status pv_team_plan(pv_team *team);
int pv_sweep_trained(const char *directory, const pv_config *config);
/* Since its last checkpoint, by the times of the files. */
int pv_sweep_evaluated(const char *directory);

/* ---- queue.c ---- */

/* The next job for a lane, or NULL when none will come. Waits where other lanes or processes work
 * on what is left. */
pv_job *pv_team_take(pv_lane *lane);
/* How a turn ended. PV_EOWNED: another process has the model. */
void pv_team_put_back(pv_lane *lane, pv_job *job, pv_status status, int moved);
void pv_team_show(pv_team *team); /* the bar; the lock is held */

/* ---- work.c ---- */

/* Trains or evaluates. *moved: something was done, so that another turn may help. */
pv_status pv_job_work(pv_lane *lane, const pv_job *job, int *moved);

/* ---- shards.c ---- */

/* The lock is held in the first two. */

/* A sign of life of this process's shard, now and then. */
void pv_shard_beat(pv_team *team);
/* Has the shard that the model belongs to been silent for `steal_after` seconds, or left, or not
 * begun? */
int pv_shard_is_silent(pv_team *team, size_t index);
void pv_shard_leave(const pv_team *team);

#endif
